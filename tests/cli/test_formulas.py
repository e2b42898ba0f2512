"""Formulas and expressions through the command line: how they were read, where they cannot be, and lightly started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_learner_is_told_how_a_formula_was_read(qbank) -> None:
    page = qbank("--lang", "en", "grade", "lstm", "gate-slope", "--answer", "ｆ－ｆ²").out
    assert page == "I read this as f - f^2\nRight: proven equal to the key.\n"
    zh = qbank("--lang", "zh", "grade", "lstm", "gate-slope", "--answer", "1-f*f").out
    assert zh.startswith("我读作 1 - f * f\n1 - f * f：那是 tanh 用自身表示的导数")
    assert "在 f=" in zh


def test_a_caret_stands_below_what_cannot_be_read(qbank) -> None:
    page = qbank("--lang", "en", "grade", "lstm", "gate-slope", "--answer", "f(1-f)").out
    assert page.splitlines()[:2] == ["  f(1-f)", "   ^"]
    wide = qbank("--lang", "zh", "grade", "lstm", "gate-slope", "--answer", "ｆ（1-f）").out
    assert wide.splitlines()[:2] == ["  ｆ（1-f）", "    ^"]
    nothing = qbank("--lang", "en", "grade", "lstm", "gate-slope", "--answer", "").out
    assert nothing.startswith("no answer: type a formula in f;")


def test_the_documents(qbank) -> None:
    dealt = qbank("deal", "lstm", "gate-slope", "--json").json
    assert (dealt["kind"], dealt["symbols"]) == ("formula", {"f": [0.0, 1.0]})
    assert "1 - f" not in str(dealt)
    wrong = qbank("grade", "lstm", "gate-slope", "--answer", "f*(f-1)", "--json").json
    assert (wrong["mistake"], wrong["at"]) == ("lstm:slope-with-the-sign-lost", None)
    right = qbank("grade", "lstm", "gate-slope", f"--answer={wrong['key']}", "--json").json
    assert right["correct"]
    assert qbank("grade", "lstm", "gate-slope", "--answer", "2f", "--json").json["at"] == 1


def test_a_number_field_shows_the_value_of_an_expression(qbank) -> None:
    page = qbank("--lang", "en", "grade", "kl-divergence", "by-hand", "--answer", "ln(2)*1e9").out
    assert page.splitlines()[0] == "I read this as ln(2) * 1000000000 = 693147180.56"
    plain = qbank("--lang", "en", "grade", "kl-divergence", "by-hand", "--answer", "7e9").out
    assert "I read" not in plain


def test_dealing_a_formula_imports_no_computer_algebra(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from qbank.cli.main import run\n"
        "assert run(['deal', 'lstm', 'gate-slope']) == 0\n"
        "assert run(['next', '--json']) == 0\n"
        "print(sorted({'sympy', 'mpmath', 'torch'} & set(sys.modules)), file=sys.stderr)\n"
    )
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "QBANK_DB": str(tmp_path / "q.db")}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
    assert done.stderr.strip().splitlines()[-1:] == ["[]"], done.stderr
