from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbank.scheduling import Days, zone_offset

ZONES = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe"]


def ms(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


def test_the_day_turns_at_the_rollover_hour():
    days = Days(lambda at: 0, 4)
    assert days.day(ms(1970, 1, 2, 3, 59, 59)) == 0
    assert days.day(ms(1970, 1, 2, 4)) == 1
    assert days.start(1) == ms(1970, 1, 2, 4)


def test_the_day_is_the_learners_not_utcs():
    shanghai = Days(zone_offset("Asia/Shanghai"), 4)
    assert shanghai.day(ms(2026, 1, 1, 19, 59)) + 1 == shanghai.day(ms(2026, 1, 1, 20))
    assert shanghai.start(shanghai.day(ms(2026, 1, 1, 20))) == ms(2026, 1, 1, 20)


@pytest.mark.parametrize(
    ("start", "hours"),
    [((2026, 3, 28), 23), ((2026, 10, 24), 25), ((2026, 6, 1), 24)],
    ids=["spring", "autumn", "summer"],
)
def test_a_day_is_as_long_as_the_clocks_make_it(start, hours):
    berlin = Days(zone_offset("Europe/Berlin"), 4)
    day = berlin.day(ms(*start, 12))
    assert berlin.start(day + 1) - berlin.start(day) == hours * 3_600_000


@given(st.sampled_from(ZONES), st.integers(0, 23), st.integers(10_000, 25_000))
def test_a_day_starts_at_its_first_moment(zone, hour, day):
    days = Days(zone_offset(zone), hour)
    start = days.start(day)
    assert days.day(start) == day
    assert days.day(start - 1) == day - 1


@given(st.sampled_from(ZONES), st.integers(0, 23), st.integers(0, 2_000_000_000_000), st.integers(0, 200_000_000))
def test_days_never_run_backwards_by_more_than_the_clocks(zone, hour, at, later):
    days = Days(zone_offset(zone), hour)
    assert days.day(at + later) >= days.day(at)


def test_the_machines_own_zone_is_used_where_none_is_set(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert zone_offset(None)(ms(2026, 1, 1)) == 540
    finally:
        monkeypatch.undo()
        time.tzset()
