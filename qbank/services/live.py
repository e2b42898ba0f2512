"""What to show beside a field while an answer is being typed: its value, or how it is read. Grades nothing."""

from __future__ import annotations

from typing import NamedTuple

from qbank.domain import Dealt, Text
from qbank.grading import array, expression, field, reading, shape

LONGEST = 1000
"""Longer vectors and matrices are read when they are answered, not with each key."""


class Live(NamedTuple):
    """``read_as`` is the expression with its value, or the formula; else ``fault`` says what is wrong ``at`` where."""

    read_as: str = ""
    fault: Text | None = None
    at: int | None = None


def live(dealt: Dealt, typed: str) -> Live:
    """For numbers, vectors, matrices, shapes and formulas; nothing for other kinds and for an empty field.

    Runs with every key: a few milliseconds at most, and no computer algebra is imported.
    """
    if not typed.strip() or dealt.kind not in _READERS:
        return Live()
    found = _READERS[dealt.kind](dealt, typed)
    return Live() if found.read_as == typed.strip() else found


def _number(dealt: Dealt, typed: str) -> Live:
    read = field.read(typed)
    return Live(read.read_as, read.fault, read.at)


def _array(dealt: Dealt, typed: str) -> Live:
    if len(typed) > LONGEST:
        return Live()
    read = array.read(typed)
    size = "" if read.shape is None or len(read.shape) == 1 else f" ({'×'.join(map(str, read.shape))})"
    return Live(read.read_as + size, read.fault, read.at)


def _shape(dealt: Dealt, typed: str) -> Live:
    sizes = reading.shape(typed)
    return Live(*("", *shape.fault(typed)) if sizes is None else (shape.write(sizes),))


def _formula(dealt: Dealt, typed: str) -> Live:
    try:
        return Live(expression.write(expression.parse(typed, dealt.symbols)))
    except expression.ExpressionError as error:
        return Live("", error.line(), error.at)


_READERS = {"number": _number, "vector": _array, "matrix": _array, "shape": _shape, "formula": _formula}
