"""SIGKILL at random points while answers stream in: whatever was acknowledged is there, once, and all is sound."""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
import time
import uuid
from contextlib import closing
from pathlib import Path

import pytest

from qbank.services.doctor import Doctor
from qbank.services.study import Study
from qbank.storage import Store

CARDS = ("alpha#compute", "alpha#know", "beta#compute", "beta#recall")
GIVEN = {"recall": {"points": ["p0"]}, "choice": {"answer": "wrong"}, "number": {"answer": "9"}}


def victim(path: str, shelf, seed: int, told) -> None:
    """Answer, undo and mark for ever; tell each acknowledged event as soon as its call returns."""
    rng = random.Random(seed)
    store = Store.open(path, now_ms=lambda: time.time_ns() // 1_000_000, new_id=lambda: str(uuid.uuid4()))
    study = Study(store, shelf, now_ms=store.now_ms, new_id=store.new_id)
    while True:
        act = rng.random()
        if act < 0.1:
            undone = study.undo()
            if undone is not None:
                told.send_bytes(f"undone {undone.event}".encode())
        elif act < 0.2:
            told.send_bytes(f"event {study.mark(rng.choice(['bury', 'suspend', 'resume']), CARDS[0])}".encode())
        else:
            task = study.deal(rng.choice(CARDS))
            told.send_bytes(f"event {study.answer(task.deal, **GIVEN[task.kind]).event}".encode())


class NoDrift:
    def drift(self, *, mend: bool = False) -> list[str]:
        return []


@pytest.mark.parametrize("kills", [30, pytest.param(300, marks=pytest.mark.soak)])
def test_what_was_acknowledged_survives_kills_at_random_points(make_world, tmp_path, kills):
    shelf = make_world("shelf").shelf
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fsrs", "qbank.services.study", "qbank.services.doctor", "qbank.grading"])
    rng = random.Random(20261122)
    path, acknowledged = tmp_path / "v.db", set[str]()
    total = 0
    for kill in range(kills):
        if kill % 10 == 0:  # a new file, so that its making is killed too
            path, acknowledged = tmp_path / f"v{kill}.db", set()
        ear, mouth = context.Pipe(duplex=False)
        process = context.Process(target=victim, args=(str(path), shelf, rng.randrange(1 << 30), mouth))
        process.start()
        mouth.close()
        told = [ear.recv_bytes().decode() for _ in range(rng.choice([0, 0, 1, 3, 8, 20]))]
        process.join(rng.random() * (0.25 if not told else 0.02))  # somewhere in the next call
        process.kill()
        process.join()
        told += rest(ear)
        acknowledged |= set(told)
        total += len(told)
        if path.exists():
            check(path, acknowledged)
        else:
            assert not acknowledged
    assert total > kills


def rest(ear) -> list[str]:
    found = []
    while True:
        try:
            found.append(ear.recv_bytes().decode())
        except (EOFError, OSError):  # OSError: killed in the middle of telling
            return found


def check(path: Path, acknowledged: set[str]) -> None:
    """Opening mends what the kill left; then everything told is in the log and the doctor finds nothing."""
    store = Store.open(path, now_ms=lambda: time.time_ns() // 1_000_000, new_id=lambda: str(uuid.uuid4()))
    store.close()
    report = Doctor(path, lambda store: NoDrift(), now_ms=store.now_ms, new_id=store.new_id).examine()
    assert [check.json() for check in report.checks if not check.ok] == []
    with closing(sqlite3.connect(path)) as raw:
        here = {f"event {row[0]}" for row in raw.execute("SELECT uuid FROM event")}
        here |= {f"undone {row[0]}" for row in raw.execute("SELECT target FROM event WHERE kind = 'undo'")}
        twice = raw.execute(
            "SELECT deal FROM event e WHERE deal IS NOT NULL AND NOT EXISTS "
            "(SELECT 1 FROM event u WHERE u.target = e.uuid) GROUP BY deal HAVING count(*) > 1"
        ).fetchall()
    assert acknowledged <= here
    assert twice == []
