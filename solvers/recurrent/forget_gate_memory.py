"""How long an LSTM's cell remembers when its forget gate stays at sigma(b):  d c_{t+steps} / d c_t = sigma(b)^steps.

    f = sigma(b)      kept = f^steps      horizon = 1 / (1 - f) = 1 + e^b      half_life = ln(1/2) / ln f

Shapes: b (...), the bias with everything else in the gate at 0 -> f, kept, horizon, half_life (...).
``horizon`` is the sum of all powers of f: the number of steps over which a constant input piles up.
``needed`` is the bias whose horizon is ``steps``, ln(steps - 1): how the gates are biased by Tallec and Ollivier.
Errors: BadInput for biases beyond 30 in size and for steps outside 2 ... 100000.
Reference: Gers et al. (2000); Jozefowicz et al. (2015); Tallec & Ollivier (2018); Goodfellow et al. (2016), 10.10.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require


def check(b, steps):
    require(b.size >= 1 and b.size <= 1_000_000, "b", "hold 1 to 1000000 numbers", b.size)
    require(np.all(np.abs(b) <= 30), "b", "hold finite numbers of size at most 30", b)
    require(2 <= steps <= 100_000, "steps", "lie between 2 and 100000", steps)


def compute(xp, note, b, steps):
    loss = xp.log1p(xp.exp(-xp.abs(b))) + xp.where(b < 0, -b, xp.zeros_like(b))  # -ln f, without cancellation
    note("gate", xp.exp(-loss))
    note("needed", xp.zeros_like(b) + float(np.log(steps - 1.0)))
    return {
        "kept": xp.exp(-steps * loss),
        "horizon": 1 + xp.exp(b),
        "half_life": float(np.log(2.0)) / loss,
    }


def oracle(b, steps):
    """The gate by scipy, one factor a step."""
    from scipy.special import expit, log_expit

    kept = np.ones_like(b)
    for _ in range(steps):
        kept = kept * expit(b)
    return {
        "kept": kept,
        "horizon": 1 / expit(-b),
        "half_life": np.log(0.5) / log_expit(b),
    }


def sample(rng):
    shape = [(), (3,), (2, 2)][int(rng.integers(3))]
    return {"b": rng.uniform(-2, 5, size=shape) + 0.01, "steps": int(rng.integers(3, 40))}


def variant(rng):
    """A bias in hundredths; as many steps as leave between 1e-5 and about two thirds."""
    bias = float(rng.integers(80, 551)) / 100
    loss = np.logaddexp(0.0, -bias)
    return {"b": bias, "steps": int(rng.integers(max(5, int(0.4 / loss) + 1), min(100, int(11.5 / loss)) + 1))}


def _f(b):
    return np.exp(-np.logaddexp(0.0, -b))


MISTAKES = (
    Mistake("forgets-what-f-keeps", "把 f 当成每步忘掉的比例；f 是保留的", "read f as the share forgotten; it is kept",
            lambda b, steps: {"kept": (1 - _f(b)) ** steps, "horizon": 1 / _f(b)}),
    Mistake("subtracts-each-step", "每步减去同样多；遗忘门每步乘 f",
            "took the same amount off at each step; the gate multiplies by f",
            lambda b, steps: {"kept": np.maximum(1 - steps * (1 - _f(b)), 0.0)}),
    Mistake("one-step-only", "只乘了一步", "one step only was multiplied", lambda b, steps: {"kept": _f(b)}),
    Mistake("times-steps", "除以了步数；每步乘 f，是幂", "divided by the steps; f multiplies at each, a power",
            lambda b, steps: {"kept": _f(b) / steps}),
    Mistake("tanh-for-sigma", "门过的是 σ，不是 tanh", "a gate goes through sigma, not through tanh",
            lambda b, steps: {"kept": np.maximum(np.tanh(b), 0.0) ** steps}),
    Mistake("sign-of-the-bias", "偏置的符号反了：σ(−b) 让门关上", "the sign of the bias is off: sigma(-b) shuts it",
            lambda b, steps: {"half_life": np.log(0.5) / np.log(_f(-b)), "needed": -np.log(steps - 1.0) + 0 * b}
            if steps > 2 else {}),
    Mistake("horizon-for-half-life", "1/(1−f) 是记忆长度，不是半衰期", "1 / (1 - f) is the horizon, not the half-life",
            lambda b, steps: {"half_life": 1 + np.exp(b)}),
    Mistake("log-of-steps", "是 ln(T−1) 而不是 ln T：1/(1−f) = 1+e^b", "ln(T - 1), not ln T: 1 / (1 - f) = 1 + e^b",
            lambda b, steps: {"needed": np.log(float(steps)) + 0 * b}),
)  # fmt: skip


def _geometric(given, out):
    """The horizon against the sum of f^k for k < steps, and the tail f^steps / (1 - f) after it."""
    f = out["gate"]
    total = (1 - out["kept"]) / (1 - f)
    return (total + out["kept"] * out["horizon"] - out["horizon"]) / out["horizon"] * (1 - f)


def _e_fold(given, out):
    """After one horizon at most 1/e of the content is left, and at least half of that once the bias is 0 or more."""
    left = out["gate"] ** out["horizon"]
    over = np.maximum(left - np.exp(-1.0), 0.0)
    return over + np.where(given["b"] >= 0, np.maximum(0.25 - left, 0.0), 0.0)


CLAIMS = (
    Claim("halves", zh="过一个半衰期，剩下一半", en="a half-life leaves one half",
          residual=lambda given, out: out["gate"] ** out["half_life"] - 0.5),
    Claim("geometric-sum", zh="记忆长度 1/(1−f) 是 f 的所有幂之和", residual=_geometric,
          en="the horizon 1 / (1 - f) is the sum of all powers of f"),
    Claim("bias-for-a-horizon", zh="偏置取 ln(T−1)，记忆长度就是 T", en="a bias of ln(T - 1) has the horizon T",
          residual=lambda given, out: (1 + np.exp(out["needed"])) / given["steps"] - 1),
    Claim("within-a-horizon", zh="b ≥ 0 时，过一个记忆长度还剩 1/4 到 1/e",
          en="with b >= 0 a horizon leaves between a quarter and 1/e", residual=_e_fold),
    Claim("never-grows", zh="σ(b) < 1：cell 的直接通路上梯度只会衰减，不会爆炸",
          en="sigma(b) < 1: along the cell itself the gradient can fade but not explode",
          residual=lambda given, out: np.maximum(out["kept"] - 1, 0.0)),
)  # fmt: skip


def figure(given, out, steps):
    """Up to five biases."""
    times = np.unique(np.round(np.linspace(0, given["steps"], 200)))
    biases = dict.fromkeys(np.ravel(given["b"])[:5].tolist())
    return Figure(
        title={"zh": "遗忘门的偏置决定记多久", "en": "the forget gate's bias decides how long the cell remembers"},
        marks=tuple(Lines(times, np.maximum(_f(value) ** times, 1e-30),
                          {"zh": f"偏置 {value:g}", "en": f"bias {value:g}"})
                    for value in biases),
        x={"zh": "步", "en": "step"},
        y={"zh": "剩下的比例", "en": "share left"},
        log="y",
    )  # fmt: skip


SOLVER = Solver(
    title={"zh": "遗忘门能记多久", "en": "how long a forget gate remembers"},
    formula=r"\frac{\partial c_{t+T}}{\partial c_t}=\sigma(b)^T,\qquad\frac{1}{1-\sigma(b)}=1+e^b",
    params={
        "b": Param([0, 1, 4], {"zh": "遗忘门的偏置（其余输入为 0）", "en": "the forget gate's bias, all else 0"},
                   shape="(...)"),
        "steps": Param(30, {"zh": "步数 T", "en": "steps T"}, kind="int"),
    },
    outputs={"kept": "1", "horizon": "steps", "half_life": "steps"},
    steps={
        "gate": {"zh": "门 f = σ(b)", "en": "gate f = sigma(b)"},
        "needed": {"zh": "记 T 步所需的偏置 ln(T−1)", "en": "bias for a horizon of T: ln(T - 1)"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="scipy.special.expit, one factor a step",
    sample=sample,
    variant=variant,
    edges=({"b": 0, "steps": 2}, {"b": [-5, 12], "steps": 3}),
    tolerance={"float64": 1e-8, "float32": 1e-3},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"b": float("nan")}, "b must hold finite numbers"),
        Reject({"b": 31}, "b must hold finite numbers of size at most 30"),
        Reject({"b": []}, "b must hold 1 to 1000000 numbers"),
        Reject({"steps": 1}, "steps must lie between 2 and 100000"),
    ),
    figure=figure,
)  # fmt: skip
