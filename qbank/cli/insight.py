"""``stats`` and ``fit``: what the log says, and what the scheduler can learn from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qbank.cli.common import Whole, as_json, columns, emit, with_app

if TYPE_CHECKING:
    from qbank.bootstrap import App

_SHARES = ("measured", "predicted")


@click.command("stats")
@click.option("--days", type=Whole(1, 36_500), default=365, show_default=True, help="how far back")
@as_json
@with_app
def stats_(app: App, days: int, json_: bool) -> None:
    """Reviews, minutes, retention, what is coming, topics, and how well recall was predicted."""
    told = app.statistics.over(days)
    if json_:
        emit(told.json())
        return
    kept, expected = ("-" if part is None else f"{part:.1%}" for part in map(told.retention.get, _SHARES))
    lines = [
        (app.say("到期", "due"), str(told.due)),
        (app.say("新卡", "new"), str(told.new)),
        (app.say(f"{days} 天内复习", f"reviews in {days} days"), str(told.reviews)),
        (app.say("分钟", "minutes"), f"{told.minutes:.0f}"),
        (app.say("记住", "recalled"), kept),
        (app.say("预测", "predicted"), expected),
        (app.say("明天", "tomorrow"), str(told.forecast[1]["due"])),
    ]  # fmt: skip
    columns(app, lines)
    rows = [
        (row["topic"], str(row["cards"]), str(row["due"]), str(row["new"]), str(row["reviews"]), str(row["lapses"]))
        for row in told.by_topic
    ]
    head = app.say("主题 卡 到期 新 复习 遗忘", "topic cards due new reviews lapses")
    click.echo()
    columns(app, [tuple(head.split()), *rows])


@click.command("fit")
@as_json
@with_app
def fit_(app: App, json_: bool) -> int:
    """Fit the scheduler's weights to your own log; they are taken only if they predict later reviews better.

    Exit 1 where there are too few reviews.
    """
    told = app.fitting.fit()
    if json_:
        emit(told.json())
        return int(told.fit is None)
    if told.fit is None:
        need = told.json()["needed"]
        click.echo(
            app.say(
                f"隔天以上的复习有 {told.scored} 次，至少要 {need} 次才能拟合；仍用现在的权重。",
                f"{told.scored} reviews came a day or more after the one before; a fit needs {need}. "
                "The present weights stay.",
            )
        )
        return 1
    made = told.fit
    click.echo(
        app.say(
            f"{told.reviews} 次复习；在留出的后 {made.held_out} 次上的损失："
            f"新 {made.fitted:.4f}，现在 {made.present:.4f}",
            f"{told.reviews} reviews; loss on the latest {made.held_out}, which the fit did not see: "
            f"fitted {made.fitted:.4f}, present {made.present:.4f}",
        )
    )
    if told.event is not None:
        click.echo(app.say("新权重更准，已采用。", "The fitted weights predict better: adopted."))
    else:
        click.echo(
            app.say(
                f"新权重没有明显更准（要低 {made.margin:.4f} 以上）；仍用现在的。",
                f"Not better by more than chance ({made.margin:.4f}): the present weights stay.",
            )
        )
    return 0
