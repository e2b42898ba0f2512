"""Merging logs: by union, in any order, any number of times; nothing that is no event gets in."""

from __future__ import annotations

import io
import json
import random

import pytest

from qbank.domain import BadValue
from qbank.storage import deals

DAY = 86_400_000


@pytest.fixture
def busy(make_world, right):
    """A world with some history: reviews, practice, an undo, marks, a setting."""

    def make(name="busy", seed=1):
        world = make_world(name)
        rng = random.Random(seed)
        study = world.study()
        study.settings.set("zone", "UTC")
        for _ in range(8):
            card = rng.choice([info.card for info in world.shelf.cards()])
            right(study, study.deal(card), well=rng.random() < 0.7)
            world.hands.wait(days=rng.choice([0, 1, 5]), minutes=rng.randrange(1, 90))
        study.undo()
        study.mark("suspend", "beta#know")
        return world

    return make


def export(world, path):
    return world.logs().export(path)["written"]


def test_export_is_strict_json_in_replay_order(busy, tmp_path):
    world = busy()
    assert export(world, tmp_path / "log") == len(world.log())
    lines = [json.loads(line) for line in (tmp_path / "log").read_text("utf-8").splitlines()]
    assert [line["uuid"] for line in lines] == [event.uuid for event in world.log()]
    assert [(line["at_ms"], line["uuid"]) for line in lines] == sorted((line["at_ms"], line["uuid"]) for line in lines)
    assert set(lines[0]) == {"uuid", "at_ms", "zone_min", "learner", "kind", "data"}
    assert [path.name for path in tmp_path.glob("log*")] == ["log"]


def test_an_empty_database_takes_everything(busy, make_world, tmp_path):
    here, there = busy(), make_world("there")
    count = export(here, tmp_path / "log")
    assert there.logs().load(tmp_path / "log") == {"read": count, "new": count, "known": 0, "refused": []}
    assert there.log() == here.log()
    assert there.cached() == here.cached() != {}
    assert there.study().settings.get("zone") == "UTC"
    assert there.logs().load(tmp_path / "log") == {"read": count, "new": 0, "known": count, "refused": []}
    assert here.logs().load(tmp_path / "log")["new"] == 0
    assert export(there, tmp_path / "again") == count
    assert (tmp_path / "again").read_bytes() == (tmp_path / "log").read_bytes()


def test_imported_events_are_not_undone_here(busy, make_world, tmp_path):
    here, there = busy(), make_world("there")
    export(here, tmp_path / "log")
    there.logs().load(tmp_path / "log")
    assert there.study().undo() is None


def test_the_order_of_lines_does_not_matter(busy, make_world, tmp_path):
    here = busy()
    export(here, tmp_path / "log")
    lines = (tmp_path / "log").read_bytes().splitlines(keepends=True)
    for seed in range(3):
        random.Random(seed).shuffle(lines)
        other = make_world(f"other{seed}")
        for n in range(0, len(lines), 3):
            (tmp_path / "part").write_bytes(b"".join(lines[n : n + 3]))
            other.logs().load(tmp_path / "part")
            for name in ("me",):
                other.holds(name)
        assert other.log() == here.log()
        assert other.cached() == here.cached()


def test_as_joins_two_learners_on_both_sides(busy, tmp_path):
    here, there = busy("here", 1), busy("there", 2)
    export(there, tmp_path / "theirs")
    counts = here.logs().load(tmp_path / "theirs", as_name="me")
    assert counts["refused"] == []
    here.holds()
    assert sum(s.reps for s in here.cached().values()) > max(s.reps for s in there.cached().values())
    again = len(here.log())
    here.logs().load(tmp_path / "theirs", as_name="me")
    assert len(here.log()) == again  # joined once
    export(here, tmp_path / "ours")
    there.logs().load(tmp_path / "ours")
    there.holds()
    assert there.cached() == here.cached()
    assert there.log() == here.log()


def test_without_as_another_machines_learner_stays_another(busy, tmp_path):
    here, there = busy("here", 1), busy("there", 2)
    before = here.cached()
    export(there, tmp_path / "theirs")
    here.logs().load(tmp_path / "theirs")
    assert here.cached() == before
    here.holds()


def test_as_a_new_name_gives_the_learner_that_name(busy, make_world, tmp_path):
    here, there = busy(), make_world("there")
    export(here, tmp_path / "log")
    there.logs().load(tmp_path / "log", as_name="phone")
    assert there.cached("phone") == here.cached()
    there.holds("phone")


def test_as_needs_the_log_of_one_learner(busy, right, make_world, tmp_path):
    here, there = busy(), make_world("there")
    right(here.study("her"), here.study("her").next())
    export(here, tmp_path / "log")
    with pytest.raises(BadValue, match="--as must be given for the log of one learner"):
        there.logs().load(tmp_path / "log", as_name="me")
    assert there.log() == []


def test_of_a_deal_answered_in_two_copies_the_earliest_counts(make_world, right, tmp_path):
    import shutil

    from qbank.storage import Store

    here = make_world("here")
    task = here.study().deal("alpha#compute")
    here.store.close()
    shutil.copy(tmp_path / "here.db", tmp_path / "copy.db")
    copy = make_world("copy")
    here.store = Store.open(tmp_path / "here.db", now_ms=here.hands.now_ms, new_id=here.hands.new_id)
    right(copy.study(), task, well=False)
    here.hands.wait(minutes=5)
    late = right(here.study(), task)
    export(copy, tmp_path / "log")
    here.logs().load(tmp_path / "log")
    here.holds()
    state = here.cached()["alpha#compute"]
    assert (state.reps, state.last_ms) == (1, copy.hands.at)
    assert here.study().answer(task.deal).event != late.event
    assert here.study().undo().event == late.event  # own, though it did not count
    assert here.cached()["alpha#compute"] == state
    copy.study().undo()
    export(copy, tmp_path / "log")
    here.logs().load(tmp_path / "log")
    assert here.cached() == {}
    assert here.study().next().deal != task.deal or here.study().deal("alpha#compute").deal == task.deal


def test_an_undo_that_arrives_before_what_it_undoes(busy, make_world, tmp_path):
    here, there = busy(), make_world("there")
    export(here, tmp_path / "log")
    lines = (tmp_path / "log").read_bytes().splitlines(keepends=True)
    undo = [line for line in lines if b'"kind":"undo"' in line]
    (tmp_path / "part").write_bytes(b"".join(undo))
    there.logs().load(tmp_path / "part")
    there.logs().load(tmp_path / "log")
    assert there.cached() == here.cached()
    there.holds()


def test_a_strangers_undo_takes_nothing_back_until_they_are_joined(busy, tmp_path):
    here = busy()
    before = here.cached()
    mine = next(event for event in here.log() if event.kind == "review")
    told = {"uuid": "u-1", "at_ms": mine.at_ms + 1, "zone_min": 0, "learner": "stranger", "kind": "undo",
            "data": {"event": mine.uuid}}  # fmt: skip
    (tmp_path / "log").write_text(json.dumps(told))
    here.logs().load(tmp_path / "log")
    assert here.cached() == before
    here.holds()
    task = mine.data["deal"]
    assert here.study().answer(task).event == mine.uuid
    here.logs().load(tmp_path / "log", as_name="me")
    assert here.cached() != before
    here.holds()
    with here.store.read() as tx:
        assert deals.get(tx, task).closed_by is None


def test_a_renamed_question_is_followed_in_imported_events(busy, make_world, tmp_path):
    here, there = busy(), make_world("there")
    there.shelf.stars = {"gamma": 3, "beta": 2}
    there.shelf.renamed = {"alpha": "gamma"}
    export(here, tmp_path / "log")
    there.logs().load(tmp_path / "log")
    assert {card.replace("gamma", "alpha") for card in there.cached()} == set(here.cached())
    there.holds()


GOOD = {
    "uuid": "u-1", "at_ms": 5, "zone_min": 0, "learner": "l-1", "kind": "review",
    "data": {"card": "q#know", "rating": "good", "day": 3, "interval_ms": 60000},
}  # fmt: skip


def broken(**changes):
    return json.dumps({**GOOD, **changes}).encode()


REFUSED = {
    "no JSON": b"hello",
    "half a line": json.dumps(GOOD).encode()[:40],
    "a list": b"[1, 2]",
    "a number": b"7",
    "no UTF-8": b'{"uuid": "\xff\xfe"}',
    "NaN": json.dumps({**GOOD, "data": {**GOOD["data"], "x": float("nan")}}).encode(),
    "Infinity": b'{"uuid": "u", "at_ms": Infinity}',
    "an overflowing number": json.dumps(GOOD).encode().replace(b"60000", b'60000, "x": 1e999'),
    "a lone surrogate": json.dumps({**GOOD, "data": {**GOOD["data"], "x": "\ud800"}}).encode(),
    "too deep": b"[" * 100_000,
    "too long": b'{"x": "' + b"y" * 1_100_000 + b'"}',
    "a huge whole number": b'{"at_ms": ' + b"9" * 10_000 + b"}",
    "no uuid": broken(uuid=None),
    "an odd uuid": broken(uuid="a\nb"),
    "a time that is text": broken(at_ms="5"),
    "a time that is true": broken(at_ms=True),
    "a time before 1970": broken(at_ms=-1),
    "a time after 9999": broken(at_ms=1 << 60),
    "an odd zone": broken(zone_min=10_000),
    "no learner": broken(learner=""),
    "an odd kind": broken(kind="Review!"),
    "no data": broken(data=None),
    "no card": broken(data={"rating": "good", "day": 3}),
    "an unknown rating": broken(data={"card": "q#know", "rating": "superb", "day": 3}),
    "no day": broken(data={"card": "q#know", "rating": "good"}),
    "an undo of nothing": broken(kind="undo", data={}),
    "a bury without a day": broken(kind="bury", data={"card": "q#know"}),
    "too few weights": broken(kind="weights", data={"weights": [1, 2]}),
    "a setting without a value": broken(kind="setting", data={"key": "zone"}),
    "a learner without a name": broken(kind="learner", data={}),
}


@pytest.mark.parametrize("line", REFUSED.values(), ids=REFUSED)
def test_a_broken_line_is_refused_by_its_number_and_the_others_are_taken(make_world, tmp_path, line):
    world = make_world()
    good = json.dumps({**GOOD, "uuid": "u-2"}).encode()
    (tmp_path / "log").write_bytes(b"\n" + line + b"\r\n" + good + b"\n\n")
    counts = world.logs().load(tmp_path / "log")
    assert (counts["read"], counts["new"], counts["known"]) == (2, 1, 0)
    (refused,) = counts["refused"]
    assert refused["line"] == 2
    assert refused["why"].isprintable()
    assert len(refused["why"]) <= 120
    assert [event.uuid for event in world.log()] == ["u-2"]


def test_the_good_example_is_good(make_world, tmp_path):
    (tmp_path / "log").write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())
    assert make_world().logs().load(tmp_path / "log")["refused"] == []


def test_a_uuid_that_means_two_things_is_refused(make_world, tmp_path):
    world = make_world()
    other = json.dumps({**GOOD, "at_ms": 6})
    (tmp_path / "log").write_text(f"{json.dumps(GOOD)}\n{json.dumps(GOOD)}\n{other}\n")
    counts = world.logs().load(tmp_path / "log")
    assert counts == {"read": 3, "new": 1, "known": 1, "refused": [{"line": 3, "why": "another event has this uuid"}]}
    (tmp_path / "log").write_text(other)
    assert world.logs().load(tmp_path / "log")["refused"][0]["line"] == 1


def test_unknown_kinds_are_kept_and_passed_on(make_world, tmp_path):
    world = make_world()
    line = json.dumps({**GOOD, "kind": "from-2031", "data": {"card": "q#know", "new": [1, {"thing": None}]}})
    (tmp_path / "log").write_text(line)
    assert world.logs().load(tmp_path / "log")["new"] == 1
    export(world, tmp_path / "out")
    assert json.loads((tmp_path / "out").read_text()) == json.loads(line)


def test_standard_input_and_output(busy, make_world, monkeypatch):
    class Pipe:
        buffer = io.BytesIO()

    here, there = busy(), make_world("there")
    monkeypatch.setattr("sys.stdout", Pipe)
    written = here.logs().export(None)["written"]
    Pipe.buffer.seek(0)
    monkeypatch.setattr("sys.stdin", Pipe)
    assert there.logs().load(None)["new"] == written


@pytest.mark.parametrize("place", ["", "none/log"])
def test_a_file_that_cannot_be_used_is_one_line(busy, tmp_path, place):
    world = busy()
    for use in (world.logs().load, world.logs().export):
        with pytest.raises(BadValue, match="FILE must be a file that can be") as error:
            use(tmp_path / place)
        assert str(error.value).isprintable()


def test_an_export_that_fails_leaves_the_old_file(busy, tmp_path, monkeypatch):
    world = busy()
    (tmp_path / "log").write_text("old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(BadValue, match="No space left"):
        export(world, tmp_path / "log")
    assert (tmp_path / "log").read_text() == "old"
    assert [path.name for path in tmp_path.glob("log*")] == ["log"]


def test_a_large_import_replays_everything(make_world, tmp_path):
    world = make_world()
    rng = random.Random(5)
    lines = []
    for n in range(2000):
        data = {"card": f"q{n % 300}#know", "rating": rng.choice(["again", "good"]), "day": n // 20, "interval_ms": DAY}
        lines.append(json.dumps({**GOOD, "uuid": f"u{n}", "at_ms": n * 4_000_000, "data": data}))
    lines.append(json.dumps({**GOOD, "uuid": "name", "kind": "learner", "data": {"name": "me"}}))
    (tmp_path / "log").write_text("\n".join(lines))
    assert world.logs().load(tmp_path / "log")["new"] == 2001
    assert len(world.cached()) == 300
    world.holds()
