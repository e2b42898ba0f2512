"""What a rule is handed: one read question, where its parts stand, and the bank around it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qbank import solving
from qbank.content.errors import one_line
from qbank.content.lines import Lines
from qbank.domain import QbankError, Question, Text, Variant

Where = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding. ``rule`` is a short name; ``line`` counts from 1."""

    file: str
    line: int
    rule: str
    message: str


@dataclass(slots=True)
class Case:
    """A question under the lint. ``bank`` holds every question there is, this one too."""

    path: Path
    question: Question
    lines: Lines
    bundled: bool
    bank: Mapping[str, Question]
    documents: frozenset[str] = frozenset()
    """The ids of the source documents; empty where they are not known."""
    problems: list[Problem] = field(default_factory=list)
    _computed: dict[str, Variant | QbankError] = field(default_factory=dict)

    def values(self, slug: str, given: Mapping[str, Any]) -> Variant:
        """What a solver makes of a demo's numbers, worked out once for all rules. Raises what the solver raises."""
        key = f"{slug} {given!r}"
        if key not in self._computed:
            try:
                self._computed[key] = solving.values(slug, given)
            except QbankError as error:
                self._computed[key] = error
        found = self._computed[key]
        if isinstance(found, QbankError):
            raise found
        return found

    def say(self, rule: str, message: str, *where: Hashable) -> None:
        """Note a problem at the line of ``where``."""
        self.problems.append(Problem(str(self.path), self.lines.at(*where), rule, one_line(message)))

    def texts(self) -> Iterator[tuple[str, str, Where]]:
        """Every text a reader sees, as (language, text, where); not the errata's quotations."""
        q = self.question
        for lang in ("zh", "en"):
            prose = q.prose(lang)
            for key in ("title", "prompt", "answer"):
                yield lang, str(getattr(prose, key)), (lang, key)
        for text, where in self._pairs():
            yield "zh", text.zh, (*where, "zh")
            yield "en", text.en, (*where, "en")
        for n, item in enumerate(q.items):
            for key in ("stem", "hint", "worked"):
                both: Text | None = getattr(item, key)
                if both is not None:
                    yield "zh", both.zh, ("item", n, "zh", key)
                    yield "en", both.en, ("item", n, "en", key)

    def _pairs(self) -> Iterator[tuple[Text, Where]]:
        q = self.question
        yield from ((point.text, ("point", n)) for n, point in enumerate(q.points))
        yield from ((mistake.text, ("mistake", n)) for n, mistake in enumerate(q.mistakes))
        yield from ((erratum.why, ("erratum", n, "why")) for n, erratum in enumerate(q.errata))
        for n, item in enumerate(q.items):
            yield from ((option.text, ("item", n, "option", m)) for m, option in enumerate(item.options))
            yield from ((part.text, ("item", n, "part", m)) for m, part in enumerate(item.parts))
            yield from ((left.text, ("item", n, "left", m)) for m, left in enumerate(item.left))
            yield from ((right.text, ("item", n, "right", m)) for m, right in enumerate(item.right))
