"""A program on a terminal of its own, timed by what appears on it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

PATIENCE = 60.0
"""Seconds after which text that does not appear is an error."""


class Terminal:
    """Started when entered, killed when left. Seconds are wall time."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], columns: int = 80, rows: int = 24) -> None:
        self.argv, self.environment, self.size = argv, environment, (rows, columns)

    def __enter__(self) -> Self:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *self.size, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", **self.environment}
        self.begun = time.perf_counter()
        self.program = subprocess.Popen(self.argv, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
        os.close(theirs)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.program.kill()
        self.program.wait()
        os.close(self.ours)

    def appears(self, text: str) -> float:
        """Seconds from the start, or from the last key, until ``text`` is written."""
        seen, end = b"", time.perf_counter() + PATIENCE
        wanted = text.encode()
        while wanted not in seen:
            if not select.select([self.ours], [], [], max(0.0, end - time.perf_counter()))[0]:
                raise RuntimeError(f"{text!r} never appeared; the last was {seen[-400:]!r}")
            seen += os.read(self.ours, 65536)
        return time.perf_counter() - self.begun

    def quiet(self, seconds: float = 0.15) -> None:
        """Read until nothing more is written for a while."""
        while select.select([self.ours], [], [], seconds)[0]:
            os.read(self.ours, 65536)

    def press(self, keys: bytes) -> None:
        """Send keys; the clock starts anew."""
        self.quiet()
        self.begun = time.perf_counter()
        os.write(self.ours, keys)
