"""A figure as an SVG or PNG file, through matplotlib (the extra ``lab``)."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from qbank.domain import BadValue, QbankError
from solvers.contract import Bars, Contour, Figure, Heatmap, Lines, Scatter

SUFFIXES = (".svg", ".png")
CHINESE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "SimHei", "Noto Sans CJK JP",
    "Noto Serif CJK SC", "AR PL UMing CN", "Droid Sans Fallback",
)  # fmt: skip


def save(figure: Figure, path: str | Path, lang: str) -> Path:
    """Write the figure to ``path`` (``.svg`` or ``.png``, replaced where it exists); the path written.

    Chinese labels need a Chinese font on the machine; without one the labels are English. Raises BadValue for another
    suffix or a folder that is not there, QbankError without matplotlib or where the file cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() not in SUFFIXES:
        raise BadValue("plot", "end in .svg or .png", str(path))
    if not target.parent.is_dir():
        raise BadValue("plot", "lie in a folder that exists", str(path))
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as Canvas
    except ImportError:
        raise QbankError("a picture needs the extra 'lab' (matplotlib): pip install 'qbank[lab]'") from None
    font = chinese_font() if lang == "zh" else None
    lang = lang if lang != "zh" or font else "en"
    settings: dict[str, Any] = {
        "svg.hashsalt": "qbank",
        "axes.unicode_minus": False,
        "font.family": [*([font] if font else []), "DejaVu Sans"],
    }
    with rc_context(settings):
        canvas = Canvas(figsize=(7, 4.4), layout="constrained")
        FigureCanvasAgg(canvas)
        _draw(canvas, figure, lang)
        metadata = {"Date": None} if target.suffix.lower() == ".svg" else None
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Glyph")  # a name in a script that no font here has
                canvas.savefig(target, dpi=150, metadata=metadata)
        except OSError as error:
            raise QbankError(f"{target}: cannot be written: {error.strerror or error}") from None
    return target


@cache
def chinese_font() -> str | None:
    """A font of this machine that has Chinese characters, or None."""
    from matplotlib import font_manager

    known = {entry.name for entry in font_manager.fontManager.ttflist}
    return next((name for name in CHINESE_FONTS if name in known), None)


def _draw(canvas: Any, figure: Figure, lang: str) -> None:
    axes = canvas.add_subplot()
    axes.set_title(plain(figure.title[lang]))
    bars = [mark for mark in figure.marks if isinstance(mark, Bars)]
    groups = 0
    for mark in figure.marks:
        label = getattr(mark, "label", None)
        text = plain(label[lang]) if label else None
        if isinstance(mark, Lines):
            axes.plot(mark.x, mark.y, label=text)
        elif isinstance(mark, Scatter):
            axes.plot(mark.x, mark.y, "o", label=text)
        elif isinstance(mark, Bars):
            _bars(axes, mark, groups, len(bars), text)
            groups += 1
        elif isinstance(mark, Heatmap):
            canvas.colorbar(axes.imshow(np.atleast_2d(mark.values), aspect="auto"), ax=axes)
            axes.locator_params(integer=True)
        elif isinstance(mark, Contour):
            lines = axes.contour(mark.x, mark.y, mark.values, levels=sorted(mark.levels) or None)
            axes.clabel(lines, inline=True, fontsize=8)
    if bars:
        axes.axhline(0, color="0.4", linewidth=0.8)
        axes.set_xticks(range(len(bars[0].names)), [plain(name) for name in bars[0].names])
    if figure.x:
        axes.set_xlabel(plain(figure.x[lang]))
    if figure.y:
        axes.set_ylabel(plain(figure.y[lang]))
    if "x" in figure.log:
        axes.set_xscale("log")
    if "y" in figure.log:
        axes.set_yscale("log")
    if any(getattr(mark, "label", None) for mark in figure.marks):
        axes.legend()


def _bars(axes: Any, mark: Bars, place: int, series: int, label: str | None) -> None:
    heights = np.asarray(mark.heights, dtype=np.float64)
    wide = 0.8 / series
    at = np.arange(len(heights)) + (place - (series - 1) / 2) * wide
    drawn = axes.bar(at, np.where(np.isfinite(heights), heights, 0), wide, label=label)
    for x, height in zip(at, heights, strict=True):
        if not np.isfinite(height):
            axes.annotate(f"{height}", (x, 0), ha="center", va="bottom", color=drawn.patches[0].get_facecolor())


def plain(text: str) -> str:
    """Text that matplotlib takes as it is: a dollar is a dollar, not the begin of a formula."""
    return text.replace("$", r"\$")
