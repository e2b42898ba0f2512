"""Study settings: they belong to the learner, travel with the log, and the latest event of a name wins."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from qbank.domain import BadValue, Event
from qbank.scheduling import Days, steps, zone_offset
from qbank.services.shelf import NEW_ORDERS
from qbank.storage import Store, Tx, events
from qbank.storage.learners import Person
from qbank.storage.states import BACKLOG_ORDERS

UNSET = ("", "none", "unset")
"""What a person types to take a setting back."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its default, its rule in words, and the check that reads a value (ValueError: broken rule)."""

    default: Any
    rule: str
    read: Callable[[Any], Any]


def _number(low: float, high: float) -> Callable[[Any], float]:
    def read(raw: Any) -> float:
        if isinstance(raw, bool):
            raise ValueError
        value = float(raw)
        if not math.isfinite(value) or not low <= value <= high:
            raise ValueError
        return value

    return read


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(raw: Any) -> int:
        if isinstance(raw, bool) or (isinstance(raw, float) and not raw.is_integer()):
            raise ValueError
        value = int(raw)
        if not low <= value <= high:
            raise ValueError
        return value

    return read


def _zone(raw: Any) -> str:
    if not isinstance(raw, str) or not raw or not raw.isprintable() or len(raw) > 64:
        raise ValueError
    try:
        ZoneInfo(raw)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError from error
    return raw


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(raw: Any) -> str:
        if raw not in words:
            raise ValueError
        return str(raw)

    return read


def _steps(raw: Any) -> str:
    if not isinstance(raw, str) or len(raw) > 200:
        raise ValueError
    return steps.told(steps.read(raw))


def _date(raw: Any) -> str:
    if not isinstance(raw, str):
        raise ValueError
    return date.fromisoformat(raw).isoformat()


_STEPS = "be off, or 1 to 10 waits such as 1m 10m, from 1s to 23h, none shorter than the one before"

SETTINGS: Mapping[str, Setting] = {
    "desired_retention": Setting(0.9, "be a number from 0.7 to 0.97", _number(0.7, 0.97)),
    "learning_steps": Setting("1m 10m", _STEPS, _steps),
    "relearning_steps": Setting("10m", _STEPS, _steps),
    "rollover_hour": Setting(4, "be a whole number from 0 to 23", _whole(0, 23)),
    "zone": Setting(None, "be an IANA time zone such as Asia/Shanghai, or unset (the machine's)", _zone),
    "daily_minutes": Setting(None, "be a whole number from 1 to 1440, or unset", _whole(1, 1440)),
    "interview_date": Setting(None, "be a date such as 2027-03-15, or unset", _date),
    "new_per_day": Setting(None, "be a whole number from 0 to 9999, or unset", _whole(0, 9999)),
    "reviews_per_day": Setting(None, "be a whole number from 0 to 9999, or unset", _whole(0, 9999)),
    "new_order": Setting("stars", "be one of " + ", ".join(NEW_ORDERS), _one_of(*NEW_ORDERS)),
    "backlog_order": Setting("overdue", "be one of " + ", ".join(BACKLOG_ORDERS), _one_of(*BACKLOG_ORDERS)),
    "leech_lapses": Setting(8, "be a whole number from 0 (never) to 99", _whole(0, 99)),
}


def checked(name: str, raw: Any) -> Any:
    """A setting's value as it is stored; None: its default again. BadValue names the rule."""
    if name not in SETTINGS:
        raise BadValue("setting", "be one of " + ", ".join(SETTINGS), name)
    if raw is None or (isinstance(raw, str) and raw.strip().lower() in UNSET):
        return None
    try:
        return SETTINGS[name].read(raw.strip() if isinstance(raw, str) else raw)
    except (ValueError, TypeError, OverflowError):
        raise BadValue(name, SETTINGS[name].rule, raw) from None


def values(told: Iterable[Event]) -> dict[str, Any]:
    """Every setting after setting events in replay order; events that break a rule are passed over."""
    found = {name: setting.default for name, setting in SETTINGS.items()}
    for event in told:
        name = event.data.get("key")
        if not isinstance(name, str) or name not in SETTINGS or "value" not in event.data:
            continue
        try:
            value = checked(name, event.data["value"])
        except BadValue:
            continue
        found[name] = SETTINGS[name].default if value is None else value
    return found


def of(tx: Tx, person: Person) -> dict[str, Any]:
    """A person's settings."""
    return values(events.of_kind(tx, "setting", person.uuids))


def days_of(settings: Mapping[str, Any]) -> Days:
    """The day arithmetic that settings ask for."""
    return Days(zone_offset(settings["zone"]), settings["rollover_hour"])


def steps_of(settings: Mapping[str, Any]) -> steps.Steps:
    """The learning and relearning steps that settings ask for."""
    return steps.Steps(steps.read(settings["learning_steps"]), steps.read(settings["relearning_steps"]))


class Settings:
    """One learner's settings to read and change."""

    def __init__(self, store: Store, person: Callable[[Tx], Person | None], make: Callable[[Tx], Person]) -> None:
        self._store, self._person, self._make = store, person, make

    def names(self) -> tuple[str, ...]:
        """Every setting there is."""
        return tuple(SETTINGS)

    def all(self) -> dict[str, Any]:
        """Every setting's value; None: unset."""
        with self._store.read() as tx:
            person = self._person(tx)
            return values([]) if person is None else of(tx, person)

    def get(self, name: str) -> Any:
        """One setting's value. BadValue for an unknown name."""
        checked(name, None)
        return self.all()[name]

    def check(self, name: str, value: Any) -> None:
        """BadValue where a value breaks its rule; nothing is changed."""
        checked(name, value)

    def set(self, name: str, value: Any) -> Any:
        """Change a setting and return what it is now. BadValue where the value breaks its rule."""
        stored = checked(name, value)
        with self._store.write() as tx:
            person = self._make(tx)
            at = tx.now_ms()
            before = of(tx, person)
            after = SETTINGS[name].default if stored is None else stored
            if before[name] != after:
                data = {"key": name, "value": stored}
                offset = days_of(before).offset_min(at)
                events.append(tx, Event(tx.new_id(), at, offset, person.uuid, "setting", data))
            return of(tx, person)[name]
