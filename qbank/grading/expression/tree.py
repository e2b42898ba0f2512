"""An expression after reading. Equal trees say the same; where a node stood in the text does not count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeAlias

Operator = Literal["+", "-", "*", "/", "^"]


@dataclass(frozen=True, slots=True)
class Num:
    """A literal, exactly; never negative, its denominator a product of twos and fives."""

    value: Fraction
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Const:
    """``pi`` or ``e``."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Sym:
    """A declared symbol."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Neg:
    """Minus something."""

    inner: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Bin:
    """Two operands. ``at`` is where the left one begins."""

    op: Operator
    left: Node
    right: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A listed function by its own name (``ln``, never ``log``)."""

    name: str
    args: tuple[Node, ...]
    at: int = field(default=0, compare=False)


Node: TypeAlias = Num | Const | Sym | Neg | Bin | Call


def children(node: Node) -> tuple[Node, ...]:
    """The operands of a node."""
    if isinstance(node, Bin):
        return (node.left, node.right)
    if isinstance(node, Call):
        return node.args
    return (node.inner,) if isinstance(node, Neg) else ()


def nodes(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    stack = [node]
    while stack:
        one = stack.pop()
        yield one
        stack.extend(children(one))


def constant(node: Node) -> bool:
    """Whether no symbol stands in it."""
    return not any(isinstance(one, Sym) for one in nodes(node))
