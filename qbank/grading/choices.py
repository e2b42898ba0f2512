"""Every right option out of several. Each wrong tick costs what it takes to make ticking all of them worth nothing."""

from __future__ import annotations

from collections.abc import Sequence

from qbank.domain import Dealt, ShownOption, Text, Verdict
from qbank.grading import entries, verdict


def grade(dealt: Dealt, answer: str) -> Verdict:
    """Right with exactly the keys ticked. Credit: the share of keys ticked less the share of the others ticked.

    The first wrong tick that stands for a misconception names it; what was left out is told, too.
    """
    key = key_text(dealt)
    picked = entries.several(dealt.options, answer)
    if picked is None:
        n = len(dealt.options)
        expected = Text(
            f"请输入 1 到 {n} 中所有正确选项的序号，如 1,3；0 表示不知道。",
            f"type the numbers from 1 to {n} of every right option, such as 1,3; 0 for don't know.",
        )
        return verdict.unreadable(answer, key, dealt.worked, expected)
    if not picked:
        return verdict.wrong("0", key, dealt.worked, feedback=verdict.NOT_KNOWN)
    ids = {option.id for option in picked}
    keys = set(dealt.key)
    understood = ",".join(option.id for option in dealt.options if option.id in ids)
    if ids == keys:
        return verdict.right(understood, key, dealt.worked)
    false = [option for option in dealt.options if option.id in ids - keys]
    missed = [option for option in dealt.options if option.id in keys - ids]
    return verdict.wrong(
        understood,
        key,
        dealt.worked,
        feedback=_feedback(false, missed),
        mistake=next((option.mistake for option in false if option.mistake), None),
        credit=credit(len(ids & keys), len(keys), len(false), len(dealt.options) - len(keys)),
    )


def credit(hits: int, keys: int, false: int, others: int) -> float:
    """From 0 to 1: all of the options together, or none, earn nothing."""
    return max(0.0, hits / keys - (false / others if others else 1.0))


def _feedback(false: Sequence[ShownOption], missed: Sequence[ShownOption]) -> Text:
    zh = [f"不该选“{o.text.zh}”" + (f"：{o.says.zh}" if o.says else "") for o in false]
    en = [f"'{o.text.en}' does not belong" + (f": {o.says.en}" if o.says else "") for o in false]
    if missed:
        zh.append("漏选了" + "、".join(f"“{o.text.zh}”" for o in missed))
        en.append("left out: " + ", ".join(f"'{o.text.en}'" for o in missed))
    return Text("；".join(zh) + "。", "; ".join(en) + ".")


def key_text(dealt: Dealt) -> str:
    """The keys' ids, as shown."""
    return ",".join(option.id for option in dealt.options if option.id in dealt.key)
