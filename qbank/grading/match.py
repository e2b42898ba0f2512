"""Pairs of a left and a right entry: ``l1=r2,l2=r1``, by ids or by shown numbers."""

from __future__ import annotations

import re

from qbank.domain import Dealt, Text, Verdict
from qbank.grading import entries, reading, verdict

LONGEST = 1000
_JOINT = re.compile(r"\s*(?:->|=>|[=:→⇒])\s*")


def grade(dealt: Dealt, answer: str) -> Verdict:
    """Right with every pair right; credit is the share of right pairs, and nothing for one partner for all.

    Each left entry must be paired, ``0`` saying "don't know"; otherwise nothing is graded.
    """
    key = key_text(dealt)
    given = pairs(dealt, answer)
    if given is None:
        n, m = len(dealt.left), len(dealt.options)
        expected = Text(
            f"请给左边 1 到 {n} 各配一个右边的序号（1 到 {m}，0 表示不知道），如 1=2,2=1。",
            f"pair each of 1 to {n} with a number from 1 to {m} (0 for don't know), such as 1=2,2=1.",
        )
        return verdict.unreadable(answer, key, dealt.worked, expected)
    if not any(given.values()):
        return verdict.wrong("0", key, dealt.worked, feedback=verdict.NOT_KNOWN)
    understood = ",".join(f"{left}={right or 0}" for left, right in given.items())
    off = [left for left in dealt.left if given[left.id] != dealt.key[left.id]]
    if not off:
        return verdict.right(understood, key, dealt.worked)
    texts = {right.id: right.text for right in dealt.options}
    wrong = [(left.text, texts[given[left.id] or ""]) for left in off if given[left.id]]
    zh = [f"“{a.zh}”配的不是“{b.zh}”" for a, b in wrong]
    en = [f"'{a.en}' does not go with '{b.en}'" for a, b in wrong]
    if len(off) > len(wrong):
        zh.append(f"{len(off) - len(wrong)} 个没有配")
        en.append(f"{len(off) - len(wrong)} left open")
    same = len(set(given.values())) == 1
    return verdict.wrong(
        understood,
        key,
        dealt.worked,
        feedback=Text("；".join(zh) + "。", "; ".join(en) + "."),
        credit=0.0 if same else 1 - len(off) / len(dealt.left),
    )


def pairs(dealt: Dealt, answer: str) -> dict[str, str | None] | None:
    """Left id -> right id or None (don't know), in shown order; None where the text is no complete pairing.

    Right entries alone, in the order of the left ones, are read as well.
    """
    plain = reading.clean(answer, LONGEST)
    if plain is None:
        return None
    words = [word for word in re.split(r"[\s,;]+", _JOINT.sub("=", plain.strip("()[]{} "))) if word]
    if entries.is_zero(words):
        return {left.id: None for left in dealt.left}
    if not any("=" in word for word in words):
        if len(words) == 1 and len(words[0]) == len(dealt.left) and words[0].isdigit() and len(dealt.options) <= 9:
            words = list(words[0])
        if len(words) != len(dealt.left):
            return None
        words = [f"{place}={word}" for place, word in enumerate(words, start=1)]
    found: dict[str, str | None] = {}
    for word in words:
        one, _, other = word.partition("=")
        left, right = entries.find(dealt.left, one), entries.find(dealt.options, other)
        if left is None or (right is None and other != "0"):
            return None
        partner = None if right is None else right.id
        if found.setdefault(left.id, partner) != partner:
            return None
    return {left.id: found[left.id] for left in dealt.left} if len(found) == len(dealt.left) else None


def key_text(dealt: Dealt) -> str:
    """The right pairs by ids."""
    return ",".join(f"{left.id}={dealt.key[left.id]}" for left in dealt.left)
