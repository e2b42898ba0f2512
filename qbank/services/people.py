"""Who is studying: a name on the command line -> a learner with a UUID, and everyone joined to it."""

from __future__ import annotations

from collections.abc import Iterable

from qbank.domain import BadValue, Event
from qbank.scheduling import zone_offset
from qbank.scheduling.learners import roots
from qbank.storage import Tx, events, learners
from qbank.storage.learners import Person


def checked_name(name: str) -> str:
    """A learner's name: one line of printable characters, at most 64."""
    name = name.strip()
    if not name or len(name) > 64 or not name.isprintable():
        raise BadValue("--learner", "be 1 to 64 printable characters", name)
    return name


def find(tx: Tx, name: str) -> Person | None:
    """The person of a name, if there is one."""
    uuid = learners.named(tx, name)
    return None if uuid is None else learners.person(tx, uuid)


def find_or_make(tx: Tx, name: str) -> Person:
    """The person of a name; a new learner, with the event that names it, where there is none. Needs a write."""
    found = find(tx, name)
    if found is not None:
        return found
    uuid, at = tx.new_id(), tx.now_ms()
    learners.add(tx, uuid, name, local=True)
    events.append(tx, Event(tx.new_id(), at, zone_offset(None)(at), uuid, "learner", {"name": name}))
    return learners.person(tx, uuid)


def meet(tx: Tx, uuids: Iterable[str]) -> set[str]:
    """Make rows for learners that are not here yet and settle names and joins; the roots that changed."""
    told = events.of_kind(tx, "learner")
    joined = [e.data["joins"] for e in told if isinstance(e.data.get("joins"), str)]
    for uuid in sorted({*uuids, *joined, *(e.learner for e in told)} - learners.uuids(tx)):
        learners.add(tx, uuid, None, local=False)
    return settle(tx)


def settle(tx: Tx) -> set[str]:
    """Bring names and roots in line with the learner events; returns the roots of persons that changed."""
    told = events.of_kind(tx, "learner")
    for event in told:
        name = event.data.get("name")
        if isinstance(name, str):
            learners.rename(tx, event.learner, name)
    return learners.join(tx, roots(told))
