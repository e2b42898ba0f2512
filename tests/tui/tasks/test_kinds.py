"""Items of the other kinds: several choices, an order, pairs, gaps, vectors and matrices, formulas."""

from __future__ import annotations

from qbank.tui.widgets.choices import ChoicesItem
from qbank.tui.widgets.cloze import ClozeItem
from qbank.tui.widgets.match import MatchItem
from qbank.tui.widgets.order import OrderItem


def place(screen, id: str) -> str:
    return str([option.id for option in screen.asked.task.dealt.options].index(id) + 1)


def test_several_choices_are_ticked_and_answered_with_enter(asked, play, settle, seen, logged) -> None:
    app = asked("several", "several")

    async def story(pilot) -> None:
        screen = pilot.app.screen
        assert isinstance(screen.item, ChoicesItem)
        await pilot.press("enter", "space")  # nothing is ticked: no answer, but the hint
        await settle(pilot)
        assert "They divide by two." in seen(pilot)
        await pilot.press(place(screen, "deux"), place(screen, "trois"), place(screen, "cinq"), "space")
        await pilot.click(screen.item.rows.row(int(place(screen, "quatre"))), offset=(9, 0))
        await settle(pilot)
        ticked = {screen.asked.task.dealt.options[n - 1].id for n in screen.item.ticked}
        assert ticked == {"deux", "trois", "quatre"}
        await pilot.press("f2")
        await settle(pilot)
        assert f"[x] {place(screen, 'deux')}  二 2" in seen(pilot)
        await pilot.press("f2", "enter")
        await settle(pilot)
        text = seen(pilot)
        assert "does not belong" in text
        assert "Answer:" in text
        assert "• quatre 4" in text
        assert logged(app)[0][1]["mistake"] == "my-kinds:odd"
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("0")
        await settle(pilot)
        assert screen.answered.verdict.understood == "0"

    play(app, story)


def test_an_order_is_given_by_digits_in_turn(asked, play, settle, seen) -> None:
    async def story(pilot) -> None:
        screen = pilot.app.screen
        assert isinstance(screen.item, OrderItem)
        one, two, three = (place(screen, id) for id in ("un", "deux", "trois"))
        await pilot.press(two, "enter")
        await settle(pilot)
        assert screen.answered is None  # two are left
        await pilot.press(two, one, "f2")
        await settle(pilot)
        assert f"[1] {one}  一" in seen(pilot)
        await pilot.press("f2", two, "enter")  # the last one's place is clear
        await settle(pilot)
        assert screen.answered.verdict.correct
        assert f"[3] {three}  trois" in seen(pilot)
        await pilot.press("enter")
        await settle(pilot)
        one, two, three = (place(screen, id) for id in ("un", "deux", "trois"))
        await pilot.press(three, two, one, "enter")
        await settle(pilot)
        assert "1. un" in seen(pilot)
        assert "'deux' comes before 'trois'" in seen(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("0")
        await settle(pilot)
        assert screen.answered.verdict.understood == "0"

    play(asked("sorted", "sorted", "sorted"), story)


def test_pairs_are_given_one_after_the_other(asked, play, settle, seen) -> None:
    async def story(pilot) -> None:
        screen = pilot.app.screen
        assert isinstance(screen.item, MatchItem)
        dealt = screen.asked.task.dealt
        right = [place(screen, dealt.key[left.id]) for left in dealt.left]
        await pilot.press(right[0], "enter")
        await settle(pilot)
        assert screen.answered is None  # one is still open
        await pilot.press("0", "f2")
        await settle(pilot)
        assert "[0] B" in seen(pilot)
        assert "子" in seen(pilot)
        await pilot.press("f2", "down", right[1], "enter")
        await settle(pilot)
        assert screen.answered.verdict.correct
        await pilot.press("enter")
        await settle(pilot)
        dealt = screen.asked.task.dealt
        wrong = place(screen, dealt.key[dealt.left[1].id])
        await pilot.press("up", wrong, wrong, "up", wrong)
        await pilot.click(screen.item.left.rows[1], offset=(9, 0))
        await pilot.click(screen.item.right.row(int(wrong)), offset=(9, 0))
        await pilot.press("enter")
        await settle(pilot)
        assert "Answer:" in seen(pilot)
        assert "• alpha — xi" in seen(pilot)
        assert screen.answered.verdict.credit == 0

    play(asked("pairs", "pairs"), story)


def test_gaps_are_filled_in_one_by_one(asked, play, settle, seen) -> None:
    async def story(pilot) -> None:
        screen = pilot.app.screen
        assert isinstance(screen.item, ClozeItem)
        assert "[ A ] and [ B ] make three." in seen(pilot)
        await pilot.press("enter", *"one", "enter")
        await settle(pilot)
        assert screen.answered is None
        assert screen.focused is screen.item.fields[1]
        await pilot.press(*"two u", "f2")
        await settle(pilot)
        assert screen.item.fields[1].value == "two u"
        await pilot.press("backspace", "backspace", "enter")
        await settle(pilot)
        assert screen.answered.verdict.correct
        await pilot.press("f2", "enter")
        await settle(pilot)
        await pilot.press(*"four", "enter", *"two;", "enter")
        await settle(pilot)
        assert "'four' is not it" in seen(pilot)
        assert "• A = one" in seen(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("0", "enter")
        await settle(pilot)
        assert screen.answered.verdict.understood == "0"

    play(asked("gaps", "gaps", "gaps"), story)


def test_a_vector_is_typed_with_blanks(asked, play, settle, seen) -> None:
    async def story(pilot) -> None:
        screen = pilot.app.screen
        assert "a vector such as 0.5, 1/3, -2" in seen(pilot)
        await pilot.press(*" ".join(f"{v:.6f}" for v in screen.asked.task.dealt.key), "enter")
        await settle(pilot)
        assert screen.answered.verdict.correct

    play(asked("whole"), story)


def test_a_formula_is_told_how_it_was_read_or_where_it_cannot_be(asked, play, settle, seen) -> None:
    async def story(pilot) -> None:
        screen = pilot.app.screen
        assert "f ∈ [0, 1]" in seen(pilot)
        await pilot.press(*"f*(1-f", "enter")
        await settle(pilot)
        assert screen.answered is None
        assert "  ^ at character 3: this bracket is not closed" in seen(pilot)
        await pilot.press("end", "right_parenthesis")
        await settle(pilot)
        assert "I read this as f * (1 - f)" in seen(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert "I read this as f * (1 - f)" in " ".join(seen(pilot).split())
        assert screen.answered.verdict.correct

    play(asked("slope"), story)


def test_what_was_not_stored_can_be_given_again(asked, play, settle, monkeypatch) -> None:
    """Every kind takes the same answer once more after the store failed."""
    from qbank.domain import QbankError
    from qbank.services.study import Study

    answer, broken = Study.answer, [True]

    def failing(self, *args, **named):
        if broken[0]:
            raise QbankError("the disk is full")
        return answer(self, *args, **named)

    monkeypatch.setattr(Study, "answer", failing)
    keys = {
        "several": ("1", "enter"),
        "sorted": ("1", "2", "3", "enter"),
        "pairs": ("1", "2", "enter"),
        "gaps": ("x", "enter", "y", "enter"),
        "whole": ("1", "enter"),
        "slope": ("f", "enter"),
    }

    async def story(pilot) -> None:
        screen = pilot.app.screen
        for kind in keys.values():
            broken[0] = True
            await pilot.press(*kind)
            await settle(pilot)
            assert screen.answered is None
            assert not screen.item.told
            broken[0] = False
            if "gap" in str(screen.focused):
                screen.item.fields[-1].focus()
            await pilot.press("enter")
            await settle(pilot)
            assert screen.answered is not None
            await pilot.press("enter")
            await settle(pilot)
            if screen.asked is not None and screen.asked.task.reason == "retry":
                await pilot.press("k")
                await settle(pilot)

    play(asked(*keys), story)
