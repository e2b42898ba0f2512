"""Formula items: the key is read, defined, confirmed by its solver; wrong formulas are wrong and what they claim."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qbank.content.lint import lint

Write = Callable[..., Path]

ITEM = """[[item]]
id = 'width'
kind = 'formula'
solver = 'kl-direction-fit'
ask = 'forward_sigma'
zh.stem = '写出前向拟合的标准差。'
en.stem = 'Write down the deviation of the forward fit.'
key = 'sqrt(sd² + weight*(1 - weight)*separation²)'
symbols = { sd = [0.2, 5], separation = [0, 20], weight = [0, 1] }
wrong = [
  { mistake = 'kl-direction-fit:between-only', expr = 'separation*sqrt(weight*(1 - weight))' },
  { mistake = 'metric', expr = 'sqrt(sd^2 + separation^2/4)' },
]

[[mistake]]"""


def problems(good: str, write: Write, *pairs: tuple[str, str]) -> list[tuple[str, str]]:
    item = ITEM
    for old, new in pairs:
        assert old in item, old
        item = item.replace(old, new)
    return [(p.rule, p.message) for p in lint([write(good.replace("[[mistake]]", item, 1))])]


def test_a_good_formula_item_breaks_no_rule(good: str, write: Write) -> None:
    assert problems(good, write) == []


@pytest.mark.parametrize(
    ("rule", "pairs", "message"),
    [
        ("deal", [("key = 'sqrt", "key = '2sqrt")], "at character 2: write 2*sqrt(…)"),
        ("deal", [("expr = 'separation*", "expr = 'distance*")], "'distance' is unknown; the symbols are sd"),
        ("deal", [("key = 'sqrt(sd²", "key = '__import__(sd²")], "cannot stand on its own"),
        ("formula-solver", [("*separation²", "*separation")], "the key gives 2.82135, kl-direction-fit 8.20731"),
        ("formula-solver", [("sd = [", "spread = ["), ("sd²", "spread²"), ("sd^2", "spread^2")], "symbol spread must"),
        ("unsound", [("separation^2/4)", "separation^2*weight*(1-weight))")], "grades as no mistake"),
        (
            "unsound",
            [("'sqrt(sd^2 + separation^2/4)'", "'sqrt(weight*separation^2*(1 - weight))'")],
            "q:metric".replace("q", "my-kl") + ", typed as",
        ),
        ("unsound", [("key = 'sqrt(", "key = 'sqrt(-1000 - "), ("solver = 'kl-direction-fit'\n", ""),
                     ("ask = 'forward_sigma'\n", "")], "has no value on most"),
        ("unknown-mistake", [("'metric'", "'metre'")], "is no [[mistake]]"),
    ],
)  # fmt: skip
def test_a_bad_one_is_told(good: str, write: Write, rule: str, pairs: list[tuple[str, str]], message: str) -> None:
    found = problems(good, write, *pairs)
    assert any(name == rule and message in says for name, says in found), found
