"""The app in process: a small bank that does not change, a clock that stands, and no sleeping."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input
from textual.worker import WorkerCancelled

from qbank import locations
from qbank.bootstrap import App
from qbank.tui.app import QbankApp

DATA = Path(__file__).parent / "data"
START_MS = 1_893_499_200_000
"""2030-01-01 12:00 UTC."""
BOUND = 60.0
"""Seconds after which a story that waits for what never comes fails."""

Story = Callable[[Pilot], Awaitable[None]]


class Hands:
    """A clock that moves when told, and ids that count."""

    def __init__(self) -> None:
        self.at = START_MS
        self.count = 0

    def now_ms(self) -> int:
        return self.at

    def new_id(self) -> str:
        self.count += 1
        return str(uuid.UUID(int=self.count, version=4))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, the bank of ``tests/tui/data``, and the time zone of the clock."""
    for name in ("QBANK_DB", "LC_ALL", "LC_MESSAGES", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"LANG": "en_US.UTF-8", "HOME": str(tmp_path), "COLORTERM": "truecolor"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(locations, "data", lambda: DATA)
    assert "HOME" in os.environ
    return tmp_path


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def context(tmp_path: Path, hands: Hands) -> Iterator[Callable[..., App]]:
    """``context(lang="zh")``: services over one database of this test, in UTC."""
    made: list[App] = []

    def make(lang: str = "en", db: Path | None = None) -> App:
        path = db or tmp_path / "q.db"
        made.append(App(db=str(path), lang=lang, clock=hands.now_ms, ids=hands.new_id))
        if not path.exists():
            made[-1].study.settings.set("zone", "UTC")
        return made[-1]

    yield make
    for one in made:
        one.__exit__(None, None, None)


async def idle(pilot: Pilot) -> None:
    """Until no worker is at work and every message is handled."""
    for _ in range(200):
        await pilot.pause()
        busy = [worker for worker in pilot.app.workers if not worker.is_finished]
        if not busy:
            break
        for worker in busy:
            try:
                await worker.wait()
            except WorkerCancelled:
                continue
    else:
        raise AssertionError("workers never came to an end")
    for one in pilot.app.screen.query(Input):
        one.cursor_blink = False
    await pilot.pause()


@pytest.fixture
def settle() -> Story:
    """``await settle(pilot)``: until the app has nothing left to do."""
    return idle


@pytest.fixture
def until() -> Callable[[Pilot, Callable[[], object]], Awaitable[None]]:
    """``await until(pilot, condition)``: handle messages until it holds; fails after a while."""

    async def wait(pilot: Pilot, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(BOUND):
            while not condition():
                await pilot.pause()

    return wait


@pytest.fixture
def play() -> Callable[..., None]:
    """``play(app, story)``: run the app without a terminal and tell the story to it."""

    def run(app: QbankApp, story: Story, size: tuple[int, int] = (80, 24)) -> None:
        async def main() -> None:
            async with asyncio.timeout(BOUND), app.run_test(size=size, notifications=True) as pilot:
                await idle(pilot)
                await story(pilot)

        asyncio.run(main())
        app.finish()

    return run


@pytest.fixture
def at_home(context: Callable[..., App]) -> Callable[..., QbankApp]:
    """``at_home("zh")``: an app that stays at home, also at its first run."""

    def make(lang: str = "en", opening: Callable[[QbankApp], object] = lambda app: None) -> QbankApp:
        return QbankApp(context(lang), opening)

    return make


@pytest.fixture
def seen() -> Callable[[Pilot], str]:
    """``seen(pilot)``: the screen as lines of text."""

    def read(pilot: Pilot) -> str:
        strips = pilot.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    return read
