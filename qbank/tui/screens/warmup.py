"""The first five minutes: choose, see the proof run, change its numbers; nothing is scored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType

from qbank.domain import Text
from qbank.tui.keys import bind
from qbank.tui.screens.solver import show_source
from qbank.tui.screens.task import TaskScreen
from qbank.tui.sitting import Asked, Sitting
from qbank.tui.widgets.bench import Bench
from qbank.tui.widgets.legend import Hint
from qbank.tui.widgets.solution import aside

if TYPE_CHECKING:
    from qbank.domain import Demo, Verdict
    from qbank.services.tasks import Answered


class WarmUpScreen(TaskScreen):
    """Each answer is followed by the demonstration that proves it; after the very first warm-up come the settings."""

    CSS_PATH = "task.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [bind(name) for name in ("edit", "source", "cancel")]
    SCORED: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__(None, ("热身", "warm-up"))
        self.first = False
        """Whether the learner had never answered anything before."""
        self.demos: dict[tuple[str, str], Demo] = {}

    def begin(self) -> Asked | None:
        from qbank.services.warmup import tasks

        context = self.qapp.context
        self.first = not context.progress.overview().started
        warmups = context.warmups
        self.total = len(warmups)
        self.demos = {(one.question, one.item): one.demo for one in warmups}
        dealt = tasks(context.study, warmups)
        self.sitting = Sitting(context.study, context.bank, context.progress, dealt, self.SCORED)
        return self.sitting.next()

    @property
    def bench(self) -> Bench | None:
        """The proof, from the moment its question is asked: its process starts meanwhile."""
        found = self.query(Bench)
        return found.first() if found else None

    @property
    def proving(self) -> Bench | None:
        """The proof, once it is shown."""
        return self.bench if self.answered is not None and self.farewell is None else None

    # ------------------------------------------------------------ texts

    def place(self) -> tuple[str, str]:
        proof = self.proving
        if proof is None:
            return super().place()
        return f"{self.say('证明', 'proof')}  {proof.slug}", aside(proof.view.result)

    def hints(self) -> Sequence[Hint]:
        proof = self.proving
        if proof is None:
            return super().hints()
        if proof.form is not None:
            return [*proof.hints(), Hint("help")]
        return [
            Hint("accept", Text("下一题", "next")),
            *proof.hints(),
            Hint("undo", Text("撤销", "undo")),
            Hint("help"),
        ]

    def below(self) -> str:
        return self.say("先选，再往下看。热身不计分。", "Choose first, then look. Warm-ups are not scored.")

    def relabel(self) -> None:
        super().relabel()
        if self.bench is not None:
            self.bench.relabel(self.qapp.lang)

    def on_bench_changed(self) -> None:
        self.refresh_chrome()

    # ------------------------------------------------------------ the proof

    async def ask(self, asked: Asked | None) -> None:
        await self.query(Bench).remove()
        self.query_one("#page").display = True
        await super().ask(asked)
        demo = None if asked is None else self.demos.get((asked.task.question, asked.task.item))
        if demo is not None:
            bench = Bench(demo.solver, demo.set, self.qapp.lang, brief=True)
            bench.display = False
            await self.mount(bench, after="#verdict")
            bench.view.warm()

    def tell(self, verdict: Verdict, answered: Answered | None) -> None:
        super().tell(verdict, answered)
        if answered is not None and self.bench is not None:
            self.query_one("#page").display = False
            self.bench.display = True
            self.refresh_chrome()
            self.call_after_refresh(self.bench.view.run)

    async def action_edit(self) -> None:
        if self.proving is not None:
            await self.proving.edit()

    async def action_cancel(self) -> None:
        if self.proving is not None:
            await self.proving.view.cancel()

    def action_source(self) -> None:
        if self.proving is not None:
            show_source(self)

    def action_accept(self) -> None:
        if self.proving is not None and self.proving.form is not None:
            self.proving.form.submit()
        else:
            super().action_accept()

    def action_move(self, step: int) -> None:
        if self.proving is not None:
            self.proving.scroll_lines(step)
        else:
            super().action_move(step)

    def action_page(self, step: int) -> None:
        if self.proving is not None:
            self.proving.scroll_pages(step)
        else:
            super().action_page(step)

    # ------------------------------------------------------------ the end

    def action_back(self) -> None:
        """Close the form, cancel the run, or leave for home."""
        self.call_next(self.step_back)

    async def step_back(self) -> None:
        if self.proving is None or not await self.proving.step_back():
            self.dismiss()

    def finish(self) -> None:
        """After the first warm-up of all: how the reader wants to work."""
        if self.first:
            self.dismiss()
            self.qapp.call_later(self.qapp.open_settings, True)
        else:
            super().finish()
