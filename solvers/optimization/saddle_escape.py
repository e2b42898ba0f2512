"""Near a saddle:  f(x, y) = x^2 - y^2 + quartic y^4 / 2, by gradient descent, Newton and saddle-free Newton.

The saddle is (0, 0). With quartic q > 0 there are two minima, (0, +-1/sqrt q); with q = 0 the valley has no floor.

    gradient descent      x <- x - eps df/dx                  (the same for y)
    Newton                x <- x - (df/dx) / h                h: the second derivative; the Hessian is diagonal
    saddle-free Newton    x <- x - (df/dx) / |h|

Shapes: start (..., 2) -> gd, newton, saddle_free (..., 2), the points after ``steps`` steps, and stuck (...): how many
of the points 0 … steps of gradient descent have |y| <= 1. Where q = 0 that is the step at which it first leaves.
Paths have the time axis first and hold the start. Where a gradient is exactly 0 no method moves.
Errors: BadInput for a path that runs beyond 1e9, a second derivative that vanishes on the way, too many steps.
Reference: Goodfellow et al. (2016), section 8.2.3; Dauphin et al. (2014); Lee et al. (2016); Du et al. (2017).
"""

from __future__ import annotations

import math

import numpy as np

from solvers.contract import Claim, Contour, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

LONGEST = 2000
NUMBERS = 100_000
FARTHEST = 1e9
FLAT = 1e-6


def check(start, eps, quartic, steps):
    require(start.ndim >= 1 and start.shape[-1] == 2, "start", "hold points of two coordinates", start.shape)
    require(start.size >= 1, "start", "hold a point", start.shape)
    require(np.all(np.abs(start) <= 100), "start", "hold finite numbers of size at most 100", start)
    require(0 < eps <= 10, "eps", "be positive, at most 10", eps)
    require(quartic == 0 or 1e-6 <= quartic <= 100, "quartic", "be 0 or lie between 1e-6 and 100", quartic)
    require(1 <= steps <= LONGEST, "steps", f"lie between 1 and {LONGEST}", steps)
    require(steps * start.size <= NUMBERS, "steps", f"keep steps times numbers within {NUMBERS}", steps)
    if quartic == 0:
        growth = max(abs(1 - 2 * eps), 1 + 2 * eps)
        reach = steps * math.log(growth) + math.log(max(float(np.max(np.abs(start), initial=0.0)), 1e-300))
        require(reach <= math.log(FARTHEST), "eps", f"keep the path within {FARTHEST:.0e} (or take fewer steps)", eps)
        doubled = steps * math.log(2) + math.log(max(float(np.max(np.abs(start[..., 1]), initial=0.0)), 1e-300))
        require(doubled <= math.log(1e300), "steps", "keep saddle-free Newton within 1e300", steps)
        return
    points = [np.reshape(start, (-1, 2))] * 3
    for _ in range(steps):
        points = [_moved(p, rule, eps, quartic) for p, rule in zip(points, RULES, strict=True)]
        for point in points:
            fine = np.all(np.abs(point) <= FARTHEST)
            require(fine, "eps", f"keep the paths within {FARTHEST:.0e} (Newton needs curvature, too)", eps)
        for point in points[1:]:
            curved = np.abs(6 * quartic * point[:, 1] ** 2 - 2) >= FLAT
            require(np.all(curved), "start", "lead Newton past no point without curvature", start)


RULES = ("gd", "newton", "saddle_free")


def _moved(point, rule, eps, quartic):
    slope, bend = _derivatives(point, quartic)
    if rule == "gd":
        return point - eps * slope
    return point - slope / (bend if rule == "newton" else np.abs(bend))


def _derivatives(point, quartic):
    x, y = point[..., 0], point[..., 1]
    slope = np.stack([2 * x, 2 * quartic * y**3 - 2 * y], axis=-1)
    return slope, np.stack([2 + 0 * x, 6 * quartic * y**2 - 2], axis=-1)


def compute(xp, note, start, eps, quartic, steps):
    def slope(point):
        x, y = point[..., 0], point[..., 1]
        return xp.stack([2 * x, 2 * y * (quartic * y * y - 1)], axis=-1)

    def bend(point):
        y = point[..., 1]
        return xp.stack([2 * xp.ones_like(y), 6 * quartic * y * y - 2], axis=-1)

    gd = newton = safe = start
    gds, newtons, safes = [gd], [newton], [safe]
    for _ in range(steps):
        gd = gd - eps * slope(gd)
        newton = newton - slope(newton) / bend(newton)
        safe = safe - slope(safe) / xp.abs(bend(safe))
        gds.append(gd)
        newtons.append(newton)
        safes.append(safe)
    path = xp.stack(gds, axis=0)
    note("gd_path", path)
    note("newton_path", xp.stack(newtons, axis=0))
    note("saddle_free_path", xp.stack(safes, axis=0))
    near = xp.astype(xp.abs(path[..., 1]) <= 1, xp.int64)
    return {"gd": gd, "newton": newton, "saddle_free": safe, "stuck": xp.sum(near, axis=0)}


def oracle(start, eps, quartic, steps):
    """Without the quartic part, powers of the four factors; with it, each coordinate walked in plain floats."""
    x, y = start[..., 0], start[..., 1]
    if quartic == 0:
        times = np.arange(steps + 1.0).reshape(-1, *[1] * x.ndim)
        return {
            "gd": np.stack([x * (1 - 2 * eps) ** steps, y * (1 + 2 * eps) ** steps], axis=-1),
            "newton": np.zeros_like(start),
            "saddle_free": np.stack([0 * x, y * 2.0**steps], axis=-1),
            "stuck": np.sum(np.abs(y) * (1 + 2 * eps) ** times <= 1, axis=0).astype(np.int64),
        }
    rows = [_walk(float(a), float(b), eps, quartic, steps) for a, b in np.reshape(start, (-1, 2))]
    return {
        **{name: np.reshape([row[name] for row in rows], start.shape) for name in RULES},
        "stuck": np.reshape([row["stuck"] for row in rows], x.shape),
    }


def _walk(x, y, eps, q, steps):
    ends = {}
    stuck = 0
    for name in RULES:
        a, b = x, y
        for t in range(steps + 1):
            stuck += name == "gd" and abs(b) <= 1
            if t == steps:
                break
            down = (a + a, (b**3 * q - b) * 2)
            curve = b * b * q * 6 - 2
            if name == "gd":
                a, b = a - down[0] * eps, b - down[1] * eps
            else:
                a, b = 0.0, b - down[1] / (curve if name == "newton" else abs(curve))
        ends[name] = (a, b)
    return {**ends, "stuck": stuck}


def sample(rng):
    """Starts between the saddle and the bend of the valley; numbers that do not sit on |y| = 1."""
    shape = (int(rng.integers(1, 4)), 2)
    start = rng.choice([-1.0, 1.0], size=shape) * rng.uniform(0.05, 0.35, size=shape)
    quartic = float(rng.choice([0.0, 0.25]))
    return {"start": start, "eps": float(rng.uniform(0.05, 0.2)), "quartic": quartic, "steps": int(rng.integers(3, 12))}


def variant(rng):
    """A start beside the ridge: (1, k 10^-m), no quartic part, steps enough to leave."""
    size, power = int(rng.integers(1, 10)), int(rng.integers(3, 9))
    eps = int(rng.integers(2, 46)) / 100
    start = float(f"{size}e-{power}")
    steps = math.ceil(math.log(3 / start) / math.log(1 + 2 * eps))
    return {"start": [1, start], "eps": eps, "quartic": 0, "steps": steps}


# ---- Mistakes.


def _stuck(rule):
    """Counts from a mistaken growth, where q = 0 and the run is long enough to see both."""

    def value(start, eps, quartic, steps):
        y = np.abs(start[..., 1])
        if quartic != 0 or np.any(y == 0) or np.any(y >= 1):
            return {}
        right = np.floor(np.log(1 / y) / np.log(1 + 2 * eps)) + 1
        wrong = np.round(rule(y, eps, right))
        if np.any(right > steps) or np.any(wrong == right) or np.any(wrong < 1):
            return {}
        return {"stuck": wrong.astype(np.int64)}

    return value


def _catalogued(y, eps, right):
    """The last point within 1, told as the first beyond it."""
    return right - 1


def _flow(start, eps, quartic, steps):
    """Continuous time after eps * steps: (x e^-2t, y e^2t)."""
    if quartic != 0:
        return {}
    time = eps * steps
    return {"gd": start * np.array([math.exp(-2 * time), math.exp(2 * time)])}


def _end(name, rule):
    def value(start, eps, quartic, steps):
        x, y = start[..., 0], start[..., 1]
        return {} if quartic != 0 or not np.any(y) else {name: np.stack(rule(x, y, eps, steps), axis=-1)}

    return value


MISTAKES = (
    Mistake("one-early", "那时 |y| 还没有超过 1：再走一步才离开", "|y| is still below 1 there: it leaves a step later",
            _stuck(_catalogued)),
    Mistake("linear-growth", "以为 y 每步增加同样多；它每步乘 1+2ε",
            "takes y to grow by the same amount each step; it is multiplied",
            _stuck(lambda y, eps, right: np.ceil((1 - y) / (2 * eps * y)))),
    Mistake("factor-one-plus-eps", "−y² 的导数是 −2y，每步乘 1+2ε", "-y^2 has the slope -2y: the factor is 1 + 2 eps",
            _stuck(lambda y, eps, right: np.floor(np.log(1 / y) / np.log(1 + eps)) + 1)),
    Mistake("doubling", "翻倍的是无鞍牛顿，梯度下降每步乘 1+2ε",
            "doubling is saddle-free Newton; gradient descent multiplies by 1 + 2 eps",
            _stuck(lambda y, eps, right: np.floor(np.log2(1 / y)) + 1)),
    Mistake("continuous-for-discrete", "把离散的迭代当成了连续时间的梯度流",
            "takes the steps for gradient flow in continuous time", _flow),
    Mistake("drawn-in", "以为鞍点会吸引梯度下降：y 方向符号反了",
            "takes the saddle to attract: the sign along y is off",
            _end("gd", lambda x, y, eps, steps: [x * (1 - 2 * eps) ** steps, y * (1 - 2 * eps) ** steps])),
    Mistake("newton-escapes", "以为牛顿法也会离开鞍点；它一步就跳到鞍点上",
            "takes Newton to leave the saddle; it jumps onto it in one step",
            _end("newton", lambda x, y, eps, steps: [0 * x, y * 2.0**steps])),
)  # fmt: skip


# ---- Claims.


def _powers(given, out):
    """Gradient descent at q = 0: x (1-2 eps)^t and y (1+2 eps)^t, at every t."""
    if given["quartic"] != 0:
        return np.zeros(1)
    path, start = out["gd_path"], np.asarray(given["start"])
    times = np.arange(len(path)).reshape(-1, *[1] * start.ndim)
    right = start * np.array([1 - 2 * given["eps"], 1 + 2 * given["eps"]]) ** times
    return (path - right) / (np.abs(right) + 1e-6 * np.max(np.abs(start)) + 1e-30)


def _leaves(given, out):
    """stuck = floor(ln(1/|y|) / ln(1+2 eps)) + 1, or steps + 1 where the run ends earlier (q = 0)."""
    y = np.abs(np.asarray(given["start"])[..., 1])
    if given["quartic"] != 0:
        return np.zeros(1)
    with np.errstate(all="ignore"):
        when = np.log(1 / y) / np.log(1 + 2 * given["eps"])
    right = np.clip(np.floor(when) + 1, 0, given["steps"] + 1)
    unsure = np.abs(when - np.round(when)) < 1e-6
    return np.where(unsure & np.isfinite(when), 0.0, (out["stuck"] - right) / (1 + right))


def _one_jump(given, out):
    """Newton at q = 0: on the saddle after one step, and for good."""
    return out["newton_path"][1:] if given["quartic"] == 0 else np.zeros(1)


def _doubles(given, out):
    if given["quartic"] != 0:
        return np.zeros(1)
    y = out["saddle_free_path"][..., 1]
    return (y[1:] - 2 * y[:-1]) / (np.abs(y[1:]) + 1e-30)


def _ridge(given, out):
    """From y = 0 gradient descent never leaves y = 0, and x shrinks wherever eps < 1."""
    path, start = out["gd_path"], np.asarray(given["start"])
    on = (start[..., 1] == 0) & (given["eps"] < 1)
    x, y = np.abs(path[..., 0]), np.abs(path[..., 1])
    return np.where(on, y[1:] + np.maximum(x[1:] - np.abs(1 - 2 * given["eps"]) * x[:-1] * (1 + 1e-5), 0), 0.0)


def _falls(given, out):
    """f never rises along gradient descent where eps times the largest curvature met is at most 2."""
    path, q = out["gd_path"], given["quartic"]
    x, y = path[..., 0], path[..., 1]
    f = x**2 - y**2 + q * y**4 / 2
    small = given["eps"] * np.maximum(2, 6 * q * np.maximum(np.max(np.abs(y), axis=0), 1) ** 2) <= 2
    scale = 1 + np.abs(f[1:]) + np.abs(f[:-1])
    return np.where(small, np.maximum(f[1:] - f[:-1], 0) / scale, 0.0)


CLAIMS = (
    Claim("pushed-away", "q = 0 时，梯度下降每步把 x 乘 1−2ε、把 y 乘 1+2ε：鞍点在 y 方向上把它推开",
          "at q = 0 gradient descent multiplies x by 1 - 2 eps and y by 1 + 2 eps: the saddle pushes it away along y",
          _powers),
    Claim("leaves-after-a-logarithm", "离开 |y| ≤ 1 要 ⌊ln(1/|y₀|)/ln(1+2ε)⌋+1 步：只随 1/|y₀| 的对数增长",
          "leaving |y| <= 1 takes floor(ln(1/|y0|)/ln(1+2 eps)) + 1 steps: a logarithm of 1/|y0|", _leaves),
    Claim("never-from-the-ridge", "从 y₀ = 0 出发永远不离开：离散的梯度下降径直走进鞍点（ε < 1）",
          "from y0 = 0 it never leaves: discrete gradient descent walks right into the saddle (eps < 1)", _ridge),
    Claim("newton-jumps-in", "q = 0 时，牛顿法一步跳到鞍点上，从此不动",
          "at q = 0 Newton jumps onto the saddle in one step and stays", _one_jump),
    Claim("saddle-free-doubles", "q = 0 时，无鞍牛顿每步把 y 翻倍", "at q = 0 saddle-free Newton doubles y a step",
          _doubles),
    Claim("never-climbs", "ε 足够小时，f 沿梯度下降从不上升", "for a small eps, f never rises along gradient descent",
          _falls),
)  # fmt: skip

NAMES = {
    "gd_path": {"zh": "梯度下降", "en": "gradient descent"},
    "saddle_free_path": {"zh": "无鞍牛顿", "en": "saddle-free Newton"},
    "newton_path": {"zh": "牛顿", "en": "Newton"},
}


def figure(given, out, steps):
    """Level lines of the saddle and the first start's paths, as far as they stay in the picture: gradient descent as a
    line, the points of the two Newtons as dots, for they all but coincide near the ridge."""
    first = {name: np.reshape(steps[name], (len(steps[name]), -1, 2))[:, 0] for name in NAMES}
    q, start = given["quartic"], first["gd_path"][0]
    reach = max(1.25 * float(np.max(np.abs(start))), 1.6 if q == 0 else 1.25 / math.sqrt(q), 1.2)
    side = np.linspace(-reach, reach, 61)
    x, y = side[None, :], side[:, None]
    values = x**2 - y**2 + q * y**4 / 2
    levels = tuple(float(v) for v in np.max(np.abs(values)) * np.array([-0.7, -0.3, -0.08, 0.0, 0.08, 0.3, 0.7]))
    inside = {name: path[: 1 + int(np.sum(np.all(np.abs(path) <= reach, axis=1)))] for name, path in first.items()}
    inside = {name: np.clip(path, -reach, reach) for name, path in inside.items()}
    return Figure(
        {"zh": "鞍点 x²−y² 与逃离它的路", "en": "a saddle and the ways past it"},
        (
            Contour(side, side, values, levels),
            *((Lines if name == "gd_path" else Scatter)(p[:, 0], p[:, 1], NAMES[name]) for name, p in inside.items()),
        ),
        x={"zh": "x", "en": "x"},
        y={"zh": "y", "en": "y"},
    )


SOLVER = Solver(
    title={"zh": "鞍点附近的三种走法", "en": "three methods near a saddle"},
    formula=r"f(x,y)=x^2-y^2+\frac{q}{2}y^4",
    params={
        "start": Param([1.0, 1e-6], {"zh": "起点 (x, y)", "en": "the start (x, y)"}, shape="(..., 2)"),
        "eps": Param(0.1, {"zh": "学习率 ε", "en": "learning rate eps"}, kind="float"),
        "quartic": Param(0.0, {"zh": "四次项的系数 q", "en": "weight q of the quartic part"}, kind="float"),
        "steps": Param(80, {"zh": "步数", "en": "number of steps"}, kind="int"),
    },
    outputs={"gd": "1", "newton": "1", "saddle_free": "1", "stuck": "steps"},
    steps={
        "gd_path": {"zh": "梯度下降的路", "en": "path of gradient descent"},
        "newton_path": {"zh": "牛顿的路", "en": "path of Newton"},
        "saddle_free_path": {"zh": "无鞍牛顿的路", "en": "path of saddle-free Newton"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="powers of the four factors; with a quartic part, a walk in plain floats",
    sample=sample,
    variant=variant,
    edges=(
        {"start": [1.0, 0.0], "steps": 40},
        {"start": [0.0, 0.0], "steps": 5},
        {"start": [0.5, 0.2], "quartic": 0.25, "steps": 60},
        {"start": [1.0, 0.25], "eps": 1.2, "steps": 10},
    ),
    tolerance={"float64": 1e-9, "float32": 2e-3},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"start": [1.0, 2.0, 3.0]}, "start must hold points of two coordinates"),
        Reject({"start": [float("nan"), 1.0]}, "start must hold finite numbers"),
        Reject({"start": np.zeros((0, 2))}, "start must hold a point"),
        Reject({"eps": 0.0}, "eps must be positive"),
        Reject({"eps": 5.0}, "eps must keep the path within"),
        Reject({"quartic": -1.0}, "quartic must be 0 or lie between"),
        Reject({"steps": 10**7}, "steps must lie between 1 and 2000"),
        Reject({"start": [1.0, 1e-6], "eps": 1e-4, "steps": 1900}, "steps must keep saddle-free Newton within 1e300"),
    ),
    figure=figure,
)  # fmt: skip
