"""The table of questions: filters, live search, what a row opens."""

from __future__ import annotations

import threading

from textual.widgets import DataTable, Input, Select

from qbank.tui.screens.browse import BrowseScreen
from qbank.tui.screens.home import HomeScreen
from qbank.tui.screens.question import QuestionScreen


def titles(pilot) -> list[str]:
    table = pilot.app.screen.query_one(DataTable)
    return [str(table.get_row_at(n)[1]) for n in range(table.row_count)]


def test_the_search_follows_the_typing_in_both_languages(at_home, play, settle) -> None:
    async def story(pilot) -> None:
        await pilot.press("b")
        await settle(pilot)
        assert len(titles(pilot)) == 3
        await pilot.press("slash", *"diverg")
        await settle(pilot)
        assert titles(pilot) == ["Relative entropy (KL divergence)"]
        pilot.app.screen.query_one(Input).value = '散度 OR "'
        await settle(pilot)
        assert titles(pilot) == []
        pilot.app.screen.query_one(Input).value = "散"
        await settle(pilot)
        assert titles(pilot) == ["Relative entropy (KL divergence)"]

    play(at_home("en"), story)


def test_enter_goes_to_the_table_only_once_it_shows_what_was_typed(at_home, play, settle, until, monkeypatch) -> None:
    app = at_home("en")
    gate = threading.Event()

    async def story(pilot) -> None:
        await pilot.press("b")
        await settle(pilot)
        real = app.context.bank.summaries

        def slow(*filters):
            assert gate.wait(30)
            return real(*filters)

        monkeypatch.setattr(app.context.bank, "summaries", slow)
        await pilot.press("slash", "K", "L", "enter")
        await pilot.pause()
        assert pilot.app.screen.focused.id == "search"
        gate.set()
        await settle(pilot)
        assert pilot.app.screen.focused.id == "questions"

    play(app, story)


def test_letters_typed_into_the_search_are_no_commands(at_home, play, settle) -> None:
    async def story(pilot) -> None:
        await pilot.press("b", "slash", "r", "q", "?", "f")
        await settle(pilot)
        assert pilot.app.screen.query_one(Input).value == "rq?f"
        assert isinstance(pilot.app.screen, BrowseScreen)

    play(at_home("en"), story)


def test_filters_by_star_topic_and_source_and_all_again(at_home, play, settle) -> None:
    async def story(pilot) -> None:
        await pilot.press("b")
        await settle(pilot)
        await pilot.press("f", "down", "enter")
        await settle(pilot)
        assert pilot.app.screen.chosen("stars") == 2
        assert len(titles(pilot)) == 2
        pilot.app.screen.query_one("#topic", Select).value = "convolution"
        await settle(pilot)
        assert [title[:12] for title in titles(pilot)] == ["Zero padding"]
        pilot.app.screen.query_one("#source", Select).value = "000"
        await settle(pilot)
        assert len(titles(pilot)) == 1
        pilot.app.screen.query_one(DataTable).focus()
        await pilot.press("ｒ")
        await settle(pilot)
        assert len(titles(pilot)) == 3
        assert [pilot.app.screen.chosen(name) for name in ("stars", "topic", "source")] == [None] * 3

    play(at_home("en"), story)


def test_the_language_changes_and_filters_search_and_cursor_stay(at_home, play, settle, seen) -> None:
    async def story(pilot) -> None:
        await pilot.press("b")
        await settle(pilot)
        pilot.app.screen.query_one("#stars", Select).value = 2
        await settle(pilot)
        await pilot.press("down", "f2")
        await settle(pilot)
        assert pilot.app.screen.chosen("stars") == 2
        assert titles(pilot) == ["相对熵（KL 散度）", "零填充：有效、相同与全卷积"]
        assert pilot.app.screen.query_one(DataTable).cursor_row == 1
        assert "2 / 3 题" in seen(pilot).split("\n")[0]
        await pilot.press("slash", "K", "L", "f2")
        await settle(pilot)
        assert pilot.app.screen.query_one(Input).value == "KL"
        assert titles(pilot) == ["Relative entropy (KL divergence)"]

    play(at_home("en"), story)


def test_nothing_found_says_so(at_home, play, settle, seen) -> None:
    async def story(pilot) -> None:
        await pilot.press("b", "slash", *"zzz")
        await settle(pilot)
        assert "没有符合的题" in seen(pilot)

    play(at_home("zh"), story)


def test_enter_opens_the_question_and_escape_leads_back_step_by_step(at_home, play, settle) -> None:
    async def story(pilot) -> None:
        await pilot.press("b")
        await settle(pilot)
        await pilot.press("slash", *"zero", "enter")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, QuestionScreen)
        assert pilot.app.screen.question_id == "zero-padding"
        await pilot.press("escape")
        await settle(pilot)
        await pilot.press("slash", "escape")
        assert isinstance(pilot.app.screen, BrowseScreen)
        assert pilot.app.screen.focused.id == "questions"
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(pilot.app.screen, HomeScreen)

    play(at_home("en"), story)


def test_practice_asks_cards_of_the_rows_shown(at_home, play, settle, monkeypatch) -> None:
    app = at_home("en")
    asked: list[tuple[list[str], int]] = []
    monkeypatch.setattr(app, "open_quiz", lambda cards, total: asked.append((list(cards), total)))

    async def story(pilot) -> None:
        await pilot.press("b", "slash", *"nats", "enter")
        await settle(pilot)
        await pilot.press("p")
        await settle(pilot)
        assert {card.partition("#")[0] for card in asked[0][0]} == {"kl-divergence"}
        assert asked[0][1] == len(asked[0][0]) == 3

    play(app, story)


def test_a_row_fits_whatever_the_width(at_home, play, settle, seen) -> None:
    async def story(pilot) -> None:
        await pilot.press("b")
        await settle(pilot)
        for width in (80, 120, 60, 40):
            await pilot.resize_terminal(width, 24)
            await settle(pilot)
            assert pilot.app.screen.query_one(DataTable).virtual_size.width <= width

    play(at_home("zh"), story)
