"""Decimals of the prose: each is covered by a ``[[number]]``, stands in both languages and is rightly rounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from math import isclose, isfinite
from typing import Any

from qbank import solving
from qbank.content.lint.case import Case
from qbank.dealing.numbers import pick, reference
from qbank.domain import Demo, Number, QbankError

_POWER = r"(?:e(?P<e>[+-]?\d+)|\s*(?:\\times|×)\s*10\s*\^\s*(?:\{\s*(?P<b>[-−]?\d+)\s*\}|(?P<d>\d)))?"
_PERCENT = r"(?P<percent>(?:\s|\\,|~)*\\?[%％])?"
_NUMBER = re.compile(rf"(?<![\w.])(?P<digits>\d+(?:\.\d+)?)(?![\d.]*\d){_POWER}{_PERCENT}")

Token = tuple[Decimal, int, bool]
"""Digits, power of ten, whether a percent sign follows."""


def check(case: Case) -> None:
    """number-missing, number-wrong, number-uncovered, number-form."""
    q = case.question
    stand = {lang: [*_tokens(q.prose(lang).prompt), *_tokens(q.prose(lang).answer)] for lang in ("zh", "en")}
    covered: set[Token] = set()
    demos = {demo.id: demo for demo in q.demos}
    for n, number in enumerate(q.numbers):
        signed = number.shown.replace("−", "-").strip()
        token = next(_tokens(signed.lstrip("+-")), None)
        if token is None:
            case.say("number-form", f"'{number.shown}' is no number as prose writes it", "number", n, "shown")
            continue
        covered.add(token)
        for lang in ("zh", "en"):
            if token not in stand[lang]:
                case.say(
                    "number-missing",
                    f"'{number.shown}' does not stand in the {_NAMES[lang]} text",
                    "number",
                    n,
                    "shown",
                )
        if number.demo in demos:
            _right(case, number, demos[number.demo], token, signed.startswith("-"), n)
    for lang in ("zh", "en"):
        for key in ("prompt", "answer"):
            text = getattr(q.prose(lang), key)
            for match in _NUMBER.finditer(text):
                token = _token(match)
                if "." in match["digits"] and token not in covered:
                    covered.add(token)
                    case.say("number-uncovered", f"'{match[0].strip()}' is covered by no [[number]]", lang, key)


_NAMES = {"zh": "Chinese", "en": "English"}


def _tokens(text: str) -> Iterator[Token]:
    return (_token(match) for match in _NUMBER.finditer(text))


def _token(match: re.Match[str]) -> Token:
    power = next((match[name] for name in ("e", "b", "d") if match[name]), "0")
    return Decimal(match["digits"]), int(power.replace("−", "-")[:6]), bool(match["percent"])


def _right(case: Case, number: Number, demo: Demo, token: Token, negative: bool, n: int) -> None:
    try:
        info = solving.describe(demo.solver)
        if "numpy" not in info.lanes and number.value is not None:
            return  # needs torch: 'qbank verify' holds it
        value = _value(case, number, demo)
    except LookupError:
        if _names_exist(number, demo):
            case.say("number-wrong", f"{demo.id} has no {number.value or number.input}", "number", n)
        return
    except QbankError:
        return  # refused numbers and unknown names are told as such; a library of the extra 'lab' may be missing
    if value is None or not isfinite(value):
        case.say(
            "number-wrong", f"{number.value or number.input} of {demo.id} is no finite number", "number", n, "shown"
        )
    elif not _rounds(value, token, negative):
        got = f"{number.value or number.input} of {demo.id} is {value:.10g}"
        case.say("number-wrong", f"'{number.shown}' is not right: {got}", "number", n, "shown")


def _names_exist(number: Number, demo: Demo) -> bool:
    """Unknown names are told by another rule; what is left is an index that does not exist."""
    try:
        info = solving.describe(demo.solver)
    except QbankError:
        return False
    found = reference(number.value or number.input or "")
    known = {**info.outputs, **info.steps} if number.value else info.params
    return found is not None and found[0] in known and set(demo.set) <= set(info.params)


def _value(case: Case, number: Number, demo: Demo) -> float | None:
    variant_of = case.values(demo.solver, demo.set)
    found = reference(number.value or number.input or "")
    if found is None:
        raise LookupError
    table = variant_of.values if number.value is not None else variant_of.inputs
    value: Any = pick(table[found[0]], found[1])
    if isinstance(value, str):
        try:
            return float(Fraction(value.replace(" ", "")))
        except (ValueError, ZeroDivisionError):
            return None
    return float(value) if isinstance(value, int | float) else None


def _rounds(value: float, token: Token, negative: bool) -> bool:
    """Whether ``value`` rounds to the shown digits; an exact half may go either way."""
    digits, power, percent = token
    try:
        scaled = Decimal(repr(value)).scaleb(-power) * (100 if percent else 1)
        shown = -digits if negative else digits
        unit = Decimal(1).scaleb(int(digits.as_tuple().exponent))
        if any(scaled.quantize(unit, rounding=how) == shown for how in (ROUND_HALF_EVEN, ROUND_HALF_UP)):
            return True
        half = float(abs(scaled - shown) / unit)
    except InvalidOperation:
        return False
    return isclose(half, 0.5, rel_tol=1e-9)
