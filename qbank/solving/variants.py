"""Numbers for the quiz: inputs as a prompt shows them, and everything an item can ask about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qbank.domain import NamedMistake, Text, Variant
from qbank.solving.errors import readable
from qbank.solving.info import describe
from solvers import catalogue


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
    import numpy as np

    from solvers.run import run
    from solvers.values import plain

    info = describe(slug)
    with readable():
        solver = catalogue.load(slug)
        solution = run(solver, given, slug=slug, device="cpu", oracle=False)
        mistakes = []
        for mistake in solver.mistakes:
            with np.errstate(all="ignore"):
                wrong = mistake.value(**_fresh(solution.given))
            found = {name: plain(np.asarray(value)) for name, value in wrong.items()}
            mistakes.append(NamedMistake(f"{slug}:{mistake.id}", Text(mistake.zh, mistake.en), found))
    computed = solution.values
    return Variant(
        solver=slug,
        inputs={name: plain(given.get(name, param.default)) for name, param in info.params.items()},
        values={name: plain(value) for name, value in computed.items()},
        labels={name: info.steps.get(name, Text(name, name)) for name in computed},
        mistakes=tuple(mistakes),
    )


def _fresh(given: Mapping[str, Any]) -> dict[str, Any]:
    """Copies, so that a formula which works in place cannot change the next one's arguments."""
    return {name: value.copy() if hasattr(value, "copy") else value for name, value in given.items()}
