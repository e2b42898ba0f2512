"""Cards and the events that move them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Rating = Literal["again", "hard", "good", "easy"]
RATINGS: tuple[Rating, ...] = ("again", "hard", "good", "easy")

EVENT_KINDS = (
    "review", "practice", "undo", "suspend", "resume", "bury", "reset", "reschedule", "leech", "unleech",
    "setting", "weights", "challenge", "learner",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the append-only log, the truth about a learner. Unknown kinds are kept and ignored."""

    uuid: str
    at_ms: int
    """UTC milliseconds since 1970."""
    zone_min: int
    """The learner's offset from UTC at that moment, in minutes."""
    learner: str
    kind: str
    data: Mapping[str, Any]

    @property
    def order(self) -> tuple[int, str]:
        """Replay order."""
        return (self.at_ms, self.uuid)


@dataclass(frozen=True, slots=True)
class CardState:
    """What replaying a card's events gives. ``due_ms`` None: new."""

    card: str
    state: Literal["new", "learning", "review", "relearning"] = "new"
    step: int | None = None
    stability: float | None = None
    difficulty: float | None = None
    due_ms: int | None = None
    last_ms: int | None = None
    """Time of the last standing review."""
    last_day: int | None = None
    """Its study day (days since 1970-01-01 in the learner's zone, turning at the rollover hour)."""
    last_event: tuple[int, str] | None = None
    """Order of the last event taken in: an event not later replays the card."""
    reps: int = 0
    lapses: int = 0
    suspended: bool = False
    buried_day: int | None = None
    leech: bool = False


def card_key(question: str, facet: str) -> str:
    return f"{question}#{facet}"
