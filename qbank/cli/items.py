"""``deal`` and ``grade``: one item with one seed's numbers; nothing is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qbank.cli.common import Whole, as_json, emit, safe, with_app

if TYPE_CHECKING:
    from qbank.bootstrap import App

SEED = click.option("--seed", type=Whole(0), help="which numbers (default: the item's first seed)")


@click.command("deal")
@click.argument("id_", metavar="ID")
@click.argument("item")
@SEED
@as_json
@with_app
def deal_(app: App, id_: str, item: str, seed: int | None, json_: bool) -> None:
    """Deal an item, without its key."""
    from qbank.services.views import dealt_json

    dealt = app.bank.deal(id_, item, seed)
    if json_:
        emit({"deal": f"{id_}/{item}/{dealt.seed}", **dealt_json(dealt, app.lang)})
        return
    from qbank.cli.pages import dealt_page

    click.echo(safe(dealt_page(dealt, app.lang, app.width)))


@click.command("grade")
@click.argument("id_", metavar="ID")
@click.argument("item")
@SEED
@click.option("--answer", required=True, metavar="TEXT", help="an option's id or number, a number, a shape as JSON")
@as_json
@with_app
def grade_(app: App, id_: str, item: str, seed: int | None, answer: str, json_: bool) -> None:
    """Grade an answer to an item; stores nothing."""
    from qbank.services.views import verdict_json

    dealt = app.bank.deal(id_, item, seed)
    verdict = app.bank.grade(dealt, answer)
    if json_:
        emit(verdict_json(verdict, app.lang))
        return
    from qbank.cli.pages import verdict_page

    click.echo(safe(verdict_page(verdict, dealt, app.lang, app.width)))
