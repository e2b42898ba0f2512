"""`stats`: counts by hand, undone answers taken off, the same sums after a migration and an import."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from qbank.services import people
from qbank.services.progress import Progress
from qbank.services.statistics import Statistics
from qbank.storage import activity

DAY = 86_400_000


@pytest.fixture
def stats(world):
    return lambda days=365: Statistics(world.store, world.shelf).over(days)


def answer(study, right, card, well=True, ms=30_000):
    return right(study, study.deal(card), well, ms=ms)


def test_nobody_yet_and_asking_leaves_no_trace(make_world) -> None:
    world = make_world()
    told = Statistics(world.store, world.shelf).over()
    assert (told.due, told.new, told.reviews, told.minutes) == (0, 6, 0, 0)
    assert told.retention["measured"] is None
    assert [row["new"] for row in told.by_topic] == [6]
    assert len(told.forecast) == 30
    assert world.log() == []


def test_counts(world, study, right, stats) -> None:
    answer(study, right, "alpha#know")
    answer(study, right, "alpha#compute", well=False, ms=60_000)
    study.answer(study.deal("beta#know", practice=True).deal, "wrong", ms=30_000)
    told = stats()
    assert (told.reviews, told.minutes, told.new) == (2, 2.0, 4)
    assert told.heatmap == [{"day": "2023-11-15", "answers": 3, "minutes": 2.0}]
    assert told.retention["reviews"] == 0, "first reviews test no memory"
    assert told.by_topic[0]["reviews"] == 2
    json.dumps(told.json(), allow_nan=False)


def test_retention_and_calibration_set_what_was_predicted_beside_what_came(world, study, right, stats) -> None:
    for card in ("alpha#know", "beta#know"):
        right(study, study.deal(card), rating="easy", ms=1000)
    world.hands.wait(days=40)
    right(study, study.deal("alpha#know"), ms=1000)
    right(study, study.deal("beta#know"), False, ms=1000)
    world.hands.wait(minutes=15)
    right(study, study.deal("beta#know"), ms=1000)
    told = stats()
    kept = told.retention
    assert (kept["reviews"], kept["measured"]) == (2, 0.5), "the step of the same day does not count"
    predicted = [e.data["predicted"] for e in world.log() if e.kind == "review" and e.data["predicted"] is not None]
    assert len(predicted) == 2
    assert kept["predicted"] == pytest.approx(sum(predicted) / 2)
    assert 0.5 < kept["predicted"] < 0.9, "40 days are longer than the interval that was chosen"
    (step,) = told.calibration
    assert step["from"] <= step["predicted"] < step["to"]
    assert (step["reviews"], step["recalled"]) == (2, 0.5)
    assert told.retention["month"]["reviews"] == 2
    world.hands.wait(days=60)
    assert stats().retention["month"]["reviews"] == 0
    assert stats(30).reviews == 0
    assert stats(61).reviews == 3
    assert stats(60).reviews == 0


def test_an_undone_answer_counts_nowhere(world, study, right, stats) -> None:
    right(study, study.deal("alpha#know"), rating="easy", ms=1000)
    world.hands.wait(days=40)
    before = stats()
    right(study, study.deal("alpha#know"), ms=5000)
    assert stats().reviews == 2
    study.undo()
    assert stats() == before


def test_due_is_what_the_overview_counts_and_the_forecast_adds_up(world, study, right, stats) -> None:
    for card, rating in (
        ("alpha#know", "good"),
        ("alpha#recall", "easy"),
        ("beta#know", "easy"),
        ("beta#recall", "again"),
    ):
        right(study, study.deal(card), rating=rating, ms=1000)
    for _ in range(12):
        told, seen = stats(), Progress(world.store, world.shelf).overview()
        assert (told.due, told.new) == (seen.due, seen.new)
        world.hands.wait(days=0.7)
    assert told.due > 0
    assert sum(row["due"] for row in told.forecast) == 4, "every reviewed card comes within 30 days"
    assert [row["day"] for row in told.forecast] == sorted(row["day"] for row in told.forecast)
    assert told.by_topic[0]["due"] >= told.due


def test_a_suspended_card_is_neither_due_nor_new(world, study, right, stats) -> None:
    right(study, study.deal("alpha#know"), ms=1000)
    study.mark("suspend", "alpha#know")
    study.mark("suspend", "beta#recall")
    world.hands.wait(days=5)
    told = stats()
    assert (told.due, told.new, told.by_topic[0]["suspended"]) == (0, 4, 2)


def test_a_forecast_day_ends_where_the_study_day_does(world, study, right, stats) -> None:
    right(study, study.deal("alpha#know"), ms=1000)
    start = world.cached()["alpha#know"].due_ms
    tomorrow = {row["day"]: row["due"] for row in stats().forecast}
    assert tomorrow["2023-11-15"] == 1, "due in ten minutes"
    world.hands.at = start
    right(study, study.deal("alpha#know"), rating="easy", ms=1000)
    due = world.cached()["alpha#know"].due_ms
    (day,) = [row["day"] for row in stats().forecast if row["due"]]
    from datetime import UTC, datetime

    assert day == datetime.fromtimestamp(due / 1000, UTC).date().isoformat()
    assert due % DAY == 4 * 3_600_000, "the first moment of that study day"


def test_expected_recall_falls_as_days_pass(world, study, right, stats) -> None:
    right(study, study.deal("alpha#know"), rating="easy", ms=1000)
    seen = []
    for _ in range(4):
        seen.append(stats().by_topic[0]["expected"])
        world.hands.wait(days=10)
    assert seen[0] == 1.0
    assert all(after < before for before, after in pairwise(seen))


def test_joined_learners_are_counted_together(make_world, right, tmp_path) -> None:
    one, other = make_world("one"), make_world("other")
    for world in (one, other):
        study = world.study()
        study.settings.set("zone", "UTC")
        answer(study, right, "alpha#know")
    other.logs().export(tmp_path / "log")
    one.logs().load(tmp_path / "log", as_name="me")
    assert Statistics(one.store, one.shelf).over().reviews == 2


def test_the_sums_are_those_of_the_log_however_it_came(world, make_world, study, right, tmp_path) -> None:
    """Written here, imported elsewhere, or counted by the migration: the same."""
    from qbank.storage.migrations.versions.r0002_answer_days import FILL

    for days in range(6):
        right(study, study.deal("alpha#know"), days % 3 > 0, ms=1000 * days)
        study.answer(study.deal("beta#compute", practice=True).deal, "9", ms=7)
        world.hands.wait(days=3)
    lines = tmp_path / "log"
    world.logs().export(lines)
    odd = {"uuid": "odd", "at_ms": 5, "zone_min": 0, "learner": world.log()[0].learner, "kind": "practice"}
    for number, more in enumerate(({"day": 1 << 70}, {"day": "x"}, {"day": 3, "ms": 1 << 62, "predicted": 7.5}, {})):
        with lines.open("a") as file:
            file.write(json.dumps({**odd, "uuid": f"odd{number}", "data": {"card": "a#know", **more}}) + "\n")
    other = make_world("other")
    other.logs().load(lines)
    world.logs().load(lines)

    def sums(one) -> list:
        with one.store.read() as tx:
            return tx.connection.exec_driver_sql("SELECT * FROM answer_day").all()

    here = sums(world)
    assert sum(row[4] for row in here) == 13
    assert sums(other) == here
    with world.store.write() as tx:
        tx.connection.exec_driver_sql("DELETE FROM answer_day")
        tx.connection.exec_driver_sql(FILL)
    assert sums(world) == [(*row[:7], pytest.approx(row[7])) for row in here]
    with world.store.read() as tx:
        assert sum(activity.days(tx, people.find(tx, "me").uuids).values()) == 13


def test_a_card_whose_sibling_was_reviewed_today_rests(world, study, right, stats) -> None:
    for card in ("alpha#know", "alpha#recall"):
        right(study, study.deal(card), rating="easy", ms=1000)
    world.hands.wait(days=60)
    assert stats().due == Progress(world.store, world.shelf).overview().due == 1
    right(study, study.next(), rating="easy", ms=1000)
    told = stats()
    assert told.due == Progress(world.store, world.shelf).overview().due == 0
    assert told.by_topic[0]["due"] == 1, "a topic counts cards, also those that rest"
