from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from qbank.domain import Dealt, Item, Option, Point, Prose, Question, ShownOption, Text, Trap, card_key
from qbank.scheduling import replay
from qbank.services import people
from qbank.services.logs import Logs
from qbank.services.study import CardInfo, Study
from qbank.storage import Store, aliases, events, states

DAY = 86_400_000
NOON = 1_700_049_600_000  # 2023-11-15 12:00 UTC


class Hands:
    """A clock that is set by hand and ids that count, from an own range for each database."""

    def __init__(self, number: int = 0) -> None:
        self.at = NOON
        self._ids = (f"{number:08d}-0000-4000-8000-{n:012d}" for n in itertools.count(1))

    def now_ms(self) -> int:
        return self.at

    def new_id(self) -> str:
        return next(self._ids)

    def wait(self, days: float = 0, minutes: float = 0) -> None:
        self.at += round(days * DAY + minutes * 60_000)


@dataclass
class FakeShelf:
    """Questions with two choice items, a number item and the recall card each. Every key is known."""

    stars: dict[str, int] = field(default_factory=lambda: {"alpha": 3, "beta": 2})
    renamed: dict[str, str] = field(default_factory=dict)
    rev: int = 1
    items: tuple[str, ...] = ("pick", "pick-too", "sum")
    seeds: list[int] = field(default_factory=list)
    kinds: Mapping[str, str] = field(default_factory=lambda: {"pick": "choice", "pick-too": "choice", "sum": "number"})

    def cards(self) -> Sequence[CardInfo]:
        found = []
        for id_, stars in self.stars.items():
            know = tuple(i for i in self.items if self.kinds[i] == "choice")
            compute = tuple(i for i in self.items if self.kinds[i] == "number")
            for facet, items in (("compute", compute), ("know", know), ("recall", ())):
                if facet == "recall" or items:
                    found.append(CardInfo(card_key(id_, facet), id_, facet, stars, self.rev, items))
        return found

    def question(self, id: str) -> Question:
        text = Text("题", "stem")
        options = (Option("right", text, key=True), Option("wrong", text, mistake="slip"))
        made = tuple(
            Item(i, self.kinds[i], text, options=options if self.kinds[i] == "choice" else ()) for i in self.items
        )
        prose = Prose("t", "p", "a")
        return Question(id, self.rev, self.stars[id], "document", (), (), prose, prose, self.points(), items=made)

    def item(self, question: str, item: str) -> Item | None:
        return self.question(question).item(item)

    def points(self) -> tuple[Point, ...]:
        return tuple(Point(f"p{n}", Text("点", "point"), essential=n < 3) for n in range(4))

    def was(self) -> Mapping[str, str]:
        return self.renamed

    def deal(self, question: str, item: str, seed: int | None = None) -> Dealt:
        seed = 0 if seed is None else seed
        self.seeds.append(seed)
        text = Text("题", "stem")
        kind = "recall" if item == "recall" else self.kinds[item]
        dealt = Dealt(question, item, kind, seed, self.rev, text, key=None, worked=Text("解", "worked"))
        if kind == "recall":
            return replace(dealt, key=["p0", "p1", "p2"], points=self.points())
        if kind == "choice":
            says = Text("错", "a slip")
            options = (ShownOption("right", text), ShownOption("wrong", text, f"{question}:slip", says))
            return replace(dealt, key="right", options=options)
        traps = (Trap("sums:off", Text("差", "off"), 9.0),)
        return replace(dealt, key=5.0, rtol=1e-2, atol=1e-6, traps=traps, inputs={"a": 2, "b": float("inf")})


@dataclass
class World:
    """One database with a learner at it."""

    store: Store
    shelf: FakeShelf
    hands: Hands

    def study(self, learner: str = "me") -> Study:
        return Study(self.store, self.shelf, now_ms=self.hands.now_ms, new_id=self.hands.new_id, learner=learner)

    def logs(self) -> Logs:
        return Logs(self.store, self.shelf, now_ms=self.hands.now_ms, new_id=self.hands.new_id)

    def log(self) -> list:
        with self.store.read() as tx:
            return list(events.every(tx))

    def cached(self, learner: str = "me") -> dict:
        with self.store.read() as tx:
            person = people.find(tx, learner)
            return {} if person is None else states.every(tx, person.root)

    def replayed(self, learner: str = "me") -> dict:
        with self.store.read() as tx:
            person = people.find(tx, learner)
            return {} if person is None else replay(events.every(tx), aliases.every(tx), person.uuid)

    def holds(self, learner: str = "me") -> None:
        """The promise: the cache is what the log says, to the last bit."""
        assert self.cached(learner) == self.replayed(learner)

    def standing(self, deal: str) -> list:
        with self.store.read() as tx:
            person = people.find(tx, "me")
            return events.answers(tx, deal, person.uuids)


RIGHT = {"recall": {"points": ["p0", "p1", "p2"]}, "choice": {"answer": "right"}, "number": {"answer": "5"}}
WRONG = {"recall": {"points": []}, "choice": {"answer": "wrong"}, "number": {"answer": "9"}}


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(name: str = "q", shelf: FakeShelf | None = None, hands: Hands | None = None) -> World:
        hands = hands or Hands(len(made))
        store = Store.open(tmp_path / f"{name}.db", now_ms=hands.now_ms, new_id=hands.new_id)
        made.append(World(store, shelf or FakeShelf(), hands))
        return made[-1]

    yield make
    for world in made:
        world.store.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    one = make_world()
    one.study().settings.set("zone", "UTC")
    return one


@pytest.fixture
def study(world: World) -> Study:
    return world.study()


@pytest.fixture
def right() -> Callable:
    """Answer a task right (or wrong)."""

    def answer(study: Study, task, well: bool = True, **more):
        return study.answer(task.deal, **(RIGHT if well else WRONG)[task.kind], **more)

    return answer
