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
    rows = app.errata.rows(source=source, prove=prove)
    if json_:
        emit([{**row, "why": row["why"][app.lang]} for row in rows])
    else:
        for row in rows:
            click.echo(safe(_page(row, app.lang)) + "\n")
    return int(any(row["proven"] is False for row in rows))


def _page(row: dict, lang: str) -> str:  # type: ignore[type-arg]
    zh = lang == "zh"
    mark = {True: "[x]", False: "[!]", None: "[ ]"}[row["proven"]]
    lines = [
        f"{mark} {row['id']}  {row['question']}  ({row['origin']})",
        ("    原文  " if zh else "    printed  ") + row["printed"],
        ("    应为  " if zh else "    right    ") + row["right"],
        ("    理由  " if zh else "    why      ") + row["why"][lang],
        ("    出处  " if zh else "    source   ") + row["reference"],
    ]
    if row["evidence"]:
        lines.append(("    证据  " if zh else "    proof    ") + row["evidence"])
    return "\n".join(lines)
