"""Ids, topics, sources and links between questions."""

from __future__ import annotations

from qbank.content.lint.case import Case
from qbank.solving import THEMES


def check(case: Case) -> None:
    """id-stem, my-prefix, topic, folder, source, follow-up, was."""
    q = case.question
    if q.id != case.path.stem:
        case.say("id-stem", f"the id '{q.id}' must be the file's name, '{case.path.stem}'", "id")
    if case.bundled and q.id.startswith("my-"):
        case.say("my-prefix", f"the id '{q.id}' must not begin with 'my-': that is for a reader's own questions", "id")
    if not case.bundled and not q.id.startswith("my-"):
        case.say("my-prefix", f"the id '{q.id}' must begin with 'my-': the bank's own ids never do", "id")
    if case.bundled:
        _bundled(case)
    for n, other in enumerate(q.follow_up):
        if other == q.id:
            case.say("follow-up", "follow_up names the question itself", "follow_up", n)
        elif other not in case.bank:
            case.say("follow-up", f"follow_up names '{other}', which is no question", "follow_up", n)
    for n, old in enumerate(q.was):
        if old in case.bank:
            case.say("was", f"was names '{old}', which is still a question: ids are never reused", "was", n)
        elif any(old in other.was for other in case.bank.values() if other.id != q.id):
            case.say("was", f"was names '{old}', which another question was, too", "was", n)


def _bundled(case: Case) -> None:
    q = case.question
    for n, topic in enumerate(q.topics):
        if topic not in THEMES:
            case.say("topic", f"'{topic}' is no topic; known: {', '.join(THEMES)}", "topics", n)
    if case.path.parent.name not in q.topics:
        case.say("folder", f"the folder '{case.path.parent.name}' must be one of the topics", "topics")
    if not q.sources and q.stars_from != "editorial":
        case.say("source", "a question whose stars come from a document must name a source", "stars_from")
    for n, source in enumerate(q.sources):
        if case.documents and source.doc not in case.documents:
            known = ", ".join(sorted(case.documents))
            case.say("source", f"'{source.doc}' is no source document; known: {known}", "source", n, "doc")
