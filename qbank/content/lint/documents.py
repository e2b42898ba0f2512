"""What a bundled question owes to document 000, whose numbers it cites: enough items, and facts of those numbers."""

from __future__ import annotations

import re

from qbank.content.lint.case import Case

NUMBERED = "000"
"""The document whose questions are numbered: without a dot a question, with dots its sub-questions."""

ITEMS, FACETS, SUB_ITEMS = 6, 3, 3

_FACT = re.compile(r"q0*(?P<number>\d+(?:\.\d+)*)\.f\d+")


def check(case: Case) -> None:
    """too-few-items, fact-twice, fact-source."""
    if not case.bundled:
        return
    numbers = [source.number for source in case.question.sources if source.doc == NUMBERED and source.number]
    if any("." not in number for number in numbers):
        _numbered(case)
    elif numbers and len(case.question.items) < SUB_ITEMS:
        got = len(case.question.items)
        case.say("too-few-items", f"a sub-question has at least {SUB_ITEMS} items; got {got}", "item", 0)
    seen: set[str] = set()
    for n, fact in enumerate(case.question.facts):
        if fact.id in seen:
            case.say("fact-twice", f"'{fact.id}' stands twice in this file", "fact", n, "id")
        seen.add(fact.id)
        found = _FACT.fullmatch(fact.id)
        if found and not any(f"{found['number']}.".startswith(f"{number}.") for number in numbers):
            cited = ", ".join(numbers) or "none"
            message = f"'{fact.id}' belongs to number {found['number']}, which this file does not cite ({cited})"
            case.say("fact-source", message, "fact", n, "id")


def _numbered(case: Case) -> None:
    items = case.question.items
    if len(items) < ITEMS:
        case.say("too-few-items", f"a numbered question has at least {ITEMS} items; got {len(items)}", "item", 0)
    facets = sorted({item.facet for item in items})
    if len(facets) < FACETS:
        got = ", ".join(facets) or "none"
        message = f"the items of a numbered question have at least {FACETS} facets beside recall; got {got}"
        case.say("too-few-items", message, "item", 0)
    fresh = sum(item.solver is not None and item.kind != "formula" for item in items)
    if 2 * fresh < len(items):
        message = f"at least half of a numbered question's items have fresh numbers; got {fresh} of {len(items)}"
        case.say("too-few-items", message, "item", 0)
