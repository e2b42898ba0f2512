"""Sittings over chosen items, and a solver that runs in this process, at once and always in the same time."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qbank import locations, solving
from qbank.solving.child import Session
from qbank.tui.app import QbankApp
from qbank.tui.screens.task import TaskScreen


class CalmChild:
    """In place of :class:`qbank.solving.process.Child`."""

    pid = 1

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.session = Session(self.events.append, lambda: 0.0)

    async def start(self) -> None:
        """Nothing has to be started."""

    async def ask(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        self.events.clear()
        self.session.answer(json.loads(json.dumps(request)))
        for event in self.events:
            yield json.loads(json.dumps(event, allow_nan=False))

    async def stop(self) -> None:
        """Nothing has to be stopped."""


@pytest.fixture
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Solvers run without a process, in 0.21 ms."""
    solve = solving.solve

    def timed(*args: Any, **kwargs: Any) -> Any:
        return dataclasses.replace(solve(*args, **kwargs), seconds=0.00021)

    monkeypatch.setattr(solving, "solve", timed)
    monkeypatch.setattr("qbank.tui.widgets.solution.Child", CalmChild)


@pytest.fixture
def asking(at_home: Callable[..., QbankApp]) -> Callable[..., QbankApp]:
    """``asking("kl-divergence#know which-direction", …, lang="zh")``: a sitting over these cards and items."""

    def make(*wanted: str, lang: str = "en") -> QbankApp:
        pairs = [text.partition(" ")[::2] for text in wanted]

        def deals(app: QbankApp) -> Iterator[Any]:
            return (app.context.study.deal(card, item=item or None) for card, item in pairs)

        return at_home(lang, lambda app: app.open_task(deals(app), ("测验", "quiz"), len(pairs)))

    return make


@pytest.fixture
def asked(home: Path, asking: Callable[..., QbankApp]) -> Callable[..., QbankApp]:
    """``asked("several")``: a sitting over items of the reader's own question."""
    folder = locations.own_questions()
    assert folder.is_relative_to(home)
    folder.mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "my-kinds.toml", folder)
    facets = {"whole": "compute", "slope": "derive"}
    return lambda *items, lang="en": asking(*(f"my-kinds#{facets.get(i, 'know')} {i}" for i in items), lang=lang)


@pytest.fixture
def logged() -> Callable[[Any], list[tuple[str, Any]]]:
    """``logged(app)``: kind and data of the answers, undos and marks in the log, in order."""

    def read(app: QbankApp) -> list[tuple[str, Any]]:
        from qbank.storage import events

        store = app.context.store
        with store.read() as tx:
            found = sorted(events.every(tx), key=lambda event: event.order)
        return [(event.kind, event.data) for event in found if event.kind not in ("setting", "learner")]

    return read


@pytest.fixture
def place_of() -> Callable[..., str]:
    def find(screen: TaskScreen, id: str) -> str:
        """The digit of an option."""
        assert screen.asked is not None
        return str([option.id for option in screen.asked.task.dealt.options].index(id) + 1)

    return find


@pytest.fixture
def key_of() -> Callable[..., str]:
    def find(screen: TaskScreen) -> str:
        """The text of the right answer."""
        assert screen.asked is not None
        key = screen.asked.task.dealt.key
        return ",".join(map(str, key)) if isinstance(key, list) else str(key)

    return find
