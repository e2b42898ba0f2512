"""How much of the data a bootstrap resample sees:  1 - (1 - 1/n)^n, which falls to 1 - 1/e.

n examples, n draws with replacement; an example is missed by one draw with probability 1 - 1/n, by all n with its
n-th power. ``complete`` is the chance n!/n^n that nothing at all is missed. ``seeing``, ``blind`` and ``whole`` are how
many of the resamples one expects to hold a given example, to miss it, and to miss nothing. ``measured`` is the mean
share over the drawn resamples, ``distinct`` each resample's count.
Shapes: numbers, but distinct (resamples,). Not batched: the shape of the draws follows from the arguments.
Statistics: one draw changes ``measured`` by at most 1/(n resamples), so McDiarmid's inequality bounds its distance from
the expectation: more than sqrt(log(2/odds) / (2 n resamples)) happens with at most those odds, for every n.
Errors: BadInput for n outside 1 … 100000, no resample, more than two million draws.
Reference: Efron & Tibshirani (1993), chapter 17; Breiman (1996); Goodfellow et al. (2016), section 7.11.
"""

from __future__ import annotations

import math

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

LIMIT = 1 - math.exp(-1)
DRAWS = 2_000_000
ODDS = 1e-9


def check(n, resamples):
    require(1 <= n <= 100_000, "n", "lie between 1 and 100000", n)
    require(resamples >= 1, "resamples", "be at least 1", resamples)
    require(n * resamples <= DRAWS, "resamples", f"keep the draws within {DRAWS}", n * resamples)


def noise(rng, n, resamples):
    """Which example each draw takes, 0 … n-1, as floats: they bring the run's floating type along."""
    return {"picks": rng.integers(0, n, size=(resamples, n)).astype(np.float64)}


def compute(xp, note, n, resamples, picks):
    one = xp.ones_like(picks[0, 0])
    missed = xp.exp(n * xp.log1p(-one / n))
    note("missed", missed)
    ordered = xp.sort(picks, axis=1)
    fresh = xp.where(ordered[:, 1:] > ordered[:, :-1], xp.ones_like(ordered[:, 1:]), xp.zeros_like(ordered[:, 1:]))
    distinct = 1 + xp.sum(fresh, axis=1)
    note("distinct", distinct)
    ranks = xp.arange(1, n + 1, dtype=picks.dtype, device=picks.device)
    coverage = -xp.expm1(n * xp.log1p(-one / n))
    complete = xp.exp(xp.sum(xp.log(ranks / n)))
    return {
        "coverage": coverage,
        "excess": coverage - LIMIT,
        "complete": complete,
        "seeing": resamples * coverage,
        "blind": resamples * missed,
        "whole": resamples * complete,
        "measured": xp.mean(distinct) / n,
    }


def oracle(n, resamples, picks):
    """Whole-number arithmetic for the formulas, sets for the counting."""
    every, none = n**n, (n - 1) ** n
    kinds = [len(set(row.tolist())) for row in picks]
    return {
        "coverage": np.float64((every - none) / every),
        "excess": np.float64((every - none) / every + math.expm1(-1)),
        "complete": np.float64(math.factorial(n) / every),
        "seeing": np.float64(resamples * (every - none) / every),
        "blind": np.float64(resamples * none / every),
        "whole": np.float64(resamples * math.factorial(n) / every),
        "measured": np.float64(sum(kinds) / (n * resamples)),
    }


def sample(rng):
    return {"n": int(rng.integers(2, 60)), "resamples": int(rng.integers(1, 40))}


def variant(rng):
    """A data set small enough for a calculator, and a bag of 20 to 500 models."""
    return {"n": int(rng.integers(3, 21)), "resamples": 10 * int(rng.integers(2, 51))}


def _complete(rule):
    """A mistake about the chance to miss nothing, for data sets of two examples or more."""

    def value(n, resamples, picks):
        return {"complete": np.float64(rule(n)), "whole": np.float64(resamples * rule(n))} if n >= 2 else {}

    return value


def _share(rule):
    """A mistake about the share that is seen, and so about the share that is missed."""

    def value(n, resamples, picks):
        if n < 2:
            return {}
        seen, missed = np.float64(rule(n)), np.float64(1 - rule(n))
        return {"coverage": seen, "missed": missed, "seeing": resamples * seen, "blind": resamples * missed}

    return value


def _repeats_count(n, resamples, picks):
    return {"measured": np.float64(1.0)} if n >= 2 else {}


MISTAKES = (
    Mistake("missed-share", "抽到与没抽到弄反了：没抽到的概率是 (1−1/n)^n",
            "seen and missed are exchanged: (1 - 1/n)^n is the chance to be missed",
            _share(lambda n: (1 - 1 / n) ** n)),
    Mistake("one-draw", "1/n 是一次抽取命中的概率，一共抽 n 次", "1/n is the chance of one draw; there are n of them",
            _share(lambda n: 1 / n)),
    Mistake("draws-add-up", "把 n 次抽取的概率直接相加，得到 1；重复的抽取不能重复计",
            "the n draws were added up to 1: an example drawn twice counts once", _share(lambda n: 1.0)),
    Mistake("last-draw-lost", "指数少了 1：每个样本要躲过 n 次抽取",
            "the exponent is one short: it has n draws to miss", _share(lambda n: 1 - (1 - 1 / n) ** (n - 1))),
    Mistake("takes-the-limit", "这是 n → ∞ 的极限，n 小的时候差得不少",
            "that is the limit for n to infinity, which small n do not reach", _share(lambda n: LIMIT)),
    Mistake("without-replacement", "不放回地抽 n 次会抽到全部；自助法是有放回的",
            "n draws without replacement see everything; the bootstrap replaces", _complete(lambda n: 1.0)),
    Mistake("power-of-coverage", "各样本是否被抽到不独立，不能把概率乘起来",
            "whether examples are drawn is not independent: their chances cannot be multiplied",
            _complete(lambda n: (1 - (1 - 1 / n) ** n) ** n)),
    Mistake("one-order-only", "全部抽到有 n! 种次序，不是一种", "all can be drawn in n! orders, not in one",
            _complete(lambda n: float(n) ** -n)),
    Mistake("repeats-count", "重复的样本也计了数", "repeated examples were counted again", _repeats_count),
)  # fmt: skip


def _power(given, out):
    return out["coverage"] - (1 - (1 - 1 / given["n"]) ** given["n"])


def _all_or_not(given, out):
    """Each resample either holds an example or misses it; those that miss nothing are among those that hold it."""
    apart = out["seeing"] + out["blind"] - given["resamples"]
    return np.stack([apart, np.maximum(out["whole"] - out["seeing"], 0.0)]) / given["resamples"]


def _from_above(given, out):
    """0 <= excess <= 1/(e n)."""
    over = np.maximum(out["excess"] - math.exp(-1) / given["n"], 0.0)
    return np.stack([over, np.minimum(out["excess"], 0.0)])


def _monte_carlo(given, out):
    allowed = np.sqrt(np.log(2 / ODDS) / (2 * given["n"] * given["resamples"]))
    return np.maximum(np.abs(out["measured"] - out["coverage"]) - allowed, 0.0)


def _mostly_incomplete(given, out):
    """n!/n^n <= 4^-floor((n-1)/2): the factors k/n and (n-k)/n of a pair multiply to 1/4 at most."""
    return np.maximum(out["complete"] - 0.5 ** (2 * ((given["n"] - 1) // 2)), 0.0)


def figure(given, out, steps):
    sizes = np.unique(np.round(np.geomspace(1, max(100, given["n"]), 60)))
    share = np.asarray(steps["distinct"]) / given["n"]
    return Figure(
        title={"zh": "自助样本包含原始样本的比例", "en": "share of the examples in a bootstrap resample"},
        marks=(
            Lines(sizes, 1 - (1 - 1 / sizes) ** sizes, {"zh": "1−(1−1/n)^n", "en": "1-(1-1/n)^n"}),
            Lines(sizes, np.full(sizes.shape, LIMIT), {"zh": "1−1/e", "en": "1-1/e"}),
            Scatter(np.full(share.shape, float(given["n"])), share, {"zh": "抽到的样本", "en": "drawn resamples"}),
        ),
        x={"zh": "n", "en": "n"},
        y={"zh": "比例", "en": "share"},
        log="x",
    )


SOLVER = Solver(
    title={"zh": "自助采样覆盖多少原始样本", "en": "how much a bootstrap resample covers"},
    formula=r"1-\left(1-\frac{1}{n}\right)^{n}\ \rightarrow\ 1-\frac{1}{e}",
    params={
        "n": Param(100, {"zh": "样本数，也是抽取次数", "en": "examples, and draws"}, kind="int"),
        "resamples": Param(200, {"zh": "重采样的数据集个数", "en": "number of resamples"}, kind="int"),
    },
    outputs={
        "coverage": "1",
        "excess": "1",
        "complete": "1",
        "seeing": "resamples",
        "blind": "resamples",
        "whole": "resamples",
        "measured": "1",
    },
    steps={
        "missed": {"zh": "n 次都没抽到的概率", "en": "chance that n draws miss an example"},
        "distinct": {"zh": "每个重采样中的不同样本数", "en": "distinct examples in each resample"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="whole-number powers and factorials; Python sets",
    sample=sample,
    variant=variant,
    edges=(
        {"n": 1, "resamples": 1},
        {"n": 2, "resamples": 3},
        {"n": 1, "resamples": 5},
        {"n": 3000, "resamples": 2},
    ),
    noise=noise,
    tolerance={"float64": 1e-11, "float32": 1e-4},
    smooth=False,  # counts jump
    batched=False,
    claims=(
        Claim("each-draw-misses", zh="一个样本躲过全部 n 次抽取的概率是 (1−1/n)^n，其余就是覆盖率",
              en="an example misses all n draws with chance (1 - 1/n)^n; the rest is the coverage", residual=_power),
        Claim("seen-or-out-of-bag", zh="每个重采样要么含某个样本，要么对它是袋外；一个都不漏的必含它",
              en="a resample holds an example or leaves it out of bag; one that misses nothing holds it",
              residual=_all_or_not),
        Claim("falls-to-the-limit", zh="覆盖率始终在 1−1/e 之上，超出不多于 1/(en)",
              en="the coverage stays above 1 - 1/e, by no more than 1/(en)", residual=_from_above),
        Claim("monte-carlo", zh="抽出来的平均覆盖率与公式之差在 McDiarmid 界内（越界概率 ≤ 10⁻⁹）",
              en="the drawn coverage is within McDiarmid's bound of the formula (odds of a miss: 1e-9)",
              residual=_monte_carlo),
        Claim("something-is-missed", zh="一个都不漏的概率 n!/n^n 不超过 4^−⌊(n−1)/2⌋，很快就没有了",
              en="the chance n!/n^n to miss nothing is at most 4^-floor((n-1)/2): it soon vanishes",
              residual=_mostly_incomplete),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"n": 0}, "n must lie between 1 and 100000"),
        Reject({"n": 10**9}, "n must lie between 1 and 100000"),
        Reject({"n": "1/2"}, "n must be an integer"),
        Reject({"resamples": 0}, "resamples must be at least 1"),
        Reject({"n": 100_000, "resamples": 100}, "resamples must keep the draws within"),
    ),
    figure=figure,
)  # fmt: skip
