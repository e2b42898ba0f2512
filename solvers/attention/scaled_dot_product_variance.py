"""Why attention divides by sqrt(d): the spread of a dot product grows with its width, and so does the softmax's edge.

Queries and keys have d independent components of the given mean mu and standard deviation sigma. Then
    Var(q . k) = d (sigma^4 + 2 mu^2 sigma^2),   which is d for mu = 0, sigma = 1.
Each trial draws one query and its keys, and takes the softmax of the scores with and without the division.
Outputs are means over the trials: the scores' variance around d mu^2, the largest weight, and the slope of the
softmax, sum_j A_j (1 - A_j), which is the trace of its Jacobian and vanishes where one weight takes all.
Errors: BadInput for sizes outside their limits, over 5e6 random numbers, a spread that is not positive.
Reference: Vaswani et al. (2017), section 3.2.1 and footnote 4.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

MOST = 5_000_000


def check(d, keys, trials, mu, sigma):
    for name, size, low, high in (("d", d, 1, 4096), ("keys", keys, 2, 1024), ("trials", trials, 10, 100_000)):
        require(low <= size <= high, name, f"be between {low} and {high}", size)
    require(-100 <= mu <= 100, "mu", "lie between -100 and 100", mu)
    require(0.01 <= sigma <= 100, "sigma", "lie between 0.01 and 100", sigma)
    drawn = trials * (keys + 1) * d
    require(drawn <= MOST, "trials", f"need at most {MOST} random numbers (trials times keys + 1 times d)", drawn)


def noise(rng, d, keys, trials, mu, sigma):
    return {"q": rng.normal(mu, sigma, size=(trials, d)), "k": rng.normal(mu, sigma, size=(trials, keys, d))}


def compute(xp, note, d, keys, trials, mu, sigma, q, k):
    theory = d * (sigma**4 + 2 * mu**2 * sigma**2)
    note("theory", theory)
    note("theory_scaled", theory / d)
    raw = xp.sum(q[:, None, :] * k, axis=-1)
    out = {}
    for name, scores in (("raw", raw), ("scaled", raw / d**0.5)):
        raised = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
        weights = raised / xp.sum(raised, axis=-1, keepdims=True)
        out[f"{name}_top"] = xp.mean(xp.max(weights, axis=-1))
        out[f"{name}_slope"] = xp.mean(xp.sum(weights * (1 - weights), axis=-1))
    variance = xp.mean((raw - d * mu**2) ** 2)
    return {"raw_variance": variance, "scaled_variance": variance / d, **out}


def oracle(d, keys, trials, mu, sigma, q, k):
    from scipy.special import softmax

    columns = {}
    for query, options in zip(q, k, strict=True):
        scores = options @ query
        for name, shrink in (("raw", 1.0), ("scaled", np.sqrt(1 / d))):
            weights = softmax(shrink * scores)
            jacobian = np.diag(weights) - np.outer(weights, weights)
            spread = np.mean((shrink * scores - shrink * d * mu**2) ** 2)
            for what, value in (("variance", spread), ("top", weights.max()), ("slope", np.trace(jacobian))):
                columns.setdefault(f"{name}_{what}", []).append(value)
    return {name: np.mean(values) for name, values in columns.items()}


def sample(rng):
    return {
        "d": int(rng.integers(1, 9)),
        "keys": int(rng.integers(2, 5)),
        "trials": 12,
        "mu": float(rng.choice([0.0, 0.0, 0.5])),
        "sigma": float(rng.uniform(0.5, 1.5)),
    }


def variant(rng):
    """Sizes and spreads for the closed form; few trials, since nobody draws them by hand."""
    return {
        "d": int(rng.choice([16, 25, 36, 49, 64, 81, 100, 121, 144, 169, 196, 225, 256, 400])),
        "keys": 4,
        "trials": 20,
        "mu": float(rng.choice([0.5, 0.8, 1, 1.2, 1.5, 2, 2.5, 3, 3.5, 4])),
        "sigma": float(rng.choice([0.5, 0.8, 1.2, 1.5, 1.8, 2, 2.5, 3, 3.5, 4])),
    }


# ---- Mistakes.


def _theory(d, keys, trials, mu, sigma, q, k):
    return d * (sigma**4 + 2 * mu**2 * sigma**2)


def _mean_forgotten(**given):
    if not given["mu"]:
        return {}
    wrong = given["d"] * given["sigma"] ** 4
    return {"theory": wrong, "theory_scaled": wrong / given["d"]}


def _spread_not_squared(**given):
    wrong = given["d"] * (given["sigma"] ** 2 + 2 * given["mu"] ** 2 * given["sigma"])
    return {"theory": wrong, "theory_scaled": wrong / given["d"]} if given["sigma"] != 1 else {}


def _always_one(**given):
    unit = _theory(**given) == given["d"]
    return {} if unit else {"scaled_variance": 1.0, "theory_scaled": 1.0, "theory": float(given["d"])}


def _grows_with_the_square(**given):
    wrong = given["d"] * _theory(**given)
    return {"theory": wrong, "theory_scaled": wrong / given["d"]} if given["d"] > 1 else {}


def _root_only(**given):
    return {"theory_scaled": _theory(**given) / given["d"] ** 0.5} if given["d"] > 1 else {}


def _not_scaled(**given):
    if given["d"] == 1:
        return {}
    raw = np.einsum("td,tkd->tk", given["q"], given["k"])
    weights = np.exp(raw - raw.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    return {
        "scaled_top": weights.max(axis=-1).mean(),
        "scaled_slope": (1 - (weights**2).sum(axis=-1)).mean(),
        "theory_scaled": _theory(**given),
    }


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("always-one", _always_one,
     "以为除以 √d 后方差总是 1；只有各分量独立、均值 0、方差 1 时才是",
     "takes the variance after scaling for 1 in any case; it takes independent components of mean 0 and variance 1"),
    ("mean-forgotten", _mean_forgotten,
     "漏了均值：还有 2μ²σ² 一项", "the mean was forgotten: there is a term 2 mu^2 sigma^2 too"),
    ("spread-not-squared", _spread_not_squared,
     "把标准差当方差用了", "the standard deviation was used as if it were the variance"),
    ("grows-with-the-square", _grows_with_the_square,
     "以为方差按 d² 增长；独立项的方差相加，只按 d 增长",
     "takes the variance to grow like d^2; variances of independent terms add up to d of them"),
    ("root-only", _root_only,
     "分数除以 √d，方差要除以 d", "scores divided by sqrt(d) have their variance divided by d"),
    ("not-scaled", _not_scaled,
     "这是没有缩放的点积", "that is the dot product without the scaling"),
))  # fmt: skip


# ---- Claims.


def _formula(given, out):
    """How far the measured variance leaves six standard errors (keys taken as no help) around the closed form."""
    a, b, d = given["mu"] * given["sigma"], given["sigma"] ** 2, given["d"]
    second, fourth = 2 * a**2 + b**2, 12 * a**4 + 36 * a**2 * b**2 + 9 * b**4  # central moments of one product q_i k_i
    error = np.sqrt((fourth / second**2 + 2 * d - 3) / d / given["trials"])
    return max(0.0, abs(out["raw_variance"] / out["theory"] - 1) - 6 * error)


def _independent_of_d(given, out):
    expected = given["sigma"] ** 4 + 2 * given["mu"] ** 2 * given["sigma"] ** 2
    return np.array([out["theory_scaled"] - expected, out["scaled_variance"] - out["raw_variance"] / given["d"]]) / (
        expected + out["scaled_variance"]
    )


CLAIMS = tuple(Claim(name, zh=zh, en=en, residual=residual) for name, residual, zh, en in (
    ("variance-formula", _formula,
     "各分量独立时 Var(q·k) = d(σ⁴+2μ²σ²)；均值 0、方差 1 时就是 d（六个标准误之内）",
     "independent components: Var(q.k) = d (sigma^4 + 2 mu^2 sigma^2), so d for mean 0, variance 1 (6 std. errors)"),
    ("scaling-removes-d", _independent_of_d,
     "除以 √d 之后方差与 d 无关", "after the division by sqrt(d) the variance no longer depends on d"),
    ("scaling-softens", lambda given, out: np.maximum(out["scaled_top"] - out["raw_top"], 0.0),
     "缩放后最大的权重更小（不会更大）", "scaled, the largest weight is smaller (never larger)"),
    ("scaling-keeps-the-slope", lambda given, out: np.maximum(out["raw_slope"] - out["scaled_slope"], 0.0),
     "缩放后 softmax 的梯度更大（不会更小）", "scaled, the softmax keeps more of its gradient (never less)"),
))  # fmt: skip


def figure(given, out, steps):
    pairs = {
        "top": {"zh": "最大权重", "en": "largest weight"},
        "slope": {"zh": "梯度 ΣA(1−A)", "en": "slope sum A(1-A)"},
    }
    return Figure(
        title={"zh": "缩放前与缩放后的 softmax", "en": "the softmax without and with the scaling"},
        marks=tuple(
            Bars(("q.k", "q.k/sqrt(d)"), np.array([out[f"raw_{what}"], out[f"scaled_{what}"]]), label)
            for what, label in pairs.items()
        ),
    )


def _param(default, zh, en, kind="int"):
    return Param(default, {"zh": zh, "en": en}, kind=kind)


SOLVER = Solver(
    title={"zh": "点积的方差与 √d", "en": "The variance of a dot product, and sqrt(d)"},
    formula=r"\mathrm{Var}(q\cdot k)=d\,(\sigma^4+2\mu^2\sigma^2)",
    params={
        "d": _param(64, "查询与键的维数", "the width of queries and keys"),
        "keys": _param(16, "每个查询的键数", "keys for each query"),
        "trials": _param(2000, "重复次数", "trials"),
        "mu": _param(0.0, "各分量的均值 μ", "the components' mean mu", "float"),
        "sigma": _param(1.0, "各分量的标准差 σ", "the components' standard deviation sigma", "float"),
    },
    outputs={
        "raw_variance": "1",
        "scaled_variance": "1",
        "raw_top": "1",
        "scaled_top": "1",
        "raw_slope": "1",
        "scaled_slope": "1",
    },
    steps={
        "theory": {"zh": "q·k 的方差（公式）", "en": "variance of q.k, by formula"},
        "theory_scaled": {"zh": "除以 √d 后的方差（公式）", "en": "variance after the division, by formula"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="numpy and scipy.special.softmax, trial by trial",
    sample=sample,
    variant=variant,
    edges=(
        {"d": 1, "keys": 2, "trials": 10},
        {"d": 512, "keys": 2, "trials": 50},
        {"d": 16, "keys": 4, "trials": 50, "mu": 3.0, "sigma": 0.1},
    ),
    noise=noise,
    tolerance={"float64": 1e-12, "float32": 2e-5},
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"d": 0}, "d must be between 1 and 4096"),
        Reject({"keys": 1}, "keys must be between 2"),
        Reject({"trials": 9}, "trials must be between 10"),
        Reject({"d": 4096}, "trials must need at most 5000000 random numbers"),
        Reject({"sigma": 0.0}, "sigma must lie between"),
        Reject({"mu": "nan"}, "mu must lie between"),
    ),
    figure=figure,
)
