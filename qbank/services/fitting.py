"""Fitting the scheduler to one learner's own log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qbank.scheduling import fitting
from qbank.scheduling.replay import undone
from qbank.scheduling.state import Weights
from qbank.services import people
from qbank.services.cards import weights_of
from qbank.services.study import Study
from qbank.storage import aliases, events


@dataclass(frozen=True, slots=True)
class Fitted:
    """What came of a fit. ``fit`` None: too few reviews, nothing was fitted."""

    reviews: int
    """Standing reviews in the log."""
    scored: int
    """Those of them at least a day after the card's last one."""
    fit: fitting.Fit | None = None
    event: str | None = None
    """The event that adopted the weights; None: they were not accepted."""

    def json(self) -> dict[str, Any]:
        """The document of ``fit``."""
        made = self.fit
        return {
            "accepted": self.event is not None,
            "weights": None if made is None else list(made.weights),
            "losses": None if made is None else {"fitted": made.fitted, "present": made.present},
            "margin": None if made is None else made.margin,
            "reviews": self.reviews,
            "scored": self.scored,
            "held_out": 0 if made is None else made.held_out,
            "needed": fitting.ENOUGH,
            "event": self.event,
        }


class Fitting:
    """One learner's weights."""

    def __init__(self, study: Study, learner: str = "me") -> None:
        self.study = study
        self._name = people.checked_name(learner)

    def fit(self) -> Fitted:
        """Fit on the earlier reviews; adopt the weights if they win on the later ones.

        :raises QbankError: enough reviews, but ``fsrs-rs-python`` is not installed.
        """
        cards, present = self._read()
        reviews, scored = sum(map(len, cards)), len(fitting.scored_days(cards))
        if scored < fitting.ENOUGH:
            return Fitted(reviews, scored)
        made = fitting.fit(cards, present)
        return Fitted(reviews, scored, made, self.study.adopt(made.weights) if made.wins else None)

    def _read(self) -> tuple[list[fitting.History], Weights | None]:
        with self.study.store.read() as tx:
            person = people.find(tx, self._name)
            if person is None:
                return [], None
            log = [event for kind in ("review", "reset", "undo") for event in events.of_kind(tx, kind, person.uuids)]
            gone = undone(log)
            standing = (e for e in log if e.uuid not in gone)
            return fitting.histories(standing, aliases.every(tx)), weights_of(tx, person)[0]
