"""Learning and relearning steps: the waits, within a day, before FSRS counts in days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

NONE = "off"
"""How a person writes that there is no step."""

MOST = 10
LONGEST = 23 * 3600
"""Seconds. A day and more is what FSRS itself is for."""

_STEP = re.compile(r"(\d{1,5})\s*([smh])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Steps:
    """The waits in seconds: of a new card, and of one that was forgotten. Empty: straight to days."""

    learning: tuple[int, ...] = (60, 600)
    relearning: tuple[int, ...] = (600,)


DEFAULT = Steps()


@lru_cache(maxsize=64)
def read(typed: str) -> tuple[int, ...]:
    """``1m 10m`` in seconds; ``off`` is none. ValueError for what :func:`sound` refuses, and for no step at all."""
    if typed.strip().lower() == NONE:
        return ()
    words = typed.lower().replace(",", " ").split()
    found = [_STEP.fullmatch(word) for word in words]
    seconds = tuple(int(m[1]) * _SECONDS[m[2]] for m in found if m is not None)
    if len(seconds) != len(words) or not sound(seconds) or not seconds:
        raise ValueError
    return seconds


def sound(seconds: tuple[int, ...]) -> bool:
    """Whether these can be steps: at most ten, each of a second to 23 hours and no shorter than the one before."""
    return (
        len(seconds) <= MOST and all(1 <= s <= LONGEST for s in seconds) and all(a <= b for a, b in pairwise(seconds))
    )


def told(seconds: tuple[int, ...]) -> str:
    """Steps as a person writes them, each in the largest unit that holds it whole."""
    return " ".join(_one(s) for s in seconds) or NONE


def _one(seconds: int) -> str:
    unit = next(u for u in "hms" if seconds % _SECONDS[u] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def logged(raw: Any) -> Steps:
    """The steps that a review holds. The default for what cannot be, and for reviews from before they could be set."""
    if not isinstance(raw, list) or len(raw) != 2 or not all(isinstance(part, list) for part in raw):
        return DEFAULT
    learning, relearning = (tuple(part) for part in raw)
    whole = all(isinstance(s, int) and not isinstance(s, bool) for s in learning + relearning)
    return Steps(learning, relearning) if whole and sound(learning) and sound(relearning) else DEFAULT


def as_data(steps: Steps) -> list[list[int]]:
    """What a review holds of its steps; :func:`logged` reads it."""
    return [list(steps.learning), list(steps.relearning)]
