"""Precomputed keys against the solvers that they stand in for: what ``verify`` adds to the solvers' own rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from qbank.domain import Item, QbankError, Question


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One item's keys. ``why``: the first seed whose key a run does not give."""

    keys: str
    """Question and item."""
    slug: str
    ok: bool
    seconds: float
    why: str | None = None

    def json(self) -> dict[str, Any]:
        """The keys of a solver's row, and ``keys``."""
        return {
            "slug": self.slug,
            "lane": "torch",
            "device": "cpu",
            "dtype": "float64",
            "ok": self.ok,
            "max_error": None,
            "claims": 0,
            "seconds": self.seconds,
            "why": self.why,
            "keys": self.keys,
        }


def keyed(folders: Iterable[Path], slugs: Collection[str] | None = None) -> list[tuple[Question, Item]]:
    """The items with precomputed keys, of these solvers (None: of all). Files that cannot be read are the lint's."""
    from qbank.content.read import load_folder

    return [
        (question, item)
        for folder in folders
        if folder.is_dir()
        for question in load_folder(folder).questions
        for item in question.items
        if item.keys and (slugs is None or item.solver in slugs)
    ]


def check(
    items: Collection[tuple[Question, Item]], on_done: Callable[[KeyRow, int, int], None] | None = None
) -> list[KeyRow]:
    """Run each item's solver for each of its seeds; ``on_done(row, done, total)`` as each item is finished."""
    from qbank.dealing import check_keys

    rows: list[KeyRow] = []
    for question, item in items:
        start = perf_counter()
        try:
            reasons = check_keys(question, item)
        except QbankError as error:  # torch is missing, or the item does not fit its solver
            reasons = [str(error)]
        seconds = perf_counter() - start
        rows.append(
            KeyRow(f"{question.id} {item.id}", item.solver or "", not reasons, seconds, next(iter(reasons), None))
        )
        if on_done is not None:
            on_done(rows[-1], len(rows), len(items))
    return rows
