"""Two processes that work in turns: one JSON object a line, times taken inside the worker."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any


class Worker:
    """A child that answers one request at a time."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, do: str, **given: Any) -> Any:
        """Ask, wait, return the answer."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps({"do": do, **given}) + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise SystemExit(f"error: a worker of the benchmark must answer '{do}'; it ended")
        return json.loads(line)

    def close(self) -> None:
        """Let the child end."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait()


def serve(acts: Mapping[str, Callable[..., Any]]) -> None:
    """Answer requests from standard input until it closes. What an act prints goes to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        answers.write(json.dumps(acts[request.pop("do")](**request)) + "\n")
        answers.flush()
