"""Parts put into their right order. Credit falls with the number of pairs that stand the wrong way round."""

from __future__ import annotations

import re
from itertools import combinations, pairwise

from qbank.domain import Dealt, Text, Verdict
from qbank.grading import entries, verdict

_ARROWS = re.compile(r"->|=>|[>→⇒]")


def grade(dealt: Dealt, answer: str) -> Verdict:
    """Right in exactly this order. Credit is 1 for it, 0 for an order no better than a random one.

    Every part must be named once; otherwise nothing is graded. The feedback names the first neighbors that stand the
    wrong way round.
    """
    key = key_text(dealt)
    picked = entries.several(dealt.options, _ARROWS.sub(",", answer[:1000]))
    if picked == []:
        return verdict.wrong("0", key, dealt.worked, feedback=verdict.NOT_KNOWN)
    ids = [] if picked is None else [part.id for part in picked]
    if picked is None or sorted(ids) != sorted(dealt.key):
        n = len(dealt.key)
        example = ",".join(str(place) for place in [2, 1, *range(3, n + 1)])
        expected = Text(
            f"请把 1 到 {n} 每个序号按顺序各写一次，如 {example}；0 表示不知道。",
            f"type each number from 1 to {n} once, in order, such as {example}; 0 for don't know.",
        )
        return verdict.unreadable(answer, key, dealt.worked, expected)
    understood = ",".join(ids)
    if ids == list(dealt.key):
        return verdict.right(understood, key, dealt.worked)
    place = {name: n for n, name in enumerate(dealt.key)}
    pairs = [place[a] < place[b] for a, b in combinations(ids, 2)]
    credit = max(0.0, 2 * sum(pairs) / len(pairs) - 1)
    texts = {part.id: part.text for part in dealt.options}
    first, second = next((texts[a], texts[b]) for a, b in pairwise(ids) if place[a] > place[b])
    feedback = Text(f"“{second.zh}”应在“{first.zh}”之前。", f"'{second.en}' comes before '{first.en}'.")
    return verdict.wrong(understood, key, dealt.worked, feedback=feedback, credit=credit)


def key_text(dealt: Dealt) -> str:
    """The parts' ids in order."""
    return ",".join(dealt.key)
