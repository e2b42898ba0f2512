"""Stochastic gradient descent on  f(theta) = mean_i (x_i' theta)^2 / 2,  in exact moments instead of runs.

A step draws ``batch`` rows of X with replacement: theta <- theta - eps (mean of x x' over them) theta. Its expectation
is (I - eps H) theta with H = X'X / N: the path of gradient descent. The expected second moment follows its own linear
rule, from which ``expected_loss`` comes; the loss at the mean, ``gd_loss``, is gradient descent's.
Shapes: X (N, D), theta (D,) -> mean, gd (D,), expected_loss, gd_loss, mean_factor, square_factor, condition: numbers.
``mean_factor`` is the largest |1 - eps lambda|, the factor of the mean a step; ``square_factor`` that of the expected
square: above 1 the runs fly apart although their mean may shrink. Not batched.
Errors: BadInput for rows of other widths, a singular H, moments that run away, too many steps.
Reference: Robbins & Monro (1951); Bottou, Curtis & Nocedal (2018), section 4; Goodfellow et al. (2016), section 8.3.1.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

WIDEST = 6
TALLEST = 200
LONGEST = 2000
LARGEST = 1e3
FARTHEST = 1e8


def check(X, theta, eps, batch, steps):
    require(X.ndim == 2 and 1 <= X.shape[1] <= WIDEST, "X", f"have rows of 1 to {WIDEST} numbers", X.shape)
    require(1 <= len(X) <= TALLEST, "X", f"have 1 to {TALLEST} rows", X.shape)
    require(theta.shape == X.shape[1:], "theta", f"have {X.shape[1]} entries, like a row of X", theta.shape)
    for name, value in (("X", X), ("theta", theta)):
        require(np.all(np.abs(value) <= LARGEST), name, f"hold finite numbers of size at most {LARGEST:.0e}", value)
    require(0 < eps <= LARGEST, "eps", f"be positive, at most {LARGEST:.0e}", eps)
    require(1 <= batch <= 10_000, "batch", "lie between 1 and 10000", batch)
    require(1 <= steps <= LONGEST, "steps", f"lie between 1 and {LONGEST}", steps)
    curvature = np.linalg.eigvalsh(X.T @ X / len(X))
    require(curvature[0] > 1e-8 * curvature[-1], "X", "have columns that are not dependent", curvature)
    growth = float(np.max(np.abs(np.linalg.eigvalsh(_second_moment(X, eps, batch)))))
    reach = steps * np.log(max(growth, 1.0)) + 2 * np.log(max(float(np.max(np.abs(theta))), 1.0))
    require(reach <= np.log(FARTHEST), "eps", f"keep the second moments within {FARTHEST:.0e}", eps)


def _second_moment(X, eps, batch):
    """E[A x A] (Kronecker product) of one step A = I - eps mean(x x')."""
    eye = np.eye(X.shape[1])
    single = [eye - eps * np.outer(x, x) for x in X]
    mean = sum(single) / len(single)
    return np.kron(mean, mean) * (1 - 1 / batch) + sum(np.kron(a, a) for a in single) / len(single) / batch


def compute(xp, note, X, theta, eps, batch, steps):
    rows, size = X.shape
    H = xp.matmul(xp.matrix_transpose(X), X) / rows
    eye = xp.eye(size, dtype=X.dtype, device=X.device)
    one = eye - eps * X[:, :, None] * X[:, None, :]  # the step that each row makes
    average = eye - eps * H
    whole = average[:, None, :, None] * average[None, :, None, :] * (1 - 1 / batch)
    whole = whole + xp.mean(one[:, :, None, :, None] * one[:, None, :, None, :], axis=0) / batch
    operator = xp.reshape(whole, (size * size, size * size))
    curvature = xp.linalg.eigvalsh(H)
    note("curvature", curvature)
    gd = mean = theta
    moment, flat = xp.reshape(theta[:, None] * theta[None, :], (-1,)), xp.reshape(H, (-1,))
    means, losses, exact = [mean], [xp.sum(flat * moment) / 2], [xp.sum(gd * xp.matmul(H, gd)) / 2]
    for _ in range(steps):
        mean = xp.mean(xp.matmul(one, mean[None, :, None])[..., 0], axis=0)  # over the draws; batches have the same
        moment = xp.matmul(operator, moment)
        gd = gd - eps * xp.matmul(H, gd)
        means.append(mean)
        losses.append(xp.sum(flat * moment) / 2)
        exact.append(xp.sum(gd * xp.matmul(H, gd)) / 2)
    note("mean_path", xp.stack(means))
    note("expected_losses", xp.stack(losses))
    note("gd_losses", xp.stack(exact))
    return {
        "mean": mean,
        "gd": gd,
        "expected_loss": losses[-1],
        "gd_loss": exact[-1],
        "mean_factor": xp.max(xp.abs(1 - eps * curvature)),
        "square_factor": xp.max(xp.abs(xp.linalg.eigvalsh((operator + xp.matrix_transpose(operator)) / 2))),
        "condition": curvature[-1] / curvature[0],
    }


def oracle(X, theta, eps, batch, steps):
    """No steps: powers along the eigenvectors of H and of the rule of the moments."""
    H = X.T @ X / len(X)
    values, axes = np.linalg.eigh(H)
    gd = axes @ ((1 - eps * values) ** steps * (axes.T @ theta))
    rule = _rule(X, eps, batch)
    factors, modes = np.linalg.eig(rule)
    start = np.linalg.solve(modes, np.outer(theta, theta).ravel().astype(complex))
    moment = np.real(modes @ (factors**steps * start))
    return {
        "mean": gd,
        "gd": gd,
        "expected_loss": H.ravel() @ moment / 2,
        "gd_loss": gd @ H @ gd / 2,
        "mean_factor": np.max(np.abs(1 - eps * values)),
        "square_factor": np.max(np.abs(factors)),
        "condition": np.linalg.cond(H),
    }


def _rule(X, eps, batch):
    """M -> M - eps (H M + M H) + eps^2 E[B M B], column by column; B is a batch's mean of x x'."""
    size, H = X.shape[1], X.T @ X / len(X)
    columns = []
    for place in range(size * size):
        M = np.zeros(size * size)
        M[place] = 1
        M = M.reshape(size, size)
        quartic = np.einsum("ni,nj,n->ij", X, X, np.einsum("ni,ij,nj->n", X, M, X)) / len(X)
        bent = (quartic + (batch - 1) * H @ M @ H) / batch
        columns.append((M - eps * (H @ M + M @ H) + eps**2 * bent).ravel())
    return np.array(columns).T


def sample(rng):
    size = int(rng.integers(1, 3))
    X = rng.normal(size=(int(rng.integers(3, 7)), size)) * np.array([1.0, 2.0])[:size]
    return {
        "X": X,
        "theta": rng.choice([-1.0, 1.0], size=size) * rng.uniform(0.5, 1.5, size=size),
        "eps": float(rng.uniform(0.02, 0.1)),
        "batch": int(rng.choice([1, 2, 8])),
        "steps": int(rng.integers(2, 9)),
    }


def variant(rng):
    """One weight, two rows of different sizes, one row a step; the noise adds at least 3 % to the loss."""
    while True:
        a, b = (int(n) for n in rng.choice([1, 2, 3, 4], size=2, replace=False))
        eps = float(rng.choice([0.02, 0.04, 0.05, 0.06, 0.08, 0.1, 0.12, 0.15]))
        factors = 1 - eps * np.array([a * a, b * b])
        if abs(np.mean(factors)) > 0.05 and np.mean(factors**2) > 1.03 * np.mean(factors) ** 2 and np.all(factors > -1):
            theta = int(rng.choice([-5, -4, -3, -2, 2, 3, 4, 5]))
            return {"X": [[a], [b]], "theta": [theta], "eps": eps, "batch": 1, "steps": int(rng.integers(1, 3))}


# ---- Mistakes; what comes out right is left out.


def _parts(X, eps, batch):
    values = np.linalg.eigvalsh(X.T @ X / len(X))
    factor = float(np.max(np.abs(1 - eps * values)))
    square = float(np.max(np.abs(np.linalg.eigvalsh(_second_moment(X, eps, batch)))))
    return values, factor, square


def _wrong(name, rule):
    def value(X, theta, eps, batch, steps):
        values, factor, square = _parts(X, eps, batch)
        right = {"mean_factor": factor, "square_factor": square}[name]
        wrong = rule(values, factor, eps, X)
        return {} if np.allclose(wrong, right, rtol=1e-4) else {name: np.float64(wrong)}

    return value


def _remedy(values, factor, eps, X):
    root = np.sqrt(values[-1] / values[0])
    return (root - 1) / (root + 1)


def _loss_at_mean(X, theta, eps, batch, steps):
    H = X.T @ X / len(X)
    values, axes = np.linalg.eigh(H)
    gd = axes @ ((1 - eps * values) ** steps * (axes.T @ theta))
    rule = np.linalg.matrix_power(_second_moment(X, eps, batch), steps)
    right = H.ravel() @ rule @ np.outer(theta, theta).ravel() / 2
    wrong = gd @ H @ gd / 2
    return {} if np.isclose(wrong, right, rtol=1e-3, atol=1e-12) else {"expected_loss": wrong}


def _summed(X, theta, eps, batch, steps):
    if len(X) == 1:
        return {}
    H = X.T @ X
    return {"mean": np.linalg.matrix_power(np.eye(len(theta)) - eps * H, steps) @ theta}


MISTAKES = (
    Mistake("printed-000-e073", "以为随机梯度能治病态：平均路径的缩小倍数与梯度下降完全相同",
            "takes noise for a remedy: the mean path shrinks by the very factor of gradient descent",
            _wrong("mean_factor", _remedy)),
    Mistake("square-of-the-mean", "那是平均值的平方；平方的期望还要加上方差",
            "that is the square of the mean; the mean square has the variance on top",
            _wrong("square_factor", lambda values, factor, eps, X: factor**2)),
    Mistake("loss-at-the-mean", "那是平均路径上的损失；期望损失更大，多出噪声的一份",
            "that is the loss at the mean; the expected loss has the noise on top", _loss_at_mean),
    Mistake("summed-rows", "把各行的梯度相加了，应取平均", "the rows' gradients were added, not averaged", _summed),
)  # fmt: skip


# ---- Claims.


def _mean_is_gd(given, out):
    """The whole mean path against gradient descent, run here once more; the same factor."""
    X, eps = np.asarray(given["X"]), given["eps"]
    H = X.T @ X / len(X)
    point, gaps = np.asarray(given["theta"]), []
    size = np.linalg.norm(point) * max(1.0, float(out["mean_factor"])) ** given["steps"] + 1e-30
    for place in np.reshape(out["mean_path"], (-1, len(point))):
        gaps.append((place - point) / size)
        point = point - eps * H @ point
    return np.array(gaps)


def _noise_costs(given, out):
    """Expected loss >= loss of gradient descent, at every step; the square's factor >= the mean's squared."""
    gap = np.maximum(out["gd_losses"] - out["expected_losses"], 0) / (1e-30 + np.abs(out["expected_losses"]))
    factor = np.maximum(out["mean_factor"] ** 2 - out["square_factor"], 0)
    return np.append(np.ravel(gap), factor)


def _smaller_rates(given, out):
    """Where the mean square would not grow, the mean does not either: noise never allows a larger eps."""
    return np.maximum(out["mean_factor"] - 1, 0) if out["square_factor"] <= 1 else 0.0


def _batches(given, out):
    """Ever larger batches never raise the square's factor, and in the limit it is the mean's squared."""
    X, eps = np.asarray(given["X"]), given["eps"]
    factors = [float(out["square_factor"])]
    for batch in (2 * given["batch"], 10 * given["batch"], 1_000_000_000):
        factors.append(float(np.max(np.abs(np.linalg.eigvalsh(_second_moment(X, eps, batch))))))
    rises = np.maximum(np.diff(factors), 0)
    return np.append(rises, factors[-1] / float(out["mean_factor"]) ** 2 - 1 if out["mean_factor"] > 1e-3 else 0.0)


CLAIMS = (
    Claim("mean-is-gd", "SGD 的平均路径每一步都与梯度下降重合：缩小倍数 max|1−ελ| 一样，条件数的影响一样",
          "the mean path of SGD is that of gradient descent at every step: the same factor, the same condition number",
          _mean_is_gd),
    Claim("noise-costs", "期望损失不低于梯度下降的损失：噪声只会加上方差",
          "the expected loss is never below that of gradient descent: noise adds variance", _noise_costs),
    Claim("smaller-rates", "平方的期望不增长的学习率，平均值也不增长：噪声从不放宽对学习率的限制",
          "a rate at which the mean square does not grow suits the mean too: noise never permits more",
          _smaller_rates),
    Claim("batches-tame-noise", "批量越大，平方的缩小倍数越接近平均值的平方",
          "larger batches bring the factor of the mean square down to the squared factor of the mean", _batches),
)  # fmt: skip


def figure(given, out, steps):
    """Expected loss of SGD and of gradient descent, step by step."""
    times = np.arange(given["steps"] + 1)
    noisy, plain = (np.maximum(np.ravel(steps[name]), 1e-300) for name in ("expected_losses", "gd_losses"))
    return Figure(
        {"zh": "SGD 的期望损失与梯度下降", "en": "expected loss of SGD beside gradient descent"},
        (
            Lines(times, noisy, {"zh": "SGD 的期望", "en": "SGD, mean"}),
            Lines(times, plain, {"zh": "梯度下降", "en": "gradient descent"}),
        ),
        x={"zh": "步数", "en": "step"},
        y={"zh": "损失", "en": "loss"},
        log="y",
    )


SOLVER = Solver(
    title={"zh": "SGD 的平均路径就是梯度下降", "en": "the mean path of SGD is gradient descent"},
    formula=r"E\theta_{t+1}=(I-\epsilon H)\,E\theta_t,\qquad H=\frac{1}{N}\sum_i x_i x_i^\top",
    params={
        "X": Param([[1.0, 0.0], [0.0, 10.0]], {"zh": "数据，每行一个", "en": "data, one a row"}, shape="(N, D)"),
        "theta": Param([1.0, 1.0], {"zh": "起点", "en": "the start"}, shape="(D,)"),
        "eps": Param(0.01, {"zh": "学习率 ε", "en": "learning rate eps"}, kind="float"),
        "batch": Param(1, {"zh": "批量", "en": "rows a step"}, kind="int"),
        "steps": Param(60, {"zh": "步数", "en": "number of steps"}, kind="int"),
    },
    outputs=dict.fromkeys(
        ("mean", "gd", "expected_loss", "gd_loss", "mean_factor", "square_factor", "condition"), "1"
    ),
    steps={
        "curvature": {"zh": "H 的特征值", "en": "eigenvalues of H"},
        "mean_path": {"zh": "SGD 的平均路径", "en": "mean path of SGD"},
        "expected_losses": {"zh": "SGD 的期望损失", "en": "expected losses of SGD"},
        "gd_losses": {"zh": "梯度下降的损失", "en": "losses of gradient descent"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="powers in the eigenvectors of H and of the moments' rule, built column by column",
    sample=sample,
    variant=variant,
    edges=(
        {"X": [[2.0]], "theta": [1.0], "eps": 0.1, "steps": 3},
        {"X": [[1.0], [3.0]], "theta": [1.0], "eps": 0.3, "steps": 5},
        {"X": [[1.0], [3.0]], "theta": [1.0], "eps": 0.1, "batch": 4, "steps": 5},
    ),
    tolerance={"float64": 1e-8, "float32": 2e-3},
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"X": [1.0, 2.0]}, "X must have rows of 1 to 6 numbers"),
        Reject({"X": [[1.0, 1.0], [2.0, 2.0]]}, "X must have columns that are not dependent"),
        Reject({"X": [[1.0, float("nan")]]}, "X must hold finite numbers"),
        Reject({"theta": [1.0]}, "theta must have 2 entries"),
        Reject({"eps": 0.0}, "eps must be positive"),
        Reject({"eps": 1.0}, "eps must keep the second moments within"),
        Reject({"steps": 10**8}, "steps must lie between 1 and 2000"),
    ),
    figure=figure,
)  # fmt: skip
