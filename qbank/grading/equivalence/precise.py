"""The value of an expression to any number of digits, by mpmath. Every step is bounded before it is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qbank.grading.equivalence.points import Point
from qbank.grading.expression import Bin, Call, Const, Neg, Node, Num, Sym

LARGEST_BITS = 5000
"""Values beyond 2^±5000 are not followed."""
LARGEST_ARGUMENT = 3000


class Undefined(Exception):
    """The expression has no real value here."""


class Extreme(Exception):
    """A step leaves the range that is followed."""


class Calculator:
    """Evaluates trees to ``digits`` significant digits. It has a context of its own: nothing global changes."""

    def __init__(self, digits: int) -> None:
        from mpmath.ctx_mp import MPContext

        self.ctx: Any = MPContext()
        self.ctx.dps = digits
        self.digits = digits
        self._functions = self._table()

    def value(self, node: Node, point: Point) -> Any:
        """An mpf. Raises Undefined or Extreme."""
        if isinstance(node, Num):
            found = self._fraction(node.value.numerator, node.value.denominator)
        elif isinstance(node, Const):
            found = +self.ctx.pi if node.name == "pi" else +self.ctx.e
        elif isinstance(node, Sym):
            found = self._fraction(point[node.name].numerator, point[node.name].denominator)
        elif isinstance(node, Neg):
            found = -self.value(node.inner, point)
        elif isinstance(node, Call):
            found = self._functions[node.name](*(self.value(arg, point) for arg in node.args))
        else:
            found = self._binary(node, self.value(node.left, point), self.value(node.right, point))
        if found and abs(self.ctx.mag(found)) > LARGEST_BITS:
            raise Extreme
        return found

    def _fraction(self, above: int, below: int) -> Any:
        return self.ctx.mpf(above) / self.ctx.mpf(below)

    def _binary(self, node: Bin, left: Any, right: Any) -> Any:
        if node.op == "+":
            return left + right
        if node.op == "-":
            return left - right
        if node.op == "*":
            return left * right
        if node.op == "/":
            if not right:
                raise Undefined
            return left / right
        return self._power(left, right)

    def _power(self, base: Any, power: Any) -> Any:
        if not base:
            if power < 0:
                raise Undefined
            return self.ctx.mpf(0 if power else 1)
        if abs(power * self.ctx.mag(base)) > 2 * LARGEST_BITS:
            raise Extreme
        if self.ctx.isint(power):
            return base ** int(power)
        if base < 0:
            raise Undefined
        return self.ctx.power(base, power)

    def _table(self) -> dict[str, Callable[..., Any]]:
        ctx = self.ctx
        exp, ln = self._moderate(ctx.exp), self._above(ctx.ln, 0, open_=True)
        unit = self._between(ctx.asin), self._between(ctx.acos)
        return {
            "sqrt": self._above(ctx.sqrt, 0), "exp": exp, "ln": ln, "log2": lambda x: ln(x) / ctx.ln(2),
            "log10": lambda x: ln(x) / ctx.ln(10), "sin": ctx.sin, "cos": ctx.cos, "tan": ctx.tan, "asin": unit[0],
            "acos": unit[1], "atan": ctx.atan, "sinh": self._moderate(ctx.sinh), "cosh": self._moderate(ctx.cosh),
            "tanh": self._moderate(ctx.tanh), "abs": abs, "sigmoid": lambda x: 1 / (1 + exp(-x)),
            "softplus": lambda x: ctx.ln(1 + exp(x)), "relu": lambda x: max(x, ctx.mpf(0)),
            "erf": self._moderate(ctx.erf), "floor": lambda x: ctx.floor(self._snapped(x)),
            "ceil": lambda x: ctx.ceil(self._snapped(x)), "min": min, "max": max,
        }  # fmt: skip

    def _moderate(self, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def inner(x: Any) -> Any:
            if abs(x) > LARGEST_ARGUMENT:
                raise Extreme
            return f(x)

        return inner

    def _above(self, f: Callable[[Any], Any], low: int, open_: bool = False) -> Callable[[Any], Any]:
        def inner(x: Any) -> Any:
            if x < low or (open_ and x == low):
                raise Undefined
            return f(x)

        return inner

    def _between(self, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def inner(x: Any) -> Any:
            if abs(x) > 1:
                raise Undefined
            return f(x)

        return inner

    def _snapped(self, x: Any) -> Any:
        """Rounding of the last digits must not cost a whole step of floor or ceil."""
        near = self.ctx.nint(x)
        return near if abs(x - near) <= self.ctx.mpf(10) ** (5 - self.digits) * (1 + abs(x)) else x
