"""Weight decay along the eigenvectors of the Hessian: each component of w* is scaled by lambda_i / (lambda_i + alpha).

    J(w) = 1/2 (w - w*)' H (w - w*) + alpha |w|^2 / 2  has its minimum at  w = Q (L + alpha)^-1 L Q' w*,  H = Q L Q'

Eigenvalues are in ascending order, and so are the factors. ``effective`` is their sum, the effective number of
parameters.
Shapes: H (..., D, D), w_star (..., D) -> w (..., D), factors (..., D), effective, excess (...). D is at most 200.
Errors: BadInput for a matrix that is not symmetric or has a negative eigenvalue, shapes that do not match,
and H + alpha that is nearly singular.
Reference: Goodfellow et al. (2016), section 7.1.1, eqs. 7.7 and 7.13; Hastie et al. (2009), section 3.4.1.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Contour, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

LIMIT = 1e6
CONDITION = 1e6
SIZE = 2_000_000


def check(H, w_star, alpha):
    require(w_star.ndim >= 1 and 1 <= w_star.shape[-1] <= 200, "w_star", "have 1 to 200 entries", w_star.shape)
    size = w_star.shape[-1]
    require(H.ndim >= 2 and H.shape[-2:] == (size, size), "H", f"be a {size} by {size} matrix, like w_star", H.shape)
    require(H.shape[:-2] == w_star.shape[:-1], "H", f"have the batch axes of w_star, {w_star.shape[:-1]}", H.shape[:-2])
    require(H.size <= SIZE, "H", f"hold at most {SIZE} numbers", H.size)
    for name, value in (("H", H), ("w_star", w_star)):
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    require(0 <= alpha <= LIMIT, "alpha", f"lie between 0 and {LIMIT:.0e}", alpha)
    size = np.max(np.abs(H), initial=0.0)
    require(np.all(np.abs(H - np.swapaxes(H, -1, -2)) <= 1e-9 * size), "H", "be symmetric", H)
    eigenvalues = np.linalg.eigvalsh(H)
    require(np.all(eigenvalues >= -1e-9 * size), "H", "have no negative eigenvalue", eigenvalues)
    least, most = eigenvalues[..., 0] + alpha, eigenvalues[..., -1] + alpha
    require(np.all(least * CONDITION >= most) and np.all(least > 0), "alpha", "keep H + alpha well conditioned", alpha)


def compute(xp, note, H, w_star, alpha):
    symmetric = (H + xp.matrix_transpose(H)) / 2
    eigenvalues, Q = xp.linalg.eigh(symmetric)
    note("eigenvalues", eigenvalues)
    factors = eigenvalues / (eigenvalues + alpha)
    along = xp.matmul(xp.matrix_transpose(Q), w_star[..., None])
    note("along", xp.abs(along[..., 0]))
    w = xp.matmul(Q, factors[..., None] * along)[..., 0]
    moved = (w - w_star)[..., None]
    return {
        "w": w,
        "factors": factors,
        "effective": xp.sum(factors, axis=-1),
        "excess": xp.sum(moved * xp.matmul(symmetric, moved), axis=(-2, -1)) / 2,
    }


def oracle(H, w_star, alpha):
    """Linear solves with H + alpha; the factors as eigenvalues of (H + alpha)^-1 H, their sum as its trace."""
    shifted = H + alpha * np.eye(H.shape[-1])
    w = np.linalg.solve(shifted, H @ w_star[..., None])[..., 0]
    hat = np.linalg.solve(shifted, H)
    return {
        "w": w,
        "factors": np.sort(np.linalg.eigvals(hat).real, axis=-1),
        "effective": np.trace(hat, axis1=-2, axis2=-1),
        "excess": np.einsum("...i,...ij,...j->...", w - w_star, H, w - w_star) / 2,
    }


def sample(rng):
    """Eigenvalues kept apart: the gradient of an eigenvector has their differences in its denominators."""
    batch, size = int(rng.integers(1, 3)), int(rng.integers(1, 5))
    Q = np.linalg.qr(rng.normal(size=(batch, size, size)))[0]
    eigenvalues = np.cumsum(rng.uniform(0.3, 2.0, size=(batch, size)), axis=-1)
    H = Q * eigenvalues[:, None, :] @ np.swapaxes(Q, -1, -2)
    return {
        "H": (H + np.swapaxes(H, -1, -2)) / 2,
        "w_star": rng.normal(size=(batch, size)),
        "alpha": float(rng.uniform(0.1, 3.0)),
    }


def variant(rng):
    """[[a, b], [b, a]]: eigenvectors (1, 1) and (1, -1), eigenvalues a + b and a - b, all whole numbers."""
    flat, steep = (int(n) for n in np.sort(rng.choice(np.arange(2, 21), size=2, replace=False)))
    if (flat + steep) % 2:
        steep += 1
    a, b = (flat + steep) // 2, (steep - flat) // 2 * int(rng.choice([-1, 1]))
    alpha = int(rng.choice([n for n in range(1, 11) if n not in (flat, steep)]))
    w = [int(n) for n in rng.choice([-4, -3, -2, -1, 1, 2, 3, 4, 5], size=2, replace=False)]
    while abs(w[0]) == abs(w[1]):  # a w* along an eigenvector brings out nothing
        w = [int(n) for n in rng.choice([-4, -3, -2, -1, 1, 2, 3, 4, 5], size=2, replace=False)]
    return {"H": [[a, b], [b, a]], "w_star": w, "alpha": alpha}


def _shrink(H, w_star, rule):
    """w*, with its component along each eigenvector scaled by ``rule(eigenvalue)``."""
    eigenvalues, Q = np.linalg.eigh(H)
    factors = rule(eigenvalues)
    w = np.einsum("...ij,...j,...kj,...k->...i", Q, factors, Q, w_star)
    return {"w": w, "factors": factors, "effective": factors.sum(axis=-1)}


def _changes(H, w_star, alpha, wrong):
    right = _shrink(H, w_star, lambda k: k / (k + alpha))
    return {n: v for n, v in wrong.items() if not np.allclose(v, right[n], rtol=1e-6, atol=1e-12)}


def _with(rule):
    """A mistake: another factor of eigenvalue and alpha."""
    return lambda H, w_star, alpha: _changes(H, w_star, alpha, _shrink(H, w_star, lambda k: rule(k, alpha)))


def _coordinates(H, w_star, alpha):
    """The factors of the diagonal, coordinate by coordinate."""
    diagonal = np.diagonal(H, axis1=-2, axis2=-1)
    return _changes(H, w_star, alpha, {"w": diagonal / (diagonal + alpha) * w_star})


def _thresholds(H, w_star, alpha):
    if alpha == 0:
        return {}
    cut = np.sign(w_star) * np.maximum(np.abs(w_star) - alpha / np.diagonal(H, axis1=-2, axis2=-1), 0.0)
    return _changes(H, w_star, alpha, {"w": cut})


MISTAKES = (
    Mistake("coordinates-not-eigenvectors", "按坐标缩小了：因子作用在特征向量方向，不在坐标轴上",
            "it was shrunk by coordinate: the factors act along eigenvectors, not along the axes", _coordinates),
    Mistake("factor-upside-down", "因子写成了 α/(λ+α)：曲率大的方向才是保留的方向",
            "the factor was taken as alpha/(lambda+alpha): steep directions are the ones that are kept",
            _with(lambda k, a: a / (k + a))),
    Mistake("one-factor-for-all", "各方向的因子不同：λ/(λ+α)，不是 1/(1+α)",
            "directions differ: the factor is lambda/(lambda+alpha), not 1/(1+alpha)",
            _with(lambda k, a: np.full_like(k, 1 / (1 + a)))),
    Mistake("no-half", "把惩罚 α‖w‖²/2 当成了 α‖w‖²", "alpha |w|^2 was taken for alpha |w|^2 / 2",
            _with(lambda k, a: k / (k + 2 * a))),
    Mistake("numerator-lost", "分子的 λ 丢了：α = 0 时应当回到 w*",
            "the numerator lambda was lost: with alpha = 0 it should give back w*",
            _with(lambda k, a: np.divide(1.0, k + a))),
    Mistake("one-minus-alpha", "那是走一步的因子 1−εα；最优解的因子是 λ/(λ+α)",
            "1 - alpha is one step's factor; that of the minimum is lambda/(lambda+alpha)",
            _with(lambda k, a: np.full_like(k, 1 - a))),
    Mistake("soft-threshold", "那是 L1 的软阈值；L2 按比例缩小，不减定值",
            "that is L1's soft threshold; L2 scales and subtracts nothing", _thresholds),
)  # fmt: skip


def _stationary(given, out):
    """H (w - w*) + alpha w = 0."""
    H, w = given["H"], out["w"]
    pull = np.einsum("...ij,...j->...i", H, w - given["w_star"])
    size = 1 + np.max(np.abs(H)) * (1 + np.max(np.abs(given["w_star"]))) + given["alpha"] * np.max(np.abs(w))
    return (pull + given["alpha"] * w) / size


def _per_direction(given, out):
    eigenvalues, Q = np.linalg.eigh(given["H"])
    before, after = (np.einsum("...ji,...j->...i", Q, v) for v in (given["w_star"], out["w"]))
    return (after - eigenvalues / (eigenvalues + given["alpha"]) * before) / (1 + np.max(np.abs(before)))


def _steep_kept(given, out):
    """Factors rise with the eigenvalue, from 0 to 1; half is kept where the eigenvalue is alpha."""
    eigenvalues = np.linalg.eigvalsh(given["H"])
    fall = np.minimum(np.diff(out["factors"], axis=-1), 0.0)
    range_ = np.minimum(out["factors"], 0.0) + np.maximum(out["factors"] - 1, 0.0)
    half = np.where((eigenvalues > given["alpha"]) & (out["factors"] < 0.5 - 1e-6), 1.0, 0.0)
    return np.concatenate([fall, range_, half], axis=-1)


def _step_rests(given, out):
    """w <- (1 - eps alpha) w - eps H (w - w*) leaves w alone."""
    H, w = given["H"], out["w"]
    eps = 1 / (np.max(np.linalg.eigvalsh(H)) + given["alpha"])
    moved = (1 - eps * given["alpha"]) * w - eps * np.einsum("...ij,...j->...i", H, w - given["w_star"])
    return (moved - w) / (1 + np.max(np.abs(given["w_star"])))


def _shorter(given, out):
    """|w| is at most the largest factor times |w*|."""
    norms = (np.linalg.norm(v, axis=-1) for v in (out["w"], given["w_star"]))
    after, before = norms
    return np.maximum(after - out["factors"].max(axis=-1) * before, 0.0) / (1 + before)


CLAIMS = (
    Claim("stationary", zh="H(w−w*) + αw = 0：梯度为零", en="H (w - w*) + alpha w = 0: the gradient vanishes",
          residual=_stationary),
    Claim("each-direction", zh="沿第 i 个特征向量，分量恰好乘以 λᵢ/(λᵢ+α)",
          en="along eigenvector i the component is scaled by exactly lambda_i/(lambda_i+alpha)",
          residual=_per_direction),
    Claim("steep-is-kept", zh="曲率越大保留越多：λ > α 的方向至少留一半，λ 接近 0 的几乎清零",
          en="the steeper, the more is kept: at least half where lambda > alpha, next to nothing where it is near 0",
          residual=_steep_kept),
    Claim("step-rests", zh="梯度下降 w ← (1−εα)w − ε∇J 停在这里",
          en="gradient descent w <- (1 - eps alpha) w - eps grad J comes to rest here", residual=_step_rests),
    Claim("shorter", zh="‖w‖ 不超过最大因子乘 ‖w*‖：权重变小", en="|w| is at most the largest factor times |w*|",
          residual=_shorter),
)  # fmt: skip


def figure(given, out, steps):
    """Two weights: level lines of the cost, w*, w and the path between them; else the factors."""
    H, w_star = np.asarray(given["H"]), np.asarray(given["w_star"])
    H, w_star = H.reshape(-1, *H.shape[-2:])[0], w_star.reshape(-1, w_star.shape[-1])[0]
    if w_star.size != 2:
        eigenvalues, factors = (np.atleast_2d(v)[0] for v in (steps["eigenvalues"], out["factors"]))
        dots = Scatter(eigenvalues, factors, {"zh": "因子", "en": "factors"})
        return Figure({"zh": "各方向保留的比例", "en": "share kept in each direction"}, (dots,),
                      x={"zh": "特征值 λ", "en": "eigenvalue"}, y={"zh": "λ/(λ+α)", "en": "factor"})  # fmt: skip
    strengths = given["alpha"] * np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 40)])
    path = np.array([_shrink(H, w_star, lambda k, a=a: k / np.maximum(k + a, 1e-30))["w"] for a in strengths])
    margin = 0.4 * max(float(np.max(np.abs(w_star))), 1e-3)
    across, up = (np.linspace(min(v, 0.0) - margin, max(v, 0.0) + margin, 41) for v in w_star)
    apart = np.stack(np.meshgrid(across, up), axis=-1) - w_star
    cost = np.einsum("yxi,ij,yxj->yx", apart, H, apart) / 2
    at_zero = float(w_star @ H @ w_star) / 2
    levels = tuple(at_zero * share for share in (0.02, 0.1, 0.3, 1.0, 2.0)) if at_zero > 0 else ()
    w = out["w"].reshape(-1, 2)[0]
    return Figure(
        title={"zh": "代价的等高线与 α 增大时的最优解", "en": "level lines of the cost, and w as alpha grows"},
        marks=(
            Contour(across, up, cost, levels),
            Lines(path[:, 0], path[:, 1], {"zh": "α 由小到大", "en": "alpha rising"}),
            Scatter(w_star[:1], w_star[1:], {"zh": "w*", "en": "w*"}),
            Scatter(w[:1], w[1:], {"zh": "w", "en": "w"}),
        ),
        x={"zh": "w₁", "en": "w1"},
        y={"zh": "w₂", "en": "w2"},
    )


SOLVER = Solver(
    title={"zh": "L2 正则化沿特征向量的收缩", "en": "L2 shrinkage along eigenvectors"},
    formula=r"\tilde w=Q(\Lambda+\alpha I)^{-1}\Lambda Q^{\top}w^*",
    params={
        "H": Param([[5.0, 4.0], [4.0, 5.0]], {"zh": "Hessian 矩阵，对称半正定", "en": "the Hessian, symmetric, no "
                   "negative eigenvalue"}, shape="(..., D, D)"),
        "w_star": Param([3.0, 1.0], {"zh": "无惩罚时的最优权重 w*", "en": "the unpenalized minimum w*"},
                        shape="(..., D)"),
        "alpha": Param(1.0, {"zh": "惩罚强度 α", "en": "strength alpha of the penalty"}, kind="float"),
    },
    outputs={"w": "1", "factors": "1", "effective": "1", "excess": "1"},
    steps={
        "eigenvalues": {"zh": "特征值 λ，由小到大", "en": "eigenvalues, ascending"},
        "along": {"zh": "w* 沿各特征向量的长度", "en": "length of w* along each eigenvector"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="numpy.linalg.solve; numpy.linalg.eigvals",
    sample=sample,
    variant=variant,
    edges=(
        {"H": [[0.0]], "w_star": [2.0], "alpha": 1.0},
        {"H": [[2.0, 0.0], [0.0, 2.0]], "w_star": [1.0, -1.0], "alpha": 0.0},
        {"H": [[1.0, 1.0], [1.0, 1.0]], "w_star": [1.0, 0.0], "alpha": 0.5},
        {"H": [[1000.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.01]], "w_star": [1.0, 1.0, 1.0]},
    ),
    tolerance={"float64": 1e-9, "float32": 1e-3},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"H": [[1.0, 2.0], [0.0, 1.0]]}, "H must be symmetric"),
        Reject({"H": [[1.0, 2.0], [2.0, 1.0]]}, "H must have no negative eigenvalue"),
        Reject({"H": [[1.0]]}, "H must be a 2 by 2 matrix"),
        Reject({"H": [[float("nan"), 0.0], [0.0, 1.0]]}, "H must hold finite numbers"),
        Reject({"w_star": 1.0}, "w_star must have 1 to 200 entries"),
        Reject({"w_star": [float("inf"), 0.0]}, "w_star must hold finite numbers"),
        Reject({"alpha": -1.0}, "alpha must lie between 0"),
        Reject({"H": [[1.0, 1.0], [1.0, 1.0]], "alpha": 0.0}, "alpha must keep H + alpha well conditioned"),
    ),
    figure=figure,
)  # fmt: skip
