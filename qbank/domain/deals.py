"""Numbers for an item, the frozen deal, and the verdict on an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from qbank.domain.content import Part, Point
from qbank.domain.words import FACET_OF_KIND, Text


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
    """choice: option id · choices: the keys' ids · order: ids in the right order · match: left id -> right id ·
    cloze: gap -> language -> accepted texts · number: float or int · shape, vector, matrix: nested list ·
    formula: the formula as typed text, like the traps' · recall: essential point ids."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    solver: str | None = None
    ask: str | None = None
    rtol: float = 0.0
    atol: float = 0.0
    options: tuple[ShownOption, ...] = ()
    """choice, choices: the options · order: the parts · match: the right-hand side; all as shown."""
    left: tuple[Part, ...] = ()
    """match: the left-hand side."""
    symbols: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """formula: the symbols with their domains."""
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
    """Rebuild a :class:`Dealt` from what ``json()`` gave, after a round trip through JSON text.

    What an earlier version did not write takes its default; what a later one added is left out.
    """
    known = {one.name for one in fields(Dealt)}
    values = {name: value for name, value in raw.items() if name in known}
    for name in ("stem", "hint", "worked"):
        values[name] = _text(values.get(name))
    values["options"] = tuple(
        ShownOption(**{**o, "text": _text(o["text"]), "says": _text(o["says"])}) for o in values.get("options", ())
    )
    values["left"] = tuple(Part(p["id"], Text(p["text"]["zh"], p["text"]["en"])) for p in values.get("left", ()))
    values["points"] = tuple(Point(**{**p, "text": _text(p["text"])}) for p in values.get("points", ()))
    values["traps"] = tuple(Trap(**{**t, "says": _text(t["says"])}) for t in values.get("traps", ()))
    values["symbols"] = {name: (low, high) for name, (low, high) in (raw.get("symbols") or {}).items()}
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
    at: int | None = None
    """Which character of an unreadable answer is at fault, counted from 0, where one is."""
