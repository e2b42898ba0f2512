"""Anki's own core, in an environment of its own (``.venv-bench``): run by path, it imports nothing of qbank."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from anki.collection import AddNoteRequest, Collection
from anki.scheduler.v3 import CardAnswer
from material import DECAY, history, note
from talk import serve

RATING = {1: CardAnswer.AGAIN, 3: CardAnswer.GOOD}


class Side:
    """One collection."""

    def open(self, path: str) -> dict[str, Any]:
        self.path = path
        self.col = Collection(path)
        self.col.set_config("fsrs", True)
        config = self.col.decks.config_dict_for_deck_id(1)
        config["rev"]["perDay"] = config["new"]["perDay"] = 9999
        self.col.decks.update_config(config)
        self.kind = self.col.models.by_name("Basic")
        db = self.col.db
        return {"synchronous": db.scalar("pragma synchronous"), "journal": db.scalar("pragma journal_mode")}

    def load(self, start: int, count: int) -> float:
        """Add notes ``start`` to ``start + count``; seconds."""
        notes = [note(number) for number in range(start, start + count)]
        began = time.perf_counter()
        requests = []
        for one in notes:
            fresh = self.col.new_note(self.kind)
            fresh.fields = [one.front, one.back]
            requests.append(AddNoteRequest(fresh, 1))
        self.col.add_notes(requests)
        return time.perf_counter() - began

    def remember(self, cards: int, total: int) -> int:
        """Give every card its reviews, written past the scheduler into the closed file; how many there are."""
        ids = self.col.db.list("select id from cards order by id")
        now, today, written = int(time.time()), self.col.sched.today, 0
        rows = self._rows(ids, cards, total, now, today)
        self.col.close()
        with closing(sqlite3.connect(self.path)) as db:
            while chunk := list(islice(rows, 20_000)):
                log = [row for rows_of_card, _ in chunk for row in rows_of_card]
                db.executemany("insert or ignore into revlog values (?,?,?,?,?,?,?,?,?)", log)
                db.executemany(
                    "update cards set type=2, queue=2, due=?, ivl=?, factor=2500, reps=?, data=? where id=?",
                    [card for _, card in chunk],
                )
                written += len(log)
            db.commit()
        self.col = Collection(self.path)
        return written

    def _rows(self, ids: list[int], cards: int, total: int, now: int, today: int) -> Iterator[tuple[list, tuple]]:
        serial = 0
        for number, found in history(cards, total):
            log = []
            for k, one in enumerate(found):
                serial += 1  # revlog ids are milliseconds and must differ
                at = (now - one.ago * 86_400) * 1000 - 40_000_000 + serial % 39_000_000
                before = found[k - 1].gap if k else 0
                log.append((at, ids[number], 0, one.rating, one.gap, before, 500, one.ms, 1 if k else 0))
            last = found[-1]
            data = json.dumps({"s": round(last.stability, 4), "d": 5.0, "dr": 0.9, "decay": DECAY})
            yield log, (today - last.ago + last.gap, last.gap, len(found), data, ids[number])

    def answer(self, right: bool) -> float:
        """Fetch the next card, answer and store; seconds."""
        began = time.perf_counter()
        queued = self.col.sched.get_queued_cards(fetch_limit=1).cards[0]
        card = self.col.get_card(queued.card.id)
        card.start_timer()
        rating = RATING[3 if right else 1]
        self.col.sched.answer_card(self.col.sched.build_answer(card=card, states=queued.states, rating=rating))
        return time.perf_counter() - began

    def next(self) -> float:
        """Fetch the next card only; seconds."""
        began = time.perf_counter()
        self.col.sched.get_queued_cards(fetch_limit=1)
        return time.perf_counter() - began

    def search(self, text: str) -> tuple[float, int]:
        """Seconds and how many notes hold the text."""
        began = time.perf_counter()
        found = self.col.find_cards(text)
        return time.perf_counter() - began, len(found)

    def stats(self) -> float:
        """A year's graphs; seconds."""
        began = time.perf_counter()
        self.col._backend.graphs(search="", days=365)
        return time.perf_counter() - began


if __name__ == "__main__":
    side = Side()
    serve({name: getattr(side, name) for name in ("open", "load", "remember", "answer", "next", "search", "stats")})
