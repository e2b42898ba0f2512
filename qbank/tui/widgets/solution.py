"""A solver at work: its steps as they come, then the whole page with claims, second route and picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rich.text import Text as RichText
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Static

from qbank.domain import QbankError, Text
from qbank.mathtext import render, width
from qbank.solving.process import Child
from qbank.tui.text import clean, plain

State = Literal["idle", "running", "done", "refused", "stopped", "broken"]
SAYS = {
    "running": Text("正在计算 ...", "computing ..."),
    "stopped": Text("已取消，进程已结束。", "Cancelled; the process has ended."),
}


class SolutionView(VerticalScroll):
    """Owns the solver's process, which ends with the widget. ``brief``: the verdict of the run first, no formula."""

    DEFAULT_CSS = """
    SolutionView { height: 1fr; padding: 1 2; overflow-x: auto; }
    SolutionView Static { height: auto; }
    SolutionView #run-page { margin-top: 1; }
    SolutionView #run-formula { width: auto; text-wrap: nowrap; margin: 1 2 0 2; }
    SolutionView #run-figure { width: auto; text-wrap: nowrap; }
    """
    can_focus = False

    class Changed(Message):
        """The state changed: what can be done has too."""

    class Refused(Message):
        """An argument was refused before anything was computed."""

        def __init__(self, argument: str | None, message: str) -> None:
            super().__init__()
            self.argument, self.message = argument, message

    class Started(Message):
        """The arguments were accepted: the first step, report or result has come."""

    def __init__(self, slug: str, given: Mapping[str, Any], lang: str, brief: bool = False) -> None:
        super().__init__(id="solution")
        self.slug, self.given, self.lang, self.brief = slug, dict(given), lang, brief
        self.child = Child()
        self.state: State = "idle"
        self.about: Mapping[str, Any] | None = None
        self.result: Mapping[str, Any] | None = None
        self.error = ""
        self._steps: dict[str, Mapping[str, Any]] = {}
        self._progress: tuple[int, int] | None = None
        self._drawn = 0
        """Columns that the result was drawn for."""

    def compose(self) -> ComposeResult:
        yield Static(id="run-title", classes="head")
        yield Static(id="run-formula")
        yield Static(id="run-steps")
        yield Static(id="run-page")
        yield Static(id="run-figure")

    def on_mount(self) -> None:
        self.relabel(self.lang)

    async def on_unmount(self) -> None:
        await self.child.stop()

    # ------------------------------------------------------------ running

    def warm(self) -> None:
        """Start the process without a request: its imports are through when one comes."""
        self.run_worker(self.child.start(), group="solver")

    def run(self, given: Mapping[str, Any] | None = None) -> None:
        """Run on these numbers (None: the present ones)."""
        if given is not None:
            self.given = dict(given)
        self._steps, self._progress, self.error = {}, None, ""
        self._set("running")
        self.run_worker(self._follow(), group="solver", exclusive=True)

    def dismiss_refusal(self) -> None:
        """After refused numbers: the result that was there before, if any."""
        if self.state == "refused" and self.result is not None:
            self.error = ""
            self._set("done")

    async def cancel(self) -> None:
        """Kill the process; returns when it is gone."""
        if self.state == "running":
            self._set("stopped")
            await self.child.stop()

    @property
    def room(self) -> int:
        """Columns to draw in: the screen's without margins and scroll bar."""
        return max(min(self.screen.size.width, 120) - 6, 60)

    def _request(self) -> dict[str, Any]:
        self._drawn = self.room
        return {"columns": self._drawn, "rows": max(10, min(self.screen.size.height - 9, 20)), "color": True}

    async def _follow(self) -> None:
        begun = False
        try:
            async for event in self.child.ask({**self._request(), "slug": self.slug, "given": self.given}):
                if not begun and event["event"] in ("step", "progress", "result"):
                    begun, self.result = True, None
                    self._write_page()
                    self.post_message(self.Started())
                self._take(event, begun)
        except QbankError as error:
            if self.state == "running":
                self.error = str(error)
                self._set("broken")

    def _take(self, event: Mapping[str, Any], begun: bool) -> None:
        kind = event["event"]
        if kind == "about":
            self.about = event
            self._write_head()
        elif kind == "step":
            self._steps[event["step"]] = event
            self._write_steps()
        elif kind == "progress":
            self._progress = event["done"], event["total"]
            self._write_steps()
        elif kind == "result":
            self.result = event
            self._set("done")
        else:
            self.error = event["message"]
            self._set("broken" if begun else "refused")
            if not begun:
                self.post_message(self.Refused(event["argument"], self.error))

    def on_resize(self, event: Resize) -> None:
        """Draw the result anew for another width."""
        if self.state == "done" and self._drawn != self.room and self.child.pid is not None:
            self.run_worker(self._draw_again(), group="solver", exclusive=True)

    async def _draw_again(self) -> None:
        async for event in self.child.ask(self._request()):
            if event["event"] == "result":
                self.result = event
                self.relabel(self.lang)

    def _set(self, state: State) -> None:
        self.state = state
        self.relabel(self.lang)
        if state == "running":
            self.scroll_home(animate=False)
        self.post_message(self.Changed())

    # ------------------------------------------------------------ texts

    def relabel(self, lang: str) -> None:
        """Everything in the present language."""
        self.lang = lang
        if not self.is_mounted:
            return
        self._write_head()
        self._write_steps()
        self._write_page()

    def _write_head(self) -> None:
        about = self.about
        self._show("title", plain(about["title"][self.lang]) if about else None)
        self._show("formula", plain(render(about["formula"], True)) if about and not self.brief else None)

    def _show(self, name: str, content: Content | None) -> None:
        for widget in self.query(f"#run-{name}").results(Static):  # none while the app closes
            widget.display = content is not None
            widget.update(content or "")

    def _write_steps(self) -> None:
        """The steps so far; the page shows them better once it is there."""
        if self.state == "done" or (self.result is not None and self.state == "running"):
            self._show("steps", None)
            return
        lines = [""]
        room = max((width(event["label"][self.lang]) for event in self._steps.values()), default=0) + 2
        for event in self._steps.values():
            label, times = event["label"][self.lang], f"  x{event['count']}" if event["count"] > 1 else ""
            lines.append(label + " " * (room - width(label)) + event["says"][self.lang] + times)
        if self._progress is not None and self._progress[1] > 0:
            lines.append(bar(*self._progress, self.room - 4))
        if self.state == "running":
            lines.append(SAYS["running"][self.lang])
        content = plain("\n".join(lines))
        if self.state == "stopped":
            content = Content("\n").join([content, plain(SAYS["stopped"][self.lang], "bold $text-warning")])
        elif self.error:
            content = Content("\n").join([content, plain(self.error, "bold $text-error")])
        self._show("steps", content)

    def _write_page(self) -> None:
        result = self.result
        if result is None:
            self._show("page", None)
            self._show("figure", None)
            return
        parts = result["pages"][self.lang]
        shown = [section(part) for part in parts if part["id"] != "run"]
        self._show("page", Content("\n\n").join([summary(result, self.lang), *shown] if self.brief else shown))
        drawn = result["figure"]
        self._show("figure", None if drawn is None else picture("\n" + drawn[self.lang]))


def summary(result: Mapping[str, Any], lang: str) -> Content:
    """In one line whether the claims hold and the second route agrees."""
    zh, holds, agrees = lang == "zh", result["holds"], result["agrees"]
    first = ("论断都成立" if holds else "有论断不成立") if zh else ("every claim holds" if holds else "a claim fails")
    routes = {
        True: Text("独立验算一致", "the second route agrees"),
        False: Text("独立验算不一致", "the second route DOES NOT agree"),
        None: Text("独立验算未运行", "the second route was not run"),
    }
    style = "bold $text-success" if holds and agrees is not False else "bold $text-error"
    return plain(first + ("；" if zh else "; ") + routes[agrees][lang], style)


def section(part: Mapping[str, Any]) -> Content:
    """A part of the page: its heading, then its lines, claims marked as held or broken."""
    lines: list[Content] = [plain(part["heading"], "bold $text-primary")]
    for line in part["lines"]:
        style = ""
        if part["id"] == "claims":
            style = "$text-error" if line.startswith("  [ ]") else ""
        if part["id"] == "result":
            style = "bold"
        lines.append(tick(line) if line.startswith("  [x]") and part["id"] == "claims" else plain(line, style))
    return Content("\n").join(lines)


def tick(line: str) -> Content:
    """A claim that holds: its sign in color."""
    return Content.assemble((clean(line[:5]), "bold $text-success"), clean(line[5:]))


def picture(drawn: str) -> Content:
    """A figure with its colors."""
    return Content.from_rich_text(RichText.from_ansi(drawn))


def bar(done: int, total: int, columns: int) -> str:
    """``[####....]  120/400``, at most ``columns`` wide."""
    says = f"  {done}/{total}"
    room = max(columns - len(says) - 2, 4)
    full = min(room, room * done // total)
    return "[" + "#" * full + "." * (room - full) + "]" + says


def aside(result: Mapping[str, Any] | None) -> str:
    """``numpy float64 cpu, 0.2 ms``: the header's right part."""
    parts: Sequence[Mapping[str, Any]] = result["pages"]["en"] if result else ()
    return next((str(part["lines"][0]) for part in parts if part["id"] == "run"), "")
