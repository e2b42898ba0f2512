"""Small texts that line mode and the app both show."""

from __future__ import annotations

from qbank.domain import Dealt
from qbank.services.views import tolerance


def interval(seconds: float, lang: str) -> str:
    """How long until a card comes back: ``10 min``, ``3 d``, ``2.5 mo``, ``1.2 y``, or the Chinese of it."""
    zh = lang == "zh"
    days = seconds / 86_400
    if days < 1 / 24:
        return f"{max(1, round(seconds / 60))} {'分钟' if zh else 'min'}"
    if days < 1:
        return f"{round(seconds / 3600)} {'小时' if zh else 'h'}"
    if days < 60:
        return f"{round(days)} {'天' if zh else 'd'}"
    if days < 365:
        return f"{days / 30.4:.1f} {'个月' if zh else 'mo'}"
    return f"{days / 365.25:.1f} {'年' if zh else 'y'}"


def within(dealt: Dealt, lang: str) -> str:
    """How exact an answer must be, or how it is written; nothing where that goes without saying."""
    zh = lang == "zh"
    if dealt.kind == "shape":
        return "形状，如 1,64,28,28" if zh else "a shape such as 1,64,28,28"
    allowed = tolerance(dealt)
    if allowed is None:
        return ""
    if allowed["rtol"]:
        return f"允许误差 {allowed['rtol'] * 100:g} %" if zh else f"within {allowed['rtol'] * 100:g} %"
    if allowed["atol"]:
        return f"允许误差 {allowed['atol']:g}" if zh else f"within {allowed['atol']:g}"
    return "须精确" if zh else "exactly"
