"""The condition number of a Hessian:  kappa = max |lambda_i / lambda_j|, fastest over slowest change of the gradient.

Along a unit direction u the gradient changes at the rate |H u|: at most ``fastest`` = max |lambda|, at least
``slowest`` = min |lambda|. ``negative`` counts the directions that curve downwards.
Shapes: H (..., D, D) symmetric -> condition, fastest, slowest, negative (...); eigenvalues (..., D), ascending.
Errors: BadInput for a matrix that is not symmetric, not finite, larger than 64 by 64, or singular (beyond 1e8).
Reference: Goodfellow et al. (2016), sections 4.2 (eq. 4.2), 4.3.1 and 8.2.1; Golub & Van Loan (2013), section 2.6.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

WIDEST = 64
NUMBERS = 200_000
LARGEST = 1e8


def check(H):
    require(H.ndim >= 2 and H.shape[-1] == H.shape[-2] >= 1, "H", "be a square matrix", H.shape)
    require(H.shape[-1] <= WIDEST, "H", f"be at most {WIDEST} by {WIDEST}", H.shape)
    require(1 <= H.size <= NUMBERS, "H", f"hold 1 to {NUMBERS} numbers", H.size)
    require(np.all(np.abs(H) <= LARGEST), "H", f"hold finite numbers of size at most {LARGEST:.0e}", H)
    rounding = 1e-9 * np.max(np.abs(H))
    require(np.allclose(H, np.swapaxes(H, -1, -2), rtol=1e-6, atol=rounding), "H", "be symmetric", H)
    sizes = np.abs(np.linalg.eigvalsh(H))
    invertible = np.all(sizes.min(axis=-1) * LARGEST > sizes.max(axis=-1))
    require(invertible, "H", f"be invertible: no eigenvalue {LARGEST:.0e} times smaller than another", H)


def compute(xp, note, H):
    eigenvalues = xp.linalg.eigvalsh((H + xp.matrix_transpose(H)) / 2)
    note("eigenvalues", eigenvalues)
    sizes = xp.abs(eigenvalues)
    fastest, slowest = xp.max(sizes, axis=-1), xp.min(sizes, axis=-1)
    return {
        "condition": fastest / slowest,
        "fastest": fastest,
        "slowest": slowest,
        "negative": xp.sum(xp.astype(eigenvalues < 0, xp.int64), axis=-1),
    }


def oracle(H):
    """Singular values, and numpy's own condition number; downward directions by Sylvester's leading minors."""
    singular = np.linalg.svd(H, compute_uv=False)
    size = H.shape[-1]
    signs = [np.sign(np.linalg.det(H[..., :k, :k])) for k in range(1, size + 1)]
    before, negative = np.ones(H.shape[:-2]), np.zeros(H.shape[:-2])
    vanishing = np.zeros(H.shape[:-2], dtype=bool)
    for sign in signs:
        negative += sign * before < 0
        vanishing |= sign == 0
        before = sign
    if np.any(vanishing):  # Sylvester's rule is silent there
        negative = np.where(vanishing, np.sum(np.linalg.eigvals(H).real < 0, axis=-1), negative)
    return {
        "condition": np.linalg.cond(H),
        "fastest": singular[..., 0],
        "slowest": singular[..., -1],
        "negative": negative.astype(np.int64),
    }


def sample(rng):
    """Sizes of the eigenvalues kept apart, signs at random."""
    batch, size = int(rng.integers(1, 3)), int(rng.integers(1, 5))
    Q = np.linalg.qr(rng.normal(size=(batch, size, size)))[0]
    eigenvalues = np.cumsum(rng.uniform(0.3, 4.0, size=(batch, size)), axis=-1)
    eigenvalues = eigenvalues * rng.choice([-1.0, 1.0], size=(batch, size))
    H = Q * eigenvalues[:, None, :] @ np.swapaxes(Q, -1, -2)
    return {"H": (H + np.swapaxes(H, -1, -2)) / 2}


def variant(rng):
    """Two by two with whole eigenvalues: the difference of the diagonal and twice the corner are legs of a triangle
    with whole sides. One time in two the smaller eigenvalue is negative."""
    while True:
        leg, corner, side = [(3, 2, 5), (0, 1, 2), (0, 2, 4), (0, 3, 6), (6, 4, 10), (8, 3, 10), (5, 6, 13), (0, 5, 10),
                             (15, 4, 17), (0, 7, 14), (12, 8, 20)][int(rng.integers(11))]  # fmt: skip
        low = int(rng.integers(-9, 10))
        high = low + side
        negative = rng.random() < 0.5
        if low == 0 or high == 0 or (low < 0) != negative or abs(low) == abs(high):
            continue
        a = (low + high + leg * int(rng.choice([-1, 1]))) // 2
        b = corner * int(rng.choice([-1, 1]))
        return {"H": [[a, b], [b, low + high - a]]}


# ---- Mistakes, by numpy's eigenvalues; only what changes is told.


def _parts(H):
    eigenvalues = np.linalg.eigvalsh(H)
    sizes = np.abs(eigenvalues)
    return eigenvalues, np.max(sizes, axis=-1), np.min(sizes, axis=-1)


def _condition(rule):
    def value(H):
        eigenvalues, fastest, slowest = _parts(H)
        wrong = rule(H, eigenvalues, fastest, slowest)
        return {} if np.allclose(wrong, fastest / slowest, rtol=1e-4) else {"condition": wrong}

    return value


def _signed(H, eigenvalues, fastest, slowest):
    return eigenvalues[..., -1] / eigenvalues[..., 0]


def _diagonal(H, eigenvalues, fastest, slowest):
    sizes = np.abs(np.diagonal(H, axis1=-2, axis2=-1))
    return np.max(sizes, axis=-1) / np.min(sizes, axis=-1)


def _signed_speeds(H):
    """Largest and smallest eigenvalue taken for the fastest and the slowest change."""
    eigenvalues, fastest, slowest = _parts(H)
    wrong = {"fastest": eigenvalues[..., -1], "slowest": eigenvalues[..., 0]}
    right = {"fastest": fastest, "slowest": slowest}
    return {name: v for name, v in wrong.items() if not np.allclose(v, right[name])}


MISTAKES = (
    Mistake("printed-000-e071", "最大特征值除以最小特征值，没取绝对值：有负特征值时得到负数或小于 1 的数",
            "largest over smallest eigenvalue, signs kept: negative, or below 1, once an eigenvalue is negative",
            _condition(_signed)),
    Mistake("upside-down", "分子分母颠倒了：条件数至少是 1", "upside down: a condition number is at least 1",
            _condition(lambda H, eigenvalues, fastest, slowest: slowest / fastest)),
    Mistake("from-the-diagonal", "用的是对角元，不是特征值", "taken from the diagonal, not from the eigenvalues",
            _condition(_diagonal)),
    Mistake("squared", "平方了：那是 HᵀH 的条件数", "squared: that is the condition number of H'H",
            _condition(lambda H, eigenvalues, fastest, slowest: (fastest / slowest) ** 2)),
    Mistake("difference", "相减了：条件数是比值", "a difference was taken; the condition number is a ratio",
            _condition(lambda H, eigenvalues, fastest, slowest: fastest - slowest)),
    Mistake("signed-speeds", "最小的特征值未必变化最慢：看绝对值",
            "the smallest eigenvalue need not be the slowest change: its size counts", _signed_speeds),
)  # fmt: skip


# ---- Claims.


def _unit(given):
    """Unit directions, the same in each run: (probes, D)."""
    size = np.shape(given["H"])[-1]
    grid = np.sin(np.arange(1.0, 40 * size + 1).reshape(40, size) ** 2)
    return grid / np.linalg.norm(grid, axis=-1, keepdims=True)


def _rates(given, out):
    """Rates outside slowest … fastest, and how far the eigenvectors' own are from those two."""
    fastest = np.asarray(out["fastest"])
    rates = np.linalg.norm(np.einsum("...ij,pj->p...i", given["H"], _unit(given)), axis=-1)
    outside = np.maximum(rates - fastest, 0) + np.maximum(out["slowest"] - rates, 0)
    own = np.linalg.norm(np.matmul(given["H"], np.linalg.eigh(given["H"])[1]), axis=-2)
    reached = np.abs(np.max(own, axis=-1) - fastest) + np.abs(np.min(own, axis=-1) - out["slowest"])
    return np.stack([np.max(outside, axis=0), reached]) / fastest


def _pairs(given, out):
    """max over all pairs |lambda_i / lambda_j|."""
    values = np.linalg.eigvalsh(given["H"])
    pairs = np.max(np.abs(values[..., :, None] / values[..., None, :]), axis=(-2, -1))
    return out["condition"] / pairs - 1


def _errors(given, out):
    """Solving H x = g: a relative error of g grows by at most kappa (each probe as g, the next one as its error)."""
    probes = _unit(given)
    errors = np.roll(probes, 1, axis=0)
    inverse = np.linalg.inv(given["H"])
    x, change = (np.linalg.norm(np.einsum("...ij,pj->p...i", inverse, v), axis=-1) for v in (probes, errors))
    return np.maximum(change / x / out["condition"] - 1, 0)


CLAIMS = (
    Claim("rates-of-the-gradient",
          zh="沿任何单位方向，梯度的变化率 |Hu| 都在 min|λ| 与 max|λ| 之间，两端在特征方向上取到",
          en="in any unit direction the gradient changes at a rate |Hu| between min |lambda| and max |lambda|; "
             "eigenvectors reach both", residual=_rates),
    Claim("largest-ratio", zh="条件数是所有 |λ_i/λ_j| 中最大的一个", en="it is the largest of all |lambda_i/lambda_j|",
          residual=_pairs),
    Claim("amplifies-errors", zh="解 Hx = g 时，g 的相对误差最多放大到 κ 倍",
          en="solving H x = g magnifies a relative error of g at most kappa times", residual=_errors),
    Claim("at-least-one", zh="条件数至少是 1", en="a condition number is at least 1",
          residual=lambda given, out: np.minimum(out["condition"] - 1, 0)),
)  # fmt: skip


def figure(given, out, steps):
    """The first matrix of a batch: how fast the gradient changes by direction, in the plane of its two extremes."""
    H = np.reshape(given["H"], (-1, *np.shape(given["H"])[-2:]))[0]
    values, axes = np.linalg.eigh(H)
    order = np.argsort(np.abs(values))
    slow, fast = axes[:, order[0]], axes[:, order[-1]]
    angles = np.linspace(0.0, 180.0, 181)
    turned = np.cos(np.radians(angles))[:, None] * slow + np.sin(np.radians(angles))[:, None] * fast
    rates = np.linalg.norm(turned @ H, axis=-1)
    return Figure(
        {"zh": "沿各个方向，梯度变化得多快", "en": "how fast the gradient changes, by direction"},
        (
            Lines(angles, rates, {"zh": "|Hu|", "en": "|Hu|"}),
            Scatter(np.array([0.0, 90.0]), rates[[0, 90]], {"zh": "特征方向", "en": "eigenvectors"}),
        ),
        x={"zh": "与最慢方向的夹角（度）", "en": "angle to the slowest direction (degrees)"},
        y={"zh": "变化率", "en": "rate"},
    )


SOLVER = Solver(
    title={"zh": "Hessian 的条件数", "en": "condition number of a Hessian"},
    formula=r"\kappa=\max_{i,j}\left|\frac{\lambda_i}{\lambda_j}\right|",
    params={
        "H": Param([[1.0, 0.0], [0.0, -100.0]], {"zh": "Hessian 矩阵", "en": "the Hessian"}, shape="(..., D, D)"),
    },
    outputs={"condition": "1", "fastest": "1", "slowest": "1", "negative": "directions"},
    steps={"eigenvalues": {"zh": "特征值", "en": "eigenvalues"}},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="numpy.linalg.cond, singular values, signs of leading minors",
    sample=sample,
    variant=variant,
    edges=(
        {"H": [[3.0]]},
        {"H": [[2.0, 0.0], [0.0, 2.0]]},
        {"H": [[0.0, 1.0], [1.0, 0.0]]},
        {"H": [[1.0, 0.0, 0.0], [0.0, 10.0, 0.0], [0.0, 0.0, 1000.0]]},
    ),
    tolerance={"float64": 1e-9, "float32": 2e-3},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"H": [1.0, 2.0]}, "H must be a square matrix"),
        Reject({"H": [[1.0, 2.0, 3.0]]}, "H must be a square matrix"),
        Reject({"H": [[1.0, 2.0], [0.0, 1.0]]}, "H must be symmetric"),
        Reject({"H": [[float("nan"), 0.0], [0.0, 1.0]]}, "H must hold finite numbers"),
        Reject({"H": [[1.0, 1.0], [1.0, 1.0]]}, "H must be invertible"),
        Reject({"H": [[0.0] * 65] * 65}, "H must be at most 64 by 64"),
        Reject({"H": np.zeros((0, 2, 2))}, "H must hold 1 to 200000 numbers"),
    ),
    figure=figure,
)
