"""Down a ravine: gradient descent, momentum and Nesterov momentum on f(theta) = theta' H theta / 2.

    gradient descent   theta <- theta - eps g(theta)                    g(theta) = H theta
    momentum           v <- alpha v - eps g(theta)                      theta <- theta + v
    Nesterov           v <- alpha v - eps g(theta + alpha v)            theta <- theta + v

Shapes: H (..., D, D) symmetric, theta (..., D) -> positions (..., D), losses (...). Velocities start at zero.
Paths have the time axis first and hold the start: entry t is the point after t steps.
``push_speed`` is the speed of momentum when every step meets the gradient of the start, whatever the point.
Errors: BadInput for an H that is not symmetric or curves downwards, rates outside their range, a path that runs away.
Reference: Goodfellow et al. (2016), sections 4.3.1 and 8.3.2-8.3.3, figures 4.6 and 8.5; Polyak (1964).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Contour, Figure, Lines, Mistake, Param, Reject, Solver, require

WIDEST = 32
LONGEST = 2000
ENTRIES = 200_000
FARTHEST = 1e6


def check(H, theta, eps, alpha, steps):
    require(theta.ndim >= 1 and 1 <= theta.shape[-1] <= WIDEST, "theta", f"have 1 to {WIDEST} entries", theta.shape)
    square = (*theta.shape, theta.shape[-1])
    require(H.shape == square, "H", f"have shape {square}, D by D for the D entries of theta", H.shape)
    for name, value in (("H", H), ("theta", theta)):
        require(np.all(np.abs(value) <= FARTHEST), name, f"hold finite numbers of size at most {FARTHEST:.0e}", value)
    require(0 < eps <= FARTHEST, "eps", "be positive and finite", eps)
    require(0 <= alpha <= 0.999, "alpha", "lie between 0 and 0.999", alpha)
    require(1 <= steps <= LONGEST, "steps", f"lie between 1 and {LONGEST}", steps)
    require(steps * theta.size <= ENTRIES, "steps", f"keep steps times entries within {ENTRIES}", steps)
    rounding = 1e-9 * np.max(np.abs(H))
    require(np.allclose(H, np.swapaxes(H, -1, -2), rtol=1e-6, atol=rounding), "H", "be symmetric", H)
    curvature = np.linalg.eigvalsh(H)
    require(np.all(curvature >= -1e-9 * np.max(np.abs(curvature))), "H", "have no negative curvature", H)
    fastest = np.max(_growth(eps * curvature, alpha), initial=0.0)
    reach = steps * np.log(max(float(fastest), 1.0)) + np.log(max(float(np.max(np.abs(theta))), 1.0))
    require(reach <= np.log(FARTHEST), "eps", f"keep the paths within {FARTHEST:.0e} (or take fewer steps)", eps)


def _growth(x, alpha):
    """The largest factor a step, of the three methods, along directions with eps lambda = x."""
    sizes = [np.abs(1 - x)]
    for p, q in ((1 + alpha - x, alpha + 0 * x), ((1 - x) * (1 + alpha), alpha * (1 - x))):
        root = np.sqrt((p * p - 4 * q).astype(complex))
        sizes += [np.abs(p + root) / 2, np.abs(p - root) / 2]
    return np.max(sizes, axis=0)


def compute(xp, note, H, theta, eps, alpha, steps):
    def gradient(point):
        return xp.matmul(H, point[..., None])[..., 0]

    def loss(point):
        return xp.sum(point * gradient(point), axis=-1) / 2

    def length(vector):
        return xp.sqrt(xp.sum(vector * vector, axis=-1))

    first = gradient(theta)
    gd, momentum, nesterov = theta, theta, theta
    v, w, push = (xp.zeros_like(theta) for _ in range(3))
    for t in range(steps + 1):
        if t:
            gd = gd - eps * gradient(gd)
            v = alpha * v - eps * gradient(momentum)
            momentum = momentum + v
            w = alpha * w - eps * gradient(nesterov + alpha * w)
            nesterov = nesterov + w
            push = alpha * push - eps * first
        for name, value in (("gd_path", gd), ("momentum_path", momentum), ("nesterov_path", nesterov)):
            note(name, value)
        note("push_speed", length(push))
    return {
        "gd": gd,
        "momentum": momentum,
        "nesterov": nesterov,
        "loss_gd": loss(gd),
        "loss_momentum": loss(momentum),
        "loss_nesterov": loss(nesterov),
        "terminal": eps * length(first) / (1 - alpha),
    }


def oracle(H, theta, eps, alpha, steps):
    """No path at all: in each eigendirection the end is a power of a 2x2 matrix; the speed is a summed series."""
    curvature, axes = np.linalg.eigh(H)
    start = np.einsum("...ij,...i->...j", axes, theta)
    x, zero, one = eps * curvature, 0 * curvature, 1 + 0 * curvature
    ends = {
        "gd": (1 - x, zero),
        "momentum": (1 + alpha - x, -alpha * one),
        "nesterov": ((1 - x) * (1 + alpha), -alpha * (1 - x)),
    }
    out = {}
    for name, (now, before) in ends.items():
        step = np.stack([np.stack([now, before], axis=-1), np.stack([one, zero], axis=-1)], axis=-2)
        end = np.linalg.matrix_power(step, steps)[..., 0, :].sum(axis=-1) * start  # at rest: c_0 = c_-1
        out[name] = np.einsum("...ij,...j->...i", axes, end)
        out[f"loss_{name}"] = np.sum(curvature * end**2, axis=-1) / 2
    weights = float(np.sum(alpha ** np.arange(40_000.0)))
    out["terminal"] = eps * np.sqrt(np.sum((curvature * start) ** 2, axis=-1)) * weights
    return out


def sample(rng):
    batch, size = int(rng.integers(1, 3)), int(rng.integers(2, 4))
    axes = np.linalg.qr(rng.normal(size=(batch, size, size)))[0]
    curvature = np.exp(rng.uniform(np.log(0.5), np.log(30.0), size=(batch, 1, size)))
    hessian = (axes * curvature) @ np.swapaxes(axes, -1, -2)
    return {
        "H": (hessian + np.swapaxes(hessian, -1, -2)) / 2,
        "theta": rng.choice([-1.0, 1.0], size=(batch, size)) * rng.uniform(0.5, 3.0, size=(batch, size)),
        "eps": float(rng.uniform(0.005, 0.05)),
        "alpha": float(rng.choice([0.0, 0.5, 0.8, 0.9])),
        "steps": int(rng.integers(2, 12)),
    }


def variant(rng):
    """Two steps in a valley along the first axis: whole curvatures, a whole start, rates that suit a calculator."""
    return {
        "H": [[int(rng.choice([2, 3, 4, 5])), 0], [0, int(rng.choice([10, 20, 25, 30, 40]))]],
        "theta": [int(rng.choice([-8, -6, -4, 4, 6, 8])), int(rng.choice([-3, -2, -1, 1, 2, 3]))],
        "eps": float(rng.choice([0.01, 0.02, 0.03, 0.04])),
        "alpha": float(rng.choice([0.5, 0.6, 0.7, 0.8, 0.9])),
        "steps": 2,
    }


# ---- The rule once more, with parts to get wrong.


def _at(H, point):
    return np.einsum("...ij,...j->...i", H, point)


def _walk(given, name, velocity, move=lambda theta, v, old, alpha: theta + v):
    """Where a mistaken rule ends, and its loss there, as the outputs of the method ``name``."""
    H, theta = given["H"], given["theta"]
    v = np.zeros_like(theta)
    for _ in range(given["steps"]):
        old, v = v, velocity(v, lambda point: _at(H, point), theta, given["alpha"], given["eps"])
        theta = move(theta, v, old, given["alpha"])
    return {name: theta, f"loss_{name}": np.sum(theta * _at(H, theta), axis=-1) / 2}


def _heavy(v, g, theta, alpha, eps):
    return alpha * v - eps * g(theta)


def _ahead(v, g, theta, alpha, eps):
    return alpha * v - eps * g(theta + alpha * v)


def _averaged(**given):
    ends = _walk(given, "momentum", lambda v, g, theta, alpha, eps: alpha * v - (1 - alpha) * eps * g(theta))
    return {**ends, "terminal": given["eps"] * np.linalg.norm(_at(given["H"], given["theta"]), axis=-1)}


def _uphill(**given):
    return _walk(given, "momentum", lambda v, g, theta, alpha, eps: alpha * v + eps * g(theta))


def _no_memory(**given):
    return _walk(given, "momentum", lambda v, g, theta, alpha, eps: -eps * g(theta))


def _old_velocity(**given):
    return _walk(given, "momentum", _heavy, lambda theta, v, old, alpha: theta + old)


def _plain(**given):
    return _walk(given, "nesterov", _heavy)


def _far_ahead(**given):
    return _walk(given, "nesterov", lambda v, g, theta, alpha, eps: alpha * v - eps * g(theta + v))


def _from_interim(**given):
    return _walk(given, "nesterov", _ahead, lambda theta, v, old, alpha: theta + alpha * old + v)


def _speed(factor):
    def value(H, theta, eps, alpha, steps):
        with np.errstate(all="ignore"):
            wrong = factor(np.float64(alpha))
        if np.isclose(wrong, 1 / (1 - alpha)):
            return {}
        return {"terminal": eps * np.linalg.norm(_at(H, theta), axis=-1) * wrong}

    return value


def _one_norm(H, theta, eps, alpha, steps):
    return {"terminal": eps * np.sum(np.abs(_at(H, theta)), axis=-1) / (1 - alpha)}


def _flat(H, theta, eps, alpha, steps):
    ends = _walk({"H": H, "theta": theta, "eps": eps, "alpha": alpha, "steps": steps}, "gd",
                 lambda v, g, point, alpha, eps: -eps * point)  # fmt: skip
    return {"gd": ends["gd"], "terminal": eps * np.linalg.norm(theta, axis=-1) / (1 - alpha)}


MISTAKES = (
    Mistake("averaged", "多乘了 1−α：那是滑动平均，速度封顶在 ε‖g‖；动量是衰减的和",
            "1 - alpha was multiplied in: an average, capped at eps |g|; momentum is a decaying sum", _averaged),
    Mistake("uphill", "符号反了，朝上坡走", "the sign is off: that goes uphill", _uphill),
    Mistake("no-memory", "丢了 αv，退回普通梯度下降", "alpha v was dropped: plain gradient descent", _no_memory),
    Mistake("old-velocity", "用了更新前的 v 来移动", "the step was taken with v before its update", _old_velocity),
    Mistake("gradient-not-ahead", "梯度取在 θ 而不是 θ+αv：那是标准动量，不是 Nesterov",
            "the gradient was taken at theta, not at theta + alpha v: standard momentum, not Nesterov's", _plain),
    Mistake("looks-ahead-by-v", "临时点取成了 θ+v，漏了 α", "the interim point was theta + v: no alpha", _far_ahead),
    Mistake("moves-from-interim", "从临时点出发加 v，αv 走了两遍；临时点只用来算梯度",
            "v was added to the interim point, so alpha v counts twice; that point is for the gradient only",
            _from_interim),
    Mistake("speed-over-alpha", "除以了 α 而不是 1−α", "divided by alpha, not by 1 - alpha", _speed(lambda a: 1 / a)),
    Mistake("speed-times-the-rest", "乘了 1−α 而不是除以它", "multiplied by 1 - alpha instead of divided by it",
            _speed(lambda a: 1 - a)),
    Mistake("speed-without-the-present", "漏了当前这一步的梯度：和从 α⁰ = 1 开始",
            "the present gradient was left out: the sum begins with alpha^0 = 1", _speed(lambda a: a / (1 - a))),
    Mistake("speed-one-plus-alpha", "1+α 是梯度每步反号时的分母，方向不变时是 1−α",
            "1 + alpha belongs to a gradient that turns around at each step", _speed(lambda a: 1 / (1 + a))),
    Mistake("one-norm", "把各分量的绝对值相加了，‖g‖ 是平方和的根",
            "the entries' sizes were added; |g| is the root of the sum of squares", _one_norm),
    Mistake("curvature-left-out", "把 θ 当成了梯度，漏乘 H", "theta was taken for the gradient; it is H theta", _flat),
)  # fmt: skip


# ---- Claims, in the eigendirections of H: c is the coordinate there, x = eps lambda.


def _directions(given, path):
    curvature, axes = np.linalg.eigh(given["H"])
    return given["eps"] * curvature, np.einsum("...ij,t...i->t...j", axes, path)


def _size(path):
    """The length of the longer of two neighbouring points, one a step."""
    length = np.linalg.norm(path, axis=-1)[..., None]
    return np.maximum(length[1:], length[:-1]) + 1e-30


def _zigzag(given, out):
    x, c = _directions(given, out["gd_path"])
    return (c[1:] - (1 - x) * c[:-1]) / (_size(out["gd_path"]) * (1 + x))


def _rate(name, coefficients):
    """c'^2 - p c c' + q c^2 shrinks by q a step where c'' = p c' - q c: swinging coordinates shrink by sqrt(q)."""

    def residual(given, out):
        x, c = _directions(given, out[name])
        p, q = coefficients(x, given["alpha"])
        form = c[1:] ** 2 - p * c[:-1] * c[1:] + q * c[:-1] ** 2
        scale = (_size(out[name]) * (1 + np.abs(p) + np.abs(q))) ** 2
        return (form[1:] - q * form[:-1]) / np.maximum(scale[1:], scale[:-1])

    return residual


def _weighted_sum(given, out):
    """Each move of momentum against -eps sum alpha^(t-i) g_i, and its length against that of aligned gradients."""
    path = out["momentum_path"]
    gradients = np.einsum("...ij,t...j->t...i", given["H"], path[:-1])
    ages = np.arange(len(gradients))[:, None] - np.arange(len(gradients))
    weights = given["eps"] * np.where(ages >= 0, given["alpha"] ** np.maximum(ages, 0), 0.0)
    moves = path[1:] - path[:-1]
    lengths = np.einsum("ti,i...->t...", weights, np.linalg.norm(gradients, axis=-1))
    size = _size(path) + lengths[..., None]
    wrong = (moves + np.einsum("ti,i...->t...", weights, gradients)) / size
    faster = np.maximum(np.linalg.norm(moves, axis=-1) - lengths, 0.0)[..., None] / size
    return np.concatenate([wrong, faster], axis=-1)


def _terminal_speed(given, out):
    times = np.arange(given["steps"] + 1).reshape(-1, *[1] * np.ndim(out["terminal"]))
    expected = (1 - given["alpha"] ** times) * out["terminal"]
    return (out["push_speed"] - expected) / (out["terminal"] + 1e-30)


def _descends(given, out):
    """How far the loss of gradient descent rises, where eps is at most 2 / lambda_max."""
    x, c = _directions(given, out["gd_path"])
    losses = np.sum(x * c**2, axis=-1)
    rise = np.maximum(losses[1:] - losses[:-1], 0.0) / (losses[0] + 1e-30)
    return np.where(np.max(x, axis=-1) <= 2, rise, 0.0)


CLAIMS = (
    Claim("terminal-speed",
          zh="梯度恒为 g 时，t 步后的速度是 (1−α^t)·ε‖g‖/(1−α)，极限是 ε‖g‖/(1−α)",
          en="under a constant gradient g the speed after t steps is (1 - alpha^t) eps |g| / (1 - alpha)",
          residual=_terminal_speed),
    Claim("decaying-sum",
          zh="每一步是 −ε 乘历次梯度的和，权重 α^(t−i)；方向一致时最长",
          en="a step is -eps times the sum of past gradients with weights alpha^(t-i), longest where they are aligned",
          residual=_weighted_sum),
    Claim("zigzag",
          zh="梯度下降在每个特征方向上每步乘 1−ελ：ελ > 1 就来回翻，ελ 很小就几乎不动",
          en="gradient descent multiplies each eigendirection by 1 - eps lambda: it flips where eps lambda > 1",
          residual=_zigzag),
    Claim("momentum-rate",
          zh="动量在每个摆动的特征方向上每步缩小到 √α 倍，与曲率无关",
          en="momentum shrinks a swing by sqrt(alpha) a step, whatever the curvature of its eigendirection",
          residual=_rate("momentum_path", lambda x, alpha: (1 + alpha - x, alpha + 0 * x))),
    Claim("nesterov-rate",
          zh="ελ < 1 时，Nesterov 在摆动的特征方向上每步缩小到 √(α(1−ελ)) 倍",
          en="where eps lambda < 1, Nesterov shrinks a swing by sqrt(alpha (1 - eps lambda)) a step",
          residual=_rate("nesterov_path", lambda x, alpha: ((1 - x) * (1 + alpha), alpha * (1 - x)))),
    Claim("descends",
          zh="ε ≤ 2/λmax 时，梯度下降的损失从不上升",
          en="with eps <= 2 / lambda_max the loss of gradient descent never rises",
          residual=_descends),
)  # fmt: skip

NAMES = {
    "gd": {"zh": "梯度下降", "en": "gradient descent"},
    "momentum": {"zh": "动量", "en": "momentum"},
    "nesterov": {"zh": "Nesterov", "en": "Nesterov"},
}


def figure(given, out, steps):
    """The first case of a batch: its valley in the first two coordinates, with the three paths."""
    size = np.shape(given["theta"])[-1]
    H = np.reshape(given["H"], (-1, size, size))[0]
    paths = {name: np.reshape(steps[f"{name}_path"], (len(steps["push_speed"]), -1, size))[:, 0] for name in NAMES}
    title = {"zh": "峡谷里的三条路", "en": "three ways through a ravine"}
    if size == 1:
        times = np.arange(len(steps["push_speed"]))
        lines = tuple(Lines(times, path[:, 0], NAMES[name]) for name, path in paths.items())
        return Figure(title, lines, x={"zh": "步数", "en": "step"}, y={"zh": "θ", "en": "theta"})
    points = np.concatenate([path[:, :2] for path in paths.values()] + [np.zeros((1, 2))])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.15 * (high - low) + 1e-3 * (np.max(high - low) + 1e-9)
    x, y = (np.linspace(low[i] - margin[i], high[i] + margin[i], 61) for i in range(2))
    loss = (H[0, 0] * x[None, :] ** 2 + 2 * H[0, 1] * x[None, :] * y[:, None] + H[1, 1] * y[:, None] ** 2) / 2
    levels = tuple(float(v) for v in np.max(loss) * np.array([0.03, 0.15, 0.4, 0.8])) if np.max(loss) > 0 else ()
    return Figure(
        title,
        (Contour(x, y, loss, levels), *(Lines(p[:, 0], p[:, 1], NAMES[name]) for name, p in paths.items())),
        x={"zh": "θ[0]", "en": "theta[0]"},
        y={"zh": "θ[1]", "en": "theta[1]"},
    )


SOLVER = Solver(
    title={"zh": "峡谷中的梯度下降与动量", "en": "gradient descent and momentum in a ravine"},
    formula=r"v\leftarrow\alpha v-\epsilon H\theta,\qquad\theta\leftarrow\theta+v",
    params={
        "H": Param([[1.0, 0.0], [0.0, 100.0]], {"zh": "Hessian 矩阵", "en": "the Hessian"}, shape="(..., D, D)"),
        "theta": Param([-10.0, 1.0], {"zh": "起点", "en": "the start"}, shape="(..., D)"),
        "eps": Param(0.013, {"zh": "学习率 ε", "en": "learning rate eps"}, kind="float"),
        "alpha": Param(0.9, {"zh": "动量参数 α", "en": "momentum alpha"}, kind="float"),
        "steps": Param(60, {"zh": "步数", "en": "number of steps"}, kind="int"),
    },
    outputs=dict.fromkeys(("gd", "momentum", "nesterov", "loss_gd", "loss_momentum", "loss_nesterov", "terminal"), "1"),
    steps={
        "gd_path": {"zh": "梯度下降的路", "en": "path of gradient descent"},
        "momentum_path": {"zh": "动量的路", "en": "path of momentum"},
        "nesterov_path": {"zh": "Nesterov 的路", "en": "path of Nesterov momentum"},
        "push_speed": {"zh": "梯度不变时的速度", "en": "speed under a constant gradient"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="eigendirections: powers of 2x2 matrices; a summed series",
    sample=sample,
    variant=variant,
    edges=(
        {"H": [[0.0, 0.0], [0.0, 3.0]], "theta": [1.0, 1.0], "eps": 0.1, "alpha": 0.5, "steps": 5},
        {"H": [[2.0]], "theta": [1.0], "eps": 1.2, "alpha": 0.0, "steps": 8},
        {"H": [[5.0, 2.0], [2.0, 1.0]], "theta": [0.0, 0.0], "steps": 1},
        {"H": [[1.0, 0.0], [0.0, 100.0]], "theta": [-10.0, 1.0], "eps": 0.0134, "alpha": 0.9, "steps": 30},
    ),
    tolerance={"float64": 1e-9, "float32": 2e-4},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"H": [[1.0, 2.0], [0.0, 1.0]]}, "H must be symmetric"),
        Reject({"H": [[1.0, 0.0], [0.0, -1.0]]}, "H must have no negative curvature"),
        Reject({"H": [[1.0]]}, "H must have shape (2, 2)"),
        Reject({"theta": [float("nan"), 1.0]}, "theta must hold finite numbers"),
        Reject({"eps": 0.0}, "eps must be positive"),
        Reject({"eps": 0.1}, "eps must keep the paths within"),
        Reject({"alpha": 1.0}, "alpha must lie between 0 and 0.999"),
        Reject({"steps": 10**9}, "steps must lie between 1 and 2000"),
    ),
    figure=figure,
)
