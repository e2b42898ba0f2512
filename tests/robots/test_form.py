"""Who answers by the form of the options alone stays at chance, over all choice items of the bank."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from qbank.domain import Dealt, ShownOption, Text
from qbank.grading import grade
from qbank.mathtext import markdown, width

Places = set[int]
"""Places of options, from 0, among which a robot guesses blindly; none: it passes."""


def cells(options: tuple[ShownOption, ...], lang: str) -> list[int]:
    return [width(markdown(option.text[lang], 10_000)) for option in options]


def longest(dealt: Dealt, lang: str) -> Places:
    return _where(cells(dealt.options, lang), max)


def shortest(dealt: Dealt, lang: str) -> Places:
    return _where(cells(dealt.options, lang), min)


def middling(dealt: Dealt, lang: str) -> Places:
    """All but a sole longest and a sole shortest option: who writes items by the rules hides the key among them."""
    alone = {next(iter(ends)) for ends in (longest(dealt, lang), shortest(dealt, lang)) if len(ends) == 1}
    return set(range(len(dealt.options))) - alone or set(range(len(dealt.options)))


def extreme(dealt: Dealt, lang: str) -> Places:
    """The contrary: a sole longest or a sole shortest option, where there is one."""
    every = set(range(len(dealt.options)))
    return every - middling(dealt, lang) or every


def middle(dealt: Dealt, lang: str) -> Places:
    """The middle one by value, where all options are numbers."""
    values = []
    for n, option in enumerate(dealt.options):
        try:
            values.append((float(option.text[lang].strip("$")), n))
        except ValueError:
            return set()
    return {sorted(values)[len(values) // 2][1]}


def most_symbols(dealt: Dealt, lang: str) -> Places:
    return _where([option.text[lang].count("$") for option in dealt.options], max)


def _where(sizes: list[int], end: Callable[[list[int]], int]) -> Places:
    return {n for n, size in enumerate(sizes) if size == end(sizes)}


FORMS: dict[str, Callable[[Dealt, str], Places]] = {
    "longest": longest,
    "shortest": shortest,
    "middling": middling,
    "extreme": extreme,
    "middle": middle,
    "most-symbols": most_symbols,
}


def score(dealt: Dealt, places: Places) -> float:
    """The chance that a blind guess among these places is right."""
    return sum(grade(dealt, str(place + 1)).correct for place in places) / len(places)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("form", FORMS)
def test_who_answers_by_form_stays_at_chance(
    form: str, lang: str, seats: Callable[[str], Any], luck: Callable[[float, float], float]
) -> None:
    """One deal an item: its texts are the same in every order."""
    deals = [seat.deals(1)[0] for seat in seats("choice")]
    met = [(dealt, places) for dealt in deals if (places := FORMS[form](dealt, lang))]
    hits = sum(score(dealt, places) for dealt, places in met)
    chance = sum(1 / len(dealt.options) for dealt, _ in met)
    assert not met or hits <= luck(chance / len(met), len(met)), (hits, chance, len(met))


def test_keys_that_are_never_the_longest_are_found_out(luck: Callable[[float, float], float]) -> None:
    """The rule that the bank had before: no key the longest option, and hence many that lie in between."""
    texts = [("aa", "aaaa", "aaa"), ("bb", "bbbb", "bbbb")]
    deals = [
        Dealt(
            "q", f"{n}", "choice", 1, 1, Text("", ""), key="o2", options=tuple(_option(i, t) for i, t in enumerate(row))
        )
        for n, row in enumerate(texts * 40)
    ]
    hits = sum(score(dealt, middling(dealt, "en")) for dealt in deals)
    assert hits == 60 > luck(1 / 3, 80)


def _option(n: int, text: str) -> ShownOption:
    return ShownOption(f"o{n}", Text(text, text))


def test_who_answers_the_commonest_place_stays_at_chance(
    count: int, seats: Callable[[str], Any], luck: Callable[[float, float], float]
) -> None:
    places: Counter[int] = Counter()
    hits, chance, trials = 0, 0.0, 0
    for seed in range(count):
        for seat in seats("choice"):
            dealt = seat.deals(count)[seed]
            guess = next((n for n, _ in places.most_common() if n <= len(dealt.options)), 1)
            right = 1 + [option.id for option in dealt.options].index(dealt.key)
            hits += guess == right
            chance += 1 / len(dealt.options)
            trials += 1
            places[right] += 1
    assert hits <= luck(chance / trials, trials), (hits, chance, trials)


def test_who_ticks_keeps_or_pairs_blindly_earns_nothing(
    count: int, seats: Callable[[str], Any], luck: Callable[[float, float], float]
) -> None:
    """Several keys: every option. An order: as shown, and reversed. A match: straight across, and one for all."""
    for kind, blind in {
        "choices": [lambda n, m: range(1, m + 1)],
        "order": [lambda n, m: range(1, m + 1), lambda n, m: range(m, 0, -1)],
        "match": [lambda n, m: range(1, n + 1), lambda n, m: [1] * n],
    }.items():
        items = list(seats(kind))
        assert items, f"the bank has no {kind}"
        for seat in items:
            for answer in blind:
                verdicts = [
                    grade(dealt, ",".join(map(str, answer(len(dealt.left), len(dealt.options)))))
                    for dealt in seat.deals(count)
                ]
                assert all(verdict.valid for verdict in verdicts)
                right = sum(verdict.correct for verdict in verdicts)
                assert right <= luck(0.0 if kind == "choices" else 1 / 6, count)
                assert sum(verdict.credit for verdict in verdicts) <= 0.5 * count
