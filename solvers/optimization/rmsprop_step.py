"""RMSProp, step by step: AdaGrad with a memory that fades.

    r <- rho r + (1 - rho) g*g
    theta <- theta - lr g / sqrt(delta + r)      place = inside: Goodfellow et al., Keras
    theta <- theta - lr g / (delta + sqrt(r))    place = outside: PyTorch

Shapes: theta (D,), g (T, D): row t is the gradient of step t. The start r0 is a number or (D,).
Steps have the time axis first. ``window`` is 1 / (1 - rho), about how many steps the average looks back;
``half_life`` is the number of steps, whole or not, after which a square counts half.
The gradients are given, not computed from theta: what is shown is the rule, whatever the loss.
There is no batch axis: every operation is element by element, so more parameters in D are the batch.
Errors: BadInput for a rho outside (0, 1), a negative r0, a delta or lr that is not positive, shapes that do not match.
Reference: Hinton (2012), lecture 6e; Goodfellow et al. (2016), algorithm 8.5; torch.optim.RMSprop.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

STEPS = ("r_path", "rate", "update", "theta_path")
PLACES = ("inside", "outside")
OTHER = {"inside": "outside", "outside": "inside"}
LONGEST = 10_000
LIMIT = 1e15  # squares and their sums stay finite, in float32 too


def check(theta, g, r0, lr, rho, delta, place):
    require(theta.ndim == 1 and theta.size >= 1, "theta", "be a vector with at least one entry", theta.shape)
    require(g.ndim == 2 and 1 <= len(g) <= LONGEST, "g", f"be a matrix with one row a step, {LONGEST} at most", g.shape)
    require(g.shape[1] == theta.size, "g", f"have {theta.size} columns, like theta", g.shape)
    for name, value in (("theta", theta), ("g", g), ("r0", r0)):
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    require(r0.shape in ((), theta.shape), "r0", f"be one number or have shape {theta.shape}", r0.shape)
    require(np.all(r0 >= 0), "r0", "hold no negative number (it averages squares)", r0)
    require(1e-6 <= rho <= 1 - 1e-6, "rho", "lie between 1e-6 and 1 - 1e-6", rho)
    for name, size in (("lr", lr), ("delta", delta)):
        require(1e-15 <= size <= LIMIT, name, f"lie between 1e-15 and {LIMIT:.0e}", size)


def compute(xp, note, theta, g, r0, lr, rho, delta, place):
    r = xp.zeros_like(theta) + r0
    rows = []
    for k in range(g.shape[0]):
        gradient = g[k, :]
        square = gradient * gradient
        square *= 1 - rho  # in place: it is new, and a million parameters want no more copies than needed
        r = rho * r
        r += square
        rate = lr / (xp.sqrt(delta + r) if place == "inside" else delta + xp.sqrt(r))
        update = rate * gradient
        update *= -1.0
        theta = theta + update
        rows.append((r, rate, update, theta))
    for name, column in zip(STEPS, zip(*rows, strict=True), strict=True):
        # not one by one: a single step keeps its time axis
        note(name, xp.stack(column) if len(column) > 1 else column[0][None, ...])
    one = xp.ones_like(theta[0, ...])
    note("window", one / (1 - rho))
    note("half_life", xp.log(one / 2) / xp.log(one * rho))
    return {"theta": theta, "r": r}


def oracle(theta, g, r0, lr, rho, delta, place):
    """torch's optimizer for delta outside; inside, the weighted sums written out."""
    start = np.zeros_like(theta) + r0
    if place == "outside":
        import torch

        weights = torch.tensor(theta, dtype=torch.float64)
        rmsprop = torch.optim.RMSprop([weights], lr=lr, alpha=rho, eps=delta, foreach=False)
        weights.grad = torch.zeros_like(weights)
        rmsprop.step()  # makes the state; a zero gradient moves nothing
        rmsprop.state[weights]["square_avg"] = torch.tensor(start, dtype=torch.float64)
        for gradient in g:
            weights.grad = torch.tensor(gradient, dtype=torch.float64)
            rmsprop.step()
        end, average = weights.numpy(), rmsprop.state[weights]["square_avg"].numpy()
    else:
        ages = np.arange(len(g))[:, None] - np.arange(len(g))
        weight = np.where(ages >= 0, (1 - rho) * float(rho) ** np.maximum(ages, 0), 0.0)
        averages = weight @ g**2 + rho ** np.arange(1, len(g) + 1)[:, None] * start
        end, average = theta - np.sum(lr * g * (delta + averages) ** -0.5, axis=0), averages[-1]
    return {"theta": end, "r": average}


def sample(rng):
    # Gradients away from zero and a delta that can be felt: sqrt(r) is differentiated here.
    steps, size = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    return {
        "theta": rng.normal(size=size),
        "g": rng.choice([-1.0, 1.0], size=(steps, size)) * rng.uniform(0.3, 3.0, size=(steps, size)),
        "r0": rng.uniform(0.0, 2.0, size=size) if rng.random() < 0.5 else np.zeros(size),
        "lr": float(rng.choice([0.01, 0.1])),
        "rho": float(rng.uniform(0.5, 0.95)),
        "delta": float(rng.choice([1e-6, 1e-3, 0.05])),
        "place": str(rng.choice(PLACES)),
    }


def variant(rng):
    """Two steps of two parameters from zero, one steep and one flat, whose second gradients differ from their first."""
    sizes = float(rng.integers(11, 100)) / 10, float(rng.integers(11, 100)) / 100
    first = [size * float(rng.choice([-1, 1])) for size in sizes]
    second = [round(g * float(rng.choice([-3, -2, -0.5, 0.5, 2, 3, 4])), 3) for g in first]
    return {
        "theta": [float(x) for x in rng.choice([-1, 0.5, 1, 1.5, 2, 3], size=2)],
        "g": [first, second],
        "lr": float(rng.choice([0.01, 0.02, 0.03, 0.04, 0.05])),
        "rho": int(rng.integers(70, 99)) / 100,
        "delta": 1e-9,
    }


# ---- The rule once more, with parts to get wrong.


def _denominator(r, before, delta, place):
    return np.sqrt(delta + r) if place == "inside" else delta + np.sqrt(r)


def _rule(given, *, average=lambda r, g, rho, t: rho * r + (1 - rho) * g**2, denominator=_denominator, sign=-1.0):
    zero = np.zeros_like(given["theta"])
    theta, r = given["theta"] + zero, given["r0"] + zero
    rows = []
    with np.errstate(all="ignore"):
        for t, g in enumerate(given["g"], start=1):
            before, r = r, average(r, g, given["rho"], t)
            rate = given["lr"] / denominator(r, before, given["delta"], given["place"])
            update = sign * rate * g
            theta = theta + update
            rows.append((r, rate, update, theta))
    path = {name: np.stack(column) for name, column in zip(STEPS, zip(*rows, strict=True), strict=True)}
    return {"theta": theta, "r": r, **path}


def _with(**parts):
    """A mistake: the rule with these parts in place of the right ones, where they change more than rounding."""

    def value(**given):
        right, wrong = _rule(given), _rule(given, **parts)
        return {n: wrong[n] for n in right if not np.allclose(wrong[n], right[n], rtol=1e-6, atol=0, equal_nan=True)}

    return value


def _corrected(**given):
    if np.any(given["r0"]):
        return {}
    times = iter(range(1, len(given["g"]) + 1))

    def denominator(r, before, delta, place):
        return _denominator(r / (1 - given["rho"] ** next(times)), before, delta, place)

    return _with(denominator=denominator)(**given)


def _misplaced(given):
    """Told only where delta can be felt: by a hundredth of the rate or more."""
    wrong = _with(denominator=lambda r, before, delta, place: _denominator(r, before, delta, OTHER[place]))(**given)
    alike = np.allclose(wrong.get("rate", 0), _rule(given)["rate"], rtol=1e-2, atol=0)
    return {} if alike or "rate" not in wrong else wrong


def _of_rho(name, rule):
    return lambda **given: {name: rule(given["rho"])}


MISTAKES = (
    Mistake("sum", "平方直接相加了：那是 AdaGrad", "the squares were simply added: that is AdaGrad",
            _with(average=lambda r, g, rho, t: r + g**2)),
    Mistake("decaying-sum", "新的平方漏乘 1−ρ：和而不是平均", "the new square lacks its 1 - rho: a sum, not an average",
            _with(average=lambda r, g, rho, t: rho * r + g**2)),
    Mistake("weights-swapped", "新旧权重颠倒：ρ 乘旧值，1−ρ 乘新的平方",
            "rho belongs to the old value, 1 - rho to the new square",
            _with(average=lambda r, g, rho, t: (1 - rho) * r + rho * g**2)),
    Mistake("not-squared", "平均的是 |g| 而不是 g²", "sizes were averaged, not squares",
            _with(average=lambda r, g, rho, t: rho * r + (1 - rho) * np.abs(g))),
    Mistake("no-root", "分母没有开方", "the root was forgotten",
            _with(denominator=lambda r, before, delta, place: delta + r)),
    Mistake("old-average", "分母用了更新前的 r", "r was taken before its update",
            _with(denominator=lambda r, before, delta, place: _denominator(before, r, delta, place))),
    Mistake("bias-corrected", "除以了 1−ρᵗ：那是 Adam 的修正，RMSProp 没有",
            "r was divided by 1 - rho^t: that is Adam's correction, RMSProp has none", _corrected),
    Mistake("delta-misplaced", "δ 该在根号内（或外）：相差可达千倍", "delta stands on the wrong side of the root",
            lambda **given: _misplaced(given)),
    Mistake("one-average-for-all", "所有参数共用一个分母", "all parameters share one denominator",
            _with(denominator=lambda r, before, delta, place: _denominator(r.sum() + 0 * r, r, delta, place))),
    Mistake("uphill", "符号反了，朝上坡走", "the sign is off: that step goes uphill", _with(sign=1.0)),
    Mistake("window-of-rho", "取了 1/ρ：平均的长度是 1/(1−ρ)", "1 / rho was taken, not 1 / (1 - rho)",
            _of_rho("window", lambda rho: 1 / rho)),
    Mistake("half-of-the-window", "取了窗长的一半：衰减是指数的，半衰期是 ln 2 / −ln ρ",
            "half the window; decay is exponential, so the half-life is ln 2 / -ln rho",
            _of_rho("half_life", lambda rho: 0.5 / (1 - rho))),
    Mistake("window-for-half-life", "那是窗长 1/(1−ρ)，到那时只剩约 1/e",
            "that is the window 1 / (1 - rho), after which about 1/e is left",
            _of_rho("half_life", lambda rho: 1 / (1 - rho))),
)  # fmt: skip


# ---- Claims.


def _weighted_sums(given, out):
    """r against the sum written out, relative to the largest term and to what averaging amplifies in rounding."""
    times = np.arange(1, len(given["g"]) + 1)[:, None]
    ages = times - times.T
    weights = np.where(ages >= 0, (1 - given["rho"]) * given["rho"] ** np.maximum(ages, 0), 0.0)
    written_out = weights @ given["g"] ** 2 + given["rho"] ** times * given["r0"]
    size = np.max(given["g"] ** 2, axis=0) + given["r0"] + 1e-30
    return (out["r_path"] - written_out) / (size * max(1.0, 1e-3 / (1 - given["rho"])))


def _too_long(given, out):
    """Under one gradient from r = 0, step t is 1 / sqrt(1 - rho^t) times lr long, but for delta."""
    g = given["g"]
    premise = np.all(g == g[0], axis=0) & np.logical_not(np.any(given["r0"]))
    weight = 1 - given["rho"] ** np.arange(1, len(g) + 1)[:, None]
    divisor = _denominator(weight * g[0] ** 2, None, given["delta"], given["place"])
    return np.where(premise, (out["update"] + given["lr"] * g[0] / divisor) * (1 - given["rho"]) / given["lr"], 0.0)


def _fresh_start(given, out):
    """A second run, started at the half with r = 0: r differs by what the past left, fading by rho a step."""
    half = len(given["g"]) // 2
    if not half:
        return 0.0
    fresh = _rule({**given, "g": given["g"][half:], "r0": 0.0})["r_path"]
    left = out["r_path"][half - 1] * given["rho"] ** np.arange(1, len(fresh) + 1)[:, None]
    return (out["r_path"][half:] - fresh - left) / (np.max(out["r_path"], axis=0) + 1e-30)


def _window(given, out):
    """The weight of the last `window` steps is 1 - rho^window, between 1 - 1/e and 1; half remains at half_life."""
    beyond = given["rho"] ** out["window"]
    exact = [out["window"] * (1 - given["rho"]) - 1, given["rho"] ** out["half_life"] - 0.5]
    return np.stack([np.maximum(beyond - np.exp(-1), 0.0), *exact])


def _zero_gradient(given, out):
    before = np.vstack([given["theta"][None, :], out["theta_path"][:-1]])
    return np.where(given["g"] == 0, out["theta_path"] - before, 0.0)


CLAIMS = (
    Claim("weighted-sums", zh="r 是历次梯度平方的加权和，权重 (1−ρ)ρ^(t−i)",
          en="r is a sum of past squares with weights (1 - rho) rho^(t - i)", residual=_weighted_sums),
    Claim("first-steps-too-long", zh="从零起步、梯度不变时，第 t 步长 ε/√(1−ρᵗ)：第一步放大到 1/√(1−ρ) 倍",
          en="from zero, under a constant gradient, step t is lr / sqrt(1 - rho^t) long: nothing corrects the bias",
          residual=_too_long),
    Claim("like-a-fresh-start", zh="与从半途重新开始（r = 0）相比，r 之差每步乘 ρ 而消失",
          en="beside a fresh start halfway, r differs by what the past left, which fades by rho a step",
          residual=_fresh_start),
    Claim("window", zh="最近 1/(1−ρ) 步至少占权重的 1−1/e；半衰期之后只剩一半",
          en="the last 1 / (1 - rho) steps hold at least 1 - 1/e of the weight; after the half-life half is left",
          residual=_window),
    Claim("zero-gradient-stays", zh="梯度为零的那一步，参数不动（δ 保证不出现 0/0）",
          en="where the gradient is zero the parameter stays (delta keeps 0/0 away)", residual=_zero_gradient),
)  # fmt: skip


def figure(given, out, steps):
    """The first parameter's rate beside what AdaGrad would use on the same gradients."""
    total = np.cumsum(given["g"] ** 2, axis=0)[:, 0] + np.ravel(given["r0"])[0]
    times = np.arange(1, len(given["g"]) + 1)
    adagrad = given["lr"] / _denominator(total, None, given["delta"], given["place"])
    return Figure(
        title={"zh": "第一个参数的学习率", "en": "the rate of the first parameter"},
        marks=(
            Lines(times, steps["rate"][:, 0], {"zh": "RMSProp", "en": "RMSProp"}),
            Lines(times, adagrad, {"zh": "同样梯度下的 AdaGrad", "en": "AdaGrad on the same gradients"}),
        ),
        x={"zh": "步 t", "en": "step t"},
        y={"zh": "学习率", "en": "rate"},
        log="y",
    )


SOLVER = Solver(
    title={"zh": "RMSProp 的若干步", "en": "RMSProp, step by step"},
    formula=r"r\leftarrow\rho r+(1-\rho)g\odot g,\qquad\theta\leftarrow\theta-\frac{\epsilon}{\sqrt{\delta+r}}\odot g",
    params={
        "theta": Param([1.0], {"zh": "初始参数", "en": "the parameters at the start"}, shape="(D,)"),
        "g": Param(
            [[100.0]] * 5 + [[1.0]] * 95,
            {"zh": "各步的梯度，一行一步", "en": "the gradients, one row a step"},
            shape="(T, D)",
        ),
        "r0": Param(0.0, {"zh": "r 的初值", "en": "r at the start"}, shape="() or (D,)"),
        "lr": Param(0.001, {"zh": "全局学习率 ε", "en": "the global rate epsilon"}, kind="float"),
        "rho": Param(0.9, {"zh": "衰减率 ρ", "en": "the decay rate rho"}, kind="float"),
        "delta": Param(1e-6, {"zh": "防止除以零的小常数", "en": "the small constant at the root"}, kind="float"),
        "place": Param(
            "inside", {"zh": "δ 在根号内或外", "en": "delta inside the root or outside"}, kind="choice", choices=PLACES
        ),
    },
    outputs={"theta": "1", "r": "1"},
    steps={
        "r_path": {"zh": "平均 r ← ρr + (1−ρ)g²", "en": "average r <- rho r + (1-rho) g^2"},
        "rate": {"zh": "学习率 ε/√(δ+r)", "en": "rate lr / sqrt(delta + r)"},
        "update": {"zh": "更新 Δθ = −ε g/√(δ+r)", "en": "update -lr g / sqrt(delta + r)"},
        "theta_path": {"zh": "参数 θ ← θ + Δθ", "en": "parameters theta <- theta + update"},
        "window": {"zh": "窗长 1/(1−ρ)", "en": "window 1 / (1 - rho)"},
        "half_life": {"zh": "半衰期 ln 2/(−ln ρ)", "en": "half-life ln 2 / -ln rho"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.optim.RMSprop (delta outside); weighted sums written out (inside)",
    sample=sample,
    variant=variant,
    edges=(
        {"theta": [0.5], "g": [[-1.0]]},
        {"theta": [1.0, 2.0], "g": [[3.0, 0.0], [0.0, 0.0], [3.0, 0.0]]},
        {"theta": [0.0], "g": [[1.0]] * 30, "rho": 0.99, "place": "outside"},
        {"theta": [1.0, -1.0], "g": [[0.5, -0.5]], "r0": [0.0, 9.0], "rho": 0.5},
        {"theta": [1.0], "g": [[1e-4]], "place": "outside", "rho": 0.9},
    ),
    tolerance={"float64": 1e-11, "float32": 2e-4},
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"rho": 1.0}, "rho must lie between"),
        Reject({"lr": 0.0}, "lr must lie between"),
        Reject({"delta": 0.0}, "delta must lie between"),
        Reject({"g": [[1.0, 2.0]]}, "g must have 1 columns"),
        Reject({"g": [1.0]}, "g must be a matrix"),
        Reject({"theta": 1.0}, "theta must be a vector"),
        Reject({"theta": [float("nan")]}, "theta must hold finite numbers"),
        Reject({"r0": [0.0, 0.0, 0.0]}, "r0 must be one number or have shape (1,)"),
        Reject({"r0": -1.0}, "r0 must hold no negative number"),
        Reject({"place": "above"}, "place must be one of inside, outside"),
    ),
    figure=figure,
)
