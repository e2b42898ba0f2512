"""How items and points are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from qbank.content.lint.case import Case, Where
from qbank.domain import Item, Text
from qbank.grading import cloze
from qbank.mathtext import markdown

FEWEST_POINTS, MOST_POINTS = 3, 6
FEWEST_OPTIONS, MOST_OPTIONS = 3, 5
MOST_CHOICES = 6
FEWEST_PARTS, MOST_PARTS = 3, 7
WORKED_LINES = 6

_ALL = re.compile(
    r"\b(?:all|none|both|neither) of (?:the )?(?:above|these|them|the others|the options)\b|\bnone apply\b|"
    r"(?:以上|上述|上面|前面|这些)(?:全|都|皆|均|所有|各项)|以上.{0,4}(?:都|均|皆)|(?:全|都)(?:部)?(?:正确|不对|不正确)$",
    re.IGNORECASE,
)
_TABLE = re.compile(r"^[ ]*\|?[ ]*:?-{2,}:?[ ]*(?:\|[ ]*(?::?-{2,}:?[ ]*)?)+$", re.MULTILINE)
_NAMES = {"zh": "Chinese", "en": "English"}


def check(case: Case) -> None:
    """points, essential, option-count, choices-keys, part-count, same-parts, gap-text, all-of-the-above, parallel,
    distractor-mistake, key-mistake, same-options, worked-length, worked-missing, same-stem, table."""
    q = case.question
    if not FEWEST_POINTS <= len(q.points) <= MOST_POINTS:
        case.say("points", f"a question has {FEWEST_POINTS} to {MOST_POINTS} points; got {len(q.points)}", "point", 0)
    if not any(point.essential for point in q.points):
        case.say("essential", "at least one point must be essential", "point", 0)
    for n, item in enumerate(q.items):
        if item.kind in ("choice", "choices"):
            _options(case, item, n)
        for key, parts in (("part", item.parts), ("left", item.left), ("right", item.right)):
            if parts:
                _parts(case, item, n, key, [part.text for part in parts])
        for gap, words in item.gaps.items():
            _gap(case, item, n, gap, words)
        if item.worked is None and item.kind in ("match", "order", "cloze", "choices"):
            message = f"{item.id}: an item of kind {item.kind} needs zh.worked and en.worked: no solver explains it"
            case.say("worked-missing", message, "item", n, "kind")
        if item.worked is not None:
            for lang in ("zh", "en"):
                lines = len(item.worked[lang].splitlines())
                if lines > WORKED_LINES:
                    message = f"{item.id}: worked has at most {WORKED_LINES} lines; got {lines}"
                    case.say("worked-length", message, "item", n, lang, "worked")
    for _, text, where in case.texts():
        if _TABLE.search(text):
            case.say("table", "a table is not laid out in the terminal: write a list", *where)
    _stems(case)


def _options(case: Case, item: Item, n: int) -> None:
    where = ("item", n, "option")
    most = MOST_CHOICES if item.kind == "choices" else MOST_OPTIONS
    if not FEWEST_OPTIONS <= len(item.options) <= most:
        message = f"{item.id}: {FEWEST_OPTIONS} to {most} options; got {len(item.options)}"
        case.say("option-count", message, *where)
    keys = sum(option.key for option in item.options)
    if item.kind == "choices" and not 2 <= keys < len(item.options):
        message = f"{item.id}: at least two keys and one option that is none; got {keys} of {len(item.options)}"
        case.say("choices-keys", message, *where)
    for m, option in enumerate(item.options):
        if option.key and option.mistake is not None:
            case.say("key-mistake", f"{item.id}: the key '{option.id}' must name no mistake", *where, m)
        if not option.key and option.mistake is None:
            case.say("distractor-mistake", f"{item.id}: '{option.id}' must name the mistake it stands for", *where, m)
        for lang in ("zh", "en"):
            if _ALL.search(option.text[lang]):
                case.say("all-of-the-above", f"{item.id}: '{option.text[lang]}' speaks of the other options", *where, m)
    for lang in ("zh", "en"):
        _shown(case, item, n, lang)


def _parts(case: Case, item: Item, n: int, key: str, texts: list[Text]) -> None:
    """The parts of an order, one side of a match: neither few enough to guess nor alike."""
    most = MOST_PARTS + 1 if key == "right" else MOST_PARTS
    if not FEWEST_PARTS <= len(texts) <= most:
        case.say(
            "part-count", f"{item.id}: {FEWEST_PARTS} to {most} entries of {key}; got {len(texts)}", "item", n, key
        )
    for lang in ("zh", "en"):
        if len({_bare(text[lang]) or text[lang] for text in texts}) < len(texts):
            message = f"{item.id}: two entries of {key} say the same in {_NAMES[lang]}"
            case.say("same-parts", message, "item", n, key)


def _gap(case: Case, item: Item, n: int, gap: str, words: Mapping[str, tuple[str, ...]]) -> None:
    """What can be typed into a gap and told from the other gaps."""
    for lang, texts in words.items():
        for text in texts:
            if ";" in text or "；" in text or not cloze.fold(text):
                message = f"{item.id}: '{text}' cannot be typed into {gap}: no semicolon, and more than punctuation"
                case.say("gap-text", message, "item", n, "gap", gap, lang)
        if len({cloze.fold(text) for text in texts}) < len(texts):
            message = f"{item.id}: {gap} lists the same text twice (case, width, spacing and hyphens do not count)"
            case.say("gap-text", message, "item", n, "gap", gap, lang)


def _shown(case: Case, item: Item, n: int, lang: str) -> None:
    """What the options look like beside each other in one language."""
    where = ("item", n, "option")
    shown = [markdown(option.text[lang], 10_000) for option in item.options]
    if len({_bare(text) or text for text in shown}) < len(shown):
        case.say("same-options", f"{item.id}: two options say the same in {_NAMES[lang]}", *where)
    ends = {text[-1:] in ".。!！" for text in shown}
    starts = {text[0].isupper() for text in shown if lang == "en" and text[:2].isalpha() and text[:2].isascii()}
    if len(ends) > 1:
        case.say("parallel", f"{item.id}: some options end with a full stop, some do not, in {_NAMES[lang]}", *where)
    if len(starts) > 1:
        case.say("parallel", f"{item.id}: some options begin with a capital, some do not", *where)


def _bare(text: str) -> str:
    """Letters, digits and signs only, for comparing what two texts say."""
    return "".join(ch for ch in text.casefold() if unicodedata.category(ch)[0] in "LNS" or ch in "-<>")


def _stems(case: Case) -> None:
    """No two stems or prompts of the bank say the same. Only the later of the two ids is told."""
    q = case.question
    for lang in ("zh", "en"):
        others: dict[str, str] = {}
        for other in case.bank.values():
            if other.id < q.id:
                others.setdefault(_bare(other.prose(lang).prompt), other.id)
                for item in other.items:
                    others.setdefault(_bare(item.stem[lang]), f"{other.id} {item.id}")
        mine: list[tuple[str, str, Where]] = [(_bare(q.prose(lang).prompt), "the prompt", (lang, "prompt"))]
        mine += [(_bare(item.stem[lang]), item.id, ("item", n, lang, "stem")) for n, item in enumerate(q.items)]
        for bare, name, where in mine:
            if bare and bare in others:
                case.say("same-stem", f"{name} says the same as {others[bare]} in {_NAMES[lang]}", *where)
            others.setdefault(bare, name)
