"""Three machines with clocks that disagree: whatever they do and however their logs travel, all end in one state."""

from __future__ import annotations

import contextlib
import itertools
import shutil

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qbank.domain import QbankError
from qbank.services.log_lines import write
from qbank.storage import deals

MACHINES = 3
CARDS = ["alpha#recall", "alpha#know", "alpha#compute", "beta#know"]

machine = st.integers(0, MACHINES - 1)
step = st.one_of(
    st.tuples(st.just("answer"), machine, st.sampled_from(CARDS), st.booleans()),
    st.tuples(st.just("answer"), machine, st.sampled_from(CARDS), st.booleans()),
    st.tuples(st.just("same deal"), machine, st.booleans()),
    st.tuples(st.just("undo"), machine),
    st.tuples(st.just("mark"), machine, st.sampled_from(["suspend", "resume", "bury", "reset", "leech", "unleech"])),
    st.tuples(st.just("wait"), st.integers(0, 20), st.integers(1, 1440)),
    st.tuples(st.just("skew"), machine, st.integers(-3 * 1440, 3 * 1440)),
    st.tuples(st.just("carry"), machine, machine, st.integers(0, 100)),
    st.tuples(st.just("setting"), machine, st.sampled_from([0.8, 0.95])),
)
counter = itertools.count()


class Machines:
    """A learner's database and two that began apart or as copies; logs are carried between them as files."""

    def __init__(self, make_world, folder, copied: bool) -> None:
        self.folder = folder
        first = make_world(f"{folder.name}-0")
        study = first.study()
        study.settings.set("zone", "UTC")
        self.deal = study.deal("alpha#compute").deal if copied else None
        self.worlds = [first]
        for n in range(1, MACHINES):
            if copied:
                first.store.close()
                shutil.copy(first.store.path, first.store.path.with_name(f"{folder.name}-{n}.db"))
            self.worlds.append(make_world(f"{folder.name}-{n}"))
            if not copied:
                self.carry(0, n, as_name="me")
                self.carry(n, 0)

    def lines(self, n: int) -> list[str]:
        return [write(event) for event in self.worlds[n].log()]

    def carry(self, source: int, target: int, percent: int = 100, as_name: str | None = None) -> None:
        lines = self.lines(source)
        part = self.folder / "part"
        part.write_text("\n".join(lines[: len(lines) * percent // 100]), encoding="utf-8")
        assert self.worlds[target].logs().load(part, as_name=as_name)["refused"] == []

    def closed_by(self, n: int) -> str | None:
        """The event that answers the deal all copies began with."""
        with self.worlds[n].store.read() as tx:
            return deals.get(tx, self.deal).closed_by

    def do(self, right, action) -> None:
        match action:
            case ("answer", n, card, well):
                study = self.worlds[n].study()
                with contextlib.suppress(QbankError):
                    right(study, study.deal(card), well=well)
            case ("same deal", n, well) if self.deal is not None:
                self.worlds[n].study().answer(self.deal, answer="5" if well else "9")
            case ("undo", n):
                self.worlds[n].study().undo()
            case ("mark", n, kind):
                self.worlds[n].study().mark(kind, "alpha#compute")
            case ("wait", days, minutes):
                for world in self.worlds:
                    world.hands.wait(days=days, minutes=minutes)
            case ("skew", n, minutes):
                self.worlds[n].hands.wait(minutes=minutes)
            case ("carry", source, target, percent):
                self.carry(source, target, percent)
                self.worlds[target].holds()
            case ("setting", n, value):
                self.worlds[n].study().settings.set("desired_retention", value)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(step, max_size=30), copied=st.booleans(), order=st.permutations(range(MACHINES)))
def test_all_merges_end_in_the_state_of_one_log_replayed(make_world, right, tmp_path_factory, steps, copied, order):
    folder = tmp_path_factory.mktemp("merge")
    machines = Machines(make_world, folder, copied)
    for action in steps:
        machines.do(right, action)
    for source, target in [*itertools.permutations(order, 2), *itertools.permutations(order, 2)]:
        machines.carry(source, target)
    logs = [machines.lines(n) for n in range(MACHINES)]
    assert logs[0] == logs[1] == logs[2]
    states = [world.cached() for world in machines.worlds]
    assert states[0] == states[1] == states[2]
    for world in machines.worlds:
        world.holds()
        assert world.study().settings.get("desired_retention") == machines.worlds[0].study().settings.get(
            "desired_retention"
        )
    if copied:
        assert len({machines.closed_by(n) for n in range(MACHINES)}) == 1, "the same answer counts everywhere"
    fresh = make_world(f"{folder.name}-fresh")
    (folder / "all").write_text("\n".join(reversed(logs[0])), encoding="utf-8")
    fresh.logs().load(folder / "all")
    assert fresh.cached() == states[0]
