"""Numbers for the quiz: inputs as a prompt shows them, and everything an item can ask about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qbank.domain import NamedMistake, Text, Variant
from qbank.solving.errors import readable
from qbank.solving.info import describe
from solvers import catalogue
from solvers.contract import Solver


def shown(slug: str, entropy: Sequence[int]) -> dict[str, Any]:
    """The inputs of a variant as plain Python, computing nothing else: needs no torch for any solver.

    ``entropy`` (integers from 0 up) seeds ``numpy.random.default_rng``: the same numbers give the same inputs.
    """
    import numpy as np

    from solvers.values import plain

    with readable():
        solver = catalogue.load(slug)
        drawn = solver.variant(np.random.default_rng([int(n) for n in entropy]))
        return {name: plain(value) for name, value in drawn.items()}


def variant(slug: str, entropy: Sequence[int]) -> Variant:
    """One variant: the inputs drawn by :func:`shown` and what :func:`values` computes from them."""
    return values(slug, shown(slug, entropy))


def values(slug: str, given: Mapping[str, Any]) -> Variant:
    """Outputs, steps and every mistake's values for these inputs, in float64 (int64 where the solver is exact).

    ``inputs`` keeps what was given (``"1/3"`` stays a string), missing ones as their defaults. Values are plain
    Python numbers and nested lists; infinities and NaN are floats. Runs on the solver's first lane, on the CPU;
    noise, where a solver draws any, is that of seed 0.
    """
    from solvers.run import run
    from solvers.values import plain

    info = describe(slug)
    with readable():
        solver = catalogue.load(slug)
        solution = run(solver, given, slug=slug, device="cpu", oracle=False)
        mistakes = _mistakes(slug, solver, solution.given)
    computed = solution.values
    return Variant(
        solver=slug,
        inputs={name: plain(given.get(name, param.default)) for name, param in info.params.items()},
        values={name: plain(value) for name, value in computed.items()},
        labels={name: info.steps.get(name, Text(name, name)) for name in computed},
        mistakes=mistakes,
    )


def mistaken(slug: str, given: Mapping[str, Any]) -> tuple[NamedMistake, ...]:
    """Every mistake's values for these inputs, running nothing: what a precomputed key has for company without torch.

    A mistake whose formula itself needs a library that is not installed is left out.
    """
    from solvers.run import draw_noise, prepare

    with readable():
        solver = catalogue.load(slug)
        inputs = prepare(solver, given)
        return _mistakes(slug, solver, {**inputs, **draw_noise(solver, inputs, 0)})


def _mistakes(slug: str, solver: Solver, given: Mapping[str, Any]) -> tuple[NamedMistake, ...]:
    import numpy as np

    from solvers.values import plain

    found = []
    for mistake in solver.mistakes:
        try:
            with np.errstate(all="ignore"):
                wrong = mistake.value(**_fresh(given))
        except ModuleNotFoundError:
            continue
        values = {name: plain(np.asarray(value)) for name, value in wrong.items()}
        found.append(NamedMistake(f"{slug}:{mistake.id}", Text(mistake.zh, mistake.en), values))
    return tuple(found)


def _fresh(given: Mapping[str, Any]) -> dict[str, Any]:
    """Copies, so that a formula which works in place cannot change the next one's arguments."""
    return {name: value.copy() if hasattr(value, "copy") else value for name, value in given.items()}
