"""``quiz`` and ``review``: in the app, or in line mode (plain lines in and out) for any terminal and screen reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from qbank import launch
from qbank.cli.bank import filters
from qbank.cli.common import Whole, with_app

if TYPE_CHECKING:
    from qbank.bootstrap import App
    from qbank.services.study import Next

PLAIN = click.option("--plain", is_flag=True, help="line mode, without the app")


def in_app(plain: bool) -> bool:
    """Whether to open the app: ``--plain`` was given neither before the command nor after it, and it can be shown."""
    before = click.get_current_context().find_root().params.get("plain")
    return launch.possible(plain or bool(before))


@click.command("home")
@with_app
def home_(app: App) -> int:
    """What ``qbank`` without a command does: the app, or in line mode a quiz."""
    return launch.home(app) if in_app(False) else _quiz(app, {}, 10)


@click.command("quiz")
@filters
@click.option("-n", "count", type=Whole(1, 1000), default=10, help="how many (default 10)")
@PLAIN
@with_app
def quiz_(app: App, stars: int | None, topic: str | None, source: str | None, count: int, plain: bool) -> int:
    """Ask cards in a mixed order; an answer counts as a review where its card is due or new."""
    chosen = {"stars": stars, "topic": topic, "source": source}
    return launch.quiz(app, chosen, count) if in_app(plain) else _quiz(app, chosen, count)


def _quiz(app: App, chosen: Mapping[str, Any], count: int) -> int:
    from qbank.cli.session import Session

    cards = app.study.mixed({row["id"] for row in app.bank.summaries(**chosen)})[:count]

    def tasks() -> Iterator[Next]:
        for card in cards:
            yield app.study.deal(card)

    return Session(app, tasks(), total=len(cards)).run()


@click.command("review")
@click.option("--minutes", type=Whole(1, 24 * 60), help="stop dealing after so many minutes")
@PLAIN
@with_app
def review_(app: App, minutes: int | None, plain: bool) -> int:
    """Ask what is due, then what is new."""
    if in_app(plain):
        return launch.review(app, minutes)
    from qbank.bootstrap import now_ms
    from qbank.cli.session import Session

    start = now_ms()

    def tasks() -> Iterator[Next]:
        while minutes is None or now_ms() - start < minutes * 60_000:
            task = app.study.next(minutes)
            if task is None:
                return
            yield task

    return Session(app, tasks()).run()
