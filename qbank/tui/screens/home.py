"""The first screen: where the learner stands, and what to do next."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from qbank.domain import Text
from qbank.mathtext import width
from qbank.tui.keys import GRAMMAR, bind
from qbank.tui.screens.base import QbankScreen
from qbank.tui.text import plain
from qbank.tui.widgets.legend import Hint

if TYPE_CHECKING:
    from qbank.services.progress import Overview

CHOICES = {
    "review": Text("先到期的，再学新的", "what is due, then something new"),
    "quiz": Text("十张卡片，混合次序", "ten cards in a mixed order"),
    "browse": Text("按星级、主题、来源筛选；搜索", "by stars, topic, source; search"),
    "warmup": Text("五道题，不计分", "five questions, not scored"),
    "settings": Text("语言、配色、每天几分钟、面试日期", "language, theme, minutes a day, interview"),
    "help": Text("所有按键", "every key"),
    "quit": Text("", ""),
}
"""What can be done from here -> a few words about it."""


class HomeScreen(QbankScreen[None]):
    """Painted empty at once; the numbers come when the store is open."""

    CSS_PATH = "home.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [bind(name) for name in CHOICES if name != "help"]

    overview: Overview | None = None
    settled = False
    """Whether the first overview has led on to what opens first."""

    def body(self) -> Iterable[Widget]:
        with Vertical(id="home"):
            yield Static(id="standing")
            yield Static(id="advice")
            yield OptionList(*(Option(name, id=name) for name in CHOICES), id="choices")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#choices", OptionList).focus()
        self.call_after_refresh(self.load)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self.settled:
            self.load()

    def load(self) -> None:
        """Ask for the numbers again, off the screen's thread."""
        context = self.qapp.context
        self.qapp.work(
            lambda: context.progress.overview(),
            self.fill,
            None if self.settled else self.qapp.abort,
            owner=self,
            group="load",
            exclusive=True,
        )

    def fill(self, overview: Overview) -> None:
        """Show the numbers; the first time, go on to what the program was started for, or to the warm-up."""
        self.overview = overview
        self.relabel()
        if self.settled:
            return
        self.settled = True
        gc.freeze()  # what is loaded by now stays
        gc.enable()
        if self.qapp.opening is not None:
            self.qapp.opening(self.qapp)
        elif not overview.started:
            self.qapp.open_warmup()

    # ------------------------------------------------------------ texts

    def place(self) -> tuple[str, str]:
        left = self.overview.days_left if self.overview else None
        aside = "" if left is None else self.say(f"距面试 {left} 天", f"{left} days to the interview")
        return self.say("主页", "home"), aside

    def hints(self) -> Sequence[Hint]:
        names = ("accept", "review", "quiz", "browse", "help", "quit")
        return [Hint(name, Text("选定", "choose") if name == "accept" else None) for name in names]

    def relabel(self) -> None:
        super().relabel()
        self.query_one("#standing", Static).update(plain(standing(self.overview, self.qapp.lang)))
        self.query_one("#advice", Static).update(plain(advice(self.overview, self.qapp.lang)))
        choices = self.query_one("#choices", OptionList)
        for name in CHOICES:
            choices.replace_option_prompt(name, self._choice(name))

    def _choice(self, name: str) -> Content:
        says, shown = (part[self.qapp.lang] for part in (GRAMMAR[name].says, GRAMMAR[name].shown))
        gap = " " * max(18 - width(says), 2)
        about = CHOICES[name][self.qapp.lang]
        return Content.assemble(says, gap, (shown, "bold"), "   ", about)

    # ------------------------------------------------------------ ways on

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        name = event.option.id or ""
        if name == "help":
            self.qapp.action_help()
        else:
            getattr(self, f"action_{name}")()

    def action_review(self) -> None:
        """Within today's minutes; whoever asks for more once they are spent gets more."""
        self.qapp.open_review(None if self.overview is None or self.overview.spent else self.overview.daily_minutes)

    def action_quiz(self) -> None:
        self.qapp.open_mixed_quiz()

    def action_browse(self) -> None:
        self.qapp.open_browse()

    def action_warmup(self) -> None:
        self.qapp.open_warmup()

    def action_settings(self) -> None:
        self.qapp.open_settings()

    def action_quit(self) -> None:
        self.qapp.exit()

    def action_back(self) -> None:
        """There is nothing behind the home screen."""


def standing(overview: Overview | None, lang: str) -> str:
    """The numbers in aligned lines; dots until they are there."""
    zh = lang == "zh"
    if overview is None:
        rows = [(name, "..") for name in (("今天", "已答", "连续") if zh else ("today", "done", "streak"))]
    else:
        rows = _rows_zh(overview) if zh else _rows_en(overview)
    room = max(width(name) for name, _ in rows) + 3
    return "\n".join(name + " " * (room - width(name)) + value for name, value in rows)


def _rows_zh(o: Overview) -> list[tuple[str, str]]:
    due = f"{o.due} 张到期，约 {_up(o.due_minutes)} 分钟" if o.due else "没有到期的"
    of = f" / {o.daily_minutes}" if o.daily_minutes else ""
    rows = [
        ("今天", f"{due}；{o.new} 张新卡片"),
        ("已答", f"{o.answered_today} 题，{round(o.minutes_today)}{of} 分钟"),
        ("连续", f"{o.streak} 天"),
    ]
    return [*rows, ("明天", f"{o.tomorrow} 张，约 {_up(o.tomorrow_minutes)} 分钟")] if o.tomorrow else rows


def _rows_en(o: Overview) -> list[tuple[str, str]]:
    due = f"{o.due} due, about {_up(o.due_minutes)} min" if o.due else "nothing due"
    of = f" of {o.daily_minutes}" if o.daily_minutes else ""
    rows = [
        ("today", f"{due}; {o.new} new"),
        ("done", f"{o.answered_today} answered in {round(o.minutes_today)}{of} min"),
        ("streak", f"{o.streak} {'day' if o.streak == 1 else 'days'}"),
    ]
    return [*rows, ("tomorrow", f"{o.tomorrow} due, about {_up(o.tomorrow_minutes)} min")] if o.tomorrow else rows


def _up(minutes: float) -> int:
    return max(1, round(minutes))


def advice(overview: Overview | None, lang: str) -> str:
    """One sentence: what to do next."""
    zh = lang == "zh"
    if overview is None:
        return ""
    if overview.spent:
        minutes = overview.daily_minutes
        return (
            f"今天的 {minutes} 分钟已经用完。还想继续也可以。"
            if zh
            else f"Today's {minutes} minutes are spent. You may still go on."
        )
    if overview.due:
        return "下一步：复习到期的卡片，再学新的。" if zh else "Next: review what is due, then learn something new."
    if overview.new:
        return "下一步：学几张新卡片。" if zh else "Next: learn a few new cards."
    return "今天都做完了。可以测验或浏览题库。" if zh else "All done for now. Take a quiz, or browse the bank."
