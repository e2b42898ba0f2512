"""Additive (Bahdanau) attention: a small net scores each state against the query; the context is their mean.

    e_j = v . tanh(W s + U h_j)        alpha = softmax(e)        c = sum_j alpha_j h_j

Shapes: s (..., S), h (..., T, H), W (K, S), U (K, H), v (K,) -> alpha (..., T), c (..., H).
In translation s is the decoder's state, h_j the encoder's state at source word j, alpha row i of the soft alignment.
Errors: BadInput for shapes that do not match, numbers that are not finite, more than 5e5 hidden values.
Reference: Bahdanau et al. (2015), section 3.1 and appendix A.1.2; Goodfellow et al. (2016), section 12.4.5.1.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

LIMIT = 1e6
MOST = 500_000


def check(s, h, W, U, v):
    require(h.ndim >= 2 and h.size >= 1, "h", "have axes position and feature, neither of them empty", h.shape)
    require(s.ndim == h.ndim - 1 and s.size >= 1, "s", f"have {h.ndim - 1} axes, one fewer than h", s.shape)
    require(s.shape[:-1] == h.shape[:-2], "s", f"have the batch axes of h, {h.shape[:-2]}", s.shape)
    require(v.ndim == 1 and v.size >= 1, "v", "be a vector with at least one entry", v.shape)
    require(W.shape == (v.size, s.shape[-1]), "W", f"have shape {(v.size, s.shape[-1])}", W.shape)
    require(U.shape == (v.size, h.shape[-1]), "U", f"have shape {(v.size, h.shape[-1])}", U.shape)
    for name, value in (("s", s), ("h", h), ("W", W), ("U", U), ("v", v)):
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    cells = h.size // h.shape[-1] * v.size
    require(cells <= MOST, "h", f"need at most {MOST} hidden values (positions times K)", cells)


def compute(xp, note, s, h, W, U, v):
    hidden = xp.tanh(xp.matmul(s, W.T)[..., None, :] + xp.matmul(h, U.T))
    note("hidden", hidden)
    scores = xp.sum(hidden * v, axis=-1)
    note("scores", scores)
    raised = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    alpha = raised / xp.sum(raised, axis=-1, keepdims=True)
    return {"alpha": alpha, "c": xp.sum(alpha[..., None] * h, axis=-2)}


def oracle(s, h, W, U, v):
    from scipy.special import softmax

    rows = np.reshape(s, (-1, s.shape[-1]))
    states = np.reshape(h, (-1, *h.shape[-2:]))
    alphas, contexts = [], []
    for query, sequence in zip(rows, states, strict=True):
        scores = [sum(v[k] * np.tanh(W[k] @ query + U[k] @ state) for k in range(v.size)) for state in sequence]
        alphas.append(softmax(scores))
        contexts.append(alphas[-1] @ sequence)
    return {
        "alpha": np.array(alphas).reshape(h.shape[:-1]),
        "c": np.array(contexts).reshape(*h.shape[:-2], h.shape[-1]),
    }


def sample(rng):
    batch = [(), (3,)][int(rng.integers(2))]
    query, units, positions, features = [(2, 3, 4, 2), (3, 2, 5, 3), (1, 4, 2, 1)][int(rng.integers(3))]
    return {
        "s": rng.normal(size=(*batch, query)),
        "h": rng.normal(size=(*batch, positions, features)),
        "W": rng.normal(size=(units, query)),
        "U": rng.normal(size=(units, features)),
        "v": rng.normal(size=units),
    }


def variant(rng):
    """Two or three states of one feature, one hidden unit: every score is one tanh."""
    size = int(rng.integers(2, 4))
    return {
        "s": [float(rng.choice([-1, -0.5, 0.5, 1]))],
        "h": [[int(n)] for n in rng.choice([-3, -2, -1, 1, 2, 3], size=size, replace=False)],
        "W": [[float(rng.choice([-1, 0.5, 1]))]],
        "U": [[float(rng.choice([-1, -0.5, 0.5, 1]))]],
        "v": [int(rng.choice([-3, -2, 2, 3]))],
    }


# ---- The three stages once more, each of which can be got wrong.


def _softmax(e):
    raised = np.exp(e - e.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def _scores(s, h, W, U, v):
    return np.tanh((s @ W.T)[..., None, :] + h @ U.T) @ v


def _without_tanh(s, h, W, U, v):
    return (s @ W.T @ v)[..., None] + h @ (U.T @ v)


def _attend(given, scores=_scores, weigh=_softmax):
    e = scores(**given)
    alpha = weigh(e)
    return {"scores": e, "alpha": alpha, "c": np.einsum("...t,...th->...h", alpha, given["h"])}


def _with(**parts):
    """A mistake: attention with these parts in place of the right ones; what differs by more than rounding."""

    def value(**given):
        with np.errstate(all="ignore"):
            wrong, right = _attend(given, **parts), _attend(given)
        return {name: wrong[name] for name in wrong if not np.allclose(wrong[name], right[name], atol=1e-9)}

    return value


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("printed-004-n4-e56", _with(weigh=lambda e: np.ones_like(e) / e.shape[-1]),
     "照印的分母重复了下标 i：每个权重都是 1/T，与得分无关",
     "the sum repeats exp(e_i), as printed: every weight is 1/T, whatever the scores"),
    ("printed-004-n4-e57", _with(weigh=lambda e: e),
     "照印的直接拿得分加权：没有归一化，和不为 1，还可能为负",
     "the raw scores serve as weights, as printed: they need not sum to 1 and can be negative"),
    ("divided-by-their-sum", _with(weigh=lambda e: e / e.sum(axis=-1, keepdims=True)),
     "得分直接除以总和，没有取指数", "the scores were divided by their sum; the exponential is missing"),
    ("not-normalized", _with(weigh=np.exp),
     "取了指数，没有除以总和", "the exponentials were not divided by their sum"),
    ("takes-the-best-only", _with(weigh=lambda e: np.where(e == e.max(axis=-1, keepdims=True), 1.0, 0.0)),
     "只取了得分最高的一个（硬注意力）；这里要加权平均",
     "that takes the best state alone (hard attention); this is a weighted mean"),
    ("no-tanh", _with(scores=_without_tanh),
     "漏了 tanh：查询给每个得分加上同一个数，被 softmax 消掉",
     "the tanh is missing: the query then adds the same to every score, and the softmax cancels it"),
    ("query-ignored", _with(scores=lambda s, **rest: _scores(0 * s, **rest)),
     "漏了查询一项 W·s", "the query's part, W s, was left out"),
    ("v-ignored", _with(scores=lambda v, **rest: _scores(v=np.ones_like(v), **rest)),
     "漏了 v，只把隐藏单元加起来", "v was left out: the hidden units were merely added up"),
))  # fmt: skip


# ---- Claims.


def _distribution(given, out):
    total = out["alpha"].sum(axis=-1, keepdims=True) - 1
    return np.concatenate([np.minimum(out["alpha"], 0.0), total], axis=-1)


def _between(given, out):
    h, size = given["h"], 1 + np.abs(given["h"]).max()
    below, above = out["c"] - h.min(axis=-2), out["c"] - h.max(axis=-2)
    return (np.minimum(below, 0.0) + np.maximum(above, 0.0)) / size


def _order_free(given, out):
    back = _attend({**given, "h": given["h"][..., ::-1, :]})
    gap = (back["c"] - out["c"]) / (1 + np.abs(given["h"]).max())
    return np.concatenate([back["alpha"][..., ::-1] - out["alpha"], gap], axis=-1)


def _bounded(given, out):
    reach = np.abs(given["v"]).sum()
    excess = np.maximum(np.abs(out["scores"]) - reach, 0.0) / (1 + reach)
    least = np.exp(-2 * reach) * out["alpha"].max(axis=-1, keepdims=True)
    return np.concatenate([excess, np.maximum(least - out["alpha"], 0.0)], axis=-1)


def _query_needs_the_tanh(given, out):
    """Without the tanh, the weights for this query and for another one."""
    one, two = (_without_tanh(**{**given, "s": s}) for s in (given["s"], 1 - 2 * given["s"]))
    return (_softmax(one) - _softmax(two)) / (1 + np.abs(one).max() + np.abs(two).max())


CLAIMS = tuple(Claim(name, zh=zh, en=en, residual=residual) for name, residual, zh, en in (
    ("weights-are-a-distribution", _distribution,
     "权重非负，和为 1", "the weights are non-negative and sum to 1"),
    ("context-between-the-states", _between,
     "c 是各状态的加权平均：每个分量都在它们的最小与最大值之间",
     "c is a mean of the states: each component lies between their least and largest"),
    ("order-free", _order_free,
     "打乱状态的次序，权重跟着走，c 不变", "reorder the states: the weights go with them and c stays"),
    ("scores-bounded", _bounded,
     "|e_j| ≤ ‖v‖₁，与维数无关：任两个权重之比不超过 exp(2‖v‖₁)",
     "|e_j| <= |v|_1 whatever the dimension: no weight is more than exp(2 |v|_1) times another"),
    ("query-needs-the-tanh", _query_needs_the_tanh,
     "去掉 tanh，任何查询得到的权重都一样", "without the tanh every query gets the same weights"),
))  # fmt: skip


def figure(given, out, steps):
    """The weights and the scores of the first query, at most forty positions."""
    alpha, scores = (a.reshape(-1, a.shape[-1])[0, :40] for a in (out["alpha"], steps["scores"]))
    names = tuple(str(j) for j in range(alpha.size))
    return Figure(
        title={"zh": "每个位置的得分与权重", "en": "score and weight of each position"},
        marks=(
            Bars(names, scores, {"zh": "得分 e", "en": "score e"}),
            Bars(names, alpha, {"zh": "权重 α", "en": "weight"}),
        ),
        x={"zh": "位置 j", "en": "position j"},
    )


THREE = [[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]]
SOLVER = Solver(
    title={"zh": "加性注意力（Bahdanau）", "en": "Additive (Bahdanau) attention"},
    formula=r"\alpha=\mathrm{softmax}(e),\quad e_j=v^{T}\tanh(Ws+Uh_j),\quad c=\sum_j\alpha_jh_j",
    params={
        # Units saturate, v is negative: a state that has what the query has costs one unit, any other state two.
        "s": Param(
            [1.0, 0.0, 0.0], {"zh": "查询：解码器的状态", "en": "the query: the decoder's state"}, shape="(..., S)"
        ),
        "h": Param(
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.5, 0.5, 0.0]],
            {"zh": "编码器的状态，一行一个位置", "en": "the encoder's states, one row a position"},
            shape="(..., T, H)",
        ),
        "W": Param(THREE, {"zh": "乘查询的权重", "en": "weights of the query"}, shape="(K, S)"),
        "U": Param(THREE, {"zh": "乘状态的权重", "en": "weights of the states"}, shape="(K, H)"),
        "v": Param([-3.0, -3.0, -3.0], {"zh": "隐藏单元的权重", "en": "weights of the hidden units"}, shape="(K,)"),
    },
    outputs={"alpha": "1", "c": "1"},
    steps={
        "hidden": {"zh": "隐藏单元 tanh(Ws+Uh)", "en": "hidden units tanh(Ws+Uh)"},
        "scores": {"zh": "得分 e", "en": "scores e"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="scipy.special.softmax over scores of a plain loop",
    sample=sample,
    variant=variant,
    edges=(
        {"h": [[1.0, 2.0, 3.0]]},  # one state: all the weight
        {"h": [[1.0, 2.0, 3.0]] * 3},  # equal states: equal weights
        {"v": [0.0, 0.0, 0.0]},
        {"v": [1000.0, -1000.0, 0.0]},
        {"s": [1000.0, 1000.0, 0.0], "h": [[-500.0, 0.0, 500.0], [500.0, 0.0, -500.0]]},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"h": [1.0, 0.0, 0.0]}, "h must have axes position and feature"),
        Reject({"s": [[1.0, 0.0, 0.0]]}, "s must have 1 axes"),
        Reject({"s": [[1.0, 0.0, 0.0]], "h": [[[1.0, 0.0, 0.0]]] * 2}, "s must have the batch axes of h, (2,)"),
        Reject({"v": [1.0]}, "W must have shape (1, 3)"),
        Reject({"U": [[1.0], [2.0]]}, "U must have shape (3, 3)"),
        Reject({"v": 1.0}, "v must be a vector"),
        Reject({"s": [float("inf"), 0.0, 0.0]}, "s must hold finite numbers"),
        Reject(
            {
                "h": np.broadcast_to(0.0, (20_000, 3)),
                "v": np.zeros(1000),
                "W": np.zeros((1000, 3)),
                "U": np.zeros((1000, 3)),
            },
            "h must need at most 500000 hidden values",
        ),
    ),
    figure=figure,
)
