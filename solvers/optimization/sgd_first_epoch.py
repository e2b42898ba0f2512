"""SGD on more and more data: how many examples it needs to come near the test error of the fit to all of them.

Data: y = x.w + noise, x standard normal in D dimensions, noise of deviation 1, w of length ``signal``. SGD with a fixed
rate meets the examples once, in minibatches, from 0. The test error of theta is (1 + |theta - w|^2) / 2, exactly.
``final`` is that of least squares on all N examples; SGD is near where its error is at most 1 + tolerance times that.
Shapes: sizes (S,) -> needed, share (S,): examples met until then, and over N, averaged over ``runs`` data sets of
which every size takes the first N examples; final (S,). Where it takes more than N, needed stands at the largest N.
Errors: BadInput for sizes below 20 D or not increasing, a rate that diverges, too many draws.
Reference: Goodfellow et al. (2016), sections 5.9 and 8.3.1; Bottou & Bousquet (2008).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

DRAWS = 3_000_000
STEPS = 50_000


def check(sizes, features, signal, batch, eps, tolerance, runs):
    require(1 <= features <= 100, "features", "lie between 1 and 100", features)
    require(sizes.ndim == 1 and 1 <= sizes.size <= 16, "sizes", "be a list of 1 to 16 sizes", sizes.shape)
    whole = np.all((sizes == np.floor(sizes)) & (sizes <= DRAWS) & (sizes >= 20 * features))
    require(whole, "sizes", f"hold whole numbers from {20 * features}, twenty a feature", sizes)
    require(np.all(np.diff(sizes) > 0), "sizes", "increase", sizes)
    require(0 < signal <= 1000, "signal", "be positive and at most 1000", signal)
    require(1 <= batch <= sizes[0], "batch", "lie between 1 and the smallest size", batch)
    require(eps > 0 and eps * (features + 2 + batch) <= 1.5 * batch, "eps",
            "be positive and keep eps (1 + (features + 2) / batch) within 1.5", eps)  # fmt: skip
    require(0.001 <= tolerance <= 10, "tolerance", "lie between 0.001 and 10", tolerance)
    require(1 <= runs <= 1000, "runs", "lie between 1 and 1000", runs)
    draws = int(sizes[-1]) * (features + 1) * runs
    require(draws <= DRAWS, "sizes", f"keep the largest size times (features + 1) times runs within {DRAWS}", sizes)
    require(sizes[-1] <= STEPS * batch, "batch", f"leave at most {STEPS} steps in the largest size", batch)


def noise(rng, sizes, features, signal, batch, eps, tolerance, runs):
    """One stream of examples for each run."""
    n = int(sizes[-1])
    w = rng.normal(size=(runs, features))
    return {
        "x": rng.normal(size=(runs, n, features)),
        "e": rng.normal(size=(runs, n)),
        "w": signal * w / np.linalg.norm(w, axis=1, keepdims=True),
        "count": sizes.astype(np.int64),
    }


def compute(xp, note, sizes, features, signal, batch, eps, tolerance, runs, x, e, w, count):
    n = x.shape[1]
    y = xp.matmul(x, w[:, :, None])[:, :, 0] + e
    place = xp.arange(n, device=x.device)

    def error(theta):
        return (1 + xp.sum((theta - w) ** 2, axis=-1)) / 2

    finals = []
    for i in range(sizes.shape[0]):
        inside = xp.where(place < count[i], xp.ones_like(e), xp.zeros_like(e))[:, :, None]
        kept = xp.matrix_transpose(x * inside)
        fit = xp.linalg.solve(xp.matmul(kept, x), xp.matmul(kept, y[:, :, None]))[:, :, 0]
        finals.append(error(fit))
    final = xp.stack(finals)
    theta = xp.zeros_like(w)
    far, needed = xp.ones_like(final), xp.zeros_like(final)
    errors = []
    for k in range(n // batch + 1):
        now = error(theta)
        errors.append(xp.mean(now))
        far = xp.where(now[None, :] <= (1 + tolerance) * final, xp.zeros_like(far), far)
        if k == n // batch:
            break
        needed = needed + batch * far
        rows = slice(k * batch, (k + 1) * batch)
        missed = xp.matmul(x[:, rows, :], theta[:, :, None])[:, :, 0] - y[:, rows]
        theta = theta - eps / batch * xp.matmul(missed[:, None, :], x[:, rows, :])[:, 0, :]
    note("error", xp.stack(errors))
    mean = xp.mean(needed, axis=1)
    return {"needed": mean, "share": mean / sizes, "final": xp.mean(final, axis=1)}


def oracle(sizes, features, signal, batch, eps, tolerance, runs, x, e, w, count):
    """One data set at a time: numpy's least squares, and SGD until it is near."""
    needed, finals = np.zeros((len(sizes), runs)), np.zeros((len(sizes), runs))
    for r in range(runs):
        y = x[r] @ w[r] + e[r]
        for i, n in enumerate(count):
            fit = np.linalg.lstsq(x[r, :n], y[:n], rcond=None)[0]
            finals[i, r] = 0.5 + np.linalg.norm(fit - w[r]) ** 2 / 2
        theta, met, waiting = np.zeros(features), 0, set(range(len(sizes)))
        while True:
            error = 0.5 + np.linalg.norm(theta - w[r]) ** 2 / 2
            for i in [i for i in waiting if error <= (1 + tolerance) * finals[i, r]]:
                needed[i, r] = met
                waiting.discard(i)
            if not waiting or met + batch > x.shape[1]:
                break
            rows = np.arange(met, met + batch)
            theta = theta - eps * np.mean((x[r, rows] @ theta - y[rows])[:, None] * x[r, rows], axis=0)
            met += batch
        for i in waiting:
            needed[i, r] = met
    return {"needed": needed.mean(axis=1), "share": needed.mean(axis=1) / sizes, "final": finals.mean(axis=1)}


def sample(rng):
    return {"sizes": [120.0, 300.0], "features": int(rng.integers(2, 5)), "signal": float(rng.uniform(1, 4)),
            "batch": int(rng.choice([5, 10])), "eps": float(rng.uniform(0.05, 0.2)), "tolerance": 0.2,
                "runs": 4}  # fmt: skip


def variant(rng):
    return {"sizes": [100, int(rng.choice([200, 300, 400]))], "features": 2, "signal": int(rng.choice([2, 3, 4])),
            "batch": 10, "eps": float(rng.choice([0.1, 0.2])), "tolerance": 0.2, "runs": 2}  # fmt: skip


MISTAKES = (
    Mistake("all-of-it", "以为至少要看完整个训练集一遍", "takes a whole pass to be needed",
            lambda **given: {"share": np.ones(len(given["sizes"])), "needed": given["sizes"] + 0.0}),
    Mistake("grows-with-the-data", "以为所需的样本数随训练集成比例增加",
            "takes the examples needed to grow with the data set",
            lambda **given: {"share": np.full(len(given["sizes"]), 0.5), "needed": given["sizes"] / 2}),
)  # fmt: skip


# ---- Claims, for a data set that is large beside what SGD needs: the start's error has to fall below the tolerance.


def _large(given):
    steps = np.log(1 + 4 * given["signal"] ** 2 / given["tolerance"]) / given["eps"]
    floor = given["eps"] * given["features"] / given["batch"]
    return (given["sizes"] >= 5 * steps * given["batch"]) & (floor <= given["tolerance"])


def _within(given, out):
    return np.where(_large(given), np.maximum(out["share"] - 0.5, 0.0), 0.0)


def _as_many(given, out):
    """Among large sizes the examples needed differ by less than a half."""
    large = _large(given)
    if np.sum(large) < 2:
        return 0.0
    needed = out["needed"][large]
    return max(np.max(needed) / np.min(needed) - 1.5, 0.0)


def figure(given, out, steps):
    met = np.arange(len(steps["error"])) * given["batch"]
    keep = np.unique(
        np.round(np.linspace(0, min(len(met) - 1, 4 * np.max(out["needed"]) / given["batch"]), 80)).astype(int)
    )
    level = np.full(keep.size, (1 + given["tolerance"]) * float(out["final"][-1]))
    return Figure(
        {"zh": "SGD 看过的样本与测试误差", "en": "test error of SGD by examples met"},
        (
            Lines(met[keep], steps["error"][keep], {"zh": "SGD，第一遍", "en": "SGD, first pass"}),
            Lines(met[keep], level, {"zh": "最终误差加容差", "en": "final error and tolerance"}),
        ),
        x={"zh": "看过的样本数", "en": "examples met"}, y={"zh": "测试误差", "en": "test error"}, log="y",
    )  # fmt: skip


SOLVER = Solver(
    title={"zh": "第一遍还没看完就够好了", "en": "good enough within the first pass"},
    formula=r"\frac12\left(1+\|\theta-w\|^2\right)\le(1+\mathrm{tol})\,L_{\mathrm{final}}",
    params={
        "sizes": Param([1000.0, 4000.0, 16000.0],
            {"zh": "训练集的大小，递增", "en": "sizes of the training set, increasing"},
                       shape="(S,)"),
        "features": Param(10, {"zh": "特征数", "en": "number of features"}, kind="int"),
        "signal": Param(3.0, {"zh": "真权重的长度", "en": "length of the true weights"}, kind="float"),
        "batch": Param(10, {"zh": "小批量大小", "en": "examples in a minibatch"}, kind="int"),
        "eps": Param(0.05, {"zh": "学习率", "en": "learning rate"}, kind="float"),
        "tolerance": Param(0.05, {"zh": "容差", "en": "the tolerance"}, kind="float"),
        "runs": Param(10, {"zh": "数据集的个数", "en": "number of data sets"}, kind="int"),
    },
    outputs={"needed": "examples", "share": "1", "final": "1"},
    steps={"error": {"zh": "SGD 的测试误差", "en": "test error of SGD"}},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="numpy.linalg.lstsq and a loop, one data set at a time",
    noise=noise,
    sample=sample,
    variant=variant,
    tolerance={"float64": 1e-9},
    smooth=False,
    batched=False,
    claims=(
        Claim("within-the-first-pass", zh="训练集够大时，看到不足一半就已在容差之内",
              en="on a large training set less than half of it is enough", residual=_within),
        Claim("as-many-whatever-the-size", zh="所需的样本数几乎不随训练集变大",
              en="the examples needed hardly grow with the set",
              residual=_as_many),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"sizes": [100.0]}, "sizes must hold whole numbers from 200"),
        Reject({"sizes": [2000.0, 1000.0]}, "sizes must increase"),
        Reject({"sizes": [1e6]}, "sizes must keep the largest size"),
        Reject({"sizes": [100_000.0], "features": 1, "batch": 1, "runs": 1}, "batch must leave at most 50000 steps"),
        Reject({"eps": 1.5}, "eps must be positive and keep"),
        Reject({"eps": float("nan")}, "eps must be positive and keep"),
        Reject({"features": 0}, "features must lie between"),
        Reject({"tolerance": 0.0}, "tolerance must lie between"),
    ),
    figure=figure,
)  # fmt: skip
