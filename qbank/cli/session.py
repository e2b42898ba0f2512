"""One sitting in line mode. Commands are typed on a line of their own; full-width ones work too."""

from __future__ import annotations

import shlex
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from qbank.bootstrap import now_ms
from qbank.cli.common import safe
from qbank.cli.pages import dealt_page, heading, indent, verdict_page
from qbank.domain import RATINGS
from qbank.mathtext import markdown
from qbank.services.wording import interval, leech

if TYPE_CHECKING:
    from qbank.bootstrap import App
    from qbank.services.study import Answered, Next

HELP = {
    "zh": """\
  序号、数、算式等   作答            0   不知道
  =   其后总是答案，如 =s（而不是命令 s）
  h 或空格   提示                    s   用这组数运行求解器
  k   跳过                           u   撤销上一次作答
  !   对判定有异议（记录下来）       zh / en   切换语言
  q   结束""",
    "en": """\
  an option's number, a number, an expression   answer   0   I don't know
  =   what follows is an answer, such as =s, never a command
  h or a blank   hint                                 s   run the solver on these numbers
  k   skip                                            u   undo the last answer
  !   challenge the verdict (it is recorded)          zh / en   switch the language
  q   end""",
}


class Quit(Exception):
    """The reader ends the sitting."""


class TakenBack(Exception):
    """The last answer was undone; ``deal`` is open again."""

    def __init__(self, deal: str | None) -> None:
        self.deal = deal


class Session:
    """Asks task after task. What is acknowledged is on disk before the next line is printed."""

    def __init__(self, app: App, tasks: Iterable[Next], total: int | None = None) -> None:
        self.app, self.tasks, self.total = app, tasks, total
        self.lang = app.lang
        self.raw = ""
        """The last line as it was typed: formulas and names keep their case."""
        self.unread: str | None = None
        """The last answer to the open task that could not be read."""
        self.answered: dict[str, tuple[Next, Answered]] = {}
        """By deal, in order; what an undo takes back leaves."""

    def run(self) -> int:
        """The exit code: 0 at the end and when the reader quits, 1 if there was nothing to ask."""
        number, skipped = 0, None
        try:
            for task in self.tasks:
                if task.deal == skipped:  # a scheduled card that would come again rests for today
                    self.app.study.mark("bury", task.card)
                    skipped = None
                    continue
                number += 1
                skipped = None if self.ask(number, task) else task.deal
        except (Quit, KeyboardInterrupt):
            self.line("")
        return self.farewell(number)

    # ------------------------------------------------------------ one task

    def ask(self, number: int, task: Next) -> bool:
        """Ask a task and tell the verdict; after a miss, one unscored retry. False if it was skipped."""
        of = f"/{self.total}" if self.total else ""
        question = self.app.bank.question(task.question)
        self.line(f"\n[{number}{of}] {heading(question, self.lang)}   {question.prose(self.lang).title}")
        answered = self.until_answered(task)
        if answered is not None and not answered.verdict.correct and task.facet == "compute":
            self.line(self.say("\n换一组数再来一次（不计分）", "\nOnce more with new numbers (not scored)"))
            self.until_answered(self.app.study.retry(answered.event))
        return answered is not None

    def until_answered(self, task: Next) -> Answered | None:
        """Ask until an answer stands; what was undone is asked again, a skipped task gives None."""
        while True:
            try:
                answered = self.attempt(task)
                return None if answered is None else self.tell(answered, task)
            except TakenBack as back:
                self.line(self.say("已撤销。", "Undone."))
                before, _ = self.answered.pop(back.deal or "", (None, None))
                if before is not None and before.deal != task.deal:
                    self.until_answered(before)

    def attempt(self, task: Next) -> Answered | None:
        """Read commands and attempts until one is stored."""
        start, hinted, self.unread = now_ms(), False, None
        self.line("\n" + dealt_page(task.dealt, self.lang, self.app.width))
        if task.kind == "recall":
            self.line(self.say("\n先说出你的答案，再按 Enter 看要点。", "\nSay your answer aloud, then press Enter."))
        while True:
            typed = self.read()
            if typed == "k":
                return None
            if self.command(typed, task):
                hinted |= (typed == "h" and task.dealt.hint is not None) or typed == "s"
            elif task.kind == "recall":
                return self.recall(task, start)
            elif typed:
                answer = self.raw.removeprefix("=").removeprefix("＝").strip()
                seen = self.app.bank.grade(task.dealt, answer)
                if seen.valid:
                    return self.app.study.answer(task.deal, answer=answer, hinted=hinted, ms=now_ms() - start)
                self.unread = answer
                self.line(verdict_page(seen, task.dealt, self.lang, self.app.width, answer))

    def recall(self, task: Next, start: int) -> Answered:
        """Show the answer and its points; the points that were touched rate the card."""
        question = self.app.bank.question(task.question)
        self.line("\n" + markdown(question.prose(self.lang).answer, self.app.width) + "\n")
        points = task.dealt.points
        for number, point in enumerate(points, start=1):
            mark = "*" if point.essential else " "
            self.line(indent(markdown(point.text[self.lang], self.app.width - 6), f" {mark}{number}  "))
        self.line(
            self.say(
                "讲到了哪几点？输入序号，如 1 3；0 表示都没讲到（* 为必答）",
                "Which points did you touch? Numbers, e.g. 1 3; 0 for none (* essential)",
            )
        )
        while True:
            words = self.read().replace(",", " ").split()
            if words and all(word.isdecimal() and int(word) <= len(points) for word in words):
                break
            self.line(self.say(f"请输入 0 到 {len(points)} 的序号", f"numbers from 0 to {len(points)}, please"))
        ids = [points[int(word) - 1].id for word in words if int(word)]
        return self.app.study.answer(task.deal, points=ids, ms=now_ms() - start)

    def tell(self, answered: Answered, task: Next) -> Answered:
        """The verdict and when the card comes back; the reader may overrule the rating or undo."""
        self.answered[task.deal], self.unread = (task, answered), None
        self.line(verdict_page(answered.verdict, task.dealt, self.lang, self.app.width))
        if answered.leech:
            self.line("\n  ".join(leech(answered.card, self.lang)))
        while True:
            self.line(self.returns(answered))
            typed = self.read()
            if typed in ("1", "2", "3", "4") and answered.rating is not None:
                answered = self.app.study.overrule(answered.event, RATINGS[int(typed) - 1])
                self.answered[task.deal] = task, answered
            elif not self.command(typed, task):
                return answered

    def returns(self, answered: Answered) -> str:
        """What the answer did to the card, and the four ratings with their intervals."""
        if answered.rating is None:
            return self.say("（练习，不影响复习）Enter 继续", "(practice, nothing rescheduled) Enter goes on")
        names = self.say("重来 困难 良好 简单", "again hard good easy").split()
        choices = "  ".join(
            f"{number} {name} {interval(answered.intervals[rating], self.lang)}"
            for number, (name, rating) in enumerate(zip(names, RATINGS, strict=True), start=1)
        )
        chosen = names[RATINGS.index(answered.rating)]
        return self.say(f"评为“{chosen}”。Enter 继续，或改评: ", f"Rated {chosen}. Enter goes on, or: ") + choices

    # ------------------------------------------------------------ commands

    def command(self, typed: str, task: Next) -> bool:
        """Carry out a command; False if ``typed`` is none."""
        if typed == "q":
            raise Quit
        if typed == "?":
            self.line(HELP[self.lang])
        elif typed in ("zh", "en"):
            self.lang = typed
            self.line(dealt_page(task.dealt, self.lang, self.app.width))
        elif typed == "h":
            hint = task.dealt.hint
            self.line(
                markdown(hint[self.lang], self.app.width) if hint else self.say("没有提示。", "There is no hint.")
            )
        elif typed == "s":
            self.solve(task)
        elif typed == "u":
            undone = self.app.study.undo()
            if undone is not None:
                raise TakenBack(undone.deal)
            self.line(self.say("没有可撤销的。", "Nothing to undo."))
        elif typed == "!" and (self.unread is not None or self.answered):
            self.challenge(task)
        else:
            return False
        return True

    def challenge(self, task: Next) -> None:
        """Save the case of an answer that could not be read, else of the last verdict."""
        study = self.app.study
        if self.unread is not None:
            file = study.doubt(task.deal, self.unread)
        else:
            _, last = list(self.answered.values())[-1]
            file = study.case_file(study.challenge(last.event))
        self.line(self.say("已记录你的异议。", "Your challenge is recorded."))
        if file is not None:
            self.line(f"  qbank grade --case {shlex.quote(str(file))}")

    def solve(self, task: Next) -> None:
        """The demonstration on the numbers of this task."""
        if task.dealt.solver is None:
            self.line(self.say("这道题没有求解器。", "No solver stands behind this item."))
            return
        from qbank.services.demonstrate import demonstration

        self.line(demonstration(task.dealt.solver, task.dealt.inputs, self.lang, self.app.width, color=self.app.color))

    # ------------------------------------------------------------ reading and writing

    def read(self) -> str:
        """One line, full-width characters folded; the end of the input quits."""
        try:
            raw = input("> ")
        except EOFError:
            raise Quit from None
        self.raw = raw.strip()
        typed = unicodedata.normalize("NFKC", raw)
        return "h" if typed and not typed.strip() else typed.strip().casefold()

    def line(self, text: str) -> None:
        click.echo(safe(text))

    def say(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en

    # ------------------------------------------------------------ the end

    def farewell(self, number: int) -> int:
        """The count and the mistakes by name; retries do not count."""
        if number == 0:
            self.line(self.say("现在没有要问的。", "Nothing to ask now."))
            return 1
        scored = [answered for task, answered in self.answered.values() if task.reason != "retry"]
        right = sum(answered.verdict.correct for answered in scored)
        self.line(self.say(f"答了 {len(scored)} 题，对 {right} 题。", f"{len(scored)} answered, {right} right."))
        said = Counter(answered.verdict.feedback[self.lang] for answered in scored if answered.verdict.mistake)
        for says, times in said.most_common():
            self.line(indent(markdown(says, self.app.width - 4), "  - ") + (f"  x{times}" if times > 1 else ""))
        return 0
