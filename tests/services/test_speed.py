"""`next`, `answer` and `undo` look things up; they never read through the log."""

from __future__ import annotations

import pytest


@pytest.fixture
def plans(world):
    """SQLite's plan for every statement that is run from now on, as "statement -> step" lines."""
    seen: set[str] = set()
    with world.store.read() as tx:
        raw = tx.connection.connection.driver_connection
    raw.set_trace_callback(seen.add)

    def explain() -> list[str]:
        raw.set_trace_callback(None)
        found = [statement for statement in seen if statement.startswith(("SELECT", "UPDATE", "DELETE"))]
        assert len(found) > 10, "statements of one connection are seen, whichever way they are run"
        with world.store.read() as tx:
            return [
                f"{' '.join(statement.split())} -> {row[3]}"
                for statement in found
                for row in tx.sql("EXPLAIN QUERY PLAN " + statement)
            ]

    return explain


def test_no_step_of_study_reads_through_the_log(world, study, right, plans):
    right(study, study.next(minutes=60), rating="easy")
    world.hands.wait(days=200)
    task = study.next()
    assert task.reason == "due"
    answered = right(study, task)
    study.answer(task.deal)
    study.overrule(answered.event, "hard")
    study.undo()
    study.mark("bury", "alpha#know")
    found = plans()
    assert any(" -> SEARCH event USING INDEX event_of_deal (deal=?" in plan for plan in found)
    for plan in found:
        step = plan.rpartition(" -> ")[2]
        assert not step.startswith(("SCAN event", "SCAN deal", "SCAN card_state")), plan
        if step.startswith("SEARCH event USING INDEX event_of_learner"):
            assert "at_ms>?" in step, plan
        if "event_of_kind" in step:
            assert "kind = 'review'" not in plan, plan
        if step.startswith("SEARCH deal"):
            assert "learner=?)" not in step or "deal_open" in step, plan


def test_statistics_do_not_read_through_the_log(world, study, right, plans):
    from qbank.services.statistics import Statistics

    right(study, study.next(), rating="easy")
    study.undo()
    right(study, study.next(), rating="easy")
    assert Statistics(world.store, world.shelf).over().reviews == 1
    steps = [plan.rpartition(" -> ")[2] for plan in plans()]
    assert any(step.startswith("SEARCH event USING INDEX sqlite_autoindex_event_1 (uuid=?)") for step in steps)
    assert not [step for step in steps if step.startswith("SCAN event")]
    assert not [step for step in steps if step.endswith(("event_of_learner (learner=?)", "event_of_kind (learner=?)"))]


def test_the_work_of_an_answer_does_not_grow_with_the_log(world, study, right, tmp_path):
    """SQLite's own count of executed instructions, with a short and a long log of other cards."""
    import json

    def cost() -> int:
        steps = 0

        def tick() -> int:
            nonlocal steps
            steps += 1
            return 0

        with world.store.read() as tx:
            raw = tx.connection.connection.driver_connection
        raw.set_progress_handler(tick, 100)
        right(study, study.deal("alpha#know"))
        raw.set_progress_handler(None, 100)
        return steps

    cost()
    short = cost()
    learner = world.log()[0].learner
    lines = [
        json.dumps(
            {"uuid": f"u{n}", "at_ms": n, "zone_min": 0, "learner": learner, "kind": "review",
             "data": {"card": f"q{n % 40}#know", "rating": "good", "day": 1, "interval_ms": 9, "deal": f"d{n}"}}
        )
        for n in range(3000)
    ]  # fmt: skip
    (tmp_path / "log").write_text("\n".join(lines))
    world.logs().load(tmp_path / "log")
    assert cost() < 3 * short + 10
