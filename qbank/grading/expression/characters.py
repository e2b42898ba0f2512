"""From what was typed to a small alphabet, each character with its place in the text.

Full-width forms, mathematical letters, superscripts (``z²``), subscripts (``x₁``), ``½``, ``×``, ``·``, ``−`` and
Chinese punctuation become plain characters. What cannot be seen (control characters, zero-width and bidirectional
marks, combining marks) is refused where it stands.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from qbank.grading.expression.errors import ExpressionError
from qbank.grading.expression.names import greek


class Char(NamedTuple):
    """A plain character and its place in the text as typed."""

    ch: str
    at: int


_PLAIN = {
    "。": ".", "、": ",", "，": ",", "；": ";", "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "‒": "-", "―": "-",
    "﹣": "-", "⁄": "/", "∕": "/", "÷": "/", "×": "*", "✕": "*", "✖": "*", "∗": "*", "·": "*", "⋅": "*", "∙": "*",
    "•": "*", "⊙": "*", "・": "*",
}  # fmt: skip
_FOLDED = ("", "<wide>", "<narrow>", "<small>", "<font>", "<noBreak>", "<compat>", "<super>", "<sub>", "<fraction>")
_ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,+-*/^()%√= ")


def characters(text: str) -> list[Char]:
    """Fold to the alphabet ``a-z A-Z 0-9 _ . , + - * / ^ ( ) % √ =``, blank and Greek letters.

    Raises ExpressionError at the first character that has no place in a formula.
    """
    out: list[Char] = []
    raised = lowered = False
    for at, ch in enumerate(text):
        kind, _, _ = unicodedata.decomposition(ch).partition(" ")
        if raised and kind != "<super>":
            out.append(Char(")", at - 1))
        if kind == "<super>" and not raised:
            out += [Char("^", at), Char("(", at)]
        if kind == "<sub>" and not lowered:
            out.append(Char("_", at))
        raised, lowered = kind == "<super>", kind == "<sub>"
        out += (Char(plain, at) for plain in _fold(ch, kind, at))
    if raised:
        out.append(Char(")", len(text) - 1))
    return out


def _fold(ch: str, kind: str, at: int) -> str:
    if ch in "\t\r\n\x0b\x0c" or unicodedata.category(ch) == "Zs":
        return " "
    if ch in _PLAIN:
        return _PLAIN[ch]
    folded = unicodedata.normalize("NFKC", ch) if kind in _FOLDED or not kind.startswith("<") else ch
    if kind == "<fraction>":
        folded = f"({folded})"
    folded = "".join(_PLAIN.get(one, one) for one in folded)
    if all(one in _ALPHABET or greek(one) for one in folded):
        return folded
    raise ExpressionError(*_refusal(ch, folded), at)


_ADVICE = {
    "|": ("绝对值请写 abs(x)", "write abs(x) for an absolute value"),
    "[": ("请用圆括号", "use round brackets"),
    "{": ("请用圆括号", "use round brackets"),
    "'": ("撇号和引号不能用；只写右边的式子", "no primes or quotes; write the right-hand side alone"),
    '"': ("撇号和引号不能用；只写右边的式子", "no primes or quotes; write the right-hand side alone"),
    "!": ("不支持阶乘", "factorials are not read"),
    "\\": ("这里不读 LaTeX：分数写 a/b，根号写 sqrt(x)", "LaTeX is not read here: write a/b, sqrt(x)"),
    "∞": ("式子里不能有无穷", "no infinity in a formula"),
}
_SAME = {"]": "[", "}": "{", "【": "[", "】": "[", "〔": "[", "〕": "[", "`": "'", "’": "'", "‘": "'", "′": "'",
         "“": '"', "”": '"'}  # fmt: skip


def _refusal(ch: str, folded: str) -> tuple[str, str]:
    category = unicodedata.category(ch)
    if category[0] in "CM" or not ch.isprintable():
        return f"有看不见的或组合用的字符 U+{ord(ch):04X}，请删去", f"remove the character U+{ord(ch):04X}"
    for one in (ch, folded[:1]):
        if (advice := _ADVICE.get(_SAME.get(one, one))) is not None:
            return advice
    return f"“{ch}”在式子里没有意义", f"'{ch}' has no meaning here"
