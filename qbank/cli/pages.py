"""Questions, deals and verdicts as plain pages for the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qbank.domain import Dealt, Erratum, Question, Verdict
from qbank.mathtext import markdown
from qbank.mathtext import width as cells
from qbank.services.views import erratum_json, tolerance


def heading(question: Question, lang: str) -> str:
    """Stars and where the question comes from: ``**  document 000, 16.2``."""
    parts = ["*" * question.stars]
    source = question.sources[0]
    number = source.number or source.heading
    parts.append(f"文档 {source.doc} {number}" if lang == "zh" else f"document {source.doc}, {number}")
    return "  ".join(parts)


def question_page(question: Question, lang: str, width: int) -> str:
    """The whole question: prompt, answer, points, demos, items, errata."""
    zh = lang == "zh"
    prose = question.prose(lang)
    blocks = [
        f"{prose.title}   [{question.id}]\n{heading(question, lang)}",
        markdown(prose.prompt, width),
        markdown(prose.answer, width),
        ("要点（* 为必答）" if zh else "Points (* essential)") + "\n" + _points(question, lang, width),
    ]
    if question.demos:
        runs = "\n".join(f"  {d.id}: qbank solve {d.solver}{_sets(d.set)}" for d in question.demos)
        blocks.append(("演示" if zh else "Demonstrations") + "\n" + runs)
    if question.items:
        items = "\n".join(f"  {i.id} ({i.kind}): qbank deal {question.id} {i.id}" for i in question.items)
        blocks.append(("练习" if zh else "Items") + "\n" + items)
    if question.errata:
        errata = "\n".join(_erratum(e, lang, width) for e in question.errata)
        blocks.append(("勘误" if zh else "Errata") + "\n" + errata)
    if question.follow_up:
        blocks.append(("追问" if zh else "Follow-up") + ": " + ", ".join(question.follow_up))
    return "\n\n".join(blocks)


def _points(question: Question, lang: str, width: int) -> str:
    lines = []
    for point in question.points:
        mark = "*" if point.essential else "-"
        lines.append(indent(markdown(point.text[lang], width - 4), f"  {mark} "))
    return "\n".join(lines)


def _sets(values: object) -> str:
    import json

    assert isinstance(values, dict)
    return "".join(f" --set '{name}={json.dumps(value)}'" for name, value in values.items())


def _erratum(erratum: Erratum, lang: str, width: int) -> str:
    return erratum_page(f"  {erratum.id} ({erratum.origin})", erratum_json(erratum), lang, width)


def erratum_page(first: str, row: Mapping[str, Any], lang: str, width: int) -> str:
    """What is printed, what is right, why, where that stands, and the proof's evidence if there is any."""
    words = ("原文", "应为", "理由", "出处", "证据") if lang == "zh" else ("printed", "right", "why", "source", "proof")
    texts = [row["printed"], row["right"], row["why"][lang], row["reference"], row.get("evidence")]
    room = max(map(cells, words)) + 6
    lines = [first]
    for word, text in zip(words, texts, strict=True):
        if text:
            if "\\" in text and "$" not in text:
                text = f"${text}$"  # a bare formula
            lines.append(indent(markdown(text, width - room), f"    {word}{' ' * (room - 4 - cells(word))}"))
    return "\n".join(lines)


def indent(text: str, first: str) -> str:
    """``text`` with ``first`` before its first line and blanks of the same width before the others."""
    rest = " " * cells(first)
    return "\n".join((first if n == 0 else rest) + line for n, line in enumerate(text.splitlines() or [""]))


def dealt_page(dealt: Dealt, lang: str, width: int) -> str:
    """The task as a learner sees it."""
    zh = lang == "zh"
    lines = [markdown(dealt.stem[lang], width)]
    if dealt.options:
        lines.append("")
        for number, option in enumerate(dealt.options, start=1):
            lines.append(indent(markdown(option.text[lang], width - 5), f"  {number}  "))
        lines.append("  0  不知道" if zh else "  0  I don't know")
    allowed = tolerance(dealt)
    if allowed:
        lines.append(_within(allowed["rtol"], allowed["atol"], zh))
    if dealt.kind == "shape":
        lines.append("（形状，如 1,64,28,28）" if zh else "(a shape such as 1,64,28,28)")
    return "\n".join(lines)


def _within(rtol: float, atol: float, zh: bool) -> str:
    if rtol:
        return f"（允许误差 {rtol * 100:g} %）" if zh else f"(within {rtol * 100:g} %)"
    if atol:
        return f"（允许误差 {atol:g}）" if zh else f"(within {atol:g})"
    return "（须精确）" if zh else "(exactly)"


def verdict_page(verdict: Verdict, dealt: Dealt, lang: str, width: int) -> str:
    """Right or wrong, the mistake by name, and after a wrong answer the worked solution."""
    zh = lang == "zh"
    if not verdict.valid:
        return markdown(verdict.feedback[lang], width)
    lines = [markdown(verdict.feedback[lang], width)]
    if not verdict.correct:
        key = next((option.text[lang] for option in dealt.options if option.id == verdict.key), verdict.key)
        if dealt.kind != "recall":
            lines.append(markdown(("答案: " if zh else "answer: ") + key, width))
        worked = markdown(verdict.worked[lang], width - 2)
        lines += [f"  {line}" for line in worked.splitlines()]
    return "\n".join(lines)


def interval(seconds: float, lang: str) -> str:
    """How long until a card comes back: ``10 min``, ``3 d``, ``2.5 mo``, ``1.2 y``, or the Chinese of it."""
    zh = lang == "zh"
    days = seconds / 86_400
    if days < 1 / 24:
        return f"{max(1, round(seconds / 60))} {'分钟' if zh else 'min'}"
    if days < 1:
        return f"{round(seconds / 3600)} {'小时' if zh else 'h'}"
    if days < 60:
        return f"{round(days)} {'天' if zh else 'd'}"
    if days < 365:
        return f"{days / 30.4:.1f} {'个月' if zh else 'mo'}"
    return f"{days / 365.25:.1f} {'年' if zh else 'y'}"
