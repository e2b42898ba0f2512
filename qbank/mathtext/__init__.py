"""Maths and Markdown as plain text for a terminal. Importing it loads no library."""

from __future__ import annotations

from functools import lru_cache

from qbank.mathtext.blocks import markdown, marked
from qbank.mathtext.columns import width, wrap

__all__ = ["markdown", "marked", "render", "renders", "width", "wrap"]


@lru_cache(maxsize=1024)
def render(tex: str, display: bool) -> str:
    """A formula without its dollars: drawn in two dimensions, or on one line. One that cannot be shown comes back as
    the LaTeX it is, on one line and without control characters."""
    from qbank.mathtext.columns import printable
    from qbank.mathtext.display import display as drawn
    from qbank.mathtext.inline import inline
    from qbank.mathtext.tex import TexError

    tex = printable(tex)
    try:
        return drawn(tex) if display else inline(tex)
    except TexError:
        return " ".join(tex.split())


@lru_cache(maxsize=4096)
def renders(tex: str) -> str | None:
    """Why a formula cannot be shown, drawn or on one line; None where both work."""
    from qbank.mathtext.display import display as drawn
    from qbank.mathtext.inline import inline
    from qbank.mathtext.tex import TexError

    try:
        line, lines = inline(tex), drawn(tex)
    except TexError as error:
        return str(error)
    return None if line.strip() and lines.strip() else "shows nothing"
