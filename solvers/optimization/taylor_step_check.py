"""What a gradient step gains, and what curvature takes back:  f(theta - eps g) ~ f(theta) - eps g'g + eps^2 g'Hg / 2.

Here f(theta) = theta' A theta / 2 + quartic * sum theta_i^4 / 4, so g = A theta + quartic theta^3 and
H = A + 3 quartic diag(theta^2).
Shapes: A (..., D, D) symmetric, theta (..., D) -> gain, cost, ratio, predicted, actual, best_eps (...).
``gain`` = eps g'g, ``cost`` = eps^2 g'Hg / 2, ``predicted`` = cost - gain, ``ratio`` = cost / gain: above 1 the step is
predicted to climb. ``best_eps`` = g'g / g'Hg makes ``predicted`` smallest; it is inf where g'Hg <= 0.
Errors: BadInput for an A that is not symmetric, a vanishing gradient, numbers beyond 1e6.
Reference: Goodfellow et al. (2016), eqs. 4.8-4.10 and section 8.2.1 (eq. 8.10).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

WIDEST = 64
NUMBERS = 200_000
LARGEST = 1e6


def check(A, theta, eps, quartic):
    require(theta.ndim >= 1 and 1 <= theta.shape[-1] <= WIDEST, "theta", f"have 1 to {WIDEST} entries", theta.shape)
    square = (*theta.shape, theta.shape[-1])
    require(A.shape == square, "A", f"have shape {square}, D by D for the D entries of theta", A.shape)
    require(1 <= A.size <= NUMBERS, "A", f"hold 1 to {NUMBERS} numbers", A.size)
    for name, value, most in (("A", A, LARGEST), ("theta", theta, 1e3)):
        require(np.all(np.abs(value) <= most), name, f"hold finite numbers of size at most {most:.0e}", value)
    require(np.allclose(A, np.swapaxes(A, -1, -2), rtol=1e-6, atol=1e-9 * np.max(np.abs(A))), "A", "be symmetric", A)
    require(0 < eps <= 1e3, "eps", "be positive, at most 1000", eps)
    require(0 <= quartic <= 1e3, "quartic", "lie between 0 and 1000", quartic)
    g = np.einsum("...ij,...j->...i", A, theta) + quartic * theta**3
    require(np.all(np.linalg.norm(g, axis=-1) > 1e-9), "theta", "be no critical point: the gradient vanishes", theta)


def compute(xp, note, A, theta, eps, quartic):
    def times(matrix, vector):
        return xp.matmul(matrix, vector[..., None])[..., 0]

    def f(point):
        return xp.sum(point * times(A, point), axis=-1) / 2 + quartic / 4 * xp.sum(point**4, axis=-1)

    g = times(A, theta) + quartic * theta**3
    squared = xp.sum(g * g, axis=-1)
    bent = xp.sum(g * (times(A, g) + 3 * quartic * theta * theta * g), axis=-1)
    note("gradient", g)
    note("squared", squared)
    note("bent", bent)
    gain, cost = eps * squared, eps * eps / 2 * bent
    one = xp.ones_like(bent)
    return {
        "gain": gain,
        "cost": cost,
        "ratio": cost / gain,
        "predicted": cost - gain,
        "actual": f(theta - eps * g) - f(theta),
        "best_eps": xp.where(bent > 0, squared / xp.where(bent > 0, bent, one), float("inf")),
    }


def oracle(A, theta, eps, quartic):
    """Along the line, phi(s) = f(theta - s g) is a polynomial of degree four: fit it to five values and read it off."""
    size = theta.shape[-1]
    rows = [_line(a, t, eps, quartic) for a, t in zip(A.reshape(-1, size, size), theta.reshape(-1, size), strict=True)]
    return {name: np.reshape([row[name] for row in rows], theta.shape[:-1]) for name in rows[0]}


def _line(A, theta, eps, quartic):
    def f(point):
        return sum(point[i] * A[i, j] * point[j] for i in range(len(point)) for j in range(len(point))) / 2 + sum(
            quartic * x**4 / 4 for x in point
        )

    g = np.array([A[i] @ theta + quartic * theta[i] ** 3 for i in range(len(theta))])
    unit = 1 / (1 + np.abs(A).sum(axis=1).max() + 3 * quartic * np.max(theta**2))
    s = np.arange(-2.0, 3.0)
    values = np.array([f(theta - x * unit * g) - f(theta) for x in s])
    rising = np.linalg.solve(np.vander(s, increasing=True), values) / unit ** np.arange(5.0)
    slope, half_bend = rising[1], rising[2]
    return {
        "gain": -eps * slope,
        "cost": eps**2 * half_bend,
        "ratio": -eps * half_bend / slope,
        "predicted": eps * slope + eps**2 * half_bend,
        "actual": f(theta - eps * g) - f(theta),
        "best_eps": -slope / (2 * half_bend) if half_bend > 1e-12 * abs(slope) / unit else np.inf,
    }


def sample(rng):
    """Curvatures of both signs, but g'Hg well above zero."""
    batch, size = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    while True:
        Q = np.linalg.qr(rng.normal(size=(batch, size, size)))[0]
        curvature = np.concatenate([rng.uniform(1.0, 4.0, size=(batch, 1)), rng.uniform(-1, 4, (batch, size - 1))], -1)
        A = Q * curvature[:, None, :] @ np.swapaxes(Q, -1, -2)
        A = (A + np.swapaxes(A, -1, -2)) / 2
        theta = rng.choice([-1.0, 1.0], size=(batch, size)) * rng.uniform(0.5, 2.0, size=(batch, size))
        quartic = float(rng.choice([0.0, 0.2]))
        g = np.einsum("...ij,...j->...i", A, theta) + quartic * theta**3
        bent = np.einsum("...i,...ij,...j->...", g, A, g)
        if np.all(bent > 0.3 * np.sum(g * g, axis=-1)) and np.all(np.abs(g) > 0.05):
            return {"A": A, "theta": theta, "eps": float(rng.uniform(0.05, 0.6)), "quartic": quartic}


def variant(rng):
    """A diagonal A, a whole point where the flat direction counts, a rate for a calculator; no quartic part."""
    while True:
        flat, steep = int(rng.integers(1, 9)), int(rng.integers(6, 21))
        theta = [int(rng.choice([-1, 1]) * rng.integers(2, 16)), int(rng.choice([-3, -2, -1, 1, 2, 3]))]
        g = np.array([flat * theta[0], steep * theta[1]])
        best = np.sum(g * g) / (flat * g[0] ** 2 + steep * g[1] ** 2)
        eps = float(rng.choice([0.01, 0.02, 0.03, 0.04, 0.05, 0.1, 0.2]))
        if flat < steep and best * steep > 1.05 and abs(eps / best - 2) > 0.1:
            return {"A": [[flat, 0], [0, steep]], "theta": theta, "eps": eps, "quartic": 0}


# ---- Mistakes.


def _parts(A, theta, quartic):
    g = np.einsum("...ij,...j->...i", A, theta) + quartic * theta**3
    bent = np.einsum("...i,...ij,...j->...", g, A, g) + 3 * quartic * np.sum(theta**2 * g**2, axis=-1)
    return np.sum(g * g, axis=-1), bent, np.sum(theta * g, axis=-1)


def _wrong(rule):
    """``rule(gg, gHg, eps) -> outputs``; those that come out right are left out."""

    def value(A, theta, eps, quartic):
        squared, bent, _ = _parts(A, theta, quartic)
        gain, cost = eps * squared, eps**2 * bent / 2
        with np.errstate(all="ignore"):
            best = np.where(bent > 0, squared / bent, np.inf)
            wrong = rule(squared, bent, eps)
        right = {"gain": gain, "cost": cost, "ratio": cost / gain, "predicted": cost - gain, "best_eps": best}
        return {name: v for name, v in wrong.items() if not np.allclose(v, right[name], rtol=1e-3, atol=1e-9)}

    return value


def _no_half(squared, bent, eps):
    return {"cost": eps**2 * bent, "ratio": eps * bent / squared, "predicted": eps**2 * bent - eps * squared}


def _linear(squared, bent, eps):
    return {"cost": eps * bent / 2, "ratio": bent / 2 / squared, "predicted": eps * bent / 2 - eps * squared}


def _steepest(A, theta, eps, quartic):
    """1 / lambda_max, the safe rate for every direction."""
    size = theta.shape[-1]
    H = A + 3 * quartic * theta[..., None] ** 2 * np.eye(size)
    top = np.linalg.eigvalsh(H)[..., -1]
    squared, bent, _ = _parts(A, theta, quartic)
    if np.any(top <= 0) or np.any(bent <= 0) or np.allclose(1 / top, squared / bent, rtol=1e-3):
        return {}
    return {"best_eps": 1 / top}


MISTAKES = (
    Mistake("no-half", "二阶项漏了 1/2", "the half of the second-order term was left out", _wrong(_no_half)),
    Mistake("linear-in-eps", "二阶项是 ε²，不是 ε", "the second-order term goes with eps squared, not eps",
            _wrong(_linear)),
    Mistake("first-order-only", "只算了一阶项，没有扣曲率的代价", "first order only: the cost of curvature is missing",
            _wrong(lambda gg, bent, eps: {"predicted": -eps * gg})),
    Mistake("sign-of-the-change", "把“下降多少”当成了变化量：变化量带符号",
            "the decrease was given: a change has a sign",
            _wrong(lambda gg, bent, eps: {"predicted": eps * gg - eps**2 * bent / 2})),
    Mistake("break-even", "那是收益与代价相抵的 ε，最好的 ε 是它的一半",
            "that is where gain and cost cancel; the best eps is half of it",
            _wrong(lambda gg, bent, eps: {"best_eps": np.where(bent > 0, 2 * gg / bent, np.inf)})),
    Mistake("upside-down", "颠倒了：那是沿 g 的曲率", "upside down: that is the curvature along g",
            _wrong(lambda gg, bent, eps: {"best_eps": bent / gg})),
    Mistake("one-over-max", "1/λmax 对所有方向都安全，但不是沿这个 g 的最优",
            "1/lambda_max is safe in every direction, but not the best along this g", _steepest),
    Mistake("norm-not-squared", "用了 ‖g‖，应是 gᵀg", "|g| was used where g'g belongs",
            _wrong(lambda gg, bent, eps: {"gain": eps * np.sqrt(gg)})),
)  # fmt: skip


# ---- Claims.


def _remainder(given, out):
    """|actual - predicted| beyond its bound, eps^3 sum quartic |g|^3 (|theta| + eps |g| / 4): 0 for a quadratic."""
    g, eps, quartic = np.abs(out["gradient"]), given["eps"], given["quartic"]
    bound = quartic * eps**3 * np.sum(g**3 * (np.abs(given["theta"]) + eps * g / 4), axis=-1)
    size = out["gain"] + np.abs(out["cost"]) + np.abs(out["actual"])
    return np.maximum(np.abs(out["actual"] - out["predicted"]) - bound, 0) / size


def _turning(given, out):
    """At eps the prediction is eps g'g (eps / (2 best) - 1); over many rates none beats best_eps."""
    best = out["best_eps"]
    shares = np.reshape(np.linspace(0.0, 3.0, 31), (-1, *[1] * np.ndim(best)))
    finite = np.isfinite(best)
    rate = np.where(finite, best, 1.0)
    change = (shares * rate) ** 2 * out["bent"] / 2 - shares * rate * out["squared"]
    least = -rate * out["squared"] / 2
    beaten = np.maximum(least - np.min(change, axis=0), 0) / np.abs(least)
    expected = given["eps"] * out["squared"] * (given["eps"] / (2 * rate) - 1)
    gap = (out["predicted"] - expected) / (out["gain"] + np.abs(out["cost"]))
    return np.where(finite, np.stack([beaten, gap]), 0.0)


def _between(given, out):
    """best_eps lies between 1/lambda_max and 1/lambda_min where H is positive definite."""
    theta = given["theta"]
    H = given["A"] + 3 * given["quartic"] * theta[..., None] ** 2 * np.eye(np.shape(theta)[-1])
    low, high = np.linalg.eigvalsh(H)[..., 0], np.linalg.eigvalsh(H)[..., -1]
    best = out["best_eps"]
    outside = np.maximum(1 - best * high, 0) + np.maximum(best * low - 1, 0)
    return np.where(low > 1e-6 * np.abs(high), outside, 0.0)


CLAIMS = (
    Claim("second-order", "二次函数上预测与实际的变化完全一致；否则误差至多是 ε³ 量级",
          "on a quadratic the predicted change is the actual one; otherwise the error is of order eps^3", _remainder),
    Claim("best-rate", "沿 −g 最好的步长是 gᵀg/(gᵀHg)，此时下降 ½εgᵀg；步长加倍就一无所获",
          "along -g the best rate is g'g / g'Hg, which gains eps g'g / 2; twice that rate gains nothing", _turning),
    Claim("between-curvatures", "H 正定时，最好的步长在 1/λmax 与 1/λmin 之间",
          "where H is positive definite the best rate lies between 1/lambda_max and 1/lambda_min", _between),
)  # fmt: skip


def figure(given, out, steps):
    """The first case of a batch: predicted and actual change against the learning rate."""
    size = np.shape(given["theta"])[-1]
    A, theta = np.reshape(given["A"], (-1, size, size))[0], np.reshape(given["theta"], (-1, size))[0]
    squared, bent = (float(np.ravel(steps[name])[0]) for name in ("squared", "bent"))
    g = np.reshape(steps["gradient"], (-1, size))[0]
    best = float(np.ravel(out["best_eps"])[0])
    rates = np.linspace(0.0, max(2.5 * best if np.isfinite(best) else 0.0, 1.1 * given["eps"]), 81)
    points = theta - rates[:, None] * g
    f = np.einsum("ti,ij,tj->t", points, A, points) / 2 + given["quartic"] / 4 * np.sum(points**4, axis=-1)
    return Figure(
        {"zh": "走一步，损失变化多少", "en": "how the loss changes in one step"},
        (
            Lines(rates, f - f[0], {"zh": "实际变化", "en": "actual change"}),
            Scatter(rates[::8], (rates**2 * bent / 2 - rates * squared)[::8],
                    {"zh": "二阶预测", "en": "second-order prediction"}),
            Scatter(np.array([given["eps"]]), np.ravel(out["actual"])[:1], {"zh": "这一步", "en": "this step"}),
        ),
        x={"zh": "学习率 ε", "en": "learning rate"},
        y={"zh": "f 的变化", "en": "change of f"},
    )  # fmt: skip


SOLVER = Solver(
    title={"zh": "一步梯度下降的得与失", "en": "gain and cost of a gradient step"},
    formula=r"f(\theta-\epsilon g)\approx f(\theta)-\epsilon g^\top g+\frac{1}{2}\epsilon^2 g^\top H g",
    params={
        "A": Param([[1.0, 0.0], [0.0, 100.0]], {"zh": "二次项的矩阵", "en": "matrix of the quadratic part"},
                   shape="(..., D, D)"),
        "theta": Param([10.0, 1.0], {"zh": "当前点", "en": "the point"}, shape="(..., D)"),
        "eps": Param(0.03, {"zh": "学习率 ε", "en": "learning rate eps"}, kind="float"),
        "quartic": Param(0.0, {"zh": "四次项的系数", "en": "weight of the quartic part"}, kind="float"),
    },
    outputs=dict.fromkeys(("gain", "cost", "ratio", "predicted", "actual", "best_eps"), "1"),
    steps={
        "gradient": {"zh": "梯度 g", "en": "gradient g"},
        "squared": {"zh": "gᵀg", "en": "g'g"},
        "bent": {"zh": "gᵀHg", "en": "g'Hg"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="a quartic fitted to five values along the line",
    sample=sample,
    variant=variant,
    edges=(
        {"A": [[2.0]], "theta": [1.0], "eps": 0.5},
        {"A": [[1.0, 0.0], [0.0, -2.0]], "theta": [0.1, 1.0], "eps": 0.1},
        {"A": [[1.0, 0.5], [0.5, 2.0]], "theta": [1.0, -1.0], "eps": 0.2, "quartic": 1.0},
    ),
    tolerance={"float64": 1e-7, "float32": 1e-3},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"A": [[1.0, 2.0], [0.0, 1.0]]}, "A must be symmetric"),
        Reject({"A": [[1.0]]}, "A must have shape (2, 2)"),
        Reject({"theta": [float("nan"), 1.0]}, "theta must hold finite numbers"),
        Reject({"theta": [0.0, 0.0]}, "theta must be no critical point"),
        Reject({"eps": 0.0}, "eps must be positive"),
        Reject({"quartic": -1.0}, "quartic must lie between 0 and 1000"),
        Reject({"A": np.zeros((0, 2, 2)), "theta": np.zeros((0, 2))}, "A must hold 1 to 200000 numbers"),
    ),
    figure=figure,
)  # fmt: skip
