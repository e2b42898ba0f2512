"""Formulas on one line and drawn, and what happens to those that cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbank.mathtext import render, renders, width

ONE_LINE = {
    r"D(P\|Q)=\sum_k p_k\log\frac{p_k}{q_k}": "D(P‖Q)=∑ₖ pₖ log (pₖ/qₖ)",
    r"p_k\ln(p_k/q_k)": "pₖ ln(pₖ/qₖ)",
    r"\operatorname{softmax}(z)_i=\frac{e^{z_i}}{\sum_j e^{z_j}}": "softmax(z)ᵢ=e^(zᵢ)/(∑ⱼ e^(zⱼ))",
    r"\operatorname*{arg\,min}_w \lVert w\rVert_2^2": "arg min_w‖w‖₂²",
    r"\boldsymbol{w}\cdot\boldsymbol{\theta}": "𝐰·θ",
    r"\frac{a}{b}c": "(a/b)c",
    r"\frac{a}{bc}": "a/(bc)",
    r"\frac{a+b}{2}": "(a+b)/2",
    r"\frac1n\sum_i x_i": "(1/n)∑ᵢ xᵢ",
    r"\frac{\partial L}{\partial w}": "∂L/∂w",
    r"-\frac{1}{2}x^\top A x": "−(1/2)xᵀAx",
    r"\sqrt{2\pi\sigma^2}": "√(2πσ²)",
    r"\sqrt[3]{x}": "³√x",
    r"10^{-8}": "10⁻⁸",
    r"x^{0.5}": "x^0.5",
    r"\mathbb{E}_{x\sim P}": "𝔼_(x∼P)",
    r"e^{\hat x}": "e^(x̂)",
    r"\lim_{n\to\infty} a_n": "lim_(n → ∞) aₙ",
    r"\begin{pmatrix}1&2\\3&4\end{pmatrix}": "(1 2; 3 4)",
    r"f=\begin{cases}x,&x>0\\ 0,&x\le 0\end{cases}": "f={ x, x>0; 0, x≤0",
    r"\text{若 }x>0\text{，则 }y": "若 x>0，则 y",
    r"\left\lfloor\frac{m}{s}\right\rfloor+1": "⌊m/s⌋+1",
    r"\alpha*\beta": "α*β",
    r"\log_2 x": "log₂ x",
    r"f'(x)": "f′(x)",
    r"\overline{AB}": "A̅B̅",
    r"a \\[4pt] b": "a; [4pt]b",
    r"P(A\mid B)": "P(A | B)",
}

SAME_LETTER = [("F", "f"), ("S", "s"), ("X", "x"), ("Z", "z"), ("Y", r"\gamma"), ("V", "v"), ("y", r"\gamma")]


@pytest.mark.parametrize("tex", ONE_LINE)
def test_one_line(tex: str) -> None:
    assert render(tex, False) == ONE_LINE[tex]


@pytest.mark.parametrize("tex", [tex for tex in ONE_LINE if "4pt" not in tex])
def test_the_same_formulas_can_be_drawn(tex: str) -> None:
    assert renders(tex) is None
    assert "?" not in render(tex, True)


@pytest.mark.parametrize(("one", "other"), SAME_LETTER)
@pytest.mark.parametrize("mark", ["^", "_"])
@pytest.mark.parametrize("drawn", [False, True])
def test_two_letters_never_look_the_same_as_scripts(one: str, other: str, mark: str, drawn: bool) -> None:
    assert render(f"a{mark}{{{one}}}", drawn) != render(f"a{mark}{{{other}}}", drawn)


def test_a_drawn_formula_lines_up() -> None:
    assert render(r"\frac{a+b}{2}=c", True) == " a+b\n╶───╴=c\n  2"
    assert render(r"\text{概率}=\frac{\text{次数}}{n}", True) == "      次数\n概率=╶────╴\n       n"


def test_chinese_takes_two_columns_wherever_it_stands() -> None:
    for tex in (r"\frac{\text{样本}}{ab}+\text{方差}", r"x_{中}+\frac{1}{2}", r"\sqrt{误差}+1"):
        lines = render(tex, True).split("\n")
        bar = next(line for line in lines if "+" in line)
        assert width(bar) == max(map(width, lines))


def test_what_texicode_gets_wrong_is_mended() -> None:
    assert render(r"\operatorname{rank}A", True) == "rankA"
    assert render(r"\boldsymbol{x}", True) == "𝐱"
    assert render(r"\lVert x\rVert", True) == "‖x‖"
    assert render(r"\left\langle\frac{a}{b}\right\rangle", True) == "  a\n⟨╶─╴⟩\n  b"
    assert render(r"\overline{AB}", True) == "A\u0304B\u0304"
    assert render(r"a\log b", True) == "a log b"


def test_the_global_font_of_texicode_does_not_leak_in() -> None:
    from texicode import arts

    arts.font = arts.font_serif
    assert render(r"x+y", True) == "x+y"


@pytest.mark.parametrize(
    ("tex", "reason"),
    [
        (r"\foo", r"unknown command \foo"),
        (r"\frac{a}{\foo}", r"unknown command \foo"),
        (r"{a", "misses a }"),
        (r"a}", "} too many"),
        (r"\frac{1}", "misses an argument"),
        (r"x^", "misses an argument"),
        ("a\\", "end in a backslash"),
        (r"\begin{tikz}a\end{tikz}", "unknown environment tikz"),
        (r"\begin{cases}a", r"misses \end{cases}"),
        (r"\overline{\frac{a}{b}}", "line over more than letters"),
        ("", "shows nothing"),
        (r"\,", "shows nothing"),
        ("{" * 200 + "a" + "}" * 200, "nested too deeply"),
        ("a" * 5000, "at most 4000"),
    ],
)
def test_what_cannot_be_shown_says_why_and_stays_latex(tex: str, reason: str) -> None:
    assert reason in (renders(tex) or "")
    if reason != "shows nothing":
        assert render(tex, True) == tex or render(tex, False) == tex


maths = st.text(max_size=60) | st.lists(
    st.sampled_from(
        [
            "\\frac", "\\sqrt", "{", "}", "^", "_", "\\left", "\\right", "(", ")", "a", "1", "\\sum", "\\hat", " ",
            "\\text", "[", "]", "&", "\\\\", "\\begin{cases}", "\\end{cases}", "\\log", "中", "，", "'", "$", ".",
            "\\operatorname", "\\overline", "\\mathbb", "\\langle", "\\begin{array}{c}", "\\end{array}", "\\substack",
            "\\big", "\\limits",
        ]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(tex=maths)
def test_no_formula_raises_or_lets_a_control_character_through(tex: str) -> None:
    renders(tex)
    assert render(tex, False).isprintable()
    assert render(tex, True).replace("\n", "").isprintable()
