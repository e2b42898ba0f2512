"""What ``compute`` tells while it runs: its steps, its progress, and where it is told to stop."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any


class Cancelled(Exception):
    """The reader cancelled the run."""


class SolverError(Exception):
    """A solver broke its own record: an undeclared step, a missing output, another shape than before."""


class Trace:
    """The ``note`` object of :class:`solvers.contract.Note`.

    ``on_step(id, value)`` sees each step as it is noted (the lane's own array), ``on_progress(done, total)`` each
    report. ``cancelled()`` is asked at each step and report; true raises :class:`Cancelled`.
    """

    def __init__(
        self,
        steps: Collection[str],
        *,
        device: Any = "cpu",
        make_generator: Callable[[], Any] | None = None,
        on_step: Callable[[str, Any], None] | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self.device = device
        self.noted: dict[str, list[Any]] = {}
        self._steps = frozenset(steps)
        self._make_generator = make_generator
        self._generator: Any = None
        self._on_step, self._on_progress, self._cancelled = on_step, on_progress, cancelled

    @property
    def generator(self) -> Any:
        """The run's seeded ``torch.Generator`` on the run's device; None on the numpy lane."""
        if self._generator is None and self._make_generator is not None:
            self._generator = self._make_generator()
        return self._generator

    def __call__(self, step: str, value: Any) -> None:
        """Record a step. The value is copied: later changes in place do not reach it."""
        self._stop_if_cancelled()
        if step not in self._steps:
            raise SolverError(f"compute noted a step that the record does not declare: {step}")
        kept = _copy(value)
        self.noted.setdefault(step, []).append(kept)
        if self._on_step is not None:
            self._on_step(step, kept)

    def progress(self, done: int, total: int) -> None:
        """Report that ``done`` of ``total`` rounds are through."""
        self._stop_if_cancelled()
        if self._on_progress is not None:
            self._on_progress(done, total)

    def _stop_if_cancelled(self) -> None:
        if self._cancelled is not None and self._cancelled():
            raise Cancelled("cancelled")


def _copy(value: Any) -> Any:
    if hasattr(value, "detach"):  # torch
        return value.detach().clone()
    if hasattr(value, "copy") and hasattr(value, "dtype"):  # numpy
        return value.copy()
    return value
