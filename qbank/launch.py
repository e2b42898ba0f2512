"""From the command line to the app: the one door, and when it is open."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from qbank.domain import QbankError

if TYPE_CHECKING:
    from qbank.bootstrap import App
    from qbank.tui.app import QbankApp


def possible(plain: bool = False) -> bool:
    """Whether the app can be shown: a terminal on both ends that can move its cursor, and line mode not asked for."""
    return not plain and os.environ.get("TERM") != "dumb" and sys.stdin.isatty() and sys.stdout.isatty()


def home(context: App) -> int:
    """Open the app at its first screen."""
    return _run(context, None)


def quiz(context: App, filters: Mapping[str, Any], count: int) -> int:
    """Open the app at a quiz of at most ``count`` cards of the questions that pass the filters."""

    def cards() -> list[str]:
        chosen = {row["id"] for row in context.bank.summaries(**filters)}
        return context.study.mixed(chosen)[:count]

    return _run(context, lambda app: app.start_quiz(cards, app.abort))


def review(context: App, minutes: int | None) -> int:
    """Open the app at a review."""
    return _run(context, lambda app: app.open_review(minutes))


def _run(context: App, opening: Callable[[QbankApp], object] | None) -> int:
    gc.disable()  # until the first screen is filled: loading makes much and throws little away
    from qbank.tui.app import QbankApp

    app = QbankApp(context, opening)
    app.run()
    app.finish()
    if app.fatal is not None:
        raise QbankError(app.fatal)
    return app.return_code or 0
