"""Gaps to be filled in: a field for each."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Static

from qbank.domain import Dealt, Text, Verdict
from qbank.services.wording import gap_names
from qbank.tui.text import plain
from qbank.tui.widgets.item import ItemWidget
from qbank.tui.widgets.legend import Hint
from qbank.tui.widgets.typed import AnswerField

ZERO = Text("0 表示不知道", "0: I don't know")


class ClozeItem(ItemWidget):
    """Enter goes to the next empty gap, and answers when there is none."""

    DEFAULT_CSS = """
    ClozeItem { padding: 0 1; }
    ClozeItem Horizontal { height: auto; margin-bottom: 1; }
    ClozeItem .gap { width: auto; min-width: 4; margin-right: 1; color: $text-muted; }
    ClozeItem AnswerField { width: 1fr; max-width: 60; height: 1; padding: 0 1; background: $surface; }
    ClozeItem AnswerField:focus { background: $primary-muted; }
    ClozeItem .zero { color: $text-muted; }
    ClozeItem.-right AnswerField { color: $text-success; }
    ClozeItem.-wrong AnswerField { color: $text-error; }
    """

    def __init__(self, dealt: Dealt, lang: str) -> None:
        super().__init__(dealt, lang)
        self.names = gap_names(dealt)
        self.fields = [AnswerField("cloze", id=f"gap-{n}") for n in range(len(self.names))]

    def compose(self) -> ComposeResult:
        for name, field in zip(self.names, self.fields, strict=True):
            with Horizontal():
                if len(self.names) > 1:
                    yield Static(plain(name), classes="gap")
                yield field
        yield Static(plain(self.says(ZERO)), classes="zero")

    def on_mount(self) -> None:
        self.fields[0].focus()

    def hints(self) -> list[Hint]:
        return [Hint("accept", Text("作答", "answer"))]

    def relabel(self, lang: str) -> None:
        super().relabel(lang)
        self.query_one(".zero", Static).update(plain(self.says(ZERO)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.accept()

    def accept(self) -> None:
        typed = [field.value.strip().replace(";", ",").replace("；", "，") for field in self.fields]
        if self.told or not any(typed):
            return
        if {text for text in typed if text} == {"0"}:
            self.post_message(self.Answered("0"))
            return
        empty = [field for field, text in zip(self.fields, typed, strict=True) if not text]
        if empty and not self.fields[-1].has_focus:
            empty[0].focus()
            return
        self.post_message(self.Answered(";".join(f"{a}={b}" for a, b in zip(self.names, typed, strict=True))))

    def tell(self, verdict: Verdict) -> None:
        super().tell(verdict)
        self.add_class("-right" if verdict.correct else "-wrong")
        for field in self.fields:
            field.disabled = True
