"""What the log says about a stretch of time, and what the schedule says about the days to come."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from operator import attrgetter
from typing import Any

from qbank.scheduling.state import Weights
from qbank.scheduling.state import mean_retrievability as mean
from qbank.services import people
from qbank.services import settings as study_settings
from qbank.services.cards import weights_of
from qbank.services.desk import Desk, sit
from qbank.services.shelf import Shelf
from qbank.storage import Store, activity, states
from qbank.storage.activity import BINS, Tally

FORECAST_DAYS = 30
MONTH = 30
_MINUTE_MS = 60_000
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Report:
    """The document of ``stats``. Retention and calibration count reviews a study day or more after the last one."""

    due: int
    """Cards of the bank that wait now: of siblings that all wait one."""
    new: int
    reviews: int
    minutes: float
    """Reviews and minutes (of reviews and practice) in the stretch."""
    days: int
    retention: Mapping[str, Any]
    """``desired``; ``measured``, ``predicted`` and ``reviews`` of the stretch; ``month``: those of the last 30 days."""
    forecast: Sequence[Mapping[str, Any]]
    """Cards that come due, by study day; today's are those that are due by its end."""
    heatmap: Sequence[Mapping[str, Any]]
    """Study days with an answer."""
    by_topic: Sequence[Mapping[str, Any]]
    """By a question's first topic; ``expected``: the mean recall now of the cards that were ever reviewed."""
    calibration: Sequence[Mapping[str, Any]]
    """Predicted recall in steps of 5 %, and what was recalled."""

    def json(self) -> dict[str, Any]:
        """As one plain document."""
        return asdict(self)


class Statistics:
    """Reads only: asking leaves no trace in the database."""

    def __init__(self, store: Store, shelf: Shelf, learner: str = "me") -> None:
        self.store, self.shelf = store, shelf
        self._name = people.checked_name(learner)

    def over(self, days: int = 365) -> Report:
        """The last ``days`` study days, today among them."""
        with self.store.read() as tx:
            person = people.find(tx, self._name)
            if person is None:
                return self._nothing(days, study_settings.values([])["desired_retention"], tx.now_ms())
            desk = sit(tx, person)
            told = activity.tallies(tx, person.uuids, desk.today - days + 1)
            held = states.standings(tx, person.root)
            weights = weights_of(tx, person)[0]
        told = {key: tally for key, tally in told.items() if key[0] <= desk.today}
        now = _Standing(desk, self.shelf, held, weights)
        return Report(
            due=now.due,
            new=sum(row["new"] for row in now.topics.values()),
            reviews=sum(tally.answers for (_, kind, _), tally in told.items() if kind == "review"),
            minutes=sum(tally.ms for tally in told.values()) / _MINUTE_MS,
            days=days,
            retention=_retention(told, desk.today, desk.settings["desired_retention"]),
            forecast=now.forecast,
            heatmap=_heatmap(told),
            by_topic=[now.topics[topic] for topic in sorted(now.topics)],
            calibration=_calibration(told),
        )

    def _nothing(self, days: int, desired: float, now_ms: int) -> Report:
        today = study_settings.days_of(study_settings.values([])).day(now_ms)
        topics: dict[str, dict[str, Any]] = {}
        for info in self.shelf.cards():
            row = topics.setdefault(info.topic, _topic(info.topic))
            row["cards"] += 1
            row["new"] += 1
        return Report(
            due=0,
            new=sum(row["new"] for row in topics.values()),
            reviews=0,
            minutes=0.0,
            days=days,
            retention=_retention({}, today, desired),
            forecast=_forecast(Counter(), today),
            heatmap=[],
            by_topic=[topics[topic] for topic in sorted(topics)],
            calibration=[],
        )


class _Standing:
    """One pass over the bank's cards and their states; written for hundreds of thousands."""

    def __init__(self, desk: Desk, shelf: Shelf, held: Sequence[Sequence[Any]], weights: Weights | None) -> None:
        today, now, infos = desk.today, desk.now, shelf.cards()
        cards = {desk.key(info.card) if desk.was else info.card: info for info in infos}
        done = {row[0].partition("#")[0] for row in held if row[2] == today}
        waiting: set[str] = set()
        again = 0
        coming: list[int] = []
        everything = Counter(map(attrgetter("topic"), infos))
        counts = {name: [number, 0, number, 0, 0, 0, 0] for name, number in everything.items()}
        lasting: dict[str, list[tuple[int, float]]] = {name: [] for name in counts}
        for card, due_ms, last_day, stability, reps, lapses, suspended, buried_day, leech in held:
            info = cards.get(card)
            if info is None:
                continue
            count = counts[info.topic]
            if due_ms is not None or suspended:
                count[2] -= 1
            if suspended:
                count[3] += 1
            elif due_ms is not None:
                coming.append(due_ms)
                if due_ms <= now and buried_day != today:
                    count[1] += 1
                    if last_day == today:
                        again += 1
                    elif info.question not in done:
                        waiting.add(info.question)
            count[4] += leech
            count[5] += reps
            count[6] += lapses
            if stability is not None and last_day is not None:
                lasting[info.topic].append((today - last_day, stability))
        self.due = again + len(waiting)
        self.topics: dict[str, dict[str, Any]] = {
            name: {"topic": name, **dict(zip(_COUNTS, count, strict=True)), "expected": mean(lasting[name], weights)}
            for name, count in counts.items()
        }
        self.forecast = _forecast(_by_day(desk, coming), today)


_COUNTS = ("cards", "due", "new", "suspended", "leeches", "reviews", "lapses")


def _topic(name: str) -> dict[str, Any]:
    return {"topic": name, **dict.fromkeys(_COUNTS, 0), "expected": None}


def _by_day(desk: Desk, coming: list[int]) -> Counter[int]:
    """How many of these moments lie in each of the next study days; what is late counts today."""
    ends = [desk.days.start(desk.today + k + 1) for k in range(FORECAST_DAYS)]
    found: Counter[int] = Counter()
    coming.sort()
    before = 0
    for k, end in enumerate(ends):
        here = bisect_left(coming, end)
        found[desk.today + k] = here - before
        before = here
    return found


def _forecast(coming: Counter[int], today: int) -> list[dict[str, Any]]:
    return [{"day": _date(today + k), "due": coming[today + k]} for k in range(FORECAST_DAYS)]


def _retention(told: Mapping[tuple[int, str, int], Tally], today: int, desired: float) -> dict[str, Any]:
    def over(since: int | None) -> dict[str, Any]:
        total = Tally()
        for (day, kind, step), tally in told.items():
            if kind == "review" and step >= 0 and (since is None or day >= since):
                total.add(tally)
        return {
            "reviews": total.answers,
            "measured": total.recalled / total.answers if total.answers else None,
            "predicted": total.predicted / total.answers if total.answers else None,
        }

    return {"desired": desired, **over(None), "month": over(today - MONTH + 1)}


def _heatmap(told: Mapping[tuple[int, str, int], Tally]) -> list[dict[str, Any]]:
    found: dict[int, Tally] = {}
    for (day, _, _), tally in told.items():
        found.setdefault(day, Tally()).add(tally)
    return [
        {"day": _date(day), "answers": tally.answers, "minutes": round(tally.ms / _MINUTE_MS, 2)}
        for day, tally in sorted(found.items())
    ]


def _calibration(told: Mapping[tuple[int, str, int], Tally]) -> list[dict[str, Any]]:
    steps: dict[int, Tally] = {}
    for (_, kind, step), tally in told.items():
        if kind == "review" and step >= 0:
            steps.setdefault(step, Tally()).add(tally)
    return [
        {
            "from": step / BINS,
            "to": (step + 1) / BINS,
            "reviews": tally.answers,
            "predicted": tally.predicted / tally.answers,
            "recalled": tally.recalled / tally.answers,
        }
        for step, tally in sorted(steps.items())
    ]


def _date(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).isoformat()
