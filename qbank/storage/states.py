"""The cached card states: by a person's root and the card's present key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import delete, select

from qbank.domain import CardState
from qbank.storage.store import Tx
from qbank.storage.tables import card_state

BACKLOG_ORDERS = ("overdue", "retrievability", "random")
"""Orders of due cards: the longest overdue first, the least likely recalled first, or mixed."""

_c = card_state.c
_COLUMNS = (
    _c.card, _c.state, _c.step, _c.stability, _c.difficulty, _c.due_ms, _c.last_ms, _c.last_day, _c.last_at,
    _c.last_uuid, _c.reps, _c.lapses, _c.suspended, _c.buried_day, _c.leech,
)  # fmt: skip

_NAMES = ("learner", *(column.name for column in _COLUMNS))
_GET = f"SELECT {', '.join(_NAMES[1:])} FROM card_state WHERE learner = ? AND card = ?"
_PUT = (
    f"INSERT INTO card_state ({', '.join(_NAMES)}) VALUES ({', '.join('?' * len(_NAMES))}) "
    f"ON CONFLICT (learner, card) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _NAMES[2:])}"
)  # the row stays where it is; OR REPLACE would write a new one, and every index of it
_CHUNK = 500
_WAITING = "learner = ? AND due_ms <= ? AND suspended = 0 AND (buried_day IS NULL OR buried_day <> ?)"


def get(tx: Tx, root: str, card: str) -> CardState:
    """One card's state; a new one's where nothing ever happened to it."""
    row = tx.sql(_GET, (root, card)).fetchone()
    return CardState(card) if row is None else _state(row)


def every(tx: Tx, root: str) -> dict[str, CardState]:
    """All cached states of a person."""
    return {row[0]: _state(row) for row in tx.run(select(*_COLUMNS).where(_c.learner == root).order_by(_c.card))}


def put(tx: Tx, root: str, state: CardState) -> None:
    """Write or replace one state."""
    tx.sql(_PUT, _row(root, state))


def put_all(tx: Tx, root: str, states: Collection[CardState]) -> None:
    """Replace everything that is cached for a person."""
    forget(tx, root)
    if states:
        tx.many(_PUT, (_row(root, state) for state in states))


def forget(tx: Tx, root: str, card: str | None = None) -> None:
    """Drop one state, or all of a person."""
    statement = delete(card_state).where(_c.learner == root)
    tx.run(statement if card is None else statement.where(_c.card == card))


def due(tx: Tx, root: str, now_ms: int, today: int, order: str = "overdue") -> Iterator[str]:
    """Cards whose time has come, in one of :data:`BACKLOG_ORDERS`; suspended ones and those buried today aside.

    Read as far as the caller goes: a backlog of thousands costs nothing where the longest overdue come first.
    """
    # retrievability falls with elapsed days by stability, whatever the curve's weights
    first = "max(0, ? - last_day) / max(stability, 1e-9) DESC, " if order == "retrievability" else ""
    values = (root, now_ms, today, *((today,) if first else ()))
    found = tx.sql(f"SELECT card FROM card_state WHERE {_WAITING} ORDER BY {first}due_ms, card", values)
    if order == "random":
        yield from sorted((row[0] for row in found), key=lambda card: _shuffled(today, card))
        return
    for row in found:
        yield row[0]


class Standing(NamedTuple):
    """Of a card's state what an overview of thousands needs."""

    card: str
    due_ms: int | None
    last_day: int | None
    stability: float | None
    reps: int
    lapses: int
    suspended: int
    buried_day: int | None
    leech: int


def standings(tx: Tx, root: str) -> Sequence[Sequence[Any]]:
    """Every cached state of a person as plain rows in the order of :class:`Standing`."""
    columns = ", ".join(Standing._fields)
    return tx.sql(f"SELECT {columns} FROM card_state NOT INDEXED WHERE learner = ?", (root,)).fetchall()


def steps(tx: Tx, root: str, now_ms: int, today: int) -> list[str]:
    """Cards in a learning step of today whose minutes are over, the longest first."""
    statement = (
        f"SELECT card FROM card_state INDEXED BY card_state_step WHERE {_WAITING} AND last_day = ? "
        "AND state IN ('learning', 'relearning') ORDER BY due_ms, card"
    )
    return [row[0] for row in tx.sql(statement, (root, now_ms, today, today))]


def _shuffled(today: int, card: str) -> bytes:
    """Mixed anew each day; answering one card does not shuffle the others."""
    return blake2b(f"{today} {card}".encode(), digest_size=8).digest()


def not_to_start(tx: Tx, root: str, today: int, cards: Sequence[str]) -> set[str]:
    """Those of the cards that are not to be introduced: reviewed ones, suspended ones, those buried today."""
    found: set[str] = set()
    for start in range(0, len(cards), _CHUNK):
        some = cards[start : start + _CHUNK]
        rows = tx.sql(
            f"SELECT card FROM card_state WHERE learner = ? AND card IN ({', '.join('?' * len(some))}) "
            "AND (due_ms IS NOT NULL OR suspended = 1 OR buried_day = ?)",
            (root, *some, today),
        )
        found.update(row[0] for row in rows)
    return found


def reviewed_on(tx: Tx, root: str, question: str, day: int) -> set[str]:
    """Cards of a question whose last review was on a study day."""
    values = (root, f"{question}#", f"{question}$", day)  # "$" is what follows "#"
    statement = "SELECT card FROM card_state WHERE learner = ? AND card >= ? AND card < ? AND +last_day = ?"
    return {row[0] for row in tx.sql(statement, values)}


def _row(root: str, state: CardState) -> tuple[Any, ...]:
    """In the order of ``_NAMES``."""
    at, uuid = state.last_event or (None, None)
    return (
        root, state.card, state.state, state.step, state.stability, state.difficulty, state.due_ms, state.last_ms,
        state.last_day, at, uuid, state.reps, state.lapses, int(state.suspended), state.buried_day, int(state.leech),
    )  # fmt: skip


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
