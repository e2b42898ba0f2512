"""A formula item's key against its solver."""

from __future__ import annotations

from qbank import dealing
from qbank.content.lint.case import Case
from qbank.domain import QbankError


def check(case: Case) -> None:
    """formula-solver: on the solver's own numbers the key gives what the item asks for."""
    for n, item in enumerate(case.question.items):
        if item.kind != "formula" or item.solver is None:
            continue
        try:
            reason = dealing.unconfirmed(case.question, item)
        except QbankError as error:
            reason = str(error)
        if reason is not None:
            case.say("formula-solver", f"{item.id}: {reason}", "item", n, "key")
