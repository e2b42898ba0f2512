"""How many steps: gradient descent and heavy ball on f(theta) = sum_i lambda_i theta_i^2 / 2, started at (1, …, 1).

    gradient descent   theta <- theta - eps lambda theta            eps = share * 2 / (lambda_min + lambda_max)
    heavy ball         v <- alpha v - eps' lambda theta,  theta <- theta + v
                       eps' = 4 / (sqrt lambda_min + sqrt lambda_max)^2,  alpha = ((sqrt k - 1) / (sqrt k + 1))^2

With ``share`` 1 both use their best constants; k is the condition number lambda_max / lambda_min.
Shapes: curvatures (..., K) positive -> condition, gd, heavy_ball, rate_gd, rate_heavy_ball, angle (...).
``gd`` and ``heavy_ball`` are the first step at which the distance |theta| to the minimum is at most ``target``;
the rates are the factors of the slowest direction a step; ``angle`` (degrees) is the largest there can be between the
negative gradient and the way to the minimum.
Errors: BadInput for curvatures that are not positive, a share at which gradient descent diverges, runs past ``limit``.
Reference: Polyak (1964); Nesterov (2004), section 2.1; Goodfellow et al. (2016), sections 4.3.1, 8.2.1 and 8.3.2.
"""

from __future__ import annotations

import math

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

MOST = 64
LONGEST = 20_000
WORK = 1_000_000
SIZE = 1e8


def check(curvatures, share, target, limit):
    require(curvatures.ndim >= 1 and curvatures.shape[-1] >= 1, "curvatures", "hold a row of numbers", curvatures.shape)
    require(1 <= curvatures.size <= MOST, "curvatures", f"hold 1 to {MOST} numbers", curvatures.size)
    fine = np.all((curvatures >= 1 / SIZE) & (curvatures <= SIZE))
    require(fine, "curvatures", f"be positive, between {1 / SIZE:.0e} and {SIZE:.0e}", curvatures)
    require(1e-12 <= target <= 0.5, "target", "lie between 1e-12 and 0.5", target)
    require(1 <= limit <= LONGEST, "limit", f"lie between 1 and {LONGEST}", limit)
    require(limit * curvatures.size <= WORK, "limit", f"keep limit times curvatures within {WORK}", limit)
    low, high = curvatures.min(axis=-1), curvatures.max(axis=-1)
    require(share > 0 and np.all(share * high < low + high), "share", "be positive and keep gradient descent from "
            "diverging: below (lambda_min + lambda_max) / lambda_max", share)  # fmt: skip
    slowest = np.max(_slowest(low, high, share))
    kappa = np.max(high / low)
    start = math.sqrt(curvatures.shape[-1])
    need = 1.0 if slowest == 0 else math.log(start / target) / -math.log(slowest) + 1
    rho = (math.sqrt(kappa) - 1) / (math.sqrt(kappa) + 1)
    last = start * (2 * limit + 1) * rho**limit
    require(
        need <= limit and last <= target, "limit", f"leave room for the slowest run (about {need:.0f} steps)", limit
    )


def _slowest(low, high, share):
    eps = share * 2 / (low + high)
    return np.maximum(np.abs(1 - eps * low), np.abs(1 - eps * high))


def compute(xp, note, curvatures, share, target, limit):
    low, high = xp.min(curvatures, axis=-1), xp.max(curvatures, axis=-1)
    roots = xp.sqrt(low), xp.sqrt(high)
    eps, rho = share * 2 / (low + high), (roots[1] - roots[0]) / (roots[0] + roots[1])
    note("eps", eps)
    note("alpha", rho * rho)
    shrink = 1 - eps[..., None] * curvatures
    none = xp.zeros_like(curvatures)
    alpha, push = (rho * rho)[..., None] + none, (4 / (roots[0] + roots[1]) ** 2)[..., None] * curvatures
    return {
        "condition": high / low,
        "gd": _steps(xp, (shrink, none, none, none), target, limit),
        "heavy_ball": _steps(xp, (1 - push, alpha, -push, alpha), target, limit),
        "rate_gd": xp.max(xp.abs(shrink), axis=-1),
        "rate_heavy_ball": rho,
        "angle": xp.atan((high - low) / (2 * roots[0] * roots[1])) * (180 / math.pi),
    }


def _steps(xp, rule, target, limit):
    """The first step within ``target``. A step takes (x, v) to (a x + b v, c x + d v); the path is built by doubling:
    the next 2^j points are the first 2^j moved by the 2^j-th power of the rule."""
    a, b, c, d = rule
    x, v = xp.ones_like(a)[None, ...], xp.zeros_like(a)[None, ...]
    while x.shape[0] <= limit:
        x, v = xp.concat([x, a * x + b * v]), xp.concat([v, c * x + d * v])
        a, b, c, d = a * a + b * c, b * (a + d), c * (a + d), b * c + d * d
    far = xp.sqrt(xp.sum(x * x, axis=-1))
    time = xp.arange(x.shape[0], dtype=xp.int64, device=x.device)
    time = xp.reshape(time, (-1, *[1] * (far.ndim - 1))) + xp.zeros_like(far, dtype=xp.int64)
    return xp.min(xp.where(far <= target, time, x.shape[0]), axis=0)


def oracle(curvatures, share, target, limit):
    """Walks both paths, step by step; the angle is measured at the start that misleads most."""
    rows = np.reshape(curvatures, (-1, curvatures.shape[-1]))
    found = [_walk(row, share, target) for row in rows]
    return {name: np.reshape([one[name] for one in found], curvatures.shape[:-1]) for name in found[0]}


def _walk(row, share, target):
    low, high = float(np.min(row)), float(np.max(row))
    alpha = ((math.sqrt(high / low) - 1) / (math.sqrt(high / low) + 1)) ** 2
    steps = {}
    for name, eps, keep in (
        ("gd", share * 2 / (low + high), 0.0),
        ("heavy_ball", 4 / (math.sqrt(low) + math.sqrt(high)) ** 2, alpha),
    ):
        theta, v, steps[name] = [1.0] * row.size, [0.0] * row.size, 0
        while math.hypot(*theta) > target:
            v = [keep * speed - eps * curve * place for speed, curve, place in zip(v, row, theta, strict=True)]
            theta = [place + speed for place, speed in zip(theta, v, strict=True)]
            steps[name] += 1
    worst = np.array([math.sqrt(high), math.sqrt(low)])
    gradient = worst * np.array([low, high])
    cosine = worst @ gradient / (np.linalg.norm(worst) * np.linalg.norm(gradient))
    return {
        **steps,
        "condition": high / low,
        "rate_gd": float(np.max(np.abs(1 - share * 2 * row / (low + high)))),
        "rate_heavy_ball": math.sqrt(alpha),
        "angle": 0.0 if low == high else math.degrees(math.acos(min(1.0, cosine))),
    }


def sample(rng):
    batch, size = int(rng.integers(1, 3)), int(rng.integers(2, 4))
    curvatures = np.cumsum(rng.uniform(0.5, 6.0, size=(batch, size)), axis=-1)
    return {
        "curvatures": rng.permuted(curvatures, axis=-1),
        "share": float(rng.choice([0.5, 0.8, 1.0])),
        "target": float(rng.choice([1e-2, 1e-3])),
        "limit": 400,
    }


def variant(rng):
    """Two curvatures whose ratio is a square: its root suits a pencil."""
    low, root = int(rng.integers(1, 41)), int(rng.integers(2, 26))
    target = float(rng.choice([0.01, 0.02, 0.05, 0.001, 0.002, 0.005]))
    return {"curvatures": [low, low * root**2], "share": 1, "target": target, "limit": 2500}


# ---- Mistakes; each tells only what it changes.


def _ends(curvatures):
    low, high = np.min(curvatures, axis=-1), np.max(curvatures, axis=-1)
    return low, high, high / low


def _ball(kappa):
    return (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)


def _wrong(name, rule):
    def value(curvatures, share, target, limit):
        low, high, kappa = _ends(curvatures)
        right = {
            "condition": kappa,
            "rate_gd": _slowest(low, high, share),
            "rate_heavy_ball": _ball(kappa),
            "angle": np.degrees(np.arccos(np.minimum(1, 2 * np.sqrt(kappa) / (kappa + 1)))),
        }[name]
        wrong = rule(low, high, kappa, share)
        return {} if np.allclose(wrong, right, rtol=1e-3) else {name: wrong}

    return value


def _slow_is_ill(low, high, kappa, share):
    slowest = _slowest(low, high, share)
    return (1 + slowest) / (1 - slowest)


def _count(name, rule):
    """A mistaken count: the length of the start divided by the target, in powers of a mistaken rate."""

    def value(curvatures, share, target, limit):
        kappa = _ends(curvatures)[2]
        q = rule(kappa)
        if share != 1 or np.any((q <= 0) | (q >= 1)):
            return {}
        steps = np.log(np.sqrt(curvatures.shape[-1]) / target) / -np.log(q)
        right = np.log(np.sqrt(curvatures.shape[-1]) / target) / -np.log((kappa - 1) / np.maximum(kappa + 1, 1))
        return {} if np.any(np.ceil(steps) == np.ceil(right)) else {name: np.ceil(steps).astype(np.int64)}

    return value


MISTAKES = (
    Mistake("printed-000-e072", "从“收敛慢”倒推条件数：学习率太小时，良态的问题一样慢",
            "reads the condition number off slow progress: with a small rate a well-conditioned problem is as slow",
            _wrong("condition", _slow_is_ill)),
    Mistake("difference", "相减了：条件数是比值", "a difference was taken; the condition number is a ratio",
            _wrong("condition", lambda low, high, kappa, share: high - low)),
    Mistake("root-for-gd", "那是重球法的缩小倍数，梯度下降里没有根号",
            "that is the factor of heavy ball; gradient descent has no square roots",
            _wrong("rate_gd", lambda low, high, kappa, share: _ball(kappa))),
    Mistake("rate-of-one-over-max", "1 − 1/κ 是 ε = 1/λmax 时的倍数，最优的 ε 是 2/(λmin+λmax)",
            "1 - 1/kappa belongs to eps = 1/lambda_max; the best eps is 2 / (lambda_min + lambda_max)",
            _wrong("rate_gd", lambda low, high, kappa, share: 1 - 1 / kappa)),
    Mistake("no-root", "漏了根号：那是梯度下降的缩小倍数", "the roots were left out: that is gradient descent",
            _wrong("rate_heavy_ball", lambda low, high, kappa, share: (kappa - 1) / (kappa + 1))),
    Mistake("rate-squared", "那是动量参数 α，误差每步乘的是它的平方根",
            "that is alpha; the error is multiplied by its square root",
            _wrong("rate_heavy_ball", lambda low, high, kappa, share: _ball(kappa) ** 2)),
    Mistake("complement", "给的是余角：2√κ/(κ+1) 是夹角的余弦",
            "the complement: 2 sqrt k/(k+1) is the cosine of the angle",
            _wrong("angle", lambda low, high, kappa, share: np.degrees(np.arcsin(2 * np.sqrt(kappa) / (kappa + 1))))),
    Mistake("never-wrong-way", "以为负梯度总指向极小点；只有 κ = 1 时才是",
            "takes the negative gradient to point at the minimum: it does only where kappa is 1",
            _wrong("angle", lambda low, high, kappa, share: 0 * kappa)),
    Mistake("steps-of-heavy-ball", "用了重球法的缩小倍数", "counted with the factor of heavy ball",
            _count("gd", _ball)),
    Mistake("steps-of-one-over-max", "用了 1 − 1/κ：那是 ε = 1/λmax 时的步数",
            "counted with 1 - 1/kappa: the steps for eps = 1/lambda_max",
            _count("gd", lambda kappa: 1 - 1 / kappa)),
)  # fmt: skip


# ---- Claims.


def _best_rates(given, out):
    """Both factors against (k-1)/(k+1) and (sqrt k-1)/(sqrt k+1); the first at share 1, else no better than that.

    Heavy ball takes (theta_t, theta_t-1) to (T theta_t - alpha theta_t-1, theta_t), T = 1 + alpha - eps' lambda: where
    T^2 <= 4 alpha both roots have the size sqrt alpha, in each direction alike.
    """
    kappa, alpha = out["condition"], out["alpha"]
    low, high, _ = _ends(given["curvatures"])
    push = 4 / (np.sqrt(low) + np.sqrt(high)) ** 2
    trace = 1 + alpha[..., None] - push[..., None] * given["curvatures"]
    apart = np.max(np.maximum(trace**2 - 4 * alpha[..., None], 0), axis=-1)
    gd = out["rate_gd"] - (kappa - 1) / (kappa + 1)
    ball = out["rate_heavy_ball"] * (np.sqrt(kappa) + 1) - (np.sqrt(kappa) - 1)
    gd = gd if given["share"] == 1 else np.minimum(gd, 0)
    return np.stack([gd, ball / (np.sqrt(kappa) + 1), apart, out["rate_heavy_ball"] ** 2 - alpha])


def _about_kappa(given, out):
    """(k-1)/2 ln(1/t) <= gd <= k/2 ln(sqrt K/t) + 1 at share 1."""
    kappa, target = out["condition"], given["target"]
    start = np.sqrt(np.shape(given["curvatures"])[-1])
    least, most = (kappa - 1) / 2 * np.log(1 / target), kappa / 2 * np.log(start / target) + 1
    wrong = np.maximum(least - out["gd"], 0) + np.maximum(out["gd"] - most, 0)
    return wrong / (1 + out["gd"]) if given["share"] == 1 else 0 * wrong


def _about_root(given, out):
    """(sqrt k - 1)/2 ln(1/t) <= n, and the bound sqrt K (2n+1) rho^n on the distance was not met a step earlier."""
    root, target, n = np.sqrt(out["condition"]), given["target"], out["heavy_ball"]
    start, rho = np.sqrt(np.shape(given["curvatures"])[-1]), out["rate_heavy_ball"]
    least = (root - 1) / 2 * np.log(1 / target)
    bound = np.where(n >= 1, start * (2 * n - 1) * rho ** np.maximum(n - 1, 0), start)
    return np.maximum(least - n, 0) / (1 + n) + np.maximum(1 - bound / target, 0)


def _misled(given, out):
    """Angles between -g and the way to the minimum, over probes in the first batch's extremes: none above ``angle``."""
    low, high, _ = _ends(given["curvatures"])
    turns = np.linspace(0.01, np.pi / 2 - 0.01, 50)
    x, y = np.cos(turns), np.sin(turns)
    low, high = low[..., None], high[..., None]
    cosine = (low * x**2 + high * y**2) / np.sqrt((low * x) ** 2 + (high * y) ** 2)
    angles = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return np.maximum(np.max(angles, axis=-1) - out["angle"] - 1e-4, 0) / 90


CLAIMS = (
    Claim("best-rates", "最优常数下误差每步的缩小倍数：梯度下降 (κ−1)/(κ+1)，重球法 (√κ−1)/(√κ+1)",
          "with the best constants the error shrinks by (k-1)/(k+1) a step in gradient descent, "
          "by (sqrt k-1)/(sqrt k+1) in heavy ball", _best_rates),
    Claim("gd-about-kappa", "梯度下降的步数与 κ 成正比：在 (κ−1)/2·ln(1/δ) 与 κ/2·ln(√K/δ)+1 之间",
          "the steps of gradient descent grow like k: between (k-1)/2 ln(1/t) and k/2 ln(sqrt K/t) + 1", _about_kappa),
    Claim("heavy-ball-about-root", "重球法的步数只随 √κ 增长（带一个对数因子）",
          "the steps of heavy ball grow like sqrt k only (with a logarithm)", _about_root),
    Claim("gradient-misleads", "负梯度与“指向极小点”的夹角最大是 arccos(2√κ/(κ+1))，κ 越大越接近 90 度",
          "the negative gradient can point arccos(2 sqrt k/(k+1)) away from the minimum, near 90 degrees for large k",
          _misled),
)  # fmt: skip


def figure(given, out, steps):
    """Steps needed against the condition number, at the given target and share 1; the given problems as points."""
    kappas = 10.0 ** np.linspace(0.2, 3, 15)
    problems = [_walk(np.array([1.0, k]), 1.0, given["target"]) for k in kappas]
    points = np.ravel(out["condition"])
    return Figure(
        {"zh": "需要的步数与条件数", "en": "steps needed against the condition number"},
        (
            Lines(kappas, np.array([one["gd"] for one in problems]), {"zh": "梯度下降", "en": "gradient descent"}),
            Lines(kappas, np.array([one["heavy_ball"] for one in problems]), {"zh": "重球法", "en": "heavy ball"}),
            Scatter(points, np.ravel(out["gd"]), {"zh": "这次：梯度下降", "en": "this run: gradient descent"}),
            Scatter(points, np.ravel(out["heavy_ball"]), {"zh": "这次：重球法", "en": "this run: heavy ball"}),
        ),
        x={"zh": "条件数 κ", "en": "condition number"},
        y={"zh": "步数", "en": "steps"},
        log="xy",
    )


SOLVER = Solver(
    title={"zh": "步数与条件数", "en": "steps needed against the condition number"},
    formula=r"\frac{\kappa-1}{\kappa+1}\quad\mathrm{vs}\quad\frac{\sqrt\kappa-1}{\sqrt\kappa+1}",
    params={
        "curvatures": Param([[1.0, 10.0], [1.0, 100.0], [1.0, 1000.0]],
                            {"zh": "Hessian 的特征值", "en": "eigenvalues of the Hessian"}, shape="(..., K)"),
        "share": Param(1.0, {"zh": "学习率占最优值的比例", "en": "learning rate as a share of the best"}, kind="float"),
        "target": Param(1e-6, {"zh": "要达到的距离", "en": "distance to reach"}, kind="float"),
        "limit": Param(7500, {"zh": "最多跑多少步", "en": "most steps to run"}, kind="int"),
    },
    outputs={"condition": "1", "gd": "steps", "heavy_ball": "steps", "rate_gd": "1", "rate_heavy_ball": "1",
             "angle": "degrees"},
    steps={
        "eps": {"zh": "梯度下降的学习率", "en": "learning rate of gradient descent"},
        "alpha": {"zh": "重球法的 α", "en": "alpha of heavy ball"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="walking both paths step by step; the angle at the worst start",
    sample=sample,
    variant=variant,
    edges=(
        {"curvatures": [2.0, 2.0], "limit": 50},
        {"curvatures": [1.0, 2.0, 9.0], "share": 1.05, "limit": 400},
        {"curvatures": [1.0, 1.0], "share": 0.01, "limit": 1500},
    ),
    tolerance={"float64": 1e-9, "float32": 1e-2},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"curvatures": [1.0, -2.0]}, "curvatures must be positive"),
        Reject({"curvatures": [1.0, float("nan")]}, "curvatures must be positive"),
        Reject({"curvatures": [1.0] * 65}, "curvatures must hold 1 to 64 numbers"),
        Reject({"curvatures": np.zeros((0, 2))}, "curvatures must hold 1 to 64 numbers"),
        Reject({"share": 1.5}, "share must be positive and keep gradient descent from"),
        Reject({"target": 0.0}, "target must lie between"),
        Reject({"limit": 100}, "limit must leave room for the slowest run"),
        Reject({"limit": 10**9}, "limit must lie between 1 and 20000"),
    ),
    figure=figure,
)  # fmt: skip
