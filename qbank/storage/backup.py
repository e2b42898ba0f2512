"""Whole copies of a database file, made while it is in use, and how many of them are kept."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from contextlib import closing, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from qbank.domain import BadValue
from qbank.storage.errors import BUSY_SECONDS, DamagedDatabase, bad_database, explain

DAILY = "daily"
KEEP = {DAILY: 7}
"""The newest backups of a kind that are kept; of the daily ones the newest of each of :data:`WEEKS` weeks too."""
KEEP_OTHERS = 5
WEEKS = 4
BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database."""


def folder(path: Path) -> Path:
    """Where the backups of a database lie: ``backups`` beside it."""
    return path.parent / "backups"


def listed(path: Path, kind: str | None = None) -> list[Path]:
    """The backups of a database, the newest last."""
    form = re.compile(rf"{re.escape(path.stem)}-(\d{{8}}T\d{{6}})-({re.escape(kind) if kind else '[a-z0-9]+'})\.db")
    try:
        found = [(match[1], file) for file in folder(path).iterdir() if (match := form.fullmatch(file.name))]
    except OSError:
        return []
    return [file for _, file in sorted(found)]


def day_of(at_ms: int) -> str:
    """The UTC day of a moment as it stands in a backup's name."""
    return _stamp(at_ms)[:8]


def make(path: Path, kind: str, at_ms: int, *, checked: bool = True) -> Path:
    """Copy a database into its folder of backups and drop the oldest of that kind.

    :param kind: why it is made; a part of the file's name.
    :param checked: whether the copy has to be intact.
    :raises QbankError: the copy cannot be made, or is not intact.
    """
    made = name_for(path, kind, at_ms)
    copy(path, made, checked=checked)
    _rotate(path, kind)
    return made


def set_aside(path: Path, at_ms: int) -> Path:
    """Copy a file that SQLite cannot read, with what lies beside it, byte for byte; these copies are never dropped."""
    made = name_for(path, "damaged", at_ms)
    try:
        for suffix in ("", *BESIDE):
            if Path(f"{path}{suffix}").exists():
                shutil.copyfile(f"{path}{suffix}", f"{made}{suffix}")
                sync(Path(f"{made}{suffix}"))
    except OSError as error:
        raise bad_database(made, "be a file that can be written", error.strerror or "") from None
    return made


def name_for(path: Path, kind: str, at_ms: int) -> Path:
    """A backup's name that is not taken, in a folder that is there."""
    place = folder(path)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise bad_database(place, "be a folder that can be made", error.strerror or "") from None
    while True:
        made = place / f"{path.stem}-{_stamp(at_ms)}-{kind}.db"
        if not made.exists():
            return made
        at_ms += 1000


def copy(path: Path, target: Path, *, checked: bool = True) -> None:
    """One moment of a database as a file that stands alone; it appears in one step, when all of it is on disk."""
    fresh = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        discard(fresh)
        with (
            closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as old,
            closing(sqlite3.connect(fresh, isolation_level=None)) as new,
        ):
            old.backup(new)
            with nullcontext() if checked else suppress(sqlite3.Error):
                new.execute("PRAGMA journal_mode = DELETE").fetchone()
            if checked:
                verdict = new.execute("PRAGMA quick_check(1)").fetchone()[0]
                if verdict != "ok":
                    raise bad_database(path, "be intact to be copied", str(verdict).splitlines()[0], DamagedDatabase)
        sync(fresh)
        fresh.replace(target)
        sync(target.parent)
    except sqlite3.Error as error:
        raise explain(target, error) or bad_database(path, "be a file that can be copied", str(error)) from None
    except OSError as error:
        raise BadValue("FILE", f"be a file that can be written ({error.strerror})", str(target)) from None
    finally:
        discard(fresh)


def discard(path: Path) -> None:
    """Remove a database of ours that nobody needs, with what lies beside it."""
    for suffix in ("", *BESIDE):
        with suppress(OSError):
            Path(f"{path}{suffix}").unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on disk."""
    with suppress(PermissionError):  # some systems open no folders
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _stamp(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y%m%dT%H%M%S")


def _rotate(path: Path, kind: str) -> None:
    found = listed(path, kind)
    kept = set(found[-KEEP.get(kind, KEEP_OTHERS) :])
    if kind == DAILY:
        weeks = {_week(path, file): file for file in found}  # the newest of each week
        kept |= set(sorted(weeks.values())[-WEEKS:])
    for file in set(found) - kept:
        with suppress(OSError):
            file.unlink()


def _week(path: Path, file: Path) -> tuple[int, int]:
    text = file.name[len(path.stem) + 1 :][:8]
    try:
        year, week, _ = datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).isocalendar()
    except ValueError:
        return (0, 0)
    return (year, week)
