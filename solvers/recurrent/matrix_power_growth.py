"""The same matrix again and again:  h_t = W h_{t-1} = W^t h_0, and W^t = V diag(lambda)^t V^-1.

Shapes: W (..., D, D), h (..., D) -> end (..., D), power (..., D, D); lengths |h_0| ... |h_t| with the time axis first.
The component along an eigenvector is multiplied by its eigenvalue at each step: below 1 in size it dies out, above 1 it
grows without bound. A gradient on its way back through a linear recurrent net meets the transpose of W instead.
Errors: BadInput for shapes that do not match, numbers that are not finite, growth beyond 1e12.
Reference: Goodfellow et al. (2016), 8.2.5 and 10.7.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

WIDEST, MOST_STEPS, LARGEST = 64, 500, 1e12
MOST_PRODUCTS = 50_000_000


def check(W, h, steps):
    require(h.ndim >= 1 and 1 <= h.shape[-1] <= WIDEST, "h", f"have 1 to {WIDEST} entries", h.shape)
    square = (*h.shape, h.shape[-1])
    require(W.shape == square, "W", f"have shape {square}", W.shape)
    for name, value in (("W", W), ("h", h)):
        require(np.all(np.abs(value) <= LARGEST), name, f"hold finite numbers of size at most {LARGEST:.0e}", value)
    require(1 <= steps <= MOST_STEPS, "steps", f"lie between 1 and {MOST_STEPS}", steps)
    products = steps * W.size * h.shape[-1]
    require(products <= MOST_PRODUCTS, "steps", f"need at most {MOST_PRODUCTS} multiplications", products)
    logs = steps * np.log(np.maximum(np.linalg.norm(W, 2, axis=(-2, -1)), 1.0))
    require(np.all(logs + np.log1p(np.linalg.norm(h, axis=-1)) <= np.log(LARGEST)), "steps",
            f"keep |W|^steps |h| within {LARGEST:.0e}", steps)  # fmt: skip


def compute(xp, note, W, h, steps):
    power, lengths = W, [xp.sqrt(xp.sum(h * h, axis=-1))]
    for t in range(steps):
        h = xp.matmul(W, h[..., None])[..., 0]
        lengths.append(xp.sqrt(xp.sum(h * h, axis=-1)))
        if t:
            power = xp.matmul(W, power)
    note("lengths", xp.stack(lengths, axis=0))
    return {"end": h, "power": power}


def oracle(W, h, steps):
    """By repeated squaring."""
    power = np.linalg.matrix_power(W, steps)
    return {"end": np.einsum("...ij,...j->...i", power, h), "power": power}


def sample(rng):
    batch, size = [(), (2,)][int(rng.integers(2))], int(rng.integers(1, 4))
    return {
        "W": rng.normal(size=(*batch, size, size)) / np.sqrt(size),
        "h": rng.normal(size=(*batch, size)),
        "steps": int(rng.integers(2, 7)),
    }


def variant(rng):
    """Eigenvectors (1, 1) and (1, -1), eigenvalues with one decimal; both parts of h still count at the end."""
    while True:
        a, b = int(rng.integers(2, 11)), int(rng.integers(1, 8))
        h = rng.integers(-5, 6, size=2)
        steps = int(rng.integers(3, 7))
        large, small = (a + b) / 10, (a - b) / 10
        parts = np.array([large**steps * np.sum(h), small**steps * (h[0] - h[1])]) / 2
        low, high = np.sort(np.abs(parts))
        if a + b <= 15 and a + b != 10 and low >= 0.08 and high <= 8 * low and abs(np.sum(parts)) >= 0.1:
            break
    return {"W": [[a / 10, b / 10], [b / 10, a / 10]], "h": [int(v) for v in h], "steps": steps}


# ---- What people get wrong.


def _walk(W, h, steps):
    power = np.linalg.matrix_power(W, steps)
    return {"end": np.einsum("...ij,...j->...i", power, h), "power": power}


def _changed(W, h, steps, power):
    right = _walk(W, h, steps)
    wrong = {"end": np.einsum("...ij,...j->...i", power, h), "power": power}
    return {name: v for name, v in wrong.items() if not np.allclose(v, right[name], rtol=1e-6, atol=1e-9)}


def _eigen(rule):
    """A mistaken function of the eigenvalues, where they are real and W is symmetric."""

    def value(W, h, steps):
        if not np.allclose(W, np.swapaxes(W, -1, -2)):
            return {}
        values, vectors = np.linalg.eigh(W)
        return _changed(W, h, steps, (vectors * rule(values, steps)[..., None, :]) @ np.swapaxes(vectors, -1, -2))

    return value


MISTAKES = (
    Mistake("entries-to-the-power", "逐个元素取了幂；W^t 是矩阵连乘",
            "the entries were raised one by one; W^t is a product of matrices",
            lambda W, h, steps: _changed(W, h, steps, W**steps)),
    Mistake("times-t", "乘了 t 而不是取 t 次幂", "multiplied by t where the t-th power belongs",
            lambda W, h, steps: _changed(W, h, steps, W * steps)),
    Mistake("one-step-short", "少乘了一步", "one step is missing",
            lambda W, h, steps: _changed(W, h, steps, np.linalg.matrix_power(W, steps - 1))),
    Mistake("one-step-more", "多乘了一步", "one step too many",
            lambda W, h, steps: _changed(W, h, steps, np.linalg.matrix_power(W, steps + 1))),
    Mistake("largest-only", "只用了最大的特征值：各方向各乘各的 λ",
            "the largest eigenvalue was used for all directions; each has its own",
            _eigen(lambda v, t: np.max(np.abs(v), axis=-1, keepdims=True) ** t + 0 * v)),
    Mistake("smaller-dropped", "丢掉了较小特征值的部分；步数还不够多",
            "the part of the smaller eigenvalue was dropped, which takes more steps than these",
            _eigen(lambda v, t: np.where(np.abs(v) == np.max(np.abs(v), axis=-1, keepdims=True), v, 0.0) ** t)),
)  # fmt: skip


# ---- Claims.


def _diagonal(given, out):
    """W^t against V diag(lambda)^t V^-1, where V is well conditioned."""
    values, vectors = np.linalg.eig(given["W"])
    fine = np.linalg.cond(vectors) < 1e4
    safe = np.where(fine[..., None, None], vectors, np.eye(given["W"].shape[-1]))
    again = np.real((safe * values[..., None, :] ** given["steps"]) @ np.linalg.inv(safe))
    size = 1 + np.max(np.abs(values), axis=-1) ** given["steps"]
    return np.where(fine[..., None, None], (again - out["power"]) / size[..., None, None], 0.0) / 1e4


def _bounded(given, out):
    """How far a step stretches by more than the spectral norm."""
    norm = np.linalg.norm(given["W"], 2, axis=(-2, -1))
    lengths = out["lengths"]
    return np.maximum(lengths[1:] - norm * lengths[:-1], 0.0) / (1 + lengths[1:])


CLAIMS = (
    Claim("diagonalized", zh="W 可对角化时 W^t = V diag(λ)^t V⁻¹：每个特征方向每步乘自己的 λ",
          en="where W can be diagonalized, W^t = V diag(lambda)^t V^-1: each eigendirection has its own factor",
          residual=_diagonal),
    Claim("norm-bounds-a-step", zh="每步至多拉长到 ‖W‖₂ 倍", en="a step stretches by the spectral norm of W at most",
          residual=_bounded),
)  # fmt: skip


def figure(given, out, steps):
    """The first case of a batch."""
    lengths = np.reshape(steps["lengths"], (given["steps"] + 1, -1))[:, 0]
    return Figure(
        title={"zh": "同一个矩阵乘 t 次", "en": "the same matrix, t times"},
        marks=(Lines(np.arange(len(lengths)), np.maximum(lengths, 1e-30), {"zh": "‖W^t h‖", "en": "|W^t h|"}),),
        x={"zh": "步 t", "en": "step t"},
        y={"zh": "长度", "en": "length"},
        log="y",
    )


SOLVER = Solver(
    title={"zh": "矩阵的幂：W^t h", "en": "powers of a matrix: W^t h"},
    formula=r"W^t=(V\,\mathrm{diag}(\lambda)\,V^{-1})^t=V\,\mathrm{diag}(\lambda)^t\,V^{-1}",
    params={
        "W": Param([[0.7, 0.4], [0.4, 0.7]], {"zh": "循环矩阵", "en": "the recurrent matrix"}, shape="(..., D, D)"),
        "h": Param([1, 0], {"zh": "起始向量", "en": "the vector at the start"}, shape="(..., D)"),
        "steps": Param(30, {"zh": "乘多少次", "en": "how many times"}, kind="int"),
    },
    outputs={"end": "1", "power": "1"},
    steps={"lengths": {"zh": "每一步的长度", "en": "length at each step"}},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="numpy.linalg.matrix_power: repeated squaring",
    sample=sample,
    variant=variant,
    edges=(
        {"W": [[0, 0], [0, 0]], "h": [1, 2], "steps": 1},
        {"W": [[1, 1], [0, 1]], "h": [0, 1], "steps": 20},  # no basis of eigenvectors: grows like t
        {"W": [[0, -1], [1, 0]], "h": [1, 0], "steps": 7},  # complex eigenvalues of size 1: a rotation
    ),
    tolerance={"float64": 1e-10, "float32": 1e-3},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"W": [[1, 2]]}, "W must have shape (2, 2)"),
        Reject({"h": [1, 2, 3]}, "W must have shape (3, 3)"),
        Reject({"W": [[float("nan"), 0], [0, 1]]}, "W must hold finite numbers"),
        Reject({"h": np.zeros(65)}, "h must have 1 to 64 entries"),
        Reject({"steps": 0}, "steps must lie between 1 and 500"),
        Reject({"W": [[10, 0], [0, 10]]}, "steps must keep |W|^steps |h| within"),
    ),
    figure=figure,
)  # fmt: skip
