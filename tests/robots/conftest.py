"""The robots' seats: every item of the bank, dealt on fresh seeds. A few a test in ``make test``, 200 in ``make soak``.

A test takes its seats by the names of its arguments: ``numeric``, ``worded`` and ``formula`` are one item each,
``count`` says how many deals, ``seats`` gives all items of a kind, ``luck`` what chance explains.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from qbank import dealing
from qbank.content.read import load_folder
from qbank.domain import Dealt, Item, Question

BANK = Path(__file__).parents[2] / "data" / "questions"
QUESTIONS = {question.id: question for question in load_folder(BANK).questions}
FRESH = 500_001
"""The first fresh seed: no file lists it."""

SAMPLE, ALL = 6, 200
LUCK = 3.0
"""Standard deviations above chance that count as luck."""


@dataclass(frozen=True, slots=True, repr=False)
class Seat:
    """One item of the bank."""

    question: Question
    item: Item

    def __str__(self) -> str:
        return f"{self.question.id}-{self.item.id}"

    def deals(self, count: int) -> tuple[Dealt, ...]:
        """Fresh deals; of an item with precomputed keys, those that a learner is dealt."""
        return _deals(self.question.id, self.item.id, count)


@cache
def _deals(question: str, item: str, count: int) -> tuple[Dealt, ...]:
    one = QUESTIONS[question].item(item)
    assert one is not None
    seeds = [int(seed) for seed in one.keys][:count] or range(FRESH, FRESH + count)
    return tuple(dealing.deal(QUESTIONS[question], item, seed) for seed in seeds)


SEATS = [Seat(question, item) for question in QUESTIONS.values() for item in question.items]
GROUPS: dict[str, Callable[[Item], bool]] = {
    "numeric": lambda item: item.solver is not None and item.kind != "formula",
    "worded": lambda item: item.solver is None and item.kind != "formula",
    "formula": lambda item: item.kind == "formula",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, belongs in GROUPS.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, [seat for seat in SEATS if belongs(seat.item)], ids=str)
    if "count" in metafunc.fixturenames:
        every = pytest.param(ALL, id="all", marks=pytest.mark.soak)
        metafunc.parametrize("count", [pytest.param(SAMPLE, id="sample"), every])


@pytest.fixture
def seats() -> Callable[[str], Iterator[Seat]]:
    """``seats(kind)``: every item of a kind."""
    return lambda kind: (seat for seat in SEATS if seat.item.kind == kind)


@pytest.fixture
def luck() -> Callable[[float, float], float]:
    """``luck(chance, trials)``: the most hits that chance still explains."""
    return lambda chance, trials: chance * trials + LUCK * math.sqrt(trials * chance * (1 - chance))
