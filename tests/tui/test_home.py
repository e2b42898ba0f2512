"""The home screen: painted first, filled after, and the ways on from it."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from qbank.domain import QbankError
from qbank.services.progress import Overview
from qbank.tui.app import QbankApp
from qbank.tui.screens.browse import BrowseScreen
from qbank.tui.screens.help import HelpScreen
from qbank.tui.screens.home import HomeScreen, advice, standing
from qbank.tui.screens.settings import SettingsScreen


def test_first_painted_empty_then_filled(context, play, settle, seen, monkeypatch) -> None:
    app = QbankApp(context("en"), lambda app: None)
    gate = threading.Event()
    real = app.context.progress.overview

    def slow() -> Overview:
        assert gate.wait(30)
        return real()

    monkeypatch.setattr(app.context.progress, "overview", slow)

    async def run() -> None:
        async with app.run_test() as pilot:
            await pilot.pause()
            assert "today    .." in seen(pilot)
            assert "review" in seen(pilot)
            gate.set()
            await settle(pilot)
            assert "nothing due; 9 new" in seen(pilot)

    import asyncio

    asyncio.run(run())
    app.finish()


def test_what_was_asked_for_opens_once_the_numbers_are_there(at_home, play, settle) -> None:
    app = at_home("en", lambda app: app.open_browse())

    async def story(pilot) -> None:
        assert isinstance(pilot.app.screen, BrowseScreen)
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(pilot.app.screen, HomeScreen)

    play(app, story)


def test_the_first_run_warms_up_and_later_ones_do_not(context, play, settle, monkeypatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QbankApp, "open_warmup", lambda self: opened.append("warmup"))

    async def nothing(pilot) -> None:
        await settle(pilot)

    play(QbankApp(context("en")), nothing)
    assert opened == ["warmup"]
    study = context("en").study
    study.answer(study.next().deal, points=[])
    play(QbankApp(context("en")), nothing)
    assert opened == ["warmup"]


@pytest.mark.parametrize("key", ["b", "B", "ｂ", "Ｂ"])
def test_letters_open_screens_in_every_form(key: str, at_home, play, settle) -> None:
    async def story(pilot) -> None:
        await pilot.press(key)
        await settle(pilot)
        assert isinstance(pilot.app.screen, BrowseScreen)

    play(at_home("zh"), story)


def test_arrows_and_enter_and_the_mouse_choose(at_home, play, settle) -> None:
    async def story(pilot) -> None:
        await pilot.press("down", "down", "down", "down", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, SettingsScreen)
        await pilot.press("escape")
        await settle(pilot)
        await pilot.click("#choices", offset=(3, 2))
        await settle(pilot)
        assert isinstance(pilot.app.screen, BrowseScreen)

    play(at_home("en"), story)


def test_the_legend_can_be_clicked(at_home, play, settle, seen) -> None:
    async def story(pilot) -> None:
        line = seen(pilot).split("\n")[-1]
        await pilot.click(offset=(line.index("help"), 23))
        await settle(pilot)
        assert isinstance(pilot.app.screen, HelpScreen)

    play(at_home("en"), story)


def test_q_quits_and_escape_does_not(at_home, play, settle) -> None:
    app = at_home("en")

    async def story(pilot) -> None:
        await pilot.press("escape")
        await settle(pilot)
        assert pilot.app.is_running
        await pilot.press("ｑ")

    play(app, story)
    assert app.return_code == 0
    assert app.fatal is None


def test_a_database_that_cannot_be_opened_is_one_line(context, tmp_path, play) -> None:
    foreign = tmp_path / "foreign.db"
    foreign.write_bytes(b"not a database at all" * 100)
    app = QbankApp(context("en", db=foreign))

    async def story(pilot) -> None:
        await pilot.pause()

    play(app, story)
    assert app.return_code == 2
    assert app.fatal is not None
    assert "foreign.db" in app.fatal
    assert "\n" not in app.fatal


def test_numbers_that_cannot_be_read_again_are_told(at_home, play, settle, seen, until, monkeypatch) -> None:
    app = at_home("en")

    def broken() -> Overview:
        raise QbankError("the database is \x1b[31mgone [b]now[/b]")

    async def story(pilot) -> None:
        monkeypatch.setattr(app.context.progress, "overview", broken)
        await pilot.press("b")
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)
        await until(pilot, lambda: "the database is  [31mgone [b]now[/b]" in seen(pilot))
        assert "9 new" in seen(pilot)
        assert pilot.app.is_running

    play(app, story)


FULL = Overview(True, 12, 8.6, 31, 6, 5.2, 4, 8, 5.4, 20, 23)


@pytest.mark.parametrize(
    ("overview", "lang", "parts"),
    [
        (FULL, "zh", ["12 张到期，约 9 分钟；31 张新卡片", "6 题，5 / 20 分钟", "4 天", "8 张，约 5 分钟"]),
        (FULL, "en", ["12 due, about 9 min; 31 new", "6 answered in 5 of 20 min", "4 days", "8 due, about 5 min"]),
        (Overview(True, streak=1), "en", ["nothing due; 0 new", "1 day"]),
        (None, "zh", ["今天   .."]),
    ],
)
def test_numbers_in_words(overview: Overview | None, lang: str, parts: list[str]) -> None:
    text = standing(overview, lang)
    for part in parts:
        assert part in text, text


@pytest.mark.parametrize(
    ("overview", "start"),
    [
        (None, ""),
        (FULL, "Next: review"),
        (replace(FULL, minutes_today=20.0), "Today's 20 minutes are spent"),
        (Overview(new=3), "Next: learn"),
        (Overview(), "All done"),
    ],
)
def test_what_to_do_next(overview: Overview | None, start: str) -> None:
    assert advice(overview, "en").startswith(start)
    assert bool(advice(overview, "zh")) is bool(start)


@pytest.mark.parametrize(("today", "budget"), [(5.2, 20), (20.0, None)])
def test_a_review_has_todays_minutes_until_they_are_spent(
    today: float, budget: int | None, at_home, play, settle, monkeypatch
) -> None:
    app = at_home("en")
    asked: list[int | None] = []
    monkeypatch.setattr(app, "open_review", asked.append)

    async def story(pilot) -> None:
        pilot.app.screen.fill(replace(FULL, minutes_today=today))
        await pilot.press("v")
        assert asked == [budget]

    play(app, story)


def test_days_to_the_interview_stand_in_the_header(at_home, context, play, seen) -> None:
    context("en").study.settings.set("interview_date", "2030-01-24")

    async def story(pilot) -> None:
        assert "23 days to the interview" in seen(pilot).split("\n")[0]

    play(at_home("en"), story)
