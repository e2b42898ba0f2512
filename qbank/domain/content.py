"""A question file as objects: prose, points, demonstrations, items, errata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from qbank.domain.words import FACET_OF_KIND, FACETS, Text


@dataclass(frozen=True, slots=True)
class Source:
    """Where a source document treats the question."""

    doc: str
    heading: str
    number: str | None = None
    book: str | None = None


@dataclass(frozen=True, slots=True)
class Prose:
    """A question's text in one language (Markdown with $maths$)."""

    title: str
    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class Point:
    """What a full spoken answer must touch."""

    id: str
    text: Text
    essential: bool = False


@dataclass(frozen=True, slots=True)
class Demo:
    """A solver with the numbers that one keypress runs."""

    id: str
    solver: str
    set: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal of the prose: ``demo`` with ``value`` or ``input`` computes it, or ``given`` says why nothing does."""

    shown: str
    demo: str | None = None
    value: str | None = None
    input: str | None = None
    given: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A catalogue fact and what shows it: one of claim, output, step of a solver, or ``none`` (why nothing can)."""

    id: str
    solver: str | None = None
    claim: str | None = None
    output: str | None = None
    step: str | None = None
    none: str | None = None


@dataclass(frozen=True, slots=True)
class Misconception:
    """A misconception of one question that no solver owns."""

    id: str
    text: Text


@dataclass(frozen=True, slots=True)
class Erratum:
    """A place where a source is wrong. ``proof``: {solver, mistake, margin[, set]} or {solver, claim[, set]}."""

    id: str
    origin: Literal["author", "copy", "book"]
    printed: str
    right: str
    why: Text
    reference: str
    proof: Mapping[str, Any] | None = None
    unproven: str | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a choice item. ``mistake`` as written: bare id of this question's, or ``solver:id``."""

    id: str
    text: Text
    key: bool = False
    mistake: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an order item, or a right-hand entry of a match item."""

    id: str
    text: Text


@dataclass(frozen=True, slots=True)
class Left:
    """A left-hand entry of a match item; ``to`` names its right-hand partner."""

    id: str
    text: Text
    to: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong formula of a formula item and the misconception it shows."""

    mistake: str
    expr: str


@dataclass(frozen=True, slots=True)
class Item:
    """An auto-graded task of a question. Which of the optional fields are set depends on ``kind``."""

    id: str
    kind: str
    stem: Text
    hint: Text | None = None
    worked: Text | None = None
    seeds: tuple[int, ...] = (0,)
    solver: str | None = None
    ask: str | None = None
    rtol: float = 1e-2
    atol: float = 1e-6
    options: tuple[Option, ...] = ()
    parts: tuple[Part, ...] = ()
    left: tuple[Left, ...] = ()
    right: tuple[Part, ...] = ()
    gaps: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    key: str | None = None
    symbols: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    wrong: tuple[Wrong, ...] = ()
    keys: Mapping[str, Any] = field(default_factory=dict)

    @property
    def facet(self) -> str:
        return FACET_OF_KIND[self.kind]


@dataclass(frozen=True, slots=True)
class Question:
    """One question file, read and validated."""

    id: str
    rev: int
    stars: int
    stars_from: str
    topics: tuple[str, ...]
    sources: tuple[Source, ...]
    zh: Prose
    en: Prose
    points: tuple[Point, ...]
    follow_up: tuple[str, ...] = ()
    was: tuple[str, ...] = ()
    demos: tuple[Demo, ...] = ()
    numbers: tuple[Number, ...] = ()
    facts: tuple[Fact, ...] = ()
    items: tuple[Item, ...] = ()
    mistakes: tuple[Misconception, ...] = ()
    errata: tuple[Erratum, ...] = ()
    origin: Literal["bundled", "user"] = "bundled"

    def prose(self, lang: str) -> Prose:
        return self.zh if lang == "zh" else self.en

    @property
    def facets(self) -> tuple[str, ...]:
        """The facets that have a card: recall always, the others where they have items."""
        have = {item.facet for item in self.items}
        return tuple(f for f in FACETS if f == "recall" or f in have)

    @property
    def solvers(self) -> tuple[str, ...]:
        """Every solver the question links to, in order of first mention."""
        named = [d.solver for d in self.demos]
        named += [i.solver for i in self.items if i.solver]
        named += [f.solver for f in self.facts if f.solver]
        named += [str(e.proof["solver"]) for e in self.errata if e.proof]
        return tuple(dict.fromkeys(named))

    def item(self, item_id: str) -> Item | None:
        return next((i for i in self.items if i.id == item_id), None)
