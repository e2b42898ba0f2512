"""Figures in the terminal and as files."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from qbank import solving
from qbank.domain import BadValue, QbankError
from qbank.solving import figures_image
from qbank.solving.columns import width
from qbank.solving.figures_terminal import crossings, draw
from solvers.contract import Bars, Contour, Figure, Heatmap, Lines, Scatter

GRID = np.linspace(-2, 2, 41)


def both(zh, en):
    return {"zh": zh, "en": en}


def figure(*marks, **more):
    return Figure(both("图题", "the title"), marks, **more)


BARS = (
    Bars(("a", "b"), [1.0, -0.5], both("甲", "first")),
    Bars(("a", "b"), [0.25, 0.5], both("乙", "second")),
)
FIGURES = {
    "lines": figure(
        Lines([0, 1, 2], [0, 1, 4], both("平方", "square")), Scatter([1], [3], both("点", "point")),
        x=both("时间", "time"), y=both("值", "value"),
    ),
    "log": figure(Lines([1, 10, 100], [1e-3, 0, 10]), log="xy", x=both("步", "step")),
    "bars": figure(*BARS, x=both("取值", "outcome")),
    "heatmap": figure(Heatmap([[1.0, 2.0], [3.0, np.nan]])),
    "large heatmap": figure(Heatmap(np.hypot(*np.meshgrid(np.arange(200), np.arange(90))))),
    "contour": figure(Contour(GRID, GRID, GRID[None, :] ** 2 + GRID[:, None] ** 2, (1.0,)), Scatter([0], [0])),
}  # fmt: skip


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", FIGURES)
def test_every_mark_is_drawn_within_its_bounds(name, lang, color):
    text = draw(FIGURES[name], lang, 70, 16, color)
    assert text.split("\n")[0] == ("图题" if lang == "zh" else "the title")
    assert ("\x1b" in text) == (color and name != "nothing")
    if not color:
        assert all(line.isprintable() for line in text.split("\n"))
        assert max(width(line) for line in text.split("\n")) <= 70
        assert 3 <= text.count("\n") <= 20
    assert "\x1b[48" not in text, "a background is painted over the terminal's own"


def test_series_are_told_apart_without_color():
    text = draw(FIGURES["lines"], "en", 60, 14)
    assert text.split("\n")[1] == "● square   + point"
    assert "●" in text.split("\n", 2)[2]
    assert "+" in text.split("\n", 2)[2]
    assert "time" in text
    assert "value" in text


def test_bars_show_their_numbers():
    lines = draw(FIGURES["bars"], "en", 50, 16).split("\n")
    assert [line.split()[-1] for line in lines[1:5]] == ["1", "0.25", "-0.5", "0.5"]
    assert abs(lines[1].count("█") - 2 * lines[3].count("█")) <= 1
    assert lines[3].count("█") > 5
    assert lines[2].count("▒") > 0
    start = lines[1].index("█")
    assert lines[3].rindex("█") == start - 1, "a negative bar ends where a positive one begins"
    assert lines[5] == "x: outcome"


def test_bars_that_are_not_finite_or_too_many():
    text = draw(figure(Bars(("a", "b", "c"), [np.inf, np.nan, 1.0])), "en", 40, 10)
    rows = text.split("\n")[1:]
    assert ">" in rows[0]
    assert rows[0].endswith(" inf")
    assert "?" in rows[1]
    many = Bars(tuple(str(k) for k in range(50)), np.arange(50.0))
    assert draw(figure(many), "en", 40, 10).split("\n")[-1] == "... +41"
    assert draw(figure(Bars(("a",), [0.0])), "en", 40, 10).split("\n")[1].endswith(" 0")


def test_small_matrices_show_their_numbers_and_large_ones_their_size():
    small = draw(FIGURES["heatmap"], "en", 40, 10)
    assert all(said in small for said in ("1", "2", "3", "nan", "[ ] 1   [█] 3"))
    large = draw(FIGURES["large heatmap"], "en", 60, 12)
    assert "90 x 200" in large
    assert large.split("\n")[1][:2] == "  "
    assert large.split("\n")[12][-2:] == "██"


def test_points_that_cannot_be_drawn_are_left_out():
    broken = figure(Lines([0, 1, np.nan, 3], [0, np.inf, 1, 2], both("线", "line")))
    assert "3" in draw(broken, "en", 50, 12)
    assert draw(figure(Lines([np.nan], [1.0])), "en", 50, 12).startswith("the title")
    assert "(log10)" in draw(FIGURES["log"], "en", 50, 12)


def test_a_long_legend_takes_more_lines():
    lines = [Lines([0, 1], [k, k + 1], both("很长的名字", f"a rather long label {k}")) for k in range(5)]
    rows = draw(figure(*lines), "en", 60, 12).split("\n")
    assert rows[1] == "● a rather long label 0   + a rather long label 1"
    assert rows[3] == "* a rather long label 4"
    assert max(map(width, rows)) <= 60


def test_level_lines_lie_on_their_level():
    ((level, x, y),) = crossings(FIGURES["contour"].marks[0])
    assert level == 1.0
    assert x.size > 20
    assert np.allclose(np.hypot(x, y), 1, atol=0.01)
    assert len(crossings(Contour(GRID, GRID, GRID[None, :] + GRID[:, None]))) == 5
    assert crossings(Contour(GRID, GRID, np.full((41, 41), np.nan))) == []


def test_drawing_twice_gives_the_same():
    once = draw(FIGURES["lines"], "en", 60, 14)
    draw(FIGURES["log"], "en", 60, 14)
    assert draw(FIGURES["lines"], "en", 60, 14) == once


@pytest.mark.parametrize("slug", solving.slugs())
def test_every_solver_s_figure_draws(slug):
    info = solving.describe(slug)
    picture = solving.figure(solving.solve(slug, lane="numpy" if "numpy" in info.lanes else None))
    if picture is not None:
        for lang in ("zh", "en"):
            text = draw(picture, lang, 78, 18)
            assert max(width(line) for line in text.split("\n")) <= 78


# ---------------------------------------------------------------- files


@pytest.fixture
def lab():
    pytest.importorskip("matplotlib", reason="no matplotlib: install the extra 'lab'")


@pytest.mark.parametrize("suffix", [".svg", ".png", ".SVG"])
@pytest.mark.parametrize("name", FIGURES)
def test_every_mark_is_saved(lab, tmp_path, name, suffix):
    target = figures_image.save(FIGURES[name], tmp_path / f"it{suffix}", "en")
    start = target.read_bytes()[:300]
    assert start.startswith(b"\x89PNG") if suffix == ".png" else b"<svg" in start
    assert target.stat().st_size > 2000


def test_saving_twice_gives_the_same_bytes(lab, tmp_path):
    for suffix in (".svg", ".png"):
        a, b = (figures_image.save(FIGURES["bars"], tmp_path / f"{n}{suffix}", "en").read_bytes() for n in "ab")
        assert a == b


def test_labels_are_english_without_a_chinese_font(lab, tmp_path, monkeypatch):
    monkeypatch.setattr(figures_image, "chinese_font", lambda: None)
    monkeypatch.setitem(__import__("matplotlib").rcParams, "svg.fonttype", "none")
    text = figures_image.save(FIGURES["lines"], tmp_path / "a.svg", "zh").read_text(encoding="utf-8")
    assert "the title" in text
    assert "图题" not in text
    monkeypatch.setattr(figures_image, "chinese_font", lambda: "DejaVu Sans")
    text = figures_image.save(FIGURES["lines"], tmp_path / "b.svg", "zh").read_text(encoding="utf-8")
    assert "图题" in text


def test_a_dollar_is_a_dollar(lab, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("matplotlib").rcParams, "svg.fonttype", "none")
    odd = Figure(both("价", r"cost $\frac{ in $"), (Lines([0, 1], [0, 1]),))
    assert r"cost $\frac{ in $" in figures_image.save(odd, tmp_path / "a.svg", "en").read_text(encoding="utf-8")


def test_paths_that_cannot_be(lab, tmp_path, monkeypatch):
    with pytest.raises(BadValue, match=r"plot must end in \.svg or \.png; got a\.pdf"):
        figures_image.save(FIGURES["bars"], "a.pdf", "en")
    with pytest.raises(BadValue, match="plot must lie in a folder that exists"):
        figures_image.save(FIGURES["bars"], tmp_path / "no" / "a.svg", "en")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(QbankError, match="cannot be written: Is a directory"):
        figures_image.save(FIGURES["bars"], tmp_path / "folder.svg", "en")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(QbankError, match=r"needs the extra 'lab' \(matplotlib\): pip install"):
        figures_image.save(FIGURES["bars"], tmp_path / "a.svg", "en")
