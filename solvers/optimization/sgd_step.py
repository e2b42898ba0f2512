"""Minibatch SGD on a linear model with squared loss L = (x.theta - y)^2 / 2, step by step.

    g_k = (1/m) sum over the batch of (x.theta - y) x          theta <- theta - eps_k g_k

Shapes: X (N, D), y (N,), theta (D,), batches (T, m) row numbers, eps (T,) the rate of each step.
Outputs theta (D,), loss: the mean loss of all N examples at the end. Steps have the time axis first:
``gradient`` (T, D), ``theta_path`` (T + 1, D) with the start. No batch axis: the minibatches are the batch.
A step reads m rows whatever N is: 2 m D multiplications for the gradient, D for the update (``work``).
Errors: BadInput for shapes that do not match, row numbers outside 0 ... N-1, rates not positive, too many numbers.
Reference: Goodfellow et al. (2016), algorithm 8.1; Robbins & Monro (1951).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

NUMBERS = 1_000_000
LARGEST = 1e6
STEPS = 10_000


def check(X, y, theta, batches, eps):
    require(X.ndim == 2 and X.shape[0] >= 1 and X.shape[1] >= 1, "X", "be a matrix, one example a row", X.shape)
    require(X.size <= NUMBERS, "X", f"hold at most {NUMBERS} numbers", X.size)
    require(y.shape == X.shape[:1], "y", f"have shape {X.shape[:1]}, one target an example", y.shape)
    require(theta.shape == X.shape[1:], "theta", f"have shape {X.shape[1:]}, one weight a column", theta.shape)
    require(
        batches.ndim == 2 and batches.size >= 1, "batches", "be a matrix of row numbers, a row a step", batches.shape
    )
    require(len(batches) <= STEPS, "batches", f"hold at most {STEPS} steps", len(batches))
    require(batches.size * X.shape[1] <= NUMBERS, "batches", f"make at most {NUMBERS} numbers to read", batches.shape)
    inside = np.all((batches >= 0) & (batches < len(X)))
    require(inside, "batches", f"hold row numbers from 0 to {len(X) - 1}", batches)
    require(eps.shape == batches.shape[:1], "eps", f"have shape {batches.shape[:1]}, one rate a step", eps.shape)
    require(np.all((eps > 0) & (eps <= LARGEST)), "eps", f"hold positive numbers up to {LARGEST:.0e}", eps)
    for name, value in (("X", X), ("y", y), ("theta", theta)):
        require(np.all(np.abs(value) <= LARGEST), name, f"hold finite numbers of size at most {LARGEST:.0e}", value)
    longest = np.max(np.sum(X * X, axis=1))
    reach = np.sum(np.log(np.maximum(1.0, eps * longest - 1)))
    require(reach <= np.log(LARGEST), "eps", "be small enough for these examples not to run away", eps)


def compute(xp, note, X, y, theta, batches, eps):
    m = batches.shape[1]
    path, gradients = [theta], []
    for k in range(batches.shape[0]):
        rows = xp.take(X, batches[k, :], axis=0)
        missed = xp.matmul(rows, theta[:, None])[:, 0] - xp.take(y, batches[k, :], axis=0)
        g = xp.matmul(missed[None, :], rows)[0, :] / m
        theta = theta - eps[k] * g
        gradients.append(g)
        path.append(theta)
    note("gradient", xp.stack(gradients))
    note("theta_path", xp.stack(path))
    note("work", batches[0, 0] * 0 + (2 * m + 1) * X.shape[1])
    left = xp.matmul(X, theta[:, None])[:, 0] - y
    return {"theta": theta, "loss": xp.mean(left * left) / 2}


def oracle(X, y, theta, batches, eps):
    import torch

    data, target = torch.tensor(X, dtype=torch.float64), torch.tensor(y, dtype=torch.float64)
    weights = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    sgd = torch.optim.SGD([weights], lr=1.0)
    for rows, rate in zip(batches, eps, strict=True):
        sgd.param_groups[0]["lr"] = float(rate)
        sgd.zero_grad()
        (torch.nn.functional.mse_loss(data[rows] @ weights, target[rows]) / 2).backward()
        sgd.step()
    with torch.no_grad():
        loss = torch.nn.functional.mse_loss(data @ weights, target) / 2
    return {"theta": weights.detach().numpy(), "loss": loss.numpy()}


def sample(rng):
    examples, size, steps = int(rng.integers(4, 9)), int(rng.integers(1, 4)), int(rng.integers(2, 6))
    X = rng.normal(size=(examples, size))
    return {
        "X": X,
        "y": X @ rng.normal(size=size) + rng.normal(scale=0.3, size=examples),
        "theta": rng.normal(size=size),
        "batches": rng.integers(0, examples, size=(steps, int(rng.integers(1, 4)))),
        "eps": rng.uniform(0.2, 0.4) / np.arange(1, steps + 1),
    }


def variant(rng):
    """Four examples of one feature and a constant, two steps of two examples, a rate that is halved."""
    X = [[int(x), 1] for x in rng.choice([-3, -2, -1, 1, 2, 3], size=4, replace=False)]
    first, second = rng.permutation(4)[:2], rng.permutation(4)[:2]
    eps = float(rng.choice([0.1, 0.2, 0.4]))
    return {
        "X": X,
        "y": [int(v) for v in rng.integers(-6, 7, size=4)],
        "theta": [int(v) for v in rng.integers(-2, 3, size=2)],
        "batches": [[int(v) for v in np.sort(rows)] for rows in (first, second)],
        "eps": [eps, eps / 2],
    }


def _run(given, *, rows=lambda X, y, batch: (X[batch], y[batch]), scale=lambda g, m: g / m, sign=-1.0, rates=None):
    """The rule once more, with parts to get wrong."""
    X, y, theta = given["X"], given["y"], given["theta"]
    rates = given["eps"] if rates is None else rates(given["eps"])
    path, gradients = [theta], []
    for batch, rate in zip(given["batches"], rates, strict=True):
        x, t = rows(X, y, batch)
        g = scale(np.einsum("i,id->d", np.einsum("id,d->i", x, theta) - t, x), len(x))
        theta = theta + sign * rate * g
        gradients.append(g)
        path.append(theta)
    missed = np.einsum("id,d->i", X, theta) - y
    return {"theta": theta, "loss": np.mean(missed**2) / 2, "gradient": np.stack(gradients),
            "theta_path": np.stack(path)}  # fmt: skip


def _with(**parts):
    def value(**given):
        right, wrong = _run(given), _run(given, **parts)
        return {n: v for n, v in wrong.items() if not np.allclose(v, right[n], rtol=1e-7, atol=1e-10)}

    return value


def _twice(g, m):
    return 2 * g / m


MISTAKES = (
    Mistake("summed", "各样本的梯度相加了，没有除以 m", "the examples' gradients were added, not divided by m",
            _with(scale=lambda g, m: g)),
    Mistake("whole-set", "用了全部训练样本：那是批量梯度下降", "all examples were used: that is batch gradient descent",
            _with(rows=lambda X, y, batch: (X, y))),
    Mistake("first-only", "只用了小批量里的第一个样本", "only the first example of the minibatch was used",
            _with(rows=lambda X, y, batch: (X[batch[:1]], y[batch[:1]]))),
    Mistake("uphill", "符号反了，朝上坡走", "the sign is off: that goes uphill", _with(sign=1.0)),
    Mistake("over-n", "除以了训练集大小 N，应除以小批量大小 m",
            "divided by the N of the training set in place of the m of the minibatch",
            lambda **given: _with(scale=lambda g, m: g / len(given["X"]))(**given)),
    Mistake("half-dropped", "损失里的 1/2 丢了，梯度大了一倍",
            "the 1/2 of the loss was lost: gradients of twice the size",
            _with(scale=_twice)),
    Mistake("printed-000-e081", "照印的用 ε 更新：没有下标 k，学习率停在第一步的值",
            "updated with eps as printed: without its subscript the rate stays what it was at first",
            _with(rates=lambda eps: np.full_like(eps, eps[0]))),
    Mistake("decayed-early", "第一步就用了下一步的学习率", "the first step took the rate of the next one",
            _with(rates=lambda eps: np.append(eps[1:], eps[-1]))),
)  # fmt: skip


def _other_rows(given, out):
    """The same steps where every example outside the batches is another one, and there are twice as many examples."""
    used = np.isin(np.arange(len(given["X"])), given["batches"])
    X, y = np.where(used[:, None], given["X"], 7.0), np.where(used, given["y"], -7.0)
    changed = {**given, "X": np.concatenate([X, X + 1]), "y": np.concatenate([y, y - 1])}
    size = 1 + np.max(np.abs(out["theta_path"]))
    return (_run(changed)["theta_path"] - out["theta_path"]) / size


def _mean_of_singles(given, out):
    """g against the mean of the gradients of the batch's examples, one at a time."""
    X, y = given["X"], given["y"]
    residual = []
    for batch, theta, g in zip(given["batches"], out["theta_path"][:-1], out["gradient"], strict=True):
        singles = np.stack([(float(X[i] @ theta) - y[i]) * X[i] for i in batch])
        residual.append((g - singles.mean(axis=0)) / (1 + np.max(np.abs(singles))))
    return np.stack(residual)


def _moves(given, out):
    path = out["theta_path"]
    moved = path[1:] - path[:-1] + given["eps"][:, None] * out["gradient"]
    return moved / (1 + np.max(np.abs(path)) + np.max(np.abs(given["eps"][:, None] * out["gradient"])))


def figure(given, out, steps):
    """The mean loss over all examples after each step."""
    missed = steps["theta_path"] @ given["X"].T - given["y"]
    losses = np.mean(missed**2, axis=1) / 2
    return Figure(
        {"zh": "全部样本上的损失", "en": "loss over all examples"},
        (Lines(np.arange(len(losses)), losses),),
        x={"zh": "步 k", "en": "step k"},
        y={"zh": "损失", "en": "loss"},
    )


SOLVER = Solver(
    title={"zh": "小批量随机梯度下降", "en": "minibatch SGD, step by step"},
    formula=r"\hat g=\frac1m\sum_{i\in B_k}\nabla_\theta L_i,\qquad\theta\leftarrow\theta-\epsilon_k\hat g",
    params={
        "X": Param([[1.0, 1.0], [2.0, 1.0], [-1.0, 1.0], [3.0, 1.0]],
                   {"zh": "样本，一行一个", "en": "the examples, one a row"}, shape="(N, D)"),
        "y": Param([3.0, 4.0, 0.0, 5.0], {"zh": "目标", "en": "the targets"}, shape="(N,)"),
        "theta": Param([0.0, 0.0], {"zh": "初始参数", "en": "the parameters at the start"}, shape="(D,)"),
        "batches": Param([[0, 1], [2, 3], [0, 2], [1, 3]],
                         {"zh": "各步的小批量，样本编号", "en": "the minibatch of each step, row numbers"},
                         shape="(T, m)", dtype="int64"),
        "eps": Param([0.2, 0.1, 0.05, 0.05], {"zh": "各步的学习率", "en": "the rate of each step"}, shape="(T,)"),
    },
    outputs={"theta": "1", "loss": "1"},
    steps={
        "gradient": {"zh": "小批量梯度 ĝ", "en": "minibatch gradient"},
        "theta_path": {"zh": "参数", "en": "the parameters"},
        "work": {"zh": "一步的乘法次数，与 N 无关", "en": "multiplications a step, whatever N"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.optim.SGD on autograd's gradients of mse_loss / 2",
    sample=sample,
    variant=variant,
    edges=(
        {"X": [[2.0]], "y": [1.0], "theta": [0.0], "batches": [[0]], "eps": [0.25]},
        {"X": [[1.0], [2.0]], "y": [1.0, 2.0], "theta": [1.0], "batches": [[0, 1], [1, 1]], "eps": [0.1, 0.1]},
    ),
    tolerance={"float64": 1e-11, "float32": 1e-4},
    batched=False,
    claims=(
        Claim("other-rows-do-not-matter",
              zh="小批量之外的样本换成别的，路径一点不变：一步的代价与训练集大小无关",
              en="examples outside the batches can be any others: a step's cost does not depend on how many there are",
              residual=_other_rows),
        Claim("mean-of-the-batch", zh="ĝ 是小批量里各样本梯度的平均", en="g is the mean of the batch's gradients",
              residual=_mean_of_singles),
        Claim("moves-by-eps-k", zh="第 k 步移动 −ε_k ĝ，用的是这一步的学习率",
              en="step k moves by -eps_k g, with the rate of that step", residual=_moves),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"X": [1.0, 2.0]}, "X must be a matrix"),
        Reject({"X": [[1.0, float("nan")]] * 4}, "X must hold finite numbers"),
        Reject({"y": [1.0]}, "y must have shape (4,)"),
        Reject({"theta": [0.0]}, "theta must have shape (2,)"),
        Reject({"batches": [[0, 4], [0, 1], [0, 1], [0, 1]]}, "batches must hold row numbers from 0 to 3"),
        Reject({"batches": [0, 1]}, "batches must be a matrix"),
        Reject({"batches": [[0, 1]] * 2000, "eps": [9.0] * 2000}, "eps must be small enough"),
        Reject({"eps": [0.1]}, "eps must have shape (4,)"),
        Reject({"eps": [0.0, 0.1, 0.1, 0.1]}, "eps must hold positive numbers"),
    ),
    figure=figure,
)  # fmt: skip
