"""A solver on somebody's numbers: steps stream in, the numbers can be changed, a run can really be cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from qbank.domain import Text
from qbank.tui.keys import bind
from qbank.tui.screens.base import QbankScreen
from qbank.tui.widgets.bench import Bench
from qbank.tui.widgets.legend import Hint
from qbank.tui.widgets.solution import aside

SCROLLING: list[BindingType] = [
    Binding("up", "move(-1)", show=False),
    Binding("down", "move(1)", show=False),
    Binding("pageup", "page(-1)", show=False),
    Binding("pagedown", "page(1)", show=False),
]


class SolverScreen(QbankScreen[None]):
    """``given``: the numbers to begin with; what is missing takes the solver's defaults."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(bind(name) for name in ("accept", "edit", "source", "cancel")),
        *SCROLLING,
    ]

    def __init__(self, slug: str, given: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.slug, self.given = slug, dict(given or {})

    def body(self) -> Iterable[Widget]:
        yield Bench(self.slug, self.given, self.qapp.lang)

    @property
    def bench(self) -> Bench:
        """The solver and its form."""
        return self.query_one(Bench)

    def on_mount(self) -> None:
        super().on_mount()
        self.set_focus(None)
        self.call_after_refresh(self.bench.view.run)

    # ------------------------------------------------------------ texts

    def place(self) -> tuple[str, str]:
        return f"{self.say('求解器', 'solver')}  {self.slug}", aside(self.bench.view.result)

    def hints(self) -> Sequence[Hint]:
        bench = self.bench
        if bench.form is not None or bench.view.state == "running":
            return [*bench.hints(), Hint("help")]
        return [*bench.hints(), Hint("accept", Text("返回", "back")), Hint("help")]

    def relabel(self) -> None:
        super().relabel()
        self.bench.relabel(self.qapp.lang)

    def on_bench_changed(self) -> None:
        self.refresh_chrome()

    # ------------------------------------------------------------ keys

    async def action_edit(self) -> None:
        await self.bench.edit()

    async def action_cancel(self) -> None:
        await self.bench.view.cancel()

    def action_source(self) -> None:
        show_source(self)

    def action_accept(self) -> None:
        if self.bench.form is not None:
            self.bench.form.submit()
        elif self.bench.view.state != "running":
            self.dismiss()

    def action_back(self) -> None:
        """Close the form, cancel the run, or leave."""
        self.call_next(self.step_back)

    async def step_back(self) -> None:
        if not await self.bench.step_back():
            self.dismiss()

    def action_move(self, step: int) -> None:
        self.bench.scroll_lines(step)

    def action_page(self, step: int) -> None:
        self.bench.scroll_pages(step)


def show_source(screen: QbankScreen[Any]) -> None:
    """Open the source of the solver on a screen."""
    from qbank.tui.screens.source import SourceScreen

    bench = screen.query_one(Bench)
    if bench.view.about is not None:
        screen.app.push_screen(SourceScreen(bench.slug))
