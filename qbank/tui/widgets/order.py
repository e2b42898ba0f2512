"""Parts to be put in order: digits in turn give the first, the second, … place."""

from __future__ import annotations

from qbank.domain import Dealt, Text, Verdict
from qbank.tui.widgets.numbered import NumberedItem
from qbank.tui.widgets.rows import OPEN


class OrderItem(NumberedItem):
    """Before each part stands the place it was given; its digit again takes it away."""

    DIGITS = Text("依次排列", "in order")

    def __init__(self, dealt: Dealt, lang: str) -> None:
        super().__init__(dealt, lang)
        self.placed: list[int] = []
        """Numbers of the parts, the first place first."""

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
