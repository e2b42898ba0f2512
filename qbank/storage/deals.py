"""Deals: what was shown and what grades it, frozen; and which event answers it."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, literal_column, select, update

from qbank.domain import Deal, Event, dealt_from_json
from qbank.storage.store import Tx
from qbank.storage.tables import deal

_c = deal.c
_COLUMNS = (_c.id, _c.learner, _c.card, _c.at_ms, _c.dealt, _c.practice, _c.retry_of, _c.closed_by)


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
    tx.run(
        insert(deal).values(
            id=new.id,
            learner=new.learner,
            card=new.card,
            item=new.dealt.item,
            seed=new.dealt.seed,
            rev=new.dealt.rev,
            at_ms=new.at_ms,
            practice=int(practice),
            retry_of=retry_of,
            closed_by=None,
            dealt=json.dumps(new.dealt.json(), ensure_ascii=False, separators=(",", ":")),
        )
    )
    stored = get(tx, new.id)
    assert stored is not None
    return stored


def get(tx: Tx, id: str) -> StoredDeal | None:
    """One deal."""
    row = tx.run(select(*_COLUMNS).where(_c.id == id)).first()
    return None if row is None else _stored(row)


def frozen_text(tx: Tx, id: str) -> str:
    """A deal's content exactly as it is stored (JSON text)."""
    return str(tx.run(select(_c.dealt).where(_c.id == id)).scalar_one())


def open_ones(tx: Tx, learners: Collection[str], cards: Collection[str] | None = None) -> list[StoredDeal]:
    """Open deals that may schedule, the oldest first."""
    statement = select(*_COLUMNS).where(
        _c.learner.in_(list(learners)), _c.closed_by.is_(None), _c.practice == literal_column("0")
    )
    if cards is not None:
        statement = statement.where(_c.card.in_(list(cards)))
    return [_stored(row) for row in tx.run(statement.order_by(_c.at_ms, _c.id))]


def retry_of(tx: Tx, id: str) -> StoredDeal | None:
    """The deal that repeats another one."""
    row = tx.run(select(*_COLUMNS).where(_c.retry_of == id).order_by(_c.at_ms, _c.id).limit(1)).first()
    return None if row is None else _stored(row)


def counting(answers: Sequence[Event]) -> Event | None:
    """Of a deal's standing answers in replay order the one that counts: the first review, else the first practice."""
    return next((e for e in answers if e.kind == "review"), answers[0] if answers else None)


def close(tx: Tx, id: str, event: str | None) -> None:
    """Note which event answers a deal; None opens it again. Deals of other databases are not here: nothing happens."""
    tx.run(update(deal).where(_c.id == id).values(closed_by=event))


def last_seen(tx: Tx, learners: Collection[str], cards: Collection[str]) -> dict[str, int]:
    """Items of a card -> when each was dealt last (UTC milliseconds)."""
    statement = (
        select(_c.item, func.max(_c.at_ms))
        .where(_c.learner.in_(list(learners)), _c.card.in_(list(cards)))
        .group_by(_c.item)
    )
    return {row[0]: row[1] for row in tx.run(statement)}


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
