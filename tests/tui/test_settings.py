"""The form of settings."""

from __future__ import annotations

from textual.widgets import Input

from qbank.tui import themes
from qbank.tui.screens.home import HomeScreen
from qbank.tui.screens.settings import SettingsScreen


def test_one_form_saves_everything(at_home, context, play, settle) -> None:
    app = at_home("en")

    async def story(pilot) -> None:
        await pilot.press("g")
        await settle(pilot)
        await pilot.press("left", "tab", "space", "tab", *"25", "tab", *"2030-03-15", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, HomeScreen)
        assert pilot.app.lang == "zh"
        assert pilot.app.theme == themes.LIGHT

    play(app, story)
    again = context(None)
    assert again.lang == "zh"
    assert again.config.theme == "light"
    assert again.study.settings.get("daily_minutes") == 25
    assert again.study.settings.get("interview_date") == "2030-03-15"
    assert again.progress.overview().days_left == 73


def test_what_is_set_is_shown_and_can_be_unset(at_home, context, play, settle) -> None:
    context("en").study.settings.set("daily_minutes", 30)

    async def story(pilot) -> None:
        await pilot.press("g")
        await settle(pilot)
        field = pilot.app.screen.query_one("#daily_minutes", Input)
        assert field.value == "30"
        field.focus()
        await pilot.press("backspace", "backspace", "enter")
        await settle(pilot)
        assert pilot.app.context.study.settings.get("daily_minutes") is None

    play(at_home("en"), story)


def test_a_wrong_value_is_told_at_its_field_and_nothing_is_saved(at_home, play, settle, seen) -> None:
    async def story(pilot) -> None:
        await pilot.press("g")
        await settle(pilot)
        await pilot.press("tab", "tab", *"25", "tab", *"soon", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, SettingsScreen)
        assert pilot.app.screen.focused.id == "interview_date"
        assert "must be a date such as 2027-03-15" in seen(pilot)
        assert pilot.app.context.study.settings.get("daily_minutes") is None
        await pilot.press("f2")
        await settle(pilot)
        assert "应为日期" in seen(pilot)
        assert pilot.app.screen.query_one("#interview_date", Input).value == "soon"

    play(at_home("en"), story)


def test_escape_takes_back_what_the_form_changed(at_home, play, settle) -> None:
    async def story(pilot) -> None:
        await pilot.press("g")
        await settle(pilot)
        await pilot.press("right", "tab", "right")
        await settle(pilot)
        assert (pilot.app.lang, pilot.app.theme) == ("zh", themes.LIGHT)
        await pilot.press("escape")
        await settle(pilot)
        assert (pilot.app.lang, pilot.app.theme) == ("en", themes.DARK)
        await pilot.press("g")
        await settle(pilot)
        await pilot.press("f2", "escape")
        await settle(pilot)
        assert pilot.app.lang == "zh"

    play(at_home("en"), story)


def test_right_after_the_warm_up_it_says_so(at_home, play, settle, seen) -> None:
    async def story(pilot) -> None:
        assert "One last thing" in seen(pilot)

    play(at_home("en", lambda app: app.open_settings(first=True)), story)


def test_a_click_turns_a_field(at_home, play, settle) -> None:
    async def story(pilot) -> None:
        await pilot.press("g")
        await settle(pilot)
        await pilot.click("#theme")
        await settle(pilot)
        assert pilot.app.theme == themes.LIGHT

    play(at_home("en"), story)
