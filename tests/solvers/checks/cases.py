"""The inputs that the universal checks run on."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvers.contract import Solver
from solvers.lanes import Lane
from solvers.run import Solution, draw_noise, prepare, run
from solvers.trace import Trace

SEEDS = range(4)


@dataclass(frozen=True)
class Subject:
    """A solver under test and the text of its file."""

    slug: str
    solver: Solver
    source: str

    def __repr__(self) -> str:
        return f"<{self.slug}>"


def samples(solver: Solver, seeds=SEEDS) -> list[tuple[str, dict[str, Any]]]:
    return [(f"sample {seed}", solver.sample(np.random.default_rng([seed, 11]))) for seed in seeds]


def variants(solver: Solver, seeds=SEEDS) -> list[tuple[str, dict[str, Any]]]:
    return [(f"variant {seed}", solver.variant(np.random.default_rng([seed, 12]))) for seed in seeds]


def rim(solver: Solver) -> list[tuple[str, dict[str, Any]]]:
    return [("the defaults", {})] + [(f"edge {place}", dict(edge)) for place, edge in enumerate(solver.edges)]


def every(solver: Solver) -> list[tuple[str, dict[str, Any]]]:
    return rim(solver) + samples(solver)


def given(solver: Solver, case: dict[str, Any], dtype: str | None = None) -> dict[str, Any]:
    """Arguments and noise of one case, read and checked."""
    inputs = prepare(solver, case, dtype=dtype)
    return {**inputs, **draw_noise(solver, inputs, 0)}


_TRAINED: dict[tuple[int, bytes], tuple[Solver, Solution]] = {}


def solved(solver: Solver, case: dict[str, Any], **options: Any) -> Solution:
    """A run. One of a solver that trains is kept: it takes seconds, and several checks look at the same one."""
    if "numpy" in solver.lanes:
        return run(solver, case, **options)
    key = id(solver), pickle.dumps((case, sorted(options.items())))
    if key not in _TRAINED:
        _TRAINED[key] = solver, run(solver, case, **options)  # with the solver, so that its id stays its own
    return _TRAINED[key][1]


def trace(solver: Solver, lane: Lane) -> Trace:
    make = None
    if lane.name == "torch" and "numpy" not in solver.lanes:
        import torch

        make = lambda: torch.Generator(device=lane.device).manual_seed(0)  # noqa: E731
    return Trace(solver.steps, device=lane.device, make_generator=make)


def say(condition: object, message: str) -> None:
    """Fail with ``message`` unless ``condition`` is true (these files are outside pytest's rewriting)."""
    if not condition:
        raise AssertionError(message)
