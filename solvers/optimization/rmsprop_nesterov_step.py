"""RMSProp with Nesterov momentum on separate parabolas f(theta) = sum h theta^2 / 2.

    ahead = theta + alpha v                      g = h ahead, the gradient at the interim point
    r <- rho r + (1 - rho) g*g                   v <- alpha v - lr g / sqrt(delta + r)
    theta <- theta + v

Shapes: theta, h, v0, r0 (...) of one shape: every coordinate is a parabola of its own -> theta, v, r (...).
Paths have the time axis first; ``theta_path`` and ``v_path`` hold the start as well, the others begin with step one.
Errors: BadInput for a negative r0, rates outside their ranges, shapes that differ, too many steps.
Reference: Goodfellow et al. (2016), section 8.5.2, algorithm 8.6; Sutskever et al. (2013).
"""

from __future__ import annotations

import math

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

LONGEST = 2000
ENTRIES = 2_000_000
LIMIT = 1e6


def check(theta, h, v0, r0, lr, rho, alpha, delta, steps):
    for name, value in (("theta", theta), ("h", h), ("v0", v0), ("r0", r0)):
        require(value.shape == theta.shape, name, f"have shape {theta.shape}, like theta", value.shape)
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    require(theta.size >= 1, "theta", "hold at least one number", theta.shape)
    require(np.all(r0 >= 0), "r0", "hold no negative number (it averages squares)", r0)
    require(0 < lr <= 1e3, "lr", "be positive and at most 1000", lr)
    require(0.01 <= rho <= 0.9999, "rho", "lie between 0.01 and 0.9999", rho)
    require(0 <= alpha <= 0.999, "alpha", "lie between 0 and 0.999", alpha)
    require(1e-15 <= delta <= LIMIT, "delta", f"lie between 1e-15 and {LIMIT:.0e}", delta)
    require(1 <= steps <= LONGEST, "steps", f"lie between 1 and {LONGEST}", steps)
    require(steps * theta.size <= ENTRIES, "steps", f"keep steps times entries within {ENTRIES}", steps)


def compute(xp, note, theta, h, v0, r0, lr, rho, alpha, delta, steps):
    v, r = v0, r0
    thetas, speeds, rows = [theta], [v], []
    for _ in range(steps):
        ahead = theta + alpha * v
        g = h * ahead
        r = rho * r + (1 - rho) * g * g
        v = alpha * v - lr * g / xp.sqrt(delta + r)
        theta = theta + v
        rows.append((ahead, g, r))
        thetas.append(theta)
        speeds.append(v)
    for name, column in zip(("interim", "g_path", "r_path"), zip(*rows, strict=True), strict=True):
        note(name, xp.stack(column))
    note("v_path", xp.stack(speeds))
    note("theta_path", xp.stack(thetas))
    return {"theta": theta, "v": v, "r": r}


def oracle(theta, h, v0, r0, lr, rho, alpha, delta, steps):
    """One coordinate at a time, in the interim points alone: phi' = phi - alpha v + (1 + alpha) v'."""
    ends = np.empty((3, theta.size))
    for i in range(theta.size):
        curve, speed, mean = (float(np.ravel(value)[i]) for value in (h, v0, r0))
        phi = float(np.ravel(theta)[i]) + alpha * speed
        for _ in range(steps):
            slope = curve * phi
            mean += (1 - rho) * (slope**2 - mean)
            pulled = alpha * speed - lr * slope / math.hypot(math.sqrt(delta), math.sqrt(mean))
            phi += (1 + alpha) * pulled - alpha * speed
            speed = pulled
        ends[:, i] = phi - alpha * speed, speed, mean
    return {name: end.reshape(theta.shape) for name, end in zip(("theta", "v", "r"), ends, strict=True)}


def sample(rng):
    # Short runs of small steps: near the minimum g / sqrt(r) is too steep for a difference quotient.
    batch, size = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    shape = (batch, size)
    return {
        "theta": rng.choice([-1.0, 1.0], size=shape) * rng.uniform(1.0, 3.0, size=shape),
        "h": rng.uniform(0.5, 4.0, size=shape),
        "v0": rng.normal(scale=0.05, size=shape),
        "r0": rng.uniform(0.1, 2.0, size=shape),
        "lr": float(rng.choice([0.01, 0.05])),
        "rho": float(rng.choice([0.8, 0.9])),
        "alpha": float(rng.choice([0.0, 0.5, 0.9])),
        "delta": float(rng.choice([1e-6, 1e-2])),
        "steps": int(rng.integers(2, 6)),
    }


def variant(rng):
    """Two steps of one parameter that is already moving fast, so that it matters where the gradient is taken."""
    return {
        "theta": [int(rng.choice([-5, -4, -3, -2, 2, 3, 4, 5]))],
        "h": [int(rng.choice([2, 3, 4, 5]))],
        "v0": [float(rng.choice([-2, -1.5, -1, 1, 1.5, 2]))],
        "r0": [int(rng.choice([16, 25, 36, 49, 64, 81, 100]))],
        "lr": float(rng.choice([0.5, 1.0, 1.5])),
        "rho": float(rng.choice([0.8, 0.9])),
        "alpha": float(rng.choice([0.5, 0.6, 0.7])),
        "delta": 1e-9,
        "steps": 2,
    }


# ---- The rule once more, with parts to get wrong.


def _rule(
    given,
    *,
    look=lambda theta, v, alpha: theta + alpha * v,
    average=lambda r, g, rho: rho * r + (1 - rho) * g**2,
    divisor=lambda r, delta: np.sqrt(delta + r),
    push=lambda v, step, alpha, divisor: alpha * v + step / divisor,
    move=lambda theta, ahead, v: theta + v,
):
    theta, v, r = given["theta"], given["v0"], given["r0"]
    thetas, speeds, rows = [theta], [v], []
    with np.errstate(all="ignore"):
        for _ in range(given["steps"]):
            ahead = look(theta, v, given["alpha"])
            g = given["h"] * ahead
            r = average(r, g, given["rho"])
            v = push(v, -given["lr"] * g, given["alpha"], divisor(r, given["delta"]))
            theta = move(theta, ahead, v)
            rows.append((ahead, g, r))
            thetas.append(theta)
            speeds.append(v)
    path = {n: np.stack(c) for n, c in zip(("interim", "g_path", "r_path"), zip(*rows, strict=True), strict=True)}
    return {"theta": theta, "v": v, "r": r, **path, "v_path": np.stack(speeds), "theta_path": np.stack(thetas)}


def _with(**parts):
    """A mistake: the rule with these parts in place of the right ones, where they change more than rounding."""

    def value(**given):
        right, wrong = _rule(given), _rule(given, **parts)
        return {n: wrong[n] for n in right if not np.allclose(wrong[n], right[n], rtol=1e-5, atol=1e-12)}

    return value


MISTAKES = (
    Mistake("gradient-not-ahead", "梯度取在 θ，不是临时点 θ+αv：那是 RMSProp 加标准动量",
            "the gradient was taken at theta, not at theta + alpha v: that is RMSProp with standard momentum",
            _with(look=lambda theta, v, alpha: theta)),
    Mistake("looks-ahead-by-v", "临时点取成了 θ+v，漏了 α", "the interim point was theta + v: no alpha",
            _with(look=lambda theta, v, alpha: theta + v)),
    Mistake("moves-from-interim", "从临时点出发再加 v，αv 走了两遍", "v was added to the interim point: alpha v twice",
            _with(move=lambda theta, ahead, v: ahead + v)),
    Mistake("no-momentum", "丢了 αv，只剩 RMSProp", "alpha v was dropped: plain RMSProp",
            _with(push=lambda v, step, alpha, divisor: step / divisor)),
    Mistake("velocity-rescaled", "连 αv 也除以了 √r；缩放的只有梯度", "alpha v was divided by the root too; only g is",
            _with(push=lambda v, step, alpha, divisor: (alpha * v + step) / divisor)),
    Mistake("averaged-velocity", "给新梯度乘了 1−α：那是 Adam 的一阶矩", "the gradient was given 1 - alpha, as in Adam",
            _with(push=lambda v, step, alpha, divisor: alpha * v + (1 - alpha) * step / divisor)),
    Mistake("no-root", "分母没有开方", "the root was forgotten", _with(divisor=lambda r, delta: delta + r)),
    Mistake("sum", "平方直接相加了：那是 AdaGrad", "the squares were simply added, as in AdaGrad",
            _with(average=lambda r, g, rho: r + g**2)),
    Mistake("weights-swapped", "新旧权重颠倒：ρ 乘旧值", "rho belongs to the old value",
            _with(average=lambda r, g, rho: (1 - rho) * r + rho * g**2)),
    Mistake("uphill", "符号反了，朝上坡走", "the sign is off: that step goes uphill",
            _with(push=lambda v, step, alpha, divisor: alpha * v - step / divisor)),
    Mistake("printed-000-e091", "照印的没有 δ：g = r = 0 时是 0/0", "no delta, as printed: 0/0 where g = r = 0",
            lambda **given: _no_delta(given)),
    Mistake("printed-000-e093", "照标签累积梯度本身，没有平方", "the gradient itself is averaged, as the label says",
            _with(average=lambda r, g, rho: rho * r + (1 - rho) * g)),
)  # fmt: skip


def _no_delta(given):
    """What 0/0 makes of it; elsewhere so small a constant changes nothing that could be told."""
    wrong = _with(divisor=lambda r, delta: np.sqrt(r))(**given)
    return {name: value for name, value in wrong.items() if np.any(np.isnan(value))}


# ---- Claims.


def _interim(given, out):
    ahead = out["theta_path"][:-1] + given["alpha"] * out["v_path"][:-1]
    size = 1 + np.abs(ahead)
    slope = (out["g_path"] - given["h"] * ahead) / (size * (1 + np.abs(given["h"])))
    return np.stack([(out["interim"] - ahead) / size, slope])


def _average(given, out):
    before = np.concatenate([np.asarray(given["r0"])[None], out["r_path"][:-1]])
    expected = given["rho"] * before + (1 - given["rho"]) * out["g_path"] ** 2
    return (out["r_path"] - expected) / (1e-30 + expected)


def _decaying_sum(given, out):
    """v_t against alpha^t v0 - lr sum alpha^(t-i) g_i / sqrt(delta + r_i)."""
    times = np.arange(given["steps"])
    ages = times[:, None] - times
    weights = np.where(ages >= 0, given["alpha"] ** np.maximum(ages, 0), 0.0)
    pushes = -given["lr"] * out["g_path"] / np.sqrt(given["delta"] + out["r_path"])
    start = given["alpha"] ** (times + 1).reshape(-1, *[1] * np.ndim(given["theta"])) * given["v0"]
    size = np.abs(start) + np.einsum("ti,i...->t...", weights, np.abs(pushes)) + 1e-30
    return (out["v_path"][1:] - np.einsum("ti,i...->t...", weights, pushes) - start) / size


def _moves(given, out):
    moved = out["theta_path"][1:] - out["theta_path"][:-1] - out["v_path"][1:]
    return moved / (1 + np.abs(out["theta_path"][1:]))


def _rest(given, out):
    """At rest at the minimum nothing moves, whatever r is: zero included."""
    premise = (given["theta"] == 0) & (given["v0"] == 0)
    return np.where(premise, np.abs(out["theta_path"]) + np.abs(out["v_path"]), 0.0)


CLAIMS = (
    Claim("interim-gradient", zh="梯度取在临时点 θ+αv", en="the gradient is taken at the interim point theta + alpha v",
          residual=_interim),
    Claim("averages-squares", zh="r 累积的是梯度的平方：r ← ρr + (1−ρ)g²",
          en="r averages the squared gradient: r <- rho r + (1 - rho) g^2", residual=_average),
    Claim("decaying-sum", zh="速度是历次缩放后的负梯度的衰减和，权重 α^(t−i)",
          en="the velocity is a decaying sum of past rescaled gradients with weights alpha^(t - i)",
          residual=_decaying_sum),
    Claim("moves-by-v", zh="每步从 θ（不是临时点）走 v", en="each step goes by v from theta, not the interim point",
          residual=_moves),
    Claim("rest-at-the-minimum", zh="静止在极小点时不动：δ 使 g = 0、r = 0 时也不出现 0/0",
          en="at rest at the minimum nothing moves: delta keeps 0/0 away even with r = 0", residual=_rest),
)  # fmt: skip


def figure(given, out, steps):
    """The first coordinate's way, with the interim points where its gradients were taken."""
    path = np.reshape(steps["theta_path"], (given["steps"] + 1, -1))[:, 0]
    ahead = np.reshape(steps["interim"], (given["steps"], -1))[:, 0]
    return Figure(
        title={"zh": "RMSProp 加 Nesterov 动量", "en": "RMSProp with Nesterov momentum"},
        marks=(
            Lines(np.arange(len(path)), path, {"zh": "参数 θ", "en": "parameter theta"}),
            Lines(np.arange(len(ahead)), ahead, {"zh": "临时点 θ+αv", "en": "interim point theta + alpha v"}),
        ),
        x={"zh": "步 t", "en": "step t"},
        y={"zh": "θ", "en": "theta"},
    )


SOLVER = Solver(
    title={"zh": "RMSProp 加 Nesterov 动量", "en": "RMSProp with Nesterov momentum"},
    formula=r"v\leftarrow\alpha v-\frac{\epsilon}{\sqrt{\delta+r}}\odot\nabla f(\theta+\alpha v),\qquad"
    r"\theta\leftarrow\theta+v",
    params={
        "theta": Param([4.0, -3.0], {"zh": "初始参数", "en": "the parameters at the start"}, shape="(...)"),
        "h": Param([1.0, 100.0], {"zh": "各坐标的曲率", "en": "the curvature of each coordinate"}, shape="(...)"),
        "v0": Param([0.0, 0.0], {"zh": "初始速度", "en": "the velocity at the start"}, shape="(...)"),
        "r0": Param([0.0, 0.0], {"zh": "r 的初值", "en": "r at the start"}, shape="(...)"),
        "lr": Param(0.01, {"zh": "全局学习率 ε", "en": "the global rate epsilon"}, kind="float"),
        "rho": Param(0.9, {"zh": "衰减率 ρ", "en": "the decay rate rho"}, kind="float"),
        "alpha": Param(0.9, {"zh": "动量系数 α", "en": "the momentum alpha"}, kind="float"),
        "delta": Param(1e-6, {"zh": "防止除以零的小常数", "en": "the small constant under the root"}, kind="float"),
        "steps": Param(120, {"zh": "步数", "en": "number of steps"}, kind="int"),
    },
    outputs={"theta": "1", "v": "1", "r": "1"},
    steps={
        "interim": {"zh": "临时点 θ+αv", "en": "interim point theta + alpha v"},
        "g_path": {"zh": "临时点的梯度", "en": "gradient at the interim point"},
        "r_path": {"zh": "平均 r ← ρr + (1−ρ)g²", "en": "average r <- rho r + (1-rho) g^2"},
        "v_path": {"zh": "速度 v ← αv − ε g/√(δ+r)", "en": "velocity v <- alpha v - lr g / sqrt(delta + r)"},
        "theta_path": {"zh": "参数 θ ← θ + v", "en": "parameters theta <- theta + v"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="plain loops in the interim points alone, one coordinate at a time",
    sample=sample,
    variant=variant,
    edges=(
        {"theta": [0.0], "h": [2.0], "v0": [0.0], "r0": [0.0], "steps": 3},
        {"theta": [1.0, 0.0], "h": [0.0, 5.0], "v0": [0.3, 0.2], "r0": [0.0, 1.0], "steps": 4},
        {"theta": 2.0, "h": 1.0, "v0": 0.0, "r0": 0.0, "alpha": 0.0, "steps": 1},
    ),
    tolerance={"float64": 1e-9, "float32": 1e-3},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"h": [1.0]}, "h must have shape (2,)"),
        Reject({"theta": [float("nan"), 0.0]}, "theta must hold finite numbers"),
        Reject({"r0": [0.0, -1.0]}, "r0 must hold no negative number"),
        Reject({"lr": 0.0}, "lr must be positive"),
        Reject({"rho": 1.0}, "rho must lie between"),
        Reject({"alpha": 1.0}, "alpha must lie between"),
        Reject({"delta": 0.0}, "delta must lie between"),
        Reject({"steps": 10**9}, "steps must lie between 1 and 2000"),
    ),
    figure=figure,
)
