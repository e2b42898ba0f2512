"""Line mode: `!` saves a case that `grade --case` replays; an answer keeps its case, and `=` makes one of a command."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from qbank.bootstrap import App
from qbank.cli.session import Session

QUESTION = """schema = 1
id = 'my-gap'
rev = 4
stars = 3
stars_from = 'editorial'
topics = ['information']
zh = { title = '熵', prompt = '什么是熵？', answer = '期望。' }
en = { title = 'Entropy', prompt = 'What is entropy?', answer = 'An expectation.' }
point = [
  { id = 'a', zh = '甲', en = 'one', essential = true },
  { id = 'b', zh = '乙', en = 'two' },
  { id = 'c', zh = '丙', en = 'three' },
]
[[item]]
id = 'unit'
kind = 'cloze'
zh.stem = '以 $e$ 为底的单位是 [[UNIT]]。'
en.stem = 'With base $e$ the unit is the [[UNIT]].'
gap.UNIT = { zh = ['奈特'], en = ['nat', 's'] }
zh.worked = '自然对数给出奈特。'
en.worked = 'Natural logarithms give nats.'
"""


@pytest.fixture
def sit(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """``sit(lines)``: one sitting on the gap alone; what was printed."""
    folder = home / "own"
    folder.mkdir()
    (folder / "my-gap.toml").write_text(QUESTION)

    def run(*lines: str) -> str:
        typed: Iterable[str] = iter(lines)

        def read(prompt: str = "") -> str:
            try:
                return next(typed)  # type: ignore[call-overload]
            except StopIteration:
                raise EOFError from None

        monkeypatch.setattr("builtins.input", read)
        with App(lang="en", content=str(folder)) as app:
            Session(app, [app.study.deal("my-gap#know")]).run()
        return capsys.readouterr().out

    return run


def saved(printed: str) -> str:
    line = next(line for line in printed.splitlines() if "grade --case" in line)
    return shlex.split(line)[-1]


def test_a_challenged_verdict_replays(sit, qbank, home: Path) -> None:
    printed = sit("Bit", "!", "")
    assert "Your challenge is recorded." in printed
    file = saved(printed)
    raw = json.loads(Path(file).read_text())
    assert (raw["question"], raw["item"], raw["rev"], raw["answer"]) == ("my-gap", "unit", 4, "Bit")
    ran = qbank("grade", "--case", file, "--json")
    assert (ran.code, ran.json["correct"], ran.json["case"]["same"]) == (0, False, True)
    assert {"question", "item", "rev", "seed", "answer", "then"} <= set(ran.json["case"])
    assert "The verdict is the recorded one." in qbank("grade", "--case", file).out
    raw["dealt"]["key"]["UNIT"]["en"].append("bit")
    Path(file).write_text(json.dumps(raw))
    ran = qbank("grade", "--case", file, "--json")
    assert (ran.code, ran.json["correct"], ran.json["case"]["same"]) == (1, True, False)
    assert "it was: valid True, correct False" in qbank("grade", "--case", file).out


def test_an_answer_that_could_not_be_read_can_be_challenged(sit, qbank) -> None:
    printed = sit("？。", "!", "nat", "")
    case = json.loads(Path(saved(printed)).read_text())
    assert (case["answer"], case["verdict"]["en"]["valid"]) == ("？。", False)
    assert "1 answered, 1 right." in printed


def test_an_equals_sign_makes_an_answer_of_a_command(sit) -> None:
    printed = sit("s", "=s", "")
    assert "No solver stands behind this item." in printed
    assert "1 answered, 1 right." in printed


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["grade", "--case", "absent.json"], "--case must be a file; got absent.json"),
        (["grade", "kl-divergence", "by-hand", "--case", "x"], "--case must stand alone"),
        (["grade", "--answer", "1"], "ID must be given"),
        (["grade", "kl-divergence", "--answer", "1"], "ITEM must be given"),
    ],
)
def test_bad_uses(qbank, argv: list[str], message: str) -> None:
    ran = qbank(*argv)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
