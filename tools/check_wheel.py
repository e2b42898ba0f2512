"""Build the wheel, install it without the extra ``lab`` into an empty environment, and use it from an empty folder.

Run by ``make wheel``. Needs the package index, so it is no part of ``make test``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", name, str(ROOT)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        (wheel,) = folder.glob("*.whl")
        venv.create(folder / "env", with_pip=True)
        pip = [str(folder / "env/bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-c", str(ROOT / "constraints.txt"), str(wheel)], check=True)
        (folder / "elsewhere").mkdir()
        return check(folder)


def check(folder: Path) -> int:
    """Compare what the wheel shows with what the checkout shows."""

    def run(program: list[str], *words: str) -> subprocess.CompletedProcess[str]:
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "QBANK", "XDG"))}
        return subprocess.run(
            [*program, *words],
            cwd=folder / "elsewhere",
            env={**keep, "HOME": str(folder / "home"), "QBANK_DB": str(folder / f"{len(program)}.db")},
            capture_output=True,
            text=True,
            check=False,
        )

    installed, checkout = [str(folder / "env/bin/qbank")], [sys.executable, "-m", "qbank"]
    faults = []
    for words in (("list", "--json"), ("solvers", "--json"), ("show", "kl-divergence", "--json")):
        one, two = run(installed, *words), run(checkout, *words)
        if one.returncode or json.loads(one.stdout) != json.loads(two.stdout):
            faults.append(f"{' '.join(words)} differs: {one.stderr.strip()}")
    for words in (("lint",), ("solve", "kl-divergence"), ("next",), ("errata", "--prove"), ("verify", "kl-divergence")):
        done = run(installed, *words)
        if done.returncode:
            faults.append(f"{' '.join(words)} exits {done.returncode}: {done.stderr.strip()}")
    torch_only = run(installed, "solve", "kl-divergence", "--lane", "torch")
    if torch_only.returncode != 2 or "lab" not in torch_only.stderr:
        faults.append(f"the torch lane without torch says: {torch_only.stderr.strip()}")
    count = len(json.loads(run(installed, "list", "--json").stdout or "[]"))
    print("\n".join(faults) if faults else f"the wheel shows all {count} questions, without torch, in another folder")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
