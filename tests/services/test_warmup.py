"""The list of the warm-up: what it may name, and that the bundled one needs nothing that is not always installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qbank import locations
from qbank.content.read import load_folder
from qbank.domain import QbankError
from qbank.services.warmup import load

GOOD = "[[task]]\nquestion = 'kl-divergence'\nitem = 'which-direction'\ndemo = 'two-modes'\n"


@pytest.fixture(scope="module")
def bank():
    """Question id -> question, of the bundled bank."""
    return {one.id: one for one in load_folder(locations.questions(), "bundled").questions}.__getitem__


def write(folder: Path, text: str) -> Path:
    path = folder / "warmup.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_task_names_its_card_and_its_demonstration(tmp_path, bank) -> None:
    [one] = load(write(tmp_path, GOOD), bank)
    assert (one.question, one.item, one.card) == ("kl-divergence", "which-direction", "kl-divergence#know")
    assert one.demo.solver == "kl-direction-fit"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = [", "must be readable TOML"),
        ("tasks = []", "must hold [[task]] entries alone; got tasks"),
        ("task = 3", "must hold [[task]] entries alone; got task"),
        (GOOD.replace("demo", "demonstration"), "task 1 must name question, item and demo"),
        (GOOD.replace("'two-modes'", "3"), "task 1 must name question, item and demo"),
        (GOOD + GOOD.replace("which-direction", "by-hand"), "task 2 must name a choice item of kl-divergence"),
        (GOOD.replace("two-modes", "no"), "task 1 must name a demo of kl-divergence; got no"),
    ],
)
def test_what_it_must_not_be(text, says, tmp_path, bank) -> None:
    with pytest.raises(QbankError) as error:
        load(write(tmp_path, text), bank)
    assert says in str(error.value)
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


def test_there_must_be_one(tmp_path, bank) -> None:
    with pytest.raises(QbankError, match="must exist"):
        load(tmp_path / "none.toml", bank)


WITHOUT = """
import sys
from qbank import solving

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "sklearn", "matplotlib", "PIL"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
for slug, given in eval(sys.stdin.read()):
    solution = solving.solve(slug, given)
    assert all(claim.holds for claim in solution.claims), slug
    assert solution.oracle.agrees is True, (slug, solution.oracle)
print("proven")
"""


def test_the_bundled_one_is_five_proofs_without_the_extra_lab(bank) -> None:
    warmups = load(locations.data() / "warmup.toml", bank)
    assert len({(one.question, one.item) for one in warmups}) == 5
    demos = [(one.demo.solver, dict(one.demo.set)) for one in warmups]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], input=repr(demos), capture_output=True, text=True, check=False
    )
    assert done.stdout == "proven\n", done.stderr
