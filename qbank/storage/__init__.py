"""The only place that knows SQLAlchemy: the database, its tables and their repositories."""

from .content import ContentRow
from .store import Store, Tx

__all__ = ["ContentRow", "Store", "Tx"]
