"""The two guides do what they say: their files are written out, their commands run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [body for name, body in BLOCK.findall(text) if name == language]


def named_file(body: str) -> str:
    match = re.match(r"# file: (\S+)\n", body)
    assert match, "a file's block begins with '# file: PATH'"
    return match[1]


def shell(line: str, folder: Path, home: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run a guide's command line with this interpreter, in a home of its own."""
    bin_folder = home / "bin"
    bin_folder.mkdir(exist_ok=True)
    python = bin_folder / "python"
    if not python.exists():
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        script = bin_folder / "qbank"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m qbank "$@"\n')
        script.chmod(0o755)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "QBANK_", "PYTEST_"))},
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "HOME": str(home),
        "PYTHONPATH": str(folder if (folder / "solvers").is_dir() else ROOT),
    }
    return subprocess.run(
        ["sh", "-c", " ".join([line, *more])], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the guide's solver in it."""
    folder = tmp_path_factory.mktemp("tree")
    keep_out = shutil.ignore_patterns("__pycache__")
    for name in ("qbank", "solvers", "data", "tests/solvers"):
        shutil.copytree(ROOT / name, folder / name, ignore=keep_out)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (body,) = blocks("adding-a-solver.md", "python")
    file = folder / named_file(body)
    file.parent.mkdir(parents=True, exist_ok=True)
    (file.parent / "__init__.py").touch()
    file.write_text(body, encoding="utf-8")
    return folder


COMMANDS = [line for body in blocks("adding-a-solver.md", "sh") for line in body.splitlines()]


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_of_the_solver_guide_succeeds(line: str, tree: Path, tmp_path: Path) -> None:
    done = shell(line, tree, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    if "pytest" in line:
        passed = re.search(r"(\d+) passed", done.stdout)
        assert passed
        assert int(passed[1]) >= 15, "the universal tests ran"
        assert "failed" not in done.stdout


def test_the_solver_guide_shows_softplus(tree: Path, tmp_path: Path) -> None:
    line = next(line for line in COMMANDS if line.startswith("qbank solve"))
    done = shell(line, tree, tmp_path, "--json")
    assert '"s": [3.048587351573742, 0.04858735157374' in done.stdout


def test_the_question_guide_from_scaffold_to_lint(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    new, lint, *show = [line for body in blocks("adding-a-question.md", "sh") for line in body.splitlines()]
    done = shell(new, own, tmp_path, "--content", str(own))
    assert done.returncode == 0, done.stderr
    written = Path(done.stdout.strip())
    assert written == own / "my-coin-kl.toml"

    scaffold = shell(lint, own, tmp_path)
    assert scaffold.returncode == 1, "lint explains what a scaffold lacks"
    assert "my-coin-kl.toml:" in scaffold.stdout

    (body,) = blocks("adding-a-question.md", "toml")
    (own / named_file(body)).write_text(body, encoding="utf-8")
    done = shell(lint, own, tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
    for line in show:
        done = shell(line, own, tmp_path, "--content", str(own))
        assert done.returncode == 0, done.stderr
        assert "$" not in done.stdout
