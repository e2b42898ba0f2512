"""Rows of one database into a new one, as data that nobody trusts: no view, trigger or function of the source runs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from qbank.storage.engine import engine_for
from qbank.storage.errors import BUSY_SECONDS, DamagedDatabase, bad_database, explain
from qbank.storage.header import kind_of
from qbank.storage.tables import REVISIONS, create_schema

COPIED = ("alias", "learner", "event", "deal")
"""What cannot be made again. Card states are replayed, questions read from their files."""
JSON_COLUMNS = {("event", "data"), ("deal", "dealt")}
_TYPES: dict[str, tuple[type, ...]] = {"INTEGER": (int,), "DOUBLE": (float, int), "VARCHAR": (str,), "TEXT": (str,)}


@dataclass(slots=True)
class Copied:
    """How many rows of each table there are now, and what could not be taken over."""

    counts: dict[str, int] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)


def copy_rows(source: Path, target: Path, *, salvage: bool = False) -> Copied:
    """Lay out ``target`` (no file yet) by the source's schema, and fill it with the source's rows.

    :param salvage: take what can be read; else a single unreadable row refuses the whole.
    :raises QbankError: a foreign, newer or damaged source.
    """
    if kind_of(source) != "ours":
        raise bad_database(source, "be a qbank database", "it is empty or absent")
    copied = Copied()
    try:
        with closing(_read_only(source)) as old:
            number = old.execute("PRAGMA user_version").fetchone()[0]
            if not salvage:
                _intact(source, old)
            lay_out(target, number)
            with closing(sqlite3.connect(target, isolation_level=None)) as new:
                new.execute("BEGIN")
                for table in COPIED:
                    _copy(source, old, new, table, copied, salvage)
                new.execute("COMMIT")
    except sqlite3.Error as error:
        raise explain(source, error) or bad_database(source, "be readable", str(error)) from None
    return copied


def lay_out(path: Path, number: int) -> None:
    """An empty database at a revision, which is upgraded when it is opened."""
    engine = engine_for(path, "rwc")
    try:
        if number == len(REVISIONS):
            with engine.begin() as connection:
                create_schema(connection)
        else:
            from qbank.storage.migrate import upgrade

            upgrade(engine, to=REVISIONS[number - 1])
    finally:
        engine.dispose()


def _read_only(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON", "mmap_size = 0"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _intact(source: Path, old: sqlite3.Connection) -> None:
    verdict = str(old.execute("PRAGMA integrity_check(1)").fetchone()[0])
    if verdict != "ok":
        raise bad_database(source, "be an intact qbank database", verdict.splitlines()[0], DamagedDatabase)


def _copy(
    source: Path, old: sqlite3.Connection, new: sqlite3.Connection, table: str, copied: Copied, salvage: bool
) -> None:
    columns = [(row[1], row[2].upper(), bool(row[3] or row[5])) for row in new.execute(f"PRAGMA table_info({table})")]
    made = old.execute("SELECT type, sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    if made is None or made[0] != "table" or not str(made[1]).lstrip().upper().startswith("CREATE TABLE"):
        if not salvage:
            raise bad_database(source, "be an intact qbank database", f"no table {table}", DamagedDatabase)
        copied.refused.append(f"{table}: the whole table")
        return
    names = ", ".join(f'"{name}"' for name, _, _ in columns)
    insert = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"
    for rowid, row in _rows(old, table, names, copied, salvage):
        why = _fault(table, columns, row)
        if why is None:
            try:
                new.execute(insert, row)
                continue
            except sqlite3.IntegrityError as error:
                why = str(error)
        if not salvage:
            raise bad_database(source, "be an intact qbank database", f"{table} {rowid}: {why}", DamagedDatabase)
        copied.refused.append(f"{table} {rowid}: {why}")
    copied.counts[table] = new.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def _rows(
    old: sqlite3.Connection, table: str, names: str, copied: Copied, salvage: bool
) -> Iterator[tuple[int, Sequence[Any]]]:
    """Every row by rowid; past a place that cannot be read, those from the other end."""
    last = -(1 << 63)
    for order in ("ASC", "DESC"):
        select = f"SELECT rowid, {names} FROM {table} NOT INDEXED WHERE rowid > ? ORDER BY rowid {order}"
        reached = last
        try:
            for row in old.execute(select, (last,)):
                reached = row[0] if order == "ASC" else reached
                yield row[0], row[1:]
        except sqlite3.DatabaseError as error:
            if not salvage:
                raise
            copied.refused.append(f"{table}: rows beside {reached} ({error})")
            last = reached
            continue
        return


def _fault(table: str, columns: Sequence[tuple[str, str, bool]], row: Sequence[Any]) -> str | None:
    for (name, kind, needed), value in zip(columns, row, strict=True):
        if value is None:
            if needed:
                return f"no {name}"
        elif not isinstance(value, _TYPES.get(kind, (str,))):
            return f"{name} is no {kind.lower()}"
        elif (table, name) in JSON_COLUMNS and not _object(value):
            return f"{name} is no JSON object"
    return None


def _object(text: object) -> bool:
    try:
        return isinstance(text, str) and isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
