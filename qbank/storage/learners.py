"""Learners and persons: joined learners share a root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from qbank.storage.store import Tx
from qbank.storage.tables import learner

_c = learner.c


@dataclass(frozen=True, slots=True)
class Person:
    """A learner with every UUID joined to it."""

    uuid: str
    """Under which new events are written."""
    uuids: tuple[str, ...]
    root: str
    """Under which states are cached."""


def named(tx: Tx, name: str) -> str | None:
    """The UUID of the learner of a name: one made here before imported ones."""
    statement = select(_c.uuid).where(_c.name == name).order_by(_c.local.desc(), _c.uuid).limit(1)
    return tx.run(statement).scalar_one_or_none()


def person(tx: Tx, uuid: str) -> Person:
    """A learner with its joined ones."""
    found = tx.sql(
        "SELECT other.uuid, other.root FROM learner AS itself JOIN learner AS other ON other.root = itself.root "
        "WHERE itself.uuid = ? ORDER BY other.uuid",
        (uuid,),
    ).fetchall()
    return Person(uuid, tuple(row[0] for row in found), found[0][1]) if found else Person(uuid, (uuid,), uuid)


def roots(tx: Tx) -> set[str]:
    """The root of every person."""
    return {row[0] for row in tx.run(select(_c.root).distinct())}


def uuids(tx: Tx) -> set[str]:
    """Every learner known."""
    return {row[0] for row in tx.run(select(_c.uuid))}


def add(tx: Tx, uuid: str, name: str | None, *, local: bool) -> None:
    """A learner that is not here yet, joined to nobody."""
    tx.stir()
    tx.run(insert(learner).values(uuid=uuid, name=name, root=uuid, local=int(local)))


def rename(tx: Tx, uuid: str, name: str) -> None:
    """Change the label."""
    tx.stir()
    tx.run(update(learner).where(_c.uuid == uuid).values(name=name))


def join(tx: Tx, root_of: Mapping[str, str]) -> set[str]:
    """Set everybody's root; returns the roots, old and new, of those whose root changed."""
    changed: set[str] = set()
    for uuid, before in tx.run(select(_c.uuid, _c.root)).all():
        after = root_of.get(uuid, uuid)
        if after != before:
            tx.stir()
            tx.run(update(learner).where(_c.uuid == uuid).values(root=after))
            changed |= {before, after}
    return changed
