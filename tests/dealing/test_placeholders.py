"""Numbers as a prompt and a worked line write them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbank.dealing.numbers import reference, write, write_input, write_rounded
from qbank.dealing.placeholders import fill, placeholders
from qbank.domain import QbankError

INPUTS: dict[str, Any] = {
    "p": [0.5, 0.25], "m": [[1, 2], [3.5, 4]], "eps": 1e-8, "third": "1/3", "n": 3, "one": 1.0, "big": 2.5e12,
    "inf": math.inf, "deep": [[[1], [2]]], "v": ["1/3", "2/3"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("$P=<<p>>$", "$P=(0.5, 0.25)$"),
        ("<<p[1]>>", "0.25"),
        ("<<m>>", "[[1, 2], [3.5, 4]]"),
        ("<<m[1]>> <<m[1][0]>> <<m[1,0]>>", "(3.5, 4) 3.5 3.5"),
        ("<<deep>>", "[[[1], [2]]]"),
        ("<< third >> <<v>> <<n>> <<one>>", "1/3 (1/3, 2/3) 3 1"),
        (r"<<eps>> $<<eps>>$ $$<<eps>>$$ \$<<eps>>", r"1e-8 $10^{-8}$ $$10^{-8}$$ \$1e-8"),
        (r"$<<big>>$ <<big>> $<<inf>>$ <<inf>>", r"$2.5\times 10^{12}$ 2.5e12 $\infty$ ∞"),
        ("<<=D>> $<<=D>>$ <<=t>>", "0.5108 $0.5108$ (0, 12350, -1.235e-6)"),
        ("a << b and <<= c", "a << b and <<= c"),
    ],
)
def test_filling(text: str, filled: str) -> None:
    assert fill(text, INPUTS, {"D": 0.5108256, "t": [0.0, 12345.67, -1.23456e-6]}) == filled


@pytest.mark.parametrize("text", ["<<x>>", "<<p[9]>>", "<<n[0]>>", "<<=p>>", "<<p.__class__>>", "<<>>", "<<1+1>>"])
def test_a_placeholder_that_names_nothing(text: str) -> None:
    with pytest.raises(QbankError, match="must name an"):
        fill(text, INPUTS, {})


def test_placeholders_are_listed_in_order() -> None:
    assert placeholders("$<<p>>$ << q[0] >> <<=D>>") == ("p", "q[0]", "=D")


def test_references() -> None:
    assert reference("theta[2]") == ("theta", (2,))
    assert reference("theta[2][1, 0]") == ("theta", (2, 1, 0))
    for bad in ("", "2", "a[", "a[-1]", "a[b]", "a.b", "a[99999]", "a b"):
        assert reference(bad) is None


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_an_input_is_shown_with_all_its_digits(value: float | int) -> None:
    shown = write(value, write_input)
    assert float(shown) == float(value) if isinstance(value, float) else int(shown) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_result_is_rounded_to_four_digits(value: float) -> None:
    assert float(write(value, write_rounded)) == float(f"{value:.4g}")


@given(st.text(max_size=60))
def test_any_text_without_placeholders_stays(text: str) -> None:
    if not placeholders(text):
        assert fill(text, {}, {}) == text
