"""The other end of :mod:`qbank.solving.child`: start it, send requests, read events, stop it for real."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any

from qbank.domain import QbankError

LONGEST_LINE = 64 * 2**20
"""Bytes of one event at most."""
COMMAND = (sys.executable, "-P", "-m", "qbank.solving.child")


class Child:
    """One solver process, started when first needed and kept for the next run. Belongs to one event loop."""

    def __init__(self, command: tuple[str, ...] = COMMAND) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()
        self._asked = 0

    @property
    def pid(self) -> int | None:
        """The process's id while it lives."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    async def start(self) -> asyncio.subprocess.Process:
        """Start the process unless it runs: its imports go on while a reader still thinks."""
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                    limit=LONGEST_LINE,
                    start_new_session=True,  # Ctrl+C in the terminal is not for it; its own children stop with it
                )
            return self._process

    async def ask(self, request: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Send a request and give its events, ``result`` or ``error`` being the last. One at a time; events of an
        earlier request that nobody waits for any more are passed over.

        :raises QbankError: the process ended before that (it was stopped, or ran out of memory).
        """
        process = await self.start()
        assert process.stdin is not None
        assert process.stdout is not None
        self._asked += 1
        asked = {**request, "id": self._asked}
        with contextlib.suppress(ConnectionError):
            process.stdin.write(json.dumps(_strict(asked), allow_nan=False).encode() + b"\n")
            await process.stdin.drain()
        while line := await process.stdout.readline():
            event: dict[str, Any] = json.loads(line)
            if event.get("id") != asked["id"]:
                continue
            yield event
            if event["event"] in ("result", "error"):
                return
        code = await process.wait()
        raise QbankError(f"the solver's process must end with a result; got exit code {code}")

    async def stop(self) -> None:
        """Kill the process, whatever it is doing, and wait until it is gone."""
        self.kill()
        if self._process is not None:
            await self._process.wait()

    def kill(self) -> None:
        """Kill the process and what it has started; returns at once."""
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if hasattr(os, "killpg"):
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.kill()


def _strict(value: Any) -> Any:
    """Infinities and NaN as the strings that solvers read."""
    if isinstance(value, Mapping):
        return {str(name): _strict(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value
