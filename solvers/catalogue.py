"""Which solvers there are: the slug is the file's name, the theme its folder. Listing imports no solver."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from solvers.contract import BadInput, Solver

THEMES = (
    "tensors", "calculus", "probability", "information", "numerics", "linear-models", "activations",
    "initialization", "regularization", "ensembles", "optimization", "normalization", "convolution", "pooling",
    "recurrent", "attention", "autoencoders", "energy-models", "graphical-models", "generative",
    "representation", "generalization", "vision", "speech", "language", "compute",
)  # fmt: skip
"""Folders of solvers and topics of questions."""

ROOT = Path(__file__).parent


@cache
def _files() -> dict[str, Path]:
    """Slug -> file, in order of theme and name."""
    found: dict[str, Path] = {}
    for theme in THEMES:
        for path in sorted((ROOT / theme.replace("-", "_")).glob("*.py")):
            slug = path.stem.replace("_", "-")
            if slug.startswith("-"):
                continue
            if slug in found:
                raise ImportError(f"two solvers are called {slug}: {found[slug]} and {path}")
            found[slug] = path
    return found


def slugs() -> tuple[str, ...]:
    """Every solver's slug."""
    return tuple(_files())


def path(slug: str) -> Path:
    """The file of a solver; BadInput for an unknown slug, naming the nearest."""
    try:
        return _files()[slug]
    except KeyError:
        from difflib import get_close_matches

        near = get_close_matches(slug, _files(), n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise BadInput("solver", f"be one that 'qbank solvers' lists{hint}", slug) from None


def theme(slug: str) -> str:
    """The theme (folder) of a solver."""
    return path(slug).parent.name.replace("_", "-")


def load(slug: str) -> Solver:
    """Import one solver's module and return its record."""
    file = path(slug)
    module = importlib.import_module(f"solvers.{file.parent.name}.{file.stem}")
    solver: Solver = module.SOLVER
    return solver
