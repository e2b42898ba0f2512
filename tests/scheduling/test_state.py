from __future__ import annotations

import pytest

from qbank.domain import RATINGS, CardState
from qbank.scheduling import Days, interval, preview
from qbank.scheduling.state import checked_weights, retrievability, reviewed

DAY = 86_400_000
UTC4 = Days(lambda at: 0, 4)
START = 1_669_725_000_000  # 2022-11-29 12:30 UTC


def review(state: CardState, rating: int, at: int, days: Days = UTC4, **kw) -> tuple[CardState, int]:
    name = RATINGS[rating - 1]
    gap = interval(state, name, at, days, **kw)
    weights = kw.get("weights")
    after = reviewed(state, name, at_ms=at, day=days.day(at), interval_ms=gap.ms, weights=weights)
    return after, gap.days


def test_reference_intervals_of_fsrs_6():
    state, at, gaps = CardState("q#know"), START, []
    for rating in [3] * 6 + [1] * 2 + [3] * 5:
        state, days = review(state, rating, at)
        gaps.append(days)
        at = state.due_ms
    assert gaps == [0, 2, 11, 46, 163, 498, 0, 0, 2, 4, 7, 12, 21]


def test_reference_memory_state_of_fsrs_6():
    state, at = CardState("q#know"), START
    for rating, after in zip([1, 3, 3, 3, 3, 3], [0, 0, 1, 3, 8, 21], strict=True):
        at += after * DAY
        state, _ = review(state, rating, at)
    assert state.stability == pytest.approx(53.62691, rel=1e-5)
    assert state.difficulty == pytest.approx(6.3574867, rel=1e-5)
    assert (state.reps, state.state) == (6, "review")


def test_elapsed_time_is_counted_in_study_days_not_in_24_hours():
    evening, morning = UTC4.start(19_400) + 19 * 3_600_000, UTC4.start(19_401) + 3_600_000
    state = CardState("c", "review", stability=5.0, difficulty=5.0, due_ms=0, last_ms=evening, last_day=19_400)
    next_day, _ = review(state, 3, morning)
    same_day, _ = review(state, 3, evening + 3_600_000)
    a_full_day, _ = review(state, 3, evening + DAY)
    assert next_day.stability == a_full_day.stability != same_day.stability


def test_elapsed_time_is_never_negative():
    state = CardState("c", "review", stability=5.0, difficulty=5.0, due_ms=0, last_ms=START, last_day=UTC4.day(START))
    back, gap = review(state, 3, START - 400 * DAY)
    same_day, _ = review(state, 3, START)
    assert back.stability == same_day.stability
    assert gap >= 1


def test_a_day_interval_ends_where_that_study_day_begins():
    state = CardState("c", "review", stability=5.0, difficulty=5.0, due_ms=0, last_ms=0, last_day=UTC4.day(START) - 5)
    gap = interval(state, "good", START, UTC4)
    assert START + gap.ms == UTC4.start(UTC4.day(START) + gap.days)


def test_the_chosen_interval_decides_when_the_card_is_due():
    after = reviewed(CardState("c"), "good", at_ms=START, day=1, interval_ms=123)
    assert after.due_ms == START + 123
    assert reviewed(CardState("c"), "good", at_ms=START, day=1, interval_ms=None).due_ms == START + 600_000


def test_a_better_rating_never_comes_back_sooner():
    state = CardState("c", "review", stability=5.0, difficulty=5.0, due_ms=0, last_ms=0, last_day=UTC4.day(START) - 5)
    gaps = [gap.ms for gap in preview(state, START, UTC4).values()]
    assert gaps == sorted(gaps)
    assert len(set(gaps)) == 4


def test_a_higher_retention_comes_back_sooner():
    state = CardState("c", "review", stability=50.0, difficulty=5.0, due_ms=0, last_ms=0, last_day=UTC4.day(START) - 50)
    low, high = (interval(state, "good", START, UTC4, retention=r).days for r in (0.8, 0.95))
    assert high < low


def test_lapses_count_forgotten_cards_only():
    new = reviewed(CardState("c"), "again", at_ms=0, day=0, interval_ms=0)
    known = reviewed(
        CardState("c", "review", stability=5.0, difficulty=5.0, due_ms=0, last_day=0),
        "again",
        at_ms=9,
        day=9,
        interval_ms=0,
    )
    assert (new.lapses, known.lapses) == (0, 1)
    assert known.state == "relearning"


def test_weights_are_checked():
    import fsrs

    good = list(fsrs.Scheduler().parameters)
    assert checked_weights(good) == tuple(good)
    for bad in (
        None,
        "x" * 21,
        good[:-1],
        [*good, 1.0],
        [float("nan"), *good[1:]],
        [1e9, *good[1:]],
        [True, *good[1:]],
    ):
        assert checked_weights(bad) is None


def test_other_weights_give_another_memory():
    import fsrs

    weights = (0.5, *fsrs.Scheduler().parameters[1:])
    ours = reviewed(CardState("c"), "again", at_ms=0, day=0, interval_ms=0, weights=weights)
    assert ours.stability == 0.5


def test_retrievability_falls_from_one():
    state = CardState("c", "review", stability=10.0, difficulty=5.0, due_ms=0, last_ms=0, last_day=100)
    assert retrievability(state, 100) == 1.0
    assert retrievability(state, 110) == pytest.approx(0.9)
    assert retrievability(state, 50) == 1.0
    assert retrievability(CardState("c"), 100) is None
