"""The app: themes, language, background work, and the ways from screen to screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.app import App
from textual.binding import BindingType
from textual.command import CommandPalette, Provider
from textual.dom import DOMNode
from textual.reactive import var

from qbank.domain import LANGS, QbankError
from qbank.tui import themes
from qbank.tui.keys import bind
from qbank.tui.screens.base import QbankScreen
from qbank.tui.screens.home import HomeScreen
from qbank.tui.text import clean

if TYPE_CHECKING:
    from textual.worker import Worker

    from qbank.bootstrap import App as Context
    from qbank.services.tasks import Next

Result = TypeVar("Result")
Tasks = Iterable["Next"] | Callable[[], "Next | None"]
"""What to ask: tasks dealt as they are taken, or a function that gives the next one and None at the end."""


def _commands() -> type[Provider]:
    from qbank.tui.palette import Commands

    return Commands


QUIZ = 10
"""Cards of a short quiz."""


class QbankApp(App[None]):
    """One learner at one database. ``opening`` runs once the home screen stands, to go on to another one."""

    TITLE = "qbank"
    CSS_PATH: ClassVar[list[str | PurePath]] = ["app.tcss", "screens/home.tcss"]
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("language", priority=True),
        bind("theme", priority=True),
        bind("help"),
    ]

    lang: var[str] = var("en", init=False)
    """``zh`` or ``en``; a screen's ``relabel()`` is called when it changes, or when the screen shows again."""

    def __init__(self, context: Context, opening: Callable[[QbankApp], object] | None = None) -> None:
        super().__init__()
        self.context, self.opening = context, opening
        self.fatal: str | None = None
        """Why the app left, where it could not go on."""
        self._desk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="qbank")
        self.register_theme(themes.LIGHT_THEME)
        self.theme = themes.NAMES[context.config.theme or "dark"]
        self.set_reactive(QbankApp.lang, context.lang)

    def get_default_screen(self) -> HomeScreen:
        return HomeScreen()

    def finish(self) -> None:
        """Wait for what is still being written."""
        self._desk.shutdown(wait=True)

    def abort(self, line: str) -> None:
        """Leave with one line: without its store the app is of no use."""
        self.fatal = line
        self.exit(return_code=2)

    # ------------------------------------------------------------ language and theme

    def say(self, zh: str, en: str) -> str:
        """The text of the present language."""
        return zh if self.lang == "zh" else en

    def watch_lang(self) -> None:
        """The screen that shows; those below it when they show again."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, QbankScreen):
                if screen.is_mounted:
                    screen.relabel()
                break

    def action_language(self) -> None:
        self.lang = LANGS[1 - LANGS.index("zh" if self.lang == "zh" else "en")]

    def action_theme(self) -> None:
        name = "light" if self.theme == themes.DARK else "dark"
        self.theme = themes.NAMES[name]
        self.work(lambda: self.context.config.set("theme", name))

    # ------------------------------------------------------------ background work

    def work(
        self,
        job: Callable[[], Result],
        then: Callable[[Result], Any] | None = None,
        failed: Callable[[str], Any] | None = None,
        *,
        owner: DOMNode | None = None,
        group: str = "default",
        exclusive: bool = False,
    ) -> Worker[None]:
        """Run a blocking ``job`` off the screen's thread, in order; then ``then(result)`` back on it.

        :param failed: gets the one line of a QbankError; by default it is shown as a notification.
        :param owner: where ``then`` belongs: nothing is called once this is gone.
        :param exclusive: a later job of the same owner and group replaces this one.
        """

        async def run() -> None:
            try:
                result = await asyncio.wrap_future(self.submit(job))
            except QbankError as error:
                (failed or self.complain)(clean(str(error)))
            except OSError as error:
                (failed or self.complain)(clean(f"{error.filename or 'the system'}: {error.strerror or error}"))
            else:
                if then is not None:
                    then(result)

        return (owner or self).run_worker(run(), group=group, exclusive=exclusive)

    def submit(self, job: Callable[[], Result]) -> Future[Result]:
        """Queue a job behind those that wait; the store is used by one at a time."""
        return self._desk.submit(job)

    def complain(self, line: str) -> None:
        """Show one line about what went wrong."""
        self.notify(clean(line), severity="error", markup=False, timeout=10)

    def tell(self, line: str) -> None:
        """Show one line in passing."""
        self.notify(clean(line), markup=False, timeout=4)

    # ------------------------------------------------------------ ways to screens

    def open_task(self, tasks: Tasks, title: tuple[str, str], total: int | None = None) -> None:
        """Ask task after task. ``title``: what the sitting is called, in Chinese and in English."""
        from qbank.tui.screens.task import TaskScreen

        self.push_screen(TaskScreen(tasks, title, total))

    def open_review(self, minutes: int | None = None) -> None:
        """What is due, then what is new."""
        self.open_task(lambda: self.context.study.next(minutes), ("复习", "review"))

    def start_quiz(self, choose: Callable[[], list[str]], failed: Callable[[str], Any] | None = None) -> None:
        """A quiz over the cards that ``choose`` gives, off the screen's thread."""

        def start(cards: list[str]) -> None:
            if cards:
                self.open_quiz(cards, len(cards))
            else:
                self.tell(self.say("没有可问的卡片。", "There are no cards to ask."))

        self.work(choose, start, failed)

    def open_mixed_quiz(self) -> None:
        """A short quiz over the whole bank."""
        self.start_quiz(lambda: self.context.study.mixed()[:QUIZ])

    def open_quiz(self, cards: Iterable[str], total: int | None = None) -> None:
        """These cards, in this order."""
        study = self.context.study
        self.open_task((study.deal(card) for card in cards), ("测验", "quiz"), total)

    def open_warmup(self) -> None:
        from qbank.tui.screens.warmup import WarmUpScreen

        self.push_screen(WarmUpScreen())

    def open_solver(self, slug: str, given: Mapping[str, Any] | None = None) -> None:
        """Run a solver on these numbers (None: its defaults)."""
        from qbank.tui.screens.solver import SolverScreen

        self.push_screen(SolverScreen(slug, dict(given or {})))

    def open_question(self, id: str) -> None:
        from qbank.tui.screens.question import QuestionScreen

        self.push_screen(QuestionScreen(id))

    def open_browse(self) -> None:
        from qbank.tui.screens.browse import BrowseScreen

        self.push_screen(BrowseScreen())

    def open_settings(self, first: bool = False) -> None:
        """:param first: right after the warm-up of the first run."""
        from qbank.tui.screens.settings import SettingsScreen

        self.push_screen(SettingsScreen(first))

    def action_help(self) -> None:
        from qbank.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    def action_command_palette(self) -> None:
        """Textual's palette with a placeholder in the present language."""
        if not isinstance(self.screen, CommandPalette):
            placeholder = self.say("输入命令或题目", "a command or a question")
            self.push_screen(CommandPalette(placeholder=placeholder, id="--command-palette"))

    def action_help_quit(self) -> None:
        """What Ctrl+C does where nothing is selected."""
        self.tell(self.say("按 Ctrl+Q 退出。", "Press Ctrl+Q to quit."))

    def action_press(self, key: str) -> None:
        """What a click in the legend does."""
        self.simulate_key(key)
