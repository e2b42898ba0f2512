"""The command palette: every screen and switch by name, and every question by its title."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from qbank.domain import QbankError
from qbank.tui.keys import GRAMMAR
from qbank.tui.text import clean

if TYPE_CHECKING:
    from qbank.tui.app import QbankApp


class Commands(Provider):
    """Commands are found by either language's words; questions by title in either language and by id."""

    titles: tuple[tuple[str, str, str], ...] = ()
    """Question id, title in the present language, title in the other one."""

    @property
    def qapp(self) -> QbankApp:
        return cast("QbankApp", self.app)

    async def startup(self) -> None:
        """Read the titles off the screen's thread."""
        app = self.qapp
        here, there = (app.lang, "en" if app.lang == "zh" else "zh")

        def titles() -> list[tuple[str, str, str]]:
            return [(row["id"], row["title"][here], row["title"][there]) for row in app.context.bank.summaries()]

        try:
            self.titles = tuple(await asyncio.wrap_future(app.submit(titles)))
        except QbankError as error:
            app.complain(str(error))

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """Text, text in the other language, what it does."""
        app = self.qapp
        ways: dict[str, Callable[[], object]] = {
            "review": app.open_review,
            "quiz": app.open_mixed_quiz,
            "browse": app.open_browse,
            "warmup": app.open_warmup,
            "settings": app.open_settings,
            "language": app.action_language,
            "theme": app.action_theme,
            "help": app.action_help,
            "quit": app.exit,
        }
        for name, way in ways.items():
            says = GRAMMAR[name].says
            texts = (says.zh, says.en) if app.lang == "zh" else (says.en, says.zh)
            yield texts[0], texts[1], way

    async def discover(self) -> Hits:
        for text, _, way in self._commands():
            yield DiscoveryHit(text, way)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for text, other, way in self._commands():
            score = max(matcher.match(text), matcher.match(other))
            if score > 0:
                yield Hit(score, matcher.highlight(text), way, text=text)
        for id, title, other in self.titles:
            score = max(matcher.match(title), matcher.match(other), matcher.match(id))
            if score > 0:
                shown = clean(title)
                yield Hit(score, matcher.highlight(shown), partial(self.qapp.open_question, id), text=shown, help=id)
