"""Languages, facets, and a text in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    zh: str
    en: str

    def __getitem__(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en

    def json(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}
