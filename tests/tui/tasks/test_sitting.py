"""A sitting: ratings, undo, challenges, languages, full-width keys, and its end."""

from __future__ import annotations

from qbank.tui.screens.task import TaskScreen
from qbank.tui.widgets.farewell import FarewellPage
from qbank.tui.widgets.recall import RecallItem
from qbank.tui.widgets.typed import TypedItem

CHOICE = "kl-divergence#know which-direction"
OTHER = "kl-divergence#know not-a-metric"
NUMBER = "kl-divergence#compute by-hand"
RECALL = "kl-divergence#recall"


def test_the_rating_can_be_overruled_and_clicked(asking, play, settle, seen, logged, place_of) -> None:
    app = asking(CHOICE)

    async def story(pilot) -> None:
        await pilot.press(place_of(pilot.app.screen, "forward"))
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        assert "[4 easy " in seen(pilot)
        await pilot.press("4", "0", "7")
        await settle(pilot)
        assert [(kind, data.get("rating")) for kind, data in logged(app)] == [
            ("review", "good"),
            ("undo", None),
            ("review", "easy"),
        ]
        await pilot.click("#returns", offset=(2, 0))
        await settle(pilot)
        assert pilot.app.screen.answered.rating == "again"

    play(app, story)


def test_undo_asks_again_and_comes_back_to_where_it_was(asking, play, settle, seen, logged, place_of, key_of) -> None:
    app = asking(CHOICE, NUMBER, OTHER)

    async def story(pilot) -> None:
        screen = pilot.app.screen
        await pilot.press("u")
        await settle(pilot)
        assert "Nothing to undo." in seen(pilot)
        await pilot.press(place_of(screen, "backward"))
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert "quiz 2/3" in seen(pilot)
        await pilot.press("u")
        await settle(pilot)
        assert "quiz 1/3" in seen(pilot)
        assert screen.answered is None
        await pilot.press(place_of(screen, "forward"))
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert "quiz 2/3" in seen(pilot)
        assert isinstance(screen.item, TypedItem)
        assert [kind for kind, _ in logged(app)] == ["review", "undo", "review"]
        await pilot.press(*key_of(screen), "enter")
        await settle(pilot)
        await pilot.press("u")  # straight from the verdict
        await settle(pilot)
        assert "quiz 2/3" in seen(pilot)
        assert screen.answered is None

    play(app, story)


def test_the_end_can_be_undone(asking, play, settle, seen) -> None:
    async def story(pilot) -> None:
        await pilot.press("1")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert pilot.app.screen.query(FarewellPage)
        await pilot.press("u")
        await settle(pilot)
        assert not pilot.app.screen.query(FarewellPage)
        assert "quiz 1/1" in seen(pilot)

    play(asking(CHOICE), story)


def test_a_verdict_can_be_challenged(asking, play, settle, seen, logged, place_of) -> None:
    app = asking(CHOICE)

    async def story(pilot) -> None:
        await pilot.press("!")
        await settle(pilot)
        assert "There is no verdict yet." in seen(pilot)
        await pilot.press(place_of(pilot.app.screen, "backward"))
        await settle(pilot)
        await pilot.press("!")
        await settle(pilot)
        assert "Your challenge is recorded:" in seen(pilot)
        assert logged(app)[-1][0] == "challenge"

    play(app, story)


def test_a_recall_is_rated_by_the_points_that_were_touched(asking, play, settle, seen, logged) -> None:
    app = asking(RECALL)

    async def story(pilot) -> None:
        item = pilot.app.screen.item
        assert isinstance(item, RecallItem)
        assert "Say your answer aloud" in seen(pilot)
        assert "the definition" not in seen(pilot)
        await pilot.press("1", "down")  # nothing to tick yet
        await pilot.press("space")
        await settle(pilot)
        assert "[ ] 1  * the definition" in seen(pilot)
        assert item.ticked == set()
        await pilot.press("1", "2", "2", "down", "space")
        await pilot.click(item.rows.rows[5], offset=(10, 0))
        await settle(pilot)
        assert item.ticked == {1, 3, 6}
        await pilot.press("enter")
        await settle(pilot)
        assert "not touched: not symmetric, hence not a distance" in seen(pilot)
        [(_, data)] = logged(app)
        assert (data["ticked"], data["rating"]) == (["definition", "non-negative", "direction"], "hard")

    play(app, story)


def test_the_language_changes_at_any_moment_and_nothing_is_lost(asking, play, settle, seen) -> None:
    async def story(pilot) -> None:
        screen = pilot.app.screen
        await pilot.press(*"0.5", "f2")
        await settle(pilot)
        assert "求" in seen(pilot)
        assert "允许误差 1 %" in seen(pilot)
        assert screen.query_one("#field").value == "0.5"
        await pilot.press("7", "f2", "enter")
        await settle(pilot)
        assert screen.answered.verdict.understood.startswith("0.57")
        await pilot.press("f2")
        await settle(pilot)
        assert "答案：" in seen(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert "答了 1 题" in seen(pilot)
        await pilot.press("f2")
        await settle(pilot)
        assert "1 answered" in seen(pilot)

    play(asking(NUMBER), story)


def test_ticks_outlive_the_language(asking, play, settle, seen) -> None:
    async def story(pilot) -> None:
        await pilot.press("space", "1", "f2")
        await settle(pilot)
        assert "[x] 1  * 定义" in seen(pilot)
        assert "讲到了哪几点" in seen(pilot)

    play(asking(RECALL), story)


def test_full_width_keys_do_what_the_plain_ones_do(asking, play, settle, seen, logged, place_of) -> None:
    app = asking(CHOICE, NUMBER, RECALL, lang="zh")
    wide = {str(n): chr(ord("０") + n) for n in range(10)}

    async def story(pilot) -> None:
        screen = pilot.app.screen
        await pilot.press(wide[place_of(screen, "backward")])
        await settle(pilot)
        await pilot.press("！")
        await settle(pilot)
        await pilot.press("３")
        await settle(pilot)
        assert screen.answered.rating == "good"
        await pilot.press("ｕ")
        await settle(pilot)
        assert screen.answered is None
        await pilot.press(wide[place_of(screen, "forward")])
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("\u3000")
        await settle(pilot)
        assert "权重是 P" in seen(pilot)
        await pilot.press("？")
        await settle(pilot)
        assert "帮助" in seen(pilot).splitlines()[0]
        await pilot.press("escape")
        await settle(pilot)
        await pilot.press(*"１２", "enter")
        await settle(pilot)
        assert screen.answered.verdict.understood == "12"
        assert logged(app)[1][0] == "challenge"

    play(app, story)


def test_letters_of_the_grammar_work_in_an_empty_field_and_are_text_in_another(asking, play, settle, seen) -> None:
    async def story(pilot) -> None:
        field = pilot.app.screen.query_one("#field")
        await pilot.press("u")
        await settle(pilot)
        assert "Nothing to undo." in seen(pilot)
        await pilot.press(*"relu(1", "right_parenthesis", "space", "!")
        assert field.value == "relu(1) "
        await pilot.press("ctrl+z", "question_mark")
        await settle(pilot)
        assert "help" in seen(pilot).splitlines()[0]

    play(asking(NUMBER), story)


def test_skipping_leaves_a_task_for_another_time(asking, play, settle, seen, logged) -> None:
    app = asking(CHOICE, OTHER)

    async def story(pilot) -> None:
        await pilot.press("k")
        await settle(pilot)
        assert "quiz 2/2" in seen(pilot)
        await pilot.press("k")
        await settle(pilot)
        assert "Nothing to ask now." in seen(pilot)
        assert logged(app) == []

    play(app, story)


def test_a_skipped_review_does_not_come_again_today(at_home, play, settle, seen, logged) -> None:
    app = at_home("en", lambda app: app.open_review())

    async def story(pilot) -> None:
        first = pilot.app.screen.asked.task.card
        assert "review 1 " in seen(pilot)
        await pilot.press("k")
        await settle(pilot)
        assert "review 2 " in seen(pilot)
        assert pilot.app.screen.asked.task.card != first
        assert [kind for kind, _ in logged(app)] == ["bury"]
        await pilot.press("u")
        await settle(pilot)
        assert [kind for kind, _ in logged(app)] == ["bury", "undo"]

    play(app, story)


def test_at_the_end_the_mistakes_stand_by_name(asking, play, settle, seen, place_of) -> None:
    async def story(pilot) -> None:
        screen = pilot.app.screen
        for id in ("backward", "symmetry", "backward"):
            await pilot.press(place_of(screen, id))
            await settle(pilot)
            await pilot.press("enter")
            await settle(pilot)
        text = seen(pilot)
        assert "3 answered, 1 right." in text
        assert "• D(Q‖P): that is D(Q||P), the other direction (2 times)" in text
        assert "Tomorrow: " in text
        await pilot.press("enter")
        await settle(pilot)
        assert not isinstance(pilot.app.screen, TaskScreen)

    play(asking(CHOICE, OTHER, CHOICE), story)


def test_escape_leaves_by_way_of_the_end_once_something_was_answered(asking, play, settle, seen) -> None:
    async def story(pilot) -> None:
        await pilot.press("1")
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert "1 answered" in seen(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert not isinstance(pilot.app.screen, TaskScreen)

    play(asking(CHOICE, OTHER), story)


def test_an_answer_that_cannot_be_stored_is_told_and_can_be_given_again(asking, play, settle, seen, logged) -> None:
    app = asking(CHOICE)

    async def story(pilot) -> None:
        path = app.context.store.path
        away = path.with_name("away.db")
        path.rename(away)
        await pilot.press("1")
        await settle(pilot)
        text = " ".join(seen(pilot).split())
        assert "The answer was not stored." in text
        assert pilot.app.screen.answered is None
        away.rename(path)
        await pilot.press("1")
        await settle(pilot)
        assert pilot.app.screen.answered is not None
        assert len(logged(app)) == 1

    play(app, story)


def test_a_question_that_changed_since_is_marked(asking, play, settle, seen, monkeypatch) -> None:
    import dataclasses

    from qbank.services.study import Study

    deal = Study.deal
    monkeypatch.setattr(Study, "deal", lambda *args, **named: dataclasses.replace(deal(*args, **named), changed=True))

    async def story(pilot) -> None:
        assert "This question has changed since you last saw it." in seen(pilot)

    play(asking(CHOICE), story)
