"""Number fields take expressions: the formula is what an interview tests, not long division."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qbank.domain import Dealt
from qbank.grading import field, grade


def test_an_expression_is_graded_by_its_value(number: Dealt) -> None:
    verdict = grade(number, "0.5*ln(0.5/0.9)+0.5*ln(0.5/0.1)")
    assert (verdict.valid, verdict.correct) == (True, True)
    assert verdict.understood == "0.5 * ln(0.5/0.9) + 0.5 * ln(0.5/0.1) = 0.510825623766"


def test_the_wrong_way_round_is_named_whether_typed_as_digits_or_as_a_formula(number: Dealt) -> None:
    verdict = grade(number, "0.9*ln(0.9/0.5)+0.1*ln(0.1/0.5)")
    assert verdict.mistake == "kl-divergence:reversed"
    assert verdict.feedback.en == "0.9 * ln(0.9/0.5) + 0.1 * ln(0.1/0.5): that is D(Q||P), the other direction"


def test_an_integer_key_is_met_by_an_exact_expression(count: Dealt) -> None:
    assert grade(count, "64*3*7*7").correct
    assert grade(count, "64·3·7²").correct
    assert grade(count, "0.1*94080").correct
    assert not grade(count, "64*3*7*7+1").correct
    assert grade(count, "64*(3*7*7+1)").mistake == "conv:bias"


def test_what_cannot_be_read_is_invalid_with_its_place(number: Dealt) -> None:
    verdict = grade(number, "0.5ln(2)")
    assert (verdict.valid, verdict.at) == (False, 3)
    assert verdict.feedback.en == "cannot read '0.5ln(2)': at character 4: write 0.5*ln(…)"
    assert verdict.feedback.zh == "看不懂“0.5ln(2)”：第 4 个字符：乘号不能省，请写 0.5*ln(…)"
    assert grade(number, "ln(1/0)").at == 5
    assert "such as 0.25" in grade(number, "no idea").feedback.en
    assert grade(number, "1+" * 99 + "1").valid
    assert (grade(number, "1+" * 100 + "1").valid, grade(number, "1+" * 100 + "1").at) == (False, 200)


@pytest.mark.parametrize("text", ["1 1/2", "1,234", "inf", "-∞", "50%", "2e-3", "1/3"])
def test_numbers_keep_their_meaning_and_are_told_alone(text: str) -> None:
    assert "=" not in field.read(text).read_as
    assert field.read(text).value is not None


def test_infinity_is_never_reached_by_an_expression(number: Dealt) -> None:
    infinite = replace(number, key=float("inf"), traps=())
    assert grade(infinite, "inf").correct
    for text in ("1/0", "exp(1e4)", "10^9999", "1e300*1e300", "-ln(0)"):
        assert not grade(infinite, text).valid, text


def test_the_live_value_while_typing() -> None:
    assert field.read("0.5*ln(2)").read_as == "0.5 * ln(2) = 0.34657359028"
    assert field.read("0.5*").value is None
    assert field.read("").fault is None
