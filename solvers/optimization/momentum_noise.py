"""Momentum under gradient noise: exact second moments of SGD, momentum and Nesterov on f = sum lam theta^2 / 2.

    v <- alpha v - eps_k (g(theta + b v) + sigma z)      theta <- theta + v      b = 0, Nesterov b = alpha

Momentum and Nesterov have the rate eps; plain SGD has the same effective rate eps / (1 - alpha). Once with rates
that stay, once with eps / (1 + k / tau). Every coordinate starts at 1 and at rest.
Shapes: lam (D,) -> fixed, decayed, slopes (3,) for SGD, momentum, Nesterov; ``slopes`` are those of the decayed
curves on log-log axes over the last half of the steps. Floors: what a rate that stays ends on, in closed form;
``floor_same_rate`` is that of plain SGD with the rate eps itself. Not batched: (3,) holds the methods.
Errors: BadInput where plain SGD would diverge, numbers outside their range, too many steps.
Reference: Polyak (1964); Yuan, Ying & Sayed (2016), on momentum under persistent noise; Goodfellow et al. (2016), 8.3.
"""

from __future__ import annotations

import math

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

METHODS = ({"zh": "SGD", "en": "SGD"}, {"zh": "动量", "en": "momentum"}, {"zh": "Nesterov", "en": "Nesterov"})


def check(lam, sigma, eps, alpha, tau, steps):
    require(lam.ndim == 1 and 1 <= lam.size <= 32, "lam", "be a list of 1 to 32 curvatures", lam.shape)
    require(np.all((lam >= 1e-4) & (lam <= 1e4)), "lam", "lie between 1e-4 and 1e4", lam)
    require(0 <= sigma <= 1e3, "sigma", "lie between 0 and 1000", sigma)
    require(0 < alpha <= 0.999, "alpha", "be positive and at most 0.999", alpha)
    require(1e-9 <= eps <= 1e4, "eps", "lie between 1e-9 and 1e4", eps)
    require(eps * np.max(lam) <= 1.9 * (1 - alpha), "eps", "keep eps lam / (1 - alpha) within 1.9", eps)
    require(1e-3 <= tau <= 1e6, "tau", "lie between 0.001 and 1e6", tau)
    require(4 <= steps <= 20_000, "steps", "lie between 4 and 20000", steps)


def compute(xp, note, lam, sigma, eps, alpha, tau, steps):
    one = xp.ones_like(lam)[None, None, :]

    def rows(*numbers):
        """Numbers along one axis, on the device of lam."""
        return xp.stack([xp.ones_like(lam[0, ...]) * number for number in numbers])

    rate = rows(eps / (1 - alpha), eps, eps)[None, :, None] * one
    memory = rows(0.0, alpha, alpha)[None, :, None] * one
    ahead = rows(0.0, 0.0, 1.0)[None, :, None] * one
    place = xp.concat([xp.ones_like(rate), xp.ones_like(rate)], axis=0)  # E theta^2, rates that stay or decay
    cross, speed = xp.zeros_like(place), xp.zeros_like(place)  # E theta v, E v^2
    curve = [xp.sum(lam * place, axis=-1) / 2]
    for k in range(steps):
        e = xp.concat([rate, rate / (1 + k / tau)], axis=0)
        x = e * lam
        a = memory * (1 - ahead * x)  # v <- a v - x theta - noise, theta <- theta + v
        kick = (e * sigma) ** 2
        place, cross, speed = (
            (1 - x) ** 2 * place + 2 * (1 - x) * a * cross + a * a * speed + kick,
            -x * (1 - x) * place + a * (1 - 2 * x) * cross + a * a * speed + kick,
            x * x * place - 2 * x * a * cross + a * a * speed + kick,
        )
        curve.append(xp.sum(lam * place, axis=-1) / 2)
    curves = xp.stack(curve)
    note("fixed_curve", curves[:, 0, :])
    note("decayed_curve", curves[:, 1, :])
    half = steps // 2
    x, effective = eps * lam, eps / (1 - alpha)
    return {
        "fixed": curves[-1, 0, :],
        "decayed": curves[-1, 1, :],
        "slopes": xp.log(curves[-1, 1, :] / curves[half, 1, :]) / math.log(steps / half),
        "floor_sgd": sigma**2 * xp.sum(effective / (2 - effective * lam)) / 2,
        "floor_momentum": sigma**2 * xp.sum(effective * (1 + alpha) / (2 * (1 + alpha) - x)) / 2,
        "floor_same_rate": sigma**2 * xp.sum(eps / (2 - x)) / 2,
    }


def oracle(lam, sigma, eps, alpha, tau, steps):
    """2 by 2 covariance matrices, one curvature at a time; floors from the stationary equation S = A S A' + Q."""

    def matrices(curvature, e, a, ahead):
        x, a = e * curvature, a * (1 - ahead * e * curvature)
        return np.array([[1 - x, a], [-x, a]]), (e * sigma) ** 2 * np.ones((2, 2))

    methods = ((eps / (1 - alpha), 0.0, 0), (eps, alpha, 0), (eps, alpha, 1))
    half = steps // 2
    ends = {name: np.zeros(3) for name in ("fixed", "decayed", "half")}
    for i, (e, a, ahead) in enumerate(methods):
        for curvature in lam:
            for name, decays in (("fixed", False), ("decayed", True)):
                S = np.diag([1.0, 0.0])
                for k in range(steps):
                    A, Q = matrices(curvature, e / (1 + k / tau) if decays else e, a, ahead)
                    if decays and k == half:
                        ends["half"][i] += curvature * S[0, 0] / 2
                    S = A @ S @ A.T + Q
                ends[name][i] += curvature * S[0, 0] / 2

    def floor(e, a):
        total = 0.0
        for curvature in lam:
            A, Q = matrices(curvature, e, a, 0)
            S = np.linalg.solve(np.eye(4) - np.kron(A, A), Q.ravel())
            total += curvature * S[0] / 2
        return np.asarray(total)

    with np.errstate(all="ignore"):
        slopes = np.log(ends["decayed"] / ends["half"]) / np.log(steps / half)
    return {
        "fixed": ends["fixed"], "decayed": ends["decayed"], "slopes": slopes,
        "floor_sgd": floor(eps / (1 - alpha), 0.0) if alpha else floor(eps, 0.0),
        "floor_momentum": floor(eps, alpha), "floor_same_rate": floor(eps, 0.0),
    }  # fmt: skip


def sample(rng):
    alpha = float(rng.choice([0.5, 0.8, 0.9]))
    return {
        "lam": rng.uniform(0.5, 2.0, size=int(rng.integers(1, 4))),
        "sigma": float(rng.uniform(0.3, 2.0)),
        "eps": float(rng.uniform(0.1, 0.5)) * (1 - alpha),
        "alpha": alpha,
        "tau": float(rng.uniform(15.0, 30.0)),
        "steps": int(rng.integers(20, 80)),
    }


def variant(rng):
    """One curvature, and an effective rate that is felt."""
    lam, alpha = int(rng.choice([1, 2, 3, 4, 5])), float(rng.choice([0.5, 0.6, 0.75, 0.8, 0.9]))
    shares = [e for e in (0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1) if 0.2 <= e * lam / (1 - alpha) <= 1.6]
    return {"lam": [lam], "sigma": int(rng.choice([1, 2, 3, 4, 5])), "eps": float(rng.choice(shares or [0.02])),
            "alpha": alpha, "tau": 10, "steps": 4}  # fmt: skip


def _floors(rule):
    """Other floors, given the curvatures, the rate and alpha; only what differs."""

    def value(lam, sigma, eps, alpha, tau, steps):
        e = eps / (1 - alpha)
        right = {
            "floor_momentum": np.sum(e * (1 + alpha) / (2 * (1 + alpha) - eps * lam)),
            "floor_sgd": np.sum(e / (2 - e * lam)),
        }
        wrong = rule(lam, eps, alpha)
        return {n: sigma**2 * v / 2 for n, v in wrong.items() if not np.isclose(v, right[n], rtol=1e-6)}

    return value


MISTAKES = (
    Mistake("momentum-quiets", "以为动量按滑动平均把噪声方差压小了 (1−α)/(1+α) 倍；走得也远了，下限并不这样降低",
            "expects momentum to cut the noise by (1 - alpha)/(1 + alpha); but it steps farther, too",
            _floors(lambda lam, e, a: {"floor_momentum": np.sum(e / (2 - e * lam)) * (1 - a) / (1 + a)})),
    Mistake("same-as-plain", "当成了学习率 ε 的普通 SGD：有效学习率是 ε/(1−α)",
            "taken for plain SGD with the rate eps; the effective rate is eps / (1 - alpha)",
            _floors(lambda lam, e, a: {"floor_momentum": np.sum(e / (2 - e * lam))})),
    Mistake("rate-times-the-rest", "有效学习率是 ε/(1−α)，不是 ε(1−α)",
            "the effective rate is eps / (1 - alpha), not eps (1 - alpha)",
            _floors(lambda lam, e, a: {"floor_sgd": np.sum(e * (1 - a) / (2 - e * (1 - a) * lam))})),
    Mistake("rate-not-scaled", "普通 SGD 要取 ε/(1−α) 才走同样快", "plain SGD needs eps / (1 - alpha) to move as fast",
            _floors(lambda lam, e, a: {"floor_sgd": np.sum(e / (2 - e * lam))})),
    Mistake("still-squared", "以为 Nesterov 在有噪声时仍是 1/k²", "expects Nesterov to keep 1/k^2 under noise",
            lambda lam, sigma, eps, alpha, tau, steps: {"slopes": np.array([-1.0, -1.0, -2.0])} if sigma else {}),
)  # fmt: skip


# ---- Claims.


def _effective(given, out):
    """Momentum's floor: between eps' sigma^2 / 4 a coordinate and that of SGD, with eps' = eps / (1 - alpha)."""
    unit = given["eps"] / (1 - given["alpha"]) * given["sigma"] ** 2 / 4 * given["lam"].size
    low, high = out["floor_momentum"] - unit, out["floor_momentum"] - out["floor_sgd"]
    return np.array([np.minimum(low, 0.0), np.maximum(high, 0.0)]) / (unit + 1e-30)


def _noisier(given, out):
    """At the same eps momentum's floor is at least 1/(1 - alpha) (1 - eps lam / 2) times that of plain SGD."""
    factor = (1 - given["eps"] * np.max(given["lam"]) / 2) / (1 - given["alpha"])
    return np.minimum(out["floor_momentum"] - factor * out["floor_same_rate"], 0.0) / (out["floor_momentum"] + 1e-30)


def _no_faster(given, out):
    """Decayed like 1/k long enough: slopes within 0.1 of -1, and neither ahead of SGD by more than 10%."""
    slowest = given["eps"] / (1 - given["alpha"]) * given["tau"] * np.min(given["lam"])
    long = given["steps"] >= 40 * given["tau"] and given["steps"] >= 100 / (1 - given["alpha"])
    if slowest < 2 or not long or given["sigma"] < 0.1:
        return 0.0
    behind = np.maximum(1 - out["decayed"] / out["decayed"][0] - 0.1, 0.0)
    return np.stack([np.maximum(np.abs(out["slopes"] + 1) - 0.1, 0.0), behind])


def figure(given, out, steps):
    k = np.unique(np.round(np.geomspace(1, given["steps"], 60)).astype(int))
    marks = []
    for name, says in (("fixed_curve", ("不变", "fixed")), ("decayed_curve", ("衰减", "decayed"))):
        for i, method in enumerate(METHODS):
            label = {"zh": f"{method['zh']}，{says[0]}", "en": f"{method['en']}, {says[1]}"}
            marks.append(Lines(k, steps[name][k, i], label))
    return Figure({"zh": "有噪声时的额外误差", "en": "excess error under gradient noise"}, tuple(marks),
                  x={"zh": "步数", "en": "step"}, y={"zh": "额外误差", "en": "excess error"}, log="xy")  # fmt: skip


SOLVER = Solver(
    title={"zh": "有梯度噪声的动量", "en": "momentum under gradient noise"},
    formula=r"E f\to\frac{\sigma^2}{2}\sum_i\frac{\epsilon(1+\alpha)}{(1-\alpha)(2(1+\alpha)-\epsilon\lambda_i)}",
    params={
        "lam": Param([1.0, 0.3], {"zh": "各方向的曲率", "en": "curvatures"}, shape="(D,)"),
        "sigma": Param(1.0, {"zh": "梯度噪声的标准差", "en": "deviation of the gradient noise"}, kind="float"),
        "eps": Param(0.02, {"zh": "动量的学习率 ε", "en": "momentum's rate eps"}, kind="float"),
        "alpha": Param(0.9, {"zh": "动量参数 α", "en": "momentum alpha"}, kind="float"),
        "tau": Param(40.0, {"zh": "衰减的时间尺度 τ", "en": "time scale tau of the decay"}, kind="float"),
        "steps": Param(2000, {"zh": "步数", "en": "number of steps"}, kind="int"),
    },
    outputs=dict.fromkeys(("fixed", "decayed", "slopes", "floor_sgd", "floor_momentum", "floor_same_rate"), "1"),
    steps={
        "fixed_curve": {"zh": "额外误差，学习率不变", "en": "excess error, rates that stay"},
        "decayed_curve": {"zh": "额外误差，学习率按 1/k 衰减", "en": "excess error, rates decayed like 1/k"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="2 by 2 covariance matrices one at a time; floors from the stationary (Lyapunov) equation",
    sample=sample,
    variant=variant,
    edges=({"lam": [1.0], "sigma": 0.0, "steps": 5},
    {"lam": [3.0], "eps": 0.05, "alpha": 0.9, "tau": 1.0, "steps": 30}),
    tolerance={"float64": 1e-8, "float32": 1e-3},
    smooth=False,
    batched=False,
    claims=(
        Claim("same-effective-rate",
              zh="有效学习率 ε' = ε/(1−α) 相同：动量的噪声下限不低于 ε'σ²/4，也不高于 SGD（ε' 小时都相近）",
              en="at the same effective rate eps' momentum's floor lies between eps' sigma^2/4 and that of SGD",
              residual=_effective),
        Claim("noisier-at-the-same-rate", zh="ε 相同时，动量的噪声下限约为普通 SGD 的 1/(1−α) 倍",
              en="at the same eps momentum's floor is about 1/(1 - alpha) times that of plain SGD", residual=_noisier),
        Claim("no-faster-under-noise", zh="学习率按 1/k 衰减够久：三者的额外误差都按 1/k 下降，谁也不比 SGD 快一成",
              en="decayed like 1/k for long, all three fall like 1/k, none ahead of SGD by 10%", residual=_no_faster),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"lam": [-1.0]}, "lam must lie between"),
        Reject({"lam": 1.0}, "lam must be a list"),
        Reject({"sigma": float("nan")}, "sigma must lie between"),
        Reject({"alpha": 1.0}, "alpha must be positive and at most"),
        Reject({"eps": 0.5}, "eps must keep eps lam"),
        Reject({"tau": 0.0}, "tau must lie between"),
        Reject({"steps": 10**8}, "steps must lie between"),
    ),
    figure=figure,
)  # fmt: skip
