"""Markdown with maths, wrapped to the widget's own width and wrapped again when that changes."""

from __future__ import annotations

from textual.app import RenderResult
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from qbank.tui.text import prose


class Prose(Widget):
    """Text from a question, as tall as it needs."""

    DEFAULT_CSS = "Prose { height: auto; width: 1fr; }"

    source: reactive[str] = reactive("", layout=True)

    def __init__(self, source: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(Prose.source, source)

    def show(self, source: str) -> None:
        """Show other text."""
        self.source = source

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return prose(self.source, width).plain.count("\n") + 1 if self.source.strip() else 0

    def render(self) -> RenderResult:
        return prose(self.source, self.content_size.width)
