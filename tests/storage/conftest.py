from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qbank.storage import Store


class Hands:
    """A clock that is set by hand and ids that count."""

    def __init__(self) -> None:
        self.at = 1_700_000_000_000
        self._count = itertools.count(1)

    def now_ms(self) -> int:
        return self.at

    def new_id(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._count):012d}"


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def open_store(tmp_path: Path, hands: Hands) -> Iterator[Callable[..., Store]]:
    opened: list[Store] = []

    def open_(path: Path | None = None, **kwargs: object) -> Store:
        store = Store.open(path or tmp_path / "q.db", now_ms=hands.now_ms, new_id=hands.new_id, **kwargs)  # type: ignore[arg-type]
        opened.append(store)
        return store

    yield open_
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[..., Store]) -> Store:
    return open_store()


@pytest.fixture
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a snippet in a fresh interpreter."""

    def run(code: str, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=120, env=dict(os.environ)
        )

    return run
