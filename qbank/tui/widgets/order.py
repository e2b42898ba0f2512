"""Parts to be put in order: digits in turn give the first, the second, … place."""

from __future__ import annotations

from textual.app import ComposeResult

from qbank.domain import Dealt, Text, Verdict
from qbank.tui.widgets.choice import UNKNOWN
from qbank.tui.widgets.item import ItemWidget
from qbank.tui.widgets.legend import Hint
from qbank.tui.widgets.rows import OPEN, Row, Rows


class OrderItem(ItemWidget):
    """Before each part stands the place it was given; its digit again takes it away."""

    def __init__(self, dealt: Dealt, lang: str) -> None:
        super().__init__(dealt, lang)
        self.placed: list[int] = []
        """Numbers of the parts, the first place first."""
        self.rows = Rows(Row(number, text, OPEN if number else "    ") for number, text in self._texts())

    def _texts(self) -> list[tuple[int, str]]:
        shown = [(n, self.says(part.text)) for n, part in enumerate(self.dealt.options, start=1)]
        return [*shown, (0, self.says(UNKNOWN))]

    def compose(self) -> ComposeResult:
        yield self.rows

    def hints(self) -> list[Hint]:
        return [
            Hint("good", Text("依次排列", "in order"), f"1-{len(self.dealt.options)}"),
            Hint("accept", Text("作答", "answer")),
            Hint("unknown"),
        ]

    def relabel(self, lang: str) -> None:
        super().relabel(lang)
        self.rows.show(dict(self._texts()))

    def digit(self, number: int) -> None:
        if self.told or self.rows.row(number) is None:
            return
        if number == 0:
            self.post_message(self.Answered("0"))
            return
        if number in self.placed:
            self.placed.remove(number)
        else:
            self.placed.append(number)
        self.rows.go(number - 1)
        self._write()

    def _write(self) -> None:
        for number in range(1, len(self.dealt.options) + 1):
            self.rows.mark(number, f"[{self.placed.index(number) + 1}] " if number in self.placed else OPEN)

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
        """Answer; where one part is left, its place is clear."""
        left = [n for n in range(1, len(self.dealt.options) + 1) if n not in self.placed]
        if self.told or len(left) > 1:
            return
        self.placed += left
        self._write()
        self.post_message(self.Answered(",".join(map(str, self.placed))))

    def tell(self, verdict: Verdict) -> None:
        """Which parts stand where they belong."""
        super().tell(verdict)
        self.rows.go(None)
        for number, part in enumerate(self.dealt.options, start=1):
            if number in self.placed:
                place = self.placed.index(number)
                right = self.dealt.key[place] == part.id
                self.rows.mark(number, f"[{place + 1}] ", "-right" if right else "-wrong")
