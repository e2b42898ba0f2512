"""How the shell's screens look, at both sizes and in both languages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from qbank.services.progress import Overview

SIZES = {"80x24": (80, 24), "120x36": (120, 36)}
Walk = Callable[..., Awaitable[None]]


async def stay(pilot, settle) -> None:
    await settle(pilot)


def pressing(*keys: str) -> Walk:
    """To a screen: one key at a time, waiting for what it starts."""

    async def walk(pilot, settle) -> None:
        await settle(pilot)
        for key in keys:
            await pilot.press(key)
            await settle(pilot)

    return walk


def opening(name: str, *given: object) -> Walk:
    """To a screen by the app's own way."""

    async def walk(pilot, settle) -> None:
        await settle(pilot)
        getattr(pilot.app, f"open_{name}")(*given)
        await settle(pilot)

    return walk


async def busy(pilot, settle) -> None:
    """Home of somebody in the midst of it."""
    await settle(pilot)
    pilot.app.screen.fill(Overview(True, 12, 8.6, 31, 6, 5.2, 4, 8, 5.4, 20, 23))
    await settle(pilot)


SCREENS: dict[str, Walk] = {
    "home": stay,
    "home-busy": busy,
    "home-light": pressing("f3"),
    "browse": opening("browse"),
    "browse-search": pressing("b", "slash", "s", "o", "f", "t"),
    "browse-filter": pressing("b", "f"),
    "browse-nothing": pressing("b", "slash", "q", "q"),
    "question": opening("question", "kl-divergence"),
    "question-end": pressing("b", "enter", "end"),
    "question-light": pressing("f3", "b", "enter"),
    "errata": pressing("b", "enter", "x"),
    "settings": opening("settings"),
    "settings-first": opening("settings", True),
    "settings-wrong": pressing("g", "tab", "tab", "x", "tab", "2", "enter"),
    "help": pressing("question_mark"),
    "palette": pressing("ctrl+p"),
    "palette-search": pressing("ctrl+p", "k", "l"),
}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", SCREENS)
def test_looks(screen: str, size: str, lang: str, at_home, settle, snap_compare) -> None:
    async def walk(pilot) -> None:
        await SCREENS[screen](pilot, settle)

    assert snap_compare(at_home(lang), terminal_size=SIZES[size], run_before=walk)
