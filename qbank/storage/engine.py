"""Connections: how SQLite is opened and how transactions begin."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool

from qbank.storage.errors import BUSY_SECONDS

WRITE = {"qbank_write": True}
"""Execution options of a connection whose transaction begins IMMEDIATE."""

_PRAGMAS = ("synchronous = FULL", "foreign_keys = ON", "recursive_triggers = ON", "cache_size = -32768")
"""At most 32 MB of pages are kept: SQLite's 2 MB are few for a log of a million events."""

Mode = Literal["ro", "rw", "rwc"]


def engine_for(path: Path, mode: Mode) -> Engine:
    """An engine on one file. ``rw`` never creates it: a removed database stays removed."""
    uri = f"file:{quote(str(path))}?mode={mode}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if getattr(connection.connection.driver_connection, "in_transaction", False):
            return  # the store has begun it already
        write = connection.get_execution_options().get("qbank_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def use_wal(engine: Engine) -> None:
    """Switch the file to write-ahead logging, which lasts; waits for whoever is writing."""
    raw = engine.raw_connection()
    try:
        cursor: Any = raw.cursor()
        for attempt in range(100):
            try:
                if cursor.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                    return
                cursor.execute("PRAGMA journal_mode = WAL").fetchone()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or attempt == 99:
                    raise
                cursor.execute("BEGIN IMMEDIATE")  # waits; changing the mode itself does not
                cursor.execute("ROLLBACK")
    finally:
        raw.close()
