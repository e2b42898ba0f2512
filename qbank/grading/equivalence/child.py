"""``python -m qbank.grading.equivalence.child``: try to prove two formulas equal; a JSON document in, one line out.

A process of its own, with bounds on memory and processor time, because exact simplification may need any amount of
either. The formulas come as text and are read by our own reader; sympy never sees a string.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from qbank.grading.expression import Bin, Call, Const, Neg, Node, Num, Sym, parse

MEMORY = 1 << 30
LARGEST_BITS = 20_000
"""Exact powers of numbers longer than this are not built."""


class TooLarge(Exception):
    """An exact number would be too long."""


def main() -> int:
    """Read ``{given, key, symbols, seconds}``, write ``proven`` or ``not proven``."""
    asked = json.loads(sys.stdin.read())
    limit(asked["seconds"])
    print("proven" if proven(asked["given"], asked["key"], asked["symbols"]) else "not proven")
    return 0


def limit(seconds: int) -> None:
    """Bound this process's memory and processor time where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock still bounds it
        return
    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def proven(given: str, key: str, symbols: Mapping[str, list[float]]) -> bool:
    """Whether some exact simplification turns the difference into zero."""
    try:
        build = Builder(symbols)
        difference = build(parse(given, symbols, limit=10_000)) - build(parse(key, symbols, limit=10_000))
        return any(found == 0 for start in (difference, build.stretched(difference)) for found in _simplified(start))
    except (TooLarge, RecursionError, MemoryError):
        return False


def _simplified(difference: Any) -> Iterator[Any]:
    """The difference in ever more laborious forms. Each step is an identity on the declared domain."""
    import sympy

    steps: tuple[Callable[[Any], Any], ...] = (
        lambda d: d,
        sympy.expand,
        lambda d: sympy.expand(sympy.numer(sympy.together(d))),
        lambda d: sympy.expand(sympy.numer(sympy.together(d.rewrite(sympy.exp)))),
        lambda d: sympy.expand_log(sympy.expand(d)),
        lambda d: sympy.simplify(sympy.expand_log(d)),
        sympy.simplify,
        lambda d: sympy.simplify(d.rewrite(sympy.exp)),
        lambda d: sympy.simplify(sympy.logcombine(sympy.expand_log(d))),
        sympy.trigsimp,
        sympy.radsimp,
        lambda d: sympy.simplify(d.rewrite(sympy.Abs)),
    )
    for step in steps:
        yield step(difference)


class Builder:
    """From our tree to sympy's objects: numbers, symbols with their signs, the listed functions."""

    def __init__(self, domain: Mapping[str, list[float]]) -> None:
        import sympy

        self.sp = sympy
        self._domain = dict(domain)
        self._symbols = {name: self._symbol(name, low, high) for name, (low, high) in domain.items()}
        one = sympy.Integer(1)
        self._functions: dict[str, Callable[..., Any]] = {
            "sqrt": sympy.sqrt, "exp": sympy.exp, "ln": sympy.log, "log2": lambda x: sympy.log(x) / sympy.log(2),
            "log10": lambda x: sympy.log(x) / sympy.log(10), "sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan,
            "asin": sympy.asin, "acos": sympy.acos, "atan": sympy.atan, "sinh": sympy.sinh, "cosh": sympy.cosh,
            "tanh": sympy.tanh, "abs": sympy.Abs, "sigmoid": lambda x: one / (one + sympy.exp(-x)),
            "softplus": lambda x: sympy.log(one + sympy.exp(x)), "relu": lambda x: sympy.Max(x, 0),
            "erf": sympy.erf, "floor": sympy.floor, "ceil": sympy.ceiling, "min": sympy.Min, "max": sympy.Max,
        }  # fmt: skip

    def _symbol(self, name: str, low: float, high: float) -> Any:
        if low >= 0:
            return self.sp.Symbol(name, positive=True)
        return self.sp.Symbol(name, negative=True) if high <= 0 else self.sp.Symbol(name, real=True)

    def stretched(self, difference: Any) -> Any:
        """With ``(low + high u)/(1 + u)``, ``u > 0``, for each symbol: what is positive on the domain shows it then."""
        exact = {name: [self.sp.Rational(Fraction(end)) for end in ends] for name, ends in self._domain.items()}
        changed = {}
        for name, (low, high) in exact.items():
            u = self.sp.Symbol(f"u_{name}", positive=True)
            changed[self._symbols[name]] = (low + high * u) / (1 + u)
        return self.sp.powsimp(
            difference.subs(changed, simultaneous=True).replace(
                self.sp.log, lambda x: self.sp.log(self.sp.factor(self.sp.together(x)))
            )
        )

    def __call__(self, node: Node) -> Any:
        if isinstance(node, Num):
            return self.sp.Rational(node.value.numerator, node.value.denominator)
        if isinstance(node, Const):
            return self.sp.pi if node.name == "pi" else self.sp.E
        if isinstance(node, Sym):
            return self._symbols[node.name]
        if isinstance(node, Neg):
            return -self(node.inner)
        if isinstance(node, Call):
            return self._functions[node.name](*(self(arg) for arg in node.args))
        assert isinstance(node, Bin)
        left, right = self(node.left), self(node.right)
        if node.op == "^":
            return self._power(left, right)
        if node.op == "/":
            return left / right
        return left * right if node.op == "*" else left + right if node.op == "+" else left - right

    def _power(self, base: Any, power: Any) -> Any:
        if power.is_Rational and base.is_Rational:
            bits = max(abs(int(base.p)).bit_length(), int(base.q).bit_length())
            if bits * abs(power) > LARGEST_BITS:
                raise TooLarge
        return base**power


if __name__ == "__main__":
    sys.exit(main())
