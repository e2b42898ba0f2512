"""Upgrading an older database. Imported only when one is due."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import Engine

from qbank.storage.engine import WRITE
from qbank.storage.tables import APPLICATION_ID

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).parent / "migrations"


def config_for(scripts: Path = SCRIPTS) -> Config:
    """The migration tool's configuration, without an ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(engine: Engine, scripts: Path = SCRIPTS, *, to: str = "head") -> None:
    """Run every revision that is due, up to ``to``, in one transaction: all of them, or the file stays as it was."""
    from alembic import command
    from alembic.script import ScriptDirectory

    config = config_for(scripts)
    revisions = list(ScriptDirectory.from_config(config).walk_revisions(head=to if to != "head" else "heads"))
    with engine.connect().execution_options(**WRITE) as connection:
        connection.begin()
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.exec_driver_sql(f"PRAGMA user_version = {len(revisions)}")
        connection.commit()
