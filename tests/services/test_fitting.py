"""`fit`: adopts weights that win on later reviews, refuses politely, keeps the present ones otherwise."""

from __future__ import annotations

import json
import random

import pytest

from qbank.domain import RATINGS, CardState, QbankError
from qbank.scheduling import fitting as numbers
from qbank.scheduling.state import retrievability, reviewed
from qbank.services.fitting import Fitting

DAY = 86_400_000
FORGETFUL = (
    0.05, 0.1, 0.25, 0.9, 7.5, 0.8334, 3.0194, 0.001, 1.2, 0.1666, 0.5, 1.2, 0.0614, 0.2629, 1.0, 0.6014, 1.8729,
    0.5425, 0.0912, 0.0658, 0.3,
)  # fmt: skip


@pytest.fixture
def remember(world, study, tmp_path):
    """Import the log of a learner whose memory follows some weights."""

    def load(cards: int, truth: tuple[float, ...] | None) -> None:
        study.next()
        learner = world.log()[0].learner
        rng, lines = random.Random(5), []
        for number in range(cards):
            state, day = CardState("?"), 19_000 + number // 4
            for gap in (0, 1, 3, 8, 20, 45):
                day += gap
                told = retrievability(state, day, truth)
                rating = "good" if told is None or rng.random() < told else "again"
                state = reviewed(state, rating, at_ms=0, day=day, interval_ms=0, weights=truth)
                data = {"card": f"q{number}#know", "rating": rating, "day": day, "interval_ms": gap * DAY}
                head = {"uuid": f"u{number}-{gap}", "at_ms": day * DAY, "zone_min": 0, "learner": learner}
                lines.append(json.dumps({**head, "kind": "review", "data": data}))
        (tmp_path / "log").write_text("\n".join(lines))
        world.logs().load(tmp_path / "log")

    return load


def test_too_few_reviews_are_told_and_nothing_is_written(world, study, right) -> None:
    right(study, study.next())
    before = world.log()
    told = Fitting(study).fit()
    assert (told.fit, told.event, told.reviews, told.scored) == (None, None, 1, 0)
    assert told.json()["needed"] == numbers.ENOUGH
    assert told.json()["losses"] is None
    assert world.log() == before


def test_nobody_has_too_few(make_world) -> None:
    world = make_world()
    assert Fitting(world.study()).fit().reviews == 0
    assert world.log() == []


def test_weights_that_win_are_adopted_for_all_history(world, study, remember) -> None:
    pytest.importorskip("fsrs_rs_python", reason="fitting needs the extra 'fit'")
    remember(150, FORGETFUL)
    before = world.cached()["q3#know"]
    told = Fitting(study).fit()
    assert told.json()["accepted"] is True
    assert told.fit.fitted < told.fit.present
    assert (told.reviews, told.scored) == (900, 750)
    event = next(e for e in world.log() if e.kind == "weights")
    assert (event.uuid, tuple(event.data["weights"])) == (told.event, told.fit.weights)
    assert world.cached()["q3#know"].stability != before.stability
    assert world.cached()["q3#know"].due_ms == before.due_ms, "what was scheduled stays"
    world.holds()


def test_weights_that_do_not_win_change_nothing(world, study, remember) -> None:
    pytest.importorskip("fsrs_rs_python", reason="fitting needs the extra 'fit'")
    remember(150, None)
    before = world.log()
    told = Fitting(study).fit()
    assert told.fit is not None
    assert told.json()["accepted"] is False
    assert world.log() == before


def test_undone_reviews_are_not_learned_from(world, study, right, remember) -> None:
    remember(20, None)
    right(study, study.next())
    assert Fitting(study).fit().reviews == 121
    study.undo()
    assert Fitting(study).fit().reviews == 120


def test_enough_reviews_of_a_single_day_are_refused_in_one_line(study, remember, monkeypatch) -> None:
    pytest.importorskip("fsrs_rs_python", reason="fitting needs the extra 'fit'")
    monkeypatch.setattr("qbank.services.fitting.fitting.ENOUGH", 1)
    monkeypatch.setattr(numbers, "scored_days", lambda cards: [0] * 10)
    remember(1, None)
    with pytest.raises(QbankError, match="fit must have reviews from several days"):
        Fitting(study).fit()


def test_ratings_are_those_of_fsrs() -> None:
    assert RATINGS == ("again", "hard", "good", "easy")
