"""What became of an answer: right or wrong, the mistake by name, the way to the answer, when the card comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from qbank.domain import RATINGS, Dealt, Text, Verdict
from qbank.services.wording import interval, key_lines, leech, read_as
from qbank.tui.text import plain
from qbank.tui.widgets.prose import Prose

if TYPE_CHECKING:
    from pathlib import Path

    from qbank.services.tasks import Answered

NAMES = {
    "again": Text("重来", "again"),
    "hard": Text("困难", "hard"),
    "good": Text("良好", "good"),
    "easy": Text("简单", "easy"),
}


class VerdictPanel(Vertical):
    """Empty and hidden until there is something to tell."""

    DEFAULT_CSS = """
    VerdictPanel {
        height: auto; padding: 0 1; display: none;
        background: $surface; border-left: outer $foreground 40%;
    }
    VerdictPanel.-told { display: block; }
    VerdictPanel.-right { border-left: outer $success; }
    VerdictPanel.-wrong { border-left: outer $error; }
    VerdictPanel #told { height: auto; max-height: 55vh; }
    VerdictPanel #says { text-style: bold; }
    VerdictPanel.-right #says { color: $text-success; }
    VerdictPanel.-wrong #says { color: $text-error; }
    VerdictPanel #worked { margin-left: 2; }
    VerdictPanel #leech { color: $text-warning; }
    VerdictPanel #recorded { color: $text-muted; }
    VerdictPanel #returns { link-style: none; link-style-hover: bold; }
    """

    def __init__(self, scored: bool = True) -> None:
        super().__init__(id="verdict")
        self.scored = scored
        """Whether to say when the card comes back."""
        self.dealt: Dealt | None = None
        self.verdict: Verdict | None = None
        self.answered: Answered | None = None
        self.challenged = False
        self.case: Path | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="told", can_focus=False):
            yield Static(id="read")
            yield Prose(id="says")
            yield Prose(id="key")
            yield Prose(id="worked")
        yield Static(id="leech")
        yield Static(id="recorded")
        yield Static(id="returns")

    @property
    def told(self) -> VerticalScroll:
        """What scrolls where it is long."""
        return self.query_one("#told", VerticalScroll)

    def clear(self) -> None:
        """Nothing to tell."""
        self.dealt = self.verdict = self.answered = self.case = None
        self.challenged = False
        self.set_classes("")

    def tell(self, dealt: Dealt, verdict: Verdict, answered: Answered | None, lang: str) -> None:
        """Show a verdict. ``answered`` None: the answer could not be read, nothing was stored."""
        self.dealt, self.verdict, self.answered = dealt, verdict, answered
        self.challenged, self.case = False, None
        kind = "-right" if verdict.correct else "-wrong" if verdict.valid else "-unread"
        self.set_classes(f"-told {kind}")
        self.relabel(lang)
        self.told.scroll_home(animate=False)

    def saved(self, case: Path | None, lang: str) -> None:
        """The verdict was doubted: say so, and where its case lies."""
        self.challenged, self.case = True, case
        self.relabel(lang)

    def relabel(self, lang: str) -> None:
        """The same in another language."""
        verdict, dealt = self.verdict, self.dealt
        if verdict is None or dealt is None:
            return
        self._optional("#says", verdict.feedback[lang] if verdict.valid else "")
        missed = verdict.valid and not verdict.correct
        read = (read_as(dealt, verdict, lang) or "") if verdict.valid else verdict.feedback[lang]
        self.query_one("#read", Static).update(plain(read))  # holds what was typed: no Markdown
        self.query_one("#read").display = bool(read)
        missed = missed and dealt.kind != "recall"  # its answer is on the page already
        self._optional("#key", answer(key_lines(dealt, verdict.key, lang), lang) if missed else "")
        self._optional("#worked", verdict.worked[lang] if missed else "")
        leeched = "" if self.answered is None or not self.answered.leech else " ".join(leech(self.answered.card, lang))
        self.query_one("#leech", Static).update(plain(leeched))
        self.query_one("#leech").display = bool(leeched)
        self.query_one("#recorded", Static).update(plain(recorded(self.case, lang)))
        self.query_one("#recorded").display = self.challenged
        self.query_one("#returns", Static).update(returns(self.answered, lang))
        self.query_one("#returns").display = self.answered is not None and self.scored

    def _optional(self, name: str, text: str) -> None:
        prose = self.query_one(name, Prose)
        prose.show(text)
        prose.display = bool(text.strip())


def answer(lines: list[str], lang: str) -> str:
    """The right answer as Markdown: on one line, or below each other."""
    word = "答案：" if lang == "zh" else "Answer: "
    if len(lines) == 1:
        return word + lines[0]
    return "\n".join([word.strip(), *(line if line[:1].isdecimal() else f"- {line}" for line in lines)])


def recorded(case: Path | None, lang: str) -> str:
    """That a challenge is recorded, and the file that replays it."""
    if case is None:
        return "已记录你的异议。" if lang == "zh" else "Your challenge is recorded."
    return f"已记录你的异议：{case}" if lang == "zh" else f"Your challenge is recorded: {case}"


def returns(answered: Answered | None, lang: str) -> Content:
    """When the card comes back under each of the four ratings, the chosen one marked; a click rates."""
    if answered is None:
        return Content("")
    if answered.rating is None:
        return plain("练习，不影响复习。" if lang == "zh" else "Practice: nothing is rescheduled.", "$text-muted")
    parts: list[Content | str] = []
    for number, rating in enumerate(RATINGS, start=1):
        text = f"{number} {NAMES[rating][lang]} {interval(answered.intervals[rating], lang)}"
        style = "bold $text-accent" if rating == answered.rating else "$text-muted"
        shown = f"[{text}]" if rating == answered.rating else f" {text} "
        click = Style.from_meta({"@click": f"screen.digit({number})"})
        parts += [Content.styled(shown, style).stylize(click), "  "]
    return Content("").join([part if isinstance(part, Content) else Content(part) for part in parts])
