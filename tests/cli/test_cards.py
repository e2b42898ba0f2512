"""``card``: the marks on the command line."""

from __future__ import annotations

import pytest

CARD = "kl-divergence#recall"
KEYS = {"card", "state", "due", "stability", "difficulty", "reps", "lapses", "suspended", "buried", "leech"}


def test_show_a_new_card(qbank) -> None:
    shown = qbank("card", "show", CARD, "--json").json
    assert set(shown) == KEYS
    assert (shown["card"], shown["state"], shown["due"], shown["reps"]) == (CARD, "new", None, 0)
    assert "suspended" in qbank("card", "show", CARD).out


@pytest.mark.parametrize(
    ("act", "key", "undo"), [("suspend", "suspended", "resume"), ("bury", "buried", None), ("unleech", "leech", None)]
)
def test_marks(qbank, act: str, key: str, undo: str | None) -> None:
    marked = qbank("card", act, CARD, "--json").json
    assert set(marked) == KEYS | {"event"}
    assert marked[key] is (act != "unleech")
    if undo is not None:
        assert qbank("card", undo, CARD, "--json").json[key] is False
        assert qbank("undo", "--json").code == 0
    assert qbank("undo", "--json").json["undone"] == marked["event"]
    assert qbank("card", "show", CARD, "--json").json[key] is False


def test_reschedule_and_reset(qbank) -> None:
    card = qbank("next", "--json").json
    qbank("answer", card["deal"], "--points", "none", "--json")
    name = card["card"]
    assert qbank("config", "set", "zone", "UTC").code == 0
    moved = qbank("card", "reschedule", name, "--due", "2031-05-06", "--json").json
    assert moved["due"] == "2031-05-06T04:00:00Z"
    assert qbank("card", "reset", name, "--json").json["state"] == "new"
    assert qbank("undo").code == 0
    assert qbank("card", "show", name, "--json").json["due"] == "2031-05-06T04:00:00Z"


@pytest.mark.parametrize(
    "argv",
    [
        ("show", "no-such#card"), ("suspend", "kl-divergence"), ("reschedule", CARD, "--due", "soon"),
        ("reschedule", CARD, "--due", "2031-05-06"), ("reschedule", CARD), ("leech", CARD), (), ("bury",),
    ],
)  # fmt: skip
def test_wrong_words_are_one_line(qbank, argv: tuple[str, ...]) -> None:
    ran = qbank("card", *argv)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert len(ran.err.splitlines()) == 1
