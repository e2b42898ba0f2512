"""Study: deal the next card, take its answer, take it back."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

from qbank.domain import BadValue, CardState, Deal, Dealt, Event, QbankError
from qbank.grading import grade
from qbank.scheduling.replay import NEVER_UNDONE, card_of
from qbank.services import answering, cases, marks, people, picking
from qbank.services.cards import learn_names, record, refresh, settle_deal, unknown_names
from qbank.services.desk import Desk, sit
from qbank.services.settings import Settings
from qbank.services.shelf import CardInfo, Shelf
from qbank.services.tasks import Answered, Next, Undone
from qbank.storage import Store, Tx, aliases, deals, events, learners, states
from qbank.storage.deals import StoredDeal
from qbank.storage.learners import Person
from qbank.storage.store import Mark

CLOCK_SLACK_MS = 60_000
"""So much a clock may be corrected without a word."""

__all__ = ["Answered", "CardInfo", "Next", "Shelf", "Study", "Undone"]


class Study:
    """One learner's cards. Every answer is on disk when its method returns."""

    def __init__(
        self,
        store: Store,
        shelf: Shelf,
        *,
        now_ms: Callable[[], int],
        new_id: Callable[[], str],
        learner: str = "me",
        cases: Path | None = None,
    ) -> None:
        """:param cases: the folder for challenged verdicts; None: they are in the log alone."""
        self.store, self.shelf, self.cases = store, shelf, cases
        self._now_ms, self._new_id = now_ms, new_id
        self._name = people.checked_name(learner)
        self._uuid: str | None = None
        self._latest = 0
        self._known: tuple[object, object, picking.Cards] = (None, None, picking.Cards({}))
        self._shown: dict[str, tuple[StoredDeal, CardState, Mark]] = {}
        self.clock_behind_ms = 0
        """How far the machine's clock stood behind the learner's last event here; 0 unless it was set back."""
        self.settings = Settings(store, lambda tx: people.find(tx, self._name), self._make)

    # ------------------------------------------------------------ dealing

    def next(self, minutes: float | None = None) -> Next | None:
        """The open deal again, else a due card (the longest overdue first), else a new one; None: nothing to do.

        :param minutes: today's budget; None where it is spent.
        """
        if minutes is not None and not 0 < minutes <= 1440:
            raise BadValue("--minutes", "be more than 0 and at most 1440", minutes)
        self._prepare()
        trouble: dict[str, QbankError] = {}
        while True:
            with self.store.read() as tx:
                desk = self._desk(tx)
                if minutes is not None and picking.spent_minutes(desk) >= minutes:
                    return None
                cards = self._cards(desk)
                if trouble:
                    cards = picking.Cards({key: info for key, info in cards.items() if info.card not in trouble})
                resting = picking.Resting(desk)
                again = picking.repeatable(desk, cards, resting)
                if again is not None:
                    return self._handed(desk, again, cards[desk.key(again.deal.card)], repeated=True)
                info = picking.pick(desk, cards, resting)
                if info is None:
                    if trouble:
                        raise next(iter(trouble.values()))
                    return None
                deal_id = self._new_id()
                item = picking.pick_item(desk, info, deal_id)
                seen = tx.mark()
            try:
                dealt = self._dealt(info, item, deal_id)
            except QbankError as error:  # one card that cannot be dealt keeps nobody from the others
                trouble[info.card] = error
                continue
            with self.store.write(durable=False) as tx:  # its answer makes it last
                desk = self._desk(tx)
                if tx.mark() == seen or self._still_next(desk, cards, info):
                    stored = deals.put(tx, Deal(deal_id, desk.person.uuid, info.card, desk.now, dealt))
                    return self._handed(desk, stored, info)
            # another process was faster: look again

    def _still_next(self, desk: Desk, cards: picking.Cards, info: CardInfo) -> bool:
        resting = picking.Resting(desk)
        return picking.repeatable(desk, cards, resting) is None and picking.pick(desk, cards, resting) == info

    def _cards(self, desk: Desk) -> picking.Cards:
        """The bank's cards by key; worked out again when the bank or the renames changed."""
        infos = self.shelf.cards()
        of, was, cards = self._known
        if of is not infos or was != desk.was:
            cards = picking.by_key(desk, infos)
            self._known = infos, desk.was, cards
        return cards

    def deal(self, card: str, *, item: str | None = None, practice: bool = False) -> Next:
        """A deal of a card that the caller chose: the open one, else a fresh one.

        :param item: one of the card's items; None: the one seen longest ago.
        :param practice: never scheduling, such as a warm-up.
        """
        self._prepare()
        with self.store.read() as tx:
            desk = self._desk(tx)
            info = self._cards(desk).get(desk.key(card))
            if info is None:
                raise BadValue("card", "be a card of the bank, such as kl-divergence#recall", card)
            if item is not None and item not in (info.items or ("recall",)):
                raise BadValue("item", "be one of " + ", ".join(info.items or ("recall",)), item)
            if not practice:
                for stored in deals.open_ones(tx, desk.person.uuids, [info.card]):
                    if picking.fits(stored, info) and item in (None, stored.deal.dealt.item):
                        return self._handed(desk, stored, info, repeated=True)
            deal_id = self._new_id()
            chosen = item or picking.pick_item(desk, info, deal_id)
        return self._put(info, chosen, deal_id, practice=practice)

    def retry(self, event: str) -> Next:
        """Once more what an answer was about, unscored and with new numbers. The same answer's retry is dealt once."""
        self._prepare()
        with self.store.read() as tx:
            desk = self._desk(tx)
            stored = self._answered_deal(desk, self._own_event(desk, event))
            info = self._cards(desk).get(desk.key(stored.deal.card))
            if info is None:
                raise BadValue("event", "be an answer to a card of the bank", event)
            before = deals.retry_of(tx, stored.deal.id)
            if before is not None:
                return self._handed(desk, before, info, repeated=True)
            item = stored.deal.dealt.item
            if item != "recall" and item not in info.items:
                item = picking.pick_item(desk, info, event)
        return self._put(info, item, self._new_id(), practice=True, retry_of=stored.deal.id)

    def mixed(self, questions: Collection[str] | None = None) -> list[str]:
        """Cards of these questions (None: all) in a mixed order: siblings far apart, suspended ones left out."""
        self._prepare()
        with self.store.read() as tx:
            desk = self._desk(tx)
            asleep = {key for key, state in states.every(tx, desk.person.root).items() if state.suspended}
            keys = {info: desk.key(info.card) for info in self.shelf.cards()}
        rng = random.Random(self._new_id())
        chosen = [i for i, key in keys.items() if key not in asleep and (questions is None or i.question in questions)]
        rng.shuffle(chosen)
        turn: dict[str, int] = {}
        order: list[tuple[int, int, str]] = []
        for info in chosen:
            turn[info.question] = turn.get(info.question, 0) + 1
            order.append((turn[info.question], len(order), info.card))
        return [card for _, _, card in sorted(order)]

    # ------------------------------------------------------------ answering

    def answer(
        self,
        deal: str,
        answer: str | None = None,
        points: Collection[str] | None = None,
        rating: str | None = None,
        hinted: bool = False,
        ms: int | None = None,
        practice: bool = False,
    ) -> Answered:
        """Grade and store an answer. A deal that was answered gives its event again, whatever is passed.

        :param points: ids of the points a recall touched.
        :param rating: overrides the one that grading gives.
        :param ms: how long it took; None: the time since the deal, at most five minutes.
        :raises BadValue: nothing readable; nothing is stored and the deal stays open.
        """
        if ms is not None and (isinstance(ms, bool) or not isinstance(ms, int) or not 0 <= ms <= 86_400_000):
            raise BadValue("ms", "be milliseconds from 0 to 86400000", ms)
        self._prepare()
        stored, held, seen = self._shown.pop(deal, None) or (self._stored(deal), None, None)
        if stored.closed_by is not None:
            return self._told(stored)
        try:
            judged = answering.judge(stored.deal.dealt, answer, points, rating, hinted)
        except BadValue:  # answered elsewhere meanwhile: its event counts, whatever is passed
            stored = self._stored(deal)
            if stored.closed_by is None:
                raise
            return self._told(stored)
        with self.store.write() as tx:
            desk = self._desk(tx)
            if seen != tx.mark():  # somebody wrote since it was shown
                stored, held = self._own_deal(desk, deal, stored.deal.dealt), None
            if stored.closed_by is None:
                return answering.write(desk, stored, judged, ms, practice, held)
        return self._told(stored)

    def overrule(self, event: str, rating: str) -> Answered:
        """Overrule the rating of a standing review: it is undone and its answer stored anew, in one step."""
        self._prepare()
        with self.store.read() as tx:
            old, stored = self._counting(self._desk(tx), event)
        judged = answering.judge_again(stored.deal.dealt, old, rating)  # may take seconds: nobody waits for it
        with self.store.write() as tx:
            desk = self._desk(tx)
            old, stored = self._counting(desk, event)
            self._take_back(desk, old)
            return answering.write(desk, self._own_deal(desk, stored.deal.id), judged, old.data.get("ms"))

    def _counting(self, desk: Desk, event: str) -> tuple[Event, StoredDeal]:
        """A review that stands, and its deal. BadValue for any other event."""
        found = self._own_event(desk, event)
        stored = self._answered_deal(desk, found)
        if found.kind != "review" or stored.closed_by != found.uuid:
            raise BadValue("event", "be a review that counts", event)
        return found, stored

    def undo(self) -> Undone | None:
        """Take back what this database wrote last for the learner; an answer's deal opens again. None: nothing left."""
        self._prepare()
        with self.store.write() as tx:
            desk = self._desk(tx)
            last = events.last_own(tx, desk.person.uuids, NEVER_UNDONE)
            return None if last is None else self._take_back(desk, marks.cause(desk, last))

    # ------------------------------------------------------------ marks

    def mark(self, kind: str, card: str, *, due_ms: int | None = None, due_on: date | None = None) -> str:
        """Suspend, resume, bury (today), reset, reschedule, leech or unleech a card; the event's UUID.

        :param due_ms: when a rescheduled card is due; or ``due_on``, the study day on which it is.
        """
        self._prepare()
        with self.store.write() as tx:
            desk = self._desk(tx)
            return marks.mark(desk, self._cards(desk), kind, card, due_ms, due_on)

    def state(self, card: str) -> CardState:
        """Where a card stands; ``buried_day`` is None unless it is buried today."""
        self._prepare()
        with self.store.read() as tx:
            desk = self._desk(tx)
            state = states.get(tx, desk.person.root, desk.key(card))
            if state.last_event is None and state.card not in self._cards(desk):
                raise BadValue("card", "be a card of the bank, such as kl-divergence#recall", card)
            return state if state.buried_day == desk.today else replace(state, buried_day=None)

    def challenge(self, event: str, note: str | None = None) -> str:
        """Doubt a verdict: the log keeps deal, answer and verdict; the event's UUID, under which the case is saved."""
        self._prepare()
        with self.store.write() as tx:
            desk = self._desk(tx)
            old = self._own_event(desk, event)
            stored = self._answered_deal(desk, old)
            written = marks.challenge(desk, stored, old, note)
        answer = answering.typed(old)
        if self.cases is not None and answer is not None:
            with self.store.read() as tx:
                told = answering.told(self._desk(tx), stored, old)
            cases.save(self.cases, written, told.dealt, answer, told.verdict, note)
        return written

    def doubt(self, deal: str, answer: str) -> Path | None:
        """Save the case of an answer that could not be read: nothing of it is in the log. None without a folder."""
        self._prepare()
        with self.store.read() as tx:
            dealt = self._own_deal(self._desk(tx), deal).deal.dealt
        return cases.save(self.cases, self._new_id(), dealt, answer, grade(dealt, answer)) if self.cases else None

    def case_file(self, challenge: str) -> Path | None:
        """Where a challenge was saved; None where there is nothing to replay (a recall rated by the reader)."""
        path = None if self.cases is None else self.cases / f"{challenge}.json"
        return path if path is not None and path.is_file() else None

    def adopt(self, weights: Collection[float]) -> str:
        """Use other weights from now on and for all history; the event's UUID."""
        self._prepare()
        with self.store.write() as tx:
            return marks.adopt(self._desk(tx), weights)

    # ------------------------------------------------------------ inside

    def _prepare(self) -> None:
        """Once: make the learner, take in the bank's renames."""
        if self._uuid is not None:
            return
        was = self.shelf.was()
        live = {info.question for info in self.shelf.cards()} if was else set()
        with self.store.read() as tx:
            person, fresh = people.find(tx, self._name), unknown_names(aliases.every(tx), was, live)
            self._latest = 0 if person is None else events.last_written(tx, person.uuids) or 0
        if person is None or fresh:
            with self.store.write() as tx:
                person = self._make(tx)
                learn_names(tx, was, live)
        self._uuid = person.uuid

    def _make(self, tx: Tx) -> Person:
        return people.find_or_make(tx, self._name)

    def _desk(self, tx: Tx) -> Desk:
        assert self._uuid is not None, "every use prepares first"
        uuid = self._uuid
        desk = sit(tx, tx.once(("person", uuid), lambda: learners.person(tx, uuid)))
        if desk.now < self._latest - CLOCK_SLACK_MS:
            self.clock_behind_ms = self._latest - desk.now
        self._latest = desk.now
        return desk

    def _dealt(self, info: CardInfo, item_id: str, deal_id: str) -> Dealt:
        """Fresh numbers; where they need what is not installed or come out unsound, one of the item's listed seeds."""
        number = int.from_bytes(sha256(deal_id.encode()).digest()[:4], "big") >> 1
        item = None if item_id == "recall" else self.shelf.item(info.question, item_id)
        if item is not None and item.keys:
            listed = sorted(int(seed) for seed in item.keys)
            return self.shelf.deal(info.question, item_id, listed[number % len(listed)])
        try:
            return self.shelf.deal(info.question, item_id, number)
        except QbankError:
            if item is None or not item.seeds:
                raise
            return self.shelf.deal(info.question, item_id, item.seeds[number % len(item.seeds)])

    def _put(
        self, info: CardInfo, item: str, deal_id: str, *, practice: bool = False, retry_of: str | None = None
    ) -> Next:
        dealt = self._dealt(info, item, deal_id)
        with self.store.write() as tx:
            desk = self._desk(tx)
            deal = Deal(deal_id, desk.person.uuid, info.card, desk.now, dealt)
            return self._handed(desk, deals.put(tx, deal, practice=practice, retry_of=retry_of), info)

    def _handed(self, desk: Desk, stored: StoredDeal, info: CardInfo, *, repeated: bool = False) -> Next:
        key = desk.key(stored.deal.card)
        state = states.get(desk.tx, desk.person.root, key)
        if stored.retry_of is not None:
            reason = "retry"
        elif not picking.schedules(desk, state, stored):
            reason = "practice"
        else:
            reason = "new" if state.due_ms is None else "due"
        changed = state.reps > 0 and picking.changed(desk, info)
        if stored.closed_by is None:  # its answer needs no second look at them
            self._shown = {stored.deal.id: (stored, state, desk.tx.mark())}
        return Next(stored.deal.id, key, stored.deal.dealt, state.due_ms, reason, repeated, changed)

    def _own_deal(self, desk: Desk, deal: str, dealt: Dealt | None = None) -> StoredDeal:
        stored = deals.get(desk.tx, deal) if dealt is None else deals.standing(desk.tx, deal, dealt)
        if stored is None or stored.deal.learner not in desk.person.uuids:
            raise BadValue("DEAL", "be a deal that 'qbank next' gave this learner", deal)
        return stored

    def _own_event(self, desk: Desk, uuid: str) -> Event:
        found = events.get(desk.tx, uuid)
        if found is None or found.learner not in desk.person.uuids:
            raise BadValue("event", "be an event of this learner", uuid)
        return found

    def _answered_deal(self, desk: Desk, event: Event) -> StoredDeal:
        deal = event.data.get("deal")
        if event.kind not in ("review", "practice") or not isinstance(deal, str):
            raise BadValue("event", "be an answer", event.uuid)
        return self._own_deal(desk, deal)

    def _stored(self, deal: str) -> StoredDeal:
        with self.store.read() as tx:
            return self._own_deal(self._desk(tx), deal)

    def _told(self, stored: StoredDeal) -> Answered:
        """What the answer to a closed deal says. Grades it again, hence never while the write lock is held."""
        with self.store.read() as tx:
            event = events.get(tx, stored.closed_by or "")
            if event is None:
                raise QbankError(f"the log does not hold the answer to deal {stored.deal.id}")
            return answering.told(self._desk(tx), stored, event)

    def _take_back(self, desk: Desk, event: Event) -> Undone:
        for leech in marks.leeches_of(desk, event) if event.kind == "review" else ():
            record(desk.tx, desk.person, desk.event("undo", {"event": leech.uuid}), desk.was)
        record(desk.tx, desk.person, desk.event("undo", {"event": event.uuid}), desk.was)
        card, deal = card_of(event), event.data.get("deal")
        if card is not None:
            refresh(desk.tx, desk.person, desk.key(card), desk.was)
        answered = deal if event.kind in ("review", "practice") and isinstance(deal, str) else None
        if answered is not None:
            settle_deal(desk.tx, desk.person, answered)
        return Undone(event.uuid, None if card is None else desk.key(card), event.kind, answered)
