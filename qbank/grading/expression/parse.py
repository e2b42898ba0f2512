"""From text to a tree, by our own walk of Python's syntax tree. Nothing typed is ever executed or looked up.

Before Python's parser sees anything, every number and every name has been replaced by a name of ours (``n0``, ``n1``,
…), and only ``+ - * / ** ( ) ,`` stand between them: what was typed reaches it in no other form.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

from qbank.grading.expression import grammar
from qbank.grading.expression.errors import ExpressionError
from qbank.grading.expression.evaluate import evaluate
from qbank.grading.expression.tokens import Token, tokens
from qbank.grading.expression.tree import Bin, Call, Const, Neg, Node, Num, Operator, Sym, children, constant, nodes

LIMIT = 300
"""Longer texts are not read."""
LARGEST_EXPONENT = 10_000

_OPERATORS: dict[type[ast.operator], Operator] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^",
}  # fmt: skip


def parse(text: str, symbols: Collection[str] = (), *, limit: int = LIMIT) -> Node:
    """Read an expression in the declared symbols. An equals sign before it is forgiven.

    Accepts ``^`` and ``**``, superscripts, ``√``, ``·``, ``×``, full-width forms, Greek letters; ``log`` is the
    natural logarithm. Raises ExpressionError with the place of the first thing that cannot be read: implicit
    products, unknown names, anything longer than ``limit``, deeper than 25 brackets, exponents beyond 10000.
    """
    if len(text) > limit:
        raise ExpressionError(f"最多 {limit} 个字符", f"at most {limit} characters", limit)
    found = tokens(text, symbols)
    while found and found[0].text == "=":
        found = found[1:]
    if not found:
        raise ExpressionError("没有式子", "there is no expression", 0)
    found = grammar.percents(grammar.roots(found))
    grammar.check(found, len(text))
    node = _tree(found, len(text))
    _bounded(node)
    return node


def _tree(found: Sequence[Token], end: int) -> Node:
    words = []
    for place, token in enumerate(found):
        words.append(f"n{place}" if token.kind != "sign" else {"^": "**"}.get(token.text, token.text))
    try:
        return _walk(ast.parse(" ".join(words), mode="eval").body, found)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError("看不懂这个式子", "this is no expression", end) from None


def _walk(node: ast.AST, found: Sequence[Token]) -> Node:
    """Only names of ours, the five operators, signs and calls of listed functions come through."""
    if isinstance(node, ast.Name):
        token = found[int(node.id[1:])]
        if token.kind == "number":
            return Num(token.value, token.at)
        if token.kind == "symbol":
            return Sym(token.text, token.at)
        if token.kind == "constant":
            return Const(token.text, token.at)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _walk(node.left, found), _walk(node.right, found)
        return Bin(_OPERATORS[type(node.op)], left, right, left.at)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _walk(node.operand, found)
        return Neg(inner, inner.at) if isinstance(node.op, ast.USub) else inner
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        token = found[int(node.func.id[1:])]
        if token.kind == "function":
            return Call(token.text, tuple(_walk(arg, found) for arg in node.args), token.at)
    raise ExpressionError("看不懂这个式子", "this is no expression", found[0].at)


def _bounded(node: Node) -> None:
    """Every part without symbols has a value, and constant exponents are bounded, before anything is built of them."""
    for one in nodes(node):
        if isinstance(one, Bin) and one.op == "^" and constant(one.right):
            _exponent(one.right)
        if isinstance(one, Bin) and one.op == "/" and constant(one.right) and evaluate(one.right) == 0:
            raise ExpressionError("除数是零", "division by zero", one.right.at)
    stack = [node]
    while stack:
        one = stack.pop()
        if constant(one):
            evaluate(one)
        else:
            stack.extend(children(one))


def _exponent(node: Node) -> None:
    try:
        size = evaluate(node)
        fine = -LARGEST_EXPONENT <= size <= LARGEST_EXPONENT
    except ExpressionError as error:
        if error.at != node.at or "large" not in str(error):
            raise
        fine = False
    if not fine:
        raise ExpressionError(f"指数最多 {LARGEST_EXPONENT}", f"exponents go up to {LARGEST_EXPONENT}", node.at)
