"""Light start: what a command costs against importing the library that it could not do without."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from benchmarks.sidebyside import medians, python, qbank

GOALS = {
    ("list --json", "import sqlalchemy"): 1.6,
    ("solve kl-divergence --json", "import torch"): 0.5,
}


def rows(rounds: int) -> Iterator[tuple[str, str, float, float]]:
    """(what, against what, ratio, goal)."""
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "list --json": qbank("list", "--json"),
            "import sqlalchemy": python("import sqlalchemy"),
            "solve kl-divergence --json": qbank("solve", "kl-divergence", "--json"),
            "import torch": python("import torch"),
        }
        taken = medians(commands, rounds, {"QBANK_DB": f"{folder}/bench.db"})
    for (what, against), goal in GOALS.items():
        yield what, against, taken[what] / taken[against], goal
