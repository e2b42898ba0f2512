"""What study hands out: a task, what became of an answer, what an undo took back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from qbank.domain import Dealt, Rating, Verdict


def moment(at_ms: int | None) -> str | None:
    """UTC milliseconds as ISO 8601, to the second."""
    if at_ms is None:
        return None
    try:
        return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Next:
    """A dealt task."""

    deal: str
    card: str
    dealt: Dealt
    due_ms: int | None
    """When the card was due; None for a new one."""
    reason: str
    """``due``, ``new``, ``practice`` or ``retry``."""
    repeated: bool = False
    """The deal was open already."""
    changed: bool = False
    """The question's meaning changed since the learner's last review of the card."""

    @property
    def question(self) -> str:
        return self.dealt.question

    @property
    def facet(self) -> str:
        return self.dealt.facet

    @property
    def item(self) -> str:
        return self.dealt.item

    @property
    def seed(self) -> int:
        return self.dealt.seed

    @property
    def kind(self) -> str:
        return self.dealt.kind

    @property
    def due(self) -> str | None:
        """``due_ms`` as ISO 8601."""
        return moment(self.due_ms)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that is on disk."""

    event: str
    deal: str
    card: str
    kind: str
    """``review`` or ``practice``."""
    dealt: Dealt
    verdict: Verdict
    rating: Rating | None
    """None for practice."""
    due_ms: int | None
    stability: float | None
    """In days."""
    difficulty: float | None
    """From 1 to 10."""
    intervals: Mapping[Rating, int]
    """What each rating would have chosen, in seconds; whole study days count 86400 each. Empty for practice."""
    repeated: bool = False
    """The deal had been answered before: nothing was written."""
    leech: bool = False
    """The answer made the card a leech: it is tagged and suspended until ``unleech``."""

    @property
    def due(self) -> str | None:
        """``due_ms`` as ISO 8601."""
        return moment(self.due_ms)


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo took back."""

    event: str
    card: str | None
    kind: str
    deal: str | None
    """The deal that is open again, if the event answered one."""
