"""A number within the item's tolerance: ``|given - key| <= atol + rtol |key|``. Integers have no tolerance."""

from __future__ import annotations

import math

from qbank.domain import Dealt, Text, Trap, Verdict
from qbank.grading import field, reading, verdict

EXPECTED = Text(
    "请输入一个数或算式，例如 0.25、-3、1/3、2e-3、25%、inf、0.5*ln(2)。",
    "type a number or an expression such as 0.25, -3, 1/3, 2e-3, 25%, inf or 0.5*ln(2).",
)

FRACTION_RTOL = 2e-3


def grade(dealt: Dealt, answer: str) -> Verdict:
    """Grade a number. A wrong one that meets a mistake's value, within the same tolerances, names that mistake."""
    key = float(dealt.key)
    read = field.read(answer)
    given, understood = read.value, read.read_as
    if given is None:
        return verdict.unreadable(answer, key_text(dealt), dealt.worked, read.fault or EXPECTED, read.at)
    if meets(given, key, dealt.rtol, dealt.atol):
        return verdict.right(understood, key_text(dealt), dealt.worked)
    typed = verdict.typed(read.shown)
    trap = nearest(dealt, given)
    if trap is None:
        coarse = too_few_digits(given, reading.unit(answer), key)
        says = too_coarse(dealt.rtol, dealt.atol)
        feedback = verdict.named(typed, says) if coarse else verdict.plainly_wrong(typed)
        return verdict.wrong(understood, key_text(dealt), dealt.worked, feedback=feedback)
    feedback = verdict.named(typed, trap.says)
    return verdict.wrong(understood, key_text(dealt), dealt.worked, feedback=feedback, mistake=trap.tag)


def value(text: str) -> float | None:
    """What a number field holds, a number or an expression: None where it cannot be read."""
    return field.read(text).value


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


COARSE = 0.1
"""Farther off than this share of the value, an answer has more wrong with it than its digits."""


def too_few_digits(given: float, unit: float | None, value: float) -> bool:
    """Whether a decimal typed to ``unit`` is ``value`` rounded, or cut off, there: right, but not exact enough."""
    if not unit or not given or not math.isfinite(value) or abs(given - value) > COARSE * abs(value):
        return False
    cut = abs(given) < abs(value) and abs(given - value) < unit
    return cut or abs(given - value) <= unit / 2 * (1 + 1e-9)


def too_coarse(rtol: float, atol: float) -> Text:
    """What an answer of too few digits is told."""
    if not rtol and not atol:
        return Text("数值差不多，但这里要精确值", "close, but the exact value is asked for")
    within = f"{rtol * 100:g} %" if rtol else f"{atol:g}"
    return Text(
        f"数值对，但位数太少（允许误差 {within}）", f"the right value, but too few digits (within {within} is asked)"
    )


def key_text(dealt: Dealt) -> str:
    """The shortest digits, from four up, that grade right with room to spare; an integer in full."""
    return digits(dealt.key, dealt.rtol, dealt.atol)


def digits(value: int | float, rtol: float, atol: float) -> str:
    """The shortest digits of a value, from four up, well within its tolerance; an integer in full."""
    if isinstance(value, int):
        return str(value)
    key = float(value) + 0.0  # no minus before zero
    for count in range(4, 17):
        text = format(key, f".{count}g")
        if meets(float(text), key, rtol / 10, atol / 10):
            return text
    return repr(key)
