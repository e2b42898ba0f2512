"""Mistakes without a run: the same values, for a solver that needs torch, without torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

from qbank import solving

SLUG = "linear-autoencoder-pca"


def test_mistaken_gives_what_a_run_gives():
    given = solving.shown("kl-divergence", [3])
    assert solving.mistaken("kl-divergence", given) == solving.values("kl-divergence", given).mistakes


def test_noise_is_that_of_seed_zero():
    given = solving.shown("bootstrap-coverage", [3])
    tags = [mistake.tag for mistake in solving.mistaken("bootstrap-coverage", given)]
    assert "bootstrap-coverage:one-draw" in tags
    assert solving.mistaken("bootstrap-coverage", given) == solving.values("bootstrap-coverage", given).mistakes


def test_mistaken_of_a_torch_solver_imports_no_torch():
    script = (
        "import sys\nfrom qbank import solving\n"
        f"found = solving.mistaken({SLUG!r}, solving.shown({SLUG!r}, [1]))\n"
        "assert any('loss' in mistake.values for mistake in found)\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_mistaken_of_a_torch_solver_is_that_of_its_run():
    pytest.importorskip("torch", reason="no torch: install the extra 'lab'")
    given = solving.shown(SLUG, [1])
    assert solving.mistaken(SLUG, given) == solving.values(SLUG, given).mistakes
