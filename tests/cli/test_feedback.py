"""Line mode after a miss: the misconception by name, worked in at most six lines, the solver on the same numbers, and
once more with new ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from qbank.bootstrap import App
from qbank.cli.session import Session
from qbank.grading import key_text
from qbank.mathtext import markdown

MISSES = [
    ("kl-divergence", "by-hand", "kl-divergence:reversed"),
    ("softmax-stability", "whole-vector", None),
    ("gcn-image", "all-four-pixels", None),
    ("lstm", "gate-slope", "lstm:slope-of-tanh"),
    ("kl-divergence", "which-direction", "kl-divergence:thinks-it-is-a-metric"),
]
"""Question, item, the mistake that is made (None: the first)."""


@pytest.fixture
def sit(home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """``sit(question, item, answer)``: miss with ``answer(dealt)``, run the solver, go on; then the key."""

    def run(question: str, item: str, answer: Callable[[Any], str]) -> tuple[str, list[Any], Session]:
        shown: list[Any] = []
        attempt = Session.attempt

        def noted(self, task):
            shown.append(task)
            return attempt(self, task)

        def lines():
            yield answer(shown[0].dealt)
            yield "s"
            yield ""
            yield key_text(shown[-1].dealt)
            yield ""

        typed = lines()
        monkeypatch.setattr(Session, "attempt", noted)
        monkeypatch.setattr("builtins.input", lambda prompt="": next(typed))
        with App(lang="en") as app:
            facet = next(i.facet for i in app.bank.question(question).items if i.id == item)
            session = Session(app, [app.study.deal(f"{question}#{facet}", item=item)])
            session.run()
            return capsys.readouterr().out, shown, session

    return run


@pytest.mark.parametrize(("question", "item", "tag"), MISSES)
def test_a_miss_is_named_worked_and_tried_again(sit, question: str, item: str, tag: str | None) -> None:
    wrong: list[tuple[str, str]] = []

    def miss(dealt) -> str:
        found = [(o.mistake, o.says, o.id) for o in dealt.options if o.mistake]
        found += [(t.tag, t.says, t.value if isinstance(t.value, str) else json.dumps(t.value)) for t in dealt.traps]
        name, text, typed = next(one for one in found if tag in (None, one[0]))
        wrong.append((name, text.en))
        return typed

    page, shown, session = sit(question, item, miss)
    first = shown[0].dealt
    _, answered = next(iter(session.answered.values()))
    assert answered.verdict.mistake == wrong[0][0]
    said = markdown(wrong[0][1], 10_000)
    assert " " in said, "a sentence, not an id"
    assert said in " ".join(page.split())
    told = page.partition("answer: ")[2].partition("Rated again")[0].rstrip().splitlines()
    assert told[0]
    assert 1 <= len([line for line in told[1:] if line.startswith("  ")]) <= 6
    if first.solver is None:
        assert "No solver stands behind this item." in page
    else:
        assert f" {first.solver}\n" in page.partition("Rated again")[2]
    if first.facet == "compute":
        assert "Once more with new numbers (not scored)" in page
        assert (len(shown), shown[1].dealt.item, shown[1].reason) == (2, item, "retry")
        assert shown[1].dealt.inputs != first.inputs
        assert "(practice, nothing rescheduled)" in page
    else:
        assert len(shown) == 1
    assert "1 answered, 0 right." in page


def test_the_solver_runs_on_the_numbers_of_the_task(sit, monkeypatch) -> None:
    ran: list[tuple[str, Any]] = []
    from qbank.services import demonstrate

    monkeypatch.setattr(
        demonstrate, "demonstration", lambda slug, given, *rest, **more: ran.append((slug, given)) or ""
    )
    _, shown, _ = sit("kl-divergence", "by-hand", lambda dealt: "77")
    assert ran == [("kl-divergence", shown[0].dealt.inputs)]
