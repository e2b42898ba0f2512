"""Fast to the eye: the app against a Textual app that holds nothing but the same text."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.sidebyside import python, qbank
from benchmarks.terminal import Terminal

F2 = b"\x1bOQ"
PRESSES = 20
"""Key presses a round and program."""
QUESTION = "kl-divergence"
PEER = Path(__file__).parent / "peer.py"
MARKS = {"home": ("browse the bank", "浏览题库"), "question": ("In one sentence", "一句话")}
"""Screen -> what appears on it in English and in Chinese."""


def rows(rounds: int) -> Iterator[tuple[str, str, float, float]]:
    """(what, against what, ratio, goal)."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"QBANK_DB": f"{folder}/bench.db", "HOME": folder, "XDG_CONFIG_HOME": folder}
        texts = _prepare(Path(folder))
        yield from _starts(rounds, environment)
        for screen in MARKS:
            file = Path(folder) / f"{screen}.json"
            file.write_text(json.dumps(texts[screen]))
            ratio = _switching(screen, max(2, rounds // 5), environment, file)
            yield f"F2 on {screen} to updated screen", "same text, empty app", ratio, 1.3


def _starts(rounds: int, environment: Mapping[str, str]) -> Iterator[tuple[str, str, float, float]]:
    taken: dict[str, list[float]] = {"empty": [], "first": [], "filled": []}
    for turn in range(rounds + 1):
        with Terminal(python(PEER.read_text()), environment) as empty:
            seconds = {"empty": empty.appears("ready")}
        with Terminal(qbank("--lang", "en"), environment) as app:
            seconds["first"] = app.appears("browse the bank")
            seconds["filled"] = app.appears("answered in")
        if turn:
            for name, value in seconds.items():
                taken[name].append(value)
    middle = {name: statistics.median(values) for name, values in taken.items()}
    yield "first frame", "empty Textual app's", middle["first"] / middle["empty"], 1.3
    yield "filled home", "empty Textual app's", middle["filled"] / middle["empty"], 2.5


def _switching(screen: str, rounds: int, environment: Mapping[str, str], texts: Path) -> float:
    en, zh = MARKS[screen]
    ours: list[float] = []
    peers: list[float] = []
    for _ in range(rounds):
        with Terminal([*python(PEER.read_text()), str(texts)], environment) as peer:
            peer.appears(en)
            peers += _switches(peer, zh, en)
        with Terminal(qbank("--lang", "en"), environment) as app:
            app.appears("answered in")
            if screen == "question":
                _open_question(app)
            ours += _switches(app, zh, en)
    return statistics.median(ours) / statistics.median(peers)


def _open_question(app: Terminal) -> None:
    app.press(b"b")
    app.appears("Relative entropy")
    app.press(b"/")
    app.press(QUESTION.encode())
    app.press(b"\r")
    app.press(b"\r")
    app.appears(MARKS["question"][0])


def _switches(terminal: Terminal, there: str, back: str) -> list[float]:
    taken = []
    for press in range(PRESSES):
        terminal.press(F2)
        taken.append(terminal.appears(back if press % 2 else there))
    return taken[2:]


def _prepare(folder: Path) -> dict[str, list[Any]]:
    """A learner with some history, and what the screens show in English and in Chinese."""
    from qbank.bootstrap import App
    from qbank.tui.app import QbankApp

    with App(db=str(folder / "bench.db"), lang="en") as context:
        for card in context.study.mixed()[:20]:
            if card.endswith("#recall"):
                context.study.answer(context.study.deal(card).deal, points=[])

        async def look(app: QbankApp) -> list[Any]:
            shown = []
            async with app.run_test(size=(80, 24)) as pilot:
                for _ in range(2):
                    while any(not worker.is_finished for worker in app.workers):
                        await pilot.pause()
                    await pilot.pause()
                    shown.append(_texts(app))
                    await pilot.press("f2")
            app.finish()
            return shown

        return {
            "home": asyncio.run(look(QbankApp(context, lambda app: None))),
            "question": asyncio.run(look(QbankApp(context, lambda app: app.open_question(QUESTION)))),
        }


def _texts(app: Any) -> dict[str, Any]:
    """What every widget of the screen shows, by its place."""
    from textual.widgets import OptionList, Static

    from qbank.tui.widgets.header import Header
    from qbank.tui.widgets.legend import Legend
    from qbank.tui.widgets.prose import Prose

    found: dict[str, Any] = {"parts": []}
    for widget in app.screen.query("*"):
        if isinstance(widget, OptionList):
            found["parts"].append([str(option.prompt) for option in widget.options])
        elif isinstance(widget, Header | Legend):
            found["head" if isinstance(widget, Header) else "foot"] = str(widget.render())
        elif isinstance(widget, Static | Prose):
            found["parts"].append(str(widget.render()))
    return found
