"""Lasso, ridge and elastic net on twin features: who drops one, and how far the coefficients wander.

    y = w1 x1 + w2 x2 + sigma e,  corr(x1, x2) = rho,  fitted by  |y - Xw|^2 / (2n) + l1 |w|_1 + l2 |w|^2 / 2

with (l1, l2) = (alpha, 0) for the lasso, (0, alpha) for ridge, (alpha/2, alpha/2) for the elastic net; no intercept.
Each of several data sets is drawn afresh and resampled by the bootstrap. A fit "drops one" where exactly one of its
two coefficients is zero. Spreads are standard deviations over the resamples, averaged over twins and data sets.
Shapes: truth (2,); lasso, ridge, net (datasets, resamples, 2); drops_by_data (datasets,); outputs are numbers.
Not batched: the shape of the draws follows from the arguments. float64 only: twins cost a Gram matrix its digits.
Convergence: on twins plain coordinate descent contracts by rho^2 a sweep only. While the signs stay the same, its
sweeps are a geometric series, which is summed here; a bracket keeps the sum in bounds. That it arrived is a claim.
Errors: BadInput for correlations of +-1 (the lasso is not unique there), fewer than 10 examples, too many draws.
Reference: Zou & Hastie (2005); Tibshirani (1996); Hastie, Tibshirani & Friedman (2009), section 3.4.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

ROUNDS = 50
DRAWS = 2_000_000


def check(truth, n, correlation, sigma, alpha, datasets, resamples):
    require(truth.shape == (2,), "truth", "hold two weights", truth.shape)
    require(np.all(np.abs(truth) <= 1000), "truth", "hold finite numbers of size at most 1000", truth)
    require(10 <= n <= 10_000, "n", "lie between 10 and 10000", n)
    require(abs(correlation) <= 0.99999, "correlation", "lie between -0.99999 and 0.99999", correlation)
    require(0 <= sigma <= 1000, "sigma", "lie between 0 and 1000", sigma)
    require(1e-6 <= alpha <= 1000, "alpha", "lie between 1e-6 and 1000", alpha)
    require(1 <= datasets <= 1000, "datasets", "lie between 1 and 1000", datasets)
    require(2 <= resamples <= 100_000, "resamples", "lie between 2 and 100000", resamples)
    work = n * datasets * resamples
    require(work <= DRAWS, "resamples", f"keep n times datasets times resamples within {DRAWS}", work)


def noise(rng, truth, n, correlation, sigma, alpha, datasets, resamples):
    """Two independent columns and the noise of each data set; how often each resample takes each example."""
    return {
        "z": rng.normal(size=(datasets, n, 2)),
        "e": rng.normal(size=(datasets, n)),
        "counts": rng.multinomial(n, np.full(n, 1 / n), size=(datasets, resamples)).astype(np.float64),
    }


def compute(xp, note, truth, n, correlation, sigma, alpha, datasets, resamples, z, e, counts):
    x1, fresh = z[:, :, 0], z[:, :, 1]
    x2 = correlation * x1 + math.sqrt(1 - correlation**2) * fresh
    y = truth[0] * x1 + truth[1] * x2 + sigma * e
    products = xp.stack([x1 * x1, x2 * x2, x1 * x2, x1 * y, x2 * y], axis=-1)
    moments = xp.matmul(counts, products) / n
    g1, g2, g12, c1, c2 = (moments[:, :, k] for k in range(5))

    def descend(l1, l2):
        """Coordinate descent on (w1, w2); ``x`` is w2, ``t`` what one sweep makes of it."""

        def soft(value):
            return value - xp.clip(value, -l1, l1)

        a1, a2, one, x = g1 + l2, g2 + l2, xp.ones_like(c2), xp.zeros_like(c2)
        contraction = g12 * g12 / (a1 * a2)
        low, high = -math.inf * one, math.inf * one
        for _ in range(ROUNDS):
            w1 = soft(c1 - g12 * x) / a1
            t = soft(c2 - g12 * w1) / a2
            low, high = xp.where(t > x, x, low), xp.where(t < x, x, high)
            ahead = x + (t - x) / xp.where((w1 != 0) & (t != 0), 1 - contraction, one)
            inside = (ahead > low) & (ahead < high) | (ahead == x)
            x = xp.where(inside, ahead, (low + high) / 2)
        w1 = soft(c1 - g12 * x) / a1
        return xp.stack([w1, soft(c2 - g12 * w1) / a2], axis=-1)

    lasso, ridge, net = descend(alpha, 0.0), descend(0.0, alpha), descend(alpha / 2, alpha / 2)
    note("lasso", lasso)
    note("ridge", ridge)
    note("net", net)

    def drops(w):
        """Where only the first goes, where only the second."""
        gone = xp.where(w == 0, xp.ones_like(w), xp.zeros_like(w))
        return gone[:, :, 0] * (1 - gone[:, :, 1]), gone[:, :, 1] * (1 - gone[:, :, 0])

    first, second = drops(lasso)
    by_data = xp.mean(first + second, axis=1)
    note("drops_by_data", by_data)

    def spread(w):
        return xp.mean(xp.std(w, axis=1))

    return {
        "l1_drops": xp.mean(by_data),
        "l1_drops_least": xp.min(by_data),
        "l1_drops_most": xp.max(by_data),
        "l2_drops": xp.mean(sum(drops(ridge))),
        "net_drops": xp.mean(sum(drops(net))),
        "first_dropped": xp.mean(first),
        "second_dropped": xp.mean(second),
        "l1_spread": spread(lasso),
        "l2_spread": spread(ridge),
        "net_spread": spread(net),
        "l1_sum_spread": spread(xp.sum(lasso, axis=-1)),
    }


# ---- Another route: every pattern of signs solved exactly, the least objective wins.


def _moments(given):
    """Gram matrices (…, 2, 2), covariances with y (…, 2) and mean squares of y (…) of all resamples."""
    z, rho = given["z"], given["correlation"]
    X = z @ np.array([[1.0, rho], [0.0, np.sqrt(1 - rho**2)]])
    y = np.einsum("dnj,j->dn", X, given["truth"]) + given["sigma"] * given["e"]
    share = given["counts"] / given["n"]
    gram = np.einsum("drn,dni,dnj->drij", share, X, X, optimize=True)
    return gram, np.einsum("drn,dni,dn->dri", share, X, y, optimize=True), np.einsum("drn,dn->dr", share, y**2)


def _least(gram, c, l1, l2):
    A = gram + l2 * np.eye(2)
    best, lowest = np.zeros(c.shape), np.full(c.shape[:-1], np.inf)
    for signs in itertools.product((-1.0, 0.0, 1.0), repeat=2):
        s, w = np.array(signs), np.zeros(c.shape)
        on = np.flatnonzero(s)
        if on.size:
            w[..., on] = np.linalg.solve(A[..., on[:, None], on], (c - l1 * s)[..., on, None])[..., 0]
        value = np.einsum("...i,...ij,...j->...", w, A, w) / 2 + np.sum(l1 * np.abs(w) - c * w, axis=-1)
        better = np.all(w[..., on] * s[on] > 0, axis=-1) & (value < lowest)
        best, lowest = np.where(better[..., None], w, best), np.where(better, value, lowest)
    return best


def _penalties(alpha):
    return {"l1": (alpha, 0.0), "l2": (0.0, alpha), "net": (alpha / 2, alpha / 2)}


def _fits(given):
    gram, c, _ = _moments(given)
    return {name: _least(gram, c, *both) for name, both in _penalties(given["alpha"]).items()}


def _summary(fits):
    one = {name: np.logical_xor(*np.moveaxis(w == 0, -1, 0)) for name, w in fits.items()}
    first, second = np.moveaxis((fits["l1"] == 0) & one["l1"][..., None], -1, 0)
    return {
        **{f"{name}_drops": one[name].mean() for name in fits},
        **{f"{name}_spread": w.std(axis=1).mean() for name, w in fits.items()},
        "l1_drops_least": one["l1"].mean(axis=1).min(),
        "l1_drops_most": one["l1"].mean(axis=1).max(),
        "first_dropped": first.mean(),
        "second_dropped": second.mean(),
        "l1_sum_spread": fits["l1"].sum(axis=-1).std(axis=1).mean(),
    }


def oracle(**given):
    return _summary(_fits(given))


def sample(rng):
    return {
        "truth": rng.uniform(0.3, 2.0, size=2) * rng.choice([-1.0, 1.0], size=2),
        "n": int(rng.integers(12, 31)),
        "correlation": float(rng.choice([-0.9, 0.0, 0.5, 0.9, 0.99, 0.9995])),
        "sigma": float(rng.uniform(0.3, 1.5)),
        "alpha": float(rng.uniform(0.02, 0.3)),
        "datasets": int(rng.integers(1, 4)),
        "resamples": int(rng.integers(2, 16)),
    }


def variant(rng):
    """A few resamples of two data sets with twins that are nearly equal."""
    return {
        "n": int(rng.choice([40, 50, 60, 80])),
        "correlation": float(rng.choice([0.999, 0.9995, 0.9998])),
        "alpha": float(rng.choice([0.05, 0.1, 0.2])),
        "datasets": 2,
        "resamples": 50,
    }


def _changes(right, wrong):
    return {name: value for name, value in wrong.items() if abs(value - right[name]) > 1e-6}


def _exchanged(**given):
    """As printed: L1 for related features, so it would be the steady one of the two."""
    right = _summary(_fits(given))
    swap = {"l1_drops": "l2_drops", "l2_drops": "l1_drops", "l1_spread": "l2_spread", "l2_spread": "l1_spread"}
    return _changes(right, {name: right[other] for name, other in swap.items()})


def _stops_early(**given):
    """Plain sweeps until none moves a weight by more than 1e-4 of the largest, or 1000 sweeps."""
    gram, c, _ = _moments(given)
    g1, g2, g12, c1, c2 = (v.ravel() for v in (gram[..., 0, 0], gram[..., 1, 1], gram[..., 0, 1], c[..., 0], c[..., 1]))
    w, on = np.zeros((2, c1.size)), np.arange(c1.size)  # ``on``: the fits that still move
    for _ in range(1000):
        old, left = w[:, on], c1[on] - g12[on] * w[1, on]
        w[0, on] = (left - np.clip(left, -given["alpha"], given["alpha"])) / g1[on]
        left = c2[on] - g12[on] * w[0, on]
        w[1, on] = (left - np.clip(left, -given["alpha"], given["alpha"])) / g2[on]
        on = on[np.max(np.abs(w[:, on] - old), axis=0) > 1e-4 * np.max(np.abs(w[:, on]), axis=0)]
    right = _fits(given)
    wrong = _summary({**right, "l1": w.T.reshape(c.shape)})
    return {name: v for name, v in _changes(_summary(right), wrong).items() if name.startswith("l1_drops")}


def _independent_twins(**given):
    fits = _fits(given)
    return _changes(_summary(fits), {"l1_sum_spread": np.hypot(*np.moveaxis(fits["l1"].std(axis=1), -1, 0)).mean()})


MISTAKES = (
    Mistake("printed-000-e035", "方向反了：特征相关时稳定的是 L2，L1 会丢掉其中一个",
            "the wrong way round: on correlated features L2 is the steady one, L1 drops one of them", _exchanged),
    Mistake("stopped-early", "坐标下降没收敛就停了：两列越像，每轮收缩得越少（只有 ρ²）",
            "coordinate descent was stopped before it converged: on twins a sweep contracts by rho^2 only",
            _stops_early),
    Mistake("keeps-both", "以为 lasso 会给两列各留一半", "expects the lasso to leave each twin its half",
            lambda **given: _changes(_summary(_fits(given)), {"l1_drops": 0.0})),
    Mistake("independent-twins", "把两个系数当成相互独立：它们此消彼长，和很稳定",
            "takes the two coefficients for independent: one gains what the other loses, and their sum is steady",
            _independent_twins),
)  # fmt: skip


def _converged(given, out):
    """How far the conditions of a minimum are from holding, relative to the numbers they are made of."""
    gram, c, _ = _moments(given)
    residuals = []
    for name, (l1, l2) in zip(("lasso", "ridge", "net"), _penalties(given["alpha"]).values(), strict=True):
        w = out[name]
        pull = c - np.einsum("...ij,...j->...i", gram, w) - l2 * w
        miss = np.where(w == 0, np.maximum(np.abs(pull) - l1, 0.0), pull - l1 * np.sign(w))
        residuals.append(miss / (1 + np.max(np.abs(c), axis=-1, keepdims=True) + l1))
    return np.stack(residuals)


def _twin_distance(gram):
    """|x1 - x2| / sqrt(n)"""
    return np.sqrt(np.maximum(gram[..., 0, 0] + gram[..., 1, 1] - 2 * gram[..., 0, 1], 0.0))


def _shares(given, out):
    """Ridge: |w1 - w2| <= |x1 - x2| |y| / (n alpha), because alpha (w1 - w2) = (x1 - x2)'(y - Xw) / n."""
    gram, _, square = _moments(given)
    bound = _twin_distance(gram) * np.sqrt(square) / given["alpha"]
    return np.maximum(np.abs(out["ridge"][..., 0] - out["ridge"][..., 1]) - bound, 0.0) / (1 + bound)


def _leftover(given, out):
    """1 where a column is dropped although the other leaves more than alpha of its covariance, or the converse."""
    gram, c, _ = _moments(given)
    alone = np.sign(c) * np.maximum(np.abs(c) - given["alpha"], 0.0) / np.stack([gram[..., 0, 0], gram[..., 1, 1]], -1)
    left = np.abs(c - gram[..., :1, 1] * alone[..., ::-1])
    clear = np.abs(left - given["alpha"]) > 1e-9 * (1 + np.abs(c))
    return np.where(clear & ((left <= given["alpha"]) != (out["lasso"] == 0)), 1.0, 0.0)


def _split_is_free(given, out):
    """An even split of the lasso's total costs t |x1-x2| |y| / n + t^2 |x1-x2|^2 / (2n) at most, t what is moved."""
    gram, c, square = _moments(given)

    def objective(w):
        fit = np.einsum("...i,...ij,...j->...", w, gram, w) / 2 - np.sum(c * w, axis=-1)
        return fit + given["alpha"] * np.sum(np.abs(w), axis=-1)

    w = out["lasso"]
    even = np.repeat(w.mean(axis=-1, keepdims=True), 2, axis=-1)
    moved, d = np.abs(w[..., 0] - w[..., 1]) / 2, _twin_distance(gram)
    cost = objective(even) - objective(w)
    outside = np.maximum(cost - moved * d * np.sqrt(square) - (moved * d) ** 2 / 2, 0.0) + np.minimum(cost, 0.0)
    return np.where(np.prod(w, axis=-1) >= 0, outside / (1 + square), 0.0)


def _many(given):
    return given["datasets"] >= 20 and given["n"] >= 30


def _twins(given):
    """Equal weights; noise that blurs the split to 3 times their sum; a penalty above the twins' noise, below them."""
    (a, b), sigma, n = given["truth"], given["sigma"], given["n"]
    distance = math.sqrt(2 * (1 - given["correlation"]))
    blurred = sigma >= 3 * abs(a + b) * distance * math.sqrt(n)
    return a == b != 0 and blurred and 2 * sigma * distance / math.sqrt(n) <= given["alpha"] <= abs(a) / 2


def _one_goes(given, out):
    return np.maximum(0.5 - out["l1_drops"], 0.0) if _many(given) and _twins(given) else 0.0


def _either_goes(given, out):
    less = np.minimum(out["first_dropped"], out["second_dropped"])
    return np.maximum(0.1 - less, 0.0) if _many(given) and _twins(given) else 0.0


def _uncorrelated(given, out):
    """The premise: weights 2.8 standard errors above alpha (those of a sample and of its resampling together)."""
    low, high = np.min(np.abs(given["truth"])), np.max(np.abs(given["truth"]))
    clear = low >= given["alpha"] + 2.8 * math.sqrt(2 * (given["sigma"] ** 2 + 2 * high**2) / given["n"])
    return np.maximum(out["l1_drops"] - 0.05, 0.0) if _many(given) and clear and given["correlation"] == 0 else 0.0


CLAIMS = (
    Claim("converged", zh="三种拟合都满足最优性条件：坐标下降确实收敛了",
          en="all three fits meet the conditions of a minimum: coordinate descent has converged", residual=_converged),
    Claim("l2-shares", zh="L2 平分权重：|w₁−w₂| ≤ ‖x₁−x₂‖‖y‖/(nα)，两列越像，权重越接近",
          en="L2 shares the weight: |w1-w2| <= |x1-x2| |y| / (n alpha); the more alike the columns, the closer",
          residual=_shares),
    Claim("leftover-decides", zh="L1 丢掉一列，当且仅当另一列吃剩的协方差不超过 α",
          en="L1 drops a column exactly where the other one leaves at most alpha of its covariance with y",
          residual=_leftover),
    Claim("split-is-free", zh="对 L1 来说怎样分摊几乎无所谓：改成平分的代价随 ‖x₁−x₂‖ 趋于 0",
          en="to L1 the split hardly matters: what an even one costs vanishes with |x1-x2|", residual=_split_is_free),
    Claim("one-twin-goes", zh="孪生特征、真权重相等（20 份数据以上）：半数以上的拟合里 L1 只留一列",
          en="twins of equal weight (20 data sets or more): in over half of the fits L1 keeps one only",
          residual=_one_goes),
    Claim("either-twin-goes", zh="丢哪一列由噪声决定：两列各在 10% 以上的拟合里被丢掉",
          en="which one goes is up to the noise: each is dropped in over 10 % of the fits", residual=_either_goes),
    Claim("uncorrelated-stay", zh="相关系数为 0、权重够大时（20 份数据以上），L1 丢掉一列的不到 5%",
          en="with correlation 0 and clear weights (20 data sets or more) L1 drops one in under 5 %",
          residual=_uncorrelated),
)  # fmt: skip


def figure(given, out, steps):
    """The coefficients of the first data set's resamples."""
    total = float(np.sum(given["truth"]))
    lasso, ridge = steps["lasso"][0], steps["ridge"][0]
    return Figure(
        title={"zh": "重采样得到的两个系数", "en": "the two coefficients, resample by resample"},
        marks=(
            Scatter(lasso[:, 0], lasso[:, 1], {"zh": "L1（lasso）", "en": "L1 (lasso)"}),
            Scatter(ridge[:, 0], ridge[:, 1], {"zh": "L2（岭回归）", "en": "L2 (ridge)"}),
            Lines(np.array([0.0, total]), np.array([total, 0.0]), {"zh": "和不变", "en": "same sum"}),
        ),
        x={"zh": "w₁", "en": "w1"},
        y={"zh": "w₂", "en": "w2"},
    )


SOLVER = Solver(
    title={"zh": "相关特征上的 L1 与 L2", "en": "L1 and L2 on correlated features"},
    formula=r"\min_w\ \frac{1}{2n}\|y-Xw\|_2^2+\alpha_1\|w\|_1+\frac{\alpha_2}{2}\|w\|_2^2",
    params={
        "truth": Param([1.0, 1.0], {"zh": "两列的真权重", "en": "true weights of the two columns"}, shape="(2,)"),
        "n": Param(60, {"zh": "每份数据的样本数", "en": "examples in a data set"}, kind="int"),
        "correlation": Param(0.9998, {"zh": "两列的相关系数 ρ", "en": "correlation rho of the columns"}, kind="float"),
        "sigma": Param(1.0, {"zh": "噪声的标准差", "en": "standard deviation of the noise"}, kind="float"),
        "alpha": Param(0.1, {"zh": "惩罚强度 α", "en": "strength alpha of the penalty"}, kind="float"),
        "datasets": Param(20, {"zh": "独立的数据份数", "en": "independent data sets"}, kind="int"),
        "resamples": Param(200, {"zh": "每份数据的自助重采样次数", "en": "bootstrap resamples of each"}, kind="int"),
    },
    outputs=dict.fromkeys(
        ("l1_drops", "l1_drops_least", "l1_drops_most", "l2_drops", "net_drops", "first_dropped", "second_dropped",
         "l1_spread", "l2_spread", "net_spread", "l1_sum_spread"), "1"),
    steps={
        "lasso": {"zh": "L1 的系数", "en": "coefficients, L1"},
        "ridge": {"zh": "L2 的系数", "en": "coefficients, L2"},
        "net": {"zh": "弹性网的系数", "en": "coefficients, elastic net"},
        "drops_by_data": {"zh": "各份数据中 L1 只留一列的比例", "en": "share that L1 leaves one, by data set"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="nine sign patterns solved exactly, least objective",
    sample=sample,
    variant=variant,
    edges=(
        {"truth": [0.0, 0.0], "n": 12, "datasets": 2, "resamples": 3},
        {"sigma": 0.0, "datasets": 1, "resamples": 20},
        {"alpha": 50.0, "n": 10, "datasets": 1, "resamples": 2},
        {"alpha": 1e-6, "correlation": -0.999, "truth": [2.0, -1.0], "datasets": 2, "resamples": 10},
        {"correlation": 0.99999, "datasets": 3, "resamples": 50},
        {"correlation": 0.0, "resamples": 50},
    ),
    noise=noise,
    tolerance={"float64": 1e-9},
    smooth=False,  # shares are counts
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"truth": [1.0, 1.0, 1.0]}, "truth must hold two weights"),
        Reject({"truth": [float("nan"), 1.0]}, "truth must hold finite numbers"),
        Reject({"n": 5}, "n must lie between 10 and 10000"),
        Reject({"correlation": 1.0}, "correlation must lie between -0.99999 and 0.99999"),
        Reject({"alpha": 0.0}, "alpha must lie between 1e-6 and 1000"),
        Reject({"datasets": 0}, "datasets must lie between 1 and 1000"),
        Reject({"resamples": 1}, "resamples must lie between 2"),
        Reject({"n": 10_000, "resamples": 1000}, "resamples must keep n times datasets"),
    ),
    figure=figure,
)  # fmt: skip
