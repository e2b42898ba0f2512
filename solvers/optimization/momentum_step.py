"""One step of SGD with momentum:  v <- alpha v - eps g,  theta <- theta + v.

Shapes: theta, v, g (..., D) -> theta, v (..., D); up to four million entries. The gradient g is given.
torch.optim.SGD keeps b = -v / eps in place of v: b <- alpha b + g, theta <- theta - eps b, the same step as long as
eps stays what it was. The arguments remain what they were: the results are new arrays.
Errors: BadInput for shapes that differ, numbers that are not finite, alpha outside [0, 1), an eps not positive.
Reference: Goodfellow et al. (2016), algorithm 8.2; Polyak (1964); Sutskever et al. (2013).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Mistake, Param, Reject, Solver, require

ENTRIES = 4_000_000
LARGEST = 1e12


def check(theta, v, g, alpha, eps):
    require(theta.ndim >= 1 and theta.size >= 1, "theta", "have at least one entry", theta.shape)
    require(theta.size <= ENTRIES, "theta", f"hold at most {ENTRIES} numbers", theta.size)
    for name, value in (("v", v), ("g", g)):
        require(value.shape == theta.shape, name, f"have shape {theta.shape}, like theta", value.shape)
    for name, value in (("theta", theta), ("v", v), ("g", g)):
        require(np.all(np.abs(value) <= LARGEST), name, f"hold finite numbers of size at most {LARGEST:.0e}", value)
    require(0 <= alpha < 1, "alpha", "lie in [0, 1)", alpha)
    require(1e-12 <= eps <= LARGEST, "eps", f"lie between 1e-12 and {LARGEST:.0e}", eps)


def compute(xp, note, theta, v, g, alpha, eps):
    v = alpha * v
    v -= eps * g  # in place: one array of a million numbers less
    return {"theta": theta + v, "v": v}


def oracle(theta, v, g, alpha, eps):
    import torch

    weights = torch.tensor(theta, dtype=torch.float64)
    weights.grad = torch.tensor(g, dtype=torch.float64)
    sgd = torch.optim.SGD([weights], lr=eps, momentum=alpha, foreach=False)
    sgd.state[weights]["momentum_buffer"] = torch.tensor(v, dtype=torch.float64) / -eps
    sgd.step()
    buffer = sgd.state[weights].get("momentum_buffer") if alpha else weights.grad
    return {"theta": weights.numpy(), "v": -eps * buffer.numpy()}


def sample(rng):
    shape = (int(rng.integers(1, 3)), int(rng.integers(1, 5)))
    return {
        **{name: rng.normal(scale=2.0, size=shape) + 0.05 for name in ("theta", "v", "g")},
        "alpha": float(rng.choice([0.5, 0.8, 0.9])),
        "eps": float(rng.uniform(0.01, 0.5)),
    }


def variant(rng):
    """Two parameters; where the gradient has just turned around, the velocity still carries on."""
    v = rng.choice([-3, -2, -1, 1, 2, 3], size=2)
    g = rng.choice([2, 3, 4, 5, 6, 8], size=2) * np.where(rng.random(2) < 0.6, np.sign(v), -np.sign(v))
    return {
        "theta": [int(x) for x in rng.choice([-4, -3, 2, 3, 5, 6], size=2)],
        "v": [int(x) for x in v],
        "g": [int(x) for x in g],
        "alpha": float(rng.choice([0.5, 0.6, 0.7, 0.8, 0.9])),
        "eps": float(rng.choice([0.05, 0.1, 0.2, 0.3])),
    }


def _step(velocity, move=lambda theta, old, new, eps: theta + new):
    """A mistaken step; only what it changes."""

    def value(theta, v, g, alpha, eps):
        right, wrong = alpha * v - eps * g, velocity(v, g, alpha, eps)
        found = {"theta": move(theta, v, wrong, eps), "v": wrong}
        truth = {"theta": theta + right, "v": right}
        return {name: x for name, x in found.items() if not np.allclose(x, truth[name], rtol=1e-9, atol=1e-12)}

    return value


def _heavy(v, g, alpha, eps):
    return alpha * v - eps * g


def _moves(given, out):
    size = 1 + np.abs(given["theta"]) + np.abs(out["v"])
    return (out["theta"] - given["theta"] - out["v"]) / size


def _library(given, out):
    """The buffer b = -v / eps that a library keeps: b' = alpha b + g."""
    eps, alpha = given["eps"], given["alpha"]
    before, after = -given["v"] / eps, -out["v"] / eps
    size = 1 + np.abs(alpha * before) + np.abs(given["g"])
    return (after - alpha * before - given["g"]) / size


def _bounded(given, out):
    """How far a step is longer than its two parts together; equal where they point the same way."""
    parts = given["alpha"] * np.abs(given["v"]) + given["eps"] * np.abs(given["g"])
    aligned = given["v"] * given["g"] <= 0
    excess = np.abs(out["v"]) - parts
    return np.where(aligned, excess, np.maximum(excess, 0.0)) / (1 + parts)


SOLVER = Solver(
    title={"zh": "动量的一步", "en": "one step of momentum"},
    formula=r"v\leftarrow\alpha v-\epsilon g,\qquad\theta\leftarrow\theta+v",
    params={
        "theta": Param([1.0, -2.0], {"zh": "参数", "en": "the parameters"}, shape="(..., D)"),
        "v": Param([0.5, 0.0], {"zh": "速度", "en": "the velocity"}, shape="(..., D)"),
        "g": Param([4.0, -1.0], {"zh": "梯度", "en": "the gradient"}, shape="(..., D)"),
        "alpha": Param(0.9, {"zh": "动量参数 α", "en": "momentum alpha"}, kind="float"),
        "eps": Param(0.1, {"zh": "学习率 ε", "en": "learning rate eps"}, kind="float"),
    },
    outputs={"theta": "1", "v": "1"},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.optim.SGD(momentum=alpha), its buffer being -v / eps",
    sample=sample,
    variant=variant,
    edges=(
        {"theta": [1.0], "v": [0.0], "g": [0.0], "alpha": 0.0},
        {"theta": [1.0], "v": [-2.0], "g": [3.0], "alpha": 0.0, "eps": 1.0},
        {"theta": [1e6, 1e-6], "v": [1e3, -1e-3], "g": [-1e3, 1e-3], "alpha": 0.99},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    claims=(
        Claim("moves-by-v", zh="参数恰好移动了新的速度", en="the parameters move by exactly the new velocity",
              residual=_moves),
        Claim("library-buffer", zh="库里存的是 b = −v/ε，满足 b ← αb + g",
              en="a library's buffer b = -v / eps obeys b <- alpha b + g", residual=_library),
        Claim("longest-when-aligned",
              zh="步长不超过 α|v| + ε|g|；旧速度与 −g 同向时正好取到",
              en="no step is longer than alpha |v| + eps |g|, and it is that long where v and -g agree",
              residual=_bounded),
    ),
    mistakes=(
        Mistake("uphill", zh="符号反了，朝上坡走", en="the sign is off: that goes uphill",
                value=_step(lambda v, g, alpha, eps: alpha * v + eps * g)),
        Mistake("averaged", zh="多乘了 1−α：那是滑动平均，不是动量的衰减和",
                en="1 - alpha was multiplied in: that is a running average, not a decaying sum",
                value=_step(lambda v, g, alpha, eps: alpha * v - (1 - alpha) * eps * g)),
        Mistake("no-memory", zh="丢了 αv，退回普通 SGD", en="alpha v was dropped: plain SGD",
                value=_step(lambda v, g, alpha, eps: -eps * g)),
        Mistake("no-decay", zh="旧速度没有乘 α", en="the old velocity was not multiplied by alpha",
                value=_step(lambda v, g, alpha, eps: v - eps * g)),
        Mistake("alpha-for-gradient", zh="α 乘到了梯度上，ε 乘到了速度上",
                en="alpha went to the gradient and eps to the velocity",
                value=_step(lambda v, g, alpha, eps: eps * v - alpha * g)),
        Mistake("old-velocity", zh="用了更新前的 v 来移动", en="the move was made with v before its update",
                value=_step(_heavy, lambda theta, old, new, eps: theta + old)),
        Mistake("eps-twice", zh="v 里已含 ε，移动时又乘了一次",
                en="v holds eps already; the move multiplied by it once more",
                value=_step(_heavy, lambda theta, old, new, eps: theta + eps * new)),
    ),
    rejects=(
        Reject({"v": [1.0]}, "v must have shape (2,)"),
        Reject({"g": [1.0, float("nan")]}, "g must hold finite numbers"),
        Reject({"alpha": 1.0}, "alpha must lie in [0, 1)"),
        Reject({"eps": 0.0}, "eps must lie between"),
        Reject({"theta": []}, "theta must have at least one entry"),
    ),
)  # fmt: skip
