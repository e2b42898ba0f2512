"""The fuzz stays in its bounds, never turns ratings round, and follows from the deal alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbank.domain import RATINGS, CardState
from qbank.scheduling import Days, zone_offset
from qbank.scheduling.fuzz import MOST, bounds, drawn, fuzzed
from qbank.scheduling.state import interval, preview

NOW = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp() * 1000)
DAYS = Days(zone_offset("UTC"), 4)


@pytest.mark.parametrize(
    ("days", "low", "high"),
    [(0, 0, 0), (1, 1, 1), (2, 2, 2), (3, 2, 4), (7, 5, 9), (10, 8, 12), (20, 17, 23), (100, 93, 107),
     (MOST, 34673, MOST)],
)  # fmt: skip
def test_bounds(days: int, low: int, high: int) -> None:
    assert bounds(days) == (low, high)
    reached = {fuzzed(days, n / 10_000) for n in range(10_000)}
    assert (min(reached), max(reached)) == (low, high)
    assert len(reached) == high - low + 1, "every day between is reached"


@given(st.integers(0, MOST), st.integers(0, MOST), st.floats(0, 1))
def test_a_longer_interval_never_becomes_the_shorter_one(one: int, other: int, at: float) -> None:
    short, long = sorted((one, other))
    assert fuzzed(short, at) <= fuzzed(long, at)
    assert bounds(long)[0] <= fuzzed(long, at) <= bounds(long)[1] <= MOST


def test_draws_follow_from_the_seed_and_are_even() -> None:
    draws = [drawn(f"deal {n}") for n in range(4000)]
    assert draws == [drawn(f"deal {n}") for n in range(4000)]
    assert all(0 <= d < 1 for d in draws)
    counts = [sum(n / 10 <= d < (n + 1) / 10 for d in draws) for n in range(10)]
    assert min(counts) > 330
    assert max(counts) < 480


states = st.builds(
    CardState,
    card=st.just("q#know"),
    state=st.just("review"),
    stability=st.floats(0.01, 3000),
    difficulty=st.floats(1, 10),
    due_ms=st.just(NOW),
    last_day=st.integers(20_000, 20_779),
)
relearning = st.builds(
    CardState,
    card=st.just("q#know"),
    state=st.just("relearning"),
    step=st.just(0),
    stability=st.floats(0.01, 3),
    difficulty=st.floats(1, 10),
    due_ms=st.just(NOW),
    last_day=st.just(20_779),
)
ROLLOVER = 16 * 3_600_000
"""From NOW to the next study day: just before it a day is shorter than a step of minutes."""
ODD = (40.0, 30.0, 20.0, 10.0, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796, 1.4835, 0.0614, 0.2629,
       1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542)  # fmt: skip
"""Weights by which a new card's Hard is longer than its Good, and Good than Easy."""


@given(
    st.one_of(states, relearning, st.just(CardState("q#know"))),
    st.one_of(st.integers(0, 86_400_000 - 1), st.integers(ROLLOVER - 900_000, ROLLOVER - 1)),
    st.text(max_size=8),
    st.sampled_from([None, ODD]),
    st.floats(0.7, 0.97),
)
def test_hard_good_easy_stay_in_order_and_in_bounds(state, ms, seed, weights, retention) -> None:
    at = NOW + ms
    gaps = preview(state, at, DAYS, weights, retention, fuzz=seed)
    assert gaps == preview(state, at, DAYS, weights, retention, fuzz=seed)
    hard, good, easy = (gaps[rating] for rating in RATINGS[1:])
    assert hard.days <= good.days <= easy.days
    assert 0 < hard.ms <= good.ms <= easy.ms
    if weights is None:
        for rating in RATINGS:
            low, high = bounds(interval(state, rating, at, DAYS, weights, retention).days)
            assert low <= gaps[rating].days <= high


def test_without_a_seed_nothing_is_spread() -> None:
    state = CardState("q#know", "review", None, 50.0, 5.0, NOW, NOW, 20_000)
    plain = preview(state, NOW, DAYS)
    assert {r: g.days for r, g in plain.items()} == {r: interval(state, r, NOW, DAYS).days for r in RATINGS}
    assert len({preview(state, NOW, DAYS, fuzz=f"d{n}")["good"].days for n in range(60)}) > 10


def test_steps_of_minutes_are_never_spread() -> None:
    gaps = preview(CardState("q#know"), NOW, DAYS, fuzz="any")
    assert [gaps[r].ms for r in RATINGS[:3]] == [60_000, 330_000, 600_000]
