"""Adam, step by step: two running moments of the gradient, both corrected for their start at zero.

    s <- rho1 s + (1 - rho1) g          r <- rho2 r + (1 - rho2) g*g
    s_hat = s / (1 - rho1^t)            r_hat = r / (1 - rho2^t)
    theta <- theta - lr s_hat / (sqrt(r_hat) + delta)

Shapes: theta (D,), g (T, D): row t is the gradient of step t0 + t. The start s0, r0 is a number or (D,).
Steps have the time axis first: ``s_hat[0, 1]`` is the second parameter's corrected first moment after one step.
The gradients are given, not computed from theta: what is shown is the rule, whatever the loss.
There is no batch axis: every operation is element by element, so more parameters in D are the batch.
Errors: BadInput for rates outside [0, 1), a negative r0, a delta or lr that is not positive, shapes that do not match.
Reference: Kingma & Ba (2015), algorithm 1; Goodfellow et al. (2016), algorithm 8.7.
"""

from __future__ import annotations

import math

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

STEPS = ("s_path", "r_path", "s_hat", "r_hat", "update", "theta_path")
LIMIT = 1e15  # squares and a thousandfold stay finite, in float32 too


def check(theta, g, s0, r0, t0, lr, rho1, rho2, delta):
    require(theta.ndim == 1 and theta.size >= 1, "theta", "be a vector with at least one entry", theta.shape)
    require(g.ndim == 2 and 1 <= len(g) <= 1000, "g", "be a matrix with one row a step, 1000 at most", g.shape)
    require(g.shape[1] == theta.size, "g", f"have {theta.size} columns, like theta", g.shape)
    for name, value in (("theta", theta), ("g", g), ("s0", s0), ("r0", r0)):
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    for name, value in (("s0", s0), ("r0", r0)):
        require(value.shape in ((), theta.shape), name, f"be one number or have shape {theta.shape}", value.shape)
    require(np.all(r0 >= 0), "r0", "hold no negative number (it averages squares)", r0)
    require(0 <= t0 <= 1_000_000, "t0", "be between 0 and 1000000", t0)
    for name, rate in (("rho1", rho1), ("rho2", rho2)):
        require(0 <= rate < 1, name, "lie in [0, 1)", rate)
    for name, size in (("lr", lr), ("delta", delta)):
        require(0 < size <= LIMIT, name, "be positive and finite", size)


def compute(xp, note, theta, g, s0, r0, t0, lr, rho1, rho2, delta):
    s = xp.zeros_like(theta) + s0
    r = xp.zeros_like(theta) + r0
    rows = []
    for k in range(g.shape[0]):
        t, gradient = t0 + k + 1, g[k, :]
        s = rho1 * s
        s += (1 - rho1) * gradient  # in place: s is new, and a million parameters want no more copies than needed
        r = rho2 * r
        r += (1 - rho2) * gradient * gradient
        s_hat = s / (1 - rho1**t)
        r_hat = r / (1 - rho2**t)
        update = s_hat / (xp.sqrt(r_hat) + delta)
        update *= -lr
        theta = theta + update
        rows.append((s, r, s_hat, r_hat, update, theta))
    for name, column in zip(STEPS, zip(*rows, strict=True), strict=True):
        # not one by one: a single step keeps its time axis
        note(name, xp.stack(column) if len(column) > 1 else column[0][None, ...])
    return {"theta": theta, "s": s, "r": r}


def oracle(theta, g, s0, r0, t0, lr, rho1, rho2, delta):
    import torch

    weights = torch.tensor(theta, dtype=torch.float64)
    adam = torch.optim.Adam([weights], lr=lr, betas=(rho1, rho2), eps=delta, foreach=False)
    adam.state[weights] = {
        "step": torch.tensor(float(t0), dtype=torch.float64),
        "exp_avg": torch.full_like(weights, 0.0) + torch.tensor(s0, dtype=torch.float64),
        "exp_avg_sq": torch.full_like(weights, 0.0) + torch.tensor(r0, dtype=torch.float64),
    }
    for gradient in g:
        weights.grad = torch.tensor(gradient, dtype=torch.float64)
        adam.step()
    state = adam.state[weights]
    return {"theta": weights.numpy(), "s": state["exp_avg"].numpy(), "r": state["exp_avg_sq"].numpy()}


def sample(rng):
    # Gradients away from zero and a delta that can be felt: sqrt(r_hat) is differentiated here.
    steps, size = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    given = {
        "theta": rng.normal(size=size),
        "g": rng.choice([-1.0, 1.0], size=(steps, size)) * rng.uniform(0.3, 3.0, size=(steps, size)),
        "s0": np.zeros(size),
        "r0": np.zeros(size),
        "t0": 0,
        "lr": float(rng.choice([0.001, 0.01, 0.1])),
        "rho1": float(rng.uniform(0.5, 0.95)),
        "rho2": float(rng.uniform(0.9, 0.99)),
        "delta": float(rng.choice([1e-8, 1e-3, 0.05])),
    }
    if rng.random() < 0.5:  # a run that goes on from a state
        given |= {"s0": rng.normal(size=size), "r0": rng.uniform(0.2, 2.0, size=size), "t0": int(rng.integers(1, 30))}
    return given


def variant(rng):
    """Two steps of two parameters from zero, one steep and one flat; the second gradient is another size or sign."""
    sizes = float(rng.integers(11, 100)) / 10, float(rng.integers(5, 96)) / 100
    first = [size * float(rng.choice([-1, 1])) for size in sizes]
    second = [round(g * float(rng.choice([-3, -2, -0.5, 0.5, 3, 4])), 3) for g in first]
    rho1, rho2 = [(0.9, 0.999), (0.8, 0.99), (0.8, 0.999)][int(rng.integers(3))]
    theta = [float(x) for x in rng.choice([-1, 0.5, 1, 1.5, 2], size=2)]
    return {"theta": theta, "g": [first, second], "lr": float(rng.choice([0.1, 0.2])), "rho1": rho1, "rho2": rho2}


# ---- The rule once more, with parts to get wrong: the mistakes, and a claim's second run on scaled gradients.


def _rule(
    given,
    *,
    first=lambda s, g, rho: rho * s + (1 - rho) * g,
    second=lambda r, g, rho: rho * r + (1 - rho) * g**2,
    weights1=lambda rho, t: 1 - rho**t,  # what s is divided by
    weights2=lambda rho, t: 1 - rho**t,  # what r is divided by
    numerator=lambda s_hat, g: s_hat,
    denominator=lambda s_hat, r_hat, delta: np.sqrt(r_hat) + delta,
    sign=-1.0,
):
    zero = np.zeros_like(given["theta"])
    theta, s, r = given["theta"] + zero, given["s0"] + zero, given["r0"] + zero
    rows = []
    with np.errstate(all="ignore"):
        for t, g in enumerate(given["g"], start=given["t0"] + 1):
            s, r = first(s, g, given["rho1"]), second(r, g, given["rho2"])
            s_hat = s / np.float64(weights1(given["rho1"], t))
            r_hat = r / np.float64(weights2(given["rho2"], t))
            update = sign * given["lr"] * numerator(s_hat, g) / denominator(s_hat, r_hat, given["delta"])
            theta = theta + update
            rows.append((s, r, s_hat, r_hat, update, theta))
    path = {name: np.stack(column) for name, column in zip(STEPS, zip(*rows, strict=True), strict=True)}
    return {"theta": theta, "s": s, "r": r, **path}


def _changes(given, wrong):
    """What ``wrong`` gives differently, by more than rounding."""
    right = _rule(given)
    return {name: wrong[name] for name in right if not np.allclose(wrong[name], right[name], rtol=1e-6, atol=0)}


def _with(**parts):
    """A mistake: the rule with these parts in place of the right ones."""
    return lambda **given: _changes(given, _rule(given, **parts))


def _rates_swapped(**given):
    return _changes(given, _rule({**given, "rho1": given["rho2"], "rho2": given["rho1"]}))


def _rho0_read_as_rho1(**given):
    return _changes(given, _rule(given, weights2=lambda rho, t: 1 - given["rho1"] ** t))


def _raw(rho, t):
    return 1


def _weights(total):
    """Both moments divided by this total in place of 1 - rho^t."""
    return _with(weights1=total, weights2=total)


def _weights_swapped(**given):
    first, second = (lambda old, g, rho: (1 - rho) * old + rho * g), (lambda old, g, rho: (1 - rho) * old + rho * g**2)
    return _with(first=first, second=second)(**given)


MISTAKES = (
    Mistake("no-correction", "两个矩都没有修正", "neither moment was corrected", _weights(_raw)),
    Mistake("second-not-corrected", "二阶矩没有修正", "the second moment was not corrected", _with(weights2=_raw)),
    Mistake("first-not-corrected", "一阶矩没有修正", "the first moment was not corrected", _with(weights1=_raw)),
    Mistake("no-exponent", "修正时漏了指数 t", "the exponent t was forgotten", _weights(lambda rho, t: 1 - rho)),
    Mistake("counts-from-zero", "t 从 0 数起，第一步除以零", "t was counted from 0: the first step divides by zero",
            _weights(lambda rho, t: 1 - rho ** (t - 1))),
    Mistake("no-root", "分母没有开方", "the root was forgotten",
            _with(denominator=lambda s_hat, r_hat, delta: r_hat + delta)),
    Mistake("delta-inside", "δ 放进了根号", "delta was put under the root",
            _with(denominator=lambda s_hat, r_hat, delta: np.sqrt(r_hat + delta))),
    Mistake("rates-swapped", "ρ₁ 与 ρ₂ 用反了", "rho1 and rho2 were exchanged", _rates_swapped),
    Mistake("weights-swapped", "新旧权重颠倒：ρ 乘旧值，1−ρ 乘新梯度",
            "rho belongs to the old value, 1 - rho to the new gradient", _weights_swapped),
    Mistake("not-squared", "二阶矩累积了 g 而不是 g²", "the second moment averaged g, not its square",
            _with(second=lambda r, g, rho: rho * r + (1 - rho) * g)),
    Mistake("no-momentum", "分子用了当前梯度，不是 ŝ", "the numerator is the present gradient, not s_hat",
            _with(numerator=lambda s_hat, g: g)),
    Mistake("one-norm-for-all", "所有参数共用一个分母", "all parameters share one denominator",
            _with(denominator=lambda s_hat, r_hat, delta: np.sqrt(r_hat.sum()) + delta)),
    Mistake("uphill", "符号反了，朝上坡走", "the sign is off: that step goes uphill", _with(sign=1.0)),
    Mistake("printed-000-e094", "照印的对 ŝ 开方：ŝ 为负时没有实数值，为正时步长按 √g 变",
            "the root of s_hat, as printed: no real value where s_hat < 0, steps like sqrt(g) elsewhere",
            _with(denominator=lambda s_hat, r_hat, delta: np.sqrt(s_hat) + delta)),
    Mistake("printed-000-e095", "照印的除以 1−ρ!（读作 Γ(ρ₁+1)）：与 t 无关",
            "divided by 1 - rho!, as printed (read as Gamma(rho1 + 1)): it does not depend on t",
            _with(weights1=lambda rho, t: 1 - math.gamma(rho + 1))),
    Mistake("printed-000-e096", "二阶矩除以 1−ρ₁ᵗ（印的 ρ₀ 没有定义，只能读作 ρ₁）",
            "the second moment was divided by 1 - rho1^t (the printed rho0 is undefined; read as rho1)",
            _rho0_read_as_rho1),
)  # fmt: skip


# ---- Claims. A running mean of memory 1/(1-rho) rounds that much worse, so residuals are taken relative to it.


def _steps(given):
    return np.arange(1, len(given["g"]) + 1)[:, None]


def _rounding(rho):
    return max(1.0, 1e-3 / (1 - rho))


def _from_zero(given):
    return given["t0"] == 0 and not np.any(given["s0"]) and not np.any(given["r0"])


def _weighted_sums(given, out):
    """s and r against the sums written out, relative to the largest term."""
    residuals = []
    ages = _steps(given) - _steps(given).T  # t - i
    for name, rho, start, terms in (
        ("s_path", given["rho1"], given["s0"], given["g"]),
        ("r_path", given["rho2"], given["r0"], given["g"] ** 2),
    ):
        weights = np.where(ages >= 0, (1 - rho) * rho ** np.maximum(ages, 0), 0.0)
        written_out = weights @ terms + rho ** _steps(given) * start
        size = np.max(np.abs(terms), axis=0) + np.abs(start) + 1e-30
        residuals.append((out[name] - written_out) / (size * _rounding(rho)))
    return np.stack(residuals)


def _constant_gradient(given, out):
    g = given["g"]
    premise = np.all(g == g[0], axis=0) & _from_zero(given)
    first = (out["s_hat"] - g) / ((np.abs(g) + 1e-9) * _rounding(given["rho1"]))
    second = (out["r_hat"] - g**2) / ((g**2 + 1e-18) * _rounding(given["rho2"]))
    return np.where(premise, np.stack([first, second]), 0.0)


def _first_step(given, out):
    if not _from_zero(given):
        return 0.0
    g = given["g"][0]
    expected = -given["lr"] * g / (np.abs(g) + given["delta"])
    return (out["update"][0] - expected) / given["lr"]


def _scale_free(given, out):
    """A run on a thousandfold gradients: how far it ends beyond the bound that delta sets."""
    scaled = _rule({**given, "g": 1e3 * given["g"], "s0": 1e3 * given["s0"], "r0": 1e6 * given["r0"]})
    with np.errstate(all="ignore"):
        share = np.minimum(given["delta"] / np.sqrt(out["r_hat"]), 1e3)
        bound = np.sum(np.abs(out["update"]) * share, axis=0)
    excess = np.maximum(np.abs(scaled["theta"] - out["theta"]) - bound, 0.0)
    return excess / (1 + np.abs(out["theta"]) + np.sum(np.abs(out["update"]), axis=0))


CLAIMS = (
    Claim("weighted-sums", zh="s、r 是历次梯度及其平方的加权和，权重 (1−ρ)ρ^(t−i) 之和只有 1−ρ^t",
          en="s and r are sums of past gradients and squares with weights (1-rho) rho^(t-i), "
          "which total only 1 - rho^t", residual=_weighted_sums),
    Claim("constant-gradient", zh="从零起步、梯度不变时，每一步都有 ŝ = g、r̂ = g²",
          en="from zero and with a constant gradient, s_hat = g and r_hat = g^2 at every step",
          residual=_constant_gradient),
    Claim("first-step", zh="从零起步，第一步长 ε|g|/(|g|+δ)，逆梯度方向",
          en="from zero, the first step has length lr |g| / (|g| + delta), against the gradient",
          residual=_first_step),
    Claim("scale-free", zh="梯度全部乘 1000，θ 的变化不超过各步 |Δθ|·δ/√r̂ 之和",
          en="a thousandfold gradients move theta by no more than the sum of |update| delta / sqrt(r_hat)",
          residual=_scale_free),
)  # fmt: skip


def figure(given, out, steps):
    """How far the parameters are from where they began, the first six of them."""
    paths = np.vstack([np.zeros((1, given["theta"].size)), steps["theta_path"] - given["theta"]])
    times = given["t0"] + np.arange(len(paths))
    return Figure(
        title={"zh": "Adam 走过的路", "en": "how far Adam's steps go"},
        marks=tuple(
            Lines(times, paths[:, i], {"zh": f"θ[{i}]", "en": f"theta[{i}]"}) for i in range(min(6, paths.shape[1]))
        ),
        x={"zh": "步 t", "en": "step t"},
        y={"zh": "离起点的位移", "en": "displacement from the start"},
    )


SOLVER = Solver(
    title={"zh": "Adam 的若干步", "en": "Adam, step by step"},
    formula=r"\theta_t=\theta_{t-1}-\epsilon\,\frac{\hat s_t}{\sqrt{\hat r_t}+\delta}",
    params={
        "theta": Param([1.0, -2.0], {"zh": "初始参数", "en": "the parameters at the start"}, shape="(D,)"),
        "g": Param(
            [[4.0, -0.1], [2.0, -0.1], [-1.0, -0.1]],
            {"zh": "各步的梯度，一行一步", "en": "the gradients, one row a step"},
            shape="(T, D)",
        ),
        "s0": Param(0.0, {"zh": "一阶矩的初值", "en": "the first moment at the start"}, shape="() or (D,)"),
        "r0": Param(0.0, {"zh": "二阶矩的初值", "en": "the second moment at the start"}, shape="() or (D,)"),
        "t0": Param(0, {"zh": "此前已走的步数", "en": "the steps already made"}, kind="int"),
        "lr": Param(0.001, {"zh": "步长 ε", "en": "the step size epsilon"}, kind="float"),
        "rho1": Param(0.9, {"zh": "一阶矩的衰减率", "en": "the first moment's decay rate"}, kind="float"),
        "rho2": Param(0.999, {"zh": "二阶矩的衰减率", "en": "the second moment's decay rate"}, kind="float"),
        "delta": Param(1e-8, {"zh": "防止除以零的小常数", "en": "the small constant beside the root"}, kind="float"),
    },
    outputs={"theta": "1", "s": "1", "r": "1"},
    steps={
        "s_path": {"zh": "一阶矩 s ← ρ₁s + (1−ρ₁)g", "en": "first moment s <- rho1 s + (1-rho1) g"},
        "r_path": {"zh": "二阶矩 r ← ρ₂r + (1−ρ₂)g²", "en": "second moment r <- rho2 r + (1-rho2) g^2"},
        "s_hat": {"zh": "修正 ŝ = s/(1−ρ₁ᵗ)", "en": "corrected s_hat = s / (1-rho1^t)"},
        "r_hat": {"zh": "修正 r̂ = r/(1−ρ₂ᵗ)", "en": "corrected r_hat = r / (1-rho2^t)"},
        "update": {"zh": "更新 Δθ = −ε ŝ/(√r̂+δ)", "en": "update -lr s_hat / (sqrt(r_hat)+delta)"},
        "theta_path": {"zh": "参数 θ ← θ + Δθ", "en": "parameters theta <- theta + update"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.optim.Adam (foreach=False)",
    sample=sample,
    variant=variant,
    edges=(
        {"theta": [0.5], "g": [[-1.0]]},
        {"theta": [0.0, 0.0], "g": [[0.0, 3.0], [0.0, 3.0], [0.0, 3.0]], "lr": 0.1},
        {"theta": [1.0], "g": [[2.0], [-3.0]], "rho1": 0.0, "rho2": 0.0},
        {"theta": [1.0, 2.0], "g": [[1e-6, 1e6], [1e-6, 1e6]], "delta": 1e-3, "lr": 0.1},
        {"theta": [1.0, -1.0], "g": [[0.5, -0.5]], "s0": [0.2, -0.4], "r0": [0.0, 1.0], "t0": 7, "lr": 0.01},
        {"theta": [0.0], "g": [[1.0]] * 60, "lr": 0.1, "delta": 1e-4},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-4},
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"rho1": 1.0}, "rho1 must lie in [0, 1)"),
        Reject({"rho2": -0.1}, "rho2 must lie in [0, 1)"),
        Reject({"lr": 0.0}, "lr must be positive"),
        Reject({"delta": 0.0}, "delta must be positive"),
        Reject({"g": [[1.0, 2.0, 3.0]]}, "g must have 2 columns"),
        Reject({"g": [1.0, 2.0]}, "g must be a matrix"),
        Reject({"theta": 1.0}, "theta must be a vector"),
        Reject({"theta": [float("nan"), 0.0]}, "theta must hold finite numbers"),
        Reject({"s0": [0.0, 0.0, 0.0]}, "s0 must be one number or have shape (2,)"),
        Reject({"r0": -1.0}, "r0 must hold no negative number"),
        Reject({"t0": -1}, "t0 must be between 0 and 1000000"),
    ),
    figure=figure,
)
