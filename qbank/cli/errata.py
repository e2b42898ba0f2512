"""``errata``: where a source is wrong, and the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qbank.cli.common import as_json, emit, safe, with_app

if TYPE_CHECKING:
    from qbank.bootstrap import App


@click.command("errata")
@click.option("--source", metavar="D", help="only of this source document, e.g. 000")
@click.option("--prove", is_flag=True, help="run each proof; exit 1 if one fails")
@as_json
@with_app
def errata_(app: App, source: str | None, prove: bool, json_: bool) -> int:
    """List the errata, with the proof where one runs."""
    from qbank.cli.pages import erratum_page

    rows = app.errata.rows(source=source, prove=prove)
    if json_:
        emit([{**row, "why": row["why"][app.lang]} for row in rows])
    else:
        for row in rows:
            mark = {True: "[x]", False: "[!]", None: "[ ]"}[row["proven"]]
            first = f"{mark} {row['id']}  {row['question']}  ({row['origin']})"
            click.echo(safe(erratum_page(first, row, app.lang, app.width)) + "\n")
    return int(any(row["proven"] is False for row in rows))
