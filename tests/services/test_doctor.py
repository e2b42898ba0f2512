"""The doctor finds what is broken by hand, mends what is derived, and never changes the log."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from qbank.services.doctor import Doctor


class FakeBank:
    """A bank whose copy drifted as often as ``drifted`` says."""

    def __init__(self) -> None:
        self.drifted: list[str] = []

    def drift(self, *, mend: bool = False) -> list[str]:
        found = list(self.drifted)
        if mend:
            self.drifted.clear()
        return found


@pytest.fixture
def bank():
    return FakeBank()


@pytest.fixture
def sick(world, right, bank):
    """A world with some history, its doctor, and a way to break it."""
    study = world.study()
    for card in ("alpha#compute", "beta#know", "alpha#compute", "alpha#recall"):
        right(study, study.deal(card), well=card != "beta#know")
        world.hands.wait(days=2)
    study.undo()
    study.deal("beta#compute", practice=True)
    world.store.close()
    doctor = Doctor(world.store.path, lambda store: bank, now_ms=world.hands.now_ms, new_id=world.hands.new_id)

    def run(sql: str) -> None:
        with closing(sqlite3.connect(world.store.path)) as raw:
            raw.executescript(sql)

    return world, doctor, run


def failing(report) -> list[str]:
    return [check.name for check in report.checks if not check.ok]


def test_a_sound_database_passes_and_is_left_alone(sick):
    world, doctor, _ = sick
    before = world.store.path.read_bytes()
    assert failing(doctor.examine()) == []
    report = doctor.mend()
    assert report.ok
    assert report.backup is None
    assert world.store.path.read_bytes() == before
    assert {check.name for check in report.checks} == {
        "integrity", "schema", "log", "orphans", "cache", "days", "search", "clock", "content",
    }  # fmt: skip


BROKEN = {
    "a state that is off": ("UPDATE card_state SET stability = stability * 2 WHERE card = 'alpha#compute'", "cache"),
    "a state that is lost": ("DELETE FROM card_state WHERE card = 'alpha#compute'", "cache"),
    "a state too many": (
        "INSERT INTO card_state SELECT learner, 'x#know', state, step, stability, difficulty, due_ms, last_ms, "
        "last_day, last_at, last_uuid, reps, lapses, suspended, buried_day, leech FROM card_state LIMIT 1",
        "cache",
    ),
    "a deal closed by nothing": ("UPDATE deal SET closed_by = 'x' WHERE closed_by IS NULL", "orphans"),
    "an answered deal that is open": ("UPDATE deal SET closed_by = NULL WHERE card = 'alpha#compute'", "orphans"),
    "a deal closed by an undone event": (
        "UPDATE deal SET closed_by = (SELECT target FROM event WHERE kind = 'undo') WHERE id = "
        "(SELECT deal FROM event WHERE uuid = (SELECT target FROM event WHERE kind = 'undo'))",
        "orphans",
    ),
    "a learner that is lost": (
        "INSERT INTO event VALUES (900, 'u900', 5, 0, 'who', 'suspend', 'a#know', NULL, NULL, 0, "
        '\'{"card":"a#know"}\')',
        "orphans",
    ),
    "states of nobody": ("UPDATE card_state SET learner = 'nobody' WHERE card = 'beta#know'", "orphans"),
    "a question that cannot be found": (
        "INSERT INTO content_version VALUES ('v', 0, 0); "
        "INSERT INTO question VALUES (77, 'v', 'q', 'bundled', 1, '[]', '[]', '{}', '{}')",
        "search",
    ),
    "a lost index": ("DROP INDEX event_of_card", "schema"),
    "a lost guard": ("DROP TRIGGER event_no_delete", "schema"),
    "a strange trigger": ("CREATE TRIGGER evil AFTER INSERT ON alias BEGIN DELETE FROM alias; END", "schema"),
    "a changed guard": (
        "DROP TRIGGER event_no_update; CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT 1; END",
        "schema",
    ),
    "a lost table": ("DROP TABLE card_state", "schema"),
    "a reference to nothing": ("INSERT INTO content_stamp VALUES ('s', 'no such version')", "integrity"),
}


@pytest.mark.parametrize(("sql", "check"), BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_found_and_mended(sick, make_world, sql, check):
    world, doctor, run = sick
    with closing(sqlite3.connect(world.store.path)) as raw:
        log = raw.execute("SELECT * FROM event WHERE seq < 900 ORDER BY seq").fetchall()
    run(sql)
    before = world.store.path.read_bytes()
    found = doctor.examine()
    assert check in failing(found)
    assert world.store.path.read_bytes() == before, "examining changes nothing"
    mended = doctor.mend()
    assert failing(mended) == []
    assert [c.mended for c in mended.checks if c.name == check] == [True]
    assert mended.backup is not None
    assert mended.backup.is_file()
    assert failing(doctor.examine()) == []
    with closing(sqlite3.connect(world.store.path)) as raw:
        assert raw.execute("SELECT * FROM event WHERE seq < 900 ORDER BY seq").fetchall() == log
    again = make_world("q", hands=world.hands)
    again.holds()
    assert again.study().next() is not None


def test_a_damaged_index_is_found_and_mended(sick, make_world):
    world, doctor, _ = sick
    log = world.log()
    world.store.close()
    with closing(sqlite3.connect(world.store.path)) as raw:
        (root,) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'event_of_kind'").fetchone()
        (size,) = raw.execute("PRAGMA page_size").fetchone()
    data = bytearray(world.store.path.read_bytes())
    data[(root - 1) * size : root * size] = b"\xff" * size
    world.store.path.write_bytes(data)
    assert failing(doctor.examine()) == ["integrity"]
    mended = doctor.mend()
    assert failing(mended) == []
    again = make_world("q", hands=world.hands)
    assert again.log() == log
    again.holds()


def test_rows_that_are_lost_are_named(sick, make_world):
    world, doctor, _ = sick
    with closing(sqlite3.connect(world.store.path)) as raw:
        (root,) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'alias'").fetchone()
        (size,) = raw.execute("PRAGMA page_size").fetchone()
    data = bytearray(world.store.path.read_bytes())
    data[(root - 1) * size : root * size] = b"\xff" * size
    world.store.path.write_bytes(data)
    mended = doctor.mend()
    assert failing(mended) == ["rows"]
    assert "alias" in mended.checks[-1].found[0]
    make_world("q", hands=world.hands).holds()


def test_an_unreadable_event_is_told_and_stays(sick):
    _, doctor, run = sick
    run("INSERT INTO event VALUES (901, 'u901', 5, 0, 'who', 'review', NULL, NULL, NULL, 1, '{\"rating\":\"superb\"}')")
    assert "log" in failing(doctor.examine())
    assert failing(doctor.mend()) == ["log"]


def test_content_that_drifted_is_copied_again(sick, bank):
    _, doctor, _ = sick
    bank.drifted = ["alpha"]
    assert failing(doctor.examine()) == ["content"]
    assert failing(doctor.mend()) == []


def test_a_clock_that_went_back_is_a_warning(sick):
    world, doctor, _ = sick
    world.hands.wait(days=-30)
    report = doctor.examine()
    assert report.ok
    (clock,) = [check for check in report.checks if check.name == "clock"]
    assert "ahead of the clock" in clock.found[0]


def test_what_is_no_database_is_refused(tmp_path, bank):
    from qbank.domain import QbankError

    doctor = Doctor(tmp_path / "none.db", lambda store: bank, now_ms=lambda: 0, new_id=str)
    with pytest.raises(QbankError, match="exist"):
        doctor.mend()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE answer_day SET answers = answers + 1 WHERE kind = 'review' AND recalled > 0",
        "UPDATE answer_day SET predicted = predicted + 0.001 WHERE bin >= 0",
        "DELETE FROM answer_day",
        "INSERT INTO answer_day SELECT learner, 3, kind, bin, answers, ms, recalled, predicted FROM answer_day LIMIT 1",
    ],
)
def test_sums_that_are_not_those_of_the_log_are_counted_again(sick, sql):
    world, doctor, run = sick

    def sums() -> list:
        with closing(sqlite3.connect(world.store.path)) as raw:
            rows = raw.execute("SELECT * FROM answer_day ORDER BY 1, 2, 3, 4").fetchall()
        return [(*row[:7], pytest.approx(row[7])) for row in rows]

    right, log = sums(), world.log()
    world.store.close()
    run(sql)
    assert failing(doctor.examine()) == ["days"]
    report = doctor.mend()
    assert report.ok
    assert [check.name for check in report.checks if check.mended] == ["days"]
    assert sums() == right
    assert world.log() == log
