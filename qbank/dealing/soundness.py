"""Whether a deal is fit to be shown: the lint of one seed, and the gate for fresh numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from qbank.domain import Dealt
from qbank.grading import cloze, grade, key_text, rows
from qbank.grading.equivalence import Agrees, compare
from qbank.grading.expression import parse
from qbank.grading.number import tolerance

APART = 4.0
"""Tolerances between the key and a mistake."""

MOST_ENTRIES = 16
"""Nobody types more numbers than this."""

JUNK = ("", "?", "asdf", "看不懂", "1..2")
NO_WORDS = ("", "?", "。", " ;= ", "x" * (cloze.LONGEST + 1))
"""What fills no gap: there any word can be read."""


def unsound(dealt: Dealt) -> list[str]:
    """Reasons why a deal must not be shown; none for a good one.

    The key grades right and junk as invalid; each mistake grades as that mistake, typed to four digits; a numeric
    mistake keeps four tolerances from the key; zero does not pass for a key that is not zero; naming everything, or
    the entries as they are shown, is never right.
    """
    if any(isinstance(number, float) and math.isnan(number) for number in rows.leaves(dealt.key)):
        return ["the key is not a number"]
    reasons = []
    key = grade(dealt, key_text(dealt))
    if not (key.valid and key.correct):
        reasons.append(f"the key {key_text(dealt)} does not grade right")
    junk = NO_WORDS if dealt.kind == "cloze" else JUNK
    reasons += [f"'{one[:20]}' does not grade as invalid" for one in junk if grade(dealt, one).valid]
    return reasons + _OWN.get(dealt.kind, _nothing)(dealt) + _named(dealt)


def _nothing(dealt: Dealt) -> list[str]:
    return []


def _choice(dealt: Dealt) -> list[str]:
    reasons = []
    for position, option in enumerate(dealt.options, start=1):
        for answer in (option.id, str(position)):
            verdict = grade(dealt, answer)
            if not verdict.valid or verdict.correct != (option.id == dealt.key) or verdict.mistake != option.mistake:
                reasons.append(f"option {option.id}, typed as {answer}, does not grade as itself")
    return reasons


def _choices(dealt: Dealt) -> list[str]:
    reasons = []
    everything = grade(dealt, ",".join(option.id for option in dealt.options))
    if everything.correct or everything.credit > 0:
        reasons.append("ticking every option earns credit")
    for position, option in enumerate(dealt.options, start=1):
        ticked = set(dealt.key) ^ {option.id}
        if not ticked:
            continue
        for answer in (",".join(ticked), ",".join(_places(dealt, ticked))):
            verdict = grade(dealt, answer)
            named = option.mistake if option.id not in dealt.key else None
            if not verdict.valid or verdict.correct or verdict.credit >= 1 or verdict.mistake != named:
                reasons.append(f"option {position} ({option.id}) ticked wrongly, as {answer}, does not grade as itself")
    return reasons


def _order(dealt: Dealt) -> list[str]:
    reasons = []
    places = _places(dealt, dealt.key)
    if not grade(dealt, ",".join(places)).correct:
        reasons.append("the key in shown numbers does not grade right")
    if grade(dealt, ",".join(option.id for option in dealt.options)).correct:
        reasons.append("the parts are shown in their right order")
    if grade(dealt, ",".join(reversed(places))).credit > 0:
        reasons.append("the reverse order earns credit")
    return reasons


def _match(dealt: Dealt) -> list[str]:
    reasons = []
    places = _places(dealt, [dealt.key[left.id] for left in dealt.left])
    if not grade(dealt, ",".join(f"{n}={place}" for n, place in enumerate(places, start=1))).correct:
        reasons.append("the key in shown numbers does not grade right")
    for right in dealt.options:
        if grade(dealt, ",".join(f"{left.id}={right.id}" for left in dealt.left)).credit > 0:
            reasons.append(f"pairing everything with {right.id} earns credit")
    return reasons


def _cloze(dealt: Dealt) -> list[str]:
    reasons = []
    first = {name: words["en"][0] for name, words in dealt.key.items()}
    for name, words in dealt.key.items():
        for lang in ("zh", "en"):
            for word in words[lang]:
                answer = ";".join(f"{gap}={word if gap == name else text}" for gap, text in first.items())
                if not grade(dealt, answer).correct:
                    reasons.append(f"gap {name}: '{word}' does not grade right")
                if _stands(word, cloze.GAP.sub(" ", dealt.stem[lang])):
                    reasons.append(f"gap {name}: '{word}' stands in the stem")
    return reasons


def _stands(word: str, stem: str) -> bool:
    """Whether a text gives the word away: as a whole word in Latin letters, anywhere in Chinese."""
    word, stem = (" ".join(text.casefold().replace("-", " ").split()) for text in (word, stem))
    if not word.isascii():
        return len(word) > 1 and word in stem
    return len(word) > 1 and re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", stem) is not None


def _places(dealt: Dealt, ids: Any) -> list[str]:
    """The shown numbers of entries."""
    shown = {option.id: str(place) for place, option in enumerate(dealt.options, start=1)}
    return [shown[one] for one in ids]


def _number(dealt: Dealt) -> list[str]:
    key = [float(number) for number in rows.leaves(dealt.key)]
    axes = rows.shape(dealt.key)
    reasons = []
    if len(key) > MOST_ENTRIES:
        reasons.append(f"{len(key)} numbers are too many to type; at most {MOST_ENTRIES}")
    if any(key) and all(math.isfinite(one) and abs(one) <= tolerance(one, dealt.rtol, dealt.atol) for one in key):
        shown = f"the key {key[0]:.4g}" if len(key) == 1 else "every entry of the key"
        reasons.append(f"0 passes for {shown}")
    for trap in dealt.traps:
        value = [float(number) for number in rows.leaves(trap.value)]
        if rows.shape(trap.value) != axes:
            continue
        if value == key:
            reasons.append(f"{trap.tag} gives the key itself, {_told(key)}")
        elif not _apart(dealt, value, key):
            reasons.append(f"{trap.tag} gives {_told(value)}, within {APART:g} tolerances of the key {_told(key)}")
    return reasons


def _apart(dealt: Dealt, value: list[float], key: list[float]) -> bool:
    """Whether at least one entry keeps its distance. An infinite key has no tolerance to keep."""
    for a, b in zip(value, key, strict=True):
        width = max(tolerance(one, dealt.rtol, dealt.atol) for one in (a, b))
        if a != b and (not math.isfinite(b) or abs(a - b) >= APART * width):
            return True
    return False


def _told(values: list[float]) -> str:
    text = ", ".join(f"{one:.6g}" for one in values)
    return text if len(values) == 1 else f"({text})"


def _named(dealt: Dealt) -> list[str]:
    reasons = []
    for trap in dealt.traps:
        typed = _typed(trap.value)
        verdict = grade(dealt, typed)
        if dealt.kind == "shape" and trap.value == dealt.key:
            reasons.append(f"{trap.tag} gives the key itself, {typed}")
        elif verdict.correct or verdict.mistake != trap.tag:
            reasons.append(f"{trap.tag}, typed as {typed}, grades as {verdict.mistake or 'no mistake'}")
    return reasons


def _typed(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "[" + ", ".join(map(_typed, value)) + "]"
    return str(value) if isinstance(value, int) else f"{value:.4g}"


def _formula(dealt: Dealt) -> list[str]:
    key = parse(str(dealt.key), dealt.symbols)
    if isinstance(compare(key, key, dealt.symbols, f"{dealt.question}#{dealt.item}"), Agrees):
        return []
    return ["the key has no value on most of the symbols' domain"]


_OWN: dict[str, Callable[[Dealt], list[str]]] = {
    "choice": _choice,
    "choices": _choices,
    "order": _order,
    "match": _match,
    "cloze": _cloze,
    "formula": _formula,
    "number": _number,
    "vector": _number,
    "matrix": _number,
}
