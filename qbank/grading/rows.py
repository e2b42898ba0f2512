"""Read a vector or a matrix as a person types it: JSON, NumPy's print, or plain rows. Entries stay texts here.

``[1, 2]``, ``(1/3, 2/3)``, ``1 2 3``, ``[[1, 2], [3, 4]]``, ``[1 2; 3 4]``, rows on lines of their own,
``tensor([1., 2.])``; Chinese commas and full-width digits throughout. A comma always parts two entries.
"""

from __future__ import annotations

import re
from typing import Any

from qbank.grading import reading

LONGEST = 4000
DEEPEST = 6
_CLOSES = {"(": ")", "[": "]", "{": "}"}
_WRAPPED = re.compile(r"(?:np\.|numpy\.|torch\.)?(?:array|tensor|asarray|matrix)\((.*)\)")
_TIMES = re.compile("[×✕✖·⋅]")
_GLUE = re.compile(r" ?([*/^x]) ?| (%)")


def read(text: str) -> list[Any] | None:
    """Nested lists of entry texts, possibly ragged; None where brackets do not close, or it is empty or too long.

    A lone entry is a list of one.
    """
    plain = reading.clean(_TIMES.sub("*", _lines(text[: LONGEST + 1])), LONGEST)
    if plain is None:
        return None
    plain = plain.lstrip("= ").replace('"', "").replace("'", "")
    if (wrapped := _WRAPPED.fullmatch(plain)) is not None:
        plain = re.sub(r", ?(?:dtype|device)=[a-z0-9_.:]+$", "", wrapped[1].strip())
    if not _balanced(plain):
        return None
    found = _list(plain, 0)
    if found is not None and len(found) == 1 and isinstance(found[0], list) and _whole(plain):
        return found[0]  # the outer brackets of the whole
    return found


def shape(value: Any) -> tuple[int, ...] | None:
    """The axes of nested lists; None where they are ragged."""
    if not isinstance(value, list):
        return ()
    inner = {shape(one) for one in value}
    if len(inner) > 1 or None in inner:
        return None
    return (len(value), *(inner.pop() or ())) if inner else (0,)


def leaves(value: Any) -> list[Any]:
    """Every entry, row by row."""
    return [leaf for one in value for leaf in leaves(one)] if isinstance(value, list) else [value]


def open_bracket(text: str) -> int | None:
    """The place of the first bracket without a partner of its kind."""
    waiting: list[tuple[str, int]] = []
    for at, ch in enumerate(reading.folded(text[:LONGEST])):
        if ch in _CLOSES:
            waiting.append((_CLOSES[ch], at))
        elif ch in _CLOSES.values():
            if not waiting:
                return at
            if waiting[-1][0] != ch:
                return waiting[-1][1]
            waiting.pop()
    return waiting[0][1] if waiting else None


def place_of(text: str, entry: str, within: int = 0) -> int | None:
    """The place in ``text`` of the ``within``-th character of an entry; None where it is written otherwise there."""
    edge = r"[\s,;\[({})\]]"
    found = re.search(rf"(?:^|(?<={edge})){re.escape(entry)}(?:$|(?={edge}))", reading.folded(text[:LONGEST]))
    return None if found is None else found.start() + within


def _lines(text: str) -> str:
    """Line breaks outside brackets part rows; inside they are blanks."""
    out, depth = [], 0
    for ch in text.strip():
        if ch in "([{【（［｛":
            depth += 1
        elif ch in ")]}】）］｝":
            depth -= 1
        out.append(";" if ch == "\n" and depth <= 0 else ch)
    return "".join(out)


def _balanced(plain: str) -> bool:
    waiting: list[str] = []
    for ch in plain:
        if ch in _CLOSES:
            waiting.append(_CLOSES[ch])
        elif ch in _CLOSES.values() and (not waiting or waiting.pop() != ch):
            return False
    return not waiting


def _list(plain: str, depth: int) -> list[Any] | None:
    """The entries between two brackets, or on the top level."""
    if depth > DEEPEST:
        return None
    rows = [row for row in _split(plain, ";") if row]
    if len(rows) > 1 or (rows and ";" in _outside(plain)):
        found = [_list(row, depth + 1) for row in rows]
        return None if None in found else [_unwrapped(row) for row in found]
    plain = _GLUE.sub(r"\1\2", rows[0] if rows else "")
    if "," in _outside(plain):
        entries = _split(plain, ",")
        if entries and not entries[-1]:
            entries.pop()  # (1,) is Python's tuple of one
    else:
        entries = _split(plain, " ")
    if not entries or not all(entries):
        return None
    found = [_entry(entry, depth) for entry in entries]
    return None if None in found else found


def _entry(entry: str, depth: int) -> Any:
    """A list where brackets hold several entries or are square; else the entry's text."""
    if not _whole(entry):
        return entry
    inner = entry[1:-1].strip()
    several = any(mark in _outside(inner) for mark in ",; ") or inner[:1] in _CLOSES
    return _list(inner, depth + 1) if several or entry[0] != "(" else entry


def _unwrapped(row: Any) -> Any:
    """A row of ``[1, 2]; [3, 4]`` without the list around its brackets."""
    return row[0] if len(row) == 1 and isinstance(row[0], list) else row


def _whole(entry: str) -> bool:
    """Whether the first bracket closes at the end."""
    if entry[:1] not in _CLOSES:
        return False
    depth = 0
    for place, ch in enumerate(entry):
        depth += (ch in _CLOSES) - (ch in _CLOSES.values())
        if not depth:
            return place == len(entry) - 1
    return False


def _outside(plain: str) -> str:
    """The characters that stand in no bracket."""
    out, depth = [], 0
    for ch in plain:
        depth += ch in _CLOSES
        if not depth:
            out.append(ch)
        depth -= ch in _CLOSES.values()
    return "".join(out)


def _split(plain: str, mark: str) -> list[str]:
    """The pieces between marks that stand in no bracket."""
    pieces, depth, start = [], 0, 0
    for place, ch in enumerate(plain):
        depth += (ch in _CLOSES) - (ch in _CLOSES.values())
        if ch == mark and not depth:
            pieces.append(plain[start:place].strip())
            start = place + 1
    return [*pieces, plain[start:].strip()]
