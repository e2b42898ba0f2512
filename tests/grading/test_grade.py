"""Each kind: right, wrong by name, plainly wrong, unreadable; and the ratings."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qbank.domain import Dealt, QbankError, Text, Trap, dealt_from_json
from qbank.grading import GRADED, default_rating, grade, key_text, recall, recall_rating

KINDS = ("number", "count", "choice", "shape", "recall")


@pytest.fixture(params=KINDS)
def deal(request: pytest.FixtureRequest) -> Dealt:
    dealt: Dealt = request.getfixturevalue(request.param)
    return dealt


def test_the_key_grades_right_and_again_after_a_round_trip(deal: Dealt) -> None:
    for one in (deal, dealt_from_json(json.loads(json.dumps(deal.json())))):
        verdict = grade(one, key_text(one))
        assert (verdict.valid, verdict.correct, verdict.credit, verdict.mistake) == (True, True, 1.0, None)
        assert grade(one, verdict.key).correct


@pytest.mark.parametrize("junk", ["", "   ", "???", "看不懂", "x" * 500, "\x00\x1b[2J", "\ud800"])
def test_junk_is_invalid_and_says_what_to_type(deal: Dealt, junk: str) -> None:
    verdict = grade(deal, junk)
    assert (verdict.valid, verdict.correct, verdict.credit) == (False, False, 0.0)
    for text in (verdict.feedback.zh, verdict.feedback.en, verdict.understood):
        assert text.isprintable()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=st.text(max_size=220))
def test_no_answer_raises(deal: Dealt, answer: str) -> None:
    verdict = grade(deal, answer)
    assert 0 <= verdict.credit <= 1
    assert verdict.valid or not verdict.correct
    assert (verdict.feedback.zh + verdict.feedback.en).isprintable()


def test_a_number_passes_within_its_tolerance_only(number: Dealt) -> None:
    edge = number.atol + number.rtol * number.key
    assert grade(number, repr(number.key + 0.99 * edge)).correct
    assert grade(number, repr(number.key - 0.99 * edge)).correct
    assert not grade(number, repr(number.key + 1.01 * edge)).correct
    assert not grade(number, repr(number.key - 1.01 * edge)).correct


def test_a_number_names_the_nearest_mistake(number: Dealt) -> None:
    verdict = grade(number, "0.368")
    assert verdict.mistake == "kl-divergence:reversed"
    assert verdict.feedback == Text("0.368：这是反方向的 D(Q‖P)", "0.368: that is D(Q||P), the other direction")
    assert grade(number, "0.3686").mistake == "kl-divergence:near"
    plain = grade(number, "7")
    assert (plain.correct, plain.mistake, plain.understood) == (False, None, "7")


def test_an_integer_has_no_tolerance(count: Dealt) -> None:
    assert grade(count, "9,408").correct
    assert grade(count, "9.408e3").correct
    assert not grade(count, "9409").correct
    assert grade(count, "9472").mistake == "conv:bias"


def test_infinity_is_met_by_infinity_alone(number: Dealt) -> None:
    infinite = replace(number, key=math.inf, traps=())
    assert grade(infinite, "+∞").correct
    assert key_text(infinite) == "inf"
    for wrong in ("-inf", "1e300", "0"):
        assert not grade(infinite, wrong).correct
    assert not grade(number, "inf").correct
    assert grade(number, "inf").mistake is None


def test_a_tiny_key_is_not_passed_by_everything_small(number: Dealt) -> None:
    tiny = replace(number, key=1e-8, rtol=1e-2, atol=0.0, traps=(Trap("m", Text("", ""), 2e-8),))
    assert not grade(tiny, "0").correct
    assert grade(tiny, "1e-8").correct
    assert grade(tiny, "2e-8").mistake == "m"


@pytest.mark.parametrize("answer", ["forward", "FORWARD", "2", "２", "(2)", "②", "2."])
def test_a_choice_by_id_or_shown_number(choice: Dealt, answer: str) -> None:
    assert grade(choice, answer).correct


def test_a_wrong_choice_names_its_misconception(choice: Dealt) -> None:
    verdict = grade(choice, "1")
    assert (verdict.mistake, verdict.understood) == ("q:metric", "backward")
    assert verdict.feedback == Text("反：当成了距离", "B: takes it for a metric")
    assert grade(choice, "both-ways").mistake is None
    assert grade(choice, "both-ways").understood == "Both-Ways"


def test_zero_is_not_knowing(choice: Dealt) -> None:
    for zero in ("0", "０", "00"):
        verdict = grade(choice, zero)
        assert (verdict.valid, verdict.correct, verdict.mistake) == (True, False, None)
    assert not grade(choice, "4").valid
    assert not grade(choice, "-1").valid


def test_a_shape_tells_length_from_size(shape: Dealt) -> None:
    assert grade(shape, "1x64x112x112").correct
    assert grade(shape, "(1, 64, 109, 109)").mistake == "conv:no-padding"
    assert "axis 2" in grade(shape, "1,64,111,112").feedback.en
    assert "4 axes were asked for, not 3" in grade(shape, "64,112,112").feedback.en
    assert grade(shape, "[1, 64, 111, 112]").mistake is None


def test_recall_is_rated_by_its_essential_points(recall: Dealt) -> None:
    every = {"a", "b", "C-d"}
    assert recall_rating(recall, every) == "good"
    assert recall_rating(recall, {"a", "b", "d"}) == "hard"
    assert recall_rating(recall, {"a", "d"}) == "again"
    assert recall_rating(recall, ()) == "again"
    lone = replace(recall, points=recall.points[2:])
    assert recall_rating(lone, ()) == "again"
    assert recall_rating(lone, {"d"}) == "hard"


def test_recall_verdicts(recall_verdict: Callable[..., tuple[bool, bool, float]]) -> None:
    assert recall_verdict("a", "b", "C-d") == (True, True, 1.0)
    assert recall_verdict("a", "b") == (True, False, 0.5)
    assert recall_verdict() == (True, False, 0.0)
    assert recall_verdict("a", "zz") == (False, False, 0.0)


@pytest.fixture
def recall_verdict(request: pytest.FixtureRequest) -> Callable[..., tuple[bool, bool, float]]:
    dealt: Dealt = request.getfixturevalue("recall")

    def verdict(*ticked: str) -> tuple[bool, bool, float]:
        found = recall(dealt, ticked)
        assert found.feedback.zh
        return found.valid, found.correct, found.credit

    return verdict


def test_recall_as_typed_text(request: pytest.FixtureRequest) -> None:
    dealt: Dealt = request.getfixturevalue("recall")
    assert grade(dealt, "A，b、c-D").correct
    assert grade(dealt, "0").valid
    assert "没有讲到：丙" in grade(dealt, "a b").feedback.zh


def test_default_rating(number: Dealt) -> None:
    right, wrong, junk = (grade(number, text) for text in (key_text(number), "7", "?"))
    assert [default_rating(right, False), default_rating(right, True)] == ["good", "hard"]
    assert [default_rating(wrong, False), default_rating(wrong, True)] == ["again", "again"]
    with pytest.raises(ValueError):
        default_rating(junk, False)


def test_a_kind_without_a_grader_is_one_clear_error(number: Dealt) -> None:
    assert "code" not in GRADED
    with pytest.raises(QbankError, match="no grader for items of kind code"):
        grade(replace(number, kind="code"), "x")
