"""FSRS-6: what a review does to a memory. Plain floats, in the order in which ``fsrs`` computes them.

``fsrs`` builds dates and cards around the same numbers, which takes ten times as long: replaying a log and showing four
intervals felt it. The tests hold every number to the library's, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from qbank.scheduling.steps import Steps

DEFAULTS = (
    0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796, 1.4835, 0.0614, 0.2629,
    1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542,
)  # fmt: skip
LOWER = (*(0.001,) * 4, 1.0, 0.001, 0.001, 0.001, 0.0, 0.0, *(0.001,) * 4, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.1)
UPPER = (*(100.0,) * 4, 10.0, 4.0, 4.0, 0.75, 4.5, 0.8, 3.5, 5.0, 0.25, 0.9, 4.0, 1.0, 6.0, 2.0, 2.0, 0.8, 0.8)
"""The weights that every learner begins with, and the least and the largest that each may be."""

MOST_DAYS = 36_500
_LEAST = 0.001

Phase = Literal["learning", "review", "relearning"]


class Memory(NamedTuple):
    """A card after a review. ``wait_ms``: of a step; None: as many days as :meth:`Model.days` says."""

    phase: Phase
    step: int | None
    stability: float
    difficulty: float
    wait_ms: int | None


class Model:
    """One set of weights, and what follows from it alone."""

    def __init__(self, weights: Sequence[float]) -> None:
        self.weights = w = tuple(weights)
        self.decay = -w[20]
        self.factor = 0.9 ** (1 / self.decay) - 1
        self._begin = tuple(_hard(w[4] - math.e ** (w[5] * k) + 1) for k in range(4))
        self._easiest = w[4] - math.e ** (w[5] * 3) + 1
        self._gain = math.e ** w[8]
        self._short = tuple(math.e ** (w[17] * (rating - 3 + w[18])) for rating in range(1, 5))
        self._drop = math.e ** (w[17] * w[18])

    def recall(self, elapsed: int, stability: float) -> float:
        """The chance of recall after so many days."""
        return (1 + self.factor * elapsed / stability) ** self.decay  # type: ignore[no-any-return]

    def days(self, stability: float, retention: float) -> int:
        """After how many days the chance of recall has fallen so far."""
        exact: float = (stability / self.factor) * ((retention ** (1 / self.decay)) - 1)
        return min(max(round(exact), 1), MOST_DAYS)

    def after(
        self,
        phase: str,
        step: int | None,
        stability: float | None,
        difficulty: float | None,
        rating: int,
        elapsed: int,
        steps: Steps,
    ) -> Memory:
        """A review of a card in a phase (``new`` is one).

        :param rating: 1 (again) to 4 (easy). :param elapsed: whole days since the last review.
        """
        if stability is None or difficulty is None:
            s, d = max(self.weights[rating - 1], _LEAST), self._begin[rating - 1]
        else:
            s, d = self._stability(stability, difficulty, rating, elapsed), self._difficulty(difficulty, rating)
        if phase == "review":
            if rating == 1 and steps.relearning:
                return Memory("relearning", 0, s, d, steps.relearning[0] * 1000)
            return Memory("review", None, s, d, None)
        if phase == "relearning":
            return _stepped("relearning", step or 0, s, d, rating, steps.relearning)
        return _stepped("learning", step or 0, s, d, rating, steps.learning)

    def _stability(self, s: float, d: float, rating: int, elapsed: int) -> float:
        w = self.weights
        if elapsed < 1:
            grown = self._short[rating - 1] * (s ** -w[19])
            return max(s * (max(grown, 1.0) if rating > 1 else grown), _LEAST)  # type: ignore[no-any-return]
        recall = self.recall(elapsed, s)
        if rating == 1:
            kept = w[11] * (d ** -w[12]) * (((s + 1) ** w[13]) - 1) * (math.e ** ((1 - recall) * w[14]))
            return max(min(kept, s / self._drop), _LEAST)  # type: ignore[no-any-return]
        gain = self._gain * (11 - d) * (s ** -w[9]) * ((math.e ** ((1 - recall) * w[10])) - 1)
        if rating == 2:
            gain *= w[15]
        elif rating == 4:
            gain *= w[16]
        return max(s * (1 + gain), _LEAST)  # type: ignore[no-any-return]

    def _difficulty(self, d: float, rating: int) -> float:
        w = self.weights
        moved = d + (10.0 - d) * -(w[6] * (rating - 3)) / 9.0
        return _hard(w[7] * self._easiest + (1 - w[7]) * moved)


def _hard(difficulty: float) -> float:
    return min(max(difficulty, 1.0), 10.0)


def _stepped(phase: Phase, step: int, s: float, d: float, rating: int, steps: tuple[int, ...]) -> Memory:
    """Again starts the steps anew, Hard stays (halfway to the next from the first), Good goes on, Easy leaves."""
    if not steps or rating == 4 or (rating > 1 and step >= len(steps)) or (rating == 3 and step + 1 == len(steps)):
        return Memory("review", None, s, d, None)
    if rating == 1:
        return Memory(phase, 0, s, d, steps[0] * 1000)
    if rating == 3:
        return Memory(phase, step + 1, s, d, steps[step + 1] * 1000)
    if step == 0:
        return Memory(phase, 0, s, d, steps[0] * 1500 if len(steps) == 1 else (steps[0] + steps[1]) * 500)
    return Memory(phase, step, s, d, steps[step] * 1000)


@lru_cache(maxsize=8)
def model(weights: tuple[float, ...] | None) -> Model:
    """The model of a set of weights; None: the defaults."""
    return Model(DEFAULTS if weights is None else weights)
