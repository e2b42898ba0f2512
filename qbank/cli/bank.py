"""``list`` and ``show``: what is in the bank."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qbank.cli.common import Command, Whole, as_json, columns, emit, safe, with_app

if TYPE_CHECKING:
    from qbank.bootstrap import App


def filters(command: Command) -> Command:
    """The options that choose questions."""
    for option in (
        click.option("--source", metavar="D", help="only of this source document, e.g. 000"),
        click.option("--topic", metavar="T", help="only of this topic"),
        click.option("--stars", type=Whole(1, 3), help="only of this rating"),
    ):
        command = option(command)
    return command


@click.command("list")
@filters
@click.option("--search", metavar="TEXT", help="only those that hold TEXT (Chinese from one character)")
@as_json
@with_app
def list_(app: App, stars: int | None, topic: str | None, source: str | None, search: str | None, json_: bool) -> None:
    """List the questions."""
    rows = app.bank.summaries(stars=stars, topic=topic, source=source, search=search)
    for row in rows:
        row["title"] = row["title"][app.lang]
    if json_:
        emit(rows)
        return
    columns(
        app,
        [
            (row["id"], "*" * row["stars"], row["title"], " ".join(row["topics"]), " ".join(row["solvers"]))
            for row in rows
        ],
    )
    click.echo(app.say(f"共 {len(rows)} 题", f"{len(rows)} question{'' if len(rows) == 1 else 's'}"), err=True)


@click.command("show")
@click.argument("id_", metavar="ID")
@as_json
@with_app
def show_(app: App, id_: str, json_: bool) -> None:
    """Show one question with its answer."""
    question = app.bank.question(id_)
    if json_:
        from qbank.services.views import question_json

        emit(question_json(question))
        return
    from qbank.cli.pages import question_page

    click.echo(safe(question_page(question, app.lang, app.width)))
