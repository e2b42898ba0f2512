"""A figure as terminal text: lines and points through plotext, bars and matrices as text of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from qbank.solving.columns import cut, pad, width
from qbank.solving.demonstration import number
from solvers.contract import Bars, Contour, Figure, Heatmap, Lines, Mark, Scatter

INKS = (36, 33, 35, 32, 34, 31)
"""ANSI colours of the series, in turn."""
NAMES = ("cyan", "orange", "magenta", "green", "blue", "red")
"""The same for plotext."""
MARKERS = "●+x◦*#"
LEVEL = "."
"""The marker of level lines: a background to the rest."""
LEVELS = {"zh": "等高线", "en": "levels"}
FILLS = "█▒▓░"
SHADES = " ░▒▓█"
GREYS = (232, 238, 244, 250, 255)


def draw(figure: Figure, lang: str, columns: int = 78, rows: int = 18, color: bool = False) -> str:
    """The figure in at most ``columns`` and about ``rows``; no escape codes unless ``color``."""
    columns, rows = max(columns, 24), max(rows, 6)
    bars = [mark for mark in figure.marks if isinstance(mark, Bars)]
    maps = [mark for mark in figure.marks if isinstance(mark, Heatmap)]
    points = [mark for mark in figure.marks if isinstance(mark, (Lines, Scatter, Contour))]
    parts = [cut(figure.title[lang], columns)]
    if points:
        parts.append(_plot(figure, points, lang, columns, rows, color))
    if bars:
        parts.append(_bars(bars, lang, columns, rows, color))
    parts += [_heatmap(mark, columns, rows, color) for mark in maps]
    if (bars or maps) and not points:
        axes = [f"{name}: {text[lang]}" for name, text in (("x", figure.x), ("y", figure.y)) if text]
        if axes:
            parts.append(cut(";  ".join(axes), columns))
    return "\n".join(line.rstrip() for part in parts for line in part.split("\n"))


def _ink(text: str, code: int, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color and text.strip() else text


# ---------------------------------------------------------------- bars


def _bars(marks: list[Bars], lang: str, columns: int, rows: int, color: bool) -> str:
    """One row a bar, grouped by name, the number at the end. Zero is a line where some bars are negative."""
    names = marks[0].names
    labels = [mark.label[lang] if mark.label else "" for mark in marks]
    heights = [np.asarray(mark.heights, dtype=np.float64).ravel() for mark in marks]
    finite = np.concatenate([h[np.isfinite(h)] for h in heights] or [np.zeros(1)])
    low, high = min(0.0, float(finite.min(initial=0))), max(0.0, float(finite.max(initial=0)))
    first = min(max((width(n) for n in names), default=0), columns // 4)
    second = min(max((width(t) for t in labels), default=0), columns // 3)
    said = max((len(number(v)) for h in heights for v in h), default=1)
    room = max(columns - first - second - said - 5, 6)
    scale = room / (high - low) if high > low else 0.0
    zero = round(-low * scale)
    lines = []
    for place, name in enumerate(names):
        for series, values in enumerate(heights):
            if place >= len(values):
                continue
            bar = _bar(float(values[place]), zero, scale, room, FILLS[series % len(FILLS)] if not color else "█")
            head = pad(cut(name, first) if series == 0 else "", first) + " " + pad(cut(labels[series], second), second)
            ink = _ink(bar, INKS[series % len(INKS)], color)
            lines.append(f"{head} {ink} {number(values[place])}")
    shown = rows if len(lines) <= rows else max(rows - 1, len(marks)) // len(marks) * len(marks)
    if shown < len(lines):
        lines = [*lines[:shown], f"... +{(len(lines) - shown) // len(marks)}"]
    return "\n".join(lines)


def _bar(value: float, zero: int, scale: float, room: int, fill: str) -> str:
    if math.isnan(value):
        return pad("?", room)
    end = room if value == math.inf else 0 if value == -math.inf else round(zero + value * scale)
    cells = [" "] * room
    for cell in range(min(zero, end), max(zero, end)):
        cells[cell] = fill
    if 0 < zero < room and value >= 0 and (end == zero or not value):
        cells[zero] = "|"
    if math.isinf(value):
        cells[room - 1 if value > 0 else 0] = ">" if value > 0 else "<"
    return "".join(cells)


# ---------------------------------------------------------------- matrices


def _heatmap(mark: Heatmap, columns: int, rows: int, color: bool) -> str:
    """Shaded cells, with the numbers in them where they fit; large matrices are averaged down."""
    values = np.atleast_2d(np.asarray(mark.values, dtype=np.float64))
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    legend = f"[{_shade(low, low, high, color)}] {number(low)}   [{_shade(high, low, high, color)}] {number(high)}"
    texts = [[f"{v:.3g}" for v in row] for row in values]
    cell = max(len(t) for row in texts for t in row) + 1
    if values.shape[0] <= rows and (cell + 2) * values.shape[1] <= columns:
        lines = []
        for row, said in zip(values, texts, strict=True):
            lines.append(
                " ".join(_shade(v, low, high, color) + t.rjust(cell - 1) for v, t in zip(row, said, strict=True))
            )
        return "\n".join([*lines, legend])
    small = _shrink(values, min(rows, values.shape[0]), min(columns // 2, values.shape[1]))
    lines = ["".join(_shade(v, low, high, color) * 2 for v in row) for row in small]
    note = f"   {values.shape[0]} x {values.shape[1]}"
    return "\n".join([*lines, legend + note])


def _shade(value: float, low: float, high: float, color: bool) -> str:
    if not math.isfinite(value):
        return "?"
    part = (value - low) / (high - low) if high > low else 0.0
    level = min(int(part * len(SHADES)), len(SHADES) - 1)
    return f"\x1b[38;5;{GREYS[level]}m█\x1b[0m" if color else SHADES[level]


def _shrink(values: Any, rows: int, columns: int) -> Any:
    """Block means."""
    bands = np.array_split(values, rows, axis=0)
    return np.array([[block.mean() for block in np.array_split(band, columns, axis=1)] for band in bands])


# ---------------------------------------------------------------- lines, points, level lines


def _plot(figure: Figure, marks: Sequence[Mark], lang: str, columns: int, rows: int, color: bool) -> str:
    import plotext

    canvas = plotext.figure
    canvas.clear()
    canvas.theme("simple")  # paints no background: the terminal's own stays
    canvas.plot_size(columns, rows)
    series = [one for mark in marks for one in _series(mark, lang)]
    legend = []
    place = -1
    for x, y, label, mark in series:
        x, y, keep = _scaled(x, y, figure.log)
        place += not isinstance(mark, Contour)
        if not keep.any():
            continue
        joined = isinstance(mark, Lines)
        kind = LEVEL if isinstance(mark, Contour) else "braille" if joined else MARKERS[place % len(MARKERS)]
        if joined and not color and len(series) > 1:
            kind = MARKERS[place % len(MARKERS)]
        marker = plotext.marker(kind, NAMES[place % len(NAMES)])
        signal = canvas.signal(x[keep].tolist(), y[keep].tolist(), marker=marker)
        if joined and keep.sum() > 1:
            signal.lines()
        canvas.draw(signal)
        if label:
            sign = "─" if kind == "braille" else kind
            legend.append((sign, INKS[place % len(INKS)], cut(label, columns - 2)))
    for axis, text in (("x", figure.x), ("y", figure.y)):
        if text or axis in figure.log:
            canvas.label(f"{text[lang] if text else axis}{' (log10)' if axis in figure.log else ''}", axis)
    drawn: str = canvas.build().string(colorless=not color)
    canvas.clear()
    return "\n".join([*_legend(legend, columns, color), drawn.rstrip("\n")])


def _legend(entries: Sequence[tuple[str, int, str]], columns: int, color: bool) -> list[str]:
    """Signs and labels, in as many lines as they need."""
    lines: list[str] = []
    used = columns
    for sign, code, label in entries:
        size = width(f"{sign} {label}")
        said = f"{_ink(sign, code, color)} {label}"
        if used + 3 + size > columns:
            lines.append(said)
            used = size
        else:
            lines[-1] += "   " + said
            used += 3 + size
    return lines


def _scaled(x: Any, y: Any, log: str) -> tuple[Any, Any, Any]:
    """Logarithms where the axis asks for them, and which points can be drawn."""
    with np.errstate(all="ignore"):
        x = np.log10(x) if "x" in log else x
        y = np.log10(y) if "y" in log else y
    return x, y, np.isfinite(x) & np.isfinite(y)


def _series(mark: Any, lang: str) -> list[tuple[Any, Any, str, Any]]:
    """(x, y, label, mark) of a mark: level lines become points where the value crosses a level."""
    if isinstance(mark, Contour):
        found = crossings(mark)
        if not found:
            return []
        levels = ", ".join(number(float(f"{level:.2g}")) for level, _, _ in found)
        x, y = (np.concatenate([one[axis] for one in found]) for axis in (1, 2))
        return [(x, y, f"{LEVELS[lang]} {levels}", mark)]
    label = mark.label[lang] if mark.label else ""
    x, y = (np.asarray(v, dtype=np.float64).ravel() for v in (mark.x, mark.y))
    return [(x, y, label, mark)]


def crossings(mark: Contour) -> list[tuple[float, Any, Any]]:
    """For each level the points where it crosses the grid's edges, interpolated. Default levels: five quantiles."""
    x, y = (np.asarray(v, dtype=np.float64).ravel() for v in (mark.x, mark.y))
    values = np.asarray(mark.values, dtype=np.float64)
    finite = values[np.isfinite(values)]
    levels = (
        mark.levels or tuple(float(q) for q in np.quantile(finite, [0.1, 0.3, 0.5, 0.7, 0.9])) if finite.size else ()
    )
    found = []
    for level in levels:
        xs, ys = [], []
        for axis in (0, 1):
            a = values[:-1, :] if axis == 0 else values[:, :-1]
            b = values[1:, :] if axis == 0 else values[:, 1:]
            i, j = np.nonzero(((a < level) != (b < level)) & np.isfinite(a) & np.isfinite(b))
            part = (level - a[i, j]) / (b[i, j] - a[i, j])
            xs.append(x[j] + (part * (x[j + 1] - x[j]) if axis == 1 else 0))
            ys.append(y[i] + (part * (y[i + 1] - y[i]) if axis == 0 else 0))
        points = np.concatenate(xs), np.concatenate(ys)
        if points[0].size:
            found.append((level, *points))
    return found
