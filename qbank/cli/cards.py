"""``card``: look at a card, pause it, wake it, move it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from qbank.cli.common import Command, Words, as_json, columns, emit, safe, with_app
from qbank.domain import BadValue

if TYPE_CHECKING:
    from qbank.bootstrap import App

CARD = click.argument("card", metavar="CARD")
ACTS = {
    "suspend": "Pause CARD (such as kl-divergence#recall) until it is resumed.",
    "resume": "Wake a suspended CARD.",
    "bury": "Put CARD aside until tomorrow.",
    "reset": "Make CARD new again; its history stays in the log.",
    "unleech": "Take the leech's tag off CARD and wake it.",
}


@click.group("card", cls=Words)
def card_() -> None:
    """Look at one card of yours, pause it, wake it, move it; 'qbank undo' takes it back."""


@card_.command("show")
@CARD
@as_json
@with_app
def show(app: App, card: str, json_: bool) -> None:
    """Show where CARD stands."""
    _tell(app, card, json_)


def _act(kind: str, says: str) -> Command:
    @card_.command(kind, help=says)
    @CARD
    @as_json
    @with_app
    def act(app: App, card: str, json_: bool) -> None:
        _tell(app, card, json_, app.study.mark(kind, card))

    return act


for _kind, _says in ACTS.items():
    _act(_kind, _says)


@card_.command("reschedule")
@CARD
@click.option("--due", "due", required=True, metavar="DATE", help="the study day, such as 2027-03-15")
@as_json
@with_app
def reschedule(app: App, card: str, due: str, json_: bool) -> None:
    """Make a CARD that was reviewed before due on another day."""
    try:
        day = date.fromisoformat(due)
    except ValueError:
        raise BadValue("--due", "be a date such as 2027-03-15", due) from None
    _tell(app, card, json_, app.study.mark("reschedule", card, due_on=day))


def _tell(app: App, card: str, json_: bool, event: str | None = None) -> None:
    from qbank.services.views import state_json

    view = state_json(app.study.state(card))
    if json_:
        emit(view if event is None else {"event": event, **view})
        return
    columns(app, [(name, safe("" if value is None else str(value))) for name, value in view.items()])
