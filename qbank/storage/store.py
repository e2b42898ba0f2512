"""The database: opened once, read and written in transactions."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy.engine import Connection, CursorResult, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql import Executable

from qbank.storage.engine import WRITE, engine_for, use_wal
from qbank.storage.errors import bad_database, explain
from qbank.storage.header import check_revision, kind_of
from qbank.storage.tables import REVISIONS, create_schema

_LEVELS = {level: f"PRAGMA synchronous = {level}" for level in ("FULL", "NORMAL")}
Kept = TypeVar("Kept")
Mark = tuple[sqlite3.Connection, int, int]
"""A state of the database, as one connection sees it."""


class Tx:
    """One transaction. Repositories take it as their first argument."""

    __slots__ = ("_connect", "_connection", "_memo", "_raw", "_version", "new_id", "now_ms")

    def __init__(
        self,
        connection: Connection | Callable[[], Connection],
        now_ms: Callable[[], int],
        new_id: Callable[[], str],
        raw: sqlite3.Connection | None = None,
        memo: dict[Hashable, Any] | None = None,
        version: int = 0,
    ) -> None:
        """:param connection: itself, or how to make it when a Core statement is run. :param raw: what is below it."""
        self._connection = connection if isinstance(connection, Connection) else None
        self._connect = connection
        self._raw, self._memo, self._version = raw, {} if memo is None else memo, version
        self.now_ms, self.new_id = now_ms, new_id

    @property
    def connection(self) -> Connection:
        """The SQLAlchemy connection. Study's hot path does without: see :meth:`sql`."""
        if self._connection is None:
            assert not isinstance(self._connect, Connection)
            self._connection = self._connect()
        return self._connection

    def sql(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement straight on the driver: next and answer run twenty, and each costs a tenth this way."""
        return self._driver.execute(statement, values)

    def many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """Run one statement once for each of the values."""
        self._driver.executemany(statement, values)

    @property
    def _driver(self) -> sqlite3.Connection:
        if self._raw is None:
            found = self.connection.connection.driver_connection
            assert isinstance(found, sqlite3.Connection)
            self._raw = found
        return self._raw

    def once(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What ``make`` gives, kept until another connection writes or :meth:`stir` is called. Not to be changed."""
        if key not in self._memo:
            self._memo[key] = make()
        kept: Kept = self._memo[key]
        return kept

    def stir(self) -> None:
        """What :meth:`once` keeps may hold no more: renames, learners, settings or weights are being written."""
        self._memo.clear()

    def mark(self) -> Mark:
        """Equal to another transaction's where nothing was written in between."""
        return self._driver, self._version, self._driver.total_changes

    def run(self, statement: Executable, values: Any = None) -> CursorResult[*tuple[Any, ...]]:
        """Execute a Core statement; a list of dicts runs it once for each."""
        result = self.connection.execute(statement, values)
        assert isinstance(result, CursorResult)
        return result


class Store:
    """A qbank database. ``write()`` is acknowledged on disk; other processes may use the file meanwhile."""

    def __init__(self, path: Path, engine: Engine, now_ms: Callable[[], int], new_id: Callable[[], str]) -> None:
        self.path, self.now_ms, self.new_id = path, now_ms, new_id
        self._engine = engine
        self._file = _identity(path)
        self._memo: tuple[sqlite3.Connection | None, int, dict[Hashable, Any]] = (None, 0, {})
        self._idle: list[PoolProxiedConnection] = []

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        now_ms: Callable[[], int],
        new_id: Callable[[], str],
        mode: Literal["ro", "rw"] = "rw",
    ) -> Store:
        """Open ``path``, laying out a new database (and its folders) where there is none, upgrading an older one.

        ``mode="ro"`` reads an existing one only.

        :raises QbankError: a folder, a foreign, newer, corrupt, locked or read-only file; it is left as it was.
        """
        path = Path(path).absolute()
        found = kind_of(path)
        if mode == "ro":
            if found != "ours":
                raise bad_database(path, "exist", "there is none")
        else:
            _writable(path, found)
        engine = engine_for(path, "ro" if mode == "ro" else "rw" if found == "ours" else "rwc")
        try:
            with _explained(path):
                if found != "ours":
                    _lay_out(engine)
                    engine.dispose()
                    engine = engine_for(path, "rw")
                if mode == "rw":
                    use_wal(engine)
                _bring_up_to_date(path, engine, mode, now_ms)
            return cls(path, engine, now_ms, new_id)
        except BaseException:
            engine.dispose()
            raise

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A snapshot that later writes do not change."""
        with self._transaction("BEGIN") as (tx, _):
            yield tx

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Tx]:
        """One writer at a time, from its first statement on. Committed at the end; an exception undoes it all.

        :param durable: on disk when this returns. Else (a deal nobody has answered yet) every process sees it and no
            crash of one loses it, but it is on disk only with the next durable write: losing power may lose it.
        """
        with self._transaction("BEGIN IMMEDIATE", "FULL" if durable else "NORMAL") as (tx, raw):
            try:
                yield tx
                self._still_there()
                raw.execute("COMMIT")
            except BaseException:
                tx.stir()
                raise

    @contextmanager
    def _transaction(self, begin: str, level: str | None = None) -> Iterator[tuple[Tx, sqlite3.Connection]]:
        """A transaction, rolled back at the end unless it was committed.

        Its connection stays out of the engine's pool for the next one, unless a Core statement has bound it.
        """
        made: list[Connection] = []
        pooled: PoolProxiedConnection | None = None

        def connect() -> Connection:
            assert pooled is not None
            made.append(Connection(self._engine, pooled))
            return made[0]

        try:
            self._still_there()
            pooled = self._idle.pop() if self._idle else self._engine.raw_connection()
            raw = pooled.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            if level is not None and pooled.info.get("level", "FULL") != level:
                raw.execute(_LEVELS[level])
                pooled.info["level"] = level
            raw.execute(begin)
            version = raw.execute("PRAGMA data_version").fetchone()[0]
            of, seen, memo = self._memo
            if of is not raw or seen != version:
                memo = {}
                self._memo = raw, version, memo
            yield Tx(connect, self.now_ms, self.new_id, raw, memo, version), raw
        except Exception as error:
            line = explain(self.path, _below(error))
            if line is None:
                raise
            raise line from None
        finally:
            if made:
                made[0].close()
            elif pooled is not None:
                self._give_back(pooled)

    def _give_back(self, pooled: PoolProxiedConnection) -> None:
        """For the next transaction."""
        raw = pooled.driver_connection
        try:
            if raw is not None and raw.in_transaction:
                raw.execute("ROLLBACK")
        except sqlite3.Error:
            pooled.close()
        else:
            self._idle.append(pooled)

    def close(self) -> None:
        """Close every connection. The store can be used again: it reconnects."""
        while self._idle:
            self._idle.pop().close()
        self._engine.dispose()

    def _still_there(self) -> None:
        if _identity(self.path) != self._file:
            raise bad_database(self.path, "stay in place while it is open", "removed or replaced")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn errors of the file into the one line a person sees; defects of ours pass."""
    try:
        yield
    except Exception as error:
        line = explain(path, _below(error))
        if line is None:
            raise
        raise line from None


def _below(error: BaseException) -> BaseException:
    """The driver's own error."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def _writable(path: Path, found: str) -> None:
    """Refuse early what cannot be written, before SQLite leaves files beside it."""
    if found == "absent":
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise bad_database(path, "lie in a folder that can be made", error.strerror or "") from None
    for place in (path.parent, path):
        if place.exists() and not os.access(place, os.W_OK):
            raise bad_database(path, "be writable", "it is read-only")


def _lay_out(engine: Engine) -> None:
    """Create the schema unless another process just has. Not yet in WAL mode, so the header in the file is current."""
    with engine.connect().execution_options(**WRITE) as connection:
        connection.begin()
        if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one() == 0:
            create_schema(connection)
        connection.commit()


def _bring_up_to_date(path: Path, engine: Engine, mode: str, now_ms: Callable[[], int]) -> None:
    with engine.connect() as connection:
        number = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    check_revision(path, number)
    if number < len(REVISIONS):
        if mode == "ro":
            raise bad_database(path, f"have schema {len(REVISIONS)}", f"schema {number}, opened for reading only")
        from qbank.storage import backup
        from qbank.storage.migrate import upgrade

        backup.make(path, f"schema{number}", now_ms())
        upgrade(engine)
