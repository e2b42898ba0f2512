"""Noise and the learning rate: SGD on f(theta) = lam theta^2 / 2 whose gradients carry noise of deviation sigma.

    theta <- theta - eps_k (lam theta + sigma z_k)          eps_k = eps0 / (1 + k / tau)^p, one curve for each power p
    E theta^2 <- (1 - eps_k lam)^2 E theta^2 + eps_k^2 sigma^2

Power 0 is a fixed rate: the excess error E f stalls at the floor eps0 sigma^2 / (2 (2 - eps0 lam)). Power 1 meets
Robbins and Monro (the rates add up to infinity, their squares do not); a power above 1 lets the rates run out.
Shapes: powers (P,) -> excess, bias, simulated, total, squares (P,); floor is a number. Exact expectations, beside
the mean over ``runs`` simulated paths. Not batched: the shape of the noise follows from the arguments.
Errors: BadInput where eps0 lam is not below 2, for powers below 0 or above 3, too many draws.
Reference: Robbins & Monro (1951); Goodfellow et al. (2016), section 8.3.1, equations 8.12-8.14; Bottou et al. (2018).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

DRAWS = 2_000_000


def check(powers, lam, sigma, start, eps0, tau, steps, runs):
    require(powers.ndim == 1 and 1 <= powers.size <= 16, "powers", "be a list of 1 to 16 numbers", powers.shape)
    require(np.all((powers >= 0) & (powers <= 3)), "powers", "lie between 0 and 3", powers)
    for name, value in (("lam", lam), ("eps0", eps0), ("tau", tau)):
        require(1e-6 <= value <= 1e6, name, "lie between 1e-6 and 1e6", value)
    require(0 <= sigma <= 1e3, "sigma", "lie between 0 and 1000", sigma)
    require(abs(start) <= 1e3, "start", "be of size at most 1000", start)
    require(eps0 * lam <= 1.99, "eps0", "keep eps0 times lam within 1.99 (a fixed rate diverges from 2 on)", eps0)
    require(1 <= steps <= 100_000, "steps", "lie between 1 and 100000", steps)
    require(2 <= runs <= 100_000, "runs", "lie between 2 and 100000", runs)
    work = steps * runs * powers.size
    require(work <= DRAWS, "runs", f"keep steps times runs times powers within {DRAWS}", work)


def noise(rng, powers, lam, sigma, start, eps0, tau, steps, runs):
    """The same gradient noise for every power."""
    return {"z": rng.normal(size=(steps, runs))}


def compute(xp, note, powers, lam, sigma, start, eps0, tau, steps, runs, z):
    one = xp.ones_like(powers)
    bias, second = one * start**2, one * start**2
    theta = one[:, None] * start + 0 * z[0, :][None, :]
    total, squares = xp.zeros_like(powers), xp.zeros_like(powers)
    rates, curve, simulated = [], [lam / 2 * second], [lam / 2 * second]
    for k in range(steps):
        eps = eps0 * (one + k / tau) ** -powers
        shrink = (1 - eps * lam) ** 2
        bias, second = shrink * bias, shrink * second + (eps * sigma) ** 2
        theta = theta - eps[:, None] * (lam * theta + sigma * z[k, :][None, :])
        total, squares = total + eps, squares + eps * eps
        rates.append(eps)
        curve.append(lam / 2 * second)
        simulated.append(lam / 2 * xp.mean(theta * theta, axis=1))
    note("rates", xp.stack(rates))
    note("curve", xp.stack(curve))
    note("simulated_curve", xp.stack(simulated))
    return {
        "excess": curve[-1],
        "bias": lam / 2 * bias,
        "simulated": simulated[-1],
        "floor": one[0, ...] * (eps0 * sigma**2 / (2 * (2 - eps0 * lam))),
        "total": total,
        "squares": squares,
    }


def oracle(powers, lam, sigma, start, eps0, tau, steps, runs, z):
    """Products written out: each gradient's noise arrives at the end damped by all later steps."""
    k = np.arange(steps)
    out = {name: [] for name in ("excess", "bias", "simulated", "total", "squares")}
    for p in powers:
        eps = eps0 / (1 + k / tau) ** p
        factors = 1 - eps * lam
        later = np.append(np.cumprod(factors[::-1])[::-1][1:], 1.0)  # what remains of step k's noise
        mean = start * np.prod(factors)
        weights = eps * sigma * later
        ends = mean - weights @ z
        out["bias"].append(lam / 2 * mean**2)
        out["excess"].append(lam / 2 * (mean**2 + np.sum(weights**2)))
        out["simulated"].append(lam / 2 * np.mean(ends**2))
        out["total"].append(np.sum(eps))
        out["squares"].append(np.sum(eps**2))
    weights = eps0 * sigma * (1 - eps0 * lam) ** np.arange(2_000_000 if abs(1 - eps0 * lam) > 0.999 else 50_000)
    return {**{name: np.array(v) for name, v in out.items()}, "floor": np.asarray(lam / 2 * np.sum(weights**2))}


def sample(rng):
    return {
        "powers": np.append(rng.uniform(0.3, 2.0, size=2), 0.0),
        "lam": float(rng.uniform(0.5, 3.0)),
        "sigma": float(rng.uniform(0.3, 1.5)),
        "start": float(rng.uniform(0.5, 2.0)),
        "eps0": float(rng.uniform(0.1, 0.5)),
        "tau": float(rng.uniform(2.0, 10.0)),
        "steps": int(rng.integers(5, 60)),
        "runs": int(rng.integers(30, 80)),
    }


def variant(rng):
    """A fixed rate of a few digits and two steps; eps0 lam is large enough to be felt."""
    lam = int(rng.integers(1, 10))
    rates = [n / 100 for n in range(5, 90, 5) if 0.2 <= n * lam / 100 <= 1.7 and abs(n * lam / 100 - 1) >= 0.15]
    eps0 = float(rng.choice(rates))
    return {"powers": [0, 1], "lam": lam, "sigma": int(rng.integers(2, 10)),
            "start": int(rng.choice([3, 4, 6, 8])),
            "eps0": eps0, "tau": 1, "steps": 2, "runs": 2}  # fmt: skip


# ---- What people get wrong.


def _floor(rule):
    """Another floor."""

    def value(powers, lam, sigma, start, eps0, tau, steps, runs, z):
        right, wrong = eps0 * sigma**2 / (2 * (2 - eps0 * lam)), rule(lam, sigma, eps0)
        return {} if np.isclose(right, wrong, rtol=1e-6) else {"floor": wrong}

    return value


def _recursion(rule, rate=lambda eps0, k, tau, p: eps0 / (1 + k / tau) ** p):
    """Another recursion of E theta^2."""

    def value(powers, lam, sigma, start, eps0, tau, steps, runs, z):
        wrong = right = start**2 + 0 * powers
        for k in range(steps):
            eps = eps0 / (1 + k / tau) ** powers
            right = (1 - eps * lam) ** 2 * right + (eps * sigma) ** 2
            wrong = rule(wrong, rate(eps0, k, tau, powers), lam, sigma)
        return {} if np.allclose(right, wrong, rtol=1e-6) else {"excess": lam / 2 * wrong}

    return value


def _exact(s, eps, lam, sigma):
    return (1 - eps * lam) ** 2 * s + (eps * sigma) ** 2


MISTAKES = (
    Mistake("no-floor", "以为噪声会自己平均掉：固定学习率下误差降不到 0", "expects the noise to average out by itself",
            _floor(lambda lam, sigma, eps: 0.0)),
    Mistake("squared-rate", "只看了一步注入的噪声 ε²σ²", "only the noise of one step, eps^2 sigma^2, was counted",
            _floor(lambda lam, sigma, eps: lam / 2 * eps**2 * sigma**2)),
    Mistake("variance-for-excess", "那是 θ 的方差，额外误差还要乘 λ/2",
            "that is the variance of theta; the excess is lam / 2 times it",
            _floor(lambda lam, sigma, eps: eps * sigma**2 / (lam * (2 - eps * lam)))),
    Mistake("sigma-not-squared", "σ 忘了平方", "sigma was not squared",
            _floor(lambda lam, sigma, eps: eps * sigma / (2 * (2 - eps * lam)))),
    Mistake("half-forgotten", "漏了 1/2", "the half was lost",
            _floor(lambda lam, sigma, eps: eps * sigma**2 / (2 - eps * lam))),
    Mistake("not-squared", "误差按 1−ελ 缩小，误差的平方要乘它的平方",
            "the error shrinks by 1 - eps lam, its square by the square of that",
            _recursion(lambda s, eps, lam, sigma: (1 - eps * lam) * s + (eps * sigma) ** 2)),
    Mistake("noiseless", "漏了噪声项", "the noise was left out",
            _recursion(lambda s, eps, lam, sigma: (1 - eps * lam) ** 2 * s)),
    Mistake("noise-by-eps", "噪声的方差要乘 ε²", "the variance of the noise is multiplied by eps^2",
            _recursion(lambda s, eps, lam, sigma: (1 - eps * lam) ** 2 * s + eps * sigma**2)),
    Mistake("never-decayed", "学习率没有衰减", "the rate was not decayed",
            _recursion(_exact, lambda eps0, k, tau, p: eps0 + 0 * p)),
)  # fmt: skip


# ---- Claims.


def _stalls(given, out):
    """A fixed rate: what the excess is away from the floor shrinks by (1 - eps lam)^2 a step."""
    fixed, x = given["powers"] == 0, given["eps0"] * given["lam"]
    left = (1 - x) ** (2 * given["steps"]) * (given["lam"] / 2 * given["start"] ** 2 - out["floor"])
    return np.where(fixed, (out["excess"] - out["floor"] - left) / (1 + out["floor"] + abs(left)), 0.0)


def _proportional(given, out):
    """floor / eps0 is sigma^2 / 4, and at most 1/(1 - eps0 lam / 2) times that."""
    unit = given["eps0"] * given["sigma"] ** 2 / 4
    low = np.minimum(out["floor"] - unit, 0.0)
    high = np.maximum(out["floor"] * (1 - given["eps0"] * given["lam"] / 2) - unit, 0.0)
    return np.array([low, high]) / (unit + 1e-30)


def _one_over_k(given, out):
    """With power 1 and c = eps0 tau: E theta^2 is at most M / (tau + k)."""
    lam, tau, c = given["lam"], given["tau"], given["eps0"] * given["tau"]
    room = 2 * c * lam - 1 - c * lam * given["eps0"] * lam
    if room <= 0 or tau < 1:
        return 0.0
    most = max(given["start"] ** 2 * tau, c**2 * given["sigma"] ** 2 / room)
    k = np.arange(given["steps"] + 1)[:, None]
    excess = out["curve"] / (lam / 2 * most / (tau + k)) - 1
    return np.where(given["powers"] == 1, np.maximum(excess, 0.0), 0.0)


def _runs_out(given, out):
    """With a power above 1 the rates add up to less than eps0 (1 + tau / (p - 1)): a part of the start remains."""
    p, x = given["powers"], given["eps0"] * given["lam"]
    if x >= 1:
        return 0.0
    fast = p > 1.05
    most = given["lam"] * given["eps0"] * (1 + given["tau"] / np.where(fast, p - 1, 1.0)) / (1 - x)
    least = given["lam"] / 2 * given["start"] ** 2 * np.exp(-2 * most)
    return np.where(fast, np.minimum(out["bias"] - least, 0.0), 0.0)


def _simulated(given, out):
    """How far the simulated mean is beyond eight standard errors."""
    if given["runs"] < 30:
        return 0.0
    error = out["excess"] * np.sqrt(2 / given["runs"])
    return np.maximum(np.abs(out["simulated"] - out["excess"]) - 8 * error, 0.0) / (1 + out["excess"])


CLAIMS = (
    Claim("fixed-rate-stalls", zh="固定学习率：额外误差与下限之差每步乘 (1−ελ)²，停在下限上",
          en="with a fixed rate the distance to the floor shrinks by (1 - eps lam)^2 a step: it stalls there",
          residual=_stalls),
    Claim("floor-in-proportion", zh="下限与学习率成正比（ελ 小时约 εσ²/4）",
          en="the floor is in proportion to the rate: eps sigma^2 / 4 where eps lam is small", residual=_proportional),
    Claim("one-over-k", zh="按 1/k 衰减（且 ε₀τλ 够大）：额外误差不超过常数/(τ+k)",
          en="decayed like 1/k, with eps0 tau lam large enough, the excess is at most a constant over tau + k",
          residual=_one_over_k),
    Claim("rates-run-out", zh="衰减快于 1/k：学习率之和有限，起点的误差有一部分永远留下",
          en="decayed faster than 1/k the rates have a finite sum, and a part of the start's error stays for ever",
          residual=_runs_out),
    Claim("simulation-agrees", zh="模拟的平均与精确期望相差不超过八个标准误",
          en="simulated means are within eight standard errors of the exact ones",
          residual=_simulated),
)  # fmt: skip


def figure(given, out, steps):
    k = np.arange(1, given["steps"] + 1)
    keep = np.unique(np.round(np.geomspace(1, given["steps"], 60)).astype(int)) - 1
    marks = []
    for i, p in enumerate(given["powers"][:5]):
        marks.append(Lines(k[keep], steps["curve"][1:, i][keep], {"zh": f"p = {p:g}", "en": f"p = {p:g}"}))
        name = None if i else {"zh": "点：模拟", "en": "dots: simulated"}
        marks.append(Scatter(k[keep][::6], steps["simulated_curve"][1:, i][keep][::6], name))
    return Figure(
        {"zh": "额外误差：ε₀/(1+k/τ)^p", "en": "excess error under eps0 / (1 + k/tau)^p"},
        tuple(marks), x={"zh": "步数 k", "en": "step k"}, y={"zh": "额外误差", "en": "excess error"}, log="xy",
    )  # fmt: skip


SOLVER = Solver(
    title={"zh": "SGD 的噪声下限与学习率的衰减", "en": "the noise floor of SGD, and decaying the rate"},
    formula=r"E f\to\frac{\epsilon\sigma^2}{2(2-\epsilon\lambda)}",
    params={
        "powers": Param([0.0, 0.5, 1.0, 2.0], {"zh": "衰减的幂 p", "en": "powers p of the decay"}, shape="(P,)"),
        "lam": Param(1.0, {"zh": "曲率 λ", "en": "curvature lambda"}, kind="float"),
        "sigma": Param(1.0, {"zh": "梯度噪声的标准差 σ", "en": "deviation sigma of the gradient noise"}, kind="float"),
        "start": Param(2.0, {"zh": "起点", "en": "the start"}, kind="float"),
        "eps0": Param(0.2, {"zh": "初始学习率 ε₀", "en": "initial rate eps0"}, kind="float"),
        "tau": Param(10.0, {"zh": "衰减的时间尺度 τ", "en": "time scale tau of the decay"}, kind="float"),
        "steps": Param(2000, {"zh": "步数", "en": "number of steps"}, kind="int"),
        "runs": Param(200, {"zh": "模拟的次数", "en": "number of simulated runs"}, kind="int"),
    },
    outputs=dict.fromkeys(("excess", "bias", "simulated", "floor", "total", "squares"), "1"),
    steps={
        "rates": {"zh": "学习率", "en": "the rates"},
        "curve": {"zh": "额外误差（精确）", "en": "excess error, exact"},
        "simulated_curve": {"zh": "额外误差（模拟）", "en": "excess error, simulated"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="products and sums of the damped noise, written out; a geometric series for the floor",
    noise=noise,
    sample=sample,
    variant=variant,
    edges=(
        {"powers": [0.0], "sigma": 0.0, "steps": 3, "runs": 30},
        {"powers": [0.0, 3.0], "start": 0.0, "eps0": 1.5, "steps": 40, "runs": 50},
    ),
    tolerance={"float64": 1e-9, "float32": 1e-4},
    smooth=False,
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"powers": [-1.0]}, "powers must lie between 0 and 3"),
        Reject({"powers": 1.0}, "powers must be a list"),
        Reject({"lam": 0.0}, "lam must lie between"),
        Reject({"sigma": float("nan")}, "sigma must lie between"),
        Reject({"eps0": 2.0}, "eps0 must keep eps0 times lam"),
        Reject({"start": 1e9}, "start must be of size"),
        Reject({"steps": 10**7}, "steps must lie between"),
        Reject({"runs": 100_000}, "runs must keep steps times runs"),
    ),
    figure=figure,
)  # fmt: skip
