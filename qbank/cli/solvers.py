"""``solvers``, ``solve`` and ``verify``: the computations without the bank (no database is opened)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qbank.cli.common import OneOf, Whole, as_json, columns, emit, safe, with_app
from qbank.domain import BadValue

if TYPE_CHECKING:
    from qbank.bootstrap import App
    from qbank.domain import Item, Question


@click.command("solvers")
@as_json
@with_app
def solvers_(app: App, json_: bool) -> None:
    """List the solvers."""
    from qbank import solving

    infos = [solving.describe(slug) for slug in solving.slugs()]
    if json_:
        emit([info.json(app.lang) for info in infos])
        return
    columns(app, [(info.slug, info.theme, info.title[app.lang]) for info in infos])


def setting(text: str) -> tuple[str, Any]:
    """``name=JSON``; a bare word is taken as a string, so ``mode=valid`` and ``p=1/3`` need no quotes."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise BadValue("--set", "look like name=JSON", text)
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        if any(mark in value for mark in '[]{}"'):
            raise BadValue(f"--set {name}", "be JSON", value) from None
        return name, value


@click.command("solve")
@click.argument("slug")
@click.option("--set", "sets", multiple=True, metavar="NAME=JSON", help="an argument; several are allowed")
@click.option("--seed", type=Whole(0), default=0, help="for solvers that draw noise (default 0)")
@click.option("--device", type=OneOf(["auto", "cpu", "cuda", "mps"]), default="auto")
@click.option("--lane", type=OneOf(["numpy", "torch"]), default=None, help="default: numpy on cpu, torch elsewhere")
@click.option("--dtype", type=OneOf(["float64", "float32"]), default=None)
@click.option("--check", is_flag=True, help="also run an oracle that needs torch")
@click.option("--plot", metavar="FILE", help="draw the figure into FILE.svg or FILE.png (needs the extra lab)")
@as_json
@with_app
def solve_(
    app: App,
    slug: str,
    sets: tuple[str, ...],
    seed: int,
    device: str,
    lane: str | None,
    dtype: str | None,
    check: bool,
    plot: str | None,
    json_: bool,
) -> int:
    """Compute SLUG step by step, prove its claims, draw its picture."""
    from qbank import solving

    given = dict(map(setting, sets))
    solution = solving.solve(slug, given, seed=seed, lane=lane, device=device, dtype=dtype, check=check)
    if plot:
        from qbank.solving.figures_image import save

        picture = solving.figure(solution)
        if picture is None:
            raise BadValue("--plot", "be left out for a solver that draws no figure", slug)
        save(picture, Path(plot), app.lang)
    if json_:
        emit(solution.json(app.lang))
    else:
        from qbank.services.demonstrate import page

        click.echo(page(solution, app.lang, app.width, color=app.color))
    return int(solution.oracle.agrees is False or not all(claim.holds for claim in solution.claims))


@click.command("verify")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@click.option("--device", type=OneOf(["auto", "cpu", "cuda", "mps"]), default="cpu")
@as_json
@with_app
def verify_(app: App, slugs: tuple[str, ...], device: str, json_: bool) -> int:
    """Run every solver against its oracle, on every lane and dtype, and check the items' precomputed keys."""
    from qbank import solving
    from qbank.services import keys

    hidden = not sys.stderr.isatty()
    with click.progressbar(length=1, label="verify", file=sys.stderr, hidden=hidden) as bar:

        def on_done(row: object, done: int, total: int) -> None:
            bar.length = total + len(items)
            bar.update(1)

        items: list[tuple[Question, Item]] = []
        rows = solving.verify(slugs or None, device=device, on_done=on_done)
        torch_only = {row.slug for row in rows} - {row.slug for row in rows if row.lane == "numpy"}
        if device in ("auto", "cpu") and torch_only:
            items = keys.keyed((app.author.bundled, app.author.own), torch_only)
        done = len(rows)
        checked = keys.check(items, lambda row, n, total: on_done(row, done + n, done))
    if json_:
        emit([row.json() for row in rows] + [row.json() for row in checked])
    else:
        columns(
            app,
            [
                (
                    "[x]" if row.ok else "[ ]",
                    row.slug,
                    row.lane,
                    row.device,
                    row.dtype,
                    "" if row.max_error is None else f"{row.max_error:.1e}",
                    safe(row.why or ""),
                )
                for row in rows
            ]
            + [
                ("[x]" if row.ok else "[ ]", row.slug, "torch", "cpu", "float64", row.keys, safe(row.why or ""))
                for row in checked
            ],
        )
    return int(not (all(row.ok for row in rows) and all(row.ok for row in checked)))
