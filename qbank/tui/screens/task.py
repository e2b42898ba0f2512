"""Task after task by keyboard alone: the item, its verdict, the next one; at the end what the sitting came to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from qbank.domain import RATINGS, Text
from qbank.services.wording import stem
from qbank.tui import strings
from qbank.tui.keys import bind, digits
from qbank.tui.screens.base import QbankScreen
from qbank.tui.screens.solver import SCROLLING
from qbank.tui.sitting import Asked, Sitting, Tasks
from qbank.tui.text import plain
from qbank.tui.widgets.farewell import FarewellPage
from qbank.tui.widgets.item import ItemWidget, item_widget
from qbank.tui.widgets.legend import Hint
from qbank.tui.widgets.prose import Prose
from qbank.tui.widgets.typed import WORDS
from qbank.tui.widgets.verdict import VerdictPanel, recorded

if TYPE_CHECKING:
    from pathlib import Path

    from qbank.domain import Verdict
    from qbank.services.tasks import Answered, Undone
    from qbank.tui.sitting import Farewell


class TaskScreen(QbankScreen[None]):
    """``tasks`` deals them; ``title`` is what the sitting is called, ``total`` how many there are."""

    CSS_PATH = "task.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *digits("digit"),
        *(bind(name) for name in ("accept", "hint", "solver", "undo", "challenge", "skip")),
        *SCROLLING,
        Binding("ctrl+z", "undo", show=False),
    ]

    SCORED: ClassVar[bool] = True

    def __init__(self, tasks: Tasks | None, title: tuple[str, str], total: int | None = None) -> None:
        super().__init__()
        self.tasks, self.title_text, self.total = tasks, Text(*title), total
        self.sitting: Sitting | None = None
        self.asked: Asked | None = None
        self.answered: Answered | None = None
        """The standing answer to the task on the screen; None while it is asked."""
        self.farewell: Farewell | None = None
        self.jobs = 0
        """Jobs under way off the screen's thread."""
        self.typed: str | None = None
        """The last answer as it was typed."""
        self.hinted = False
        self.hint_open = False
        self.since_ms = 0

    # ------------------------------------------------------------ layout

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="page", can_focus=False):
            yield Static(id="note")
            yield Prose(id="stem")
            yield Prose(id="hint")
            yield Vertical(id="slot")
            yield Static(id="below")
        yield VerdictPanel(self.SCORED)

    @property
    def item(self) -> ItemWidget | None:
        """The widget that takes the answer."""
        found = self.query(ItemWidget)
        return found.first() if found else None

    def on_mount(self) -> None:
        super().on_mount()
        self.set_focus(None)
        self.run_job(self.begin, self.ask)

    def begin(self) -> Asked | None:
        """Off the screen's thread: open the store, take the first task."""
        context = self.qapp.context
        assert self.tasks is not None
        self.sitting = Sitting(context.study, context.bank, context.progress, self.tasks, self.SCORED)
        return self.sitting.next()

    @property
    def busy(self) -> bool:
        """Whether the screen waits for a job: until it is through, keys do nothing."""
        return self.jobs > 0

    def run_job(
        self, job: Callable[[], Any], then: Callable[[Any], Any], failed: Callable[[str], Any] | None = None
    ) -> None:
        """Run a blocking job; keys pressed meanwhile do nothing."""
        self.jobs += 1

        async def settle(then: Callable[[Any], Any], result: Any) -> None:
            try:
                found = then(result)
                if isawaitable(found):
                    await found
            finally:
                self.jobs -= 1

        self.qapp.work(
            job,
            lambda result: self.call_later(settle, then, result),
            lambda line: self.call_later(settle, failed or self.qapp.complain, line),
            owner=self,
        )

    # ------------------------------------------------------------ texts

    def place(self) -> tuple[str, str]:
        title, asked = self.title_text[self.qapp.lang], self.asked
        if asked is None or self.farewell is not None:
            return title, ""
        of = f"/{self.total}" if self.total else ""
        return f"{title} {asked.number}{of}", heading(asked, self.qapp.lang)

    def hints(self) -> Sequence[Hint]:
        if self.farewell is not None:
            return [Hint("accept", Text("主页", "home")), Hint("undo", Text("撤销", "undo")), Hint("help")]
        if self.answered is not None:
            return [
                Hint("accept", Text("继续", "go on")),
                *([Hint("again", Text("改评", "rate"), "1-4")] if self.answered.rating is not None else []),
                *self._solver_hint(),
                Hint("undo", Text("撤销", "undo")),
                Hint("challenge", Text("异议", "challenge")),
                Hint("help"),
            ]
        found = [] if self.item is None else self.item.hints()
        if self.asked is not None and self.asked.task.dealt.hint is not None:
            found.append(Hint("hint", Text("提示", "hint")))
        wordy = self.asked is not None and self.asked.task.kind in WORDS  # there letters are text
        return [*found, *self._solver_hint(), *([] if wordy else [Hint("skip")]), Hint("help"), Hint("back")]

    def _solver_hint(self) -> list[Hint]:
        has = self.asked is not None and self.asked.task.dealt.solver is not None
        return [Hint("solver", Text("求解器", "solver"))] if has else []

    def relabel(self) -> None:
        super().relabel()
        asked, lang = self.asked, self.qapp.lang
        if self.farewell is not None:
            self.query_one(FarewellPage).relabel(lang)
        if asked is None:
            return
        note = self.note()
        self.query_one("#note", Static).update(plain(note))
        self.query_one("#note").display = bool(note)
        self.query_one("#stem", Prose).show(stem(asked.task.dealt, lang))
        hint = asked.task.dealt.hint
        self.query_one("#hint", Prose).show(hint[lang] if hint is not None and self.hint_open else "")
        self.query_one("#hint").display = self.hint_open
        below = self.below() if self.answered is None else ""
        self.query_one("#below", Static).update(plain(below))
        self.query_one("#below").display = bool(below)
        if self.item is not None:
            self.item.relabel(lang)
        self.query_one(VerdictPanel).relabel(lang)

    def below(self) -> str:
        """A line below the task while it is asked."""
        return ""

    def note(self) -> str:
        """A line above the task."""
        assert self.asked is not None
        if self.asked.task.reason == "retry":
            return self.say("换一组数再来一次，不计分。", "Once more with new numbers, not scored.")
        if self.asked.task.changed:
            return self.say("这道题自你上次作答后改过。", "This question has changed since you last saw it.")
        return ""

    # ------------------------------------------------------------ asking

    async def ask(self, asked: Asked | None) -> None:
        """Show a task, or the end."""
        if asked is None:
            self.finish()
            return
        self.asked, self.answered, self.farewell = asked, None, None
        self.hinted = self.hint_open = False
        await self.query("ItemWidget, FarewellPage").remove()
        self.query_one(VerdictPanel).clear()
        page = self.query_one("#page", VerticalScroll)
        answer = Text(asked.question.zh.answer, asked.question.en.answer)
        await self.query_one("#slot").mount(item_widget(asked.task.dealt, self.qapp.lang, answer))
        page.scroll_home(animate=False)
        self.query_one("#stem").display = True
        self.since_ms = self.qapp.context.now_ms()
        self.relabel()

    def on_item_widget_answered(self, event: ItemWidget.Answered) -> None:
        """Grade and store what the reader gave."""
        event.stop()
        asked, sitting, item = self.asked, self.sitting, self.item
        if self.busy or self.answered is not None or asked is None or sitting is None or item is None:
            return
        ms = self.qapp.context.now_ms() - self.since_ms
        self.typed = event.text

        def failed(line: str) -> None:
            self.qapp.complain(self.say("答案没有保存。", "The answer was not stored. ") + line)

        self.run_job(
            lambda: sitting.answer(asked, event.text, event.points, self.hinted, ms),
            lambda found: self.tell(*found),
            failed,
        )

    def tell(self, verdict: Verdict, answered: Answered | None) -> None:
        """Show the verdict; what could not be read leaves the task open."""
        if self.asked is None or self.item is None:
            return
        self.answered = answered
        if answered is None:
            self.item.unread(verdict)
        else:
            self.item.tell(verdict)
            self.set_focus(None)
        self.query_one(VerdictPanel).tell(self.asked.task.dealt, verdict, answered, self.qapp.lang)
        self.refresh_chrome()
        if self.asked.task.kind == "recall":
            self.query_one("#page", VerticalScroll).scroll_home(animate=False)

    # ------------------------------------------------------------ keys

    def action_accept(self) -> None:
        if self.busy:
            return
        if self.farewell is not None:
            self.dismiss()
        elif self.answered is not None:
            self.go_on()
        elif self.item is not None:
            self.item.accept()
            self.refresh_chrome()

    def go_on(self) -> None:
        """From a verdict to what follows it."""
        sitting, asked, answered = self.sitting, self.asked, self.answered
        if sitting is not None and asked is not None and answered is not None:
            self.run_job(lambda: sitting.after(asked, answered), self.ask)

    def action_digit(self, number: int) -> None:
        if self.busy or self.farewell is not None:
            return
        if self.answered is None:
            if self.item is not None:
                self.item.digit(number)
        elif 1 <= number <= len(RATINGS):
            self.rate(number)

    def rate(self, number: int) -> None:
        """Overrule the rating that the answer was given."""
        sitting, asked, answered = self.sitting, self.asked, self.answered
        if sitting is None or asked is None or answered is None or answered.rating is None:
            return
        rating = RATINGS[number - 1]
        if rating != answered.rating:
            self.run_job(
                lambda: sitting.overrule(asked, answered, rating), lambda stored: self.tell(stored.verdict, stored)
            )

    def action_hint(self) -> None:
        item, asked = self.item, self.asked
        if self.busy or item is None or asked is None or self.answered is not None or self.farewell is not None:
            return
        if item.space():
            self.refresh_chrome()
        elif asked.task.dealt.hint is not None:
            self.hinted = self.hint_open = True
            self.relabel()
        else:
            self.qapp.tell(self.say("这道题没有提示。", "There is no hint."))

    def action_move(self, step: int) -> None:
        item = self.item
        if self.farewell is not None or item is None or not item.move(step):
            self.scrolled.scroll_relative(y=step, animate=False)

    def action_page(self, step: int) -> None:
        part = self.scrolled
        part.scroll_relative(y=step * max(part.size.height - 2, 1), animate=False)

    @property
    def scrolled(self) -> Widget:
        """What the keys scroll: the page, or a verdict that is too long to be seen whole."""
        told = self.query_one(VerdictPanel).told
        return told if self.answered is not None and told.max_scroll_y > 0 else self.query_one("#page")

    def action_solver(self) -> None:
        """The solver on the numbers of this very task; before the answer that counts as a hint."""
        if self.asked is None or self.farewell is not None:
            return
        dealt = self.asked.task.dealt
        if dealt.solver is None:
            self.qapp.tell(self.say("这道题没有求解器。", "No solver stands behind this item."))
            return
        self.hinted |= self.answered is None
        self.qapp.open_solver(dealt.solver, dealt.inputs)

    def action_challenge(self) -> None:
        """Doubt what the screen says of the answer, or else the last verdict."""
        sitting, asked, verdict = self.sitting, self.asked, self.query_one(VerdictPanel).verdict
        if sitting is None or self.busy:
            return
        unread = self.typed if verdict is not None and not verdict.valid else None
        answered = self.answered or next((stored for _, stored in reversed(sitting.answered.values())), None)
        if unread is None and answered is None:
            self.qapp.tell(self.say("还没有判定。", "There is no verdict yet."))
            return
        self.run_job(lambda: sitting.challenge(asked, answered, unread), self.challenged)

    def challenged(self, case: Path | None) -> None:
        """Say that it is recorded, and where: at the verdict on the screen, else in passing."""
        panel, lang = self.query_one(VerdictPanel), self.qapp.lang
        if panel.verdict is None:
            self.qapp.tell(recorded(case, lang))
        else:
            panel.saved(case, lang)

    def action_skip(self) -> None:
        sitting, asked = self.sitting, self.asked
        if self.busy or sitting is None or asked is None or self.answered is not None or self.farewell is not None:
            return
        self.run_job(lambda: sitting.skip(asked), self.ask)

    def action_undo(self) -> None:
        sitting = self.sitting
        if self.busy or sitting is None:
            return
        waiting = self.asked if self.answered is None and self.farewell is None else None
        self.run_job(lambda: sitting.undo(waiting), lambda found: self.taken_back(*found))

    async def taken_back(self, undone: Undone | None, again: Asked | None) -> None:
        """Ask again what was undone; an answer from before this sitting comes again with what is due."""
        if undone is None:
            self.qapp.tell(self.say("没有可撤销的。", "Nothing to undo."))
            return
        if again is not None:
            await self.ask(again)
        self.qapp.tell(self.say("已撤销。", "Undone."))

    # ------------------------------------------------------------ the end

    def action_back(self) -> None:
        """Leave; after answers by way of what they came to."""
        if self.sitting is not None and self.sitting.answered and self.farewell is None and not self.busy:
            self.finish()
        else:
            self.dismiss()

    def finish(self) -> None:
        """What the sitting came to."""
        assert self.sitting is not None
        self.run_job(self.sitting.farewell, self.part)

    async def part(self, farewell: Farewell) -> None:
        """Show it."""
        self.farewell, self.asked, self.answered = farewell, None, None
        await self.query("ItemWidget, FarewellPage").remove()
        self.query_one(VerdictPanel).clear()
        for name in ("#note", "#stem", "#hint", "#below"):
            self.query_one(name).display = False
        await self.query_one("#slot").mount(FarewellPage(farewell, self.qapp.lang))
        self.set_focus(None)
        self.relabel()


def heading(asked: Asked, lang: str) -> str:
    """Stars and where the question comes from."""
    sources = asked.question.sources
    stars = "*" * asked.question.stars
    if not sources:
        return stars
    return f"{stars}  {strings.where(sources[0].doc, sources[0].number, sources[0].heading, lang)}"
