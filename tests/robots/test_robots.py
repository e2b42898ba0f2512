"""Robots sit the bank: who knows scores, who errs is told how, who only remembers or looks at the form stays at chance.

Each test runs on a few fresh seeds an item in ``make test`` and on 200 in ``make soak``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from qbank import dealing, solving
from qbank.content.read import load_folder
from qbank.dealing.numbers import pick, reference
from qbank.domain import Dealt, Item, Question, ShownOption
from qbank.grading import grade, key_text
from qbank.mathtext import markdown, width

BANK = Path(__file__).parents[2] / "data" / "questions"
QUESTIONS = {question.id: question for question in load_folder(BANK).questions}
ITEMS = [(question.id, item.id) for question in QUESTIONS.values() for item in question.items if item.kind != "formula"]
NUMERIC = [(q, i) for q, i in ITEMS if QUESTIONS[q].item(i).solver]  # type: ignore[union-attr]
WORDED = [(q, i) for q, i in ITEMS if (q, i) not in NUMERIC]
FRESH = 500_001
"""The first fresh seed: no file lists it."""

LUCK = 3.0
"""Standard deviations above chance that count as luck."""

GUESSED = 0.15
"""Share of deals that the commonest answer so far may get right."""

REMEMBERED = 0.5
"""Share of 200 deals that memory and that guess together may get right."""

long = pytest.mark.parametrize(
    "count", [pytest.param(6, id="sample"), pytest.param(200, id="all", marks=pytest.mark.soak)]
)
numeric = pytest.mark.parametrize(("question", "item"), NUMERIC, ids=[f"{q}-{i}" for q, i in NUMERIC])


def found(question: str, item: str) -> tuple[Question, Item]:
    one = QUESTIONS[question].item(item)
    assert one is not None
    return QUESTIONS[question], one


@cache
def deals(question: str, item: str, count: int) -> tuple[Dealt, ...]:
    """Fresh deals of an item; of one with precomputed keys, those that a learner is dealt."""
    _, one = found(question, item)
    seeds = [int(seed) for seed in one.keys][:count] or range(FRESH, FRESH + count)
    return tuple(dealing.deal(QUESTIONS[question], item, seed) for seed in seeds)


def typed(value: Any) -> str:
    """A value as a careful person types it: eight digits, for differences of large numbers."""
    if isinstance(value, list):
        return "[" + ", ".join(map(typed, value)) + "]"
    return str(value) if isinstance(value, int) else f"{value + 0.0:.8g}"


def finite(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(finite, value))
    return math.isfinite(value)


@long
@pytest.mark.parametrize(("question", "item"), WORDED, ids=[f"{q}-{i}" for q, i in WORDED])
def test_who_knows_the_words_scores_and_each_misconception_is_named(question: str, item: str, count: int) -> None:
    for dealt in deals(question, item, count):
        assert grade(dealt, key_text(dealt)).credit == 1
        if dealt.kind == "choice":
            for option in dealt.options:
                assert grade(dealt, option.id).mistake == option.mistake
        if dealt.kind == "choices":
            for option in dealt.options:
                if option.id not in dealt.key:
                    assert grade(dealt, ",".join([*dealt.key, option.id])).mistake == option.mistake


@long
@numeric
def test_who_knows_the_formula_scores_and_each_misconception_is_named(question: str, item: str, count: int) -> None:
    """The robots read the prompt's numbers, run the solver's formula or one of its mistakes, and type the value."""
    _, one = found(question, item)
    asked = reference(one.ask or "")
    assert asked is not None
    met: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for dealt in deals(question, item, count):
        if one.keys:
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


@long
@numeric
def test_who_remembers_all_earlier_variants_stays_at_chance(question: str, item: str, count: int) -> None:
    """It repeats the key of a prompt it has seen, and answers the commonest key so far to one it has not."""
    _, one = found(question, item)
    if one.keys:
        pytest.skip("dealt from a list of precomputed keys")
    before: dict[str, str] = {}
    keys: Counter[str] = Counter()
    guessed = repeated = 0
    for dealt in deals(question, item, count):
        if dealt.stem.en in before:
            repeated += 1
            assert grade(dealt, before[dealt.stem.en]).correct, "the same prompt has the same key"
        elif keys:
            guessed += grade(dealt, keys.most_common(1)[0][0]).correct
        before[dealt.stem.en] = key_text(dealt)
        keys[key_text(dealt)] += 1
    assert guessed <= luck(GUESSED, count), (guessed, repeated)
    assert repeated + guessed <= luck(REMEMBERED, count), (guessed, repeated)


def luck(chance: float, trials: int) -> float:
    """The most hits that chance still explains."""
    return chance * trials + LUCK * math.sqrt(trials * chance * (1 - chance))


# ---------------------------------------------------------------- form alone


def cells(option: ShownOption, lang: str) -> int:
    return width(markdown(option.text[lang], 10_000))


def longest(dealt: Dealt, lang: str) -> int:
    return max(range(len(dealt.options)), key=lambda n: cells(dealt.options[n], lang))


def shortest(dealt: Dealt, lang: str) -> int:
    return min(range(len(dealt.options)), key=lambda n: cells(dealt.options[n], lang))


def middle(dealt: Dealt, lang: str) -> int | None:
    """The middle one by value, where all options are numbers."""
    values = []
    for n, option in enumerate(dealt.options):
        try:
            values.append((float(option.text[lang].strip("$")), n))
        except ValueError:
            return None
    return sorted(values)[len(values) // 2][1]


def most_symbols(dealt: Dealt, lang: str) -> int:
    return max(range(len(dealt.options)), key=lambda n: dealt.options[n].text[lang].count("$"))


FORMS: dict[str, Callable[[Dealt, str], int | None]] = {
    "longest": longest,
    "shortest": shortest,
    "middle": middle,
    "most-symbols": most_symbols,
}


def choices(count: int) -> Iterator[Dealt]:
    for question, item in WORDED:
        if found(question, item)[1].kind == "choice":
            yield from deals(question, item, count)


@long
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("form", FORMS)
def test_who_answers_by_form_stays_at_chance(form: str, lang: str, count: int) -> None:
    """Over the items, not the seeds: an item's texts are the same in every order, up to ties."""
    hits = chance = 0.0
    items = set()
    for dealt in choices(count):
        place = FORMS[form](dealt, lang)
        if place is None:
            continue
        items.add((dealt.question, dealt.item))
        hits += grade(dealt, str(place + 1)).correct / count
        chance += 1 / len(dealt.options) / count
    assert not items or hits <= luck(chance / len(items), len(items)), (hits, chance, len(items))


@long
def test_who_answers_the_commonest_place_stays_at_chance(count: int) -> None:
    places: Counter[int] = Counter()
    hits, chance, trials = 0, 0.0, 0
    for seed in range(count):
        for question, item in WORDED:
            if found(question, item)[1].kind != "choice":
                continue
            dealt = deals(question, item, count)[seed]
            guess = next((n for n, _ in places.most_common() if n <= len(dealt.options)), 1)
            right = 1 + [option.id for option in dealt.options].index(dealt.key)
            hits += guess == right
            chance += 1 / len(dealt.options)
            trials += 1
            places[right] += 1
    assert hits <= luck(chance / trials, trials), (hits, chance, trials)


@long
def test_who_ticks_keeps_or_pairs_blindly_earns_nothing(count: int) -> None:
    """Several keys: every option. An order: as shown, and reversed. A match: straight across, and one for all."""
    for kind, blind in {
        "choices": [lambda n, m: range(1, m + 1)],
        "order": [lambda n, m: range(1, m + 1)],
        "match": [lambda n, m: range(1, n + 1), lambda n, m: [1] * n],
    }.items():
        items = [(q, i) for q, i in WORDED if found(q, i)[1].kind == kind]
        assert items, f"the bank has no {kind}"
        for question, item in items:
            for answer in blind:
                verdicts = [
                    grade(dealt, ",".join(map(str, answer(len(dealt.left), len(dealt.options)))))
                    for dealt in deals(question, item, count)
                ]
                assert all(verdict.valid for verdict in verdicts)
                right = sum(verdict.correct for verdict in verdicts)
                assert right <= luck(0.0 if kind == "choices" else 1 / 6, count)
                assert sum(verdict.credit for verdict in verdicts) <= 0.5 * count
