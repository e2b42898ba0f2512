"""Proofs of errata: a source's formula shown to fail, or the right statement shown to hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from qbank.domain import BadValue
from qbank.solving.errors import readable
from qbank.solving.info import describe
from solvers import catalogue

SAMPLES = 20


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether a proof holds, and the one line that shows it."""

    proven: bool
    evidence: str


def prove(proof: Mapping[str, Any]) -> Proof:
    """Test ``{solver, mistake, margin[, set]}`` or ``{solver, claim[, set]}``.

    A mistake is proven wrong where its value differs from the right output by more than ``margin`` (relative to
    ``1 + |right|``), or is not finite where the right one is. A claim is proven on ``set`` (or the defaults) and on
    twenty seeded samples. Raises BadValue for a proof that names nothing, or whose margin is no positive number.
    """
    unknown = set(proof) - {"solver", "mistake", "margin", "claim", "set"}
    if unknown:
        raise BadValue("proof", "have the keys solver, mistake, margin, claim, set only", ", ".join(sorted(unknown)))
    if ("mistake" in proof) == ("claim" in proof):
        raise BadValue("proof", "name either a mistake or a claim", ", ".join(proof))
    slug = str(proof.get("solver", ""))
    kind = "mistake" if "mistake" in proof else "claim"
    info = describe(slug)
    known = info.mistakes if kind == "mistake" else info.claims
    name = proof[kind]
    if name not in known:
        raise BadValue(f"proof {kind}", f"be one of {slug}'s ({', '.join(known) or 'none'})", str(name))
    given = proof.get("set", {})
    if kind == "claim":
        return _claim(slug, name, given)
    margin = proof.get("margin")
    if isinstance(margin, bool) or not isinstance(margin, (int, float)) or not (isfinite(margin) and margin > 0):
        raise BadValue("proof margin", "be a positive number", margin)
    return _mistake(slug, name, given, float(margin))


def _mistake(slug: str, name: str, given: Mapping[str, Any], margin: float) -> Proof:
    import numpy as np

    from qbank.solving.variants import values
    from solvers.compare import elementwise

    found = values(slug, given)
    wrong = next(m.values for m in found.mistakes if m.tag == f"{slug}:{name}")
    best: tuple[float, str] | None = None
    for output, value in wrong.items():
        if output not in found.values:
            continue
        mine, right = np.asarray(value), np.asarray(found.values[output])
        if mine.shape != right.shape:
            return Proof(True, f"{slug}: {name} gives {output} the shape {mine.shape}, right is {right.shape}")
        if mine.size == 0:
            continue
        gaps = elementwise(mine, right)
        at = int(np.argmax(gaps))
        index = "" if mine.ndim == 0 else "[" + ", ".join(str(int(i)) for i in np.unravel_index(at, mine.shape)) + "]"
        a, b, gap = float(mine.ravel()[at]), float(right.ravel()[at]), float(gaps.ravel()[at])
        if best is None or gap > best[0]:
            apart = f"apart by {gap:.3g}, margin {margin:g}" if isfinite(gap) else "one of them is not finite"
            best = gap, f"{slug}: {name} gives {output}{index} = {a:.6g}, right is {b:.6g} ({apart})"
    if best is None:
        return Proof(False, f"{slug}: these numbers do not bring out the mistake {name}")
    return Proof(best[0] > margin, best[1])


def _claim(slug: str, name: str, given: Mapping[str, Any]) -> Proof:
    import numpy as np

    from solvers.run import run

    with readable():
        solver = catalogue.load(slug)
        cases = [given, *(solver.sample(np.random.default_rng([seed, 7])) for seed in range(SAMPLES))]
        largest, tolerance = 0.0, 0.0
        for place, case in enumerate(cases):
            solution = run(solver, case, slug=slug, seed=place, oracle=False)
            result = next(c for c in solution.claims if c.id == name)
            tolerance = solution.tolerance
            if not result.holds:
                where = "the given numbers" if place == 0 else f"sample {place}"
                return Proof(
                    False, f"{slug}: {name} fails on {where}: residual {result.residual:.3g}, tolerance {tolerance:g}"
                )
            largest = max(largest, result.residual)
    return Proof(
        True,
        f"{slug}: {name} holds on the given numbers and on {SAMPLES} samples: "
        f"largest residual {largest:.2g}, tolerance {tolerance:g}",
    )
