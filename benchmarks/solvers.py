"""Solvers beside torch's own: the same arrays, the same lane (torch, float32, CPU), time and memory.

A solver's ``compute`` is run whole, but nobody listens to its steps (torch records none); torch's part is what a
training loop calls, from a fresh state. Both on one thread.
Time: medians of interleaved rounds in one process, counted in processor time, so that others at work do not count.
Memory: what the process takes at most beyond the arrays it was given, each side in a process of its own; left out
where the system does not tell (no /proc).
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.solver_cases import CASES, Case
from solvers.catalogue import load
from solvers.lanes import Lane
from solvers.run import forward
from solvers.trace import Trace

Work = Callable[[], object]


class Quiet(Trace):
    """A trace that keeps nothing."""

    def __call__(self, step: str, value: Any) -> None:
        """Let the step go."""


def ours(case: Case, given: Mapping[str, Any]) -> Work:
    """The solver on the lane, with the arguments already there."""
    import array_api_compat.torch as xp
    import torch

    solver = load(case.slug)
    lane = Lane("torch", xp, torch.device("cpu"), "float32")
    quiet = Quiet(solver.steps, device=lane.device)
    arguments = {n: p.default for n, p in solver.params.items()} | dict(given)

    def work() -> object:
        return forward(solver, lane, arguments, quiet)

    return work


def sides(case: Case) -> dict[str, Work]:
    """Both sides on the same arrays."""
    import torch

    torch.set_num_threads(1)  # a second thread that waits for a busy core makes either side look slow
    given = case.given(torch, torch.Generator().manual_seed(0))
    return {"qbank": ours(case, given), "torch": case.peer(torch, given)}


def times(case: Case, rounds: int) -> tuple[float, float]:
    """Median processor seconds of (solver, torch) over interleaved rounds, after one that is not counted."""
    both = sides(case)
    taken: dict[str, list[float]] = {name: [] for name in both}
    for turn in range(rounds + 1):
        for name, work in both.items():
            start = time.process_time()
            work()
            if turn:
                taken[name].append(time.process_time() - start)
    return statistics.median(taken["qbank"]), statistics.median(taken["torch"])


def status(field: str) -> int:
    """A size in /proc/self/status, in bytes; 0 where there is none."""
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":")), 0)


def _peak(name: str, side: str, answers: Any) -> None:
    work = sides(next(c for c in CASES if c.name == name))[side]
    small = work()  # libraries load what they need
    del small
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # what was freed goes back, so that it counts again
    before = status("VmRSS")
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak starts anew
    except OSError:
        answers.put(0)
        return
    kept = work()
    answers.put(max(status("VmHWM") - before, 0))
    del kept


def peak(case: Case, side: str) -> int:
    """Bytes that one call takes at most, beyond what stood before it."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=_peak, args=(case.name, side, answers))
    process.start()
    found: int = answers.get(timeout=120)
    process.join()
    return found


def rows(rounds: int) -> Iterator[tuple[str, str, float, float, str]]:
    """(what, against what, ratio, goal, figures; the reason where a goal is missed)."""
    for case in CASES:
        solver_time, torch_time = times(case, rounds)
        told = f"{solver_time * 1e3:.2f} / {torch_time * 1e3:.2f} ms"
        yield row(f"{case.name}: time", solver_time / torch_time, case.time_goal, told, case.time_reason, case)
        solver_bytes, torch_bytes = peak(case, "qbank"), peak(case, "torch")
        if solver_bytes and torch_bytes:
            told = f"{solver_bytes / 1e6:.1f} / {torch_bytes / 1e6:.1f} MB"
            yield row(f"{case.name}: memory", solver_bytes / torch_bytes, 2.0, told, case.memory_reason, case)


def row(what: str, ratio: float, goal: float, told: str, reason: str, case: Case) -> tuple[str, str, float, float, str]:
    """A line of the table; a missed goal carries its reason."""
    return what, case.against, ratio, goal, told if ratio <= goal or not reason else f"{told}; {reason}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.solvers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="counted rounds (default 15)")
    parser.add_argument("--only", nargs="+", choices=[c.name for c in CASES], help="cases (default: all)")
    chosen = parser.parse_args()
    for what, against, ratio, goal, told in rows(chosen.rounds):
        if chosen.only is None or what.partition(":")[0] in chosen.only:
            print(f"{what:<38}{against:<26}{ratio:>7.2f}{goal:>7.2f}   {told}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
