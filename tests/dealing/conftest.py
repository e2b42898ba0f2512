"""A question with one item of each dealt kind, and a solver made of given numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from qbank import solving
from qbank.domain import Item, Misconception, NamedMistake, Option, Point, Prose, Question, Text, Variant


def text(both: str) -> Text:
    return Text(both, both)


ITEMS = (
    Item("by-hand", "number", text("$P=<<p>>$, $Q=<<q>>$"), solver="kl-divergence", ask="D", seeds=(3, 7)),
    Item("second-term", "number", text("<<p[1]>>"), solver="kl-divergence", ask="terms[1]", seeds=(3,)),
    Item(
        "which", "choice", text("which?"), hint=text("hint"), worked=text("worked"), seeds=(4,),
        options=(
            Option("a", text("A"), key=True),
            Option("b", text("B"), mistake="own"),
            Option("c", text("C"), mistake="kl-divergence:reversed"),
            Option("d", text("D"), mistake="no-such:thing"),
        ),
    ),
    Item("sizes", "shape", text("<<n>>"), solver="toy", ask="shape"),
    Item("count", "number", text("<<n>>"), solver="toy", ask="count"),
    Item("real", "number", text("<<n>>"), solver="toy", ask="x", atol=0.0),
    Item("program", "code", text("write it"), key="pass"),
)  # fmt: skip


@pytest.fixture
def question() -> Question:
    prose = Prose("title", "prompt", "answer")
    points = (Point("p1", text("one"), True), Point("p2", text("two")))
    return Question(
        "q", 3, 2, "editorial", ("information",), (), prose, prose, points,
        items=ITEMS, mistakes=(Misconception("own", text("own words")),),
    )  # fmt: skip


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Sequence[int]]]:
    """``toy(values, mistakes, …)``: one draw an attempt, the last one repeated; returns the entropies asked for."""

    def install(*draws: tuple[dict[str, Any], dict[str, dict[str, Any]]]) -> list[Sequence[int]]:
        asked: list[Sequence[int]] = []

        def variant(slug: str, entropy: Sequence[int]) -> Variant:
            asked.append(entropy)
            values, wrong = draws[min(entropy[2], len(draws) - 1)]
            mistakes = tuple(NamedMistake(f"toy:{name}", text(name), found) for name, found in wrong.items())
            return Variant(slug, {"n": 3}, values, {name: text(name) for name in values}, mistakes)

        monkeypatch.setattr(solving, "variant", variant)
        return asked

    return install
