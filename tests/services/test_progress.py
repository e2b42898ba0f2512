"""Where a learner stands: counts, minutes, streak, tomorrow."""

from __future__ import annotations

import pytest

from qbank.services.progress import SECONDS, Overview, Progress

DAY = 86_400_000
MINUTE = 60_000


@pytest.fixture
def overview(world):
    return lambda: Progress(world.store, world.shelf).overview()


def answer(world, study, right, card, well=True, ms=30_000):
    return right(study, study.deal(card), well, ms=ms)


def test_nobody_yet_and_asking_leaves_no_trace(make_world) -> None:
    world = make_world()
    assert Progress(world.store, world.shelf).overview() == Overview(new=6)
    assert world.log() == []


def test_settings_alone_are_no_start(world, overview) -> None:
    assert overview().started is False
    assert overview().new == 6


def test_new_cards_turn_into_due_ones(world, study, right, overview) -> None:
    answer(world, study, right, "alpha#recall")
    seen = overview()
    assert (seen.started, seen.new, seen.due, seen.answered_today, seen.streak) == (True, 5, 0, 1, 1)
    assert seen.minutes_today == pytest.approx(0.5)
    world.hands.at += 30 * DAY
    seen = overview()
    assert (seen.due, seen.answered_today, seen.minutes_today) == (1, 0, 0)
    assert seen.due_minutes == pytest.approx(SECONDS["recall"] / 60)


def test_of_siblings_that_wait_one_is_counted_until_it_is_answered_again(world, study, right, overview) -> None:
    answer(world, study, right, "alpha#recall")
    world.hands.at += DAY
    answer(world, study, right, "alpha#know")
    world.hands.at += 60 * DAY
    assert overview().due == 1
    asked = study.next()
    right(study, asked, ms=1000)
    assert overview().due == 0


def test_what_next_deals_is_what_is_counted(world, study, right, overview) -> None:
    for card in ("alpha#recall", "beta#recall"):
        answer(world, study, right, card)
    world.hands.at += 60 * DAY
    dealt = 0
    while (due := overview().due) > 0:
        task = study.next()
        assert task.reason == "due"
        right(study, task, ms=1000)
        dealt += 1
        assert overview().due == due - 1
    assert dealt == 2
    assert study.next() is None or study.next().reason == "new"


def test_an_undone_answer_does_not_count(world, study, right, overview) -> None:
    answer(world, study, right, "alpha#recall")
    study.undo()
    seen = overview()
    assert (seen.started, seen.answered_today, seen.streak, seen.minutes_today) == (False, 0, 0, 0)


def test_suspended_cards_are_neither_due_nor_new(world, study, right, overview) -> None:
    answer(world, study, right, "alpha#recall")
    study.mark("suspend", "alpha#recall")
    study.mark("suspend", "beta#know")
    world.hands.at += 60 * DAY
    assert (overview().due, overview().new) == (0, 4)


def test_the_streak_counts_days_in_a_row_and_survives_until_tomorrow_ends(world, study, right, overview) -> None:
    for day, card in enumerate(("alpha#recall", "alpha#know", "beta#recall")):
        if day:
            world.hands.at += DAY
        answer(world, study, right, card)
    assert overview().streak == 3
    world.hands.at += DAY
    assert overview().streak == 3
    world.hands.at += DAY
    assert overview().streak == 0
    answer(world, study, right, "beta#know")
    assert overview().streak == 1


def test_the_day_turns_at_the_rollover_hour_of_the_learner(world, study, right, overview) -> None:
    world.hands.at = 1_893_474_000_000 - 2 * MINUTE  # 2030-01-01 04:58 UTC
    study.settings.set("rollover_hour", 5)
    answer(world, study, right, "alpha#recall")
    world.hands.at += 5 * MINUTE
    assert (overview().answered_today, overview().streak) == (0, 1)


def test_minutes_follow_the_learners_own_pace_once_enough_is_known(world, study, right, overview) -> None:
    for n in range(5):
        right(study, study.deal("alpha#compute", practice=True), ms=(n + 1) * 60_000, practice=True)
        world.hands.at += MINUTE
    answer(world, study, right, "beta#compute", ms=60_000)
    world.hands.at += 60 * DAY
    assert overview().due_minutes == pytest.approx(2.5)


def test_tomorrow_counts_what_will_be_due_by_its_end(world, study, right, overview) -> None:
    answer(world, study, right, "alpha#recall", well=False)
    right(study, study.deal("beta#recall"))
    world.hands.at += 20 * MINUTE
    assert right(study, study.deal("beta#recall")).due_ms > world.hands.at + 1.5 * DAY
    with world.store.read() as tx:
        from qbank.services import people
        from qbank.storage import states

        due = {key: s.due_ms for key, s in states.every(tx, people.find(tx, "me").root).items()}
    soon = sum(at < (world.hands.at // DAY + 2) * DAY + 4 * 3_600_000 for at in due.values())
    seen = overview()
    assert seen.tomorrow == soon == 1
    assert seen.tomorrow_minutes == pytest.approx(SECONDS["recall"] / 60)


@pytest.mark.parametrize(("date", "left"), [("2030-01-08", 7), ("2030-01-01", 0), ("2029-12-31", None), ("", None)])
def test_days_to_the_interview(world, study, overview, date: str, left: int | None) -> None:
    world.hands.at = 1_893_499_200_000  # 2030-01-01 12:00 UTC
    study.settings.set("interview_date", date)
    study.settings.set("daily_minutes", "20")
    assert overview().days_left == left
    assert overview().daily_minutes == 20


def test_every_learner_has_an_own_standing(world, study, right, overview) -> None:
    other = world.study("other")
    right(other, other.deal("alpha#recall"))
    assert overview().answered_today == 0
    assert Progress(world.store, world.shelf, "other").overview().answered_today == 1
