"""Time commands in turns, so that a noisy machine is noisy for all of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence


def seconds(argv: Sequence[str], environment: Mapping[str, str]) -> float:
    """Wall time of one command, its output thrown away; a failing command raises."""
    start = time.perf_counter()
    subprocess.run(argv, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def medians(
    commands: Mapping[str, Sequence[str]], rounds: int, environment: Mapping[str, str] | None = None
) -> dict[str, float]:
    """Median seconds of each command over interleaved rounds, after one round that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, argv in commands.items():
            taken = seconds(argv, environment or {})
            if turn:
                times[name].append(taken)
    return {name: statistics.median(taken) for name, taken in times.items()}


def python(code: str) -> list[str]:
    """A command that runs ``code`` with this interpreter."""
    return [sys.executable, "-c", code]


def qbank(*words: str) -> list[str]:
    """A qbank command, as its script starts it."""
    return python(f"import sys; sys.argv[1:] = {list(words)!r}; from qbank.__main__ import main; main()")
