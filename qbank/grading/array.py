"""A vector or a matrix: the shape first, nothing is broadcast; then every entry within the item's tolerance."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from qbank.domain import Dealt, Text, Trap, Verdict
from qbank.grading import field, number, reading, rows, verdict

EXPECTED = {
    "vector": Text("请输入向量，例如 [0.5, 1/3, -2e-3]。", "type a vector such as [0.5, 1/3, -2e-3]."),
    "matrix": Text(
        "请输入矩阵，例如 [[1, 2], [3, 4]] 或 1 2; 3 4。", "type a matrix such as [[1, 2], [3, 4]] or 1 2; 3 4."
    ),
}
NAMED = 4
"""So many wrong entries are named."""


class Read(NamedTuple):
    """Entries row by row; ``shape`` is None where nothing could be read: ``fault`` may say what, ``at`` where."""

    flat: list[float]
    typed: list[str]
    shape: tuple[int, ...] | None
    fault: Text | None = None
    at: int | None = None

    @property
    def read_as(self) -> str:
        """The values in brackets."""
        return "" if self.shape is None else _write(_fold(self.flat, self.shape))


def read(text: str) -> Read:
    """Read a vector or a matrix. A fault is told only where there is a digit: other text needs an example instead."""
    told = any(ch.isdecimal() for ch in text[: rows.LONGEST])
    texts = rows.read(text)
    shape = None if texts is None else rows.shape(texts)
    typed = [] if texts is None else rows.leaves(texts)
    if texts is None:
        at = rows.open_bracket(text)
        says = Text("这个括号没有配对", "this bracket has no partner")
        return Read([], [], None, says if told and at is not None else None, at if told else None)
    entries = [field.read(entry) for entry in typed]
    for place, (entry, one) in enumerate(zip(typed, entries, strict=True)):
        if one.value is None:
            why = one.why or Text("看不懂", "cannot be read")
            says = Text(f"第 {place} 个元素（从 0 数起）：{why.zh}", f"entry {place} (from 0): {why.en}")
            at = rows.place_of(text, entry, one.at or 0)
            return Read([], typed, None, says if told else None, at if told else None)
    if shape is None:
        return Read([], typed, None, Text("各行长短不一", "the rows differ in length"))
    flat = [one.value for one in entries if one.value is not None]
    return Read(flat, typed, None if not shape or 0 in shape else shape)


def grade(dealt: Dealt, answer: str) -> Verdict:
    """Grade by shape, then by values. A wrong one that meets a mistake's value everywhere names that mistake.

    Rows of unequal length are not read. The transpose of the key, and right values of too few digits, are told apart.
    """
    key = key_text(dealt)
    found = read(answer)
    flat, typed, shape, understood = found.flat, found.typed, found.shape, found.read_as
    if shape is None:
        return verdict.unreadable(answer, key, dealt.worked, found.fault or EXPECTED[dealt.kind], found.at)
    asked = rows.shape(dealt.key) or ()
    right = [float(one) for one in rows.leaves(dealt.key)]
    if shape == asked and all(map(_meets(dealt), flat, right)):
        return verdict.right(understood, key, dealt.worked)
    trap = nearest(dealt, flat, shape)
    if trap is not None:
        feedback = verdict.named(_short(flat, shape), trap.says)
        return verdict.wrong(understood, key, dealt.worked, feedback=feedback, mistake=trap.tag)
    says = _shape_off(shape, asked) if shape != asked else _values_off(dealt, flat, typed, right, shape)
    return verdict.wrong(understood, key, dealt.worked, feedback=verdict.named(_short(flat, shape), says))


def nearest(dealt: Dealt, flat: list[float], shape: tuple[int, ...]) -> Trap | None:
    """The mistake of this shape that every entry meets; the nearest where there are several."""
    near = []
    for place, trap in enumerate(dealt.traps):
        values = [float(one) for one in rows.leaves(trap.value)]
        if rows.shape(trap.value) == shape and all(map(_meets(dealt, loose=True), flat, values)):
            near.append((sum(abs(a - b) for a, b in zip(flat, values, strict=True) if a != b), place))
    return dealt.traps[min(near)[1]] if near else None


def _meets(dealt: Dealt, loose: bool = False) -> Any:
    def meets(given: float, value: float) -> bool:
        rtol = number.FRACTION_RTOL if loose and not dealt.rtol and not value.is_integer() else dealt.rtol
        return number.meets(given, value, rtol, dealt.atol)

    return meets


def _shape_off(shape: tuple[int, ...], asked: tuple[int, ...]) -> Text:
    given, wanted = (str(list(one)) for one in (shape, asked))
    return Text(f"形状是 {given}，应为 {wanted}", f"its shape is {given}; {wanted} is asked for")


def _values_off(dealt: Dealt, flat: list[float], typed: list[str], right: list[float], shape: tuple[int, ...]) -> Text:
    meets = _meets(dealt)
    if len(shape) == 2 and shape[0] == shape[1]:
        turned = [flat[row + column * shape[0]] for row in range(shape[0]) for column in range(shape[1])]
        if all(map(meets, turned, right)):
            return Text("这是转置", "that is the transpose")
    off = [n for n, (a, b) in enumerate(zip(flat, right, strict=True)) if not meets(a, b)]
    if all(number.too_few_digits(flat[n], reading.unit(typed[n]), right[n]) for n in off):
        return number.too_coarse(dealt.rtol, dealt.atol)
    places = [str(n) if len(shape) == 1 else str(list(divmod(n, shape[1]))) for n in off[:NAMED]]
    zh, en = "、".join(places), ", ".join(places)
    if len(off) > NAMED:
        zh, en = f"{zh} 等 {len(off)} 处", f"{en} and {len(off) - NAMED} more"
    return Text(f"第 {zh} 个元素不对（从 0 数起）", f"entry {en} is off (counted from 0)")


def _short(flat: list[float], shape: tuple[int, ...]) -> Text:
    """The entries as they are repeated: with few digits, whatever was typed."""
    return verdict.typed(reading.shown(_write(_fold(flat, shape), 6), 60))


def _fold(flat: list[float], shape: tuple[int, ...]) -> Any:
    """A flat list in the given shape."""
    if len(shape) == 1:
        return flat
    size = math.prod(shape[1:])
    return [_fold(flat[n * size : (n + 1) * size], shape[1:]) for n in range(shape[0])]


def _write(value: Any, digits: int = 12) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_write(one, digits) for one in value) + "]"
    return format(value, f".{digits}g")


def key_text(dealt: Dealt) -> str:
    """The key as JSON; each entry with the fewest digits that grade right with room to spare."""
    return _key(dealt, dealt.key)


def _key(dealt: Dealt, value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_key(dealt, one) for one in value) + "]"
    text = number.digits(value, dealt.rtol, dealt.atol)
    return text if math.isfinite(value) else f'"{text}"'
