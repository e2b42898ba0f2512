"""Every item can be dealt: each listed seed is sound as drawn first, fresh seeds find sound numbers."""

from __future__ import annotations

from qbank import dealing
from qbank.content.lint.case import Case
from qbank.domain import Item, QbankError
from qbank.grading import GRADED

FRESH = range(100_001, 100_009)
"""Seeds no file lists, tried on every item with numbers."""


def check(case: Case) -> None:
    """no-grader, deal, unsound, fresh-numbers, repeated-numbers."""
    for n, item in enumerate(case.question.items):
        if item.kind not in GRADED:
            case.say("no-grader", f"{item.id}: items of kind {item.kind} cannot be graded yet", "item", n, "kind")
            continue
        if _listed(case, item, n) and item.solver is not None and not item.keys:
            _fresh(case, item, n)


def _listed(case: Case, item: Item, n: int) -> bool:
    """Whether every listed seed could be dealt at all."""
    seen: dict[str, int] = {}
    for m, seed in enumerate(item.seeds):
        try:
            dealt = dealing.attempt(case.question, item, seed)
        except QbankError as error:
            case.say("deal", str(error), "item", n, "ask")
            return False
        for reason in dealing.unsound(dealt):
            case.say("unsound", f"{item.id}, seed {seed}: {reason}", "item", n, "seeds", m)
        if dealt.inputs:
            other = seen.setdefault(dealt.stem.en, seed)
            if other != seed:
                message = f"{item.id}: the seeds {other} and {seed} show the same numbers"
                case.say("repeated-numbers", message, "item", n, "seeds", m)
    return True


def _fresh(case: Case, item: Item, n: int) -> None:
    for seed in FRESH:
        try:
            dealing.deal(case.question, item.id, seed)
        except QbankError as error:
            case.say("fresh-numbers", str(error), "item", n, "seeds")
            return
