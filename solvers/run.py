"""Running a solver: arguments in, steps, outputs, claims and the oracle's verdict out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from solvers.compare import worst
from solvers.contract import BadInput, Claim, Solver, Text
from solvers.lanes import Lane, MissingExtra, pick
from solvers.trace import SolverError, Trace
from solvers.values import read, strict

Array = np.ndarray[Any, Any]
LAB = {"torch": "torch", "sklearn": "scikit-learn", "matplotlib": "matplotlib", "PIL": "pillow"}
"""Libraries of the extra ``lab``: module name -> distribution."""


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded step; ``value`` is stacked on axis 0 where the step was noted more than once."""

    id: str
    label: Text
    value: Array


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A claim put to the test: ``residual`` is the largest size found (NaN where it could not be computed)."""

    id: str
    zh: str
    en: str
    holds: bool
    residual: float


@dataclass(frozen=True, slots=True)
class OracleResult:
    """The second route. ``max_error`` is relative to ``1 + |value|``; None where the oracle was not run (``why``)."""

    route: str
    max_error: float | None
    why: str | None = None
    agrees: bool | None = None


@dataclass(frozen=True, slots=True)
class Solution:
    """Everything one run found. Arrays are float64 or int64 on the host, whatever the lane."""

    slug: str
    inputs: Mapping[str, Any]
    noise: Mapping[str, Any]
    steps: tuple[Step, ...]
    outputs: Mapping[str, Array]
    units: Mapping[str, str]
    claims: tuple[ClaimResult, ...]
    oracle: OracleResult
    lane: str
    device: str
    dtype: str
    seed: int
    tolerance: float
    seconds: float

    @property
    def given(self) -> dict[str, Any]:
        """Arguments and noise together: what ``figure``, claims and mistakes are handed."""
        return {**self.inputs, **self.noise}

    @property
    def values(self) -> dict[str, Array]:
        """Steps and outputs by name."""
        return {**{step.id: step.value for step in self.steps}, **self.outputs}

    def json(self, lang: str = "en") -> dict[str, Any]:
        """Strict JSON: infinities as strings, long arrays summarized."""
        oracle: dict[str, Any] = {"route": self.oracle.route, "max_error": strict(self.oracle.max_error)}
        if self.oracle.why is not None:
            oracle["why"] = self.oracle.why
        return {
            "slug": self.slug,
            "inputs": {name: strict(value) for name, value in self.inputs.items()},
            "steps": [{"id": s.id, "label": s.label[lang], "value": strict(s.value)} for s in self.steps],
            "outputs": {name: strict(value) for name, value in self.outputs.items()},
            "units": dict(self.units),
            "claims": [
                {"id": c.id, "says": c.zh if lang == "zh" else c.en, "holds": c.holds, "residual": strict(c.residual)}
                for c in self.claims
            ],
            "oracle": {**oracle, "agrees": self.oracle.agrees, "tolerance": self.tolerance},
            "lane": self.lane,
            "device": self.device,
            "dtype": self.dtype,
            "seed": self.seed,
            "seconds": self.seconds,
        }


def prepare(solver: Solver, given: Mapping[str, Any] | None, *, dtype: str | None = None) -> dict[str, Any]:
    """Read and check the arguments; missing ones take their defaults. BadInput for what the solver refuses."""
    given = given or {}
    for name in given:
        if name not in solver.params:
            known = ", ".join(solver.params) or "none"
            raise BadInput("argument", f"be one of this solver's ({known})", name)
    exact = (dtype or next(iter(solver.tolerance))) == "int64"
    read_in = {}
    for name, param in solver.params.items():
        if exact and param.kind == "array":
            param = replace(param, dtype="int64")
        read_in[name] = read(param, name, given.get(name, param.default))
    empty = next((n for n, v in read_in.items() if isinstance(v, np.ndarray) and v.size == 0), None)
    try:
        with np.errstate(all="ignore"):
            solver.check(**{n: v.copy() if isinstance(v, np.ndarray) else v for n, v in read_in.items()})
    except (ValueError, IndexError) as error:  # a check that looks for the largest of no numbers
        if empty is None or isinstance(error, BadInput):
            raise
    if empty is not None:
        raise BadInput(empty, "hold at least one number", read_in[empty].shape)
    return read_in


def draw_noise(solver: Solver, inputs: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The run's random arrays, float64 or int64, the same for every lane. Empty where the solver draws none.

    MissingExtra where drawing takes a library that is not installed (data sets of scikit-learn, say)."""
    if solver.noise is None:
        return {}
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise BadInput("seed", "be an integer from 0 up", seed)
    try:
        drawn = {name: np.asarray(v) for name, v in solver.noise(np.random.default_rng(seed), **inputs).items()}
    except ModuleNotFoundError as error:
        library = LAB.get((error.name or "").partition(".")[0])
        if library is None:
            raise
        raise MissingExtra("this choice", library) from None
    return {name: v.astype(np.float64 if v.dtype.kind == "f" else np.int64) for name, v in drawn.items()}


def forward(solver: Solver, lane: Lane, given: Mapping[str, Any], note: Trace) -> dict[str, Any]:
    """``compute`` on arrays that already are on the lane; the outputs are exactly the declared ones."""
    with np.errstate(all="ignore"):
        out = dict(solver.compute(lane.xp, note, **given))
    if out.keys() != solver.outputs.keys():
        raise SolverError(f"compute returned {sorted(out)}, the record declares {sorted(solver.outputs)}")
    return out


def collect(note: Trace, lane: Lane, solver: Solver) -> dict[str, Array]:
    """The noted steps on the host, in the order of the record; repeated ones stacked."""
    found = {}
    for step in solver.steps:
        values = [lane.host(v) for v in note.noted.get(step, ())]
        if len({v.shape for v in values}) > 1:
            raise SolverError(f"step {step} changed its shape from {values[0].shape} to {values[-1].shape}")
        if values:
            found[step] = values[0] if len(values) == 1 else np.stack(values)
    return found


def put_to_test(claim: Claim, given: Mapping[str, Any], out: Mapping[str, Any], tolerance: float) -> ClaimResult:
    """One claim on one run: it holds where every element of the residual is within the tolerance."""
    with np.errstate(all="ignore"):
        residual = np.abs(np.asarray(claim.residual(given, out), dtype=np.float64))
    size = float(np.max(residual)) if residual.size else 0.0  # NaN wins: it never holds
    return ClaimResult(claim.id, claim.zh, claim.en, bool(size <= tolerance), size)


def ask_oracle(
    solver: Solver, given: Mapping[str, Any], outputs: Mapping[str, Any], tolerance: float, *, check: bool
) -> OracleResult:
    """Compare with the second route. A torch route is asked only with ``check``; so is a missing library an error."""
    route = solver.oracle_route
    if route.startswith("torch") and not check:
        return OracleResult(route, None, "the second route imports torch; ask for it with --check")
    try:
        with np.errstate(all="ignore"):
            right = solver.oracle(**given)
    except ModuleNotFoundError as error:
        library = LAB.get((error.name or "").partition(".")[0])
        if library is None:
            raise
        missing = MissingExtra("the second route", library)
        if check:
            raise missing from None
        return OracleResult(route, None, str(missing))
    if right.keys() != outputs.keys():
        raise SolverError(f"the oracle returned {sorted(right)}, compute {sorted(outputs)}")
    error_size, why = worst(outputs, {n: np.asarray(v) for n, v in right.items()})
    return OracleResult(route, error_size, why, agrees=error_size <= tolerance)


def run(
    solver: Solver,
    given: Mapping[str, Any] | None = None,
    *,
    slug: str = "",
    seed: int = 0,
    lane: str | None = None,
    device: str = "cpu",
    dtype: str | None = None,
    check: bool = False,
    oracle: bool = True,
    on_step: Callable[[str, Array], None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Solution:
    """Run a solver on JSON-like arguments (missing ones take their defaults).

    ``lane=None`` takes the solver's first lane, or torch where an accelerator is asked for; ``dtype=None`` the first
    of its tolerances. ``seed`` draws the noise. ``check`` runs a torch oracle too, ``oracle=False`` runs none.
    ``on_step(id, value)`` streams steps as numpy arrays.

    Raises BadInput for refused arguments, MissingExtra without a needed library, Cancelled once ``cancelled()``
    is true, SolverError where a solver breaks its own record.
    """
    where = pick(solver, lane, device, dtype)
    inputs = prepare(solver, given, dtype=where.dtype)
    noise = draw_noise(solver, inputs, seed)
    stream = None if on_step is None else lambda step, value: on_step(step, where.host(value))
    note = Trace(
        solver.steps,
        device=where.device,
        make_generator=(lambda: _generator(where, seed)) if where.name == "torch" else None,
        on_step=stream,
        on_progress=on_progress,
        cancelled=cancelled,
    )
    placed = {name: where.put(value) for name, value in {**inputs, **noise}.items()}
    start = perf_counter()
    raw = forward(solver, where, placed, note)
    where.wait()
    seconds = perf_counter() - start
    outputs = {name: where.host(raw[name]) for name in solver.outputs}
    steps = collect(note, where, solver)
    seen = {name: where.seen(value) for name, value in {**inputs, **noise}.items()}
    tolerance = float(solver.tolerance[where.dtype])
    return Solution(
        slug=slug,
        inputs=inputs,
        noise=noise,
        steps=tuple(Step(name, solver.steps[name], value) for name, value in steps.items()),
        outputs=outputs,
        units=dict(solver.outputs),
        claims=tuple(put_to_test(c, seen, {**steps, **outputs}, tolerance) for c in solver.claims),
        oracle=ask_oracle(solver, seen, outputs, tolerance, check=check) if oracle else _unasked(solver),
        lane=where.name,
        device=str(where.device),
        dtype=where.dtype,
        seed=seed,
        tolerance=tolerance,
        seconds=seconds,
    )


def _generator(lane: Lane, seed: int) -> Any:
    import torch

    return torch.Generator(device=lane.device).manual_seed(seed)


def _unasked(solver: Solver) -> OracleResult:
    return OracleResult(solver.oracle_route, None, "not asked")
