"""O(1/k) against O(1/k^2): gradient descent and Nesterov's method on convex quadratics of curvature at most L.

    gradient descent   x <- x - g(x) / L
    Nesterov           y = x_k + (k-1)/(k+2) (x_k - x_{k-1})  (x_0 for k = 0),  x_{k+1} = y - g(y) / L

Worst case: the largest excess f(x_k) - f* over the quadratics lam x^2 / 2 with lam on a fine grid up to L, all at the
distance R from the minimum; for gradient descent the worst curvature is L / (2k + 1).
``chain`` is Nesterov's quadratic of 2004 in 2k + 1 dimensions, (L/4)(x'Ax/2 - x_1) with A = tridiag(-1, 2, -1), from
0: on it no method that combines gradients gets below ``lower`` = 3 L R^2 / (32 (k+1)^2) in k steps.
k_gd and k_nesterov are the steps after which the guarantees L R^2 / (2k) and 2 L R^2 / (k+1)^2 reach ``target``.
Errors: BadInput for steps outside 4 ... 1000, numbers that are not positive.
Reference: Nesterov (1983); Nesterov (2004), theorems 2.1.7, 2.1.14 and 2.2.2; Beck & Teboulle (2009).
"""

from __future__ import annotations

import math

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require


def check(L, R, target, steps):
    for name, value in (("L", L), ("R", R), ("target", target)):
        require(1e-4 <= value <= 1e4, name, "lie between 1e-4 and 1e4", value)
    require(4 <= steps <= 1000, "steps", "lie between 4 and 1000", steps)
    require(L * R * R / target <= 1e12, "target", "not be less than 1e-12 of L R^2", target)


def noise(rng, L, R, target, steps):
    """Nothing random: the curvatures as shares of L, thirty a decade, and a place for the chain's points."""
    least = 0.01 / steps**2
    count = 1 + math.ceil(30 * math.log10(1 / least))
    return {"grid": np.geomspace(least, 1.0, count), "chain": np.zeros(2 * steps + 1)}


def compute(xp, note, L, R, target, steps, grid, chain):
    scale = L * R * R

    def excess(x):
        return scale * xp.max(grid * x * x) / 2

    def next_point(now, before, k, slope):
        y = now + max(k - 1, 0) / (k + 2) * (now - before)
        return y - slope(y), now

    def bend(x):
        """A'x, a gradient over L apart from its constant."""
        end = xp.zeros_like(x[:1])
        right, left = xp.concat([x[1:], end]), xp.concat([end, x[:-1]])
        return (2 * x - left - right) / 4

    first = xp.where(xp.arange(chain.shape[0], device=chain.device) == 0, xp.ones_like(chain) / 4, 0 * chain)
    best = 1 - xp.arange(1, chain.shape[0] + 1, dtype=chain.dtype, device=chain.device) / (chain.shape[0] + 1)
    gd = xp.ones_like(grid)
    x = before = gd
    c = c_before = c_gd = chain
    worst_gd, worst = [excess(gd)], [excess(x)]
    for k in range(steps):
        gd = gd - grid * gd
        x, before = next_point(x, before, k, lambda y: grid * y)
        c_gd = c_gd - bend(c_gd) + first
        c, c_before = next_point(c, c_before, k, lambda y: bend(y) - first)
        worst_gd.append(excess(gd))
        worst.append(excess(x))
    note("gd_curve", xp.stack(worst_gd))
    note("nesterov_curve", xp.stack(worst))

    def on_chain(point):
        away = point - best
        return scale * xp.sum(away * bend(away)) / 2 / xp.sum(best * best)

    half = steps // 2
    span = math.log(steps / half)
    one = xp.ones_like(gd[0, ...])
    return {
        "gd": worst_gd[-1],
        "nesterov": worst[-1],
        "slope_gd": xp.log(worst_gd[-1] / worst_gd[half]) / span,
        "slope_nesterov": xp.log(worst[-1] / worst[half]) / span,
        "chain_gd": on_chain(c_gd),
        "chain_nesterov": on_chain(c),
        "lower": one * (3 * scale / (32 * (steps + 1) ** 2)),
        "k_gd": one * max(1, math.ceil(scale / (2 * target) - 1e-9)),
        "k_nesterov": one * max(1, math.ceil(math.sqrt(2 * scale / target) - 1 - 1e-9)),
    }


def oracle(L, R, target, steps, grid, chain):
    """Each curvature by itself; the chain in its sine eigenvectors; the guarantees by trying k = 1, 2, ..."""
    half, scale = steps // 2, L * R * R

    def end(lam, k, nesterov):
        x = before = 1.0
        for j in range(k):
            y = x + (j - 1) / (j + 2) * (x - before) if nesterov and j else x
            x, before = (1 - lam) * y, x
        return x

    def worst(k, nesterov):
        return scale * max(lam * end(lam, k, nesterov) ** 2 / 2 for lam in grid.tolist())

    size = len(chain)
    i = np.arange(1, size + 1)
    basis = np.sqrt(2 / (size + 1)) * np.sin(np.pi * np.outer(i, i) / (size + 1))
    curvature = (1 - np.cos(np.pi * i / (size + 1))) / 2
    away = -(1 - i / (size + 1)) @ basis
    ends = {n: np.array([end(lam, steps, n) for lam in curvature.tolist()]) for n in (False, True)}
    left = {n: scale * np.sum(curvature * (away * ends[n]) ** 2) / 2 / np.sum(away**2) for n in (False, True)}
    values = {n: (worst(steps, n), worst(half, n)) for n in (False, True)}

    def counted(bound):
        high = 1
        while bound(high) > target * (1 + 1e-12):
            high *= 2
        low = high // 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if bound(middle) <= target * (1 + 1e-12) else (middle, high)
        return float(high)

    out = {
        "gd": values[False][0],
        "nesterov": values[True][0],
        "slope_gd": np.log2(values[False][0] / values[False][1]) / np.log2(steps / half),
        "slope_nesterov": np.log2(values[True][0] / values[True][1]) / np.log2(steps / half),
        "chain_gd": left[False],
        "chain_nesterov": left[True],
        "lower": 0.09375 * scale / (steps + 1) ** 2,
        "k_gd": counted(lambda k: scale / (2 * k)),
        "k_nesterov": counted(lambda k: 2 * scale / (k + 1) ** 2),
    }
    return {name: np.asarray(value) for name, value in out.items()}


def sample(rng):
    return {"L": float(rng.uniform(0.5, 5)), "R": float(rng.uniform(0.5, 3)), "target": float(rng.uniform(0.01, 0.2)),
            "steps": int(rng.integers(20, 60))}  # fmt: skip


def variant(rng):
    return {"L": int(rng.integers(2, 21)), "R": int(rng.integers(1, 7)),
            "target": float(rng.choice([0.01, 0.02, 0.05, 0.1])), "steps": 20}  # fmt: skip


def _needs(name, rule):
    """Another number of steps."""

    def value(L, R, target, steps, grid, chain):
        scale = L * R * R
        right = {"k_gd": scale / (2 * target), "k_nesterov": math.sqrt(2 * scale / target) - 1}[name]
        right, wrong = (max(1, math.ceil(number - 1e-9)) for number in (right, rule(L, R, target)))
        return {} if right == wrong else {name: wrong}

    return value


MISTAKES = (
    Mistake("rate-of-gd", "那是梯度下降的保证 LR²/(2k)", "that is the guarantee of gradient descent, L R^2 / (2k)",
            _needs("k_nesterov", lambda L, R, t: L * R * R / (2 * t))),
    Mistake("root-of-gd", "只对梯度下降的步数开了方，常数不同",
            "the root of gradient descent's steps: the constants differ",
            _needs("k_nesterov", lambda L, R, t: math.sqrt(L * R * R / (2 * t)))),
    Mistake("distance-not-squared", "R 忘了平方", "R was not squared",
            _needs("k_nesterov", lambda L, R, t: math.sqrt(2 * L * R / t) - 1)),
    Mistake("two-forgotten", "漏了分子上的 2", "the 2 in the numerator was lost",
            _needs("k_nesterov", lambda L, R, t: math.sqrt(L * R * R / t) - 1)),
    Mistake("rate-of-nesterov", "那是 Nesterov 的保证", "that is Nesterov's guarantee",
            _needs("k_gd", lambda L, R, t: math.sqrt(2 * L * R * R / t) - 1)),
    Mistake("gd-without-half", "漏了分母上的 2", "the 2 in the denominator was lost",
            _needs("k_gd", lambda L, R, t: L * R * R / t)),
    Mistake("gd-distance-not-squared", "R 忘了平方", "R was not squared",
            _needs("k_gd", lambda L, R, t: L * R / (2 * t))),
    Mistake("same-rate", "以为 Nesterov 只改常数，不改收敛率",
            "takes Nesterov's method to change constants only, not the rate",
            lambda **given: {"slope_nesterov": -1.0}),
)  # fmt: skip


# ---- Claims. The slopes come near -1 and -2 like 1/k (0.36/k and about 6/k are missing); 0.002 is for the grid.


def _rates(given, out):
    if given["steps"] < 20:
        return 0.0
    gd = np.maximum(np.abs(out["slope_gd"] + 1) - 0.6 / given["steps"] - 0.002, 0.0)
    return np.array([gd, np.maximum(np.abs(out["slope_nesterov"] + 2) - 8 / given["steps"] - 0.002, 0.0)])


def _worst_of_gd(given, out):
    """Never above the exact worst case, and within 1% of it (the grid is fine)."""
    k, scale = np.arange(1, given["steps"] + 1), given["L"] * given["R"] ** 2
    exact = scale / 2 / (2 * k + 1) * (2 * k / (2 * k + 1)) ** (2 * k)
    ratio = out["gd_curve"][1:] / exact
    return np.stack([np.maximum(ratio - 1, 0.0), np.minimum(ratio - 0.99, 0.0)])


def _guarantee(given, out):
    k, scale = np.arange(1, given["steps"] + 1), given["L"] * given["R"] ** 2
    gd = out["gd_curve"][1:] / (scale / (2 * k))
    return np.maximum(np.stack([gd, out["nesterov_curve"][1:] / (2 * scale / (k + 1) ** 2)]) - 1, 0.0)


def _lower(given, out):
    return np.minimum(np.array([out["chain_gd"], out["chain_nesterov"]]) / out["lower"] - 1, 0.0)


def figure(given, out, steps):
    k = np.unique(np.round(np.geomspace(1, given["steps"], 60)).astype(int))
    scale = given["L"] * given["R"] ** 2
    return Figure(
        {"zh": "最坏情况下的额外误差", "en": "worst-case excess error"},
        (
            Lines(k, steps["gd_curve"][k], {"zh": "梯度下降", "en": "gradient descent"}),
            Lines(k, steps["nesterov_curve"][k], {"zh": "Nesterov", "en": "Nesterov"}),
            Lines(k, scale / (2.0 * k), {"zh": "LR²/2k", "en": "L R^2 / 2k"}),
            Lines(k, 2 * scale / (k + 1.0) ** 2, {"zh": "2LR²/(k+1)²", "en": "2 L R^2 / (k+1)^2"}),
        ),
        x={"zh": "步数 k", "en": "step k"}, y={"zh": "额外误差", "en": "excess error"}, log="xy",
    )  # fmt: skip


SOLVER = Solver(
    title={"zh": "梯度下降与 Nesterov 的收敛率", "en": "the rates of gradient descent and of Nesterov's method"},
    formula=r"f(x_k)-f^*\le\frac{2LR^2}{(k+1)^2}\quad\text{against}\quad\frac{LR^2}{2k}",
    params={
        "L": Param(1.0, {"zh": "最大曲率 L", "en": "largest curvature L"}, kind="float"),
        "R": Param(1.0, {"zh": "起点到最小点的距离 R", "en": "distance R from the start to the minimum"}, kind="float"),
        "target": Param(0.001, {"zh": "要保证的额外误差", "en": "excess error to guarantee"}, kind="float"),
        "steps": Param(200, {"zh": "步数 k", "en": "number of steps k"}, kind="int"),
    },
    outputs={**dict.fromkeys(("gd", "nesterov", "slope_gd", "slope_nesterov", "chain_gd", "chain_nesterov", "lower"),
    "1"),
             "k_gd": "steps", "k_nesterov": "steps"},
    steps={
        "gd_curve": {"zh": "梯度下降的最坏额外误差", "en": "worst excess of gradient descent"},
        "nesterov_curve": {"zh": "Nesterov 的最坏额外误差", "en": "worst excess of Nesterov's method"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="scalar recursions, one curvature at a time; the chain in its sine eigenvectors; bisection",
    noise=noise,
    sample=sample,
    variant=variant,
    edges=({"steps": 4}, {"steps": 30, "L": 0.01, "R": 100.0, "target": 1000.0}),
    tolerance={"float64": 1e-9, "float32": 2e-3},
    smooth=False,
    batched=False,
    claims=(
        Claim("rates", zh="k 加倍，最坏额外误差：梯度下降减半（斜率 −1），Nesterov 约减为四分之一（斜率 −2）",
              en="as k doubles the worst excess halves for gradient descent, and about quarters for Nesterov",
              residual=_rates),
        Claim("guarantees", zh="梯度下降不超过 LR²/(2k)，Nesterov 不超过 2LR²/(k+1)²",
              en="at most L R^2 / (2k) for gradient descent, 2 L R^2 / (k+1)^2 for Nesterov", residual=_guarantee),
        Claim("worst-of-gd", zh="梯度下降的最坏曲率是 L/(2k+1)：O(1/k) 是紧的",
              en="gradient descent's worst curvature is L/(2k+1): its O(1/k) is tight", residual=_worst_of_gd),
        Claim("nobody-is-faster", zh="在 Nesterov（2004）的二次函数上，两者都不低于 3LR²/(32(k+1)²)",
              en="on Nesterov's quadratic of 2004 neither gets below 3 L R^2 / (32 (k+1)^2)", residual=_lower),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"L": 0.0}, "L must lie between"),
        Reject({"R": float("nan")}, "R must lie between"),
        Reject({"target": -1.0}, "target must lie between"),
        Reject({"steps": 10**6}, "steps must lie between 4 and 1000"),
        Reject({"L": 1e4, "R": 1e4, "target": 1e-4}, "target must not be less"),
    ),
    figure=figure,
)  # fmt: skip
