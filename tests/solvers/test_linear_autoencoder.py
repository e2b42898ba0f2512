"""What the universal checks cannot see in a trained solver: cancel, seeds, and an honest word when unfinished."""

from __future__ import annotations

import numpy as np
import pytest

from solvers import catalogue
from solvers.run import run
from solvers.trace import Cancelled

pytest.importorskip("torch", reason="no torch: install the extra 'lab'")


@pytest.fixture
def solver():
    return catalogue.load("linear-autoencoder-pca")


def test_progress_is_told_and_a_cancel_stops_it(solver):
    told = []

    def progress(done, total):
        told.append((done, total))

    with pytest.raises(Cancelled):
        run(solver, on_progress=progress, cancelled=lambda: len(told) >= 2)
    assert told == [(1, 60), (2, 60)]


def test_too_few_rounds_fail_their_claims(solver):
    solution = run(solver, {"rounds": 1})
    holds = {claim.id: claim.holds for claim in solution.claims}
    assert not holds["converged"]
    assert not holds["same-span"]
    assert not holds["eckart-young"]
    assert not solution.oracle.agrees


def test_another_start_finds_another_basis_of_the_same_span(solver):
    once, again = (run(solver, seed=seed) for seed in (1, 2))
    assert all(claim.holds for solution in (once, again) for claim in solution.claims)
    assert np.allclose(once.outputs["projector"], again.outputs["projector"], atol=1e-6)
    assert not np.allclose(once.values["decoder"], again.values["decoder"], atol=0.1)
