"""The command group and the one place where errors become a line on stderr and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from qbank.cli.common import OneOf, Words, label, shared
from qbank.domain import QbankError

COMMANDS = {
    "quiz": "quiz", "review": "quiz",
    "list": "bank", "show": "bank",
    "deal": "items", "grade": "items",
    "next": "study", "answer": "study", "undo": "study", "card": "cards",
    "stats": "insight", "fit": "insight",
    "solvers": "solvers", "solve": "solvers", "verify": "solvers",
    "errata": "errata", "lint": "author", "new": "author",
    "config": "config", "export": "logs", "import": "logs",
    "backup": "upkeep", "restore": "upkeep", "doctor": "upkeep", "completion": "completion",
}  # fmt: skip
"""Command -> module of qbank.cli that defines it. A module is imported when its command is asked for."""


class Lazy(Words):
    """A group whose commands are imported when used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"qbank.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_")
        return command


@click.group(
    cls=Lazy,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="qbank", prog_name="qbank")
@click.option("--plain", is_flag=True, help="line mode, without the app")
@shared
def group(plain: bool) -> Any:
    """The deep-learning interview bank in which every answer runs.

    Without a command: the app, or a quiz in line mode where there is no terminal for it.
    """
    ctx = click.get_current_context().find_root()
    if ctx.invoked_subcommand is None:
        command = importlib.import_module("qbank.cli.quiz").home_
        return ctx.invoke(command)
    return None


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 the answer is no, 2 bad usage or bad input."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = group.main(None if argv is None else list(argv), prog_name="qbank", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (click.exceptions.Abort, KeyboardInterrupt):
        return 130
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        return _complain(_usage(error))
    except (click.ClickException, QbankError) as error:
        return _complain(error.format_message() if isinstance(error, click.ClickException) else str(error))
    except OSError as error:
        return _complain(f"{error.filename or 'the system'} must be usable; got {error.strerror or error}")


def _complain(line: str) -> int:
    print("error: " + " ".join(line.split()), file=sys.stderr)
    return 2


def _usage(error: click.UsageError) -> str:
    """Click's complaint in the project's form: ``<argument> must <rule>; got <value>``."""
    where = error.ctx.command_path if error.ctx else "qbank"
    match error:
        case click.NoSuchOption():
            near = f" (did you mean {error.possibilities[0]}?)" if error.possibilities else ""
            return f"option must be one that '{where} --help' lists{near}; got {error.option_name}"
        case click.MissingParameter():
            kind = error.param.type if error.param else None
            rule = f"be given: {', '.join(kind.choices)}" if isinstance(kind, OneOf) else "be given"
            return f"{label(error.param)} must {rule}; got nothing"
        case click.BadOptionUsage():
            return f"{error.option_name} must have a value; got nothing"
        case click.BadParameter():
            return f"{label(error.param)} must be well formed; got: {error.message}"
        case _ if "unexpected extra argument" in error.message:
            extra = error.message.partition("(")[2].rstrip(")")
            return f"arguments must be as many as '{where} --help' says; got also: {extra}"
        case _:
            return f"arguments must be as '{where} --help' says; got: {error.format_message()}"
