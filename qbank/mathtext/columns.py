"""Text measured and wrapped in terminal columns: Chinese takes two, combining marks none."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

GLUE = "\u00a0"
"""A blank at which no line is broken; it comes out as a plain blank."""

_NOT_FIRST = set("，。、；：？！）》」』】〕”’…·,.;:?!)]}%‰℃")
_NOT_LAST = set("（《「『【〔“‘([{$￥#")


@lru_cache(maxsize=4096)
def _cells(ch: str) -> int:
    if unicodedata.category(ch) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(ch) in "WF" else 1


def width(text: str) -> int:
    """Columns that one line of ``text`` takes. Characters of ambiguous width count one."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def printable(text: str) -> str:
    """``text`` without control characters; line breaks stay."""
    return "".join(ch if ch.isprintable() or ch in "\n\u3000" or ch == GLUE else " " for ch in text)


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most ``columns`` columns. Breaks at blanks and between Chinese characters, never before closing or
    after opening punctuation; a word longer than a line is cut."""
    columns = max(columns, 4)
    lines: list[str] = []
    line, used = "", 0
    for piece in _pieces(text):
        size = width(piece.rstrip(" "))
        if line and used + size > columns:
            lines.append(line.rstrip(" "))
            line, used = "", 0
            piece = piece.lstrip(" ")
        while width(piece.rstrip(" ")) > columns:
            head = cut(piece, columns)
            lines.append(head)
            piece = piece[len(head) :]
        line += piece
        used += width(piece)
    if line.strip(" ") or not lines:
        lines.append(line.rstrip(" "))
    return [one.replace(GLUE, " ") for one in lines]


def cut(text: str, columns: int) -> str:
    """As much of the beginning of ``text`` as fits into ``columns`` columns, at least one character."""
    used = 0
    for place, ch in enumerate(text):
        used += _cells(ch)
        if used > columns and place:
            return text[:place]
    return text


def _pieces(text: str) -> Iterator[str]:
    """The stretches that stay together: a word with the blanks after it, a Chinese character with its punctuation."""
    piece, last = "", ""
    for place, ch in enumerate(text):
        piece += ch
        last = ch if _cells(ch) else last or ch
        after = text[place + 1 : place + 2]
        if not after:
            break
        if ch == " ":
            if after != " ":
                yield piece
                piece = ""
        elif (_is_wide(last) or _is_wide(after)) and after != " " and after not in _NOT_FIRST and last not in _NOT_LAST:
            if _cells(after) == 0 or GLUE in (last, after):
                continue
            yield piece
            piece = ""
    if piece:
        yield piece


def _is_wide(ch: str) -> bool:
    return _cells(ch) == 2
