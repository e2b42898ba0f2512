"""The value of an expression: exact while it is a short fraction, a float from the first function on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TypeAlias

from qbank.grading.expression.errors import ExpressionError
from qbank.grading.expression.tree import Bin, Call, Const, Neg, Node, Num, Sym

Value: TypeAlias = Fraction | float

MOST_BITS = 4096
"""Fractions longer than this become floats."""


def evaluate(node: Node, values: Mapping[str, Value] | None = None) -> Value:
    """The value where the symbols have these values.

    Raises ExpressionError at the operand that has no real value (``ln(0)``, ``1/0``) or one beyond a float's range.
    """
    if isinstance(node, Num):
        return node.value
    if isinstance(node, Const):
        return math.pi if node.name == "pi" else math.e
    if isinstance(node, Sym):
        return (values or {})[node.name]
    if isinstance(node, Neg):
        return -evaluate(node.inner, values)
    if isinstance(node, Call):
        return _call(node, [evaluate(arg, values) for arg in node.args])
    return _binary(node, evaluate(node.left, values), evaluate(node.right, values))


def number(node: Node) -> float:
    """A constant expression as a float; what a function rounded is cut to 13 digits, so that exp(ln(3)) is 3."""
    value = evaluate(node)
    if isinstance(value, Fraction):
        return _float(value, node)
    return float(format(value, ".13g"))


def _binary(node: Bin, left: Value, right: Value) -> Value:
    if node.op == "^":
        return _power(node, left, right)
    if node.op == "/" and right == 0:
        raise ExpressionError("除数是零", "division by zero", node.right.at)
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return _short(_OPERATIONS[node.op](left, right), node)
    return _finite(float(_OPERATIONS[node.op](_float(left, node.left), _float(right, node.right))), node)


_OPERATIONS: dict[str, Callable[..., Value]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def _power(node: Bin, base: Value, power: Value) -> Value:
    if base == 0 and power < 0:
        raise ExpressionError("除数是零", "division by zero", node.left.at)
    if isinstance(base, Fraction) and isinstance(power, Fraction) and power.denominator == 1:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if bits * abs(power.numerator) <= MOST_BITS:
            return base**power.numerator
    if base < 0 and power != int(power):
        raise ExpressionError("负数没有实的分数次幂", "no real power of a negative number", node.left.at)
    try:
        return math.pow(_float(base, node.left), _float(power, node.right))
    except (OverflowError, ValueError):
        raise _too_large(node) from None


def _call(node: Call, args: list[Value]) -> Value:
    exact = all(isinstance(arg, Fraction) for arg in args)
    if exact and node.name in _EXACT:
        return Fraction(_EXACT[node.name](*args))
    plain = [_float(arg, node.args[place]) for place, arg in enumerate(args)]
    try:
        return _finite(FUNCTIONS[node.name](*plain), node)
    except ValueError:
        raise ExpressionError(
            f"{node.name} 在 {plain[0]:.6g} 处没有实数值",
            f"{node.name} has no real value at {plain[0]:.6g}",
            node.args[0].at,
        ) from None
    except OverflowError:
        raise _too_large(node) from None


def sigmoid(x: float) -> float:
    """1/(1+exp(-x)) without overflow."""
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def softplus(x: float) -> float:
    """ln(1+exp(x)) without overflow."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


_EXACT: dict[str, Callable[..., Value | int]] = {
    "abs": abs, "relu": lambda x: max(x, Fraction(0)), "floor": math.floor, "ceil": math.ceil, "min": min, "max": max,
}  # fmt: skip
FUNCTIONS: dict[str, Callable[..., float]] = {
    "sqrt": math.sqrt, "exp": math.exp, "ln": math.log, "log2": math.log2, "log10": math.log10, "sin": math.sin,
    "cos": math.cos, "tan": math.tan, "asin": math.asin, "acos": math.acos, "atan": math.atan, "sinh": math.sinh,
    "cosh": math.cosh, "tanh": math.tanh, "abs": abs, "sigmoid": sigmoid, "softplus": softplus,
    "relu": lambda x: max(x, 0.0), "erf": math.erf, "floor": lambda x: float(math.floor(_snapped(x))),
    "ceil": lambda x: float(math.ceil(_snapped(x))), "min": min, "max": max,
}  # fmt: skip


def _snapped(x: float) -> float:
    """Rounding of the last digits must not cost a whole step of floor or ceil."""
    near = float(round(x)) if abs(x) < 2**52 else x
    return near if math.isclose(x, near, rel_tol=1e-13) else x


def _float(value: Value, node: Node) -> float:
    try:
        return float(value)
    except OverflowError:
        raise _too_large(node) from None


def _short(value: Value, node: Node) -> Value:
    assert isinstance(value, Fraction)
    if max(value.numerator.bit_length(), value.denominator.bit_length()) <= MOST_BITS:
        return value
    return _float(value, node)


def _finite(value: float, node: Node) -> float:
    if math.isfinite(value):
        return value
    raise _too_large(node)


def _too_large(node: Node) -> ExpressionError:
    return ExpressionError("数太大", "the value is too large", node.at)
