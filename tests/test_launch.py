"""When the app opens and when line mode does; the real program in a terminal of its own."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qbank import launch
from qbank.bootstrap import App
from qbank.cli.main import run


class Terminal:
    def __init__(self, is_one: bool) -> None:
        self.is_one = is_one

    def isatty(self) -> bool:
        return self.is_one


@pytest.mark.parametrize(
    ("stdin", "stdout", "term", "plain", "opens"),
    [
        (True, True, "xterm-256color", False, True),
        (True, True, None, False, True),
        (True, True, "dumb", False, False),
        (False, True, "xterm", False, False),
        (True, False, "xterm", False, False),
        (True, True, "xterm", True, False),
    ],
)
def test_the_app_needs_a_terminal_on_both_ends(
    stdin: bool, stdout: bool, term: str | None, plain: bool, opens: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(stdin))
    monkeypatch.setattr(sys, "stdout", Terminal(stdout))
    if term is None:
        monkeypatch.delenv("TERM", raising=False)
    else:
        monkeypatch.setenv("TERM", term)
    assert launch.possible(plain) is opens


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple]:
    """What the command line opens on a terminal, the app itself left out."""
    calls: list[tuple] = []
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(launch, "possible", lambda plain=False: not plain)
    monkeypatch.setattr(launch, "home", lambda app: calls.append(("home",)) or 0)
    monkeypatch.setattr(launch, "quiz", lambda app, filters, count: calls.append(("quiz", filters, count)) or 0)
    monkeypatch.setattr(launch, "review", lambda app, minutes: calls.append(("review", minutes)) or 0)
    return calls


NONE = {"stars": None, "topic": None, "source": None}


@pytest.mark.parametrize(
    ("argv", "call"),
    [
        ([], ("home",)),
        (["--lang", "zh"], ("home",)),
        (["quiz"], ("quiz", NONE, 10)),
        (["quiz", "--stars", "2", "-n", "3"], ("quiz", {**NONE, "stars": 2}, 3)),
        (["review", "--minutes", "5"], ("review", 5)),
        (["review"], ("review", None)),
    ],
)
def test_what_opens(argv: list[str], call: tuple, opened: list[tuple]) -> None:
    assert run(argv) == 0
    assert opened == [call]


@pytest.mark.parametrize("argv", [["--plain"], ["quiz", "--plain"], ["--plain", "quiz"], ["review", "--plain"]])
def test_plain_stays_in_line_mode_wherever_it_stands(
    argv: list[str], opened: list[tuple], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setenv("QBANK_DB", str(tmp_path / "q.db"))
    monkeypatch.setattr("builtins.input", lambda prompt="": "q")
    assert run(argv) == 0
    assert opened == []
    assert "[1" in capsys.readouterr().out


def talk(argv: list[str], home: Path, term: str, answers: list[tuple[str, bytes]]) -> tuple[int, str]:
    """Run the program on a terminal: for each (text to wait for, keys to send). Its exit code and all it wrote."""
    ours, theirs = pty.openpty()
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "TERM": term, "QBANK_DB": str(home / "q.db")}
    program = subprocess.Popen(
        [sys.executable, "-m", "qbank", *argv], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    text, waiting, end = "", list(answers), time.monotonic() + 60
    try:
        while time.monotonic() < end:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                text += os.read(ours, 65536).decode(errors="replace")
            except OSError:  # the other end is closed
                break
            if waiting and waiting[0][0] in text:
                os.write(ours, waiting.pop(0)[1])
        return program.wait(30), text
    finally:
        program.kill()
        program.wait()
        os.close(ours)


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """A home whose learner has answered something before."""
    with App(db=str(tmp_path / "q.db")) as app:
        app.study.answer(app.study.deal("kl-divergence#recall").deal, points=[])
    return tmp_path


def test_the_program_opens_at_home_and_quits(known: Path) -> None:
    code, text = talk(["--lang", "en"], known, "xterm-256color", [("answered in", b"q")])
    assert code == 0
    assert "browse the bank" in text
    assert "Traceback" not in text


def test_a_dumb_terminal_gets_lines(known: Path) -> None:
    code, text = talk(["--lang", "en"], known, "dumb", [("> ", b"q\n")])
    assert code == 0
    assert "\x1b[?1049h" not in text
    assert "[1/" in text


def test_a_database_that_cannot_be_used_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "q.db").write_bytes(b"something else" * 100)
    code, text = talk([], tmp_path, "xterm-256color", [])
    assert code == 2
    assert "error: " in text
    assert "Traceback" not in text


def test_a_wrong_topic_is_one_line_too(known: Path) -> None:
    code, text = talk(["quiz", "--topic", "cooking"], known, "xterm-256color", [])
    assert code == 2
    assert "--topic must be one of" in text
