"""One card: what a review does to it. FSRS-6 through ``fsrs``, with day arithmetic of our own.

``fsrs`` cuts elapsed time into blocks of 24 hours and takes reviews from before the last one. It is therefore handed
made-up moments that are whole study days apart, never fewer than none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

from qbank.domain import RATINGS, CardState, Rating
from qbank.scheduling.days import DAY_MS, Days
from qbank.scheduling.fuzz import drawn, fuzzed
from qbank.scheduling.steps import DEFAULT, Steps

if TYPE_CHECKING:
    import fsrs

_START = datetime(2000, 1, 1, tzinfo=UTC)
_MOST_DAYS = 36_500
_NAMES: Mapping[int, Literal["learning", "review", "relearning"]] = {1: "learning", 2: "review", 3: "relearning"}
_NUMBERS: Mapping[str, int] = {name: number for number, name in _NAMES.items()}

Weights = tuple[float, ...]
"""The 21 weights of FSRS-6."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The gap to the next review: whole study days, or (days 0) the minutes of a learning step."""

    days: int
    ms: int
    """Milliseconds from the review to the moment the card is due."""


@cache
def scheduler_version() -> str:
    """What computed an interval, for the log."""
    return f"fsrs {version('fsrs')}"


@lru_cache(maxsize=8)
def _scheduler(weights: Weights | None, retention: float, steps: Steps = DEFAULT) -> fsrs.Scheduler:
    import fsrs
    from fsrs.scheduler import DEFAULT_PARAMETERS

    return fsrs.Scheduler(
        DEFAULT_PARAMETERS if weights is None else weights,
        desired_retention=retention,
        learning_steps=[timedelta(seconds=s) for s in steps.learning],
        relearning_steps=[timedelta(seconds=s) for s in steps.relearning],
        enable_fuzzing=False,
    )


def checked_weights(raw: object) -> Weights | None:
    """Weights that FSRS-6 accepts, or None."""
    if not isinstance(raw, Sequence) or isinstance(raw, str | bytes) or len(raw) != 21:
        return None
    if not all(isinstance(w, int | float) and not isinstance(w, bool) and math.isfinite(w) for w in raw):
        return None
    weights = tuple(float(w) for w in raw)
    try:
        _scheduler(weights, 0.9)
    except ValueError:
        return None
    return weights


def _review(
    state: CardState, rating: Rating, day: int, weights: Weights | None, retention: float, steps: Steps
) -> tuple[fsrs.Card, timedelta]:
    """The card after a review on a study day, and the interval that FSRS gives it."""
    elapsed = 0 if state.last_day is None else min(max(0, day - state.last_day), _MOST_DAYS)
    return _step(state.state, state.step, state.stability, state.difficulty, rating, elapsed, weights, retention, steps)


@lru_cache(maxsize=64)
def _step(
    name: str,
    step: int | None,
    stability: float | None,
    difficulty: float | None,
    rating: Rating,
    elapsed: int,
    weights: Weights | None,
    retention: float,
    steps: Steps,
) -> tuple[fsrs.Card, timedelta]:
    """Kept for a moment: what a preview worked out is asked again when the answer is written. Not to be changed."""
    import fsrs

    new = name == "new"
    card = fsrs.Card(
        card_id=0,
        state=fsrs.State(1 if new else _NUMBERS[name]),
        step=None if new else step,
        stability=stability,
        difficulty=difficulty,
        due=_START,
        last_review=None if new else _START,
    )
    now = _START + timedelta(days=elapsed)
    after, _ = _scheduler(weights, retention, steps).review_card(card, fsrs.Rating(RATINGS.index(rating) + 1), now)
    return after, after.due - now


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
    if gap.days == 0:
        return Interval(0, round(gap.total_seconds() * 1000))
    return _whole(gap.days, at_ms, days)


def _whole(count: int, at_ms: int, days: Days) -> Interval:
    return Interval(count, days.start(days.day(at_ms) + count) - at_ms)


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
    gaps = {rating: interval(state, rating, at_ms, days, weights, retention, steps) for rating in RATINGS}
    if fuzz is not None:
        at = drawn(fuzz)
        gaps = {r: _whole(fuzzed(g.days, at), at_ms, days) if g.days else g for r, g in gaps.items()}
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
    gap_ms = round(gap.total_seconds() * 1000) if interval_ms is None else interval_ms
    lapsed = rating == "again" and state.state == "review"
    return replace(
        state,
        state=_NAMES[int(after.state)],
        step=after.step,
        stability=after.stability,
        difficulty=after.difficulty,
        due_ms=at_ms + gap_ms,
        last_ms=at_ms,
        last_day=day,
        reps=state.reps + 1,
        lapses=state.lapses + lapsed,
    )


@lru_cache(maxsize=8)
def _curve(weights: Weights | None) -> tuple[float, float]:
    """Factor and exponent of the forgetting curve (1 + factor days / stability)^exponent."""
    from fsrs.scheduler import DEFAULT_PARAMETERS

    exponent = -(weights or DEFAULT_PARAMETERS)[20]
    return 0.9 ** (1 / exponent) - 1, exponent


def retrievability(state: CardState, day: int, weights: Weights | None = None) -> float | None:
    """The predicted probability of recall on a study day; None for a card never reviewed."""
    if state.stability is None or state.last_day is None:
        return None
    return mean_retrievability([(day - state.last_day, state.stability)], weights)


def mean_retrievability(cards: Sequence[tuple[int, float]], weights: Weights | None = None) -> float | None:
    """The mean recall of cards, each as (whole days since its last review, stability in days); None for no card."""
    factor, exponent = _curve(weights)
    told = [(1 + factor * (days if days > 0 else 0) / stability) ** exponent for days, stability in cards]
    return sum(told) / len(told) if told else None


__all__ = [
    "DAY_MS",
    "Interval",
    "Weights",
    "checked_weights",
    "interval",
    "mean_retrievability",
    "preview",
    "retrievability",
    "reviewed",
    "scheduler_version",
]
