"""The door to the solvers: descriptions, errors in the domain's words, variants, proofs, verification."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from qbank import solving
from qbank.domain import BadValue, QbankError, Text
from qbank.solving import info, verifying
from solvers import catalogue
from solvers.contract import BadInput, Mistake

KL = "kl-divergence"


@pytest.fixture
def install(monkeypatch):
    """Put toy solvers into the catalogue, by slug."""

    def put(**solvers):
        toys = {name.replace("_", "-"): solver for name, solver in solvers.items()}

        def load(slug):
            if isinstance(toys[slug], Exception):
                raise toys[slug]
            return toys[slug]

        def path(slug):
            if slug not in toys:
                raise BadInput("solver", "be one that 'qbank solvers' lists", slug)

        monkeypatch.setattr(catalogue, "slugs", lambda: tuple(toys))
        monkeypatch.setattr(catalogue, "load", load)
        monkeypatch.setattr(catalogue, "path", path)
        monkeypatch.setattr(catalogue, "theme", lambda slug: "tensors")
        info._describe.cache_clear()

    yield put
    info._describe.cache_clear()


def test_the_door_opens_without_an_array_library():
    script = (
        "import sys; from qbank import solving; solving.slugs();"
        "print([m for m in ('numpy', 'torch', 'scipy', 'plotext', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_describe():
    got = solving.describe(KL)
    assert got.theme == "information"
    assert got.title == Text(zh="KL 散度（相对熵）", en="KL divergence (relative entropy)")
    assert got.params["p"].default == [0.5, 0.5]
    assert got.outputs == {"D": "nats", "bits": "bits"}
    assert list(got.steps) == ["ratio", "log_ratio", "terms"]
    assert got.mistakes["reversed"]["en"] == "that is D(Q||P), the other direction"
    assert got.lanes == ("numpy", "torch")
    assert got.default_dtype == "float64"
    for lang in ("zh", "en"):
        assert json.loads(json.dumps(got.json(lang), allow_nan=False))["title"] == got.title[lang]


def test_every_solver_can_be_described():
    for slug in solving.slugs():
        assert solving.describe(slug).slug == slug
        assert solving.describe(slug).theme in solving.THEMES


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda: solving.describe("kl-divergenc"), "did you mean kl-divergence?); got kl-divergenc"),
        (lambda: solving.solve("no"), "solver must be one that 'qbank solvers' lists; got no"),
        (lambda: solving.solve(KL, {"p": [0.5, 0.6]}), "p must sum to 1; got a sum of 1.1"),
        (lambda: solving.solve(KL, {"r": 1}), "argument must be one of this solver's (p, q); got r"),
        (lambda: solving.values(KL, {"p": "x\ny"}), "p must hold numbers"),
        (lambda: solving.verify(["no"]), "solver must be"),
        (lambda: solving.verify([KL], device="gpu"), "device must be auto, cpu, cuda or mps; got gpu"),
        (lambda: solving.verify([KL], lane="jax"), "lane must be numpy or torch; got jax"),
        (lambda: solving.verify([KL], lane="numpy", device="cuda"), "lane must be one that the chosen solvers have"),
        (lambda: solving.verify([]), "lane must be one that the chosen"),
    ],
)
def test_errors_are_the_domain_s(call, line):
    with pytest.raises(BadValue) as caught:
        call()
    assert line in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_missing_library_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(QbankError, match=r"needs the extra 'lab' \(torch\)"):
        solving.solve(KL, lane="torch")


def test_solve():
    got = solving.solve(KL, {"p": ["1/2", "1/2"], "q": [0.9, 0.1]}, device="cpu")
    assert got.outputs["D"] == pytest.approx(0.5108256237659907)
    assert got.oracle.agrees


# ---------------------------------------------------------------- variants


def test_a_variant_is_computed_from_what_is_shown():
    got = solving.variant(KL, [2, 7, 0])
    assert got == solving.variant(KL, [2, 7, 0])
    assert got != solving.variant(KL, [2, 7, 1])
    assert got.inputs == solving.shown(KL, [2, 7, 0])
    p, q = (np.array(got.inputs[n]) for n in "pq")
    assert got.values["D"] == pytest.approx(float(np.sum(p * np.log(p / q))), rel=1e-12)
    assert list(got.labels) == ["ratio", "log_ratio", "terms", "D", "bits"]
    assert got.labels["terms"]["zh"] == "各项 p log(p/q)"
    assert got.values.keys() == got.labels.keys()
    json.dumps([got.inputs, got.values, [m.values for m in got.mistakes]], allow_nan=False)
    wrong = {m.tag: m.values for m in got.mistakes}
    assert wrong["kl-divergence:reversed"]["D"] == pytest.approx(float(np.sum(q * np.log(q / p))), rel=1e-12)


def test_values_keep_what_was_given_and_fill_in_defaults():
    got = solving.values(KL, {"p": ["1/3", "2/3"]})
    assert got.inputs == {"p": ["1/3", "2/3"], "q": [0.9, 0.1]}
    p = np.array([1, 2]) / 3
    assert got.values["D"] == pytest.approx(float(np.sum(p * np.log(p / [0.9, 0.1]))))
    assert solving.values(KL, {"q": [1, 0]}).values["D"] == float("inf")


def test_a_mistake_cannot_change_the_next_one_s_numbers(install, toy):
    def greedy(x, gain):
        x *= 0
        return {"y": x.sum()}

    def honest(x, gain):
        return {"y": x.sum()}

    install(
        toy=replace(
            toy,
            mistakes=(
                Mistake("greedy", zh="改", en="greedy", value=greedy),
                Mistake("none", zh="无", en="none", value=lambda x, gain: {}),
                Mistake("honest", zh="和", en="sum", value=honest),
            ),
        )
    )
    got = solving.values("toy", {"x": [1, 2]})
    assert [m.values for m in got.mistakes] == [{"y": 0.0}, {}, {"y": 3.0}]


def test_figures_come_through_the_door(install, toy):
    assert solving.figure(solving.solve(KL, device="cpu")).marks
    install(toy=replace(toy, figure=None))
    assert solving.figure(solving.solve("toy")) is None


# ---------------------------------------------------------------- proofs


def test_a_mistake_is_proven_by_its_numbers():
    got = solving.prove({"solver": KL, "mistake": "bits-as-nats", "margin": 1e-3})
    assert got.proven
    assert "D = 0.736966, right is 0.510826" in got.evidence


def test_a_mistake_that_is_close_is_not_proven():
    same = {"p": [0.5, 0.5], "q": [0.5, 0.5]}
    assert not solving.prove({"solver": KL, "mistake": "reversed", "margin": 1e-3, "set": same}).proven
    got = solving.prove({"solver": KL, "mistake": "reversed", "margin": 0.2})
    assert not got.proven
    assert "margin 0.2" in got.evidence


def test_a_mistake_that_is_not_finite_is_proven():
    got = solving.prove({"solver": KL, "mistake": "reversed", "margin": 1e9, "set": {"p": [1, 0]}})
    assert got.proven
    assert "inf" in got.evidence


def test_a_mistake_of_another_shape_or_none(install, toy):
    mistakes = (
        Mistake("long", zh="长", en="long", value=lambda x, gain: {"y": np.zeros(3)}),
        Mistake("silent", zh="无", en="silent", value=lambda x, gain: {}),
    )
    install(toy=replace(toy, mistakes=mistakes))
    got = solving.prove({"solver": "toy", "mistake": "long", "margin": 1})
    assert got.proven
    assert "shape (3,)" in got.evidence
    got = solving.prove({"solver": "toy", "mistake": "silent", "margin": 1})
    assert not got.proven
    assert "do not bring out" in got.evidence


def test_the_worst_element_is_shown(install, toy):
    def off(x, gain):
        right = gain * (x**2).sum(axis=-1)
        right[1] += 1
        return {"y": right}

    install(toy=replace(toy, mistakes=(Mistake("off", zh="差", en="off", value=off),)))
    got = solving.prove({"solver": "toy", "mistake": "off", "margin": 0.01, "set": {"x": [[1], [2], [3]]}})
    assert "y[1] = 5, right is 4" in got.evidence


def test_claims_are_proven_on_the_numbers_and_on_samples(install, toy):
    got = solving.prove({"solver": KL, "claim": "extra-code-length"})
    assert got.proven
    assert "20 samples" in got.evidence
    at_zero = replace(toy.claims[0], id="at-zero", residual=lambda given, out: 0.0 if np.all(given["x"] == 0) else 0.5)
    at_one = replace(at_zero, id="not-at-zero", residual=lambda given, out: float(np.all(given["x"] == 0)))
    install(toy=replace(toy, claims=(at_zero, at_one)))
    got = solving.prove({"solver": "toy", "claim": "at-zero", "set": {"x": [0]}})
    assert not got.proven
    assert "fails on sample 1: residual 0.5" in got.evidence
    assert solving.prove({"solver": "toy", "claim": "not-at-zero"}).proven
    got = solving.prove({"solver": "toy", "claim": "not-at-zero", "set": {"x": [0]}})
    assert "the given numbers" in got.evidence


@pytest.mark.parametrize(
    ("proof", "line"),
    [
        (
            {"solver": KL, "mistake": "backwards", "margin": 1},
            "proof mistake must be one of kl-divergence's (reversed,",
        ),
        ({"solver": KL, "claim": "no"}, "proof claim must be one of"),
        ({"solver": "no", "claim": "no"}, "solver must be"),
        ({"solver": KL}, "either a mistake or a claim"),
        ({"solver": KL, "claim": "non-negative", "mistake": "sign", "margin": 1}, "either a mistake or a claim"),
        ({"solver": KL, "mistake": "sign"}, "proof margin must be a positive number; got None"),
        ({"solver": KL, "mistake": "sign", "margin": 0}, "margin must be a positive number"),
        ({"solver": KL, "mistake": "sign", "margin": float("nan")}, "margin must be a positive number"),
        ({"solver": KL, "mistake": "sign", "margin": 1, "seed": 1}, "keys solver, mistake, margin, claim, set only"),
        ({"solver": KL, "mistake": "sign", "margin": 1, "set": {"p": [2]}}, "p must sum to 1"),
    ],
)
def test_bad_proofs(proof, line):
    with pytest.raises(BadValue) as caught:
        solving.prove(proof)
    assert line in str(caught.value)


# ---------------------------------------------------------------- verification


def test_verify_in_parallel_processes():
    told = []
    rows = solving.verify(
        [KL], lane="numpy", on_done=lambda row, done, total: told.append((row, done, total)), processes=2
    )
    assert [(r.slug, r.lane, r.device, r.dtype, r.ok) for r in rows] == [
        (KL, "numpy", "cpu", "float64", True),
        (KL, "numpy", "cpu", "float32", True),
    ]
    assert sorted(done for _, done, _ in told) == [1, 2]
    assert {total for _, _, total in told} == {2}
    assert {row.dtype for row, _, _ in told} == {"float64", "float32"}
    assert all(r.max_error is not None and r.claims == 4 and r.seconds > 0 for r in rows)
    json.dumps([r.json() for r in rows], allow_nan=False)


def test_verify_says_what_fails(install, toy):
    def off(xp, note, x, gain):
        note("square", x * x)
        return {"y": gain * xp.sum(x * x, axis=-1) * (1 + 1e-9)}

    install(
        good=toy,
        wrong=replace(toy, compute=off, claims=()),
        untrue=replace(toy, claims=(replace(toy.claims[0], residual=lambda given, out: 0.5),)),
        crashes=replace(toy, compute=lambda xp, note, x, gain: 1 // 0),
        unloadable=SyntaxError("half a file"),
    )
    rows = {r.slug: r for r in solving.verify(lane="numpy", processes=1) if r.dtype == "float64"}
    assert {slug: r.ok for slug, r in rows.items()} == {
        "good": True, "wrong": False, "untrue": False, "crashes": False, "unloadable": False,
    }  # fmt: skip
    assert rows["good"].why is None
    assert "the oracle does not agree: they differ by" in rows["wrong"].why
    assert rows["wrong"].max_error > 1e-12
    assert rows["untrue"].why == "the defaults: claim non-negative fails: residual 0.5"
    assert rows["crashes"].why.startswith("ZeroDivisionError")
    assert rows["unloadable"].why == "SyntaxError: half a file"
    assert rows["crashes"].max_error is None


def test_verify_runs_torch_oracles(install, toy):
    asked = []

    def oracle(x, gain):
        asked.append(1)
        return {"y": gain * (x**2).sum(axis=-1)}

    install(toy=replace(toy, oracle=oracle, oracle_route="torch.sum"))
    assert all(r.ok for r in solving.verify(lane="numpy", processes=1))
    assert asked


def test_verify_without_torch_keeps_to_numpy(install, toy, monkeypatch):
    install(toy=toy)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(verifying, "find_spec", lambda name: None)
    assert {r.lane for r in solving.verify(processes=1)} == {"numpy"}
    with pytest.raises(QbankError, match="extra 'lab'"):
        solving.verify(lane="torch", processes=1)
    install(toy=replace(toy, lanes=("torch",)))
    rows = solving.verify(processes=1)
    assert not rows[0].ok
    assert "extra 'lab'" in rows[0].why


def test_a_child_that_dies_fails_alone(monkeypatch):
    tasks = [(KL, "numpy", "cpu", "float64"), ("dies", "numpy", "cpu", "float64")]
    monkeypatch.setattr(verifying, "check_one", dies_for_one)
    rows = dict(verifying._parallel(tasks, 2))
    assert rows[tasks[0]].ok
    assert not rows[tasks[1]].ok
    assert rows[tasks[1]].why == "its process died"


def dies_for_one(task):
    import os

    if task[0] == "dies":
        os._exit(9)
    return verifying.check_one(task)
