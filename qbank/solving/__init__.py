"""The only door to ``solvers/``. Importing it costs no array library; errors are the domain's.

``describe`` tells what a solver is, ``solve`` runs it, ``variant`` and ``values`` give numbers for items,
``prove`` tests an erratum's proof, ``verify`` runs every solver against its oracle, ``figure`` gives its picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from qbank.solving.errors import readable
from qbank.solving.info import ParamInfo, SolverInfo, describe, source
from qbank.solving.proofs import Proof, prove
from qbank.solving.variants import mistaken, shown, values, variant
from qbank.solving.verifying import VerifyRow, verify
from solvers import catalogue
from solvers.catalogue import THEMES
from solvers.contract import Figure

if TYPE_CHECKING:
    from solvers.run import Solution

__all__ = [
    "THEMES", "Figure", "ParamInfo", "Proof", "Solution", "SolverInfo", "VerifyRow", "describe", "figure", "mistaken",
    "prove", "shown", "slugs", "solve", "source", "values", "variant", "verify",
]  # fmt: skip


def slugs() -> tuple[str, ...]:
    """Every solver's slug, in order of theme and name. Imports no solver."""
    return catalogue.slugs()


def solve(
    slug: str,
    given: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    lane: str | None = None,
    device: str = "auto",
    dtype: str | None = None,
    check: bool = False,
    on_step: Callable[[str, Any], None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Solution:
    """Run a solver; see :func:`solvers.run.run`. ``lane=None``: its first lane, or torch for an accelerator.

    Raises BadValue for refused arguments and QbankError where a library of the extra ``lab`` is missing.
    """
    with readable():
        from solvers.run import run

        return run(
            catalogue.load(slug),
            given,
            slug=slug,
            seed=seed,
            lane=lane,
            device=device,
            dtype=dtype,
            check=check,
            on_step=on_step,
            on_progress=on_progress,
            cancelled=cancelled,
        )


def figure(solution: Solution) -> Figure | None:
    """The picture of a run, or None where its solver draws none."""
    import numpy as np

    draw = catalogue.load(solution.slug).figure
    if draw is None:
        return None
    with np.errstate(all="ignore"):
        return draw(solution.given, dict(solution.outputs), {step.id: step.value for step in solution.steps})
