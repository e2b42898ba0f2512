"""Items whose numbers a solver deals: the key is computed from what is shown."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qbank import solving
from qbank.dealing.numbers import pick, reference, scalar
from qbank.dealing.placeholders import fill_both
from qbank.dealing.worked import worked
from qbank.domain import Dealt, Item, QbankError, Question, Text, Trap, Variant
from qbank.grading import grade, key_text, rows


def entropy(question: str, item: str, seed: int, attempt: int) -> tuple[int, int, int]:
    """What seeds the numbers: the same on every machine and in every version."""
    name = int.from_bytes(hashlib.sha256(f"{question}#{item}".encode()).digest()[:4], "big")
    return seed, name, attempt


def attempt(question: Question, item: Item, seed: int, k: int) -> Dealt:
    """The ``k``-th draw for this seed. QbankError where item and solver do not fit together."""
    where = f"{question.id} {item.id}"
    asked = reference(item.ask or "")
    if item.solver is None or asked is None:
        raise QbankError(f"{where}: ask must be an output or a step, with an index where needed; got {item.ask}")
    drawn = entropy(question.id, item.id, seed, k)
    if str(seed) in item.keys and "numpy" not in solving.describe(item.solver).lanes:
        inputs = solving.shown(item.solver, drawn)
        mistakes = solving.mistaken(item.solver, inputs)
        variant = Variant(item.solver, inputs, {asked[0]: item.keys[str(seed)]}, {}, mistakes)
        key = item.keys[str(seed)]
    else:
        variant = solving.variant(item.solver, drawn)
        try:
            key = pick(variant.values[asked[0]], asked[1])
        except LookupError:
            raise QbankError(f"{where}: {item.solver} computes no {item.ask}") from None
    key = _key(item.kind, key, where)
    exact = item.kind == "shape" or all(isinstance(number, int) for number in rows.leaves(key))
    try:
        stem = fill_both(item.stem, variant.inputs, variant.values)
        hint = fill_both(item.hint, variant.inputs, variant.values)
        written = fill_both(item.worked, variant.inputs, variant.values)
    except QbankError as error:
        raise QbankError(f"{where}: {error}") from None
    dealt = Dealt(
        question=question.id,
        item=item.id,
        kind=item.kind,
        seed=seed,
        rev=question.rev,
        stem=stem or item.stem,
        key=key,
        inputs=variant.inputs,
        solver=item.solver,
        ask=item.ask,
        rtol=0.0 if exact else item.rtol,
        atol=0.0 if exact else item.atol,
        hint=hint,
        worked=written or worked(variant, asked[0], item.ask or "", key),
    )
    return replace(dealt, traps=_traps(variant, dealt, asked))


def check_keys(question: Question, item: Item) -> list[str]:
    """What is wrong with the item's precomputed keys, each compared with a run. Needs what the solver needs (torch)."""
    reasons = []
    for seed in item.keys:
        written = attempt(question, item, int(seed), 0)
        computed = attempt(question, replace(item, keys={}), int(seed), 0)
        if not grade(computed, key_text(written)).correct:
            reasons.append(f"{item.id}, seed {seed}: the key {key_text(written)} must be {key_text(computed)}")
    return reasons


RANKS = {"vector": 1, "matrix": 2}


def _key(kind: str, value: Any, where: str) -> Any:
    if kind == "number":
        number = scalar(value)
        if number is None:
            raise QbankError(f"{where}: a number is asked for and the solver gives a list; add an index to ask")
        return number
    if kind in RANKS:
        axes = rows.shape(value) or ()
        if len(axes) != RANKS[kind] or 0 in axes or None in map(scalar, rows.leaves(value)):
            raise QbankError(f"{where}: a {kind} is asked for and the solver gives the shape {list(axes)}")
        return value
    sizes = value if isinstance(value, list) else [value]
    if not all(_whole(size) for size in sizes):
        raise QbankError(f"{where}: a shape is asked for and the solver gives no list of whole numbers")
    return [int(size) for size in sizes]


def _whole(size: Any) -> bool:
    number = scalar(size)
    return number is not None and math.isfinite(number) and number == int(number) >= 0


def _traps(variant: Variant, dealt: Dealt, asked: tuple[str, Sequence[int]]) -> tuple[Trap, ...]:
    """The mistakes that these numbers bring out.

    Left out: a mistake that does not touch the asked value (it shows at another index only), one that is not finite,
    and one that gives exactly the value of an earlier mistake (an answer cannot tell the two apart). One that gives the
    key stays in, and the deal is unsound: who makes the mistake would be told that all is well.
    """
    name, indices = asked
    found: list[Trap] = []
    for mistake in variant.mistakes:
        if name not in mistake.values:
            continue
        try:
            value = pick(mistake.values[name], indices)
        except LookupError:
            continue
        value = _trap_value(dealt.kind, value)
        if value is None or any(_same(value, trap.value) for trap in found):
            continue
        if indices and _same(value, dealt.key) and mistake.values[name] != variant.values.get(name):
            continue
        found.append(Trap(mistake.tag, Text(mistake.text.zh, mistake.text.en), value))
    return tuple(found)


def _trap_value(kind: str, value: Any) -> Any:
    if kind == "shape":
        sizes = value if isinstance(value, list) else [value]
        return [int(size) for size in sizes] if all(map(_whole, sizes)) else None
    if kind in RANKS:
        numbers = [scalar(leaf) for leaf in rows.leaves(value)]
        finite = all(number is not None and math.isfinite(number) for number in numbers)
        return value if isinstance(value, list) and rows.shape(value) and numbers and finite else None
    number = scalar(value)
    return number if number is not None and math.isfinite(number) else None


def _same(a: Any, b: Any) -> bool:
    """Equal but for rounding in the last digits."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, list) or isinstance(b, list) or (isinstance(a, int) and isinstance(b, int)):
        return bool(a == b)
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-300)
