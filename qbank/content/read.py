"""Question files and folders of them. A file that cannot be read hides no other."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qbank.content.errors import ContentError, one_line
from qbank.content.files import toml_files
from qbank.content.lines import Lines
from qbank.content.parse import Origin, examine
from qbank.domain import Question

LARGEST_FILE = 1_000_000
"""Bytes; a question has a few thousand."""

_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A folder's good questions, their tables (for storing as JSON), their files, and every fault of the others."""

    questions: tuple[Question, ...]
    raws: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, Path]
    problems: tuple[ContentError, ...]


def load_file(path: Path, origin: Origin = "bundled") -> Question:
    """One question. Raises ContentError with the first fault."""
    raw, where = load_raw(path)
    found, faults = examine(raw, where, origin)
    if faults:
        raise faults[0]
    return found


def load_raw(path: Path) -> tuple[dict[str, Any], Lines]:
    """A file's table and the lines of its values. Raises ContentError for what is no TOML."""
    text = read_text(path)
    file = str(path)
    try:
        raw = tomllib.loads(text)
    except RecursionError:
        raise ContentError(file, 1, "toml", "is nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, or a whole number of thousands of digits
        message = str(error)
        place = _PLACE.search(message)
        line = int(place[1]) if place else text.count("\n") + 1 if "end of document" in message else 1
        said = one_line(_PLACE.sub("", message))
        column = f" (column {place[2]})" if place else ""
        raise ContentError(file, line, "toml", f"is no valid TOML: {said}{column}") from None
    return raw, Lines(text.replace("\r\n", "\n"), file)


def read_text(path: Path) -> str:
    """A file's text. Raises ContentError unless it is a regular, readable, UTF-8 file of at most a megabyte."""
    file = str(path)
    try:
        if not path.is_file():  # a pipe would block for ever
            raise ContentError(file, 0, "file", "is no file")
        with path.open("rb") as stream:
            data = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ContentError(file, 0, "file", f"cannot be read: {reason}") from None
    if len(data) > LARGEST_FILE:
        raise ContentError(file, 0, "file", f"must have at most {LARGEST_FILE} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ContentError(file, line, "utf-8", "is no UTF-8 text") from None


def load_folder(path: Path, origin: Origin = "bundled") -> Loaded:
    """Every question below a folder; an absent folder is empty. Of two files with one id the first stands."""
    questions: dict[str, Question] = {}
    raws: dict[str, Mapping[str, Any]] = {}
    files: dict[str, Path] = {}
    problems: list[ContentError] = []
    for file in toml_files(path):
        try:
            raw, where = load_raw(file)
        except ContentError as error:
            problems.append(error)
            continue
        found, faults = examine(raw, where, origin)
        if faults:
            problems += faults
        elif found.id in questions:
            line = where.at("id")
            message = f"the id '{found.id}' is taken by {files[found.id]}"
            problems.append(ContentError(str(file), line, "duplicate-id", message))
        else:
            questions[found.id], raws[found.id], files[found.id] = found, raw, file
    return Loaded(tuple(questions.values()), raws, files, tuple(problems))
