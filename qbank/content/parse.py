"""From a table as TOML or JSON gives it to a Question. Strict: unknown keys are faults, and every fault is found.

What needs no solver and no other question is held here; the rest is the lint's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from qbank.content import quick
from qbank.content.cursor import FREE_ID, ID, Cursor, Faults
from qbank.content.errors import ContentError
from qbank.content.items import item
from qbank.content.lines import Lines
from qbank.domain import Demo, Erratum, Fact, Misconception, Number, Point, Prose, Question, Source

SCHEMA = 1
STARS_FROM = ("document", "inherited", "editorial")
ORIGINS = ("author", "copy", "book")

Origin = Literal["bundled", "user"]


def question(raw: Mapping[str, Any], where: Lines | None = None, origin: Origin = "bundled") -> Question:
    """The question of a table. Raises ContentError, the first fault of the file; :func:`examine` gives all."""
    found, faults = examine(raw, where, origin)
    if faults:
        raise faults[0]
    return found


def examine(
    raw: Mapping[str, Any], where: Lines | None = None, origin: Origin = "bundled"
) -> tuple[Question, tuple[ContentError, ...]]:
    """The question and every fault of the table, by line. With faults, the question is good for nothing but lists."""
    faults = Faults(where)
    top = Cursor(raw, faults)
    top.exactly("schema", SCHEMA, "the format that this version reads")
    demos = tuple(map(_demo, top.tables("demo")))
    points = tuple(map(_point, top.tables("point", required=True)))
    items = tuple(map(item, top.tables("item")))
    mistakes = tuple(map(_misconception, top.tables("mistake")))
    errata = tuple(map(_erratum, top.tables("erratum")))
    found = Question(
        id=top.id(),
        rev=top.whole("rev", 1, 10_000),
        stars=top.whole("stars", 1, 3),
        stars_from=top.one_of("stars_from", STARS_FROM),
        topics=top.strings("topics", required=True),
        sources=tuple(map(_source, top.tables("source"))),
        zh=_prose(top, "zh"),
        en=_prose(top, "en"),
        points=points,
        follow_up=top.strings("follow_up"),
        was=top.strings("was"),
        demos=demos,
        numbers=tuple(map(_number, top.tables("number"))),
        facts=tuple(map(_fact, top.tables("fact"))),
        items=items,
        mistakes=mistakes,
        errata=errata,
        origin=origin,
    )
    for key, ids in (
        ("demo", [d.id for d in demos]),
        ("point", [p.id for p in points]),
        ("item", [i.id for i in items]),
        ("mistake", [m.id for m in mistakes]),
        ("erratum", [e.id for e in errata]),
    ):
        top.unique(key, ids)
    top.close()
    return found, faults.all()


def raw_question(raw: Mapping[str, Any], origin: Origin = "bundled") -> Question:
    """The question of a table that was stored as JSON. Raises ContentError without a place."""
    return question(raw, None, origin)


def raw_item(raw: Mapping[str, Any], item_id: str, origin: Origin = "bundled") -> Question | None:
    """A stored question as far as dealing one of its items needs it: that item and the mistakes, nothing to be read.

    None where there is no such item. Raises ContentError without a place.
    """
    top = Cursor(raw, Faults(None))
    found = [c for c in top.tables("item") if c.raw.get("id") == item_id]
    if len(found) != 1:
        return None
    nothing, mistakes = Prose("", "", ""), quick.misconceptions(raw.get("mistake", []))
    made = Question(
        id=top.id(), rev=top.whole("rev", 1, 10_000), stars=1, stars_from="", topics=(), sources=(), zh=nothing,
        en=nothing, points=(), items=(quick.choice(found[0].raw) or item(found[0]),), origin=origin,
        mistakes=tuple(map(_misconception, top.tables("mistake"))) if mistakes is None else mistakes,
    )  # fmt: skip
    for fault in top.faults.all():
        raise fault
    return made


def _prose(top: Cursor, lang: str) -> Prose:
    inner = Cursor(top.table(lang, required=True), top.faults, lang)
    if not top.has(lang):
        return Prose("", "", "")
    found = Prose(inner.text("title"), inner.text("prompt", lines=True), inner.text("answer", lines=True))
    inner.close()
    return found


def _source(c: Cursor) -> Source:
    found = Source(c.id("doc", FREE_ID), c.text("heading"), c.maybe("number"), c.maybe("book"))
    c.close()
    return found


def _point(c: Cursor) -> Point:
    found = Point(c.id(), c.here(), c.flag("essential"))
    c.close()
    return found


def _misconception(c: Cursor) -> Misconception:
    found = Misconception(c.id(), c.here())
    c.close()
    return found


def _demo(c: Cursor) -> Demo:
    given = c.table("set")
    c.plain(given, "set")
    found = Demo(c.id(), c.id("solver"), dict(given))
    c.close()
    return found


def _number(c: Cursor) -> Number:
    found = Number(c.text("shown"), c.maybe_id("demo"), c.maybe("value"), c.maybe("input"), c.maybe("given"))
    c.close()
    computed = found.demo is not None and (found.value is None) != (found.input is None) and found.given is None
    explained = found.given is not None and found.demo is found.value is found.input is None
    if not computed and not explained:
        c.fault("number", f"{c.name('shown')} '{found.shown}' must have demo with one of value and input, or given")
    return found


def _fact(c: Cursor) -> Fact:
    found = Fact(
        c.id("id", FREE_ID),
        c.maybe_id("solver"),
        c.maybe_id("claim"),
        c.maybe("output"),
        c.maybe("step"),
        c.maybe("none"),
    )
    c.close()
    shown_by = sum(one is not None for one in (found.claim, found.output, found.step))
    if found.none is not None:
        if shown_by or found.solver is not None:
            c.fault("fact", f"{c.name('none')} must stand alone: a fact that nothing shows names no solver")
    elif shown_by != 1 or found.solver is None:
        c.fault("fact", f"{c.name('id')} '{found.id}' must have solver with one of claim, output and step, or none")
    return found


def _erratum(c: Cursor) -> Erratum:
    proof = c.table("proof") if c.has("proof") else None
    if proof is not None:
        _proof(Cursor(proof, c.faults, *c.path, "proof"))
    found = Erratum(
        id=c.id("id", FREE_ID),
        origin=cast(Literal["author", "copy", "book"], c.one_of("origin", ORIGINS)),
        printed=c.text("printed", lines=True),
        right=c.text("right", lines=True),
        why=c.both(c.table("why", required=True), "why", lines=True),
        reference=c.text("reference"),
        proof=None if proof is None else dict(proof),
        unproven=c.maybe("unproven"),
    )
    c.close()
    if (found.proof is None) == (found.unproven is None):
        c.fault("erratum", f"{c.name('id')} '{found.id}' must have either proof or unproven (why there is no proof)")
    return found


def _proof(c: Cursor) -> None:
    c.id("solver")
    mistake, claim = c.maybe_id("mistake", ID), c.maybe_id("claim", ID)
    c.plain(c.table("set"), "set")
    if (mistake is None) == (claim is None):
        c.fault("proof", f"{c.name('solver')} must come with either mistake or claim")
    if mistake is not None and not c.has("margin"):
        c.fault("missing", f"{c.name('margin')} is missing: it must be a number")
    c.real("margin", 1e-12, 1e6, 1e-3)
    c.close()
