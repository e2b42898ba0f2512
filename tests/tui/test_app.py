"""Language, theme, background work, help, the palette, keys in every form."""

from __future__ import annotations

import threading
import tomllib

import pytest
from textual.command import CommandPalette
from textual.keys import _character_to_key

from qbank.domain import QbankError
from qbank.tui import themes
from qbank.tui.keys import GRAMMAR, bind, digits, forms, keys_of
from qbank.tui.screens.browse import BrowseScreen
from qbank.tui.screens.help import ORDER, HelpScreen
from qbank.tui.screens.home import HomeScreen
from qbank.tui.screens.question import QuestionScreen
from qbank.tui.text import clean, plain, prose, runs


def test_the_language_changes_on_every_screen_of_the_stack(at_home, play, settle, seen) -> None:
    async def story(pilot) -> None:
        await pilot.press("b")
        await settle(pilot)
        await pilot.press("f2", "?")
        await settle(pilot)
        assert "帮助" in seen(pilot)
        await pilot.press("escape", "escape")
        await settle(pilot)
        assert isinstance(pilot.app.screen, HomeScreen)
        assert "浏览题库" in seen(pilot)

    play(at_home("en"), story)


def test_the_theme_is_kept_in_the_config_file(at_home, play, settle, home) -> None:
    async def story(pilot) -> None:
        assert pilot.app.theme == themes.DARK
        await pilot.press("f3")
        await settle(pilot)
        assert pilot.app.theme == themes.LIGHT

    play(at_home("en"), story)
    assert tomllib.loads((home / ".config/qbank/config.toml").read_text()) == {"theme": "light"}
    app = at_home("en")
    assert app.theme == themes.LIGHT
    app.finish()


def test_themes_are_never_the_terminals_own_colors(at_home) -> None:
    app = at_home("en")
    for name in themes.NAMES.values():
        theme = app.get_theme(name)
        assert theme is not None
        assert not theme.ansi
    app.finish()


@pytest.mark.parametrize("key", ["?", "？", "f1"])
def test_help_opens_and_closes_with_one_key(key: str, at_home, play, settle, seen) -> None:
    async def story(pilot) -> None:
        await pilot.press(_character_to_key(key) if len(key) == 1 else key)
        await settle(pilot)
        assert isinstance(pilot.app.screen, HelpScreen)
        assert GRAMMAR["undo"].says.zh in seen(pilot)
        await pilot.press(_character_to_key(key) if len(key) == 1 else key)
        await settle(pilot)
        assert isinstance(pilot.app.screen, HomeScreen)

    play(at_home("zh"), story)


def test_help_lists_the_whole_grammar() -> None:
    assert set(ORDER) | {"left"} == set(GRAMMAR)


def test_characters_have_their_full_width_and_other_case_forms() -> None:
    assert forms("u") == ["u", "ｕ", "U", "Ｕ"]
    assert forms("1") == ["1", "１"]
    assert forms("space") == ["space", "ideographic_space"]
    assert forms("enter") == ["enter"]
    for name in ("help", "challenge", "search"):
        bound = bind(name).key.split(",")
        assert _character_to_key(chr(ord(GRAMMAR[name].keys[0]) + 0xFEE0)) in {
            _character_to_key(k) for k in bound if len(k) == 1
        }
    assert [binding.action for binding in digits("pick", 0, 2)] == ["pick(0)", "pick(1)", "pick(2)"]


def test_no_two_entries_of_the_grammar_share_a_key() -> None:
    at: dict[str, str] = {}
    for name in GRAMMAR:
        for key in keys_of(name):
            assert key not in at, (name, at[key])
            at[key] = name


@pytest.mark.parametrize(
    ("typed", "screen"), [("kl-div", QuestionScreen), ("相对熵", QuestionScreen), ("browse", BrowseScreen)]
)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_palette_finds_commands_and_questions(typed, screen, lang, at_home, play, settle, until) -> None:
    async def story(pilot) -> None:
        await pilot.press("ctrl+p")
        await settle(pilot)
        assert isinstance(pilot.app.screen, CommandPalette)
        from textual.command import CommandInput, CommandList

        pilot.app.screen.query_one(CommandInput).value = typed
        await until(pilot, lambda: pilot.app.screen.query_one(CommandList).option_count == 1)
        await settle(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, screen))
        await settle(pilot)

    play(at_home(lang), story)


def test_jobs_run_one_after_the_other_off_the_screens_thread(at_home, play, settle, until) -> None:
    app = at_home("en")
    gate = threading.Event()
    begun: list[str] = []
    done: list[tuple[str, int, int]] = []

    def job(name: str) -> tuple[str, int]:
        begun.append(name)
        assert gate.wait(30)
        return name, threading.get_ident()

    async def story(pilot) -> None:
        me = threading.get_ident()
        for name in "abc":
            app.work(lambda name=name: job(name), lambda got: done.append((*got, threading.get_ident())))
        await until(pilot, lambda: begun)
        await pilot.pause()
        assert begun == ["a"]
        gate.set()
        await settle(pilot)
        assert [name for name, _, _ in done] == ["a", "b", "c"]
        assert all(there != me and here == me for _, there, here in done)

    play(app, story)


def test_errors_of_jobs_are_one_clean_line(at_home, play, settle, until, seen) -> None:
    app = at_home("en")
    told: list[str] = []

    def fails() -> None:
        raise QbankError("no\x07 [red]good")

    def full() -> None:
        raise OSError(28, "No space left on device", "/some/file")

    async def story(pilot) -> None:
        app.work(fails, failed=told.append)
        app.work(full, failed=told.append)
        await settle(pilot)
        assert told == ["no  [red]good", "/some/file: No space left on device"]
        app.work(fails)
        await settle(pilot)
        await until(pilot, lambda: "no  [red]good" in seen(pilot))

    play(app, story)


def test_what_belongs_to_a_screen_that_is_gone_is_not_called(at_home, play, settle) -> None:
    app = at_home("en")
    gate, called = threading.Event(), []

    async def story(pilot) -> None:
        await pilot.press("?")
        await settle(pilot)
        app.work(lambda: gate.wait(30), called.append, owner=app.screen)
        await pilot.press("escape")
        gate.set()
        await settle(pilot)
        assert called == []

    play(app, story)


def test_text_from_anywhere_is_never_markup_and_never_steers_the_terminal() -> None:
    nasty = "P[X=1] [red]x[/red] \x1b[2J\x9b\x07 a\u202eb"
    assert plain(nasty).plain == clean(nasty) == "P[X=1] [red]x[/red]  [2J   a b"
    assert prose(nasty, 60).plain.startswith("P[X=1] [red]x[/red]")
    assert "\x1b" not in prose(nasty, 60).plain
    assert not plain(nasty).spans


def test_markdown_is_styled_where_it_is_marked() -> None:
    content = prose("# 题\n\n**粗**与`code`和 *斜* $x^2$", 40)
    styled = {content.plain[span.start : span.end]: str(span.style) for span in content.spans}
    assert content.plain == "题\n\n粗与code和 斜 x²"
    assert set(styled) == {"题", "粗", "code", "斜"}
    assert styled["粗"] == "bold"


@pytest.mark.parametrize("columns", [12, 30, 80])
def test_runs_are_the_same_text_with_the_same_styles(columns: int) -> None:
    text = "# Head\n\n**bold `code` bold** plain *slanted*, **粗体跨行的一句话也在里面**\n\n- $x^2$\n\n$$\\frac{a}{b}$$"
    content, lines = prose(text, columns), runs(text, columns)
    assert "\n".join("".join(part for part, _ in line) for line in lines) == content.plain
    at, styled = 0, {}
    for line in lines:
        for part, names in line:
            for place in range(at, at + len(part)):
                styled[place] = set(names)
            at += len(part)
        at += 1
    for span in content.spans:
        for place in range(span.start, span.end):
            assert content.plain[place] == "\n" or str(span.style) in styled[place]
    assert sum(map(len, styled.values())) == sum(
        len(content.plain[span.start : span.end].replace("\n", "")) for span in content.spans
    )


def test_ctrl_c_says_how_to_quit(at_home, play, settle, until, seen) -> None:
    async def story(pilot) -> None:
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "按 Ctrl+Q 退出" in seen(pilot))

    play(at_home("zh"), story)


def test_a_broken_config_file_is_told_before_anything_opens(context, home) -> None:
    from qbank.tui.app import QbankApp

    folder = home / ".config/qbank"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("theme = 'pink'")
    with pytest.raises(QbankError, match="theme must be one of dark, light"):
        QbankApp(context("en"))
