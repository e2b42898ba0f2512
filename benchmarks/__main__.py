"""``make bench``: one table of ratios; exit 1 if a goal is missed."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Iterator

from benchmarks import light, screens, solvers
from benchmarks.beside_anki import rows as beside_anki

PARTS = ("light", "screens", "solvers", "anki", "growth")


def table(chosen: argparse.Namespace) -> Iterator[tuple[str, str, float, float, str]]:
    """(what, against what, ratio, goal, times) of the chosen parts."""
    if "light" in chosen.only:
        yield from ((*row, "") for row in light.rows(chosen.rounds))
    if "screens" in chosen.only:
        yield from ((*row, "") for row in screens.rows(chosen.rounds))
    if "solvers" in chosen.only:
        yield from solvers.rows(chosen.rounds)
    if "anki" in chosen.only and beside_anki.available():
        yield from beside_anki.rows(chosen.cards, chosen.reviews, chosen.rounds)
    if "growth" in chosen.only:
        yield from beside_anki.growth(1_000, chosen.most, chosen.rounds)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="counted rounds (default 15)")
    parser.add_argument("--cards", type=int, default=5_000, help="cards beside Anki (default 5000)")
    parser.add_argument("--reviews", type=int, default=50_000, help="reviews beside Anki (default 50000)")
    parser.add_argument("--most", type=int, default=50_000, help="cards to grow to (default 50000)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts of the table (default: all)")
    chosen = parser.parse_args()
    print(f"python {platform.python_version()}, {platform.machine()}, {chosen.rounds} interleaved rounds, medians\n")
    print(f"{'qbank':<38}{'against':<26}{'ratio':>7}{'goal':>7}   times", flush=True)
    missed = False
    for what, against, ratio, goal, times in table(chosen):
        missed |= ratio > goal
        mark = "" if ratio <= goal else "  missed"
        print(f"{what:<38}{against:<26}{ratio:>7.2f}{goal:>7.2f}   {times}{mark}", flush=True)
        if mark and (told := beside_anki.takes(what)):
            print(f"{'':<10}would take: {told}", flush=True)
    if "anki" in chosen.only and not beside_anki.available():
        print(f"{'(no .venv-bench: make bench makes it)':<38}{beside_anki.AGAINST:<26}{'-':>7}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
