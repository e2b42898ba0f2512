"""The page of a run: what it says, how wide it is."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from qbank import solving
from qbank.solving.columns import cut, pad, width, wrap
from qbank.solving.demonstration import duration, number, render
from qbank.solving.info import SolverInfo
from solvers.contract import Claim, Param
from solvers.run import run

KL = "kl-divergence"


@pytest.fixture
def page(toy):
    """Render a toy solver's run."""

    def make(given=None, lang="en", columns=80, formula="", seed=0, **fields):
        solver = replace(toy, **fields)
        info = SolverInfo(
            slug="toy", theme="tensors", title=_text(solver.title), formula=solver.formula,
            params={
                n: solving.ParamInfo(p.kind, p.default, _text(p.doc), p.shape, p.choices)
                for n, p in solver.params.items()
            },
            outputs=solver.outputs, steps={}, mistakes={}, claims={}, lanes=solver.lanes,
            oracle_route=solver.oracle_route, default_dtype="float64", has_figure=False,
        )  # fmt: skip
        solution = run(solver, given, slug="toy", seed=seed)
        return render(replace(solution, seconds=0.00025), info, lang, columns, formula)

    return make


def _text(both):
    from qbank.domain import Text

    return Text(both["zh"], both["en"])


def test_the_english_page(page):
    assert page({"x": [0.5, 3], "gain": 2}, formula="y = g Σ x²\n").split("\n") == [
        "weighted sum of squares" + " " * 54 + "toy",
        "",
        "    y = g Σ x²",
        "",
        "Numbers in",
        "  x     the vector  (2)  0.5  3",
        "  gain  the gain         2",
        "",
        "Steps",
        "  squares  (2)  0.25  9",
        "",
        "Result",
        "  y  18.5",
        "",
        "Claims",
        "  [x] y >= 0",
        "  [x] the terms add up",
        "",
        "Checked by another route",
        "  a plain loop",
        "  largest difference 0, tolerance 1e-12: agrees",
        "",
        "numpy float64 cpu, 0.25 ms",
    ]


def test_the_chinese_page(page):
    lines = page({"x": [0.5, 3]}, "zh", outputs={"y": "nats"}).split("\n")
    assert lines[0] == "加权平方和" + " " * 67 + "toy"
    assert "  x     向量  (2)  0.5  3" in lines
    assert "  gain  系数       1" in lines
    assert "  y  9.25 奈特" in lines
    assert "  [x] 非负" in lines
    assert "  最大差 0，容差 1e-12：一致" in lines


def test_a_failed_claim_shows_its_residual(page):
    off = Claim("off", zh="差", en="it is off", residual=lambda given, out: 0.25)
    text = page(claims=(off,))
    assert "  [ ] it is off (residual 0.25, tolerance 1e-12)" in text
    assert "[x]" not in text


def test_an_oracle_that_disagrees_or_was_not_run(page):
    assert "tolerance 1e-12: DOES NOT AGREE" in page(oracle=lambda x, gain: {"y": np.array(7.0)})
    assert "DOES NOT AGREE (y has shape () against (2,))" in page(
        columns=100, oracle=lambda x, gain: {"y": np.zeros(2)}
    )
    assert "not run: it imports torch; --check runs it" in page(oracle_route="torch.sum")
    assert "未运行：它要导入 torch；加 --check 即运行" in page(lang="zh", oracle_route="torch.sum")


def test_matrices_are_aligned_and_large_ones_summarized(page):
    text = page({"x": [[1, -22.5], [100, 3]]})
    assert "(2, 2)    1  -22.5\n" in text
    assert "        100      3\n" in text
    text = page({"x": np.arange(400.0).reshape(20, 20)})
    assert "(20, 20)  from 0 to 399\n" in text
    text = page({"x": np.arange(100.0)})
    assert "(100)  0  1  2  3  4  5 ...  from 0 to 99\n" in text


def test_infinities_and_nan(page):
    text = page({"x": ["inf", "nan"]}, check=lambda x, gain: None)
    assert "inf  nan" in text
    assert "  y  nan" in text


def test_noise_is_among_the_numbers(page):
    text = page(
        noise=lambda rng, x, gain: {"e": np.array([1.5, 2.5])},
        compute=lambda xp, note, x, gain, e: {"y": note("square", e) or xp.sum(e)},
        oracle=lambda x, gain, e: {"y": np.array(4.0)},
        claims=(),
    )
    assert "  e                 (2)  1.5  2.5" in text


@cache
def solved(slug):
    """One run of each solver for all its pages: some train for seconds."""
    return solving.solve(slug, lane="numpy" if "numpy" in solving.describe(slug).lanes else None)


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("slug", solving.slugs())
def test_every_page_fits(slug, lang, columns):
    info = solving.describe(slug)
    text = render(solved(slug), info, lang, columns)
    assert max(width(line) for line in text.split("\n")) <= columns
    assert not any(line != line.rstrip() for line in text.split("\n"))
    assert all(line.isprintable() for line in text.split("\n"))


def test_a_page_with_a_long_choice_and_a_narrow_screen(page, toy):
    params = {**toy.params, "gain": Param(1.0, {"zh": "很长的说明" * 8, "en": "a long explanation " * 6}, kind="float")}
    for lang in ("zh", "en"):
        for line in page(lang=lang, columns=60, params=params).split("\n"):
            assert width(line) <= 60


def test_numbers():
    assert [number(v) for v in (0.1 + 0.2, 1e-8, 1.5e20, -0.0, 3, 1e-10, np.inf, -np.inf, np.nan, np.int64(7))] == [
        "0.3", "1e-8", "1.5e20", "0", "3", "1e-10", "inf", "-inf", "nan", "7",
    ]  # fmt: skip
    assert [duration(s) for s in (2.5e-4, 0.0123, 0.5, 3.44, 75.2)] == ["0.25 ms", "12 ms", "0.5 s", "3.4 s", "75 s"]


def test_widths():
    assert width("KL 散度") == 7
    assert width("é") == 1
    assert pad("散", 4) == "散  "
    assert cut("散度散度", 8) == "散度散度"
    assert cut("散度散度散", 8) == "散度..."
    assert width(cut("a散度散度散", 8)) <= 8


def test_wrapping():
    assert wrap("one two three", 8) == ["one two", "three"]
    assert wrap("中文可以在字间断开。", 8) == ["中文可以", "在字间断", "开。"]
    assert wrap("中文可以，断开", 8) == ["中文可", "以，断开"]
    assert wrap("so that D = 0 only", 12) == ["so that", "D = 0 only"]
    assert wrap("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert wrap("", 10) == [""]
    assert wrap("两个 word 混排", 9) == ["两个 word", "混排"]
