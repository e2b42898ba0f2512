"""backup, restore and doctor on the command line."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest


@pytest.fixture
def answered(qbank, home) -> dict:
    card = qbank("next", "--json").json
    return qbank("answer", card["deal"], "--points", "none", "--json").json


def database(home: Path) -> Path:
    return next(home.rglob("qbank.db"))


def test_backup_and_restore(qbank, home, answered) -> None:
    made = qbank("backup", home / "b.db", "--json").json
    assert {"file", "bytes", "events"} <= set(made)
    assert qbank("undo", "--json").code == 0
    restored = qbank("restore", home / "b.db", "--json").json
    assert restored["events"] == made["events"]
    assert Path(restored["replaced"]).is_file()
    assert qbank("undo", "--json").json["undone"] == answered["event"]


def test_backup_without_a_file_goes_beside_the_database(qbank, home, answered) -> None:
    made = qbank("backup", "--json").json
    assert Path(made["file"]).parent == database(home).parent / "backups"


@pytest.mark.parametrize("argv", [("backup",), ("doctor",), ("doctor", "--mend"), ("restore", "none.db"), ("restore",)])
def test_without_a_database_each_is_one_line_and_makes_none(qbank, home, argv) -> None:
    ran = qbank(*argv)
    assert ran.code == 2
    assert ran.err.startswith("error: ")
    assert len(ran.err.splitlines()) == 1
    assert not list(home.rglob("*.db"))


def test_backup_refuses_to_overwrite(qbank, home, answered) -> None:
    (home / "notes").write_text("mine")
    ran = qbank("backup", home / "notes")
    assert (ran.code, ran.err) == (2, f"error: FILE must not exist yet; got {home / 'notes'}\n")
    assert (home / "notes").read_text() == "mine"


def test_doctor_finds_and_mends(qbank, home, answered) -> None:
    sound = qbank("doctor", "--json")
    assert (sound.code, sound.json["ok"]) == (0, True)
    assert {"check", "ok", "found", "count", "mended"} <= set(sound.json["checks"][0])
    with closing(sqlite3.connect(database(home))) as raw:
        raw.execute("UPDATE card_state SET stability = 99")
        raw.execute("UPDATE question SET payload = '{}' WHERE id = 'kl-divergence'")
        raw.commit()
    sick = qbank("doctor", "--json")
    assert sick.code == 1
    assert [row["check"] for row in sick.json["checks"] if not row["ok"]] == ["cache", "content"]
    mended = qbank("doctor", "--mend", "--json")
    assert mended.code == 0
    assert Path(mended.json["backup"]).is_file()
    assert [row["check"] for row in mended.json["checks"] if row["mended"]] == ["cache", "content"]
    assert qbank("doctor").code == 0
    assert qbank("show", "kl-divergence", "--json").json["rev"] >= 1


def test_doctor_for_a_person(qbank, answered) -> None:
    page = qbank("doctor")
    assert page.code == 0
    assert "[x] integrity" in page.out
    assert qbank("doctor", "--lang", "zh").code == 0


def test_the_second_days_study_finds_a_backup_of_the_first(qbank, home, answered) -> None:
    assert len(list(database(home).parent.glob("backups/*-daily.db"))) == 1


def test_a_daily_backup_that_fails_is_a_line_and_stops_nobody(qbank, home) -> None:
    card = qbank("next", "--json").json
    folder = database(home).parent / "backups"
    assert not folder.exists() or not list(folder.iterdir())
    folder.rmdir() if folder.exists() else None
    folder.write_text("in the way")
    ran = qbank("answer", card["deal"], "--points", "none", "--json")
    assert ran.code == 0
    assert ran.json["rating"] == "again"
    assert "no backup today: database must be a folder that can be made" in ran.err
