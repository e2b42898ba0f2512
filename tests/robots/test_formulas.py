"""Formula items: the key is right and each wrong formula named, however they are written.

Nothing varies with a seed here; what varies is the writing. ``rewritten`` changes a tree by identities at random,
``respelled`` the signs it is typed with, ``worked_out`` has sympy expand, factor and simplify it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from qbank import dealing
from qbank.domain import Dealt
from qbank.grading import equivalence, grade
from qbank.grading.equivalence.child import Builder
from qbank.grading.expression import Bin, Call, ExpressionError, Neg, Node, Num, parse, write

LONGEST = 400
"""Nobody types more than this."""

ONE, TWO = Num(Fraction(1)), Num(Fraction(2))


def rewritten(node: Node, rng: random.Random) -> Node:
    """The same formula by other operations."""
    if isinstance(node, Neg):
        return _turned(Neg(rewritten(node.inner, rng)), rng)
    if isinstance(node, Call):
        return _turned(Call(node.name, tuple(rewritten(arg, rng) for arg in node.args)), rng)
    if isinstance(node, Bin):
        return _turned(Bin(node.op, rewritten(node.left, rng), rewritten(node.right, rng)), rng)
    return _turned(node, rng)


def _turned(node: Node, rng: random.Random) -> Node:
    ways: list[Node] = []
    match node:
        case Bin("+" | "*" as op, left, right):
            ways += [Bin(op, right, left)] * 3
            if op == "*" and isinstance(right, Bin) and right.op in "+-":
                ways += [Bin(right.op, Bin("*", left, right.left), Bin("*", left, right.right))] * 3
        case Bin("-", left, right):
            ways += [Bin("+", left, Neg(right)), Neg(Bin("-", right, left))]
        case Bin("/", left, right):
            ways += [Bin("*", left, Bin("/", ONE, right)), Bin("*", left, Bin("^", right, Neg(ONE)))]
        case Bin("^", left, right) if right == TWO:
            ways += [Bin("*", left, left)] * 2
        case Neg(inner):
            ways += [Bin("*", Neg(ONE), inner), Bin("-", Num(Fraction(0)), inner)]
        case Call("sqrt", (inner,)):
            ways += [Bin("^", inner, Num(Fraction(1, 2))), Bin("^", inner, Bin("/", ONE, TWO))]
        case Call("exp", (inner,)):
            ways += [Bin("/", ONE, Call("exp", (Neg(inner),)))]
        case Call("ln", (inner,)):
            ways += [Bin("/", Call("ln", (Bin("^", inner, TWO),)), TWO)]
        case Call("max", (a, b)):
            ways += [Call("max", (b, a)), Neg(Call("min", (Neg(a), Neg(b))))]
    if not ways:
        ways = [Bin("/", Bin("*", TWO, node), TWO), Neg(Neg(node)), Bin("-", Bin("+", node, ONE), ONE)]
        return rng.choice(ways) if rng.random() < 0.1 else node
    return rng.choice(ways) if rng.random() < 0.5 else node


SPELLINGS = (
    (" * ", " · "), (" * ", "×"), (" * ", "*"), ("^", "**"), ("^2", "²"), ("-", "−"), ("(", "（"), (")", "）"),
    ("/", "÷"), ("sqrt(", "√("), ("ln(", "log("), ("ln(", "LN("), ("alpha", "α"), ("lambda", "λ"), (", ", "，"),
    ("1", "１"),
)  # fmt: skip


def respelled(text: str, rng: random.Random) -> str:
    """The same text with other signs, as keyboards and input methods give them."""
    for plain, other in SPELLINGS:
        if rng.random() < 0.4 and not (other == "²" and any(f"^2{ch}" in text for ch in "0123456789.")):
            text = text.replace(plain, other)
    return text


def writings(text: str, dealt: Dealt, count: int) -> Iterator[str]:
    """``count`` of them; each is what it was before it was respelled, or the test would prove nothing."""
    rng = random.Random(f"{dealt.question}#{dealt.item}#{text}")
    tree = parse(text, dealt.symbols)
    found = 0
    while found < count:
        plain = write(rewritten(tree, rng))
        if len(plain) > LONGEST:
            continue
        typed = respelled(plain, rng)
        assert parse(typed, dealt.symbols) == parse(plain, dealt.symbols), (typed, plain)
        found += 1
        yield typed


def worked_out(text: str, dealt: Dealt) -> Iterator[str]:
    """What sympy makes of a formula, where it can be typed."""
    import sympy

    build = Builder({name: list(domain) for name, domain in dealt.symbols.items()})
    formula = build(parse(text, dealt.symbols))
    for change in (sympy.expand, sympy.factor, sympy.together, sympy.simplify, sympy.expand_log):
        typed = str(change(formula)).replace("E", "e")
        try:
            parse(typed, dealt.symbols)
        except ExpressionError:
            continue  # sympy's own functions
        if len(typed) <= LONGEST:
            yield typed


@pytest.fixture
def unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    """No child processes: what agrees everywhere is right with and without a proof."""
    monkeypatch.setattr(equivalence, "proven", lambda *formulas: False)


@pytest.mark.usefixtures("unproven")
def test_who_knows_the_formula_is_right_however_it_is_written(formula: Any, count: int) -> None:
    (dealt,) = formula.deals(1)
    for typed in writings(str(dealt.key), dealt, count):
        assert grade(dealt, typed).correct, typed


@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("unproven")
def test_each_wrong_formula_is_named_however_it_is_written(formula: Any, count: int) -> None:
    (dealt,) = formula.deals(1)
    assert dealt.traps, "a formula item names what people get wrong"
    named: Counter[str] = Counter()
    for trap in dealt.traps:
        for typed in writings(str(trap.value), dealt, count):
            verdict = grade(dealt, typed)
            assert not verdict.correct, typed
            named[trap.tag] += verdict.mistake == trap.tag
    met = Counter(trap.tag for trap in dealt.traps)
    assert {tag: named[tag] for tag in met if named[tag] < 0.99 * count * met[tag]} == {}


@pytest.mark.soak
def test_what_sympy_makes_of_a_formula_is_graded_as_the_formula(formula: Any) -> None:
    (dealt,) = formula.deals(1)
    forms = list(worked_out(str(dealt.key), dealt))
    assert forms
    for typed in forms:
        verdict = grade(dealt, typed)
        assert verdict.correct, typed
    for trap in dealt.traps:
        for typed in worked_out(str(trap.value), dealt):
            assert grade(dealt, typed).mistake == trap.tag, typed
    assert dealing.unconfirmed(formula.question, formula.item) is None
