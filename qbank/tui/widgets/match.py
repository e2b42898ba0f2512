"""Pairs: each entry on the left gets the digit of its partner."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from qbank.domain import Dealt, Text, Verdict
from qbank.tui.text import plain
from qbank.tui.widgets.choice import UNKNOWN
from qbank.tui.widgets.item import ItemWidget
from qbank.tui.widgets.legend import Hint
from qbank.tui.widgets.rows import OPEN, Row, Rows

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class MatchItem(ItemWidget):
    """Left entries by letter, one of them the present one; a digit gives it its partner and goes on to the next."""

    DEFAULT_CSS = "MatchItem #between { height: 1; }"

    def __init__(self, dealt: Dealt, lang: str) -> None:
        super().__init__(dealt, lang)
        self.paired: dict[int, int] = {}
        """Place on the left -> digit of the partner; 0: don't know."""
        self.left = Rows(Row(n, text, OPEN, LETTERS[n - 1]) for n, text in self._lefts())
        self.right = Rows(Row(n, text, "    ") for n, text in self._rights())

    def _lefts(self) -> list[tuple[int, str]]:
        return [(n, self.says(entry.text)) for n, entry in enumerate(self.dealt.left, start=1)]

    def _rights(self) -> list[tuple[int, str]]:
        shown = [(n, self.says(entry.text)) for n, entry in enumerate(self.dealt.options, start=1)]
        return [*shown, (0, self.says(UNKNOWN))]

    def compose(self) -> ComposeResult:
        yield self.left
        yield Static(plain(""), id="between")
        yield self.right

    def on_mount(self) -> None:
        self.left.go(0)

    def hints(self) -> list[Hint]:
        return [
            Hint("unknown", Text("配对", "pair"), f"1-{len(self.dealt.options)} 0"),
            Hint("accept", Text("作答", "answer")),
        ]

    def relabel(self, lang: str) -> None:
        super().relabel(lang)
        self.left.show(dict(self._lefts()))
        self.right.show(dict(self._rights()))

    def digit(self, number: int) -> None:
        here = self.left.here
        if self.told or here is None or self.right.row(number) is None:
            return
        self.paired[here] = number
        self.left.mark(here + 1, f"[{number}] ")
        after = [n for n in range(len(self.dealt.left)) if n not in self.paired]
        later = [n for n in after if n > here] or after
        if later:
            self.left.go(later[0])

    def on_row_clicked(self, event: Row.Clicked) -> None:
        event.stop()
        if self.told:
            return
        if event.row in self.left.rows:
            self.left.go(event.number - 1)
        else:
            self.digit(event.number)

    def move(self, step: int) -> bool:
        if not self.told:
            self.left.move(step)
        return not self.told

    def accept(self) -> None:
        if not self.told and len(self.paired) == len(self.dealt.left):
            pairs = [f"{place + 1}={self.paired[place]}" for place in range(len(self.dealt.left))]
            self.post_message(self.Answered(",".join(pairs)))

    def tell(self, verdict: Verdict) -> None:
        """Which pairs are right."""
        super().tell(verdict)
        self.left.go(None)
        ids = [None, *(option.id for option in self.dealt.options)]
        for place, entry in enumerate(self.dealt.left):
            number = self.paired.get(place, 0)
            right = ids[number] == self.dealt.key[entry.id]
            self.left.mark(place + 1, f"[{number}] ", "-right" if right else "-wrong")
