"""Who only remembers earlier deals stays at chance. What chance is stands in docs/decisions.md (2026-11-23)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import pytest

from qbank.domain import Dealt
from qbank.grading import grade, key_text

CHANCE = 0.2
"""What a blind tick earns among five options, the most that an item shows."""

COMMONEST = 0.15
"""Share of new prompts that the commonest key so far may answer."""

NEAREST = 0.5
"""Share of deals that a lookup may get right: the key of this prompt, else that of the most similar one seen."""


class Hits(NamedTuple):
    """How often a robot that remembers was right."""

    repeated: int
    """Prompts that it had seen before."""
    commonest: int
    """New prompts, answered with the commonest key so far."""
    nearest: int
    """New prompts, answered with the key of the seen prompt whose numbers are nearest."""


def remember(deals: Sequence[Dealt]) -> Hits:
    """One robot after another sits the deals in order and is told the key each time."""
    before: dict[str, tuple[str, list[float | str]]] = {}
    keys: Counter[str] = Counter()
    repeated = commonest = nearest = 0
    for dealt in deals:
        prompt, numbers = dealt.stem.en, flat(dealt.inputs)
        if prompt in before:
            repeated += 1
            assert grade(dealt, before[prompt][0]).correct, "the same prompt has the same key"
        elif before:
            commonest += grade(dealt, keys.most_common(1)[0][0]).correct
            near = min(before.values(), key=lambda seen: distance(seen[1], numbers))
            nearest += grade(dealt, near[0]).correct
        before[prompt] = key_text(dealt), numbers
        keys[key_text(dealt)] += 1
    return Hits(repeated, commonest, nearest)


def flat(value: Any) -> list[float | str]:
    """The numbers and words of inputs, in the order of their names."""
    if isinstance(value, dict):
        return [one for name in sorted(value) for one in flat(value[name])]
    if isinstance(value, list | tuple):
        return [one for inner in value for one in flat(inner)]
    try:
        return [float(Fraction(str(value).replace(" ", "")))]
    except (ValueError, ZeroDivisionError):
        return [str(value)]


def distance(seen: list[float | str], numbers: list[float | str]) -> float:
    """Relative differences, added up; other words and other shapes are far."""
    if len(seen) != len(numbers):
        return 1e9
    pairs = zip(seen, numbers, strict=True)
    return sum(
        abs(a - b) / (abs(a) + abs(b) + 1e-9) if isinstance(a, float) and isinstance(b, float) else float(a != b)
        for a, b in pairs
    )


def test_who_remembers_all_earlier_variants_stays_at_chance(
    numeric: Any, count: int, luck: Callable[[float, float], float]
) -> None:
    if numeric.item.keys:
        pytest.skip("dealt from a list of precomputed keys")
    hits = remember(numeric.deals(count))
    assert hits.commonest <= luck(COMMONEST, count), hits
    assert hits.repeated + hits.commonest <= luck(CHANCE, count), hits
    assert hits.repeated + hits.nearest <= luck(NEAREST, count), hits


def test_a_narrow_pool_is_found_out(seats: Callable[[str], Any], luck: Callable[[float, float], float]) -> None:
    """Thirty variants in place of a wide pool: memory wins."""
    few = next(seat for seat in seats("number") if not seat.item.keys).deals(30)
    hits = remember(few * 3)
    assert hits.repeated >= 60 > luck(CHANCE, 90)
