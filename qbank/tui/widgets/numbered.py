"""What items over numbered options have in common: rows, 0 for "I don't know", keys and clicks that mean a digit."""

from __future__ import annotations

from textual.app import ComposeResult

from qbank.domain import Dealt, Text
from qbank.tui.widgets.choice import UNKNOWN
from qbank.tui.widgets.item import ItemWidget
from qbank.tui.widgets.legend import Hint
from qbank.tui.widgets.rows import OPEN, Row, Rows


class NumberedItem(ItemWidget):
    """The options with an open sign before each; ``DIGITS`` says what a digit does to one."""

    DIGITS: Text

    def __init__(self, dealt: Dealt, lang: str) -> None:
        super().__init__(dealt, lang)
        self.rows = Rows(Row(number, text, OPEN if number else "    ") for number, text in self._texts())

    def _texts(self) -> list[tuple[int, str]]:
        shown = [(n, self.says(option.text)) for n, option in enumerate(self.dealt.options, start=1)]
        return [*shown, (0, self.says(UNKNOWN))]

    def compose(self) -> ComposeResult:
        yield self.rows

    def hints(self) -> list[Hint]:
        return [
            Hint("good", self.DIGITS, f"1-{len(self.dealt.options)}"),
            Hint("accept", Text("作答", "answer")),
            Hint("unknown"),
        ]

    def relabel(self, lang: str) -> None:
        super().relabel(lang)
        self.rows.show(dict(self._texts()))

    def on_row_clicked(self, event: Row.Clicked) -> None:
        event.stop()
        self.digit(event.number)

    def move(self, step: int) -> bool:
        if not self.told:
            self.rows.move(step)
        return not self.told

    def space(self) -> bool:
        if self.told or self.rows.here is None:
            return False
        self.digit(self.rows.rows[self.rows.here].number)
        return True
