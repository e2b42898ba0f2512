"""How sittings, the warm-up and the solver look, at both sizes and in both languages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from qbank.tui.app import QbankApp

pytestmark = pytest.mark.usefixtures("calm")
SIZES = {"80x24": (80, 24), "120x36": (120, 36)}
CHOICE = "kl-divergence#know which-direction"
LONG = "zero-padding#know why-full-is-rare"
NUMBER = "kl-divergence#compute by-hand"
SHAPE = "zero-padding#compute tensor-shape"
RECALL = "kl-divergence#recall"
KL = {"p": [0.5, 0.5], "q": [0.9, 0.1]}

LOOKS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "choice": ((CHOICE,), ("down",)),
    "choice-right": ((CHOICE,), ("option:forward",)),
    "choice-wrong": ((CHOICE,), ("option:backward",)),
    "choice-long-wrong": ((LONG,), ("0",)),
    "number": ((NUMBER,), ("0", ".", "5")),
    "number-live": ((NUMBER,), tuple("0.5*ln(0.5/0.9)")),
    "number-hint": ((NUMBER,), ("space",)),
    "number-wrong": ((NUMBER,), ("7", "7", "enter")),
    "number-unread": ((NUMBER,), ("(", "enter")),
    "retry": ((NUMBER,), ("7", "7", "enter", "enter")),
    "retry-wrong": ((NUMBER,), ("7", "7", "enter", "enter", "7", "enter")),
    "shape": ((SHAPE,), ("1", ",")),
    "recall": ((RECALL,), ()),
    "recall-open": ((RECALL,), ("space", "1", "down")),
    "recall-told": ((RECALL,), ("space", "1", "3", "enter")),
    "farewell": ((CHOICE, NUMBER), ("option:backward", "enter", "7", "7", "enter", "enter", "k")),
    "choice-light": ((CHOICE,), ("f3", "option:backward")),
}
"""What is asked, and the keys that lead to the picture; ``option:id`` is the digit of an option."""

KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "choices": ("several", ("1", "3")),
    "choices-told": ("several", ("1", "3", "enter")),
    "order": ("sorted", ("2", "1")),
    "order-told": ("sorted", ("1", "2", "3", "enter")),
    "match": ("pairs", ("3",)),
    "match-told": ("pairs", ("1", "1", "enter")),
    "cloze": ("gaps", ("o", "n", "e", "enter")),
    "cloze-told": ("gaps", ("o", "enter", "p", "enter")),
    "vector": ("whole", ("1", "/", "3")),
    "vector-fault": ("whole", tuple("1/3,2(")),
    "formula-unread": ("slope", ("f", "*", "enter")),
    "formula-told": ("slope", ("1", "-", "f", "enter")),
}

SOLVERS: dict[str, tuple[str, dict | None, tuple[str, ...]]] = {
    "solver": ("kl-divergence", KL, ()),
    "solver-end": ("kl-divergence", KL, ("pagedown", "pagedown", "pagedown")),
    "solver-lines": ("kl-direction-fit", None, ("pagedown", "pagedown", "pagedown")),
    "solver-form": ("conv2d-output-size", None, ("e",)),
    "solver-refused": ("kl-divergence", KL, ("e", "end", "backspace", "9", "enter")),
    "solver-source": ("kl-divergence", KL, ("s",)),
    "solver-light": ("kl-divergence", KL, ("f3", "pagedown")),
}


async def press(pilot, settle, keys: tuple[str, ...]) -> None:
    for key in keys:
        if key.startswith("option:"):
            options = pilot.app.screen.asked.task.dealt.options
            key = str([option.id for option in options].index(key.removeprefix("option:")) + 1)
        await pilot.press(key)
        await settle(pilot)
    pilot.app.clear_notifications()


def walk(settle, *keys: str) -> Callable[..., Awaitable[None]]:
    async def run(pilot) -> None:
        await settle(pilot)
        await press(pilot, settle, keys)

    return run


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", LOOKS)
def test_tasks(look: str, size: str, lang: str, asking, settle, snap_compare) -> None:
    wanted, keys = LOOKS[look]
    assert snap_compare(asking(*wanted, lang=lang), terminal_size=SIZES[size], run_before=walk(settle, *keys))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", KINDS)
def test_kinds(look: str, size: str, lang: str, asked, settle, snap_compare) -> None:
    item, keys = KINDS[look]
    assert snap_compare(asked(item, lang=lang), terminal_size=SIZES[size], run_before=walk(settle, *keys))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", SOLVERS)
def test_solvers(look: str, size: str, lang: str, at_home, settle, snap_compare) -> None:
    slug, given, keys = SOLVERS[look]
    app = at_home(lang, lambda app: app.open_solver(slug, given))
    assert snap_compare(app, terminal_size=SIZES[size], run_before=walk(settle, *keys))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", ["asked", "proof", "form"])
def test_warm_up(look: str, size: str, lang: str, context, settle, snap_compare) -> None:
    keys = {"asked": (), "proof": ("2",), "form": ("2", "e")}[look]
    assert snap_compare(QbankApp(context(lang)), terminal_size=SIZES[size], run_before=walk(settle, *keys))
