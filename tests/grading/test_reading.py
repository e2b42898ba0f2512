"""What a person may type, and what must not be read as something else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbank.grading import reading

READ = {
    "0.5": 0.5, " 0.5 ": 0.5, ".5": 0.5, "5.": 5.0, "+3": 3.0, "-3": -3.0, "- 3": -3.0, "−3": -3.0, "－３": -3.0,
    "０．５１１": 0.511, "0。511": 0.511, "1/3": 1 / 3, "2 / 3": 2 / 3, "-1/3": -1 / 3, "1/-3": -1 / 3, "１／３": 1 / 3,
    "½": 0.5, "1½": 1.5, "-1½": -1.5, "1 1/2": 1.5, "3⁄4": 0.75, "6÷4": 1.5, "0.5/0.25": 2.0,
    "2e-3": 2e-3, "2E3": 2000.0, "1.5x10^-3": 1.5e-3, "1.5×10⁻³": 1.5e-3, "1.5*10**-3": 1.5e-3, "10^3": 1000.0,
    "10²": 100.0, "-10⁻²": -0.01, "2·10^(-3)": 2e-3,
    "50%": 0.5, "５０％": 0.5, "12.5 %": 0.125, "1,234": 1234.0, "1,234.5": 1234.5, "12，345，678": 12345678.0,
    "= 0.511": 0.511, "≈0.511": 0.511, "约 0.5": 0.5,
    "inf": math.inf, "+∞": math.inf, "-inf": -math.inf, "−∞": -math.inf, "正无穷": math.inf, "负无穷大": -math.inf,
    "INF": math.inf, "0": 0.0, "1e-400": 0.0,
}  # fmt: skip

UNREAD = (
    "", "   ", "abc", "nan", "0,5", "0,511", "1,23", "12,34,56", "1,2345", "1/0", "1/0.0", "1//2", "1/2/3", "--3",
    "1 2", "1e", "e5", "1e999", "1e99999", "-1e999", "1e308/1e-308", "1e999999999", "5²", "x²", "x₂", "1₂", "10₂",
    "2^3", "1+1", "2*3",
    "ln 2", "sqrt(2)", "9**9**9", "__import__('os')", "0x10", "0b1", "1_000", "1j", "True", "٣", "五", "0.5 nats",
    "1 1/0", "%", "%5", "inf%", "1/inf", "∞∞", ".", "-", "1.2.3", "0.5;", "\x00", "\ud800", "1" * 201, "ﷺ",
)  # fmt: skip


@pytest.mark.parametrize("text", READ)
def test_numbers_people_type_are_read(text: str) -> None:
    assert reading.number(text) == pytest.approx(READ[text], rel=1e-15)


@pytest.mark.parametrize("text", UNREAD)
def test_what_is_no_number_is_not_read(text: str) -> None:
    assert reading.number(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "[1, 64]",
        "(1,64)",
        "1,64",
        "1x64",
        "1×64",
        "1 64",
        "１，６４",
        "（１、６４）",
        "【1，64】",
        "torch.Size([1, 64])",
        "= (1, 64,)",
    ],
)
def test_shapes_people_type_are_read(text: str) -> None:
    assert reading.shape(text) == (1, 64)


def test_shapes_of_one_axis_and_of_a_scalar() -> None:
    assert reading.shape("(64,)") == reading.shape("64") == (64,)
    assert reading.shape("[]") == reading.shape("()") == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "[1, 64",
        "1, 64]",
        "[1, 64)",
        "1,,64",
        ",1",
        "[-1, 64]",
        "1.5, 2",
        "1,64x3",
        "6²",
        "2₃",
        "[[1]]",
        "9" * 30,
    ],
)
def test_what_is_no_shape_is_not_read(text: str) -> None:
    assert reading.shape(text) is None


def test_words_lose_their_list_marks() -> None:
    assert [reading.word(t) for t in ("２", "(2)", "2.", "2、", "②", "Forward", "' a-b '", "…")] == [
        "2", "2", "2", "2", "2", "forward", "a-b", None,
    ]  # fmt: skip
    assert reading.words("a, b；c　d") == ("a", "b", "c", "d")


def test_what_is_shown_back_is_one_short_printable_line() -> None:
    assert reading.shown("a\x1b[31m\nb") == "a [31m b"
    assert len(reading.shown("x" * 10_000)) == 40


anything = st.text(max_size=250) | st.text(
    alphabet="0123456789.,-+/eE%^*x×()[]{} ∞½²⁻。，、infINF\x00\ud800１２", max_size=250
)


@given(anything)
def test_no_text_raises_and_whatever_is_read_is_a_number(text: str) -> None:
    value = reading.number(text)
    assert value is None or not math.isnan(value)
    sizes = reading.shape(text)
    assert sizes is None or all(isinstance(size, int) and size >= 0 for size in sizes)
    reading.word(text)
    reading.words(text)
    assert all(ch.isprintable() for ch in reading.shown(text))


@given(st.floats(allow_nan=False))
def test_every_float_is_read_back_from_its_digits(value: float) -> None:
    assert reading.number(repr(value)) == value


@given(st.lists(st.integers(0, 10**12), max_size=6))
def test_every_shape_is_read_back(sizes: list[int]) -> None:
    assert reading.shape(str(sizes)) == tuple(sizes)
    assert reading.shape(str(tuple(sizes))) == tuple(sizes)


@given(st.integers(0, 10**15))
def test_grouped_and_full_width_digits_are_the_same_number(value: int) -> None:
    wide = str(value).translate({ord("0") + d: ord("０") + d for d in range(10)})
    assert reading.number(f"{value:,}") == reading.number(wide) == value
