"""Dealing and soundness of choices, match, order, cloze, vectors and matrices."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from qbank import dealing
from qbank.domain import Dealt, Item, Left, Option, Part, QbankError, Question, Text, dealt_from_json
from qbank.grading import grade, key_text

Toy = Callable[..., list[Sequence[int]]]


def text(both: str) -> Text:
    return Text(both, both)


PARTS = tuple(Part(one, text(one.upper())) for one in ("first", "second", "third"))
ITEMS = {
    "choices": Item(
        "choices", "choices", text("which?"),
        options=(
            Option("a", text("A"), key=True), Option("b", text("B"), mistake="own"),
            Option("c", text("C"), key=True), Option("d", text("D"), mistake="kl-divergence:reversed"),
        ),
    ),
    "order": Item("order", "order", text("order!"), parts=PARTS),
    "match": Item(
        "match", "match", text("pair!"), right=PARTS,
        left=(Left("x", text("X"), "second"), Left("y", text("Y"), "first"), Left("z", text("Z"), "third")),
    ),
    "cloze": Item("cloze", "cloze", text("a [[GAP]] b"), gaps={"GAP": {"zh": ("隙",), "en": ("gap", "hole")}}),
    "vector": Item("vector", "vector", text("<<n>>"), solver="toy", ask="v"),
    "matrix": Item("matrix", "matrix", text("<<n>>"), solver="toy", ask="m", atol=0.0),
}  # fmt: skip


@pytest.fixture
def bank(question: Question) -> Question:
    return replace(question, items=tuple(ITEMS.values()))


def dealt(bank: Question, item: str, seed: int = 0) -> Dealt:
    return dealing.deal(bank, item, seed)


@pytest.mark.parametrize("item", ["choices", "order", "match", "cloze"])
def test_the_same_seed_deals_the_same_and_survives_json(bank: Question, item: str) -> None:
    for seed in range(30):
        once = dealt(bank, item, seed)
        assert dealt(bank, item, seed) == once
        back = dealt_from_json(json.loads(json.dumps(once.json(), allow_nan=False)))
        assert back == once
        assert grade(back, key_text(back)).correct


def test_entries_come_in_seeded_order(bank: Question) -> None:
    for item, many in (("choices", 15), ("order", 5), ("match", 6)):
        shown = [tuple(option.id for option in dealt(bank, item, seed).options) for seed in range(100)]
        assert len(set(shown)) >= many
        if item == "order":
            assert ("first", "second", "third") not in shown, "never solved already"
    assert [option.id for option in dealt(bank, "order", 3).options] == ["first", "third", "second"]
    assert [left.id for left in dealt(bank, "match", 5).left] == ["x", "y", "z"]


def test_choices_carry_their_misconceptions(bank: Question) -> None:
    found = dealt(bank, "choices")
    assert found.key == ["a", "c"]
    assert grade(found, "a,b,c").mistake == "q:own"
    assert grade(found, "a,d").mistake == "kl-divergence:reversed"


def change(bank: Question, item: str, **values: Any) -> list[str]:
    return dealing.unsound(dealing.attempt(bank, replace(ITEMS[item], **values), 0))


def test_what_makes_words_unsound(bank: Question) -> None:
    for item in ("choices", "order", "match", "cloze"):
        assert change(bank, item) == []
    keys = tuple(replace(option, key=True, mistake=None) for option in ITEMS["choices"].options)
    assert "ticking every option earns credit" in change(bank, "choices", options=keys)
    same = tuple(replace(left, to="first") for left in ITEMS["match"].left)
    assert "pairing everything with first earns credit" in change(bank, "match", left=same)
    given = change(bank, "cloze", stem=text("a gap is a [[GAP]]"))
    assert given == ["gap GAP: 'gap' stands in the stem"]
    assert change(bank, "cloze", stem=text("gaping [[GAP]]")) == [], "another word"
    semicolon = {"GAP": {"zh": ("隙",), "en": ("gap", "a;b")}}
    assert "gap GAP: 'a;b' does not grade right" in change(bank, "cloze", gaps=semicolon)


def test_arrays_are_computed_and_their_mistakes_are_traps(bank: Question, toy: Toy) -> None:
    wrong = {
        "far": {"v": [2.0, 2.0]}, "twin": {"v": [2.0, 2.0]}, "nan": {"v": [math.nan, 1.0]}, "other": {"m": [[9.0]]},
        "longer": {"v": [1.0, 2.0, 3.0]}, "single": {"v": 4.0},
    }  # fmt: skip
    toy(({"v": [1.0, 2.5], "m": [[1, 2], [3, 4]]}, wrong))
    vector = dealt(bank, "vector")
    assert (vector.key, vector.rtol) == ([1.0, 2.5], 1e-2)
    assert [trap.tag for trap in vector.traps] == ["toy:far", "toy:longer"]
    assert grade(vector, "2 2").mistake == "toy:far"
    assert grade(vector, "[1, 2, 3]").mistake == "toy:longer"
    matrix = dealt(replace(bank, items=(replace(ITEMS["matrix"]),)), "matrix")
    assert (matrix.key, matrix.rtol, matrix.atol) == ([[1, 2], [3, 4]], 0.0, 0.0), "whole numbers are exact"


@pytest.mark.parametrize(
    ("item", "value", "wrong", "reason"),
    [
        ("vector", [1.0, 2.0], [1.0, 2.0], "gives the key itself, (1, 2)"),
        ("vector", [1.0, 2.0], [1.0, 2.05], "within 4 tolerances"),
        ("vector", [1.0, math.nan], [1.0, 3.0], "not a number"),
        ("vector", [1e-7, 2e-8], [1.0, 3.0], "0 passes for every entry"),
        ("vector", [float(n) for n in range(17)], [0.0], "17 numbers are too many to type"),
        ("matrix", [[1, 2], [3, 4]], [[1, 2], [3, 4]], "gives the key itself"),
    ],
)
def test_unsound_arrays(bank: Question, toy: Toy, item: str, value: Any, wrong: Any, reason: str) -> None:
    toy(({ITEMS[item].ask or "": value}, {"m": {ITEMS[item].ask or "": wrong}}))
    assert any(reason in one for one in change(bank, item)), change(bank, item)


def test_one_entry_that_keeps_its_distance_is_enough(bank: Question, toy: Toy) -> None:
    toy(({"v": [1.0, 0.0]}, {"m": {"v": [1.0, 0.5]}}))
    assert change(bank, "vector") == []
    toy(({"v": [math.inf, 1.0]}, {"m": {"v": [5.0, 1.0]}}))
    assert change(bank, "vector") == []


@pytest.mark.parametrize(
    ("item", "value", "message"),
    [
        ("vector", [[1.0]], r"a vector is asked for and the solver gives the shape \[1, 1\]"),
        ("vector", 1.0, r"gives the shape \[\]"),
        ("vector", [], r"gives the shape \[0\]"),
        ("matrix", [1.0], r"a matrix is asked for and the solver gives the shape \[1\]"),
        ("matrix", [[1.0], [2.0, 3.0]], "gives the shape"),
    ],
)
def test_an_item_that_asks_for_another_shape(bank: Question, toy: Toy, item: str, value: Any, message: str) -> None:
    toy(({ITEMS[item].ask or "": value}, {}))
    with pytest.raises(QbankError, match=message):
        dealing.attempt(bank, ITEMS[item], 0)
