"""The open prompt, rated from the points the reader ticked."""

from __future__ import annotations

from collections.abc import Collection

from qbank.domain import Dealt, Rating, Text, Verdict
from qbank.grading import reading, verdict


def grade(dealt: Dealt, answer: str) -> Verdict:
    """Point ids by comma; ``0`` or ``none`` for not one of them."""
    ids = reading.words(answer)
    if ids in (("0",), ("none",)):
        return recall(dealt, ())
    if not ids:
        return verdict.unreadable(answer, key_text(dealt), dealt.worked, _expected(dealt))
    by_folded = {point.id.casefold(): point.id for point in dealt.points}
    return recall(dealt, tuple(by_folded.get(one, one) for one in ids))


def recall(dealt: Dealt, ticked: Collection[str]) -> Verdict:
    """Right with every essential point ticked. Credit is the share of all points. Unknown ids make it invalid."""
    known = {point.id for point in dealt.points}
    if unknown := [one for one in ticked if one not in known]:
        return verdict.unreadable(unknown[0], key_text(dealt), dealt.worked, _expected(dealt))
    understood = ",".join(point.id for point in dealt.points if point.id in ticked) or "0"
    missing = _missing(dealt, ticked)
    if not missing:
        return verdict.right(understood, key_text(dealt), dealt.worked)
    texts = {point.id: point.text for point in dealt.points}
    feedback = Text(
        "没有讲到：" + "；".join(texts[one].zh for one in missing),
        "not touched: " + "; ".join(texts[one].en for one in missing),
    )
    credit = len(set(ticked)) / len(dealt.points)
    return verdict.wrong(understood, key_text(dealt), dealt.worked, feedback=feedback, credit=credit)


def recall_rating(dealt: Dealt, ticked: Collection[str]) -> Rating:
    """All essential points Good, one missing Hard, else Again; nothing ticked is Again."""
    missing = len(_missing(dealt, ticked))
    if not missing:
        return "good"
    return "hard" if missing == 1 and ticked else "again"


def key_text(dealt: Dealt) -> str:
    """The essential points' ids."""
    return ",".join(_essential(dealt)) or "0"


def _essential(dealt: Dealt) -> list[str]:
    """The points that must be touched; all of them where none is marked."""
    return [point.id for point in dealt.points if point.essential] or [point.id for point in dealt.points]


def _missing(dealt: Dealt, ticked: Collection[str]) -> list[str]:
    return [one for one in _essential(dealt) if one not in ticked]


def _expected(dealt: Dealt) -> Text:
    ids = ", ".join(point.id for point in dealt.points)
    return Text(f"要点有：{ids}；一个都没讲到写 0。", f"the points are {ids}; 0 for none of them.")
