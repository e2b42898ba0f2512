"""The page of a question."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import OptionList

from qbank.tui.screens.question import QuestionScreen
from qbank.tui.widgets.prose import Prose


@pytest.fixture
def solved(monkeypatch) -> list:
    """What was asked of the solver screen."""
    from qbank.tui.app import QbankApp

    asked: list = []
    monkeypatch.setattr(QbankApp, "open_solver", lambda self, slug, given=None: asked.append((slug, dict(given))))
    return asked


def opened(id: str = "kl-divergence"):
    return lambda app: app.open_question(id)


def text_of(pilot) -> str:
    return "\n".join(prose.render().plain for prose in pilot.app.screen.query(Prose) if prose.display)


def test_everything_of_the_question_is_there_with_maths_drawn(at_home, play) -> None:
    async def story(pilot) -> None:
        text = text_of(pilot)
        for part in ("What is the KL divergence?", "P(x)", "• * ", "which-direction", "000-E049", "eq. 3.50", "16.2.1"):
            assert part in text
        assert "$" not in text
        assert "**" not in text
        fraction = text.split("\n")
        top = next(n for n, line in enumerate(fraction) if "P(x)" in line)
        assert "Q(x)" in fraction[top + 2]

    play(at_home("en", opened()), story, (100, 30))


def test_digits_the_arrow_enter_and_a_click_run_demonstrations(at_home, play, settle, solved) -> None:
    first = ("kl-divergence", {"p": [0.5, 0.5], "q": [0.9, 0.1]})

    async def story(pilot) -> None:
        await pilot.press("right", "１", "2", "9")
        assert solved == [first, first, ("kl-divergence", {"p": [0.9, 0.1], "q": [0.5, 0.5]})]
        demos = pilot.app.screen.query_one("#demos", OptionList)
        demos.focus()
        await pilot.press("down", "enter")
        await settle(pilot)
        assert len(solved) == 4
        demos.scroll_visible(animate=False)
        await settle(pilot)
        await pilot.click("#demos", offset=(2, 3))
        assert solved[-1][0] == "kl-direction-fit"

    play(at_home("en", opened()), story)


def test_the_language_changes_in_place(at_home, play, settle, seen) -> None:
    async def story(pilot) -> None:
        await pilot.press("pagedown")
        before = pilot.app.screen.query_one("#page").scroll_y
        await pilot.press("f2")
        await settle(pilot)
        assert "相对熵" in seen(pilot).split("\n")[0]
        assert "多付在哪里" in text_of(pilot)
        assert before > 0
        assert pilot.app.screen.query_one("#page").scroll_y > 0

    play(at_home("en", opened()), story)


def test_errata_are_one_key_away(at_home, play, settle, seen) -> None:
    async def story(pilot) -> None:
        assert "000-E049" not in seen(pilot)
        await pilot.press("x")
        await settle(pilot)
        assert "000-E049" in seen(pilot)

    play(at_home("en", opened()), story)


def test_sections_show_where_they_hold_something(at_home, play, settle) -> None:
    async def story(pilot) -> None:
        screen = pilot.app.screen
        for text in ("Errata", "Points (* essential)", "Items", "Sources"):
            assert text in text_of(pilot)
        assert screen.query_one("#follow-head").display is False
        screen.fill(replace(screen.question, errata=(), points=(), demos=(), follow_up=("zero-padding",)))
        await settle(pilot)
        assert "Errata" not in text_of(pilot)
        assert "Points" not in text_of(pilot)
        assert screen.query_one("#demos-head").display is False
        assert screen.query_one("#follow-head").display is True
        screen.query_one("#follow", OptionList).focus()
        await pilot.press("down", "enter")
        await settle(pilot)
        assert pilot.app.screen.question_id == "zero-padding"

    play(at_home("en", opened()), story)


def test_a_selection_with_the_mouse_copies_the_text(at_home, play, settle, seen) -> None:
    async def story(pilot) -> None:
        before = seen(pilot)
        await pilot.mouse_down("#answer", offset=(0, 0))
        await pilot.hover("#answer", offset=(30, 0))
        await pilot.mouse_up("#answer", offset=(30, 0))
        await settle(pilot)
        assert seen(pilot) == before
        assert (pilot.app.screen.get_selected_text() or "").startswith("In one sentence: D(P‖Q)")

    play(at_home("en", opened()), story)


def test_an_unknown_question_is_one_line_and_no_screen(at_home, play, settle, until, seen) -> None:
    async def story(pilot) -> None:
        assert not isinstance(pilot.app.screen, QuestionScreen)
        await until(pilot, lambda: "(did you mean" in seen(pilot))

    play(at_home("en", opened("kl-divergense")), story)


def test_practice_asks_the_cards_of_this_question(at_home, play, settle, monkeypatch) -> None:
    app = at_home("en", opened("zero-padding"))
    asked: list = []
    monkeypatch.setattr(app, "open_quiz", lambda cards, total: asked.append(sorted(cards)))

    async def story(pilot) -> None:
        await pilot.press("ｐ")
        await settle(pilot)
        assert asked == [["zero-padding#compute", "zero-padding#know", "zero-padding#recall"]]

    play(app, story)


def test_text_wraps_to_any_width(at_home, play, settle) -> None:
    from qbank.tui.text import columns_of

    async def story(pilot) -> None:
        for columns in (120, 60, 80):
            await pilot.resize_terminal(columns, 24)
            await settle(pilot)
            assert columns_of(text_of(pilot)) <= columns - 4

    play(at_home("zh", opened()), story)
