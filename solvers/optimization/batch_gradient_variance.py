"""How far a minibatch gradient strays: gradients of N examples, their mean estimated from m of them, or by momentum.

    drawn with replacement:     sigma / sqrt(m)
    without (shuffled passes):  sigma / sqrt(m) sqrt((N - m) / (N - 1))
    running average (1 - alpha) sum alpha^i g_i of single gradients:  sigma sqrt((1 - alpha) / (1 + alpha))

The running average is what momentum's velocity is made of (v = -eps / (1 - alpha) times it): while the gradients'
mean stays put it is as good as a batch of (1 + alpha) / (1 - alpha) examples.
Shapes: gradients (N,), m (M,) -> error, error_without, seen, seen_without (M,). ``seen`` are the deviations that
``runs`` simulated draws show. Not batched: the shape of the draws follows from the arguments.
Errors: BadInput for batches outside 1 ... N, gradients that are all equal, too many draws.
Reference: Goodfellow et al. (2016), section 8.1.3, equation 5.46; Cochran (1977), section 2.6; Polyak (1964).
"""

from __future__ import annotations

import math

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

DRAWS = 2_000_000
LARGEST = 1e6


def check(gradients, m, alpha, runs):
    require(
        gradients.ndim == 1 and 2 <= gradients.size <= 10_000, "gradients", "be 2 to 10000 numbers", gradients.shape
    )
    require(np.all(np.abs(gradients) <= LARGEST), "gradients", f"be finite, of size at most {LARGEST:.0e}", gradients)
    spread = np.std(gradients)
    require(spread > 1e-6 * (1e-6 + np.max(np.abs(gradients))), "gradients", "hold numbers that differ", gradients)
    require(m.ndim == 1 and 1 <= m.size <= 64, "m", "be a list of 1 to 64 batch sizes", m.shape)
    inside = np.all((m >= 1) & (m <= gradients.size) & (m == np.floor(m)))
    require(inside, "m", f"hold whole numbers from 1 to {gradients.size}", m)
    require(0 <= alpha <= 0.99, "alpha", "lie between 0 and 0.99", alpha)
    require(2 <= runs <= 100_000, "runs", "lie between 2 and 100000", runs)
    work = runs * gradients.size
    require(work <= DRAWS, "runs", f"keep runs times examples within {DRAWS}", work)


def noise(rng, gradients, m, alpha, runs):
    """Row numbers: drawn one by one with replacement, and shuffled."""
    n = gradients.size
    return {
        "drawn": rng.integers(0, n, size=(runs, n)),
        "shuffled": rng.permuted(np.broadcast_to(np.arange(n), (runs, n)), axis=1),
    }


def compute(xp, note, gradients, m, alpha, runs, drawn, shuffled):
    n = gradients.shape[0]
    mean = xp.mean(gradients)
    apart = gradients - mean
    spread = xp.sqrt(xp.mean(apart * apart))
    place = xp.arange(n, dtype=gradients.dtype, device=gradients.device)
    share = xp.where(place[:, None] < m[None, :], 1 / m[None, :], 0 * m[None, :])

    def strays(rows, weights):
        found = xp.matmul(xp.reshape(xp.take(apart, xp.reshape(rows, (-1,)), axis=0), rows.shape), weights)
        return xp.sqrt(xp.mean(found * found, axis=0))

    ages = (1 - alpha) * alpha**place if alpha else xp.where(place == 0, xp.ones_like(place), 0 * place)
    note("spread", spread)
    note("seen_averaged", strays(drawn, ages[:, None])[0, ...])
    error = spread / xp.sqrt(m)
    left = xp.where(m < n, n - m, 0 * m) / (n - 1)
    return {
        "error": error,
        "error_without": error * xp.sqrt(left),
        "seen": strays(drawn, share),
        "seen_without": strays(shuffled, share),
        "averaged": spread * math.sqrt((1 - alpha) / (1 + alpha)),
        "equal_batch": xp.ones_like(spread) * ((1 + alpha) / (1 - alpha)),
    }


def oracle(gradients, m, alpha, runs, drawn, shuffled):
    """Variances from covariances: those of the draws for the errors, running sums for what is seen."""
    n, spread = len(gradients), np.std(gradients)
    between = -(spread**2) / (n - 1)  # covariance of two different draws of one shuffled pass
    sizes = m.astype(int)
    without = [(spread**2 * k + k * (k - 1) * between) / k**2 for k in sizes]
    seen = {}
    for name, rows in (("seen", drawn), ("seen_without", shuffled)):
        sums = np.cumsum(gradients[rows] - np.mean(gradients), axis=1)
        seen[name] = np.array([np.sqrt(np.mean((sums[:, k - 1] / k) ** 2)) for k in sizes])
    weights = (1 - alpha) * np.float64(alpha) ** np.arange(20_000)
    kept = float(np.sum(weights**2))
    return {
        "error": np.array([np.sqrt(k * spread**2) / k for k in sizes]),
        "error_without": np.sqrt(np.maximum(without, 0.0)),
        **seen,
        "averaged": np.asarray(spread * np.sqrt(kept)),
        "equal_batch": np.asarray(1 / kept),
    }


def sample(rng):
    n = int(rng.integers(6, 40))
    sizes = rng.permutation(np.arange(1, n))[: int(rng.integers(1, 4))]
    return {"gradients": rng.normal(size=n) * 2 + 1, "m": np.sort(sizes).astype(float),
            "alpha": float(rng.choice([0.5, 0.8, 0.9])), "runs": int(rng.integers(40, 200))}  # fmt: skip


def variant(rng):
    """Five examples whose gradients sum to a multiple of five; a batch of two to four."""
    while True:
        g = rng.integers(-9, 10, size=5)
        g[4] -= int(np.sum(g)) % 5
        if np.std(g) > 2 and len(set(g.tolist())) >= 4:
            break
    alphas = (0.5, 0.6, 0.75, 0.8, 0.9, 0.95)
    return {
        "gradients": [int(v) for v in g],
        "m": [int(rng.integers(2, 5))],
        "alpha": float(rng.choice(alphas)),
        "runs": 2,
    }


# ---- What people get wrong.


def _with(rule):
    """Outputs that come out differently."""

    def value(gradients, m, alpha, runs, drawn, shuffled):
        n, spread = len(gradients), np.std(gradients)
        right = {
            "error": spread / np.sqrt(m), "error_without": spread / np.sqrt(m) * np.sqrt((n - m) / (n - 1)),
            "averaged": spread * np.sqrt((1 - alpha) / (1 + alpha)), "equal_batch": (1 + alpha) / (1 - alpha),
        }  # fmt: skip
        wrong = rule(gradients, spread, m, n, alpha)
        return {k: v for k, v in wrong.items() if not np.allclose(v, right[k], rtol=1e-6, atol=1e-12)}

    return value


MISTAKES = (
    Mistake("over-m", "标准误差按 √m 缩小，不是按 m", "the standard error shrinks with the root of m, not with m",
            _with(lambda g, s, m, n, a: {"error": s / m, "error_without": s / m * np.sqrt((n - m) / (n - 1))})),
    Mistake("variance", "那是方差，标准误差是它的根", "that is the variance; the standard error is its root",
            _with(lambda g, s, m, n, a: {"error": s**2 / m, "error_without": s**2 / m * (n - m) / (n - 1)})),
    Mistake("spread-of-one", "那是单个样本的标准差", "that is the deviation of a single example",
            _with(lambda g, s, m, n, a: {"error": s + 0 * m, "error_without": s + 0 * m})),
    Mistake("sample-deviation", "除以了 N−1：这里的 N 个样本就是全部",
            "divided by N - 1; these N examples are all there are",
            _with(lambda g, s, m, n, a: {"error": np.std(g, ddof=1) / np.sqrt(m)})),
    Mistake("no-correction", "不放回抽样还要乘 √((N−m)/(N−1))",
            "without replacement sqrt((N - m)/(N - 1)) is due as well",
            _with(lambda g, s, m, n, a: {"error_without": s / np.sqrt(m)})),
    Mistake("memory-for-batch", "1/(1−α) 是记忆的长度，加权平均相当于 (1+α)/(1−α) 个样本",
            "1/(1 - alpha) is the length of the memory; the weighted mean is worth (1 + alpha)/(1 - alpha) examples",
            _with(lambda g, s, m, n, a: {"equal_batch": 1 / (1 - a), "averaged": s * np.sqrt(1 - a)})),
    Mistake("weights-not-squared", "权重要平方之后再相加", "the weights have to be squared before they are added",
            _with(lambda g, s, m, n, a: {"averaged": s, "equal_batch": 1.0})),
    Mistake("sum-for-mean", "动量的衰减和没有乘 1−α：比较时先除以权重之和",
            "the decaying sum was not divided by its weights, 1/(1 - alpha)",
            _with(lambda g, s, m, n, a: {"averaged": s / np.sqrt(1 - a * a)})),
)  # fmt: skip


# ---- Claims. Deviations found in ``runs`` draws scatter by sqrt((kurtosis - 1) / (4 runs)) of themselves.


def _near(found, expected, given, tail):
    if given["runs"] < 40:
        return np.zeros(np.shape(found))
    margin = 8 * np.sqrt((tail + 1) / (4 * given["runs"]))
    return np.maximum(np.abs(found - expected) - margin * expected - 1e-9, 0.0) / (1 + expected)


def _tail(given):
    apart = given["gradients"] - np.mean(given["gradients"])
    return max(3.0, float(np.mean(apart**4) / np.mean(apart**2) ** 2))


def _seen(given, out):
    tail = _tail(given)
    return np.stack([_near(out["seen"], out["error"], given, tail),
                     _near(out["seen_without"], out["error_without"], given, tail)])  # fmt: skip


def _as_a_batch(given, out):
    """The running average against a batch of (1 + alpha)/(1 - alpha), and against what is seen after enough steps."""
    gap = out["averaged"] - out["spread"] / np.sqrt(out["equal_batch"])
    settled = given["alpha"] ** len(given["gradients"]) < 1e-3
    seen = _near(out["seen_averaged"], out["averaged"], given, _tail(given)) if settled else 0.0
    return np.array([gap / out["spread"], seen])


def _root(given, out):
    """error sqrt(m) is the same for every m; without replacement the whole set is exact."""
    root = out["error"] * np.sqrt(given["m"]) / out["spread"] - 1
    whole = np.where(given["m"] == len(given["gradients"]), out["error_without"] / out["spread"], 0.0)
    less = np.maximum(out["error_without"] - out["error"], 0.0) / out["spread"]
    return np.stack([root, whole, less])


def figure(given, out, steps):
    n = len(given["gradients"])
    sizes = np.unique(np.round(np.geomspace(1, n, 50)).astype(int))
    spread = float(steps["spread"])
    without = spread / np.sqrt(sizes) * np.sqrt((n - sizes) / (n - 1))
    return Figure(
        {"zh": "小批量梯度的标准误差", "en": "standard error of the minibatch gradient"},
        (
            Lines(sizes, spread / np.sqrt(sizes), {"zh": "有放回 σ/√m", "en": "with replacement"}),
            Lines(sizes, without, {"zh": "不放回", "en": "without"}),
            Scatter(given["m"], out["seen"], {"zh": "模拟", "en": "simulated"}),
            Lines(sizes, np.full(len(sizes), float(out["averaged"])), {"zh": "动量，m = 1", "en": "momentum, m = 1"}),
        ),
        x={"zh": "批大小 m", "en": "batch size m"}, y={"zh": "标准误差", "en": "standard error"},
    )  # fmt: skip


SOLVER = Solver(
    title={"zh": "小批量梯度的方差", "en": "the variance of the minibatch gradient"},
    formula=r"\mathrm{SE}(\hat g)=\frac{\sigma}{\sqrt m},\qquad m_\alpha=\frac{1+\alpha}{1-\alpha}",
    params={
        "gradients": Param([float(v) for v in (3, -5, 8, 1, -2, 6, -7, 4, 0, 2) for _ in range(10)],
                           {"zh": "每个样本的梯度", "en": "the gradient of each example"}, shape="(N,)"),
        "m": Param([1.0, 4.0, 16.0, 64.0], {"zh": "批大小", "en": "batch sizes"}, shape="(M,)"),
        "alpha": Param(0.9, {"zh": "动量参数 α", "en": "momentum alpha"}, kind="float"),
        "runs": Param(2000, {"zh": "模拟的次数", "en": "number of simulated draws"}, kind="int"),
    },
    outputs={**dict.fromkeys(("error", "error_without", "seen", "seen_without", "averaged"), "1"),
    "equal_batch": "examples"},
    steps={
        "spread": {"zh": "单个样本梯度的标准差 σ", "en": "deviation sigma of one example's gradient"},
        "seen_averaged": {"zh": "滑动平均的标准差（模拟）", "en": "deviation of the running average, simulated"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="covariances of the draws, running sums, squared weights added one by one",
    noise=noise,
    sample=sample,
    variant=variant,
    edges=(
        {"gradients": [1.0, -1.0], "m": [1.0, 2.0], "alpha": 0.0, "runs": 50},
        {"gradients": [0.0, 0.0, 0.0, 9.0], "m": [4.0], "alpha": 0.5, "runs": 100},
    ),
    tolerance={"float64": 1e-9, "float32": 1e-4},
    smooth=False,
    batched=False,
    claims=(
        Claim("root-of-m", zh="标准误差是 σ/√m：百倍的样本只换来十分之一的误差；不放回时整个训练集没有误差",
              en="the error is sigma / sqrt(m): a hundred times the work for a tenth of it; the whole set has none",
              residual=_root),
        Claim("simulated", zh="模拟抽样所见与公式相符（八个标准误以内）",
              en="simulated draws agree, within eight standard errors",
              residual=_seen),
        Claim("momentum-as-a-batch", zh="梯度的均值不动时，动量的滑动平均相当于 (1+α)/(1−α) 个样本的批",
              en="while the mean gradient stays, momentum's average is as good as a batch of (1+alpha)/(1-alpha)",
              residual=_as_a_batch),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"gradients": [1.0]}, "gradients must be 2 to 10000 numbers"),
        Reject({"gradients": [1.0, float("nan")], "m": [1.0]}, "gradients must be finite"),
        Reject({"gradients": [2.0, 2.0, 2.0], "m": [1.0]}, "gradients must hold numbers that differ"),
        Reject({"m": [0.0]}, "m must hold whole numbers from 1 to 100"),
        Reject({"m": [1.5]}, "m must hold whole numbers"),
        Reject({"alpha": 1.0}, "alpha must lie between 0 and 0.99"),
        Reject({"runs": 100_000}, "runs must keep runs times examples"),
    ),
    figure=figure,
)  # fmt: skip
