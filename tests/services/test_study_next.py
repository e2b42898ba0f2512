"""Which card comes, in which order, and when nothing does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qbank.domain import QbankError

DAY = 86_400_000


def test_new_cards_come_by_stars_and_siblings_rest_for_the_day(study, right, world):
    seen = []
    while (task := study.next()) is not None and len(seen) < 9:
        seen.append((task.card, task.reason))
        right(study, task, rating="easy")
    assert seen == [("alpha#recall", "new"), ("beta#recall", "new")]
    world.hands.wait(days=1)
    assert study.next().card == "alpha#know"


def test_every_card_is_introduced_in_the_order_of_facets(study, right, world):
    seen = []
    for _ in range(3):
        while (task := study.next()) is not None:
            seen.append(task.card)
            right(study, task, rating="easy")
        world.hands.wait(days=1)
    assert seen == [
        "alpha#recall", "beta#recall", "alpha#know", "beta#know", "alpha#compute", "beta#compute",
    ]  # fmt: skip


def test_the_open_deal_is_repeated_as_it_was(study, world):
    first = study.next()
    world.hands.wait(days=3)
    again = study.next()
    assert (again.deal, again.dealt, again.repeated, first.repeated) == (first.deal, first.dealt, True, False)
    assert world.study().next().deal == first.deal


def test_an_open_deal_of_an_earlier_revision_is_dealt_anew(study, world):
    first = study.next()
    world.shelf.rev = 2
    again = study.next()
    assert again.card == first.card
    assert again.deal != first.deal
    assert again.dealt.rev == 2


def test_an_open_deal_whose_card_sleeps_is_passed_over(study, world):
    first = study.next()
    study.mark("suspend", first.card)
    assert study.next().card == "alpha#know"
    study.mark("resume", first.card)
    assert study.next().deal == first.deal


def test_due_cards_come_before_new_ones_the_longest_overdue_first(study, right, world):
    for card in ("beta#recall", "alpha#recall"):
        right(study, study.deal(card), rating="easy")
        world.hands.wait(days=1)
    world.hands.wait(days=30)
    first = study.next()
    assert (first.card, first.reason) == ("beta#recall", "due")
    assert first.due_ms < world.hands.at
    right(study, first, rating="easy")
    second = study.next()
    assert (second.card, second.reason) == ("alpha#recall", "due")


def test_a_card_in_a_learning_step_comes_back_the_same_day(study, right, world):
    task = study.next()
    right(study, task, well=False)
    world.hands.wait(minutes=2)
    again = study.next()
    assert (again.card, again.reason) == (task.card, "due")
    assert again.deal != task.deal


def test_suspended_and_buried_cards_wait(study, right, world):
    study.mark("suspend", "alpha#recall")
    study.mark("bury", "beta#recall")
    for card in ("alpha#know", "beta#know"):
        task = study.next()
        assert task.card == card
        right(study, task, rating="easy")
    assert study.next() is None


def test_buried_means_today_only(study, world):
    world.shelf.stars = {"alpha": 3}
    study.mark("bury", "alpha#recall")
    assert study.next().card == "alpha#know"
    other = world.study("another")
    assert other.next().card == "alpha#recall"
    world.hands.wait(days=1)
    study.mark("suspend", "alpha#know")
    assert study.next().card == "alpha#recall"


def test_a_facet_that_loses_its_items_sleeps_with_its_state(study, right, world):
    right(study, study.deal("alpha#compute"), rating="easy")
    world.hands.wait(days=60)
    world.shelf.items = ("pick",)
    assert study.next().card == "alpha#recall"
    assert world.cached()["alpha#compute"].reps == 1
    world.shelf.items = ("pick", "sum")
    study.mark("suspend", "alpha#recall")
    assert study.next().card == "alpha#compute"


def test_items_take_turns_and_numbers_are_fresh(study, right, world):
    seen = []
    for _ in range(6):
        task = study.deal("alpha#know")
        seen.append(task.item)
        right(study, task)
        world.hands.wait(days=1)
    assert set(seen[:2]) == {"pick", "pick-too"}
    assert seen[0] != seen[1]
    assert seen == seen[:2] * 3
    assert len(set(world.shelf.seeds)) == 6


def test_items_answered_on_another_machine_count_as_seen(make_world, right, tmp_path):
    here, there = make_world("here"), make_world("there")
    task = there.study().deal("alpha#know")
    right(there.study(), task)
    there.logs().export(tmp_path / "log")
    here.logs().load(tmp_path / "log", as_name="me")
    assert here.study().deal("alpha#know").item != task.item


def test_items_with_listed_keys_keep_to_their_seeds(study, world, monkeypatch):
    question = world.shelf.question("alpha")
    keyed = replace(question, items=tuple(replace(i, keys={"7": 5.0}) for i in question.items))
    monkeypatch.setattr(world.shelf, "question", lambda id: keyed)
    assert study.deal("alpha#compute").seed == 7


def test_numbers_that_cannot_be_dealt_fall_back_to_a_listed_seed(study, world, monkeypatch):
    deal = world.shelf.deal

    def picky(question, item, seed=None):
        if seed != 0:
            raise QbankError("unsound")
        return deal(question, item, seed)

    monkeypatch.setattr(world.shelf, "deal", picky)
    assert study.deal("alpha#compute").seed == 0


def test_a_card_that_cannot_be_dealt_keeps_nobody_from_the_others(study, world, monkeypatch):
    deal = world.shelf.deal

    def broken(question, item, seed=None):
        if question == "alpha":
            raise QbankError("alpha is unsound")
        return deal(question, item, seed)

    monkeypatch.setattr(world.shelf, "deal", broken)
    assert study.next().card == "beta#recall"
    world.shelf.stars = {"alpha": 3}
    with pytest.raises(QbankError, match="alpha is unsound"):
        study.next()


def test_the_budget_is_minutes_of_the_study_day(study, right, world):
    right(study, study.next(minutes=10), rating="easy", ms=10 * 60_000)
    assert study.next(minutes=10) is None
    assert study.next(minutes=11) is not None
    assert study.next() is not None
    world.hands.wait(days=1)
    assert study.next(minutes=10) is not None


def test_undone_minutes_are_not_spent(study, right):
    right(study, study.next(), ms=10 * 60_000)
    study.undo()
    assert study.next(minutes=10) is not None


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf"), 1e9])
def test_a_budget_must_be_minutes(study, minutes):
    with pytest.raises(QbankError, match="--minutes must be more than 0"):
        study.next(minutes)


def test_new_cards_can_be_limited(study, right, world):
    study.settings.set("new_per_day", 1)
    right(study, study.next(), rating="easy")
    assert study.next() is None
    study.settings.set("new_per_day", "unset")
    assert study.next().card == "beta#recall"


def test_reviews_can_be_limited(study, right, world):
    for card in ("alpha#recall", "beta#recall"):
        right(study, study.deal(card), rating="easy")
    world.hands.wait(days=40)
    study.settings.set("reviews_per_day", 1)
    study.settings.set("new_per_day", 0)
    right(study, study.next(), rating="easy")
    assert study.next() is None


def test_the_rollover_hour_ends_the_day(study, right, world):
    study.settings.set("rollover_hour", 13)
    right(study, study.next(), rating="easy")
    right(study, study.next(), rating="easy")
    assert study.next() is None
    world.hands.wait(minutes=61)
    assert study.next().card == "alpha#know"


def test_the_zone_ends_the_day_too(study, right, world):
    study.settings.set("zone", "Asia/Tokyo")  # 21:00 there
    right(study, study.next(), rating="easy")
    assert world.log()[-1].zone_min == 540
    world.hands.wait(minutes=6 * 60 + 59)
    assert study.next().card == "beta#recall"
    world.hands.wait(minutes=2)
    study.mark("suspend", "beta#recall")
    assert study.next().card == "alpha#know"


def test_an_empty_bank_has_nothing(study, world):
    world.shelf.stars = {}
    assert study.next() is None
    assert study.mixed() == []


def test_learners_do_not_disturb_each_other(world, right):
    mine, hers = world.study("me"), world.study("her")
    task = mine.next()
    other = hers.next()
    assert (task.card, other.card) == ("alpha#recall", "alpha#recall")
    assert task.deal != other.deal
    right(mine, task)
    assert hers.next().deal == other.deal
    with pytest.raises(QbankError, match="DEAL must be a deal"):
        right(mine, other)


def test_a_mixed_quiz_keeps_siblings_apart(study):
    order = study.mixed({"alpha", "beta"})
    assert len(order) == len(set(order)) == 6
    for n in range(0, 6, 2):
        assert {card.split("#")[0] for card in order[n : n + 2]} == {"alpha", "beta"}
    assert {card.split("#")[0] for card in study.mixed({"beta"})} == {"beta"}


def test_a_chosen_card_is_dealt_once_until_it_is_answered(study, right):
    first = study.deal("alpha#compute")
    assert study.deal("alpha#compute").deal == first.deal
    right(study, first)
    again = study.deal("alpha#compute")
    assert again.deal != first.deal
    assert again.reason == "practice"
    assert study.deal("alpha#know", item="pick-too").item == "pick-too"
    for bad in ({"card": "nothing#know"}, {"card": "alpha"}, {"card": "alpha#know", "item": "sum"}):
        with pytest.raises(QbankError, match="must be"):
            study.deal(**bad)


def test_a_card_says_that_its_question_changed(study, right, world):
    right(study, study.deal("alpha#know"))
    world.shelf.rev = 2
    assert study.deal("alpha#know").changed
    right(study, study.deal("alpha#know", practice=True))
    assert study.deal("alpha#compute").changed is False
