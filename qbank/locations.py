"""Every path qbank uses, in one place."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


@cache
def data() -> Path:
    """The bundled bank: inside the installed package, or beside it in a checkout."""
    shipped = PACKAGE / "_data"
    return shipped if shipped.is_dir() else PACKAGE.parent / "data"


def questions() -> Path:
    """The bundled questions."""
    return data() / "questions"


def _directory(kind: str) -> Path:
    import platformdirs

    return Path(getattr(platformdirs, f"user_{kind}_dir")("qbank", appauthor=False))


def database(option: str | None = None) -> Path:
    """``--db``, else ``$QBANK_DB``, else the user's data directory."""
    chosen = option or os.environ.get("QBANK_DB")
    return Path(chosen).expanduser() if chosen else _directory("data") / "qbank.db"


def cases(database: Path) -> Path:
    """Challenged verdicts, beside the database: the user's data directory unless another one is chosen."""
    return database.parent / "cases"


def own_questions(option: str | None = None) -> Path:
    """``--content``, else the user's own folder of questions (it need not exist)."""
    return Path(option).expanduser() if option else _directory("data") / "questions"


def config_file() -> Path:
    """The file of language, theme and keys."""
    return _directory("config") / "config.toml"
