"""A solver's record in the words of the domain: what lists, forms and questions need to know about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from qbank.domain import Text
from qbank.solving.errors import readable
from solvers import catalogue


@dataclass(frozen=True, slots=True)
class ParamInfo:
    """One argument. ``kind``: array, float, int or choice; ``shape`` names an array's axes, ``(..., K)``."""

    kind: str
    default: Any
    doc: Text
    shape: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SolverInfo:
    """What there is to know about a solver without running it. ``outputs``: name -> unit."""

    slug: str
    theme: str
    title: Text
    formula: str
    params: Mapping[str, ParamInfo]
    outputs: Mapping[str, str]
    steps: Mapping[str, Text]
    mistakes: Mapping[str, Text]
    claims: Mapping[str, Text]
    lanes: tuple[str, ...]
    oracle_route: str
    default_dtype: str
    has_figure: bool

    def json(self, lang: str = "en") -> dict[str, Any]:
        """Strict JSON in one language."""
        from solvers.values import strict

        return {
            "slug": self.slug,
            "theme": self.theme,
            "title": self.title[lang],
            "formula": self.formula,
            "params": {
                name: {
                    "kind": p.kind,
                    "default": strict(p.default),
                    "doc": p.doc[lang],
                    "shape": p.shape,
                    "choices": list(p.choices),
                }
                for name, p in self.params.items()
            },
            "outputs": dict(self.outputs),
            "steps": {name: text[lang] for name, text in self.steps.items()},
            "mistakes": {name: text[lang] for name, text in self.mistakes.items()},
            "claims": {name: text[lang] for name, text in self.claims.items()},
            "lanes": list(self.lanes),
            "oracle_route": self.oracle_route,
            "default_dtype": self.default_dtype,
            "figure": self.has_figure,
        }


def _text(both: Mapping[str, str]) -> Text:
    return Text(both["zh"], both["en"])


@cache
def _describe(slug: str) -> SolverInfo:
    from solvers.values import plain

    solver = catalogue.load(slug)
    return SolverInfo(
        slug=slug,
        theme=catalogue.theme(slug),
        title=_text(solver.title),
        formula=solver.formula,
        params={
            name: ParamInfo(p.kind, plain(p.default), _text(p.doc), p.shape, p.choices)
            for name, p in solver.params.items()
        },
        outputs=dict(solver.outputs),
        steps={name: _text(label) for name, label in solver.steps.items()},
        mistakes={m.id: Text(m.zh, m.en) for m in solver.mistakes},
        claims={c.id: Text(c.zh, c.en) for c in solver.claims},
        lanes=solver.lanes,
        oracle_route=solver.oracle_route,
        default_dtype=next(iter(solver.tolerance)),
        has_figure=solver.figure is not None,
    )


def describe(slug: str) -> SolverInfo:
    """A solver's description. BadValue for an unknown slug, naming the nearest."""
    with readable():
        return _describe(slug)


def source(slug: str) -> str:
    """A solver's source code. BadValue for an unknown slug."""
    with readable():
        return catalogue.path(slug).read_text(encoding="utf-8")
