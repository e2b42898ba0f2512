"""The only wiring: paths, store, clock, ids and settings, put together when first asked for."""

from __future__ import annotations

import os
import shutil
import sys
import time
import uuid
from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from qbank import locations
from qbank.domain import BadValue, QbankError

if TYPE_CHECKING:
    from qbank.services.author import Author
    from qbank.services.backups import Backups
    from qbank.services.bank import Bank
    from qbank.services.config import Config
    from qbank.services.doctor import Doctor
    from qbank.services.errata import Errata
    from qbank.services.fitting import Fitting
    from qbank.services.logs import Logs
    from qbank.services.progress import Progress
    from qbank.services.statistics import Statistics
    from qbank.services.study import Study
    from qbank.services.warmup import WarmUp
    from qbank.storage import Store


def now_ms() -> int:
    """UTC milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """A fresh UUID of version 7 (RFC 9562): random, and later ones sort later.

    The log's order is (at_ms, uuid): what happened later within one millisecond must come later there, too.
    """
    ms, rest = divmod(time.time_ns(), 1_000_000)
    fraction = (rest << 12) // 1_000_000
    return str(uuid.UUID(int=ms << 80 | 7 << 76 | fraction << 64 | 2 << 62 | int.from_bytes(os.urandom(8)) >> 2))


def locale_language() -> str:
    """``zh`` where the locale is Chinese, else ``en``."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


class App:
    """Everything a command or a screen may need; nothing is opened before it is used."""

    def __init__(
        self,
        db: str | None = None,
        lang: str | None = None,
        learner: str | None = None,
        content: str | None = None,
        *,
        clock: Callable[[], int] = now_ms,
        ids: Callable[[], str] = new_id,
    ) -> None:
        """:param clock: UTC milliseconds since 1970. :param ids: a fresh UUID each time."""
        self.now_ms, self.new_id = clock, ids
        self.database = locations.database(db)
        self.own_questions = locations.own_questions(content)
        if content is not None and not self.own_questions.is_dir():
            raise BadValue("--content", "be a folder", content)
        if learner is not None and not learner.strip():
            raise BadValue("--learner", "not be empty", learner)
        self.learner_name = (learner or "me").strip()
        self._lang = lang
        self._complaints: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "store" in self.__dict__:
            self.store.close()

    @cached_property
    def lang(self) -> str:
        """``--lang``, else the config file, else the locale."""
        return self._lang or self.config.language or locale_language()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What went wrong without stopping anything: unreadable question files, a daily backup that failed."""
        behind = self.study.clock_behind_ms // 60_000 if "study" in self.__dict__ else 0
        clock = self.say(
            f"时钟比上一次记录时慢了 {behind} 分钟；没有丢失任何记录，间隔也不会为负",
            f"the clock went back {behind} min since the last event; nothing is lost, and no interval is negative",
        )
        unread = self.bank.problems if "bank" in self.__dict__ else ()
        return (*unread, *self._complaints, *([clock] if behind else []))

    def say(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en

    @property
    def width(self) -> int:
        """Columns to write in: the terminal's, within what reads well."""
        return max(40, min(shutil.get_terminal_size().columns, 100))

    @property
    def color(self) -> bool:
        return sys.stdout.isatty() and "NO_COLOR" not in os.environ

    @cached_property
    def store(self) -> Store:
        from qbank.storage import Store

        return Store.open(self.database, now_ms=self.now_ms, new_id=self.new_id)

    @cached_property
    def bank(self) -> Bank:
        return self._bank_of(self.store)

    def _bank_of(self, store: Store) -> Bank:
        from qbank.services.bank import Bank, Root

        roots = [Root(locations.questions(), "bundled")]
        if self.own_questions.is_dir():
            roots.append(Root(self.own_questions, "user"))
        return Bank(store, roots)

    @cached_property
    def backups(self) -> Backups:
        from qbank.services.backups import Backups

        return Backups(self.database, now_ms=self.now_ms, new_id=self.new_id)

    @cached_property
    def doctor(self) -> Doctor:
        from qbank.services.doctor import Doctor

        return Doctor(self.database, self._bank_of, now_ms=self.now_ms, new_id=self.new_id)

    def _back_up(self) -> None:
        """The day's first use of what writes to the log makes a backup; that it fails stops nobody."""
        store = self.store  # what is wrong with the database is told once, by opening it
        try:
            self.backups.daily(store)
        except QbankError as error:
            self._complaints.append(f"no backup today: {error}")

    @cached_property
    def study(self) -> Study:
        from qbank.services.study import Study

        self._back_up()
        return Study(
            self.store,
            self.bank,
            now_ms=self.now_ms,
            new_id=self.new_id,
            learner=self.learner_name,
            cases=locations.cases(self.database),
        )

    @cached_property
    def progress(self) -> Progress:
        from qbank.services.progress import Progress

        return Progress(self.store, self.bank, self.learner_name)

    @cached_property
    def statistics(self) -> Statistics:
        from qbank.services.statistics import Statistics

        return Statistics(self.store, self.bank, self.learner_name)

    @cached_property
    def fitting(self) -> Fitting:
        from qbank.services.fitting import Fitting

        return Fitting(self.study, self.learner_name)

    @cached_property
    def warmups(self) -> tuple[WarmUp, ...]:
        from qbank.services.warmup import load

        return load(locations.data() / "warmup.toml", self.bank.question)

    @cached_property
    def logs(self) -> Logs:
        from qbank.services.logs import Logs

        self._back_up()
        return Logs(self.store, self.bank, now_ms=self.now_ms, new_id=self.new_id)

    @cached_property
    def errata(self) -> Errata:
        from qbank.services.errata import Errata

        return Errata(self.bank)

    @cached_property
    def author(self) -> Author:
        from qbank.services.author import Author

        return Author(locations.questions(), self.own_questions)

    @cached_property
    def config(self) -> Config:
        from qbank.services.config import Config

        return Config(locations.config_file(), lambda: self.study.settings)
