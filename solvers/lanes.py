"""Lanes: which array library, device and dtype a run uses, and the way there and back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvers.contract import BadInput, Solver
from solvers.trace import SolverError

LANES = ("numpy", "torch")
DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d{1,2})?", re.ASCII)


class MissingExtra(Exception):
    """A library of the optional extra ``lab`` is not installed."""

    def __init__(self, what: str, library: str) -> None:
        super().__init__(f"{what} needs the extra 'lab' ({library}): pip install 'qbank[lab]'")


@dataclass(frozen=True)
class Lane:
    """An array namespace with a device and a floating (or integer) type."""

    name: str
    xp: Any
    device: Any
    dtype: str

    def put(self, value: Any) -> Any:
        """An argument on the lane: arrays are copied (floats to the run's type, ints to int64), scalars pass."""
        if not isinstance(value, np.ndarray):
            return value
        floating = self.dtype if self.dtype.startswith("float") else "float64"
        dtype = floating if value.dtype.kind == "f" else "int64"
        value = value.astype(dtype)  # a fresh copy, rounded once on the host
        if self.name == "numpy":
            return value
        return self.xp.asarray(value, dtype=getattr(self.xp, dtype), device=self.device)

    def seen(self, value: Any) -> Any:
        """The argument as the lane saw it, back in float64: what the oracle and the claims are given."""
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and self.dtype == "float32":
            return value.astype(np.float32).astype(np.float64)
        return value

    def host(self, value: Any) -> np.ndarray[Any, Any]:
        """A result as a numpy array: float64, or int64 for integers and booleans."""
        if hasattr(value, "detach"):
            value = value.detach().cpu().numpy()
        found = np.asarray(value)
        if found.dtype.kind == "f":
            return found.astype(np.float64)
        if found.dtype.kind in "iub":
            return found.astype(np.int64)
        raise SolverError(f"compute gave values of type {found.dtype}, which is neither real nor integer")

    def wait(self) -> None:
        """Let queued work finish, so that timing is honest."""
        kind = getattr(self.device, "type", "cpu")
        if kind in ("cuda", "mps"):
            getattr(self.xp, kind).synchronize()


def torch_or_missing(what: str) -> Any:
    """The torch module; MissingExtra without one."""
    try:
        import torch
    except ImportError:
        raise MissingExtra(what, "torch") from None
    return torch


def pick(solver: Solver, lane: str | None, device: str, dtype: str | None) -> Lane:
    """The lane of a run. ``lane=None``: the solver's first, or torch where an accelerator is asked for.

    ``device="auto"``: cuda, mps or cpu, whichever there is, on the torch lane; cpu on numpy.
    BadInput for a lane, device or dtype that the solver or the machine lacks; MissingExtra without torch.
    """
    if not DEVICE.fullmatch(device):
        raise BadInput("device", "be auto, cpu, cuda or mps", device)
    if lane is None:
        accelerated = device not in ("auto", "cpu") and "torch" in solver.lanes
        lane = "torch" if accelerated else solver.lanes[0]
    if lane not in solver.lanes:
        known = " or ".join(solver.lanes)
        raise BadInput("lane", f"be {known}{' for this solver' if lane in LANES else ''}", lane)
    if dtype is not None and dtype not in solver.tolerance:
        raise BadInput("dtype", f"be {' or '.join(solver.tolerance)} for this solver", dtype)
    if lane == "numpy":
        if device not in ("auto", "cpu"):
            raise BadInput("device", "be cpu on the numpy lane", device)
        import array_api_compat.numpy as numpy_namespace

        return Lane("numpy", numpy_namespace, "cpu", dtype or next(iter(solver.tolerance)))
    torch = torch_or_missing("the torch lane")
    import array_api_compat.torch as torch_namespace

    where = _torch_device(torch, solver, device, dtype)
    if dtype is None:
        dtype = next((d for d in solver.tolerance if where.type != "mps" or d != "float64"), "float64")
    if where.type == "mps" and dtype == "float64":
        raise BadInput("dtype", "be float32 on mps, which has no float64", dtype)
    return Lane("torch", torch_namespace, where, dtype)


def _torch_device(torch: Any, solver: Solver, device: str, dtype: str | None) -> Any:
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if device == "auto":
        metal = mps and dtype != "float64" and any(d != "float64" for d in solver.tolerance)
        return torch.device("cuda" if cuda else "mps" if metal else "cpu")
    kind, _, index = device.partition(":")
    there = {"cpu": True, "cuda": cuda, "mps": mps}[kind]
    if index and there:
        there = int(index) < torch.cuda.device_count()
    if not there:
        found = ", ".join(["cpu", *(["cuda"] if cuda else []), *(["mps"] if mps else [])])
        raise BadInput("device", f"be one that torch finds on this machine ({found})", device)
    return torch.device(device)
