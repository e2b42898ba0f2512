"""Renamed questions: cards of a former id are cards of the present one."""

from __future__ import annotations

from collections.abc import Mapping


def present(question: str, was: Mapping[str, str]) -> str:
    """The present id of a question, through any number of renames; a circle ends where it was entered."""
    seen = {question}
    while (after := was.get(question)) is not None and after not in seen:
        question = after
        seen.add(question)
    return question


def present_card(card: str, was: Mapping[str, str]) -> str:
    """The present key of a card."""
    if not was:
        return card
    question, mark, facet = card.partition("#")
    return present(question, was) + mark + facet


def former(question: str, was: Mapping[str, str]) -> tuple[str, ...]:
    """Every id the question ever had, its present one first."""
    return (question, *sorted(old for old in was if old != question and present(old, was) == question))
