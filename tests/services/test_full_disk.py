"""A disk that runs full under study: one clear line, nothing half written, and on it goes when there is room."""

from __future__ import annotations

import pytest

from qbank.domain import QbankError


@pytest.fixture
def room(world):
    """Set how many pages the database may grow to (None: as it is now)."""

    def limit(pages: int | None) -> None:
        with world.store.write() as tx:
            most = pages or tx.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {most}")

    return limit


def test_an_answer_that_does_not_fit_is_not_acknowledged_and_can_be_given_again(world, study, room):
    task = study.deal("alpha#compute")
    room(None)

    def go_on() -> None:
        for _ in range(2000):  # until the pages that are there are full
            study.answer(study.deal("alpha#compute").deal, answer="9")

    with pytest.raises(QbankError, match="database must lie on a disk that has room") as error:
        go_on()
    assert str(error.value).isprintable()
    log = world.log()
    world.holds()
    acknowledged = {event.data.get("deal") for event in log}
    assert task.deal in acknowledged
    room(1 << 30)
    assert len(world.log()) == len(log)
    again = study.deal("alpha#compute")
    assert study.answer(again.deal, answer="9").event in {event.uuid for event in world.log()}
    world.holds()


def test_a_challenge_that_does_not_fit_leaves_everything_else_as_it_was(world, study, right, room):
    answered = right(study, study.deal("alpha#compute"))
    before, stood = world.log(), world.cached()
    room(None)

    def go_on() -> None:
        for _ in range(2000):
            study.challenge(answered.event, "x" * 3000)

    with pytest.raises(QbankError, match="room"):
        go_on()
    room(1 << 30)
    kinds = {event.kind for event in world.log()[len(before) :]}
    assert kinds <= {"challenge"}
    assert world.cached() == stood
    world.holds()
