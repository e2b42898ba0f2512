"""How fast momentum gets: its speed under a gradient that stays, and under one that turns around at each step.

    v <- alpha v - eps g          |v| -> eps |g| / (1 - alpha)       alternating g: |v| -> eps |g| / (1 + alpha)

Shapes: g (..., D) -> terminal, speed, alternating (...). ``speed`` is that after ``steps`` steps from rest.
``wait`` is the number of steps after which the speed is at least ``share`` of the terminal one.
Errors: BadInput for alpha outside [0, 0.9999], rates not positive, a share outside (0, 1), too many steps.
Reference: Goodfellow et al. (2016), section 8.3.2, equation 8.17.
"""

from __future__ import annotations

import math

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

NUMBERS = 1_000_000


def check(g, eps, alpha, steps, share):
    require(g.ndim >= 1 and g.size >= 1, "g", "have at least one entry", g.shape)
    require(np.all(np.abs(g) <= 1e9), "g", "hold finite numbers of size at most 1e9", g)
    require(1e-9 <= eps <= 1e9, "eps", "lie between 1e-9 and 1e9", eps)
    require(0 <= alpha <= 0.9999, "alpha", "lie between 0 and 0.9999", alpha)
    require(1 <= steps <= 100_000, "steps", "lie between 1 and 100000", steps)
    require(steps * g.size <= NUMBERS, "steps", f"keep steps times entries within {NUMBERS}", steps)
    require(0 < share <= 0.9999, "share", "be positive and at most 0.9999", share)


def compute(xp, note, g, eps, alpha, steps, share):
    def length(vector):
        return xp.sqrt(xp.sum(vector * vector, axis=-1))

    v, w = xp.zeros_like(g), xp.zeros_like(g)
    speeds, turning = [length(v)], [length(w)]
    for t in range(steps):
        v = alpha * v - eps * g
        w = alpha * w - eps * g * (-1) ** t
        speeds.append(length(v))
        turning.append(length(w))
    note("speed_path", xp.stack(speeds))
    note("alternating_path", xp.stack(turning))
    plain = eps * length(g)
    wait = 1 if alpha == 0 else max(1, math.ceil(math.log(1 - share) / math.log(alpha) - 1e-9))
    return {"terminal": plain / (1 - alpha), "speed": speeds[-1], "alternating": plain / (1 + alpha),
            "wait": 0 * plain + wait}  # fmt: skip


def oracle(g, eps, alpha, steps, share):
    """Sums of the weights, written out; the wait by counting."""
    plain = eps * np.linalg.norm(g, axis=-1)
    weights = np.float64(alpha) ** np.arange(400_000)
    gained = np.cumsum(weights) * (1 - alpha)
    return {
        "terminal": plain * weights.sum(),
        "speed": plain * weights[:steps].sum(),
        "alternating": plain * (weights * np.where(np.arange(weights.size) % 2, -1.0, 1.0)).sum(),
        "wait": np.full(plain.shape, 1.0 + np.argmax(gained >= share * (1 - 1e-12))),
    }


def sample(rng):
    shape = (int(rng.integers(1, 3)), int(rng.integers(1, 4)))
    return {
        "g": rng.normal(scale=3.0, size=shape) + 0.1,
        "eps": float(rng.uniform(0.01, 0.3)),
        "alpha": float(rng.choice([0.5, 0.8, 0.9, 0.97])),
        "steps": int(rng.integers(2, 12)),
        "share": float(rng.choice([0.3, 0.55, 0.72, 0.93])),
    }


def variant(rng):
    """A gradient of whole length; shares that no power of these alphas meets."""
    a, b, _ = [(3, 4, 5), (6, 8, 10), (5, 12, 13), (8, 15, 17), (9, 12, 15), (7, 24, 25)][int(rng.integers(6))]
    g = [int(rng.choice([-1, 1])) * a, int(rng.choice([-1, 1])) * b]
    return {
        "g": g if rng.random() < 0.5 else g[::-1],
        "eps": float(rng.choice([0.01, 0.02, 0.03, 0.05])),
        "alpha": int(rng.integers(60, 100)) / 100,
        "steps": int(rng.integers(3, 9)),
        "share": int(rng.integers(31, 98)) / 100,
    }


# ---- What people get wrong.


def _scaled(name, factor):
    """One output, ``factor(alpha, steps)`` times eps |g|."""

    def value(g, eps, alpha, steps, share):
        right = {"terminal": 1 / (1 - alpha), "speed": (1 - alpha**steps) / (1 - alpha), "alternating": 1 / (1 + alpha)}
        with np.errstate(all="ignore"):
            wrong = factor(np.float64(alpha), steps)
        if np.isclose(wrong, right[name], rtol=1e-6):
            return {}
        return {name: eps * np.linalg.norm(g, axis=-1) * wrong}

    return value


def _one_norm(g, eps, alpha, steps, share):
    if np.shape(g)[-1] == 1:
        return {}
    plain = eps * np.sum(np.abs(g), axis=-1)
    return {"terminal": plain / (1 - alpha), "speed": plain * (1 - alpha**steps) / (1 - alpha),
            "alternating": plain / (1 + alpha)}  # fmt: skip


def _wait(rule):
    def value(g, eps, alpha, steps, share):
        if alpha == 0:
            return {}
        right = max(1, math.ceil(math.log(1 - share) / math.log(alpha) - 1e-9))
        wrong = max(1, math.ceil(rule(alpha, share) - 1e-9))
        return {} if wrong == right else {"wait": np.full(np.shape(g)[:-1], float(wrong))}

    return value


MISTAKES = (
    Mistake("over-alpha", "除以了 α 而不是 1−α", "divided by alpha, not by 1 - alpha",
            _scaled("terminal", lambda a, t: 1 / a)),
    Mistake("one-plus-alpha", "1+α 属于每步反号的梯度，方向不变时是 1−α",
            "1 + alpha belongs to a gradient that turns around at each step",
                _scaled("terminal", lambda a, t: 1 / (1 + a))),
    Mistake("averaged", "当成了滑动平均：权重之和是 1/(1−α)，不是 1",
            "taken for an average: the weights add up to 1/(1 - alpha), not to 1",
                _scaled("terminal", lambda a, t: 1.0)),
    Mistake("present-left-out", "漏了当前这一步：级数从 α⁰ 开始",
            "the present step was left out: the series begins at alpha^0",
            _scaled("terminal", lambda a, t: a / (1 - a))),
    Mistake("one-norm", "把各分量的绝对值相加了，‖g‖ 是平方和的根",
            "the entries' sizes were added; |g| is the root of the sum of squares", _one_norm),
    Mistake("speed-at-once", "以为一步就到最终速度", "the terminal speed was expected at once",
            _scaled("speed", lambda a, t: 1 / (1 - a))),
    Mistake("speed-missing", "算成了离最终速度还差多少", "that is what is still missing",
            _scaled("speed", lambda a, t: a**t / (1 - a))),
    Mistake("speed-one-short", "少走了一步", "one step too few",
            _scaled("speed", lambda a, t: (1 - a ** (t - 1)) / (1 - a))),
    Mistake("speed-adds-up", "每步加 ε‖g‖，旧速度没有打折扣",
            "each step adds eps |g|: the old velocity was not decayed",
            _scaled("speed", lambda a, t: float(t))),
    Mistake("alternating-as-constant", "梯度每步反号，相邻两步在抵消，不是累加",
            "the gradient turns around at each step: the terms cancel, they do not add up",
            _scaled("alternating", lambda a, t: 1 / (1 - a))),
    Mistake("alternating-stops", "只算了最近两步，1−α 之后还有 α²−α³+…",
            "only the last two steps were counted; alpha^2 - alpha^3 + ... comes after 1 - alpha",
            _scaled("alternating", lambda a, t: 1 - a)),
    Mistake("wait-for-the-rest", "用 α^t = 占比去解了；还差的部分才是 α^t",
            "alpha^t = share was solved; alpha^t is what is still missing",
            _wait(lambda a, s: math.log(s) / math.log(a))),
    Mistake("wait-linear", "以为速度匀速增加，到 1/(1−α) 步就满",
            "the speed was taken to grow evenly, until full after 1/(1 - alpha) steps",
                _wait(lambda a, s: s / (1 - a))),
)  # fmt: skip


def _build_up(given, out):
    t = np.arange(given["steps"] + 1).reshape(-1, *[1] * np.ndim(out["terminal"]))
    return (out["speed_path"] - (1 - given["alpha"] ** t) * out["terminal"]) / (out["terminal"] + 1e-30)


def _alternating(given, out):
    t = np.arange(given["steps"] + 1).reshape(-1, *[1] * np.ndim(out["terminal"]))
    expected = (1 - (-given["alpha"]) ** t) * out["alternating"]
    return (out["alternating_path"] - expected) / (out["alternating"] + 1e-30)


def _times(given, out):
    plain = given["eps"] * np.linalg.norm(given["g"], axis=-1)
    size = plain / (1 - given["alpha"]) + 1e-30
    return np.stack([(1 - given["alpha"]) * out["terminal"] - plain,
                     (1 + given["alpha"]) * out["alternating"] - plain]) / size  # fmt: skip


def _waits(given, out):
    """One where the share is reached one step earlier, or not after ``wait`` steps."""
    n, alpha = float(np.ravel(out["wait"])[0]), given["alpha"]
    late = max(given["share"] - 1e-9 - (1 - alpha**n), 0.0)
    early = 0.0 if n == 1 else max((1 - alpha ** (n - 1)) - given["share"] - 1e-9, 0.0)
    return np.array([late, early])


def figure(given, out, steps):
    """The first case of a batch."""
    t = np.arange(given["steps"] + 1)
    first = [np.reshape(steps[name], (len(t), -1))[:, 0] for name in ("speed_path", "alternating_path")]
    level = np.full(len(t), float(np.ravel(out["terminal"])[0]))
    return Figure(
        {"zh": "动量的速度", "en": "the speed of momentum"},
        (
            Lines(t, first[0], {"zh": "梯度不变", "en": "constant gradient"}),
            Lines(t, first[1], {"zh": "梯度每步反号", "en": "alternating gradient"}),
            Lines(t, level, {"zh": "最终速度", "en": "terminal speed"}),
        ),
        x={"zh": "步数", "en": "step"},
        y={"zh": "速度", "en": "speed"},
    )


SOLVER = Solver(
    title={"zh": "动量的最终速度", "en": "the terminal speed of momentum"},
    formula=r"\|v\|\to\frac{\epsilon\|g\|}{1-\alpha}",
    params={
        "g": Param([3.0, -4.0], {"zh": "梯度", "en": "the gradient"}, shape="(..., D)"),
        "eps": Param(0.01, {"zh": "学习率 ε", "en": "learning rate eps"}, kind="float"),
        "alpha": Param(0.9, {"zh": "动量参数 α", "en": "momentum alpha"}, kind="float"),
        "steps": Param(60, {"zh": "步数", "en": "number of steps"}, kind="int"),
        "share": Param(0.95, {"zh": "要达到最终速度的几成", "en": "the share of the terminal speed to reach"},
            kind="float"),
    },
    outputs={"terminal": "1", "speed": "1", "alternating": "1", "wait": "steps"},
    steps={
        "speed_path": {"zh": "梯度不变时的速度", "en": "speed under a constant gradient"},
        "alternating_path": {"zh": "梯度每步反号时的速度", "en": "speed under an alternating gradient"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="the weights alpha^i, added up one by one",
    sample=sample,
    variant=variant,
    edges=(
        {"g": [0.0, 0.0], "steps": 3},
        {"g": [2.0], "alpha": 0.0, "steps": 1, "share": 0.5},
        {"g": [1.0], "alpha": 0.99, "steps": 200, "share": 0.9},
    ),
    tolerance={"float64": 1e-9, "float32": 1e-5},
    claims=(
        Claim("builds-up", zh="t 步后的速度是最终速度的 1−α^t",
              en="after t steps the speed is 1 - alpha^t of the terminal one",
              residual=_build_up),
        Claim("times-plain-sgd",
              zh="最终速度是普通 SGD 一步的 1/(1−α) 倍（0.5、0.9、0.99：2、10、100 倍）；每步反号时 1/(1+α) 倍",
              en="the terminal speed is 1/(1 - alpha) plain steps (0.5, 0.9, 0.99: 2, 10, 100); turning 1/(1 + alpha)",
              residual=_times),
        Claim("cancels", zh="梯度每步反号时，t 步后的速度是 ε‖g‖(1−(−α)^t)/(1+α)",
              en="under an alternating gradient the speed is eps |g| (1 - (-alpha)^t) / (1 + alpha)",
              residual=_alternating),
        Claim("wait-is-least", zh="走 wait 步够了，少一步不够", en="the wait is enough, and one step less is not",
              residual=_waits),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"g": []}, "g must have at least one entry"),
        Reject({"g": [float("nan")]}, "g must hold finite numbers"),
        Reject({"alpha": 1.0}, "alpha must lie between 0 and 0.9999"),
        Reject({"eps": 0.0}, "eps must lie between"),
        Reject({"steps": 10**9}, "steps must lie between"),
        Reject({"share": 1.0}, "share must be positive and at most"),
    ),
    figure=figure,
)  # fmt: skip
