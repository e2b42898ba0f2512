"""What a number field holds: a number as people write it, or an expression without symbols (``0.5*ln(0.5/0.9)``)."""

from __future__ import annotations

from typing import NamedTuple

from qbank.domain import Text
from qbank.grading import expression, reading


class Field(NamedTuple):
    """``value`` is None where nothing could be read: ``fault`` then says what and ``at`` where, if that helps."""

    value: float | None
    read_as: str = ""
    """The expression as it was read, with its value: ``0.5 * ln(2) = 0.34657359028``; or the number alone."""
    shown: str = ""
    """What was typed, as it may be repeated: an expression as it was read."""
    fault: Text | None = None
    at: int | None = None
    why: Text | None = None
    """The fault without its place."""


def read(text: str) -> Field:
    """Read a number or an expression; the value beside what is being typed comes from here, too.

    Numbers first, so that ``1 1/2``, ``1,234`` and ``inf`` keep their meaning.
    """
    if (plain := reading.number(text)) is not None:
        return Field(plain, format(plain, ".12g"), reading.shown(text))
    try:
        value, written = expression.value(text[: reading.LIMIT + 1], limit=reading.LIMIT)
    except expression.ExpressionError as error:
        told = any(ch.isdecimal() for ch in text[: reading.LIMIT])
        return Field(None, "", "", error.line() if told else None, error.at, error.says)
    return Field(value, f"{written} = {value:.12g}", reading.shown(written, 80))
