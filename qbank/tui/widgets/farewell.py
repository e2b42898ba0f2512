"""The end of a sitting: how much was right, the mistakes by name, tomorrow's minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from qbank.tui.text import plain
from qbank.tui.widgets.prose import Prose

if TYPE_CHECKING:
    from qbank.tui.sitting import Farewell


class FarewellPage(Vertical):
    """Text only; Enter leaves."""

    DEFAULT_CSS = """
    FarewellPage { height: auto; }
    FarewellPage Static, FarewellPage Prose { margin-bottom: 1; }
    """

    def __init__(self, farewell: Farewell, lang: str) -> None:
        super().__init__()
        self.farewell, self.lang = farewell, lang

    def compose(self) -> ComposeResult:
        yield Static(id="count", classes="head")
        yield Prose(id="mistakes")
        yield Static(id="tomorrow")

    def on_mount(self) -> None:
        self.relabel(self.lang)

    def relabel(self, lang: str) -> None:
        """The same in another language."""
        self.lang = lang
        self.query_one("#count", Static).update(plain(count(self.farewell, lang)))
        self.query_one("#mistakes", Prose).show(mistakes(self.farewell, lang))
        self.query_one("#mistakes").display = bool(self.farewell.mistakes)
        self.query_one("#tomorrow", Static).update(plain(tomorrow(self.farewell, lang)))


def count(farewell: Farewell, lang: str) -> str:
    """How many answers, how many right."""
    n, right = farewell.answered, farewell.right
    if not n:
        return "现在没有要问的。" if lang == "zh" else "Nothing to ask now."
    return f"答了 {n} 题，对 {right} 题。" if lang == "zh" else f"{n} answered, {right} right."


def mistakes(farewell: Farewell, lang: str) -> str:
    """The mistakes by name, as Markdown."""
    head = "这次的错误：" if lang == "zh" else "Mistakes of this sitting:"
    often = "（{} 次）" if lang == "zh" else " ({} times)"
    lines = [f"- {said[lang]}" + (often.format(times) if times > 1 else "") for said, times in farewell.mistakes]
    return "\n".join([head, "", *lines])


def tomorrow(farewell: Farewell, lang: str) -> str:
    """What is left today and what tomorrow takes."""
    o = farewell.overview
    minutes, left = max(1, round(o.tomorrow_minutes)), max(1, round(o.due_minutes))
    if lang == "zh":
        today = f"今天还有 {o.due} 张到期，约 {left} 分钟。" if o.due else ""
        return today + (f"明天 {o.tomorrow} 张到期，约 {minutes} 分钟。" if o.tomorrow else "明天没有到期的。")
    today = f"Still due today: {o.due}, about {left} min. " if o.due else ""
    return today + (f"Tomorrow: {o.tomorrow} due, about {minutes} min." if o.tomorrow else "Tomorrow: nothing due.")
