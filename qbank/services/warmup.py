"""The warm-up of the first run: a few choice items, each with the demonstration that proves its answer."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qbank.domain import Demo, QbankError, Question, card_key

if TYPE_CHECKING:
    from qbank.services.study import Study
    from qbank.services.tasks import Next

KEYS = {"question", "item", "demo"}


@dataclass(frozen=True, slots=True)
class WarmUp:
    """One task of the warm-up."""

    question: str
    item: str
    card: str
    demo: Demo


def load(file: Path, question: Callable[[str], Question]) -> tuple[WarmUp, ...]:
    """The tasks that ``file`` lists, in its order. ``question`` finds a question of the bank.

    :raises QbankError: the file is missing, is no such list, or names what the bank does not hold.
    """
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise QbankError(f"{file}: the list of the warm-up must exist; got nothing") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise QbankError(f"{file}: the list of the warm-up must be readable TOML; got: {error}") from None
    tasks = raw.get("task")
    if raw.keys() != {"task"} or not isinstance(tasks, list):
        raise QbankError(f"{file}: the list of the warm-up must hold [[task]] entries alone; got {', '.join(raw)}")
    return tuple(_task(f"{file}: task {number}", entry, question) for number, entry in enumerate(tasks, start=1))


def _task(where: str, entry: Mapping[str, Any], question: Callable[[str], Question]) -> WarmUp:
    if entry.keys() != KEYS or not all(isinstance(value, str) for value in entry.values()):
        raise QbankError(f"{where} must name question, item and demo; got {', '.join(entry)}")
    found = question(entry["question"])
    item = found.item(entry["item"])
    if item is None or item.kind != "choice":
        raise QbankError(f"{where} must name a choice item of {found.id}; got {entry['item']}")
    demo = next((one for one in found.demos if one.id == entry["demo"]), None)
    if demo is None:
        raise QbankError(f"{where} must name a demo of {found.id}; got {entry['demo']}")
    return WarmUp(found.id, item.id, card_key(found.id, item.facet), demo)


def tasks(study: Study, warmups: tuple[WarmUp, ...]) -> Iterator[Next]:
    """Deal them one after the other, as practice: nothing is scheduled."""
    return (study.deal(one.card, item=one.item, practice=True) for one in warmups)
