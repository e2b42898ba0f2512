"""Every wrong word, number, file and database: one clear line on stderr, nothing on stdout, exit code 2."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

BAD = {
    "unknown command": (["frobnicate"], "command must be one that 'qbank --help' lists; got frobnicate"),
    "near command": (["lst"], "(did you mean list?)"),
    "unknown option": (
        ["list", "--strs", "3"],
        "option must be one that 'qbank list --help' lists (did you mean --stars?)",
    ),
    "language": (["--lang", "fr", "list"], "--lang must be one of zh, en; got fr"),
    "learner": (["--learner", " ", "next"], "--learner must not be empty; got nothing"),
    "content folder": (["--content", "/no/such", "list"], "--content must be a folder; got /no/such"),
    "stars": (["list", "--stars", "4"], "--stars must be a whole number from 1 to 3; got 4"),
    "stars, a word": (["list", "--stars", "many"], "--stars must be a whole number from 1 to 3; got many"),
    "topic": (["list", "--topic", "cooking"], "--topic must be one of tensors,"),
    "question": (
        ["show", "kl-divergenc"],
        "ID must be a question that 'qbank list' lists (did you mean kl-divergence?)",
    ),
    "no question": (["show"], "ID must be given; got nothing"),
    "item": (["deal", "kl-divergence", "by-foot"], "got by-foot"),
    "seed": (["deal", "kl-divergence", "by-hand", "--seed", "-1"], "--seed must be a whole number from 0; got -1"),
    "answer": (["grade", "kl-divergence", "by-hand"], "--answer must be given; got nothing"),
    "too many": (["show", "a", "b"], "got also: b"),
    "deal": (["answer", "no-such-deal", "--answer", "1"], "got no-such-deal"),
    "rating": (["answer", "x", "--rating", "great"], "--rating must be one of again, hard, good, easy; got great"),
    "minutes": (["next", "--minutes", "0"], "--minutes must be a whole number from 1"),
    "solver": (["solve", "kl"], "solver must be one that 'qbank solvers' lists"),
    "argument": (["solve", "kl-divergence", "--set", "x=1"], "argument must be one of this solver's (p, q); got x"),
    "no value": (["solve", "kl-divergence", "--set", "p"], "--set must look like name=JSON; got p"),
    "no JSON": (["solve", "kl-divergence", "--set", "p=[1,"], "--set p must be JSON; got [1,"),
    "ragged": (["solve", "kl-divergence", "--set", "p=[[1],[1,2]]"], "p must have rows of equal length"),
    "a word": (["solve", "kl-divergence", "--set", "p=half"], "p must"),
    "sum": (["solve", "kl-divergence", "--set", "p=[0.5,0.6]"], "p must sum to 1; got a sum of 1.1"),
    "negative": (["solve", "kl-divergence", "--set", "q=[1.5,-0.5]"], "q must hold no negative probability"),
    "nan": (["solve", "kl-divergence", "--set", "p=[NaN,1]"], "p must hold finite numbers"),
    "deep": (["solve", "kl-divergence", "--set", "p=" + "[" * 100_000], "p must"),
    "device": (["solve", "kl-divergence", "--device", "tpu"], "--device must be one of auto, cpu, cuda, mps; got tpu"),
    "lane": (["solve", "kl-divergence", "--lane", "jax"], "--lane must be one of numpy, torch; got jax"),
    "dtype": (["solve", "kl-divergence", "--dtype", "int8"], "--dtype must be one of float64, float32; got int8"),
    "plot suffix": (["solve", "kl-divergence", "--plot", "kl.gif"], "got kl.gif"),
    "plot folder": (["solve", "kl-divergence", "--plot", "/no/such/kl.svg"], "/no/such"),
    "verify": (["verify", "kl"], "solver must be one that 'qbank solvers' lists"),
    "lint": (["lint", "/no/such.toml"], "PATH must be a question file or a folder; got /no/such.toml"),
    "new": (["new", "Bad Name"], "ID must be 'my-' and then"),
    "new, bundled": (["new", "kl"], "ID must be 'my-' and then"),
    "config": (["config", "set", "colour", "red"], "KEY must be one of language,"),
    "config value": (["config", "set", "language", "fr"], "language must be one of zh, en; got fr"),
    "config hour": (["config", "set", "rollover_hour", "25"], "rollover_hour must"),
    "config retention": (["config", "set", "desired_retention", "2"], "desired_retention must"),
    "config zone": (["config", "set", "zone", "Mars/Olympus"], "zone must"),
    "config alone": (["config"], "command must be given: get, set; got nothing"),
    "import": (["import", "log", "/no/such.jsonl"], "/no/such.jsonl"),
    "export": (["export", "log", "/no/such/log.jsonl"], "/no/such"),
    "shell": (["completion", "tcsh"], "SHELL must be one of bash, zsh, fish; got tcsh"),
    "control characters": (["show", "a\x1b[31m\nb"], "ID must be"),
}


@pytest.mark.parametrize(("argv", "says"), BAD.values(), ids=BAD)
def test_one_clear_line(qbank, argv: list[str], says: str) -> None:
    ran = qbank(*argv)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    assert says in ran.err
    assert "\x1b" not in ran.err
    assert len(ran.err) < 500


@pytest.fixture
def used(qbank, home: Path) -> tuple[Path, str]:
    """A database with one answer in it, and the event."""
    path = home / "used.db"
    deal = qbank("--db", path, "next", "--json").json["deal"]
    event = qbank("--db", path, "answer", deal, "--points", "none", "--json").json["event"]
    return path, event


def events(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        found = [uuid for (uuid,) in connection.execute("SELECT uuid FROM event")]
    connection.close()
    return found


def refuses(qbank, path: Path) -> str:
    for argv in (["list"], ["next"], ["undo"], ["export", "log", "-"]):
        ran = qbank("--db", path, *argv)
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1), ran
        assert path.name in ran.err
    return ran.err


def test_a_folder_is_no_database(qbank, home: Path) -> None:
    refuses(qbank, home)


def test_a_text_file_is_no_database(qbank, home: Path) -> None:
    path = home / "notes.txt"
    path.write_text("not a database, and long enough to be looked at " * 10)
    before = path.read_bytes()
    refuses(qbank, path)
    assert path.read_bytes() == before


def test_a_foreign_database_is_left_alone(qbank, home: Path) -> None:
    path = home / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (title)")
    connection.close()
    before = path.read_bytes()
    refuses(qbank, path)
    assert path.read_bytes() == before
    assert not path.with_name("other.db-wal").exists()


def test_a_newer_schema_is_left_alone(qbank, used: tuple[Path, str]) -> None:
    path, event = used
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "update qbank" in refuses(qbank, path)
    assert event in events(path)


def test_a_corrupt_database_is_one_line(qbank, used: tuple[Path, str]) -> None:
    path, _ = used
    raw = bytearray(path.read_bytes())
    raw[4096 : len(raw)] = b"\xa5" * (len(raw) - 4096)
    path.write_bytes(raw)
    ran = qbank("--db", path, "next")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert path.name in ran.err


def test_a_database_cut_short_is_one_line(qbank, used: tuple[Path, str]) -> None:
    path, _ = used
    path.write_bytes(path.read_bytes()[:5000])
    ran = qbank("--db", path, "next")
    assert (ran.code, ran.err.count("\n")) == (2, 1)


def test_a_read_only_database_is_one_line(qbank, used: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run as root, whom no mode bits stop: the system's own answer is put in their place."""
    import os

    path, event = used
    path.chmod(stat.S_IRUSR)
    asked = os.access
    monkeypatch.setattr(
        os, "access", lambda p, mode, **kw: False if Path(p) == path and mode & os.W_OK else asked(p, mode, **kw)
    )
    ran = qbank("--db", path, "next")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "writable" in ran.err
    assert event in events(path)


def test_an_answer_that_cannot_be_read_stores_nothing(qbank, home: Path) -> None:
    path = home / "q.db"
    card = qbank("--db", path, "next", "--json").json
    for words in (["--points", "no-such-point"], ["--answer", "?"], []):
        ran = qbank("--db", path, "answer", card["deal"], *words)
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert qbank("--db", path, "next", "--json").json["deal"] == card["deal"], "the deal stays open"


@pytest.mark.parametrize(
    "content",
    [
        b"schema = 1\nid = 'my-x'\nid = 'my-x'\n",
        b"schema = ",
        b"\xff\xfe",
        b"",
        b"schema = 1\nid = 'my-x'\nstars = 'many'\n",
        b"a = " + b"[" * 5000,
        b'title = "\\frac"',
    ],
)
def test_a_bad_file_of_the_users_hides_nothing(qbank, home: Path, content: bytes) -> None:
    own = home / "own"
    own.mkdir()
    (own / "my-x.toml").write_bytes(content)
    ran = qbank("--content", own, "list", "--json")
    assert ran.code == 0
    assert "kl-divergence" in [row["id"] for row in ran.json]
    assert "my-x.toml:" in ran.err
    lint = qbank("--content", own, "lint", own / "my-x.toml", "--json")
    assert lint.code == 1
    assert lint.json
    assert all(set(p) == {"file", "line", "rule", "message"} and "\n" not in p["message"] for p in lint.json)


def test_a_bad_config_file_is_one_line(qbank, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qbank import locations

    file = home / "config.toml"
    monkeypatch.setattr(locations, "config_file", lambda: file)
    for text in ("language = ", "language = 'fr'", "language = 3"):
        file.write_text(text)
        ran = qbank("list")
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
        assert str(file) in ran.err
