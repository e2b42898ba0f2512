"""Weights of FSRS-6 fitted to a log, and whether they predict later reviews better than those in force.

The last fifth of what can be scored is held out: the fit never sees it, and new weights must win there. What can be
scored is a review at least one study day after the card's last one; reviews on the same day only move the state.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from qbank.domain import RATINGS, CardState, Event, QbankError
from qbank.scheduling.fsrs6 import LOWER, UPPER
from qbank.scheduling.names import present_card
from qbank.scheduling.replay import card_of, readable
from qbank.scheduling.state import Weights, checked_weights, retrievability, reviewed

ENOUGH = 400
"""Reviews that can be scored, at least."""
HELD_OUT = 0.2
"""The share of them that the fit does not see: the latest."""
_LEAST = 1e-4

History = tuple[tuple[int, int], ...]
"""One card's reviews: study day and rating (1 again to 4 easy), in order; days never go back."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Fitted weights beside those in force. Losses are mean log losses (nats a review) on the held-out reviews."""

    weights: Weights
    fitted: float
    present: float
    margin: float
    """One standard error of the difference: a smaller gain may be chance."""
    held_out: int

    @property
    def wins(self) -> bool:
        """Whether the fitted weights predict the held-out reviews better by more than the margin."""
        return self.present - self.fitted > self.margin


def histories(standing: Iterable[Event], was: Mapping[str, str] | None = None) -> list[History]:
    """What a log says about memory, by card; a reset begins a card anew. Events as :func:`replay` takes them."""
    found: dict[tuple[str, int], list[tuple[int, int]]] = {}
    resets: dict[str, int] = {}
    deals: set[str] = set()
    for event in sorted(standing, key=lambda e: e.order):
        key = card_of(event)
        if key is None or event.kind not in ("review", "reset") or not readable(event):
            continue
        card = present_card(key, was or {})
        if event.kind == "reset":
            resets[card] = resets.get(card, 0) + 1
            continue
        deal = event.data.get("deal")
        if isinstance(deal, str):
            if deal in deals:
                continue
            deals.add(deal)
        steps = found.setdefault((card, resets.get(card, 0)), [])
        day = max(event.data["day"], steps[-1][0] if steps else event.data["day"])
        steps.append((day, RATINGS.index(event.data["rating"]) + 1))
    return [tuple(steps) for steps in found.values()]


def scored_days(cards: Iterable[History]) -> list[int]:
    """The study day of every review that can be scored, in order."""
    return sorted(after[0] for steps in cards for before, after in pairwise(steps) if after[0] > before[0])


def fit(cards: Sequence[History], present: Weights | None) -> Fit:
    """Fit on what came first, judge by what came later.

    :param present: the weights in force; None: the defaults.
    :raises QbankError: ``fsrs-rs-python`` is not installed.
    """
    days = scored_days(cards)
    cut = days[math.ceil(len(days) * (1 - HELD_OUT))]
    fitted = _train([early for steps in cards if (early := tuple(s for s in steps if s[0] < cut))])
    new, old = (losses(cards, weights, cut) for weights in (fitted, present))
    gains = [b - a for a, b in zip(new, old, strict=True)]
    mean = sum(gains) / len(gains)
    spread = math.sqrt(sum((g - mean) ** 2 for g in gains) / max(1, len(gains) - 1))
    return Fit(fitted, sum(new) / len(new), sum(old) / len(old), spread / math.sqrt(len(gains)), len(gains))


def losses(cards: Iterable[History], weights: Weights | None, start: int) -> list[float]:
    """The log loss of every review from study day ``start`` on that can be scored, as these weights predict it."""
    found = []
    for steps in cards:
        state = CardState("?")
        for day, rating in steps:
            if day >= start and state.last_day is not None and day > state.last_day:
                told = retrievability(state, day, weights)
                assert told is not None
                hit = min(max(told, _LEAST), 1 - _LEAST)
                found.append(-math.log(hit if rating > 1 else 1 - hit))
            state = reviewed(state, RATINGS[rating - 1], at_ms=0, day=day, interval_ms=0, weights=weights)
    return found


def _train(cards: Iterable[History]) -> Weights:
    try:
        from fsrs_rs_python import FSRS, FSRSItem, FSRSReview
    except ImportError:
        raise QbankError(
            "fit needs the extra 'fit' (fsrs-rs-python), which is not installed: pip install 'qbank[fit]'"
        ) from None
    items = []
    for steps in cards:
        told = [FSRSReview(steps[0][1], 0)]
        for before, after in pairwise(steps):
            told.append(FSRSReview(after[1], after[0] - before[0]))
            if after[0] > before[0]:
                items.append(FSRSItem(list(told)))
    if not items:
        raise QbankError("fit must have reviews from several days before the latest ones; got none")
    found = FSRS([]).compute_parameters(items, enable_short_term=True, num_relearning_steps=1)
    weights = checked_weights(_within_bounds(found))
    if weights is None:
        raise QbankError("the fit did not arrive at weights that FSRS-6 accepts; the present ones stay")
    return weights


def _within_bounds(found: Sequence[float]) -> list[float]:
    """The optimizer works in float32: its bounds, read back, may lie just outside."""
    bounds = zip(found, LOWER, UPPER, strict=True)
    return [round(min(max(value, low), high), 6) for value, low, high in bounds]
