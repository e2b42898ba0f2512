"""Four ways to clip gradients with a threshold c, as TensorFlow defines them, and how far each turns the direction.

    by value          each entry        min(max(g, -c), c)
    by norm           each tensor       t c / max(|t|, c)
    by average norm   each tensor       t c / max(|t| / N, c)       N entries: |t| is cut down to N c
    by global norm    all together      t c / max(sqrt(sum_i |t_i|^2), c)

Shapes: g (..., K, D), K tensors of D entries each -> by_value, by_norm, by_average_norm, by_global_norm (..., K, D).
turn_* (...) is the angle, in degrees, between all clipped gradients taken as one vector and the original.
The average-norm variant counts the entries D: fill no tensor up with zeros.
Errors: BadInput for a threshold that is not positive, missing axes, entries that are not finite, no gradient at all.
Reference: TensorFlow, tf.clip_by_value, clip_by_norm, clip_by_global_norm, tf.compat.v1.clip_by_average_norm;
Mikolov (2012) for entry by entry; Goodfellow et al. (2016), section 10.11.1.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

LIMIT = 1e9
KINDS = ("value", "norm", "average", "global")
OUTPUT = {"value": "by_value", "norm": "by_norm", "average": "by_average_norm", "global": "by_global_norm"}


def check(g, c):
    require(g.ndim >= 2 and g.size >= 1, "g", "have axes tensor and entry, neither of them empty", g.shape)
    require(np.all(np.abs(g) <= LIMIT), "g", f"hold finite numbers of size at most {LIMIT:.0e}", g)
    require(np.all(np.max(np.abs(g), axis=(-2, -1)) >= 1 / LIMIT), "g", "not be zero everywhere", g)
    require(1 / LIMIT <= c <= LIMIT, "c", "be positive and finite", c)


def compute(xp, note, g, c):
    norms = xp.linalg.vector_norm(g, axis=-1, keepdims=True)
    whole = xp.linalg.vector_norm(norms, axis=(-2, -1), keepdims=True)
    note("norms", norms[..., 0])
    note("global_norm", whole[..., 0, 0])
    out = {
        "by_value": xp.where(g > c, c, xp.where(g < -c, -c, g)),
        "by_norm": g * (c / xp.where(norms > c, norms, c)),
        "by_average_norm": g * (c / xp.where(norms > c * g.shape[-1], norms / g.shape[-1], c)),
        "by_global_norm": g * (c / xp.where(whole > c, whole, c)),
    }
    unit = g / whole
    for kind in KINDS:
        clipped = out[OUTPUT[kind]]
        along = xp.sum(clipped * unit, axis=(-2, -1), keepdims=True)
        across = xp.linalg.vector_norm(clipped - along * unit, axis=(-2, -1))
        out[f"turn_{kind}"] = xp.atan2(across, along[..., 0, 0]) * (180 / np.pi)
    return out


def oracle(g, c):
    """Entry by entry and tensor by tensor in plain Python."""
    import math

    def shrunk(tensor, length, limit):
        return [x if length <= limit else x / length * limit for x in tensor]

    def angle(a, b):
        """Kahan's formula from the two unit vectors."""
        u, w = ([x / math.hypot(*v) for x in v] for v in (a, b))
        minus = math.hypot(*(x - y for x, y in zip(u, w, strict=True)))
        plus = math.hypot(*(x + y for x, y in zip(u, w, strict=True)))
        return math.degrees(2 * math.atan2(minus, plus))

    cases = []
    for case in g.reshape(-1, *g.shape[-2:]).tolist():
        flat = [x for tensor in case for x in tensor]
        whole = math.hypot(*flat)
        found = {
            "by_value": [[math.copysign(min(abs(x), c), x) for x in tensor] for tensor in case],
            "by_norm": [shrunk(tensor, math.hypot(*tensor), c) for tensor in case],
            "by_average_norm": [shrunk(tensor, math.hypot(*tensor), c * len(tensor)) for tensor in case],
            "by_global_norm": [shrunk(tensor, whole, c) for tensor in case],
        }
        for kind, name in (("value", "by_value"), ("norm", "by_norm"), ("average", "by_average_norm"),
                           ("global", "by_global_norm")):  # fmt: skip
            found[f"turn_{kind}"] = angle(flat, [x for tensor in found[name] for x in tensor])
        cases.append(found)
    shapes = {name: g.shape if name.startswith("by") else g.shape[:-2] for name in cases[0]}
    return {name: np.array([case[name] for case in cases]).reshape(shape) for name, shape in shapes.items()}


def sample(rng):
    batch = [(), (2,)][int(rng.integers(2))]
    g = rng.normal(size=(*batch, int(rng.integers(1, 4)), int(rng.integers(2, 5)))) * 3
    g[..., 0, 0] = 7.0 * np.sign(g[..., 0, 0])  # value clipping always turns: its angle has a slope there
    g[..., 0, 1] = 1.2
    return {"g": g, "c": float(rng.uniform(0.4, 0.9))}


def variant(rng):
    """Two tensors of two whole numbers, the first long and the second short: every variant acts, or does not, apart."""
    while True:
        g = rng.integers(-12, 13, size=(2, 2))
        c = int(rng.integers(2, 9))
        first, second = np.sqrt(np.sum(g**2, axis=1))
        sizes = np.abs(g)
        if np.all(g) and len(set(sizes.ravel())) == 4 and first > 2.2 * c and 0.4 * c < second < 0.9 * c:
            return {"g": g.tolist(), "c": c}


# ---- Mistakes and claims.


def _norms(g, axis):
    return np.sqrt(np.sum(g**2, axis=axis, keepdims=True))


def _wrong(name, rule):
    return lambda g, c: {name: rule(g, c)}


def _angle(name, rule):
    """A mistaken angle: of a mistaken vector."""

    def value(g, c):
        wrong = rule(g, c)
        cosine = np.sum(wrong * g, axis=(-2, -1)) / (_norms(wrong, (-2, -1)) * _norms(g, (-2, -1)))[..., 0, 0]
        return {name: np.degrees(np.arccos(np.clip(cosine, -1, 1)))}

    return value


def _cut(g, norms, limit):
    return g * limit / np.maximum(norms, limit)


MISTAKES = (
    Mistake("global-for-each", "用全局范数缩了单个张量；clip_by_norm 只看这个张量自己的范数",
            "the global norm was used; clip_by_norm looks at the tensor's own",
            _wrong("by_norm", lambda g, c: _cut(g, _norms(g, (-2, -1)), c))),
    Mistake("own-for-global", "每个张量用了自己的范数；clip_by_global_norm 用同一个比例",
            "each tensor was cut by its own norm; clip_by_global_norm has one factor for all",
            _wrong("by_global_norm", lambda g, c: _cut(g, _norms(g, -1), c))),
    Mistake("value-for-norm", "逐元素截断了，那是 clip_by_value", "entry by entry: that is clip_by_value",
            _wrong("by_norm", lambda g, c: np.clip(g, -c, c))),
    Mistake("norm-for-value", "按范数缩了，clip_by_value 逐元素截断",
            "rescaled by the norm; clip_by_value cuts entry by entry",
            _wrong("by_value", lambda g, c: _cut(g, _norms(g, -1), c))),
    Mistake("negative-side-left", "只截了正的一侧；小于 −c 的也要截到 −c",
            "only the upper side was cut; entries below -c go to -c",
            _wrong("by_value", lambda g, c: np.minimum(g, c))),
    Mistake("sign-lost", "截断后丢了负号", "the sign was lost",
            _wrong("by_value", lambda g, c: np.minimum(np.abs(g), c))),
    Mistake("average-not-undone", "阈值管的是 ‖t‖/N：截断后 ‖t‖ 是 Nc，不是 c",
            "the threshold is for |t|/N: after clipping |t| is N c, not c",
            _wrong("by_average_norm", lambda g, c: _cut(g, _norms(g, -1), c))),
    Mistake("average-of-squares", "把 ‖t‖/N 当成了均方根 ‖t‖/√N", "took the root mean square |t|/sqrt(N) for |t|/N",
            _wrong("by_average_norm", lambda g, c: _cut(g, _norms(g, -1), c * np.sqrt(g.shape[-1])))),
    Mistake("to-length-one", "除以范数后忘了乘 c", "divided by the norm, but not multiplied by c",
            _wrong("by_norm", lambda g, c: np.where(_norms(g, -1) > c, g / _norms(g, -1), g))),
    Mistake("value-keeps-direction", "以为逐元素截断不改变方向", "believes that cutting entries keeps the direction",
            _angle("turn_value", lambda g, c: g)),
    Mistake("norm-keeps-direction", "每个张量内部方向不变，但各张量缩的比例不同，合起来就转了",
            "each tensor keeps its direction, yet by different factors, which turns the whole",
            _angle("turn_norm", lambda g, c: g)),
    Mistake("global-turns", "以为按全局范数截断会转向；所有张量乘同一个数",
            "believes that global clipping turns the gradient; all tensors share one factor",
            _angle("turn_global", lambda g, c: np.clip(g, -c, c))),
)  # fmt: skip


def _descent(given, out):
    """By how much g . clipped falls short of |clipped|^2, relative: each way only shortens entries."""
    short = []
    for kind in KINDS:
        clipped = out[OUTPUT[kind]]
        size = np.sum(clipped**2, axis=(-2, -1))
        short.append(np.maximum(size - np.sum(clipped * given["g"], axis=(-2, -1)), 0.0) / (size + 1e-30))
    return np.stack(short)


def _turns(given, out):
    """By how many degrees global clipping turns; the others' angles beyond the right one."""
    beyond = [np.maximum(out[f"turn_{kind}"] - 90, 0.0) for kind in KINDS]
    return np.stack([*beyond, out["turn_global"]]) / 90


def _value_turns(given, out):
    """Value clipping keeps the direction only where no entry is cut, or all are and by the same factor."""
    size = np.abs(given["g"])
    factor = np.minimum(size, given["c"]) / np.maximum(size, 1e-300)
    moved = np.where(size > 0, factor, np.nan)
    uneven = np.nanmax(moved, axis=(-2, -1)) - np.nanmin(moved, axis=(-2, -1)) > 1e-3
    return np.where(uneven & (out["turn_value"] < 1e-4), 1.0, 0.0)


def _lengths(given, out):
    g, c = given["g"], given["c"]
    own = _norms(g, -1)
    return np.concatenate([
        (_norms(out["by_norm"], -1) - np.minimum(own, c)) / c,
        (_norms(out["by_average_norm"], -1) - np.minimum(own, c * g.shape[-1])) / (c * g.shape[-1]),
        (np.max(np.abs(out["by_value"]), axis=-1, keepdims=True)
         - np.minimum(np.max(np.abs(g), axis=-1, keepdims=True), c)) / c,
    ])  # fmt: skip


CLAIMS = (
    Claim("global-keeps-direction", zh="按全局范数截断不转向；其余三种转过的角度都不超过 90°",
          en="clipping by the global norm does not turn; none of the others turns by more than 90 degrees",
          residual=_turns),
    Claim("value-turns", zh="逐元素截断时，只要各元素缩的比例不同，方向就变",
          en="entry by entry the direction changes wherever the entries shrink by different factors",
          residual=_value_turns),
    Claim("still-descent", zh="四种结果与原梯度的内积都不小于自身长度的平方：沿负方向走仍是下降方向",
          en="each result has an inner product with g of at least its own squared length: still a descent direction",
          residual=_descent),
    Claim("limits", zh="截断后：元素不超过 c，张量范数不超过 c，平均范数 ‖t‖/N 不超过 c",
          en="afterwards entries, norms and average norms |t|/N are min(before, c)", residual=_lengths),
)  # fmt: skip


def figure(given, out, steps):
    names = ("by value", "by norm", "by average norm", "by global norm")
    turns = np.array([np.ravel(out[f"turn_{kind}"])[0] for kind in KINDS])
    return Figure(
        title={"zh": f"各种截断转过的角度，c = {given['c']:g}", "en": f"how far clipping turns, c = {given['c']:g}"},
        marks=(Bars(names, turns),),
        y={"zh": "度", "en": "degrees"},
    )


SOLVER = Solver(
    title={"zh": "四种梯度截断", "en": "four ways to clip gradients"},
    formula=r"t\leftarrow t\cdot\frac{c}{\max(\|t\|,\,c)},\qquad g_j\leftarrow\min(\max(g_j,-c),\,c)",
    params={
        "g": Param([[3.0, 4.0], [0.6, -0.8]], {"zh": "梯度：每行一个张量", "en": "gradients, a tensor a row"},
                   shape="(..., K, D)"),
        "c": Param(1.0, {"zh": "阈值", "en": "the threshold"}, kind="float"),
    },
    outputs={**dict.fromkeys(OUTPUT.values(), "1"), **{f"turn_{kind}": "degrees" for kind in KINDS}},
    steps={
        "norms": {"zh": "各张量的范数", "en": "norms of the tensors"},
        "global_norm": {"zh": "全局范数", "en": "global norm"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="plain Python, entry by entry; Kahan's angle",
    sample=sample,
    variant=variant,
    edges=(
        {"g": [[0.3, 0.4]], "c": 1.0},
        {"g": [[3.0, 3.0], [3.0, -3.0]], "c": 1.0},
        {"g": [[0.0, 0.0], [5.0, 0.0]], "c": 1.0},
    ),
    tolerance={"float64": 1e-10, "float32": 1e-4},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"g": [1.0, 2.0]}, "g must have axes tensor and entry"),
        Reject({"g": [[float("nan"), 1.0]]}, "g must hold finite numbers"),
        Reject({"g": [[0.0, 0.0]]}, "g must not be zero everywhere"),
        Reject({"c": 0.0}, "c must be positive"),
        Reject({"c": float("nan")}, "c must be positive"),
    ),
    figure=figure,
)  # fmt: skip
