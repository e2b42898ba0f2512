"""A linear autoencoder, trained, against PCA:  minimize the mean over the points of |x - D E x|^2.

The points are centered first. Encoder E (k, d) and decoder D (d, k) start at random and are trained on all points at
once by L-BFGS, a few steps a round, until the loss no longer falls or the rounds are over.
Shapes: X (N, d) -> loss, explained: numbers; projector (d, d), onto the span of the decoder's columns.
``loss`` is in squared units of X, per point; ``explained`` is the share of the variance that is kept.
Whether the training has converged is a claim, not an assumption. What it finds is unique only as a subspace: any
invertible k by k matrix A turns (E, D) into (A E, D A^-1) of the same loss.
Errors: BadInput for a k outside 1 … d, points that are all equal, a k-th variance that does not stand out from the
next (PCA's subspace is then not unique), too many numbers.
Reference: Baldi & Hornik (1989); Bourlard & Kamp (1988); Goodfellow et al. (2016), section 14.1.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

NUMBERS = 20_000
WIDEST = 64
GAP = 1.05


def check(X, k, rounds):
    require(X.ndim == 2 and len(X) >= 2 and X.shape[1] >= 1, "X", "hold two points or more, one a row", X.shape)
    require(X.shape[1] <= WIDEST, "X", f"have at most {WIDEST} columns", X.shape)
    require(X.size <= NUMBERS, "X", f"hold at most {NUMBERS} numbers", X.size)
    require(np.all(np.abs(X) <= 1e6), "X", "hold finite numbers of size at most 1e6", X)
    require(1 <= k <= X.shape[1], "k", f"lie between 1 and {X.shape[1]}, the columns of X", k)
    require(1 <= rounds <= 2000, "rounds", "lie between 1 and 2000", rounds)
    centered = X - X.mean(axis=0)
    spread = np.max(np.abs(centered))
    require(spread > 1e-9 * (1 + np.max(np.abs(X))), "X", "hold points that differ", X)
    variances = np.linalg.svd(centered / spread, compute_uv=False) ** 2
    variances = np.concatenate([variances, np.zeros(X.shape[1])])
    kept, lost = variances[k - 1], variances[k] if k < X.shape[1] else 0.0
    require(kept > 1e-6 * variances[0], "k", "be at most the number of directions in which X varies", k)
    require(kept >= GAP * lost, "k", f"leave a gap: variance k at least {GAP} times the next", k)


def compute(xp, note, X, k, rounds):
    centered = X - xp.mean(X, axis=0, keepdims=True)
    total = xp.mean(xp.sum(centered * centered, axis=1))
    data = centered / xp.sqrt(total)  # the unit of X must not decide how well the training goes
    size = X.shape[1]
    encoder, decoder = (
        (xp.randn(shape, generator=note.generator, dtype=X.dtype, device=X.device) / size**0.5).requires_grad_()
        for shape in ((k, size), (size, k))
    )

    def loss():
        missed = data - (data @ encoder.T) @ decoder.T
        return xp.mean(xp.sum(missed * missed, axis=1))

    optimizer = xp.optim.LBFGS([encoder, decoder], max_iter=5, tolerance_grad=0.0, tolerance_change=0.0,
                               history_size=20, line_search_fn="strong_wolfe")  # fmt: skip

    def closure():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    before = loss().detach()
    note("loss_path", before * total)
    floor = 2 * xp.finfo(X.dtype).eps
    for done in range(rounds):
        optimizer.step(closure)
        now = loss().detach()
        note("loss_path", now * total)
        note.progress(done + 1, rounds)
        if bool(before - now <= floor):
            break
        before = now
    final = closure().detach()
    slopes = xp.concat([xp.reshape(w.grad, (-1,)) for w in (encoder, decoder)])
    encoder, decoder = encoder.detach(), decoder.detach()
    note("slope", xp.max(xp.abs(slopes)))
    note("encoder", encoder)
    note("decoder", decoder)
    return {
        "loss": final * total,
        "explained": 1 - final,
        "projector": decoder @ xp.linalg.inv(decoder.T @ decoder) @ decoder.T,
    }


def oracle(X, k, rounds):
    """No training: PCA by a singular value decomposition (Eckart and Young)."""
    _, singular, axes = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    lost = float(np.sum(singular[k:] ** 2))
    return {
        "loss": np.float64(lost / len(X)),
        "explained": np.float64(1 - lost / np.sum(singular**2)),
        "projector": axes[:k].T @ axes[:k],
    }


def sample(rng):
    size = int(rng.integers(2, 6))
    k = int(rng.integers(1, size))
    deviations = np.sort(rng.uniform(0.7, 2.5, size=size))[::-1]
    deviations[k:] *= 0.4
    axes = np.linalg.qr(rng.normal(size=(size, size)))[0]
    points = np.linalg.qr(rng.normal(size=(int(rng.integers(size + 3, 16)), size)))[0] * 4
    return {"X": points * deviations @ axes + rng.normal(scale=2.0, size=size), "k": k}


def variant(rng):
    """Four points of the plane, two on each of two perpendicular lines through a whole centre; k = 1."""
    a, b = [(3, 4), (4, 3), (1, 2), (2, 1), (1, 1), (1, 3), (3, 1)][int(rng.integers(7))]
    long, short = [(2, 1), (3, 1), (3, 2), (4, 1)][int(rng.integers(4))]
    b *= int(rng.choice([-1, 1]))
    center = rng.choice([-1, 1], size=2) * rng.integers(3, 10, size=2)  # far enough to be missed
    along, across = long * np.array([a, b]), short * np.array([b, -a])
    points = [center + along, center - along, center + across, center - across]
    return {"X": [[int(v) for v in points[i]] for i in rng.permutation(4)], "k": 1}


# ---- What people get wrong, by singular values; only what changes is told.


def _parts(X, center=True):
    _, singular, axes = np.linalg.svd(X - X.mean(axis=0) if center else X, full_matrices=True)
    variances = np.zeros(X.shape[1])
    variances[: singular.size] = singular**2 / len(X)
    return variances, axes


def _changed(X, k, wrong):
    variances, axes = _parts(X)
    right = {
        "loss": variances[k:].sum(),
        "explained": variances[:k].sum() / variances.sum(),
        "projector": axes[:k].T @ axes[:k],
    }
    return {name: v for name, v in wrong.items() if not np.allclose(v, right[name], rtol=1e-6, atol=1e-9)}


def _uncentered(X, k, rounds):
    variances, axes = _parts(X, center=False)
    wrong = {"loss": variances[k:].sum(), "explained": variances[:k].sum() / variances.sum()}
    return _changed(X, k, wrong | {"projector": axes[:k].T @ axes[:k]})


def _smallest(X, k, rounds):
    variances, axes = _parts(X)
    kept = variances[len(variances) - k :].sum()
    wrong = {"loss": variances.sum() - kept, "explained": kept / variances.sum()}
    return _changed(X, k, wrong | {"projector": axes[len(axes) - k :].T @ axes[len(axes) - k :]})


def _columns(X, k, rounds):
    variances = X.var(axis=0)
    kept = np.argsort(variances)[::-1][:k]
    share = variances[kept].sum()
    projector = np.zeros((X.shape[1], X.shape[1]))
    projector[kept, kept] = 1
    return _changed(
        X, k, {"loss": variances.sum() - share, "explained": share / variances.sum(), "projector": projector}
    )


def _loss(rule):
    return lambda X, k, rounds: _changed(X, k, {"loss": rule(_parts(X)[0], k, *X.shape)})


def _share(rule):
    return lambda X, k, rounds: _changed(X, k, {"explained": rule(_parts(X)[0], k)})


MISTAKES = (
    Mistake("not-centered", "没有先减均值：那是绕原点的矩，不是方差",
            "the mean was not subtracted: those are moments about the origin, not variances", _uncentered),
    Mistake("smallest-kept", "留下了方差最小的方向", "the directions of least variance were kept", _smallest),
    Mistake("columns-kept", "留下了方差最大的几列；主成分是方向，不必沿坐标轴",
            "the columns of largest variance were kept; components are directions, not columns", _columns),
    Mistake("mean-over-entries", "除以了 N·d（MSELoss 的默认），这里按点平均",
            "divided by N d, as MSELoss does by default; here the mean is over points",
            _loss(lambda v, k, n, d: v[k:].sum() / d)),
    Mistake("sum-over-points", "各点的误差相加，没有取平均", "the points' errors were added, not averaged",
            _loss(lambda v, k, n, d: v[k:].sum() * n)),
    Mistake("sample-variance", "除以了 N−1：损失是平均，除以 N", "divided by N - 1; the loss is a mean over N",
            _loss(lambda v, k, n, d: v[k:].sum() * n / (n - 1))),
    Mistake("kept-for-lost", "这是保留下来的方差，不是损失", "that is the variance kept, not the loss",
            _loss(lambda v, k, n, d: v[:k].sum())),
    Mistake("lost-share", "这是丢掉的比例", "that is the share that is lost",
            _share(lambda v, k: v[k:].sum() / v.sum())),
    Mistake("not-squared", "用了奇异值，方差是它的平方",
            "singular values were used; variances are their squares",
            _share(lambda v, k: np.sqrt(v[:k]).sum() / np.sqrt(v).sum())),
)  # fmt: skip


# ---- Claims, against PCA computed here once more.


def _converged(given, out):
    return out["slope"]


def _same_span(given, out):
    """The sine of the largest angle between the decoder's columns and the first k principal directions."""
    k = given["k"]
    principal = _parts(given["X"])[1][:k]
    basis = np.linalg.qr(np.reshape(out["decoder"], (given["X"].shape[1], k)))[0]
    return np.linalg.norm(basis - principal.T @ (principal @ basis), 2)


def _eckart_young(given, out):
    variances = _parts(given["X"])[0]
    return (out["loss"] - variances[given["k"] :].sum()) / variances.sum()


def _left_inverse(given, out):
    """E D - 1, weighted by how much the data say about each direction: the k-th variance."""
    variances = _parts(given["X"])[0]
    product = out["encoder"] @ out["decoder"]
    return (product - np.eye(given["k"])) * np.sqrt(variances[given["k"] - 1] / variances.sum())


def _copies(given, out):
    return out["loss"] / _parts(given["X"])[0].sum() if given["k"] == given["X"].shape[1] else 0.0


CLAIMS = (
    Claim("converged", zh="训练已收敛：梯度为零", en="the training has converged: no slope is left",
          residual=_converged),
    Claim("same-span", zh="解码器张成的子空间就是前 k 个主成分的：最大夹角的正弦为零",
          en="the decoder spans the first k principal directions: the largest angle's sine is zero",
          residual=_same_span),
    Claim("eckart-young", zh="损失等于丢掉的方差之和，任何秩为 k 的线性映射都不能更小",
          en="the loss is the variance left out, the least that any map of rank k can have", residual=_eckart_young),
    Claim("left-inverse", zh="编码器是解码器的左逆：ED = I，所以 DE 是正交投影",
          en="the encoder is the decoder's left inverse, E D = 1, so D E is the orthogonal projector",
          residual=_left_inverse),
    Claim("equal-size-copies", zh="k = d 时损失为零：编码与输入同维就足以照抄",
          en="with k = d the loss is zero: a code as large as the input is enough to copy", residual=_copies),
)  # fmt: skip


def figure(given, out, steps):
    path = np.ravel(steps["loss_path"])
    rounds = np.arange(len(path))
    least = float(_parts(given["X"])[0][given["k"] :].sum())
    return Figure(
        title={"zh": "训练中的重构误差", "en": "reconstruction error while training"},
        marks=(
            Lines(rounds, path, {"zh": "线性自编码器", "en": "linear autoencoder"}),
            Lines(rounds, np.full(len(path), least), {"zh": "PCA（最小可能）", "en": "PCA (the least possible)"}),
        ),
        x={"zh": "轮", "en": "round"},
        y={"zh": "每点的平方误差", "en": "squared error per point"},
    )


SOLVER = Solver(
    title={"zh": "线性自编码器与 PCA", "en": "a linear autoencoder and PCA"},
    formula=r"\min_{D,E}\ \frac{1}{N}\sum_{i=1}^{N}\|x_i-DEx_i\|^2",
    params={
        "X": Param(
            [[4, 7, 7], [-2, -5, -5], [5, 3, -3], [-3, -1, 5], [3, -1, 2], [-1, 3, 0]],
            {"zh": "数据，每行一个点", "en": "the data, one point a row"},
            shape="(N, d)",
        ),
        "k": Param(2, {"zh": "编码的维数", "en": "size of the code"}, kind="int"),
        "rounds": Param(60, {"zh": "训练轮数上限", "en": "rounds of training, at most"}, kind="int"),
    },
    outputs={"loss": "1", "explained": "1", "projector": "1"},
    steps={
        "loss_path": {"zh": "每轮之后的损失", "en": "loss after each round"},
        "slope": {"zh": "最后剩余的最大梯度", "en": "largest slope left"},
        "encoder": {"zh": "编码器 E", "en": "encoder E"},
        "decoder": {"zh": "解码器 D", "en": "decoder D"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="numpy.linalg.svd: PCA without training",
    sample=sample,
    variant=variant,
    edges=(
        {"X": [[0.0, 0.0], [1.0, 2.0]], "k": 1},
        {"X": [[1.0, 0.0], [-1.0, 0.0], [0.0, 0.5], [0.0, -0.5]], "k": 2},
        {"X": [[1000.0], [1003.0], [1001.0]], "k": 1},
    ),
    tolerance={"float64": 2e-6, "float32": 2e-3},
    smooth=False,  # trained, not differentiated
    batched=False,
    lanes=("torch",),
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"X": [[1.0, 2.0]]}, "X must hold two points or more"),
        Reject({"X": [1.0, 2.0, 3.0]}, "X must hold two points or more"),
        Reject({"X": [[1.0, 2.0], [1.0, 2.0]], "k": 1}, "X must hold points that differ"),
        Reject({"X": [[float("inf"), 2.0], [1.0, 2.0]], "k": 1}, "X must hold finite numbers"),
        Reject({"k": 4}, "k must lie between 1 and 3"),
        Reject({"X": [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], "k": 1}, "k must leave a gap"),
        Reject({"X": [[0.0, 0.0], [1.0, 2.0]], "k": 2}, "k must be at most the number of directions"),
        Reject({"rounds": 0}, "rounds must lie between 1 and 2000"),
    ),
    figure=figure,
)
