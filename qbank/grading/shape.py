"""A tensor's shape: exact, and a wrong number of axes is told apart from a wrong size."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from qbank.domain import Dealt, Text, Verdict
from qbank.grading import reading, verdict

EXPECTED = Text("请输入形状，例如 [1, 64, 112, 112]。", "type a shape such as [1, 64, 112, 112].")


_ODD = re.compile(r"[^\s\d,x*;\[\](){}=]")


def fault(text: str) -> tuple[Text | None, int | None]:
    """What no shape holds, and where; nothing where there is no digit at all."""
    plain = re.sub(r"torch\.size", "          ", reading.folded(text[: reading.LIMIT]), flags=re.IGNORECASE)
    odd = _ODD.search(plain)
    if odd is None or not any(ch.isdecimal() for ch in plain):
        return None, None
    return Text("大小是非负整数，用逗号分隔", "sizes are whole numbers, parted by commas"), odd.start()


def grade(dealt: Dealt, answer: str) -> Verdict:
    """Grade a shape. Where no known mistake gives it, the feedback says how many axes there are or which are off."""
    key = sizes(dealt.key)
    given = reading.shape(answer)
    if given is None:
        says, at = fault(answer)
        return verdict.unreadable(answer, write(key), dealt.worked, says or EXPECTED, at)
    understood = write(given)
    if given == key:
        return verdict.right(understood, write(key), dealt.worked)
    shown = Text(understood, understood)
    for trap in dealt.traps:
        if sizes(trap.value) == given:
            feedback = verdict.named(shown, trap.says)
            return verdict.wrong(understood, write(key), dealt.worked, feedback=feedback, mistake=trap.tag)
    if len(given) != len(key):
        says = Text(f"应有 {len(key)} 个轴，不是 {len(given)} 个", f"{len(key)} axes were asked for, not {len(given)}")
    else:
        off = [str(axis) for axis, (a, b) in enumerate(zip(given, key, strict=True)) if a != b]
        says = Text(
            f"轴 {'、'.join(off)} 的大小不对（从 0 数起）",
            f"the size of {'axis' if len(off) == 1 else 'axes'} {', '.join(off)} is off (counted from 0)",
        )
    return verdict.wrong(understood, write(key), dealt.worked, feedback=verdict.named(shown, says))


def sizes(value: Any) -> tuple[int, ...]:
    """A shape as integers; a bare number is a shape of one axis."""
    return tuple(int(size) for size in value) if isinstance(value, Sequence) else (int(value),)


def write(shape: Sequence[int]) -> str:
    """``[1, 64]``."""
    return "[" + ", ".join(str(size) for size in shape) + "]"


def key_text(dealt: Dealt) -> str:
    """The key as a person would type it."""
    return write(sizes(dealt.key))
