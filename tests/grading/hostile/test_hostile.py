"""Nearly eight hundred hostile strings: nothing runs, nothing hangs, each is invalid at its very character.

``corpus.json`` holds, by kind of attack, the text and the place that must be told; null where the text is a formula
after all, only a heavy one. What is too long to write down is built here.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qbank.domain import Dealt, Text
from qbank.grading import equivalence, expression, field, formula, grade

CORPUS: dict[str, list[tuple[str, int | None]]] = json.loads(
    Path(__file__).with_name("corpus.json").read_text(encoding="utf-8")
)
MEGA = 1_000_000
LONG = {
    "letters": "x" * MEGA, "digits": "1" * MEGA, "open": "(" * MEGA, "nested": "(" * MEGA + "x" + ")" * MEGA,
    "sum": "x+" * MEGA + "x", "powers": "9**" * MEGA + "9", "roots": "√" * MEGA, "marks": "x" + "\u0300" * MEGA,
    "blank": " " * MEGA, "superscripts": "x" + "²" * MEGA, "calls": "ln(" * MEGA, "zero-width": "\u200b" * MEGA,
    "wide": "（" * MEGA, "ligature": "ﷺ" * MEGA, "minus": "-" * MEGA + "x", "commas": "max(" + "x," * MEGA,
    "null": "\x00" * MEGA,
    "quotes": "'" * MEGA, "dots": "x" + ".a" * MEGA, "lines": "x\n" * MEGA, "surrogates": "\ud800" * MEGA,
}  # fmt: skip
DEEP = {
    "(" * 26 + "x" + ")" * 26: 25, "(" * 149 + "x" + ")" * 149: 25, "ln(" * 26 + "x" + ")" * 26: 77, "[" * 299: 0,
    "-" * 299 + "x": 1, "x^" * 149 + "x": None, "x^" * 140: 280, "2^" * 140 + "2": 272, "√(" * 30 + "x" + ")" * 30: 51,
    "x-" * 149 + "x": None, "x/" * 149 + "x": None, "-(" * 20 + "x" + ")" * 20: None,
    "max(x," * 25 + "x" + ")" * 25: None,
    "max(x," * 26 + "x" + ")" * 26: 153, "x+" * 160 + "x": 300, "x*x+" * 76: 300, "1." * 100: 199, "²" * 300: 0,
}  # fmt: skip
ALL = [(text, at) for rows in CORPUS.values() for text, at in rows]
SECONDS = 1.0
"""Of this process's own time, for one answer."""

_watched: list[tuple[str, tuple[Any, ...]]] | None = None


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if _watched is not None and event in ("exec", "compile", "import", "open", "os.system", "subprocess.Popen",
                                          "os.exec", "os.fork", "os.posix_spawn", "socket.connect"):  # fmt: skip
        _watched.append((event, args))


sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def _nothing_runs(formula_deal: Dealt, number: Dealt) -> Iterator[None]:
    """While an answer is graded no code is compiled or run, no file opened, no process or module started."""
    global _watched
    for deal in (formula_deal, number):
        grade(deal, "1+2")  # what grading itself imports is imported now
    _watched = []
    yield
    seen, _watched = _watched, None
    for event, args in seen:
        assert event == "compile", (event, args)
        assert re.fullmatch(rb"(?:n\d+|\*\*|[-+*/(), ])+", bytes(args[0])), args[0]


@pytest.fixture
def formula_deal() -> Dealt:
    return Dealt("q", "i", "formula", 0, 1, Text("", ""), "x * z * (1 - z) + 7",
                 symbols={"x": (-3.0, 3.0), "z": (0.0, 1.0)})  # fmt: skip


@pytest.fixture
def quick() -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < SECONDS


def test_the_corpus_is_large_and_has_every_kind_of_attack() -> None:
    assert len({text for text, _ in ALL}) == len(ALL) >= 600
    assert sum(at is not None for _, at in ALL) >= 500
    assert min(len(rows) for rows in CORPUS.values()) >= 20
    assert len(CORPUS) >= 12


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("text", "at"), ALL, ids=[ascii(text)[:50] for text, _ in ALL])
def test_each_is_invalid_at_its_character(formula_deal: Dealt, text: str, at: int | None) -> None:
    verdict = grade(formula_deal, text)
    assert not verdict.correct
    assert (verdict.valid, verdict.at) == (at is None, at)
    for line in (verdict.feedback.zh, verdict.feedback.en, verdict.understood):
        assert line.isprintable()
        assert len(line) < 600


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", LONG)
def test_a_megabyte_is_refused_at_once(formula_deal: Dealt, number: Dealt, name: str) -> None:
    for deal, limit in ((formula_deal, expression.LIMIT), (number, 200)):
        verdict = grade(deal, LONG[name])
        assert (verdict.valid, verdict.at) == (False, limit)
        assert len(verdict.feedback.zh + verdict.feedback.en) < 500


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("text", DEEP, ids=[text[:20] for text in DEEP])
def test_depth_is_bounded(formula_deal: Dealt, text: str) -> None:
    verdict = grade(formula_deal, text)
    assert not verdict.correct
    assert (verdict.valid, verdict.at) == (DEEP[text] is None, DEEP[text])


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", sorted(CORPUS))
def test_number_fields_read_none_of_it_as_the_key(number: Dealt, kind: str) -> None:
    for text, _ in CORPUS[kind]:
        verdict = grade(number, text)
        assert not verdict.correct
        assert verdict.valid or field.read(text).value is None
        assert (verdict.feedback.zh + verdict.feedback.en + verdict.understood).isprintable()


@pytest.mark.parametrize("kind", ["count", "choice", "shape", "recall"])
def test_no_other_kind_stumbles(request: pytest.FixtureRequest, kind: str) -> None:
    deal: Dealt = request.getfixturevalue(kind)
    for text in [text for text, _ in ALL] + [*LONG.values(), *DEEP]:
        verdict = grade(deal, text)
        assert (verdict.feedback.zh + verdict.feedback.en + verdict.understood).isprintable()
        assert not (verdict.correct and kind != "choice")


def test_no_hostile_text_reaches_a_proof(formula_deal: Dealt, monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[str] = []
    monkeypatch.setattr(equivalence, "proven", lambda given, *_: reached.append(given) is not None)
    for text, _ in ALL:
        formula.grade(formula_deal, text)
    assert reached == []
