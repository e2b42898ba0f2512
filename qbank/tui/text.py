"""Text on its way to the screen: no markup, no control characters, Markdown wrapped by columns."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from textual.content import Content, Span

from qbank.mathtext import marked, width

STYLES = {"bold": "bold", "slant": "italic", "code": "$text-accent", "head": "bold $text-primary"}
"""Marks of :func:`qbank.mathtext.marked` -> Textual styles."""


def clean(text: str) -> str:
    """``text`` without control characters; line breaks stay."""
    return "".join(ch if ch.isprintable() or ch in "\n\u3000\u00a0" else " " for ch in text)


def plain(text: str, style: str = "") -> Content:
    """Text from anywhere as it is: nothing in it is markup."""
    return Content.styled(clean(text), style) if style else Content(clean(text))


@lru_cache(maxsize=512)
def prose(text: str, columns: int) -> Content:
    """Markdown with maths as styled lines of at most ``columns`` columns."""
    lines, spans = marked(text, columns)
    return Content(lines, [Span(start, end, STYLES[mark]) for start, end, mark in spans])


Run = tuple[str, tuple[str, ...]]
"""A stretch of a line with the styles it has."""


@lru_cache(maxsize=512)
def runs(text: str, columns: int) -> list[list[Run]]:
    """The same lines, each as stretches of one style."""
    lines, spans = marked(text, columns)
    found: list[list[Run]] = []
    at = 0
    for line in lines.split("\n"):
        end = at + len(line)
        here = [span for span in spans if span[0] < end and span[1] > at]
        cuts = sorted({at, end, *(min(max(place, at), end) for span in here for place in span[:2])})
        line_runs = []
        for start, stop in pairwise(cuts):
            names = tuple(STYLES[mark] for first, last, mark in here if first <= start and stop <= last)
            line_runs.append((lines[start:stop], names))
        found.append(line_runs)
        at = end + 1
    return found


def columns_of(text: str) -> int:
    """Columns of the widest line."""
    return max((width(line) for line in text.split("\n")), default=0)
