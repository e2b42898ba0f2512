"""The bank of questions: files are the truth, the database a copy that is refreshed when a folder changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from qbank.content.files import digest, stamp
from qbank.domain import BadValue, Dealt, Item, Question, Verdict, card_key
from qbank.services.shelf import CardInfo, place_in
from qbank.services.views import summary
from qbank.storage import Store, content

FORMAT = "2"
"""Raise when what is stored about a question changes its form."""


@dataclass(frozen=True, slots=True)
class Root:
    """A folder of questions: the bundled one, or the user's own."""

    folder: Path
    origin: Literal["bundled", "user"]


class Bank:
    """Questions, their cards and deals, over the content version that the roots hold now."""

    def __init__(self, store: Store, roots: Sequence[Root]) -> None:
        self.store, self.roots = store, tuple(roots)
        self.problems: tuple[str, ...] = ()
        """Files that could not be read, one line each (the user's own: a fault there hides nothing else)."""
        self._questions: dict[str, Question] = {}
        self._part: tuple[tuple[str, str], Question] | None = None

    @cached_property
    def version(self) -> str:
        """The content version; asking for it brings the database up to date with the folders."""
        stamps = {"format": FORMAT, **{str(root.folder): root.origin + stamp(root.folder) for root in self.roots}}
        return content.find(self.store, stamps) or self._read(stamps)

    def _read(self, stamps: Mapping[str, str]) -> str:
        version, rows = self._load()
        with self.store.write() as tx:
            if not content.has(tx, version):
                content.put(tx, version, rows)
            if not self.problems:  # a folder with faults is read, and complained about, each time
                content.remember(tx, stamps, version)
        return version

    def _load(self) -> tuple[str, list[content.ContentRow]]:
        """The content version that the folders hold, and its rows."""
        from qbank.content.read import load_folder

        sha = hashlib.sha256(FORMAT.encode())
        for root in self.roots:
            sha.update(f"{root.origin} {digest(root.folder)}\n".encode())
        version = sha.hexdigest()
        rows, problems = [], []
        for root in self.roots:
            loaded = load_folder(root.folder, root.origin)
            problems += [str(problem) for problem in loaded.problems]
            rows += [_row(question, loaded.raws[question.id]) for question in loaded.questions]
        self.problems = tuple(problems)
        return version, rows

    def drift(self, *, mend: bool = False) -> list[str]:
        """Questions whose copy in the database is not what their files say; ``mend`` copies them again.

        A version that is not in the database yet has not drifted: it is read at the next use.
        """
        version, rows = self._load()
        with self.store.read() as tx:
            if not content.has(tx, version):
                return []
            there, listed = content.payloads(tx, version), {row.id: row.summary for row in content.rows(tx, version)}
        plain = {row.id: tuple(json.loads(json.dumps(part)) for part in (row.payload, row.summary)) for row in rows}
        found = sorted(id_ for id_ in {*plain, *there} if plain.get(id_) != (there.get(id_), listed.get(id_)))
        if mend:
            with self.store.write() as tx:
                content.put(tx, version, rows)
        return found

    @cached_property
    def _summaries(self) -> dict[str, dict[str, Any]]:
        version = self.version
        with self.store.read() as tx:
            return {row.id: row.summary for row in content.rows(tx, version)}

    def summaries(
        self, stars: int | None = None, topic: str | None = None, source: str | None = None, search: str | None = None
    ) -> list[dict[str, Any]]:
        """The rows of ``list``: by id, or best match first where ``search`` is given."""
        if topic is not None:
            from qbank.solving import THEMES

            if topic not in THEMES:
                raise BadValue("--topic", "be one of " + ", ".join(THEMES), topic)
        ids = list(self._summaries)
        if search is not None:
            with self.store.read() as tx:
                ids = content.search(tx, self.version, search)
        return [
            dict(row)
            for row in (self._summaries[id_] for id_ in ids)
            if (stars is None or row["stars"] == stars)
            and (topic is None or topic in row["topics"])
            and (source is None or source in {entry["doc"] for entry in row["sources"]})
        ]

    def question(self, id: str) -> Question:
        """One question; an id from before a rename works too. BadValue for an unknown one, naming the nearest."""
        present = self.was().get(id, id)
        if present not in self._questions:
            from qbank.content.parse import raw_question

            self._questions[present] = raw_question(self._payload(present, id), self._summaries[present]["origin"])
        return self._questions[present]

    def _payload(self, present: str, id: str) -> dict[str, Any]:
        with self.store.read() as tx:
            raw = content.payload(tx, self.version, present)
        if raw is None:
            from difflib import get_close_matches

            near = get_close_matches(id, self._summaries, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise BadValue("ID", f"be a question that 'qbank list' lists{hint}", id)
        return raw

    def _with(self, id: str, item: str) -> Question:
        """A question that has at least this item, if there is such a one: the rest is not read for a deal."""
        present = self.was().get(id, id)
        if present in self._questions or item == "recall":
            return self.question(id)
        if self._part is None or self._part[0] != (present, item):
            from qbank.content.parse import raw_item

            part = raw_item(self._payload(present, id), item, self._summaries[present]["origin"])
            self._part = (present, item), part or self.question(id)
        return self._part[1]

    def item(self, question: str, item: str) -> Item | None:
        """An item of a question; None where it has no such one."""
        return self._with(question, item).item(item)

    def cards(self) -> Sequence[CardInfo]:
        """Every card there is: a question's facets. The same object each time."""
        return self._cards

    @cached_property
    def _cards(self) -> list[CardInfo]:
        return [
            CardInfo(
                card_key(id_, facet),
                id_,
                facet,
                row["stars"],
                row["rev"],
                tuple(row["cards"][facet]),
                topic=next(iter(row["topics"]), ""),
                place=next((place_in(entry["doc"], entry["number"]) for entry in row["sources"]), ()),
            )
            for id_, row in self._summaries.items()
            for facet in row["facets"]
        ]

    @cached_property
    def _was(self) -> dict[str, str]:
        return {old: id_ for id_, row in self._summaries.items() for old in row["was"]}

    def was(self) -> Mapping[str, str]:
        """Former question ids -> present ones."""
        return self._was

    def deal(self, question: str, item: str, seed: int | None = None) -> Dealt:
        """Freeze an item with one seed's numbers."""
        from qbank.dealing import deal

        return deal(self._with(question, item), item, seed)

    def grade(self, dealt: Dealt, answer: str) -> Verdict:
        from qbank.grading import grade

        return grade(dealt, answer)


def _row(question: Question, raw: Mapping[str, Any]) -> content.ContentRow:
    texts = {}
    for lang in ("zh", "en"):
        prose = question.prose(lang)
        points = [point.text[lang] for point in question.points]
        stems = [item.stem[lang] for item in question.items]
        texts[lang] = "\n".join([prose.prompt, prose.answer, *points, *stems])
    texts["where"] = " ".join(
        [*question.topics, *question.solvers, *(s.heading for s in question.sources), *(e.id for e in question.errata)]
    )
    return content.ContentRow(
        id=question.id,
        origin=question.origin,
        stars=question.stars,
        topics=question.topics,
        docs=tuple(dict.fromkeys(source.doc for source in question.sources)),
        summary=summary(question),
        payload=raw,
        texts=texts,
        titles={"zh": question.zh.title, "en": question.en.title},
    )
