"""Backups: what was acknowledged comes back, and nothing on the way loses anything."""

from __future__ import annotations

import multiprocessing
import sqlite3
import time
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from qbank.domain import QbankError
from qbank.services.backups import Backups
from qbank.services.study import Study
from qbank.storage import Store


@pytest.fixture
def busy(world, right):
    """A world with answers, an undo and an open deal."""
    study = world.study()
    for n in range(6):
        right(study, study.deal("alpha#compute"), well=n % 3 > 0)
        world.hands.wait(days=1)
    study.undo()
    study.next()
    return world


@pytest.fixture
def backups(busy):
    return Backups(busy.store.path, now_ms=busy.hands.now_ms, new_id=busy.hands.new_id)


def files(path: Path) -> list[str]:
    return sorted(file.name for file in path.iterdir() if file.is_file())


def test_a_backup_comes_back_as_it_was(busy, backups, make_world, right):
    log, cached, task = busy.log(), busy.cached(), busy.study().next()
    made = backups.make()
    assert made.events == len(log)
    right(busy.study(), task)
    later = busy.log()
    done = backups.restore(made.file)
    assert done.rows["event"] == len(log)
    with pytest.raises(QbankError, match="stay in place"):
        busy.study().next()
    busy.store.close()
    again = make_world("q", hands=busy.hands)
    assert again.log() == log
    assert again.cached() == cached
    again.holds()
    assert again.study().next().deal == task.deal, "the deal that was open then is open again"
    assert again.study().undo() is not None, "what was written here can still be undone"
    other = make_world("q2")
    Backups(other.store.path, now_ms=other.hands.now_ms, new_id=other.hands.new_id).restore(done.replaced)
    other.store.close()
    assert make_world("q2", hands=other.hands).log() == later, "what was there before is a backup"
    assert files(busy.store.path.parent) == ["q.db", "q.db-shm", "q.db-wal", "q2.db", "q2.db-shm", "q2.db-wal"]


def test_a_database_that_is_gone_is_restored(busy, backups, make_world):
    made = backups.make()
    log = busy.log()
    busy.store.close()
    busy.store.path.unlink()
    assert backups.restore(made.file).replaced is None
    assert make_world("q", hands=busy.hands).log() == log


def test_a_damaged_database_is_restored_over(busy, backups, make_world):
    made = backups.make()
    log = busy.log()
    busy.store.close()
    path = busy.store.path
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 50_000)
    assert backups.restore(made.file).replaced.name.endswith("-damaged.db")
    assert make_world("q", hands=busy.hands).log() == log


BAD = {
    "an event of no kind": "UPDATE event SET kind = 'No Kind!'",
    "a review without a rating": 'UPDATE event SET data = \'{"card": "a#know", "day": 1}\' WHERE kind = \'review\'',
    "a strange uuid": "UPDATE event SET uuid = 'a' || char(10) || seq",
}


@pytest.mark.parametrize("sql", BAD.values(), ids=BAD)
def test_a_backup_that_was_tampered_with_changes_nothing(busy, backups, tmp_path, sql):
    made = backups.make(tmp_path / "copy.db")
    with closing(sqlite3.connect(made.file)) as raw:
        raw.execute("DROP TRIGGER event_no_update")
        raw.execute(sql)
        raw.commit()
    log, before = busy.log(), files(tmp_path)
    with pytest.raises(QbankError, match="FILE must be an intact qbank database") as error:
        backups.restore(made.file)
    assert "\n" not in str(error.value)
    assert busy.log() == log
    busy.study().next()
    assert files(tmp_path) == before


@pytest.mark.parametrize(("name", "match"), [("none.db", "exist"), ("q.db", "another file"), ("notes", "no SQLite")])
def test_what_cannot_be_restored_is_one_line(busy, backups, tmp_path, name, match):
    (tmp_path / "notes").write_text("my notes\n" * 50)
    log = busy.log()
    with pytest.raises(QbankError, match=match):
        backups.restore(tmp_path / name)
    assert busy.log() == log


def test_a_backup_never_overwrites(busy, backups, tmp_path):
    for taken in ("q.db", "notes"):
        (tmp_path / "notes").touch()
        with pytest.raises(QbankError, match="FILE must not exist yet"):
            backups.make(tmp_path / taken)


def test_the_days_first_use_makes_a_backup(world, right):
    backups = Backups(world.store.path, now_ms=world.hands.now_ms, new_id=world.hands.new_id)
    empty = Backups(world.store.path.with_name("e.db"), now_ms=world.hands.now_ms, new_id=world.hands.new_id)
    with closing(Store.open(empty.path, now_ms=empty._now_ms, new_id=empty._new_id)) as store:
        assert empty.daily(store) is None, "an empty log needs none"
    assert backups.daily(world.store) is not None
    assert backups.daily(world.store) is None
    world.hands.wait(days=1)
    assert backups.daily(world.store) is not None
    world.hands.wait(days=-1)
    assert backups.daily(world.store) is None, "the clock was set back to a day that has one"


def answer_for(path: str, shelf, told) -> None:
    """Answer until somebody replaces the file; report what was acknowledged."""
    store = Store.open(path, now_ms=lambda: time.time_ns() // 1_000_000, new_id=lambda: str(uuid.uuid4()))
    study = Study(store, shelf, now_ms=store.now_ms, new_id=store.new_id)
    done = []
    try:
        while True:
            done.append(study.answer(study.deal("alpha#compute").deal, answer="9").event)
            if len(done) == 3:
                told.put("going")
    except QbankError as error:
        told.put((done, str(error)))


def test_a_restore_while_somebody_answers_loses_nothing_that_was_acknowledged(busy, backups, make_world, tmp_path):
    """Every acknowledged answer is in the backup that the restore makes of what it replaces."""
    made = backups.make()
    busy.store.close()
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    process = context.Process(target=answer_for, args=(str(busy.store.path), busy.shelf, told))
    process.start()
    assert told.get(timeout=120) == "going"
    done = backups.restore(made.file)
    acknowledged, why = told.get(timeout=120)
    process.join(60)
    assert "stay in place" in why
    with closing(sqlite3.connect(done.replaced)) as raw:
        kept = {row[0] for row in raw.execute("SELECT uuid FROM event")}
    assert len(acknowledged) >= 3
    assert set(acknowledged) <= kept
    again = make_world("q", hands=busy.hands)
    assert not set(acknowledged) & {event.uuid for event in again.log()}
    again.holds()
