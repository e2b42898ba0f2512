"""Every solver of the catalogue passes every universal check. A new solver adds no test code."""

from __future__ import annotations

import subprocess
import sys

import pytest

from solvers import catalogue

SLUGS = catalogue.slugs()
DTYPES = ("float64", "float32", "int64")


def _declared():
    """(slug, lane, dtype) of every run that a record declares. One that does not import gets all, and fails each."""
    for slug in SLUGS:
        try:
            solver = catalogue.load(slug)
            lanes, dtypes = solver.lanes, tuple(solver.tolerance)
        except Exception:
            lanes, dtypes = ("numpy", "torch"), DTYPES
        for lane in lanes:
            for dtype in dtypes:
                yield slug, lane, dtype


RUNS = tuple(_declared())
each = pytest.mark.parametrize("subject", SLUGS, indirect=True)
each_run = pytest.mark.parametrize(
    ("subject", "lane", "dtype"), RUNS, indirect=["subject"], ids=["-".join(run) for run in RUNS]
)
NUMPY_RUNS = tuple((slug, dtype) for slug, lane, dtype in RUNS if lane == "numpy")
each_dtype = pytest.mark.parametrize(
    ("subject", "dtype"), NUMPY_RUNS, indirect=["subject"], ids=["-".join(run) for run in NUMPY_RUNS]
)


def need(lane):
    if lane == "torch":
        pytest.importorskip("torch", reason="no torch: install the extra 'lab'")


@each
def test_texts_in_both_languages(checks, subject):
    checks.record.both_languages(subject)


@each
def test_ids_and_fields(checks, subject):
    checks.record.ids_and_fields(subject)


@each
def test_signatures(checks, subject):
    checks.record.signatures(subject)


@each
def test_inputs_are_valid(checks, subject):
    checks.record.inputs_are_valid(subject)


@each
def test_runs_without_the_extra(checks, subject):
    checks.record.runs_without_the_extra(subject)


@each
def test_steps_are_noted(checks, subject):
    checks.record.steps_are_noted(subject)


@each
def test_rejects_raise(checks, subject):
    checks.record.rejects_raise(subject)


@each
def test_an_empty_array_is_refused(checks, subject):
    checks.record.an_empty_array_is_refused(subject)


@each
def test_variants_can_be_shown(checks, subject):
    checks.record.variants_can_be_shown(subject)


@each
def test_figure_is_data(checks, subject):
    checks.record.figure_is_data(subject)


@each_run
def test_oracle_agrees(checks, subject, lane, dtype):
    need(lane)
    checks.numbers.oracle_agrees(subject, lane, dtype)


@each_run
def test_claims_hold(checks, subject, lane, dtype):
    need(lane)
    checks.numbers.claims_hold(subject, lane, dtype)


@each
def test_claims_are_true_of_the_oracle(checks, subject):
    checks.numbers.claims_are_true_of_the_oracle(subject)


@each
def test_mistakes_are_caught(checks, subject):
    checks.numbers.mistakes_are_caught(subject)


@each
def test_mistakes_show_on_variants(checks, subject):
    checks.numbers.mistakes_show_on_variants(subject)


@each
def test_the_same_twice(checks, subject):
    checks.numbers.the_same_twice(subject)


@each
def test_gradients_are_right(checks, subject, simulated):
    checks.numbers.gradients_are_right(subject)


@each_run
def test_batch_is_the_loop(checks, subject, lane, dtype):
    need(lane)
    checks.numbers.batch_is_the_loop(subject, lane, dtype)


@each_run
def test_type_and_shape_are_kept(checks, subject, lane, dtype):
    need(lane)
    checks.lanes.type_and_shape_are_kept(subject, lane, dtype)


@each_dtype
def test_strict_namespace(checks, subject, dtype):
    checks.lanes.strict_namespace(subject, dtype)


@each_dtype
def test_simulated_device(checks, subject, dtype, simulated):
    checks.lanes.simulated_device(subject, dtype, simulated)


@pytest.mark.cuda
@each
def test_cuda(checks, subject):
    """The real thing, where there is one: the oracle agrees on the CUDA lane."""
    torch = pytest.importorskip("torch", reason="no torch: install the extra 'lab'")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    if "torch" in subject.solver.lanes:
        for dtype in subject.solver.tolerance:
            checks.numbers.oracle_agrees(subject, "torch", dtype, "cuda")


@each
def test_imports_are_lazy(checks, subject):
    checks.source.imports_are_lazy(subject)


@each
def test_imports_no_sibling(checks, subject):
    checks.source.imports_no_sibling(subject)


@each
def test_oracle_is_independent(checks, subject):
    checks.source.oracle_is_independent(subject)


def test_a_numpy_solve_imports_no_torch():
    """One child process solves everything that has a numpy lane; torch stays out."""
    script = (
        "import sys\n"
        "from qbank import solving\n"
        "for slug in solving.slugs():\n"
        "    if 'numpy' in solving.describe(slug).lanes:\n"
        "        solving.solve(slug, lane='numpy')\n"
        "        assert 'torch' not in sys.modules, slug\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
