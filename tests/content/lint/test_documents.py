"""What a bundled question owes to the document that it cites."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qbank.content.lint import lint

Write = Callable[..., Path]
Change = Callable[..., str]

BUNDLED = [("id = 'my-kl'", "id = 'kl'"), ("id = 'q16.2.f1'", "id = 'n1-01.f1'")]
FACT = "[[fact]]\nid = 'n1-01.f1'\nsolver = 'kl-divergence'\nclaim = 'non-negative'\n"


def cites(*numbers: str) -> tuple[str, str]:
    """The source of document 000 turned into one for each of these numbers."""
    one = "[[source]]\ndoc = '000'\n"
    return one + "heading", "".join(f"{one}number = '{n}'\nheading = 'x'\n\n" for n in numbers[:-1]) + (
        f"{one}number = '{numbers[-1]}'\nheading"
    )


def fact(number: str) -> tuple[str, str]:
    """The fact under another number."""
    return "id = 'n1-01.f1'", f"id = 'q{number}.f1'"


def items(by_hand: int, choices: int = 0, formulas: int = 0) -> tuple[str, str]:
    """More items before the misconceptions."""
    numbers = "".join(
        f"[[item]]\nid = 'hand-{n}'\nkind = 'number'\nsolver = 'kl-divergence'\nask = 'D'\n"
        f"zh.stem = '第{n}对：$P=<<p>>$，$Q=<<q>>$'\nen.stem = 'Pair {n}: $P=<<p>>$, $Q=<<q>>$'\nseeds = [3]\n\n"
        for n in range(by_hand)
    )
    formula = "".join(
        f"[[item]]\nid = 'write-{n}'\nkind = 'formula'\nzh.stem = '写出{n}式'\nen.stem = 'Write {n}'\nkey = 'x'\n"
        "symbols = { x = [0, 1] }\n\n"
        for n in range(formulas)
    )
    words = "".join(
        f"[[item]]\nid = 'word-{n}'\nkind = 'choice'\nzh.stem = '第{n}问？'\nen.stem = 'Question {n}?'\noption = [\n"
        "  { id = 'a', zh = 'abc', en = 'abc', key = true },\n"
        "  { id = 'b', zh = 'def', en = 'def', mistake = 'metric' },\n"
        "  { id = 'c', zh = 'ghi', en = 'ghi', mistake = 'metric' },\n]\n\n"
        for n in range(choices)
    )
    return "[[mistake]]", numbers + formula + words + "[[mistake]]"


@pytest.fixture
def bundled(tmp_path: Path, write: Write) -> Path:
    write("[000]\ntitle = 'x'\n", "bank/sources.toml")
    return tmp_path / "bank" / "questions"


@pytest.mark.parametrize(
    ("rule", "changes", "message"),
    [
        ("too-few-items", [cites("16.2")], "a sub-question has at least 3 items; got 2"),
        ("too-few-items", [cites("16"), items(2, 0, 1)], "at least 6 items; got 5"),
        ("too-few-items", [cites("16", "16.2"), items(4)], "beside recall; got compute, know"),
        ("too-few-items", [cites("16"), items(1, 2, 1)], "fresh numbers; got 2 of 6"),
        ("fact-twice", [("[[fact]]\n", FACT + "\n[[fact]]\n")], "'n1-01.f1' stands twice"),
        ("fact-source", [fact("16.2")], "number 16.2, which this file does not cite (none)"),
        ("fact-source", [cites("16.2"), items(1), fact("16.20")], "does not cite (16.2)"),
        ("fact-source", [cites("16.2"), items(1), fact("16")], "belongs to number 16, which"),
    ],
)
def test_what_a_document_demands(
    rule: str, changes: list[tuple[str, str]], message: str, change: Change, write: Write, bundled: Path
) -> None:
    path = write(change(*BUNDLED, *changes), "bank/questions/information/kl.toml")
    assert [(p.rule, message in p.message) for p in lint([path], bundled=bundled)] == [(rule, True)]


@pytest.mark.parametrize(
    "changes",
    [
        [cites("16.2"), items(1), fact("16.2")],
        [cites("16.2"), items(1), fact("16.2.1")],
        [cites("6"), items(3, 0, 1), fact("06.1")],
        [cites("6", "16.2"), items(2, 1, 1), fact("16.2")],
    ],
    ids=["sub-question", "fact-below", "numbered", "both"],
)
def test_enough_items_and_facts_of_what_is_cited(
    changes: list[tuple[str, str]], change: Change, write: Write, bundled: Path
) -> None:
    text = change(*BUNDLED, *changes)
    assert lint([write(text, "bank/questions/information/kl.toml")], bundled=bundled) == []


def test_readers_own_files_may_be_short(change: Change, write: Write, bundled: Path) -> None:
    assert lint([write(change(cites("16")), "own/my-kl.toml")], bundled=bundled) == []
