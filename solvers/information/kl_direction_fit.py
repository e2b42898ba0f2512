"""One Gaussian Q fitted to a mixture P of two, by the forward and by the reverse KL divergence, in nats.

    P = w N(d/2, sd^2) + (1-w) N(-d/2, sd^2),   Q = N(mu, sigma^2)
    forward: minimize D(P||Q)        reverse: minimize D(Q||P)

Shapes: separation d, sd, weight w (...) -> every output (...).
Method: both divergences by quadrature on a grid of candidates (mu, log sigma), each candidate then polished by a fixed
number of Newton rounds, the lowest wins. The reverse fit is looked for on the heavier mode's side, where a global
minimum always lies: mirroring Q there raises E_Q[log P]. With equal weights the other mode is as good; the right one
is reported.
Errors: BadInput for a weight outside [0.01, 0.99], sd <= 0, a separation below 0 or beyond 40 sd.
Reference: Goodfellow et al. (2016), figure 3.6; Bishop (2006), section 10.1.2.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

LOG_2PI = 1.8378770664093453
CENTERS, WIDTHS = 9, 5  # the candidate grid
NODES = 321  # of the quadrature, over eight standard deviations to each side
ROUNDS = 24
WIDE = 8.0  # separations of so many sd count as wide


def check(separation, sd, weight):
    for name, value in (("separation", separation), ("sd", sd), ("weight", weight)):
        require(np.all(np.isfinite(value)), name, "hold finite numbers", value)
    shapes = {value.shape for value in (separation, sd, weight)} - {()}
    require(len(shapes) <= 1, "separation, sd and weight", "agree in shape", sorted(shapes))
    require(np.all((sd >= 1e-6) & (sd <= 1e6)), "sd", "lie between 1e-6 and 1e6", sd)
    require(np.all((separation >= 0) & (separation <= 40 * sd)), "separation", "lie between 0 and 40 sd", separation)
    require(np.all((weight >= 0.01) & (weight <= 0.99)), "weight", "lie between 0.01 and 0.99", weight)


def compute(xp, note, separation, sd, weight):
    # In units of sd, with the heavier mode at +half: (..., 1) is the axis of candidates, (..., 1, 1) adds the nodes.
    side = xp.where(weight >= 0.5, xp.ones_like(weight), -xp.ones_like(weight))
    half = (separation / sd / 2)[..., None]
    heavy = (xp.maximum(weight, 1 - weight) + 0 * separation)[..., None]
    light = 1 - heavy
    z = xp.linspace(-8, 8, NODES, dtype=separation.dtype, device=separation.device)
    mass = xp.exp(-z * z / 2)
    mass = mass / xp.sum(mass)

    def log_p(x):
        h, a, b = half[..., None], heavy[..., None], light[..., None]
        return xp.logaddexp(xp.log(a) - (x - h) ** 2 / 2, xp.log(b) - (x + h) ** 2 / 2) - LOG_2PI / 2

    def under_p(f):
        """The mean of f under P."""
        right, left = f(half[..., None] + z), f(z - half[..., None])
        return heavy * xp.sum(mass * right, axis=-1) + light * xp.sum(mass * left, axis=-1)

    mean = under_p(lambda x: x)
    variance = under_p(lambda x: (x - mean[..., None]) ** 2)
    negentropy = under_p(log_p)

    def forward(mu, lam):
        spread = variance + (mean - mu) ** 2
        return negentropy + LOG_2PI / 2 + lam + spread * xp.exp(-2 * lam) / 2

    def forward_slopes(mu, lam):
        pull, spread = (mean - mu) * xp.exp(-lam), (variance + (mean - mu) ** 2) * xp.exp(-2 * lam)
        return -pull, 1 - spread, xp.ones_like(pull), 2 * pull, 2 * spread

    def reverse(mu, lam):
        x = mu[..., None] + xp.exp(lam)[..., None] * z
        return -lam - (LOG_2PI + 1) / 2 - xp.sum(mass * log_p(x), axis=-1)

    def reverse_slopes(mu, lam):
        sigma, h = xp.exp(lam)[..., None], half[..., None]
        x = mu[..., None] + sigma * z
        leaning = xp.tanh(h * x + xp.log(heavy / light)[..., None] / 2)  # which mode x belongs to, from -1 to 1
        first = sigma * (h * leaning - x)  # sigma (log P)'
        second = sigma**2 * (h**2 * (1 - leaning**2) - 1)  # sigma^2 (log P)''
        terms = (-first, -1 - first * z, -second, -second * z, -second * z * z - first * z)
        return tuple(xp.sum(mass * term, axis=-1) for term in terms)

    place = xp.arange(CENTERS * WIDTHS, dtype=separation.dtype, device=separation.device)
    row = xp.floor(place / WIDTHS)
    centers = half * row / (CENTERS - 1)
    widths = xp.log(variance) / 2 * (place - row * WIDTHS) / (WIDTHS - 1)

    out = {}
    for name, divergence, slopes in (("forward", forward, forward_slopes), ("reverse", reverse, reverse_slopes)):
        note(f"{name}_candidates", divergence(centers, widths))
        mu, lam = _polish(xp, slopes, centers, widths)
        values = divergence(mu, lam)
        values = xp.where(mu < -0.01, xp.inf * xp.ones_like(values), values)  # wandered to the lighter side
        best = place == xp.astype(xp.argmin(values, axis=-1, keepdims=True), place.dtype)

        def chosen(value, best=best):
            return xp.sum(xp.where(best, value, xp.zeros_like(value)), axis=-1)

        note(f"{name}_slope", xp.stack([chosen(part) for part in slopes(mu, lam)[:2]], axis=-1))
        out |= {
            f"{name}_mu": side * sd * chosen(mu),
            f"{name}_sigma": sd * chosen(xp.exp(lam)),
            f"{name}_D": chosen(values),
        }
    note("variance", sd**2 * variance[..., 0])
    return out


def _polish(xp, slopes, mu, lam):
    """Newton rounds on (mu / sigma, log sigma): curvature lifted to be positive, steps clipped."""
    for _ in range(ROUNDS):
        g1, g2, a, b, c = slopes(mu, lam)
        lowest = (a + c) / 2 - xp.sqrt((a - c) ** 2 / 4 + b * b)
        lift = xp.maximum(0.01 - lowest, xp.zeros_like(lowest))
        a, c = a + lift, c + lift
        determinant = a * c - b * b
        mu = mu - xp.exp(lam) * xp.clip((c * g1 - b * g2) / determinant, -1.0, 1.0)
        lam = lam - xp.clip((a * g2 - b * g1) / determinant, -0.5, 0.5)
    return mu, lam


def oracle(separation, sd, weight):
    """Forward by moment matching, reverse by minimizing on a grid of x and solving Price's two equations."""
    cases = np.broadcast_arrays(separation, sd, weight)
    flat = [_by_scipy(float(d) / float(s), float(w)) for d, s, w in zip(*map(np.ravel, cases), strict=True)]
    columns = np.array(flat).reshape(*cases[0].shape, 6)
    units = np.stack([sd, sd, 1 + 0 * sd] * 2, axis=-1)
    names = ("forward_mu", "forward_sigma", "forward_D", "reverse_mu", "reverse_sigma", "reverse_D")
    return dict(zip(names, np.moveaxis(columns * units, -1, 0), strict=True))


def _by_scipy(d, w):
    """The six outputs for sd = 1."""
    from scipy.integrate import trapezoid
    from scipy.optimize import minimize, root
    from scipy.special import expit
    from scipy.stats import norm

    x = np.linspace(-d / 2 - 30, d / 2 + 30, 4001)
    logs = np.logaddexp(np.log(w) + norm.logpdf(x, d / 2), np.log1p(-w) + norm.logpdf(x, -d / 2))
    right = expit(d * x + np.log(w) - np.log1p(-w))  # the chance that x came from the right mode
    slope, curvature = d * (right - 0.5) - x, d**2 * right * (1 - right) - 1

    def log_q(mu, lam):
        return -(((x - mu) * np.exp(-lam)) ** 2) / 2 - lam - np.log(2 * np.pi) / 2

    def divergence(q):
        return trapezoid(np.exp(log_q(*q)) * (log_q(*q) - logs), x)

    def price(q):
        """Both vanish at a stationary q: E_Q[(log P)'] and 1 + sigma^2 E_Q[(log P)'']."""
        under_q = np.exp(log_q(*q))
        return trapezoid(under_q * slope, x), 1 + np.exp(2 * q[1]) * trapezoid(under_q * curvature, x)

    mu, sigma = (2 * w - 1) * d / 2, np.sqrt(1 + w * (1 - w) * d**2)
    best = []
    for start in ((d / 2, 0.0), (-d / 2, 0.0), (mu, np.log(sigma))):
        near = minimize(divergence, start, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-9}).x
        exact = root(price, near, tol=1e-13).x
        fit = exact if np.max(np.abs(exact - near)) < 1e-2 else near
        best.append((round(divergence(fit), 10), -fit[0] if w >= 0.5 else fit[0], *fit))
    _, _, center, lam = min(best)  # of equally good ones, that on the heavier side
    entropy = -trapezoid(np.exp(logs) * logs, x)
    forward = np.log(sigma) + np.log(2 * np.pi * np.e) / 2 - entropy
    return mu, sigma, forward, center, np.exp(lam), divergence((center, lam))


def sample(rng):
    size = int(rng.integers(1, 3))
    sd = rng.uniform(0.3, 3.0, size=size)
    return {"separation": sd * rng.uniform(0.5, 12.0, size=size), "sd": sd, "weight": rng.uniform(0.1, 0.9, size=size)}


def variant(rng):
    """Modes a few standard deviations apart, unequal weights in twentieths."""
    sd = float(rng.choice([0.5, 0.6, 0.8, 1, 1.2, 1.5, 2, 2.5]))
    separation = round(sd * float(rng.integers(8, 21)) / 2, 2)
    weight = int(rng.choice([n for n in range(2, 19) if n != 10])) / 20
    return {"separation": separation, "sd": sd, "weight": weight}


def _right(given):
    return compute(np, lambda step, value: None, **{name: np.asarray(given[name]) for name in SOLVER.params})


def _moments(separation, sd, weight):
    """Mean and standard deviation of P."""
    return (2 * weight - 1) * separation / 2 + 0 * sd, np.sqrt(sd**2 + weight * (1 - weight) * separation**2)


def _unless_equal(right, wrong):
    """Those of ``wrong`` that differ from the right outputs by more than rounding."""
    return {name: value for name, value in wrong.items() if not np.allclose(value, right[name], rtol=1e-6, atol=1e-6)}


def _swapped(**given):
    out = _right(given)
    other = {"forward": "reverse", "reverse": "forward"}
    return _unless_equal(out, {name: out[other[name[:7]] + name[7:]] for name in out})


def _reverse_by_moments(**given):
    mean, spread = _moments(**given)
    return _unless_equal(_right(given), {"reverse_mu": mean, "reverse_sigma": spread})


def _between_only(separation, sd, weight):
    wrong = separation * np.sqrt(weight * (1 - weight)) + 0 * sd
    return _unless_equal({"forward_sigma": _moments(separation, sd, weight)[1]}, {"forward_sigma": wrong})


def _half_distance(separation, sd, weight):
    wrong = np.sqrt(sd**2 + separation**2 / 4) + 0 * weight
    return _unless_equal({"forward_sigma": _moments(separation, sd, weight)[1]}, {"forward_sigma": wrong})


def _variance(separation, sd, weight):
    spread = _moments(separation, sd, weight)[1]
    return _unless_equal({"forward_sigma": spread}, {"forward_sigma": spread**2})


def _midpoint(separation, sd, weight):
    mean = _moments(separation, sd, weight)[0]
    return _unless_equal({"forward_mu": mean}, {"forward_mu": 0 * mean})


def _converged(given, out):
    """Slopes at both fits (mu in units of sigma, sigma on a log scale), and what some candidate would save."""
    parts = []
    for name in ("forward", "reverse"):
        saved = np.maximum(out[f"{name}_D"] - np.min(out[f"{name}_candidates"], axis=-1), 0.0)
        parts += [out[f"{name}_slope"], saved[..., None]]
    return np.concatenate(parts, axis=-1)


def _matches(given, out):
    mean, spread = _moments(**given)
    return np.stack([out["forward_mu"] - mean, out["forward_sigma"] - spread]) / spread


def _covers(given, out):
    """Forward sigma falls short neither of sd nor of the spread of the two modes."""
    d, sd, w = given["separation"], given["sd"], given["weight"]
    return np.minimum(out["forward_sigma"] / np.maximum(sd, d * np.sqrt(w * (1 - w))) - 1, 0.0)


def _locks(given, out):
    """Where the modes are wide apart: how far the reverse fit is from the heavier one, beyond 1 %."""
    d, sd, w = given["separation"], given["sd"], given["weight"]
    mode = np.where(w >= 0.5, d / 2, -d / 2)
    gap = np.maximum(np.abs(out["reverse_mu"] - mode), np.abs(out["reverse_sigma"] - sd)) / sd
    return np.where(d >= WIDE * sd, np.maximum(gap - 0.01, 0.0), 0.0)


def _price(given, out):
    """D(Q||P) <= -log(heavier weight): a Q on that mode pays no more."""
    return np.maximum(out["reverse_D"] + np.log(np.maximum(given["weight"], 1 - given["weight"])), 0.0)


def figure(given, out, steps):
    """P and both fits, for the first case of a batch."""
    d, sd, w = (float(np.ravel(given[name])[0]) for name in ("separation", "sd", "weight"))
    x = np.linspace(-d / 2 - 4 * sd, d / 2 + 4 * sd, 241)

    def bell(mu, sigma):
        return np.exp(-(((x - mu) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))

    def fit(name):
        return bell(*(float(np.ravel(out[f"{name}_{part}"])[0]) for part in ("mu", "sigma")))

    return Figure(
        title={"zh": "两峰的 P 与两个方向拟合出的 Q", "en": "a P of two modes and Q as either direction fits it"},
        marks=(
            Lines(x, w * bell(d / 2, sd) + (1 - w) * bell(-d / 2, sd), {"zh": "P", "en": "P"}),
            Lines(x, fit("forward"), {"zh": "前向：最小化 D(P‖Q)", "en": "forward: least D(P||Q)"}),
            Lines(x, fit("reverse"), {"zh": "反向：最小化 D(Q‖P)", "en": "reverse: least D(Q||P)"}),
        ),
        x={"zh": "x", "en": "x"},
        y={"zh": "概率密度", "en": "density"},
    )


SOLVER = Solver(
    title={"zh": "KL 散度的方向决定拟合", "en": "which way round the KL divergence fits"},
    formula=r"Q_{\rightarrow}=\arg\min_Q D(P\|Q),\qquad Q_{\leftarrow}=\arg\min_Q D(Q\|P)",
    params={
        "separation": Param(8.0, {"zh": "两峰的距离", "en": "the distance between the modes"}, shape="(...)"),
        "sd": Param(1.0, {"zh": "每个峰的标准差", "en": "each mode's standard deviation"}, shape="(...)"),
        "weight": Param(0.5, {"zh": "右峰的权重", "en": "the right mode's weight"}, shape="(...)"),
    },
    outputs={
        "forward_mu": "1",
        "forward_sigma": "1",
        "forward_D": "nats",
        "reverse_mu": "1",
        "reverse_sigma": "1",
        "reverse_D": "nats",
    },
    steps={
        "variance": {"zh": "P 的方差", "en": "the variance of P"},
        "forward_candidates": {"zh": "各候选 (μ, σ) 的 D(P‖Q)", "en": "D(P||Q) at the candidates (mu, sigma)"},
        "forward_slope": {"zh": "前向拟合处剩余的斜率", "en": "slopes left at the forward fit"},
        "reverse_candidates": {"zh": "各候选 (μ, σ) 的 D(Q‖P)", "en": "D(Q||P) at the candidates (mu, sigma)"},
        "reverse_slope": {"zh": "反向拟合处剩余的斜率", "en": "slopes left at the reverse fit"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="moments; scipy.optimize.minimize and root",
    sample=sample,
    variant=variant,
    edges=(
        {"separation": 0.0, "sd": 2.0, "weight": 0.3},
        {"separation": 5.0, "sd": 1.0, "weight": 0.5},
        {"separation": 40.0, "sd": 1.0, "weight": 0.5},
        {"separation": 40.0, "sd": 1.0, "weight": 0.99},
        {"separation": [8.0, 2.0], "sd": 1.0, "weight": [0.5, 0.4]},
    ),
    tolerance={"float64": 1e-9, "float32": 1e-4},
    smooth=False,  # the best candidate changes at a jump
    claims=(
        Claim(
            "converged",
            zh="两个拟合都已收敛：剩余斜率为零，且不差于任何候选",
            en="both fits have converged: no slope is left and no candidate is better",
            residual=_converged,
        ),
        Claim(
            "moment-matching",
            zh="前向拟合就是矩匹配：均值与方差等于 P 的",
            en="the forward fit matches moments: it has the mean and the variance of P",
            residual=_matches,
        ),
        Claim(
            "forward-covers",
            zh="前向拟合的 σ 不小于 sd，也不小于两峰之间的散布 d√(w(1−w))",
            en="the forward sigma is at least sd and at least the spread of the modes, d sqrt(w(1-w))",
            residual=_covers,
        ),
        Claim(
            "reverse-locks",
            zh="两峰相距 8 sd 以上时，反向拟合落在较重的峰上：μ、σ 与该峰相差不到 0.01 sd",
            en="with modes 8 sd or more apart the reverse fit sits on the heavier one, mu and sigma within 0.01 sd",
            residual=_locks,
        ),
        Claim(
            "price-of-a-missed-mode",
            zh="反向拟合的 D(Q‖P) 不超过 −log(较重峰的权重)：漏掉一个峰只付这么多",
            en="the reverse D(Q||P) is at most -log(heavier weight): missing a mode costs no more than that",
            residual=_price,
        ),
    ),
    mistakes=(
        Mistake("directions-swapped", "这是另一个方向的拟合", "that is the fit of the other direction", _swapped),
        Mistake(
            "reverse-by-moments",
            "反向也按矩匹配算了",
            "the reverse fit was made by matching moments too",
            _reverse_by_moments,
        ),
        Mistake("between-only", "漏了每个峰自己的方差", "each mode's own variance was forgotten", _between_only),
        Mistake(
            "half-distance", "没管权重，把峰间方差取成 d²/4", "d^2/4 was taken whatever the weight", _half_distance
        ),
        Mistake("variance-as-sigma", "那是方差，还没有开方", "that is the variance; its root was not taken", _variance),
        Mistake("midpoint", "均值取了两峰中点，没管权重", "the midpoint was taken whatever the weight", _midpoint),
    ),
    rejects=(
        Reject({"sd": 0.0}, "sd must lie between"),
        Reject({"weight": 1.0}, "weight must lie between 0.01 and 0.99"),
        Reject({"separation": -1.0}, "separation must lie between 0 and 40 sd"),
        Reject({"separation": 41.0}, "separation must lie between 0 and 40 sd"),
        Reject({"sd": float("inf")}, "sd must hold finite numbers"),
        Reject({"separation": [8.0, 8.0], "weight": [0.5, 0.5, 0.5]}, "agree in shape"),
    ),
    figure=figure,
)
