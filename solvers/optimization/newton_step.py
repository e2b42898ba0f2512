"""Newton's step, damped and made safe for saddles:  s = -(H + alpha I)^-1 g  and  -(|H| + alpha I)^-1 g.

|H| has the eigenvectors of H and the absolute values of its eigenvalues (saddle-free Newton).
Shapes: H (..., D, D) symmetric, g (..., D) -> step (..., D), saddle_free (..., D), slope, change, least_alpha (...).
``slope`` = g's is negative where the step begins downhill; ``change`` = g's + s'Hs/2 is what the quadratic model says.
``least_alpha`` = -lambda_min: H + alpha I is positive definite, and the step downhill for certain, above it only.
Errors: BadInput for an H that is not symmetric, an H + alpha I or |H| + alpha I that is nearly singular.
Reference: Goodfellow et al. (2016), eqs. 4.12 and 8.27-8.28, section 8.6.1; Dauphin et al. (2014).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Contour, Figure, Lines, Mistake, Param, Reject, Solver, require

WIDEST = 64
NUMBERS = 200_000
LARGEST = 1e6
SINGULAR = 1e-6


def check(H, g, alpha):
    require(g.ndim >= 1 and 1 <= g.shape[-1] <= WIDEST, "g", f"have 1 to {WIDEST} entries", g.shape)
    square = (*g.shape, g.shape[-1])
    require(H.shape == square, "H", f"have shape {square}, D by D for the D entries of g", H.shape)
    require(1 <= H.size <= NUMBERS, "H", f"hold 1 to {NUMBERS} numbers", H.size)
    for name, value in (("H", H), ("g", g)):
        require(np.all(np.abs(value) <= LARGEST), name, f"hold finite numbers of size at most {LARGEST:.0e}", value)
    require(np.allclose(H, np.swapaxes(H, -1, -2), rtol=1e-6, atol=1e-9 * np.max(np.abs(H))), "H", "be symmetric", H)
    require(0 <= alpha <= LARGEST, "alpha", f"lie between 0 and {LARGEST:.0e}", alpha)
    eigenvalues = np.linalg.eigvalsh(H)
    for shifted in (eigenvalues + alpha, np.abs(eigenvalues) + alpha):
        sizes = np.abs(shifted)
        clear = np.all(sizes.min(axis=-1) > SINGULAR * np.maximum(sizes.max(axis=-1), np.abs(eigenvalues).max(axis=-1)))
        require(clear, "alpha", "keep H + alpha I and |H| + alpha I away from singular", alpha)


def compute(xp, note, H, g, alpha):
    symmetric = (H + xp.matrix_transpose(H)) / 2
    eye = xp.eye(H.shape[-1], dtype=H.dtype, device=H.device)
    step = -xp.linalg.solve(symmetric + alpha * eye, g[..., None])
    eigenvalues, Q = xp.linalg.eigh(symmetric)
    note("eigenvalues", eigenvalues)
    along = xp.matmul(xp.matrix_transpose(Q), g[..., None])
    safe = -xp.matmul(Q, along / (xp.abs(eigenvalues) + alpha)[..., None])[..., 0]
    bend = xp.sum(step * xp.matmul(symmetric, step), axis=(-2, -1))
    step = step[..., 0]
    slope = xp.sum(g * step, axis=-1)
    return {
        "step": step,
        "saddle_free": safe,
        "slope": slope,
        "change": slope + bend / 2,
        "least_alpha": -eigenvalues[..., 0],
    }


def oracle(H, g, alpha):
    """Inverses from the adjugate by Cramer's rule; |H| as the symmetric factor of H's polar decomposition; the least
    damping by halving, with the signs of leading minors (Sylvester)."""
    from scipy.linalg import polar

    size = g.shape[-1]
    rows = []
    for h, v in zip(H.reshape(-1, size, size), g.reshape(-1, size), strict=True):
        step = _cramer(h + alpha * np.eye(size), -v)
        safe = np.linalg.lstsq(polar(h)[1] + alpha * np.eye(size), -v, rcond=None)[0]
        rows.append((step, safe, v @ step, v @ step + step @ h @ step / 2, _halving(h)))
    step, safe, slope, change, least = (np.array(column) for column in zip(*rows, strict=True))
    return {
        "step": step.reshape(g.shape),
        "saddle_free": safe.reshape(g.shape),
        "slope": slope.reshape(g.shape[:-1]),
        "change": change.reshape(g.shape[:-1]),
        "least_alpha": least.reshape(g.shape[:-1]),
    }


def _halving(h):
    size = len(h)
    high = float(np.abs(h).sum(axis=1).max())  # no eigenvalue is larger than a row's sum
    low = -high
    for _ in range(60):
        middle = (low + high) / 2
        shifted = h + middle * np.eye(size)
        if all(np.linalg.slogdet(shifted[:k, :k])[0] > 0 for k in range(1, size + 1)):
            high = middle
        else:
            low = middle
    return high


def _cramer(matrix, right):
    size = len(right)
    columns = [np.where(np.arange(size) == j, right[:, None], matrix) for j in range(size)]
    return np.array([np.linalg.det(m) for m in columns]) / np.linalg.det(matrix)


def sample(rng):
    """Eigenvalues of both signs, apart from each other and, damped, from zero."""
    batch, size = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    alpha = float(rng.choice([0.0, 0.25]))
    Q = np.linalg.qr(rng.normal(size=(batch, size, size)))[0]
    sizes = np.cumsum(rng.uniform(0.6, 2.0, size=(batch, size)), axis=-1)
    H = Q * (sizes * rng.choice([-1.0, 1.0], size=(batch, size)))[:, None, :] @ np.swapaxes(Q, -1, -2)
    return {"H": (H + np.swapaxes(H, -1, -2)) / 2, "g": rng.normal(size=(batch, size)), "alpha": alpha}


def variant(rng):
    """Two by two, whole numbers, saddles and valleys; H + alpha I with a determinant that is not zero."""
    while True:
        a, c = int(rng.integers(1, 10)), int(rng.integers(2, 10) * rng.choice([-1, 1]))
        b = int(rng.integers(1, 5) * rng.choice([-1, 1]))
        alpha = int(rng.integers(0, 4))
        determinants = [(a + s) * (c + s) - b * b for s in (-alpha, 0, alpha)]
        if 0 not in determinants and a != alpha and abs(c) != alpha:
            return {"H": [[a, b], [b, c]], "g": [int(n) for n in rng.choice([-6, -4, -3, 3, 4, 6, 8], size=2)],
                    "alpha": alpha}  # fmt: skip


# ---- Mistakes; what comes out right is left out.


def _solve(matrix, right):
    try:
        return np.linalg.solve(matrix, right[..., None])[..., 0]
    except np.linalg.LinAlgError:
        return np.full(right.shape, np.nan)


def _absolute(H, g, alpha):
    values, Q = np.linalg.eigh(H)
    return -np.einsum("...ij,...j,...kj,...k->...i", Q, 1 / (np.abs(values) + alpha), Q, g)


def _wrong(name, rule):
    def value(H, g, alpha):
        eye = np.eye(g.shape[-1])
        right = {"step": -_solve(H + alpha * eye, g), "saddle_free": _absolute(H, g, alpha)}
        wrong = rule(H, g, alpha, eye)
        if np.allclose(wrong, right[name], rtol=1e-3, atol=1e-9):
            return {}
        if name == "saddle_free":
            return {name: wrong}
        return {name: wrong, "slope": np.sum(g * wrong, axis=-1)}

    return value


def _damping(rule):
    def value(H, g, alpha):
        values = np.linalg.eigvalsh(H)
        wrong = rule(H, values)
        return {} if np.allclose(wrong, -values[..., 0], rtol=1e-3, atol=1e-9) else {"least_alpha": wrong}

    return value


def _always_down(H, g, alpha):
    step = -_solve(H + alpha * np.eye(g.shape[-1]), g)
    slope = np.sum(g * step, axis=-1)
    return {"slope": -np.abs(slope)} if np.any(slope > 1e-6) else {}


def _changed(rule):
    def value(H, g, alpha):
        step = -_solve(H + alpha * np.eye(g.shape[-1]), g)
        slope, bend = np.sum(g * step, axis=-1), np.einsum("...i,...ij,...j->...", step, H, step)
        wrong, right = rule(slope, bend), slope + bend / 2
        return {} if np.allclose(wrong, right, rtol=1e-3) else {"change": wrong}

    return value


MISTAKES = (
    Mistake("multiplied", "乘了 H，应当乘它的逆（解方程）", "multiplied by H: its inverse is due, by solving",
            _wrong("step", lambda H, g, alpha, eye: -np.einsum("...ij,...j->...i", H + alpha * eye, g))),
    Mistake("uphill", "漏了负号", "the minus sign was left out",
            _wrong("step", lambda H, g, alpha, eye: _solve(H + alpha * eye, g))),
    Mistake("diagonal-only", "只用了对角元", "used the diagonal only",
            _wrong("step", lambda H, g, alpha, eye: -g / (np.diagonal(H, axis1=-2, axis2=-1) + alpha))),
    Mistake("damping-forgotten", "漏了阻尼 αI", "the damping alpha I was left out",
            _wrong("step", lambda H, g, alpha, eye: -_solve(H, g))),
    Mistake("damping-subtracted", "阻尼是加上 αI，不是减去", "damping adds alpha I; it was subtracted",
            _wrong("step", lambda H, g, alpha, eye: -_solve(H - alpha * eye, g))),
    Mistake("saddle-taken-for-valley", "这是普通牛顿步：在负曲率方向上朝上走",
            "that is plain Newton, which climbs where the curvature is negative",
            _wrong("saddle_free", lambda H, g, alpha, eye: -_solve(H + alpha * eye, g))),
    Mistake("entries-made-positive", "对 H 的每个元素取了绝对值；应当对特征值取",
            "the entries of H were made positive; it is the eigenvalues that are",
            _wrong("saddle_free", lambda H, g, alpha, eye: -_solve(np.abs(H) + alpha * eye, g))),
    Mistake("always-downhill", "以为牛顿步总是下降方向；H 有负特征值时不一定",
            "takes Newton's step to be downhill always; with a negative eigenvalue it need not be", _always_down),
    Mistake("least-of-the-diagonal", "看的是对角元；要抵消的是最小的特征值",
            "looked at the diagonal; it is the smallest eigenvalue that must be outweighed",
            _damping(lambda H, values: -np.min(np.diagonal(H, axis1=-2, axis2=-1), axis=-1))),
    Mistake("largest-eigenvalue", "取了最大的特征值；负曲率看最小的",
            "took the largest eigenvalue; negative curvature is a matter of the smallest",
            _damping(lambda H, values: values[..., -1])),
    Mistake("sign-of-the-least", "符号反了：α 要大于 −λmin", "the sign is off: alpha must exceed -lambda_min",
            _damping(lambda H, values: values[..., 0])),
    Mistake("no-half", "二次模型漏了 1/2", "the half of the quadratic model was left out",
            _changed(lambda slope, bend: slope + bend)),
    Mistake("damped-model", "模型里也加了阻尼；损失的二阶项是 H，没有 α",
            "put the damping into the model too; the loss bends by H, without alpha",
            _changed(lambda slope, bend: slope / 2)),
    Mistake("first-order-only", "只算了一阶项 gᵀs，漏了曲率", "first order only: the curvature is missing",
            _changed(lambda slope, bend: slope)),
)  # fmt: skip


# ---- Claims.


def _solves(given, out):
    """H s + alpha s = -g."""
    left = np.einsum("...ij,...j->...i", given["H"], out["step"]) + given["alpha"] * out["step"] + given["g"]
    sizes = np.abs(np.linalg.eigvalsh(given["H"])).max(axis=-1) + given["alpha"]
    length = sizes * np.linalg.norm(out["step"], axis=-1) + np.linalg.norm(given["g"], axis=-1) + 1e-30
    return left / length[..., None]


def _along(given, out):
    """In each eigendirection the step is -(v'g) / (lambda + alpha): uphill where lambda < -alpha."""
    values, Q = np.linalg.eigh(given["H"])
    along = np.einsum("...ij,...i->...j", Q, given["g"])
    step = np.einsum("...ij,...i->...j", Q, out["step"])
    scale = np.max(np.abs(along), axis=-1, keepdims=True) + np.max(np.abs(step * values), axis=-1, keepdims=True)
    return (step * (values + given["alpha"]) + along) / (scale + 1e-30)


def _downhill(given, out):
    """Where all lambda + alpha are positive, slope <= 0; saddle-free Newton's slope is never above 0."""
    low = np.linalg.eigvalsh(given["H"])[..., 0] + given["alpha"]
    safe = np.sum(given["g"] * out["saddle_free"], axis=-1)
    return np.stack([np.where(low > 0, np.maximum(out["slope"], 0), 0), np.maximum(safe, 0)])


def _least(given, out):
    """The smallest eigenvalue of H + least_alpha I is 0: a little less damping leaves a negative one, more none."""
    H, least = np.asarray(given["H"]), np.asarray(out["least_alpha"])
    shifted = np.linalg.eigvalsh(H + least[..., None, None] * np.eye(H.shape[-1]))
    return shifted[..., 0] / (np.linalg.norm(H, axis=(-2, -1)) + 1e-30)


def _convex(given, out):
    low = np.linalg.eigvalsh(given["H"])[..., :1]
    gap = (out["step"] - out["saddle_free"]) / (1 + np.abs(out["step"]))
    return np.where(low > 0, gap, 0.0)


def _damped(given, out):
    """alpha |s + g/alpha| <= |H| |g| / min |lambda + alpha|: with much damping the step is -g/alpha."""
    if given["alpha"] == 0:
        return np.zeros(1)
    values = np.linalg.eigvalsh(given["H"])
    length = np.linalg.norm(given["g"], axis=-1)
    bound = np.abs(values).max(axis=-1) * length / np.abs(values + given["alpha"]).min(axis=-1)
    rest = np.linalg.norm(given["alpha"] * out["step"] + given["g"], axis=-1)
    return np.maximum(rest - bound, 0) / (rest + length + 1e-30)


CLAIMS = (
    Claim("lands-on-the-critical-point",
          "(H+αI)s = −g；不加阻尼时，一步就到二次模型的临界点，不管那是极小、极大还是鞍点",
          "(H + alpha I) s = -g; undamped, one step lands on the model's critical point, be it minimum or saddle",
          _solves),
    Claim("climbs-negative-curvature", "每个特征方向上的分量是 −(vᵀg)/(λ+α)：λ < −α 时朝上坡走",
          "along an eigenvector the step is -(v'g) / (lambda + alpha): uphill where lambda < -alpha", _along),
    Claim("downhill-once-damped", "λmin+α > 0 时是下降方向；无鞍牛顿总是下降方向",
          "it is downhill where lambda_min + alpha > 0; the saddle-free step always is", _downhill),
    Claim("least-damping", "H+αI 正定，当且仅当 α > −λmin",
          "H + alpha I is positive definite if and only if alpha > -lambda_min", _least),
    Claim("same-in-a-valley", "H 正定时，无鞍牛顿就是牛顿", "where H is positive definite both steps are one", _convex),
    Claim("much-damping-is-gradient-descent", "α 远大于 ‖H‖ 时，步子趋于 −g/α，即小步长的梯度下降",
          "for alpha far above |H| the step tends to -g/alpha: gradient descent with a small rate", _damped),
)  # fmt: skip


def figure(given, out, steps):
    """The first case of a batch: its quadratic model in the first two coordinates, and the two steps."""
    size = np.shape(given["g"])[-1]
    H, g = np.reshape(given["H"], (-1, size, size))[0], np.reshape(given["g"], (-1, size))[0]
    ends = [np.reshape(out[name], (-1, size))[0] for name in ("step", "saddle_free")]
    names = {"zh": "牛顿步", "en": "Newton"}, {"zh": "无鞍牛顿", "en": "saddle-free Newton"}
    title = {"zh": "二次模型上的一步", "en": "one step on the quadratic model"}
    if size == 1:
        reach = 1.3 * max(1e-9, *(abs(float(end[0])) for end in ends))
        s = np.linspace(-reach, reach, 61)
        marks = tuple(
            Lines(np.array([0.0, float(end[0])]), np.array([0.0, g[0] * end[0] + H[0, 0] * end[0] ** 2 / 2]), name)
            for end, name in zip(ends, names, strict=True)
        )
        return Figure(title, (Lines(s, g[0] * s + H[0, 0] * s**2 / 2, {"zh": "模型", "en": "model"}), *marks))
    reach = 1.3 * max(1e-9, *(float(np.max(np.abs(end[:2]))) for end in ends))
    s = np.linspace(-reach, reach, 61)
    x, y = s[None, :], s[:, None]
    model = g[0] * x + g[1] * y + (H[0, 0] * x**2 + 2 * H[0, 1] * x * y + H[1, 1] * y**2) / 2
    low, high = float(model.min()), float(model.max())
    levels = tuple(float(v) for v in np.linspace(low, high, 8)[1:-1]) if high > low else ()
    arrows = (Lines(np.array([0.0, end[0]]), np.array([0.0, end[1]]), n) for end, n in zip(ends, names, strict=True))
    return Figure(title, (Contour(s, s, model, levels), *arrows), x={"zh": "s[0]", "en": "s[0]"},
                  y={"zh": "s[1]", "en": "s[1]"})  # fmt: skip


SOLVER = Solver(
    title={"zh": "牛顿步：阻尼与无鞍", "en": "Newton's step, damped and saddle-free"},
    formula=r"s=-(H+\alpha I)^{-1}g",
    params={
        "H": Param([[2.0, 0.0], [0.0, -2.0]], {"zh": "Hessian 矩阵", "en": "the Hessian"}, shape="(..., D, D)"),
        "g": Param([2.0, -1.0], {"zh": "梯度", "en": "the gradient"}, shape="(..., D)"),
        "alpha": Param(0.0, {"zh": "阻尼 α", "en": "damping alpha"}, kind="float"),
    },
    outputs=dict.fromkeys(("step", "saddle_free", "slope", "change", "least_alpha"), "1"),
    steps={"eigenvalues": {"zh": "H 的特征值", "en": "eigenvalues of H"}},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="Cramer's rule; scipy.linalg.polar; halving by the signs of leading minors",
    sample=sample,
    variant=variant,
    edges=(
        {"H": [[4.0]], "g": [2.0]},
        {"H": [[1.0, 0.0], [0.0, 100.0]], "g": [-10.0, 100.0]},
        {"H": [[2.0, 0.0], [0.0, -2.0]], "g": [2.0, -1.0], "alpha": 3.0},
        {"H": [[0.0, 0.0], [0.0, -1.0]], "g": [1.0, 1.0], "alpha": 50.0},
        {"H": [[-3.0]], "g": [1.0], "alpha": 0.5},
    ),
    tolerance={"float64": 1e-8, "float32": 2e-3},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"H": [[1.0, 2.0], [0.0, 1.0]]}, "H must be symmetric"),
        Reject({"H": [[1.0]]}, "H must have shape (2, 2)"),
        Reject({"g": [float("inf"), 1.0]}, "g must hold finite numbers"),
        Reject({"alpha": 2.0}, "alpha must keep H + alpha I"),
        Reject({"alpha": -1.0}, "alpha must lie between 0 and"),
        Reject({"H": [[1.0, 1.0], [1.0, 1.0]]}, "alpha must keep H + alpha I"),
        Reject({"H": np.zeros((0, 2, 2)), "g": np.zeros((0, 2))}, "H must hold 1 to 200000 numbers"),
    ),
    figure=figure,
)  # fmt: skip
