"""The command line in process: ``qbank("list", "--json")`` gives exit code, stdout and stderr."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        def refuse(name: str) -> None:
            raise AssertionError(f"{name} is not strict JSON")

        return json.loads(self.out, parse_constant=refuse)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own: no configuration, no database, an English locale."""
    for name in ("QBANK_DB", "LC_ALL", "LC_MESSAGES", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def qbank(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    from qbank.cli.main import run

    def call(*argv: object) -> Ran:
        code = run([str(word) for word in argv])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return call
