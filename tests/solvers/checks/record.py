"""Is the record whole: both languages, ids, signatures, defaults, rejects, variants, the figure?"""

from __future__ import annotations

import inspect
import json
import math
import re
import sys
from unittest.mock import patch

import numpy as np
from solver_checks.cases import Subject, every, given, rim, samples, say, solved, trace, variants

from solvers.contract import BadInput, Bars, Contour, Figure, Heatmap, Lines, Scatter
from solvers.lanes import MissingExtra, pick
from solvers.run import LAB, collect, draw_noise, forward, prepare
from solvers.values import plain

CHINESE = re.compile(r"[一-鿿]")
KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
FRACTION = re.compile(r"[+-]?\d{1,4}/\d{1,4}|[+-]?inf")


def both_languages(subject: Subject) -> None:
    """Every text is there in Chinese and in English, each in its own script."""
    s = subject.solver
    prose = {"title": s.title, **{f"param {n}": p.doc for n, p in s.params.items()}}
    prose |= {f"mistake {m.id}": {"zh": m.zh, "en": m.en} for m in s.mistakes}
    labels = {f"step {n}": t for n, t in s.steps.items()}
    labels |= {f"claim {c.id}": {"zh": c.zh, "en": c.en} for c in s.claims}
    for where, text in (prose | labels).items():
        say(set(text) == {"zh", "en"}, f"{where} must have zh and en, has {sorted(text)}")
        for lang in ("zh", "en"):
            say(text[lang].strip(), f"{where} is empty in {lang}")
            say(text[lang].isprintable(), f"{where} holds a control character in {lang}")
        say(not CHINESE.search(text["en"]), f"{where}: the English text holds Chinese: {text['en']}")
        if where in prose:
            say(CHINESE.search(text["zh"]), f"{where}: the Chinese text holds no Chinese: {text['zh']}")


def ids_and_fields(subject: Subject) -> None:
    """Ids are unique and well formed, tolerances and lanes sane, nothing that tests rest on is missing."""
    s = subject.solver
    for what, ids in (("claim", [c.id for c in s.claims]), ("mistake", [m.id for m in s.mistakes])):
        say(ids, f"the record has no {what}")
        say(len(set(ids)) == len(ids), f"two {what}s share an id: {ids}")
        for name in ids:
            say(KEBAB.fullmatch(name), f"{what} id {name!r} must be small letters, digits and single hyphens")
    for name in (*s.params, *s.outputs, *s.steps):
        say(NAME.fullmatch(name), f"{name!r} must be a name of letters, digits and underscores")
    say(not set(s.outputs) & set(s.steps), f"both a step and an output: {set(s.outputs) & set(s.steps)}")
    say(s.outputs and all(u.strip() for u in s.outputs.values()), "every output needs a unit ('1' for none)")
    say(s.lanes and set(s.lanes) <= {"numpy", "torch"}, f"unknown lanes: {s.lanes}")
    say(s.tolerance and set(s.tolerance) <= {"float64", "float32", "int64"}, f"unknown dtypes: {list(s.tolerance)}")
    for dtype, size in s.tolerance.items():
        limit = {"float64": 1e-5, "float32": 1e-2, "int64": 0}[dtype]
        say(0 <= size <= limit, f"the {dtype} tolerance {size} is not in 0..{limit}")
    say(s.formula.strip() and "$" not in s.formula, "the formula must be LaTeX without dollars")
    say(s.formula.isprintable(), "the formula holds a control character: write it as a raw string")
    say(s.oracle_route.strip(), "the oracle's route is not named")
    say(s.rejects or not s.params, "the record rejects nothing")
    say("Reference" in (inspect.cleandoc(subject.source.split('"""')[1]) if '"""' in subject.source else ""),
        "the module's docstring names no Reference")  # fmt: skip


def signatures(subject: Subject) -> None:
    """The functions take exactly the declared arguments."""
    s = subject.solver
    params = list(s.params)
    _takes("check", s.check, params)
    if s.noise is not None:
        _takes("noise", s.noise, ["rng", *params])
    drawn = list(given(s, {}))
    _takes("compute", s.compute, ["xp", "note", *drawn])
    _takes("oracle", s.oracle, drawn)


def _takes(name: str, function, want: list[str]) -> None:
    have = inspect.signature(function).parameters
    # What noise draws for some arguments only has a default, and need not be among the default's own.
    have = {n: p for n, p in have.items() if n in want or p.default is p.empty}
    if not any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in have.values()):
        say(sorted(have) == sorted(want), f"{name} takes {list(have)}, the record says {want}")


def inputs_are_valid(subject: Subject) -> None:
    """Defaults, edges and samples pass the solver's own check; samples repeat for the same rng and vary."""
    s = subject.solver
    for label, case in every(s):
        try:
            prepare(s, case)
        except BadInput as error:
            raise AssertionError(f"{label} is refused: {error}") from None
    for draw in (s.sample, s.variant):
        once, again = (plain(draw(np.random.default_rng(5))) for _ in range(2))
        say(repr(once) == repr(again), f"{draw.__name__} draws from something besides rng")
    many = {repr(plain(s.sample(np.random.default_rng(seed)))) for seed in range(8)}
    say(len(many) > 1 or not s.params, "sample ignores its rng")


def runs_without_the_extra(subject: Subject) -> None:
    """What the numpy lane draws for the defaults, samples and variants takes no library of the extra 'lab'."""
    s = subject.solver
    cases = [*rim(s)[:1], *samples(s), *variants(s)] if "numpy" in s.lanes else []
    with patch.dict(sys.modules, dict.fromkeys(LAB)):
        for label, case in cases:
            try:
                draw_noise(s, prepare(s, case), 0)
            except MissingExtra as error:
                raise AssertionError(f"{label}: {error}; let a choice ask for it") from None


def steps_are_noted(subject: Subject) -> None:
    """Each declared step is noted on defaults and samples (undeclared ones already raise)."""
    s = subject.solver
    lane = pick(s, None, "cpu", None)
    for label, case in every(s):
        note = trace(s, lane)
        forward(s, lane, {name: lane.put(value) for name, value in given(s, case).items()}, note)
        noted = list(collect(note, lane, s))
        if not label.startswith("edge"):
            say(noted == list(s.steps), f"on {label} compute noted {noted}, the record declares {list(s.steps)}")


def rejects_raise(subject: Subject) -> None:
    """Each reject is refused, with its words in the message, in one line."""
    s = subject.solver
    for reject in s.rejects:
        try:
            prepare(s, reject.given)
        except BadInput as error:
            say(reject.message in str(error), f"{reject.message!r} is not in {str(error)!r}")
            say(str(error).isprintable(), f"the message is not one plain line: {str(error)!r}")
        else:
            raise AssertionError(f"nothing refused {reject.given}")


def an_empty_array_is_refused(subject: Subject) -> None:
    """No number at all in an array argument is one clear line, whatever the solver's own check looks for first."""
    s = subject.solver
    for name, param in s.params.items():
        if param.kind != "array":
            continue
        shape = np.shape(prepare(s, {})[name])
        try:
            prepare(s, {name: np.zeros((0, *shape))})
        except BadInput as error:
            say(str(error).isprintable(), f"the message is not one plain line: {str(error)!r}")
        else:
            raise AssertionError(f"{name} may be empty")


def variants_can_be_shown(subject: Subject) -> None:
    """Variants are valid, plain JSON, of numbers a prompt can show, and differ from seed to seed."""
    s = subject.solver
    seen = set()
    for label, case in variants(s, range(20)):
        say(set(case) <= set(s.params), f"{label} sets unknown arguments: {sorted(set(case) - set(s.params))}")
        try:
            text = json.dumps(case, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise AssertionError(f"{label} is not plain JSON: {error}") from None
        for leaf in _leaves(case):
            say(_showable(leaf), f"{label} holds {leaf!r}, which a prompt cannot show exactly")
        try:
            prepare(s, case)
        except BadInput as error:
            raise AssertionError(f"{label} is refused: {error}") from None
        seen.add(text)
    say(len(seen) > 1 or not s.params, "variant gives the same numbers for every seed")


def _leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for entry in value:
            yield from _leaves(entry)
    else:
        yield value


def _showable(leaf) -> bool:
    if isinstance(leaf, str):
        return bool(FRACTION.fullmatch(leaf) or KEBAB.fullmatch(leaf))
    if isinstance(leaf, bool):
        return False
    if isinstance(leaf, int):
        return True
    return isinstance(leaf, float) and math.isfinite(leaf) and len(f"{leaf:g}") <= 8 and float(f"{leaf:g}") == leaf


def figure_is_data(subject: Subject) -> None:
    """The figure, where there is one, is titled in both languages and made of marks whose sizes fit."""
    s = subject.solver
    if s.figure is None:
        return
    for label, case in every(s):
        if label.startswith("edge"):
            continue
        solution = solved(s, case, oracle=False)
        steps = {step.id: step.value for step in solution.steps}
        figure = s.figure(solution.given, dict(solution.outputs), steps)
        say(isinstance(figure, Figure) and figure.marks, f"on {label} the figure is empty")
        for text in (figure.title, figure.x, figure.y, *(getattr(m, "label", None) for m in figure.marks)):
            say(text is None or (text.get("zh") and text.get("en")), f"on {label} a text lacks a language: {text}")
        for mark in figure.marks:
            say(_fits(mark), f"on {label} the sizes of a mark do not fit: {mark}")


def _fits(mark) -> bool:
    if isinstance(mark, (Lines, Scatter)):
        return np.ndim(mark.x) == 1 and np.shape(mark.x) == np.shape(mark.y) and np.size(mark.x) > 0
    if isinstance(mark, Bars):
        return np.shape(mark.heights) == (len(mark.names),)
    if isinstance(mark, Heatmap):
        return np.ndim(mark.values) == 2 and np.size(mark.values) > 0
    return isinstance(mark, Contour) and np.shape(mark.values) == (np.size(mark.y), np.size(mark.x))
