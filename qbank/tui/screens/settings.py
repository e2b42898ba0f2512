"""Language, theme, minutes a day and the date of the interview in one form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Static

from qbank.domain import LANGS, BadValue, Text
from qbank.tui import themes
from qbank.tui.keys import bind
from qbank.tui.screens.base import QbankScreen
from qbank.tui.text import plain
from qbank.tui.widgets.cycle import Cycle
from qbank.tui.widgets.legend import Hint

if TYPE_CHECKING:
    from qbank.services.settings import Settings

FIELDS = {
    "language": Text("语言", "language"),
    "theme": Text("配色", "theme"),
    "daily_minutes": Text("每天几分钟", "minutes a day"),
    "interview_date": Text("面试日期", "interview date"),
}
NOTES = {
    "daily_minutes": Text("到时间就停；空着表示不限", "a sitting stops there; empty: no limit"),
    "interview_date": Text("如 2027-03-15；没有就空着", "such as 2027-03-15; empty: none"),
}
RULES = {
    "daily_minutes": Text("应为 1 到 1440 的整数，或空着", "must be a whole number from 1 to 1440, or empty"),
    "interview_date": Text("应为日期，如 2027-03-15，或空着", "must be a date such as 2027-03-15, or empty"),
}
"""What is told at a field whose value breaks its rule."""
TYPED = ("daily_minutes", "interview_date")


class SettingsScreen(QbankScreen[None]):
    """Enter saves everything, Esc leaves it as it was. ``first``: right after the warm-up of the first run."""

    CSS_PATH = "settings.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [bind("accept", "save")]

    def __init__(self, first: bool = False) -> None:
        super().__init__()
        self.first = first
        self.before: dict[str, str] = {}
        """What the form has changed at once, as it was."""
        self.wrong: frozenset[str] = frozenset()

    def body(self) -> Iterable[Widget]:
        theme = "dark" if self.app.theme == themes.DARK else "light"
        with VerticalScroll(id="form", can_focus=False):
            yield Static(id="intro")
            for name in FIELDS:
                with Horizontal(classes="field"):
                    yield Static(classes="label", id=f"{name}-label")
                    if name == "language":
                        yield Cycle(LANGS, self.qapp.lang, ("中文", "English"), id=name)
                    elif name == "theme":
                        yield Cycle(("dark", "light"), theme, id=name)
                    else:
                        yield Input(id=name, compact=True, select_on_focus=False)
                if name in NOTES:
                    yield Static(classes="note", id=f"{name}-note")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#language").focus()
        self.qapp.work(lambda: self.qapp.context.study.settings.all(), self.fill, owner=self)

    def fill(self, values: Mapping[str, Any]) -> None:
        """Show what is set."""
        for name in TYPED:
            field = self.query_one(f"#{name}", Input)
            if not field.value and values[name] is not None:
                field.value = str(values[name])

    # ------------------------------------------------------------ texts

    def place(self) -> tuple[str, str]:
        return self.say("设置", "settings"), ""

    def hints(self) -> Sequence[Hint]:
        return [
            Hint("accept", Text("保存", "save")),
            Hint("accept", Text("下一项", "next field"), "Tab"),
            Hint("hint", Text("换一个值", "other value")),
            Hint("back", Text("不改", "leave")),
        ]

    def relabel(self) -> None:
        super().relabel()
        lang = self.qapp.lang
        intro = self.query_one("#intro", Static)
        intro.display = self.first
        intro.update(self.say("最后一步。都可以以后再改。", "One last thing. All of it can be changed later."))
        for name, label in FIELDS.items():
            self.query_one(f"#{name}-label", Static).update(plain(label[lang]))
        self._write_notes()
        language, theme = self.query_one("#language", Cycle), self.query_one("#theme", Cycle)
        language.value = lang
        theme.labels = (self.say("深色", "dark"), self.say("浅色", "light"))

    def _write_notes(self) -> None:
        for name, note in NOTES.items():
            line = self.query_one(f"#{name}-note", Static)
            line.update(plain((RULES if name in self.wrong else {name: note})[name][self.qapp.lang]))
            line.set_class(name in self.wrong, "wrong")

    # ------------------------------------------------------------ changing

    def on_cycle_changed(self, event: Cycle.Changed) -> None:
        """Language and theme show at once what they mean."""
        if event.cycle.id == "language":
            self.before.setdefault("language", self.qapp.lang)
            self.qapp.lang = event.value
        else:
            self.before.setdefault("theme", self.app.theme)
            self.app.theme = themes.NAMES[event.value]

    def on_input_submitted(self) -> None:
        self.action_save()

    def action_save(self) -> None:
        """Save every field; what breaks its rule is told at its field and nothing closes."""
        typed = {name: self.query_one(f"#{name}", Input).value.strip() for name in TYPED}
        chosen = {name: self.query_one(f"#{name}", Cycle).value for name in ("language", "theme")}
        context = self.qapp.context

        def job() -> list[str]:
            wrong = [name for name, value in typed.items() if not _keeps(context.study.settings, name, value)]
            if not wrong:
                for name, value in typed.items():
                    context.study.settings.set(name, value)
                for name, value in chosen.items():
                    context.config.set(name, value)
            return wrong

        self.qapp.work(job, self._saved, owner=self)

    def _saved(self, wrong: Sequence[str]) -> None:
        if not wrong:
            self.dismiss()
            return
        self.wrong = frozenset(wrong)
        self._write_notes()
        self.query_one(f"#{wrong[0]}", Input).focus()

    def action_back(self) -> None:
        """Language and theme as they were, unless other keys changed them."""
        for name, value in self.before.items():
            if name == "language":
                self.qapp.lang = value
            else:
                self.app.theme = value
        super().action_back()


def _keeps(settings: Settings, name: str, value: str) -> bool:
    try:
        settings.check(name, value)
    except BadValue:
        return False
    return True
