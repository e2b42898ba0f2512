"""``quiz`` and ``review`` in line mode: plain lines in, plain lines out, for any terminal and any screen reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from qbank.cli.bank import filters
from qbank.cli.common import Whole, with_app

if TYPE_CHECKING:
    from qbank.bootstrap import App
    from qbank.services.study import Next

PLAIN = click.option("--plain", is_flag=True, help="line mode (so far the only one)")


@click.command("quiz")
@filters
@click.option("-n", "count", type=Whole(1, 1000), default=10, help="how many (default 10)")
@PLAIN
@with_app
def quiz_(
    app: App,
    stars: int | None = None,
    topic: str | None = None,
    source: str | None = None,
    count: int = 10,
    plain: bool = True,
) -> int:
    """Ask cards in a mixed order; an answer counts as a review where its card is due or new."""
    from qbank.cli.session import Session

    chosen = {row["id"] for row in app.bank.summaries(stars=stars, topic=topic, source=source)}
    cards = app.study.mixed(chosen)[:count]

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
