"""Everything that is held of a question file. One module an idea; each rule has a short name.

The files are read strictly first: what :mod:`qbank.content.parse` refuses is told with its own rule, and only a file
that can be read is looked at further.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from qbank.content.errors import ContentError
from qbank.content.lines import Lines
from qbank.content.lint import (
    deals,
    decimals,
    documents,
    formulas,
    keys,
    languages,
    lengths,
    names,
    references,
    writing,
)
from qbank.content.lint.case import Case, Problem
from qbank.content.parse import Origin, examine
from qbank.content.read import load_folder, load_raw, read_text
from qbank.domain import Question

__all__ = ["CHECKS", "Case", "Problem", "lint"]

CHECKS: tuple[Callable[[Case], None], ...] = (
    names.check,
    languages.check,
    references.check,
    formulas.check,
    decimals.check,
    writing.check,
    lengths.check,
    documents.check,
    deals.check,
    keys.check,
)


def lint(
    files: Sequence[Path], *, bundled: Path | None = None, bank: Mapping[str, Question] | None = None
) -> list[Problem]:
    """Problems of ``files``, in the order of files and lines.

    ``bundled`` is the folder of the bank's own questions: files below it must follow its rules (topics, folders, ids
    without ``my-``), others those of a reader's own. ``bank`` holds the questions around the files for what is held
    between questions; without it, the bundled ones.
    """
    problems: list[Problem] = []
    if bank is None:
        bank = {q.id: q for q in load_folder(bundled).questions} if bundled is not None else {}
    read: list[tuple[Path, Question, Lines, bool]] = []
    first: dict[str, Path] = {}
    for path in files:
        own = bundled is not None and path.resolve().is_relative_to(bundled.resolve())
        origin: Origin = "bundled" if own else "user"
        try:
            raw, where = load_raw(path)
        except ContentError as error:
            problems.append(_problem(error))
            continue
        question, faults = examine(raw, where, origin)
        problems += map(_problem, faults)
        if faults:
            continue
        if question.id in first and first[question.id] != path:
            message = f"the id '{question.id}' is taken by {first[question.id]}"
            problems.append(Problem(str(path), where.at("id"), "duplicate-id", message))
            continue
        first[question.id] = path
        read.append((path, question, where, own))
    around = {**bank, **{question.id: question for _, question, _, _ in read}}
    documents = _documents(bundled)
    for path, question, where, own in read:
        case = Case(path, question, where, own, around, documents)
        for check in CHECKS:
            check(case)
        problems += case.problems
    place = {str(path): n for n, path in enumerate(files)}
    return sorted(problems, key=lambda p: (place.get(p.file, 0), p.line, p.rule))


def _problem(error: ContentError) -> Problem:
    return Problem(error.file, error.line, error.rule, error.message)


def _documents(bundled: Path | None) -> frozenset[str]:
    """The ids of ``sources.toml``, which lies beside the folder of questions."""
    if bundled is None or not (bundled.parent / "sources.toml").is_file():
        return frozenset()
    try:
        return frozenset(tomllib.loads(read_text(bundled.parent / "sources.toml")))
    except (ContentError, ValueError):
        return frozenset()
