"""``config get`` and ``config set``: the language in the config file, study settings in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qbank.cli.common import Words, as_json, columns, emit, safe, with_app

if TYPE_CHECKING:
    from qbank.bootstrap import App


@click.group("config", cls=Words)
def config_() -> None:
    """Read and write settings."""


@config_.command("get")
@click.argument("key", required=False)
@as_json
@with_app
def get(app: App, key: str | None, json_: bool) -> None:
    """Print one setting, or all of them."""
    value = app.config.get(key) if key else app.config.all()
    if json_:
        emit(value)
    elif isinstance(value, dict):
        columns(app, [(name, "" if entry is None else str(entry)) for name, entry in value.items()])
    else:
        click.echo(safe("" if value is None else str(value)))


@config_.command("set")
@click.argument("key")
@click.argument("value")
@as_json
@with_app
def set_(app: App, key: str, value: str, json_: bool) -> None:
    """Change one setting."""
    now = app.config.set(key, value)
    if json_:
        emit(now)
    else:
        click.echo(safe(f"{key} = {now}"))
