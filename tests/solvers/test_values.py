"""Reading arguments and writing strict JSON."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from solvers import values
from solvers.contract import BadInput, Param

DOC = {"zh": "数", "en": "number"}
ARRAY = Param(0.0, DOC)
WHOLE = Param(0, DOC, dtype="int64")
FLOAT = Param(0.0, DOC, kind="float")
INT = Param(0, DOC, kind="int")
CHOICE = Param("same", DOC, kind="choice", choices=("same", "valid"))


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ([1, 2.5], [1.0, 2.5]),
        (["1/3", " 2/4 ", "-1/2"], [1 / 3, 0.5, -0.5]),
        (["1e-3", ".5", "5."], [1e-3, 0.5, 5.0]),
        (["inf", "-inf", "INF"], [math.inf, -math.inf, math.inf]),
        ([[1, 2], [3, 4]], [[1.0, 2.0], [3.0, 4.0]]),
        ((1, 2), [1.0, 2.0]),
        ("1/4", 0.25),
        ([], []),
        ([[], []], [[], []]),
        (np.array([1, 2], dtype=np.int8), [1.0, 2.0]),
        (np.float32(0.5), 0.5),
    ],
)
def test_arrays(raw, want):
    got = values.read(ARRAY, "x", raw)
    assert got.dtype == np.float64
    assert np.array_equal(got, np.array(want, dtype=np.float64))


def test_nan_and_large_integers_are_read():
    assert math.isnan(values.read(ARRAY, "x", "nan"))
    big = 2**62 + 1
    got = values.read(WHOLE, "x", [big, 3.0, "4"])
    assert got.dtype == np.int64
    assert got.tolist() == [big, 3, 4]


def test_reading_copies():
    mine = np.ones(3)
    values.read(ARRAY, "x", mine)[0] = 7
    assert mine[0] == 1


@pytest.mark.parametrize(
    ("param", "raw", "words"),
    [
        (ARRAY, [[1, 2], [3]], "rows of equal length"),
        (ARRAY, [1, [2]], "rows of equal length"),
        (ARRAY, [[1], 2], "rows of equal length"),
        (ARRAY, [True], "hold numbers"),
        (ARRAY, [None], "hold numbers"),
        (ARRAY, {"a": 1}, "hold numbers"),
        (ARRAY, "one", "hold numbers"),
        (ARRAY, "__import__('os')", "hold numbers"),
        (ARRAY, "1/0", "no fraction over zero"),
        (ARRAY, "1/2/3", "hold numbers"),
        (ARRAY, "1_000", "hold numbers"),
        (ARRAY, "٣", "hold numbers"),
        (ARRAY, "0x10", "hold numbers"),
        (ARRAY, 10**400, "1.8e308"),
        (ARRAY, np.array([True]), "hold numbers"),
        (ARRAY, np.array([1j]), "hold numbers"),
        (WHOLE, [1.5], "hold integers"),
        (WHOLE, ["1/2"], "hold integers"),
        (WHOLE, ["inf"], "hold integers"),
        (WHOLE, np.array([0.5]), "hold integers"),
        (WHOLE, np.array([np.nan]), "hold integers"),
        (WHOLE, [2**63], "64 bits"),
        (FLOAT, [1.0], "a single number"),
        (FLOAT, True, "be a number"),
        (FLOAT, "x", "be a number"),
        (INT, 1.5, "an integer"),
        (INT, True, "an integer"),
        (INT, "nan", "an integer"),
        (INT, 10**30, "64 bits"),
        (CHOICE, "full", "be one of same, valid"),
        (CHOICE, 1, "be one of"),
    ],
)
def test_what_is_refused(param, raw, words):
    with pytest.raises(BadInput, match=r"^x must .*; got ") as caught:
        values.read(param, "x", raw)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_too_many_numbers_and_axes(monkeypatch):
    monkeypatch.setattr(values, "MAX_ELEMENTS", 5)
    values.read(ARRAY, "x", [1] * 5)
    for raw in ([1] * 6, [[1, 2, 3], [4, 5, 6]], np.ones(6)):
        with pytest.raises(BadInput, match="at most 5"):
            values.read(ARRAY, "x", raw)
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(BadInput, match="axes"):
        values.read(ARRAY, "x", deep)


def test_a_refusal_of_a_long_list_is_short():
    with pytest.raises(BadInput) as caught:
        values.read(ARRAY, "x", [[1]] * 100_000 + [[1, 2]])
    assert "a list of 100001 entries" in str(caught.value)


def test_scalars():
    assert values.read(FLOAT, "x", "1/8") == 0.125
    assert values.read(FLOAT, "x", np.array(2.0)) == 2.0
    assert values.read(INT, "x", 3.0) == 3
    assert isinstance(values.read(INT, "x", 3.0), int)
    assert isinstance(values.read(FLOAT, "x", 3), float)
    assert values.read(CHOICE, "x", "valid") == "valid"


def test_strict_json():
    given = {"a": np.array([1.0, np.inf, -np.inf, np.nan]), "b": (1, np.int64(2)), "c": 1.5, "d": None}
    written = {k: values.strict(v) for k, v in given.items()}
    assert written == {"a": [1.0, "inf", "-inf", "nan"], "b": [1, 2], "c": 1.5, "d": None}
    json.dumps(written, allow_nan=False)


def test_long_arrays_are_summarized():
    long = np.arange(200.0).reshape(2, 100)
    long[0, 0] = np.nan
    long[1, 99] = np.inf
    got = values.strict(long)
    assert got == {"shape": [2, 100], "min": 1.0, "max": "inf", "first": ["nan", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]}
    assert values.strict(np.full(100, np.nan))["min"] == "nan"
    assert values.strict(np.arange(64)) == list(range(64))


def test_plain_keeps_what_was_shown():
    assert values.plain({"p": ("1/3", np.float64(0.5)), "q": np.arange(2)}) == {"p": ["1/3", 0.5], "q": [0, 1]}
