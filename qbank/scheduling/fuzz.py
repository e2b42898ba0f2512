"""Spreading cards that were learned together over neighboring days.

Our own: ``fsrs`` rounds after it has clamped and can leave its own bounds. One number drawn from the deal moves all
four intervals alike, so a rating never overtakes a better one, and the same deal always gives the same intervals.
"""

from __future__ import annotations

from hashlib import sha256

LEAST = 3
"""Shorter intervals (days) stay as they are."""
MOST = 36_500
_SPREAD = ((2.5, 7.0, 0.15), (7.0, 20.0, 0.1), (20.0, float("inf"), 0.05))
"""From, to, and the share of that stretch by which an interval may move, as Anki's users know it."""


def bounds(days: int) -> tuple[int, int]:
    """The shortest and the longest that an interval of so many days may become."""
    if days < LEAST:
        return days, days
    delta = 1 + sum(share * max(0.0, min(days, to) - start) for start, to, share in _SPREAD)
    return max(2, round(days - delta)), min(MOST, round(days + delta))


def drawn(seed: str) -> float:
    """A number from 0 up to 1 that follows from ``seed`` alone."""
    return int.from_bytes(sha256(f"fuzz {seed}".encode()).digest()[:6], "big") / (1 << 48)


def fuzzed(days: int, at: float) -> int:
    """The interval at a point from 0 to 1 between its bounds; grows with ``days`` and with ``at``."""
    low, high = bounds(days)
    return min(high, low + int(at * (high - low + 1)))
