"""Putting one database file in the place of another without losing what somebody is writing just then."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from urllib.parse import quote

from qbank.storage import backup
from qbank.storage.errors import BUSY_SECONDS, DamagedDatabase, bad_database, explain


def swap(path: Path, fresh: Path, kind: str, at_ms: int, *, locked: bool = False) -> Path | None:
    """Put ``fresh`` (closed, nothing beside it) in the place of ``path``. Returns the backup of what was there.

    Nobody writes between the backup and the change; programs that have the old file open are told by their store that
    it was replaced. A damaged file is set aside byte for byte, with what lies beside it.

    :param locked: the caller holds the file already (:func:`held`).
    """
    if not path.exists():
        _replace(path, fresh)
        return None
    try:
        with nullcontext() if locked else held(path):
            before = backup.make(path, kind, at_ms, checked=False)
            _replace(path, fresh)
    except DamagedDatabase:
        before = backup.set_aside(path, at_ms)
        _replace(path, fresh)
    return before


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Nobody else writes inside, and everything written so far is in the file itself, nothing beside it."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=BUSY_SECONDS)) as raw:
            raw.isolation_level = None
            raw.execute("SELECT count(*) FROM sqlite_master").fetchone()
            for _ in range(100):
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                raw.execute("BEGIN IMMEDIATE")
                log = Path(f"{path}-wal")
                if not log.exists() or log.stat().st_size == 0:
                    break
                raw.execute("ROLLBACK")
            else:
                raise bad_database(path, "be free", "somebody keeps reading or writing")
            yield
            with suppress(sqlite3.Error):  # the file may have another name by now; nothing was written
                raw.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise explain(path, error) or bad_database(path, "be usable", str(error)) from None


def _replace(path: Path, fresh: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.replace(path)
        for suffix in backup.BESIDE:
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        backup.sync(path.parent)
    except OSError as error:
        raise bad_database(path, "be a file that can be replaced", error.strerror or "") from None
