"""An expression as text again: how it was read. ``parse(write(tree))`` is the tree."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction

from qbank.grading.expression.tree import Bin, Call, Const, Neg, Node, Num, Sym

_SUM, _PRODUCT, _SIGNED, _POWER, _ATOM = range(5)
_EXACT = Context(prec=800)


def write(node: Node) -> str:
    """With ``*`` and ``^`` and only the brackets that are needed: ``z * (1 - z)``, ``x^(-2)``."""
    return _write(node, _SUM)


def _write(node: Node, least: int) -> str:
    text, binds = _text(node)
    return text if binds >= least else f"({text})"


def _text(node: Node) -> tuple[str, int]:
    """The text and how tightly its outermost operator binds."""
    if isinstance(node, Num):
        return number(node.value), _ATOM
    if isinstance(node, Sym | Const):
        return node.name, _ATOM
    if isinstance(node, Call):
        return f"{node.name}({', '.join(_write(arg, _SUM) for arg in node.args)})", _ATOM
    if isinstance(node, Neg):
        return "-" + _write(node.inner, _POWER), _SIGNED
    assert isinstance(node, Bin)
    if node.op == "^":
        return f"{_write(node.left, _ATOM)}^{_write(node.right, _POWER)}", _POWER
    if node.op in "*/":
        sign = " * " if node.op == "*" else "/"  # between blanks an asterisk is no emphasis of Markdown's
        return f"{_write(node.left, _PRODUCT)}{sign}{_write(node.right, _POWER)}", _PRODUCT
    right = _write(node.right, _PRODUCT)
    if right.startswith("-"):
        right = f"({right})"
    return f"{_write(node.left, _SUM)} {node.op} {right}", _SUM


def number(value: Fraction) -> str:
    """A literal's digits, all of them."""
    exact = _EXACT.divide(Decimal(value.numerator), Decimal(value.denominator)).normalize(_EXACT)
    if not exact:
        return "0"
    if -7 <= exact.adjusted() < 21:
        return format(exact, "f")
    power = exact.adjusted()
    return f"{exact.scaleb(-power, _EXACT):f}e{power}"
