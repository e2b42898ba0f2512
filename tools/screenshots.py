"""The README's pictures, made by the app itself: ``python tools/screenshots.py`` writes docs/screens/*.svg.

The real bank, a database of its own, a clock that stands: two runs differ in the milliseconds of a proof only.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input
from textual.worker import WorkerCancelled

from qbank.bootstrap import App
from qbank.tui.app import QbankApp

FOLDER = Path(__file__).parents[1] / "docs" / "screens"
START_MS = 1_893_499_200_000
SIZE = (96, 30)


async def idle(pilot: Pilot[int | None]) -> None:
    """Until no worker is at work and every message is handled."""
    await pilot.pause()
    while busy := [worker for worker in pilot.app.workers if not worker.is_finished]:
        for worker in busy:
            try:
                await worker.wait()
            except WorkerCancelled:
                continue
        await pilot.pause()
    for field in pilot.app.screen.query(Input):
        field.cursor_blink = False
    await pilot.pause()


def keys(*names: str) -> Callable[[Pilot[int | None]], Awaitable[None]]:
    async def press(pilot: Pilot[int | None]) -> None:
        for name in names:
            await pilot.press(name)
            await idle(pilot)

    return press


PICTURES = {
    "warmup-en": ("en", True, keys()),
    "proof-zh": ("zh", True, keys("1")),
    "home-en": ("en", False, keys()),
    "browse-zh": ("zh", False, keys("b")),
    "question-en": ("en", False, keys("b", "enter")),
}
"""File -> language, whether it is the first run, and what is typed."""


def take(name: str, lang: str, first: bool, story: Callable[[Pilot[int | None]], Awaitable[None]]) -> None:
    count = iter(range(1, 100_000))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        context = App(
            db=f"{folder}/q.db",
            lang=lang,
            clock=lambda: START_MS,
            ids=lambda: str(uuid.UUID(int=next(count), version=4)),
        )
        with context:
            context.study.settings.set("zone", "UTC")
            app = QbankApp(context, None if first else (lambda app: None))

            async def main() -> None:
                async with app.run_test(size=SIZE) as pilot:
                    await idle(pilot)
                    await story(pilot)
                    (FOLDER / f"{name}.svg").write_text(app.export_screenshot(title="qbank"), encoding="utf-8")

            asyncio.run(main())
            app.finish()


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (lang, first, story) in PICTURES.items():
        take(name, lang, first, story)
    return 0


if __name__ == "__main__":
    sys.exit(main())
