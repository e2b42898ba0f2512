"""``next``, ``answer`` and ``undo``: study, one step at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qbank.cli.common import OneOf, Whole, as_json, emit, safe, with_app
from qbank.domain import RATINGS

if TYPE_CHECKING:
    from qbank.bootstrap import App


@click.command("next")
@click.option("--minutes", type=Whole(1, 24 * 60), help="the day's budget")
@as_json
@with_app
def next_(app: App, minutes: int | None, json_: bool) -> None:
    """Deal what is due, then what is new; an open deal is repeated."""
    from qbank.services.views import next_json

    task = app.study.next(minutes)
    if json_:
        emit(None if task is None else next_json(task, app.lang))
        return
    if task is None:
        click.echo(app.say("现在没有到期的题。", "Nothing is due."))
        return
    from qbank.cli.pages import dealt_page

    click.echo(f"{task.deal}  {task.card}  ({task.reason})\n")
    click.echo(safe(dealt_page(task.dealt, app.lang, app.width)))
    example = "--points ID,…" if task.kind == "recall" else "--answer …"
    click.echo(f"\nqbank answer {task.deal} {example}", err=True)


@click.command("answer")
@click.argument("deal")
@click.option("--answer", metavar="TEXT", help="an option's id or number, a number, a shape")
@click.option("--points", metavar="IDS", help="recall: the points that were touched, by comma; 'none'")
@click.option("--rating", type=OneOf(RATINGS), help="overrides the rating that follows from the answer")
@click.option("--hinted", is_flag=True, help="a hint was shown: right counts as hard")
@as_json
@with_app
def answer_(
    app: App, deal: str, answer: str | None, points: str | None, rating: str | None, hinted: bool, json_: bool
) -> None:
    """Answer a deal; it is on disk before it is printed. The same deal again gives the same event."""
    from qbank.services.views import answered_json

    ids = None if points is None else [p for p in (word.strip() for word in points.split(",")) if p and p != "none"]
    answered = app.study.answer(deal, answer=answer, points=ids, rating=rating, hinted=hinted)
    if json_:
        emit(answered_json(answered, app.lang))
        return
    from qbank.cli.pages import verdict_page

    click.echo(safe(verdict_page(answered.verdict, answered.dealt, app.lang, app.width)))
    if answered.rating is not None:
        from qbank.services.wording import interval

        gap = interval(answered.intervals[answered.rating], app.lang)
        click.echo(app.say(f"评为 {answered.rating}，{gap}后再来", f"rated {answered.rating}, back in {gap}"))
    if answered.leech:
        from qbank.services.wording import leech

        click.echo(safe(" ".join(leech(answered.card, app.lang))), err=True)


@click.command("undo")
@as_json
@with_app
def undo_(app: App, json_: bool) -> int:
    """Take back the last answer; exit 1 when there is nothing to take back."""
    undone = app.study.undo()
    if json_:
        emit(None if undone is None else {"undone": undone.event, "card": undone.card})
    elif undone is None:
        click.echo(app.say("没有可撤销的。", "Nothing to undo."), err=True)
    else:
        click.echo(
            safe(app.say(f"已撤销 {undone.card} 的上一次作答。", f"Took back the last answer to {undone.card}."))
        )
    return int(undone is None)
