"""What a learner says about a card or a verdict without answering."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from qbank.domain import BadValue, Event
from qbank.scheduling.state import checked_weights, scheduler_version
from qbank.services.cards import rebuild, record
from qbank.services.desk import Desk
from qbank.services.shelf import CardInfo
from qbank.storage import deals, events, states
from qbank.storage.deals import StoredDeal

MARKS = ("suspend", "resume", "bury", "reset", "reschedule", "leech", "unleech")


def mark(desk: Desk, cards: Mapping[str, CardInfo], kind: str, card: str, due_ms: int | None) -> str:
    """Write a mark on a card of the bank, or on one with a state of its own. Returns the event's UUID."""
    if kind not in MARKS:
        raise BadValue("mark", "be one of " + ", ".join(MARKS), kind)
    key = desk.key(card)
    state = states.get(desk.tx, desk.person.root, key)
    if key not in cards and state.last_event is None:
        raise BadValue("card", "be a card of the bank, such as kl-divergence#recall", card)
    data: dict[str, Any] = {"card": key}
    if kind == "bury":
        data["day"] = desk.today
    if kind == "reschedule":
        if state.due_ms is None:
            raise BadValue("card", "have been reviewed before it is rescheduled", card)
        if due_ms is None or not 0 <= due_ms < 1 << 52:
            raise BadValue("due_ms", "be UTC milliseconds", due_ms)
        data["due_ms"] = due_ms
    event = desk.event(kind, data)
    record(desk.tx, desk.person, event, desk.was)
    return event.uuid


def challenge(desk: Desk, stored: StoredDeal, answer: Event, note: str | None) -> str:
    """Write a replayable case against a verdict. Returns the event's UUID."""
    data = {
        "card": stored.deal.card,
        "deal": stored.deal.id,
        "answers": answer.uuid,
        "answer": answer.data.get("answer"),
        "ticked": answer.data.get("ticked"),
        "verdict": answer.data.get("verdict"),
        "mistake": answer.data.get("mistake"),
        "dealt": deals.frozen_text(desk.tx, stored.deal.id),
        "note": note,
    }
    event = desk.event("challenge", data)
    record(desk.tx, desk.person, event, desk.was)
    return event.uuid


def adopt(desk: Desk, weights: Collection[float]) -> str:
    """Write other weights and replay every card with them. Returns the event's UUID, which is the weights' id."""
    checked = checked_weights(list(weights))
    if checked is None:
        raise BadValue("weights", "be 21 numbers within the bounds of FSRS-6", list(weights))
    event = desk.event("weights", {"weights": list(checked), "scheduler": scheduler_version()})
    events.append(desk.tx, event)
    rebuild(desk.tx, desk.person, desk.was)
    return event.uuid
