"""Every solver against its oracle, on every lane and dtype, in parallel processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from qbank.domain import BadValue
from qbank.solving.errors import readable
from solvers import catalogue
from solvers.contract import Solver

SAMPLES = 5


@dataclass(frozen=True, slots=True)
class VerifyRow:
    """One solver on one lane. ``claims``: how many were put to the test on each input; ``why``: the first failure."""

    slug: str
    lane: str
    device: str
    dtype: str
    ok: bool
    max_error: float | None
    claims: int
    seconds: float
    why: str | None = None

    def json(self) -> dict[str, Any]:
        """Strict JSON."""
        from solvers.values import strict

        return {name: strict(getattr(self, name)) for name in self.__slots__}


Task = tuple[str, str, str, str]
Done = Callable[[VerifyRow, int, int], None]


def verify(
    slugs: Iterable[str] | None = None,
    device: str = "cpu",
    lane: str | None = None,
    *,
    on_done: Done | None = None,
    processes: int | None = None,
) -> list[VerifyRow]:
    """Run defaults, edges and samples of each solver against its oracle and claims; rows in catalogue order.

    ``slugs=None``: all. ``lane=None``: every lane that the solver declares and this machine can run; a device other
    than the CPU leaves the torch lane only. ``on_done(row, done, total)`` is called as each row is finished.
    Raises BadValue for an unknown slug, lane or device.
    """
    chosen = catalogue.slugs() if slugs is None else tuple(dict.fromkeys(slugs))
    with readable():
        tasks = [task for slug in chosen for task in _tasks(slug, device, lane)]
        if device not in ("cpu", "auto") and tasks:
            from solvers.lanes import pick

            pick(catalogue.load(tasks[0][0]), "torch", device, tasks[0][3])
    if not tasks:
        raise BadValue("lane", "be one that the chosen solvers have", f"{lane or 'any'} on {device}")
    workers = min(processes or os.cpu_count() or 1, len(tasks))
    rows: dict[Task, VerifyRow] = {}
    for task, row in _inline(tasks) if workers <= 1 else _parallel(tasks, workers):
        rows[task] = row
        if on_done is not None:
            on_done(row, len(rows), len(tasks))
    return [rows[task] for task in tasks]


def _tasks(slug: str, device: str, lane: str | None) -> list[Task]:
    from solvers.contract import BadInput
    from solvers.lanes import DEVICE, LANES, torch_or_missing

    if not DEVICE.fullmatch(device):
        raise BadInput("device", "be auto, cpu, cuda or mps", device)
    if lane is not None and lane not in LANES:
        raise BadInput("lane", f"be {' or '.join(LANES)}", lane)
    catalogue.path(slug)
    try:
        solver = catalogue.load(slug)
    except Exception:  # its row will say why
        return [(slug, lane or "numpy", device, "float64")]
    lanes: Sequence[str] = [name for name in solver.lanes if lane in (None, name)]
    if device not in ("cpu", "auto"):
        lanes = [name for name in lanes if name == "torch"]
    if lane == "torch":
        torch_or_missing("the torch lane")
    elif find_spec("torch") is None and "numpy" in lanes:
        lanes = ["numpy"]
    return [(slug, name, device, dtype) for name in lanes for dtype in _dtypes(solver, device)]


def _dtypes(solver: Solver, device: str) -> list[str]:
    return [dtype for dtype in solver.tolerance if not (device == "mps" and dtype == "float64")]


def _inline(tasks: Sequence[Task]) -> Iterable[tuple[Task, VerifyRow]]:
    for task in tasks:
        yield task, check_one(task)


def _parallel(tasks: Sequence[Task], workers: int) -> Iterable[tuple[Task, VerifyRow]]:
    """Results as they come. A child that dies (killed, out of memory) fails its own rows and no others."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool

    lost: list[Task] = []
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _start) as pool:
        waiting = {pool.submit(check_one, task): task for task in tasks}
        try:
            for future in as_completed(waiting):
                try:
                    yield waiting[future], future.result()
                except BrokenProcessPool:
                    lost.append(waiting[future])
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    for task in lost:  # one process each: only the guilty die again
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _start) as pool:
            try:
                yield task, pool.submit(check_one, task).result()
            except BrokenProcessPool:
                slug, lane, device, dtype = task
                yield task, VerifyRow(slug, lane, device, dtype, False, None, 0, 0.0, "its process died")


def _start() -> None:
    """Children share the cores: one thread each."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


def check_one(task: Task) -> VerifyRow:
    """One row. Never raises for what a solver does wrong: that is the row's ``why``."""
    slug, lane, device, dtype = task
    start = perf_counter()
    largest: float | None = None
    why: str | None = None
    where = device
    claims = 0
    try:
        solver = catalogue.load(slug)
        claims = len(solver.claims)
        for label, case in _cases(solver):
            from solvers.run import run

            solution = run(solver, case, slug=slug, lane=lane, device=device, dtype=dtype, check=True)
            where = solution.device
            error = solution.oracle.max_error
            if error is not None:
                largest = error if largest is None else max(largest, error)
            failed = [c for c in solution.claims if not c.holds]
            if not solution.oracle.agrees and why is None:
                said = solution.oracle.why or f"they differ by {error:.3g}, tolerance {solution.tolerance:g}"
                why = f"{label}: the oracle does not agree: {said}"
            elif failed and why is None:
                why = f"{label}: claim {failed[0].id} fails: residual {failed[0].residual:.3g}"
    except Exception as error:
        why = f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
    seconds = perf_counter() - start
    return VerifyRow(slug, lane, where, dtype, why is None, largest, claims, seconds, why)


def _cases(solver: Solver) -> Iterable[tuple[str, Any]]:
    import numpy as np

    yield "the defaults", {}
    for place, edge in enumerate(solver.edges):
        yield f"edge {place}", edge
    for seed in range(SAMPLES):
        yield f"sample {seed}", solver.sample(np.random.default_rng([seed, 3]))
