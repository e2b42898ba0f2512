"""A solver with the form for its numbers: the run fills the place, the form takes it while it is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from qbank.domain import Text
from qbank.tui.widgets.legend import Hint
from qbank.tui.widgets.numbers import NumbersForm
from qbank.tui.widgets.solution import SolutionView


class Bench(Vertical):
    """Keys reach it through its screen. ``brief``: see :class:`SolutionView`."""

    DEFAULT_CSS = "Bench { height: 1fr; }"

    class Changed(Message):
        """What is shown, or what can be done, has changed."""

    def __init__(self, slug: str, given: Mapping[str, Any], lang: str, brief: bool = False) -> None:
        super().__init__()
        self.slug, self.lang = slug, lang
        self.view = SolutionView(slug, given, lang, brief)
        self.form: NumbersForm | None = None

    def compose(self) -> ComposeResult:
        yield self.view

    def relabel(self, lang: str) -> None:
        """Everything in another language; what was typed stays."""
        self.lang = lang
        self.view.relabel(lang)
        if self.form is not None:
            self.form.relabel(lang)

    def hints(self) -> list[Hint]:
        """The keys that work here; none of them leaves it."""
        if self.form is not None:
            return [
                Hint("accept", Text("运行", "run")),
                Hint("accept", Text("下一项", "next field"), "Tab"),
                Hint("back", Text("不改", "leave")),
            ]
        if self.view.state == "running":
            return [Hint("cancel")]
        return [Hint("edit"), Hint("source", Text("源代码", "source"))] if self.view.about else []

    # ------------------------------------------------------------ the form

    async def edit(self) -> None:
        """Open the form, once the solver's arguments are known and nothing runs."""
        about = self.view.about
        if self.form is None and about is not None and self.view.state != "running" and about["params"]:
            self.view.display = False
            self.form = NumbersForm(about["params"], self.view.given, self.lang)
            await self.mount(self.form)
            self.post_message(self.Changed())

    async def close_form(self) -> None:
        """Show the run again."""
        if self.form is not None:
            form, self.form = self.form, None
            self.screen.set_focus(None)
            await form.remove()
            self.view.display = True
            self.post_message(self.Changed())

    async def step_back(self) -> bool:
        """Close the form, or cancel the run; False where there was neither."""
        if self.form is not None:
            await self.view.cancel()
            await self.close_form()
            self.view.dismiss_refusal()
            return True
        if self.view.state == "running":
            await self.view.cancel()
            return True
        return False

    def on_numbers_form_submitted(self, event: NumbersForm.Submitted) -> None:
        event.stop()
        self.view.run(event.given)

    async def on_solution_view_started(self, event: SolutionView.Started) -> None:
        """The numbers of the form were accepted."""
        event.stop()
        await self.close_form()

    def on_solution_view_refused(self, event: SolutionView.Refused) -> None:
        event.stop()
        if self.form is not None:
            self.form.refuse(event.argument, event.message)

    def on_solution_view_changed(self, event: SolutionView.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    # ------------------------------------------------------------ moving in it

    def scroll_lines(self, step: int) -> None:
        """Up (-1) or down (1)."""
        self.view.scroll_relative(y=step, animate=False)

    def scroll_pages(self, step: int) -> None:
        """A page up (-1) or down (1)."""
        self.view.scroll_relative(y=step * max(self.view.size.height - 2, 1), animate=False)
