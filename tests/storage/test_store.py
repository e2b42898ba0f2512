"""Opening, transactions, and every way in which a database file can be wrong."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from qbank.domain import QbankError
from qbank.storage import Store
from qbank.storage.tables import APPLICATION_ID, REVISIONS, alias


def one_line(error: pytest.ExceptionInfo[QbankError]) -> str:
    text = str(error.value)
    assert text.isprintable(), text
    assert text.startswith("database must ")
    return text


def add(store: Store, old: str) -> None:
    with store.write() as tx:
        tx.run(insert(alias).values(old=old, new="x"))


def count(store: Store) -> int:
    with store.read() as tx:
        return int(tx.run(select(func.count()).select_from(alias)).scalar_one())


def fingerprint(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}


def refused(folder: Path, path: Path, open_store, match: str) -> str:
    before = fingerprint(folder)
    with pytest.raises(QbankError, match=match) as error:
        open_store(path)
    assert fingerprint(folder) == before
    return one_line(error)


def test_a_new_database_gets_its_folders_and_is_marked_as_ours(tmp_path, open_store):
    path = tmp_path / "a" / "b" / "q.db"
    open_store(path).close()
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert raw.execute("PRAGMA user_version").fetchone() == (len(REVISIONS),)
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_transactions_are_durable_and_wait_for_each_other(store):
    with store.write() as tx:
        pragma = {
            name: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("synchronous", "busy_timeout", "foreign_keys", "journal_mode")
        }
    assert pragma == {"synchronous": 2, "busy_timeout": 30_000, "foreign_keys": 1, "journal_mode": "wal"}


def test_a_write_takes_the_lock_at_once(store, tmp_path):
    with store.write():
        other = sqlite3.connect(tmp_path / "q.db", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_a_read_sees_one_moment(store):
    add(store, "a")
    with store.read() as tx:
        statement = select(func.count()).select_from(alias)
        assert tx.run(statement).scalar_one() == 1
        add(store, "b")
        assert tx.run(statement).scalar_one() == 1
    assert count(store) == 2


def test_an_exception_undoes_the_whole_transaction(store):
    with pytest.raises(KeyError), store.write() as tx:  # noqa: PT012
        tx.run(insert(alias).values(old="a", new="x"))
        raise KeyError
    assert count(store) == 0


def test_it_opens_again_with_its_rows(open_store):
    first = open_store()
    add(first, "a")
    first.close()
    assert count(open_store()) == 1


def test_an_empty_file_becomes_a_database(tmp_path, open_store):
    (tmp_path / "q.db").touch()
    assert count(open_store()) == 0


def test_a_folder_is_refused(tmp_path, open_store):
    assert "it is a folder" in refused(tmp_path, tmp_path, open_store, "be a file")


def test_a_text_file_is_refused_and_left_alone(tmp_path, open_store):
    path = tmp_path / "notes.txt"
    path.write_text("my notes\n" * 100)
    refused(tmp_path, path, open_store, "be a qbank database")


def test_another_programs_database_is_refused_and_left_alone(tmp_path, open_store):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("CREATE TABLE theirs (x)")
    raw.close()
    assert "another program's" in refused(tmp_path, path, open_store, "be a qbank database")


def test_a_newer_schema_is_refused_and_left_alone(tmp_path, open_store):
    open_store().close()
    with sqlite3.connect(tmp_path / "q.db") as raw:
        raw.execute(f"PRAGMA user_version = {len(REVISIONS) + 1}")
    raw.close()
    assert "update qbank" in refused(tmp_path, tmp_path / "q.db", open_store, "schema")


def test_a_newer_schema_still_in_the_write_ahead_log_is_refused(tmp_path, open_store):
    open_store().close()
    raw = sqlite3.connect(tmp_path / "q.db")
    raw.execute(f"PRAGMA user_version = {len(REVISIONS) + 1}")
    raw.commit()
    with pytest.raises(QbankError, match="update qbank"):
        open_store()
    raw.close()


@pytest.mark.parametrize("keep", [50, 200, 5000])
def test_a_truncated_database_is_one_line(tmp_path, open_store, keep):
    open_store().close()
    path = tmp_path / "q.db"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(QbankError) as error:
        count(open_store(path))
    one_line(error)


def test_a_scribbled_database_is_one_line(tmp_path, open_store):
    open_store().close()
    path = tmp_path / "q.db"
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 20_000)
    with pytest.raises(QbankError, match="be an intact qbank database") as error:
        open_store(path)
    one_line(error)


def test_a_table_scribbled_over_is_one_line_when_it_is_read(tmp_path, open_store):
    store = open_store()
    for n in range(200):
        add(store, f"{n:0500d}")
    store.close()
    path = tmp_path / "q.db"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + b"\xff" * (len(whole) // 2))
    with pytest.raises(QbankError, match="be an intact qbank database") as error, open_store(path).read() as tx:
        tx.connection.exec_driver_sql("SELECT sum(length(new)), max(old) FROM alias NOT INDEXED").all()
    one_line(error)


def test_a_lost_table_is_one_line(tmp_path, store):
    raw = sqlite3.connect(tmp_path / "q.db")
    raw.execute("DROP TABLE alias")
    raw.close()
    with pytest.raises(QbankError, match="be an intact qbank database") as error:
        count(store)
    one_line(error)


def test_writing_to_a_read_only_opening_is_one_line(tmp_path, open_store):
    first = open_store()
    add(first, "a")
    reader = open_store(mode="ro")
    with pytest.raises(QbankError, match="be writable") as error:
        add(reader, "b")
    one_line(error)
    assert count(reader) == 1


def test_reading_only_never_creates_a_database(tmp_path, open_store):
    with pytest.raises(QbankError, match="exist"):
        open_store(tmp_path / "none.db", mode="ro")
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_mount_is_one_line(tmp_path, open_store, run_python):
    open_store().close()
    code = (
        "import sys, subprocess\n"
        "from qbank.storage import Store\n"
        "from qbank.domain import QbankError\n"
        "folder = sys.argv[1]\n"
        "subprocess.run(['mount', '--bind', folder, folder], check=True)\n"
        "subprocess.run(['mount', '-o', 'remount,bind,ro', folder], check=True)\n"
        "for name in ('q.db', 'new.db'):\n"
        "    try:\n"
        "        Store.open(folder + '/' + name, now_ms=lambda: 0, new_id=str)\n"
        "    except QbankError as error:\n"
        "        print(error)\n"
    )
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode:
        pytest.skip("needs user namespaces")
    done = subprocess.run(
        ["unshare", "-Urm", sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=120
    )
    if "mount" in done.stderr and done.returncode:
        pytest.skip("mounting is not allowed here")
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stderr
    assert all(line.startswith("database must be writable; got ") for line in lines)


def test_a_full_disk_is_one_line_and_loses_nothing(store):
    add(store, "a")
    with pytest.raises(QbankError, match="disk that has room") as error, store.write() as tx:  # noqa: PT012
        tx.connection.exec_driver_sql("PRAGMA max_page_count = 1")
        tx.run(insert(alias).values(old="x" * 10_000_000, new="x"))
    one_line(error)
    assert count(store) == 1


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, open_store):
    (tmp_path / "file").touch()
    with pytest.raises(QbankError) as error:
        open_store(tmp_path / "file" / "sub" / "q.db")
    one_line(error)


def test_a_path_with_control_characters_stays_one_line(tmp_path, open_store):
    folder = tmp_path / "a\nb\x1b[31m"
    folder.mkdir()
    with pytest.raises(QbankError, match="it is a folder") as error:
        open_store(folder)
    one_line(error)


def test_odd_characters_in_a_path_are_just_characters(tmp_path, open_store):
    path = tmp_path / "a?mode=memory#%20 ü题.db"
    add(open_store(path), "a")
    assert path.stat().st_size > 0


def test_removed_while_open_says_so_and_is_not_made_again(tmp_path, store):
    path = tmp_path / "q.db"
    path.unlink()
    for use in (lambda: count(store), lambda: add(store, "b")):
        with pytest.raises(QbankError, match="stay in place") as error:
            use()
        one_line(error)
    assert not path.exists()


def test_removed_during_a_transaction_is_not_acknowledged(tmp_path, store):
    with pytest.raises(QbankError, match="stay in place"), store.write() as tx:  # noqa: PT012
        tx.run(insert(alias).values(old="a", new="x"))
        (tmp_path / "q.db").unlink()


def test_replaced_while_open_leaves_the_new_file_alone(tmp_path, store, open_store):
    add(store, "a")
    other = open_store(tmp_path / "other.db")
    add(other, "theirs")
    other.close()
    (tmp_path / "other.db").replace(tmp_path / "q.db")
    before = (tmp_path / "q.db").read_bytes()
    with pytest.raises(QbankError, match="stay in place"):
        add(store, "b")
    assert (tmp_path / "q.db").read_bytes() == before


def test_busy_for_too_long_is_one_line(tmp_path, store, monkeypatch, open_store):
    from qbank.storage import engine

    monkeypatch.setattr(engine, "BUSY_SECONDS", 0)
    hasty = open_store()
    with store.write(), pytest.raises(QbankError, match="be free within") as error:
        add(hasty, "b")
    one_line(error)


def test_opening_imports_neither_the_migration_tool_nor_the_orm(tmp_path, run_python):
    done = run_python(
        "import sys; from qbank.storage import Store\n"
        "store = Store.open(sys.argv[1], now_ms=lambda: 0, new_id=str)\n"
        "with store.write(): pass\n"
        "print([m for m in ('alembic', 'sqlalchemy.orm', 'fsrs', 'numpy') if m in sys.modules])",
        str(tmp_path / "q.db"),
    )
    assert done.stdout.strip() == "[]", done.stderr
