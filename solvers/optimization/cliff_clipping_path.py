"""Gradient descent meets a cliff: one recurrent unit, its error over (w, b), with and without gradient clipping.

    h_{t+1} = sigma(w h_t + b), t = 0 … T-1        L(w, b) = (h_T - y)^2
    plain      theta <- theta - lr g               clipped     theta <- theta - lr g min(1, v / |g|)

After many steps the unit ends in one of two states; where the parameters pass from one to the other, L is a wall.
Shapes: theta (..., 2), the start (w, b) -> plain, clipped (..., 2), losses and longest steps (...).
Paths have the time axis first and hold the start. No float32: beside the wall a last digit decides where a step lands.
Errors: BadInput for shapes, sizes and rates out of range, numbers that are not finite.
Reference: Pascanu, Mikolov & Bengio (2013), section 2.3 and figure 6; Goodfellow et al. (2016), figures 8.3 and 10.17.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Contour, Figure, Lines, Mistake, Param, Reject, Solver, require

WORK = 2_000_000
OUTPUTS = ("plain", "clipped", "loss_start", "loss_plain", "loss_clipped", "longest_plain", "longest_clipped")


def check(theta, lr, v, target, h0, T, steps):
    require(theta.ndim >= 1 and theta.shape[-1] == 2 and theta.size, "theta", "hold pairs w, b", theta.shape)
    require(np.all(np.abs(theta) <= 20), "theta", "hold finite numbers of size at most 20", theta)
    require(0 < lr <= 100, "lr", "lie above 0, at most 100", lr)
    require(0 < v <= 1e6, "v", "lie above 0, at most 1e6", v)
    for name, value in (("target", target), ("h0", h0)):
        require(0 <= value <= 1, name, "lie between 0 and 1", value)
    require(1 <= T <= 100, "T", "lie between 1 and 100", T)
    require(1 <= steps <= 1000, "steps", "lie between 1 and 1000", steps)
    require(steps * T * theta.size <= WORK, "steps", f"keep steps x T x entries of theta within {WORK}", steps)


def compute(xp, note, theta, lr, v, target, h0, T, steps):
    def error(point):
        """The loss and its gradient, derivatives carried forward with the state."""
        w, b = point[..., 0], point[..., 1]
        h = xp.zeros_like(w) + h0
        by_w, by_b = xp.zeros_like(w), xp.zeros_like(w)
        for _ in range(T):
            after = (xp.tanh((w * h + b) / 2) + 1) / 2
            slope = after * (1 - after)
            by_w, by_b = slope * (h + w * by_w), slope * (1 + w * by_b)
            h = after
        miss = h - target
        return miss * miss, 2 * xp.stack([miss * by_w, miss * by_b], axis=-1)

    out = {}
    for name in ("plain", "clipped"):
        point, path, lengths = theta, [theta], []
        for _ in range(steps):
            gradient = error(point)[1]
            norm = xp.linalg.vector_norm(gradient, axis=-1)
            scale = v / xp.where(norm > v, norm, v) if name == "clipped" else xp.ones_like(norm)
            point = point - lr * scale[..., None] * gradient
            path.append(point)
            lengths.append(lr * scale * norm)
        note(f"{name}_path", xp.stack(path))
        note(f"{name}_lengths", xp.stack(lengths))
        out[name] = point
        out[f"loss_{name}"] = error(point)[0]
        out[f"longest_{name}"] = xp.max(xp.stack(lengths), axis=0)
    out["loss_start"] = error(theta)[0]
    return out


def oracle(theta, lr, v, target, h0, T, steps):
    """Back-propagation through time in plain Python, one start at a time; the book's if for clipping."""
    import math

    def sigma(a):
        return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))

    def backward(w, b):
        states = [h0]
        for _ in range(T):
            states.append(sigma(w * states[-1] + b))
        up, by_w, by_b = 2 * (states[-1] - target), 0.0, 0.0
        for before, after in zip(states[-2::-1], states[:0:-1], strict=True):
            up *= after * (1 - after)
            by_w, by_b, up = by_w + up * before, by_b + up, up * w
        return (states[-1] - target) ** 2, by_w, by_b

    found = {name: [] for name in OUTPUTS}
    for start in theta.reshape(-1, 2).tolist():
        found["loss_start"].append(backward(*start)[0])
        for name in ("plain", "clipped"):
            w, b = start
            longest = 0.0
            for _ in range(steps):
                _, gw, gb = backward(w, b)
                length = math.hypot(gw, gb)
                if name == "clipped" and length > v:
                    gw, gb, length = gw / length * v, gb / length * v, v
                w, b, longest = w - lr * gw, b - lr * gb, max(longest, lr * length)
            found[name].append([w, b])
            found[f"loss_{name}"].append(backward(w, b)[0])
            found[f"longest_{name}"].append(longest)
    batch = theta.shape[:-1]
    return {name: np.array(values).reshape((*batch, 2) if name in ("plain", "clipped") else batch)
            for name, values in found.items()}  # fmt: skip


def sample(rng):
    batch = [(), (2,)][int(rng.integers(2))]
    return {
        "theta": rng.uniform([2.0, -3.0], [5.0, -1.0], size=(*batch, 2)),
        "lr": float(rng.uniform(0.1, 1.0)),
        "v": float(rng.uniform(0.02, 0.2)),
        "T": int(rng.integers(1, 8)),
        "steps": int(rng.integers(1, 6)),
    }


def variant(rng):
    """One step through one time step, from h0 = 1/2, with a gradient longer than the threshold."""
    while True:
        w, b = int(rng.integers(1, 5)), int(rng.integers(-3, 3))
        v, target = float(rng.choice([0.02, 0.05, 0.1])), float(rng.choice([0.0, 0.1, 0.2, 0.8, 0.9, 1.0]))
        h = 1 / (1 + np.exp(-(w / 2 + b)))
        if abs(2 * (h - target) * h * (1 - h)) > 1.4 * v:
            break
    return {"theta": [w, b], "lr": int(rng.choice([10, 20, 30, 40])), "v": v, "target": target, "T": 1, "steps": 1}


# ---- The walk once more, by complex steps: i h beside a parameter, the derivative in the imaginary part.


def _loss(w, b, given):
    h = given["h0"] + 0 * w
    for _ in range(given["T"]):
        h = 1 / (1 + np.exp(-(w * h + b)))
    return (h - given["target"]) ** 2


def _gradient(point, given, h=1e-30):
    w, b = np.clip(point[..., 0], -300, 300), np.clip(point[..., 1], -300, 300)
    return np.stack([np.imag(_loss(w + 1j * h, b + 0j, given)), np.imag(_loss(w + 0j, b + 1j * h, given))], -1) / h


def _norm(g):
    return np.sqrt(np.sum(g**2, axis=-1, keepdims=True))


def _follows(given, out):
    """Each move against -lr times the (clipped) gradient at its start, relative to its length and to where it is."""
    wrong = []
    for name in ("plain", "clipped"):
        path = out[f"{name}_path"]
        g = _gradient(path[:-1], given)
        if name == "clipped":
            g = g * given["v"] / np.maximum(_norm(g), given["v"])
        wrong.append((np.diff(path, axis=0) + given["lr"] * g) / (1 + _norm(path[:-1]) + given["lr"] * _norm(g)))
    return np.stack(wrong)


def _short(given, out):
    moves = np.linalg.norm(np.diff(out["clipped_path"], axis=0), axis=-1)
    reach = given["lr"] * given["v"]
    return np.maximum(np.stack([np.max(moves, axis=0), out["longest_clipped"]]) / reach - 1, 0.0)


STATED = {"theta": [5.0, -2.0], "lr": 1.0, "v": 0.2, "target": 0.7, "h0": 0.5, "T": 50, "steps": 60}


def _saved(given, out):
    """In the stated descent: no throw beyond 6, no rise of the loss, or less than a tenfold gain with clipping."""
    if not all(np.array_equal(given[name], value) for name, value in STATED.items()):
        return 0.0
    gain = out["loss_clipped"] - out["loss_start"] / 10
    return np.maximum([6 - out["longest_plain"], out["loss_start"] - out["loss_plain"], gain], 0.0)


CLAIMS = (
    Claim("down-the-gradient", zh="每一步都是 −lr·g（截断时 −lr·g·min(1, v/‖g‖)），g 是损失的梯度",
          en="each step is -lr g, or -lr g min(1, v/|g|) where clipped, with g the gradient of the loss",
          residual=_follows),
    Claim("no-step-beyond-lr-v", zh="截断之后没有一步比 lr·v 长，悬崖再陡也一样",
          en="with clipping no step is longer than lr v, however steep the cliff", residual=_short),
    Claim("clipping-saves-the-descent",
          zh="从 (5, −2) 出发，学习率 1，60 步：不截断时有一步长过 6，损失变大；截断到 0.2，损失降到十分之一以下",
          en="60 steps of rate 1 from (5, -2): one is over 6 long and the loss rises; clipped at 0.2 it falls tenfold",
          residual=_saved),
)  # fmt: skip


def _walk(name, rule):
    """Where a mistaken rule for the step ends, and its loss there."""

    def value(**given):
        point = given["theta"]
        for _ in range(given["steps"]):
            point = point + given["lr"] * rule(_gradient(point, given), given["v"])
        return {name: point, f"loss_{name}": _loss(point[..., 0], point[..., 1], given)}

    return value


MISTAKES = (
    Mistake("uphill", "符号反了，沿梯度方向走了", "the sign is off: a step along the gradient",
            _walk("plain", lambda g, v: g)),
    Mistake("not-clipped", "没有截断", "not clipped", _walk("clipped", lambda g, v: -g)),
    Mistake("unit-steps", "除以范数后忘了乘 v", "divided by the norm, but not multiplied by v",
            _walk("clipped", lambda g, v: -np.where(_norm(g) > v, g / _norm(g), g))),
    Mistake("entry-by-entry", "逐个参数截断了，方向变了", "each parameter was clipped on its own, which turns the step",
            _walk("clipped", lambda g, v: -np.clip(g, -v, v))),
    Mistake("skipped", "范数超过 v 就不走了；截断仍走长为 lr·v 的一步",
            "no step at all beyond v; clipping still takes one of length lr v",
            _walk("clipped", lambda g, v: -np.where(_norm(g) > v, 0.0, g))),
)  # fmt: skip


NAMES = {"plain": ("不截断", "not clipped"), "clipped": ("截断", "clipped")}


def figure(given, out, steps):
    """The first start: both paths over the error surface, seen around the clipped path."""
    paths = {name: steps[f"{name}_path"].reshape(len(steps[f"{name}_path"]), -1, 2)[:, 0] for name in NAMES}
    seen, thrown = paths["clipped"], np.clip(paths["plain"], -20, 20)
    margin = 0.3 * np.ptp(seen, axis=0) + 0.6
    low, high = seen.min(axis=0) - margin, seen.max(axis=0) + margin
    outside = ~np.all((thrown >= low) & (thrown <= high), axis=1)
    throw = thrown[: int(np.argmax(outside)) + 1]  # up to the first step out of the frame, which is shown too
    low, high = np.minimum(low, throw.min(axis=0)), np.maximum(high, throw.max(axis=0))
    x, y = np.linspace(low[0], high[0], 121), np.linspace(low[1], high[1], 121)
    loss = _loss(x[None, :] + 0 * y[:, None], y[:, None] + 0 * x[None, :], given)
    marks = [Contour(x, y, loss, (0.01, 0.04, 0.08, 0.2, 0.35))]
    for name, (zh, en) in NAMES.items():
        kept = np.clip(paths[name], low, high)
        marks.append(Lines(kept[:, 0], kept[:, 1], {"zh": zh, "en": en}))
    return Figure(
        title={"zh": "悬崖：截断与不截断的路", "en": "the cliff, with and without clipping"},
        marks=tuple(marks),
        x={"zh": "w", "en": "w"},
        y={"zh": "b", "en": "b"},
    )


SOLVER = Solver(
    title={"zh": "悬崖上的梯度下降与截断", "en": "gradient descent at a cliff, with and without clipping"},
    formula=r"h_{t+1}=\sigma(wh_t+b),\qquad L(w,b)=(h_T-y)^2",
    params={
        "theta": Param([5.0, -2.0], {"zh": "起点 (w, b)", "en": "the start (w, b)"}, shape="(..., 2)"),
        "lr": Param(1.0, {"zh": "学习率", "en": "learning rate"}, kind="float"),
        "v": Param(0.2, {"zh": "截断阈值", "en": "clipping threshold"}, kind="float"),
        "target": Param(0.7, {"zh": "目标 y", "en": "target y"}, kind="float"),
        "h0": Param(0.5, {"zh": "初始状态", "en": "initial state"}, kind="float"),
        "T": Param(50, {"zh": "时间步数 T", "en": "time steps T"}, kind="int"),
        "steps": Param(60, {"zh": "梯度下降的步数", "en": "steps of gradient descent"}, kind="int"),
    },
    outputs=dict.fromkeys(OUTPUTS, "1"),
    steps={
        "plain_path": {"zh": "不截断的路", "en": "path without clipping"},
        "clipped_path": {"zh": "截断的路", "en": "path with clipping"},
        "plain_lengths": {"zh": "不截断的步长", "en": "lengths of the steps without clipping"},
        "clipped_lengths": {"zh": "截断的步长", "en": "lengths of the steps with clipping"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="back-propagation through time in plain Python",
    sample=sample,
    variant=variant,
    edges=(
        {"theta": [0.0, 0.0], "T": 1, "steps": 1},
        {"theta": [4.0, -2.0], "h0": 0.0, "target": 1.0, "T": 20, "steps": 3},
        {"theta": [3.0, -1.0], "lr": 0.1, "v": 1e6, "T": 10, "steps": 4},
    ),
    tolerance={"float64": 1e-6},
    smooth=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"theta": [1.0, 2.0, 3.0]}, "theta must hold pairs w, b"),
        Reject({"theta": [float("nan"), 1.0]}, "theta must hold finite numbers"),
        Reject({"lr": 0.0}, "lr must lie above 0"),
        Reject({"v": -1.0}, "v must lie above 0"),
        Reject({"target": 2.0}, "target must lie between 0 and 1"),
        Reject({"T": 10**9}, "T must lie between 1 and 100"),
        Reject({"steps": 0}, "steps must lie between 1 and 1000"),
        Reject({"theta": [[1.0, 1.0]] * 100, "T": 100, "steps": 1000}, "steps must keep"),
    ),
    figure=figure,
)  # fmt: skip
