"""One option out of several: its digit answers at once; arrows and Enter, or a click, do too."""

from __future__ import annotations

from textual.app import ComposeResult

from qbank.domain import Dealt, Text, Verdict
from qbank.tui.widgets.item import ItemWidget
from qbank.tui.widgets.legend import Hint
from qbank.tui.widgets.rows import Row, Rows

UNKNOWN = Text("不知道", "I don't know")
RIGHT, WRONG, NEITHER = "✓ ", "✗ ", "  "


class ChoiceItem(ItemWidget):
    """The options in the order in which they were dealt, and 0 for "I don't know"."""

    def __init__(self, dealt: Dealt, lang: str) -> None:
        super().__init__(dealt, lang)
        self.rows = Rows(Row(number, text) for number, text in self._texts())

    def _texts(self) -> list[tuple[int, str]]:
        shown = [(n, self.says(option.text)) for n, option in enumerate(self.dealt.options, start=1)]
        return [*shown, (0, self.says(UNKNOWN))]

    def compose(self) -> ComposeResult:
        yield self.rows

    def hints(self) -> list[Hint]:
        return [Hint("unknown", Text("选择", "choose"), f"1-{len(self.dealt.options)} 0")]

    def relabel(self, lang: str) -> None:
        super().relabel(lang)
        self.rows.show(dict(self._texts()))

    def digit(self, number: int) -> None:
        if not self.told and self.rows.row(number) is not None:
            self.rows.go([row.number for row in self.rows.rows].index(number))
            self.post_message(self.Answered(str(number)))

    def on_row_clicked(self, event: Row.Clicked) -> None:
        event.stop()
        self.digit(event.number)

    def move(self, step: int) -> bool:
        if not self.told:
            self.rows.move(step)
        return not self.told

    def accept(self) -> None:
        if self.rows.here is not None:
            self.digit(self.rows.rows[self.rows.here].number)

    def tell(self, verdict: Verdict) -> None:
        """The right option, and the chosen one if it was another."""
        super().tell(verdict)
        self.rows.go(None)
        for number, option in enumerate(self.dealt.options, start=1):
            if option.id == verdict.key:
                self.rows.mark(number, RIGHT, "-right")
            elif option.id == verdict.understood:
                self.rows.mark(number, WRONG, "-wrong")
