"""Fitting: what is taken from a log, what is held out, and that only better weights win."""

from __future__ import annotations

import random
import sys

import pytest

from qbank.domain import RATINGS, CardState, Event, QbankError
from qbank.scheduling import fitting
from qbank.scheduling.state import retrievability, reviewed


def event(number: int, kind: str, card: str, day: int, rating: str = "good", deal: str | None = None) -> Event:
    data = {"card": card, "day": day, "rating": rating, "deal": deal or f"d{number}"}
    return Event(f"u{number:06d}", day * 86_400_000 + number, 0, "me", kind, data)


def test_histories_are_by_card_in_order_and_a_reset_begins_anew() -> None:
    log = [
        event(3, "review", "new#know", 9, "again"),
        event(1, "review", "old#know", 2),
        event(4, "reset", "new#know", 10),
        event(5, "review", "new#know", 11, "easy"),
        event(2, "review", "b#recall", 5, "hard"),
        event(6, "practice", "b#recall", 6),
        event(7, "review", "b#recall", 7, "no rating"),
    ]
    found = fitting.histories(log, {"old": "new"})
    assert sorted(found) == [((2, 3), (9, 1)), ((5, 2),), ((11, 4),)]


def test_of_two_reviews_of_one_deal_the_earlier_counts() -> None:
    log = [event(2, "review", "a#know", 4, "easy", deal="d"), event(1, "review", "a#know", 3, "again", deal="d")]
    assert fitting.histories(log) == [((3, 1),)]


def test_days_never_go_back() -> None:
    one, other = event(1, "review", "a#know", 9), event(2, "review", "a#know", 9)
    log = [one, Event("u9", other.at_ms, 0, "me", "review", {**other.data, "day": 4})]
    assert fitting.histories(log) == [((9, 3), (9, 3))]


def test_only_reviews_a_day_later_are_scored() -> None:
    cards = [((1, 3), (1, 3), (4, 3), (9, 1)), ((3, 1), (5, 3))]
    assert fitting.scored_days(cards) == [4, 5, 9]


def test_the_loss_is_that_of_the_predicted_recall() -> None:
    import math

    cards = [((0, 3), (10, 3), (30, 1))]
    state = reviewed(CardState("?"), "good", at_ms=0, day=0, interval_ms=0)
    first = retrievability(state, 10)
    state = reviewed(state, "good", at_ms=0, day=10, interval_ms=0)
    second = retrievability(state, 30)
    assert fitting.losses(cards, None, 0) == pytest.approx([-math.log(first), -math.log(1 - second)])
    assert len(fitting.losses(cards, None, 11)) == 1, "only what is held out"


def simulated(cards: int, truth: tuple[float, ...] | None, seed: int = 0) -> list[fitting.History]:
    """A learner whose memory follows ``truth``, who reviews after 1, 3, 8, 20 … days."""
    rng = random.Random(seed)
    found = []
    for number in range(cards):
        state, day, steps = CardState("?"), number // 4, []
        for gap in (0, 1, 3, 8, 20, 45):
            day += gap
            told = retrievability(state, day, truth)
            rating = 3 if told is None or rng.random() < told else 1
            state = reviewed(state, RATINGS[rating - 1], at_ms=0, day=day, interval_ms=0, weights=truth)
            steps.append((day, rating))
        found.append(tuple(steps))
    return found


FORGETFUL = (
    0.05, 0.1, 0.25, 0.9, 7.5, 0.8334, 3.0194, 0.001, 1.2, 0.1666, 0.5, 1.2, 0.0614, 0.2629, 1.0, 0.6014, 1.8729,
    0.5425, 0.0912, 0.0658, 0.3,
)  # fmt: skip


def test_a_memory_unlike_the_default_one_is_learned() -> None:
    pytest.importorskip("fsrs_rs_python", reason="fitting needs the extra 'fit'")
    made = fitting.fit(simulated(300, FORGETFUL), None)
    assert made.wins
    assert made.fitted < made.present - 0.05
    assert made.held_out >= 300


def test_a_memory_that_the_weights_in_force_describe_keeps_them() -> None:
    pytest.importorskip("fsrs_rs_python", reason="fitting needs the extra 'fit'")
    made = fitting.fit(simulated(300, FORGETFUL), FORGETFUL)
    assert not made.wins
    assert made.present < made.fitted + made.margin


def test_a_gain_within_chance_is_no_win() -> None:
    made = fitting.Fit((), fitted=0.40, present=0.41, margin=0.02, held_out=100)
    assert not made.wins
    assert fitting.Fit((), fitted=0.40, present=0.43, margin=0.02, held_out=100).wins


def test_without_the_extra_one_line_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsrs_rs_python", None)
    with pytest.raises(QbankError, match=r"pip install 'qbank\[fit\]'"):
        fitting.fit(simulated(4, None), None)


def test_the_fit_never_sees_what_is_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[fitting.History] = []

    def train(cards) -> tuple[float, ...]:
        seen.extend(cards)
        return FORGETFUL

    monkeypatch.setattr(fitting, "_train", train)
    cards = simulated(40, None)
    made = fitting.fit(cards, None)
    last = max(day for steps in seen for day, _ in steps)
    assert made.held_out == sum(day > last for day in fitting.scored_days(cards))
    assert 0.1 < made.held_out / len(fitting.scored_days(cards)) <= 0.25
    assert len(made.weights) == 21
