"""The warm-up, and the way from the first run to the tenth review."""

from __future__ import annotations

import pytest

from qbank.tui.app import QbankApp
from qbank.tui.screens.home import HomeScreen
from qbank.tui.screens.settings import SettingsScreen
from qbank.tui.screens.task import TaskScreen
from qbank.tui.screens.warmup import WarmUpScreen

pytestmark = pytest.mark.usefixtures("calm")


async def answer(pilot, settle, right: bool = True) -> None:
    """Give an answer to the task on the screen, whatever its kind."""
    screen = pilot.app.screen
    dealt = screen.asked.task.dealt
    if dealt.kind == "choice":
        keys = [n for n, option in enumerate(dealt.options, start=1) if (option.id == dealt.key) is right]
        await pilot.press(str(keys[0]))
    elif dealt.kind == "recall":
        await pilot.press("space")
        await settle(pilot)
        await pilot.press(*(str(n) for n, point in enumerate(dealt.points, start=1) if point.essential and right))
        await pilot.press("enter")
    else:
        key = ",".join(map(str, dealt.key)) if isinstance(dealt.key, list) else repr(dealt.key)
        await pilot.press(*(key if right else "12345"), "enter")
    await settle(pilot)
    assert screen.answered is not None
    assert screen.answered.verdict.correct is right


def test_each_answer_is_followed_by_its_proof(context, play, settle, seen, logged) -> None:
    app = QbankApp(context("en"))

    async def story(pilot) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, WarmUpScreen)
        text = seen(pilot)
        assert "warm-up 1/5" in text
        assert "Choose first, then look. Warm-ups are not scored." in text
        await answer(pilot, settle, right=False)
        text = seen(pilot)
        assert "proof softmax-stability" in text
        assert "numpy float64 cpu, 0.21 ms" in text
        assert "Answer: (0,0,0)" in text
        assert "every claim holds; the second route agrees" in text
        assert "rescheduled" not in text
        assert [kind for kind, _ in logged(app)] == ["practice"]
        await pilot.press("e")
        await settle(pilot)
        screen.query_one("#field-x").value = "1 2 3"
        await pilot.press("enter")
        await settle(pilot)
        assert "1  2  3" in seen(pilot)
        await pilot.press("s")
        await settle(pilot)
        assert "source softmax-stability" in seen(pilot)
        await pilot.press("escape", "f2")
        await settle(pilot)
        assert "证明 softmax-stability" in seen(pilot)
        await pilot.press("pagedown", "f2", "enter")
        await settle(pilot)
        assert "warm-up 2/5" in seen(pilot)
        assert screen.query_one("#page").display

    play(app, story)


def test_an_undo_asks_again_and_escape_closes_the_form_first(context, play, settle, seen, logged) -> None:
    app = QbankApp(context("en"))

    async def story(pilot) -> None:
        screen = pilot.app.screen
        await answer(pilot, settle)
        await pilot.press("u")
        await settle(pilot)
        assert "warm-up 1/5" in seen(pilot)
        await answer(pilot, settle)
        assert [kind for kind, _ in logged(app)] == ["practice", "undo", "practice"]
        await pilot.press("e")
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert screen.bench.form is None
        assert pilot.app.screen is screen
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(pilot.app.screen, HomeScreen)

    play(app, story)


def test_from_the_first_run_to_the_tenth_review(context, play, settle, seen, logged) -> None:
    app = QbankApp(context("en"))

    async def story(pilot) -> None:
        for number in range(1, 6):
            assert f"warm-up {number}/5" in seen(pilot)
            await answer(pilot, settle, right=number % 2 == 0)
            await pilot.press("enter")
            await settle(pilot)
        assert isinstance(pilot.app.screen, SettingsScreen)
        await pilot.press("tab", "tab", "2", "0", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, HomeScreen)
        assert app.context.study.settings.get("daily_minutes") == 20
        reviews, rounds = 0, 0
        while reviews < 10:
            rounds += 1
            assert rounds < 10
            hands_on(app, days=1)
            await pilot.press("v")
            await settle(pilot)
            screen = pilot.app.screen
            assert isinstance(screen, TaskScreen)
            while screen.farewell is None:
                reviews += screen.asked.task.reason != "retry"
                await answer(pilot, settle, right=reviews % 3 != 0)
                await pilot.press("enter")
                await settle(pilot)
            assert "answered" in seen(pilot)
            await pilot.press("enter")
            await settle(pilot)
        told = [kind for kind, data in logged(app) if kind == "review"]
        assert len(told) == reviews >= 10
        overview = app.context.progress.overview()
        assert overview.started
        assert overview.streak >= 2

    play(app, story)


def hands_on(app, days: int) -> None:
    """Let days go by."""
    app.context.now_ms.__self__.at += days * 86_400_000


def test_a_later_warm_up_ends_with_what_it_came_to(context, play, settle, seen) -> None:
    app = QbankApp(context("en"))

    async def story(pilot) -> None:
        await answer(pilot, settle)
        await pilot.press("escape")
        await settle(pilot)
        await pilot.press("w")
        await settle(pilot)
        for _ in range(5):
            await answer(pilot, settle, right=False)
            await pilot.press("enter")
            await settle(pilot)
        assert "5 answered, 0 right." in seen(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, HomeScreen)

    play(app, story)
