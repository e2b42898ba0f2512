"""Questions by content version. Several versions live side by side, so two installations can share a database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from qbank.storage import search as index
from qbank.storage.store import Store, Tx
from qbank.storage.tables import content_stamp, content_version, question

DAY_MS = 86_400_000
KEEP_MS = 30 * DAY_MS
"""Versions unused for longer are dropped when another one is put."""
KEEP_AT_LEAST = 4
_AT_ONCE = 5_000
_WRITTEN = ("row", "version", "id", "origin", "stars", "topics", "docs", "summary", "payload")
_INSERT = f"INSERT INTO question ({', '.join(_WRITTEN)}) VALUES ({', '.join('?' * len(_WRITTEN))})"
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(frozen=True, slots=True)
class ContentRow:
    """One question as it is stored. ``summary`` is what a list needs, ``payload`` the whole raw question."""

    id: str
    origin: str
    stars: int
    topics: tuple[str, ...]
    docs: tuple[str, ...]
    summary: Mapping[str, Any]
    payload: Mapping[str, Any]
    texts: Mapping[str, str] = field(default_factory=dict)
    """Language -> the text that search looks through."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Language -> title; it and the id weigh more in search."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A row without its payload."""

    id: str
    origin: str
    stars: int
    topics: tuple[str, ...]
    docs: tuple[str, ...]
    summary: dict[str, Any]


def version_for(tx: Tx, stamps: Mapping[str, str]) -> str | None:
    """The stored version that these folders (path -> stamp) were found to hold."""
    statement = select(content_stamp.c.version).where(content_stamp.c.stamps == _key(stamps))
    return tx.run(statement).scalar_one_or_none()


def find(store: Store, stamps: Mapping[str, str]) -> str | None:
    """:func:`version_for`, noting once a day that the version is in use."""
    with store.read() as tx:
        version = version_for(tx, stamps)
        if version is None:
            return None
        used = tx.run(select(content_version.c.used_ms).where(content_version.c.version == version)).scalar_one()
    if abs(store.now_ms() - used) > DAY_MS:
        with store.write() as tx:
            _use(tx, version)
    return version


def has(tx: Tx, version: str) -> bool:
    """Whether a version's questions are stored."""
    statement = select(content_version.c.version).where(content_version.c.version == version)
    return tx.run(statement).first() is not None


def remember(tx: Tx, stamps: Mapping[str, str], version: str) -> None:
    """These folders hold this stored version."""
    _use(tx, version)
    tx.run(delete(content_stamp).where(content_stamp.c.stamps == _key(stamps)))
    tx.run(insert(content_stamp).values(stamps=_key(stamps), version=version))


def put(tx: Tx, version: str, rows: Iterable[ContentRow], *, stamps: Mapping[str, str] | None = None) -> None:
    """Store a version's questions (replacing them where it is there already) and drop versions long unused."""
    drop(tx, version)
    now = tx.now_ms()
    tx.run(insert(content_version).values(version=version, put_ms=now, used_ms=now))
    first = tx.sql("SELECT coalesce(max(row), 0) + 1 FROM question").fetchone()[0]
    numbered = enumerate(rows, start=first)
    while some := list(islice(numbered, _AT_ONCE)):
        tx.many(_INSERT, ((number, version, *_columns(row)) for number, row in some))
        index.add(tx, ((number, *_texts(row)) for number, row in some))
    if stamps is not None:
        remember(tx, stamps, version)
    _prune(tx)


def _columns(row: ContentRow) -> tuple[str | int, ...]:
    lists = _dump(row.topics), _dump(row.docs)
    return row.id, row.origin, row.stars, *lists, _dump(row.summary), _dump(row.payload)


def _texts(row: ContentRow) -> tuple[str, str]:
    """Title and body of the search index."""
    return " ".join([row.id, *row.titles.values()]), "\n".join(row.texts.values())


def rows(tx: Tx, version: str) -> list[Summary]:
    """Every question of a version by id, without payloads."""
    c = question.c
    statement = select(c.id, c.origin, c.stars, c.topics, c.docs, c.summary).where(c.version == version).order_by(c.id)
    return [
        Summary(id_, origin, stars, tuple(json.loads(topics)), tuple(json.loads(docs)), json.loads(summary))
        for id_, origin, stars, topics, docs, summary in tx.run(statement)
    ]


def payload(tx: Tx, version: str, id: str) -> dict[str, Any] | None:
    """One question's raw content, or None."""
    found = tx.sql("SELECT payload FROM question WHERE version = ? AND id = ?", (version, id)).fetchone()
    return None if found is None else dict(json.loads(found[0]))


def payloads(tx: Tx, version: str) -> dict[str, dict[str, Any]]:
    """Every question's raw content by id."""
    statement = select(question.c.id, question.c.payload).where(question.c.version == version).order_by(question.c.id)
    return {id_: json.loads(raw) for id_, raw in tx.run(statement)}


def search(tx: Tx, version: str, text: str) -> list[str]:
    """Ids of the questions that hold every word of ``text``, best first."""
    return index.find(tx, version, text)


def _use(tx: Tx, version: str) -> None:
    tx.run(update(content_version).where(content_version.c.version == version).values(used_ms=tx.now_ms()))


def drop(tx: Tx, version: str) -> None:
    """Forget a version's questions."""
    index.remove(tx, version)
    tx.run(delete(content_version).where(content_version.c.version == bindparam("gone")), {"gone": version})


def _prune(tx: Tx) -> None:
    c = content_version.c
    found = tx.run(select(c.version, c.used_ms).order_by(c.used_ms.desc(), c.put_ms.desc())).all()
    for version, used in found[KEEP_AT_LEAST:]:
        if used < tx.now_ms() - KEEP_MS:
            drop(tx, version)


def _key(stamps: Mapping[str, str]) -> str:
    return _dump(sorted(stamps.items()))


def _dump(value: Any) -> str:
    return _ENCODE(value)
