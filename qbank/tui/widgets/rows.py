"""Rows to choose from or to tick: a number, a sign, and Markdown beside them. A click counts as its digit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from qbank.tui.text import plain
from qbank.tui.widgets.prose import Prose

TICKED, OPEN = "[x] ", "[ ] "
"""Signs of rows that can be ticked."""


class Row(Horizontal):
    """One row. ``sign`` stands before the number, or before the ``label`` shown instead of it."""

    DEFAULT_CSS = """
    Row { height: auto; padding: 0 1; }
    Row .sign { width: auto; color: $text-muted; }
    Row.-here { background: $primary-muted; }
    Row.-right .sign, Row.-right Prose { color: $text-success; text-style: bold; }
    Row.-wrong .sign, Row.-wrong Prose { color: $text-error; }
    """

    class Clicked(Message):
        """A row was clicked."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row, self.number = row, row.number

    def __init__(self, number: int, text: str, sign: str = "  ", label: str = "") -> None:
        super().__init__()
        self.number, self._text, self._sign = number, text, sign
        self._label = label or str(number)

    def compose(self) -> ComposeResult:
        yield Static(plain(self._head()), classes="sign")
        yield Prose(self._text)

    def _head(self) -> str:
        return f"{self._sign}{self._label}  "

    def show(self, text: str) -> None:
        """Show another text."""
        self.query_one(Prose).show(text)

    def mark(self, sign: str, *classes: str) -> None:
        """Show another sign, and the row as right, wrong or neither."""
        self._sign = sign
        self.query_one(Static).update(plain(self._head()))
        for name in ("-right", "-wrong"):
            self.set_class(name in classes, name)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Clicked(self))


class Rows(Vertical):
    """Several rows, one of which is where the arrow keys are (none at first)."""

    DEFAULT_CSS = "Rows { height: auto; }"

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = tuple(rows)
        super().__init__(*self.rows)
        self.here: int | None = None

    def row(self, number: int) -> Row | None:
        """The row with this number."""
        return next((row for row in self.rows if row.number == number), None)

    def show(self, texts: Mapping[int, str]) -> None:
        """Other texts, by number."""
        for row in self.rows:
            row.show(texts[row.number])

    def mark(self, number: int, sign: str, *classes: str) -> None:
        """Mark the row with this number; see :meth:`Row.mark`."""
        row = self.row(number)
        if row is not None:
            row.mark(sign, *classes)

    def move(self, step: int) -> None:
        """Go up or down, stopping at the ends."""
        last = len(self.rows) - 1
        start = (-1 if step > 0 else last + 1) if self.here is None else self.here
        self.go(max(0, min(last, start + step)))

    def go(self, place: int | None) -> None:
        """Go to a place, or (None) to none."""
        self.here = place
        for n, row in enumerate(self.rows):
            row.set_class(n == place, "-here")
        if place is not None:
            self.rows[place].scroll_visible(animate=False)
