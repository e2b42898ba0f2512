"""Gaps filled in by typing. Case, width, spacing and hyphens are forgiven; synonyms count in either language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from qbank.domain import Dealt, Text, Verdict
from qbank.grading import reading, verdict

LONGEST = 1000
GAP = re.compile(r"\[\[([A-Za-z_][A-Za-z0-9_]*)\]\]")
_EDGES = " =.,:;!?'\"`$«»《》〈〉、。“”‘’「」"


def grade(dealt: Dealt, answer: str) -> Verdict:
    """Right with every gap right; credit is the share of right gaps.

    ``gap=text;gap=text``, or the texts alone in the order of the gaps. An empty text leaves a gap open; a gap that is
    not mentioned, or one that there is not, and nothing is graded.
    """
    key = key_text(dealt)
    given = texts(dealt, answer)
    if given is None:
        names = gaps(dealt)
        example = ";".join(f"{name}=…" for name in names)
        expected = Text(
            "请填空" + (f"，写成 {example}。" if len(names) > 1 else "。") + "0 表示不知道。",
            "fill in the gap" + (f"s as {example}" if len(names) > 1 else "") + "; 0 for don't know.",
        )
        return verdict.unreadable(answer, key, dealt.worked, expected)
    if not any(given.values()):
        return verdict.wrong("0", key, dealt.worked, feedback=verdict.NOT_KNOWN)
    shown = {name: reading.shown(text) for name, text in given.items()}
    understood = ";".join(f"{name}={text}" for name, text in shown.items())
    off = [name for name, text in given.items() if not accepts(dealt.key[name], text)]
    if not off:
        return verdict.right(understood, key, dealt.worked)
    shown = {name: verdict.verbatim(text) for name, text in shown.items()}
    feedback = Text(
        "；".join(f"“{shown[name]}”不对" if shown[name] else f"{name} 没有填" for name in off) + "。",
        "; ".join(f"'{shown[name]}' is not it" if shown[name] else f"{name} is left open" for name in off) + ".",
    )
    return verdict.wrong(understood, key, dealt.worked, feedback=feedback, credit=1 - len(off) / len(given))


def gaps(dealt: Dealt) -> tuple[str, ...]:
    """The gaps' names, as they stand in the English stem."""
    named = [name for name in GAP.findall(dealt.stem.en) if name in dealt.key]
    return tuple(dict.fromkeys([*named, *dealt.key]))


def texts(dealt: Dealt, answer: str) -> dict[str, str] | None:
    """Gap -> what was typed, in the order of the gaps; None where that cannot be told."""
    if len(answer) > LONGEST:
        return None
    names = gaps(dealt)
    plain = "".join(ch if ch.isprintable() else " " for ch in answer).replace("；", ";").replace("＝", "=").strip()
    if set(fold(plain)) == {"0"} and not any(accepts(dealt.key[name], "0") for name in names):
        return dict.fromkeys(names, "")
    if not fold(plain):
        return None
    pieces = [piece.strip() for piece in plain.split(";")]
    if not pieces[-1]:
        pieces.pop()
    by_folded = {name.casefold(): name for name in names}
    heads = [by_folded.get(piece.partition("=")[0].strip().casefold()) if "=" in piece else None for piece in pieces]
    if all(heads):
        found = {str(head): piece.partition("=")[2].strip() for head, piece in zip(heads, pieces, strict=True)}
        complete = len(found) == len(pieces) and set(found) == set(names)
        return {name: found[name] for name in names} if complete and any(map(fold, found.values())) else None
    if any(heads) or len(pieces) != len(names):
        return None
    return dict(zip(names, pieces, strict=True))


def accepts(words: Mapping[str, object], typed: str) -> bool:
    """Whether a text is one of the accepted ones, in either language."""
    folded = fold(typed)
    return any(fold(word) == folded for lang in words.values() if isinstance(lang, (list, tuple)) for word in lang)


def fold(text: str) -> str:
    """What is compared: width, case, blanks, quotes, and hyphens between letters are gone."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip(_EDGES)
    plain = re.sub(r"[\u2010-\u2015\u2212]", "-", plain)
    plain = "".join(ch for ch in plain if unicodedata.category(ch) not in ("Cf", "Cc", "Cs"))
    plain = re.sub(r"(?<=[^\W\d_])[-\s]+(?=[^\W\d_])", "", plain)
    return "".join(plain.split())


def key_text(dealt: Dealt) -> str:
    """The first accepted English text of each gap."""
    return ";".join(f"{name}={dealt.key[name]['en'][0]}" for name in gaps(dealt))
