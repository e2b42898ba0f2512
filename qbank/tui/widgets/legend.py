"""The last line: the keys that work here. A click on one presses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from qbank.domain import Text
from qbank.mathtext import width
from qbank.tui.keys import GRAMMAR, keys_of


@dataclass(frozen=True, slots=True)
class Hint:
    """An entry of the legend: ``name`` in the grammar; other words or keys shown where they fit better."""

    name: str
    says: Text | None = None
    shown: str | None = None

    def text(self, lang: str) -> tuple[str, str]:
        key = GRAMMAR[self.name]
        return self.shown or key.shown[lang], (self.says or key.says)[lang]


LAST = Hint("language")


class Legend(Widget):
    """Entries from the left, the language on the right; what does not fit is left out from the end."""

    DEFAULT_CSS = """
    Legend { dock: bottom; height: 1; padding: 0 1; background: $panel; color: $foreground; link-style: none; }
    """

    hints: reactive[Sequence[Hint]] = reactive(())
    lang: reactive[str] = reactive("en")

    def render(self) -> RenderResult:
        room = self.content_size.width
        last = self._entry(LAST)
        left: list[Content] = []
        used = 0
        for hint in self.hints:
            entry = self._entry(hint)
            if used + width(entry.plain) + 3 + width(last.plain) > room:
                break
            left += [entry, Content("   ")]
            used += width(entry.plain) + 3
        return Content("").join([*left, Content(" " * (room - used - width(last.plain))), last])

    def _entry(self, hint: Hint) -> Content:
        shown, says = hint.text(self.lang)
        click = Style.from_meta({"@click": f"app.press({keys_of(hint.name)[0]!r})"})
        return Content.assemble((shown, "bold $text-accent"), " ", says).stylize(click)
