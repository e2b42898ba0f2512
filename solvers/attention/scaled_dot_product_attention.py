"""Scaled dot-product attention with a mask.

    A = softmax(Q K^T / sqrt(d)), each row over the keys its query may see;  Y = A V

Shapes: Q (..., n, d), K (..., m, d), V (..., m, e) -> A (..., n, m), Y (..., n, e); mask (n, m) or one number,
1 where query i may see key j, 0 where not: a lower triangle for causal attention, zero columns for padding.
A masked score becomes -inf before the softmax, so its weight is exactly 0 and the others still sum to 1.
Errors: BadInput for shapes that do not match, a row that sees no key (libraries give NaN there), numbers that are not
finite, sizes over 1e6 scores or 2e8 multiplications.
Reference: Vaswani et al. (2017), eq. 1 and section 3.2.1.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Heatmap, Mistake, Param, Reject, Solver, require

LIMIT = 1e6
MOST_SCORES = 1_000_000
MOST_PRODUCTS = 200_000_000


def check(Q, K, V, mask):
    for name, value in (("Q", Q), ("K", K), ("V", V)):
        require(value.ndim >= 2 and value.size >= 1, name, "have axes position and feature, not empty", value.shape)
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    require(
        K.shape == (*Q.shape[:-2], K.shape[-2], Q.shape[-1]), "K", "have the batch axes and the width of Q", K.shape
    )
    require(V.shape[:-1] == K.shape[:-1], "V", f"have axes {K.shape[:-1]} before the last, like K", V.shape)
    rows = Q.size // Q.shape[-1]
    scores = rows * K.shape[-2]
    require(scores <= MOST_SCORES, "K", f"need at most {MOST_SCORES} scores", scores)
    products = scores * (Q.shape[-1] + V.shape[-1])
    require(products <= MOST_PRODUCTS, "K", f"need at most {MOST_PRODUCTS} multiplications", products)
    full = (Q.shape[-2], K.shape[-2])
    require(mask.shape in ((), full), "mask", f"be one number or have shape {full}", mask.shape)
    require(np.all((mask == 0) | (mask == 1)), "mask", "hold zeros and ones", mask)
    require(np.all(np.broadcast_to(mask, full).any(axis=-1)), "mask", "let every query see a key", mask)


def compute(xp, note, Q, K, V, mask):
    raw = xp.matmul(Q, xp.matrix_transpose(K))
    note("raw", raw)
    scaled = raw / Q.shape[-1] ** 0.5
    note("scaled", scaled)
    masked = xp.where(mask == 1, scaled, xp.full_like(scaled, -float("inf")))
    note("masked", masked)
    raised = xp.exp(masked - xp.max(masked, axis=-1, keepdims=True))
    A = raised / xp.sum(raised, axis=-1, keepdims=True)
    return {"A": A, "Y": xp.matmul(A, V)}


def oracle(Q, K, V, mask):
    import torch

    def attend(values):
        allowed = torch.tensor(np.broadcast_to(mask, (Q.shape[-2], K.shape[-2])) == 1)
        parts = (torch.tensor(a, dtype=torch.float64) for a in (Q, K, values))
        return torch.nn.functional.scaled_dot_product_attention(*parts, attn_mask=allowed).numpy()

    unit = np.broadcast_to(np.eye(K.shape[-2]), (*K.shape[:-2], K.shape[-2], K.shape[-2])).copy()
    return {"A": attend(unit), "Y": attend(V)}  # values that are unit vectors give the weights themselves


def sample(rng):
    batch = [(), (2,)][int(rng.integers(2))]
    n, m, d, e = [(2, 3, 4, 2), (3, 3, 2, 1), (1, 4, 8, 3)][int(rng.integers(3))]
    mask = [np.array(1), np.tril(np.ones((n, m), dtype=np.int64)), np.arange(m) < m - 1 + np.zeros((n, 1))]
    return {
        "Q": rng.normal(size=(*batch, n, d)),
        "K": rng.normal(size=(*batch, m, d)),
        "V": rng.normal(size=(*batch, m, e)),
        "mask": mask[int(rng.integers(3))].astype(np.int64),
    }


def variant(rng):
    """One query, three keys of width four (its root is 2), one of the last two masked; scores a few units apart."""
    hidden = int(rng.integers(1, 3))
    while True:
        q = rng.choice([-1, 0, 1, 2], size=4)
        K = rng.choice([-1, 0, 1, 2], size=(3, 4))
        scores = K @ q
        if len(set(scores.tolist())) == 3 and np.ptp(scores) <= 5:
            break
    return {
        "Q": [q.tolist()],
        "K": K.tolist(),
        "V": [[int(a)] for a in rng.choice(np.arange(-9, 10), size=3, replace=False)],
        "mask": [[int(j != hidden) for j in range(3)]],
    }


# ---- The three stages once more, each of which can be got wrong.


def _softmax(scores, axis=-1):
    raised = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return raised / raised.sum(axis=axis, keepdims=True)


def _hide(scores, mask, value=-np.inf):
    return np.where(mask == 1, scores, value)


def _attend(Q, K, V, mask, *, scale=lambda d: d**0.5, weigh=lambda scores, mask: _softmax(_hide(scores, mask))):
    raw = np.einsum("...nd,...md->...nm", Q, K)
    scaled = raw / scale(Q.shape[-1])
    A = weigh(scaled, mask)
    return {"scaled": scaled, "A": A, "Y": A @ V}


def _with(**parts):
    """A mistake: attention with these parts in place of the right ones; what differs by more than rounding."""

    def value(**given):
        with np.errstate(all="ignore"):
            wrong, right = _attend(**given, **parts), _attend(**given)
        return {
            name: wrong[name] for name in wrong if not np.allclose(wrong[name], right[name], atol=1e-9, equal_nan=True)
        }

    return value


def _uniform(scores, mask):
    return _hide(np.ones_like(scores), mask, 0.0) / np.sum(
        _hide(np.ones_like(scores), mask, 0.0), axis=-1, keepdims=True
    )


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("unscaled", _with(scale=lambda d: 1.0),
     "漏了除以 √d", "the division by sqrt(d) is missing"),
    ("divided-by-d", _with(scale=float),
     "除以了 d；应除以 √d", "divided by d; it is sqrt(d)"),
    ("multiplied-by-root", _with(scale=lambda d: d**-0.5),
     "乘了 √d；应该除", "multiplied by sqrt(d); it is a division"),
    ("mask-ignored", _with(weigh=lambda scores, mask: _softmax(scores)),
     "没有用掩码", "the mask was not applied"),
    ("masked-score-zero", _with(weigh=lambda scores, mask: _softmax(_hide(scores, mask, 0.0))),
     "被遮的得分设成了 0：exp(0) = 1，仍分到权重；应设为 −∞",
     "masked scores were set to 0: exp(0) = 1 still takes weight; they become -inf"),
    ("masked-after-softmax", _with(weigh=lambda scores, mask: _hide(_softmax(scores), mask, 0.0)),
     "先做 softmax 再把被遮的置零：剩下的权重和小于 1",
     "masked after the softmax: the weights left sum to less than 1"),
    ("softmax-over-queries", _with(weigh=lambda scores, mask: _hide(_softmax(scores, -2), mask, 0.0)),
     "softmax 取在查询那一维；每个查询要对键归一化",
     "the softmax ran over the queries; each query normalizes over its keys"),
    ("uniform", _with(weigh=_uniform),
     "取了普通平均，得分没有用上", "that is the plain mean; the scores were not used"),
    ("raw-scores-as-weights", _with(weigh=lambda scores, mask: _hide(scores, mask, 0.0)),
     "直接拿得分加权，没有做 softmax", "the scores served as weights without a softmax"),
))  # fmt: skip


# ---- Claims.


def _distribution(given, out):
    hidden = np.where(given["mask"] == 1, 0.0, np.abs(out["A"]))
    total = out["A"].sum(axis=-1, keepdims=True) - 1
    return np.concatenate([hidden, np.minimum(out["A"], 0.0), total], axis=-1)


def _between(given, out):
    """Each component of Y lies between the least and the largest value that its query sees."""
    V = given["V"][..., None, :, :]
    seen = np.broadcast_to(given["mask"], out["A"].shape)[..., None] == 1
    below = out["Y"] - np.where(seen, V, np.inf).min(axis=-2)
    above = out["Y"] - np.where(seen, V, -np.inf).max(axis=-2)
    return (np.minimum(below, 0.0) + np.maximum(above, 0.0)) / (1 + np.abs(V).max())


def _as_if_absent(given, out):
    """Each query alone, over a shortened list of the keys it sees."""
    seen = np.broadcast_to(given["mask"], out["A"].shape[-2:]) == 1
    rows = []
    for i, keys in enumerate(seen):
        short = {"Q": given["Q"][..., i : i + 1, :], "K": given["K"][..., keys, :], "V": given["V"][..., keys, :]}
        rows.append(_attend(**short, mask=np.array(1))["Y"])
    return (np.concatenate(rows, axis=-2) - out["Y"]) / (1 + np.abs(given["V"]).max())


def _keys_move_together(given, out):
    """The same vector added to every key."""
    moved = _attend(**{**given, "K": given["K"] + given["Q"].mean(axis=-2, keepdims=True)})
    return (moved["A"] - out["A"]) / (1 + np.abs(out["raw"]).max() + (given["Q"] ** 2).sum(axis=-1).max())


def _order_free(given, out):
    back = {**given, "K": given["K"][..., ::-1, :], "V": given["V"][..., ::-1, :]}
    mask = np.broadcast_to(given["mask"], out["A"].shape[-2:])[:, ::-1]
    return (_attend(**{**back, "mask": mask})["Y"] - out["Y"]) / (1 + np.abs(given["V"]).max())


def _cosine(given, out):
    """Beyond |q| |k|, relative to it."""
    q, k = (np.sqrt((given[name] ** 2).sum(axis=-1)) for name in ("Q", "K"))
    longest = q[..., :, None] * k[..., None, :]
    return np.maximum(np.abs(out["raw"]) - longest, 0.0) / (1 + longest)


CLAIMS = tuple(Claim(name, zh=zh, en=en, residual=residual) for name, residual, zh, en in (
    ("rows-are-distributions", _distribution,
     "每行权重非负、和为 1，被遮处恰为 0",
     "each row of weights is non-negative and sums to 1; masked ones are exactly 0"),
    ("output-between-the-values", _between,
     "输出是看得见的值的加权平均，不会超出它们的范围",
     "the output is a mean of the values seen and never leaves their range"),
    ("masked-as-if-absent", _as_if_absent,
     "遮住一个键，等于它从来不在序列里", "masking a key is the same as leaving it out of the sequence"),
    ("keys-move-together", _keys_move_together,
     "所有键加上同一个向量，权重不变", "adding one vector to all keys leaves the weights alone"),
    ("order-free", _order_free,
     "键和值一起换次序，输出不变：次序要靠位置编码",
     "keys reordered with their values change nothing: order takes position codes"),
    ("cosine", _cosine,
     "q·k = |q||k|cos，所以 |q·k| ≤ |q||k|", "q.k = |q||k| cos, so |q.k| <= |q||k|"),
))  # fmt: skip


def figure(given, out, steps):
    """The weights of the first batch entry."""
    return Figure(
        title={"zh": "注意力权重", "en": "attention weights"},
        marks=(Heatmap(out["A"].reshape(-1, *out["A"].shape[-2:])[0]),),
        x={"zh": "键", "en": "key"},
        y={"zh": "查询", "en": "query"},
    )


FOUR = [[1.0, 0.0, 1.0, 0.0], [0.0, 2.0, 0.0, 2.0], [1.0, 1.0, 1.0, 1.0], [2.0, 0.0, 0.0, 1.0]]
SOLVER = Solver(
    title={"zh": "缩放点积注意力（带掩码）", "en": "Scaled dot-product attention with a mask"},
    formula=r"Y=\mathrm{softmax}\left(\frac{QK^{T}}{\sqrt{d}}\right)V",
    params={
        "Q": Param(FOUR, {"zh": "查询，一行一个", "en": "the queries, one a row"}, shape="(..., n, d)"),
        "K": Param(FOUR, {"zh": "键，一行一个", "en": "the keys, one a row"}, shape="(..., m, d)"),
        "V": Param(
            [[1.0, 0.0], [2.0, 0.0], [3.0, 1.0], [4.0, 1.0]],
            {"zh": "值，与键一一对应", "en": "the values, one for each key"},
            shape="(..., m, e)",
        ),
        "mask": Param(
            1,
            {"zh": "1 看得见，0 看不见", "en": "1 where a query may see a key, 0 where not"},
            shape="() or (n, m)",
            dtype="int64",
        ),
    },
    outputs={"A": "1", "Y": "1"},
    steps={
        "raw": {"zh": "点积 QKᵀ", "en": "dot products Q K^T"},
        "scaled": {"zh": "除以 √d", "en": "divided by sqrt(d)"},
        "masked": {"zh": "遮住的设为 −∞", "en": "masked ones become -inf"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.nn.functional.scaled_dot_product_attention",
    sample=sample,
    variant=variant,
    edges=(
        {"mask": np.tril(np.ones((4, 4), dtype=np.int64)).tolist()},
        {"mask": np.eye(4, dtype=np.int64).tolist()},
        {"Q": [[0.0, 0.0]], "K": [[5.0, 1.0], [2.0, 3.0]], "V": [[1.0], [3.0]]},
        {"Q": [[900.0]], "K": [[1.0], [-1.0]], "V": [[1.0], [0.0]]},
        {"Q": [[2.0]], "K": [[3.0]], "V": [[4.0]]},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"Q": [1.0, 2.0]}, "Q must have axes position and feature"),
        Reject({"Q": [[float("nan")] * 4]}, "Q must hold finite numbers"),
        Reject({"K": [[1.0, 2.0]] * 4}, "K must have the batch axes and the width of Q"),
        Reject({"V": [[1.0]]}, "V must have axes (4,) before the last"),
        Reject({"mask": [1, 1, 1, 1]}, "mask must be one number or have shape (4, 4)"),
        Reject({"mask": 2}, "mask must hold zeros and ones"),
        Reject(
            {"mask": [[1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]}, "mask must let every query see a key"
        ),
        Reject(
            {name: np.broadcast_to(0.0, (4000, 1)) for name in ("Q", "K", "V")}, "K must need at most 1000000 scores"
        ),
    ),
    figure=figure,
)
