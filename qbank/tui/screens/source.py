"""A solver's source code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.highlight import highlight
from textual.widget import Widget
from textual.widgets import Static

from qbank.tui.keys import bind
from qbank.tui.screens.base import QbankScreen
from qbank.tui.text import clean
from qbank.tui.widgets.legend import Hint


class SourceScreen(QbankScreen[None]):
    """Scrolls with the arrow keys; the key that opened it closes it too."""

    CSS_PATH = "source.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [bind("source", "back"), bind("accept", "back")]

    def __init__(self, slug: str) -> None:
        super().__init__()
        self.slug = slug

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="page"):
            yield Static(id="code")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#page").focus()
        from qbank import solving

        self.qapp.work(lambda: solving.source(self.slug), self.fill, owner=self)

    def fill(self, code: str) -> None:
        """Show the code, colored."""
        self.query_one("#code", Static).update(highlight(clean(code), language="python"))

    def place(self) -> tuple[str, str]:
        return f"{self.say('源代码', 'source')}  {self.slug}", ""

    def hints(self) -> Sequence[Hint]:
        return [Hint("back"), Hint("help")]
