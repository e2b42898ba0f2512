"""A run as a page for a person: formula, numbers in, steps, result, claims, the second route. Plain text."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from qbank.solving.columns import cut, pad, width, wrap
from qbank.solving.info import SolverInfo

if TYPE_CHECKING:
    from solvers.run import OracleResult, Solution

WORDS = {
    "en": {
        "inputs": "Numbers in", "steps": "Steps", "result": "Result", "claims": "Claims",
        "oracle": "Checked by another route", "differs": "largest difference", "tolerance": "tolerance",
        "agrees": "agrees", "not": "DOES NOT AGREE",
        "unasked": "not run", "why": "it imports torch; --check runs it", "from": "from", "to": "to",
        "residual": "residual", "comma": ", ", "colon": ": ", "open": " (", "close": ")",
    },
    "zh": {
        "inputs": "输入", "steps": "步骤", "result": "结果", "claims": "论断", "oracle": "独立验算",
        "differs": "最大差", "tolerance": "容差", "agrees": "一致", "not": "不一致",
        "unasked": "未运行", "why": "它要导入 torch；加 --check 即运行", "from": "从", "to": "到",
        "residual": "残差", "comma": "，", "colon": "：", "open": "（", "close": "）",
    },
}  # fmt: skip
UNITS_ZH = {"nats": "奈特", "bits": "比特", "pixels": "像素", "seconds": "秒", "bytes": "字节", "flops": "次浮点运算"}
_EXPONENT = re.compile(r"e(?:\+|(-))0*(\d+)$")
ROWS = 8
"""A matrix of more rows is summarized."""


class Row(NamedTuple):
    """One line of a table (more lines where the value or the label needs them)."""

    name: str
    label: str
    shape: str
    value: Any
    unit: str


def number(value: Any) -> str:
    """A number as a person reads it: six significant digits, ``inf`` and ``nan`` as they are."""
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    found = float(value)
    if math.isnan(found):
        return "nan"
    return _EXPONENT.sub(r"e\1\2", f"{0.0 if found == 0 else found:.6g}")


class Section(NamedTuple):
    """A part of the page. ``id``: inputs, steps, result, claims, oracle or run (which has no heading)."""

    id: str
    heading: str
    lines: tuple[str, ...]


def render(solution: Solution, info: SolverInfo, lang: str, columns: int = 80, formula: str = "") -> str:
    """The page, at most ``columns`` wide (never under 60). ``formula``: its rendered text, one line or more."""
    columns = max(columns, 60)
    slug = cut(info.slug, columns)
    title = info.title[lang]
    room = columns - width(title) - width(slug)
    lines = [f"{title}{' ' * room}{slug}"] if room >= 2 else [*wrap(title, columns), slug]
    if formula.strip("\n"):
        lines += ["", *(f"    {line}".rstrip() for line in formula.strip("\n").split("\n"))]
    for section in sections(solution, info, lang, columns):
        lines += ["", *([section.heading] if section.heading else ()), *section.lines]
    return "\n".join(lines)


def sections(solution: Solution, info: SolverInfo, lang: str, columns: int = 80) -> tuple[Section, ...]:
    """What a run found, in the order of the page; a part that has nothing to say is left out."""
    columns = max(columns, 60)
    words = WORDS[lang]
    steps = [Row("", step.label[lang], _shape(step.value), step.value, "") for step in solution.steps]
    results = [Row(n, "", _shape(v), v, _unit(info.outputs[n], lang)) for n, v in solution.outputs.items()]
    parts = {
        "inputs": _table(_inputs(solution, info, lang), columns, words),
        "steps": _table(steps, columns, words),
        "result": _table(results, columns, words),
        "claims": _claims(solution, lang, columns, words),
        "oracle": [f"  {line}" for line in _oracle(solution.oracle, solution, words, columns - 2)],
        "run": [f"{solution.lane} {solution.dtype} {solution.device}, {duration(solution.seconds)}"],
    }
    return tuple(
        Section(name, words.get(name, ""), tuple(line.rstrip() for line in lines))
        for name, lines in parts.items()
        if lines
    )


def duration(seconds: float) -> str:
    """``0.21 ms``, ``3.4 s``."""
    return (
        f"{seconds * 1000:.2g} ms" if seconds < 0.0995 else f"{seconds:.2g} s" if seconds < 9.95 else f"{seconds:.0f} s"
    )


def _aside(words: Mapping[str, str], text: str) -> str:
    return f"{words['open']}{text}{words['close']}"


def _tolerance(solution: Solution, words: Mapping[str, str]) -> str:
    return f"{words['tolerance']} {number(solution.tolerance)}"


def _inputs(solution: Solution, info: SolverInfo, lang: str) -> list[Row]:
    rows = [Row(name, info.params[name].doc[lang], _shape(value), value, "") for name, value in solution.inputs.items()]
    return rows + [Row(name, "", _shape(value), value, "") for name, value in solution.noise.items()]


def _unit(unit: str, lang: str) -> str:
    if unit == "1":
        return ""
    return UNITS_ZH.get(unit, unit) if lang == "zh" else unit


def _shape(value: Any) -> str:
    shape = np.shape(value)
    return f"({', '.join(map(str, shape))})" if shape else ""


def _claims(solution: Solution, lang: str, columns: int, words: Mapping[str, str]) -> list[str]:
    lines = []
    for claim in solution.claims:
        says = claim.zh if lang == "zh" else claim.en
        if not claim.holds:
            says += _aside(
                words, f"{words['residual']} {number(claim.residual)}{words['comma']}{_tolerance(solution, words)}"
            )
        first, *rest = wrap(says, columns - 6)
        lines += [f"  [{'x' if claim.holds else ' '}] {first}", *(f"      {line}" for line in rest)]
    return lines


def _table(rows: list[Row], columns: int, words: Mapping[str, str]) -> list[str]:
    """Rows of name, label, shape, value and unit; long labels wrap."""
    if not rows:
        return []
    names = max(width(row.name) for row in rows)
    names = names + 2 if names else 0
    shapes = max(width(row.shape) for row in rows)
    shapes = shapes + 2 if shapes else 0
    labels = min(max(width(row.label) for row in rows), max(columns - names - shapes - 28, 12))
    left = 2 + names + (labels + 2 if labels else 0) + shapes
    lines = []
    for row in rows:
        first, *rest = wrap(row.label, labels) if labels else [""]
        head = "  " + pad(row.name, names) + (pad(first, labels + 2) if labels else "") + pad(row.shape, shapes)
        unit = f" {row.unit}" if row.unit else ""
        body = _value(row.value, max(columns - left - width(unit), 12), words)
        lines.append(f"{head}{body[0]}{unit}")
        for place in range(max(len(rest), len(body) - 1)):
            label = pad(" " * (2 + names) + rest[place], left) if place < len(rest) else " " * left
            lines.append(label + (body[place + 1] if place + 1 < len(body) else ""))
    return lines


def brief(value: Any, lang: str, room: int = 40) -> str:
    """A value on one line of at most ``room`` columns: its shape where it has one, then what fits."""
    lines = _value(value, room, WORDS[lang])
    text = lines[0] if len(lines) == 1 else _value(np.ravel(value), room, WORDS[lang])[0]
    shape = _shape(value)
    return f"{shape}  {text}" if shape else text


def _value(value: Any, room: int, words: Mapping[str, str]) -> list[str]:
    """A value in lines of at most ``room`` columns: itself where it fits, else its range or its first entries."""
    if isinstance(value, str):
        return [cut(value, room)]
    array = np.asarray(value)
    if array.ndim == 0:
        return [number(array[()])]
    if array.size == 0:
        return ["-"]
    if array.ndim <= 2:
        rows = np.atleast_2d(array)
        if rows.shape[0] <= ROWS and rows.shape[1] <= room:
            cells = [[number(v) for v in row] for row in rows]
            wide = [max(len(row[place]) for row in cells) for place in range(rows.shape[1])]
            if sum(wide) + 2 * (len(wide) - 1) <= room:
                return ["  ".join(c.rjust(w) for c, w in zip(row, wide, strict=True)) for row in cells]
    known = array[~np.isnan(array)] if array.dtype.kind == "f" else array
    if not known.size:
        return ["nan"]
    spread = f"{words['from']} {number(known.min())} {words['to']} {number(known.max())}"
    if array.ndim > 1:
        return [cut(spread, room)]
    entries, tail = "", f" ...  {spread}"
    for v in array[:6]:
        more = entries + ("  " if entries else "") + number(v)
        if width(more) + width(tail) > room:
            break
        entries = more
    return [entries + tail] if entries else [cut(spread, room)]


def _oracle(oracle: OracleResult, solution: Solution, words: Mapping[str, str], columns: int) -> list[str]:
    route = wrap(oracle.route, columns)
    if oracle.max_error is None:
        why = words["why"] if oracle.route.startswith("torch") else oracle.why or ""
        return [*route, *wrap(f"{words['unasked']}{words['colon']}{why}", columns)]
    verdict = words["agrees"] if oracle.agrees else words["not"]
    size = f"{words['differs']} {number(float(f'{oracle.max_error:.2g}'))}"
    said = f"{size}{words['comma']}{_tolerance(solution, words)}{words['colon']}{verdict}"
    return [*route, *wrap(said + (_aside(words, oracle.why) if oracle.why else ""), columns)]
