"""What a person did and when, for an overview: counted by study day as it was written, undone answers taken off."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import isclose

from sqlalchemy import Integer, String, func, select
from sqlalchemy.sql import ColumnElement

from qbank.domain import Event
from qbank.storage.events import ANSWERS, RARE
from qbank.storage.store import Tx
from qbank.storage.tables import answer_day, counted, event, is_counted

_c = event.c
BINS = 20
"""Predicted recall is counted in as many steps."""


@dataclass(slots=True)
class Tally:
    """Sums over answers that stand. ``predicted``: of the recall that was predicted for them."""

    answers: int = 0
    ms: int = 0
    recalled: int = 0
    predicted: float = 0.0

    def add(self, other: Tally, sign: int = 1) -> None:
        """Take another one in, or (-1) off."""
        self.answers += sign * other.answers
        self.ms += sign * other.ms
        self.recalled += sign * other.recalled
        self.predicted += sign * other.predicted


def tallies(tx: Tx, learners: Collection[str], since: int | None = None) -> dict[tuple[int, str, int], Tally]:
    """(study day, kind, step of predicted recall or -1) -> the answers that stand, in order; from ``since`` on."""
    c = answer_day.c
    where = [c.learner.in_(sorted(learners))] + ([] if since is None else [c.day >= since])
    statement = select(c.day, c.kind, c.bin, c.answers, c.ms, c.recalled, c.predicted).where(*where)
    found: dict[tuple[int, str, int], Tally] = {}
    for day, kind, bin_, *sums in tx.run(statement.order_by(c.day, c.kind, c.bin)):
        found.setdefault((day, kind, bin_), Tally()).add(Tally(*sums))
    for key, undone in _undone(tx, learners):
        if key in found:
            found[key].add(undone, -1)
    return {key: tally for key, tally in found.items() if tally.answers > 0}


Key = tuple[str, int, str, int]
"""Learner, study day, kind, step of predicted recall."""


def stored(tx: Tx) -> dict[Key, Tally]:
    """Everybody's sums as the log's trigger wrote them, undone answers among them."""
    rows = tx.sql("SELECT learner, day, kind, bin, answers, ms, recalled, predicted FROM answer_day")
    return {tuple(row[:4]): Tally(*row[4:]) for row in rows}


def recount(log: Iterable[Event]) -> dict[Key, Tally]:
    """What :func:`stored` should give."""
    found: dict[Key, Tally] = {}
    for one in log:
        data = one.data
        day, ms, predicted = data.get("day"), data.get("ms"), data.get("predicted")
        if one.kind not in ANSWERS or type(day) is not int or abs(day) > 9_999_999:
            continue
        step = int(max(0.0, min(BINS - 1.0, predicted * BINS))) if isinstance(predicted, float) else -1
        tally = found.setdefault((one.learner, day, one.kind, step), Tally())
        tally.answers += 1
        tally.ms += max(0, min(86_400_000, ms)) if type(ms) is int else 0
        tally.recalled += data.get("rating") in ("hard", "good", "easy")
        tally.predicted += predicted if isinstance(predicted, float) else 0.0
    return found


def same(one: Tally | None, other: Tally | None) -> bool:
    """Whether two sums are equal; those of fractions depend on the order in which they were added."""
    if one is None or other is None:
        return one is other
    exact = (one.answers, one.ms, one.recalled) == (other.answers, other.ms, other.recalled)
    return exact and isclose(one.predicted, other.predicted, rel_tol=1e-9, abs_tol=1e-9)


def write(tx: Tx, right: Mapping[Key, Tally]) -> None:
    """Replace everybody's sums."""
    tx.sql("DELETE FROM answer_day")
    rows = ((*key, t.answers, t.ms, t.recalled, t.predicted) for key, t in right.items())
    tx.many("INSERT INTO answer_day VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def days(tx: Tx, learners: Collection[str]) -> dict[int, int]:
    """Study day -> answers that stand, in order of days."""
    found: dict[int, int] = {}
    for (day, _, _), tally in tallies(tx, learners).items():
        found[day] = found.get(day, 0) + tally.answers
    return found


def pace(tx: Tx, learners: Collection[str], most: int) -> list[tuple[str, int]]:
    """Card and milliseconds of the latest answers that stand, at most so many."""
    ms = func.json_extract(_c.data, "$.ms", type_=Integer)
    card = func.coalesce(_c.card, func.json_extract(_c.data, "$.card", type_=String))
    statement = select(card, ms).where(*_standing(learners)).order_by(_c.at_ms.desc(), _c.uuid).limit(most)
    return [(str(row[0]), int(row[1])) for row in tx.run(statement) if row[0] and isinstance(row[1], int)]


def _standing(learners: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    undo = event.alias("undo")
    undone = select(undo.c.seq).where(
        undo.c.target == _c.uuid, undo.c.kind == "undo", undo.c.learner.in_(sorted(learners))
    )
    return _c.learner.in_(sorted(learners)), _c.kind.in_(ANSWERS), ~undone.exists()


def _undone(tx: Tx, learners: Collection[str]) -> list[tuple[tuple[int, str, int], Tally]]:
    """The answers that undo events name, each counted as the log's trigger counted it."""
    names = tuple(sorted(learners))
    marks = ", ".join("?" * len(names))
    told = counted("event")
    columns = ", ".join(told[name] for name in ("day", "kind", "bin", "answers", "ms", "recalled", "predicted"))
    statement = (
        f"SELECT {columns} FROM event WHERE uuid IN (SELECT target FROM event WHERE kind = 'undo' "
        f"AND {RARE} AND learner IN ({marks})) AND +learner IN ({marks}) AND {is_counted('event')}"
    )  # with "+": found by uuid; SQLite would rather walk the learner's whole log
    rows = tx.connection.exec_driver_sql(statement, names + names)
    return [((row[0], row[1], row[2]), Tally(*row[3:])) for row in rows]
