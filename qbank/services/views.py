"""Domain objects as the JSON documents of the headless surface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qbank.domain import CardState, Dealt, Erratum, Question, Verdict
from qbank.grading.cloze import gaps
from qbank.services.tasks import Answered, Next, moment


def summary(question: Question) -> dict[str, Any]:
    """One row of ``list``; ``title`` in both languages until the language is known."""
    return {
        "id": question.id,
        "stars": question.stars,
        "stars_from": question.stars_from,
        "topics": list(question.topics),
        "title": {"zh": question.zh.title, "en": question.en.title},
        "sources": [{"doc": s.doc, "number": s.number, "heading": s.heading} for s in question.sources],
        "solvers": list(question.solvers),
        "facets": list(question.facets),
        "items": [item.id for item in question.items],
        "errata": [erratum.id for erratum in question.errata],
        "origin": question.origin,
        "rev": question.rev,
        "was": list(question.was),
        "cards": {facet: [i.id for i in question.items if i.facet == facet] for facet in question.facets},
    }


def question_json(question: Question) -> dict[str, Any]:
    """The document of ``show``."""
    return {
        "id": question.id,
        "rev": question.rev,
        "stars": question.stars,
        "stars_from": question.stars_from,
        "topics": list(question.topics),
        "sources": [{"doc": s.doc, "number": s.number, "heading": s.heading, "book": s.book} for s in question.sources],
        "zh": _prose(question, "zh"),
        "en": _prose(question, "en"),
        "points": [{"id": p.id, **p.text.json(), "essential": p.essential} for p in question.points],
        "demos": [{"id": d.id, "solver": d.solver, "set": dict(d.set)} for d in question.demos],
        "numbers": [_given(n, ("shown", "demo", "value", "input", "given")) for n in question.numbers],
        "facts": [_given(f, ("id", "solver", "claim", "output", "step", "none")) for f in question.facts],
        "items": [
            {"id": i.id, "kind": i.kind, "facet": i.facet, "solver": i.solver, "ask": i.ask, "seeds": list(i.seeds)}
            for i in question.items
        ],
        "errata": [erratum_json(e) for e in question.errata],
        "follow_up": list(question.follow_up),
        "origin": question.origin,
    }


def _prose(question: Question, lang: str) -> dict[str, str]:
    prose = question.prose(lang)
    return {"title": prose.title, "prompt": prose.prompt, "answer": prose.answer}


def _given(record: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names if getattr(record, name) is not None}


def erratum_json(erratum: Erratum) -> dict[str, Any]:
    """An erratum as written; ``errata`` adds the proof's outcome."""
    proof: Mapping[str, Any] | None = erratum.proof
    return {
        "id": erratum.id,
        "origin": erratum.origin,
        "printed": erratum.printed,
        "right": erratum.right,
        "why": erratum.why.json(),
        "reference": erratum.reference,
        "proof": dict(proof) if proof else None,
        "unproven": erratum.unproven,
    }


def tolerance(dealt: Dealt) -> dict[str, float] | None:
    """The tolerances that the prompt shows, where the kind has any."""
    return {"rtol": dealt.rtol, "atol": dealt.atol} if dealt.kind in ("number", "vector", "matrix") else None


def dealt_json(dealt: Dealt, lang: str) -> dict[str, Any]:
    """What a learner may see of a deal: never the key, never which option is wrong in which way."""
    view: dict[str, Any] = {
        "question": dealt.question,
        "item": dealt.item,
        "kind": dealt.kind,
        "seed": dealt.seed,
        "stem": dealt.stem[lang],
    }
    if dealt.options:
        view["options"] = [{"id": option.id, "text": option.text[lang]} for option in dealt.options]
    if dealt.left:
        view["left"] = [{"id": left.id, "text": left.text[lang]} for left in dealt.left]
    if dealt.kind == "cloze":
        view["gaps"] = list(gaps(dealt))
    if dealt.points:
        view["points"] = [{"id": point.id, "text": point.text[lang]} for point in dealt.points]
    if dealt.symbols:
        view["symbols"] = {name: list(span) for name, span in dealt.symbols.items()}
    if tolerance(dealt):
        view["tolerance"] = tolerance(dealt)
    return view


def verdict_json(verdict: Verdict, lang: str) -> dict[str, Any]:
    """The document of ``grade``."""
    return {
        "valid": verdict.valid,
        "correct": verdict.correct,
        "credit": verdict.credit,
        "mistake": verdict.mistake,
        "understood": verdict.understood,
        "feedback": verdict.feedback[lang],
        "key": verdict.key,
        "worked": verdict.worked[lang],
        "at": verdict.at,
    }


def next_json(task: Next, lang: str) -> dict[str, Any]:
    """The document of ``next``."""
    return {
        **dealt_json(task.dealt, lang),
        "deal": task.deal,
        "card": task.card,
        "facet": task.facet,
        "due": task.due,
        "reason": task.reason,
        "changed": task.changed,
    }


def answered_json(answered: Answered, lang: str) -> dict[str, Any]:
    """The document of ``answer``; ``intervals`` in seconds."""
    return {
        "event": answered.event,
        "deal": answered.deal,
        "card": answered.card,
        "kind": answered.kind,
        "rating": answered.rating,
        "verdict": verdict_json(answered.verdict, lang),
        "due": answered.due,
        "stability": answered.stability,
        "difficulty": answered.difficulty,
        "intervals": dict(answered.intervals),
        "leech": answered.leech,
    }


def state_json(state: CardState) -> dict[str, Any]:
    """The document of ``card``; ``due`` is None for a new card."""
    return {
        "card": state.card,
        "state": state.state,
        "due": moment(state.due_ms),
        "stability": state.stability,
        "difficulty": state.difficulty,
        "reps": state.reps,
        "lapses": state.lapses,
        "suspended": state.suspended,
        "buried": state.buried_day is not None,
        "leech": state.leech,
    }
