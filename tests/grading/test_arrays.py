"""Vectors and matrices: shape before values, nothing broadcast; and right values of too few digits, for numbers too."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbank.domain import Dealt, Text, Trap
from qbank.grading import grade, key_text, reading, rows

STEM = Text("题目", "stem")
VECTOR = Dealt(
    "q", "i", "vector", 0, 1, STEM, [1 / 3, 0.0025, -2.0], rtol=1e-2, atol=1e-6, worked=STEM,
    traps=(
        Trap("s:sign", Text("符号反了", "the sign is off"), [-1 / 3, -0.0025, 2.0]),
        Trap("s:scaled", Text("多乘了 2", "twice too large"), [2 / 3, 0.005, -4.0]),
        Trap("s:column", Text("排成了列", "stood up as a column"), [[1 / 3], [0.0025], [-2.0]]),
    ),
)  # fmt: skip
MATRIX = replace(VECTOR, kind="matrix", key=[[1.0, 2.0], [3.0, 4.5]], traps=())
WHOLE = replace(MATRIX, key=[[1, 2], [3, 4]], rtol=0.0, atol=0.0)


@pytest.mark.parametrize(
    "answer",
    [
        "[0.3333, 0.0025, -2]", "1/3, 25e-4, -2", "(１／３， ０．２５％， －２)", "1/3 0.25 % -2",
        "[1/3、2.5×10⁻³、−2。0]", "3^-1, 0.5×0.005, -ln(exp(2))",
        "torch.tensor([0.333, 0.0025, -2.0], dtype=torch.float64)", "array([ 0.333,  0.0025, -2.   ])",
        "= 【0.333，0.0025，-2】",
    ],
)  # fmt: skip
def test_a_vector_as_people_type_it(answer: str) -> None:
    verdict = grade(VECTOR, answer)
    assert verdict.correct, verdict
    assert grade(VECTOR, verdict.understood).correct


@pytest.mark.parametrize(
    "answer",
    [
        "[[1, 2], [3, 4.5]]",
        "1 2; 3 4.5",
        "1 2\n3 9/2",
        "[1 2; 3 4.5]",
        "[1,2],[3,4.5]",
        "[[1. 2.]\n [3. 4.5]]",
        "１，２；３，４．５",
    ],
)
def test_a_matrix_as_people_type_it(answer: str) -> None:
    assert grade(MATRIX, answer).correct


@pytest.mark.parametrize(
    "answer",
    ["", "?", "[1, 2", "1, 2]", "[1, x, 3]", "[1,,2]", "[[1, 2], [3]]", "[]", "[[]]", "1 - 2", "[" * 3000, "1," * 3000],
)
@pytest.mark.parametrize("deal", [VECTOR, MATRIX], ids=["vector", "matrix"])
def test_what_is_no_array_is_not_graded(deal: Dealt, answer: str) -> None:
    verdict = grade(deal, answer)
    assert (verdict.valid, verdict.correct) == (False, False)


@pytest.mark.parametrize(
    ("deal", "answer", "shape"),
    [
        (replace(VECTOR, key=[2.0, 2.0, 2.0]), "2", "[1]; [3]"),
        (replace(VECTOR, key=[2.0, 2.0, 2.0]), "[[2, 2, 2]]", "[1, 3]; [3]"),
        (replace(MATRIX, key=[[1.0, 1.0], [1.0, 1.0]]), "[1, 1]", "[2]; [2, 2]"),
        (replace(MATRIX, key=[[1.0, 1.0], [1.0, 1.0]]), "[[1], [1]]", "[2, 1]; [2, 2]"),
        (replace(MATRIX, key=[[1.0]]), "1", "[1]; [1, 1]"),
    ],
)
def test_the_shape_comes_before_the_values_and_nothing_is_broadcast(deal: Dealt, answer: str, shape: str) -> None:
    verdict = grade(deal, answer)
    given_, asked = shape.split("; ")
    assert (verdict.valid, verdict.correct, verdict.mistake) == (True, False, None)
    assert f"its shape is {given_}; {asked} is asked for" in verdict.feedback.en
    assert f"形状是 {given_}，应为 {asked}" in verdict.feedback.zh


def test_a_mistake_is_named_where_every_entry_meets_it() -> None:
    assert grade(VECTOR, "-0.333, -0.0025, 2").mistake == "s:sign"
    assert grade(VECTOR, "0.667, 0.005, -4").feedback.en == "[0.667, 0.005, -4]: twice too large"
    assert grade(VECTOR, "1/3; 0.0025; -2").mistake == "s:column"
    assert grade(VECTOR, "-0.333, -0.0025, 2.5").mistake is None
    assert grade(VECTOR, "[[0.667], [0.005], [-4]]").mistake is None, "another shape"


def test_each_entry_has_its_own_tolerance() -> None:
    assert grade(VECTOR, "0.3364, 0.0025, -2").correct
    assert not grade(VECTOR, "0.3364, 0.00255, -2").correct, "2 % off, though tiny"
    verdict = grade(VECTOR, "0.9, 0.0025, 7")
    assert verdict.feedback.en.endswith(": entry 0, 2 is off (counted from 0)")


def test_the_transpose_and_the_places_of_a_matrix() -> None:
    assert grade(MATRIX, "1 3; 2 4.5").feedback.en.endswith("that is the transpose")
    assert "entry [1, 0] is off" in grade(MATRIX, "1 2; 9 4.5").feedback.en
    big = replace(MATRIX, key=[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert "and 2 more" in grade(big, "[[9, 9, 9], [9, 9, 9]]").feedback.en
    assert grade(WHOLE, "1 2; 3 4.0001").correct is False


def test_too_few_digits_are_told_apart() -> None:
    number = replace(VECTOR, kind="number", key=0.5108256, traps=())
    for coarse in ("0.5", "51 %", "5e-1", "5×10⁻¹"):
        verdict = grade(number, coarse)
        if coarse == "51 %":
            assert verdict.correct
            continue
        assert not verdict.correct
        assert "too few digits (within 1 % is asked)" in verdict.feedback.en, coarse
    for plain in ("0.4", "0.50", "1", "0", "1/2", "-0.5"):
        assert "too few" not in grade(number, plain).feedback.en, plain
    assert "too few" in grade(replace(number, rtol=1e-3), "0.51").feedback.en
    assert "too few" in grade(replace(number, key=0.519, rtol=1e-3), "0.51").feedback.en, "cut off"
    exact = replace(number, key=9408, rtol=0.0, atol=0.0)
    assert "the exact value is asked for" in grade(exact, "9.4e3").feedback.en
    assert "exact value" not in grade(exact, "9407").feedback.en
    named = replace(number, traps=(Trap("s:half", STEM, 0.5),))
    assert grade(named, "0.5").mistake == "s:half", "a mistake comes first"
    assert "too few digits" in grade(VECTOR, "0.3, 0.0025, -2").feedback.en
    assert "too few digits" not in grade(VECTOR, "0.3, 0.0025, -3").feedback.en


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("0.51", 0.01),
        ("5", 1),
        ("1.50", 0.01),
        ("2.5e-3", 1e-4),
        ("1.5%", 1e-3),
        ("3×10⁴", 1e4),
        ("1/3", None),
        ("x", None),
        ("1e99999", None),
    ],
)
def test_the_last_digit_typed(text: str, unit: float | None) -> None:
    assert reading.unit(text) == (None if unit is None else pytest.approx(unit))


def test_infinite_entries_are_met_by_themselves_alone() -> None:
    infinite = replace(VECTOR, key=[math.inf, 1.0], traps=())
    assert key_text(infinite) == '["inf", 1]'
    assert grade(infinite, key_text(infinite)).correct
    assert grade(infinite, "∞, 1").correct
    assert not grade(infinite, "1e300, 1").correct
    assert not grade(infinite, "-inf, 1").correct


NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)
ARRAYS = st.integers(1, 4).flatmap(
    lambda n: (
        st.lists(NUMBERS, min_size=n, max_size=n)
        | st.lists(st.lists(NUMBERS, min_size=n, max_size=n), min_size=1, max_size=4)
    )
)


@given(ARRAYS)
def test_what_the_grader_prints_it_reads_back(key: list[Any]) -> None:
    kind = "matrix" if isinstance(key[0], list) else "vector"
    for rtol, atol in ((1e-2, 0.0), (0.0, 0.0)):
        dealt = replace(VECTOR, kind=kind, key=key, traps=(), rtol=rtol, atol=atol)
        verdict = grade(dealt, key_text(dealt))
        assert verdict.correct
        assert rows.shape(rows.read(verdict.understood)) == rows.shape(key)


@given(st.text(max_size=120) | st.text("[]()0123456789,; \n-/.e", max_size=60))
def test_no_text_raises(text: str) -> None:
    found = rows.read(text)
    assert found is None or isinstance(found, list)
    for deal in (VECTOR, MATRIX):
        verdict = grade(deal, text)
        assert (verdict.feedback.zh + verdict.feedback.en + verdict.understood).isprintable()


@pytest.mark.parametrize(
    ("text", "says", "at"),
    [
        ("[0.5, 2", "this bracket has no partner", 0),
        ("0.5, 2]", "this bracket has no partner", 6),
        ("[0.5, (2]", "this bracket has no partner", 6),
        ("０．５、2(3)", "entry 1 (from 0): write 2*(…)", 5),
        ("2(3)", "entry 0 (from 0): write 2*(…)", 1),
        ("0.5, 2 (3)", "write 2*(…)", 7),
        ("0.5, 2 * y", "'y' is unknown", None),
        ("1 2; 3", "the rows differ in length", None),
        ("two", "type a vector such as", None),
        ("1,,2", "type a vector such as", None),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, says: str, at: int | None) -> None:
    verdict = grade(VECTOR, text)
    assert (verdict.valid, verdict.at) == (False, at)
    assert says in verdict.feedback.en


def test_a_shape_that_cannot_be_read_is_told_where() -> None:
    shape = Dealt("q", "i", "shape", 0, 1, Text("", ""), [1, 64])
    for text, at in (("1，６４．5", 4), ("[1, -64]", 4), ("[1, 64", None), ("torch.Size([1.5])", 13)):
        verdict = grade(shape, text)
        assert (verdict.valid, verdict.at) == (False, at), text
        assert ("whole numbers" in verdict.feedback.en) is (at is not None), text
