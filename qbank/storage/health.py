"""What can be wrong inside a database that opens. Each check gives one line for each fault it finds."""

from __future__ import annotations

from sqlalchemy import create_engine

from qbank.storage.store import Tx
from qbank.storage.tables import create_schema

MOST = 20
"""Faults that SQLite's own check names at most."""


def integrity(tx: Tx) -> list[str]:
    """SQLite's own check of every page, index and constraint, and of foreign keys."""
    found = [row[0] for row in tx.connection.exec_driver_sql(f"PRAGMA integrity_check({MOST})")]
    lines = [] if found == ["ok"] else [line for text in found for line in str(text).splitlines()]
    broken = tx.connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    return lines + [f"{row[0]} {row[1]} points to no {row[2]}" for row in broken[:MOST]]


def schema(tx: Tx) -> list[str]:
    """Tables, indexes and triggers that are missing, changed or strange."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        create_schema(connection)
        fresh = _objects(Tx(connection, tx.now_ms, tx.new_id))
    engine.dispose()
    here = _objects(tx)
    lost = [f"{kind} {name} is missing" for kind, name in sorted(fresh.keys() - here.keys())]
    strange = [f"{kind} {name} is not qbank's" for kind, name in sorted(here.keys() - fresh.keys())]
    both = sorted(fresh.keys() & here.keys())
    return (
        lost + strange + [f"{kind} {name} was changed" for kind, name in both if fresh[kind, name] != here[kind, name]]
    )


def _objects(tx: Tx) -> dict[tuple[str, str], str]:
    tight = str.maketrans("", "", ' \n\t"')
    rows = tx.connection.exec_driver_sql(
        "SELECT type, name, coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    return {(kind, name): sql.translate(tight) for kind, name, sql in rows}


def unknown_learners(tx: Tx) -> list[str]:
    """Learners that events or deals name and that are not here."""
    rows = tx.connection.exec_driver_sql(
        "SELECT learner FROM event UNION SELECT learner FROM deal EXCEPT SELECT uuid FROM learner ORDER BY 1"
    )
    return [row[0] for row in rows]


def states_of_nobody(tx: Tx) -> list[str]:
    """Learners of cached card states who are nobody."""
    rows = tx.connection.exec_driver_sql(
        "SELECT DISTINCT learner FROM card_state WHERE learner NOT IN (SELECT root FROM learner) ORDER BY 1"
    )
    return [row[0] for row in rows]


def drop_states_of_nobody(tx: Tx) -> None:
    """Forget card states whose learner is nobody."""
    tx.connection.exec_driver_sql("DELETE FROM card_state WHERE learner NOT IN (SELECT root FROM learner)")


def doubtful_deals(tx: Tx) -> list[tuple[str, str, str | None]]:
    """Deals (id, learner, closed by) whose closing event is worth a second look; most of a sound log's are not."""
    rows = tx.connection.exec_driver_sql(
        """
        SELECT id, learner, closed_by FROM deal WHERE
            (closed_by IS NOT NULL AND NOT EXISTS
                (SELECT 1 FROM event e WHERE e.uuid = deal.closed_by AND e.deal = deal.id))
            OR (closed_by IS NOT NULL AND EXISTS
                (SELECT 1 FROM event e WHERE e.target = deal.closed_by AND e.kind = 'undo'))
            OR (closed_by IS NULL AND EXISTS
                (SELECT 1 FROM event e WHERE e.deal = deal.id AND e.kind IN ('review', 'practice')))
            OR (SELECT count(*) FROM event e WHERE e.deal = deal.id AND e.kind IN ('review', 'practice')) > 1
        ORDER BY id
        """
    )
    return [(row[0], row[1], row[2]) for row in rows]


def unsearchable(tx: Tx) -> list[str]:
    """Content versions that hold questions which are not in the search index."""
    rows = tx.connection.exec_driver_sql(
        'SELECT DISTINCT version FROM question WHERE "row" NOT IN (SELECT rowid FROM search) ORDER BY 1'
    )
    return [row[0] for row in rows]
