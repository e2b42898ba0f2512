"""Copies of a database in use, their rotation, and one file in another's place."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from qbank.domain import QbankError
from qbank.storage import backup, rows
from qbank.storage.swap import held, swap

DAY = 86_400_000
NOON = 1_700_049_600_000  # Wednesday, 2023-11-15 12:00 UTC


def put(store, name: str) -> None:
    with store.write() as tx:
        tx.connection.exec_driver_sql("INSERT INTO alias VALUES (?, 'x')", (name,))


def names(path: Path) -> list[str]:
    with sqlite3.connect(path) as raw:
        found = [row[0] for row in raw.execute("SELECT old FROM alias ORDER BY old")]
    raw.close()
    return found


def test_a_backup_holds_what_is_still_in_the_write_ahead_log(store, tmp_path):
    put(store, "a")
    made = backup.make(store.path, "manual", NOON)
    put(store, "b")
    assert made == tmp_path / "backups" / "q-20231115T120000-manual.db"
    assert [path.name for path in made.parent.iterdir()] == [made.name]
    assert names(made) == ["a"]
    assert backup.make(store.path, "manual", NOON).name == "q-20231115T120001-manual.db"


def test_daily_backups_rotate_by_day_and_week(store):
    for day in range(60):
        backup.make(store.path, backup.DAILY, NOON + day * DAY)
    kept = [file.name[2:10] for file in backup.listed(store.path)]
    assert kept[-7:] == [f"202401{day:02d}" for day in range(7, 14)]
    assert kept[:-7] == ["20231224", "20231231"]  # Sundays; the two later weeks are among the seven
    backup.make(store.path, "manual", NOON)
    assert len(backup.listed(store.path)) == 10


def test_other_databases_beside_it_keep_theirs(store, open_store, tmp_path):
    other = open_store(tmp_path / "q-too.db")
    backup.make(other.path, "manual", NOON)
    for n in range(9):
        backup.make(store.path, "manual", NOON + n * DAY)
    assert len(backup.listed(store.path)) == backup.KEEP_OTHERS
    assert len(backup.listed(other.path)) == 1


def test_a_damaged_database_makes_no_checked_copy_but_a_faithful_one(store, tmp_path):
    for n in range(300):
        put(store, f"{n:0400d}")
    store.close()
    raw = bytearray(store.path.read_bytes())
    raw[-30_000:] = b"\xff" * 30_000
    store.path.write_bytes(raw)
    with pytest.raises(QbankError, match="intact"):
        backup.make(store.path, "manual", NOON)
    assert list((tmp_path / "backups").iterdir()) == []
    assert backup.make(store.path, "manual", NOON, checked=False).stat().st_size == len(raw)


def test_a_full_disk_is_one_line_and_leaves_nothing(store, tmp_path, monkeypatch):
    put(store, "a" * 2_000_000)
    connect = sqlite3.connect

    def cramped(name, **kwargs):
        connection = connect(name, **kwargs)
        if "uri" not in kwargs:
            connection.execute("PRAGMA max_page_count = 20")
        return connection

    monkeypatch.setattr("qbank.storage.backup.sqlite3.connect", cramped)
    with pytest.raises(QbankError, match="disk that has room") as error:
        backup.make(store.path, "manual", NOON)
    assert str(error.value).isprintable()
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_place_that_cannot_be_written_is_one_line(store, tmp_path):
    (tmp_path / "backups").write_text("a file where the folder should be")
    with pytest.raises(QbankError, match="be a folder that can be made"):
        backup.make(store.path, "manual", NOON)
    with pytest.raises(QbankError, match="must be a file that can be"):
        backup.copy(store.path, tmp_path / "none" / "copy.db")


def test_rows_are_copied_to_a_new_file(store, tmp_path):
    put(store, "a")
    copied = rows.copy_rows(store.path, tmp_path / "new.db")
    assert copied.counts == {"alias": 1, "learner": 0, "event": 0, "deal": 0}
    assert copied.refused == []
    assert names(tmp_path / "new.db") == ["a"]


HOSTILE = {
    "a view for a table": "ALTER TABLE alias RENAME TO a; CREATE VIEW alias AS SELECT old, new FROM a",
    "no table": "DROP TABLE deal",
    "a number for a text": "INSERT INTO learner VALUES ('u', x'00ff', 'u', 1)",
    "data that is no JSON": "INSERT INTO event VALUES (1, 'u', 1, 0, 'l', 'review', NULL, NULL, NULL, 1, '{')",
    "data that is no object": "INSERT INTO event VALUES (1, 'u', 1, 0, 'l', 'review', NULL, NULL, NULL, 1, '[]')",
    "a time that is text": "INSERT INTO event VALUES (1, 'u', 'noon', 0, 'l', 'x', NULL, NULL, NULL, 1, '{}')",
}


@pytest.mark.parametrize("sql", HOSTILE.values(), ids=HOSTILE)
def test_what_is_not_ours_is_refused_as_a_whole(store, tmp_path, sql):
    store.close()
    raw = sqlite3.connect(store.path)
    raw.executescript(sql)
    raw.close()
    with pytest.raises(QbankError, match="be an intact qbank database"):
        rows.copy_rows(store.path, tmp_path / "new.db")
    salvaged = rows.copy_rows(store.path, tmp_path / "salvaged.db", salvage=True)
    assert len(salvaged.refused) == 1


def test_a_damaged_index_refuses_a_restore_that_would_not_even_read_it(store, tmp_path):
    put(store, "a")
    store.close()
    with sqlite3.connect(store.path) as reader:
        (page,) = reader.execute("SELECT rootpage FROM sqlite_master WHERE name = 'event_of_kind'").fetchone()
    reader.close()
    raw = bytearray(store.path.read_bytes())
    raw[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    store.path.write_bytes(raw)
    with pytest.raises(QbankError, match="intact"):
        rows.copy_rows(store.path, tmp_path / "new.db")
    assert rows.copy_rows(store.path, tmp_path / "salvaged.db", salvage=True).refused == []


def test_triggers_of_the_source_do_not_come_along_nor_run(store, tmp_path):
    put(store, "a")
    store.close()
    raw = sqlite3.connect(store.path)
    raw.executescript(
        "CREATE TRIGGER evil AFTER INSERT ON alias BEGIN DELETE FROM alias; END;"
        "CREATE VIEW spy AS SELECT load_extension('evil');"
    )
    raw.close()
    assert rows.copy_rows(store.path, tmp_path / "new.db").counts["alias"] == 1
    with sqlite3.connect(tmp_path / "new.db") as new:
        assert new.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('evil', 'spy')").fetchone() == (0,)
    new.close()


def test_salvage_reads_on_both_sides_of_a_damaged_page(store, tmp_path):
    for n in range(400):
        put(store, f"{n:0500d}")
    store.close()
    raw = bytearray(store.path.read_bytes())
    with sqlite3.connect(store.path) as reader:
        (page,) = (
            reader.execute(
                "SELECT pageno FROM dbstat WHERE name = 'alias' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 20"
            ).fetchone()
            if _has_dbstat(reader)
            else (len(raw) // 4096 // 2,)
        )
    reader.close()
    raw[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    store.path.write_bytes(raw)
    with pytest.raises(QbankError, match="intact"):
        rows.copy_rows(store.path, tmp_path / "new.db")
    salvaged = rows.copy_rows(store.path, tmp_path / "salvaged.db", salvage=True)
    if _has_dbstat_file(store.path):
        assert 370 < salvaged.counts["alias"] < 400
    assert salvaged.refused


def _has_dbstat(raw: sqlite3.Connection) -> bool:
    try:
        raw.execute("SELECT 1 FROM dbstat LIMIT 1")
    except sqlite3.OperationalError:
        return False
    return True


def _has_dbstat_file(path: Path) -> bool:
    with sqlite3.connect(":memory:") as raw:
        return _has_dbstat(raw)


def test_swapping_tells_whoever_has_the_old_file_open(store, open_store, tmp_path):
    put(store, "old")
    rows.copy_rows(store.path, tmp_path / "fresh.db")
    before = swap(store.path, tmp_path / "fresh.db", "restore", NOON)
    assert names(before) == ["old"]
    assert [path.name for path in tmp_path.glob("q.db*")] == ["q.db"], "the old file's log is not the new one's"
    with pytest.raises(QbankError, match="stay in place"):
        put(store, "lost")
    again = open_store(store.path)
    put(again, "new")
    store.close()  # closing the old file must not touch what lies beside the new one
    again.close()
    assert names(store.path) == ["new", "old"]
    assert sorted(path.name for path in tmp_path.glob("*.db*")) == ["q.db"]


def test_while_a_file_is_held_nobody_writes_and_nothing_lies_beside_it(store):
    put(store, "a")
    with held(store.path):
        assert Path(f"{store.path}-wal").stat().st_size == 0
        other = sqlite3.connect(store.path, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
    put(store, "b")


def test_a_damaged_file_is_set_aside_with_what_lies_beside_it(store, open_store, tmp_path):
    open_store(tmp_path / "fresh.db").close()
    store.close()
    store.path.write_bytes(store.path.read_bytes()[:100] + b"\xff" * 20_000)
    damaged = store.path.read_bytes()
    before = swap(store.path, tmp_path / "fresh.db", "restore", NOON)
    assert before.name.endswith("-damaged.db")
    assert before.read_bytes() == damaged
    assert names(store.path) == []
