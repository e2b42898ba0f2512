"""Line mode: `k` puts a task off; a scheduled card that would come again at once rests for today."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qbank.bootstrap import App
from qbank.cli.session import Session


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The number and the card of each task that was asked."""
    found: list[tuple[int, str]] = []
    ask = Session.ask

    def noted(self, number, task):
        found.append((number, task.card))
        return ask(self, number, task)

    monkeypatch.setattr(Session, "ask", noted)
    return found


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``typing("k", "q")``: what is typed in the next sitting."""

    def type_(*lines: str) -> None:
        typed = iter(lines)
        monkeypatch.setattr("builtins.input", lambda prompt="": next(typed))

    return type_


def logged() -> list[tuple[str, str | None]]:
    from qbank.storage import events

    with App() as app, app.store.read() as tx:
        found = sorted(events.every(tx), key=lambda event: event.order)
        return [(event.kind, event.data.get("card")) for event in found if event.kind != "learner"]


def test_a_skipped_review_does_not_come_again_today(qbank, typing, asked) -> None:
    typing("k", "k", "q")
    assert qbank("review", "--plain").code == 0
    assert [number for number, _ in asked] == [1, 2, 3]
    cards = [card for _, card in asked]
    assert len(set(cards)) == 3
    assert logged() == [("bury", cards[0]), ("bury", cards[1])]
    assert qbank("next", "--json").json["card"] == cards[2]


def test_a_skip_can_be_undone(qbank, typing, asked) -> None:
    typing("k", "u", "k", "q")
    assert "Undone." in qbank("review", "--plain").out
    (_, first), (_, second), (_, third) = asked
    assert [kind for kind, _ in logged()] == ["bury", "undo"]
    assert (third, first != second) == (first, True)


def test_a_skipped_task_of_a_quiz_is_only_left_out(qbank, typing, asked) -> None:
    typing("k", "k")
    assert qbank("quiz", "--plain", "-n", "2").code == 0
    assert (len(asked), logged()) == (2, [])
