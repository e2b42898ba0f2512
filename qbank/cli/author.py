"""``lint`` and ``new``: for whoever edits a question file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qbank.cli.common import as_json, emit, safe, with_app

if TYPE_CHECKING:
    from qbank.bootstrap import App


@click.command("lint")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@as_json
@with_app
def lint_(app: App, paths: tuple[str, ...], json_: bool) -> int:
    """Check question files (default: the bundled bank and your own folder); exit 1 if anything is found."""
    problems = app.author.lint([Path(path) for path in paths])
    if json_:
        emit([{"file": p.file, "line": p.line, "rule": p.rule, "message": p.message} for p in problems])
    else:
        for p in problems:
            click.echo(safe(f"{p.file}:{p.line}: {p.rule}: {p.message}"))
        count = len(problems)
        english = f"{count} problem{'' if count == 1 else 's'} found" if count else "no problems"
        click.echo(app.say(f"发现 {count} 处问题" if count else "没有问题", english), err=True)
    return int(bool(problems))


@click.command("new")
@click.argument("id_", metavar="ID")
@as_json
@with_app
def new_(app: App, id_: str, json_: bool) -> None:
    """Scaffold a question of your own; 'qbank lint' then explains what is missing."""
    path = app.author.new(id_)
    if json_:
        emit({"id": id_, "file": str(path)})
    else:
        click.echo(safe(str(path)))
