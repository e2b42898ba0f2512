"""One option out of several, by its id or by its shown number. 0 says "I don't know": wrong, no mistake."""

from __future__ import annotations

from qbank.domain import Dealt, Text, Verdict
from qbank.grading import entries, reading, verdict


def grade(dealt: Dealt, answer: str) -> Verdict:
    """Grade a choice. Ids are compared without regard to case."""
    key = key_text(dealt)
    typed = reading.word(answer)
    if typed is not None and typed.isascii() and typed.isdigit() and int(typed) == 0:
        return verdict.wrong("0", key, dealt.worked, feedback=verdict.NOT_KNOWN)
    chosen = None if typed is None else entries.find(dealt.options, typed)
    if chosen is None:
        n = len(dealt.options)
        expected = Text(
            f"请输入 1 到 {n} 或选项名；0 表示不知道。", f"type 1 to {n} or an option's name; 0 for don't know."
        )
        return verdict.unreadable(answer, key, dealt.worked, expected)
    if chosen.id == key:
        return verdict.right(chosen.id, key, dealt.worked)
    says = chosen.says
    feedback = verdict.plainly_wrong(chosen.text) if says is None else verdict.named(chosen.text, says)
    return verdict.wrong(chosen.id, key, dealt.worked, feedback=feedback, mistake=chosen.mistake)


def key_text(dealt: Dealt) -> str:
    """The key option's id."""
    return str(dealt.key)
