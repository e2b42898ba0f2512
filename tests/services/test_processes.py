"""Several processes at one database, and processes that die: whatever was acknowledged is there."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from pathlib import Path

import pytest

from qbank.services.study import Study
from qbank.storage import Store

PER_PROCESS = 8


def open_here(path: str) -> Store:
    return Store.open(path, now_ms=lambda: time.time_ns() // 1_000_000, new_id=lambda: str(uuid.uuid4()))


def answer_many(path: str, shelf, learner: str, card: str | None, each: int, gate, told) -> None:
    """One process: answer the same card's deals, or whatever comes next, and report each acknowledged event."""
    gate.wait()
    store = open_here(path)
    study = Study(store, shelf, now_ms=store.now_ms, new_id=store.new_id, learner=learner)
    events = []
    for n in range(each):
        task = study.deal(card) if card else study.next()
        if task is None:
            break
        given = {"recall": {"points": ["p0"]}, "choice": {"answer": "wrong"}, "number": {"answer": "9"}}[task.kind]
        events.append((task.deal, study.answer(task.deal, **given).event))
        if n % 5 == 4 and card:
            study.undo()
    told.put(events)
    store.close()


def together(
    path: Path, shelf, learners: list[str], card: str | None, each: int = PER_PROCESS
) -> list[list[tuple[str, str]]]:
    context = multiprocessing.get_context("spawn")
    gate, told = context.Barrier(len(learners)), context.Queue()
    processes = [
        context.Process(target=answer_many, args=(str(path), shelf, learner, card, each, gate, told))
        for learner in learners
    ]
    for process in processes:
        process.start()
    found = [told.get(timeout=240) for _ in processes]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    return found


@pytest.mark.parametrize("each", [PER_PROCESS, pytest.param(250, marks=pytest.mark.soak)])
@pytest.mark.parametrize("learners", [["a", "b", "c", "d"], ["me"] * 4], ids=["four learners", "one learner"])
def test_four_processes_lose_nothing(make_world, tmp_path, learners, each):
    """None of them is ever told that the database is locked: that would end its process."""
    world = make_world("shared")
    shelf = world.shelf
    world.store.close()
    (tmp_path / "shared.db").unlink()  # they make it together, too
    found = together(tmp_path / "shared.db", shelf, learners, "alpha#compute", each)
    world.store = open_here(str(tmp_path / "shared.db"))
    answers = [event for event in world.log() if event.kind in ("review", "practice")]
    acknowledged = {uuid for events in found for _, uuid in events}
    assert {event.uuid for event in answers} == acknowledged
    assert len([event for event in world.log() if event.kind == "learner"]) == len(set(learners))
    if len(set(learners)) == 4:
        assert len(answers) == 4 * each
    for learner in set(learners):
        world.holds(learner)


def test_four_processes_at_one_deal_store_one_event(make_world, tmp_path):
    world = make_world("shared")
    world.study().settings.set("zone", "UTC")
    found = together(tmp_path / "shared.db", world.shelf, ["me"] * 4, None)
    by_deal: dict[str, set[str]] = {}
    for events in found:
        for deal, event in events:
            by_deal.setdefault(deal, set()).add(event)
    assert all(len(events) == 1 for events in by_deal.values())
    with world.store.read() as tx:
        standing = tx.connection.exec_driver_sql("SELECT deal, count(*) FROM event WHERE deal NOT NULL GROUP BY deal")
        assert {row[0]: row[1] for row in standing} == dict.fromkeys(by_deal, 1)
    world.holds()


VICTIM = """
    import sys, time, uuid
    sys.path.insert(0, {tests!r})
    from conftest_for_victims import FakeShelf
    from qbank.services.study import Study
    from qbank.storage import Store
    store = Store.open(sys.argv[1], now_ms=lambda: time.time_ns() // 1_000_000, new_id=lambda: str(uuid.uuid4()))
    study = Study(store, FakeShelf(), now_ms=store.now_ms, new_id=store.new_id)
    while True:
        print(study.answer(study.deal("alpha#compute").deal, answer="9").event, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(make_world, tmp_path):
    """The printed event ids are the acknowledged ones: after each kill all of them are in the log."""
    helpers = tmp_path / "helpers"
    helpers.mkdir()
    (helpers / "conftest_for_victims.py").write_text(
        (Path(__file__).parent / "conftest.py").read_text("utf-8"), "utf-8"
    )
    code = textwrap.dedent(VICTIM.format(tests=str(helpers)))
    path = tmp_path / "victim.db"
    acknowledged: set[str] = set()
    for count in (1, 3, 8):
        process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(count):
            acknowledged.add(process.stdout.readline().strip())
        os.kill(process.pid, signal.SIGKILL)
        acknowledged |= {line.strip() for line in process.stdout.read().splitlines() if len(line) == 36}
        process.wait()
        world = make_world("victim")
        assert acknowledged <= {event.uuid for event in world.log()}
        world.holds()
        with world.store.read() as tx:
            assert tx.connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
            astray = "closed_by IS NOT NULL AND closed_by NOT IN (SELECT uuid FROM event)"
            assert tx.connection.exec_driver_sql(f"SELECT count(*) FROM deal WHERE {astray}").scalar_one() == 0
        world.store.close()


def test_removed_between_two_answers_is_one_line_and_nothing_is_acknowledged(world, study, right):
    from qbank.domain import QbankError

    task = study.next()
    world.store.path.unlink()
    with pytest.raises(QbankError, match="stay in place while it is open"):
        right(study, task)
    with pytest.raises(QbankError, match="stay in place while it is open"):
        study.next()
    assert not world.store.path.exists()
