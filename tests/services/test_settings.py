from __future__ import annotations

import pytest

from qbank.domain import BadValue, Event
from qbank.services import settings as study_settings

DEFAULTS = {"desired_retention": 0.9, "rollover_hour": 4, "zone": None, "new_per_day": None, "reviews_per_day": None}
DEFAULTS |= {"daily_minutes": None, "interview_date": None, "learning_steps": "1m 10m", "relearning_steps": "10m"}


def test_defaults(make_world):
    settings = make_world().study().settings
    assert settings.all() == {**settings.all(), **DEFAULTS}
    assert set(settings.names()) == set(settings.all())


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("desired_retention", "0.85", 0.85),
        ("desired_retention", 0.97, 0.97),
        ("rollover_hour", "0", 0),
        ("rollover_hour", 23.0, 23),
        ("zone", "Asia/Shanghai", "Asia/Shanghai"),
        ("zone", " Europe/Berlin ", "Europe/Berlin"),
        ("new_per_day", "12", 12),
        ("reviews_per_day", "0", 0),
        ("daily_minutes", "20", 20),
        ("interview_date", " 2030-03-15 ", "2030-03-15"),
        ("learning_steps", " 60s, 90m ", "1m 90m"),
        ("learning_steps", "OFF", "off"),
        ("relearning_steps", "3600s", "1h"),
    ],
)
def test_a_setting_is_kept_and_can_be_taken_back(make_world, name, typed, value):
    world = make_world()
    assert world.study().settings.set(name, typed) == value
    assert world.study().settings.get(name) == value
    assert world.study("another").settings.get(name) == DEFAULTS[name]
    assert world.study().settings.set(name, "unset") == DEFAULTS[name]
    assert [e.kind for e in world.log()] == ["learner", "setting", "setting"]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("desired_retention", "0.69"),
        ("desired_retention", "0.98"),
        ("desired_retention", "nan"),
        ("desired_retention", "inf"),
        ("desired_retention", "most"),
        ("desired_retention", True),
        ("desired_retention", [0.9]),
        ("rollover_hour", "24"),
        ("rollover_hour", "-1"),
        ("rollover_hour", "4.5"),
        ("rollover_hour", 4.5),
        ("rollover_hour", "９９"),
        ("zone", "Mars/Olympus"),
        ("zone", "../../etc/passwd"),
        ("zone", "/etc/localtime"),
        ("zone", "America"),
        ("zone", "x" * 1000),
        ("zone", "a\x00b"),
        ("zone", 8),
        ("new_per_day", "-1"),
        ("new_per_day", "1e3"),
        ("new_per_day", "1" * 5000),
        ("daily_minutes", "0"),
        ("daily_minutes", "1441"),
        ("daily_minutes", "half an hour"),
        ("interview_date", "2030-02-30"),
        ("interview_date", "tomorrow"),
        ("interview_date", 20300315),
        ("learning_steps", "1d"),
        ("learning_steps", "1m soon"),
        ("learning_steps", 10),
        ("learning_steps", "10m 1m"),
        ("relearning_steps", "1m " * 2000),
        ("colour", "red"),
    ],
)
def test_a_wrong_value_is_one_line_and_changes_nothing(make_world, name, typed):
    world = make_world()
    before = world.study().settings.all()
    with pytest.raises(BadValue, match=" must be ") as error:
        world.study().settings.set(name, typed)
    assert str(error.value).isprintable()
    assert world.study().settings.all() == before
    assert world.log() == []


def test_setting_the_same_again_writes_nothing(make_world):
    world = make_world()
    for _ in range(3):
        world.study().settings.set("rollover_hour", "5")
    assert len(world.log()) == 2


def test_the_latest_event_wins_and_broken_ones_are_passed_over():
    def told(at, **data):
        return Event(f"u{at}", at, 0, "me", "setting", data)

    found = study_settings.values(
        [
            told(1, key="rollover_hour", value=6),
            told(2, key="rollover_hour", value=99),
            told(3, key="desired_retention", value=0.8),
            told(4, key="from-2031", value=1),
            told(5, key=["x"], value=1),
            told(6, key="zone"),
            told(7, key="desired_retention", value=None),
        ]
    )
    assert found == {**study_settings.values([]), "rollover_hour": 6}


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 65, "\x1b[31m"])
def test_a_learners_name_is_one_short_line(make_world, name):
    with pytest.raises(BadValue, match="--learner must be"):
        make_world().study(name)


def test_reading_settings_makes_no_learner(make_world):
    world = make_world()
    world.study().settings.all()
    assert world.log() == []


def test_reviews_follow_the_steps_and_keep_them_when_they_change(world, study, right):
    study.settings.set("learning_steps", "5m 1h")
    first = right(study, study.deal("alpha#compute"))
    assert first.due_ms - world.hands.at == 3_600_000
    assert world.log()[-1].data["steps"] == [[300, 3600], [600]]
    study.settings.set("learning_steps", "off")
    world.holds()  # the first review still waits its hour, also after a replay
    second = right(study, study.deal("beta#know"))
    assert second.due_ms - world.hands.at > 3_600_000 * 12
    assert study.state("beta#know").state == "review"
    world.holds()
