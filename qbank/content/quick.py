"""The plainest tables that a stored question holds, read without a cursor: what a deal of a choice needs.

Each function gives just what the strict reader gives, or None for whatever is not plainly without fault: that one then
reads it, and says what is wrong. A deal reads some thirty texts, which took it longer than the database does.
"""

from __future__ import annotations

from typing import Any

from qbank.content.cursor import ID, LONGEST_ID, LONGEST_TEXT
from qbank.domain import Item, Misconception, Option, Text

_ITEM = {"id", "kind", "zh", "en", "option"}
_STEM = {"stem"}
_OPTION = {"id", "zh", "en", "key", "mistake"}
_MISTAKE = {"id", "zh", "en"}


def choice(raw: Any) -> Item | None:
    """A choice item with a stem and options, nothing else."""
    if type(raw) is not dict or raw.keys() != _ITEM or raw["kind"] != "choice" or not _is_id(raw["id"]):
        return None
    zh, en, options = raw["zh"], raw["en"], raw["option"]
    if not (type(zh) is dict and type(en) is dict and zh.keys() == en.keys() == _STEM and type(options) is list):
        return None
    stem, found = _text(zh["stem"], en["stem"]), tuple(map(_option, options))
    if stem is None or raw["id"] == "recall" or not 2 <= len(found) <= 9:
        return None
    sound = tuple(option for option in found if option is not None)
    distinct = len({option.id for option in sound}) == len(found)
    keys = sum(option.key for option in sound)
    return Item(id=raw["id"], kind="choice", stem=stem, options=sound) if distinct and keys == 1 else None


def misconceptions(raw: Any) -> tuple[Misconception, ...] | None:
    """A question's own misconceptions; they may be absent."""
    if type(raw) is not list:
        return None
    found = []
    for one in raw:
        text = _text(one["zh"], one["en"]) if type(one) is dict and one.keys() == _MISTAKE else None
        if text is None or not _is_id(one["id"]):
            return None
        found.append(Misconception(one["id"], text))
    return tuple(found)


def _option(raw: Any) -> Option | None:
    if type(raw) is not dict or not raw.keys() <= _OPTION:
        return None
    text, key, mistake = _text(raw.get("zh"), raw.get("en")), raw.get("key", False), raw.get("mistake")
    if text is None or type(key) is not bool or ("mistake" in raw and not _is_text(mistake)):
        return None
    return Option(raw["id"], text, key, mistake) if _is_id(raw.get("id")) and not raw["id"].isdigit() else None


def _text(zh: Any, en: Any) -> Text | None:
    return Text(zh, en) if _is_text(zh) and _is_text(en) else None


def _is_text(value: Any) -> bool:
    return type(value) is str and value.isprintable() and 0 < len(value) <= LONGEST_TEXT and value == value.strip()


def _is_id(value: Any) -> bool:
    return type(value) is str and len(value) <= LONGEST_ID and ID.fullmatch(value) is not None
