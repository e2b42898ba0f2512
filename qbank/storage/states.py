"""The cached card states: by a person's root and the card's present key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.dialects.sqlite import insert as upsert

from qbank.domain import CardState
from qbank.storage.store import Tx
from qbank.storage.tables import card_state

_c = card_state.c
_COLUMNS = (
    _c.card, _c.state, _c.step, _c.stability, _c.difficulty, _c.due_ms, _c.last_ms, _c.last_day, _c.last_at,
    _c.last_uuid, _c.reps, _c.lapses, _c.suspended, _c.buried_day, _c.leech,
)  # fmt: skip


def get(tx: Tx, root: str, card: str) -> CardState:
    """One card's state; a new one's where nothing ever happened to it."""
    row = tx.run(select(*_COLUMNS).where(_c.learner == root, _c.card == card)).first()
    return CardState(card) if row is None else _state(row)


def every(tx: Tx, root: str) -> dict[str, CardState]:
    """All cached states of a person."""
    return {row[0]: _state(row) for row in tx.run(select(*_COLUMNS).where(_c.learner == root).order_by(_c.card))}


def put(tx: Tx, root: str, state: CardState) -> None:
    """Write or replace one state."""
    values = _row(root, state)
    tx.run(upsert(card_state).values(**values).on_conflict_do_update(set_=values))


def put_all(tx: Tx, root: str, states: Collection[CardState]) -> None:
    """Replace everything that is cached for a person."""
    forget(tx, root)
    if states:
        tx.run(insert(card_state), [_row(root, state) for state in states])


def forget(tx: Tx, root: str, card: str | None = None) -> None:
    """Drop one state, or all of a person."""
    statement = delete(card_state).where(_c.learner == root)
    tx.run(statement if card is None else statement.where(_c.card == card))


def due(tx: Tx, root: str, now_ms: int, today: int) -> Iterator[str]:
    """Cards whose time has come, the longest overdue first; suspended ones and those buried today aside.

    Read as far as the caller goes: a backlog of thousands costs nothing.
    """
    statement = (
        select(_c.card)
        .where(_c.learner == root, _c.due_ms <= now_ms, _c.suspended == 0)
        .where(or_(_c.buried_day.is_(None), _c.buried_day != today))
        .order_by(_c.due_ms, _c.card)
    )
    with tx.run(statement) as found:
        for row in found:
            yield row[0]


def not_to_start(tx: Tx, root: str, today: int) -> set[str]:
    """Cards that are not to be introduced: reviewed ones, suspended ones, those buried today."""
    statement = select(_c.card).where(
        _c.learner == root, or_(_c.due_ms.is_not(None), _c.suspended == 1, _c.buried_day == today)
    )
    return {row[0] for row in tx.run(statement)}


def reviewed_on(tx: Tx, root: str, day: int) -> set[str]:
    """Cards whose last review was on a study day."""
    return {row[0] for row in tx.run(select(_c.card).where(_c.learner == root, _c.last_day == day))}


def _row(root: str, state: CardState) -> dict[str, Any]:
    at, uuid = state.last_event or (None, None)
    return {
        "learner": root,
        "card": state.card,
        "state": state.state,
        "step": state.step,
        "stability": state.stability,
        "difficulty": state.difficulty,
        "due_ms": state.due_ms,
        "last_ms": state.last_ms,
        "last_day": state.last_day,
        "last_at": at,
        "last_uuid": uuid,
        "reps": state.reps,
        "lapses": state.lapses,
        "suspended": int(state.suspended),
        "buried_day": state.buried_day,
        "leech": int(state.leech),
    }


def _state(row: Sequence[Any]) -> CardState:
    (card, state, step, stability, difficulty, due_ms, last_ms, last_day, at, uuid, reps, lapses, suspended, buried,
     leech) = row  # fmt: skip
    return CardState(
        card=card,
        state=state,
        step=step,
        stability=stability,
        difficulty=difficulty,
        due_ms=due_ms,
        last_ms=last_ms,
        last_day=last_day,
        last_event=None if at is None else (at, uuid),
        reps=reps,
        lapses=lapses,
        suspended=bool(suspended),
        buried_day=buried,
        leech=bool(leech),
    )
