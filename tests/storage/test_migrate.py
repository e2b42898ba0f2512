"""A migrated database is the same as a fresh one, and an upgrade loses nothing."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from qbank.domain import QbankError
from qbank.storage import events, migrate, tables
from qbank.storage.engine import engine_for
from qbank.storage.store import Store


def shape(path: Path) -> tuple[dict[tuple[str, str], str], dict[str, object], list[object]]:
    with sqlite3.connect(path) as raw:
        rows = raw.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master").fetchall()
        pragmas = {
            p: raw.execute(f"PRAGMA {p}").fetchone()[0]
            for p in ("application_id", "user_version", "journal_mode", "encoding", "auto_vacuum", "page_size")
        }
        version = raw.execute("SELECT version_num FROM alembic_version").fetchall()
    raw.close()
    tight = str.maketrans("", "", " \n\t")
    return {(kind, name): sql.translate(tight) for kind, name, sql in rows}, pragmas, version


def migrated(path: Path) -> None:
    engine = engine_for(path, "rwc")
    migrate.upgrade(engine)
    engine.dispose()


def test_fresh_and_migrated_schemas_are_equal(tmp_path, open_store):
    open_store(tmp_path / "fresh.db").close()
    migrated(tmp_path / "migrated.db")
    open_store(tmp_path / "migrated.db").close()
    fresh, again = shape(tmp_path / "fresh.db"), shape(tmp_path / "migrated.db")
    assert fresh == again
    assert ("trigger", "event_no_update") in fresh[0]
    assert len(fresh[0]) > 20


def test_the_metadata_says_what_the_migrations_make(tmp_path):
    migrated(tmp_path / "m.db")
    engine = create_engine(f"sqlite:///{tmp_path / 'm.db'}")
    with engine.connect() as connection:
        ours = MigrationContext.configure(connection, opts={"include_object": _ours})
        assert compare_metadata(ours, tables.metadata) == []
    engine.dispose()


def _ours(obj: object, name: str, kind: str, reflected: bool, other: object) -> bool:
    return not (kind == "table" and (name.startswith("search") or name == "alembic_version"))


def test_the_list_of_revisions_is_the_migrations(tmp_path):
    found = [r.revision for r in ScriptDirectory.from_config(migrate.config_for()).walk_revisions()]
    assert tuple(reversed(found)) == tables.REVISIONS


REVISION = """
from alembic import op
revision, down_revision, branch_labels, depends_on = "r9999", "%s", None, None

def upgrade():
    op.execute("ALTER TABLE alias ADD COLUMN why TEXT")
    op.execute("%s")
"""


@pytest.fixture
def newer(tmp_path, monkeypatch):
    """A program with one more revision than this one; its second statement is the argument."""

    def make(statement: str = "UPDATE alias SET why = 'renamed'") -> None:
        scripts = tmp_path / "scripts"
        shutil.copytree(migrate.SCRIPTS, scripts)
        (scripts / "versions" / "r9999_more.py").write_text(REVISION % (tables.REVISIONS[-1], statement))
        monkeypatch.setattr(migrate.upgrade, "__defaults__", (scripts,))
        for module in ("header", "store"):
            monkeypatch.setattr(f"qbank.storage.{module}.REVISIONS", (*tables.REVISIONS, "r9999"))

    return make


def old_database(path: Path, open_store) -> None:
    store: Store = open_store(path)
    with store.write() as tx:
        tx.connection.exec_driver_sql("INSERT INTO alias VALUES ('a', 'b')")
    store.close()


def test_an_older_database_is_upgraded_and_keeps_its_rows(tmp_path, open_store, newer):
    path = tmp_path / "old.db"
    old_database(path, open_store)
    newer()
    with open_store(path).read() as tx:
        assert tx.connection.exec_driver_sql("SELECT * FROM alias").all() == [("a", "b", "renamed")]
        assert tx.connection.exec_driver_sql("PRAGMA user_version").scalar_one() == len(tables.REVISIONS) + 1


def test_a_failed_upgrade_leaves_the_file_at_its_old_schema(tmp_path, open_store, newer):
    path = tmp_path / "old.db"
    old_database(path, open_store)
    before = shape(path)
    newer("UPDATE no_such_table SET x = 1")
    with pytest.raises(QbankError, match="database must"):
        open_store(path)
    assert shape(path) == before


def test_an_older_database_opened_for_reading_only_is_refused(tmp_path, open_store, newer):
    path = tmp_path / "old.db"
    old_database(path, open_store)
    newer()
    with pytest.raises(QbankError, match="opened for reading only"):
        open_store(path, mode="ro")


def test_the_migrations_ship_beside_the_code():
    assert (migrate.SCRIPTS / "env.py").is_file()
    assert migrate.SCRIPTS.is_relative_to(Path(migrate.__file__).parent)


def test_an_upgrade_backs_up_first_and_without_a_backup_nothing_is_upgraded(tmp_path, open_store, newer):
    path = tmp_path / "old.db"
    old_database(path, open_store)
    before = shape(path)
    newer()
    (tmp_path / "backups").touch()
    with pytest.raises(QbankError, match="be a folder that can be made"):
        open_store(path)
    assert shape(path) == before
    (tmp_path / "backups").unlink()
    open_store(path)
    (made,) = (tmp_path / "backups").iterdir()
    assert made.name.endswith(f"-schema{len(tables.REVISIONS)}.db")
    assert shape(made)[0] == before[0]
    with sqlite3.connect(made) as raw:
        assert raw.execute("SELECT * FROM alias").fetchall() == [("a", "b")]
    raw.close()


def test_answers_are_counted_on_after_the_upgrade_of_a_full_log(tmp_path, open_store):
    path = tmp_path / "old.db"
    engine = engine_for(path, "rwc")
    migrate.upgrade(engine, to="r0002")
    engine.dispose()
    insert = "INSERT INTO event (uuid, at_ms, zone_min, learner, kind, local, data) VALUES (?, 1, 0, 'u', ?, 1, ?)"
    data = '{"day": 7, "ms": 1000, "rating": "good", "predicted": 0.51}'
    with sqlite3.connect(path) as raw:
        raw.execute(insert, ("e1", "review", data))
        raw.execute(insert, ("e2", "setting", '{"key": "zone", "value": "UTC"}'))
    raw.close()
    with open_store(path).write() as tx:
        assert tx.sql("SELECT * FROM answer_day").fetchall() == [("u", 7, "review", 10, 1, 1000, 1, 0.51)]
        tx.sql(insert, ("e3", "review", data))
        tx.sql(insert, ("e4", "review", f'{{"day": {-(1 << 63)}}}'))
        assert tx.sql("SELECT * FROM answer_day").fetchall() == [("u", 7, "review", 10, 2, 2000, 2, 1.02)]
        assert [e.uuid for e in events.of_kind(tx, "setting", ["u"])] == ["e2"]
        assert [e.uuid for e in events.of_kind(tx, "review", ["u"])] == ["e1", "e3", "e4"]
