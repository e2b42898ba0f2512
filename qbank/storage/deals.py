"""Deals: what was shown and what grades it, frozen; and which event answers it."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from qbank.domain import Deal, Dealt, Event, Text, dealt_from_json
from qbank.storage.events import one_of
from qbank.storage.store import Tx
from qbank.storage.tables import deal

_c = deal.c
_COLUMNS = (_c.id, _c.learner, _c.card, _c.at_ms, _c.dealt, _c.practice, _c.retry_of, _c.closed_by)
_SELECT = f"SELECT {', '.join(column.name for column in _COLUMNS)} FROM deal WHERE "
_SELECT_STANDING = "SELECT learner, card, at_ms, practice, retry_of, closed_by FROM deal WHERE id = ?"
_WORDS = ("choice", "choices", "order", "match", "cloze")
"""Kinds whose deals hold nothing but texts in tuples and lists: read back, they are what they were."""


@dataclass(frozen=True, slots=True)
class StoredDeal:
    """A deal with its standing."""

    deal: Deal
    practice: bool
    """Never scheduling, whatever the card's state."""
    retry_of: str | None
    """The deal that this one repeats with new numbers."""
    closed_by: str | None
    """The standing event that answers it; None: open."""


def put(tx: Tx, new: Deal, *, practice: bool = False, retry_of: str | None = None) -> StoredDeal:
    """Freeze a deal."""
    shown = new.dealt
    text = _encode(shown)
    row = (new.id, new.learner, new.card, shown.item, shown.seed, shown.rev, new.at_ms, int(practice), retry_of, text)
    tx.sql(
        "INSERT INTO deal (id, learner, card, item, seed, rev, at_ms, practice, retry_of, dealt) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    )
    if shown.kind not in _WORDS:
        new = replace(new, dealt=dealt_from_json(json.loads(text)))
    return StoredDeal(new, practice, retry_of, None)


def _plain(value: Any) -> dict[str, Any]:
    """A dataclass inside a deal, for JSON: what ``Dealt.json`` gives, without the copies."""
    if type(value) is Text:  # most are
        return {"zh": value.zh, "en": value.en}
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False, default=_plain).encode


def get(tx: Tx, id: str) -> StoredDeal | None:
    """One deal."""
    row = tx.sql(_SELECT + "id = ?", (id,)).fetchone()
    return None if row is None else _stored(row)


def standing(tx: Tx, id: str, dealt: Dealt) -> StoredDeal | None:
    """:func:`get` for who holds already what was dealt."""
    row = tx.sql(_SELECT_STANDING, (id,)).fetchone()
    if row is None:
        return None
    learner, card, at_ms, practice, retry, closed = row
    return StoredDeal(Deal(id, learner, card, at_ms, dealt), bool(practice), retry, closed)


def frozen_text(tx: Tx, id: str) -> str:
    """A deal's content exactly as it is stored (JSON text)."""
    return str(tx.run(select(_c.dealt).where(_c.id == id)).scalar_one())


def open_ones(tx: Tx, learners: Collection[str], cards: Collection[str] | None = None) -> list[StoredDeal]:
    """Open deals that may schedule, the oldest first."""
    statement = f"{_SELECT}{one_of('learner', learners)} AND closed_by IS NULL AND practice = 0"
    if cards is not None:
        statement += f" AND {one_of('card', cards)}"
    return [_stored(row) for row in tx.sql(f"{statement} ORDER BY at_ms, id", (*learners, *(cards or ())))]


def retry_of(tx: Tx, id: str) -> StoredDeal | None:
    """The deal that repeats another one."""
    row = tx.run(select(*_COLUMNS).where(_c.retry_of == id).order_by(_c.at_ms, _c.id).limit(1)).first()
    return None if row is None else _stored(row)


def counting(answers: Sequence[Event]) -> Event | None:
    """Of a deal's standing answers in replay order the one that counts: the first review, else the first practice."""
    return next((e for e in answers if e.kind == "review"), answers[0] if answers else None)


def close(tx: Tx, id: str, event: str | None) -> None:
    """Note which event answers a deal; None opens it again. Deals of other databases are not here: nothing happens."""
    tx.sql("UPDATE deal SET closed_by = ? WHERE id = ?", (event, id))


def last_seen(tx: Tx, learners: Collection[str], cards: Collection[str]) -> dict[str, int]:
    """Items of a card -> when each was dealt last (UTC milliseconds)."""
    statement = (
        f"SELECT item, max(at_ms) FROM deal WHERE {one_of('learner', learners)} AND {one_of('card', cards)} "
        "GROUP BY item"
    )
    return dict(tx.sql(statement, (*learners, *cards)).fetchall())


def _stored(row: Sequence[Any]) -> StoredDeal:
    id_, learner, card, at_ms, dealt, practice, retry, closed = row
    return StoredDeal(
        Deal(id_, learner, card, at_ms, dealt_from_json(json.loads(dealt))), bool(practice), retry, closed
    )


def of_person(tx: Tx, learners: Collection[str]) -> list[str]:
    """Every deal of a person."""
    return [row[0] for row in tx.run(select(_c.id).where(_c.learner.in_(list(learners))).order_by(_c.id))]


def present(tx: Tx, ids: Sequence[str]) -> list[str]:
    """Those of the deals that are in this database."""
    found: list[str] = []
    for start in range(0, len(ids), 500):
        found += [row[0] for row in tx.run(select(_c.id).where(_c.id.in_(list(ids[start : start + 500]))))]
    return found
