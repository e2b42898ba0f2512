"""``completion``: the script that makes a shell complete qbank's commands."""

from __future__ import annotations

import click

from qbank.cli.common import OneOf, shared

SHELLS = ["bash", "zsh", "fish"]


@click.command("completion")
@click.argument("shell", type=OneOf(SHELLS))
@shared
def completion_(shell: str) -> None:
    """Print the completion script of a shell: eval "$(qbank completion bash)"."""
    from click.shell_completion import get_completion_class

    from qbank.cli.main import group

    kind = get_completion_class(shell)
    assert kind is not None
    template = kind(group, {}, "qbank", "_QBANK_COMPLETE")
    click.echo(template.source_template % template.source_vars())
