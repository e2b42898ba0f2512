"""A field with a few values: arrows and Space go round them, and so does a click."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import RenderResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from qbank.tui.keys import bind
from qbank.tui.text import clean


class Cycle(Widget, can_focus=True):
    """``values`` with their ``labels``; ``value`` is the chosen one."""

    DEFAULT_CSS = """
    Cycle { height: 1; width: auto; background: $surface; padding: 0 1; }
    Cycle:focus { background: $primary 30%; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("solver", "turn(1)"),
        bind("hint", "turn(1)"),
        bind("left", "turn(-1)"),
    ]

    value: reactive[str] = reactive("")
    labels: reactive[Sequence[str]] = reactive((), layout=True)

    class Changed(Message):
        """The reader chose another value."""

        def __init__(self, cycle: Cycle, value: str) -> None:
            super().__init__()
            self.cycle, self.value = cycle, value

        @property
        def control(self) -> Cycle:
            return self.cycle

    def __init__(self, values: Sequence[str], value: str, labels: Sequence[str] = (), *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.values = tuple(values)
        self.set_reactive(Cycle.value, value)
        self.set_reactive(Cycle.labels, tuple(labels or values))

    def render(self) -> RenderResult:
        parts: list[Content | tuple[str, str]] = []
        for value, label in zip(self.values, self.labels, strict=True):
            chosen = value == self.value
            parts.append((f"[{clean(label)}]" if chosen else f" {clean(label)} ", "bold" if chosen else ""))
        return Content.assemble(*parts)

    def get_content_width(self, *_: object) -> int:
        from qbank.mathtext import width

        return sum(width(clean(label)) + 2 for label in self.labels)

    def on_click(self) -> None:
        self.action_turn(1)

    def action_turn(self, by: int) -> None:
        """Choose the next value, or the one before."""
        at = self.values.index(self.value) if self.value in self.values else 0
        self.value = self.values[(at + by) % len(self.values)]
        self.post_message(self.Changed(self, self.value))
