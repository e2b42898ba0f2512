"""data/coverage is what the questions say, and the tool that writes it counts right."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from qbank.domain import Fact

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("coverage_tool", ROOT / "tools" / "coverage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def question(name: str, *facts: Fact) -> SimpleNamespace:
    return SimpleNamespace(id=name, facts=facts)


def test_the_files_are_what_the_questions_say(tool, capsys):
    assert tool.main(["--check", "--catalogue", "/nowhere"]) == 0, capsys.readouterr().out


def test_the_files_hold_every_fact_of_the_catalogue(tool):
    if not tool.CATALOGUE.is_dir():
        pytest.skip("the catalogue is not beside the checkout")
    assert tool.catalogued(tool.CATALOGUE) == tool.written(tool.FOLDER)


def test_a_stale_file_is_named(tool, tmp_path, monkeypatch, capsys):
    for file in tool.FOLDER.glob("*.toml"):
        (tmp_path / file.name).write_text(file.read_text("utf-8"), "utf-8")
    text = (tmp_path / "000.toml").read_text("utf-8")
    (tmp_path / "000.toml").write_text(text.replace("kl-divergence", "kl-convergence"), "utf-8")
    monkeypatch.setattr(tool, "FOLDER", tmp_path)
    assert tool.main(["--check", "--catalogue", "/nowhere"]) == 1
    assert capsys.readouterr().out == "data/coverage/000.toml: is not what the questions say; run 'make coverage'\n"
    assert tool.main(["--catalogue", "/nowhere"]) == 0
    assert (tmp_path / "000.toml").read_text("utf-8") == text


def test_a_fact_is_shown_where_one_question_shows_it(tool):
    said = [
        question("b", Fact("q02.1.f1", none="words"), Fact("q02.f1", none='a "list"')),
        question("a", Fact("q02.1.f1", solver="clip", claim="norm")),
    ]
    ids = {"q02.f1", "q02.1.f1", "q02.1.f2", "q02.f2", "q10.f1", "n1-03.f1"}
    files = {name: tomllib.loads(text) for name, text in tool.coverage(said, ids).items()}
    assert files["000.toml"] == {
        "document": "000",
        "facts": 5,
        "open": ["q02.f2", "q02.1.f2", "q10.f1"],
        "shown": {"q02.1.f1": [{"question": "a", "solver": "clip", "claim": "norm"}]},
        "reasoned": {"q02.f1": [{"question": "b", "why": 'a "list"'}]},
    }
    assert files["001.toml"]["open"] == ["n1-03.f1"]


def test_a_fact_that_the_catalogue_lacks_is_refused(tool):
    with pytest.raises(ValueError, match=r"got q02\.f9 \(a\)"):
        tool.coverage([question("a", Fact("q02.f9", none="words"))], {"q02.f1"})


@pytest.mark.parametrize("fact", ["q2.f1", "q02", "n1-03", "f1", "q02.f1 ", "x02.f1"])
def test_what_is_no_fact_id_is_refused(tool, fact):
    with pytest.raises(ValueError, match="a fact id must look like"):
        tool.document(fact)


@pytest.mark.parametrize("number", ["02", "27", "28", "29", "32", "34", "35"])
def test_a_question_that_is_whole_leaves_no_fact_open(tool, number):
    left = tomllib.loads((tool.FOLDER / "000.toml").read_text("utf-8"))["open"]
    assert [fact for fact in left if fact.startswith((f"q{number}.", f"q{number}f"))] == []
