"""What a learner says about a card or a verdict without answering."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from qbank.domain import BadValue, CardState, Event
from qbank.scheduling.state import SCHEDULER, checked_weights
from qbank.services.cards import keys_of, rebuild, record
from qbank.services.desk import Desk
from qbank.services.shelf import CardInfo
from qbank.storage import deals, events, states
from qbank.storage.deals import StoredDeal

MARKS = ("suspend", "resume", "bury", "reset", "reschedule", "leech", "unleech")


def mark(
    desk: Desk, cards: Mapping[str, CardInfo], kind: str, card: str, due_ms: int | None, due_on: date | None = None
) -> str:
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
    if kind == "unleech":
        data["resume"] = True
    if kind == "reschedule":
        if due_on is not None:
            due_ms = desk.days.start((due_on - date(1970, 1, 1)).days)
        if state.due_ms is None:
            raise BadValue("card", "have been reviewed before it is rescheduled", card)
        if due_ms is None or not 0 <= due_ms < 1 << 52:
            raise BadValue("due_ms", "be UTC milliseconds", due_ms)
        data["due_ms"] = due_ms
    event = desk.event(kind, data)
    record(desk.tx, desk.person, event, desk.was)
    return event.uuid


def leech_after(desk: Desk, before: CardState, review: Event) -> bool:
    """Tag and pause a card that a review made a leech: after so many lapses, and again after half as many more."""
    most = desk.settings["leech_lapses"]
    lapses = states.get(desk.tx, desk.person.root, before.card).lapses
    if not most or lapses <= before.lapses or lapses < most or (lapses - most) % ((most + 1) // 2):
        return False
    data = {"card": before.card, "after": review.uuid, "lapses": lapses, "pause": True}
    record(desk.tx, desk.person, desk.event("leech", data), desk.was)
    return True


def leeches_of(desk: Desk, review: Event) -> list[Event]:
    """The standing leech events that a review brought about."""
    keys = keys_of(desk.key(str(review.data.get("card"))), desk.was)
    found = events.of_cards(desk.tx, desk.person.uuids, keys)
    return [e for e in found if e.kind == "leech" and e.data.get("after") == review.uuid]


def cause(desk: Desk, event: Event) -> Event:
    """What an undo means by an event: a leech's review, which takes the leech back with it; else the event itself."""
    after = event.data.get("after")
    if event.kind != "leech" or not isinstance(after, str) or not events.stands(desk.tx, after, desk.person.uuids):
        return event
    return events.get(desk.tx, after) or event


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
    event = desk.event("weights", {"weights": list(checked), "scheduler": SCHEDULER})
    events.append(desk.tx, event)
    rebuild(desk.tx, desk.person, desk.was)
    return event.uuid
