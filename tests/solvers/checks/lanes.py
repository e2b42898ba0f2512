"""Does compute stay on its lane: device, dtype, shape; on strict and on simulated devices?"""

from __future__ import annotations

import numpy as np
from solver_checks.cases import Subject, every, given, samples, say, solved, trace

from solvers.compare import worst
from solvers.lanes import Lane, pick
from solvers.run import forward


def _named(out, note) -> list:
    """(name, value) of every output and every noted step."""
    steps = [(f"step {name}", value) for name, values in note.noted.items() for value in values]
    return [(f"output {name}", value) for name, value in out.items()] + steps


def _scalar_allowed(solver, name: str, value) -> bool:
    """Python scalars are honest where no array went in, and as whole numbers (sizes, counts)."""
    arrays = any(p.kind == "array" for p in solver.params.values())
    return isinstance(value, (int, float)) and not isinstance(value, np.generic) and (
        not arrays or isinstance(value, int)
    )  # fmt: skip


def type_and_shape_are_kept(subject: Subject, lane: str, dtype: str) -> None:
    """Floating results have the run's dtype and device; shapes are those of the float64 run on the first lane."""
    s = subject.solver
    where = pick(s, lane, "cpu", dtype)
    for label, case in every(s):
        note = trace(s, where)
        out = forward(s, where, {n: where.put(v) for n, v in given(s, case, dtype).items()}, note)
        for name, value in _named(out, note):
            if _scalar_allowed(s, name, value):
                continue
            say(hasattr(value, "dtype"), f"on {label} {name} is a {type(value).__name__}, no array")
            kind = str(value.dtype).replace("torch.", "")
            fine = kind in (dtype, "int64", "int32", "bool") or (dtype == "int64" and kind == "float64")
            say(fine, f"on {label} ({lane}, {dtype}) {name} has dtype {kind}")
            device = str(getattr(value, "device", "cpu"))
            say(device == str(where.device), f"on {label} {name} is on {device}, the run on {where.device}")
        first = solved(s, case, oracle=False).outputs
        for name, value in out.items():
            say(np.shape(where.host(value)) == np.shape(first[name]), f"on {label} {name} changes its shape by lane")


def strict_namespace(subject: Subject, dtype: str) -> None:
    """The strict array-API namespace on another device: real numbers, no mixing, nothing read back or left behind."""
    s = subject.solver
    if "numpy" not in s.lanes:
        return
    import array_api_strict as strict

    device = strict.Device("device1")
    where = Lane("strict", strict, device, dtype)
    home = strict.Device("CPU_DEVICE")
    for label, case in every(s):
        note = trace(s, where)
        arguments = given(s, case, dtype)
        try:
            out = forward(s, where, {n: where.put(v) for n, v in arguments.items()}, note)
        except Exception as error:
            raise AssertionError(
                f"on {label} ({dtype}) the strict namespace: {type(error).__name__}: {error}"
            ) from error
        for name, value in _named(out, note):
            if not _scalar_allowed(s, name, value):
                say(getattr(value, "device", None) == device, f"on {label} {name} left the device of its inputs")
        mine = {n: np.asarray(v.to_device(home)) if hasattr(v, "to_device") else np.asarray(v) for n, v in out.items()}
        gap, why = worst(mine, s.oracle(**{n: where.seen(v) for n, v in arguments.items()}))
        say(gap <= s.tolerance[dtype], f"on {label} ({dtype}) strict numbers differ by {gap}: {why}")


def simulated_device(subject: Subject, dtype: str, device: str) -> None:
    """A simulated torch device: everything stays on it, forward and (where smooth) backward."""
    s = subject.solver
    if set(s.lanes) != {"numpy", "torch"}:
        return
    import array_api_compat.torch as xp
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    where = Lane("torch", xp, torch.device(device), dtype)
    for label, case in samples(s, range(2)):
        arguments = given(s, case, dtype)
        with FakeTensorMode():
            placed = {}
            for name, value in arguments.items():
                if isinstance(value, np.ndarray):
                    floating = value.dtype.kind == "f"
                    kind = getattr(torch, dtype if floating and dtype != "int64" else str(value.dtype))
                    value = torch.ones(value.shape, dtype=kind, device=device, requires_grad=floating and s.smooth)
                placed[name] = value
            note = trace(s, where)
            try:
                out = forward(s, where, placed, note)
                for name, value in _named(out, note):
                    if not _scalar_allowed(s, name, value):
                        say(value.device.type == device, f"on {label} {name} is on {value.device}")
                if s.smooth:
                    total = sum(v.sum() for v in out.values() if v.is_floating_point())
                    total.backward()
            except (RuntimeError, NotImplementedError, TypeError) as error:
                line = str(error).strip().splitlines()[0]
                raise AssertionError(
                    f"on {label} ({dtype}) the simulated device: {type(error).__name__}: {line}"
                ) from error
            if s.smooth:
                for name, value in placed.items():
                    if isinstance(value, torch.Tensor) and value.is_floating_point():
                        say(value.grad is None or value.grad.device.type == device, f"gradient of {name} moved")
