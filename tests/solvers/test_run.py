"""Running toy solvers: lanes, steps, noise, claims, the oracle, refusals, cancelling."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from solvers.contract import BadInput, Claim, Param
from solvers.lanes import MissingExtra
from solvers.run import prepare, run
from solvers.trace import Cancelled, SolverError

TEXT = {"zh": "步", "en": "step"}


def needs_torch():
    return pytest.importorskip("torch", reason="no torch: install the extra 'lab'")


def changed(toy, **fields):
    return replace(toy, **fields)


def test_a_run_tells_everything(toy):
    got = run(toy, {"x": ["1/2", 2]}, slug="toy")
    assert got.outputs["y"] == 4.25
    assert [(s.id, s.value.tolist()) for s in got.steps] == [("square", [0.25, 4.0])]
    assert got.inputs["gain"] == 1.0
    assert got.inputs["x"].tolist() == [0.5, 2.0]
    assert [c.holds for c in got.claims] == [True, True]
    assert got.oracle.agrees
    assert got.oracle.max_error == 0
    assert (got.lane, got.device, got.dtype, got.slug) == ("numpy", "cpu", "float64", "toy")
    assert got.seconds > 0


def test_json_is_strict(toy):
    got = run(changed(toy, check=lambda x, gain: None), {"x": ["inf", "nan"]}, slug="toy").json("zh")
    assert json.loads(json.dumps(got, allow_nan=False)) == got
    assert got["inputs"]["x"] == ["inf", "nan"]
    assert got["outputs"]["y"] == "nan"
    assert got["steps"][0]["label"] == "平方"
    assert got["claims"][0]["says"] == "非负"
    assert got["claims"][0]["holds"] is False
    assert got["claims"][0]["residual"] == "nan"
    assert set(got["oracle"]) >= {"route", "max_error", "agrees"}


@pytest.mark.parametrize(
    ("lane", "dtype"), [("numpy", "float64"), ("numpy", "float32"), ("torch", "float64"), ("torch", "float32")]
)
def test_every_lane_gives_the_same(toy, lane, dtype):
    if lane == "torch":
        needs_torch()
    got = run(toy, {"x": [[0.1, 0.2], [3, 4]], "gain": "1/3"}, lane=lane, dtype=dtype)
    assert (got.lane, got.dtype) == (lane, dtype)
    assert got.outputs["y"].dtype == np.float64
    assert np.allclose(got.outputs["y"], [0.05 / 3, 25 / 3], rtol=1e-6)
    assert got.oracle.agrees
    assert all(c.holds for c in got.claims)


def test_float32_is_judged_by_the_numbers_it_saw(toy):
    given_to = []

    def oracle(x, gain):
        given_to.append(x)
        return {"y": gain * (x**2).sum(axis=-1)}

    told = Claim("told", zh="给", en="told", residual=lambda given, out: given_to.append(given["x"]) or 0.0)
    got = run(changed(toy, oracle=oracle, claims=(told,)), {"x": [0.1, 0.7]}, dtype="float32")
    rounded = np.array([0.1, 0.7], dtype=np.float32).astype(np.float64)
    assert len(given_to) == 2
    assert all(x.dtype == np.float64 and np.array_equal(x, rounded) for x in given_to)
    assert got.inputs["x"].tolist() == [0.1, 0.7]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"given": {"z": 1}}, "argument must be one of this solver's (x, gain); got z"),
        ({"given": {"x": [float("inf")]}}, "x must hold finite numbers"),
        ({"lane": "jax"}, "lane must be numpy or torch; got jax"),
        ({"dtype": "float16"}, "dtype must be float64 or float32 for this solver; got float16"),
        ({"device": "gpu"}, "device must be auto, cpu, cuda or mps; got gpu"),
        ({"lane": "numpy", "device": "cuda"}, "device must be cpu on the numpy lane; got cuda"),
    ],
)
def test_wrong_requests(toy, options, words):
    with pytest.raises(BadInput) as caught:
        run(toy, **options)
    assert words in str(caught.value)


def test_a_device_that_is_not_there(toy):
    torch = needs_torch()
    if not torch.cuda.is_available():
        with pytest.raises(BadInput, match=r"device must be one that torch finds on this machine \(cpu"):
            run(toy, device="cuda")
    with pytest.raises(BadInput, match="device must be one that torch finds"):
        run(toy, device="cuda:77", lane="torch")


def test_a_lane_that_the_solver_lacks(toy):
    with pytest.raises(BadInput, match="lane must be torch for this solver; got numpy"):
        run(changed(toy, lanes=("torch",)), lane="numpy")
    with pytest.raises(BadInput, match="lane must be numpy for this solver; got torch"):
        run(changed(toy, lanes=("numpy",)), lane="torch")


def test_auto_picks_the_cpu_lane_that_there_is(toy):
    got = run(toy, device="auto")
    assert (got.lane, got.device) == ("numpy", "cpu")
    needs_torch()
    assert run(changed(toy, lanes=("torch",)), device="cpu").lane == "torch"


def test_without_torch_the_extra_is_named(toy, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(
        MissingExtra, match=r"the torch lane needs the extra 'lab' \(torch\): pip install 'qbank\[lab\]'"
    ):
        run(toy, lane="torch")
    assert run(toy).outputs["y"] == 5


def test_a_step_noted_in_a_loop_is_stacked(toy):
    def looped(xp, note, x, gain):
        for k in range(3):
            note("square", x * k)
        return {"y": xp.sum(x, axis=-1)}

    got = run(changed(toy, compute=looped, claims=()), {"x": [1.0, 2.0]}, oracle=False)
    assert got.steps[0].value.tolist() == [[0, 0], [1, 2], [2, 4]]


def test_a_step_is_what_it_was_when_noted(toy):
    def in_place(xp, note, x, gain):
        state = xp.asarray(x, copy=True)
        for _ in range(2):
            state += 1
            note("square", state)
        return {"y": xp.sum(state, axis=-1)}

    for lane in ("numpy", "torch"):
        if lane == "torch":
            needs_torch()
        got = run(changed(toy, compute=in_place, claims=()), {"x": [0.0]}, lane=lane, oracle=False)
        assert got.steps[0].value.tolist() == [[1], [2]]


def test_arguments_survive_a_compute_that_works_in_place(toy):
    def greedy(xp, note, x, gain):
        note("square", x * x)
        x *= 0
        return {"y": xp.sum(x, axis=-1)}

    got = run(changed(toy, compute=greedy), {"x": [1.0, 2.0]})
    assert got.inputs["x"].tolist() == [1.0, 2.0]
    assert not got.oracle.agrees
    assert got.oracle.max_error == pytest.approx(5 / 6)


@pytest.mark.parametrize(
    ("compute", "words"),
    [
        (lambda xp, note, x, gain: {"z": x}, "the record declares"),
        (lambda xp, note, x, gain: note("cube", x), "does not declare: cube"),
        (lambda xp, note, x, gain: {"y": note("square", x) or note("square", x[:1]) or x}, "changed its shape"),
        (lambda xp, note, x, gain: {"y": x + 1j}, "neither real nor integer"),
    ],
)
def test_a_solver_that_breaks_its_record(toy, compute, words):
    with pytest.raises(SolverError, match=words):
        run(changed(toy, compute=compute, claims=()), oracle=False)


def test_an_oracle_of_other_outputs(toy):
    with pytest.raises(SolverError, match="the oracle returned"):
        run(changed(toy, oracle=lambda x, gain: {"z": 1.0}))


def test_integers_stay_exact(toy):
    doubled = changed(
        toy,
        params={"x": Param([1, 2], TEXT, shape="(..., K)"), "gain": toy.params["gain"]},
        compute=lambda xp, note, x, gain: {"y": note("square", x) or xp.sum(2 * x, axis=-1)},
        oracle=lambda x, gain: {"y": np.array(sum(2 * int(v) for v in x))},
        tolerance={"int64": 0},
        claims=(Claim("even", zh="偶", en="even", residual=lambda given, out: out["y"] % 2),),
    )
    for lane in ("numpy", "torch"):
        if lane == "torch":
            needs_torch()
        got = run(doubled, {"x": [2**60, 1]}, lane=lane)
        assert got.outputs["y"].dtype == np.int64
        assert int(got.outputs["y"]) == 2**61 + 2
        assert got.oracle.agrees
        assert got.claims[0].holds
    with pytest.raises(BadInput, match="x must hold integers"):
        run(doubled, {"x": [0.5]})


def test_booleans_come_back_as_integers(toy):
    got = run(changed(toy, compute=lambda xp, note, x, gain: {"y": note("square", x) or x > 1}), oracle=False)
    assert got.outputs["y"].tolist() == [0, 1]
    assert got.outputs["y"].dtype == np.int64


def noisy(toy):
    return changed(
        toy,
        noise=lambda rng, x, gain: {"e": rng.normal(size=x.shape)},
        compute=lambda xp, note, x, gain, e: {"y": note("square", e) or xp.sum(x + e, axis=-1)},
        oracle=lambda x, gain, e: {"y": np.array(float(np.sum(x)) + float(np.sum(e)))},
        claims=(Claim("seen", zh="见", en="seen", residual=lambda given, out: given["e"] - out["square"]),),
    )


def test_noise_is_drawn_once_after_the_arguments(toy):
    once, again, other = (run(noisy(toy), {"x": [0.0] * 5}, seed=seed) for seed in (3, 3, 4))
    assert once.noise["e"].shape == (5,)
    assert once.outputs["y"] == again.outputs["y"] != other.outputs["y"]
    assert once.oracle.agrees
    assert once.claims[0].holds
    needs_torch()
    there = run(noisy(toy), {"x": [0.0] * 5}, seed=3, lane="torch")
    assert np.allclose(there.noise["e"], once.noise["e"], atol=0)
    for seed in (-1, True, 1.5):
        with pytest.raises(BadInput, match="seed must be an integer from 0 up"):
            run(noisy(toy), seed=seed)


def test_a_claim_that_fails_and_one_that_is_nan(toy):
    claims = (
        Claim("off", zh="差", en="off", residual=lambda given, out: np.array([0.0, -1e-3])),
        Claim("lost", zh="失", en="lost", residual=lambda given, out: np.array([0.0, np.nan])),
        Claim("empty", zh="空", en="empty", residual=lambda given, out: np.zeros(0)),
    )
    off, lost, empty = run(changed(toy, claims=claims)).claims
    assert (off.holds, off.residual) == (False, 1e-3)
    assert not lost.holds
    assert np.isnan(lost.residual)
    assert empty.holds


def test_a_torch_oracle_waits_for_check(toy):
    calls = []

    def oracle(x, gain):
        calls.append(1)
        return {"y": gain * np.sum(x * x, axis=-1)}

    torchy = changed(toy, oracle=oracle, oracle_route="torch.sum")
    got = run(torchy)
    assert (got.oracle.max_error, got.oracle.agrees, calls) == (None, None, [])
    assert "--check" in got.oracle.why
    assert "max_error" in got.json()["oracle"]
    assert run(torchy, check=True).oracle.max_error == 0
    assert calls == [1]


def test_an_oracle_whose_library_is_missing(toy):
    def oracle(x, gain):
        raise ModuleNotFoundError("no", name="sklearn.linear_model")

    lacking = changed(toy, oracle=oracle)
    got = run(lacking)
    assert got.oracle.max_error is None
    assert "scikit-learn" in got.oracle.why
    with pytest.raises(MissingExtra, match="scikit-learn"):
        run(lacking, check=True)
    with pytest.raises(ModuleNotFoundError):
        run(changed(toy, oracle=lambda x, gain: __import__("no_such_module_at_all")))


def test_steps_stream_and_cancelling_stops(toy):
    seen = []

    def many(xp, note, x, gain):
        for k in range(10):
            note("square", x * k)
        return {"y": xp.sum(x, axis=-1)}

    slow = changed(toy, compute=many, claims=())
    run(slow, on_step=lambda step, value: seen.append((step, value.tolist())), oracle=False)
    assert seen[1] == ("square", [1.0, 2.0])
    assert len(seen) == 10
    seen.clear()
    with pytest.raises(Cancelled):
        run(slow, on_step=lambda step, value: seen.append(step), cancelled=lambda: len(seen) >= 3)
    assert len(seen) == 3


def descend(xp, note, x, gain):
    """Fit w to x by gradient descent from a random start: needs autograd, a generator and progress."""
    import torch

    w = torch.randn(x.shape, generator=note.generator, dtype=x.dtype, device=note.device).requires_grad_()
    for step in range(50):
        loss = ((w - x) ** 2).sum()
        (grad,) = torch.autograd.grad(loss, w)
        with torch.no_grad():
            w -= 0.25 * grad
        note("square", loss)
        note.progress(step + 1, 50)
    return {"y": w.sum()}


@pytest.fixture
def trained(toy):
    needs_torch()
    return changed(
        toy, compute=descend, oracle=lambda x, gain: {"y": np.sum(x)}, oracle_route="closed form",
        lanes=("torch",), tolerance={"float64": 1e-9}, claims=(),
    )  # fmt: skip


def test_a_torch_only_solver(trained, simulated):
    told = []
    got = run(trained, {"x": [1.0, 2.0]}, seed=5, on_progress=lambda done, total: told.append((done, total)))
    assert got.lane == "torch"
    assert got.oracle.agrees
    assert got.steps[0].value.shape == (50,)
    assert told[-1] == (50, 50)
    again, other = (run(trained, {"x": [1.0, 2.0]}, seed=seed).steps[0].value[0] for seed in (5, 6))
    assert got.steps[0].value[0] == again != other


def test_a_torch_only_solver_is_cancelled(trained, simulated):
    told = []
    with pytest.raises(Cancelled):
        run(trained, on_progress=lambda done, total: told.append(done), cancelled=lambda: len(told) >= 2)
    assert told == [1, 2]


def test_progress_alone_is_enough_to_cancel(toy):
    told = []

    def silent(xp, note, x, gain):
        for k in range(5):
            note.progress(k + 1, 5)
        return {"y": xp.sum(x, axis=-1)}

    quiet = changed(toy, compute=silent, claims=())
    with pytest.raises(Cancelled):
        run(quiet, on_progress=lambda done, total: told.append(done), cancelled=lambda: len(told) >= 2)
    assert told == [1, 2]


def test_a_numpy_run_has_no_generator(toy):
    found = []

    def curious(xp, note, x, gain):
        found.append((note.generator, note.device))
        note("square", x)
        return {"y": xp.sum(x, axis=-1)}

    run(changed(toy, compute=curious, claims=()), oracle=False)
    assert found == [(None, "cpu")]


def test_an_empty_array_is_one_line_even_where_the_check_trips_over_it(toy):
    def trips(x, gain):
        np.max(x)

    for check in (toy.check, trips):
        with pytest.raises(BadInput, match=r"^x must [^;]+; got "):
            prepare(replace(toy, check=check), {"x": []})


def test_a_check_that_is_broken_is_not_hidden(toy):
    def broken(x, gain):
        raise ValueError("a fault of the solver")

    with pytest.raises(ValueError, match="a fault of the solver"):
        prepare(replace(toy, check=broken), {"x": [1.0]})
