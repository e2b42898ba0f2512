"""One card: what a review does to it. FSRS-6 in whole study days, never fewer than none since the last review."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qbank.domain import RATINGS, CardState, Rating
from qbank.scheduling.days import DAY_MS, Days
from qbank.scheduling.fsrs6 import LOWER, MOST_DAYS, UPPER, Memory, model
from qbank.scheduling.fuzz import drawn, fuzzed
from qbank.scheduling.steps import DEFAULT, Steps

SCHEDULER = "fsrs 6 (qbank)"
"""What computes an interval, for the log."""
_NUMBERS = {rating: number for number, rating in enumerate(RATINGS, start=1)}

Weights = tuple[float, ...]
"""The 21 weights of FSRS-6."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The gap to the next review: whole study days, or (days 0) the minutes of a learning step."""

    days: int
    ms: int
    """Milliseconds from the review to the moment the card is due."""


def checked_weights(raw: object) -> Weights | None:
    """Weights that FSRS-6 accepts, or None."""
    if not isinstance(raw, Sequence) or isinstance(raw, str | bytes) or len(raw) != len(LOWER):
        return None
    if not all(isinstance(w, int | float) and not isinstance(w, bool) and math.isfinite(w) for w in raw):
        return None
    weights = tuple(float(w) for w in raw)
    return weights if all(low <= w <= high for low, w, high in zip(LOWER, weights, UPPER, strict=True)) else None


def _review(
    state: CardState, rating: Rating, day: int, weights: Weights | None, retention: float, steps: Steps
) -> tuple[Memory, int]:
    """The memory after a review on a study day, and the interval in milliseconds that FSRS gives it."""
    elapsed = 0 if state.last_day is None else min(max(0, day - state.last_day), MOST_DAYS)
    fsrs = model(weights)
    after = fsrs.after(state.state, state.step, state.stability, state.difficulty, _NUMBERS[rating], elapsed, steps)
    wait = after.wait_ms
    return after, fsrs.days(after.stability, retention) * DAY_MS if wait is None else wait


def interval(
    state: CardState,
    rating: Rating,
    at_ms: int,
    days: Days,
    weights: Weights | None = None,
    retention: float = 0.9,
    steps: Steps = DEFAULT,
) -> Interval:
    """The interval that FSRS gives a rating now. Whole days end where that study day begins."""
    day = days.day(at_ms)
    _, gap = _review(state, rating, day, weights, retention, steps)
    return _whole(gap // DAY_MS, day, at_ms, days) if gap >= DAY_MS else Interval(0, gap)


def _whole(count: int, day: int, at_ms: int, days: Days) -> Interval:
    return Interval(count, days.start(day + count) - at_ms)


def preview(
    state: CardState,
    at_ms: int,
    days: Days,
    weights: Weights | None = None,
    retention: float = 0.9,
    fuzz: str | None = None,
    steps: Steps = DEFAULT,
) -> dict[Rating, Interval]:
    """The four intervals, one a rating: Hard is never longer than Good, Good never longer than Easy.

    :param fuzz: spreads intervals of days by a number drawn from this text (the deal's id); None: as FSRS gives them.
    """
    day, at = days.day(at_ms), None if fuzz is None else drawn(fuzz)
    gaps: dict[Rating, Interval] = {}
    for rating in RATINGS:
        _, gap = _review(state, rating, day, weights, retention, steps)
        count = gap // DAY_MS
        if count and at is not None:
            count = fuzzed(count, at)
        gaps[rating] = _whole(count, day, at_ms, days) if count else Interval(0, gap)
    least = gaps["hard"]
    for rating in RATINGS[2:]:  # fitted weights and a rollover that is near can turn the order round
        least = Interval(max(least.days, gaps[rating].days), max(least.ms, gaps[rating].ms))
        gaps[rating] = least
    return gaps


def reviewed(
    state: CardState,
    rating: Rating,
    *,
    at_ms: int,
    day: int,
    interval_ms: int | None,
    weights: Weights | None = None,
    steps: Steps = DEFAULT,
) -> CardState:
    """The state after a review. The interval is the one chosen then; without one FSRS's own is taken."""
    after, gap = _review(state, rating, day, weights, 0.9, steps)
    gap_ms = gap if interval_ms is None else interval_ms
    lapsed = rating == "again" and state.state == "review"
    return replace(
        state,
        state=after.phase,
        step=after.step,
        stability=after.stability,
        difficulty=after.difficulty,
        due_ms=at_ms + gap_ms,
        last_ms=at_ms,
        last_day=day,
        reps=state.reps + 1,
        lapses=state.lapses + lapsed,
    )


def retrievability(state: CardState, day: int, weights: Weights | None = None) -> float | None:
    """The predicted probability of recall on a study day; None for a card never reviewed."""
    if state.stability is None or state.last_day is None:
        return None
    return mean_retrievability([(day - state.last_day, state.stability)], weights)


def mean_retrievability(cards: Sequence[tuple[int, float]], weights: Weights | None = None) -> float | None:
    """The mean recall of cards, each as (whole days since its last review, stability in days); None for no card."""
    factor, exponent = model(weights).factor, model(weights).decay
    told = [(1 + factor * (days if days > 0 else 0) / stability) ** exponent for days, stability in cards]
    return sum(told) / len(told) if told else None


__all__ = [
    "DAY_MS",
    "SCHEDULER",
    "Interval",
    "Weights",
    "checked_weights",
    "interval",
    "mean_retrievability",
    "preview",
    "retrievability",
    "reviewed",
]
