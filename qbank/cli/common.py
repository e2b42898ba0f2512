"""What every command shares: the global options, strict JSON, one-line errors, argument types."""

from __future__ import annotations

import functools
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from qbank.domain import BadValue

if TYPE_CHECKING:
    from qbank.bootstrap import App

Command = Callable[..., Any]


class Whole(click.ParamType[int]):
    """A whole number between two bounds."""

    name = "n"

    def __init__(self, low: int | None = None, high: int | None = None) -> None:
        self.low, self.high = low, high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        rule = "be a whole number"
        if self.low is not None:
            rule += f" from {self.low}" + ("" if self.high is None else f" to {self.high}")
        try:
            number = int(str(value), 10)
        except ValueError:
            raise BadValue(label(param), rule, value) from None
        if (self.low is not None and number < self.low) or (self.high is not None and number > self.high):
            raise BadValue(label(param), rule, value)
        return number


class OneOf(click.Choice[str]):
    """One of a few words."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            raise BadValue(label(param), "be one of " + ", ".join(self.choices), value)
        return str(value)


class Words(click.Group):
    """A group whose unknown or missing command is one clear line."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], known, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise BadValue("command", f"be one that '{ctx.command_path} --help' lists{hint}", args[0])
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not self.invoke_without_command:
            raise BadValue("command", "be given: " + ", ".join(self.list_commands(ctx)), "")
        return super().parse_args(ctx, args)


def label(param: click.Parameter | None) -> str:
    """How a reader knows the parameter: ``--seed``, or ``ID``."""
    if param is None:
        return "argument"
    longest: str = max(param.opts, key=len)
    return longest if longest.startswith("-") else longest.rstrip("_").upper()


def shared(command: Command) -> Command:
    """The global options; they work before and after the command's name, the later one wins."""

    @click.option("--db", metavar="PATH", help="the database (else $QBANK_DB, else the data directory)")
    @click.option("--lang", type=OneOf(["zh", "en"]), help="the language of texts (else the config, else the locale)")
    @click.option("--learner", metavar="NAME", help="whose cards (default: me)")
    @click.option("--content", metavar="DIR", help="a folder of your own questions")
    @click.pass_context
    @functools.wraps(command)
    def wrapped(
        ctx: click.Context,
        /,
        *args: Any,
        db: str | None,
        lang: str | None,
        learner: str | None,
        content: str | None,
        **kwargs: Any,
    ) -> Any:
        given = {"db": db, "lang": lang, "learner": learner, "content": content}
        ctx.obj = {**(ctx.obj or {}), **{name: value for name, value in given.items() if value is not None}}
        return ctx.invoke(command, *args, **kwargs)

    return wrapped


def as_json(command: Command) -> Command:
    """The ``--json`` flag."""
    return click.option("--json", "json_", is_flag=True, help="one JSON document on stdout")(command)


def with_app(command: Command) -> Command:
    """Global options, and the wired application as the first argument."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        from qbank.bootstrap import App

        chosen: Mapping[str, Any] = click.get_current_context().obj or {}
        with App(**chosen) as app:
            try:
                return command(app, *args, **kwargs)
            finally:
                for problem in app.warnings:
                    click.echo(safe(problem), err=True)

    return shared(wrapped)


def strict(value: Any) -> Any:
    """Plain JSON values: infinities and NaN become the strings ``inf``, ``-inf`` and ``nan``."""
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if isinstance(value, Mapping):
        return {str(key): strict(entry) for key, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [strict(entry) for entry in value]
    return value


def emit(value: Any) -> None:
    """Print one strict JSON document."""
    indent = 2 if sys.stdout.isatty() else None
    ascii_only = not (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    click.echo(json.dumps(strict(value), ensure_ascii=ascii_only, allow_nan=False, indent=indent))


def safe(text: str) -> str:
    """Text from anywhere, without control characters that could steer a terminal."""
    return "".join(ch if ch.isprintable() or ch == "\n" else " " for ch in text)


def columns(app: App, rows: Sequence[Sequence[str]]) -> None:
    """Print rows in aligned columns, by display width."""
    from qbank.mathtext import width

    if not rows:
        return
    count = max(len(row) for row in rows)
    wide = [max((width(row[i]) for row in rows if i < len(row)), default=0) for i in range(count)]
    for row in rows:
        cells = [cell + " " * (wide[i] - width(cell)) for i, cell in enumerate(row)]
        click.echo(safe("  ".join(cells).rstrip()))
