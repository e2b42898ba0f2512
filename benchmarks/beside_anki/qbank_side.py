"""qbank over the same notes: each a question with one choice item, whose card has the same reviews."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from benchmarks.beside_anki.material import DAY_MS, Note, Review, history, note
from benchmarks.beside_anki.talk import serve
from qbank.bootstrap import new_id, now_ms
from qbank.domain import FACETS, RATINGS, CardState, Event
from qbank.scheduling.state import SCHEDULER
from qbank.services import people
from qbank.services.bank import Bank
from qbank.services.desk import sit
from qbank.services.study import Study
from qbank.storage import ContentRow, Store, content, events, states


class Stored(Bank):
    """The bank of questions that were put straight into the database."""

    version = "bench"


def row(number: int) -> ContentRow:
    """A note as a question."""
    one = note(number)
    id_ = f"q{number:07d}"
    return ContentRow(id_, "bundled", 1 + number % 3, ("information",), ("000",), _summary(id_, number, one),
                      _raw(id_, one), {"en": one.front + "\n" + one.back}, {})  # fmt: skip


def _summary(id_: str, number: int, one: Note) -> dict[str, Any]:
    title = {"zh": one.run, "en": one.word}
    return {"id": id_, "stars": 1 + number % 3, "stars_from": "editorial", "topics": ["information"], "title": title,
            "sources": [], "solvers": [], "facets": ["recall", "know"], "items": ["pick"], "errata": [],
            "origin": "bundled", "rev": 1, "was": [], "cards": {"recall": [], "know": ["pick"]}}  # fmt: skip


def _raw(id_: str, one: Note) -> dict[str, Any]:
    prose = {"title": one.word, "prompt": one.front, "answer": one.back}  # the text itself once, as in Anki
    brief = {"title": one.word, "prompt": "?", "answer": "-"}
    stem = {"stem": "?"}
    options = [
        {"id": name, "zh": name, "en": name, **({"key": True} if name == "right" else {"mistake": name})}
        for name in ("right", "reversed", "halved", "doubled")
    ]
    return {
        "schema": 1, "id": id_, "rev": 1, "stars": 1, "stars_from": "editorial", "topics": ["information"],
        "zh": prose, "en": brief,
        "point": [{"id": f"p{k}", "zh": "点", "en": "point", "essential": True} for k in range(3)],
        "mistake": [{"id": name, "zh": name, "en": name} for name in ("reversed", "halved", "doubled")],
        "item": [{"id": "pick", "kind": "choice", "zh": stem, "en": stem, "option": options}],
    }  # fmt: skip


class Side:
    """One database."""

    def open(self, path: str) -> dict[str, Any]:
        self.store = Store.open(path, now_ms=now_ms, new_id=new_id)
        self.bank = Stored(self.store, [])
        self.study = Study(self.store, self.bank, now_ms=now_ms, new_id=new_id)
        with self.store.read() as tx:
            ask = tx.connection.exec_driver_sql
            return {name: ask(f"PRAGMA {name}").scalar_one() for name in ("synchronous", "journal_mode")}

    def load(self, start: int, count: int) -> float:
        """Put ``count`` questions; seconds."""
        rows = [row(number) for number in range(start, start + count)]
        began = time.perf_counter()
        with self.store.write() as tx:
            content.put(tx, "bench", rows)
        return time.perf_counter() - began

    def remember(self, cards: int, total: int) -> int:
        """Give every card its reviews, as an imported log would; how many there are."""
        self.study.settings.set("zone", "UTC")
        found, written = history(cards, total), 0
        with self.store.write() as tx:
            desk = sit(tx, people.find_or_make(tx, "me"))
            every: list[CardState] = []
            while chunk := list(islice(found, 5_000)):
                log = [e for number, done in chunk for e in _events(desk, number, done)]
                events.append(tx, *log, local=False)
                every += [_state(desk, number, done) for number, done in chunk]
                written += len(log)
            states.put_all(tx, desk.person.root, every)
        return written

    def answer(self, right: bool) -> float:
        """Deal the next card, grade and store; seconds."""
        began = time.perf_counter()
        task = self.study.next()
        assert task is not None
        assert task.kind == "choice"
        self.study.answer(task.deal, "right" if right else "halved", ms=9_000)
        return time.perf_counter() - began

    def grow(self, cards: int) -> int:
        """Make so many cards, five a question, all of them reviewed once, a fifth of them due; how many there are."""
        self.study.settings.set("zone", "UTC")
        with self.store.write() as tx:
            content.put(tx, "bench", map(_wide, range(cards // 5)))
            desk = sit(tx, people.find_or_make(tx, "me"))
            at, day = desk.now - 9 * DAY_MS, desk.today - 9
            states.put_all(tx, desk.person.root, [
                CardState(f"q{number:07d}#{facet}", "review", None, 9.0, 5.0,
                          desk.now + (-DAY_MS if facet == "know" else DAY_MS), at, day, (at, f"{number}{facet}"), 1)
                for number in range(cards // 5)
                for facet in FACETS
            ])  # fmt: skip
        return len(self.bank.cards())

    def fresh(self) -> float:
        """Deal the next card, and answer it; seconds of the dealing."""
        began = time.perf_counter()
        task = self.study.next()
        taken = time.perf_counter() - began
        assert task is not None
        self.study.answer(task.deal, "right", ms=9_000)
        return taken

    def next(self) -> float:
        """Deal the next card, already dealt, again; seconds."""
        began = time.perf_counter()
        assert self.study.next() is not None
        return time.perf_counter() - began

    def search(self, text: str) -> tuple[float, int]:
        """Seconds and how many questions hold the text."""
        began = time.perf_counter()
        with self.store.read() as tx:
            found = content.search(tx, "bench", text)
        return time.perf_counter() - began, len(found)

    def stats(self) -> float:
        """A year's statistics; seconds."""
        from qbank.services.statistics import Statistics

        began = time.perf_counter()
        Statistics(self.store, self.bank).over(365)
        return time.perf_counter() - began


def _wide(number: int) -> ContentRow:
    """A question with a card in each facet; the one in ``know`` has the item."""
    made = row(number)
    facets = {facet: ["pick"] if facet == "know" else [] for facet in FACETS}
    summary = {**made.summary, "facets": list(FACETS), "cards": facets}
    return replace(made, summary=summary, texts={}, titles={})


def _events(desk: Any, number: int, done: list[Review]) -> Iterator[Event]:
    rng = random.Random(number)
    for k, one in enumerate(done):
        at = desk.now - one.ago * DAY_MS - rng.randrange(1_000_000)
        data = {
            "card": f"q{number:07d}#know", "item": "pick", "seed": rng.getrandbits(31), "rev": 1,
            "deal": new_id(), "answer": "right", "verdict": {"correct": one.rating > 1, "credit": 1.0,
            "understood": "right"}, "mistake": None, "hinted": False, "ticked": None, "ms": one.ms,
            "rating": RATINGS[one.rating - 1], "day": desk.days.day(at), "scheduler": SCHEDULER,
            "weights": "default", "retention": 0.9, "interval_days": one.gap, "interval_ms": one.gap * DAY_MS,
            "intervals": {"again": 600, "hard": 86400, "good": one.gap * 86400, "easy": one.gap * 100000},
            "was_new": k == 0, "predicted": round(rng.uniform(0.75, 0.98), 4) if k else None,
            "stability": one.stability, "difficulty": 5.0,
        }  # fmt: skip
        yield Event(new_id(), at, 0, desk.person.uuid, "review", data)


def _state(desk: Any, number: int, done: list[Review]) -> CardState:
    last = done[-1]
    at = desk.now - last.ago * DAY_MS
    return CardState(f"q{number:07d}#know", "review", None, last.stability, 5.0, at + last.gap * DAY_MS, at,
                     desk.days.day(at), (at, new_id()), len(done))  # fmt: skip


ACTS = ("open", "load", "remember", "answer", "next", "search", "stats", "grow", "fresh")

if __name__ == "__main__":
    side = Side()
    serve({name: getattr(side, name) for name in ACTS})
