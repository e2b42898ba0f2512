"""The three ways a verdict comes out. Feedback is Markdown where an answer was graded, plain text where it was not."""

from __future__ import annotations

import re

from qbank.domain import Text, Verdict
from qbank.grading.reading import shown

_NOTHING = Text("", "")

RIGHT = Text("正确。", "Right.")

NOT_KNOWN = Text("没关系，看看推导。", "Fair enough; here is the reasoning.")
"""What an answer of 0 is told."""


def right(understood: str, key: str, worked: Text | None, feedback: Text = RIGHT) -> Verdict:
    """A right answer."""
    return Verdict(True, True, 1.0, None, understood, feedback, key, worked or _NOTHING)


def wrong(
    understood: str, key: str, worked: Text | None, *, feedback: Text, mistake: str | None = None, credit: float = 0.0
) -> Verdict:
    """A wrong answer; ``mistake`` is the tag where the answer shows which."""
    return Verdict(True, False, credit, mistake, understood, feedback, key, worked or _NOTHING)


def unreadable(answer: str, key: str, worked: Text | None, expected: Text, at: int | None = None) -> Verdict:
    """Text that says nothing: not graded, nothing is lost. ``expected`` says what can be typed; ``at``: the place."""
    typed = shown(answer)
    feedback = Text(
        f"看不懂“{typed}”：{expected.zh}" if typed else f"没有答案：{expected.zh}",
        f"cannot read '{typed}': {expected.en}" if typed else f"no answer: {expected.en}",
    )
    return Verdict(False, False, 0.0, None, "", feedback, key, worked or _NOTHING, at)


_MARKS = re.compile(r"[\\$`]|\](?=\()|\*(?=\*)|(?<=\*)\*|(?<!\w)\*(?=\S|$)|^(?=>|(?:[-+*]|#+)\s)")


def verbatim(text: str) -> str:
    """What a person typed, in a feedback: that is Markdown, and would take ``$``, ``*`` and backticks for its own."""
    return _MARKS.sub(lambda match: "\\" + match[0], text)


def typed(text: str) -> Text:
    """What a person typed, as it stands in a feedback in either language."""
    return Text(verbatim(text), verbatim(text))


def named(given: Text, says: Text) -> Text:
    """A wrong answer with its mistake in words: ``0.368: that is D(Q||P)``."""
    return Text(f"{given.zh}：{says.zh}", f"{given.en}: {says.en}")


def plainly_wrong(given: Text) -> Text:
    """A wrong answer that shows no known mistake."""
    return Text(f"{given.zh}：不对。", f"{given.en}: not right.")
