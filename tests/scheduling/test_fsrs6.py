"""Our own FSRS-6 against the library's: the same numbers, bit for bit."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import fsrs
import pytest
from fsrs.scheduler import DEFAULT_PARAMETERS, LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS

from qbank.scheduling.fsrs6 import DEFAULTS, LOWER, UPPER, model
from qbank.scheduling.steps import Steps

STEPS = [Steps(), Steps((), ()), Steps((60,), (600, 1200, 7200)), Steps((45, 90, 300), (7,)), Steps((82_800,), ())]
PHASES = {1: "learning", 2: "review", 3: "relearning"}


def weights_of(seed: int) -> tuple[float, ...]:
    """The defaults, both bounds, then any between them."""
    if seed < 3:
        return (DEFAULTS, LOWER, UPPER)[seed]
    rng = random.Random(seed)
    return tuple(rng.uniform(low, high) for low, high in zip(LOWER, UPPER, strict=True))


def test_the_constants_are_the_librarys():
    assert (DEFAULTS, LOWER, UPPER) == (DEFAULT_PARAMETERS, LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS)
    assert model(None).weights == DEFAULTS


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("steps", STEPS)
def test_every_review_of_long_histories_is_the_librarys(seed, steps):
    rng, weights = random.Random(seed), weights_of(seed)
    retention = rng.choice([0.7, 0.9, 0.97])
    library = fsrs.Scheduler(
        weights,
        desired_retention=retention,
        learning_steps=[timedelta(seconds=s) for s in steps.learning],
        relearning_steps=[timedelta(seconds=s) for s in steps.relearning],
        enable_fuzzing=False,
    )
    ours = model(weights)
    for _ in range(15):
        now = datetime(2000, 1, 1, tzinfo=UTC)
        card = fsrs.Card(card_id=0, due=now)
        phase, step, stability, difficulty = "new", None, None, None
        for turn in range(20):
            elapsed = rng.choice([0, 0, 1, 2, 9, 200, 36_500]) if turn else 0
            rating = rng.choice([1, 2, 3, 3, 3, 4])
            now = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=elapsed)
            if turn:
                card.last_review = datetime(2000, 1, 1, tzinfo=UTC)
            card, _ = library.review_card(card, fsrs.Rating(rating), now)
            after = ours.after(phase, step, stability, difficulty, rating, elapsed, steps)
            wait = timedelta(milliseconds=after.wait_ms or 0)
            if after.wait_ms is None:
                wait = timedelta(days=ours.days(after.stability, retention))
            assert after[:4] == (PHASES[card.state], card.step, card.stability, card.difficulty)
            assert wait == card.due - now
            if elapsed:
                assert ours.recall(elapsed, after.stability) == library.get_card_retrievability(
                    card, now + timedelta(days=elapsed)
                )
            phase, step, stability, difficulty = after[:4]


def test_steps_that_were_shortened_since_end_at_the_next_pass():
    shorter = Steps((60,), (60,))
    for phase in ("learning", "relearning"):
        for rating in (2, 3, 4):
            assert model(None).after(phase, 3, 5.0, 5.0, rating, 0, shorter).phase == "review"
        assert model(None).after(phase, 3, 5.0, 5.0, 1, 0, shorter)[:2] == (phase, 0)
