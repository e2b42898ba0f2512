"""``export log`` and ``import log``: the events of a learner, one JSON object a line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qbank.cli.common import Words, as_json, emit, with_app

if TYPE_CHECKING:
    from qbank.bootstrap import App


@click.group("export", cls=Words)
def export_() -> None:
    """Write data out."""


@click.group("import", cls=Words)
def import_() -> None:
    """Read data in."""


@export_.command("log")
@click.argument("file")
@as_json
@with_app
def export_log(app: App, file: str, json_: bool) -> None:
    """Write every event to FILE ('-': stdout), one a line."""
    counts = app.logs.export(None if file == "-" else Path(file))
    if json_ and file != "-":
        emit(counts)
    elif file != "-":
        click.echo(app.say(f"写出 {counts['written']} 个事件", f"{counts['written']} events written"), err=True)


@import_.command("log")
@click.argument("file")
@click.option("--as", "as_name", metavar="NAME", help="join the log's learner to the learner NAME")
@as_json
@with_app
def import_log(app: App, file: str, as_name: str | None, json_: bool) -> int:
    """Merge the events of FILE ('-': stdin); importing twice changes nothing. Exit 1 if lines were refused."""
    counts = app.logs.load(None if file == "-" else Path(file), as_name=as_name)
    if json_:
        emit(counts)
    else:
        read, new, known, bad = counts["read"], counts["new"], counts["known"], len(counts["refused"])
        chinese = f"读入 {read}，新增 {new}，已有 {known}，拒绝 {bad}"
        click.echo(app.say(chinese, f"{read} read, {new} new, {known} known, {bad} refused"))
        for refused in counts["refused"]:
            click.echo(f"{file}:{refused['line']}: {refused['why']}", err=True)
    return int(bool(counts["refused"]))
