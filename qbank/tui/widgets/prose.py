"""Markdown with maths, wrapped to the widget's own width and wrapped again when that changes."""

from __future__ import annotations

from rich.segment import Segment
from textual.app import RenderResult
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from qbank.tui.text import prose, runs


class Prose(Widget):
    """Text from a question, as tall as it needs. Only lines that show are painted, so a long answer costs no more."""

    DEFAULT_CSS = "Prose { height: auto; width: 1fr; }"

    source: reactive[str] = reactive("", layout=True)

    def __init__(self, source: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(Prose.source, source)

    def show(self, source: str) -> None:
        """Show other text."""
        self.source = source

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(runs(self.source, width)) if self.source.strip() else 0

    def render(self) -> RenderResult:
        """The whole text: what a selection with the mouse is painted and copied from."""
        return prose(self.source, self.content_size.width)

    def render_line(self, y: int) -> Strip:
        if self.text_selection is not None:
            return super().render_line(y)
        width = self.content_size.width
        lines = runs(self.source, width)
        base = self.visual_style
        segments = []
        for text, names in lines[y] if y < len(lines) else ():
            style = base
            for name in names:
                style += self.app.stylesheet.parse_style(name)
            segments.append(Segment(text, style.rich_style))
        return Strip(segments).adjust_cell_length(width, base.rich_style).apply_offsets(0, y)
