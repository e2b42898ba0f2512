"""Ask a child process for a proof. It is killed when its time is up; no proof is no refutation."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import lru_cache

SECONDS = 5
"""For a start, sympy's import and the simplification together."""
COMMAND = (sys.executable, "-P", "-m", "qbank.grading.equivalence.child")


@lru_cache(maxsize=256)
def proven(given: str, key: str, symbols: tuple[tuple[str, float, float], ...], seconds: int = SECONDS) -> bool:
    """Whether the two formulas, as :func:`qbank.grading.expression.write` gives them, were proven equal in time."""
    asked = {
        "given": given,
        "key": key,
        "symbols": {name: [low, high] for name, low, high in symbols},
        "seconds": seconds,
    }
    try:
        done = subprocess.run(
            COMMAND, input=json.dumps(asked), capture_output=True, text=True, timeout=seconds, check=False,
            start_new_session=True,
        )  # fmt: skip
        return done.returncode == 0 and done.stdout.strip() == "proven"
    except (OSError, subprocess.SubprocessError, ValueError):
        return False
