"""Full-text search in Chinese (from one character) and English (from the beginning of a word).

Text is cut into tokens here: words, and for Chinese runs single characters and pairs. SQLite's own tokenizers find
nothing for one or two Chinese characters.
"""

from __future__ import annotations

import re
import unicodedata

from qbank.storage.store import Tx

_HAN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PIECE = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+(?:\+\+|#(?![^\W_]))?")
_BREAK = "\ue000"
"""A token of its own between runs, so that a phrase never spans two of them."""


def tokens(text: str) -> str:
    """What is indexed for ``text``."""
    words: list[str] = []
    singles: list[str] = []
    pairs: list[str] = []
    for piece in _pieces(text):
        if _is_han(piece):
            singles += [*piece, _BREAK]
            pairs += [*_pairs(piece), _BREAK]
        else:
            words.append(piece)
            if not piece.isalnum():
                words.append(piece.rstrip("+#"))
    return " ".join([*words, _BREAK, *singles, *pairs])


def match(text: str) -> str | None:
    """The FTS5 expression for what a person typed, every term quoted; None where nothing in it can be searched."""
    terms = []
    for piece in _pieces(text):
        if not _is_han(piece):
            terms.append(f'"{piece}"*')
        elif len(piece) == 1:
            terms.append(f'"{piece}"')
        else:
            terms.append('"' + " ".join(_pairs(piece)) + '"')
    return " AND ".join(dict.fromkeys(terms)) or None


def add(tx: Tx, row: int, *, title: str, body: str) -> None:
    """Index one question under its row number."""
    tx.connection.exec_driver_sql(
        "INSERT INTO search (rowid, title, body) VALUES (?, ?, ?)", (row, tokens(title), tokens(body))
    )


def remove(tx: Tx, version: str) -> None:
    """Take a content version out of the index."""
    tx.connection.exec_driver_sql(
        "DELETE FROM search WHERE rowid IN (SELECT row FROM question WHERE version = ?)", (version,)
    )


def find(tx: Tx, version: str, text: str) -> list[str]:
    """Ids of the questions of a version that hold all of ``text``, best first."""
    expression = match(text)
    if expression is None:
        return []
    found = tx.connection.exec_driver_sql(
        "SELECT question.id FROM search JOIN question ON question.row = search.rowid "
        "WHERE search MATCH ? AND question.version = ? ORDER BY bm25(search, 8.0, 1.0), question.id",
        (expression, version),
    )
    return [row[0] for row in found]


def _pieces(text: str) -> list[str]:
    return _PIECE.findall(unicodedata.normalize("NFKC", text).casefold())


def _is_han(piece: str) -> bool:
    return re.match(f"[{_HAN}]", piece) is not None


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]
