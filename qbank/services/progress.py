"""Where a learner stands: what is due and how long it takes, what was done today, the streak, tomorrow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from qbank.domain import CardState
from qbank.services import people
from qbank.services.desk import Desk, sit
from qbank.services.picking import spent_minutes
from qbank.services.shelf import Shelf
from qbank.storage import Store, activity, states

SECONDS: Mapping[str, float] = {"recall": 90, "know": 25, "compute": 75, "derive": 120, "code": 240}
"""What an answer is taken to last by facet, until enough answers tell."""
ENOUGH = 5
LATEST = 300


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts of cards and answers; minutes are estimates from the learner's own pace."""

    started: bool = False
    """Whether the learner ever answered anything."""
    due: int = 0
    """Cards that can be reviewed now: siblings rest, so one a question unless reviewed today already."""
    due_minutes: float = 0.0
    new: int = 0
    """Cards never reviewed."""
    answered_today: int = 0
    minutes_today: float = 0.0
    streak: int = 0
    """Study days in a row with an answer, up to today, or to yesterday if nothing was answered today."""
    tomorrow: int = 0
    """Cards that will be due by the end of tomorrow."""
    tomorrow_minutes: float = 0.0
    daily_minutes: int | None = None
    days_left: int | None = None
    """Days to the interview; None where no date is set or it has passed."""

    @property
    def spent(self) -> bool:
        """Whether today's minutes are used up."""
        return self.daily_minutes is not None and self.minutes_today >= self.daily_minutes


class Progress:
    """Reads only: asking leaves no trace in the database."""

    def __init__(self, store: Store, shelf: Shelf, learner: str = "me") -> None:
        self.store, self.shelf = store, shelf
        self._name = people.checked_name(learner)

    def overview(self) -> Overview:
        """Where the learner stands now."""
        infos = self.shelf.cards()
        with self.store.read() as tx:
            person = people.find(tx, self._name)
            if person is None:
                return Overview(new=len(infos))
            desk = sit(tx, person)
            known = states.every(tx, person.root)
            days = activity.days(tx, person.uuids)
            seconds = _pace(activity.pace(tx, person.uuids, LATEST))
            spent = spent_minutes(desk)
        keys = [desk.key(info.card) for info in infos]
        held = [known.get(key, CardState(key)) for key in keys]
        now = _due(held, desk.now, desk.today)
        tomorrow = _due(held, desk.days.start(desk.today + 2) - 1, desk.today + 1)
        return Overview(
            started=bool(days),
            due=len(now),
            due_minutes=_minutes(now, seconds),
            new=sum(state.due_ms is None and not state.suspended for state in held),
            answered_today=days.get(desk.today, 0),
            minutes_today=spent,
            streak=_streak(days, desk.today),
            tomorrow=len(tomorrow),
            tomorrow_minutes=_minutes(tomorrow, seconds),
            daily_minutes=desk.settings.get("daily_minutes"),
            days_left=_days_left(desk.settings.get("interview_date"), desk),
        )


def _due(held: Sequence[CardState], at_ms: int, day: int) -> list[str]:
    """Cards that can be reviewed at a moment of a study day, a single one of those siblings that all wait."""
    reviewed = {state.card.partition("#")[0] for state in held if state.last_day == day}
    waiting: dict[str, CardState] = {}
    found = []
    for state in held:
        if state.due_ms is None or state.due_ms > at_ms or state.suspended or state.buried_day == day:
            continue
        question = state.card.partition("#")[0]
        if state.last_day == day:
            found.append(state.card)
        elif question not in reviewed:
            first = waiting.get(question)
            if first is None or state.due_ms < (first.due_ms or 0):
                waiting[question] = state
    return found + [state.card for state in waiting.values()]


def _pace(latest: Sequence[tuple[str, int]]) -> Callable[[str], float]:
    by_facet: dict[str, list[int]] = {}
    for card, ms in latest:
        by_facet.setdefault(card.partition("#")[2], []).append(ms)
    own = {facet: median(times) / 1000 for facet, times in by_facet.items() if len(times) >= ENOUGH}
    return lambda facet: own.get(facet, SECONDS.get(facet, 60))


def _minutes(cards: Collection[str], seconds: Callable[[str], float]) -> float:
    return sum(seconds(card.partition("#")[2]) for card in cards) / 60


def _streak(days: Collection[int], today: int) -> int:
    last = today if today in days else today - 1
    length = 0
    while last - length in days:
        length += 1
    return length


def _days_left(on: object, desk: Desk) -> int | None:
    if not isinstance(on, str):
        return None
    left = (date.fromisoformat(on) - date(1970, 1, 1)).days - desk.today
    return left if left >= 0 else None
