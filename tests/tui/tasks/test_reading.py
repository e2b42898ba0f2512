"""The line below a field while an answer is typed: how it is read, or a caret and what is wrong there."""

from __future__ import annotations

import sys

import pytest

from qbank.tui.widgets.typed import laid_out

NUMBER = "kl-divergence#compute by-hand"
SHAPE = "zero-padding#compute tensor-shape"


def line(screen) -> str:
    return str(screen.query_one("#reading").render()).rstrip()


def test_the_value_stands_below_an_expression_in_both_languages(asking, play, settle, seen) -> None:
    async def story(pilot) -> None:
        screen = pilot.app.screen
        assert line(screen) == ""
        screen.query_one("#field").value = "0.5*ln(4)"
        await settle(pilot)
        assert "I read this as 0.5 * ln(4) = 0.69314718056" in seen(pilot)
        await pilot.press("f2")
        await settle(pilot)
        assert "我读作 0.5 * ln(4) = 0.69314718056" in seen(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert not screen.query_one("#reading").display  # the verdict says it

    play(asking(NUMBER), story)


def test_a_plain_number_needs_no_echo_and_words_no_complaint(asking, play, settle) -> None:
    async def story(pilot) -> None:
        screen, field = pilot.app.screen, pilot.app.screen.query_one("#field")
        for typed, told in (("0.5", ""), ("０．５", "I read this as 0.5"), ("in", ""), ("", "")):
            field.value = typed
            await settle(pilot)
            assert line(screen) == told

    play(asking(NUMBER), story)


def test_the_caret_stands_below_the_character_at_fault(asking, play, settle, seen) -> None:
    """Below the third character, full-width ones taking two columns."""

    async def story(pilot) -> None:
        screen = pilot.app.screen
        await pilot.press(*"１２(")
        await settle(pilot)
        rows = seen(pilot).split("\n")
        above = next(n for n, row in enumerate(rows) if "１２(" in row)
        column = rows[above].index("１２(") + 4  # cells: two wide characters
        assert rows[above + 1][column:].startswith("^ at character 3: ")
        assert not rows[above + 1][:column].strip()
        assert not screen.query_one("#reading").has_class("-fault")
        await pilot.press("enter")
        await settle(pilot)
        assert screen.query_one("#reading").has_class("-fault")
        assert screen.query_one("#field").cursor_position == 2
        await pilot.press("delete")
        await settle(pilot)
        assert line(screen) == "I read this as 12"
        assert not screen.query_one("#reading").has_class("-fault")

    play(asking(NUMBER), story)


def test_vectors_shapes_and_formulas_are_read_too(asking, asked, play, settle) -> None:
    found = {}

    def typing(*texts: str):
        async def story(pilot) -> None:
            for text in texts:
                pilot.app.screen.query_one("#field").value = text
                await settle(pilot)
                found[text] = line(pilot.app.screen)

        return story

    play(asked("whole"), typing("1/2、2", "1 ln(1/0)"))
    assert found["1/2、2"] == "I read this as [0.5, 2]"
    assert found["1 ln(1/0)"] == "       ^ entry 1 (from 0): division by zero"
    play(asking(SHAPE, lang="zh"), typing("１，６４", "1,-64"))
    assert found["１，６４"] == "我读作 [1, 64]"
    assert found["1,-64"] == "  ^ 大小是非负整数，用逗号分隔"


def test_a_formula_is_read_with_every_key_without_computer_algebra(asked, play, settle, monkeypatch) -> None:
    for name in ("sympy", "mpmath"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it would raise

    async def story(pilot) -> None:
        await pilot.press(*"f²/2")
        await settle(pilot)
        assert line(pilot.app.screen) == "I read this as f^2/2"

    play(asked("slope"), story)


def test_a_field_that_is_scrolled_shows_no_caret(asked, play, settle) -> None:
    async def story(pilot) -> None:
        pilot.app.screen.query_one("#field").value = "f+" * 33 + "?"
        await settle(pilot)
        assert line(pilot.app.screen) == "at character 67: '?' has no meaning here"

    play(asked("slope"), story)


@pytest.mark.parametrize(
    ("text", "under", "lines"),
    [
        ("", None, [""]),
        ("is 5", None, ["is 5"]),
        ("wrong", 3, ["   ^ wrong"]),
        ("", 3, ["   ^"]),
        ("quite wrong", 13, [" quite wrong ^"]),
        ("this is quite wrong", 8, ["        ^", "this is quite wrong"]),
        ("wrong", 20, ["wrong"]),
    ],
)
def test_where_the_caret_and_its_text_stand(text: str, under: int | None, lines: list[str]) -> None:
    assert laid_out(text, under, 20) == lines


def test_a_long_reading_is_cut_in_the_middle() -> None:
    for text in ("1 + " * 200 + "= 5", "一" * 300):
        lines = laid_out(text, None, 40)
        assert len(lines) <= 3
        assert lines[0].startswith(text[:3])
        assert "…" in "".join(lines)
        assert lines[-1].endswith(text[-3:])
