"""``make bench``: one table of ratios; exit 1 if a goal is missed."""

from __future__ import annotations

import argparse
import platform
import sys
from itertools import chain

from benchmarks import light, screens


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="counted rounds (default 15)")
    rounds = parser.parse_args().rounds
    print(f"python {platform.python_version()}, {platform.machine()}, {rounds} interleaved rounds, medians\n")
    print(f"{'qbank':<30}{'against':<22}{'ratio':>7}{'goal':>7}")
    missed = False
    for what, against, ratio, goal in chain(light.rows(rounds), screens.rows(rounds)):
        missed |= ratio > goal
        print(f"{what:<30}{against:<22}{ratio:>7.2f}{goal:>7.2f}{'' if ratio <= goal else '  missed'}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
