"""KL divergence  D(P||Q) = sum_k p_k log(p_k / q_k), in nats.

Shapes: p, q (..., K) -> D (...).
Conventions: 0 log 0 = 0 (a symbol that P never sends costs nothing); p_k > 0 = q_k gives +inf.
Errors: BadInput where an argument is no probability vector, or the two do not match in shape.
Reference: Cover & Thomas (2006), eq. 2.26; Goodfellow et al. (2016), section 3.13, eq. 3.50.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

LN2 = 0.6931471805599453


def check(p, q):
    for name, value in (("p", p), ("q", q)):
        require(value.ndim >= 1 and value.shape[-1] >= 1, name, "have at least one entry", value)
        require(np.all(np.isfinite(value)), name, "hold finite numbers", value)
        require(np.all(value >= 0), name, "hold no negative probability", value)
        total = value.sum(axis=-1)
        require(np.all(np.abs(total - 1) <= 1e-6), name, "sum to 1", f"a sum of {np.ravel(total)[0]:.6g}")
    require(p.shape == q.shape, "q", f"have the shape of p, {p.shape}", q.shape)


def compute(xp, note, p, q):
    sent = p > 0
    one = xp.ones_like(p)
    ratio = xp.where(sent, p, one) / xp.where(sent, q, one)
    note("ratio", ratio)
    log_ratio = xp.log(ratio)
    note("log_ratio", log_ratio)
    terms = p * log_ratio
    note("terms", terms)
    divergence = xp.sum(terms, axis=-1)
    return {"D": divergence, "bits": divergence / LN2}


def oracle(p, q):
    from scipy.special import rel_entr

    total = np.sum(rel_entr(p, q), axis=-1)
    return {"D": total, "bits": total / np.log(2)}


def sample(rng):
    # Away from the rim of the simplex: gradients are checked here.
    batch, k = int(rng.integers(1, 4)), int(rng.integers(2, 7))
    p, q = (0.9 * rng.dirichlet(np.ones(k), size=batch) + 0.1 / k for _ in range(2))
    return {"p": p, "q": q}


def variant(rng):
    """Two distributions in twentieths, two or three outcomes, different and nowhere zero."""
    k = int(rng.integers(2, 4))

    def twentieths():
        cuts = np.sort(rng.choice(np.arange(1, 20), size=k - 1, replace=False))
        return [int(n) / 20 for n in np.diff(np.concatenate(([0], cuts, [20])))]

    p = twentieths()
    q = twentieths()
    while q == p or q == p[::-1]:  # a mirrored pair would make both directions equal
        q = twentieths()
    return {"p": p, "q": q}


def _both(divergence):
    return {"D": divergence, "bits": divergence / LN2}


def _terms(p, q):
    with np.errstate(all="ignore"):
        return np.where(p > 0, p * np.log(np.where(p > 0, p, 1) / np.where(p > 0, q, 1)), 0.0)


def _reversed(p, q):
    return _both(_terms(q, p).sum(axis=-1))


def _weighted_by_q(p, q):
    with np.errstate(all="ignore"):
        ratio = np.where(p > 0, p, 1) / np.where(p > 0, q, 1)
        return _both((q * np.log(ratio)).sum(axis=-1))


def _cross_entropy(p, q):
    with np.errstate(all="ignore"):
        return _both(np.where(p > 0, -p * np.log(np.where(p > 0, q, 1)), 0.0).sum(axis=-1))


def _no_sign(p, q):
    return _both(-_terms(p, q).sum(axis=-1))


def _nats_as_bits(p, q):
    return {"bits": _terms(p, q).sum(axis=-1)}


def _bits_as_nats(p, q):
    return {"D": _terms(p, q).sum(axis=-1) / LN2}


def _entropy_gap(given, out):
    """H(P,Q) - H(P) - D, relative to H(P,Q); both infinite counts as agreement."""
    p, q = given["p"], given["q"]
    with np.errstate(all="ignore"):
        cross = np.where(p > 0, -p * np.log(np.where(p > 0, q, 1)), 0.0).sum(axis=-1)
        entropy = np.where(p > 0, -p * np.log(np.where(p > 0, p, 1)), 0.0).sum(axis=-1)
        gap = np.where(np.isinf(cross) & np.isinf(out["D"]), 0.0, cross - entropy - out["D"])
        return gap / np.where(np.isinf(cross), 1.0, 1 + np.abs(cross))


def _zero_only_if_equal(given, out):
    """Pinsker's bound D >= ||p-q||_1^2 / 2 turns 'zero only if equal' into a number: how far D falls short of it."""
    distance = np.abs(given["p"] - given["q"]).sum(axis=-1)
    return np.minimum(out["D"] - distance**2 / 2, 0.0)


def _infinite_iff_uncovered(given, out):
    uncovered = ((given["p"] > 0) & (given["q"] == 0)).any(axis=-1)
    return np.where(uncovered == np.isinf(out["D"]), 0.0, 1.0)


def figure(given, out, steps):
    p, q, terms = (np.atleast_2d(a)[0] for a in (given["p"], given["q"], steps["terms"]))
    names = tuple(str(k) for k in range(len(p)))
    return Figure(
        title={"zh": "P、Q 与每一项 p log(p/q)", "en": "P, Q and each term p log(p/q)"},
        marks=(
            Bars(names, p, {"zh": "P", "en": "P"}),
            Bars(names, q, {"zh": "Q", "en": "Q"}),
            Bars(names, terms, {"zh": "p log(p/q)", "en": "p log(p/q)"}),
        ),
        x={"zh": "取值 k", "en": "outcome k"},
        y={"zh": "概率；奈特", "en": "probability; nats"},
    )


SOLVER = Solver(
    title={"zh": "KL 散度（相对熵）", "en": "KL divergence (relative entropy)"},
    formula=r"D(P\|Q)=\sum_k p_k\log\frac{p_k}{q_k}",
    params={
        "p": Param([0.5, 0.5], {"zh": "真实分布 P", "en": "the true distribution P"}, shape="(..., K)"),
        "q": Param([0.9, 0.1], {"zh": "近似分布 Q", "en": "the approximating distribution Q"}, shape="(..., K)"),
    },
    outputs={"D": "nats", "bits": "bits"},
    steps={
        "ratio": {"zh": "概率比 p/q", "en": "ratio p/q"},
        "log_ratio": {"zh": "对数比 log(p/q)", "en": "log ratio log(p/q)"},
        "terms": {"zh": "各项 p log(p/q)", "en": "terms p log(p/q)"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="scipy.special.rel_entr",
    sample=sample,
    variant=variant,
    edges=(
        {"p": [0.5, 0.5], "q": [0.5, 0.5]},
        {"p": [1.0, 0.0], "q": [0.25, 0.75]},
        {"p": [0.5, 0.5], "q": [1.0, 0.0]},
        {"p": [0.0, 1.0], "q": [0.0, 1.0]},
        {"p": [1.0], "q": [1.0]},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    claims=(
        Claim("non-negative", zh="D ≥ 0", en="D >= 0", residual=lambda given, out: np.minimum(out["D"], 0.0)),
        Claim(
            "zero-only-if-equal",
            zh="D ≥ ‖p−q‖₁²/2（Pinsker 不等式），所以只有 P = Q 时 D = 0",
            en="D >= |p-q|_1^2 / 2 (Pinsker's inequality), so D = 0 only where P = Q",
            residual=_zero_only_if_equal,
        ),
        Claim(
            "extra-code-length",
            zh="D = H(P,Q) − H(P)：按 Q 编码、由 P 发送时平均多付的长度",
            en="D = H(P,Q) - H(P): the extra mean length of a code built for Q when P sends the symbols",
            residual=_entropy_gap,
        ),
        Claim(
            "infinite-where-q-is-zero",
            zh="当且仅当某个 p_k > 0 而 q_k = 0 时 D = +∞",
            en="D is +inf exactly where some p_k > 0 has q_k = 0",
            residual=_infinite_iff_uncovered,
        ),
    ),
    mistakes=(
        Mistake("reversed", zh="这是反方向的 D(Q‖P)", en="that is D(Q||P), the other direction", value=_reversed),
        Mistake(
            "weighted-by-q",
            zh="期望取在 Q 上了：KL 用 P 加权",
            en="the expectation was taken under Q; KL weights by P",
            value=_weighted_by_q,
        ),
        Mistake(
            "cross-entropy",
            zh="这是交叉熵 H(P,Q)，还没有减去 H(P)",
            en="that is the cross-entropy H(P,Q); H(P) was not subtracted",
            value=_cross_entropy,
        ),
        Mistake("sign", zh="符号反了：写成了 log(q/p)", en="the sign is off: log(q/p) was used", value=_no_sign),
        Mistake(
            "nats-as-bits",
            zh="用了自然对数，答案是奈特而不是比特",
            en="natural logarithms were used: that is nats, not bits",
            value=_nats_as_bits,
        ),
        Mistake(
            "bits-as-nats",
            zh="用了以 2 为底的对数，答案是比特而不是奈特",
            en="base-2 logarithms were used: that is bits, not nats",
            value=_bits_as_nats,
        ),
    ),
    rejects=(
        Reject({"p": [0.5, 0.6]}, "p must sum to 1"),
        Reject({"q": [1.5, -0.5]}, "q must hold no negative probability"),
        Reject({"p": [float("nan"), 1.0]}, "p must hold finite numbers"),
        Reject({"p": [0.2, 0.3, 0.5]}, "q must have the shape of p"),
        Reject({"p": []}, "p must have at least one entry"),
    ),
    figure=figure,
)
