"""The first line: the program and the place on the left, particulars on the right."""

from __future__ import annotations

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from qbank.mathtext import width
from qbank.tui.text import clean


class Header(Widget):
    """One line. The right part gives way where both do not fit."""

    DEFAULT_CSS = "Header { dock: top; height: 1; padding: 0 1; background: $panel; color: $foreground; }"

    place: reactive[str] = reactive("")
    aside: reactive[str] = reactive("")

    def show(self, place: str, aside: str = "") -> None:
        self.place, self.aside = " ".join(clean(place).split()), clean(aside).strip()

    def render(self) -> RenderResult:
        room = self.content_size.width
        left = Content.assemble(("qbank", "bold $text-primary"), "  ", self.place)
        used = width("qbank  " + self.place)
        aside = cut(self.aside, room - used - 2)
        gap = room - used - width(aside)
        return Content.assemble(left, " " * max(gap, 0), (aside, "$text-muted"))


def cut(text: str, columns: int) -> str:
    """``text`` in at most ``columns`` columns; a cut is shown by two dots."""
    if width(text) <= columns:
        return text
    kept = ""
    for ch in text:
        if width(kept + ch) > columns - 2:
            break
        kept += ch
    return kept.rstrip() + ".." if columns > 2 else ""
