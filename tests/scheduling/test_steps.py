from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbank.domain import RATINGS, CardState, Event
from qbank.scheduling import Days, replay, steps
from qbank.scheduling.state import interval, preview, reviewed
from qbank.scheduling.steps import Steps

UTC4 = Days(lambda at: 0, 4)
START = 1_669_725_000_000
MINUTE = 60_000

sound = st.lists(st.integers(1, steps.LONGEST), max_size=steps.MOST).map(lambda found: tuple(sorted(found)))


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        ("1m 10m", (60, 600)),
        ("30s,5m, 1H", (30, 300, 3600)),
        (" 10m ", (600,)),
        ("10m 10m", (600, 600)),
        ("23h", (82_800,)),
        ("off", ()),
        (" OFF ", ()),
    ],
)
def test_steps_as_a_person_types_them(typed, seconds):
    assert steps.read(typed) == seconds


@pytest.mark.parametrize(
    "typed", ["", "10", "m", "1d", "24h", "0m", "10m 1m", "-1m", "1.5m", "１m", "1m off", "1m " * 11, "99999h", "1m;2m"]
)
def test_what_cannot_be_steps_is_refused(typed):
    with pytest.raises(ValueError):
        steps.read(typed)


@given(sound)
def test_what_is_printed_is_read_back(seconds):
    assert steps.read(steps.told(seconds)) == seconds


@given(sound, sound)
def test_what_a_review_holds_is_read_back(learning, relearning):
    told = Steps(learning, relearning)
    assert steps.logged(steps.as_data(told)) == told


@pytest.mark.parametrize(
    "raw",
    [None, [], "1m", [[60]], [[60], 600], [[60], ["600"]], [[600, 60], []], [[True], []], [[0], []], [[60], [1e9]]],
)
def test_a_review_without_sound_steps_took_the_default(raw):
    assert steps.logged(raw) == steps.DEFAULT


def review(state: CardState, rating: str, given_steps: Steps) -> CardState:
    gap = interval(state, rating, START, UTC4, steps=given_steps)
    return reviewed(state, rating, at_ms=START, day=UTC4.day(START), interval_ms=gap.ms, steps=given_steps)


def test_a_new_card_walks_the_learning_steps_then_counts_in_days():
    three = Steps((120, 300, 3600), ())
    state, waits = CardState("q#know"), []
    for _ in range(3):
        state = review(state, "good", three)
        waits.append((state.due_ms - START) // MINUTE)
        assert state.state == ("review" if len(waits) == 3 else "learning")
    assert waits[:2] == [5, 60]
    assert waits[2] > 600


def test_without_learning_steps_the_first_answer_counts_in_days():
    none = Steps((), ())
    for rating in RATINGS:
        after = review(CardState("q#know"), rating, none)
        assert after.state == "review"
        assert after.due_ms - START > 300 * MINUTE


def test_a_forgotten_card_walks_the_relearning_steps():
    held = CardState("q#know", "review", stability=50.0, difficulty=5.0, due_ms=0, last_ms=0, last_day=0)
    once = review(held, "again", Steps((60,), (1200, 2400)))
    assert (once.state, once.due_ms - START) == ("relearning", 20 * MINUTE)
    twice = review(once, "good", Steps((60,), (1200, 2400)))
    assert (twice.state, twice.due_ms - START) == ("relearning", 40 * MINUTE)
    assert review(twice, "good", Steps((60,), (1200, 2400))).state == "review"
    assert review(held, "again", Steps((60,), ())).state == "review"


@given(sound, sound, st.lists(st.sampled_from(RATINGS), max_size=6), sound)
def test_better_ratings_never_come_back_sooner_and_steps_may_change_under_way(learning, relearning, ratings, later):
    state = CardState("q#know")
    for rating in ratings:
        state = review(state, rating, Steps(learning, relearning))
    gaps = preview(state, START, UTC4, steps=Steps(later, later))
    assert gaps["hard"].ms <= gaps["good"].ms <= gaps["easy"].ms
    assert all(gap.ms > 0 for gap in gaps.values())


def test_replay_takes_the_steps_that_stood_in_the_review():
    def event(number: int, rating: str, held: object) -> Event:
        data = {"card": "q#know", "rating": rating, "day": 19_000, "interval_ms": 1000, "steps": held}
        return Event(f"{number:032}", START + number, 0, "me", "review", data)

    long = replay([event(1, "good", [[60, 600, 3600], []]), event(2, "good", [[60, 600, 3600], []])])
    short = replay([event(1, "good", [[60, 600], []]), event(2, "good", None)])
    assert (long["q#know"].state, long["q#know"].step) == ("learning", 2)
    assert short["q#know"].state == "review"
