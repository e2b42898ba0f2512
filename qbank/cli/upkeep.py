"""``backup``, ``restore`` and ``doctor``: the database file itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qbank.cli.common import as_json, emit, safe, with_app

if TYPE_CHECKING:
    from qbank.bootstrap import App


@click.command("backup")
@click.argument("file", required=False)
@as_json
@with_app
def backup_(app: App, file: str | None, json_: bool) -> None:
    """Copy the database to FILE (default: the folder of backups beside it), also while it is in use."""
    made = app.backups.make(None if file is None else Path(file).expanduser())
    if json_:
        emit({"file": str(made.file), "bytes": made.bytes, "events": made.events})
    else:
        click.echo(safe(app.say(f"{made.file}（{made.events} 个事件）", f"{made.file} ({made.events} events)")))


@click.command("restore")
@click.argument("file")
@as_json
@with_app
def restore_(app: App, file: str, json_: bool) -> None:
    """Put a backup in the place of the database; what is there now is backed up first."""
    done = app.backups.restore(Path(file).expanduser())
    events = done.rows["event"]
    if json_:
        replaced = None if done.replaced is None else str(done.replaced)
        emit({"file": str(done.file), "restored": done.rows, "events": events, "replaced": replaced})
        return
    click.echo(app.say(f"已恢复 {events} 个事件", f"{events} events restored"))
    if done.replaced is not None:
        click.echo(safe(app.say(f"原来的数据库存为 {done.replaced}", f"what was there is now {done.replaced}")))


@click.command("doctor")
@click.option("--mend", is_flag=True, help="mend what is found; backs up first")
@as_json
@with_app
def doctor_(app: App, mend: bool, json_: bool) -> int:
    """Check the database: pages, schema, log, orphans, cached states against the log, search, questions, clock.

    Exit 1 if something is wrong (and was not mended).
    """
    report = app.doctor.mend() if mend else app.doctor.examine()
    if json_:
        emit(report.json())
        return int(not report.ok)
    for check in report.checks:
        mark = "[!]" if check.warning and check.found else "[x]" if check.ok else "[ ]"
        note = app.say("（已修复）", " (mended)") if check.mended else ""
        click.echo(f"{mark} {check.name}{note}")
        for line in check.json()["found"]:
            click.echo(safe(f"      {line}"))
    if report.backup is not None:
        click.echo(safe(app.say(f"修复前的备份：{report.backup}", f"backup from before: {report.backup}")))
    return int(not report.ok)
