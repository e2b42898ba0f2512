"""A number within the item's tolerance: ``|given - key| <= atol + rtol |key|``. Integers have no tolerance."""

from __future__ import annotations

import math

from qbank.domain import Dealt, Text, Trap, Verdict
from qbank.grading import reading, verdict

EXPECTED = Text(
    "请输入一个数，例如 0.25、-3、1/3、2e-3、25%、inf。", "type a number such as 0.25, -3, 1/3, 2e-3, 25% or inf."
)

FRACTION_RTOL = 2e-3


def grade(dealt: Dealt, answer: str) -> Verdict:
    """Grade a number. A wrong one that meets a mistake's value, within the same tolerances, names that mistake."""
    key = float(dealt.key)
    given = reading.number(answer)
    if given is None:
        return verdict.unreadable(answer, key_text(dealt), dealt.worked, EXPECTED)
    understood = format(given, ".12g")
    if meets(given, key, dealt.rtol, dealt.atol):
        return verdict.right(understood, key_text(dealt), dealt.worked)
    typed = reading.shown(answer)
    trap = nearest(dealt, given)
    if trap is None:
        feedback = verdict.plainly_wrong(Text(typed, typed))
        return verdict.wrong(understood, key_text(dealt), dealt.worked, feedback=feedback)
    feedback = verdict.named(Text(typed, typed), trap.says)
    return verdict.wrong(understood, key_text(dealt), dealt.worked, feedback=feedback, mistake=trap.tag)


def tolerance(value: float, rtol: float, atol: float) -> float:
    """How far from ``value`` an answer may lie; infinite values allow no distance."""
    return atol + rtol * abs(value) if math.isfinite(value) else 0.0


def meets(given: float, value: float, rtol: float, atol: float) -> bool:
    """Whether ``given`` passes for ``value``. The same infinity meets; NaN never does."""
    return given == value or abs(given - value) <= tolerance(value, rtol, atol)


def nearest(dealt: Dealt, given: float) -> Trap | None:
    """The mistake whose value is nearest to ``given``, if that lies within its tolerance.

    Where the key is an integer, a mistake may still give a fraction (a forgotten floor): that one is met as rounded.
    """
    near = []
    for place, trap in enumerate(dealt.traps):
        value = float(trap.value)
        rtol = dealt.rtol if value.is_integer() or dealt.rtol else FRACTION_RTOL
        if meets(given, value, rtol, dealt.atol):
            near.append((abs(given - value) if given != value else 0.0, place))
    return dealt.traps[min(near)[1]] if near else None


def key_text(dealt: Dealt) -> str:
    """The shortest digits, from four up, that grade right with room to spare; an integer in full."""
    if isinstance(dealt.key, int):
        return str(dealt.key)
    key = float(dealt.key)
    for digits in range(4, 17):
        text = format(key, f".{digits}g")
        if meets(float(text), key, dealt.rtol / 10, dealt.atol / 10):
            return text
    return repr(key)
