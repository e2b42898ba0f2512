"""Formulas: equal however written, refuted at a point, and a proof is never claimed where there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qbank.domain import Dealt, QbankError, Text, Trap, dealt_from_json
from qbank.grading import equivalence, formula, grade
from qbank.grading.equivalence import Agrees, Refuted, compare, prove, proven
from qbank.grading.equivalence.child import Builder, TooLarge
from qbank.grading.equivalence.points import points
from qbank.grading.expression import parse, write

DOMAIN = {"z": (0.0, 1.0), "x": (-3.0, 3.0)}
SPAN = tuple((name, low, high) for name, (low, high) in DOMAIN.items())


@pytest.fixture
def derivative() -> Dealt:
    """The derivative of the sigmoid in terms of its value z."""
    return Dealt(
        "q", "slope", "formula", 0, 1, Text("题", "stem"), "z * (1 - z)", symbols={"z": (0.0, 1.0)},
        traps=(Trap("q:sign", Text("符号反了", "the sign"), "z * (z - 1)"),
               Trap("q:square", Text("漏了 1-z", "1 - z is missing"), "z^2")),
    )  # fmt: skip


def against(left: str, right: str) -> Agrees | Refuted | equivalence.Unclear:
    return compare(parse(left, DOMAIN), parse(right, DOMAIN), DOMAIN, "q#i")


def proof(left: str, right: str, seconds: int = 6) -> bool:
    return proven(write(parse(left, DOMAIN)), write(parse(right, DOMAIN)), SPAN, seconds)


EQUAL = [
    ("z-z^2", "z*(1-z)"), ("exp(-x)/(1+exp(-x))^2", "σ(x)*(1-σ(x))"), ("(1-tanh(x/2)^2)/4", "σ(x)*σ(-x)"),
    ("ln(z/(1-z))", "ln(z)-ln(1-z)"), ("log2(z)", "ln(z)/ln(2)"), ("√(x²)", "abs(x)"), ("√(z²)", "z"),
    ("max(x,0)", "(x+abs(x))/2"), ("softplus(x)-softplus(-x)", "x"), ("sin(x)²+cos(x)²", "1"), ("x+1e45-1e45", "x"),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right"), EQUAL)
def test_equal_formulas_agree_and_are_proven(left: str, right: str) -> None:
    outcome = against(left, right)
    assert isinstance(outcome, Agrees)
    assert outcome.count >= 20
    assert proof(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("z", "z*(1-z)"), ("√(x²)", "x"), ("x+1e-50", "x"), ("x+1e-250", "x"), ("x+1e45-1e45+1e-9", "x"),
        ("x*1.000000001", "x"),
        ("√x", "x"), ("ln(x-10)", "x"), ("(1+1e-40)*z", "z"), ("exp(exp(exp(x+5)))", "x"),
    ],
)  # fmt: skip
def test_unequal_formulas_are_refuted_at_a_point(left: str, right: str) -> None:
    assert isinstance(against(left, right), Refuted)
    assert not proof(left, right)


def test_a_gap_at_one_point_is_nothing_held_against_a_formula() -> None:
    assert isinstance(against("x*x/x", "x"), Agrees)


def test_a_large_power_of_a_number_near_one_is_followed() -> None:
    assert isinstance(against("(1-1e-9)^(1e9*z)", "exp(1e9*z*ln(1-1e-9))"), Agrees)


def test_a_right_formula_is_proven_or_only_agrees_and_says_which(
    derivative: Dealt, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer in ("z*(1-z)", "z(1-z)".replace("(", "*("), "ｚ－ｚ²", "= z*(1−z)"):
        verdict = grade(derivative, answer)
        assert (verdict.correct, "proven" in verdict.feedback.en) == (True, True), answer
    assert grade(derivative, "z-z²").understood == "z - z^2"
    monkeypatch.setattr(equivalence, "proven", lambda *_: False)
    only = grade(derivative, "z-z²")
    assert only.correct
    assert only.feedback.en == "Right: agrees with the key at 24 points (no proof of equality was found)."
    assert "证明" in only.feedback.zh
    assert "已证明" not in only.feedback.zh


def test_a_wrong_formula_is_told_where_it_fails_and_what_it_is(derivative: Dealt) -> None:
    named = grade(derivative, "z*z")
    assert (named.valid, named.correct, named.mistake) == (True, False, "q:square")
    assert named.feedback.en.startswith("z * z: 1 - z is missing; at z=")
    assert " yours is " in named.feedback.en
    assert grade(derivative, "z²-z").mistake == "q:sign"
    factor = grade(derivative, "2*z*(1-z)")
    assert (factor.mistake, "missing the constant factor 1/2" in factor.feedback.en) == (None, True)
    assert "missing factor 1 - z" in grade(derivative, "z").feedback.en
    assert "missing the constant" in grade(derivative, "z*(1-z)+3").feedback.en
    assert "yours has no value" in grade(derivative, "ln(z-1)").feedback.en
    assert "one factor too many: z" in grade(derivative, "z^2*(1-z)").feedback.en


def test_the_point_that_is_told_is_true(derivative: Dealt) -> None:
    words = grade(derivative, "z^3").feedback.en
    z, mine, key = (
        float(words.partition(before)[2].split()[0].rstrip(",")) for before in ("z=", "yours is ", "key is ")
    )
    assert (mine, key) == (pytest.approx(z**3, rel=1e-3), pytest.approx(z * (1 - z), rel=1e-3))


@pytest.mark.parametrize(("answer", "at"), [("z(1-z)", 1), ("y", 0), ("z*", 2), ("z**9**9**9", 3), ("1/0", 2)])
def test_what_cannot_be_read_is_invalid_with_its_place(derivative: Dealt, answer: str, at: int) -> None:
    verdict = grade(derivative, answer)
    assert (verdict.valid, verdict.correct, verdict.at) == (False, False, at)


def test_the_deal_survives_storage_and_older_deals_still_load(derivative: Dealt) -> None:
    again = dealt_from_json(json.loads(json.dumps(derivative.json())))
    assert again == derivative
    assert grade(again, formula.key_text(again)).correct
    old = {name: value for name, value in derivative.json().items() if name != "symbols"}
    assert dealt_from_json(old).symbols == {}


def test_a_key_that_cannot_be_read_is_one_clear_error(derivative: Dealt) -> None:
    with pytest.raises(QbankError, match=r"q slope: cannot read 2z: at character 2: write 2\*z"):
        grade(replace(derivative, key="2z"), "z")


def test_a_constant_formula_has_one_point(derivative: Dealt) -> None:
    constant = replace(derivative, key="2 * pi", symbols={}, traps=())
    assert grade(constant, "pi+pi").correct
    wrong = grade(constant, "pi")
    assert wrong.feedback.en == "pi: yours is 3.142, the key is 6.283"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(answer=st.text(max_size=60) | st.text(alphabet="z01()+-*/^√.e ", max_size=25))
def test_no_answer_raises(derivative: Dealt, answer: str) -> None:
    plain = replace(derivative, traps=())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(equivalence, "proven", lambda *_: False)
        verdict = grade(plain, answer)
    assert verdict.valid or verdict.at is not None
    assert (verdict.feedback.zh + verdict.feedback.en + verdict.understood).isprintable()


def test_points_lie_inside_the_domain_and_are_the_same_everywhere() -> None:
    drawn = points({"a": (0.0, 1.0), "b": (-1e-3, 1e6)}, "seed")
    assert drawn == points({"a": (0.0, 1.0), "b": (-1e-3, 1e6)}, "seed")
    assert len({point["a"] for point in drawn}) > 16
    assert all(0 < point["a"] < 1 and Fraction(-1, 1000) < point["b"] < 10**6 for point in drawn)


def test_a_child_that_finds_no_end_is_killed_and_proves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = f"import os\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\nwhile True: pass"
    monkeypatch.setattr(prove, "COMMAND", (sys.executable, "-c", script))
    assert not proof("z+z", "2*z", seconds=1)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize("says", ["", "not proven", "unproven", "proven not"])
def test_only_a_clear_yes_is_a_proof(monkeypatch: pytest.MonkeyPatch, says: str) -> None:
    monkeypatch.setattr(prove, "COMMAND", (sys.executable, "-c", f"print({says!r})"))
    prove.proven.cache_clear()
    assert not proof("z+z", "2*z")
    prove.proven.cache_clear()


def test_the_child_bounds_its_own_memory() -> None:
    script = (
        "from qbank.grading.equivalence import child\n"
        "child.limit(5)\n"
        "try:\n    bytearray(2 * child.MEMORY)\nexcept MemoryError:\n    print('bounded')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "bounded"


def test_exact_numbers_are_bounded_before_they_are_built() -> None:
    with pytest.raises(TooLarge):
        Builder({"z": [0.0, 1.0]})(parse("z+1.0001^10000", ("z",)))
    assert not proof("z+1.0001^10000-1.0001^10000", "z+0*x")


def test_grading_imports_no_sympy_into_this_process() -> None:
    script = (
        "import sys\n"
        "from qbank.domain import Dealt, Text\n"
        "from qbank.grading import grade\n"
        "d = Dealt('q', 'i', 'formula', 0, 1, Text('', ''), 'z * (1 - z)', symbols={'z': (0.0, 1.0)})\n"
        "assert 'proven' in grade(d, 'z-z^2').feedback.en\n"
        "assert not grade(d, 'z').correct\n"
        "print('sympy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
