"""Numbers as a person types them into a form, and as a form shows them."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_TOKEN = re.compile(r"[\[\](){}]|[^\s\[\](){},;、]+|[;,、]")
_OPEN, _CLOSE = "[({", "])}"


def show(value: Any) -> str:
    """A value as one line to edit: ``0.5``, ``1/3``, ``[0.5, 0.5]``, ``[[1, 2], [3, 4]]``."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False).replace('"', "").replace("NaN", "nan").replace("Infinity", "inf")


def read(kind: str, text: str) -> Any:
    """What was typed, for a solver to judge: brackets make lists, commas or blanks part their entries.

    Full-width characters count as their plain ones. What is no number stays text, so that the solver can name it.
    ``;`` parts rows: ``1 2; 3 4``.
    """
    text = unicodedata.normalize("NFKC", text).replace("−", "-").strip()
    if kind != "array":
        return _atom(text)
    rows = [_row(part) for part in _parts(text)]
    if len(rows) > 1:
        return [row[0] if len(row) == 1 and isinstance(row[0], list) else row for row in rows]
    entries = rows[0] if rows else []
    whole = len(entries) == 1 and (isinstance(entries[0], list) or not re.search(r"[,、]", text))
    return entries[0] if whole else entries


def _parts(text: str) -> list[str]:
    """The text between the semicolons that stand outside all brackets."""
    parts, depth = [""], 0
    for ch in text:
        depth += (ch in _OPEN) - (ch in _CLOSE)
        if ch == ";" and depth == 0:
            parts.append("")
        else:
            parts[-1] += ch
    return [part for part in parts if part.strip()]


def _row(text: str) -> list[Any]:
    """Entries of a text without outer brackets. Brackets that do not match count as closed at the end."""
    stack: list[list[Any]] = [[]]
    for token in _TOKEN.findall(text):
        if token in _OPEN:
            stack.append([])
        elif token in _CLOSE:
            if len(stack) > 1:
                done = stack.pop()
                stack[-1].append(done)
        elif token not in ";,、":
            stack[-1].append(_atom(token))
    while len(stack) > 1:
        done = stack.pop()
        stack[-1].append(done)
    return stack[0]


def _atom(text: str) -> Any:
    """An int or a float where JSON knows it as one, else the text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if type(value) in (int, float) and value == value and abs(value) != float("inf") else text
