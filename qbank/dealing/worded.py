"""Items made of words alone: what varies with the seed is the order in which their entries are shown."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TypeVar

from qbank.domain import Dealt, Item, Option, Part, QbankError, Question, ShownOption, Text

KINDS = ("choice", "choices", "match", "order", "cloze")

_Entry = TypeVar("_Entry")


def deal(question: Question, item: Item, seed: int) -> Dealt:
    """Freeze an item of one of ``KINDS``.

    Parts of an order item are never shown in their right order. The left side of a match keeps the author's order.
    """
    plain = Dealt(
        question=question.id,
        item=item.id,
        kind=item.kind,
        seed=seed,
        rev=question.rev,
        stem=item.stem,
        key=None,
        hint=item.hint,
        worked=item.worked,
    )
    rng = random.Random(f"{question.id}#{item.id}#{seed}")
    if item.kind == "choice":
        options = _shuffled([_shown(question, option) for option in item.options], rng)
        return replace(plain, key=next(option.id for option in item.options if option.key), options=options)
    if item.kind == "choices":
        options = _shuffled([_shown(question, option) for option in item.options], rng)
        return replace(plain, key=[option.id for option in item.options if option.key], options=options)
    if item.kind == "match":
        right = _shuffled([_part(part) for part in item.right], rng)
        left = tuple(Part(left.id, left.text) for left in item.left)
        return replace(plain, key={left.id: left.to for left in item.left}, options=right, left=left)
    if item.kind == "order":
        parts = _shuffled([_part(part) for part in item.parts], rng)
        while len(parts) > 1 and [part.id for part in parts] == [part.id for part in item.parts]:
            parts = _shuffled(list(parts), rng)
        return replace(plain, key=[part.id for part in item.parts], options=parts)
    key = {name: {lang: list(words) for lang, words in gap.items()} for name, gap in item.gaps.items()}
    return replace(plain, key=key)


def _shuffled(entries: list[_Entry], rng: random.Random) -> tuple[_Entry, ...]:
    rng.shuffle(entries)
    return tuple(entries)


def _part(part: Part) -> ShownOption:
    return ShownOption(part.id, part.text)


def _shown(question: Question, option: Option) -> ShownOption:
    if option.mistake is None:
        return ShownOption(option.id, option.text)
    tag = option.mistake if ":" in option.mistake else f"{question.id}:{option.mistake}"
    return ShownOption(option.id, option.text, tag, mistake_text(question, option.mistake))


def mistake_text(question: Question, mistake: str) -> Text | None:
    """A mistake in words: ``solver:id``, or a bare id of the question's own. None for one that does not exist."""
    if ":" not in mistake:
        return next((own.text for own in question.mistakes if own.id == mistake), None)
    from qbank import solving

    slug, _, name = mistake.partition(":")
    try:
        return solving.describe(slug).mistakes.get(name)
    except QbankError:
        return None
