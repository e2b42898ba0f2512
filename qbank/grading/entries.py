"""Several entries of a shown list, by their ids or by their shown numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from qbank.domain import Part, ShownOption
from qbank.grading import reading

Entry = TypeVar("Entry", Part, ShownOption)


def find(entries: Sequence[Entry], typed: str) -> Entry | None:
    """One entry by its number from 1, or by its id without regard to case (``typed`` is folded already)."""
    if typed.isascii() and typed.isdigit():
        return entries[int(typed) - 1] if len(typed) < 4 and 1 <= int(typed) <= len(entries) else None
    return next((entry for entry in entries if entry.id.casefold() == typed), None)


def several(entries: Sequence[Entry], answer: str) -> list[Entry] | None:
    """Entries by comma, semicolon or blank, in the order typed; ``13`` is 1 and 3 where there is no 13.

    An empty list for ``0`` (don't know); None where a word names nothing.
    """
    words = reading.words(answer)
    if not words:
        return None
    if is_zero(words):
        return []
    found = []
    for word in words:
        run = word.isascii() and word.isdigit() and len(entries) <= 9 and 1 < len(word) <= 9
        for piece in word if run else (word,):
            entry = find(entries, piece)
            if entry is None:
                return None
            found.append(entry)
    return found


def is_zero(words: Sequence[str]) -> bool:
    """Whether an answer says "I don't know"."""
    return len(words) == 1 and words[0].isascii() and words[0].isdigit() and set(words[0]) == {"0"}
