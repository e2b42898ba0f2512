"""Questions, deals and verdicts as plain pages for the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qbank.domain import Dealt, Erratum, Part, Question, ShownOption, Verdict
from qbank.mathtext import markdown, wrap
from qbank.mathtext import width as cells
from qbank.services.views import erratum_json
from qbank.services.wording import key_lines, read_as, stem, within


def heading(question: Question, lang: str) -> str:
    """Stars and where the question comes from: ``**  document 000, 16.2``."""
    parts = ["*" * question.stars]
    for source in question.sources[:1]:  # a reader's own may have none
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
        runs = "\n".join(_run(f"  {d.id}: ", f"qbank solve {d.solver}", d.set, width) for d in question.demos)
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


def _run(name: str, command: str, values: Mapping[str, Any], width: int) -> str:
    """A command that can be pasted into a shell. One wider than the page goes on below: after a backslash, or within
    a long list, where JSON does not mind."""
    import json
    import shlex

    sets = [f"--set {shlex.quote(f'{key}={json.dumps(value)}')}" for key, value in values.items()]
    if cells(line := " ".join([name + command, *sets])) <= width:
        return line
    lines = [f"{name.rstrip()}", f"    {command}"]
    for one in sets:
        if cells(lines[-1]) + cells(one) + 3 <= width:
            lines[-1] += f" {one}"
            continue
        lines[-1] += " \\"
        first, *rest = one.split(", ")
        lines.append(f"      {first}")
        for entry in rest:
            fits = cells(lines[-1]) + cells(entry) + 5 <= width
            lines[-1] += ", " if fits else ","
            lines += [] if fits else ["      "]
            lines[-1] += entry
    return "\n".join(lines)


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
    lines = [markdown(stem(dealt, lang), width)]
    if dealt.left:
        lines += ["", "左边" if zh else "left", *_numbered(dealt.left, lang, width), "右边" if zh else "right"]
    elif dealt.options:
        lines.append("")
    lines += _numbered(dealt.options, lang, width)
    if dealt.options or dealt.kind == "cloze":
        lines.append("  0  不知道" if zh else "  0  I don't know")
    allowed = within(dealt, lang)
    if allowed:
        lines.append(f"（{allowed}）" if zh else f"({allowed})")
    return "\n".join(lines)


def _numbered(entries: Sequence[ShownOption | Part], lang: str, width: int) -> list[str]:
    return [indent(markdown(one.text[lang], width - 5), f"  {place}  ") for place, one in enumerate(entries, start=1)]


def verdict_page(verdict: Verdict, dealt: Dealt, lang: str, width: int, answer: str = "") -> str:
    """Right or wrong, the mistake by name, and after a wrong answer the worked solution.

    With the ``answer`` as typed, one that cannot be read is shown with a caret below the character at fault.
    """
    zh = lang == "zh"
    if not verdict.valid:
        return "\n".join([*_caret(answer, verdict.at, width), *wrap(verdict.feedback[lang], width)])
    lines = [markdown(verdict.feedback[lang], width)]
    if read := read_as(dealt, verdict, lang):
        lines.insert(0, read)
    if not verdict.correct:
        if dealt.kind != "recall":
            word = "答案: " if zh else "answer: "
            key = "\n".join(markdown(line, width - cells(word)) for line in key_lines(dealt, verdict.key, lang))
            lines.append(indent(key, word))
        worked = markdown(verdict.worked[lang], width - 2)
        lines += [f"  {line}" for line in worked.splitlines()]
    return "\n".join(lines)


def _caret(answer: str, at: int | None, width: int) -> list[str]:
    """The answer and a caret below its ``at``-th character; nothing where there is no place or no room."""
    shown = "".join(ch if ch.isprintable() else " " for ch in answer[:width])
    if at is None or not shown.strip() or cells(shown[: at + 1]) > width - 3:
        return []
    return ["  " + shown, "  " + " " * cells(shown[:at]) + "^"]
