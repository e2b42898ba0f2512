"""``deal`` and ``grade``: one item with one seed's numbers; nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from qbank.cli.common import Whole, as_json, emit, safe, with_app
from qbank.domain import BadValue

if TYPE_CHECKING:
    from qbank.bootstrap import App

SEED = click.option("--seed", type=Whole(0), help="which numbers (default: the item's first seed)")

ANSWER = "an option's id or number (several by comma), pairs l=r, gap=text, a number or expression, a list as JSON"


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
@click.argument("id_", metavar="ID", required=False)
@click.argument("item", required=False)
@SEED
@click.option("--answer", metavar="TEXT", help=ANSWER)
@click.option("--case", "case", metavar="FILE", help="replay a challenged verdict instead; exit 1 if it is another now")
@as_json
@with_app
def grade_(
    app: App, id_: str | None, item: str | None, seed: int | None, answer: str | None, case: str | None, json_: bool
) -> int:
    """Grade an answer to an item; stores nothing."""
    from qbank.cli.pages import verdict_page
    from qbank.services.views import verdict_json

    if case is not None:
        if id_ is not None or answer is not None or seed is not None:
            raise BadValue("--case", "stand alone", id_ or "more")
        return _replay(app, case, json_)
    for name, value in (("ID", id_), ("ITEM", item), ("--answer", answer)):
        if value is None:
            raise BadValue(name, "be given", "nothing")
    dealt = app.bank.deal(id_ or "", item or "", seed)
    verdict = app.bank.grade(dealt, answer or "")
    if json_:
        emit(verdict_json(verdict, app.lang))
    else:
        click.echo(safe(verdict_page(verdict, dealt, app.lang, app.width, answer or "")))
    return 0


def _replay(app: App, file: str, json_: bool) -> int:
    """Grade a saved case again, by what it froze; no database is opened."""
    from pathlib import Path

    from qbank.cli.pages import dealt_page, verdict_page
    from qbank.services import cases
    from qbank.services.views import verdict_json

    found = cases.replay(cases.read(Path(file)))
    dealt, then = found.case.dealt, found.case.verdict
    if json_:
        about = {"question": dealt.question, "item": dealt.item, "rev": dealt.rev, "seed": dealt.seed}
        replayed = {**about, "answer": found.case.answer, "same": found.same, "then": dict(then)}
        emit({**verdict_json(found.verdict, app.lang), "case": replayed})
    else:
        click.echo(safe(f"{dealt.question} {dealt.item}, rev {dealt.rev}, seed {dealt.seed}\n"))
        click.echo(safe(dealt_page(dealt, app.lang, app.width)))
        click.echo(safe(f"\n> {found.case.answer}"))
        click.echo(safe(verdict_page(found.verdict, dealt, app.lang, app.width, found.case.answer or "")))
        click.echo(
            app.say("判定与当时相同。", "The verdict is the recorded one.") if found.same else _changed(app, then)
        )
    return int(not found.same)


def _changed(app: App, then: Mapping[str, Any]) -> str:
    was = ", ".join(f"{name} {then[name]}" for name in ("valid", "correct", "credit", "mistake"))
    return safe(app.say(f"判定变了；当时是 {was}。", f"The verdict changed; it was: {was}."))
