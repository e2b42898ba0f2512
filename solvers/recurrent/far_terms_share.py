"""A shared weight is used at every step: how much of its gradient still comes from far back.

    h_t = w h_{t-1} + x_t,  x_t = 1 - w,  h_0 = 1:  the state stays at 1, and
    d h_T / d w = sum_{k=0..T-1} w^k,      term k: the use at step T - k, k steps back
    far_share = sum_{k>=K} w^k / sum_k w^k = (w^K - w^T) / (1 - w^T)
    reach = |ln floor| / |ln w|            steps back at which w^k has come down to floor (w > 1: up to 1 / floor)

Shapes: w (...) -> slope, far_share, reach (...); terms (..., T), the latest first.
Errors: BadInput for w outside 0.01 ... 2 or within 1e-6 of 1, sizes out of range, terms beyond 1e12.
Reference: Bengio et al. (1994); Pascanu, Mikolov & Bengio (2013), section 2; Goodfellow et al. (2016), 10.7.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

MOST_STEPS, MOST_TERMS, LARGEST = 500, 1_000_000, 1e12


def check(w, steps, recent, floor):
    require(w.size >= 1 and np.all((w >= 0.01) & (w <= 2)), "w", "lie between 0.01 and 2", w)
    require(np.all(np.abs(w - 1) >= 1e-6), "w", "differ from 1", w)
    require(2 <= steps <= MOST_STEPS, "steps", f"lie between 2 and {MOST_STEPS}", steps)
    require(1 <= recent < steps, "recent", "lie between 1 and steps - 1", recent)
    require(1e-12 <= floor <= 0.99, "floor", "lie between 1e-12 and 0.99", floor)
    require(w.size * steps <= MOST_TERMS, "steps", f"keep all terms within {MOST_TERMS}", steps)
    require(steps * np.log(np.max(w)) <= np.log(LARGEST), "steps", f"keep w^steps within {LARGEST:.0e}", steps)


def compute(xp, note, w, steps, recent, floor):
    term, terms = xp.ones_like(w), []
    for _ in range(steps):
        terms.append(term)
        term = term * w
    rows = xp.stack(terms, axis=-1)
    note("terms", rows)
    slope = xp.sum(rows, axis=-1)
    return {
        "slope": slope,
        "far_share": xp.sum(rows[..., recent:], axis=-1) / slope,
        "reach": -float(np.log(floor)) / xp.abs(xp.log(w)),
    }


def oracle(w, steps, recent, floor):
    """Each use of w moved on its own, by a complex step; how many whole steps to the floor, and the rest of one."""
    import math

    out = {"slope": [], "far_share": [], "reach": []}
    for weight in w.reshape(-1).tolist():
        heard = []
        for use in range(1, steps + 1):
            h = 1 + 0j
            for t in range(1, steps + 1):
                h = (weight + (1e-30j if t == use else 0)) * h + (1 - weight)
            heard.append(h.imag / 1e-30)
        out["slope"].append(math.fsum(heard))
        out["far_share"].append(math.fsum(heard[: steps - recent]) / math.fsum(heard))
        out["reach"].append(abs(math.log(floor, weight)))
    return {name: np.array(found).reshape(w.shape) for name, found in out.items()}


def sample(rng):
    batch = [(), (3,)][int(rng.integers(2))]
    steps = int(rng.integers(3, 12))
    w = rng.uniform(0.5, 0.95, size=batch) if rng.integers(2) else rng.uniform(1.05, 1.4, size=batch)
    return {"w": w, "steps": steps, "recent": int(rng.integers(1, steps)), "floor": float(rng.uniform(0.01, 0.5))}


FLOORS = tuple(digit / scale for scale in (10, 100, 1000) for digit in range(1, 10) if digit / scale < 0.6)


def variant(rng):
    """A weight below 1 in hundredths; the far part neither nearly nothing nor what an endless past would give."""
    while True:
        w, steps = int(rng.integers(60, 99)) / 100, int(rng.integers(6, 41))
        recent = int(rng.integers(2, steps - 1))
        share, floor = _share(w, steps, recent), float(rng.choice(FLOORS))
        near = (1 - share, w**recent, (steps - recent) / steps, _share(w, steps, recent + 1))
        told_apart = all(abs(wrong / share - 1) > 0.06 for wrong in near)
        if share > 0.03 and told_apart and np.log(floor) / np.log(w) > 2:
            return {"w": w, "steps": steps, "recent": recent, "floor": floor}


# ---- Mistakes and claims.


def _share(w, steps, recent):
    return (w**recent - w**steps) / (1 - w**steps)


MISTAKES = (
    Mistake("one-use-only", "只算了最早的那次使用；每一步都用到 w，各贡献一项",
            "counted the earliest use alone; w is used at every step, and each use adds a term",
            lambda w, steps, recent, floor: {"slope": w ** (steps - 1)}),
    Mistake("uses-count-alike", "把各次使用看作同样重要；k 步之前的那次只有 w^k",
            "takes all uses to count alike; the one k steps back counts w^k",
            lambda w, steps, recent, floor: {"far_share": 0 * w + (steps - recent) / steps}),
    Mistake("endless-past", "w^K 是序列无限长时的比例；这里只有 T 步",
            "w^K would be the share in an endless sequence; this one has T steps",
            lambda w, steps, recent, floor: {"far_share": w**recent} if np.all(w < 1) else {}),
    Mistake("near-for-far", "那是近处的那一部分", "that is the part of the recent uses",
            lambda w, steps, recent, floor: {"far_share": 1 - _share(w, steps, recent)}),
    Mistake("one-step-off", "漏了恰好 K 步之前的那一项", "the term exactly K steps back was left out",
            lambda w, steps, recent, floor: {"far_share": _share(w, steps, recent + 1)}),
    Mistake("falls-by-the-same", "每步减去同样多；梯度每步乘 w", "took the same off at each step; each multiplies by w",
            lambda w, steps, recent, floor: {"reach": (1 - floor) / np.abs(1 - w)}),
    Mistake("half-life-for-all", "那是减半所需的步数", "those are the steps to one half",
            lambda w, steps, recent, floor: {"reach": np.log(2) / np.abs(np.log(w))} if floor != 0.5 else {}),
    Mistake("log-to-base-ten", "两个对数的底不一样", "the two logarithms have different bases",
            lambda w, steps, recent, floor: {"reach": -np.log10(floor) / np.abs(np.log(w))}),
)  # fmt: skip


def _drowned(given, out):
    """Below 1 the far uses have less than an equal share, and at most w^K; above 1 they have more."""
    w, equal = given["w"], (given["steps"] - given["recent"]) / given["steps"]
    most = np.minimum(equal, np.minimum(w, 1.0) ** given["recent"])
    return np.where(w < 1, np.maximum(out["far_share"] - most, 0.0), np.maximum(equal - out["far_share"], 0.0))


CLAIMS = (
    Claim("geometric-sum", zh="∂h_T/∂w 是 w 的各次幂之和：(1−w)·∂h_T/∂w = 1 − w^T",
          en="dh_T/dw adds up the powers of w: (1 - w) dh_T/dw = 1 - w^T",
          residual=lambda given, out: ((1 - given["w"]) * out["slope"] - 1 + given["w"] ** given["steps"])
          / (1 + given["w"] ** given["steps"])),
    Claim("far-uses-drown", zh="w < 1 时 K 步以前的那些使用至多占 w^K，远处的被淹没；w > 1 时反而超过平均份额",
          en="with w < 1 uses K or more steps back have at most w^K of the sum; with w > 1, more than an equal share",
          residual=_drowned),
    Claim("total-stays", zh="总和不会消失：最近一次使用的那一项始终是 1",
          en="the sum itself does not vanish: the term of the latest use is always 1",
          residual=lambda given, out: np.maximum(1 - out["slope"], 0.0)),
    Claim("down-to-the-floor", zh="往回走 reach 步，w^k 恰好降到 floor（w > 1 时升到它的倒数）",
          en="reach steps back w^k is down to floor, or up to its inverse where w > 1",
          residual=lambda given, out: np.minimum(given["w"], 1 / given["w"]) ** out["reach"] - given["floor"]),
)  # fmt: skip


def figure(given, out, steps):
    """Up to five weights: the terms over the steps back."""
    weights, rows = np.ravel(given["w"])[:5], np.reshape(steps["terms"], (-1, given["steps"]))
    marks = []
    for w, row in zip(weights, rows, strict=False):
        label = {"zh": f"w = {w:.3g}", "en": f"w = {w:.3g}"}
        marks.append(Lines(np.arange(given["steps"]), np.maximum(row, 1e-30), label))
    return Figure(
        title={"zh": "各次使用对 ∂h_T/∂w 的贡献", "en": "what each use of w adds to dh_T/dw"},
        marks=tuple(marks),
        x={"zh": "往回的步数 k", "en": "steps back k"},
        y={"zh": "贡献 w^k", "en": "term w^k"},
        log="y",
    )


SOLVER = Solver(
    title={"zh": "共用的权重：远处的使用还占多少", "en": "a shared weight: what its far uses still count"},
    formula=r"\frac{\partial h_T}{\partial w}=\sum_{k=0}^{T-1}w^k,\qquad\frac{\sum_{k\ge K}w^k}{\sum_kw^k}"
    r"=\frac{w^K-w^T}{1-w^T}",
    params={
        "w": Param([0.9, 1.1], {"zh": "各步共用的权重", "en": "the weight, the same at every step"}, shape="(...)"),
        "steps": Param(100, {"zh": "步数 T", "en": "steps T"}, kind="int"),
        "recent": Param(50, {"zh": "往回不到 K 步的算近处", "en": "fewer than K steps back is recent"}, kind="int"),
        "floor": Param(0.01, {"zh": "降到多少才算消失", "en": "the size at which a term counts as gone"}, kind="float"),
    },
    outputs={"slope": "1", "far_share": "1", "reach": "steps"},
    steps={"terms": {"zh": "各项 w^k，最近的在前", "en": "terms w^k, the latest first"}},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="one use at a time, by complex steps",
    sample=sample,
    variant=variant,
    edges=(
        {"w": [0.5, 1.5], "steps": 2, "recent": 1},
        {"w": 0.01, "steps": 60, "recent": 59},
        {"w": 0.999999, "steps": 100, "recent": 50, "floor": 0.99},
    ),
    tolerance={"float64": 1e-9, "float32": 2e-4},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"w": -0.5}, "w must lie between 0.01 and 2"),
        Reject({"w": [0.9, float("nan")]}, "w must lie between 0.01 and 2"),
        Reject({"w": 1.0}, "w must differ from 1"),
        Reject({"steps": 1}, "steps must lie between 2 and 500"),
        Reject({"steps": 10**9}, "steps must lie between 2 and 500"),
        Reject({"recent": 100}, "recent must lie between 1 and steps - 1"),
        Reject({"floor": 0}, "floor must lie between 1e-12 and 0.99"),
        Reject({"w": np.full(20_000, 0.9)}, "steps must keep all terms"),
        Reject({"w": 1.5, "steps": 100, "recent": 50}, "steps must keep w^steps within"),
    ),
    figure=figure,
)  # fmt: skip
