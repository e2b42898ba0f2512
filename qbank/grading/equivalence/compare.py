"""Two formulas at seeded points, each to 60 and 120 digits, and to 700 where these two leave a doubt.

A difference counts as real where more digits leave it as it is, as nothing where more digits make it vanish: so
cancellation neither hides a difference nor makes one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from qbank.grading.equivalence.points import Domain, Point, points
from qbank.grading.equivalence.precise import Calculator, Extreme, Undefined
from qbank.grading.expression import Node

DIGITS = (60, 120)
DEEP = 700
STABLE = 0.01
"""A difference that more digits change by no more than this share is real."""
VANISHING = 1e-20
CLEAR = 0.02
"""Relative differences from here on show in four digits."""
FEWEST = 6
"""Points that must agree, where there are symbols."""


@dataclass(frozen=True, slots=True)
class Agrees:
    """Equal at ``count`` points: evidence, no proof."""

    count: int


@dataclass(frozen=True, slots=True)
class Refuted:
    """Different at ``point``. A side is None where it has no real value there."""

    point: Point
    left: float | None
    right: float | None


@dataclass(frozen=True, slots=True)
class Unclear:
    """Too few points where both could be followed."""


class _Found(NamedTuple):
    short: bool
    share: float
    """The difference, relative to the larger side."""
    outcome: Refuted

    def rank(self, domain: Domain) -> tuple[bool, bool, float]:
        """The larger, the better it shows a reader that the two differ."""
        if self.share < CLEAR:
            return self.short, False, self.share
        point = self.outcome.point
        off = [abs(float(point[name]) - (low + high) / 2) / (high - low) for name, (low, high) in domain.items()]
        return self.short, True, -max(off, default=0.0)


def compare(left: Node, right: Node, domain: Domain, seed: str) -> Agrees | Refuted | Unclear:
    """Compare on the domain. Where ``right`` has no value nothing is held against ``left``.

    Refuted at a short point if one refutes: that nearest to the middle of the domain where the difference shows.
    """
    calculators = [Calculator(digits) for digits in DIGITS]
    deep = Calculator(DEEP)
    agreed = 0
    extreme: Refuted | None = None
    refuted: list[_Found] = []
    undefined: list[_Found] = []
    drawn = points(domain, seed)
    for place, point in enumerate(drawn):
        try:
            wanted = [calculator.value(right, point) for calculator in calculators]
        except (Undefined, Extreme):
            continue
        short = place < len(drawn) // 2
        try:
            given = [calculator.value(left, point) for calculator in calculators]
        except Undefined:
            undefined.append(_Found(short, 1.0, Refuted(point, None, float(wanted[-1]))))
            continue
        except Extreme:
            extreme = extreme or Refuted(point, None, float(wanted[-1]))
            continue
        gaps = [a - b for a, b in zip(given, wanted, strict=True)]
        if not (_real(gaps) or _nothing(gaps)):
            gaps = [gaps[-1], deep.value(left, point) - deep.value(right, point)]
        if _real(gaps):
            share = float(abs(gaps[-1]) / max(abs(given[-1]), abs(wanted[-1])))
            refuted.append(_Found(short, share, Refuted(point, float(given[-1]), float(wanted[-1]))))
        elif _nothing(gaps):
            agreed += 1
    if any(not found.short for found in undefined):  # a short point may be a lone gap, as that of x/x at 0
        refuted = refuted or undefined
    if refuted:
        return max(refuted, key=lambda found: found.rank(domain)).outcome
    if agreed >= min(FEWEST, len(drawn)):
        return Agrees(agreed)
    return extreme if extreme is not None and not agreed else Unclear()


def _real(gaps: list[Any]) -> bool:
    return bool(gaps[1]) and abs(gaps[0] - gaps[1]) <= STABLE * abs(gaps[1])


def _nothing(gaps: list[Any]) -> bool:
    return not gaps[1] or abs(gaps[1]) <= VANISHING * abs(gaps[0])


def values(domain: Domain, seed: str) -> tuple[Callable[[Node], list[Any] | None], Callable[[Any, Any], bool]]:
    """For hints: a function that gives a tree's values at all points (None if it lacks one), and one that tells
    whether two values agree."""
    calculator = Calculator(DIGITS[0])
    drawn = points(domain, seed)

    def at_all(node: Node) -> list[Any] | None:
        try:
            return [calculator.value(node, point) for point in drawn]
        except (Undefined, Extreme):
            return None

    def same(a: Any, b: Any) -> bool:
        return bool(abs(a - b) <= calculator.ctx.mpf(10) ** -40 * max(abs(a), abs(b)))

    return at_all, same
