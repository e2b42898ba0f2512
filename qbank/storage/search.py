"""Full-text search in Chinese (from one character) and English (from the beginning of a word).

Text is cut into tokens here: words, and for a run of Chinese its pairs and its last character, so that every character
begins a token and no phrase of pairs spans two runs. SQLite's own tokenizers find nothing for one or two Chinese
characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from operator import add as add_text

from qbank.storage.store import Tx

_HAN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_PIECE = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+(?:\+\+|#(?![^\W_]))?")
_WORD_OR_RUN = re.compile(rf"([^\W_{_HAN}]+(?:\+\+|#(?![^\W_]))?)|([{_HAN}]+)")
_PLAIN = re.compile(r"[\n -\"$-*,-~\u4e00-\u9fff，。、；：？！（）“”《》—]*")
"""Characters that mean the same before and after normalization, to SQLite's tokenizer too: no ``+`` and no ``#``."""
_RUN = re.compile("[\u4e00-\u9fff]+")
_HASH_BYTES = 32 << 20
"""How much is collected before it is written: the default of 1 MB makes many small parts that are merged later."""


def tokens(text: str) -> str:
    """What is indexed for ``text``. Of plain text only the Chinese is cut here; SQLite finds the words faster."""
    if _PLAIN.fullmatch(text):
        return _RUN.sub(_cut, text)
    found: list[str] = []
    for word, run in _WORD_OR_RUN.findall(unicodedata.normalize("NFKC", text).casefold()):
        if run:
            found += map(add_text, run, run[1:])
            found.append(run[-1])
        else:
            found.append(word)
            if word[-1] in "+#":
                found.append(word.rstrip("+#"))
    return " ".join(found)


def _cut(found: re.Match[str]) -> str:
    run = found[0]
    return f" {' '.join(map(add_text, run, run[1:]))} {run[-1]} "


def match(text: str) -> str | None:
    """The FTS5 expression for what a person typed, every term quoted; None where nothing in it can be searched."""
    terms = []
    for piece in _pieces(text):
        if len(piece) == 1 or not _is_han(piece):
            terms.append(f'"{piece}"*')
        else:
            terms.append('"' + " ".join(_pairs(piece)) + '"')
    return " AND ".join(dict.fromkeys(terms)) or None


def add(tx: Tx, rows: Iterable[tuple[int, str, str]]) -> None:
    """Index questions: row number, title and body of each."""
    tx.sql(f"INSERT INTO search (search, rank) VALUES ('hashsize', {_HASH_BYTES})")
    tx.many(
        "INSERT INTO search (rowid, title, body) VALUES (?, ?, ?)",
        ((row, tokens(title), tokens(body)) for row, title, body in rows),
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
