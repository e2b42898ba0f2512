"""A vector or a matrix: the shape first, nothing is broadcast; then every entry within the item's tolerance."""

from __future__ import annotations

import math
from typing import Any

from qbank.domain import Dealt, Text, Trap, Verdict
from qbank.grading import number, reading, rows, verdict

EXPECTED = {
    "vector": Text("请输入向量，例如 [0.5, 1/3, -2e-3]。", "type a vector such as [0.5, 1/3, -2e-3]."),
    "matrix": Text(
        "请输入矩阵，例如 [[1, 2], [3, 4]] 或 1 2; 3 4。", "type a matrix such as [[1, 2], [3, 4]] or 1 2; 3 4."
    ),
}
NAMED = 4
"""So many wrong entries are named."""


def grade(dealt: Dealt, answer: str) -> Verdict:
    """Grade by shape, then by values. A wrong one that meets a mistake's value everywhere names that mistake.

    Rows of unequal length are not read. The transpose of the key, and right values of too few digits, are told apart.
    """
    key = key_text(dealt)
    texts = rows.read(answer)
    shape = None if texts is None else rows.shape(texts)
    typed = [] if texts is None else rows.leaves(texts)
    given = [number.value(entry) for entry in typed]
    if not shape or None in given or 0 in shape:
        return verdict.unreadable(answer, key, dealt.worked, EXPECTED[dealt.kind])
    flat = [float(one) for one in given if one is not None]
    understood = _write(_fold(flat, shape))
    asked = rows.shape(dealt.key) or ()
    right = [float(one) for one in rows.leaves(dealt.key)]
    if shape == asked and all(map(_meets(dealt), flat, right)):
        return verdict.right(understood, key, dealt.worked)
    trap = nearest(dealt, flat, shape)
    if trap is not None:
        feedback = verdict.named(_short(understood), trap.says)
        return verdict.wrong(understood, key, dealt.worked, feedback=feedback, mistake=trap.tag)
    says = _shape_off(shape, asked) if shape != asked else _values_off(dealt, flat, typed, right, shape)
    return verdict.wrong(understood, key, dealt.worked, feedback=verdict.named(_short(understood), says))


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


def _short(understood: str) -> Text:
    typed = reading.shown(understood)
    return Text(typed, typed)


def _fold(flat: list[float], shape: tuple[int, ...]) -> Any:
    """A flat list in the given shape."""
    if len(shape) == 1:
        return flat
    size = math.prod(shape[1:])
    return [_fold(flat[n * size : (n + 1) * size], shape[1:]) for n in range(shape[0])]


def _write(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_write, value)) + "]"
    return format(value, ".12g")


def key_text(dealt: Dealt) -> str:
    """The key as JSON; each entry with the fewest digits that grade right with room to spare."""
    return _key(dealt, dealt.key)


def _key(dealt: Dealt, value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_key(dealt, one) for one in value) + "]"
    text = number.digits(value, dealt.rtol, dealt.atol)
    return text if math.isfinite(value) else f'"{text}"'
