"""The legend of a terminal figure: in as many lines as it needs, level lines as one entry."""

from __future__ import annotations

import numpy as np
import pytest

from qbank.solving.columns import width
from qbank.solving.figures_terminal import draw
from solvers.contract import Contour, Figure, Lines

GRID = np.linspace(-2, 2, 41)
BOWL = Contour(GRID, GRID, GRID[None, :] ** 2 + GRID[:, None] ** 2, (0.5, 1.0, 110.4, 2.0))


def figure(*marks):
    return Figure({"zh": "图题", "en": "the title"}, marks)


def lines(labels):
    return [Lines([-1, 1], [k, -k], {"zh": label, "en": label}) for k, label in enumerate(labels)]


@pytest.mark.parametrize("color", [False, True])
def test_a_long_legend_takes_more_lines(color):
    labels = ["一条很长的名字" * 2, "another rather long name", "a third", "x" * 100]
    text = draw(figure(*lines(labels)), "zh", 60, 14, color)
    for code in ("36", "33", "35", "32"):
        text = text.replace(f"\x1b[{code}m", "")
    shown = text.replace("\x1b[0m", "").split("\n")[1:5]
    assert [line.split("   ")[0].split(" ", 1)[1][:5] for line in shown[:3]] == ["一条很长的", "a thi", "xxxxx"]
    assert "   " in shown[0], "what fits on a line stays on it"
    assert all(width(line) <= 60 for line in shown)


def test_level_lines_share_one_sign_and_leave_the_others_to_the_lines():
    text = draw(figure(BOWL, *lines(["first", "second"])), "en", 70, 16)
    assert text.split("\n")[1] == ". levels 0.5, 1, 2   ● first   + second"
    assert text.count(".") > 60
