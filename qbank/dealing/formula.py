"""Items that ask for a formula: nothing varies with the seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from qbank import solving
from qbank.dealing.numbers import pick, reference, scalar
from qbank.dealing.worded import mistake_text
from qbank.domain import Dealt, Item, QbankError, Question, Text, Trap
from qbank.grading.expression import ExpressionError, Node, evaluate, parse, write

CONFIRMED = 8
"""Sets of a solver's numbers that a key must meet."""
RTOL = 1e-9


def deal(question: Question, item: Item, seed: int) -> Dealt:
    """Freeze the key, the domain and the wrong formulas. QbankError where one of them cannot be read."""
    where = f"{question.id} {item.id}"
    traps = []
    for wrong in item.wrong:
        tag = wrong.mistake if ":" in wrong.mistake else f"{question.id}:{wrong.mistake}"
        says = mistake_text(question, wrong.mistake) or Text(wrong.mistake, wrong.mistake)
        traps.append(Trap(tag, says, write(_read(item, wrong.expr, where))))
    return Dealt(
        question=question.id,
        item=item.id,
        kind=item.kind,
        seed=seed,
        rev=question.rev,
        stem=item.stem,
        key=write(_read(item, item.key or "", where)),
        solver=item.solver,
        ask=item.ask,
        symbols=dict(item.symbols),
        traps=tuple(traps),
        hint=item.hint,
        worked=item.worked,
    )


def _read(item: Item, text: str, where: str) -> Node:
    try:
        return parse(text, item.symbols)
    except ExpressionError as error:
        raise QbankError(f"{where}: cannot read {text}: {error.line().en}") from None


def unconfirmed(question: Question, item: Item) -> str | None:
    """Why the item's solver does not confirm its key; None where it does, or where there is no solver.

    On several sets of the solver's own numbers the key must give what the item asks for. Each symbol is an input or
    a computed value of its name. QbankError where the key cannot be read or the solver does not fit.
    """
    asked = reference(item.ask or "")
    if item.solver is None or asked is None:
        return None
    where = f"{question.id} {item.id}"
    key = _read(item, item.key or "", where)
    for n in range(CONFIRMED):
        variant = solving.variant(item.solver, (n, 0, 0))
        values = {name: _symbol(name, variant.inputs, variant.values, where) for name in item.symbols}
        try:
            wanted = scalar(pick(variant.values[asked[0]], asked[1]))
        except LookupError:
            wanted = None
        if wanted is None:
            raise QbankError(f"{where}: {item.solver} gives no number {item.ask}")
        try:
            given = float(evaluate(key, values))
        except ExpressionError as error:
            given, wanted = math.nan, wanted
            shown = str(error)
        else:
            shown = f"{given:.6g}"
        if not math.isclose(given, wanted, rel_tol=RTOL, abs_tol=1e-12):
            at = ", ".join(f"{name}={value:.6g}" for name, value in values.items())
            return f"at {at} the key gives {shown}, {item.solver} {wanted:.6g}"
    return None


def _symbol(name: str, inputs: Mapping[str, Any], values: Mapping[str, Any], where: str) -> float:
    from fractions import Fraction

    value = inputs.get(name, values.get(name))
    if isinstance(value, str):
        try:
            return float(Fraction(value.replace(" ", "")))
        except (ValueError, ZeroDivisionError):
            value = None
    number = scalar(value)
    if number is None:
        raise QbankError(f"{where}: the symbol {name} must be a number of the solver's")
    return float(number)
