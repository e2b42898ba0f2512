"""What the solver tests share: the universal checks, every solver with its source, a toy solver, a simulated device."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from solvers import catalogue
from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

HERE = Path(__file__).parent


def _package() -> None:
    if "solver_checks" not in sys.modules:
        package = ModuleType("solver_checks")
        package.__path__ = [str(HERE / "checks")]
        sys.modules["solver_checks"] = package


_package()


def pytest_collection_modifyitems(items):
    """Give torch its simulated device before the process's first backward pass; afterwards torch would abort."""
    if any("simulated" in getattr(item, "fixturenames", ()) for item in items):
        _simulate()


def _simulate() -> bool:
    try:
        import torch
        from torch.utils.backend_registration import _setup_privateuseone_for_python_backend
    except ImportError:
        return False
    if torch._C._get_privateuse1_backend_name() != "sim":
        _setup_privateuseone_for_python_backend("sim")
    return True


@pytest.fixture(scope="session")
def simulated():
    """The name of a simulated torch device; skips where there is no torch."""
    if not _simulate():
        pytest.skip("no torch: install the extra 'lab'")
    return "sim"


@pytest.fixture(scope="session")
def checks():
    """The universal checks by name: ``checks.record``, ``checks.numbers``, ``checks.lanes``, ``checks.source``."""
    names = ("record", "numbers", "lanes", "source", "cases")
    return SimpleNamespace(**{name: importlib.import_module(f"solver_checks.{name}") for name in names})


@pytest.fixture
def subject(request, checks):
    """The solver of this test's slug."""
    slug = request.param
    return checks.cases.Subject(slug, catalogue.load(slug), catalogue.path(slug).read_text(encoding="utf-8"))


# ---------------------------------------------------------------- a toy that passes every check


def _check(x, gain):
    require(np.all(np.isfinite(x)), "x", "hold finite numbers", x)
    require(np.isfinite(gain), "gain", "be finite", gain)


def _compute(xp, note, x, gain):
    square = x * x
    note("square", square)
    return {"y": gain * xp.sum(square, axis=-1)}


def _oracle(x, gain):
    rows = np.reshape(x, (-1, x.shape[-1]))
    total = np.array([sum(float(v) ** 2 for v in row) for row in rows])
    return {"y": gain * total.reshape(x.shape[:-1])}


def _sample(rng):
    return {"x": rng.normal(size=(int(rng.integers(1, 3)), 3)), "gain": float(rng.uniform(0.5, 2))}


def _variant(rng):
    return {"x": [int(n) for n in rng.integers(1, 9, size=2)], "gain": "1/2"}


def _figure(given, out, steps):
    square = np.ravel(steps["square"])
    return Figure({"zh": "平方", "en": "squares"}, (Lines(np.arange(square.size), square, {"zh": "平方", "en": "x²"}),))


TOY = Solver(
    title={"zh": "加权平方和", "en": "weighted sum of squares"},
    formula=r"y=g\sum_k x_k^2",
    params={
        "x": Param([1.0, 2.0], {"zh": "向量", "en": "the vector"}, shape="(..., K)"),
        "gain": Param(1.0, {"zh": "系数", "en": "the gain"}, kind="float"),
    },
    outputs={"y": "1"},
    steps={"square": {"zh": "平方", "en": "squares"}},
    check=_check,
    compute=_compute,
    oracle=_oracle,
    oracle_route="a plain loop",
    sample=_sample,
    variant=_variant,
    edges=({"x": [0.0, 0.0]}, {"x": [3.0]}),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    claims=(
        Claim("non-negative", zh="非负", en="y >= 0", residual=lambda given, out: np.minimum(out["y"], 0.0)),
        Claim(
            "adds-up",
            zh="各项之和",
            en="the terms add up",
            residual=lambda given, out: (out["square"].sum(-1) * given["gain"] - out["y"]) / (1 + np.abs(out["y"])),
        ),
    ),
    mistakes=(
        Mistake("unsquared", zh="忘了平方", en="not squared", value=lambda x, gain: {"y": gain * x.sum(axis=-1)}),
    ),
    rejects=(Reject({"x": [float("inf")]}, "x must hold finite numbers"),),
    figure=_figure,
)


@pytest.fixture
def toy():
    """A small solver that passes every universal check; tests break it with ``dataclasses.replace``."""
    return TOY
