"""Saddles for each minimum, if the signs of the n eigenvalues were independent coins that fall positive with chance p.

    minima p^n,   maxima (1-p)^n,   saddles the rest,   ratio = saddles / minima

A heuristic: eigenvalues of real matrices are not independent (they repel each other).
Shapes: p (...) -> minima, maxima, saddles, ratio (...); n is the dimension.
Errors: BadInput for a p outside 0 … 1 (its ends excluded), an n outside 1 … 200, a ratio beyond 1e30.
Reference: Goodfellow et al. (2016), section 8.2.3; Dauphin et al. (2014).
"""

from __future__ import annotations

import math

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

WIDEST = 200
MOST = 1_000_000


def check(n, p):
    require(1 <= n <= WIDEST, "n", f"lie between 1 and {WIDEST}", n)
    require(1 <= p.size <= MOST, "p", f"hold 1 to {MOST} numbers", p.size)
    require(np.all((p > 0) & (p < 1)), "p", "lie between 0 and 1, both excluded", p)
    require(np.all(n * np.log10(p) > -30), "p", "keep the saddles for each minimum below 1e30", p)


def compute(xp, note, n, p):
    minima, maxima = p**n, (1 - p) ** n
    note("minima_share", minima)
    # 1 - p^n - (1-p)^n would cancel where p is near 0 or 1
    few, many = -xp.expm1(n * xp.log1p(-p)) - minima, -xp.expm1(n * xp.log(p)) - maxima
    saddles = xp.where(p < 0.5, few, many) if n > 1 else xp.zeros_like(p)
    return {"minima": minima, "maxima": maxima, "saddles": saddles, "ratio": saddles / minima}


def oracle(n, p):
    """Adds the binomial probabilities of 1 … n-1 positive eigenvalues."""
    from scipy.stats import binom

    inner = np.arange(1, n).reshape(-1, *[1] * np.ndim(p))
    saddles = np.sum(binom.pmf(inner, n, p), axis=0) if n > 1 else np.zeros_like(p)
    minima, maxima = binom.pmf(n, n, p), binom.pmf(0, n, p)
    return {"minima": minima, "maxima": maxima, "saddles": saddles, "ratio": saddles / minima}


def sample(rng):
    return {"n": int(rng.integers(2, 9)), "p": rng.uniform(0.3, 0.9, size=int(rng.integers(1, 4)))}


def variant(rng):
    """Chances at which the maxima can be told from nothing: at least 2.5 % of the saddles."""
    while True:
        n, p = int(rng.integers(2, 9)), int(rng.integers(80, 321)) / 400
        minima, maxima = p**n, (1 - p) ** n
        if p != 0.5 and maxima > 0.025 * (1 - minima - maxima):
            return {"n": n, "p": p}


# ---- Mistakes.


def _wrong(**rules):
    def value(n, p):
        saddles = 1 - p**n - (1 - p) ** n
        right = {"ratio": saddles / p**n, "minima": p**n, "saddles": saddles}
        wrong = {name: rule(n, p) + 0 * p for name, rule in rules.items()}
        return {name: v for name, v in wrong.items() if not np.allclose(v, right[name], rtol=1e-3)}

    return value


MISTAKES = (
    Mistake("maxima-among-saddles", "把极大点也算成了鞍点", "counted the maxima as saddles",
            _wrong(ratio=lambda n, p: (1 - p**n) / p**n, saddles=lambda n, p: 1 - p**n)),
    Mistake("over-all", "除以了全部临界点，应除以极小点", "divided by all critical points, not by the minima",
            _wrong(ratio=lambda n, p: 1 - p**n - (1 - p) ** n)),
    Mistake("maxima-forgotten-fair", "那是公平硬币的 2^n − 2", "that is 2^n - 2, the ratio for fair coins",
            _wrong(ratio=lambda n, p: 2.0**n - 2)),
    Mistake("one-exponent-short", "n 个特征值都要为正：指数是 n",
            "all n eigenvalues must be positive: the exponent is n",
            _wrong(ratio=lambda n, p: (1 - p ** (n - 1) - (1 - p) ** (n - 1)) / p ** (n - 1),
                   saddles=lambda n, p: 1 - p ** (n - 1) - (1 - p) ** (n - 1))),
    Mistake("one-negative-only", "只数了恰有一个负特征值的情形", "counted exactly one negative eigenvalue only",
            _wrong(saddles=lambda n, p: n * p ** (n - 1) * (1 - p))),
    Mistake("times-n", "n 个独立事件同时发生是乘方，不是乘 n",
            "n independent events together are a power, not a multiple",
            _wrong(minima=lambda n, p: p / n)),
    Mistake("negative-for-positive", "算成了全负（极大点）", "that is all negative: the maxima",
            _wrong(minima=lambda n, p: (1 - p) ** n)),
)  # fmt: skip


# ---- Claims.


def _fair(given, out):
    """2^n - 2 at p = 1/2."""
    right = 2.0 ** given["n"] - 2
    fair = np.abs(given["p"] - 0.5) < 1e-9
    return np.where(fair, (out["ratio"] - right) / (1 + right), 0.0)


def _grows(given, out):
    """At p <= 1/2 another dimension at least doubles the ratio."""
    n, p = given["n"] + 1, given["p"]
    after = (1 - p**n - (1 - p) ** n) / p**n
    return np.where(p <= 0.5, np.maximum(2 * out["ratio"] - after, 0) / (1 + after), 0.0)


def _fewer_at_low_cost(given, out):
    """A larger p, as at low cost, leaves fewer saddles for each minimum."""
    q = (given["p"] + 1) / 2
    n = given["n"]
    fewer = (1 - q**n - (1 - q) ** n) / q**n
    return np.maximum(fewer - out["ratio"], 0) / (1 + out["ratio"])


CLAIMS = (
    Claim("fair-coins", "p = 1/2 时，每个极小点对应 2^n − 2 个鞍点",
          "at p = 1/2 there are 2^n - 2 saddles for each minimum",
          _fair),
    Claim("grows-exponentially", "p ≤ 1/2 时，维数每加一，鞍点与极小点之比至少翻倍",
          "for p <= 1/2 each further dimension at least doubles the saddles for each minimum", _grows),
    Claim("lower-cost-more-minima", "正的可能越大（代价越低），每个极小点对应的鞍点越少",
          "the likelier a positive sign, as at low cost, the fewer saddles for each minimum", _fewer_at_low_cost),
    Claim("adds-up", "三类占全部", "the three kinds make up the whole",
          lambda given, out: out["minima"] + out["maxima"] + out["saddles"] - 1),
)  # fmt: skip


def figure(given, out, steps):
    shown = float(np.ravel(given["p"])[0])
    lines = []
    for p in sorted({0.5, 0.7, 0.9, shown}):
        sizes = np.arange(2, max(3, min(30, math.floor(-30 / math.log10(p)))) + 1)
        ratio = (1 - p**sizes - (1 - p) ** sizes) / p**sizes
        lines.append(Lines(sizes, np.maximum(ratio, 1e-9), {"zh": f"p = {p:g}", "en": f"p = {p:g}"}))
    first = float(np.ravel(out["ratio"])[0])
    here = Scatter(np.array([given["n"]]), np.array([first]), {"zh": "这里", "en": "here"})
    return Figure(
        {"zh": "每个极小点对应多少个鞍点（硬币模型）", "en": "saddles for each minimum, eigenvalues as coins"},
        (*lines, *((here,) if first > 0 else ())),
        x={"zh": "维数 n", "en": "dimension n"},
        y={"zh": "鞍点 / 极小点", "en": "saddles / minima"},
        log="y",
    )


SOLVER = Solver(
    title={"zh": "硬币模型：鞍点与极小点之比", "en": "saddles for each minimum, eigenvalues as coins"},
    formula=r"\frac{1-p^n-(1-p)^n}{p^n}",
    params={
        "n": Param(10, {"zh": "维数", "en": "dimension"}, kind="int"),
        "p": Param(0.5, {"zh": "一个特征值为正的概率", "en": "chance that an eigenvalue is positive"}, shape="(...)"),
    },
    outputs=dict.fromkeys(("minima", "maxima", "saddles", "ratio"), "1"),
    steps={"minima_share": {"zh": "极小点的比例 p^n", "en": "share of minima, p^n"}},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="scipy.stats.binom, added up",
    sample=sample,
    variant=variant,
    edges=({"n": 1, "p": [0.5, 0.9, 3e-16]}, {"n": 2, "p": [0.5, 1e-9, 0.999999999]}, {"n": 60, "p": [0.5, 0.99]}),
    tolerance={"float64": 1e-9, "float32": 1e-3},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"n": 0}, "n must lie between 1 and 200"),
        Reject({"n": 10**12}, "n must lie between 1 and 200"),
        Reject({"p": 1.0}, "p must lie between 0 and 1"),
        Reject({"p": [0.5, float("nan")]}, "p must lie between 0 and 1"),
        Reject({"n": 200, "p": 0.1}, "p must keep the saddles"),
    ),
    figure=figure,
)  # fmt: skip
