"""One batch, several workers: each averages the gradient over its share of the rows, and the averages are weighted.

    least squares  f(theta) = |X theta - y|^2 / (2 N),   theta <- theta - eps sum_k (n_k / N) g_k

The rows are dealt in order, as evenly as they go (the first shares take the remainder). A worker's time is counted in
rows, communication is free: an iteration takes the largest share.
Shapes: X (N, D), y (N,), theta (D,) -> end (D,), the point after ``limit`` steps; iterations, the first step at which
the gradient is at most ``target`` times that of the start (limit + 1 where it never is); rows, the largest share;
time = iterations * rows; condition, of H = X'X / N. Not batched.
Errors: BadInput for shapes that do not match, more workers than rows, dependent columns, a rate that diverges.
Reference: Goodfellow et al. (2016), sections 8.1.3 and 12.1.3; Dean et al. (2012); Goyal et al. (2017).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

TALLEST = 500
WIDEST = 16
LONGEST = 2000
WORK = 20_000
LARGEST = 1e4


def check(X, y, theta, eps, workers, target, limit):
    require(X.ndim == 2 and 1 <= X.shape[1] <= WIDEST, "X", f"have rows of 1 to {WIDEST} numbers", X.shape)
    require(1 <= len(X) <= TALLEST, "X", f"have 1 to {TALLEST} rows", X.shape)
    require(y.shape == X.shape[:1], "y", f"have {len(X)} entries, one for each row of X", y.shape)
    require(theta.shape == X.shape[1:], "theta", f"have {X.shape[1]} entries, like a row of X", theta.shape)
    for name, value in (("X", X), ("y", y), ("theta", theta)):
        require(np.all(np.abs(value) <= LARGEST), name, f"hold finite numbers of size at most {LARGEST:.0e}", value)
    require(1 <= workers <= len(X), "workers", f"lie between 1 and {len(X)}, the rows", workers)
    require(1e-9 <= target <= 1, "target", "lie between 1e-9 and 1", target)
    require(1 <= limit <= LONGEST, "limit", f"lie between 1 and {LONGEST}", limit)
    require(limit * workers <= WORK, "limit", f"keep limit times workers within {WORK}", limit)
    curvature = np.linalg.eigvalsh(X.T @ X / len(X))
    require(curvature[0] > 1e-8 * curvature[-1], "X", "have columns that are not dependent", curvature)
    require(0 < eps < 2 / curvature[-1], "eps", f"be positive, below 2 / lambda_max = {2 / curvature[-1]:.4g}", eps)
    slope = np.linalg.norm(X.T @ (X @ theta - y))
    require(slope > 1e-9, "theta", "be no minimum: the gradient vanishes", theta)


def _shares(rows, workers):
    """The bounds of each worker's rows."""
    least, more = divmod(rows, workers)
    ends = [0]
    for k in range(workers):
        ends.append(ends[-1] + least + (k < more))
    return list(pairwise(ends))


def compute(xp, note, X, y, theta, eps, workers, target, limit):
    rows = X.shape[0]
    shares = [(X[a:b, :], y[a:b], b - a) for a, b in _shares(rows, workers)]

    def gradients(point):
        return [xp.matmul(xp.matrix_transpose(A), xp.matmul(A, point) - v) / n for A, v, n in shares]

    point, sizes, points = theta, [], [theta]
    for t in range(limit + 1):
        each = gradients(point)
        if t == 0:
            note("workers_say", xp.stack(each))
        g = sum(w * (n / rows) for w, (_, _, n) in zip(each, shares, strict=True))
        sizes.append(xp.sqrt(xp.sum(g * g)))
        if t < limit:
            point = point - eps * g
            points.append(point)
    slopes = xp.stack(sizes)
    note("path", xp.stack(points))
    note("slopes", slopes)
    reached = xp.astype(slopes <= target * slopes[0], xp.int64)
    time = xp.arange(limit + 1, dtype=xp.int64, device=X.device)
    iterations = xp.min(xp.where(reached == 1, time, xp.full_like(time, limit + 1)))
    most = shares[0][2]
    curvature = xp.linalg.eigvalsh(xp.matmul(xp.matrix_transpose(X), X) / rows)
    return {
        "end": point,
        "iterations": iterations,
        "rows": xp.full_like(iterations, most),
        "time": iterations * most,
        "condition": curvature[-1] / curvature[0],
    }


def oracle(X, y, theta, eps, workers, target, limit):
    """One machine, no steps: the least-squares solution, and powers along the eigenvectors of H."""
    H = X.T @ X / len(X)
    values, axes = np.linalg.eigh(H)
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    start = axes.T @ (theta - best)
    powers = (1 - eps * values) ** np.arange(limit + 1)[:, None] * start
    slopes = np.linalg.norm(values * powers, axis=1)
    reached = np.flatnonzero(slopes <= target * slopes[0])
    iterations = int(reached[0]) if reached.size else limit + 1
    share = max(len(part) for part in np.array_split(np.arange(len(X)), workers))
    return {
        "end": best + axes @ powers[-1],
        "iterations": np.int64(iterations),
        "rows": np.int64(share),
        "time": np.int64(iterations * share),
        "condition": np.linalg.cond(H),
    }


def sample(rng):
    size, rows = int(rng.integers(1, 4)), int(rng.integers(5, 12))
    X = rng.normal(size=(rows, size)) * np.array([1.0, 1.5, 2.0])[:size]
    top = np.linalg.eigvalsh(X.T @ X / rows)[-1]
    return {
        "X": X,
        "y": rng.normal(size=rows),
        "theta": rng.normal(size=size) + 2.0,
        "eps": float(rng.uniform(0.3, 0.9) / top),
        "workers": int(rng.integers(2, 5)),
        "target": 0.01,
        "limit": int(rng.integers(5, 12)),
    }


def variant(rng):
    """One weight, three rows, two workers (two rows and one), one step."""
    while True:
        x, y = [int(n) for n in rng.integers(1, 5, size=3)], [int(n) for n in rng.integers(-5, 10, size=3)]
        theta, eps = int(rng.choice([-2, -1, 1, 2])), float(rng.choice([0.05, 0.1, 0.15, 0.2]))
        slopes = [a * (a * theta - b) for a, b in zip(x, y, strict=True)]
        first, total = (slopes[0] + slopes[1]) / 2, sum(slopes) / 3
        squares = sum(a * a for a in x) / 3
        if eps * squares < 1.5 and total != 0 and abs(first - slopes[2]) > 2 and abs(first + slopes[2]) > 2:
            return {"X": [[a] for a in x], "y": y, "theta": [theta], "eps": eps, "workers": 2, "limit": 1}


# ---- Mistakes; what comes out right is left out.


def _walk(X, y, theta, eps, limit, combine):
    point = theta
    for _ in range(limit):
        point = point - eps * combine(point)
    return point


def _wrong(weights):
    """Where the run ends if the workers' averages are combined with other weights."""

    def value(X, y, theta, eps, workers, target, limit):
        parts = [(X[a:b], y[a:b]) for a, b in _shares(len(X), workers)]

        def combine(point, right=False):
            each = [A.T @ (A @ point - v) / len(A) for A, v in parts]
            shares = [len(A) / len(X) for A, _ in parts] if right else weights(parts, len(X))
            return sum(w * g for w, g in zip(shares, each, strict=True))

        wrong = _walk(X, y, theta, eps, limit, combine)
        right = _walk(X, y, theta, eps, limit, lambda point: combine(point, True))
        return {} if np.allclose(wrong, right, rtol=1e-3, atol=1e-9) else {"end": wrong}

    return value


def _fewer_steps(X, y, theta, eps, workers, target, limit):
    """The iterations of one machine, divided by the workers."""
    H = X.T @ X / len(X)
    point, slopes = theta, []
    for _ in range(limit + 1):
        slopes.append(np.linalg.norm(X.T @ (X @ point - y)))
        point = point - eps * X.T @ (X @ point - y) / len(X)
    reached = np.flatnonzero(np.array(slopes) <= target * slopes[0])
    if workers == 1 or not reached.size or reached[0] < 2:
        return {}
    steps = -(-int(reached[0]) // workers)
    return {"iterations": np.int64(steps), "condition": np.linalg.cond(H) / workers}


MISTAKES = (
    Mistake("printed-000-e074", "把“跑得快”当成“病态减轻”：多几台机器，迭代次数和条件数都不变，只是每次迭代的时间短了",
            "takes faster for better conditioned: more workers leave the iterations and the condition number as they "
            "were, and only shorten an iteration", _fewer_steps),
    Mistake("averages-added", "把各台机器的平均梯度相加了，应按样本数加权平均",
            "the workers' averages were added; they are to be averaged, by rows",
            _wrong(lambda parts, rows: [1.0] * len(parts))),
    Mistake("rows-ignored", "份额不等时不能直接平均：要按样本数加权",
            "uneven shares were averaged plainly; each counts by its rows",
            _wrong(lambda parts, rows: [1 / len(parts)] * len(parts))),
    Mistake("first-worker-only", "只用了第一台机器的梯度", "only the first worker's gradient was used",
            _wrong(lambda parts, rows: [1.0] + [0.0] * (len(parts) - 1))),
    Mistake("never-averaged", "各样本的梯度相加，没有除以样本数", "the rows' gradients were added and never averaged",
            _wrong(lambda parts, rows: [float(len(A)) for A, _ in parts])),
)  # fmt: skip


# ---- Claims.


def _same_path(given, out):
    """Every point of the path against that of one machine."""
    X, y = np.asarray(given["X"]), np.asarray(given["y"])
    point, gaps = np.asarray(given["theta"]), []
    size = 1 + np.max(np.abs(out["path"]))
    for place in np.reshape(out["path"], (-1, len(point))):
        gaps.append((place - point) / size)
        point = point - given["eps"] * X.T @ (X @ point - y) / len(X)
    return np.array(gaps)


def _weighted(given, out):
    """The workers' averages, weighted by rows, are the gradient of the whole batch."""
    X, y = np.asarray(given["X"]), np.asarray(given["y"])
    sizes = np.array([b - a for a, b in _shares(len(X), given["workers"])])
    each = np.reshape(out["workers_say"], (given["workers"], -1))
    whole = X.T @ (X @ np.asarray(given["theta"]) - y) / len(X)
    return (sizes @ each / len(X) - whole) / (1 + np.max(np.abs(each)))


def _time(given, out):
    share = -(-len(np.asarray(given["X"])) // given["workers"])
    return np.stack([out["rows"] - share, out["time"] - out["iterations"] * share])


CLAIMS = (
    Claim("same-path", "不管几台机器，走的是同一条路，迭代次数一样：病态丝毫没有减轻",
          "however many workers there are, the path is that of one machine, step by step: no better conditioned",
          _same_path),
    Claim("weighted-by-rows", "各台机器的平均梯度按样本数加权，就是整批的梯度",
          "the workers' averages, weighted by their rows, are the gradient of the whole batch", _weighted),
    Claim("time-is-shared", "一次迭代的时间由最大的一份决定：N/W 向上取整",
          "an iteration takes as long as the largest share: N / W, rounded up", _time),
)  # fmt: skip


def _iterations(given, workers):
    """Steps until the gradient is small enough, or the limit and one more."""
    X, y, point = (np.asarray(given[name]) for name in ("X", "y", "theta"))
    parts = [(X[a:b], y[a:b]) for a, b in _shares(len(X), workers)]
    first = None
    for t in range(given["limit"] + 1):
        each = [A.T @ (A @ point - v) / len(A) for A, v in parts]
        g = sum(w * len(A) / len(X) for w, (A, _) in zip(each, parts, strict=True))
        first = np.linalg.norm(g) if first is None else first
        if np.linalg.norm(g) <= given["target"] * first:
            return t
        point = point - given["eps"] * g
    return given["limit"] + 1


def figure(given, out, steps):
    """Iterations and time as shares of one machine's, for 1, 2, 4, … workers, each number of them run anew."""
    rows = len(np.asarray(given["X"]))
    counts = [w for w in (1, 2, 4, 8) if w <= rows]
    iterations = np.array([_iterations(given, w) for w in counts])
    names = tuple(str(w) for w in counts)
    times = iterations * np.array([-(-rows // w) for w in counts])
    return Figure(
        {"zh": "机器台数与迭代次数、耗时（一台为 1）", "en": "iterations and time, one worker's as 1"},
        (
            Bars(names, iterations / max(iterations[0], 1), {"zh": "迭代次数", "en": "iterations"}),
            Bars(names, times / max(times[0], 1), {"zh": "耗时", "en": "time"}),
        ),
        x={"zh": "机器台数", "en": "workers"},
    )


ROWS = [[1, 5], [-1, 5], [1, -5], [1, 5], [-1, -5], [2, 5], [1, 5], [-1, 10]]

SOLVER = Solver(
    title={"zh": "数据并行：时间省了，迭代次数没变", "en": "data parallelism: less time, as many iterations"},
    formula=r"g=\sum_k\frac{n_k}{N}g_k",
    params={
        "X": Param(ROWS, {"zh": "数据，每行一个", "en": "data, one a row"}, shape="(N, D)"),
        "y": Param([1, 2, 3, 4, 5, 6, 7, 8], {"zh": "目标", "en": "targets"}, shape="(N,)"),
        "theta": Param([0.0, 0.0], {"zh": "起点", "en": "the start"}, shape="(D,)"),
        "eps": Param(0.04, {"zh": "学习率 ε", "en": "learning rate eps"}, kind="float"),
        "workers": Param(4, {"zh": "机器台数", "en": "workers"}, kind="int"),
        "target": Param(0.001, {"zh": "梯度要缩小到几分之几", "en": "share of the gradient to reach"}, kind="float"),
        "limit": Param(100, {"zh": "跑多少步", "en": "steps to run"}, kind="int"),
    },
    outputs={"end": "1", "iterations": "steps", "rows": "rows", "time": "rows", "condition": "1"},
    steps={
        "workers_say": {"zh": "各台机器的平均梯度（起点处）", "en": "the workers' averages at the start"},
        "path": {"zh": "走过的点", "en": "the path"},
        "slopes": {"zh": "梯度的长度", "en": "lengths of the gradient"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="numpy.linalg.lstsq and powers along the eigenvectors, on one machine",
    sample=sample,
    variant=variant,
    edges=(
        {"workers": 1},
        {"workers": 8, "limit": 80},
        {"X": [[2.0]], "y": [1.0], "theta": [0.0], "eps": 0.1, "workers": 1, "limit": 3},
        {"X": [[1.0], [2.0], [3.0]], "y": [1.0, 2.0, 5.0], "theta": [0.0], "eps": 0.1, "workers": 2, "limit": 5},
    ),
    tolerance={"float64": 1e-9, "float32": 1e-2},
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"X": [1.0, 2.0]}, "X must have rows of 1 to 16 numbers"),
        Reject({"X": [[1.0, 1.0]] * 8}, "X must have columns that are not dependent"),
        Reject({"y": [1.0]}, "y must have 8 entries"),
        Reject({"theta": [float("nan"), 0.0]}, "theta must hold finite numbers"),
        Reject({"eps": 1.0}, "eps must be positive, below 2 / lambda_max"),
        Reject({"workers": 9}, "workers must lie between 1 and 8"),
        Reject({"limit": 10**9}, "limit must lie between 1 and 2000"),
    ),
    figure=figure,
)  # fmt: skip
