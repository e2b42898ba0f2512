"""What stands at a verdict beside right and wrong: a saved case, a card that became a leech, what was typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CHOICE = "kl-divergence#know which-direction"
NUMBER = "kl-divergence#compute by-hand"
OTHER = "kl-divergence#know not-a-metric"
DAY = 86_400_000


def cases(app) -> list[Path]:
    return sorted(app.context.study.cases.glob("*.json"))


def flat(text: str) -> str:
    """The screen as one line without blanks and borders: a long path is broken anywhere."""
    return "".join(text.replace("▌", "").split())


@pytest.mark.parametrize(("lang", "told"), [("en", "Your challenge is recorded:"), ("zh", "已记录你的异议：")])
def test_a_challenge_shows_where_its_case_lies(asking, play, settle, seen, place_of, lang, told) -> None:
    app = asking(CHOICE, OTHER, lang=lang)

    async def story(pilot) -> None:
        await pilot.press(place_of(pilot.app.screen, "backward"))
        await settle(pilot)
        assert cases(app) == []
        await pilot.press("!")
        await settle(pilot)
        [path] = cases(app)
        assert flat(told + str(path)) in flat(seen(pilot))
        assert json.loads(path.read_text())["item"] == "which-direction"
        await pilot.press("f2")
        await settle(pilot)
        assert str(path.stem) in flat(seen(pilot))
        await pilot.press("enter")
        await settle(pilot)
        assert str(path.stem) not in flat(seen(pilot))
        await pilot.press("！")  # no verdict on the screen: the last one
        await settle(pilot)
        assert len(cases(app)) == 2
        [newer] = set(cases(app)) - {path}
        assert str(newer.stem) in flat(seen(pilot))

    play(app, story)


def test_an_answer_that_could_not_be_read_is_challenged_itself(asking, play, settle, seen, logged) -> None:
    app = asking(NUMBER)

    async def story(pilot) -> None:
        await pilot.press(*"0.5ln", "enter")
        await settle(pilot)
        await pilot.press("!")
        await settle(pilot)
        [path] = cases(app)
        case = json.loads(path.read_text())
        assert (case["answer"], case["verdict"]["en"]["valid"]) == ("0.5ln", False)
        assert str(path.stem) in flat(seen(pilot))
        assert logged(app) == []
        pilot.app.screen.query_one("#field").value = "1"
        await pilot.press("enter")
        await settle(pilot)
        assert str(path.stem) not in flat(seen(pilot))  # that was another verdict

    play(app, story)


def test_a_card_that_has_become_a_leech_says_what_to_do(asking, play, settle, seen, hands, place_of) -> None:
    app = asking(CHOICE)
    study = app.context.study
    study.settings.set("leech_lapses", 1)
    study.answer(study.deal("kl-divergence#know", item="which-direction").deal, "forward", rating="easy")
    hands.at += 60 * DAY

    async def story(pilot) -> None:
        await pilot.press(place_of(pilot.app.screen, "backward"))
        await settle(pilot)
        told = "Missed so often that the card is paused. Learn it another way, then: qbank card unleech"
        assert flat(f"{told} 'kl-divergence#know'") in flat(seen(pilot))
        await pilot.press("f2")
        await settle(pilot)
        assert flat("这张卡已暂停。换个法子弄懂，再恢复：qbank card unleech 'kl-divergence#know'") in flat(seen(pilot))
        await pilot.press("3", "f2")  # overruled: no lapse, no leech
        await settle(pilot)
        assert "unleech" not in seen(pilot)

    play(app, story)


def test_what_was_typed_is_repeated_as_it_was_typed(asked, play, settle, seen) -> None:
    async def story(pilot) -> None:
        screen = pilot.app.screen
        for field, text in zip(screen.item.fields, ("$a$ **b**", "`c` [d](e)"), strict=True):
            field.value = text
        screen.item.fields[-1].focus()
        await pilot.press("enter")
        await settle(pilot)
        assert "'$a$ **b**' is not it; '`c` [d](e)' is not it." in seen(pilot)

    play(asked("gaps"), story)
