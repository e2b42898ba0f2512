"""The open prompt: say the answer, look, tick the points that were touched."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from qbank.domain import Dealt, Text, Verdict
from qbank.tui.text import plain
from qbank.tui.widgets.item import ItemWidget
from qbank.tui.widgets.legend import Hint
from qbank.tui.widgets.prose import Prose
from qbank.tui.widgets.rows import OPEN, TICKED, Row, Rows

ALOUD = Text("先把答案说出来，再按空格对照。", "Say your answer aloud, then press Space.")
TICK = Text("讲到了哪几点？（* 为必答）", "Which points did you touch? (* essential)")
FULL = Text("完整答案", "The answer in full")


class RecallItem(ItemWidget):
    """Hidden at first; then the points to tick, and the whole answer below them."""

    DEFAULT_CSS = """
    RecallItem #shown { height: auto; }
    RecallItem .head { margin: 0 1; }
    RecallItem #aloud { padding: 0 1; color: $text-muted; }
    RecallItem #answer { margin: 0 1; }
    RecallItem Rows { margin-bottom: 1; }
    """

    def __init__(self, dealt: Dealt, lang: str, answer: Text) -> None:
        super().__init__(dealt, lang)
        self.answer = answer
        self.open = False
        """Whether the answer is shown."""
        self.ticked: set[int] = set()
        self.rows = Rows(Row(number, text, OPEN) for number, text in self._texts())

    def _texts(self) -> list[tuple[int, str]]:
        return [
            (n, ("\\* " if point.essential else "") + self.says(point.text))
            for n, point in enumerate(self.dealt.points, start=1)
        ]

    def compose(self) -> ComposeResult:
        yield Static(plain(self.says(ALOUD)), id="aloud")
        yield Static(plain(self.says(TICK)), id="tick", classes="head")
        yield self.rows
        yield Static(plain(self.says(FULL)), id="full", classes="head")
        yield Prose(self.says(self.answer), id="answer")

    def on_mount(self) -> None:
        self._reveal(False)

    def _reveal(self, open: bool) -> None:
        self.open = open
        self.query_one("#aloud").display = not open
        for name in ("#tick", "Rows", "#full", "#answer"):
            self.query_one(name).display = open

    def hints(self) -> list[Hint]:
        if not self.open:
            return [Hint("hint", Text("显示答案", "show the answer"))]
        return [
            Hint("good", Text("勾选", "tick"), f"1-{len(self.rows.rows)}"),
            Hint("accept", Text("完成", "done")),
        ]

    def relabel(self, lang: str) -> None:
        super().relabel(lang)
        for name, text in (("#aloud", ALOUD), ("#tick", TICK), ("#full", FULL)):
            self.query_one(name, Static).update(plain(self.says(text)))
        self.query_one("#answer", Prose).show(self.says(self.answer))
        self.rows.show(dict(self._texts()))

    def digit(self, number: int) -> None:
        row = self.rows.row(number)
        if self.open and not self.told and row is not None:
            self.ticked ^= {number}
            row.mark(TICKED if number in self.ticked else OPEN)
            self.rows.go(number - 1)

    def on_row_clicked(self, event: Row.Clicked) -> None:
        event.stop()
        self.digit(event.number)

    def move(self, step: int) -> bool:
        if not self.open or self.told:
            return False
        self.rows.move(step)
        return True

    def space(self) -> bool:
        if self.told:
            return False
        if not self.open:
            self._reveal(True)
        elif self.rows.here is not None:
            self.digit(self.rows.here + 1)
        return True

    def accept(self) -> None:
        if not self.open:
            self._reveal(True)
        elif not self.told:
            self.post_message(self.Answered(points=tuple(self.dealt.points[n - 1].id for n in sorted(self.ticked))))

    def tell(self, verdict: Verdict) -> None:
        super().tell(verdict)
        self._reveal(True)
        self.rows.go(None)
        known = {point.id for point in self.dealt.points if point.essential} or {p.id for p in self.dealt.points}
        for number, point in enumerate(self.dealt.points, start=1):
            if number in self.ticked:
                self.rows.mark(number, TICKED, "-right")
            else:
                self.rows.mark(number, OPEN, "-wrong" if point.id in known else "")
