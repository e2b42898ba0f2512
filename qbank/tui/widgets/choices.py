"""Every right option out of several: digits tick, Enter answers."""

from __future__ import annotations

from textual.app import ComposeResult

from qbank.domain import Dealt, Text, Verdict
from qbank.tui.widgets.choice import UNKNOWN
from qbank.tui.widgets.item import ItemWidget
from qbank.tui.widgets.legend import Hint
from qbank.tui.widgets.rows import OPEN, TICKED, Row, Rows


class ChoicesItem(ItemWidget):
    """The options with boxes, and 0 for "I don't know"."""

    def __init__(self, dealt: Dealt, lang: str) -> None:
        super().__init__(dealt, lang)
        self.ticked: set[int] = set()
        self.rows = Rows(Row(number, text, OPEN if number else "    ") for number, text in self._texts())

    def _texts(self) -> list[tuple[int, str]]:
        shown = [(n, self.says(option.text)) for n, option in enumerate(self.dealt.options, start=1)]
        return [*shown, (0, self.says(UNKNOWN))]

    def compose(self) -> ComposeResult:
        yield self.rows

    def hints(self) -> list[Hint]:
        return [
            Hint("good", Text("勾选", "tick"), f"1-{len(self.dealt.options)}"),
            Hint("accept", Text("作答", "answer")),
            Hint("unknown"),
        ]

    def relabel(self, lang: str) -> None:
        super().relabel(lang)
        self.rows.show(dict(self._texts()))

    def digit(self, number: int) -> None:
        row = self.rows.row(number)
        if self.told or row is None:
            return
        if number == 0:
            self.post_message(self.Answered("0"))
            return
        self.ticked ^= {number}
        row.mark(TICKED if number in self.ticked else OPEN)
        self.rows.go(number - 1)

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

    def accept(self) -> None:
        if self.ticked and not self.told:
            self.post_message(self.Answered(",".join(map(str, sorted(self.ticked)))))

    def tell(self, verdict: Verdict) -> None:
        """The right options, and those that were ticked though they are not."""
        super().tell(verdict)
        self.rows.go(None)
        for number, option in enumerate(self.dealt.options, start=1):
            ticked, right = number in self.ticked, option.id in self.dealt.key
            style = "-right" if right else "-wrong" if ticked else ""
            self.rows.mark(number, TICKED if ticked else OPEN, style)
