"""Choices, match, order and cloze: right, partly right, named, unreadable."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qbank.domain import Dealt, Part, ShownOption, Text, dealt_from_json
from qbank.grading import GRADED, grade, key_text

STEM = Text("题目", "stem")
WORKED = Text("推导", "worked")


def both(text: str) -> Text:
    return Text(text, text)


CHOICES = Dealt(
    "q", "i", "choices", 0, 1, STEM, ["mean", "variance"], worked=WORKED,
    options=(
        ShownOption("median", both("M"), "q:robust", Text("当成了中位数", "takes it for the median")),
        ShownOption("variance", both("V")),
        ShownOption("mode", both("O"), "q:peak", Text("当成了峰", "takes it for the peak")),
        ShownOption("mean", both("A")),
    ),
)  # fmt: skip
ORDER = Dealt(
    "q", "i", "order", 0, 1, STEM, ["forward", "loss", "backward", "step"], worked=WORKED,
    options=tuple(ShownOption(one, both(one)) for one in ("step", "loss", "forward", "backward")),
)  # fmt: skip
MATCH = Dealt(
    "q", "i", "match", 0, 1, STEM, {"l1": "r2", "l2": "r1", "l3": "r3"}, worked=WORKED,
    left=tuple(Part(one, both(one.upper())) for one in ("l1", "l2", "l3")),
    options=tuple(ShownOption(one, both(one.upper())) for one in ("r3", "r1", "r2", "r4")),
)  # fmt: skip
CLOZE = Dealt(
    "q", "i", "cloze", 0, 1, Text("先 [[WHAT]] 后 [[HOW]]", "first [[WHAT]], then [[HOW]]"),
    {
        "HOW": {"zh": ["交叉熵"], "en": ["cross-entropy", "log loss"]},
        "WHAT": {"zh": ["Softmax 函数", "柔性最大"], "en": ["softmax"]},
    },
    worked=WORKED,
)  # fmt: skip
ONE_GAP = replace(CLOZE, stem=Text("[[N]]", "[[N]]"), key={"N": {"zh": ["十"], "en": ["10", "ten"]}})
ALL = {"choices": CHOICES, "order": ORDER, "match": MATCH, "cloze": CLOZE, "one-gap": ONE_GAP}


@pytest.fixture(params=ALL)
def deal(request: pytest.FixtureRequest) -> Dealt:
    return ALL[request.param]


def test_the_key_grades_right_and_again_after_a_round_trip(deal: Dealt) -> None:
    assert deal.kind in GRADED
    back = dealt_from_json(json.loads(json.dumps(deal.json())))
    assert back == deal
    for one in (deal, back):
        verdict = grade(one, key_text(one))
        assert (verdict.valid, verdict.correct, verdict.credit, verdict.mistake) == (True, True, 1.0, None)
        assert grade(one, verdict.key).correct
        assert grade(one, verdict.understood).correct


def test_a_deal_of_an_earlier_version_still_loads() -> None:
    raw = json.loads(json.dumps(CHOICES.json()))
    del raw["left"], raw["traps"], raw["hint"]
    assert dealt_from_json({**raw, "of-a-later-version": 1}) == CHOICES


@pytest.mark.parametrize("junk", ["", "  ", "。", "?", "；", "x" * 1500, "\x00\x1b", "\ud800", "\u200b"])
def test_junk_is_invalid_and_says_what_to_type(deal: Dealt, junk: str) -> None:
    verdict = grade(deal, junk)
    assert (verdict.valid, verdict.correct, verdict.credit) == (False, False, 0.0)
    for text in (verdict.feedback.zh, verdict.feedback.en, verdict.understood):
        assert text.isprintable()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=st.text(max_size=80) | st.text("0123456789=,;> l r", max_size=30))
def test_no_answer_raises_and_what_was_understood_reads_back(deal: Dealt, answer: str) -> None:
    verdict = grade(deal, answer)
    assert 0 <= verdict.credit <= 1
    assert verdict.correct == (verdict.credit == 1)
    assert verdict.valid or not verdict.correct
    assert (verdict.feedback.zh + verdict.feedback.en).isprintable()
    if verdict.valid and deal.kind != "cloze":
        again = grade(deal, verdict.understood)
        assert (again.understood, again.credit) == (verdict.understood, verdict.credit)


@pytest.mark.parametrize("zero", ["0", "００", " 0 "])
def test_zero_is_not_knowing(deal: Dealt, zero: str) -> None:
    verdict = grade(deal, zero)
    assert (verdict.valid, verdict.correct, verdict.credit, verdict.mistake) == (True, False, 0.0, None)


# ---------------------------------------------------------------- choices


@pytest.mark.parametrize("answer", ["mean,variance", "4,2", "24", "２、４", "[2, 4]", "VARIANCE mean", "②④", "2；4，4"])
def test_choices_by_ids_or_numbers(answer: str) -> None:
    assert grade(CHOICES, answer).correct


@pytest.mark.parametrize("answer", ["5", "2,0", "2,x", "mean;-1", "25"])
def test_what_names_no_option_is_not_graded(answer: str) -> None:
    assert not grade(CHOICES, answer).valid


def test_a_false_tick_names_its_misconception_and_what_was_left_out_is_told() -> None:
    verdict = grade(CHOICES, "2,3")
    assert (verdict.mistake, verdict.correct, verdict.credit) == ("q:peak", False, 0.0)
    assert verdict.feedback.en == "'O' does not belong: takes it for the peak; left out: 'A'."
    assert grade(CHOICES, "2").feedback.zh == "漏选了“A”。"
    assert grade(CHOICES, "2").mistake is None
    assert grade(CHOICES, "3,1").mistake == "q:robust", "the first as shown"


def test_no_set_of_ticks_is_worth_more_for_ticking_more_than_one_knows() -> None:
    """Ticking everything, nothing, or blindly earns nothing on average over the keys there could be."""
    ids = [option.id for option in CHOICES.options]
    for size in range(1, 5):
        ticked = ",".join(ids[:size])
        credits = [grade(replace(CHOICES, key=list(keys)), ticked).credit for keys in itertools.combinations(ids, 2)]
        assert sum(credits) / len(credits) <= 0.34
    assert grade(CHOICES, "1,2,3,4").credit == 0
    assert grade(CHOICES, "2").credit == 0.5
    assert grade(CHOICES, "1,2,4").credit == 0.5


# ---------------------------------------------------------------- order


@pytest.mark.parametrize(
    "answer", ["forward,loss,backward,step", "3 2 4 1", "3241", "3>2>4>1", "3→2→4→1", "３，２，４，１"]
)
def test_an_order_by_ids_or_numbers(answer: str) -> None:
    assert grade(ORDER, answer).correct


def test_an_order_earns_by_its_pairs_and_names_the_first_slip() -> None:
    swapped = grade(ORDER, "loss,forward,backward,step")
    assert swapped.credit == pytest.approx(2 * 5 / 6 - 1)
    assert swapped.feedback == Text("“forward”应在“loss”之前。", "'forward' comes before 'loss'.")
    assert grade(ORDER, "step,backward,loss,forward").credit == 0
    blind = [grade(ORDER, ",".join(one)).credit for one in itertools.permutations(ORDER.key)]
    assert sum(blind) / len(blind) < 0.25


@pytest.mark.parametrize("answer", ["3,2,4", "3,2,4,4", "3,2,4,1,1", "3,2,4,9", "forward"])
def test_an_order_needs_every_part_once(answer: str) -> None:
    assert not grade(ORDER, answer).valid


# ---------------------------------------------------------------- match


@pytest.mark.parametrize(
    "answer",
    [
        "l1=r2,l2=r1,l3=r3",
        "1=3,2=2,3=1",
        "3=1 ; 1 = 3 ; 2 = 2",
        "L1:R2，L2：R1、L3→R3",
        "r2,r1,r3",
        "321",
        "1->3 2->2 3->1",
    ],
)
def test_a_match_by_ids_or_numbers(answer: str) -> None:
    assert grade(MATCH, answer).correct


def test_a_match_earns_by_its_pairs() -> None:
    verdict = grade(MATCH, "l1=r1,l2=r1,l3=r3")
    assert verdict.credit == pytest.approx(2 / 3)
    assert verdict.feedback == Text("“L1”配的不是“R1”。", "'L1' does not go with 'R1'.")
    assert grade(MATCH, "r1,r1,r1").credit == 0, "one partner for all"
    part = grade(MATCH, "l1=r2,l2=0,l3=r1")
    assert part.understood == "l1=r2,l2=0,l3=r1"
    assert part.feedback.en == "'L3' does not go with 'R1'; 1 left open."


@pytest.mark.parametrize(
    "answer", ["l1=r2,l2=r1", "l1=r2,l2=r1,l3=r9", "l1=r2,l1=r1,l2=r1,l3=r3", "1,2", "l9=r1", "=,=,="]
)
def test_a_match_needs_every_left_entry_once(answer: str) -> None:
    assert not grade(MATCH, answer).valid


# ---------------------------------------------------------------- cloze


@pytest.mark.parametrize(
    "answer",
    [
        "WHAT=softmax;HOW=cross-entropy", "how = Cross Entropy ; what = SOFTMAX", "softmax; log-loss",
        "ｓｏｆｔｍａｘ；交 叉 熵",
        "what=柔性最大;how=交叉熵。", "WHAT＝softmax函数；HOW＝“Log Loss”", "softmax;crossentropy;",
    ],
)  # fmt: skip
def test_a_cloze_forgives_case_width_spacing_and_language(answer: str) -> None:
    assert grade(CLOZE, answer).correct


def test_a_cloze_earns_by_its_gaps() -> None:
    verdict = grade(CLOZE, "WHAT=softmax;HOW=hinge")
    assert (verdict.valid, verdict.correct, verdict.credit, verdict.mistake) == (True, False, 0.5, None)
    assert verdict.feedback == Text("“hinge”不对。", "'hinge' is not it.")
    assert grade(CLOZE, "WHAT=softmax;HOW=").feedback.en == "HOW is left open."


@pytest.mark.parametrize("answer", ["softmax", "WHAT=softmax", "WHAT=a;WHAT=b", "a;b;c", "WHAT=a;b", "WHAT=;HOW="])
def test_a_cloze_needs_every_gap(answer: str) -> None:
    assert not grade(CLOZE, answer).valid


def test_one_gap_needs_no_name_and_numbers_keep_their_signs() -> None:
    for right in ("10", "１０", " Ten. ", "十", "N=10"):
        assert grade(ONE_GAP, right).correct
    for wrong in ("-10", "1 1", "tens", "x=y"):
        assert not grade(ONE_GAP, wrong).correct
        assert grade(ONE_GAP, wrong).valid
