"""Both languages: the same placeholders, each in its own script, American spelling, no escapes."""

from __future__ import annotations

import re
from collections import Counter

from qbank.content.items import NUMERIC
from qbank.content.lint.case import Case, Problem
from qbank.dealing import placeholders
from qbank.domain import Item, Text

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_GAP = re.compile(r"\[\[([^\[\]\n]*)\]\]")
_MATHS = re.compile(r"\$\$.*?\$\$|\$[^$\n]*\$|`[^`\n]*`", re.DOTALL)
_BRITISH = re.compile(
    r"\b(?:\w*(?:optim|normal|regular|general|initial|maxim|minim|summar|penal|quant|factor|parameter|vector|discret|"
    r"memor|visual|standard|organ|util|linear|equal|stabil|local|random|token)is(?:e|ed|es|er|ers|ing|ation|ations|able)"
    r"|behaviours?|colours?|favours?|neighbours?|neighbourhoods?|neighbouring|centres?|labelled|modelling|modelled|"
    r"analysed?|analysing|artefacts?|grey|whilst)\b",
    re.IGNORECASE,
)


def check(case: Case) -> None:
    """placeholders, gaps, rounded-in-stem, language, spelling, escaped-string."""
    for n, item in enumerate(case.question.items):
        for key in ("stem", "hint", "worked"):
            text: Text | None = getattr(item, key)
            if text is not None:
                _placeholders(case, item, text, n, key)
        _gaps(case, item, n)
    for lang in ("zh", "en"):
        prose = case.question.prose(lang)
        for key in ("title", "prompt", "answer"):
            if holes := placeholders(getattr(prose, key)):
                case.say("placeholders", f"<<{holes[0]}>> can only stand in an item", lang, key)
    for lang, shown, where in case.texts():
        words = _MATHS.sub(" ", shown)
        if lang == "en" and (found := _CHINESE.search(words)):
            case.say("language", f"the English text holds '{found[0]}'", *where)
        if lang == "en" and (british := _BRITISH.search(words)):
            case.say("spelling", f"'{british[0]}' is not the American spelling", *where)
        if lang == "zh" and where[-1] in ("prompt", "answer") and not _CHINESE.search(words):
            case.say("language", "the Chinese text holds no Chinese", *where)
    for line in case.lines.escaped:
        message = "a backslash in double quotes is an escape (\\f of \\frac a form feed): use single quotes"
        case.problems.append(Problem(str(case.path), line, "escaped-string", message))


def _placeholders(case: Case, item: Item, text: Text, n: int, key: str) -> None:
    zh, en = Counter(placeholders(text.zh)), Counter(placeholders(text.en))
    where = ("item", n, "zh", key)
    if set(zh) != set(en):
        only = sorted(set(zh) ^ set(en))
        names = ", ".join(f"<<{name}>>" for name in only)
        case.say("placeholders", f"{item.id}: {names} must stand in both languages", *where)
    if item.kind not in NUMERIC and (zh or en):
        case.say("placeholders", f"{item.id}: an item of kind {item.kind} has no numbers to fill in", *where)
    if key != "worked" and any(name.startswith("=") for name in [*zh, *en]):
        case.say("rounded-in-stem", f"{item.id}: <<=…>> gives a result away; it belongs into worked", *where)


def _gaps(case: Case, item: Item, n: int) -> None:
    for lang in ("zh", "en"):
        named = _GAP.findall(item.stem[lang])
        if item.kind != "cloze":
            continue
        if sorted(named) != sorted(item.gaps):
            shown, there = ", ".join(named) or "none", ", ".join(item.gaps)
            case.say("gaps", f"{item.id}: the stem has the gaps {shown}, gap.* has {there}", "item", n, lang, "stem")
