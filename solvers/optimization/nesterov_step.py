"""Nesterov momentum by algorithm 8.3, on minibatches of a linear model with loss L = (x.theta - y)^2 / 2.

    interim  theta~ = theta + alpha v          g = (1/m) sum (x.theta~ - y) x
    v <- alpha v - eps g                       theta <- theta + v
    correction = -eps alpha H v (v before the step, H = X'X / m): what standard momentum would not add to v

Shapes: X (T, m, D), y (T, m): the minibatch of each step; theta, v (D,) -> theta, v, ahead (D,).
``ahead`` = theta + alpha v after the last step: it is what torch.optim.SGD(nesterov=True) calls its parameter.
Steps have the time axis first. No batch axis: T minibatches of m examples are the data.
Errors: BadInput for shapes that do not match, numbers that are not finite, rates outside their range, a run-away.
Reference: Goodfellow et al. (2016), algorithm 8.3; Sutskever et al. (2013), section 2.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Mistake, Param, Reject, Solver, require

NUMBERS = 1_000_000
LARGEST = 1e6
STEPS = ("interim", "gradient", "correction", "v_path", "theta_path")


def check(X, y, theta, v, alpha, eps):
    require(X.ndim == 3 and X.size >= 1, "X", "have three axes: steps, examples, features", X.shape)
    require(X.size <= NUMBERS, "X", f"hold at most {NUMBERS} numbers", X.size)
    require(len(X) <= 10_000, "X", "hold at most 10000 steps", len(X))
    require(y.shape == X.shape[:2], "y", f"have shape {X.shape[:2]}, one target an example", y.shape)
    for name, value in (("theta", theta), ("v", v)):
        require(value.shape == X.shape[2:], name, f"have shape {X.shape[2:]}, one entry a feature", value.shape)
    for name, value in (("X", X), ("y", y), ("theta", theta), ("v", v)):
        require(np.all(np.abs(value) <= LARGEST), name, f"hold finite numbers of size at most {LARGEST:.0e}", value)
    require(0 <= alpha <= 0.999, "alpha", "lie between 0 and 0.999", alpha)
    require(1e-9 <= eps <= LARGEST, "eps", f"lie between 1e-9 and {LARGEST:.0e}", eps)
    steepest = np.max(np.sum(X * X, axis=2), axis=1)
    reach = np.sum(np.log(np.maximum(1.0, (eps * steepest - 1) * (1 + 2 * alpha))))
    require(reach <= np.log(LARGEST), "eps", "be small enough for these examples not to run away", eps)


def compute(xp, note, X, y, theta, v, alpha, eps):
    def mean(x, missed):
        return xp.matmul(missed[None, :], x)[0, :] / X.shape[1]

    rows = []
    for t in range(X.shape[0]):
        x = X[t, :, :]
        interim = theta + alpha * v
        g = mean(x, xp.matmul(x, interim[:, None])[:, 0] - y[t, :])
        correction = -eps * alpha * mean(x, xp.matmul(x, v[:, None])[:, 0])
        v = alpha * v - eps * g
        theta = theta + v
        rows.append((interim, g, correction, v, theta))
    for name, column in zip(STEPS, zip(*rows, strict=True), strict=True):
        note(name, xp.stack(column))
    return {"theta": theta, "v": v, "ahead": theta + alpha * v}


def oracle(X, y, theta, v, alpha, eps):
    """Torch's parameter is theta + alpha v, its buffer -v / eps."""
    import torch

    weights = torch.tensor(theta + alpha * v, dtype=torch.float64, requires_grad=True)
    sgd = torch.optim.SGD([weights], lr=eps, momentum=alpha, nesterov=alpha > 0)
    sgd.state[weights]["momentum_buffer"] = torch.tensor(v, dtype=torch.float64) / -eps
    for rows, targets in zip(torch.tensor(X), torch.tensor(y), strict=True):
        sgd.zero_grad()
        (torch.nn.functional.mse_loss(rows.double() @ weights, targets.double()) / 2).backward()
        sgd.step()
    ahead = weights.detach().numpy()
    velocity = -eps * (sgd.state[weights]["momentum_buffer"] if alpha else weights.grad).numpy()
    return {"theta": ahead - alpha * velocity, "v": velocity, "ahead": ahead}


def sample(rng):
    steps, m, size = int(rng.integers(1, 5)), int(rng.integers(1, 4)), int(rng.integers(1, 4))
    return {
        "X": rng.normal(size=(steps, m, size)),
        "y": rng.normal(scale=2.0, size=(steps, m)),
        "theta": rng.normal(size=size),
        "v": rng.normal(scale=0.5, size=size),
        "alpha": float(rng.choice([0.5, 0.8, 0.9])),
        "eps": float(rng.uniform(0.02, 0.2)),
    }


def variant(rng):
    """One step on two examples of one feature: f(theta) is a parabola, the velocity is not zero."""
    x = rng.choice([1, 2, 3, 4], size=2, replace=False)
    return {
        "X": [[[int(x[0])], [int(x[1])]]],
        "y": [[int(n) for n in rng.integers(-6, 7, size=2)]],
        "theta": [int(rng.choice([-4, -3, -2, 2, 3, 4]))],
        "v": [int(rng.choice([-3, -2, -1, 1, 2, 3]))],
        "alpha": float(rng.choice([0.5, 0.6, 0.8, 0.9])),
        "eps": float(rng.choice([0.02, 0.05, 0.1])),
    }


def _run(given, *, interim=lambda theta, v, alpha: theta + alpha * v,
         mean=lambda x, missed: np.einsum("i,id->d", missed, x) / len(x),
         velocity=lambda v, g, alpha, eps: alpha * v - eps * g,
         move=lambda theta, look, v: theta + v):  # fmt: skip
    """The rule once more, with parts to get wrong."""
    theta, v, alpha, eps = given["theta"], given["v"], given["alpha"], given["eps"]
    rows = []
    for x, y in zip(given["X"], given["y"], strict=True):
        look = interim(theta, v, alpha)
        g, here = (mean(x, np.einsum("id,d->i", x, point) - y) for point in (look, theta))
        correction = -eps * (g - here)
        v = velocity(v, g, alpha, eps)
        theta = move(theta, look, v)
        rows.append((look, g, correction, v, theta))
    path = {name: np.stack(column) for name, column in zip(STEPS, zip(*rows, strict=True), strict=True)}
    return {"theta": theta, "v": v, "ahead": theta + alpha * v, **path}


def _with(**parts):
    def value(**given):
        right, wrong = _run(given), _run(given, **parts)
        names = ("theta", "v", "ahead", "gradient", "correction")
        return {n: wrong[n] for n in names if not np.allclose(wrong[n], right[n], rtol=1e-7, atol=1e-10)}

    return value


MISTAKES = (
    Mistake("gradient-not-ahead", "梯度取在 θ 而不是 θ+αv：那是标准动量",
            "the gradient was taken at theta, not at theta + alpha v: standard momentum",
            _with(interim=lambda theta, v, alpha: theta)),
    Mistake("looks-ahead-by-v", "临时点取成了 θ+v，漏了 α", "the interim point was theta + v: no alpha",
            _with(interim=lambda theta, v, alpha: theta + v)),
    Mistake("looks-back", "临时点取成了 θ−αv", "the interim point was theta - alpha v",
            _with(interim=lambda theta, v, alpha: theta - alpha * v)),
    Mistake("moves-from-interim", "从临时点出发加 v，αv 走了两遍",
            "v was added to the interim point: alpha v counts twice",
            _with(move=lambda theta, look, v: look + v)),
    Mistake("summed", "各样本的梯度相加了，没有除以 m", "the examples' gradients were added, not divided by m",
            _with(mean=lambda x, missed: np.einsum("i,id->d", missed, x))),
    Mistake("no-memory", "v 里丢了 αv", "alpha v was left out of v", _with(velocity=lambda v, g, alpha, eps: -eps * g)),
    Mistake("uphill", "符号反了，朝上坡走", "the sign is off: that goes uphill",
            _with(velocity=lambda v, g, alpha, eps: alpha * v + eps * g)),
    Mistake("printed-000-e087", "照印的用 q 更新：q 没有定义，速度也就没有定义",
            "updated with q, as printed: q is defined nowhere, and so v is not either",
            lambda **given: {name: np.full_like(given["theta"], np.nan) for name in ("v", "theta")}),
)  # fmt: skip


def _plain_gradient(given, out, t):
    x, y = given["X"][t], given["y"][t]
    before = given["theta"] if t == 0 else out["theta_path"][t - 1]
    return x.T @ (x @ before - y) / len(x)


def _correction(given, out):
    """The velocity is that of standard momentum from the same state and -eps alpha H v: H the Hessian of the batch."""
    residual = []
    for t, x in enumerate(given["X"]):
        before = given["v"] if t == 0 else out["v_path"][t - 1]
        standard = given["alpha"] * before - given["eps"] * _plain_gradient(given, out, t)
        correction = -given["eps"] * given["alpha"] * (x.T @ (x @ before)) / len(x)
        size = 1 + np.max(np.abs(before)) + np.max(np.abs(correction)) + np.max(np.abs(standard))
        residual.append((out["v_path"][t] - standard - correction) / size)
        residual.append((out["correction"][t] - correction) / size)
    return np.stack(residual)


def _library(given, out):
    """phi = theta + alpha v and b = -v / eps follow the library's rule: phi <- phi - eps (g + alpha b)."""
    alpha, eps = given["alpha"], given["eps"]
    phi = np.vstack([out["interim"], out["ahead"][None]])
    b = -out["v_path"] / eps
    wrong = phi[1:] - phi[:-1] + eps * (out["gradient"] + alpha * b)
    return wrong / (1 + np.max(np.abs(phi)) + np.max(np.abs(eps * out["gradient"])))


SOLVER = Solver(
    title={"zh": "Nesterov 动量的若干步", "en": "Nesterov momentum, step by step"},
    formula=r"v\leftarrow\alpha v-\epsilon\nabla f(\theta+\alpha v),\qquad\theta\leftarrow\theta+v",
    params={
        "X": Param([[[1.0, 2.0], [2.0, 0.0]], [[0.0, 1.0], [1.0, 1.0]], [[2.0, 1.0], [1.0, -1.0]]],
                   {"zh": "各步的小批量", "en": "the minibatch of each step"}, shape="(T, m, D)"),
        "y": Param([[3.0, 2.0], [1.0, 2.0], [3.0, 0.0]], {"zh": "目标", "en": "the targets"}, shape="(T, m)"),
        "theta": Param([0.0, 0.0], {"zh": "初始参数", "en": "the parameters at the start"}, shape="(D,)"),
        "v": Param([0.5, -0.5], {"zh": "初始速度", "en": "the velocity at the start"}, shape="(D,)"),
        "alpha": Param(0.9, {"zh": "动量参数 α", "en": "momentum alpha"}, kind="float"),
        "eps": Param(0.1, {"zh": "学习率 ε", "en": "learning rate eps"}, kind="float"),
    },
    outputs={"theta": "1", "v": "1", "ahead": "1"},
    steps={
        "interim": {"zh": "临时点 θ+αv", "en": "interim point theta + alpha v"},
        "gradient": {"zh": "临时点的梯度", "en": "the gradient there"},
        "correction": {"zh": "校正项 −εαHv", "en": "the correction -eps alpha H v"},
        "v_path": {"zh": "速度", "en": "the velocity"},
        "theta_path": {"zh": "参数", "en": "the parameters"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.optim.SGD(nesterov=True), whose parameter is theta + alpha v",
    sample=sample,
    variant=variant,
    edges=(
        {"X": [[[2.0]]], "y": [[4.0]], "theta": [0.0], "v": [0.0], "eps": 0.25},
        {"X": [[[1.0]], [[3.0]]], "y": [[0.0], [1.0]], "theta": [1.0], "v": [1.0], "alpha": 0.0},
    ),
    tolerance={"float64": 1e-11, "float32": 1e-4},
    batched=False,
    claims=(
        Claim("correction",
              zh="比标准动量多一项校正 −εαHv，H 是小批量损失的 Hessian",
              en="it adds the correction -eps alpha H v to standard momentum, H the Hessian of the batch",
              residual=_correction),
        Claim("library-form", zh="令 φ = θ+αv，b = −v/ε，即库中写法 φ ← φ − ε(g + αb)",
              en="with phi = theta + alpha v and b = -v / eps: phi <- phi - eps (g + alpha b), as in libraries",
              residual=_library),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"X": [[1.0, 2.0]]}, "X must have three axes"),
        Reject({"y": [[1.0, 2.0]]}, "y must have shape (3, 2)"),
        Reject({"v": [0.0]}, "v must have shape (2,)"),
        Reject({"theta": [float("inf"), 0.0]}, "theta must hold finite numbers"),
        Reject({"alpha": 1.0}, "alpha must lie between 0 and 0.999"),
        Reject({"eps": 0.0}, "eps must lie between"),
        Reject({"eps": 1e5}, "eps must be small enough"),
    ),
)  # fmt: skip
