"""Who knows scores, and who errs as people do is told how."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from qbank import solving
from qbank.dealing.numbers import pick, reference
from qbank.grading import grade, key_text


def typed(value: Any) -> str:
    """A value as a careful person types it: eight digits, for differences of large numbers."""
    if isinstance(value, list):
        return "[" + ", ".join(map(typed, value)) + "]"
    return str(value) if isinstance(value, int) else f"{value + 0.0:.8g}"


def finite(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(finite, value))
    return math.isfinite(value)


def test_who_knows_the_words_scores_and_each_misconception_is_named(worded: Any, count: int) -> None:
    for dealt in worded.deals(count):
        assert grade(dealt, key_text(dealt)).credit == 1
        if dealt.kind == "choice":
            for option in dealt.options:
                assert grade(dealt, option.id).mistake == option.mistake
        if dealt.kind == "choices":
            for option in dealt.options:
                if option.id not in dealt.key:
                    assert grade(dealt, ",".join([*dealt.key, option.id])).mistake == option.mistake


def test_who_knows_the_formula_scores_and_each_misconception_is_named(numeric: Any, count: int) -> None:
    """The robots read the prompt's numbers, run the solver's formula or one of its mistakes, and type the value."""
    asked = reference(numeric.item.ask or "")
    assert asked is not None
    met: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for dealt in numeric.deals(count):
        if numeric.item.keys:
            assert grade(dealt, key_text(dealt)).correct
            continue
        variant = solving.values(dealt.solver or "", dealt.inputs)
        key = pick(variant.values[asked[0]], asked[1])
        assert grade(dealt, typed(key)).correct, (dealt.seed, dealt.stem.en)
        values = {}
        for mistake in variant.mistakes:
            if asked[0] not in mistake.values:
                continue
            try:
                value = pick(mistake.values[asked[0]], asked[1])
            except LookupError:
                continue
            if finite(value) and not (asked[1] and typed(value) == typed(key)):  # it shows at another index
                values[mistake.tag] = typed(value)
        for tag, value in values.items():
            twins = [other for other, same in values.items() if same == value]
            met[tag] += 1
            named[tag] += grade(dealt, value).mistake in twins  # no grader can tell twins apart
    assert {tag: named[tag] for tag in met if named[tag] < 0.99 * met[tag]} == {}
