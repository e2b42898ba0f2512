"""The measure of how far apart two results are."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.compare import difference, elementwise, worst

INF, NAN = np.inf, np.nan


@pytest.mark.parametrize(
    ("got", "want", "gap"),
    [
        (1.0, 1.0, 0.0),
        ([1.0, 4.0], [1.0, 3.0], 0.25),
        (0.5, 0.0, 0.5),
        (INF, INF, 0.0),
        (NAN, NAN, 0.0),
        (INF, -INF, INF),
        (1.0, INF, INF),
        (INF, 1.0, INF),
        (NAN, 1.0, INF),
        (1.0, NAN, INF),
        ([1.0], 1.0, INF),
        ([1.0, 1.0], [[1.0, 1.0]], INF),
        ([], [], 0.0),
        (1e308, -1e308, INF),
        (3, 3, 0.0),
    ],
)
def test_difference(got, want, gap):
    assert difference(got, want) == pytest.approx(gap)


def test_integers_are_compared_exactly():
    assert difference(2**62 + 1, 2**62) > 0
    assert difference(2**62 + 1, 2**62 + 1) == 0


def test_elementwise_keeps_the_place():
    assert elementwise([1.0, 5.0], [1.0, 4.0]).tolist() == [0.0, pytest.approx(0.2)]


def test_worst_names_what_is_wrong():
    assert worst({"a": 1.0}, {"a": 1.0}) == (0.0, None)
    assert worst({}, {"a": 1.0}) == (INF, "a is missing")
    assert worst({"a": [1.0]}, {"a": 1.0}) == (INF, "a has shape (1,) against ()")
    assert worst({"a": NAN, "b": 1.0}, {"a": 1.0, "b": 2.0}) == (INF, "a is finite on one side only")
    gap, why = worst({"a": 1.5, "b": 1.0}, {"a": 1.0, "b": 1.0})
    assert gap == 0.25
    assert why is None
