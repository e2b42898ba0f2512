"""What another process does between two steps of one `next` or `answer`; what is kept is forgotten in time."""

from __future__ import annotations

import pytest

from qbank.services.study import Study
from qbank.storage import Store, learners


@pytest.fixture
def other(world, make_world):
    """The same database through connections of its own, as another process has it."""
    hands = make_world("ids").hands
    hands.at = world.hands.at
    store = Store.open(world.store.path, now_ms=world.hands.now_ms, new_id=hands.new_id)
    yield Study(store, world.shelf, now_ms=world.hands.now_ms, new_id=hands.new_id)
    store.close()


def test_a_card_answered_while_it_is_being_dealt_is_not_dealt_again(world, study, other, right, monkeypatch) -> None:
    deal, turns = world.shelf.deal, []

    def slow(*given):
        if not turns:
            turns.append(given)
            right(other, other.next())
        return deal(*given)

    monkeypatch.setattr(world.shelf, "deal", slow)
    task = study.next()
    assert turns[0][0] == "alpha"
    assert task.card == "beta#recall"
    assert {e.data["card"] for e in world.log() if e.kind == "review"} == {"alpha#recall"}


def test_nothing_written_in_between_means_one_look(world, study, monkeypatch) -> None:
    monkeypatch.setattr(Study, "_still_next", lambda *given: pytest.fail("nothing changed"))
    assert study.next().card == "alpha#recall"


def test_what_was_answered_elsewhere_is_told_even_to_an_unreadable_answer(world, study, other, right) -> None:
    task = study.deal("alpha#compute")
    done = right(other, other.deal("alpha#compute"))
    told = study.answer(task.deal, "no number at all")
    assert (told.event, told.repeated) == (done.event, True)


@pytest.mark.parametrize("writer", ["study", "other"])
def test_a_card_put_off_after_it_was_shown_is_practiced_only(world, study, other, right, writer) -> None:
    done = right(study, study.next())
    world.hands.at = done.due_ms
    task = study.next()
    assert (task.card, task.reason) == (done.card, "due")
    later = world.hands.at + 9 * 86_400_000
    {"study": study, "other": other}[writer].mark("reschedule", task.card, due_ms=later)
    assert right(study, task).kind == "practice"
    assert study.state(task.card).due_ms == later


def test_a_retry_shown_as_answered_and_then_undone_is_answered_anew(study, right) -> None:
    missed = study.answer(study.deal("alpha#compute").deal, "5555")
    first = right(study, study.retry(missed.event))
    again = study.retry(missed.event)
    assert study.undo().event == first.event
    second = right(study, again)
    assert (second.repeated, second.event != first.event) == (False, True)


def test_settings_of_another_process_are_seen(world, study, other, right) -> None:
    right(study, study.next())
    other.settings.set("desired_retention", 0.8)
    right(study, study.next())
    assert [e.data["retention"] for e in world.log() if e.kind == "review"] == [0.9, 0.8]


def test_what_is_kept_is_made_once_until_somebody_writes(world, other) -> None:
    made = []

    def make() -> int:
        made.append(len(made))
        return made[-1]

    for _ in range(3):
        with world.store.read() as tx:
            assert tx.once("k", make) == 0
    other.settings.set("rollover_hour", 5)
    with world.store.read() as tx:
        assert tx.once("k", make) == 1


def test_a_failed_write_leaves_nothing_behind(world) -> None:
    def fail() -> None:
        with world.store.write() as tx:
            tx.once("k", lambda: "of a write that never was")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with world.store.read() as tx:
        assert tx.once("k", lambda: "true") == "true"


@pytest.mark.parametrize("act", ["add", "rename", "join"])
def test_who_is_who_is_looked_up_again_after_a_change(world, act) -> None:
    with world.store.write() as tx:
        learners.add(tx, "u2", None, local=False)
        tx.once("k", lambda: "before")
        if act == "add":
            learners.add(tx, "u3", None, local=False)
        elif act == "rename":
            learners.rename(tx, "u2", "Ada")
        else:
            assert learners.join(tx, {"u2": "u0"}) == {"u2", "u0"}
        assert tx.once("k", lambda: "after") == "after"
