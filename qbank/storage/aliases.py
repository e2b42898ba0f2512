"""Renamed questions, as every content that used this database told. Two installations share them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.dialects.sqlite import insert as upsert

from qbank.storage.store import Tx
from qbank.storage.tables import alias


def every(tx: Tx) -> Mapping[str, str]:
    """Former ids -> later ones."""
    return tx.once("aliases", lambda: dict(tx.sql("SELECT old, new FROM alias").fetchall()))


def put(tx: Tx, names: Mapping[str, str]) -> None:
    """Add or replace some."""
    tx.stir()
    for old, new in names.items():
        tx.run(upsert(alias).values(old=old, new=new).on_conflict_do_update(set_={"new": new}))
