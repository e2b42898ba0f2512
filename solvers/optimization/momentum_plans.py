"""Raise alpha over time, or shrink eps? Momentum on noisy quadratics sum lam theta^2 / 2, exact second moments.

Four plans over ``steps`` steps, all beginning with eps and alpha: nothing changes; alpha rises linearly to alpha_end;
eps falls linearly to ``share`` of itself; both. Every coordinate starts at 1 and at rest.
Shapes: lam (D,) -> excess (4,), in that order; ``gain_alpha`` and ``gain_eps`` are by how much the second and the
third plan end below the first. ``floor`` is what the first plan ends on if it runs for ever. Not batched.
Errors: BadInput for rates with which one of the plans may run away, numbers outside their range.
Reference: Goodfellow et al. (2016), section 8.3.2; Sutskever et al. (2013), section 3.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

PLANS = ("ε, α", "α↑", "ε↓", "α↑ ε↓")


def check(lam, sigma, eps, alpha, alpha_end, share, steps):
    require(lam.ndim == 1 and 1 <= lam.size <= 32, "lam", "be a list of 1 to 32 curvatures", lam.shape)
    require(np.all((lam >= 1e-4) & (lam <= 1e4)), "lam", "lie between 1e-4 and 1e4", lam)
    require(0 <= sigma <= 1e3, "sigma", "lie between 0 and 1000", sigma)
    require(0 <= alpha < 1, "alpha", "lie in [0, 1)", alpha)
    require(alpha < alpha_end <= 0.999, "alpha_end", "be above alpha and at most 0.999", alpha_end)
    require(1e-9 <= eps <= 1e4, "eps", "lie between 1e-9 and 1e4", eps)
    require(eps * np.max(lam) <= 1.9, "eps", "keep eps lam within 1.9", eps)
    require(1e-4 <= share <= 1, "share", "lie between 0.0001 and 1", share)
    require(2 <= steps <= 20_000, "steps", "lie between 2 and 20000", steps)


def compute(xp, note, lam, sigma, eps, alpha, alpha_end, share, steps):
    one = xp.ones_like(lam)

    def rows(*numbers):
        return xp.stack([one * number for number in numbers])

    rises, falls = rows(0.0, 1.0, 0.0, 1.0), rows(0.0, 0.0, 1.0, 1.0)
    place, cross, speed = rows(1, 1, 1, 1), rows(0, 0, 0, 0), rows(0, 0, 0, 0)
    curve = [xp.sum(lam * place, axis=-1) / 2]
    for k in range(steps):
        a = alpha + (alpha_end - alpha) * rises * (k / steps)
        e = eps * (1 - (1 - share) * falls * (k / steps))
        x = e * lam
        kick = (e * sigma) ** 2
        place, cross, speed = (
            (1 - x) ** 2 * place + 2 * (1 - x) * a * cross + a * a * speed + kick,
            -x * (1 - x) * place + a * (1 - 2 * x) * cross + a * a * speed + kick,
            x * x * place - 2 * x * a * cross + a * a * speed + kick,
        )
        curve.append(xp.sum(lam * place, axis=-1) / 2)
    note("curve", xp.stack(curve))
    end = curve[-1]
    floor = sigma**2 * xp.sum(eps * (1 + alpha) / ((1 - alpha) * (2 * (1 + alpha) - eps * lam))) / 2
    return {"excess": end, "gain_alpha": end[0] / end[1], "gain_eps": end[0] / end[2], "floor": floor}


def oracle(lam, sigma, eps, alpha, alpha_end, share, steps):
    """2 by 2 matrices, one curvature and one plan at a time; the floor from S = A S A' + Q."""
    excess, floor = np.zeros(4), 0.0
    for curvature in lam:
        for plan, (rises, falls) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1))):
            S = np.diag([1.0, 0.0])
            for t in np.arange(steps) / steps:
                a, e = alpha + rises * t * (alpha_end - alpha), eps + falls * t * (share - 1) * eps
                A = np.array([[1 - e * curvature, a], [-e * curvature, a]])
                S = A @ S @ A.T + (e * sigma) ** 2
            excess[plan] += curvature * S[0, 0] / 2
        A = np.array([[1 - eps * curvature, alpha], [-eps * curvature, alpha]])
        S = np.linalg.solve(np.eye(4) - np.kron(A, A), (eps * sigma) ** 2 * np.ones(4))
        floor += curvature * S[0] / 2
    return {"excess": excess, "gain_alpha": excess[0] / excess[1], "gain_eps": excess[0] / excess[2],
            "floor": np.asarray(floor)}  # fmt: skip


def sample(rng):
    return {"lam": rng.uniform(0.3, 2.0, size=int(rng.integers(1, 4))), "sigma": float(rng.uniform(0.3, 2.0)),
            "eps": float(rng.uniform(0.02, 0.2)), "alpha": float(rng.choice([0.0, 0.5, 0.8])), "alpha_end": 0.95,
            "share": float(rng.choice([0.01, 0.05])), "steps": int(rng.integers(10, 60))}  # fmt: skip


def variant(rng):
    return {"lam": [int(rng.integers(1, 5))], "sigma": int(rng.integers(1, 5)),
            "eps": float(rng.choice([0.05, 0.1, 0.2])),
            "alpha": 0.5, "alpha_end": 0.9, "share": 0.01, "steps": 10}  # fmt: skip


def _effective(lam, sigma, eps, alpha, alpha_end, share, steps):
    """The floor of plain SGD with the rate eps."""
    return {"floor": sigma**2 * np.sum(eps / (2 - eps * lam)) / 2} if alpha and sigma else {}


MISTAKES = (
    Mistake("alpha-calms", "以为增大 α 也能压低噪声；有效学习率 ε/(1−α) 反而变大",
            "expects a larger alpha to calm the noise as well; the effective rate eps/(1 - alpha) grows",
            lambda **given: {"gain_alpha": (1 - given["alpha"]) / (1 - given["alpha_end"])} if given["sigma"] else {}),
    Mistake("eps-only-slows", "以为减小 ε 只会变慢", "expects a smaller eps to be slower and nothing else",
            lambda **given: {"gain_eps": 1.0} if given["sigma"] else {}),
    Mistake("plain-floor", "漏了动量：有效学习率是 ε/(1−α)",
            "momentum was left out: the effective rate is eps/(1 - alpha)", _effective),
)  # fmt: skip


def _matters_more(given, out):
    """Where noise is what is left (the first plan within 10% of its floor), eps falls to 5% or less, and slowly."""
    slowest = given["eps"] / (1 - given["alpha"]) * np.min(given["lam"]) * given["steps"]
    noisy = abs(out["excess"][0] / out["floor"] - 1) <= 0.1 if given["sigma"] > 0 else False
    if not noisy or given["share"] > 0.05 or slowest < 100:
        return 0.0
    return np.array([max(3 - float(out["gain_eps"]), 0.0), max(float(out["gain_alpha"]) - 1, 0.0)])


def _no_noise_no_floor(given, out):
    return out["floor"] if given["sigma"] == 0 else 0.0


def figure(given, out, steps):
    return Figure(
        {"zh": "最后的额外误差", "en": "excess error at the end"},
        (Bars(PLANS, np.asarray(out["excess"])),),
        y={"zh": "额外误差", "en": "excess error"},
    )


SOLVER = Solver(
    title={"zh": "增大 α 还是减小 ε", "en": "raise alpha, or shrink eps?"},
    formula=r"v\leftarrow\alpha_k v-\epsilon_k g,\qquad\theta\leftarrow\theta+v",
    params={
        "lam": Param([1.0, 0.3], {"zh": "各方向的曲率", "en": "curvatures"}, shape="(D,)"),
        "sigma": Param(1.0, {"zh": "梯度噪声的标准差", "en": "deviation of the gradient noise"}, kind="float"),
        "eps": Param(0.05, {"zh": "开始的学习率 ε", "en": "rate eps at the start"}, kind="float"),
        "alpha": Param(0.5, {"zh": "开始的 α", "en": "alpha at the start"}, kind="float"),
        "alpha_end": Param(0.95, {"zh": "最后的 α", "en": "alpha at the end"}, kind="float"),
        "share": Param(0.01, {"zh": "最后的学习率占开始的比例", "en": "the last rate, as a share of the first"},
            kind="float"),
        "steps": Param(2000, {"zh": "步数", "en": "number of steps"}, kind="int"),
    },
    outputs=dict.fromkeys(("excess", "gain_alpha", "gain_eps", "floor"), "1"),
    steps={"curve": {"zh": "额外误差，一列一种安排", "en": "excess error, a column a plan"}},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="2 by 2 covariance matrices one at a time; the floor from the stationary equation",
    sample=sample,
    variant=variant,
    edges=({"lam": [1.0], "sigma": 0.0, "alpha": 0.0, "steps": 5}, {"lam": [2.0], "share": 1.0, "steps": 20}),
    tolerance={"float64": 1e-8, "float32": 1e-3},
    smooth=False,
    batched=False,
    claims=(
        Claim("shrinking-matters-more", zh="噪声为主时：减小 ε 使额外误差至少降到三分之一，增大 α 一点也不降",
              en="where noise is what is left, shrinking eps cuts the excess threefold or more, raising alpha never",
              residual=_matters_more),
        Claim("noise-makes-the-floor", zh="没有噪声就没有下限", en="without noise there is no floor",
              residual=_no_noise_no_floor),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"lam": [0.0]}, "lam must lie between"),
        Reject({"sigma": float("nan")}, "sigma must lie between"),
        Reject({"alpha": 1.0}, "alpha must lie in [0, 1)"),
        Reject({"alpha_end": 0.4}, "alpha_end must be above alpha"),
        Reject({"eps": 5.0}, "eps must keep eps lam"),
        Reject({"share": 0.0}, "share must lie between"),
        Reject({"steps": 10**7}, "steps must lie between"),
    ),
    figure=figure,
)  # fmt: skip
