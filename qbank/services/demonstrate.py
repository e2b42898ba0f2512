"""A solver's run as a page: what ``solve`` prints and what a quiz opens with the reader's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qbank.solving import Solution


def page(solution: Solution, lang: str, columns: int, *, color: bool = False) -> str:
    """Formula, numbers, steps, result, claims, second route and, where the solver draws one, the picture."""
    from qbank import solving
    from qbank.mathtext import render
    from qbank.solving.demonstration import render as demonstrate

    info = solving.describe(solution.slug)
    text = demonstrate(solution, info, lang, columns, render(info.formula, True))
    picture = solving.figure(solution)
    if picture is not None:
        from qbank.solving.figures_terminal import draw

        text += "\n\n" + draw(picture, lang, min(columns, 100), color=color)
    return text


def demonstration(slug: str, given: Mapping[str, Any], lang: str, columns: int, *, color: bool = False) -> str:
    """Run a solver on some numbers and show it."""
    from qbank import solving

    return page(solving.solve(slug, given), lang, columns, color=color)
