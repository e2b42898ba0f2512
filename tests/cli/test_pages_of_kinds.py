"""Every kind of item as a plain page: what is asked, how it is written, what would have been right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qbank.cli.pages import dealt_page, verdict_page
from qbank.domain import Dealt, Part, ShownOption, Text
from qbank.grading import grade
from qbank.services.views import dealt_json

STEM = Text("题目", "stem")
TWO = (ShownOption("b", Text("乙", "bee")), ShownOption("a", Text("甲", "ay"), "q:m", Text("误", "a slip")))
DEALS = {
    "choices": Dealt("q", "i", "choices", 0, 1, STEM, ["b", "c"], options=(*TWO, ShownOption("c", Text("丙", "sea")))),
    "order": Dealt("q", "i", "order", 0, 1, STEM, ["a", "b"], options=TWO),
    "match": Dealt("q", "i", "match", 0, 1, STEM, {"l": "a"}, options=TWO, left=(Part("l", Text("左", "el")),)),
    "cloze": Dealt("q", "i", "cloze", 0, 1, Text("是 [[X]]", "is [[X]]"), {"X": {"zh": ["熵"], "en": ["entropy"]}}),
    "vector": Dealt("q", "i", "vector", 0, 1, STEM, [0.5, 1.0], rtol=1e-2),
    "matrix": Dealt("q", "i", "matrix", 0, 1, STEM, [[1, 2]]),
}
SAYS = {
    "choices": ("several may be right, such as 1,3", "answer: bee\n        sea"),
    "order": ("the numbers in order, such as 2,1,3", "answer: 1. ay\n        2. bee"),
    "match": ("left\n  1  el\nright\n  1  bee\n  2  ay", "answer: el — ay"),
    "cloze": ("is [   ]", "answer: entropy"),
    "vector": ("(a vector such as 0.5, 1/3, -2; within 1 %)", "answer: [0.5, 1]"),
    "matrix": ("rows by semicolon, such as 1 2; 3 4; exactly)", "answer: [[1, 2]]"),
}


@pytest.mark.parametrize("kind", DEALS)
def test_the_task_and_its_answer_as_pages(kind: str) -> None:
    dealt = DEALS[kind]
    asked, told = SAYS[kind]
    assert asked in dealt_page(dealt, "en", 80)
    wrong = grade(dealt, "0")
    assert wrong.valid
    assert told in verdict_page(wrong, dealt, "en", 80)
    assert "stem" not in dealt_page(dealt, "zh", 80)


def test_several_gaps_are_told_apart() -> None:
    key = {name: {"zh": [name], "en": [name]} for name in ("B", "A")}
    dealt = replace(DEALS["cloze"], stem=Text("[[B]] 与 [[A]]", "[[B]] and [[A]]"), key=key)
    page = dealt_page(dealt, "en", 80)
    assert "[ B ] and [ A ]" in page
    assert "(as B=…;A=…)" in page
    assert "answer: B = B\n        A = A" in verdict_page(grade(dealt, "0"), dealt, "en", 80)


@pytest.mark.parametrize("kind", DEALS)
def test_the_document_of_a_deal_never_tells_the_key(kind: str) -> None:
    view = dealt_json(DEALS[kind], "en")
    assert not {"key", "traps", "worked"} & set(view)
    assert "slip" not in str(view)
    if kind == "match":
        assert view["left"] == [{"id": "l", "text": "el"}]
        assert [one["id"] for one in view["options"]] == ["b", "a"]
    if kind == "cloze":
        assert view["gaps"] == ["X"]
        assert "entropy" not in str(view)
