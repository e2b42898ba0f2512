"""Are the numbers right: oracle, claims, mistakes, gradients, batches, the same twice?"""

from __future__ import annotations

import numpy as np
from solver_checks.cases import Subject, every, given, samples, say, solved, trace, variants

from solvers.compare import difference, worst
from solvers.contract import BadInput
from solvers.lanes import pick
from solvers.run import forward, prepare, run


def oracle_agrees(subject: Subject, lane: str, dtype: str, device: str = "cpu") -> None:
    """Compute and oracle agree on defaults, edges and samples."""
    for label, case in every(subject.solver):
        solution = solved(subject.solver, case, lane=lane, dtype=dtype, device=device, check=True)
        oracle = solution.oracle
        say(
            oracle.agrees,
            f"on {label} ({lane}, {dtype}) the oracle differs by {oracle.max_error}, "
            f"tolerance {solution.tolerance}{': ' + oracle.why if oracle.why else ''}",
        )


def claims_hold(subject: Subject, lane: str, dtype: str) -> None:
    """Every claim holds on defaults, edges and samples."""
    for label, case in every(subject.solver):
        solution = solved(subject.solver, case, lane=lane, dtype=dtype, oracle=False)
        for claim in solution.claims:
            say(
                claim.holds,
                f"on {label} ({lane}, {dtype}) {claim.id} fails: residual {claim.residual}, "
                f"tolerance {solution.tolerance}",
            )


def claims_are_true_of_the_oracle(subject: Subject) -> None:
    """A claim about outputs alone holds for the oracle's own numbers as well (steps stay compute's)."""
    s = subject.solver
    for label, case in every(s):
        solution = solved(s, case, oracle=False)
        right = {n: np.asarray(v, dtype=np.float64) for n, v in s.oracle(**given(s, case)).items()}
        values = {**solution.values, **right}
        for claim in s.claims:
            with np.errstate(all="ignore"):
                residual = np.abs(np.asarray(claim.residual(given(s, case), values), dtype=np.float64))
            say(
                np.all(residual <= 4 * solution.tolerance),
                f"on {label} {claim.id} fails for the oracle's own numbers: {residual}",
            )


def mistakes_are_caught(subject: Subject) -> None:
    """The oracle rejects every mistake by four tolerances of the loosest dtype, on some sample, variant or edge."""
    s = subject.solver
    margin = 4 * max(s.tolerance.values())
    everywhere = []
    for _, case in [*every(s), *variants(s)]:
        arguments = given(s, case)
        right = {n: np.asarray(v) for n, v in s.oracle(**arguments).items()}
        everywhere.append((arguments, {**solved(s, case, oracle=False).values, **right}))
    for mistake in s.mistakes:
        farthest, brought_out = 0.0, False
        for arguments, right in everywhere:
            before = repr(arguments)
            with np.errstate(all="ignore"):
                wrong = mistake.value(**arguments)
            say(repr(arguments) == before, f"{mistake.id} changes its arguments in place")
            known = {**s.outputs, **s.steps}
            say(set(wrong) <= set(known), f"{mistake.id} gives {sorted(set(wrong) - set(known))}, which is no output")
            for name, value in wrong.items():
                brought_out = True
                farthest = max(farthest, difference(value, right[name]))
        say(brought_out, f"no sample, variant or edge brings out the mistake {mistake.id}")
        say(farthest > margin, f"nothing tells {mistake.id} from the right answer: {farthest} against {margin}")


def mistakes_show_on_variants(subject: Subject) -> None:
    """At least one mistake changes a finite output on each variant: the quiz has a distractor to name."""
    s = subject.solver
    for label, case in variants(s, range(12)):
        arguments = given(s, case)
        right = solved(s, case, oracle=False).values
        found = False
        for mistake in s.mistakes:
            with np.errstate(all="ignore"):
                wrong = mistake.value(**arguments)
            found |= any(np.all(np.isfinite(v)) and difference(v, right[n]) > 0 for n, v in wrong.items())
        say(found, f"on {label} no mistake gives a finite wrong answer")


def the_same_twice(subject: Subject) -> None:
    """Compute draws nothing itself: two runs give the same bits."""
    s = subject.solver
    for label, case in samples(s, range(2)):
        once, again = (run(s, case, oracle=False).values for _ in range(2))
        for name, value in once.items():
            say(np.array_equal(value, again[name], equal_nan=True), f"on {label} a second run changes {name}")


def gradients_are_right(subject: Subject) -> None:
    """torch's gradcheck on samples, through every floating output; nothing cuts the graph."""
    s = subject.solver
    if not s.smooth or "torch" not in s.lanes or "float64" not in s.tolerance:
        return
    import torch
    from torch.autograd.gradcheck import GradcheckError

    lane = pick(s, "torch", "cpu", "float64")
    for label, case in samples(s, range(2)):
        placed = {name: lane.put(value) for name, value in given(s, case, "float64").items()}
        moving = [n for n, v in placed.items() if isinstance(v, torch.Tensor) and v.is_floating_point()]
        say(moving, "a smooth solver needs a floating array argument; set smooth=False")

        def outputs(*values, placed=placed, moving=moving):
            out = forward(s, lane, {**placed, **dict(zip(moving, values, strict=True))}, trace(s, lane))
            return tuple(v for v in out.values() if v.is_floating_point())

        tensors = [placed[n].requires_grad_() for n in moving]
        say(all(v.requires_grad for v in outputs(*tensors)), f"on {label} an output is cut from the graph")
        try:
            torch.autograd.gradcheck(outputs, tensors, eps=1e-6, atol=1e-5, rtol=1e-4)
        except GradcheckError as error:
            raise AssertionError(f"on {label} the gradient is wrong: {error}") from None


def batch_is_the_loop(subject: Subject, lane: str, dtype: str) -> None:
    """Inputs stacked on a new leading axis give the stacked outputs of the single runs."""
    s = subject.solver
    batched = [n for n, p in s.params.items() if p.kind == "array" and p.shape.lstrip("( ").startswith("...")]
    if not s.batched or not any(p.kind == "array" for p in s.params.values()):
        return
    say(batched, "batched=True needs an array argument whose shape begins with '...'; or set batched=False")
    singles = _alike(s, batched, dtype)
    stacked = dict(singles[0])
    for name in batched:
        stacked[name] = np.stack([single[name] for single in singles])
    together = run(s, stacked, lane=lane, dtype=dtype, oracle=False)
    for name, value in together.outputs.items():
        say(
            value.ndim >= 1 and value.shape[0] == len(singles),
            f"{name} has shape {value.shape} for a batch of {len(singles)}: the batch axis is lost",
        )
    where = pick(s, lane, "cpu", dtype)
    for place, single in enumerate(singles):
        placed = given(s, single, dtype)
        for name, drawn in together.noise.items():
            placed[name] = drawn if np.shape(drawn) == np.shape(placed[name]) else drawn[place]
        raw = forward(s, where, {n: where.put(v) for n, v in placed.items()}, trace(s, where))
        alone = {name: where.host(value) for name, value in raw.items()}
        gap, why = worst({n: v[place] for n, v in together.outputs.items()}, alone)
        say(gap <= together.tolerance, f"entry {place} of a batch differs by {gap} from its single run: {why}")


def _alike(solver, batched, dtype) -> list:
    """Two or three samples of equal shapes that share every argument which is no batch."""
    groups: dict = {}
    for _, case in samples(solver, range(60)):
        inputs = prepare(solver, case, dtype=dtype)
        shapes = tuple(
            np.shape(v) if isinstance(v, np.ndarray) else "" if isinstance(v, float) else v for v in inputs.values()
        )
        group = groups.setdefault(shapes, [])
        if group:
            inputs = {n: inputs[n] if n in batched else group[0][n] for n in inputs}
            try:
                prepare(solver, inputs, dtype=dtype)
            except BadInput:
                continue
        group.append(inputs)
        if len(group) == 3:
            return group
    largest = max(groups.values(), key=len)
    say(len(largest) >= 2, "sixty samples hold no two of the same shapes: no batch can be made of them")
    return largest
