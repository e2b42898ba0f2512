"""Whether a folder of questions changed: a cheap stamp, and a digest of what is written there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path


def toml_files(folder: Path) -> Iterator[Path]:
    """Every ``*.toml`` below ``folder``, sorted; hidden files and folders and links to folders are left out."""
    for root, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(".toml") and not name.startswith("."):
                yield Path(root) / name


def stamp(folder: Path) -> str:
    """A hash over the files' relative names, sizes and modification times (ns): no file is opened."""
    sha = hashlib.sha256()
    for path in toml_files(folder):
        try:
            status = path.stat()
        except OSError:
            sha.update(f"{_name(path, folder)}\0gone\0".encode())
            continue
        sha.update(f"{_name(path, folder)}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return sha.hexdigest()


def digest(folder: Path) -> str:
    """A hash over the files' relative names and texts: the same bank has the same digest on every machine."""
    from qbank.content.errors import ContentError
    from qbank.content.read import read_text

    sha = hashlib.sha256()
    for path in toml_files(folder):
        try:
            text = read_text(path).replace("\r\n", "\n")
        except ContentError as error:
            text = error.rule
        content = hashlib.sha256(text.encode()).hexdigest()
        sha.update(f"{_name(path, folder)}\0{content}\0".encode())
    return sha.hexdigest()


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix().encode("utf-8", "replace").decode()
