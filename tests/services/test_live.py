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


def test_vectors_and_matrices_show_their_values_and_their_size() -> None:
    assert live(deal("vector"), "1/2、ln(1)").read_as == "[0.5, 0]"
    assert live(deal("matrix"), "１ ２; 3 4").read_as == "[[1, 2], [3, 4]] (2×2)"
    assert live(deal("vector"), "［０．５，2y）") == ("", Text("这个括号没有配对", "this bracket has no partner"), 0)
    wrong = live(deal("vector"), "［０．５，2(3)］")
    assert (wrong.at, wrong.fault and wrong.fault.en) == (6, "entry 1 (from 0): write 2*(…)")
    assert live(deal("matrix"), "1 2; 3").fault == Text("各行长短不一", "the rows differ in length")
    assert live(deal("vector"), "x, y") == live(deal("vector"), "1,,2") == Live()
    assert live(deal("vector"), "1," * 500).read_as
    assert live(deal("vector"), "1," * 501) == Live()


def test_shapes_show_their_sizes() -> None:
    assert live(deal("shape"), "torch.Size([1, 64])").read_as == "[1, 64]"
    wrong = live(deal("shape"), "1，６４．5")
    assert (wrong.read_as, wrong.at) == ("", 4)
    assert live(deal("shape"), "[1, 64") == live(deal("shape"), "abc") == Live()


def test_what_is_typed_plainly_is_not_repeated() -> None:
    assert live(deal("number"), " 0.5 ") == live(deal("shape"), "[1, 64]") == live(deal("formula"), "z^2") == Live()


def test_nothing_beside_an_empty_field_or_another_kind() -> None:
    assert live(deal("number"), " ") == live(deal("formula"), "") == live(deal("choice"), "1") == Live()
