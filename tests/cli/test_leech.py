"""A leech and a clock that went back are told on the command line."""

from __future__ import annotations

import pytest

from qbank import bootstrap

DAY = 86_400_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The command line's clock, set by hand."""
    now = [1_800_000_000_000]
    monkeypatch.setitem(bootstrap.App.__init__.__kwdefaults__, "clock", lambda: now[0])
    return now


@pytest.fixture
def known(qbank, clock) -> str:
    """A card that was learned and is due again; one lapse makes a leech."""
    card = qbank("next", "--json").json
    qbank("config", "set", "leech_lapses", "1")
    assert qbank("answer", card["deal"], "--rating", "easy", "--json").json["leech"] is False
    clock[0] += 30 * DAY
    return card["card"]


def test_a_leech_is_told_and_waits_for_unleech(qbank, known) -> None:
    again = qbank("next", "--json").json
    assert again["card"] == known
    told = qbank("answer", again["deal"], "--rating", "again")
    assert f"qbank card unleech '{known}'" in told.err
    assert qbank("card", "show", known, "--json").json["suspended"] is True
    assert qbank("next", "--json").json["card"] != known
    woken = qbank("card", "unleech", known, "--json").json
    assert (woken["suspended"], woken["leech"]) == (False, False)


def test_a_leech_is_told_in_line_mode(qbank, known, monkeypatch) -> None:
    typed = iter(["", "0", "", "q"])
    monkeypatch.setattr("builtins.input", lambda prompt="": next(typed, "q"))
    page = qbank("review", "--plain")
    assert f"qbank card unleech '{known}'" in page.out


def test_a_clock_that_went_back_is_one_line_on_stderr(qbank, clock, known) -> None:
    clock[0] -= 60 * DAY
    ran = qbank("next", "--json")
    assert ran.code == 0
    assert "the clock went back 43200 min" in ran.err
    assert len(ran.err.splitlines()) == 1
