"""A challenged verdict as a file: what it holds, that it replays alone, and what is no case."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from qbank.domain import BadValue, Dealt, Part, QbankError, ShownOption, Text, Trap
from qbank.grading import grade
from qbank.services import cases
from qbank.services.study import Study

STEM = Text("题", "stem")
NUMBER = Dealt(
    "q", "i", "number", 7, 3, STEM, math.inf, {"x": math.nan, "p": [0.5, -math.inf]}, rtol=1e-2,
    traps=(Trap("s:m", STEM, 2.0),),
)  # fmt: skip
MATCH = Dealt(
    "q", "m", "match", 0, 1, STEM, {"a": "b", "c": "d"}, left=(Part("a", STEM), Part("c", STEM)),
    options=(ShownOption("d", STEM), ShownOption("b", STEM)),
)  # fmt: skip


@pytest.mark.parametrize(("dealt", "answer"), [(NUMBER, "2"), (NUMBER, "\ud800?"), (MATCH, "a=b,c=b"), (MATCH, "2,1")])
def test_a_case_comes_back_as_it_was(dealt: Dealt, answer: str, tmp_path: Path) -> None:
    path = cases.save(tmp_path / "new" / "cases", "one", dealt, answer, grade(dealt, answer), "why?")

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not strict JSON")

    raw = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    about = {"question": "q", "item": dealt.item, "rev": dealt.rev, "seed": dealt.seed, "note": "why?"}
    assert about.items() <= raw.items()
    assert raw["shown"]["en"]["stem"] == "stem"
    assert raw["verdict"]["zh"]["valid"] is grade(dealt, answer).valid
    replayed = cases.replay(cases.read(path))
    assert replayed.same
    assert replayed.verdict == grade(dealt, answer) or not answer.isascii()
    assert repr(replayed.case.dealt.inputs) == repr(dict(dealt.inputs))


def test_a_verdict_that_changed_is_told(tmp_path: Path) -> None:
    path = cases.save(tmp_path, "one", MATCH, "2,1", replace(grade(MATCH, "2,1"), correct=False, credit=0.5))
    assert not cases.replay(cases.read(path)).same


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "\x00", '{"case": 1}', '{"case": 1, "dealt": {}, "answer": "1", "verdict": {}}', "[" * 10**5],
)
def test_what_is_no_case(text: str, tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    path.write_text(text)
    with pytest.raises(BadValue, match="--case must be a case file"):
        cases.read(path)


def test_missing_and_foreign_files(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="--case must be a file"):
        cases.read(tmp_path / "absent")
    with pytest.raises(BadValue, match="--case must be a case file"):
        cases.read(tmp_path)
    path = cases.save(tmp_path, "one", MATCH, "2,1", grade(MATCH, "2,1"))
    raw = json.loads(path.read_text())
    for change, message in (
        ({"case": 2}, "be of format 1"),
        ({"dealt": {**raw["dealt"], "kind": "code"}}, "be a case file"),
        ({"dealt": {**raw["dealt"], "key": 3}}, "be a case file"),
        ({"answer": 5}, "be a case file"),
    ):
        path.write_text(json.dumps({**raw, **change}))
        with pytest.raises(BadValue, match=message):
            cases.read(path)
    with pytest.raises(QbankError, match="must be writable"):
        cases.save(path, "one", MATCH, "2,1", grade(MATCH, "2,1"))


def test_a_challenge_saves_its_case(world, right, tmp_path: Path) -> None:
    study = Study(
        world.store, world.shelf, now_ms=world.hands.now_ms, new_id=world.hands.new_id, cases=tmp_path / "cases"
    )
    answered = right(study, study.deal("alpha#compute"), well=False)
    challenge = study.challenge(answered.event, "I rounded")
    path = study.case_file(challenge)
    assert path == tmp_path / "cases" / f"{challenge}.json"
    replayed = cases.replay(cases.read(path))
    assert (replayed.same, replayed.verdict.mistake) == (True, "sums:off")
    open_deal = study.deal("beta#compute")
    unread = study.doubt(open_deal.deal, "about seven")
    assert unread is not None
    assert cases.read(unread).verdict["valid"] is False
    recalled = study.answer(study.deal("alpha#recall").deal, points=["p0"])
    path = study.case_file(study.challenge(recalled.event))
    assert path is not None
    assert cases.read(path).answer == "p0"
    rated = study.answer(study.deal("beta#recall").deal, rating="good")
    assert study.case_file(study.challenge(rated.event)) is None, "nothing was graded"
