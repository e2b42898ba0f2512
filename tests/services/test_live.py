"""The line beside a field while an answer is typed."""

from __future__ import annotations

from qbank.domain import Dealt, Text
from qbank.services.live import Live, live


def deal(kind: str) -> Dealt:
    return Dealt("q", "i", kind, 0, 1, Text("", ""), "z", symbols={"z": (0.0, 1.0)} if kind == "formula" else {})


def test_a_number_field_shows_the_value() -> None:
    assert live(deal("number"), "0.5*ln(4)").read_as == "0.5 * ln(4) = 0.69314718056"
    assert live(deal("number"), "1/3").read_as == "0.333333333333"
    half = live(deal("number"), "0.5*")
    assert (half.read_as, half.at) == ("", 4)
    assert half.fault == Text("第 5 个字符：式子没有写完", "at character 5: something is missing at the end")


def test_a_formula_field_shows_how_it_is_read() -> None:
    assert live(deal("formula"), "z²/2").read_as == "z^2/2"
    assert live(deal("formula"), "2z").at == 1


def test_nothing_beside_an_empty_field_or_another_kind() -> None:
    assert live(deal("number"), " ") == live(deal("formula"), "") == live(deal("choice"), "1") == Live()
