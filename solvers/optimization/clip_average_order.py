"""Clip, then average, or average, then clip? Per-example (or per-minibatch) gradients g_1 … g_B and a threshold v.

    clip of the average      v a / max(|a|, v),   a = (1/B) sum_b g_b          direction of a
    average of the clipped   (1/B) sum_b g_b v / max(|g_b|, v)                 long gradients count for less

Shapes: g (..., B, D) -> clip_of_average, average_of_clips (..., D); turn (...) is the angle between them in degrees.
Errors: BadInput for a threshold that is not positive, missing axes, entries not finite, either average (nearly) zero.
Reference: Goodfellow et al. (2016), section 10.11.1; Pascanu, Mikolov & Bengio (2013), section 3.2;
Chen, Wu & Hong (2020) on the bias of clipping example by example.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

LIMIT = 1e9
TINY = 1e-6  # below this share of the longest part, an average has no direction worth the name


def check(g, v):
    require(g.ndim >= 2 and g.size >= 1, "g", "have axes example and entry, neither of them empty", g.shape)
    require(np.all(np.abs(g) <= LIMIT), "g", f"hold finite numbers of size at most {LIMIT:.0e}", g)
    require(1 / LIMIT <= v <= LIMIT, "v", "be positive and finite", v)
    for rows in (g, _clipped(g, v)):
        longest = np.max(_norm(rows), axis=(-2, -1))
        average = np.linalg.norm(np.mean(rows, axis=-2), axis=-1)
        require(np.all((average > TINY * longest) & (longest > 0)), "g", "average to a vector that is not zero", g)


def compute(xp, note, g, v):
    norms = xp.linalg.vector_norm(g, axis=-1)
    factors = v / xp.where(norms > v, norms, v)
    mean = xp.mean(g, axis=-2)
    size = xp.linalg.vector_norm(mean, axis=-1, keepdims=True)
    note("norms", norms)
    note("factors", factors)
    note("average", mean)
    first = mean * (v / xp.where(size > v, size, v))
    second = xp.mean(g * factors[..., None], axis=-2)
    a, b = (x / xp.linalg.vector_norm(x, axis=-1, keepdims=True) for x in (first, second))
    apart, together = (xp.linalg.vector_norm(x, axis=-1) for x in (a - b, a + b))
    return {
        "clip_of_average": first,
        "average_of_clips": second,
        "turn": 2 * xp.atan2(apart, together) * (180 / np.pi),
    }


def oracle(g, v):
    """Example by example in plain Python; the angle by its cosine and sine."""
    import math

    cases = []
    for case in g.reshape(-1, *g.shape[-2:]).tolist():
        columns = range(len(case[0]))
        mean = [math.fsum(row[j] for row in case) / len(case) for j in columns]
        size = math.hypot(*mean)
        first = [x if size <= v else x / size * v for x in mean]
        shorter = [row if math.hypot(*row) <= v else [x / math.hypot(*row) * v for x in row] for row in case]
        second = [math.fsum(row[j] for row in shorter) / len(case) for j in columns]
        p, q = math.hypot(*first), math.hypot(*second)
        along = math.fsum(x * y for x, y in zip(first, second, strict=True)) / p / q
        across = math.hypot(*(y / q - along * x / p for x, y in zip(first, second, strict=True)))
        cases.append({"clip_of_average": first, "average_of_clips": second,
                      "turn": math.degrees(math.atan2(across, along))})  # fmt: skip
    batch, size = g.shape[:-2], g.shape[-1:]
    shapes = {"clip_of_average": (*batch, *size), "average_of_clips": (*batch, *size), "turn": batch}
    return {name: np.array([case[name] for case in cases]).reshape(shape) for name, shape in shapes.items()}


def sample(rng):
    batch = [(), (2,)][int(rng.integers(2))]
    g = rng.normal(size=(*batch, int(rng.integers(2, 6)), int(rng.integers(2, 4)))) + 0.7
    g[..., 0, 0] += 6.0
    g[..., 1, 1] += 2.0
    return {"g": g, "v": float(rng.uniform(0.5, 1.5))}


PAIRS = ((3, 4), (4, 3), (6, 8), (8, 6), (5, 12), (12, 5), (9, 12), (12, 9), (8, 15), (15, 8), (12, 16), (16, 12))


def variant(rng):
    """Two gradients of whole length (3-4-5 and the like) and signs, the threshold below both and below the average."""
    while True:
        (a, b), (c, d) = (PAIRS[int(i)] for i in rng.integers(len(PAIRS), size=2))
        signs = rng.choice([-1, 1], size=4)
        g = np.array([[a, b], [c, d]]) * signs.reshape(2, 2)
        v = int(rng.choice([1, 2, 3, 4]))
        average, clips = np.mean(g, axis=0), np.mean(_clipped(g, v), axis=0)
        lengths = _norm(g).ravel()
        size = np.linalg.norm(clips) / v
        if abs(lengths[0] - lengths[1]) < 2 or np.min(lengths) <= v or not 0.2 < size < 0.85:
            continue
        apart = np.linalg.norm(clips / np.linalg.norm(clips) - average / np.linalg.norm(average))
        if apart > 0.25 and np.linalg.norm(average) > 1.2 * v and np.all(np.abs(clips) > 0.05):
            return {"g": g.tolist(), "v": v}


# ---- Mistakes and claims.


def _norm(g):
    return np.sqrt(np.sum(g**2, axis=-1, keepdims=True))


def _clipped(g, v):
    return g * v / np.maximum(_norm(g), v)


def _mean(g):
    return np.mean(g, axis=-2)


def _swap(rule):
    """One rule taken for the other, left out where they agree."""

    def value(g, v):
        return rule(g, v) if not np.allclose(_mean(_clipped(g, v)), _clipped(_mean(g), v)) else {}

    return value


MISTAKES = (
    Mistake("order-does-not-matter", "以为先后无所谓，算成了先截断再平均",
            "takes the order to be immaterial: clipped first, then averaged",
            _swap(lambda g, v: {"clip_of_average": _mean(_clipped(g, v)), "turn": np.zeros(g.shape[:-2])})),
    Mistake("averaged-first", "先平均后截断了；这里每个梯度先各自截断",
            "averaged first; here each gradient is clipped on its own",
            _swap(lambda g, v: {"average_of_clips": _clipped(_mean(g), v)})),
    Mistake("sum-not-average", "求和后忘了除以 B", "summed, but not divided by B",
            lambda g, v: {"average_of_clips": np.sum(_clipped(g, v), axis=-2)}),
    Mistake("clipped-again", "平均之后又缩到了长度 v；截断后的平均本来就不超过 v，不必再缩",
            "the average was stretched to length v; it is v long at most and stays as it is",
            _swap(lambda g, v: {"average_of_clips": v * _mean(_clipped(g, v)) / _norm(_mean(_clipped(g, v)))})),
    Mistake("not-clipped", "忘了截断", "not clipped at all", _swap(lambda g, v: {"clip_of_average": _mean(g)})),
)  # fmt: skip


def _along(given, out):
    mean = _mean(given["g"])
    lengths = _norm(mean) * _norm(out["clip_of_average"])
    return (out["clip_of_average"] * _norm(mean) - mean * _norm(out["clip_of_average"])) / lengths


def _short(given, out):
    both = np.stack([_norm(out["clip_of_average"]), _norm(out["average_of_clips"])])
    return np.maximum(both / given["v"] - 1, 0.0)


def _weighted(given, out):
    """The average of the clipped gradients is the one with weights v/|g_b| (1 for short ones)."""
    weights = np.minimum(given["v"] / np.maximum(_norm(given["g"]), 1e-300), 1.0)
    return (out["average_of_clips"] - _mean(weights * given["g"])) / given["v"]


def _agree(given, out):
    """Where no gradient is longer than v, nothing is clipped: both are the average."""
    idle = np.max(_norm(given["g"]), axis=-2) <= given["v"]
    both = np.stack([out["clip_of_average"], out["average_of_clips"]]) - _mean(given["g"])
    return np.where(idle, both, 0.0) / given["v"]


CLAIMS = (
    Claim("average-first-keeps-direction", zh="先平均再截断：方向就是平均梯度的方向",
          en="averaged, then clipped: the direction is that of the average", residual=_along),
    Claim("long-ones-count-less", zh="先截断再平均等于加权平均，权重 min(1, v/‖g‖)：长的梯度被压低",
          en="clipped, then averaged: a weighted average with weights min(1, v/|g|), in which long ones count for less",
          residual=_weighted),
    Claim("at-most-v", zh="两种结果的长度都不超过 v", en="neither result is longer than v", residual=_short),
    Claim("same-without-clipping", zh="没有梯度超过 v 时，两者都等于平均梯度",
          en="where no gradient is longer than v both equal the average", residual=_agree),
)  # fmt: skip


def figure(given, out, steps):
    """The first case: both results, entry by entry, beside the average."""
    size = np.shape(given["g"])[-1]
    names = tuple(f"[{j}]" for j in range(min(size, 12)))
    marks = []
    for value, zh, en in ((steps["average"], "平均梯度", "average"),
                          (out["clip_of_average"], "先平均再截断", "average, then clip"),
                          (out["average_of_clips"], "先截断再平均", "clip, then average")):  # fmt: skip
        marks.append(Bars(names, np.reshape(value, (-1, size))[0, :12], {"zh": zh, "en": en}))
    title = {"zh": f"截断与平均的先后，v = {given['v']:g}", "en": f"clipping before or after, v = {given['v']:g}"}
    return Figure(title, tuple(marks), x={"zh": "分量", "en": "entry"}, y={"zh": "梯度", "en": "gradient"})


SOLVER = Solver(
    title={"zh": "先平均再截断，还是先截断再平均", "en": "clip the average, or average the clipped"},
    formula=r"\frac{v\,\bar g}{\max(\|\bar g\|,v)}\ \neq\ \frac1B\sum_b\frac{v\,g_b}{\max(\|g_b\|,v)}",
    params={
        "g": Param([[30.0, 0.0], [-1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0]],
                   {"zh": "每行一个样本（小批量）的梯度", "en": "gradients, one example (minibatch) a row"},
                   shape="(..., B, D)"),
        "v": Param(1.0, {"zh": "阈值", "en": "the threshold"}, kind="float"),
    },
    outputs={"clip_of_average": "1", "average_of_clips": "1", "turn": "degrees"},
    steps={
        "norms": {"zh": "各梯度的范数", "en": "norms of the gradients"},
        "factors": {"zh": "各梯度缩的比例", "en": "factor of each gradient"},
        "average": {"zh": "平均梯度", "en": "average gradient"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="plain Python, example by example",
    sample=sample,
    variant=variant,
    edges=(
        {"g": [[0.3, 0.4], [0.1, 0.1]], "v": 1.0},
        {"g": [[9.0], [-1.0], [-1.0], [-1.0]], "v": 1.0},
        {"g": [[0.0, 0.0], [5.0, 0.0]], "v": 1.0},
    ),
    tolerance={"float64": 1e-10, "float32": 1e-4},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"g": [1.0, 2.0]}, "g must have axes example and entry"),
        Reject({"g": [[float("inf"), 1.0]]}, "g must hold finite numbers"),
        Reject({"g": [[1.0], [-1.0]]}, "g must average to a vector that is not zero"),
        Reject({"v": -1.0}, "v must be positive"),
        Reject({"v": float("nan")}, "v must be positive"),
    ),
    figure=figure,
)  # fmt: skip
