"""Which penalty estimates better? Expected squared error of L1 and L2 for sparse and for dense true weights.

    estimates e = w + sigma noise,   L1: sign(e) max(|e| - t, 0),   L2: f e with 0 <= f <= 1,   error |estimate - w|^2

The setting is a design with orthonormal columns, where penalties act weight by weight: t is the lasso's threshold,
f = 1 / (1 + alpha) ridge's factor. Of ``features`` weights, ``nonzero`` have the size ``size``, the others are 0. Both
penalties are given their best strength: ``best_l1`` is the least mean error over thresholds from 0 to 6 sigma,
``best_l2`` that over factors from 1 to 0; ``unpenalized`` and ``all_zero`` are the two ends.
``best_factor`` = S / (S + N) and ``expected_l2`` = S N / (S + N) are exact, S = |w|^2, N = features sigma^2.
Shapes: error_l1, error_l2 (61,); outputs are numbers. Not batched: the shape of the draws follows from the arguments.
Statistics: means over ``draws`` differ from their expectations; the claim allows ten standard errors.
Errors: BadInput for counts that do not fit, sizes that are not positive, too many draws.
Reference: Donoho & Johnstone (1994); Hastie, Tibshirani & Friedman (2009), 3.4; Goodfellow et al. (2016), 5.2 and 7.1.
"""

from __future__ import annotations

import math

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

STEPS = 60
WIDEST = 6.0
NUMBERS = 400_000
ERRORS = 10.0


def check(features, nonzero, size, sigma, draws):
    require(1 <= features <= 1000, "features", "lie between 1 and 1000", features)
    require(1 <= nonzero <= features, "nonzero", f"lie between 1 and {features}, the number of features", nonzero)
    for name, value in (("size", size), ("sigma", sigma)):
        require(1e-3 <= value <= 1e3, name, "lie between 0.001 and 1000", value)
    require(draws >= 30, "draws", "be at least 30", draws)
    require(draws * features <= NUMBERS, "draws", f"keep draws times features within {NUMBERS}", draws * features)


def noise(rng, features, nonzero, size, sigma, draws):
    """Standard normal noise, one row a data set."""
    return {"z": rng.normal(size=(draws, features))}


def compute(xp, note, features, nonzero, size, sigma, draws, z):
    one = xp.ones_like(z[0, :])
    place = xp.arange(features, dtype=z.dtype, device=z.device)
    w = xp.where(place < nonzero, size * one, 0 * one)
    e = w + sigma * z

    def error(estimate):
        return xp.mean(xp.sum((estimate - w) ** 2, axis=1))

    cuts = [WIDEST * sigma * k / STEPS for k in range(STEPS + 1)]
    error_l1 = xp.stack([error(e - xp.clip(e, -t, t)) for t in cuts])
    error_l2 = xp.stack([error(e * (1 - k / STEPS)) for k in range(STEPS + 1)])
    note("error_l1", error_l1)
    note("error_l2", error_l2)
    signal, noise_power = xp.sum(w * w), features * sigma**2
    return {
        "best_l1": xp.min(error_l1),
        "best_l2": xp.min(error_l2),
        "unpenalized": error_l1[0],
        "all_zero": signal,
        "best_factor": signal / (signal + noise_power),
        "expected_l2": signal * noise_power / (signal + noise_power),
    }


def _weights(features, nonzero, size):
    return np.repeat([size, 0.0], [nonzero, features - nonzero])


def _errors(features, nonzero, size, sigma, z):
    """Errors by draw: (thresholds, draws) of L1 and (factors, draws) of L2."""
    w = _weights(features, nonzero, size)
    e = w + sigma * z
    cuts, factors = np.linspace(0, WIDEST, STEPS + 1) * sigma, np.linspace(1, 0, STEPS + 1)
    l1 = [np.linalg.norm(np.sign(e) * np.maximum(np.abs(e) - t, 0.0) - w, axis=1) ** 2 for t in cuts]
    l2 = [np.linalg.norm(f * e - w, axis=1) ** 2 for f in factors]
    return np.array(l1), np.array(l2)


def oracle(features, nonzero, size, sigma, draws, z):
    """The same draws through another form of the rules; the best factor as the vertex of a parabola."""
    l1, l2 = (errors.mean(axis=1) for errors in _errors(features, nonzero, size, sigma, z))
    signal, noise_power = nonzero * size**2, features * sigma**2
    scale = signal + noise_power
    at = [(f**2 * noise_power + (1 - f) ** 2 * signal) / scale for f in (0.0, 0.5, 1.0)]
    vertex = 0.5 - (at[2] - at[0]) / (4 * (at[2] + at[0] - 2 * at[1]))
    return {
        "best_l1": l1.min(),
        "best_l2": l2.min(),
        "unpenalized": l1[0],
        "all_zero": np.float64(signal),
        "best_factor": np.float64(vertex),
        "expected_l2": np.float64(vertex**2 * noise_power + (1 - vertex) ** 2 * signal),
    }


def sample(rng):
    features = int(rng.integers(1, 40))
    return {
        "features": features,
        "nonzero": int(rng.integers(1, features + 1)),
        "size": float(rng.uniform(0.3, 5.0)),
        "sigma": float(rng.uniform(0.3, 2.0)),
        "draws": int(rng.integers(30, 200)),
    }


def variant(rng):
    """Ten to forty weights, some of them of one size in halves."""
    features = 2 * int(rng.integers(5, 21))
    given = {"features": features, "nonzero": int(rng.integers(2, 7)), "size": float(rng.integers(2, 9)) / 2}
    return {**given, "sigma": float(rng.choice([0.5, 0.8, 1, 1.2, 1.5, 2])), "draws": 100}


def _only(**rules):
    """A mistake in numbers that are exact: rules of S, N, features and nonzero."""

    def value(features, nonzero, size, sigma, draws, z):
        S, N = nonzero * size**2, features * sigma**2
        right = {"best_factor": S / (S + N), "expected_l2": S * N / (S + N), "all_zero": S}
        wrong = {name: rule(S, N, features, nonzero) for name, rule in rules.items()}
        return {name: v for name, v in wrong.items() if not np.isclose(v, right[name], rtol=1e-9)}

    return value


MISTAKES = (
    Mistake("factor-upside-down", "倒过来了：信号越强，收缩应当越少",
            "upside down: the stronger the signal, the less to shrink",
            _only(best_factor=lambda S, N, p, s: N / (S + N))),
    Mistake("noise-of-one-weight", "噪声总功率要把所有权重都算上：N = pσ²",
            "the noise of all weights counts: N = features sigma^2",
            _only(best_factor=lambda S, N, p, s: S / (S + N / p))),
    Mistake("noise-of-nonzero-only", "岭回归不知道哪些权重是 0：p 个权重的噪声都要算",
            "ridge does not know which weights are 0: the noise of all of them counts",
            _only(best_factor=lambda S, N, p, s: S / (S + N * s / p))),
    Mistake("signal-to-noise", "那是信噪比 S/N，不是因子 S/(S+N)", "that is the ratio S/N, not the factor S/(S+N)",
            _only(best_factor=lambda S, N, p, s: S / N)),
    Mistake("size-not-squared", "信号功率是平方和 s·m²", "the signal's power is a sum of squares",
            _only(all_zero=lambda S, N, p, s: math.sqrt(S * s))),
    Mistake("no-penalty-is-best", "以为无偏的估计误差最小：方差也是误差",
            "expects the unbiased estimate to err least: variance is error as well",
            _only(best_factor=lambda S, N, p, s: 1.0, expected_l2=lambda S, N, p, s: N)),
)  # fmt: skip


def _soft_risk(theta, cut):
    """E (soft(theta + noise) - theta)^2 for noise of variance 1 (Donoho & Johnstone)."""

    def phi(x):
        return np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)

    Phi = np.vectorize(lambda x: math.erfc(-x / math.sqrt(2)) / 2)
    middle = (theta**2 - cut**2 - 1) * (Phi(cut - theta) - Phi(-cut - theta))
    return 1 + cut**2 + middle - (cut - theta) * phi(cut + theta) - (cut + theta) * phi(cut - theta)


def _expected(given):
    """Expected errors of L1 by threshold and of L2 by factor."""
    p, s, sigma = given["features"], given["nonzero"], given["sigma"]
    cuts, factors = np.linspace(0, WIDEST, STEPS + 1), np.linspace(1, 0, STEPS + 1)
    l1 = sigma**2 * (s * _soft_risk(given["size"] / sigma, cuts) + (p - s) * _soft_risk(0.0, cuts))
    return l1, factors**2 * p * sigma**2 + (1 - factors) ** 2 * s * given["size"] ** 2


def _measured(given, out):
    """How far the means are from their expectations, beyond ten standard errors."""
    residuals = []
    drawn = _errors(*(given[n] for n in ("features", "nonzero", "size", "sigma", "z")))
    for name, errors, expected in zip(("error_l1", "error_l2"), drawn, _expected(given), strict=True):
        allowed = ERRORS * (errors.std(axis=1) + given["sigma"] ** 2) / math.sqrt(given["draws"])
        residuals.append(np.maximum(np.abs(out[name] - expected) - allowed, 0.0) / (1 + expected))
    return np.stack(residuals)


def _too_much_underfits(given, out):
    """Factor 0 errs by |w|^2, factor 1 by the whole noise; the best one by less than either, S N / (S + N)."""
    S, N = given["nonzero"] * given["size"] ** 2, given["features"] * given["sigma"] ** 2
    ends = np.array([(out["error_l2"][-1] - S) / (1 + S), np.maximum(out["expected_l2"] - min(S, N), 0.0)])
    return np.append(ends, (1 / out["expected_l2"] - 1 / S - 1 / N) * out["expected_l2"])


def _sparse(given, out):
    """At most a tenth nonzero, four sigma high: the lasso errs less."""
    few = given["nonzero"] * 10 <= given["features"] and given["size"] >= 4 * given["sigma"]
    return np.maximum(out["best_l1"] / out["best_l2"] - 1, 0.0) if few and given["draws"] >= 200 else 0.0


def _dense(given, out):
    """All nonzero and at most two sigma high: ridge errs less."""
    all_low = given["nonzero"] == given["features"] >= 10 and given["size"] <= 2 * given["sigma"]
    return np.maximum(out["best_l2"] / out["best_l1"] - 1, 0.0) if all_low and given["draws"] >= 200 else 0.0


CLAIMS = (
    Claim("measured-as-expected", zh="两条误差曲线与解析期望之差不超过 10 个标准误",
          en="both error curves are within ten standard errors of their expectations", residual=_measured),
    Claim("too-much-underfits", zh="惩罚过强，误差升到 ‖w‖²；最好的岭误差是 SN/(S+N)，比不惩罚和全压成 0 都小",
          en="too strong a penalty errs by |w|^2; the best ridge errs by SN/(S+N), less than no penalty and than zero",
          residual=_too_much_underfits),
    Claim("sparse-suits-l1", zh="真值稀疏（不到十分之一非零、高过 4σ）时 L1 误差更小",
          en="sparse truth (a tenth nonzero at most, 4 sigma high): L1 errs less", residual=_sparse),
    Claim("dense-suits-l2", zh="真值稠密（全部非零、不超过 2σ）时 L2 误差更小",
          en="dense truth (all nonzero, 2 sigma at most): L2 errs less", residual=_dense),
)  # fmt: skip


def figure(given, out, steps):
    strength = np.linspace(0, 1, STEPS + 1)
    return Figure(
        title={"zh": "估计误差随惩罚强度的变化", "en": "error against the strength of the penalty"},
        marks=(
            Lines(strength, steps["error_l1"], {"zh": "L1（阈值 0 到 6σ）", "en": "L1 (threshold 0 to 6 sigma)"}),
            Lines(strength, steps["error_l2"], {"zh": "L2（因子 1 到 0）", "en": "L2 (factor 1 to 0)"}),
        ),
        x={"zh": "惩罚强度，0 为不惩罚", "en": "strength, 0 for none"},
        y={"zh": "平方误差", "en": "squared error"},
    )


SOLVER = Solver(
    title={"zh": "L1 与 L2 谁估得更准", "en": "whether L1 or L2 estimates better"},
    formula=r"E\|\hat w-w\|_2^2,\qquad f^*=\frac{\|w\|_2^2}{\|w\|_2^2+p\,\sigma^2}",
    params={
        "features": Param(20, {"zh": "权重个数 p", "en": "number of weights p"}, kind="int"),
        "nonzero": Param(2, {"zh": "其中不为 0 的个数 s", "en": "of these not 0, s"}, kind="int"),
        "size": Param(5.0, {"zh": "非零权重的大小 m", "en": "size m of those"}, kind="float"),
        "sigma": Param(1.0, {"zh": "每个估计的标准误 σ", "en": "standard error sigma of each estimate"}, kind="float"),
        "draws": Param(1000, {"zh": "数据的份数", "en": "data sets"}, kind="int"),
    },
    outputs=dict.fromkeys(("best_l1", "best_l2", "unpenalized", "all_zero", "best_factor", "expected_l2"), "1"),
    steps={
        "error_l1": {"zh": "L1 的误差，阈值由 0 到 6σ", "en": "error of L1, thresholds from 0 to 6 sigma"},
        "error_l2": {"zh": "L2 的误差，因子由 1 到 0", "en": "error of L2, factors from 1 to 0"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="sign and size apart; vertex of a parabola",
    sample=sample,
    variant=variant,
    edges=(
        {"features": 1, "nonzero": 1, "draws": 30},
        {"features": 20, "nonzero": 20, "size": 1.0, "draws": 500},
        {"features": 30, "nonzero": 3, "size": 100.0, "draws": 300},
    ),
    noise=noise,
    tolerance={"float64": 1e-9, "float32": 1e-3},
    smooth=False,  # the least of a grid jumps from point to point
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"features": 0}, "features must lie between 1 and 1000"),
        Reject({"nonzero": 21}, "nonzero must lie between 1 and 20"),
        Reject({"size": 0.0}, "size must lie between 0.001 and 1000"),
        Reject({"sigma": float("nan")}, "sigma must lie between 0.001 and 1000"),
        Reject({"draws": 5}, "draws must be at least 30"),
        Reject({"draws": 10**9}, "draws must keep draws times features within"),
    ),
    figure=figure,
)  # fmt: skip
