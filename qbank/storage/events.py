"""The append-only log. Learners are given as the UUIDs of one person."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.sql import Select

from qbank.domain import Event
from qbank.storage.store import Tx
from qbank.storage.tables import event

_c = event.c
_COLUMNS = (_c.uuid, _c.at_ms, _c.zone_min, _c.learner, _c.kind, _c.data)
_CHUNK = 500
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")).encode
_WRITTEN = ("uuid", "at_ms", "zone_min", "learner", "kind", "card", "deal", "target", "local", "data")
_INSERT = f"INSERT INTO event ({', '.join(_WRITTEN)}) VALUES ({', '.join('?' * len(_WRITTEN))})"
_SELECT = "SELECT uuid, at_ms, zone_min, learner, kind, data FROM event WHERE "
ANSWERS = ("review", "practice")
"""Kinds that the index by kind leaves out: nearly all of a log, and each answer would write a page more."""
RARE = f"kind NOT IN {ANSWERS}"
"""Stands in every statement that is to use the index by kind."""
_SELECT_RARE = _SELECT.replace("WHERE", f"INDEXED BY event_of_kind WHERE {RARE} AND")
_SELECT_BY_CARD = _SELECT.replace(
    "WHERE", "INDEXED BY event_of_card WHERE"
)  # SQLite would rather walk the log in order


def append(tx: Tx, *events: Event, local: bool = True) -> None:
    """Write events. ``local``: this database's own; undo takes only those."""
    for e in events:
        tx.sql(_INSERT, _row(e, local))
        if e.kind in ("setting", "weights", "learner"):
            tx.stir()


def get(tx: Tx, uuid: str) -> Event | None:
    """One event."""
    return next(_events(tx, select(*_COLUMNS).where(_c.uuid == uuid)), None)


def known(tx: Tx, uuids: Sequence[str]) -> dict[str, Event]:
    """Those of the UUIDs that are in the log."""
    found: dict[str, Event] = {}
    for start in range(0, len(uuids), _CHUNK):
        part = uuids[start : start + _CHUNK]
        found.update((e.uuid, e) for e in _events(tx, select(*_COLUMNS).where(_c.uuid.in_(part))))
    return found


def every(tx: Tx, learners: Collection[str] | None = None) -> Iterator[Event]:
    """The whole log, or one person's, in replay order."""
    statement = select(*_COLUMNS).order_by(_c.at_ms, _c.uuid)
    if learners is not None:
        statement = statement.where(_one_of(_c.learner, learners))
    return _events(tx, statement)


def of_kind(tx: Tx, kind: str, learners: Collection[str] | None = None) -> list[Event]:
    """All events of a kind in replay order."""
    statement = _SELECT_RARE if kind not in ANSWERS else _SELECT
    values: list[str] = [kind]
    if learners is not None:
        statement += f"{one_of('learner', learners)} AND "
        values = [*learners, kind]
    return [_event(row) for row in tx.sql(f"{statement}kind = ? ORDER BY at_ms, uuid", values)]


def of_cards(tx: Tx, learners: Collection[str], cards: Collection[str], *, standing: bool = True) -> list[Event]:
    """The events of a card (by all the keys it had) in replay order, without the undone ones unless asked for."""
    where, values = one_of("learner", learners), [*learners, *cards]
    statement = f"{_SELECT_BY_CARD}{where} AND {one_of('card', cards)} AND card IS NOT NULL"
    if standing:
        statement += _stands(learners)
        values += learners
    return [_event(row) for row in tx.sql(f"{statement} ORDER BY at_ms, uuid", values)]


def last_rev(tx: Tx, learners: Collection[str], cards: Collection[str]) -> int | None:
    """The revision that a card's last standing review was of, where it says."""
    row = tx.sql(
        "SELECT json_extract(data, '$.rev') FROM event INDEXED BY event_of_card "
        f"WHERE {one_of('learner', learners)} AND {one_of('card', cards)} AND card IS NOT NULL "
        f"AND kind = 'review'{_stands(learners)} ORDER BY at_ms DESC, uuid DESC LIMIT 1",
        [*learners, *cards, *learners],
    ).fetchone()
    return row[0] if row is not None and isinstance(row[0], int) else None


def items_seen(tx: Tx, learners: Collection[str], cards: Collection[str]) -> dict[str, int]:
    """Items of a card that events name -> when last (UTC milliseconds)."""
    found = tx.sql(
        "SELECT json_extract(data, '$.item'), max(at_ms) FROM event INDEXED BY event_of_card "
        f"WHERE {one_of('learner', learners)} AND {one_of('card', cards)} AND card IS NOT NULL GROUP BY 1",
        [*learners, *cards],
    )
    return {item: at_ms for item, at_ms in found if isinstance(item, str)}


def answers(tx: Tx, deal: str, learners: Collection[str]) -> list[Event]:
    """The standing reviews and practices of a deal in replay order."""
    statement = f"{_SELECT}deal = ? AND kind IN ('review', 'practice') AND {one_of('learner', learners)}"
    found = tx.sql(statement + _stands(learners), [deal, *learners, *learners])
    return sorted((_event(row) for row in found), key=lambda e: e.order)
    # sorted here: asked to sort, SQLite walks the learner's whole log instead of the deal's index


def between(tx: Tx, learners: Collection[str], start_ms: int, end_ms: int) -> list[Event]:
    """The standing events of a stretch of time: from ``start_ms``, before ``end_ms``."""
    statement = select(*_COLUMNS).where(
        _one_of(_c.learner, learners), _c.at_ms >= start_ms, _c.at_ms < end_ms, ~_undone(learners)
    )
    return list(_events(tx, statement.order_by(_c.at_ms, _c.uuid)))


def last_own(tx: Tx, learners: Collection[str], never: Collection[str]) -> Event | None:
    """What this database wrote last for these learners and still stands, kinds in ``never`` aside."""
    latest: tuple[int, Event] | None = None
    for learner in learners:
        statement = (
            select(_c.seq, *_COLUMNS)
            .where(_c.learner == learner, _c.local == 1, _c.kind.not_in(list(never)), ~_undone(learners))
            .order_by(_c.seq.desc())
            .limit(1)
        )
        row = tx.run(statement).first()
        if row is not None and (latest is None or row[0] > latest[0]):
            latest = (row[0], _event(row[1:]))
    return None if latest is None else latest[1]


def last_written(tx: Tx, learners: Collection[str]) -> int | None:
    """By this machine's clock then: when this database last wrote an event for these learners."""
    found: tuple[int, int] | None = None
    for learner in learners:
        statement = (
            select(_c.seq, _c.at_ms).where(_c.learner == learner, _c.local == 1).order_by(_c.seq.desc()).limit(1)
        )
        row = tx.run(statement).first()
        if row is not None and (found is None or row[0] > found[0]):
            found = (row[0], row[1])
    return None if found is None else found[1]


def stands(tx: Tx, uuid: str, learners: Collection[str]) -> bool:
    """Whether an event is in the log and not undone."""
    return tx.run(select(_c.uuid).where(_c.uuid == uuid, ~_undone(learners))).first() is not None


def cards(tx: Tx, learners: Collection[str]) -> list[str]:
    """Every card key that a person's events name."""
    statement = select(_c.card).where(_one_of(_c.learner, learners), _c.card.is_not(None)).distinct()
    return [row[0] for row in tx.run(statement)]


def count(tx: Tx) -> int:
    """How many events the log holds."""
    return int(tx.run(select(func.count()).select_from(event)).scalar_one())


def any_(tx: Tx) -> bool:
    """Whether the log holds anything."""
    return tx.run(select(_c.seq).limit(1)).first() is not None


def latest(tx: Tx) -> int | None:
    """The latest moment that any event names (UTC milliseconds)."""
    found = tx.run(select(func.max(_c.at_ms))).scalar_one()
    return None if found is None else int(found)


def _undone(learners: Collection[str]) -> ColumnElement[bool]:
    undo = event.alias("undo")
    return exists(
        select(undo.c.seq).where(undo.c.target == _c.uuid, undo.c.kind == "undo", _one_of(undo.c.learner, learners))
    )


def one_of(column: str, values: Collection[str]) -> str:
    """A condition on one value or several, as SQL with a mark for each: with ``=`` the index keeps its order."""
    return f"{column} = ?" if len(values) == 1 else f"{column} IN ({', '.join('?' * len(values))})"


def _stands(learners: Collection[str]) -> str:
    """The condition that no undo of these learners names the event."""
    return (
        " AND NOT EXISTS (SELECT 1 FROM event AS undo INDEXED BY event_of_target "
        "WHERE undo.target = event.uuid AND undo.target IS NOT NULL AND undo.kind = 'undo' "
        f"AND {one_of('undo.learner', learners)})"
    )


def _one_of(column: ColumnElement[Any], values: Collection[str]) -> ColumnElement[bool]:
    """``=`` for one value: the index then keeps its order."""
    if len(values) == 1:
        return column == next(iter(values))
    return column.in_(list(values))


def _row(e: Event, local: bool) -> tuple[Any, ...]:
    def text(name: str) -> str | None:
        value = e.data.get(name)
        return value if isinstance(value, str) else None

    target = text("event") if e.kind == "undo" else None
    row = (e.uuid, e.at_ms, e.zone_min, e.learner, e.kind, text("card"), text("deal"), target, int(local))
    return *row, _encode(e.data)


def _events(tx: Tx, statement: Select[*tuple[Any, ...]]) -> Iterator[Event]:
    return (_event(row) for row in tx.run(statement))


def _event(row: Sequence[Any]) -> Event:
    uuid, at_ms, zone_min, learner, kind, data = row
    return Event(uuid, at_ms, zone_min, learner, kind, json.loads(data))


def touched(tx: Tx, uuids: Iterable[str]) -> dict[str, tuple[str, str | None, str | None]]:
    """Events -> (learner, card, deal), without reading their data."""
    wanted = list(uuids)
    found: dict[str, tuple[str, str | None, str | None]] = {}
    for start in range(0, len(wanted), _CHUNK):
        statement = select(_c.uuid, _c.learner, _c.card, _c.deal).where(_c.uuid.in_(wanted[start : start + _CHUNK]))
        found.update((row[0], (row[1], row[2], row[3])) for row in tx.run(statement))
    return found
