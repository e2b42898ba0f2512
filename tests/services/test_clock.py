"""Clocks, zones and restarts: no event is lost, no interval negative, and a clock that went back is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qbank.services.study import Study
from qbank.storage import Store

CARD = "alpha#compute"


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def reviews(world) -> list:
    return [event for event in world.log() if event.kind == "review"]


def test_fifty_and_more_answers_are_taken_back_across_restarts(world, right):
    """Each undo by a store of its own, as after closing the program each time."""
    stages = []
    for n in range(60):
        stages.append(world.cached())
        study = world.study()
        right(study, study.deal(CARD), well=n % 3 > 0)
        world.hands.wait(days=30)
    world.store.close()
    for stage in reversed(stages):
        store = Store.open(world.store.path, now_ms=world.hands.now_ms, new_id=world.hands.new_id)
        undone = Study(store, world.shelf, now_ms=store.now_ms, new_id=store.new_id).undo()
        store.close()
        assert undone.card == CARD
        assert world.cached() == stage
    assert world.study().undo() is None
    world.holds()
    assert len(reviews(world)) == 60, "the log keeps what was taken back"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Shanghai", "Pacific/Auckland"])
@pytest.mark.parametrize("start", ["2026-03-07T09:00", "2026-03-28T12:00", "2026-10-24T22:00", "2026-11-01T05:30"])
def test_days_follow_each_other_through_a_change_of_clocks(world, right, zone, start):
    study = world.study()
    study.settings.set("zone", zone)
    world.hands.at = at(start)
    seen = []
    for _ in range(4):
        answered = right(study, study.deal(CARD), rating="easy")
        assert answered.due_ms > world.hands.at
        seen.append(reviews(world)[-1].data["day"])
        world.hands.at = answered.due_ms
        study.mark("reset", CARD)
        world.hands.wait(days=1)
    assert seen == sorted(set(seen))
    world.holds()


def test_moving_to_another_zone_and_back(world, right):
    study = world.study()
    days, spent = [], []
    for zone in ("Asia/Shanghai", "America/Los_Angeles", "Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"):
        study.settings.set("zone", zone)
        answered = right(study, study.deal(CARD), well=len(days) % 2 > 0)
        days.append(reviews(world)[-1].data["day"])
        spent.append(answered.due_ms - world.hands.at)
        world.hands.at = max(answered.due_ms, world.hands.at)
        world.holds()
    assert min(spent) > 0
    assert len(reviews(world)) == 5
    assert {event.zone_min for event in reviews(world)} == {480, -480, 840, -660, 0}


def test_a_clock_set_back_is_told_once_and_costs_nothing(world, right):
    study = world.study()
    right(study, study.deal(CARD), well=False)
    assert study.clock_behind_ms == 0
    world.hands.wait(minutes=-0.5)
    world.study().undo()
    assert study.clock_behind_ms == 0
    world.hands.wait(days=-10)
    later = world.study()
    answered = right(later, later.deal(CARD))
    assert later.clock_behind_ms >= 10 * 86_400_000 - 60_000
    assert answered.due_ms > world.hands.at
    assert all(state.stability > 0 for state in world.cached().values())
    world.holds()
    fresh = world.study()
    fresh.next()
    assert fresh.clock_behind_ms == 0, "the clock it was set to is the clock now"


def test_a_clock_set_back_while_the_program_runs_is_told(world, right):
    study = world.study()
    study.next()
    world.hands.wait(minutes=-90)
    study.next()
    assert study.clock_behind_ms == 90 * 60_000


def test_a_clock_far_ahead_and_then_right_again(world, right):
    study = world.study()
    right(study, study.deal(CARD), rating="easy")
    world.hands.wait(days=4000)
    right(study, study.deal(CARD), rating="good")
    world.hands.wait(days=-3999)
    study = world.study()
    for card in (CARD, "alpha#know"):
        answered = right(study, study.deal(card))
        assert answered.due_ms > world.hands.at or answered.kind == "practice"
    assert study.clock_behind_ms > 0
    assert len([e for e in world.log() if e.kind in ("review", "practice")]) == 4
    world.holds()
