"""Events in, card states out. The log is the truth; whatever is cached elsewhere equals this.

An event that cannot be read (a rating that is none, no study day) changes nothing, and kinds that are unknown here are
kept by the log and ignored. Only what stands counts: an event that an undo names does not, whichever came first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from qbank.domain import RATINGS, CardState, Event
from qbank.scheduling.learners import roots
from qbank.scheduling.names import present_card
from qbank.scheduling.state import Weights, checked_weights, reviewed
from qbank.scheduling.steps import logged

NEVER_UNDONE = frozenset({"undo", "setting", "weights", "learner"})
"""Kinds that no undo takes back."""

_FAR_MS = 1 << 52


def apply(state: CardState, event: Event, weights: Weights | None = None) -> CardState:
    """The state after one standing event that is later than all before it. What means nothing changes nothing."""
    act = _ACTS.get(event.kind)
    after = None if act is None else act(state, event, weights)
    return state if after is None else replace(after, last_event=event.order)


def replay_card(card: str, events: Iterable[Event], weights: Weights | None = None) -> CardState | None:
    """One card from its standing events, in any order. None where nothing touched it.

    Of several reviews of one deal (two databases that were merged) the earliest counts.
    """
    state, deals = CardState(card), set[str]()
    for event in sorted(events, key=lambda e: e.order):
        deal = event.data.get("deal")
        if event.kind == "review" and isinstance(deal, str):
            if deal in deals:
                continue
            if readable(event):
                deals.add(deal)
        state = apply(state, event, weights)
    return None if state.last_event is None else state


def replay(
    events: Iterable[Event], was: Mapping[str, str] | None = None, learner: str | None = None
) -> dict[str, CardState]:
    """The states of one person's cards by present key.

    :param was: former question ids -> later ones.
    :param learner: any UUID of the person; None: all events are one person's.
    """
    everything = list(events)
    if learner is not None:
        root = roots(everything)
        mine = root.get(learner, learner)
        everything = [e for e in everything if root.get(e.learner, e.learner) == mine]
    gone = undone(everything)
    weights = last_weights(everything)
    cards: dict[str, list[Event]] = {}
    for event in everything:
        card = card_of(event)
        if card is not None and event.uuid not in gone:
            cards.setdefault(present_card(card, was or {}), []).append(event)
    states = {card: replay_card(card, found, weights) for card, found in cards.items()}
    return {card: state for card, state in states.items() if state is not None}


def card_of(event: Event) -> str | None:
    """The card that an event speaks of, by the key it had then."""
    card = event.data.get("card")
    return card if isinstance(card, str) and card else None


def undone(events: Iterable[Event]) -> set[str]:
    """UUIDs of what undo events name. Those that cannot be undone stand all the same (:data:`NEVER_UNDONE`)."""
    return {e.data["event"] for e in events if e.kind == "undo" and isinstance(e.data.get("event"), str)}


def last_weights(events: Iterable[Event]) -> Weights | None:
    """The weights of the latest weights event that holds any, or None: the defaults."""
    latest = latest_weights(events)
    return None if latest is None else checked_weights(latest.data.get("weights"))


def latest_weights(events: Iterable[Event]) -> Event | None:
    """The latest weights event whose weights can be used. They apply to all history."""
    usable = (e for e in events if e.kind == "weights" and checked_weights(e.data.get("weights")) is not None)
    return max(usable, key=lambda e: e.order, default=None)


def readable(event: Event) -> bool:
    """Whether an event of a known card kind holds what it must."""
    if event.kind == "review":
        return event.data.get("rating") in RATINGS and _whole(event.data.get("day")) is not None
    return event.kind not in _ACTS or _ACTS[event.kind](CardState("?", due_ms=0), event, None) is not None


# ---------------------------------------------------------------- what each kind does; None: nothing, it is unreadable

_Act = Callable[[CardState, Event, Weights | None], CardState | None]


def _whole(value: Any, most: int = _FAR_MS) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= most else None


def _review(state: CardState, event: Event, weights: Weights | None) -> CardState | None:
    rating, day = event.data.get("rating"), _whole(event.data.get("day"))
    if rating not in RATINGS or day is None:
        return None
    gap = _whole(event.data.get("interval_ms"))
    steps = logged(event.data.get("steps"))
    return reviewed(state, rating, at_ms=event.at_ms, day=day, interval_ms=gap, weights=weights, steps=steps)


def _bury(state: CardState, event: Event, weights: Weights | None) -> CardState | None:
    day = _whole(event.data.get("day"))
    return None if day is None else replace(state, buried_day=day)


def _reschedule(state: CardState, event: Event, weights: Weights | None) -> CardState | None:
    due = _whole(event.data.get("due_ms"))
    return None if due is None else (replace(state, due_ms=due) if state.due_ms is not None else state)


def _reset(state: CardState, event: Event, weights: Weights | None) -> CardState:
    return CardState(state.card, suspended=state.suspended, buried_day=state.buried_day)


def _leech(state: CardState, event: Event, weights: Weights | None) -> CardState:
    """Tag it, and suspend it where the event says so."""
    return replace(state, leech=True, suspended=state.suspended or event.data.get("pause") is True)


def _unleech(state: CardState, event: Event, weights: Weights | None) -> CardState:
    """Untag it, and wake it where the event says so."""
    return replace(state, leech=False, suspended=state.suspended and event.data.get("resume") is not True)


def _flag(**changes: bool) -> _Act:
    return lambda state, event, weights: replace(state, **changes)  # type: ignore[arg-type]


_ACTS: dict[str, _Act] = {
    "review": _review,
    "suspend": _flag(suspended=True),
    "resume": _flag(suspended=False),
    "bury": _bury,
    "reset": _reset,
    "reschedule": _reschedule,
    "leech": _leech,
    "unleech": _unleech,
}

CARD_KINDS: Collection[str] = frozenset(_ACTS)
"""Kinds that change a card."""
