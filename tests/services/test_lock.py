"""A formula may take seconds to grade: nothing is graded while others wait for the write lock."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from qbank import grading
from qbank.domain import QbankError
from qbank.services import answering
from qbank.services import study as module
from qbank.services.study import Study
from qbank.storage import Store


@pytest.fixture
def graded(world, monkeypatch) -> list[str]:
    """The answers that were graded, each while another connection could write."""
    found: list[str] = []

    def grade(dealt, answer):
        with sqlite3.connect(world.store.path, timeout=0, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        other.close()
        found.append(answer)
        return grading.grade(dealt, answer)

    monkeypatch.setattr(answering, "grade", grade)
    monkeypatch.setattr(module, "grade", grade)
    return found


def test_answering_and_overruling(study, graded) -> None:
    first = study.answer(study.deal("alpha#compute").deal, "5")
    second = study.overrule(first.event, "easy")
    assert study.overrule(second.event, "again").rating == "again"
    assert graded == ["5", "5", "5"]


def test_challenges(world, graded, tmp_path: Path) -> None:
    given = {"now_ms": world.hands.now_ms, "new_id": world.hands.new_id}
    study = Study(world.store, world.shelf, **given, cases=tmp_path / "cases")
    task = study.deal("alpha#compute")
    assert study.doubt(task.deal, "what") is not None
    study.challenge(study.answer(task.deal, "9").event)
    assert graded == ["what", "9", "9"]


@pytest.fixture
def other(world, make_world):
    """Another process at the same database."""
    store = Store.open(world.store.path, now_ms=world.hands.now_ms, new_id=make_world("ids").hands.new_id)
    yield Study(store, world.shelf, now_ms=world.hands.now_ms, new_id=store.new_id)
    store.close()


def test_a_deal_that_was_answered_while_its_answer_was_graded(study, other, monkeypatch) -> None:
    task, judge, answers = study.deal("alpha#compute"), answering.judge, []

    def slow(*given):
        if not answers:
            answers.append(None)
            answers[0] = other.answer(task.deal, "9")
        return judge(*given)

    monkeypatch.setattr(answering, "judge", slow)
    told = study.answer(task.deal, "5")
    assert (told.event, told.repeated, told.verdict.correct) == (answers[0].event, True, False)


def test_a_review_that_was_undone_while_it_was_graded_is_not_overruled(world, study, other, monkeypatch) -> None:
    first, again = study.answer(study.deal("alpha#compute").deal, "5"), answering.judge_again

    def slow(*given):
        other.undo()
        return again(*given)

    monkeypatch.setattr(answering, "judge_again", slow)
    with pytest.raises(QbankError, match="event must be a review that counts"):
        study.overrule(first.event, "easy")
    assert [event.kind for event in world.log() if event.kind in ("review", "undo")] == ["review", "undo"]
    world.holds()
