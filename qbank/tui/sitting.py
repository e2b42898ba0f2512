"""A sitting without its screen: which task comes, what was answered, what an undo brings back. Blocks: run it off the
screen's thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qbank.domain import Text

if TYPE_CHECKING:
    from pathlib import Path

    from qbank.domain import Question, Verdict
    from qbank.services.bank import Bank
    from qbank.services.progress import Overview, Progress
    from qbank.services.study import Study
    from qbank.services.tasks import Answered, Next, Undone

Tasks = Iterable["Next"] | Callable[[], "Next | None"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A task with its question. ``number``: the how-manieth of the sitting; a retry has its first attempt's."""

    task: Next
    question: Question
    number: int


@dataclass(frozen=True, slots=True)
class Farewell:
    """What a sitting came to. Retries do not count."""

    answered: int
    right: int
    mistakes: tuple[tuple[Text, int], ...]
    """What was said to each mistake, and how often it was made; the commonest first."""
    overview: Overview


class Sitting:
    """Takes tasks one by one from whoever deals them."""

    def __init__(self, study: Study, bank: Bank, progress: Progress, tasks: Tasks, scored: bool = True) -> None:
        self.study, self.bank, self.progress, self.scored = study, bank, progress, scored
        self._tasks: Callable[[], Next | None] = tasks if callable(tasks) else _taken(tasks)
        self.answered: dict[str, tuple[Asked, Answered]] = {}
        """By deal, in order; what an undo takes back leaves."""
        self._put_off: list[Asked] = []
        """Tasks that wait while an earlier one is asked again."""
        self._number = 0

    def next(self) -> Asked | None:
        """The task that comes now; None at the end."""
        if self._put_off:
            return self._put_off.pop()
        task = self._tasks()
        if task is None:
            return None
        self._number += 1
        return Asked(task, self.bank.question(task.question), self._number)

    def answer(
        self, asked: Asked, text: str | None, points: tuple[str, ...] | None, hinted: bool, ms: int
    ) -> tuple[Verdict, Answered | None]:
        """Grade and store an answer; unreadable text gives its verdict and None, nothing is stored."""
        task = asked.task
        if text is not None:
            verdict = self.bank.grade(task.dealt, text)
            if not verdict.valid:
                return verdict, None
        stored = self.study.answer(
            task.deal,
            answer=text,
            points=points,
            hinted=hinted,
            ms=max(0, min(ms, 86_400_000)),
            practice=not self.scored,
        )
        self.answered[task.deal] = asked, stored
        return stored.verdict, stored

    def overrule(self, asked: Asked, answered: Answered, rating: str) -> Answered:
        """Another rating for a review."""
        stored = self.study.overrule(answered.event, rating)
        self.answered[asked.task.deal] = asked, stored
        return stored

    def after(self, asked: Asked, answered: Answered) -> Asked | None:
        """What follows an answer: one unscored retry with new numbers after a miss, else the next task."""
        task = asked.task
        again = self.scored and not answered.verdict.correct and task.facet == "compute" and task.reason != "retry"
        if not again:
            return self.next()
        retry = self.study.retry(answered.event)
        return Asked(retry, self.bank.question(retry.question), asked.number)

    def skip(self, asked: Asked) -> Asked | None:
        """The task after this one, which stays unanswered; a scheduled card that would come again rests for today."""
        found = self.next()
        if found is not None and found.task.deal == asked.task.deal:
            self._number -= 1
            self.study.mark("bury", asked.task.card)
            found = self.next()
        return found

    def undo(self, current: Asked | None) -> tuple[Undone | None, Asked | None]:
        """Take back the last answer; the task to ask again, if it belongs to this sitting.

        :param current: the task on the screen, if it still waits for its answer: it is asked afterwards.
        """
        undone = self.study.undo()
        if undone is None or undone.deal not in self.answered:
            return undone, None
        before, _ = self.answered.pop(undone.deal)
        if current is not None and current.task.deal != before.task.deal and current.task.reason != "retry":
            self._put_off.append(current)
        return undone, before

    def challenge(self, asked: Asked | None, answered: Answered | None, unread: str | None) -> Path | None:
        """Doubt that an answer cannot be read, else a verdict; where the case lies, if there is anything to replay."""
        if asked is not None and unread is not None:
            return self.study.doubt(asked.task.deal, unread)
        return None if answered is None else self.study.case_file(self.study.challenge(answered.event))

    def farewell(self) -> Farewell:
        """Counts, mistakes by name, and where the learner stands now."""
        scored = [stored for asked, stored in self.answered.values() if asked.task.reason != "retry"]
        said: dict[str, Text] = {}
        times: dict[str, int] = {}
        for stored in scored:
            tag = stored.verdict.mistake
            if tag is not None:
                said[tag] = stored.verdict.feedback
                times[tag] = times.get(tag, 0) + 1
        order = sorted(said, key=lambda tag: -times[tag])
        return Farewell(
            answered=len(scored),
            right=sum(stored.verdict.correct for stored in scored),
            mistakes=tuple((said[tag], times[tag]) for tag in order),
            overview=self.progress.overview(),
        )


def _taken(tasks: Iterable[Next]) -> Callable[[], Next | None]:
    left = iter(tasks)
    return lambda: next(left, None)
