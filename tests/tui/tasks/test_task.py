"""Answering by keyboard: every kind of item, and its verdict."""

from __future__ import annotations

CHOICE = "kl-divergence#know which-direction"
OTHER = "kl-divergence#know not-a-metric"
NUMBER = "kl-divergence#compute by-hand"
SHAPE = "zero-padding#compute tensor-shape"


def test_a_digit_answers_a_wrong_choice_is_named(asking, play, settle, seen, logged, place_of) -> None:
    app = asking(CHOICE, OTHER)

    async def story(pilot) -> None:
        screen = pilot.app.screen
        assert "quiz 1/2" in seen(pilot)
        assert "Maximum-likelihood training" in seen(pilot)
        await pilot.press(place_of(screen, "backward"))
        await settle(pilot)
        text = seen(pilot)
        assert "D(Q‖P): that is D(Q||P), the other direction" in text
        assert "Answer: D(P‖Q)" in text
        assert f"✓ {place_of(screen, 'forward')}  D(P‖Q)" in text
        assert f"✗ {place_of(screen, 'backward')}  D(Q‖P)" in text
        assert "[1 again 1 min]" in text
        [(kind, data)] = logged(app)
        assert (kind, data["rating"], data["mistake"]) == ("review", "again", "kl-divergence:reversed")
        await pilot.press("enter")
        await settle(pilot)
        assert "quiz 2/2" in seen(pilot)
        assert "✗" not in seen(pilot)

    play(app, story)


def test_a_right_answer_costs_one_key(asking, play, settle, seen, logged, place_of) -> None:
    app = asking(CHOICE, OTHER)

    async def story(pilot) -> None:
        await pilot.press(place_of(pilot.app.screen, "forward"))
        await settle(pilot)
        assert "[3 good 10 min]" in seen(pilot)
        assert "Answer:" not in seen(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert "quiz 2/2" in seen(pilot)
        assert [data["rating"] for _, data in logged(app)] == ["good"]

    play(app, story)


def test_arrows_and_enter_a_click_and_zero_answer_too(asking, play, settle, logged) -> None:
    app = asking(CHOICE, OTHER, CHOICE)

    async def story(pilot) -> None:
        await pilot.press("enter", "9")
        await settle(pilot)
        assert logged(app) == []  # nothing was chosen
        await pilot.press("down", "down", "up", "down", "enter")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        third = pilot.app.screen.item.rows.rows[2]
        await pilot.click(third, offset=(8, 0))
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("0")
        await settle(pilot)
        assert [data["answer"] for _, data in logged(app)] == ["2", "3", "0"]
        assert logged(app)[2][1]["mistake"] is None

    play(app, story)


def test_a_number_is_typed_missed_worked_and_tried_once_more(asking, play, settle, seen, logged) -> None:
    app = asking(NUMBER, OTHER)

    async def story(pilot) -> None:
        screen = pilot.app.screen
        assert "within 1 %" in seen(pilot)
        first = screen.asked.task.dealt
        await pilot.press(*"77", "enter")
        await settle(pilot)
        assert "Answer: " in seen(pilot)
        assert "rate" in seen(pilot).splitlines()[-1]
        await pilot.press("enter")
        await settle(pilot)
        again = screen.asked.task.dealt
        assert "Once more with new numbers, not scored." in seen(pilot)
        assert (again.item, again.seed != first.seed) == ("by-hand", True)
        assert screen.query_one("#field").value == ""
        await pilot.press(*"78", "enter")
        await settle(pilot)
        assert "Practice: nothing is rescheduled." in seen(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert "quiz 2/2" in seen(pilot)
        assert [(kind, data["answer"]) for kind, data in logged(app)] == [("review", "77"), ("practice", "78")]
        await pilot.press("escape")
        await settle(pilot)
        assert "1 answered, 0 right." in seen(pilot)

    play(app, story)


def test_a_right_number_and_a_right_shape_go_on_at_once(asking, play, settle, seen, logged, key_of) -> None:
    app = asking(NUMBER, SHAPE, OTHER)

    async def story(pilot) -> None:
        for _ in range(2):
            await pilot.press(*key_of(pilot.app.screen), "enter")
            await settle(pilot)
            assert pilot.app.screen.answered.verdict.correct
            await pilot.press("enter")
            await settle(pilot)
        assert "quiz 3/3" in seen(pilot)

    play(app, story)


def test_what_cannot_be_read_stores_nothing_and_can_be_mended(asking, play, settle, seen, logged, key_of) -> None:
    app = asking(SHAPE)

    async def story(pilot) -> None:
        screen = pilot.app.screen
        await pilot.press("enter")
        await pilot.press("x", "enter")
        await settle(pilot)
        assert screen.answered is None
        assert screen.query_one("#verdict").verdict.valid is False
        assert screen.query_one("#verdict").verdict.feedback.en[:12] in seen(pilot)
        assert logged(app) == []
        await pilot.press("backspace", *key_of(screen), "enter")
        await settle(pilot)
        assert screen.answered.verdict.correct

    play(app, story)


def test_space_hints_and_a_hinted_answer_is_hard(asking, play, settle, seen, logged, key_of) -> None:
    app = asking(NUMBER, CHOICE)

    async def story(pilot) -> None:
        await pilot.press("space")
        await settle(pilot)
        assert "the weights are those of P" in seen(pilot)
        await pilot.press(*key_of(pilot.app.screen), "enter")
        await settle(pilot)
        assert [data["rating"] for _, data in logged(app)] == ["hard"]
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("space")
        await settle(pilot)
        assert "There is no hint." in seen(pilot)
        assert not pilot.app.screen.hinted

    play(app, story)


def test_the_solver_opens_with_these_numbers_as_a_hint(asking, play, settle, logged, monkeypatch, key_of) -> None:
    opened = []
    app = asking(NUMBER, CHOICE)
    monkeypatch.setattr(type(app), "open_solver", lambda self, slug, given=None: opened.append((slug, given)))

    async def story(pilot) -> None:
        dealt = pilot.app.screen.asked.task.dealt
        await pilot.press("1", "left", "right", "right", "backspace")  # first inside the field, then out of it
        await settle(pilot)
        assert opened == [("kl-divergence", dealt.inputs)]
        await pilot.press(*key_of(pilot.app.screen), "enter")
        await settle(pilot)
        assert logged(app)[0][1]["hinted"] is True
        await pilot.press("right")
        assert len(opened) == 2
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("right")
        assert len(opened) == 2  # a choice about ideas has no solver

    play(app, story)


def test_a_long_verdict_scrolls_and_its_ratings_stay_in_sight(asking, play, settle, seen) -> None:
    async def story(pilot) -> None:
        await pilot.press(*"77", "enter")
        await settle(pilot)
        assert "77: not right." in seen(pilot)
        assert "[1 again" in seen(pilot)
        await pilot.press(*["down"] * 9)
        await settle(pilot)
        assert "77: not right." not in seen(pilot)
        assert "D: " in seen(pilot)
        assert "[1 again" in seen(pilot)
        await pilot.press("pageup")
        await settle(pilot)
        assert "77: not right." in seen(pilot)

    play(asking(NUMBER), story, size=(60, 9))
