"""What study needs of the bank, and the order in which cards come."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from qbank.domain import FACETS, Dealt, Item


@dataclass(frozen=True, slots=True)
class CardInfo:
    """One card of the bank. ``items`` are those of its facet; a recall card has none."""

    card: str
    question: str
    facet: str
    stars: int
    rev: int
    items: tuple[str, ...]
    topic: str = ""
    """The question's first topic."""
    place: tuple[tuple[int, int | str], ...] = ()
    """Where the question stands in its first source document; see :func:`place_in`."""


class Shelf(Protocol):
    """The bank as study sees it."""

    def cards(self) -> Sequence[CardInfo]: ...
    def item(self, question: str, item: str) -> Item | None: ...
    def was(self) -> Mapping[str, str]: ...
    def deal(self, question: str, item: str, seed: int | None = None) -> Dealt: ...


NEW_ORDERS = ("stars", "topic", "document")
"""Orders of new cards: the most central questions first, topic after topic, or as the documents number them."""


def introduction_order(cards: Sequence[CardInfo], order: str = "stars") -> list[CardInfo]:
    """New cards in one of :data:`NEW_ORDERS`; within a question recall, know, compute, derive, code.

    ``topic`` takes topics by name and stars within one; ``document`` puts questions of no document last.
    """

    def key(card: CardInfo) -> tuple[Any, ...]:
        stars = (-card.stars, card.question, FACETS.index(card.facet))
        if order == "topic":
            return (card.topic, *stars)
        return (not card.place, card.place, *stars) if order == "document" else stars

    return sorted(cards, key=key)


def place_in(doc: str, number: str | None) -> tuple[tuple[int, int | str], ...]:
    """A document's id and a question's number in it as something to sort by: ``16.2`` comes after ``9.10``."""
    words = re.findall(r"\d+|[^\d\W]+", number or "")
    return ((1, doc), *((0, int(word)) if word.isdecimal() else (1, word) for word in words))
