"""The database: opened once, read and written in transactions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy.engine import Connection, CursorResult, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import Executable

from qbank.storage.engine import WRITE, engine_for, use_wal
from qbank.storage.errors import bad_database, explain
from qbank.storage.header import check_revision, kind_of
from qbank.storage.tables import REVISIONS, create_schema


@dataclass(frozen=True, slots=True)
class Tx:
    """One transaction. Repositories take it as their first argument."""

    connection: Connection
    now_ms: Callable[[], int]
    new_id: Callable[[], str]

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
        with _explained(self.path):
            self._still_there()
            with self._engine.connect() as connection:
                yield Tx(connection, self.now_ms, self.new_id)

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """One writer at a time, from its first statement on. Committed at the end; an exception undoes it all."""
        with _explained(self.path):
            self._still_there()
            with self._engine.connect().execution_options(**WRITE) as connection:
                connection.begin()
                yield Tx(connection, self.now_ms, self.new_id)
                self._still_there()
                connection.commit()

    def close(self) -> None:
        """Close every connection. The store can be used again: it reconnects."""
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
    except DBAPIError as error:
        line = explain(path, error.orig) if error.orig is not None else None
        if line is None:
            raise
        raise line from None
    except Exception as error:
        line = explain(path, error)
        if line is None:
            raise
        raise line from None


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
