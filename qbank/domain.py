"""The nouns of qbank as frozen dataclasses. Standard library only; every other module speaks in these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")

FACETS = ("recall", "know", "compute", "derive", "code")
"""A question's cards, in the order in which new ones are introduced."""

FACET_OF_KIND = {
    "choice": "know", "choices": "know", "match": "know", "order": "know", "cloze": "know",
    "number": "compute", "vector": "compute", "matrix": "compute", "shape": "compute",
    "formula": "derive", "code": "code", "recall": "recall",
}  # fmt: skip
"""Item kind -> facet."""


class QbankError(Exception):
    """Something the person at the keyboard can mend: one clear line, exit code 2, nothing lost."""


class BadValue(QbankError):
    """``<argument> must <rule>; got <value>`` for what a command or a setting was given."""

    def __init__(self, argument: str, rule: str, value: object) -> None:
        shown = value if isinstance(value, str) else repr(value)
        shown = " ".join("".join(ch if ch.isprintable() else " " for ch in shown).split()) or "nothing"
        super().__init__(f"{argument} must {rule}; got {shown if len(shown) <= 80 else shown[:79] + '…'}")


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    zh: str
    en: str

    def __getitem__(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en

    def json(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}


# ---------------------------------------------------------------- content


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
    """A decimal of the prose and what it comes from: ``demo`` with ``value`` or ``input``, or ``given`` (why not computed)."""

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


# ---------------------------------------------------------------- what a solver tells


@dataclass(frozen=True, slots=True)
class NamedMistake:
    """A solver's mistake with the values it gives on one variant's numbers."""

    tag: str
    text: Text
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Variant:
    """One set of numbers as shown, with everything an item can ask about them (plain JSON values)."""

    solver: str
    inputs: Mapping[str, Any]
    values: Mapping[str, Any]
    """Outputs and steps by name; nested lists of floats or ints."""
    labels: Mapping[str, Text]
    """Step and output names -> labels, in the order in which they are computed."""
    mistakes: tuple[NamedMistake, ...]


# ---------------------------------------------------------------- deals and verdicts


@dataclass(frozen=True, slots=True)
class ShownOption:
    """An option as dealt, in shown order."""

    id: str
    text: Text
    mistake: str | None = None
    """The full tag (``<question>:<id>`` or ``<solver>:<id>``)."""
    says: Text | None = None
    """The misconception in words."""


@dataclass(frozen=True, slots=True)
class Trap:
    """A mistake's answer to this very deal."""

    tag: str
    says: Text
    value: Any


@dataclass(frozen=True, slots=True)
class Dealt:
    """What was shown and what grades it, frozen. ``json()`` and :func:`dealt_from_json` are inverse."""

    question: str
    item: str
    kind: str
    seed: int
    rev: int
    stem: Text
    key: Any
    """choice: option id · number: float or int · shape, vector, matrix: nested list · recall: essential point ids."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    solver: str | None = None
    ask: str | None = None
    rtol: float = 0.0
    atol: float = 0.0
    options: tuple[ShownOption, ...] = ()
    points: tuple[Point, ...] = ()
    traps: tuple[Trap, ...] = ()
    hint: Text | None = None
    worked: Text | None = None

    @property
    def facet(self) -> str:
        return FACET_OF_KIND[self.kind]

    def json(self) -> dict[str, Any]:
        from dataclasses import asdict

        return asdict(self)


def _text(raw: Mapping[str, str] | None) -> Text | None:
    return None if raw is None else Text(raw["zh"], raw["en"])


def dealt_from_json(raw: Mapping[str, Any]) -> Dealt:
    """Rebuild a :class:`Dealt` from what ``json()`` gave, after a round trip through JSON text."""
    values = dict(raw)
    for name in ("stem", "hint", "worked"):
        values[name] = _text(values[name])
    values["options"] = tuple(
        ShownOption(**{**o, "text": _text(o["text"]), "says": _text(o["says"])}) for o in values["options"]
    )
    values["points"] = tuple(Point(**{**p, "text": _text(p["text"])}) for p in values["points"])
    values["traps"] = tuple(Trap(**{**t, "says": _text(t["says"])}) for t in values["traps"])
    return Dealt(**values)


@dataclass(frozen=True, slots=True)
class Deal:
    """A dealt task in a learner's hands."""

    id: str
    learner: str
    card: str
    at_ms: int
    dealt: Dealt


@dataclass(frozen=True, slots=True)
class Verdict:
    """What grading says. ``valid`` is False for unreadable text: nothing is stored, the deal stays open."""

    valid: bool
    correct: bool
    credit: float
    mistake: str | None
    understood: str
    feedback: Text
    key: str
    """An answer text that grades right."""
    worked: Text


# ---------------------------------------------------------------- cards and events

Rating = Literal["again", "hard", "good", "easy"]
RATINGS: tuple[Rating, ...] = ("again", "hard", "good", "easy")

EVENT_KINDS = (
    "review", "practice", "undo", "suspend", "resume", "bury", "reset", "reschedule", "leech", "unleech",
    "setting", "weights", "challenge", "learner",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of the append-only log, the truth about a learner. Unknown kinds are kept and ignored."""

    uuid: str
    at_ms: int
    """UTC milliseconds since 1970."""
    zone_min: int
    """The learner's offset from UTC at that moment, in minutes."""
    learner: str
    kind: str
    data: Mapping[str, Any]

    @property
    def order(self) -> tuple[int, str]:
        """Replay order."""
        return (self.at_ms, self.uuid)


@dataclass(frozen=True, slots=True)
class CardState:
    """What replaying a card's events gives. ``due_ms`` None: new."""

    card: str
    state: Literal["new", "learning", "review", "relearning"] = "new"
    step: int | None = None
    stability: float | None = None
    difficulty: float | None = None
    due_ms: int | None = None
    last_ms: int | None = None
    """Time of the last standing review."""
    last_day: int | None = None
    """Its study day (days since 1970-01-01 in the learner's zone, turning at the rollover hour)."""
    last_event: tuple[int, str] | None = None
    """Order of the last event taken in: an event not later replays the card."""
    reps: int = 0
    lapses: int = 0
    suspended: bool = False
    buried_day: int | None = None
    leech: bool = False


def card_key(question: str, facet: str) -> str:
    return f"{question}#{facet}"
