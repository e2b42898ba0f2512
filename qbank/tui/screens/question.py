"""One question: prompt, answer, points, demonstrations one key away, items, errata, sources."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
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
from qbank.tui.text import plain
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
"""Sections whose entries can be opened."""


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
            for name in SECTIONS:
                yield Static(classes="head", id=f"{name}-head")
                yield OptionList(id=name, compact=True) if name in LISTS else Prose(id=name)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#page").focus()
        self._write_sections(dict.fromkeys(SECTIONS, ""))
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
        prose = question.prose(lang)
        self.query_one("#prompt", Prose).show(
            f"**{prose.prompt.strip()}**" if "**" not in prose.prompt else prose.prompt
        )
        self.query_one("#answer", Prose).show(prose.answer)
        self._write_sections(
            {
                "points": "\n".join(f"- {_star(p.essential)}{p.text[lang]}" for p in question.points),
                "demos": "\n".join(_demo(n, demo, self.size.width - 8) for n, demo in enumerate(question.demos, 1)),
                "items": "\n".join(_items(question, lang)),
                "errata": "\n\n".join(_erratum(erratum, lang) for erratum in question.errata),
                "sources": "\n".join(_sources(question, lang)),
                "follow": "\n".join(question.follow_up),
            }
        )

    def _write_sections(self, texts: Mapping[str, str]) -> None:
        for name, label in SECTIONS.items():
            head = self.query_one(f"#{name}-head", Static)
            head.update(plain(label[self.qapp.lang]))
            section = self.query_one(f"#{name}")
            head.display = section.display = bool(texts[name])
            if isinstance(section, OptionList):
                at = section.highlighted
                section.clear_options()
                section.add_options(Option(plain(line)) for line in texts[name].splitlines())
                section.highlighted = at
            elif isinstance(section, Prose):
                section.show(texts[name])

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
        head = self.query_one("#errata-head")
        if head.display:
            head.scroll_visible(top=True, animate=False)


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
    return "\n".join([f"`{erratum.id}` ({said})", *rows])


def _formula(text: str) -> str:
    """A bare formula as Markdown."""
    return f"${text}$" if "\\" in text and "$" not in text else text
