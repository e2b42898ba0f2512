"""What every step of study looks up first: who, when, which study day, which settings and renames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qbank.domain import Event
from qbank.scheduling import Days
from qbank.scheduling.names import present_card
from qbank.services import settings as study_settings
from qbank.storage import Tx, aliases
from qbank.storage.learners import Person


@dataclass(frozen=True, slots=True)
class Desk:
    """One moment of one learner, inside a transaction."""

    tx: Tx
    person: Person
    was: Mapping[str, str]
    settings: Mapping[str, Any]
    days: Days
    now: int
    today: int

    def key(self, card: str) -> str:
        """A card's present key."""
        return present_card(card, self.was)

    def event(self, kind: str, data: Mapping[str, Any]) -> Event:
        """A new event of this moment, not yet written."""
        return Event(self.tx.new_id(), self.now, self.days.offset_min(self.now), self.person.uuid, kind, data)


def sit(tx: Tx, person: Person) -> Desk:
    """The desk of a person now."""

    def ruled() -> tuple[Mapping[str, Any], Days]:
        settings = study_settings.of(tx, person)
        return settings, study_settings.days_of(settings)

    settings, days = tx.once(("settings", person.uuids), ruled)
    now = tx.now_ms()
    return Desk(tx, person, aliases.every(tx), settings, days, now, days.day(now))
