"""Softmax and log-softmax, by the naive formula and by the shifted one.

    softmax(x)_i = exp(x_i) / sum_j exp(x_j) = exp(x_i - m) / sum_j exp(x_j - m),  m = max_j x_j
    log softmax(x)_i = x_i - m - log sum_j exp(x_j - m)

Shapes: x (..., K) -> softmax, log_softmax (..., K), logsumexp (...). Logarithms are natural.
The outputs are the stable ones, in the run's own precision. The steps ``exp``, ``total``, ``naive``, ``shifted`` and
``log_of_shifted`` are computed in ``format`` ("run": the run's precision) and may hold inf and NaN: real arithmetic,
no model of it.
Errors: BadInput for scores that are not finite or beyond 1e12, and for more than 10,000 of them.
Reference: Goodfellow et al. (2016), section 4.1; Blanchard, Higham & Higham (2021), IMA J. Numer. Anal. 41(4).
"""

from __future__ import annotations

import decimal

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

LARGEST = 1e12
FORMATS = ("run", "float32")


def check(x, format):
    require(x.ndim >= 1 and x.shape[-1] >= 1, "x", "have at least one score", x)
    require(1 <= x.size <= 10_000, "x", "hold between 1 and 10000 scores", x.size)
    require(np.all(np.abs(x) <= LARGEST), "x", f"hold finite numbers of size at most {LARGEST:.0e}", x)


def compute(xp, note, x, format):
    v = xp.astype(x, xp.float32) if format == "float32" else x

    def tell(step, value):
        note(step, xp.astype(value, x.dtype))

    exps = xp.exp(v)
    tell("exp", exps)
    total = xp.sum(exps, axis=-1, keepdims=True)
    tell("total", total[..., 0])
    tell("naive", exps / total)
    down = xp.exp(v - xp.max(v, axis=-1, keepdims=True))
    shifted = down / xp.sum(down, axis=-1, keepdims=True)
    tell("shifted", shifted)
    tell("log_of_shifted", xp.log(shifted))

    top = xp.max(x, axis=-1, keepdims=True)
    z = x - top
    note("z", z)
    weights = xp.exp(z)
    denominator = xp.sum(weights, axis=-1, keepdims=True)
    note("denominator", denominator[..., 0])
    log_denominator = xp.log(denominator)
    return {
        "softmax": weights / denominator,
        "log_softmax": z - log_denominator,
        "logsumexp": (top + log_denominator)[..., 0],
    }


def oracle(x, format):
    """The naive formula where it cannot fail: 50 digits and exponents up to 10^18."""
    context = decimal.Context(prec=50, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
    rows = []
    for row in x.reshape(-1, x.shape[-1]):
        exps = [context.exp(decimal.Decimal(float(score))) for score in row]
        total = decimal.Decimal(0)
        for one in exps:
            total = context.add(total, one)
        shares = [context.divide(one, total) for one in exps]
        rows.append(([float(p) for p in shares], [float(context.ln(p)) for p in shares], float(context.ln(total))))
    softmax, logs, totals = (np.array(column) for column in zip(*rows, strict=True))
    return {
        "softmax": softmax.reshape(x.shape),
        "log_softmax": logs.reshape(x.shape),
        "logsumexp": totals.reshape(x.shape[:-1]),
    }


def sample(rng):
    batch, k = int(rng.integers(1, 4)), int(rng.integers(2, 7))
    middle = rng.choice([0.0, 0.0, 500.0, -2000.0])
    return {"x": middle + rng.normal(scale=3.0, size=(batch, k)), "format": str(rng.choice(FORMATS))}


def variant(rng):
    """Two or three whole scores a few units apart, most of them where exp has long overflowed or vanished."""
    base = 100 * int(rng.choice([*range(-30, -7), *range(8, 31), 0, 0, 0, 0]))
    steps = [0, *rng.choice(np.arange(1, 6), size=int(rng.integers(1, 3)), replace=False).tolist()]
    return {"x": [base + int(steps[i]) for i in rng.permutation(len(steps))]}


# ---- Mistakes: each gives what it changes.


def _stable(x):
    top = x.max(axis=-1, keepdims=True)
    total = np.exp(x - top).sum(axis=-1, keepdims=True)
    return {
        "softmax": np.exp(x - top) / total,
        "log_softmax": x - top - np.log(total),
        "logsumexp": (top + np.log(total))[..., 0],
    }


def _mistake(rule):
    def value(x, format):
        with np.errstate(all="ignore"):
            right, wrong = _stable(x), rule(x, np.float32 if format == "float32" else np.float64)
        return {name: v for name, v in wrong.items() if not np.allclose(v, right[name], rtol=1e-5, atol=1e-300)}

    return value


def _naive(x, dtype):
    exps = np.exp(x.astype(dtype))
    total = exps.sum(axis=-1, keepdims=True)
    naive = {"softmax": exps / total, "log_softmax": np.log(exps / total), "logsumexp": np.log(total)[..., 0]}
    return {name: value.astype(np.float64) for name, value in naive.items()}


def _log_of_shifted(x, dtype):
    v = x.astype(dtype)
    down = np.exp(v - v.max(axis=-1, keepdims=True))
    return {"log_softmax": np.log(down / down.sum(axis=-1, keepdims=True)).astype(np.float64)}


def _max_forgotten(x, dtype):
    return {"logsumexp": _stable(x - x.max(axis=-1, keepdims=True))["logsumexp"]}


def _sum_forgotten(x, dtype):
    top = x.max(axis=-1, keepdims=True)
    return {"log_softmax": x - top, "logsumexp": top[..., 0]}


def _log_forgotten(x, dtype):
    z = x - x.max(axis=-1, keepdims=True)
    return {"log_softmax": z - np.exp(z).sum(axis=-1, keepdims=True)}


def _divided(x, dtype):
    return (
        {"log_softmax": _stable(x / np.abs(x).max(axis=-1, keepdims=True))["log_softmax"]}
        if np.all(x.any(axis=-1))
        else {}
    )


def _plain_shares(x, dtype):
    return {"softmax": x / x.sum(axis=-1, keepdims=True)}


def _softmin(x, dtype):
    flipped = _stable(-x)
    return {"softmax": flipped["softmax"], "log_softmax": flipped["log_softmax"]}


# ---- Claims.


def _shift_invariant(given, out):
    moved = _stable(given["x"] + 123.0)
    return np.stack([moved[name] - out[name] for name in ("softmax", "log_softmax")]) / (1 + np.abs(out["log_softmax"]))


def _safe_denominator(given, out):
    """How far sum exp(x - m) lies outside [1, K], and the largest z from 0."""
    k = given["x"].shape[-1]
    outside = np.minimum(out["denominator"] - 1, 0) + np.maximum(out["denominator"] - k, 0)
    return outside / k + np.abs(out["z"].max(axis=-1))


def _logs_keep_digits(given, out):
    """log softmax lies between x - m - log K and x - m: never -inf for finite scores."""
    z = given["x"] - given["x"].max(axis=-1, keepdims=True)
    logs = out["log_softmax"]
    beyond = np.maximum(logs - z, 0) + np.maximum(z - np.log(z.shape[-1]) - logs, 0)
    return beyond / (1 + np.abs(z))


def _naive_inside(given, out):
    """Within +-80 both formats hold every exp and their sum (K at most 10,000 fits below e^88)."""
    x = given["x"]
    inside = np.all(np.abs(x) <= 75, axis=-1, keepdims=True)
    slack = 1e-4 if given["format"] == "float32" else 0.0  # what float32 keeps of a score of 75, with room
    gap = np.where(inside, out["naive"], 0.0) - np.where(inside, out["softmax"], 0.0)
    return np.maximum(np.abs(gap) - slack, 0.0)


def _naive_outside(given, out):
    """Beyond float64's range: inf/inf at the largest score above 710, 0/0 everywhere below -746."""
    x, lost = given["x"], np.isnan(out["naive"])
    top = x.max(axis=-1, keepdims=True)
    due = np.where(top > 710, x == top, top < -746)
    return np.where(due & ~lost, 1.0, 0.0)


def figure(given, out, steps):
    z, right, log = (
        np.reshape(a, (-1, a.shape[-1]))[0] for a in (steps["z"], out["log_softmax"], steps["log_of_shifted"])
    )
    order = np.argsort(z)
    there = order[np.isfinite(log[order])]
    return Figure(
        title={
            "zh": "对数概率：直接算，还是先算概率再取对数",
            "en": "Log-probabilities: direct, or the log of the probability",
        },
        marks=(
            Lines(z[order], right[order], {"zh": "log-softmax", "en": "log-softmax"}),
            Scatter(z[there], log[there], {"zh": "log(softmax)，-inf 不画", "en": "log(softmax), -inf left out"}),
        ),
        x={"zh": "与最大分数之差", "en": "score less the largest one"},
        y={"zh": "奈特", "en": "nats"},
    )


SOLVER = Solver(
    title={"zh": "softmax 的数值稳定性", "en": "Softmax without overflow"},
    formula=r"\log\mathrm{softmax}(x)_i=x_i-m-\log\sum_j e^{x_j-m},\quad m=\max_j x_j",
    params={
        "x": Param([1000.0, 1001.0, 1003.0], {"zh": "分数（logit）", "en": "the scores (logits)"}, shape="(..., K)"),
        "format": Param(
            "run",
            {
                "zh": "朴素公式所用的浮点格式；run 即本次运行的精度",
                "en": "format of the naive formula; run: this run's own",
            },
            kind="choice",
            choices=FORMATS,
        ),
    },
    outputs={"softmax": "1", "log_softmax": "nats", "logsumexp": "nats"},
    steps={
        "exp": {"zh": "朴素：e^x", "en": "naive: e^x"},
        "total": {"zh": "朴素：分母 Σe^x", "en": "naive: denominator, sum of e^x"},
        "naive": {"zh": "朴素的 softmax", "en": "naive softmax"},
        "shifted": {"zh": "同一格式，先减最大值", "en": "same format, largest score subtracted"},
        "log_of_shifted": {"zh": "再取对数", "en": "the logarithm of that"},
        "z": {"zh": "z = x − max x", "en": "z = x - max x"},
        "denominator": {"zh": "分母 Σe^z，在 1 与 K 之间", "en": "denominator, sum of e^z, from 1 to K"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="the naive formula in decimal arithmetic: 50 digits, no overflow",
    sample=sample,
    variant=variant,
    edges=(
        {"x": [0.0, -1000.0]},
        {"x": [0.0, -200.0], "format": "float32"},
        {"x": [88.0, 88.0, 88.0], "format": "float32"},
        {"x": [709.0, 709.0, 709.0]},
        {"x": [-800.0, -801.0]},
        {"x": [100.0, 0.0], "format": "float32"},
        {"x": [7.0]},
        {"x": [0.0, 0.0, 0.0, 0.0]},
        {"x": [[1e9, 0.0, -1e9], [1.0, 2.0, 3.0]]},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    claims=(
        Claim(
            "sums-to-one",
            zh="各分量非负，和为 1",
            en="the components are non-negative and sum to 1",
            residual=lambda given, out: out["softmax"].sum(axis=-1) - 1 + np.minimum(out["softmax"], 0.0).sum(axis=-1),
        ),
        Claim(
            "shift-invariant",
            zh="所有分数加同一个数，softmax 不变",
            en="one number added to every score leaves softmax as it is",
            residual=_shift_invariant,
        ),
        Claim(
            "safe-denominator",
            zh="减去最大值后，最大的指数是 0，分母在 1 与 K 之间",
            en="after the shift the largest exponent is 0 and the denominator lies between 1 and K",
            residual=_safe_denominator,
        ),
        Claim(
            "logs-stay-finite",
            zh="log-softmax 总在 z − log K 与 z 之间，分数有限它就有限",
            en="log-softmax lies between z - log K and z: finite for finite scores",
            residual=_logs_keep_digits,
        ),
        Claim(
            "naive-works-inside",
            zh="分数都在 ±75 以内时，朴素公式与稳定公式一致",
            en="with all scores within +-75 the naive formula agrees with the stable one",
            residual=_naive_inside,
        ),
        Claim(
            "naive-breaks-outside",
            zh="最大分数超过 710 或低于 −746 时，朴素公式得到 NaN",
            en="with the largest score above 710 or below -746 the naive formula gives NaN",
            residual=_naive_outside,
        ),
    ),
    mistakes=(
        Mistake(
            "naive", "直接求指数，没有先减最大值", "exponentials without the shift by the maximum", _mistake(_naive)
        ),
        Mistake(
            "log-of-softmax",
            "先算 softmax 再取对数：概率下溢为 0，对数成了 −∞",
            "the log of a finished softmax: the probability underflows to 0, its log is -inf",
            _mistake(_log_of_shifted),
        ),
        Mistake(
            "max-not-added-back",
            "减掉的最大值没有加回来",
            "the subtracted maximum was not added back",
            _mistake(_max_forgotten),
        ),
        Mistake(
            "sum-dropped",
            "漏了 log Σexp(x−m) 这一项",
            "the term log sum exp(x - m) is missing",
            _mistake(_sum_forgotten),
        ),
        Mistake(
            "log-dropped",
            "减的是 Σexp(x−m)，没有取对数",
            "sum exp(x - m) was subtracted without its log",
            _mistake(_log_forgotten),
        ),
        Mistake(
            "divided-by-max",
            "除以了最大值：那相当于改温度，结果会变",
            "divided by the maximum: that is a change of temperature, not a shift",
            _mistake(_divided),
        ),
        Mistake(
            "plain-shares", "漏了指数：直接用 x 除以总和", "no exponential: x over its sum", _mistake(_plain_shares)
        ),
        Mistake(
            "sign-flipped",
            "符号反了：最大的分数得了最小的概率",
            "the sign is off: the largest score got the least",
            _mistake(_softmin),
        ),
    ),
    rejects=(
        Reject({"x": []}, "x must have at least one score"),
        Reject({"x": 3.0}, "x must have at least one score"),
        Reject({"x": [0.0, float("nan")]}, "x must hold finite numbers"),
        Reject({"x": [0.0, float("inf")]}, "x must hold finite numbers"),
        Reject({"x": [0.0, 1e13]}, "x must hold finite numbers of size at most 1e+12"),
        Reject({"x": [0.0] * 10_001}, "x must hold between 1 and 10000 scores"),
        Reject({"format": "float16"}, "format must be one of run, float32"),
    ),
    figure=figure,
)
