"""Leeches: a card that lapses again and again is tagged and paused; one undo takes the whole answer back."""

from __future__ import annotations

import pytest

CARD = "alpha#compute"


@pytest.fixture
def lapse(study, right, world):
    """Learn the card and forget it once; the answer that forgot it."""

    def once():
        for _ in range(4):
            state = study.state(CARD)
            if state.state == "review":
                break
            world.hands.wait(days=1)
            right(study, study.deal(CARD), rating="easy")
        world.hands.wait(days=400)
        return right(study, study.deal(CARD), well=False)

    return once


def test_the_threshold_tags_and_pauses_and_half_as_many_more_do_again(study, lapse, world):
    study.settings.set("leech_lapses", 4)
    told = [lapse().leech for _ in range(4)]
    assert told == [False, False, False, True]
    state = study.state(CARD)
    assert (state.leech, state.suspended, state.lapses) == (True, True, 4)
    world.hands.wait(days=500)
    assert CARD not in {study.next().card}
    study.mark("unleech", CARD)
    assert (study.state(CARD).leech, study.state(CARD).suspended) == (False, False)
    assert [lapse().leech for _ in range(2)] == [False, True]
    world.holds()


def test_one_undo_takes_the_answer_back_with_its_leech(study, lapse, world):
    study.settings.set("leech_lapses", 1)
    before = world.cached()
    answered = lapse()
    assert answered.leech
    assert study.answer(answered.deal).leech, "told again"
    undone = study.undo()
    assert (undone.event, undone.kind, undone.deal) == (answered.event, "review", answered.deal)
    assert not study.state(CARD).leech
    assert not study.state(CARD).suspended
    assert before == {} or study.state(CARD).lapses == 0
    world.holds()


def test_overruling_the_rating_takes_the_leech_back_too(study, lapse, world):
    study.settings.set("leech_lapses", 1)
    answered = lapse()
    again = study.overrule(answered.event, "hard")
    assert not again.leech
    assert not study.state(CARD).suspended
    world.holds()


def test_a_card_paused_by_hand_stays_paused_where_the_tag_only_was_undone(study, lapse, world):
    study.settings.set("leech_lapses", 1)
    lapse()
    study.mark("unleech", CARD)
    study.undo()
    assert study.state(CARD).leech, "undoing the un-leech"
    world.holds()


def test_zero_means_never(study, lapse):
    study.settings.set("leech_lapses", 0)
    assert not any(lapse().leech for _ in range(9))


def test_forgetting_while_learning_is_no_lapse(study, right, world):
    study.settings.set("leech_lapses", 1)
    for _ in range(3):
        assert not right(study, study.deal(CARD), well=False).leech
        world.hands.wait(minutes=2)
