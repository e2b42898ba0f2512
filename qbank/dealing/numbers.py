"""Parts of a variant by name and index, and how numbers are written in a prompt or a worked line."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

_REFERENCE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)((?:\[[0-9]{1,4}(?:, ?[0-9]{1,4})*\])*)")

Writer = Callable[[Any, bool], str]
"""``(number or text, inside maths) -> text``."""


def reference(text: str) -> tuple[str, tuple[int, ...]] | None:
    """``theta[2]`` as a name and its indices (from 0); None where it is no reference."""
    match = _REFERENCE.fullmatch(text.strip())
    if match is None:
        return None
    return match[1], tuple(int(n) for n in re.findall(r"[0-9]+", match[2]))


def pick(value: Any, indices: Sequence[int]) -> Any:
    """An entry of nested lists. LookupError where there is none."""
    for index in indices:
        if not isinstance(value, list | tuple):
            raise LookupError(f"{value!r} has no entries")
        value = value[index]
    return value


def scalar(value: Any) -> int | float | None:
    """A plain number, or None."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def write_input(value: Any, maths: bool) -> str:
    """A number of a prompt with all its digits: what the reader sees is what the key is computed from."""
    number = scalar(value)
    if number is None:
        return str(value)
    if isinstance(number, int) or not math.isfinite(number):
        return _special(number, maths)
    return _decimal(Decimal(repr(number)), maths)


def write_rounded(value: Any, maths: bool) -> str:
    """A result to four significant digits; whole numbers in full."""
    number = scalar(value)
    if number is None:
        return str(value)
    if isinstance(number, int) or not math.isfinite(number):
        return _special(number, maths)
    return _decimal(Decimal(f"{number:.4g}"), maths)


def _special(number: int | float, maths: bool) -> str:
    if isinstance(number, int):
        return str(number)
    if math.isnan(number):
        return "NaN"
    return ("" if number > 0 else "-") + (r"\infty" if maths else "∞")


def _decimal(number: Decimal, maths: bool) -> str:
    """Plain digits where that is short, else a power of ten."""
    if not number:
        return "0"
    number = number.normalize()
    exponent = number.adjusted()
    if -5 <= exponent < 7:
        return format(number, "f")
    mantissa = format(number.scaleb(-exponent), "f")
    if not maths:
        return f"{mantissa}e{exponent}"
    power = f"10^{{{exponent}}}"
    return power if mantissa == "1" else f"-{power}" if mantissa == "-1" else rf"{mantissa}\times {power}"


def write(value: Any, writer: Writer, maths: bool = False) -> str:
    """A scalar, a vector ``(0.5, 0.5)`` or nested lists ``[[1, 2], [3, 4]]``."""
    if not isinstance(value, list | tuple):
        return writer(value, maths)
    if any(isinstance(inner, list | tuple) for inner in value):
        return "[" + ", ".join(_brackets(inner, writer, maths) for inner in value) + "]"
    inside = ", ".join(writer(inner, maths) for inner in value)
    return f"({inside})"


def _brackets(value: Any, writer: Writer, maths: bool) -> str:
    if not isinstance(value, list | tuple):
        return writer(value, maths)
    return "[" + ", ".join(_brackets(inner, writer, maths) for inner in value) + "]"


def size(value: Any) -> int:
    """How many numbers nested lists hold."""
    return sum(map(size, value)) if isinstance(value, list | tuple) else 1


def shape(value: Any) -> list[int]:
    """The axes of nested lists."""
    axes = []
    while isinstance(value, list | tuple):
        axes.append(len(value))
        value = value[0] if value else None
    return axes
