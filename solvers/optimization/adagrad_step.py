"""AdaGrad, step by step: every parameter's learning rate falls with the sum of its own squared gradients.

    r <- r + g*g                theta <- theta - lr g / (delta + sqrt(r))

Shapes: theta (D,), g (T, D): row t is the gradient of step t. The start r0 is a number or (D,).
Steps have the time axis first: ``rate[4, 1]`` is what the second parameter's fifth gradient is multiplied by.
The gradients are given, not computed from theta: what is shown is the rule, whatever the loss.
There is no batch axis: every operation is element by element, so more parameters in D are the batch.
Errors: BadInput for a negative r0, a delta or lr that is not positive, shapes that do not match.
Reference: Duchi, Hazan & Singer (2011); Goodfellow et al. (2016), algorithm 8.4.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

STEPS = ("r_path", "rate", "update", "theta_path")
LONGEST = 10_000
LIMIT = 1e15  # squares and their sums stay finite, in float32 too


def check(theta, g, r0, lr, delta):
    require(theta.ndim == 1 and theta.size >= 1, "theta", "be a vector with at least one entry", theta.shape)
    require(g.ndim == 2 and 1 <= len(g) <= LONGEST, "g", f"be a matrix with one row a step, {LONGEST} at most", g.shape)
    require(g.shape[1] == theta.size, "g", f"have {theta.size} columns, like theta", g.shape)
    for name, value in (("theta", theta), ("g", g), ("r0", r0)):
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    require(r0.shape in ((), theta.shape), "r0", f"be one number or have shape {theta.shape}", r0.shape)
    require(np.all(r0 >= 0), "r0", "hold no negative number (it adds up squares)", r0)
    for name, size in (("lr", lr), ("delta", delta)):
        require(1e-15 <= size <= LIMIT, name, f"lie between 1e-15 and {LIMIT:.0e}", size)


def compute(xp, note, theta, g, r0, lr, delta):
    r = xp.zeros_like(theta) + r0
    rows = []
    for k in range(g.shape[0]):
        gradient = g[k, :]
        r = r + gradient * gradient
        rate = lr / (delta + xp.sqrt(r))
        update = -rate * gradient
        theta = theta + update
        rows.append((r, rate, update, theta))
    for name, column in zip(STEPS, zip(*rows, strict=True), strict=True):
        # not one by one: a single step keeps its time axis
        note(name, xp.stack(column) if len(column) > 1 else column[0][None, ...])
    return {"theta": theta, "r": r}


def oracle(theta, g, r0, lr, delta):
    import torch

    weights = torch.tensor(theta, dtype=torch.float64)
    adagrad = torch.optim.Adagrad([weights], lr=lr, eps=delta, foreach=False)
    adagrad.state[weights]["sum"] = torch.full_like(weights, 0.0) + torch.tensor(r0, dtype=torch.float64)
    for gradient in g:
        weights.grad = torch.tensor(gradient, dtype=torch.float64)
        adagrad.step()
    return {"theta": weights.numpy(), "r": adagrad.state[weights]["sum"].numpy()}


def sample(rng):
    # Gradients away from zero and a delta that can be felt: sqrt(r) is differentiated here.
    steps, size = int(rng.integers(1, 6)), int(rng.integers(1, 5))
    return {
        "theta": rng.normal(size=size),
        "g": rng.choice([-1.0, 1.0], size=(steps, size)) * rng.uniform(0.3, 3.0, size=(steps, size)),
        "r0": rng.uniform(0.0, 2.0, size=size) if rng.random() < 0.5 else np.zeros(size),
        "lr": float(rng.choice([0.01, 0.1, 1.0])),
        "delta": float(rng.choice([1e-7, 1e-3, 0.05])),
    }


def variant(rng):
    """Three steps of two parameters from zero, one steep and one flat; no gradient repeats another's size."""
    sizes = [float(rng.integers(2, 10)), float(rng.integers(1, 10)) / 10]
    factors = rng.choice([-3, -2, -1.5, -0.5, 0.5, 1.5, 2, 3], size=(2, 2))
    rows = [[round(size * float(f), 3) for size, f in zip(sizes, row, strict=True)] for row in factors]
    theta = [float(x) for x in rng.choice([-1, 0.5, 1, 1.5, 2, 3], size=2)]
    return {"theta": theta, "g": [sizes, *rows], "lr": float(rng.choice([0.1, 0.2, 0.3, 0.4, 0.5]))}


# ---- The rule once more, with parts to get wrong.


def _rule(
    given,
    *,
    total=lambda r, g, t: r + g**2,
    denominator=lambda r, before, delta: delta + np.sqrt(r),
    move=lambda theta, update, rate: theta + update,
    sign=-1.0,
):
    zero = np.zeros_like(given["theta"])
    theta, r = given["theta"] + zero, given["r0"] + zero
    rows = []
    with np.errstate(all="ignore"):
        for t, g in enumerate(given["g"], start=1):
            before, r = r, total(r, g, t)
            rate = given["lr"] / denominator(r, before, given["delta"])
            update = sign * rate * g
            theta = move(theta, update, rate)
            rows.append((r, rate, update, theta))
    path = {name: np.stack(column) for name, column in zip(STEPS, zip(*rows, strict=True), strict=True)}
    return {"theta": theta, "r": r, **path}


def _with(**parts):
    """A mistake: the rule with these parts in place of the right ones, where they change more than rounding."""

    def value(**given):
        right, wrong = _rule(given), _rule(given, **parts)
        return {n: wrong[n] for n in right if not np.allclose(wrong[n], right[n], rtol=1e-6, atol=0, equal_nan=True)}

    return value


MISTAKES = (
    Mistake("average", "取了平均，没有累加：那样学习率不会越来越小",
            "the squares were averaged, not added up: that rate would not fall",
            _with(total=lambda r, g, t: r + (g**2 - r) / t)),
    Mistake("present-only", "只用了当前梯度的平方，没有累积", "only the present gradient was squared; nothing adds up",
            _with(total=lambda r, g, t: g**2)),
    Mistake("not-squared", "累加了 |g| 而不是 g²", "sizes were added up, not squares",
            _with(total=lambda r, g, t: r + np.abs(g))),
    Mistake("square-of-the-sum", "先求和再平方：正负梯度会互相抵消", "the sum was squared: opposite signs cancel",
            lambda **given: _square_of_sum(given)),
    Mistake("no-root", "分母没有开方", "the root was forgotten",
            _with(denominator=lambda r, before, delta: delta + r)),
    Mistake("old-sum", "分母用了加入当前梯度之前的 r", "r was taken before the present gradient was added",
            _with(denominator=lambda r, before, delta: delta + np.sqrt(before))),
    Mistake("one-sum-for-all", "所有参数共用一个分母，AdaGrad 是每个参数各用自己的",
            "all parameters share one denominator; in AdaGrad each has its own",
            _with(denominator=lambda r, before, delta: delta + np.sqrt(r.sum()) + 0 * r)),
    Mistake("no-delta", "漏了 δ：梯度一直是零的参数得 0/0", "without delta a parameter that met no gradient gets 0/0",
            lambda **given: _no_delta(given)),
    Mistake("uphill", "符号反了，朝上坡走", "the sign is off: that step goes uphill", _with(sign=1.0)),
    Mistake("printed-000-q29-1", "照印的缩放参数本身（θ 除以 δ+√r）：缩放的应当是学习率",
            "the parameter itself is scaled, as printed (theta over delta + sqrt(r)): it is the rate that is scaled",
            _with(move=lambda theta, update, rate: theta * rate)),
)  # fmt: skip


def _square_of_sum(given):
    sums = np.cumsum(given["g"], axis=0)
    before = np.vstack([np.zeros_like(sums[:1]), sums[:-1]])
    squares = iter(sums**2 - before**2)
    return _with(total=lambda r, g, t: r + next(squares))(**given)


def _no_delta(given):
    """What 0/0 makes of it; elsewhere so small a constant changes nothing that could be told."""
    wrong = _with(denominator=lambda r, before, delta: np.sqrt(r))(**given)
    return {name: value for name, value in wrong.items() if np.any(np.isnan(value))}


# ---- Claims.


def _added_up(given, out):
    """r against the squares added up from the start, and the rate against one over its root."""
    total = given["r0"] + np.cumsum(given["g"] ** 2, axis=0)
    first = (out["r_path"] - total) / (np.abs(total) + 1e-30)
    second = out["rate"] * (given["delta"] + np.sqrt(total)) / given["lr"] - 1
    return np.stack([first, second])


def _never_rises(given, out):
    rise = np.maximum(out["rate"][1:] - out["rate"][:-1], 0.0) / out["rate"][:1]
    return rise if rise.size else 0.0


def _constant(given, out):
    """Under one gradient from r = 0, step t has length lr |g| / (delta + |g| sqrt(t))."""
    g = given["g"]
    premise = np.all(g == g[0], axis=0) & np.logical_not(np.any(given["r0"]))
    times = np.arange(1, len(g) + 1)[:, None]
    expected = -given["lr"] * g[0] / (given["delta"] + np.abs(g[0]) * np.sqrt(times))
    return np.where(premise, (out["update"] - expected) / given["lr"], 0.0)


def _larger_sum_smaller_rate(given, out):
    order = np.argsort(out["r_path"], axis=1)
    rates = np.take_along_axis(out["rate"], order, axis=1)
    rise = np.maximum(rates[:, 1:] - rates[:, :-1], 0.0) / np.max(out["rate"])
    return rise if rise.size else 0.0


def _zero_gradient(given, out):
    """A gradient of zero leaves the parameter where it is, even with nothing added up yet."""
    before = np.vstack([given["theta"][None, :], out["theta_path"][:-1]])
    moved = out["theta_path"] - before
    return np.where(given["g"] == 0, moved, 0.0)


CLAIMS = (
    Claim("adds-up", zh="r 是历次梯度平方之和，学习率是 ε/(δ+√r)",
          en="r adds up all past squared gradients, and the rate is lr / (delta + sqrt(r))", residual=_added_up),
    Claim("never-rises", zh="每个参数的学习率从不回升，过去的大梯度永远算数",
          en="no parameter's rate ever rises again: a large gradient of the past counts for good",
          residual=_never_rises),
    Claim("root-of-time", zh="从零起步、梯度不变时，第 t 步长约 ε/√t，与梯度大小无关",
          en="from zero and under a constant gradient, step t is about lr / sqrt(t) long, whatever the gradient",
          residual=_constant),
    Claim("larger-sum-smaller-rate", zh="平方和越大的参数，学习率越小",
          en="the larger a parameter's sum of squares, the smaller its rate", residual=_larger_sum_smaller_rate),
    Claim("zero-gradient-stays", zh="梯度为零的那一步，参数不动（δ 保证不出现 0/0）",
          en="where the gradient is zero the parameter stays (delta keeps 0/0 away)", residual=_zero_gradient),
)  # fmt: skip


def figure(given, out, steps):
    """Each parameter's rate, the first six of them."""
    rates = steps["rate"]
    times = np.arange(1, len(rates) + 1)
    names = [(i, {"zh": f"参数 {i}", "en": f"parameter {i}"}) for i in range(min(6, rates.shape[1]))]
    return Figure(
        title={"zh": "AdaGrad：每个参数的学习率", "en": "AdaGrad: the rate of each parameter"},
        marks=tuple(Lines(times, rates[:, i], name) for i, name in names),
        x={"zh": "步 t", "en": "step t"},
        y={"zh": "学习率 ε/(δ+√r)", "en": "rate lr / (delta + sqrt(r))"},
        log="y",
    )


SOLVER = Solver(
    title={"zh": "AdaGrad 的若干步", "en": "AdaGrad, step by step"},
    formula=r"r\leftarrow r+g\odot g,\qquad\theta\leftarrow\theta-\frac{\epsilon}{\delta+\sqrt{r}}\odot g",
    params={
        "theta": Param([1.0, 1.0], {"zh": "初始参数", "en": "the parameters at the start"}, shape="(D,)"),
        "g": Param(
            [[4.0, 0.1], [-2.0, 0.1], [4.0, 0.1], [-2.0, 0.1]],
            {"zh": "各步的梯度，一行一步", "en": "the gradients, one row a step"},
            shape="(T, D)",
        ),
        "r0": Param(0.0, {"zh": "r 的初值", "en": "r at the start"}, shape="() or (D,)"),
        "lr": Param(0.1, {"zh": "全局学习率 ε", "en": "the global rate epsilon"}, kind="float"),
        "delta": Param(1e-7, {"zh": "防止除以零的小常数", "en": "the small constant beside the root"}, kind="float"),
    },
    outputs={"theta": "1", "r": "1"},
    steps={
        "r_path": {"zh": "累积 r ← r + g²", "en": "sum r <- r + g^2"},
        "rate": {"zh": "学习率 ε/(δ+√r)", "en": "rate lr / (delta + sqrt(r))"},
        "update": {"zh": "更新 Δθ = −ε g/(δ+√r)", "en": "update -lr g / (delta + sqrt(r))"},
        "theta_path": {"zh": "参数 θ ← θ + Δθ", "en": "parameters theta <- theta + update"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.optim.Adagrad (foreach=False)",
    sample=sample,
    variant=variant,
    edges=(
        {"theta": [0.5], "g": [[-1.0]]},
        {"theta": [1.0, 2.0], "g": [[3.0, 0.0], [0.0, 0.0], [3.0, 0.0]]},
        {"theta": [0.0], "g": [[1.0]] * 100, "lr": 1.0},
        {"theta": [1.0, 2.0], "g": [[1e-6, 1e6], [1e-6, 1e6]], "delta": 1e-3},
        {"theta": [1.0, -1.0], "g": [[0.5, -0.5]], "r0": [0.0, 9.0]},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-4},
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"lr": 0.0}, "lr must lie between"),
        Reject({"delta": 0.0}, "delta must lie between"),
        Reject({"g": [[1.0, 2.0, 3.0]]}, "g must have 2 columns"),
        Reject({"g": [1.0, 2.0]}, "g must be a matrix"),
        Reject({"theta": 1.0}, "theta must be a vector"),
        Reject({"theta": [float("nan"), 0.0]}, "theta must hold finite numbers"),
        Reject({"r0": [0.0, 0.0, 0.0]}, "r0 must be one number or have shape (2,)"),
        Reject({"r0": -1.0}, "r0 must hold no negative number"),
    ),
    figure=figure,
)
