"""The nouns of qbank as frozen dataclasses. Standard library only; every other module speaks in these."""

from __future__ import annotations

from qbank.domain.content import (
    Demo,
    Erratum,
    Fact,
    Item,
    Left,
    Misconception,
    Number,
    Option,
    Part,
    Point,
    Prose,
    Question,
    Source,
    Wrong,
)
from qbank.domain.deals import (
    Deal,
    Dealt,
    NamedMistake,
    ShownOption,
    Trap,
    Variant,
    Verdict,
    dealt_from_json,
)
from qbank.domain.errors import (
    BadValue,
    QbankError,
)
from qbank.domain.study import (
    EVENT_KINDS,
    RATINGS,
    CardState,
    Event,
    Rating,
    card_key,
)
from qbank.domain.words import (
    FACET_OF_KIND,
    FACETS,
    LANGS,
    Lang,
    Text,
)

__all__ = [
    "EVENT_KINDS",
    "FACETS",
    "FACET_OF_KIND",
    "LANGS",
    "RATINGS",
    "BadValue",
    "CardState",
    "Deal",
    "Dealt",
    "Demo",
    "Erratum",
    "Event",
    "Fact",
    "Item",
    "Lang",
    "Left",
    "Misconception",
    "NamedMistake",
    "Number",
    "Option",
    "Part",
    "Point",
    "Prose",
    "QbankError",
    "Question",
    "Rating",
    "ShownOption",
    "Source",
    "Text",
    "Trap",
    "Variant",
    "Verdict",
    "Wrong",
    "card_key",
    "dealt_from_json",
]
