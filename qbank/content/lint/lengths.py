"""What the lengths of a choice item's options give away: over a file's choice items, little."""

from __future__ import annotations

from collections.abc import Callable

from qbank.content.lint.case import Case
from qbank.domain import Item
from qbank.mathtext import markdown, width

SHARE = 3
"""The key is the longest option by itself in at most one of so many items (rounded up), the shortest likewise."""

SLACK = 8
"""So many cells between the key and the next option are never wide."""

_NAMES = {"zh": "Chinese", "en": "English"}

Gap = Callable[[Item, str], tuple[int, int]]


def check(case: Case) -> None:
    """key-longest, key-shortest: who avoids, or seeks, the longest or the shortest option must not gain by it."""
    for lang in ("zh", "en"):
        _held(case, lang, "key-longest", "longest", _longer)
        _held(case, lang, "key-shortest", "shortest", _shorter)


def _held(case: Case, lang: str, rule: str, name: str, gap: Gap) -> None:
    choices = [(n, item) for n, item in enumerate(case.question.items) if item.kind == "choice"]
    alone = []
    for n, item in choices:
        cells, beside = gap(item, lang)
        if cells <= 0:
            continue
        alone.append((n, item.id))
        if cells > max(SLACK, beside // SHARE):
            message = f"{item.id}: the key is the {name} option in {_NAMES[lang]} by {cells} cells: a wide margin"
            case.say(rule, message, "item", n, "option")
    most = -(-len(choices) // SHARE)
    if len(alone) > most:
        names = ", ".join(one for _, one in alone)
        message = f"the key is the {name} option in {_NAMES[lang]} in {len(alone)} of {len(choices)} items: {names}"
        case.say(rule, f"{message}; at most {most}", "item", alone[0][0], "option")


def _longer(item: Item, lang: str) -> tuple[int, int]:
    """By how many cells the key is longer than every other option, and how long the next one is."""
    key, others = widths(item, lang)
    return key - max(others, default=key), max(others, default=0)


def _shorter(item: Item, lang: str) -> tuple[int, int]:
    key, others = widths(item, lang)
    return min(others, default=key) - key, min(others, default=0)


def widths(item: Item, lang: str) -> tuple[int, list[int]]:
    """The width of the key and of the other options as a terminal shows them."""
    shown = [(option.key, width(markdown(option.text[lang], 10_000))) for option in item.options]
    return next((cells for key, cells in shown if key), 0), [cells for key, cells in shown if not key]
