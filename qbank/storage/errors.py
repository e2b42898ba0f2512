"""What can go wrong with a database file, each as one clear line."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from qbank.domain import BadValue, QbankError

BUSY_SECONDS = 30
"""How long a transaction waits for the one before it."""

_RULES = {
    "SQLITE_READONLY": "be writable",
    "SQLITE_PERM": "be writable",
    "SQLITE_FULL": "lie on a disk that has room",
    "SQLITE_CORRUPT": "be an intact qbank database",
    "SQLITE_NOTADB": "be an intact qbank database",
    "SQLITE_BUSY": f"be free within {BUSY_SECONDS} seconds",
    "SQLITE_LOCKED": f"be free within {BUSY_SECONDS} seconds",
    "SQLITE_CANTOPEN": "be a file that can be opened",
    "SQLITE_IOERR": "be readable and writable",
    "SQLITE_TOOBIG": "be given values of a sane size",
}


class DamagedDatabase(BadValue):
    """What SQLite finds in the file makes no sense."""


def bad_database(path: Path, rule: str, why: str = "", form: type[BadValue] = BadValue) -> QbankError:
    """``database must <rule>; got <path> (<why>)``; a long path keeps its end."""
    shown = str(path)
    room = 76 - len(why)
    if len(shown) > room:
        shown = "…" + shown[-room + 1 :]
    return form("database", rule, f"{shown} ({why})" if why else shown)


def explain(path: Path, error: BaseException) -> QbankError | None:
    """The line for an SQLite error, or None where it is a defect of ours and not of the file."""
    if not isinstance(error, sqlite3.Error) or isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
        return None
    name = getattr(error, "sqlite_errorname", "") or ""
    for prefix, rule in _RULES.items():
        if name.startswith(prefix):
            damaged = prefix in ("SQLITE_CORRUPT", "SQLITE_NOTADB")
            return bad_database(path, rule, str(error), DamagedDatabase if damaged else BadValue)
    if isinstance(error, sqlite3.OperationalError) and str(error).startswith(("no such table", "no such column")):
        return bad_database(path, "be an intact qbank database", str(error), DamagedDatabase)
    return None
