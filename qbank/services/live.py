"""What to show beside a field while an answer is being typed: its value, or how it is read. Grades nothing."""

from __future__ import annotations

from typing import NamedTuple

from qbank.domain import Dealt, Text
from qbank.grading import expression, field


class Live(NamedTuple):
    """``read_as`` is the expression with its value, or the formula; else ``fault`` says what is wrong ``at`` where."""

    read_as: str = ""
    fault: Text | None = None
    at: int | None = None


def live(dealt: Dealt, typed: str) -> Live:
    """For number and formula items; nothing for other kinds and for an empty field."""
    if not typed.strip():
        return Live()
    if dealt.kind == "number":
        read = field.read(typed)
        return Live(read.read_as, read.fault, read.at)
    if dealt.kind != "formula":
        return Live()
    try:
        return Live(expression.write(expression.parse(typed, dealt.symbols)))
    except expression.ExpressionError as error:
        return Live("", error.line(), error.at)
