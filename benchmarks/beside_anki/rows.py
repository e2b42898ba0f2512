"""The rows that set qbank beside Anki's core, and beside itself with fewer cards."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.beside_anki.material import note
from benchmarks.beside_anki.talk import Worker

HERE = Path(__file__).parent
ANKI = HERE.parents[1] / ".venv-bench" / "bin" / "python"
AGAINST = "qbank/anki"
TAKES = {
    "load": "a loader and a tokenizer in C: writing JSON and cutting Chinese into pairs alone take longer in Python",
    "next": "(estimated) 1.3: deal and answer in one commit, half the pages (fewer indexes); 1.0: that without Python",
    "a year": "states summed by topic as they are written, as answers are by day",
}
"""What reaching a goal would take that was missed, by how its row begins."""


def available() -> bool:
    """Whether the environment with Anki's core is there (``make bench`` makes it)."""
    return ANKI.exists()


def takes(what: str) -> str | None:
    """What reaching the goal of a row would take."""
    return next((told for name, told in TAKES.items() if what.startswith(name)), None)


def rows(cards: int, reviews: int, rounds: int) -> Iterator[tuple[str, str, float, float, str]]:
    """(what, against what, ratio, goal, both medians), in one folder, in turns."""
    with tempfile.TemporaryDirectory(dir=HERE.parents[1] / ".venv-bench") as folder:
        sides = {
            "anki": Worker([str(ANKI), str(HERE / "anki_side.py")]),
            "qbank": Worker([sys.executable, "-m", "benchmarks.beside_anki.qbank_side"]),
        }
        for name, side in sides.items():
            opened = side("open", path=f"{folder}/{name}.db")
            assert opened["synchronous"] == 2, f"{name} must write with synchronous=FULL"
        loads = {name: [side("load", start=0, count=cards)] for name, side in sides.items()}
        yield _row(f"load {cards:,} texts", 0.5, loads, sum)
        for side in sides.values():
            side("remember", cards=cards, total=reviews)
        answers: dict[str, list[float]] = {name: [] for name in sides}
        for turn in range(10 + 20 * rounds):
            for name, side in _in_turn(sides, turn):
                taken = side("answer", right=turn % 10 > 0)
                if turn >= 10:
                    answers[name].append(taken)
        what = "next, grade, schedule, store"
        yield _row(f"{what}: p50", 1.3, answers, statistics.median)
        yield _row(f"{what}: p95", 1.3, answers, _p95)
        finds: dict[str, list[float]] = {name: [] for name in sides}
        for turn in range(rounds):
            one = note((turn * 7919) % cards)
            for name, side in _in_turn(sides, turn):
                taken, count = side("search", text=one.run if turn % 2 else one.word)
                assert count == 1, f"{name} found {count} texts"
                finds[name].append(taken)
        yield _row(f"one text among {cards:,}", 0.2, finds, statistics.median)
        years: dict[str, list[float]] = {name: [] for name in sides}
        for turn in range(max(3, rounds // 3)):
            for name, side in _in_turn(sides, turn):
                years[name].append(side("stats"))
        yield _row(f"a year of {reviews:,} reviews", 1.0, years, statistics.median)
        for side in sides.values():
            side.close()


def growth(few: int, many: int, rounds: int) -> Iterator[tuple[str, str, float, float, str]]:
    """The next card among many against among few."""
    with tempfile.TemporaryDirectory(dir=HERE.parents[1] / ".venv-bench") as folder:
        sides = {}
        for name, count in (("few", few), ("many", many)):
            sides[name] = Worker([sys.executable, "-m", "benchmarks.beside_anki.qbank_side"])
            sides[name]("open", path=f"{folder}/{name}.db")
            sides[name]("grow", cards=count)
        times: dict[str, list[float]] = {name: [] for name in sides}
        for turn in range(10 + 10 * rounds):
            for name, side in _in_turn(sides, turn):
                taken = side("fresh")
                if turn >= 10:
                    times[name].append(taken)
        for side in sides.values():
            side.close()
    one, other = (statistics.median(times[name]) for name in ("many", "few"))
    yield f"next card of {many:,}", f"of {few:,} cards", one / other, 2.0, _shown(one, other)


def _in_turn(sides: dict[str, Worker], turn: int) -> Sequence[tuple[str, Worker]]:
    """Who goes first changes from turn to turn."""
    both = list(sides.items())
    return both if turn % 2 else both[::-1]


def _row(what: str, goal: float, times: dict[str, list[float]], of: object) -> tuple[str, str, float, float, str]:
    assert callable(of)
    ours, theirs = of(times["qbank"]), of(times["anki"])
    return what, AGAINST, ours / theirs, goal, _shown(ours, theirs)


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _shown(one: float, other: float) -> str:
    return " / ".join(f"{t * 1e3:.3g} ms" if t < 1 else f"{t:.3g} s" for t in (one, other))
