"""What a wrong formula lacks: a sign, a constant factor, a factor or a term of the key."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from qbank.domain import Text
from qbank.grading.equivalence.compare import values
from qbank.grading.equivalence.points import Domain
from qbank.grading.expression import Node, constant, nodes, write

MOST_PARTS = 30


def hint(given: Node, key: Node, domain: Domain, seed: str) -> Text | None:
    """A difference in words, if it is one of the simple ones at every point; None if not."""
    at_all, same = values(domain, seed)
    mine, right = at_all(given), at_all(key)
    if mine is None or right is None or not domain:
        return None
    if all(same(a, -b) for a, b in zip(mine, right, strict=True)):
        return Text("正负号反了", "the sign is the other way round")
    if all(mine) and all(right):
        ratios = [b / a for a, b in zip(mine, right, strict=True)]
        if all(same(ratios[0], ratio) for ratio in ratios):
            factor = _number(ratios[0])
            return Text(f"差常数倍 {factor}", f"missing the constant factor {factor}")
    gaps = [b - a for a, b in zip(mine, right, strict=True)]
    if all(same(gaps[0], gap) for gap in gaps):
        gap = _number(gaps[0])
        return Text(f"差常数 {gap}", f"missing the constant {gap}")
    for part in _parts(key):
        found = at_all(part)
        if found is None or not any(found):
            continue
        name = write(part)
        for zh, en, sums in (
            ("少了因子", "missing factor", [(a * c, b) for a, b, c in zip(mine, right, found, strict=True)]),
            ("多了因子", "one factor too many:", [(a, b * c) for a, b, c in zip(mine, right, found, strict=True)]),
            ("少了一项", "missing term", [(a + c, b) for a, b, c in zip(mine, right, found, strict=True)]),
            ("多了一项", "one term too many:", [(a, b + c) for a, b, c in zip(mine, right, found, strict=True)]),
        ):
            if all(same(one, other) for one, other in sums):
                return Text(f"{zh} {name}", f"{en} {name}")
    return None


def _parts(key: Node) -> list[Node]:
    """The key's parts that hold a symbol, the large ones first, each once."""
    found = {write(node): node for node in nodes(key) if not constant(node)}
    return [found[name] for name in sorted(found, key=len, reverse=True)][1 : MOST_PARTS + 1]


def _number(value: Any) -> str:
    plain = float(value)
    short = Fraction(plain).limit_denominator(1000)
    if abs(short - Fraction(plain)) <= Fraction(1, 10**13) * abs(short):
        return str(short)
    return format(plain, ".4g")
