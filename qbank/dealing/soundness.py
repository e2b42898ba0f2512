"""Whether a deal is fit to be shown: the lint of one seed, and the gate for fresh numbers."""

from __future__ import annotations

import math

from qbank.domain import Dealt
from qbank.grading import grade, key_text
from qbank.grading.number import tolerance
from qbank.grading.shape import write

APART = 4.0
"""Tolerances between the key and a mistake."""

JUNK = ("", "?", "asdf", "看不懂", "1..2")


def unsound(dealt: Dealt) -> list[str]:
    """Reasons why a deal must not be shown; none for a good one.

    The key grades right and junk as invalid; each mistake grades as that mistake, typed to four digits; a numeric
    mistake keeps four tolerances from the key; zero does not pass for a key that is not zero.
    """
    if dealt.kind == "number" and math.isnan(dealt.key):
        return ["the key is not a number"]
    reasons = []
    key = grade(dealt, key_text(dealt))
    if not (key.valid and key.correct):
        reasons.append(f"the key {key_text(dealt)} does not grade right")
    reasons += [f"'{junk}' does not grade as invalid" for junk in JUNK if grade(dealt, junk).valid]
    if dealt.kind == "choice":
        reasons += _options(dealt)
    elif dealt.kind == "number":
        reasons += _number(dealt)
    reasons += _named(dealt)
    return reasons


def _options(dealt: Dealt) -> list[str]:
    reasons = []
    for position, option in enumerate(dealt.options, start=1):
        for answer in (option.id, str(position)):
            verdict = grade(dealt, answer)
            if not verdict.valid or verdict.correct != (option.id == dealt.key) or verdict.mistake != option.mistake:
                reasons.append(f"option {option.id}, typed as {answer}, does not grade as itself")
    return reasons


def _number(dealt: Dealt) -> list[str]:
    key = float(dealt.key)
    reasons = []
    if key != 0 and math.isfinite(key) and abs(key) <= tolerance(key, dealt.rtol, dealt.atol):
        reasons.append(f"0 passes for the key {key:.4g}")
    for trap in dealt.traps:
        value = float(trap.value)
        if value == key:
            reasons.append(f"{trap.tag} gives the key itself, {key:.6g}")
            continue
        width = max(tolerance(one, dealt.rtol, dealt.atol) for one in (key, value))
        if math.isfinite(key) and abs(value - key) < APART * width:
            reasons.append(f"{trap.tag} gives {value:.6g}, within {APART:g} tolerances of the key {key:.6g}")
    return reasons


def _named(dealt: Dealt) -> list[str]:
    reasons = []
    for trap in dealt.traps:
        if dealt.kind == "shape":
            typed = write(trap.value)
        else:
            typed = str(trap.value) if isinstance(trap.value, int) else f"{trap.value:.4g}"
        verdict = grade(dealt, typed)
        if dealt.kind == "shape" and trap.value == dealt.key:
            reasons.append(f"{trap.tag} gives the key itself, {typed}")
        elif verdict.correct or verdict.mistake != trap.tag:
            reasons.append(f"{trap.tag}, typed as {typed}, grades as {verdict.mistake or 'no mistake'}")
    return reasons
