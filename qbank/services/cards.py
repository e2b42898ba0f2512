"""The cache of card states: kept equal to the replayed log by every write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qbank.domain import CardState, Event
from qbank.scheduling import apply, replay, replay_card
from qbank.scheduling.names import former, present, present_card
from qbank.scheduling.replay import CARD_KINDS, card_of, latest_weights
from qbank.scheduling.state import Weights, checked_weights
from qbank.storage import Tx, aliases, deals, events, learners, states
from qbank.storage.learners import Person


def weights_of(tx: Tx, person: Person) -> tuple[Weights | None, str]:
    """The weights in force and their id (``default``, or the UUID of their event)."""

    def read() -> tuple[Weights | None, str]:
        latest = latest_weights(events.of_kind(tx, "weights", person.uuids))
        return (None, "default") if latest is None else (checked_weights(latest.data["weights"]), latest.uuid)

    return tx.once(("weights", person.uuids), read)


def keys_of(card: str, was: Mapping[str, str]) -> list[str]:
    """Every key that a card ever had; its present one first."""
    question, mark, facet = card.partition("#")
    return [old + mark + facet for old in former(question, was)]


def before(tx: Tx, person: Person, state: CardState, order: tuple[int, str]) -> CardState:
    """What a card's cached state was just before an event that is being written."""
    if state.last_event is None or state.last_event < order:
        return state
    was, weights = aliases.every(tx), weights_of(tx, person)[0]
    earlier = [e for e in events.of_cards(tx, person.uuids, keys_of(state.card, was)) if e.order < order]
    return replay_card(state.card, earlier, weights) or CardState(state.card)


def record(tx: Tx, person: Person, event: Event, was: Mapping[str, str], held: CardState | None = None) -> None:
    """Write an event of this database's own and take it into its card's state.

    :param held: that state as it is cached, where the caller has just read it.
    """
    events.append(tx, event)
    key = card_of(event)
    if key is None or event.kind not in CARD_KINDS:
        return
    card = present_card(key, was)
    state = states.get(tx, person.root, card) if held is None else held
    if state.last_event is not None and event.order <= state.last_event:
        refresh(tx, person, card, was)
        return
    after = apply(state, event, weights_of(tx, person)[0])
    if after is not state:
        states.put(tx, person.root, after)


def refresh(tx: Tx, person: Person, card: str, was: Mapping[str, str], weights: Weights | None = None) -> None:
    """Replay one card."""
    weights = weights or weights_of(tx, person)[0]
    found = (e for e in events.of_cards(tx, person.uuids, keys_of(card, was)) if e.kind in CARD_KINDS)
    state = replay_card(card, found, weights)
    if state is None:
        states.forget(tx, person.root, card)
    else:
        states.put(tx, person.root, state)


def rebuild(tx: Tx, person: Person, was: Mapping[str, str]) -> None:
    """Replay everything of one person."""
    found = replay(events.every(tx, person.uuids), was)
    states.put_all(tx, person.root, list(found.values()))


def rebuild_all(tx: Tx, roots: Iterable[str] | None = None) -> None:
    """Replay persons (all of them by default); a root that is nobody's any more loses its states."""
    was, present_roots = aliases.every(tx), learners.roots(tx)
    for root in sorted(present_roots if roots is None else roots):
        if root in present_roots:
            rebuild(tx, learners.person(tx, root), was)
        else:
            states.forget(tx, root)


def settle_deal(tx: Tx, person: Person, deal: str) -> None:
    """Note which standing event answers a deal: the earliest review, else the earliest practice, else none."""
    found = events.answers(tx, deal, person.uuids)
    counting = deals.counting(found)
    deals.close(tx, deal, None if counting is None else counting.uuid)


def learn_names(tx: Tx, was: Mapping[str, str], live: Iterable[str]) -> dict[str, str]:
    """Take in the renames that a content tells and replay everybody. Ids that are in use are nobody's former ones."""
    known = aliases.every(tx)
    fresh = unknown_names(known, was, live)
    if fresh:
        aliases.put(tx, fresh)
        rebuild_all(tx)
    return {**known, **fresh}


def unknown_names(known: Mapping[str, str], was: Mapping[str, str], live: Iterable[str]) -> dict[str, str]:
    """The renames among ``was`` that ``known`` does not lead to already."""
    living = set(live)
    merged = dict(known)
    for old, new in was.items():
        if old not in living:
            merged.setdefault(old, new)
    return {
        old: new
        for old, new in was.items()
        if old not in living and (old not in known or present(old, merged) != present(new, merged))
    }
