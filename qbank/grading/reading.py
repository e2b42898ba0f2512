"""Read what a person typed. Pure text in, plain values out, ``None`` where it cannot be read; nothing is evaluated.

People answer in a hurry and with a Chinese input method switched on: full-width digits, ``。`` for the decimal point,
``，`` and ``、`` between numbers, ``−`` for minus, ``½``, ``10⁻³``. All of these are read. Compatibility folding (NFKC)
alone would turn ``10²`` into ``102`` and ``1½`` into ``11/2``; both are taken apart first.
"""

from __future__ import annotations

import math
import re
import unicodedata

LIMIT = 200
"""Longer answers are not read."""

_PLAIN = str.maketrans(
    {
        "。": ".", "、": ",", "，": ",", "；": ";", "：": ":",
        "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "‒": "-", "―": "-", "﹣": "-",
        "⁄": "/", "∕": "/", "÷": "/", "×": "x", "✕": "x", "✖": "x", "∗": "*", "·": "*", "⋅": "*",
        "【": "[", "】": "]", "〔": "(", "〕": ")", "「": "", "」": "", "“": "", "”": "", "‘": "", "’": "",
        "≈": "=", "≃": "=", "≅": "=", "约": "=",
    }
)  # fmt: skip

_UNSIGNED = r"(?:[0-9]+(?:,[0-9]{3})*(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]{1,5})?"
_NUMBER = re.compile(rf"([+-]?)({_UNSIGNED})")
_POWER = re.compile(rf"([+-]?)(?:({_UNSIGNED})[x*])?10(?:\^|\*\*)\(?([+-]?[0-9]{{1,5}})\)?")
_FRACTION = re.compile(rf"({_NUMBER.pattern})/({_NUMBER.pattern})")
_MIXED = re.compile(r"([+-]?)([0-9]{1,15}) ([0-9]{1,15})/([0-9]{1,15})")
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:[.e].*)?")
_INFINITE = {"inf", "infinity", "infty", "∞", "无穷", "无穷大", "oo"}
_BRACKETS = {"(": ")", "[": "]", "{": "}"}


def clean(text: str, limit: int = LIMIT) -> str | None:
    """Fold to plain characters: NFKC, plain punctuation, single blanks, lower case. None where empty or too long."""
    if len(text) > limit:
        return None
    text = "".join(ch if ch.isprintable() or ch.isspace() else " " for ch in text)
    out: list[str] = []
    raised = False
    for ch in text:
        kind = unicodedata.decomposition(ch).partition(" ")[0]
        if kind == "<super>" and ch not in "ªº":
            if not raised:
                out.append("^")
            raised = True
        else:
            raised = False
            if kind == "<fraction>":
                out.append(" ")
            elif kind == "<sub>":
                out.append("_")  # a subscript is no digit of the number
        out.append(ch)
    # Twice: folding one character can bring out another that has a plain form.
    plain = unicodedata.normalize("NFKC", "".join(out).translate(_PLAIN)).translate(_PLAIN)
    return " ".join(plain.split()).casefold() or None


def folded(text: str) -> str:
    """Each character as its plain form where that is one character: no place in the text moves."""
    plain = (unicodedata.normalize("NFKC", ch.translate(_PLAIN)).translate(_PLAIN).casefold() for ch in text)
    return "".join(new if len(new) == 1 else old for new, old in zip(plain, text, strict=True))


def shown(text: str, limit: int = 40) -> str:
    """The answer as it may be repeated to the reader: one line, no control characters, at most ``limit`` characters."""
    line = " ".join("".join(ch if ch.isprintable() else " " for ch in text[: 10 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def number(text: str) -> float | None:
    """A number: ``0.5``, ``-3``, ``1/3``, ``1 1/2``, ``2e-3``, ``1.5x10^-3``, ``50%``, ``1,234.5``, ``inf``.

    A comma groups thousands, as in Chinese and English; anything else with a comma is not read. Text that is finite
    but too large for a float is not read either, and never stands for infinity.
    """
    plain = clean(text)
    if plain is None:
        return None
    plain = plain.lstrip("=~ ")
    if (infinite := _infinite(plain)) is not None:
        return infinite
    if (mixed := _MIXED.fullmatch(plain)) is not None:
        sign, whole, top, bottom = mixed.groups()
        return None if int(bottom) == 0 else _finite((-1 if sign == "-" else 1) * (int(whole) + int(top) / int(bottom)))
    plain = re.sub(r" ?([-+/x*^%]) ?", r"\1", plain)
    percent = plain.endswith("%")
    value = _scientific(plain[:-1] if percent else plain)
    return value / 100 if percent and value is not None else value


def unit(text: str) -> float | None:
    """What one more in the last digit typed is worth: 0.01 for ``0.51``, 1e-3 for ``1.5%``; None but for decimals."""
    plain = re.sub(r" ?([-+/x*^%]) ?", r"\1", (clean(text) or "").lstrip("=~ "))
    percent = plain.endswith("%")
    plain = plain[:-1] if percent else plain
    if (power := _POWER.fullmatch(plain)) is not None:
        digits, exponent = power[2] or "1", int(power[3])
    elif (simple := _NUMBER.fullmatch(plain)) is not None:
        digits, _, tail = simple[2].partition("e")
        exponent = int(tail or 0)
    else:
        return None
    places = len(digits.partition(".")[2])
    return _finite(float(f"1e{exponent - places - 2 * percent}"))


def _infinite(plain: str) -> float | None:
    sign = 1.0
    for word, factor in (("+", 1.0), ("-", -1.0), ("正", 1.0), ("负", -1.0)):
        if plain.startswith(word):
            sign, plain = factor, plain[1:].lstrip()
            break
    return sign * math.inf if plain in _INFINITE else None


def _scientific(plain: str) -> float | None:
    if (power := _POWER.fullmatch(plain)) is not None:
        sign, digits, exponent = power.groups()
        digits = _ungrouped(digits or "1")
        return None if digits is None or "e" in digits else _float(f"{sign}{digits}e{exponent}")
    if (fraction := _FRACTION.fullmatch(plain)) is not None:
        _, top_sign, top, _, bottom_sign, bottom = fraction.groups()
        above, below = _signed(top_sign, top), _signed(bottom_sign, bottom)
        if above is None or below is None or below == 0:
            return None
        return _finite(above / below)
    if (simple := _NUMBER.fullmatch(plain)) is not None:
        return _signed(*simple.groups())
    return None


def _signed(sign: str, digits: str) -> float | None:
    plain = _ungrouped(digits)
    return None if plain is None else _float(sign + plain)


def _ungrouped(digits: str) -> str | None:
    """Without the commas of well-formed thousands; None for any other comma (``0,5`` might mean 0.5)."""
    if "," not in digits:
        return digits
    return digits.replace(",", "") if _THOUSANDS.fullmatch(digits) else None


def _float(digits: str) -> float | None:
    return _finite(float(digits))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def shape(text: str) -> tuple[int, ...] | None:
    """A shape: ``[1, 64]``, ``(1, 64)``, ``1,64``, ``1x64``, ``1 64``, ``torch.Size([1, 64])``; ``()`` for a scalar."""
    plain = clean(text)
    if plain is None:
        return None
    plain = plain.lstrip("= ")
    if plain.startswith("torch.size(") and plain.endswith(")"):
        plain = plain[len("torch.size(") : -1].strip()
    inner = plain
    if plain[:1] in _BRACKETS:
        if not plain.endswith(_BRACKETS[plain[0]]):
            return None
        inner = plain[1:-1].strip()
        if not inner:
            return ()
    for separator in (",", "x", "*", ";"):
        if separator in inner:
            pieces = inner.split(separator)
            if separator == "," and len(pieces) > 1 and not pieces[-1].strip():
                pieces.pop()  # (64,) is Python's tuple of one
            break
    else:
        pieces = inner.split()
    sizes = [piece.strip() for piece in pieces]
    if not all(re.fullmatch(r"[0-9]{1,18}", size) for size in sizes):
        return None
    return tuple(int(size) for size in sizes)


def word(text: str) -> str | None:
    """One id or number, without the brackets, dots and quotes of a list: ``(2)``, ``2.``, ``'forward'``."""
    plain = clean(text)
    if plain is None:
        return None
    return plain.strip(" .,:;()[]{}'\"`#") or None


def words(text: str) -> tuple[str, ...]:
    """Ids by comma, semicolon or blank; empty ones left out."""
    plain = clean(text)
    return () if plain is None else tuple(part for part in re.split(r"[\s,;]+", plain.strip("()[]")) if part)
