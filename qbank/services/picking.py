"""Which card comes next, and which of its items."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from qbank.domain import CardState
from qbank.services.cards import keys_of
from qbank.services.desk import Desk
from qbank.services.shelf import CardInfo, introduction_order
from qbank.storage import deals, events, states
from qbank.storage.deals import StoredDeal

MINUTE_MS = 60_000


class Cards(dict[str, CardInfo]):
    """Present card keys -> the bank's cards."""

    def __init__(self, cards: Mapping[str, CardInfo]) -> None:
        super().__init__(cards)
        self._orders: dict[str, list[tuple[str, CardInfo]]] = {}

    def introduced(self, order: str) -> list[tuple[str, CardInfo]]:
        """Keys and cards in an order of new ones; sorted once."""
        if order not in self._orders:
            keys = {info.card: key for key, info in self.items()}
            self._orders[order] = [(keys[i.card], i) for i in introduction_order(list(self.values()), order)]
        return self._orders[order]


def by_key(desk: Desk, cards: Sequence[CardInfo]) -> Cards:
    """The bank's cards by the keys that they have now."""
    return Cards({desk.key(info.card): info for info in cards} if desk.was else {info.card: info for info in cards})


def pick(desk: Desk, cards: Cards, resting: Resting) -> CardInfo | None:
    """The next card, due or new; None when there is nothing to do."""
    for key in states.steps(desk.tx, desk.person.root, desk.now, desk.today):
        if key in cards:  # a step is the rest of something begun: no limit, no backlog keeps it waiting
            return cards[key]
    left_new, left_due = _limits(desk)
    if left_due > 0:
        for key in states.due(desk.tx, desk.person.root, desk.now, desk.today, desk.settings["backlog_order"]):
            if key in cards and not resting(key):
                return cards[key]
    if left_new > 0:
        order, start = cards.introduced(desk.settings["new_order"]), 0
        while start < len(order):  # the first few are looked up alone: a large bank is read only as far as needed
            some = order[start : 2 * start + 50]
            taken = states.not_to_start(desk.tx, desk.person.root, desk.today, [key for key, _ in some])
            for key, info in some:
                if key not in taken and not resting(key):
                    return info
            start += len(some)
    return None


def repeatable(desk: Desk, cards: Mapping[str, CardInfo], resting: Resting) -> StoredDeal | None:
    """The oldest open deal that is still worth asking: its card is awake, due or new, and not rewritten since."""
    for stored in deals.open_ones(desk.tx, desk.person.uuids):
        key = desk.key(stored.deal.card)
        info = cards.get(key)
        if info is None or not fits(stored, info):
            continue
        state = states.get(desk.tx, desk.person.root, key)
        awake = not state.suspended and state.buried_day != desk.today
        if awake and schedules(desk, state, stored) and not resting(key):
            return stored
    return None


def fits(stored: StoredDeal, info: CardInfo) -> bool:
    """Whether a deal shows what the bank holds now."""
    dealt = stored.deal.dealt
    return dealt.rev == info.rev and (dealt.item == "recall" or dealt.item in info.items)


def schedules(desk: Desk, state: CardState, stored: StoredDeal) -> bool:
    """Whether an answer to a deal is a review: its card is new, or due now or when it was dealt.

    The latter matters where the clock was set back in between.
    """
    return not stored.practice and (state.due_ms is None or state.due_ms <= max(desk.now, stored.deal.at_ms))


class Resting:
    """Whether a card rests today because another card of its question was reviewed today."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._reviewed: dict[str, set[str]] = {}

    def __call__(self, key: str) -> bool:
        question = key.partition("#")[0]
        if question not in self._reviewed:
            desk = self._desk
            self._reviewed[question] = states.reviewed_on(desk.tx, desk.person.root, question, desk.today)
        return bool(self._reviewed[question]) and key not in self._reviewed[question]


def spent_minutes(desk: Desk) -> float:
    """Minutes of answering on this study day, undone answers aside."""
    found = events.between(desk.tx, desk.person.uuids, *_today(desk))
    spent = (e.data.get("ms") for e in found if e.kind in ("review", "practice"))
    return sum(ms for ms in spent if isinstance(ms, int)) / MINUTE_MS


def pick_item(desk: Desk, info: CardInfo, seed: str) -> str:
    """The item of a card seen longest ago; among several that never were, a seeded one."""
    if len(info.items) < 2:
        return next(iter(info.items), "recall")
    keys = keys_of(desk.key(info.card), desk.was)
    seen = dict(deals.last_seen(desk.tx, desk.person.uuids, keys))
    for seen_item, at_ms in events.items_seen(desk.tx, desk.person.uuids, keys).items():
        seen[seen_item] = max(seen.get(seen_item, at_ms), at_ms)
    oldest = min(seen.get(item, -1) for item in info.items)
    return random.Random(seed).choice([item for item in info.items if seen.get(item, -1) == oldest])


def changed(desk: Desk, info: CardInfo) -> bool:
    """Whether the last standing review of a card was of an earlier revision."""
    if info.rev <= 1:
        return False  # there was none
    keys = keys_of(desk.key(info.card), desk.was)
    rev = events.last_rev(desk.tx, desk.person.uuids, keys)
    return rev is not None and rev < info.rev


def _limits(desk: Desk) -> tuple[float, float]:
    """How many new and how many due cards may still come today. A card counts once, however many steps it takes."""
    new, due = desk.settings["new_per_day"], desk.settings["reviews_per_day"]
    if new is None and due is None:
        return float("inf"), float("inf")
    done = [e for e in events.between(desk.tx, desk.person.uuids, *_today(desk)) if e.kind == "review"]
    introduced = {desk.key(str(e.data["card"])) for e in done if e.data.get("was_new") is True}
    reviewed = {desk.key(str(e.data["card"])) for e in done} - introduced
    left_new = float("inf") if new is None else new - len(introduced)
    return left_new, float("inf") if due is None else due - len(reviewed)


def _today(desk: Desk) -> tuple[int, int]:
    return desk.days.start(desk.today), desk.days.start(desk.today + 1)
