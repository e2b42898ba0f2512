"""Which learner UUIDs are one person: a learner event joins the UUID it names to its own."""

from __future__ import annotations

from collections.abc import Iterable

from qbank.domain import Event


def roots(events: Iterable[Event]) -> dict[str, str]:
    """Every learner UUID of the learner events -> its person's smallest UUID, whatever the order of the events."""
    parent: dict[str, str] = {}

    def top(uuid: str) -> str:
        parent.setdefault(uuid, uuid)
        while parent[uuid] != uuid:
            parent[uuid] = parent[parent[uuid]]
            uuid = parent[uuid]
        return uuid

    for event in events:
        if event.kind != "learner":
            continue
        top(event.learner)
        joined = event.data.get("joins")
        if isinstance(joined, str) and joined:
            low, high = sorted((top(event.learner), top(joined)))
            parent[high] = low
    return {uuid: top(uuid) for uuid in parent}
