"""Every key, on one page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from qbank.mathtext import width
from qbank.tui.keys import GRAMMAR, bind
from qbank.tui.screens.base import QbankScreen
from qbank.tui.text import plain

ORDER = (
    "accept", "unknown", "hint", "solver", "again", "hard", "good", "easy", "undo", "challenge", "skip",
    "edit", "source", "cancel", "practice", "errata", "search", "filter", "clear",
    "review", "quiz", "browse", "warmup", "settings", "language", "theme", "palette", "help", "back", "quit",
)  # fmt: skip


class HelpScreen(QbankScreen[None]):
    """Closed by the key that opened it, by Esc and by Enter."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [bind("help", "back"), bind("accept", "back")]

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="page"):
            yield Static(id="keys")

    def place(self) -> tuple[str, str]:
        return self.say("帮助", "help"), ""

    def relabel(self) -> None:
        super().relabel()
        lang = self.qapp.lang
        rows = [(GRAMMAR[name].shown[lang], GRAMMAR[name].says[lang]) for name in ORDER]
        rows.insert(0, ("1 2 3 ..", self.say("选择选项；勾选要点", "choose an option; tick a point")))
        lines = [shown + " " * (12 - width(shown)) + says for shown, says in rows]
        lines.append("")
        lines += [
            self.say("全角键（１ ｕ ？）同样有效，鼠标也可用。", "Full-width keys work too, and so does the mouse.")
        ]
        self.query_one("#keys", Static).update(plain("\n".join(lines)))
