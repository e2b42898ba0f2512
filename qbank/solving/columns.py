"""Laying out text in terminal columns: Chinese characters are two columns wide."""

from __future__ import annotations

import re
from unicodedata import combining, east_asian_width

_GLUE = "\ue000"
_RELATION = re.compile(r" ([=<>≤≥≈≠←]=?|<-) ")
_PIECE = re.compile(r"\s+|[⺀-鿿＀-￯、-】][，。；：、！？）】》”’]*|[^\s⺀-鿿＀-￯、-】]+")


def width(text: str) -> int:
    """Columns that ``text`` takes on one line (ambiguous characters count one)."""
    return sum(0 if combining(ch) else 2 if east_asian_width(ch) in "WF" else 1 for ch in text)


def pad(text: str, columns: int) -> str:
    """``text`` with spaces after it up to ``columns``."""
    return text + " " * (columns - width(text))


def cut(text: str, columns: int) -> str:
    """``text``, shortened with ``...`` where it would take more than ``columns``."""
    if width(text) <= columns:
        return text
    kept, used = "", 0
    for ch in text:
        used += width(ch)
        if used > columns - 3:
            break
        kept += ch
    return kept.rstrip() + "..."


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most ``columns``: broken at spaces, or between Chinese characters (never before their stops).

    ``D = 0`` stays together.
    """
    lines, line = [], ""
    for piece in _PIECE.findall(_RELATION.sub(rf"{_GLUE}\1{_GLUE}", " ".join(text.split()))):
        if width(line + piece) <= columns or (piece.isspace() and not line):
            line += piece if line or not piece.isspace() else ""
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = "" if piece.isspace() else piece
        while width(line) > columns:  # one long word
            head = line[:columns]
            while width(head) > columns:
                head = head[:-1]
            lines.append(head)
            line = line[len(head) :]
    if line.strip() or not lines:
        lines.append(line.rstrip())
    return [done.replace(_GLUE, " ") for done in lines]
