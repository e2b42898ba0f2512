"""The dependency rule, read from the imports, and what must not be imported at run time."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ALLOWED = {
    "domain": set(),
    "locations": set(),
    "mathtext": {"domain"},
    "grading": {"domain"},
    "scheduling": {"domain"},
    "solving": {"domain"},
    "storage": {"domain"},
    "dealing": {"domain", "grading", "solving"},
    "content": {"domain", "dealing", "grading", "solving", "mathtext"},
    "services": {"domain", "grading", "scheduling", "dealing", "content", "solving", "storage", "mathtext"},
    "bootstrap": {"domain", "locations", "services", "storage"},
    "launch": {"bootstrap", "domain", "tui"},
    "cli": {"bootstrap", "launch", "services", "domain", "mathtext", "solving"},
    "tui": {"bootstrap", "services", "domain", "mathtext", "solving"},
    "__main__": {"cli"},
}
"""Layer -> the other layers of qbank it may import."""

ONLY = {"sqlalchemy": {"storage"}, "alembic": {"storage"}, "solvers": {"solving"}, "textual": {"tui"}, "click": {"cli"}}
"""Library -> the only layers that may import it."""

HEAVY = {
    "torch",
    "fsrs_rs_python",
    "sympy",
    "scipy",
    "matplotlib",
    "sklearn",
    "textual",
    "alembic",
    "plotext",
    "hypothesis",
}
"""Never imported at the top of a module (textual: but in the app's own)."""

LIMIT = 400


def layer(path: Path) -> str:
    first = path.relative_to(ROOT / "qbank").parts[0]
    return first.removesuffix(".py")


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(tree: ast.AST, top_only: bool = False) -> list[str]:
    """Dotted names of imported modules; ``top_only``: those that run when the module is imported."""
    found: list[str] = []

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                found.extend(alias.name for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, "imports are absolute"
                module = child.module or ""
                found.extend(f"{module}.{alias.name}" for alias in child.names)
            if top_only and isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                continue
            if top_only and isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                continue
            visit(child)

    visit(tree)
    return found


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sources("qbank"), ids=lambda p: str(p.relative_to(ROOT)))
def test_layers_import_only_what_the_table_allows(path: Path) -> None:
    if path == ROOT / "qbank" / "__init__.py":
        assert not imports(parse(path))
        return
    own = layer(path)
    assert own in ALLOWED, f"{own} has no row in the table of layers"
    for name in imports(parse(path)):
        parts = name.split(".")
        if parts[0] == "qbank" and len(parts) > 1 and parts[1] != own and parts[1] != "__version__":
            assert parts[1] in ALLOWED[own], f"{own} imports {name}"
        if parts[0] in ONLY:
            assert own in ONLY[parts[0]], f"{own} imports {name}"


@pytest.mark.parametrize(("one", "other"), [("cli", "tui"), ("tui", "cli")])
def test_the_two_front_ends_never_import_each_other(one: str, other: str) -> None:
    named = {name for path in sources(f"qbank/{one}") for name in imports(parse(path))}
    assert named
    assert not {name for name in named if name.startswith(f"qbank.{other}")}


@pytest.mark.parametrize("path", sources("solvers"), ids=lambda p: str(p.relative_to(ROOT)))
def test_solvers_import_nothing_of_qbank(path: Path) -> None:
    assert not [name for name in imports(parse(path)) if name.split(".")[0] == "qbank"]


@pytest.mark.parametrize("path", sources("qbank") + sources("solvers"), ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_heavy_is_imported_at_the_top(path: Path) -> None:
    top = {name.split(".")[0] for name in imports(parse(path), top_only=True)}
    migrations = path.is_relative_to(ROOT / "qbank" / "storage" / "migrations")
    own = {"alembic"} if migrations else {"textual"} if layer_is(path, {"tui"}) else set()
    assert not top & (HEAVY - own)
    if layer_is(path, {"domain", "grading"}):
        assert not {name for name in top if name not in sys.stdlib_module_names and name != "qbank"}


def layer_is(path: Path, names: set[str]) -> bool:
    return path.is_relative_to(ROOT / "qbank") and layer(path) in names


@pytest.mark.parametrize(
    "path", sources("qbank") + sources("solvers") + sources("tests"), ids=lambda p: str(p.relative_to(ROOT))
)
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LIMIT


LIGHT = {
    "--help": ["--help"],
    "list": ["list", "--json"],
    "solvers": ["solvers", "--json"],
    "solve": ["solve", "kl-divergence", "--json"],
}


@pytest.mark.parametrize("argv", LIGHT.values(), ids=LIGHT)
def test_light_commands_import_nothing_heavy(argv: list[str], tmp_path: Path) -> None:
    """In a process of its own: run the command twice (the second finds the database made), then look at sys.modules."""
    script = (
        "import sys\n"
        "from qbank.cli.main import run\n"
        f"assert run({argv!r}) == 0\n"
        "print('MODULES', *sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    heavy = {"textual", "torch", "sympy", "matplotlib", "alembic"} | (
        {"scipy"} if argv[0] != "solve" else {"sqlalchemy"}
    )
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "QBANK_DB": str(tmp_path / "q.db")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.rpartition("MODULES")[2].split())
    assert "qbank" in loaded
    assert not loaded & heavy


def test_nothing_heavy_is_loaded_before_the_first_frame(tmp_path: Path) -> None:
    """In a process of its own: the app is made and mounted, the home screen stands, and the store is not there yet."""
    script = (
        "import asyncio, sys\n"
        "from qbank.bootstrap import App\n"
        "from qbank.tui.app import QbankApp\n"
        "from qbank.tui.screens.home import HomeScreen\n"
        "HomeScreen.load = lambda self: None\n"
        "async def main():\n"
        "    app = QbankApp(App())\n"
        "    async with app.run_test():\n"
        "        assert isinstance(app.screen, HomeScreen)\n"
        "asyncio.run(main())\n"
        "print('MODULES', *sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "QBANK_DB": str(tmp_path / "q.db")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.rpartition("MODULES")[2].split())
    assert "textual" in loaded
    assert not loaded & {"sqlalchemy", "fsrs", "numpy", "scipy", "torch", "texicode", "plotext", "sqlite3", "tomlkit"}
    assert not (tmp_path / "q.db").exists()
