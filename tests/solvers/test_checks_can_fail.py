"""A checker that checks nothing is caught here: for each universal check, a solver broken in one place fails it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers.contract import Bars, Claim, Figure, Lines, Mistake, Param, Reject

SOURCE = '''"""A toy.

Reference: none needed.
"""

import numpy as np

from solvers.contract import Solver

SCALE = 2.0


def compute(xp, note, x):
    return {"y": _twice(x)}


def _twice(x):
    return SCALE * x


def oracle(x):
    return {"y": x + x * (SCALE - 1)}


SOLVER = Solver(compute=compute, oracle=oracle)
'''


@pytest.fixture
def subject_of(checks):
    """A subject of a solver (and a source)."""
    return lambda solver, source=SOURCE: checks.cases.Subject("toy", solver, source)


def wrong_by(factor):
    def compute(xp, note, x, gain):
        note("square", x * x)
        return {"y": gain * xp.sum(x * x, axis=-1) * factor}

    return compute


def reads_back(xp, note, x, gain):
    note("square", x * x)
    total = xp.sum(x * x, axis=-1)
    if float(xp.sum(total)) < 0:
        total = -total
    return {"y": gain * total}


def leaves_device(xp, note, x, gain):
    note("square", x * x)
    return {"y": gain * xp.sum(x * x, axis=-1) + xp.zeros(x.shape[:-1], dtype=x.dtype)}


def mixes_scalar(xp, note, x, gain):
    note("square", x * x)
    return {"y": gain * xp.sum(x * x, axis=-1) + xp.asarray(0.0, dtype=x.dtype)}


def always_double(xp, note, x, gain):
    note("square", x * x)
    return {"y": gain * xp.sum(xp.astype(x, xp.float64) ** 2, axis=-1)}


def cut_graph(xp, note, x, gain):
    note("square", x * x)
    total = xp.sum(x * x, axis=-1)
    return {"y": gain * (total.detach() if hasattr(total, "detach") else total)}


def wrong_gradient(xp, note, x, gain):
    note("square", x * x)
    half = x.detach() if hasattr(x, "detach") else x
    return {"y": gain * xp.sum(x * half, axis=-1)}


def mixes_batch(xp, note, x, gain):
    note("square", x * x)
    y = xp.sum(x * x, axis=-1)
    return {"y": gain * (y + 0.01 * (xp.mean(y) - y)) if y.ndim > 1 else gain * y}


def forgets_batch(xp, note, x, gain):
    note("square", x * x)
    return {"y": gain * xp.sum(x * x)}


def notes_nothing(xp, note, x, gain):
    return {"y": gain * xp.sum(x * x, axis=-1)}


CALLS = []


def depends_on_calls(xp, note, x, gain):
    CALLS.append(1)
    note("square", x * x)
    return {"y": gain * xp.sum(x * x, axis=-1) + 1e-3 * len(CALLS)}


def text(zh, en):
    return {"zh": zh, "en": en}


def photograph(rng, x, gain):
    import sklearn.datasets

    return {"photo": sklearn.datasets.load_sample_image("china.jpg")}


def unseeded(rng):
    CALLS.append(1)
    return {"x": [float(len(CALLS)), 1.0]}


def forgetful_figure(given, out, steps):
    return Figure(text("图", "figure"), (Lines(np.arange(3), np.arange(4)),))


def one_language_figure(given, out, steps):
    return Figure(text("图", "figure"), (Bars(("a",), [1.0], {"zh": "图", "en": ""}),))


ALWAYS = Claim("always", zh="恒成立", en="always", residual=lambda given, out: 0.0)

BROKEN = [
    # check, what is broken, a word of the complaint, extra arguments of the check
    ("record.both_languages", {"title": {"zh": "平方和"}}, "zh and en", ()),
    ("record.both_languages", {"title": text("平方和", "平方 sum")}, "holds Chinese", ()),
    ("record.both_languages", {"title": text("sum", "sum")}, "holds no Chinese", ()),
    ("record.both_languages", {"steps": {"square": text("平方\n", "squares")}}, "control", ()),
    ("record.ids_and_fields", {"claims": ()}, "no claim", ()),
    ("record.ids_and_fields", {"mistakes": ()}, "no mistake", ()),
    ("record.ids_and_fields", {"claims": (ALWAYS, ALWAYS)}, "share an id", ()),
    ("record.ids_and_fields", {"claims": (replace(ALWAYS, id="Al_ways"),)}, "must be small", ()),
    ("record.ids_and_fields", {"steps": {"y": text("和", "sum")}}, "both a step", ()),
    ("record.ids_and_fields", {"outputs": {"y": ""}}, "unit", ()),
    ("record.ids_and_fields", {"tolerance": {"float64": 0.1}}, "tolerance", ()),
    ("record.ids_and_fields", {"tolerance": {"float16": 0.1}}, "unknown dtypes", ()),
    ("record.ids_and_fields", {"formula": "$x$"}, "dollars", ()),
    ("record.ids_and_fields", {"formula": "\theta"}, "raw string", ()),
    ("record.ids_and_fields", {"oracle_route": ""}, "route", ()),
    ("record.ids_and_fields", {"rejects": ()}, "rejects nothing", ()),
    ("record.signatures", {"check": lambda x: None}, "takes", ()),
    ("record.signatures", {"oracle": lambda x, gains: None}, "oracle takes", ()),
    ("record.inputs_are_valid", {"edges": ({"x": [float("nan")]},)}, "edge 0 is refused", ()),
    ("record.inputs_are_valid", {"sample": lambda rng: {"x": [np.inf]}}, "sample 0 is refused", ()),
    ("record.inputs_are_valid", {"sample": unseeded}, "besides rng", ()),
    ("record.inputs_are_valid", {"sample": lambda rng: {"x": [1.0]}}, "ignores", ()),
    ("record.runs_without_the_extra", {"noise": photograph}, "defaults: .* needs the extra", ()),
    ("record.steps_are_noted", {"compute": notes_nothing}, "noted []", ()),
    ("record.rejects_raise", {"rejects": (Reject({"x": [1.0]}, "x must"),)}, "nothing refused", ()),
    ("record.rejects_raise", {"rejects": (Reject({"x": [np.inf]}, "x must be tall"),)}, "is not in", ()),
    ("record.variants_can_be_shown", {"variant": lambda rng: {"x": [rng.normal()]}}, "cannot show", ()),
    ("record.variants_can_be_shown", {"variant": lambda rng: {"x": rng.integers(9, size=2)}}, "plain JSON", ()),
    ("record.variants_can_be_shown", {"variant": lambda rng: {"z": [1]}}, "unknown arguments", ()),
    ("record.variants_can_be_shown", {"variant": lambda rng: {"x": [1, 2]}}, "same numbers", ()),
    ("record.variants_can_be_shown", {"variant": lambda rng: {"x": ["inf"]}}, "refused", ()),
    ("record.figure_is_data", {"figure": forgetful_figure}, "do not fit", ()),
    ("record.figure_is_data", {"figure": one_language_figure}, "lacks a language", ()),
    ("numbers.oracle_agrees", {"compute": wrong_by(1 + 1e-9)}, "differs by", ("numpy", "float64")),
    ("numbers.oracle_agrees", {"compute": wrong_by(1 + 1e-3)}, "differs by", ("torch", "float32")),
    ("numbers.oracle_agrees", {"oracle": lambda x, gain: {"y": np.ones(7)}}, "shape", ("numpy", "float64")),
    ("numbers.claims_hold", {"compute": wrong_by(1 + 1e-9)}, "adds-up fails", ("numpy", "float64")),
    ("numbers.claims_hold", {"compute": wrong_by(float("nan"))}, "fails", ("torch", "float32")),
    ("numbers.claims_are_true_of_the_oracle", {"oracle": lambda x, gain: {"y": -np.ones(x.shape[:-1])}}, "own", ()),
    ("numbers.mistakes_are_caught", "right answer as a mistake", "nothing tells", ()),
    ("numbers.mistakes_are_caught", "mistake within float32", "nothing tells", ()),
    ("numbers.mistakes_are_caught", "mistake that never comes out", "brings out", ()),
    ("numbers.mistakes_are_caught", "mistake of no output", "no output", ()),
    ("numbers.mistakes_are_caught", "mistake in place", "in place", ()),
    ("numbers.mistakes_show_on_variants", "mistake never finite", "no mistake gives", ()),
    ("numbers.the_same_twice", {"compute": depends_on_calls}, "second run", ()),
    ("numbers.gradients_are_right", {"compute": cut_graph}, "cut from the graph", ()),
    ("numbers.gradients_are_right", {"compute": wrong_gradient}, "gradient is wrong", ()),
    ("numbers.batch_is_the_loop", {"compute": mixes_batch}, "differs by", ("numpy", "float64")),
    ("numbers.batch_is_the_loop", {"compute": forgets_batch}, "batch axis is lost", ("torch", "float64")),
    ("lanes.type_and_shape_are_kept", {"compute": always_double}, "dtype float64", ("numpy", "float32")),
    ("lanes.type_and_shape_are_kept", {"compute": always_double}, "dtype float64", ("torch", "float32")),
    ("lanes.strict_namespace", {"compute": leaves_device}, "strict namespace", ("float64",)),
    ("lanes.strict_namespace", {"compute": mixes_scalar}, "strict namespace", ("float32",)),
    ("lanes.strict_namespace", {"compute": wrong_by(1 + 1e-9)}, "strict numbers differ", ("float64",)),
    ("lanes.simulated_device", {"compute": leaves_device}, "simulated device", ("float32", "sim")),
    ("lanes.simulated_device", {"compute": reads_back}, "simulated device", ("float64", "sim")),
    ("lanes.simulated_device", {"compute": cut_graph}, "simulated device", ("float64", "sim")),
]


def in_place(x, gain):
    x += 1
    return {"y": gain * x.sum(axis=-1)}


def squares(x, gain):
    return gain * (x**2).sum(axis=-1)


MISTAKES = {
    "right answer as a mistake": lambda x, gain: {"y": squares(x, gain)},
    "mistake within float32": lambda x, gain: {"y": squares(x, gain) * (1 + 1e-6)},
    "mistake that never comes out": lambda x, gain: {},
    "mistake of no output": lambda x, gain: {"z": 1.0},
    "mistake in place": in_place,
    "mistake never finite": lambda x, gain: {"y": squares(x, gain) * float("inf")},
}


def mended(solver, broken):
    if isinstance(broken, str):
        broken = {"mistakes": (Mistake("wrong", zh="错", en="wrong", value=MISTAKES[broken]),)}
    return replace(solver, **broken)


def find(checks, name):
    module, _, function = name.partition(".")
    return getattr(getattr(checks, module), function)


@pytest.mark.filterwarnings("ignore:Converting a tensor:UserWarning")
@pytest.mark.parametrize(("name", "broken", "word", "more"), BROKEN, ids=[f"{b[0]}-{i}" for i, b in enumerate(BROKEN)])
def test_a_broken_solver_fails(checks, subject_of, toy, simulated, name, broken, word, more):
    with pytest.raises(AssertionError, match=word.replace("[", r"\[")):
        find(checks, name)(subject_of(mended(toy, broken)), *more)


@pytest.mark.parametrize(
    ("name", "more"), sorted({(b[0], b[3]) for b in BROKEN}), ids=lambda v: v if isinstance(v, str) else "-".join(v)
)
def test_the_whole_toy_passes(checks, subject_of, toy, simulated, name, more):
    find(checks, name)(subject_of(toy), *more)


@pytest.mark.parametrize(
    ("name", "old", "new", "word"),
    [
        ("imports_are_lazy", "import numpy as np", "import scipy.special", "scipy"),
        ("imports_are_lazy", "import numpy as np", "if True:\n    from torch import nn", "torch"),
        ("imports_are_lazy", "import numpy as np", "from . import other", "relative"),
        (
            "imports_no_sibling",
            "    return SCALE * x",
            "    from solvers.information import b\n    return b",
            "another",
        ),
        ("imports_no_sibling", "    return SCALE * x", "    import qbank.domain\n    return x", "qbank"),
        ("oracle_is_independent", "x + x * (SCALE - 1)", "_twice(x)", "shares _twice"),
        ("oracle_is_independent", "x + x * (SCALE - 1)", "SOLVER.compute(None, None, x)['y']", "shares"),
        ("oracle_is_independent", "SCALE = 2.0", "SCALE = (lambda: 2.0)()", "shares SCALE"),
        ("oracle_is_independent", "def oracle(x)", "def another(x)", "must be functions"),
    ],
)
def test_a_broken_source_fails(checks, subject_of, toy, name, old, new, word):
    check = getattr(checks.source, name)
    check(subject_of(toy))
    assert old in SOURCE
    with pytest.raises(AssertionError, match=word):
        check(subject_of(toy, SOURCE.replace(old, new)))


def test_a_docstring_must_name_its_reference(checks, subject_of, toy):
    with pytest.raises(AssertionError, match="Reference"):
        checks.record.ids_and_fields(subject_of(toy, SOURCE.replace("Reference", "See")))


def test_a_solver_without_a_batch_axis_must_say_so(checks, subject_of, toy):
    flat = replace(toy, params={**toy.params, "x": Param([1.0], toy.params["x"].doc, shape="(K,)")})
    with pytest.raises(AssertionError, match="batched=False"):
        checks.numbers.batch_is_the_loop(subject_of(flat), "numpy", "float64")
    checks.numbers.batch_is_the_loop(subject_of(replace(flat, batched=False)), "numpy", "float64")
