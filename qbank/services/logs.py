"""Carrying the log from one database to another. Two logs merge by union, in any order, any number of times."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from qbank.domain import BadValue, Event
from qbank.scheduling import zone_offset
from qbank.scheduling.names import present_card
from qbank.services import people
from qbank.services.cards import learn_names, rebuild_all, refresh, settle_deal
from qbank.services.log_lines import RefusedLine, read, write
from qbank.services.shelf import Shelf
from qbank.storage import Store, Tx, aliases, deals, events, learners
from qbank.storage.learners import Person

FEW = 50
"""Up to so many cards of a person are replayed one by one; beyond that everything is."""


class Logs:
    """Export and import of every learner's events."""

    def __init__(self, store: Store, shelf: Shelf, *, now_ms: Callable[[], int], new_id: Callable[[], str]) -> None:
        self.store, self.shelf = store, shelf
        self._now_ms, self._new_id = now_ms, new_id

    def export(self, path: Path | None) -> dict[str, int]:
        """Write every event in replay order, one a line; None: to standard output. Returns ``{"written": count}``.

        A file is replaced in one step when all of it is on disk.
        """
        with self.store.read() as tx:
            lines = (write(event) + "\n" for event in events.every(tx))
            if path is None:
                return {"written": sum(bool(sys.stdout.buffer.write(line.encode())) for line in lines)}
            return {"written": _replace(path, lines)}

    def load(self, path: Path | None, as_name: str | None = None) -> dict[str, Any]:
        """Take in the events of a file; None: of standard input.

        :param as_name: the learner of this name and the file's learner are one person from now on.
        :returns: ``read``, ``new``, ``known`` (counts) and ``refused`` (``line`` and ``why`` of each).
        :raises BadValue: an unreadable file, or ``as_name`` with the log of several people; nothing is taken in.
        """
        name = None if as_name is None else people.checked_name(as_name)
        found, refused, count = _parse(path)
        was = self.shelf.was()
        live = {info.question for info in self.shelf.cards()} if was else set()
        with self.store.write() as tx:
            learn_names(tx, was, live)
            here = events.known(tx, list(dict.fromkeys(event.uuid for _, event in found)))
            fresh: dict[str, Event] = {}
            for line, event in found:
                same = here.get(event.uuid) or fresh.get(event.uuid)
                if same is None:
                    fresh[event.uuid] = event
                elif same != event:
                    refused.append((line, "another event has this uuid"))
            events.append(tx, *fresh.values(), local=False)
            changed = people.meet(tx, [event.learner for _, event in found])
            if name is not None:
                changed |= _join(tx, name, {event.learner for _, event in found})
            _take_in(tx, list(fresh.values()), changed)
        refused.sort()
        return {
            "read": count,
            "new": len(fresh),
            "known": count - len(fresh) - len(refused),
            "refused": [{"line": line, "why": why} for line, why in refused],
        }


def _replace(path: Path, lines: Iterable[str]) -> int:
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        with fresh.open("w", encoding="utf-8", newline="\n") as file:
            written = sum(bool(file.write(line)) for line in lines)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise BadValue("FILE", f"be a file that can be written ({error.strerror})", str(path)) from None
    return written


def _parse(path: Path | None) -> tuple[list[tuple[int, Event]], list[tuple[int, str]], int]:
    """Events and refused lines with their numbers, and how many lines held anything."""
    try:
        raw = sys.stdin.buffer.read() if path is None else path.read_bytes()
    except OSError as error:
        raise BadValue("FILE", f"be a file that can be read ({error.strerror})", str(path)) from None
    found: list[tuple[int, Event]] = []
    refused: list[tuple[int, str]] = []
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append((number, read(line.strip())))
        except RefusedLine as error:
            refused.append((number, str(error)))
    return found, refused, len(found) + len(refused)


def _join(tx: Tx, name: str, uuids: set[str]) -> set[str]:
    """Make the file's learner and the one of a name one person; the roots that changed."""
    persons = {learners.person(tx, uuid).root for uuid in uuids}
    if len(persons) > 1:
        raise BadValue("--as", "be given for the log of one learner", f"{len(persons)} learners")
    person = people.find_or_make(tx, name)
    for root in persons - {person.root}:
        at = tx.now_ms()
        told = Event(tx.new_id(), at, zone_offset(None)(at), person.uuid, "learner", {"name": name, "joins": root})
        events.append(tx, told)
    return people.settle(tx)


def _take_in(tx: Tx, fresh: list[Event], changed: set[str]) -> None:
    """Bring the cached states and the deals in line with events that came from elsewhere."""
    targets = events.touched(tx, [str(e.data["event"]) for e in fresh if e.kind == "undo"])
    persons: dict[str, Person] = {}
    cards: dict[str, set[str]] = {}
    answered: dict[str, str] = {}
    whole = set(changed)
    was = aliases.every(tx)

    def touch(learner: str, card: object, deal: object) -> None:
        if learner not in persons:
            persons[learner] = learners.person(tx, learner)
        root = persons[learner].root
        if isinstance(card, str):
            cards.setdefault(root, set()).add(present_card(card, was))
        if isinstance(deal, str):
            answered[deal] = learner

    for event in fresh:
        touch(event.learner, event.data.get("card"), event.data.get("deal"))
        if event.kind == "weights":
            whole.add(persons[event.learner].root)
        if event.kind == "undo" and event.data["event"] in targets:
            touch(*targets[event.data["event"]])
    whole |= {root for root, found in cards.items() if len(found) > FEW}
    rebuild_all(tx, whole)
    for root, found in cards.items():
        if root not in whole:
            person = learners.person(tx, root)
            for card in sorted(found):
                refresh(tx, person, card, was)
    for root in changed & learners.roots(tx):
        person = learners.person(tx, root)
        answered.update(dict.fromkeys(deals.of_person(tx, person.uuids), person.uuid))
    for deal in deals.present(tx, list(answered)):
        settle_deal(tx, learners.person(tx, answered[deal]), deal)
