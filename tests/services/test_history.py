"""The promise of the cache: after any history it is what replaying the log gives, to the last bit."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qbank.domain import Event, QbankError
from qbank.services import people
from qbank.services.cards import record
from qbank.services.desk import sit
from qbank.services.log_lines import write

CARDS = ["alpha#recall", "alpha#know", "alpha#compute", "beta#know"]
WEIGHTS = [
    (0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796, 1.4835, 0.0614, 0.2629,
     1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542),
    (0.5, 1.0, 3.0, 9.0, 6.0, 0.8, 3.0, 0.01, 1.8, 0.1, 0.8, 1.5, 0.06, 0.26, 1.6, 0.6, 1.9, 0.5, 0.1, 0.07, 0.2),
]  # fmt: skip
SETTINGS = [
    ("desired_retention", 0.8),
    ("rollover_hour", 13),
    ("leech_lapses", 1),
    ("learning_steps", "off"),
    ("learning_steps", "5m 20m 2h"),
    ("relearning_steps", "off"),
    ("relearning_steps", "1m 1h"),
]

card = st.sampled_from(CARDS)
step = st.one_of(
    st.tuples(st.just("answer"), card, st.booleans(), st.sampled_from([None, "again", "hard", "good", "easy"])),
    st.tuples(st.just("answer"), card, st.booleans(), st.none()),
    st.tuples(st.just("wait"), st.integers(-3, 30), st.integers(0, 1440)),
    st.tuples(st.just("mark"), st.sampled_from(["suspend", "resume", "bury", "reset", "leech", "unleech"]), card),
    st.tuples(st.just("reschedule"), card, st.integers(0, 40)),
    st.tuples(st.just("undo")),
    st.tuples(st.just("undo")),
    st.tuples(st.just("overrule"), st.sampled_from(["again", "easy"])),
    st.tuples(st.just("weights"), st.sampled_from(WEIGHTS)),
    st.tuples(st.just("setting"), st.sampled_from(SETTINGS)),
    st.tuples(
        st.just("late"), st.one_of(card, st.just("psi#know")), st.integers(-20, 5), st.sampled_from(["again", "good"])
    ),
    st.tuples(st.just("rename")),
)


def do(world, study, right, action, last):
    """Carry out one step; returns the last review's answer."""
    match action:
        case ("answer", name, well, rating):
            with contextlib.suppress(QbankError):
                return right(study, study.deal(name), well=well, rating=rating)
        case ("wait", days, minutes):
            world.hands.wait(days=days, minutes=minutes)
        case ("mark", kind, name):
            study.mark(kind, name)
        case ("reschedule", name, days):
            with contextlib.suppress(QbankError):
                study.mark("reschedule", name, due_ms=world.hands.at + days * 86_400_000)
        case ("undo",):
            study.undo()
        case ("overrule", rating):
            with contextlib.suppress(QbankError):
                return study.overrule(last.event if last else "", rating)
        case ("weights", weights):
            study.adopt(weights)
        case ("setting", (name, value)):
            study.settings.set(name, value)
        case ("late", name, days, rating):  # from a clock that differs
            with world.store.write() as tx:
                desk = sit(tx, people.find_or_make(tx, "me"))
                data = {"card": name, "rating": rating, "day": desk.today + days, "interval_ms": 86_400_000}
                at = world.hands.at + days * 86_400_000
                record(tx, desk.person, Event(tx.new_id(), at, 0, desk.person.uuid, "review", data), desk.was)
        case ("rename",):
            world.shelf.renamed = {"omega": "alpha", "psi": "omega"}
            world.study().mixed()
    return last


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(step, max_size=25), order=st.randoms(use_true_random=False), chunk=st.integers(1, 9))
def test_the_cache_equals_the_replay_and_so_does_a_merged_copy(
    make_world, right, tmp_path_factory, steps, order, chunk
):
    folder = tmp_path_factory.mktemp("history")
    here, there = make_world(f"{folder.name}-here"), make_world(f"{folder.name}-there")
    study, last = here.study(), None
    for action in steps:
        last = do(here, study, right, action, last)
        here.holds()
    there.shelf.renamed = here.shelf.renamed
    lines = [write(event) for event in here.log()]
    order.shuffle(lines)
    for start in range(0, len(lines), chunk):
        (folder / "part").write_text("\n".join(lines[start : start + chunk]), encoding="utf-8")
        assert there.logs().load(folder / "part")["refused"] == []
        there.holds()
    assert there.cached() == here.cached()
    assert there.log() == here.log()


def test_two_machines_that_exchange_their_logs_agree(make_world, right, tmp_path):
    one, two = make_world("one"), make_world("two")
    two.hands.wait(minutes=7)
    for round_ in range(3):
        for world, name in ((one, "one"), (two, "two")):
            study = world.study()
            for n, card_ in enumerate(CARDS):
                right(study, study.deal(card_), well=(n + round_) % 3 > 0)
            if round_:
                study.undo()
            world.hands.wait(days=4 + round_)
            world.logs().export(tmp_path / name)
        one.logs().load(tmp_path / "two", as_name="me" if round_ == 0 else None)
        one.logs().export(tmp_path / "one")
        two.logs().load(tmp_path / "one")
        one.logs().export(tmp_path / "one")
        two.logs().export(tmp_path / "two")
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
        assert one.cached() == two.cached() != {}
        one.holds()
        two.holds()


@pytest.mark.parametrize(
    "statement", ["UPDATE event SET at_ms = 0", "DELETE FROM event", "REPLACE INTO event SELECT * FROM event"]
)
def test_the_log_cannot_be_rewritten_even_by_hand(world, study, right, tmp_path, statement):
    import sqlite3

    right(study, study.next())
    before = world.log()
    raw = sqlite3.connect(world.store.path)
    with pytest.raises(sqlite3.IntegrityError, match="events are never"):
        raw.execute(statement)
    raw.close()
    assert world.log() == before
