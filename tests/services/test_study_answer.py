"""Answers: reviews and practice, ratings, idempotence, undo, and what the log then holds."""

from __future__ import annotations

import json

import pytest

from qbank.domain import BadValue, QbankError

DAY = 86_400_000
HOUR = 3_600_000


def test_a_review_is_logged_whole(study, right, world):
    task = study.deal("alpha#compute")
    answered = right(study, task, well=False, hinted=True, ms=4321)
    event = world.log()[-1]
    assert (event.kind, event.uuid, event.at_ms, event.zone_min) == ("review", answered.event, world.hands.at, 0)
    data = event.data
    assert dict(data) | {
        "card": "alpha#compute", "item": "sum", "seed": task.seed, "rev": 1, "deal": task.deal, "answer": "9",
        "mistake": "sums:off", "hinted": True, "ticked": None, "ms": 4321,
    } == data  # fmt: skip
    assert (data["rating"], data["day"], data["weights"], data["retention"]) == ("again", 19676, "default", 0.9)
    assert data["scheduler"].startswith("fsrs 6")
    assert data["verdict"]["correct"] is False
    assert event.at_ms + data["interval_ms"] == answered.due_ms == world.cached()["alpha#compute"].due_ms
    json.dumps(dict(data), allow_nan=False)


@pytest.mark.parametrize(
    ("well", "more", "rating"),
    [
        (True, {}, "good"),
        (False, {}, "again"),
        (True, {"hinted": True}, "hard"),
        (True, {"rating": "easy"}, "easy"),
        (False, {"rating": "good"}, "good"),
    ],
)
def test_auto_graded_cards_rate_themselves(study, right, well, more, rating):
    answered = right(study, study.deal("alpha#compute"), well=well, **more)
    assert answered.rating == rating
    assert answered.verdict.correct is well


@pytest.mark.parametrize(
    ("points", "rating"), [(["p0", "p1", "p2"], "good"), (["p0", "p1", "p3"], "hard"), (["p0"], "again"), ([], "again")]
)
def test_recall_is_rated_by_its_points(study, world, points, rating):
    answered = study.answer(study.deal("alpha#recall").deal, points=points, answer="said aloud")
    assert answered.rating == rating
    assert world.log()[-1].data["ticked"] == points
    assert world.log()[-1].data["answer"] == "said aloud"


def test_recall_can_be_rated_by_hand(study):
    answered = study.answer(study.deal("alpha#recall").deal, rating="hard")
    assert (answered.rating, answered.verdict.correct, answered.verdict.valid) == ("hard", True, True)


@pytest.mark.parametrize(
    ("card", "given"),
    [
        ("alpha#compute", {"answer": "five"}),
        ("alpha#compute", {"answer": ""}),
        ("alpha#compute", {"answer": "\x00"}),
        ("alpha#compute", {"answer": "\udcff"}),
        ("alpha#compute", {"answer": "9" * 50_000}),
        ("alpha#compute", {}),
        ("alpha#compute", {"rating": "good"}),
        ("alpha#compute", {"points": ["p0"]}),
        ("alpha#compute", {"answer": "5", "rating": "superb"}),
        ("alpha#compute", {"answer": "5", "ms": -1}),
        ("alpha#compute", {"answer": "5", "ms": 1.5}),
        ("alpha#know", {"answer": "neither"}),
        ("alpha#recall", {}),
        ("alpha#recall", {"answer": "I think"}),
        ("alpha#recall", {"points": ["p0", "p9"]}),
    ],
)
def test_what_cannot_be_read_stores_nothing_and_leaves_the_deal_open(study, world, card, given):
    task = study.deal(card)
    before = world.log()
    with pytest.raises(BadValue) as error:
        study.answer(task.deal, **given)
    assert str(error.value).isprintable()
    assert world.log() == before
    assert study.deal(card).deal == task.deal


@pytest.mark.parametrize("deal", ["", "nothing", "'; DROP TABLE event; --", "\x00", "x" * 10_000])
def test_an_unknown_deal_is_one_line(study, deal):
    with pytest.raises(BadValue, match="DEAL must be a deal") as error:
        study.answer(deal, answer="5")
    assert str(error.value).isprintable()


def test_the_same_deal_again_gives_the_same_event(study, right, world):
    task = study.deal("alpha#compute")
    first = right(study, task, well=False)
    world.hands.wait(days=2)
    count = len(world.log())
    for given in ({"answer": "5", "rating": "easy"}, {"answer": "nonsense"}, {}):
        again = study.answer(task.deal, **given)
        assert again.repeated
        for name in ("event", "card", "kind", "rating", "due_ms", "stability", "difficulty", "verdict", "intervals"):
            assert getattr(again, name) == getattr(first, name), name
    assert len(world.log()) == count


def test_intervals_say_what_each_rating_would_have_done(study, right, world):
    answered = right(study, study.deal("alpha#compute"), rating="easy")
    easy = answered.intervals["easy"] // 86_400
    assert answered.intervals == {"again": 60, "hard": 330, "good": 600, "easy": easy * 86_400}
    assert easy in range(6, 11), "8 days, spread"
    study.undo()
    assert right(study, study.next(), rating="good").intervals == answered.intervals, "the deal decides, not the try"
    days = (answered.due_ms - (world.hands.at - 8 * HOUR)) / DAY  # the day began at 04:00
    assert days == easy


def test_cards_learned_together_come_back_on_different_days(right, world):
    found = set()
    for n in range(12):
        study = world.study(f"learner {n}")
        found.add(right(study, study.deal("alpha#compute"), rating="easy").intervals["easy"])
    assert 3 <= len(found) <= 5


def test_an_answer_to_a_card_that_is_not_due_is_practice(study, right, world):
    right(study, study.deal("alpha#compute"), rating="easy")
    before = world.cached()
    answered = right(study, study.deal("alpha#compute"), well=False)
    assert (answered.kind, answered.rating, answered.intervals) == ("practice", None, {})
    assert answered.due_ms == before["alpha#compute"].due_ms
    assert world.cached() == before
    assert world.log()[-1].data["mistake"] == "sums:off"


def test_warm_ups_never_schedule(study, right, world):
    warm_up = study.deal("alpha#know", practice=True)
    assert warm_up.reason == "practice"
    assert right(study, warm_up).kind == "practice"
    assert right(study, study.deal("alpha#compute"), practice=True).kind == "practice"
    assert world.cached() == {}


def test_a_wrong_answer_gets_one_unscored_retry_with_new_numbers(study, right, world):
    task = study.deal("alpha#compute")
    missed = right(study, task, well=False)
    again = study.retry(missed.event)
    assert (again.reason, again.item, again.kind) == ("retry", "sum", "number")
    assert again.seed != task.seed
    assert study.retry(missed.event).deal == again.deal
    before = world.cached()
    assert right(study, again).kind == "practice"
    assert world.log()[-1].data["retry_of"] == task.deal
    assert world.cached() == before
    with pytest.raises(QbankError):
        study.retry("nothing")


def test_a_deal_grades_by_what_it_froze(study, world, monkeypatch):
    task = study.deal("alpha#compute")
    monkeypatch.setattr(world.shelf, "deal", None)
    world.shelf.items = ()
    assert study.answer(task.deal, answer="5").verdict.correct


def test_undo_reopens_the_deal_and_a_new_answer_is_a_new_event(study, right, world):
    task = study.next()
    first = right(study, task, well=False)
    undone = study.undo()
    assert (undone.event, undone.card, undone.kind, undone.deal) == (first.event, task.card, "review", task.deal)
    assert world.cached() == {}
    assert study.next().deal == task.deal
    second = right(study, task)
    assert second.event != first.event
    assert (second.rating, second.repeated) == ("good", False)
    world.holds()


def test_undo_goes_back_step_by_step_to_the_beginning(study, right, world):
    history = [world.cached()]
    for _ in range(5):
        right(study, study.deal("alpha#compute"))
        history.append(world.cached())
        world.hands.wait(days=3)
    for before in reversed(history[:-1]):
        assert study.undo() is not None
        assert world.cached() == before
    assert study.undo() is None
    world.holds()


def test_undo_takes_what_was_written_last_even_when_the_clock_went_back(study, right, world):
    first = right(study, study.deal("alpha#compute"))
    world.hands.wait(days=-5)
    second = right(study, study.deal("beta#compute"))
    assert study.undo().event == second.event
    assert study.undo().event == first.event


def test_undo_never_takes_settings_weights_learners_or_undos(study, right, world):
    import fsrs

    answered = right(study, study.deal("alpha#compute"))
    study.settings.set("rollover_hour", 5)
    study.adopt(fsrs.Scheduler().parameters)
    assert study.undo().event == answered.event
    assert study.undo() is None
    assert study.settings.get("rollover_hour") == 5


def test_undo_takes_marks_and_practice_back_too(study, right, world):
    right(study, study.deal("alpha#compute"), rating="easy")
    before = world.cached()
    practice = study.deal("alpha#compute")
    right(study, practice)
    study.mark("suspend", "alpha#compute")
    assert study.undo().kind == "suspend"
    assert world.cached() == before
    assert study.undo().kind == "practice"
    assert study.deal("alpha#compute").deal == practice.deal


def test_undo_is_the_learners_own(world, right):
    mine, hers = world.study("me"), world.study("her")
    first = right(mine, mine.next())
    right(hers, hers.next())
    assert mine.undo().event == first.event
    assert mine.undo() is None
    assert world.cached("her") != {}


def test_two_undone_deals_come_back_in_their_order(study, right):
    first = study.next()
    right(study, first, rating="easy")
    second = study.next()
    right(study, second, rating="easy")
    study.undo()
    study.undo()
    assert study.next().deal == first.deal
    right(study, first, rating="easy")
    assert study.next().deal == second.deal


def test_overruling_a_rating_is_one_step(study, right, world):
    first = right(study, study.deal("alpha#compute"), ms=777)
    second = study.overrule(first.event, "easy")
    assert (second.rating, second.card, second.verdict) == ("easy", first.card, first.verdict)
    assert world.cached()["alpha#compute"].reps == 1
    assert world.log()[-1].data["ms"] == 777
    assert study.answer(second.deal).event == second.event
    for bad in (first.event, "nothing"):
        with pytest.raises(QbankError, match="event must be"):
            study.overrule(bad, "good")
    with pytest.raises(QbankError, match="--rating must be one of"):
        study.overrule(second.event, "superb")
    assert study.undo().event == second.event
    assert world.cached() == {}


def test_a_clock_set_back_loses_nothing(study, right, world):
    right(study, study.deal("alpha#compute"), rating="easy")
    world.hands.wait(days=20)
    task = study.next()
    assert (task.card, task.reason) == ("alpha#compute", "due")
    world.hands.wait(days=-18)  # before it was due, after the last review
    assert study.next().deal == task.deal
    assert right(study, task).kind == "review"
    assert world.cached()["alpha#compute"].reps == 2
    world.holds()


def test_an_event_not_later_than_its_cards_last_replays_the_card(study, right, world):
    right(study, study.deal("alpha#compute"), well=False)
    world.hands.wait(days=10)
    task = study.deal("alpha#compute")
    world.hands.wait(days=-10, minutes=-1)
    right(study, task)  # dated before the first review
    state = world.cached()["alpha#compute"]
    assert (state.reps, state.last_ms) == (2, world.hands.at + 60_000)
    assert state.due_ms == state.last_ms + 60_000  # the later one's interval: again, one minute
    world.holds()


def test_an_interval_is_chosen_from_the_state_before_it(study, right, world):
    """A review dated before the card's first one sees a new card, whatever happened later."""
    right(study, study.deal("alpha#compute"), well=False)
    world.hands.wait(days=10)
    task = study.deal("alpha#compute")
    world.hands.wait(days=-10, minutes=-1)
    answered = right(study, task)
    assert answered.intervals["hard"] == 330, "a new card's step"
    (event,) = (event for event in world.log() if event.uuid == answered.event)
    assert event.data["was_new"] is True


def test_events_of_one_millisecond_keep_the_cache_right(study, right, world):
    for _ in range(4):
        task = study.deal("alpha#compute")
        right(study, task, well=False)
        study.mark("reset", "alpha#compute")
        world.holds()


def test_marks_have_their_effects_and_their_errors(study, right, world):
    right(study, study.deal("alpha#compute"))
    for kind, check in {
        "suspend": lambda s: s.suspended, "resume": lambda s: not s.suspended, "leech": lambda s: s.leech,
        "unleech": lambda s: not s.leech, "bury": lambda s: s.buried_day == 19676, "reset": lambda s: s.state == "new",
    }.items():  # fmt: skip
        study.mark(kind, "alpha#compute")
        assert check(world.cached()["alpha#compute"]), kind
        world.holds()
    right(study, study.deal("beta#compute"))
    study.mark("reschedule", "beta#compute", due_ms=world.hands.at + 9 * DAY)
    assert world.cached()["beta#compute"].due_ms == world.hands.at + 9 * DAY
    for bad in (
        ("explode", "alpha#know"),
        ("suspend", "nothing#know"),
        ("reschedule", "beta#compute"),
        ("reschedule", "alpha#know"),
    ):
        with pytest.raises(QbankError, match="must"):
            study.mark(*bad)


def test_a_challenge_keeps_a_replayable_case(study, right, world):
    from qbank.domain import dealt_from_json
    from qbank.grading import grade

    answered = right(study, study.deal("alpha#compute"), well=False)
    study.challenge(answered.event, "I rounded")
    data = world.log()[-1].data
    case = dealt_from_json(json.loads(data["dealt"]))
    assert grade(case, data["answer"]).mistake == data["mistake"] == "sums:off"
    assert data["note"] == "I rounded"
    assert world.cached()["alpha#compute"].reps == 1


def test_other_weights_replay_all_history(study, right, world):
    import fsrs

    right(study, study.deal("alpha#compute"), well=False)
    before = world.cached()["alpha#compute"]
    event = study.adopt((0.5, *fsrs.Scheduler().parameters[1:]))
    after = world.cached()["alpha#compute"]
    assert (after.stability, after.due_ms) == (0.5, before.due_ms)
    assert right(study, study.deal("beta#compute")).stability is not None
    assert world.log()[-1].data["weights"] == event
    world.holds()
    with pytest.raises(QbankError, match="weights must be 21 numbers"):
        study.adopt([1.0])


def test_a_renamed_question_keeps_its_progress(study, right, world):
    right(study, study.deal("alpha#compute"))
    before = world.cached()["alpha#compute"]
    world.shelf.stars = {"gamma": 3, "beta": 2}
    world.shelf.renamed = {"alpha": "gamma"}
    later = world.study()
    world.hands.wait(days=1)
    task = later.next()
    assert (task.card, task.reason) == ("gamma#compute", "due")
    assert world.cached()["gamma#compute"].stability == before.stability
    right(later, task)
    assert world.cached()["gamma#compute"].reps == 2
    world.holds()
    assert later.undo().card == "gamma#compute"
    assert later.undo().card == "gamma#compute"
    assert world.cached() == {}


def test_an_older_installation_shares_the_progress_of_a_renamed_question(study, right, world):
    from dataclasses import replace

    newer = replace(world, shelf=type(world.shelf)(stars={"gamma": 3}, renamed={"alpha": "gamma"}))
    right(newer.study(), newer.study().deal("gamma#compute"), rating="easy")
    older = world.study()
    task = older.deal("alpha#compute")
    assert task.reason == "practice"  # it is not due: the answer given under the new name counts
    world.hands.wait(days=30)
    assert right(older, older.deal("alpha#compute")).kind == "review"
    assert world.cached()["gamma#compute"].reps == 2
    world.holds()


def test_an_id_that_is_in_use_is_nobodys_former_one(study, right, world):
    right(study, study.deal("alpha#compute"))
    world.shelf.renamed = {"alpha": "beta"}
    later = world.study()
    later.next()
    assert set(world.cached()) == {"alpha#compute"}
