"""A field for a number, a shape, or any other answer that is typed."""

from __future__ import annotations

import unicodedata

from textual import events
from textual.app import ComposeResult
from textual.widgets import Input, Static

from qbank.domain import Dealt, Text, Verdict
from qbank.mathtext import width
from qbank.services.wording import within
from qbank.tui.text import plain
from qbank.tui.widgets.item import ItemWidget
from qbank.tui.widgets.legend import Hint

WORDS = ("cloze", "formula", "code")
"""Kinds whose answers may hold any character."""
NEVER = "!?"
"""Keys of the grammar that no answer in numbers holds."""
ALONE = "uUkK \u3000"
"""Keys of the grammar while nothing has been typed: no number or shape begins with one."""


class AnswerField(Input):
    """An input that leaves the grammar its keys: some always, some while it is empty; → at the end opens the solver."""

    def __init__(self, kind: str, id: str = "field") -> None:
        super().__init__(id=id, compact=True)
        self.kind = kind

    def takes(self, character: str) -> bool:
        """Whether a character is text here rather than a key of the grammar (full-width forms count as plain)."""
        plain = unicodedata.normalize("NFKC", character)
        if self.kind in WORDS:
            return bool(self.value) or plain not in (*NEVER, " ")
        return plain not in NEVER and (bool(self.value) or plain not in ALONE)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return character is not None and character.isprintable() and self.takes(character)

    async def _on_key(self, event: events.Key) -> None:
        if event.is_printable and event.character is not None and not self.takes(event.character):
            event.prevent_default()  # and let it rise to the screen
            return
        await super()._on_key(event)
        event.prevent_default()

    def action_cursor_right(self, select: bool = False) -> None:
        if self.cursor_at_end and not select:
            self.call_later(self.screen.run_action, "solver")
        else:
            super().action_cursor_right(select)


class TypedItem(ItemWidget):
    """The field, and below it how exact the answer must be."""

    DEFAULT_CSS = """
    TypedItem { padding: 0 1; }
    TypedItem .within { color: $text-muted; }
    TypedItem #field { width: 1fr; max-width: 60; height: 1; padding: 0 1; background: $surface; }
    TypedItem #field:focus { background: $primary-muted; }
    TypedItem.-right #field { color: $text-success; }
    TypedItem.-wrong #field { color: $text-error; }
    """

    def __init__(self, dealt: Dealt, lang: str) -> None:
        super().__init__(dealt, lang)
        self.field = AnswerField(dealt.kind)

    def compose(self) -> ComposeResult:
        yield self.field
        yield Static(id="caret")
        yield Static(plain(within(self.dealt, self.lang)), classes="within")

    def on_mount(self) -> None:
        self.query_one("#caret").display = False
        self.field.focus()

    def hints(self) -> list[Hint]:
        return [Hint("accept", Text("作答", "answer"))]

    def relabel(self, lang: str) -> None:
        super().relabel(lang)
        self.query_one(".within", Static).update(plain(within(self.dealt, self.lang)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.accept()

    def accept(self) -> None:
        if not self.told and self.field.value.strip():
            self.post_message(self.Answered(self.field.value))

    def unread(self, verdict: Verdict) -> None:
        """A caret below the character at fault."""
        caret, at = self.query_one("#caret", Static), verdict.at
        caret.display = at is not None and at <= len(self.field.value)
        if caret.display and at is not None:
            self.field.cursor_position = at
            caret.update(plain(" " * (1 + width(self.field.value[:at])) + "^", "bold $text-error"))

    def on_input_changed(self) -> None:
        self.query_one("#caret").display = False

    def tell(self, verdict: Verdict) -> None:
        super().tell(verdict)
        self.add_class("-right" if verdict.correct else "-wrong")
        self.field.disabled = True
