"""How far apart two results are: one measure for the oracle, the mistakes and the proofs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def difference(got: Any, want: Any) -> float:
    """The largest ``|got - want| / (1 + |want|)`` over all elements.

    Equal infinities agree, NaN agrees with NaN; any other non-finite pair, and another shape, is infinitely far.
    """
    a, b = np.asarray(got), np.asarray(want)
    if a.shape != b.shape:
        return float("inf")
    if a.size == 0:
        return 0.0
    return float(np.max(elementwise(a, b)))


def elementwise(got: Any, want: Any) -> np.ndarray[Any, Any]:
    """The measure of :func:`difference`, element by element (shapes must agree)."""
    a, b = np.asarray(got), np.asarray(want)
    same = np.asarray(a == b)  # integers exactly, above 2**53 too
    if a.dtype.kind == "f" and b.dtype.kind == "f":
        same = same | (np.isnan(a) & np.isnan(b))
    with np.errstate(all="ignore"):
        x, y = a.astype(np.float64), b.astype(np.float64)
        gap = np.abs(x - y) / (1 + np.abs(y))
    gap = np.where(np.isfinite(gap), gap, np.inf)
    exact = np.where(same, 0.0, np.maximum(gap, np.finfo(np.float64).tiny))
    return np.asarray(exact, dtype=np.float64)


def worst(got: Mapping[str, Any], want: Mapping[str, Any]) -> tuple[float, str | None]:
    """The largest difference over all outputs of ``want`` and a reason where it is not a matter of digits."""
    largest, why = 0.0, None
    for name, right in want.items():
        if name not in got:
            return float("inf"), f"{name} is missing"
        mine = np.asarray(got[name])
        gap = difference(mine, right)
        if gap > largest:
            largest = gap
            if mine.shape != np.shape(right):
                why = f"{name} has shape {mine.shape} against {np.shape(right)}"
            elif not np.isfinite(gap):
                why = f"{name} is finite on one side only"
            else:
                why = None
    return largest, why
