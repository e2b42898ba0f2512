"""Backups and their return: nothing that was acknowledged is lost on the way there or back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from qbank.domain import BadValue, Event
from qbank.services import people
from qbank.services.cards import rebuild_all
from qbank.services.log_lines import RefusedLine, check
from qbank.storage import Store, Tx, backup, events, health
from qbank.storage.errors import DamagedDatabase, bad_database
from qbank.storage.header import kind_of
from qbank.storage.rows import copy_rows
from qbank.storage.swap import held, swap


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that is on disk."""

    file: Path
    bytes: int
    events: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What is in the database now."""

    file: Path
    """Where the rows came from."""
    rows: dict[str, int]
    """Table -> rows."""
    replaced: Path | None
    """The backup of what was there before; None: there was nothing."""
    refused: list[str] = field(default_factory=list)
    """What could not be read (only when mending)."""


class Backups:
    """Backups of one database file. It need not be open, and may be in use."""

    def __init__(self, path: Path, *, now_ms: Callable[[], int], new_id: Callable[[], str]) -> None:
        self.path = path.absolute()
        self._now_ms, self._new_id = now_ms, new_id

    def make(self, file: Path | None = None) -> Made:
        """Copy the database to ``file``, which must not exist yet; None: to its folder of backups.

        :raises QbankError: there is no database, ``file`` is taken, or the copy cannot be made.
        """
        if kind_of(self.path) != "ours":
            raise bad_database(self.path, "exist", "there is none")
        if file is None:
            file = backup.make(self.path, "manual", self._now_ms())
        else:
            file = file.absolute()
            if file.exists():
                raise BadValue("FILE", "not exist yet", str(file))
            backup.copy(self.path, file)
        store = self._open(file, "ro")
        try:
            with store.read() as tx:
                return Made(file, file.stat().st_size, events.count(tx))
        finally:
            store.close()

    def daily(self, store: Store) -> Path | None:
        """The day's first use makes a backup, the oldest ones go; None where there is one, or nothing to keep."""
        now = self._now_ms()
        today = backup.day_of(now)
        if any(file.name[len(self.path.stem) + 1 :].startswith(today) for file in backup.listed(self.path, "daily")):
            return None
        with store.read() as tx:
            if not events.any_(tx):
                return None
        return backup.make(self.path, backup.DAILY, now)

    def restore(self, file: Path) -> Restored:
        """Put a backup's rows in the place of the database. What is there now becomes a backup first.

        Learners, events and deals are copied as data into a new file, card states replayed from them; the new file is
        checked and takes the database's place in one step. Questions are read from their files at the next use.

        :raises QbankError: ``file`` is no intact database of ours; nothing changes then.
        """
        file = file.absolute()
        if not file.exists():
            raise BadValue("FILE", "exist", str(file))
        if kind_of(self.path) == "ours" and file.samefile(self.path):
            raise BadValue("FILE", "be another file than the database", str(file))
        return self._rebuilt(file, "restore")

    def rebuild(self) -> Restored:
        """The database made anew from its own rows, as far as they can be read; nobody writes meanwhile."""
        try:
            with held(self.path):
                return self._rebuilt(self.path, "mend", salvage=True, locked=True)
        except DamagedDatabase:
            return self._rebuilt(self.path, "mend", salvage=True)

    def _rebuilt(self, file: Path, kind: str, *, salvage: bool = False, locked: bool = False) -> Restored:
        """A new file from a file's rows, its states replayed, checked, and swapped in."""
        fresh = self.path.with_name(f"{self.path.name}.{self._new_id()[:8]}.new")
        checked = fresh.with_suffix(".checked")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            copied = copy_rows(file, fresh, salvage=salvage)
            store = self._open(fresh, "rw")
            try:
                with store.write() as tx:
                    if not salvage:
                        _check_log(tx, file)
                    people.meet(tx, health.unknown_learners(tx))
                    rebuild_all(tx)
            finally:
                store.close()
            backup.copy(fresh, checked)  # looks at every page and leaves nothing beside it
            replaced = swap(self.path, checked, kind, self._now_ms(), locked=locked)
        finally:
            backup.discard(fresh)
            backup.discard(checked)
        return Restored(file, copied.counts, replaced, copied.refused)

    def _open(self, path: Path, mode: str) -> Store:
        return Store.open(path, now_ms=self._now_ms, new_id=self._new_id, mode="ro" if mode == "ro" else "rw")


def unreadable(log: Iterable[Event]) -> list[str]:
    """Events that are none of ours, with the reason."""
    found = []
    for event in log:
        try:
            check(event)
        except (RefusedLine, ValueError) as error:
            found.append(f"event {event.uuid}: {error}")
    return found


def _check_log(tx: Tx, file: Path) -> None:
    for line in unreadable(events.every(tx)):
        raise BadValue("FILE", "be an intact qbank database", f"{file} ({line})")
