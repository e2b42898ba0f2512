"""The home screen: numbers, ways on, language at any moment."""

from __future__ import annotations


def test_painted_before_the_store_is_open_and_filled_after(at_home, play, seen) -> None:
    app = at_home("en")

    async def story(pilot) -> None:
        assert "nothing due" in seen(pilot)
        print(seen(pilot))

    play(app, story)
