"""Renamed questions, as every content that used this database told. Two installations share them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as upsert

from qbank.storage.store import Tx
from qbank.storage.tables import alias


def every(tx: Tx) -> dict[str, str]:
    """Former ids -> later ones."""
    return {row[0]: row[1] for row in tx.run(select(alias.c.old, alias.c.new))}


def put(tx: Tx, names: Mapping[str, str]) -> None:
    """Add or replace some."""
    for old, new in names.items():
        tx.run(upsert(alias).values(old=old, new=new).on_conflict_do_update(set_={"new": new}))
