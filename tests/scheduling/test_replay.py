"""What each event does, what stands, and that the order of arrival never matters."""

from __future__ import annotations

import itertools
import random

import pytest

from qbank.domain import Event
from qbank.scheduling import replay
from qbank.scheduling.learners import roots
from qbank.scheduling.names import former, present

DAY = 86_400_000
_ids = itertools.count(1)


def event(kind: str, at: int, *, uuid: str | None = None, learner: str = "me", **data: object) -> Event:
    return Event(uuid or f"u{next(_ids):06d}", at, 0, learner, kind, data)


def review(at_day: int, rating: str = "good", card: str = "q#know", **data: object) -> Event:
    values = {"card": card, "rating": rating, "day": at_day, "interval_ms": DAY, **data}
    return event("review", at_day * DAY, **values)  # type: ignore[arg-type]


def one(*events: Event, card: str = "q#know"):
    return replay(events).get(card)


def test_a_review_schedules():
    state = one(review(10))
    assert (state.state, state.reps, state.due_ms, state.last_day) == ("learning", 1, 11 * DAY, 10)


def test_practice_and_unknown_kinds_change_nothing():
    assert one(event("practice", 1, card="q#know", rating="good", day=1), event("from-2031", 2, card="q#know")) is None
    first = review(10)
    assert one(first, event("practice", 99 * DAY, card="q#know", day=99)) == one(first)


def test_suspend_bury_and_leech_are_flags():
    first = review(10)
    state = one(first, event("suspend", 11 * DAY, card="q#know"), event("leech", 11 * DAY, card="q#know"))
    assert state.suspended
    assert state.leech
    later = one(
        first,
        event("suspend", 11 * DAY, card="q#know"),
        event("leech", 11 * DAY, card="q#know"),
        event("resume", 12 * DAY, card="q#know"),
        event("unleech", 12 * DAY, card="q#know"),
        event("bury", 12 * DAY, card="q#know", day=12),
    )
    assert (later.suspended, later.leech, later.buried_day, later.due_ms) == (False, False, 12, 11 * DAY)


def test_reset_makes_a_card_new_but_not_awake():
    state = one(review(10), event("suspend", 11 * DAY, card="q#know"), event("reset", 12 * DAY, card="q#know"))
    assert (state.state, state.due_ms, state.reps, state.stability, state.suspended) == ("new", None, 0, None, True)


def test_reschedule_moves_the_due_date_until_the_next_review():
    first, moved = review(10), event("reschedule", 10 * DAY + 5, card="q#know", due_ms=77 * DAY)
    assert one(first, moved).due_ms == 77 * DAY
    assert one(first, moved).stability == one(first).stability
    assert one(first, moved, review(77)).due_ms == 78 * DAY


def test_rescheduling_a_new_card_leaves_it_new():
    assert one(event("reschedule", 1, card="q#know", due_ms=5)).due_ms is None


def test_an_undone_event_never_was_whichever_is_read_first():
    first, second = review(10), review(11, "again")
    back = event("undo", 5, event=second.uuid)  # by a clock that was set back
    assert one(first, second, back) == one(first) == one(back, second, first)


def test_an_undo_is_never_undone():
    first, second = review(10), review(11, "again")
    back = event("undo", 11 * DAY + 1, event=second.uuid)
    assert one(first, second, back, event("undo", 11 * DAY + 2, event=back.uuid)) == one(first)


def test_of_two_reviews_of_a_deal_the_earliest_standing_one_counts():
    early, late = review(10, "again", deal="d"), review(11, "easy", deal="d")
    assert one(late, early) == one(early)
    assert one(late, early, event("undo", 12 * DAY, event=early.uuid)) == one(late)


def test_an_unreadable_review_does_not_use_up_its_deal():
    broken, good = review(9, "splendid", deal="d"), review(10, deal="d")
    assert one(broken, good) == one(good)


def test_deals_of_two_cards_do_not_shadow_each_other():
    states = replay([review(10, deal="d"), review(11, card="r#know", deal="d")])
    assert set(states) == {"q#know", "r#know"}


@pytest.mark.parametrize(
    "data", [{"rating": "splendid"}, {"rating": ["good"]}, {"day": None}, {"day": "9"}, {"day": True}, {"day": 1 << 60}]
)
def test_unreadable_reviews_change_nothing(data):
    assert one(review(10, **data)) is None


def test_an_absurd_day_is_survived():
    assert one(review(10), review(11, day=1 << 50), review(12)).reps == 3


def test_the_last_weights_apply_to_all_history_and_move_no_due_date():
    import fsrs

    weights = [0.5, *fsrs.Scheduler().parameters[1:]]
    events = [review(10, "again"), review(11)]
    plain = one(*events)
    fitted = one(*events, event("weights", 12 * DAY, weights=weights))
    assert fitted.stability != plain.stability
    assert fitted.due_ms == plain.due_ms
    broken = event("weights", 13 * DAY, weights=[1, 2, 3])
    assert one(*events, event("weights", 12 * DAY, weights=weights), broken) == fitted


def test_former_ids_are_followed():
    events = [review(10, card="old#know"), review(11, card="older#know", rating="again"), review(12, card="q#know")]
    states = replay(events, {"older": "old", "old": "q"})
    assert set(states) == {"q#know"}
    assert states["q#know"].reps == 3


def test_renames_in_a_circle_end():
    assert {present("a", {"a": "b", "b": "a"}), present("b", {"a": "b", "b": "a"})} == {"a", "b"}
    assert former("q", {"older": "old", "old": "q", "x": "y"}) == ("q", "old", "older")


def test_joined_learners_are_one_person():
    events = [
        review(10),
        Event(
            "x", 11 * DAY, 0, "laptop", "review", {"card": "q#know", "rating": "good", "day": 11, "interval_ms": DAY}
        ),
        Event(
            "y", 11 * DAY, 0, "stranger", "review", {"card": "q#know", "rating": "good", "day": 11, "interval_ms": DAY}
        ),
    ]
    assert replay(events, learner="me")["q#know"].reps == 1
    joined = [*events, event("learner", 12 * DAY, joins="laptop")]
    assert replay(joined, learner="me")["q#know"].reps == 2
    assert replay(joined, learner="laptop") == replay(joined, learner="me")


def test_joins_give_the_same_person_in_any_order():
    joins = [event("learner", 1, learner=a, joins=b) for a, b in [("d", "c"), ("b", "a"), ("c", "b"), ("z", "y")]]
    expected = {"a": "a", "b": "a", "c": "a", "d": "a", "y": "y", "z": "y"}
    for order in itertools.permutations(joins):
        assert roots(order) == expected


def test_the_order_of_arrival_never_matters():
    events = [review(d, random.Random(d).choice(["again", "good"])) for d in range(10, 30)]
    events += [event("undo", 31 * DAY, event=events[3].uuid), event("suspend", 15 * DAY, card="q#know")]
    expected = replay(events)
    for seed in range(10):
        random.Random(seed).shuffle(events)
        assert replay(events) == expected


def test_events_of_one_moment_are_ordered_by_their_uuid():
    a = event("suspend", 5, uuid="a", card="q#know")
    b = event("resume", 5, uuid="b", card="q#know")
    assert not one(b, a).suspended
    assert one(b, a).last_event == (5, "b")
