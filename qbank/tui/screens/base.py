"""What every screen has: header, legend, the way back, and labels that follow the language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen, ScreenResultType
from textual.widget import Widget

from qbank.tui.keys import bind
from qbank.tui.widgets.header import Header
from qbank.tui.widgets.legend import Hint, Legend

if TYPE_CHECKING:
    from qbank.tui.app import QbankApp


class QbankScreen(Screen[ScreenResultType]):
    """A subclass gives ``body()``, ``place()``, ``hints()`` and, for texts of its own, ``relabel()``."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("back")]

    @property
    def qapp(self) -> QbankApp:
        """The app, with its context, language and background work."""
        return cast("QbankApp", self.app)

    def compose(self) -> ComposeResult:
        yield Header()
        yield from self.body()
        yield Legend()

    def body(self) -> Iterable[Widget]:
        """The widgets between header and legend."""
        return ()

    def place(self) -> tuple[str, str]:
        """The header's left and right part in the present language."""
        return "", ""

    def hints(self) -> Sequence[Hint]:
        """The keys that work now, the most useful first."""
        return (Hint("help"), Hint("back"))

    def on_mount(self) -> None:
        self.relabel()

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.relabel()

    def relabel(self) -> None:
        """Write every text anew in the present language. Nothing else about the screen may change."""
        self.refresh_chrome()

    def refresh_chrome(self) -> None:
        """Header and legend anew."""
        self.query_one(Header).show(*self.place())
        legend = self.query_one(Legend)
        legend.lang, legend.hints = self.qapp.lang, tuple(self.hints())

    def say(self, zh: str, en: str) -> str:
        """The text of the present language."""
        return zh if self.qapp.lang == "zh" else en

    def action_back(self) -> None:
        self.dismiss()
