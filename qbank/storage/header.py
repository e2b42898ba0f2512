"""What a file is, told from its first hundred bytes: nothing is opened, nothing touched."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from qbank.storage.errors import bad_database
from qbank.storage.tables import APPLICATION_ID, REVISIONS

_MAGIC = b"SQLite format 3\x00"


def kind_of(path: Path) -> Literal["absent", "empty", "ours"]:
    """Whether a database has to be laid out at ``path``, or is there already.

    :raises QbankError: a folder, another program's file, a newer program's database, or an unreadable one.
    """
    try:
        if path.is_dir():
            raise bad_database(path, "be a file", "it is a folder")
        with path.open("rb") as file:
            head = file.read(100)
    except FileNotFoundError:
        return "absent"
    except OSError as error:
        raise bad_database(path, "be a file that can be opened", error.strerror or "") from None
    if not head:
        return "empty"
    if len(head) < 100 or not head.startswith(_MAGIC):
        raise bad_database(path, "be a qbank database", "it is no SQLite file")
    if int.from_bytes(head[68:72], "big") != APPLICATION_ID:
        raise bad_database(path, "be a qbank database", "another program's")
    check_revision(path, int.from_bytes(head[60:64], "big"))
    return "ours"


def check_revision(path: Path, number: int) -> None:
    """Refuse what a newer program wrote."""
    if number > len(REVISIONS):
        raise bad_database(path, f"have schema {len(REVISIONS)} or older", f"schema {number}; update qbank")
