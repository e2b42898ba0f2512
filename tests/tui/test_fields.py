"""What is typed into a form becomes what a solver reads; what a form shows comes back as it was."""

from __future__ import annotations

from typing import Any

import pytest

from qbank.tui.fields import read, show


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5, 0.5", [0.5, 0.5]),
        ("[0.5 0.5]", [0.5, 0.5]),
        ("（１，２）", [1, 2]),
        ("1/3、2/3", ["1/3", "2/3"]),
        ("−1, 1e-3", [-1, 1e-3]),
        ("[1,2],[3,4]", [[1, 2], [3, 4]]),
        ("1 2; 3 4", [[1, 2], [3, 4]]),
        ("[1 2]; [3 4]", [[1, 2], [3, 4]]),
        ("5", 5),
        ("5,", [5]),
        ("[5]", [5]),
        ("[[5]]", [[5]]),
        ("", []),
        ("(1, 2", [1, 2]),
        ("1]2", [1, 2]),
        ("inf, nan, 1e400", ["inf", "nan", "1e400"]),
        ("one, true", ["one", "true"]),
    ],
)
def test_arrays_as_typed(text: str, value: Any) -> None:
    assert read("array", text) == value


@pytest.mark.parametrize(("text", "value"), [(" ３ ", 3), ("1/3", "1/3"), ("0.5", 0.5), ("[1]", "[1]"), ("x", "x")])
def test_single_numbers_as_typed(text: str, value: Any) -> None:
    assert read("float", text) == value


@pytest.mark.parametrize("value", [[0.5, 0.25], [[1, 2], [3, 4]], [[5]], [5], ["1/3", "2/3"], 3, [[[1.5]]], []])
def test_what_is_shown_reads_back(value: Any) -> None:
    assert read("array", show(value)) == value


def test_infinities_are_shown_as_solvers_read_them() -> None:
    assert show([float("inf"), -float("inf"), float("nan")]) == "[inf, -inf, nan]"
    assert show("same") == "same"
