"""Turning what a solver refuses into the one line a person reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qbank.domain import BadValue, QbankError
from solvers.contract import BadInput


@contextmanager
def readable() -> Iterator[None]:
    """Inside, BadInput becomes BadValue, and a missing library of the extra ``lab`` a QbankError."""
    try:
        yield
    except BadInput as error:
        got = str(error)[len(f"{error.argument} must {error.rule}; got ") :]
        raise BadValue(error.argument, error.rule, got) from error
    except Exception as error:
        from solvers.lanes import MissingExtra

        if isinstance(error, MissingExtra):
            raise QbankError(str(error)) from error
        raise
