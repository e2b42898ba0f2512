"""What a person did and when, read from the log for an overview."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Integer, String, func, select
from sqlalchemy.sql import ColumnElement

from qbank.storage.store import Tx
from qbank.storage.tables import event

_c = event.c
ANSWERS = ("review", "practice")


def days(tx: Tx, learners: Collection[str]) -> dict[int, int]:
    """Study day -> answers that stand, in order of days."""
    day = func.json_extract(_c.data, "$.day", type_=Integer)
    statement = select(day, func.count()).where(*_standing(learners)).group_by(day).order_by(day)
    return {int(row[0]): int(row[1]) for row in tx.run(statement) if row[0] is not None}


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
