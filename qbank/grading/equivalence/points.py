"""Where two formulas are compared: seeded points inside the declared domain, the same on every machine."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from fractions import Fraction
from math import floor, log10
from typing import TypeAlias

Point: TypeAlias = Mapping[str, Fraction]
Domain: TypeAlias = Mapping[str, tuple[float, float]]

SHORT, LONG = 12, 12
"""Points of two or three digits, which can be shown, and points of sixteen."""


def points(domain: Domain, seed: str) -> tuple[Point, ...]:
    """First the short points, then the long ones; one empty point where there are no symbols."""
    if not domain:
        return ({},)
    rng = random.Random(seed)
    short = [{name: _short(rng, low, high) for name, (low, high) in domain.items()} for _ in range(SHORT)]
    long = [{name: _long(rng, low, high) for name, (low, high) in domain.items()} for _ in range(LONG)]
    return (*short, *long)


def _short(rng: random.Random, low: float, high: float) -> Fraction:
    """Inside the domain, with a step of at most a fiftieth of its width."""
    step = Fraction(10) ** floor(log10((high - low) / 50))
    first, last = floor(Fraction(low) / step) + 1, -floor(-Fraction(high) / step) - 1
    return rng.randint(first, last) * step


def _long(rng: random.Random, low: float, high: float) -> Fraction:
    share = Fraction(rng.randint(1, 10**16 - 1), 10**16)
    return Fraction(low) + share * (Fraction(high) - Fraction(low))


def told(point: Point, names: Collection[str]) -> str:
    """``z=0.7, x=-2``: those of the symbols that are named."""
    return ", ".join(f"{name}={float(value):.6g}" for name, value in point.items() if name in names)
