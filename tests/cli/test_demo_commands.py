"""The commands that ``show`` prints for a question's demonstrations can be pasted into a shell."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from qbank.cli.pages import question_page
from qbank.content.read import load_folder
from qbank.domain import Question
from qbank.mathtext import width as cells

QUESTIONS = load_folder(Path(__file__).parents[2] / "data" / "questions").questions


def commands(page: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Demo -> solver and numbers, as a shell would read them."""
    told = page.split("Demonstrations\n")[1].split("\n\n")[0].replace("\\\n", " ")
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    name = ""
    words = shlex.split(told)
    for place, word in enumerate(words):
        if word == "qbank":
            name = words[place - 1].rstrip(":")
            found[name] = words[place + 2], {}
        elif word == "--set":
            key, _, value = words[place + 1].partition("=")
            found[name][1][key] = json.loads(value)
    return found


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.demos], ids=lambda q: q.id)
def test_a_demo_can_be_pasted(question: Question) -> None:
    for width in (60, 80):
        page = question_page(question, "en", width)
        assert commands(page) == {d.id: (d.solver, dict(d.set)) for d in question.demos}
        told = page.split("Demonstrations\n")[1].split("\n\n")[0]
        assert [line for line in told.splitlines() if cells(line) > width] == []
