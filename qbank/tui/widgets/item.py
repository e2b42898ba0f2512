"""What every item widget can do, and which one shows which kind."""

from __future__ import annotations

from textual.containers import Vertical
from textual.message import Message

from qbank.domain import Dealt, Text, Verdict
from qbank.tui.widgets.legend import Hint


class ItemWidget(Vertical):
    """The part of a task that takes the answer. Keys reach it through the screen, so that one grammar holds."""

    DEFAULT_CSS = "ItemWidget { height: auto; }"

    class Answered(Message):
        """The reader's answer: text for the grader, or the ids of the points that a recall touched."""

        def __init__(self, text: str | None = None, points: tuple[str, ...] | None = None) -> None:
            super().__init__()
            self.text, self.points = text, points

    def __init__(self, dealt: Dealt, lang: str) -> None:
        super().__init__(id="item")
        self.dealt, self.lang = dealt, lang
        self.told = False
        """Whether the verdict is known: from then on nothing can be changed."""

    def hints(self) -> list[Hint]:
        """The keys by which it is answered."""
        return []

    def relabel(self, lang: str) -> None:
        """Show the texts in another language; what was chosen, typed or ticked stays."""
        self.lang = lang

    def digit(self, number: int) -> None:
        """A digit was pressed (where no field takes it)."""

    def move(self, step: int) -> bool:
        """An arrow up (-1) or down (1); False where there is nothing to move in."""
        return False

    def accept(self) -> None:
        """Enter."""

    def space(self) -> bool:
        """The space bar; False: it asks for the hint."""
        return False

    def tell(self, verdict: Verdict) -> None:
        """Show what was right; take no more answers."""
        self.told = True

    def unread(self, verdict: Verdict) -> None:
        """The answer could not be read: show where, if that is known."""

    def says(self, text: Text) -> str:
        return text[self.lang]


def item_widget(dealt: Dealt, lang: str, answer: Text | None = None) -> ItemWidget:
    """The widget for an item of any kind. ``answer``: the question's answer, for a recall."""
    if dealt.kind == "recall":
        from qbank.tui.widgets.recall import RecallItem

        return RecallItem(dealt, lang, answer or Text("", ""))
    return _class_for(dealt.kind)(dealt, lang)


def _class_for(kind: str) -> type[ItemWidget]:
    if kind == "choice":
        from qbank.tui.widgets.choice import ChoiceItem

        return ChoiceItem
    if kind == "choices":
        from qbank.tui.widgets.choices import ChoicesItem

        return ChoicesItem
    if kind == "order":
        from qbank.tui.widgets.order import OrderItem

        return OrderItem
    if kind == "match":
        from qbank.tui.widgets.match import MatchItem

        return MatchItem
    if kind == "cloze":
        from qbank.tui.widgets.cloze import ClozeItem

        return ClozeItem
    from qbank.tui.widgets.typed import TypedItem

    return TypedItem
