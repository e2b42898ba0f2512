"""What study needs of the bank, and the order in which cards come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from qbank.domain import FACETS, Dealt, Question


@dataclass(frozen=True, slots=True)
class CardInfo:
    """One card of the bank. ``items`` are those of its facet; a recall card has none."""

    card: str
    question: str
    facet: str
    stars: int
    rev: int
    items: tuple[str, ...]


class Shelf(Protocol):
    """The bank as study sees it."""

    def cards(self) -> Sequence[CardInfo]: ...
    def question(self, id: str) -> Question: ...
    def was(self) -> Mapping[str, str]: ...
    def deal(self, question: str, item: str, seed: int | None = None) -> Dealt: ...


def introduction_order(cards: Sequence[CardInfo]) -> list[CardInfo]:
    """New cards: questions by stars, then by id; within one recall, know, compute, derive, code."""
    return sorted(cards, key=lambda c: (-c.stars, c.question, FACETS.index(c.facet)))
