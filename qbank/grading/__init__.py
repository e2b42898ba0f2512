"""Grading: pure functions from (what was dealt, what was typed) to a verdict. Knows no storage, no clock, no solver."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from qbank.domain import Dealt, QbankError, Rating, Verdict
from qbank.grading import array, choice, choices, cloze, formula, match, number, order, shape
from qbank.grading import recall as _recall

_Entry = TypeVar("_Entry")

__all__ = ["GRADED", "default_rating", "grade", "key_text", "recall", "recall_rating"]

_GRADERS: dict[str, Callable[[Dealt, str], Verdict]] = {
    "choice": choice.grade,
    "choices": choices.grade,
    "match": match.grade,
    "order": order.grade,
    "cloze": cloze.grade,
    "number": number.grade,
    "vector": array.grade,
    "matrix": array.grade,
    "shape": shape.grade,
    "formula": formula.grade,
    "recall": _recall.grade,
}
_KEYS: dict[str, Callable[[Dealt], str]] = {
    "choice": choice.key_text,
    "choices": choices.key_text,
    "match": match.key_text,
    "order": order.key_text,
    "cloze": cloze.key_text,
    "number": number.key_text,
    "vector": array.key_text,
    "matrix": array.key_text,
    "shape": shape.key_text,
    "formula": formula.key_text,
    "recall": _recall.key_text,
}

GRADED = frozenset(_GRADERS) - {"recall"}
"""The item kinds that have a grader. ``recall`` has one too and is no item kind."""

recall = _recall.recall
recall_rating = _recall.recall_rating


def grade(dealt: Dealt, answer: str) -> Verdict:
    """Grade any text. Unreadable text gives ``valid=False``; QbankError only for a kind without a grader."""
    return _for(_GRADERS, dealt)(dealt, answer)


def key_text(dealt: Dealt) -> str:
    """An answer text that grades right. QbankError for a kind without a grader."""
    return _for(_KEYS, dealt)(dealt)


def default_rating(verdict: Verdict, hinted: bool) -> Rating:
    """Right Good, right after a hint Hard, wrong Again. ValueError for an invalid verdict: it has no rating."""
    if not verdict.valid:
        raise ValueError("an unreadable answer has no rating")
    if not verdict.correct:
        return "again"
    return "hard" if hinted else "good"


def _for(table: dict[str, _Entry], dealt: Dealt) -> _Entry:
    try:
        return table[dealt.kind]
    except KeyError:
        raise QbankError(f"{dealt.question} {dealt.item}: no grader for items of kind {dealt.kind}") from None
