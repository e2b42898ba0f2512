"""One question: prompt, answer, points, demonstrations one key away, items, errata, sources."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from qbank.domain import Text
from qbank.mathtext import width
from qbank.tui import strings
from qbank.tui.keys import bind, digits
from qbank.tui.screens.base import QbankScreen
from qbank.tui.text import plain, prose
from qbank.tui.widgets.header import cut
from qbank.tui.widgets.legend import Hint
from qbank.tui.widgets.prose import Prose

if TYPE_CHECKING:
    from qbank.domain import Demo, Erratum, Question

SECTIONS = {
    "points": Text("要点（* 为必答）", "Points (* essential)"),
    "demos": Text("演示", "Demonstrations"),
    "items": Text("练习", "Items"),
    "errata": Text("勘误", "Errata"),
    "sources": Text("来源", "Sources"),
    "follow": Text("追问", "Follow-up"),
}
ORIGINS = {
    "author": Text("作者之误", "the author's"),
    "copy": Text("抄本之误", "this copy's"),
    "book": Text("原书之误", "the book's"),
}
"""Whose mistake an erratum is."""
LISTS = ("demos", "follow")
"""Sections whose entries can be opened: lists of their own. The others are parts of the text around them."""


class QuestionScreen(QbankScreen[None]):
    """Scrolls with the arrow keys; → and digits run the demonstrations."""

    CSS_PATH = "question.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("solver", "demo(1)"),
        bind("practice"),
        bind("errata"),
        *digits("demo", 1, 9),
    ]

    question: Question | None = None

    def __init__(self, id: str) -> None:
        super().__init__()
        self.question_id = id

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="page"):
            yield Prose(id="prompt")
            yield Prose(id="answer")
            yield Static(classes="head", id="demos-head")
            yield OptionList(id="demos", compact=True)
            yield Prose(id="more")
            yield Static(classes="head", id="follow-head")
            yield OptionList(id="follow", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#page").focus()
        for name in LISTS:
            self._list(name, ())
        self.qapp.work(lambda: self.qapp.context.bank.question(self.question_id), self.fill, self._unknown, owner=self)

    def fill(self, question: Question) -> None:
        """Show a question."""
        self.question = question
        self.relabel()

    def _unknown(self, line: str) -> None:
        self.qapp.complain(line)
        self.dismiss()

    # ------------------------------------------------------------ texts

    def place(self) -> tuple[str, str]:
        question = self.question
        if question is None:
            return self.question_id, ""
        lang = self.qapp.lang
        source = question.sources[0] if question.sources else None
        aside = "" if source is None else "  " + strings.where(source.doc, source.number, source.heading, lang)
        return question.prose(lang).title, "*" * question.stars + aside

    def hints(self) -> Sequence[Hint]:
        question = self.question
        if question is None:
            return [Hint("back")]
        demos = len(question.demos)
        found = []
        if demos:
            shown = "→" if demos == 1 else f"→ 1-{min(demos, 9)}"
            found.append(Hint("solver", Text("演示", "demonstrate"), shown))
        found.append(Hint("practice", Text("练这道题", "practice")))
        if question.errata:
            found.append(Hint("errata"))
        return [*found, Hint("help"), Hint("back")]

    def relabel(self) -> None:
        super().relabel()
        question, lang = self.question, self.qapp.lang
        if question is None:
            return
        told = question.prose(lang)
        self.query_one("#prompt", Prose).show(told.prompt)
        points = [f"- {_star(point.essential)}{point.text[lang]}" for point in question.points]
        self.query_one("#answer", Prose).show("\n\n".join([told.answer.strip(), *_part("points", points, lang)]))
        room = self.size.width - 8
        self._list("demos", [_demo(number, demo, room) for number, demo in enumerate(question.demos, start=1)])
        errata = [_erratum(erratum, lang) for erratum in question.errata]
        parts = {"items": _items(question, lang), "errata": errata, "sources": _sources(question, lang)}
        more = [text for name, lines in parts.items() for text in _part(name, lines, lang)]
        self.query_one("#more", Prose).show("\n\n".join(more))
        self._list("follow", question.follow_up)

    def _list(self, name: str, lines: Sequence[str]) -> None:
        """A list with its head; nothing of it shows where it is empty, and the same lines are left alone."""
        head, list_ = self.query_one(f"#{name}-head", Static), self.query_one(f"#{name}", OptionList)
        head.update(plain(SECTIONS[name][self.qapp.lang]))
        head.display = list_.display = bool(lines)
        if [str(option.prompt) for option in list_.options] != list(lines):
            list_.clear_options()
            list_.add_options(Option(plain(line)) for line in lines)

    # ------------------------------------------------------------ keys

    def action_demo(self, number: int) -> None:
        """Run a demonstration with its numbers."""
        if self.question is not None and number <= len(self.question.demos):
            demo = self.question.demos[number - 1]
            self.qapp.open_solver(demo.solver, demo.set)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if event.option_list.id == "demos":
            self.action_demo(event.option_index + 1)
        elif self.question is not None:
            self.qapp.open_question(self.question.follow_up[event.option_index])

    def action_practice(self) -> None:
        """A quiz over this question's cards."""
        if self.question is not None:
            id = self.question.id
            self.qapp.start_quiz(lambda: self.qapp.context.study.mixed([id]))

    def action_errata(self) -> None:
        """To the errata."""
        more = self.query_one("#more", Prose)
        head = SECTIONS["errata"][self.qapp.lang]
        if self.question is not None and self.question.errata:
            lines = prose(more.source, more.content_size.width).plain.split("\n")
            self.query_one("#page").scroll_to(y=more.virtual_region.y + lines.index(head), animate=False)


def _part(name: str, lines: Sequence[str], lang: str) -> list[str]:
    """A section as Markdown under its heading; nothing where it is empty."""
    return [f"## {SECTIONS[name][lang]}\n" + "\n".join(lines)] if lines else []


def _star(essential: bool) -> str:
    return "\\* " if essential else ""


def _demo(number: int, demo: Demo, room: int) -> str:
    numbers = "  ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in demo.set.items())
    text = f"{number}  {demo.id}"
    return cut(f"{text}   {numbers}" if numbers else text, max(room, width(text)))


def _items(question: Question, lang: str) -> list[str]:
    lines = []
    for facet in question.facets:
        ids = [f"`{item.id}`" for item in question.items if item.facet == facet]
        if ids:
            mark = "：" if lang == "zh" else ": "
            lines.append(f"- {strings.FACETS[facet][lang]}{mark}" + ("、" if lang == "zh" else ", ").join(ids))
    return lines


def _sources(question: Question, lang: str) -> list[str]:
    mark, end = ("：", "；") if lang == "zh" else (": ", "; ")
    lines = []
    for source in question.sources:
        line = strings.where(source.doc, source.number, source.heading, lang)
        if source.number is not None:
            line += mark + source.heading
        lines.append("- " + line + (end + source.book if source.book else ""))
    return lines


def _erratum(erratum: Erratum, lang: str) -> str:
    zh = lang == "zh"
    said = ORIGINS[erratum.origin][lang]
    words = ("原文", "应为", "理由", "出处") if zh else ("printed", "right", "why", "reference")
    texts = (_formula(erratum.printed), _formula(erratum.right), erratum.why[lang], erratum.reference)
    mark = "：" if zh else ": "
    rows = [f"- {word}{mark}{text}" for word, text in zip(words, texts, strict=True) if text]
    return "\n".join([f"`{erratum.id}` ({said})", *rows, ""])


def _formula(text: str) -> str:
    """A bare formula as Markdown."""
    return f"${text}$" if "\\" in text and "$" not in text else text
