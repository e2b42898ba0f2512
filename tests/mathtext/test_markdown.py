"""Markdown as plain lines: markers gone, nothing lost, no line too wide."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbank.mathtext import markdown, marked, width, wrap

CASES = {
    "**一句话**：$D(P\\|Q)$ 是": "一句话：D(P‖Q) 是",
    "one *two* `a*b` 3 * 4 * 5": "one two a*b 3 * 4 * 5",
    "snake_case_name": "snake_case_name",
    "costs \\$5 and \\*": "costs $5 and *",
    "$5 and $6.": "$5 and $6.",
    "see [text](http://x.y)": "see text (http://x.y)",
    "# Head\ntext": "Head\ntext",
    "- a\n- b\n  more": "• a\n• b more",
    "1. a\n2) b": "1. a\n2) b",
    "> quoted\n> more": "│ quoted more",
    "a\nb": "a b",
    "甲\n乙": "甲乙",
    "甲\nb": "甲 b",
    "```py\nx = '$a$'\n\ny\n```": "    x = '$a$'\n\n    y",
    "前\n$$\\frac{a}{b}$$\n后": "前\n\n     a\n    ╶─╴\n     b\n\n后",
    "| a | **b** |\n|---|---|": "| a | b |\n|---|---|",
    "---": "─" * 40,
    "$\\foo$ stays": "\\foo stays",
    "a\x1b[31mb\x07": "a [31mb",
    "P[X=1]": "P[X=1]",
    "": "",
}


@pytest.mark.parametrize("text", CASES)
def test_plain(text: str) -> None:
    assert markdown(text, 60) == CASES[text]


def test_chinese_wraps_by_columns_and_keeps_its_punctuation() -> None:
    lines = wrap("零填充决定三件事：输出多大、能堆多深（边界）。" * 3, 20)
    assert all(width(line) <= 20 for line in lines)
    assert not any(line[0] in "，。、；：？！）" for line in lines)
    assert not any(line[-1] in "（《“" for line in lines)
    assert "".join(lines) == "零填充决定三件事：输出多大、能堆多深（边界）。" * 3


def test_inline_maths_is_not_broken() -> None:
    text = "word " * 7 + r"$p(x \mid y)$ " + "word " * 7
    for columns in range(20, 60):
        assert "p(x | y)" in markdown(text, columns)


def test_list_items_hang() -> None:
    assert markdown("- " + "word " * 12, 20).split("\n")[1].startswith("  word")


def test_width_counts_columns() -> None:
    assert [width(t) for t in ("abc", "中文", "x̂", "", "a中", "‖∑")] == [3, 4, 1, 0, 3, 2]


@given(text=st.text(max_size=300), columns=st.integers(10, 90))
def test_wrapping_loses_nothing_and_is_never_too_wide(text: str, columns: int) -> None:
    text = "".join(ch for ch in text if ch.isprintable())
    lines = wrap(text, columns)
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    assert all(width(line) <= columns for line in lines)


pieces = st.lists(
    st.sampled_from(
        [
            "**",
            "*",
            "$",
            "$$",
            "`",
            "```\n",
            "\n",
            "\n\n",
            "- ",
            "# ",
            "> ",
            "[a](b)",
            "\\",
            "字",
            "a ",
            "|",
            "1. ",
            "\x00",
            "\ue000",
        ]
    )
    | st.text(max_size=4),
    max_size=20,
).map("".join)


@given(text=pieces, columns=st.integers(-3, 60))
def test_no_markdown_raises_or_lets_a_control_character_through(text: str, columns: int) -> None:
    assert all(ch.isprintable() or ch in "\n\u3000" for ch in markdown(text, columns))


@given(text=pieces, columns=st.integers(10, 60))
def test_marks_change_no_text_and_lie_inside_it(text: str, columns: int) -> None:
    shown, marks = marked(text, columns)
    assert shown == markdown(text, columns)
    assert all(0 <= start < end <= len(shown) for start, end, _ in marks)


def test_what_is_marked() -> None:
    shown, marks = marked("# Head *x*\n\n**fat `code` fat** and *slanted*, **粗体跨行粗体跨行**。", 24)
    assert [(shown[start:end], name) for start, end, name in marks] == [
        ("Head x", "head"),
        ("x", "slant"),
        ("fat code fat", "bold"),
        ("code", "code"),
        ("slanted", "slant"),
        ("粗体跨行粗体跨\n行", "bold"),
    ]


def test_signs_in_the_text_itself_mark_nothing() -> None:
    assert marked("a\u206ab\u206b\u2066c\u2069", 40) == ("a b  c", [])


def test_marks_do_not_move_a_break() -> None:
    text = "前面的字（**括号里的粗体字**）后面的字，**再来**。"
    bare = text.replace("**", "")
    for columns in range(8, 40):
        assert markdown(text, columns) == markdown(bare, columns)


def test_a_formula_too_wide_to_be_drawn_stands_in_lines() -> None:
    tex = "$$" + "+".join(rf"\frac{{a_{n}}}{{b_{n}}}" for n in range(1, 9)) + "$$"
    wide, narrow = markdown(tex, 80), markdown(tex, 30)
    assert "──" in wide or "―" in wide or "─" in wide
    assert all(width(line) <= 30 for line in narrow.split("\n"))
    assert "a₁/b₁" in narrow.replace(" ", "")


def test_long_code_and_tables_are_folded() -> None:
    text = "```\n" + "x = " + "1" * 60 + "\n```\n\n| a | " + "b " * 40 + "|\n|---|---|"
    lines = markdown(text, 40).split("\n")
    assert all(width(line) <= 40 for line in lines)
    assert "".join(line.strip() for line in lines).count("1") == 60


def test_importing_it_loads_no_library() -> None:
    code = "import sys, qbank.mathtext; print([m for m in ('texicode', 'numpy', 'rich') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
