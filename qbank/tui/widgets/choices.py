"""Every right option out of several: digits tick, Enter answers."""

from __future__ import annotations

from qbank.domain import Dealt, Text, Verdict
from qbank.tui.widgets.numbered import NumberedItem
from qbank.tui.widgets.rows import OPEN, TICKED


class ChoicesItem(NumberedItem):
    """The options with boxes, and 0 for "I don't know"."""

    DIGITS = Text("勾选", "tick")

    def __init__(self, dealt: Dealt, lang: str) -> None:
        super().__init__(dealt, lang)
        self.ticked: set[int] = set()

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
