"""The surface  f(v) = v'Hv / 2  over the plane: a minimum, a maximum or a saddle, by the signs of H's eigenvalues.

Cut along a direction d it is the parabola f(t d/|d|) = t^2 c / 2 with c = d'Hd / d'd, between the two eigenvalues.
Shapes: H (..., 2, 2) symmetric, direction (..., 2) -> curvature, lowest, highest (...), negative (...), the number of
negative eigenvalues: 0 a minimum, 2 a maximum, 1 a saddle (where none is 0).
Errors: BadInput for an H that is not symmetric, a direction of no length, numbers beyond 1e6.
Reference: Goodfellow et al. (2016), sections 4.3 and 4.3.1, figures 4.2 and 4.5.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

NUMBERS = 200_000
LARGEST = 1e6


def check(H, direction):
    require(direction.ndim >= 1 and direction.shape[-1] == 2, "direction", "have two entries", direction.shape)
    require(H.shape == (*direction.shape, 2), "H", f"have shape {(*direction.shape, 2)}", H.shape)
    require(1 <= H.size <= NUMBERS, "H", f"hold 1 to {NUMBERS} numbers", H.size)
    for name, value in (("H", H), ("direction", direction)):
        require(np.all(np.abs(value) <= LARGEST), name, f"hold finite numbers of size at most {LARGEST:.0e}", value)
    require(np.allclose(H, np.swapaxes(H, -1, -2), rtol=1e-6, atol=1e-9 * np.max(np.abs(H))), "H", "be symmetric", H)
    require(np.all(np.linalg.norm(direction, axis=-1) > 1e-6), "direction", "have a length above 1e-6", direction)


def compute(xp, note, H, direction):
    eigenvalues = xp.linalg.eigvalsh((H + xp.matrix_transpose(H)) / 2)
    note("eigenvalues", eigenvalues)
    squared = xp.sum(direction * direction, axis=-1)
    bent = xp.sum(direction * xp.matmul(H, direction[..., None])[..., 0], axis=-1)
    return {
        "curvature": bent / squared,
        "lowest": eigenvalues[..., 0],
        "highest": eigenvalues[..., 1],
        "negative": xp.sum(xp.astype(eigenvalues < 0, xp.int64), axis=-1),
    }


def oracle(H, direction):
    """Second differences of f along the direction; roots of the characteristic polynomial."""
    unit = direction / np.hypot(direction[..., :1], direction[..., 1:])

    def f(v):
        x, y = v[..., 0], v[..., 1]
        return (H[..., 0, 0] * x**2 + (H[..., 0, 1] + H[..., 1, 0]) * x * y + H[..., 1, 1] * y**2) / 2

    middle = (H[..., 0, 0] + H[..., 1, 1]) / 2
    half = np.hypot((H[..., 0, 0] - H[..., 1, 1]) / 2, H[..., 0, 1])
    low, high = middle - half, middle + half
    return {
        "curvature": f(unit) - 2 * f(0 * unit) + f(-unit),
        "lowest": low,
        "highest": high,
        "negative": (low < 0).astype(np.int64) + (high < 0),
    }


def sample(rng):
    """Eigenvalues apart from each other and from zero."""
    batch = int(rng.integers(1, 4))
    Q = np.linalg.qr(rng.normal(size=(batch, 2, 2)))[0]
    values = rng.uniform(0.3, 2.0, size=(batch, 2)).cumsum(axis=-1) * rng.choice([-1.0, 1.0], size=(batch, 2))
    H = Q * values[:, None, :] @ np.swapaxes(Q, -1, -2)
    return {"H": (H + np.swapaxes(H, -1, -2)) / 2, "direction": rng.normal(size=(batch, 2)) + 0.01}


def variant(rng):
    """A saddle of whole numbers and a whole direction along no axis."""
    a, c = int(rng.integers(1, 13)), -int(rng.integers(1, 13))
    b = int(rng.integers(1, 5) * rng.choice([-1, 1]))
    d = [(1, 1), (1, 2), (2, 1), (1, 3), (3, 1), (3, 4), (4, 3), (2, 3), (3, 2)][int(rng.integers(9))]
    return {"H": [[a, b], [b, c]], "direction": [d[0], d[1] * int(rng.choice([-1, 1]))]}


# ---- Mistakes; what comes out right is left out.


def _wrong(rule):
    def value(H, direction):
        x, y = direction[..., 0], direction[..., 1]
        a, b, c = H[..., 0, 0], H[..., 0, 1], H[..., 1, 1]
        squared = x**2 + y**2
        wrong = rule(a, b, c, x, y, squared)
        right = (a * x**2 + 2 * b * x * y + c * y**2) / squared
        return {} if np.allclose(wrong, right, rtol=1e-3, atol=1e-9) else {"curvature": wrong}

    return value


def _lowest(rule):
    def value(H, direction):
        values = np.linalg.eigvalsh(H)
        wrong = rule(H, values)
        return {} if np.allclose(wrong, values[..., 0], rtol=1e-3, atol=1e-9) else {"lowest": wrong}

    return value


def _always_minimum(H, direction):
    values = np.linalg.eigvalsh(H)
    return {} if np.all(values >= 0) else {"negative": np.zeros(H.shape[:-2], dtype=np.int64)}


MISTAKES = (
    Mistake("not-normalized", "没有除以 dᵀd：方向要取单位长",
            "not divided by d'd: the direction must have length one",
            _wrong(lambda a, b, c, x, y, squared: a * x**2 + 2 * b * x * y + c * y**2)),
    Mistake("divided-by-the-length", "除以了 ‖d‖，应除以 dᵀd", "divided by |d|, not by d'd",
            _wrong(lambda a, b, c, x, y, squared: (a * x**2 + 2 * b * x * y + c * y**2) / np.sqrt(squared))),
    Mistake("cross-term-once", "交叉项出现两次：2·H₁₂·d₁d₂", "the mixed term counts twice",
            _wrong(lambda a, b, c, x, y, squared: (a * x**2 + b * x * y + c * y**2) / squared)),
    Mistake("cross-term-forgotten", "漏了交叉项", "the mixed term was left out",
            _wrong(lambda a, b, c, x, y, squared: (a * x**2 + c * y**2) / squared)),
    Mistake("mean-of-the-diagonal", "那是对角元的平均，与方向无关",
            "that is the mean of the diagonal, whatever the direction",
            _wrong(lambda a, b, c, x, y, squared: (a + c) / 2 + 0 * x)),
    Mistake("lowest-on-the-diagonal", "只看了坐标轴方向：最小的对角元不是最小的特征值",
            "looked along the axes only: the smallest diagonal entry is not the smallest eigenvalue",
            _lowest(lambda H, values: np.min(np.diagonal(H, axis1=-2, axis2=-1), axis=-1))),
    Mistake("smallest-in-size", "比的是绝对值：下坡看的是符号", "compared sizes; it is the sign that leads down",
            _lowest(lambda H, values: np.take_along_axis(
                values, np.argmin(np.abs(values), axis=-1)[..., None], axis=-1)[..., 0])),
    Mistake("corner-once", "根号里是 (a−c)² + 4b²，漏了 4",
            "under the root stands (a-c)^2 + 4 b^2; the 4 is missing",
            _lowest(lambda H, values: (H[..., 0, 0] + H[..., 1, 1] - np.hypot(
                H[..., 0, 0] - H[..., 1, 1], H[..., 0, 1])) / 2)),
    Mistake("always-a-minimum", "以为梯度为零就是极小点；要看特征值的符号",
            "takes any point without a gradient for a minimum: the signs of the eigenvalues decide", _always_minimum),
)  # fmt: skip


# ---- Claims.


def _between(given, out):
    outside = np.maximum(out["lowest"] - out["curvature"], 0) + np.maximum(out["curvature"] - out["highest"], 0)
    return outside / (1e-30 + np.maximum(np.abs(out["lowest"]), np.abs(out["highest"])))


def _around(H):
    """f on half the unit circle, 2001 directions."""
    turns = np.linspace(0, np.pi, 2001)
    unit = np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    return np.einsum("ti,...ij,tj->...t", unit, H, unit) / 2


def _circle(given, out):
    """Least and greatest f on the unit circle are half the eigenvalues; they are reached (to the grid)."""
    f = _around(given["H"])
    scale = 1e-30 + np.maximum(np.abs(out["lowest"]), np.abs(out["highest"]))
    gaps = np.stack([f.min(axis=-1) - out["lowest"] / 2, f.max(axis=-1) - out["highest"] / 2]) / scale
    return np.maximum(np.abs(gaps) - 1e-5, 0)


def _kind(given, out):
    """Walks once around: f falls in some direction unless ``negative`` is 0, and in all of them where it is 2. Left
    open where an eigenvalue is too near 0 for the grid."""
    f = _around(given["H"])
    down = np.any(f < 0, axis=-1) * 1 + np.all(f < 0, axis=-1)
    sizes = np.abs(np.stack([out["lowest"], out["highest"]]))
    clear = np.min(sizes, axis=0) > 1e-4 * np.max(sizes, axis=0)
    return np.where(clear, out["negative"] - down, 0)


CLAIMS = (
    Claim("between-eigenvalues", "沿任何方向的曲率都在两个特征值之间",
          "the curvature of any section lies between the eigenvalues",
          _between),
    Claim("circle", "单位圆上 f 的最小与最大值是 λmin/2 与 λmax/2：一负一正时，离开鞍点既有下坡也有上坡",
          "on the unit circle f runs from lambda_min/2 to lambda_max/2: at a saddle some ways lead down and some up",
          _circle),
    Claim("signs-decide", "负特征值的个数决定类型：0 极小，2 极大，1 鞍点",
          "the negative eigenvalues decide: none a minimum, two a maximum, one a saddle", _kind),
)  # fmt: skip


def _project(x, y, z):
    """Seen from the front right, from above."""
    return 0.9 * x - 0.55 * y, 0.8 * z + 0.32 * x + 0.42 * y


def figure(given, out, steps):
    """The first case of a batch, in space: a net over the surface and its two sections along the eigenvectors."""
    H = np.reshape(given["H"], (-1, 2, 2))[0]
    values, axes = np.linalg.eigh(H)
    size = float(np.max(np.abs(values))) or 1.0
    side = np.linspace(-1.0, 1.0, 9)
    fine = np.linspace(-1.0, 1.0, 17)
    net = []
    for n, fixed in enumerate(side):  # there along one line, back along the next
        run = fine if n % 2 == 0 else fine[::-1]
        net += [(x, fixed) for x in run]
    for n, fixed in enumerate(side[::-1]):
        run = fine[::-1] if n % 2 == 0 else fine
        net += [(fixed, y) for y in run]
    points = np.array(net)

    def height(v):
        return np.einsum("ti,ij,tj->t", v, H, v) / size

    marks = [Lines(*_project(points[:, 0], points[:, 1], height(points)), {"zh": "曲面", "en": "surface"})]
    for value, axis in zip(values, axes.T, strict=True):
        cut = fine[:, None] * axis
        name = {"zh": f"截线，曲率 {value:g}", "en": f"section, curvature {value:g}"}
        marks.append(Lines(*_project(cut[:, 0], cut[:, 1], height(cut)), name))
    kinds = ({"zh": "极小点", "en": "a minimum"}, {"zh": "鞍点", "en": "a saddle"}, {"zh": "极大点", "en": "a maximum"})
    kind = kinds[int(np.ravel(out["negative"])[0])]
    return Figure({"zh": f"曲面在空间里：{kind['zh']}", "en": f"the surface in space: {kind['en']}"}, tuple(marks))


SOLVER = Solver(
    title={"zh": "鞍点的曲面与截线", "en": "the surface of a saddle and its sections"},
    formula=r"f(v)=\frac{1}{2}v^\top H v,\qquad c(d)=\frac{d^\top H d}{d^\top d}",
    params={
        "H": Param([[2.0, 0.0], [0.0, -2.0]], {"zh": "Hessian 矩阵", "en": "the Hessian"}, shape="(..., 2, 2)"),
        "direction": Param([2.0, 1.0], {"zh": "截面的方向", "en": "direction of the section"}, shape="(..., 2)"),
    },
    outputs={"curvature": "1", "lowest": "1", "highest": "1", "negative": "directions"},
    steps={"eigenvalues": {"zh": "特征值", "en": "eigenvalues"}},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="second differences along the direction; the characteristic polynomial",
    sample=sample,
    variant=variant,
    edges=(
        {"H": [[2.0, 0.0], [0.0, 2.0]], "direction": [1.0, 0.0]},
        {"H": [[-1.0, 0.0], [0.0, -3.0]], "direction": [0.0, 1.0]},
        {"H": [[0.0, 1.0], [1.0, 0.0]], "direction": [1.0, -1.0]},
        {"H": [[0.0, 0.0], [0.0, 0.0]], "direction": [1.0, 1.0]},
    ),
    tolerance={"float64": 1e-10, "float32": 1e-4},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"H": [[1.0, 2.0], [0.0, 1.0]]}, "H must be symmetric"),
        Reject({"H": [[1.0]]}, "H must have shape (2, 2)"),
        Reject({"H": [[1.0, 0.0], [0.0, float("nan")]]}, "H must hold finite numbers"),
        Reject({"direction": [0.0, 0.0]}, "direction must have a length"),
        Reject({"direction": [1.0, 0.0, 0.0]}, "direction must have two entries"),
        Reject({"H": np.zeros((0, 2, 2)), "direction": np.zeros((0, 2))}, "H must hold 1 to 200000 numbers"),
    ),
    figure=figure,
)  # fmt: skip
