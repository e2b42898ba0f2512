"""Whether a database is sound, and how to make it so: what is derived is made again, the log is never changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qbank.domain import Event
from qbank.scheduling import replay
from qbank.services import people
from qbank.services.backups import Backups, Restored, unreadable
from qbank.services.bank import Bank
from qbank.services.cards import rebuild_all, settle_deal
from qbank.storage import Store, Tx, activity, aliases, backup, content, deals, events, health, learners, states
from qbank.storage.errors import DamagedDatabase, bad_database
from qbank.storage.header import kind_of
from qbank.storage.swap import held

SHOWN = 20
"""Faults that a check names at most."""
SLACK_MS = 60_000
"""So much later than now an event may be before the clock counts as set back."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it found, and what is right again."""

    name: str
    found: tuple[str, ...] = ()
    mended: bool = False
    warning: bool = False
    """Worth telling, but nothing is wrong with the database."""

    @property
    def ok(self) -> bool:
        return self.warning or self.mended or not self.found

    def json(self) -> dict[str, Any]:
        found = [*self.found[:SHOWN], *([f"… {len(self.found) - SHOWN} more"] if len(self.found) > SHOWN else [])]
        return {"check": self.name, "ok": self.ok, "found": found, "count": len(self.found), "mended": self.mended}


@dataclass(frozen=True, slots=True)
class Report:
    """Every check, and the backup made before mending (None: nothing was to be mended)."""

    checks: tuple[Check, ...]
    backup: Path | None = None

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "checks": [check.json() for check in self.checks],
            "backup": None if self.backup is None else str(self.backup),
        }


class Doctor:
    """Examines one database file."""

    def __init__(
        self,
        path: Path,
        bank: Callable[[Store], Bank],
        *,
        now_ms: Callable[[], int],
        new_id: Callable[[], str],
    ) -> None:
        self.path = path.absolute()
        self._bank, self._now_ms, self._new_id = bank, now_ms, new_id

    def examine(self) -> Report:
        """Look at everything and change nothing."""
        if kind_of(self.path) != "ours":
            raise bad_database(self.path, "exist", "there is none")
        try:
            store = self._open("ro")
        except DamagedDatabase as error:
            return Report((Check("integrity", (str(error),)),))
        try:
            return Report(tuple(self._look(store)))
        except DamagedDatabase as error:
            return Report((Check("integrity", (str(error),)),))
        finally:
            store.close()

    def mend(self) -> Report:
        """Examine, back up, mend, examine again. What is sound stays untouched.

        Where pages or the schema are damaged, the database is made anew from the rows that can be read, as ``restore``
        does it; rows that are lost are named. A log's unreadable events stay as they are.
        """
        before = self.examine()
        wrong = {check.name for check in before.checks if not check.ok}
        if not wrong - {"log"}:
            return before
        rebuilt: Restored | None = None
        if wrong & {"integrity", "schema"}:
            rebuilt = Backups(self.path, now_ms=self._now_ms, new_id=self._new_id).rebuild()
            saved = rebuilt.replaced
        else:
            with held(self.path):
                saved = backup.make(self.path, "mend", self._now_ms())
        store = self._open("rw")
        try:
            self._mend(store)
        finally:
            store.close()
        after = {check.name: check for check in self.examine().checks}
        lost = [Check("rows", tuple(rebuilt.refused))] if rebuilt is not None and rebuilt.refused else []
        checks = [
            Check(old.name, old.found, mended=bool(old.found) and after[old.name].ok, warning=old.warning)
            for old in before.checks
        ]
        checks += [check for name, check in after.items() if name not in {old.name for old in before.checks}]
        return Report((*checks, *lost), saved)

    # ------------------------------------------------------------ looking

    def _look(self, store: Store) -> list[Check]:
        with store.read() as tx:
            found = [Check("integrity", tuple(health.integrity(tx))), Check("schema", tuple(health.schema(tx)))]
            if not all(check.ok for check in found):
                return found  # the other checks would stumble over the same
            log = list(events.every(tx))
            found += [
                Check("log", tuple(unreadable(log))),
                Check("orphans", tuple(_orphans(tx))),
                Check("cache", tuple(_stale(tx, log))),
                Check("days", tuple(_miscounted(tx, log))),
                Check("search", tuple(f"version {v[:12]}: not all is indexed" for v in health.unsearchable(tx))),
                Check("clock", tuple(self._ahead(tx)), warning=True),
            ]
        return [*found, Check("content", tuple(f"{id_} differs from its file" for id_ in self._bank(store).drift()))]

    def _ahead(self, tx: Tx) -> list[str]:
        latest = events.latest(tx)
        if latest is None or latest <= self._now_ms() + SLACK_MS:
            return []
        return [f"the latest event is {(latest - self._now_ms()) // 60_000} minutes ahead of the clock"]

    # ------------------------------------------------------------ mending

    def _mend(self, store: Store) -> None:
        with store.write() as tx:
            people.meet(tx, health.unknown_learners(tx))
            health.drop_states_of_nobody(tx)
            for deal, learner in _wrong_deals(tx):
                settle_deal(tx, learners.person(tx, learner), deal)
            rebuild_all(tx)
            activity.write(tx, activity.recount(events.every(tx)))
            for version in health.unsearchable(tx):
                content.drop(tx, version)  # read again at the next use
        self._bank(store).drift(mend=True)

    def _open(self, mode: str) -> Store:
        return Store.open(self.path, now_ms=self._now_ms, new_id=self._new_id, mode="ro" if mode == "ro" else "rw")


def _orphans(tx: Tx) -> list[str]:
    found = [f"learner {uuid} is named but not here" for uuid in health.unknown_learners(tx)]
    found += [f"card states of nobody ({uuid})" for uuid in health.states_of_nobody(tx)]
    return found + [f"deal {deal} is not closed by the event that answers it" for deal, _ in _wrong_deals(tx)]


def _wrong_deals(tx: Tx) -> list[tuple[str, str]]:
    wrong = []
    for deal, learner, closed_by in health.doubtful_deals(tx):
        found = events.answers(tx, deal, learners.person(tx, learner).uuids)
        counting = deals.counting(found)
        if closed_by != (None if counting is None else counting.uuid):
            wrong.append((deal, learner))
    return wrong


def _stale(tx: Tx, log: Sequence[Event]) -> list[str]:
    was = aliases.every(tx)
    found = []
    for root in sorted(learners.roots(tx)):
        cached, right = states.every(tx, root), replay(log, was, root)
        wrong = sorted(card for card in {*cached, *right} if cached.get(card) != right.get(card))
        found += [f"{card} is not what its log says" for card in wrong]
    return found


def _miscounted(tx: Tx, log: Sequence[Event]) -> list[str]:
    """Study days whose sums are not those of the log."""
    counted, right = activity.stored(tx), activity.recount(log)
    wrong = {key[1:3] for key in {*counted, *right} if not activity.same(counted.get(key), right.get(key))}
    return [f"{kind}s of day {day} (since 1970-01-01) are miscounted" for day, kind in sorted(wrong)]
