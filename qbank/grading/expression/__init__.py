"""Expressions as people type them: read safely, evaluated, written out again. Standard library only."""

from __future__ import annotations

from qbank.grading.expression.errors import ExpressionError
from qbank.grading.expression.evaluate import Value, evaluate, number
from qbank.grading.expression.names import ARITY, CONSTANTS
from qbank.grading.expression.parse import LIMIT, parse
from qbank.grading.expression.tree import Bin, Call, Const, Neg, Node, Num, Sym, children, constant, nodes
from qbank.grading.expression.write import write

__all__ = [
    "ARITY", "CONSTANTS", "LIMIT", "Bin", "Call", "Const", "ExpressionError", "Neg", "Node", "Num", "Sym", "Value",
    "children", "constant", "evaluate", "nodes", "number", "parse", "value", "write",
]  # fmt: skip


def value(text: str, *, limit: int = LIMIT) -> tuple[float, str]:
    """The value of an expression without symbols, and how it was read. ExpressionError where it has none."""
    node = parse(text, limit=limit)
    return number(node), write(node)
