"""A field for a number, a shape, or any other answer that is typed."""

from __future__ import annotations

import unicodedata

from textual import events
from textual.app import ComposeResult
from textual.widgets import Input, Static

from qbank.domain import Dealt, Text, Verdict
from qbank.mathtext import width, wrap
from qbank.services.live import live
from qbank.services.wording import read_so, within
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


LINES = 3
"""A reading that takes more is cut in the middle."""


class Reading(Static):
    """One line below a field: how what is typed is read, or a caret below the character at fault and what is wrong."""

    DEFAULT_CSS = """
    Reading { height: auto; min-height: 1; padding: 0 1; color: $text-muted; }
    Reading.-fault { color: $text-error; }
    """

    def __init__(self) -> None:
        super().__init__(id="reading", markup=False)
        self.text = ""
        self.under: int | None = None
        """The column of the caret."""

    def show(self, text: str, under: int | None = None, fault: bool = False) -> None:
        """:param fault: an answer was refused for it; else it is still being typed."""
        self.text, self.under = text, under
        self.set_class(fault, "-fault")
        self.lay_out()

    def on_resize(self) -> None:
        self.lay_out()

    def lay_out(self) -> None:
        self.update(plain("\n".join(laid_out(self.text, self.under, max(self.content_size.width, 20)))))


def laid_out(text: str, under: int | None, columns: int) -> list[str]:
    """``text`` with a caret in column ``under``, beside it where there is room."""
    if under is None or under >= columns:
        room = columns * LINES - 4  # some is lost where lines break
        while width(text) > room:
            half = len(text) * room // width(text) // 2 - 2
            text = f"{text[:half]} … {text[-half:]}"
        return wrap(text, columns) if text else [""]
    if under + 2 + width(text) <= columns:
        return [f"{' ' * under}^ {text}".rstrip()]
    if width(text) + 1 <= under:
        return [f"{' ' * (under - width(text) - 1)}{text} ^"]
    return [" " * under + "^", *wrap(text, columns)]


class TypedItem(ItemWidget):
    """The field, below it how it is read while it is typed, and how exact the answer must be."""

    DEFAULT_CSS = """
    TypedItem { padding: 0 1; }
    TypedItem .within { color: $text-muted; padding: 0 1; }
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
        yield Reading()
        yield Static(plain(within(self.dealt, self.lang)), classes="within")

    def on_mount(self) -> None:
        self.field.focus()

    def hints(self) -> list[Hint]:
        return [Hint("accept", Text("作答", "answer"))]

    def relabel(self, lang: str) -> None:
        super().relabel(lang)
        self.query_one(".within", Static).update(plain(within(self.dealt, self.lang)))
        if not self.told:
            self.read()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.accept()

    def accept(self) -> None:
        if not self.told and self.field.value.strip():
            self.post_message(self.Answered(self.field.value))

    def unread(self, verdict: Verdict) -> None:
        """The cursor to the character at fault, a caret below it."""
        if verdict.at is not None and verdict.at <= len(self.field.value):
            self.field.cursor_position = verdict.at
            self.read(refused=verdict)

    def on_input_changed(self) -> None:
        self.read()

    def read(self, refused: Verdict | None = None) -> None:
        """Say how the field is read. ``refused``: an answer that could not be."""
        typed, reading = self.field.value, self.query_one(Reading)
        found = live(self.dealt, typed)
        at = found.at if refused is None else refused.at
        if found.read_as:
            reading.show(read_so(found.read_as, self.lang))
        elif at is None or (found.fault is None and refused is None):
            reading.show("" if found.fault is None else found.fault[self.lang])
        else:
            seen = width(typed) < self.field.content_size.width  # else it is scrolled
            says = "" if found.fault is None else found.fault[self.lang]
            reading.show(says, width(typed[:at]) if seen else None, fault=refused is not None)

    def tell(self, verdict: Verdict) -> None:
        super().tell(verdict)
        self.add_class("-right" if verdict.correct else "-wrong")
        self.query_one(Reading).display = False
        self.field.disabled = True
