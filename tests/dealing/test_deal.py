"""What is dealt, what grades it, and which draws are refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from qbank import dealing, solving
from qbank.domain import BadValue, Item, NamedMistake, QbankError, Question, Text, dealt_from_json
from qbank.grading import grade, key_text

Toy = Callable[..., list[Sequence[int]]]


def test_a_number_is_computed_from_what_is_shown(question: Question) -> None:
    dealt = dealing.deal(question, "by-hand")
    p, q = dealt.inputs["p"], dealt.inputs["q"]
    assert dealt.key == pytest.approx(sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)), rel=1e-12)
    assert f"$P=({', '.join(map(str, p))})$" in dealt.stem.zh
    assert (dealt.seed, dealt.rev, dealt.solver, dealt.ask) == (3, 3, "kl-divergence", "D")
    assert {trap.tag for trap in dealt.traps} >= {"kl-divergence:reversed", "kl-divergence:sign"}
    for trap in dealt.traps:
        assert grade(dealt, f"{trap.value:.3g}").mistake == trap.tag


def test_the_same_seed_deals_the_same_and_survives_json(question: Question) -> None:
    for item in ("by-hand", "second-term", "which", "recall"):
        once = dealing.deal(question, item, 11)
        assert dealing.deal(question, item, 11) == once
        back = dealt_from_json(json.loads(json.dumps(once.json(), allow_nan=False)))
        assert grade(back, key_text(back)).correct
        assert back == once
    assert dealing.deal(question, "by-hand", 11) != dealing.deal(question, "by-hand", 12)


def test_numbers_do_not_change_between_versions(question: Question) -> None:
    assert dealing.numeric.entropy("kl-divergence", "by-hand", 2, 0) == (2, 804230585, 0)
    dealt = dealing.deal(question, "which", 1)
    assert [option.id for option in dealt.options] == ["d", "b", "c", "a"]


def test_an_index_asks_for_one_entry(question: Question) -> None:
    dealt = dealing.deal(question, "second-term")
    p, q = dealt.inputs["p"], dealt.inputs["q"]
    assert dealt.stem.en == str(p[1])
    assert dealt.key == pytest.approx(p[1] * math.log(p[1] / q[1]))
    assert dealt.traps == ()


def test_the_worked_answer_is_made_from_the_steps(question: Question) -> None:
    worked = dealing.deal(question, "by-hand").worked
    assert worked is not None
    lines = worked.en.splitlines()
    assert len(lines) <= 6
    assert lines[0].startswith("- ratio p/q: (")
    assert lines[-1] == f"- D: {dealing.deal(question, 'by-hand').key:.4g}"
    assert worked.zh.splitlines()[0].startswith("- 概率比 p/q：(")


def test_a_choice_carries_its_misconceptions_in_words(question: Question) -> None:
    dealt = dealing.deal(question, "which")
    by_id = {option.id: option for option in dealt.options}
    assert dealt.key == "a"
    assert (by_id["b"].mistake, by_id["b"].says) == ("q:own", Text("own words", "own words"))
    assert by_id["c"].mistake == "kl-divergence:reversed"
    assert by_id["c"].says is not None
    assert "D(Q" in by_id["c"].says.en
    assert by_id["d"].says is None
    orders = {tuple(o.id for o in dealing.deal(question, "which", seed).options) for seed in range(40)}
    assert len(orders) > 10


def test_recall_deals_the_prompt_and_its_points(question: Question) -> None:
    dealt = dealing.deal(question, "recall")
    assert (dealt.kind, dealt.key, dealt.stem.en, dealt.seed) == ("recall", ["p1"], "prompt", 0)
    assert [point.id for point in dealt.points] == ["p1", "p2"]


def test_a_mistake_that_shows_at_another_index_is_no_trap(question: Question, toy: Toy) -> None:
    by_index = replace(
        question, items=(Item("one", "number", Text("<<n>>", "<<n>>"), solver="toy", ask="v[0]", seeds=(1,)),)
    )
    toy(({"v": [1.0, 2.0]}, {"elsewhere": {"v": [1.0, 5.0]}, "here": {"v": [3.0, 2.0]}}))
    assert [trap.tag for trap in dealing.deal(by_index, "one", 1).traps] == ["toy:here"]
    toy(({"v": [1.0, 2.0]}, {"nowhere": {"v": [1.0, 2.0]}}))
    with pytest.raises(QbankError, match="gives the key itself"):
        dealing.deal(by_index, "one", 1)


def test_traps_are_the_mistakes_that_these_numbers_bring_out(question: Question, toy: Toy) -> None:
    wrong = {
        "far": {"x": 2.0}, "twin": {"x": 2.0}, "other": {"y": 5.0}, "none": {}, "blows-up": {"x": math.inf},
        "nan": {"x": math.nan}, "list": {"x": [1.0]}, "near-far": {"x": 3.0},
    }  # fmt: skip
    toy(({"x": 1.0}, wrong))
    dealt = dealing.deal(question, "real")
    assert [(trap.tag, trap.value) for trap in dealt.traps] == [("toy:far", 2.0), ("toy:near-far", 3.0)]


@pytest.mark.parametrize(
    ("value", "wrong", "reason"),
    [
        (1.0, 1.0, "gives the key itself"),
        (1.0, 1.02, "within 4 tolerances"),
        (1.0, 1.039, "within 4 tolerances"),
        (math.nan, 2.0, "not a number"),
    ],
)
def test_an_unsound_draw_is_drawn_again(question: Question, toy: Toy, value: float, wrong: float, reason: str) -> None:
    asked = toy(({"x": value}, {"m": {"x": wrong}}), ({"x": 1.0}, {"m": {"x": 1.06}}))
    dealt = dealing.deal(question, "real", 5)
    assert [entropy[2] for entropy in asked] == [0, 1]
    assert dealt.traps[0].value == 1.06
    item = question.item("real")
    assert item is not None
    assert any(reason in one for one in dealing.unsound(dealing.attempt(question, item, 5, 0)))


def test_when_no_draw_is_sound_it_says_why(question: Question, toy: Toy) -> None:
    asked = toy(({"x": 1.0}, {"m": {"x": 1.01}}))
    with pytest.raises(QbankError, match=r"no sound numbers for seed 0: toy:m gives 1\.01, within 4 tolerances"):
        dealing.deal(question, "real")
    assert len(asked) == 32


def test_zero_must_not_pass_for_a_small_key(question: Question, toy: Toy) -> None:
    toy(({"x": 1e-8}, {}))
    item = question.item("real")
    assert item is not None
    loose = replace(item, atol=1e-6)
    assert dealing.unsound(dealing.attempt(question, item, 0)) == []
    assert any("0 passes" in one for one in dealing.unsound(dealing.attempt(question, loose, 0)))


def test_whole_numbers_are_exact(question: Question, toy: Toy) -> None:
    toy(({"count": 112}, {"one-off": {"count": 113}, "no-floor": {"count": 112.6667}}))
    dealt = dealing.deal(question, "count")
    assert (dealt.rtol, dealt.atol) == (0.0, 0.0)
    assert grade(dealt, "113").mistake == "toy:one-off"
    assert grade(dealt, "112.67").mistake == "toy:no-floor"
    assert grade(dealt, "112").correct


def test_shapes_are_lists_of_whole_numbers(question: Question, toy: Toy) -> None:
    toy(({"shape": [1, 64.0, 7]}, {"half": {"shape": [1, 64, 3.5]}, "flat": {"shape": [1, 448]}}))
    dealt = dealing.deal(question, "sizes")
    assert dealt.key == [1, 64, 7]
    assert [trap.value for trap in dealt.traps] == [[1, 448]]
    assert grade(dealt, "1x448").mistake == "toy:flat"
    toy(({"shape": [1, 2]}, {"same": {"shape": [1, 2]}}))
    with pytest.raises(QbankError, match="gives the key itself"):
        dealing.deal(question, "sizes")
    toy(({"shape": [1, 2.5]}, {}))
    with pytest.raises(QbankError, match="no list of whole numbers"):
        dealing.deal(question, "sizes")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ask": "nothing"}, "toy computes no nothing"),
        ({"ask": "v"}, "add an index to ask"),
        ({"ask": "v[7]"}, r"computes no v\[7\]"),
        ({"ask": "1+1"}, "ask must be an output or a step"),
        ({"stem": Text("<<m>>", "")}, "<<m>> must name an input"),
        ({"stem": Text("<<n[0]>>", "")}, r"<<n\[0\]>> must name an input"),
        ({"worked": Text("<<=z>>", "")}, "<<=z>> must name an output or step"),
    ],
)
def test_an_item_that_does_not_fit_its_solver_is_one_clear_line(
    question: Question, toy: Toy, change: dict[str, Any], message: str
) -> None:
    toy(({"x": 1.0, "v": [1.0, 2.0]}, {}))
    item = question.item("real")
    assert item is not None
    with pytest.raises(QbankError, match=message):
        dealing.attempt(question, replace(item, **change), 0)


def test_unknown_items_seeds_and_kinds(question: Question) -> None:
    with pytest.raises(BadValue, match="item must be one of q's"):
        dealing.deal(question, "nope")
    for seed in (-1, 2**53 + 1, True, 1.0, "1"):
        with pytest.raises(BadValue, match="seed must be a whole number"):
            dealing.deal(question, "by-hand", seed)  # type: ignore[arg-type]
    with pytest.raises(QbankError, match="items of kind code cannot be dealt yet"):
        dealing.deal(question, "program")


@pytest.fixture
def torch_only(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[int]]:
    """The toy solver as one that needs torch: its inputs can be shown without it."""

    @dataclass
    class Info:
        lanes: tuple[str, ...] = ("torch",)

    monkeypatch.setattr(solving, "describe", lambda slug: Info())
    monkeypatch.setattr(solving, "shown", lambda slug, entropy: {"n": 7})
    nine = (NamedMistake("toy:m", Text("九", "nine"), {"x": 9.0}),)
    monkeypatch.setattr(solving, "mistaken", lambda slug, given: nine if given == {"n": 7} else ())
    return toy(({"x": 1.0}, {"m": {"x": 9.0}}))


def test_precomputed_keys_need_no_torch_and_keep_their_traps(
    question: Question, torch_only: list[Sequence[int]]
) -> None:
    item = question.item("real")
    assert item is not None
    keyed = replace(item, keys={"2": 1.001, "3": 1.5}, worked=Text("<<n>>", "<<n>>"))
    dealt = dealing.deal(replace(question, items=(keyed,)), "real", 2)
    assert (dealt.key, dealt.stem.en, dealt.inputs) == (1.001, "7", {"n": 7})
    assert [(trap.tag, trap.value) for trap in dealt.traps] == [("toy:m", 9.0)]
    assert torch_only == []
    assert dealing.deal(replace(question, items=(keyed,)), "real", 4).key == 1.0
    assert len(torch_only) == 1


def test_precomputed_keys_are_checked_by_a_run(question: Question, torch_only: list[Sequence[int]]) -> None:
    item = question.item("real")
    assert item is not None
    keyed = replace(item, keys={"2": 1.001, "3": 1.5}, worked=None)
    assert dealing.check_keys(question, keyed) == ["real, seed 3: the key 1.5 must be 1"]
