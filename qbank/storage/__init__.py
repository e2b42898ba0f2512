"""The only place that knows SQLAlchemy: the database, its tables and their repositories."""

from qbank.storage.content import ContentRow
from qbank.storage.store import Store, Tx

__all__ = ["ContentRow", "Store", "Tx"]
