"""From an item and a seed to what is shown and what grades it. The same seed deals the same task everywhere."""

from __future__ import annotations

from qbank.dealing.formula import deal as _formula
from qbank.dealing.formula import unconfirmed
from qbank.dealing.numeric import attempt as _numeric
from qbank.dealing.numeric import check_keys
from qbank.dealing.placeholders import fill, placeholders
from qbank.dealing.soundness import unsound
from qbank.dealing.worded import KINDS as WORDED
from qbank.dealing.worded import deal as _worded
from qbank.dealing.worded import mistake_text
from qbank.domain import BadValue, Dealt, Item, QbankError, Question, Text
from qbank.grading import GRADED

__all__ = [
    "ATTEMPTS",
    "LARGEST_SEED",
    "attempt",
    "check_keys",
    "deal",
    "fill",
    "mistake_text",
    "placeholders",
    "unconfirmed",
    "unsound",
]

ATTEMPTS = 32
"""Draws for one seed until one is sound."""

LARGEST_SEED = 2**53


def deal(question: Question, item_id: str, seed: int | None = None) -> Dealt:
    """Deal an item, or the open prompt (``recall``). ``seed``: the item's first by default.

    Draws again, up to 32 times, while the numbers are unsound. Raises BadValue for an unknown item or a seed that is
    no whole number from 0 to 2^53, QbankError where no draw is sound or the kind has no grader.
    """
    if seed is not None and not (type(seed) is int and 0 <= seed <= LARGEST_SEED):
        raise BadValue("seed", "be a whole number from 0 to 2^53", seed)
    if item_id == "recall":
        return _recall(question, seed or 0)
    item = question.item(item_id)
    if item is None:
        raise BadValue("item", f"be one of {question.id}'s (recall{_listed(question)})", item_id)
    if seed is None:
        seed = item.seeds[0]
    if item.kind in ("formula", "choice"):
        return attempt(question, item, seed)  # nothing varies but the order of options: what the lint has held stays so
    reasons: list[str] = []
    for k in range(ATTEMPTS):
        dealt = attempt(question, item, seed, k)
        reasons = unsound(dealt)
        if not reasons:
            return dealt
        if item.solver is None or str(seed) in item.keys:
            break  # another draw would be the same
    raise QbankError(f"{question.id} {item_id}: no sound numbers for seed {seed}: {reasons[0]}")


def attempt(question: Question, item: Item, seed: int, k: int = 0) -> Dealt:
    """The ``k``-th draw for a seed, sound or not."""
    if item.kind not in GRADED:
        raise QbankError(f"{question.id} {item.id}: items of kind {item.kind} cannot be dealt yet")
    if item.kind == "formula":
        return _formula(question, item, seed)
    return _worded(question, item, seed) if item.kind in WORDED else _numeric(question, item, seed, k)


def _listed(question: Question) -> str:
    return "".join(f", {item.id}" for item in question.items)


def _recall(question: Question, seed: int) -> Dealt:
    return Dealt(
        question=question.id,
        item="recall",
        kind="recall",
        seed=seed,
        rev=question.rev,
        stem=Text(question.zh.prompt, question.en.prompt),
        key=[point.id for point in question.points if point.essential],
        points=question.points,
        worked=Text(question.zh.answer, question.en.answer),
    )
