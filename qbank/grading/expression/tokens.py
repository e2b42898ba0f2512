"""Numbers, names and signs, each with its place in the text as typed."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from qbank.grading.expression import names
from qbank.grading.expression.characters import characters
from qbank.grading.expression.errors import ExpressionError

MOST_DIGITS = 40
LARGEST_POWER = 300
MOST_TOKENS = 300

_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*|[^\x00-\x7f√](?:_?[0-9]+|_[A-Za-z0-9]+)*")
_SIGN = re.compile(r"\*\*|[+\-*/^(),%√=]")


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` number: ``value`` holds it; symbol, constant, function: ``text`` names it; sign: ``text`` is it."""

    kind: Literal["number", "symbol", "constant", "function", "sign"]
    text: str
    at: int
    typed: str = ""
    value: Fraction = Fraction(0)


def tokens(text: str, symbols: Collection[str]) -> list[Token]:
    """The tokens of a text. ExpressionError at what is none, or names nothing that was declared."""
    chars = characters(text)
    plain = "".join(char.ch for char in chars)
    out: list[Token] = []
    place = 0
    while place < len(plain):
        if plain[place] == " ":
            place += 1
            continue
        at = chars[place].at
        if match := _NUMBER.match(plain, place):
            out.append(Token("number", match[0], at, match[0], _number(match, at)))
        elif match := _NAME.match(plain, place):
            out.append(_name(match[0], at, symbols))
        elif match := _SIGN.match(plain, place):
            out.append(Token("sign", "^" if match[0] == "**" else match[0], at, match[0]))
        else:
            raise ExpressionError(f"“{plain[place]}”不能单独出现", f"'{plain[place]}' cannot stand on its own here", at)
        place = match.end()
        if len(out) > MOST_TOKENS:
            raise ExpressionError("式子太长", "the expression is too long", at)
    return out


def _number(match: re.Match[str], at: int) -> Fraction:
    if sum(ch.isdigit() for ch in match[1]) > MOST_DIGITS:
        raise ExpressionError(f"一个数最多 {MOST_DIGITS} 位", f"a number has at most {MOST_DIGITS} digits", at)
    power = match[2] or "0"
    if len(power) > 5 or abs(int(power)) > LARGEST_POWER:
        raise ExpressionError(f"10 的幂最多 {LARGEST_POWER}", f"powers of ten go up to {LARGEST_POWER}", at)
    return Fraction(match[1].rstrip(".") if match[1] != "." else "0") * Fraction(10) ** int(power)


def _name(typed: str, at: int, symbols: Collection[str]) -> Token:
    spelled = (names.greek(typed[0]) or typed[0]) + typed[1:]
    for name in (spelled, _lowered(spelled)):
        if name in symbols:
            return Token("symbol", name, at, typed)
    if (constant := names.constant(spelled)) is not None:
        return Token("constant", constant, at, typed)
    if (function := names.function(spelled)) is not None:
        return Token("function", function, at, typed)
    raise ExpressionError(*_unknown(typed, symbols), at)


def _lowered(name: str) -> str:
    """``x_1`` where the question calls it ``x1``."""
    return name.replace("_", "")


def _unknown(typed: str, symbols: Collection[str]) -> tuple[str, str]:
    shown = typed if len(typed) <= 20 else typed[:19] + "…"
    single = [ch for ch in typed if ch in symbols]
    if 1 < len(typed) <= 4 and len(single) == len(typed):
        product = "*".join(single)
        return f"乘号不能省，请写 {product}", f"write {product}"
    if symbols:
        known = ", ".join(symbols)
        return f"不认识“{shown}”；可用的符号：{known}", f"'{shown}' is unknown; the symbols are {known}"
    zh = f"不认识“{shown}”；乘号写 *，函数如 ln(2)"
    return zh, f"'{shown}' is unknown; write 2*3 for products, ln(2) for functions"
