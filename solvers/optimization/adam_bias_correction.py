"""Adam's bias correction: what the two moments expect early on, and what becomes of the steps without correction.

Gradients are independent, of mean mu and standard deviation sigma; s and r start at zero. Then

    E[s_t] = (1 - rho1^t) mu,      E[r_t] = (1 - rho2^t) (mu^2 + sigma^2)

``share1``, ``share2`` (steps,) are 1 - rho^t. Under a constant gradient a step is so many times the learning rate long:
``uncorrected`` (steps,) without any correction, ``second_raw`` with s alone corrected (RMSProp with momentum, so to
speak), and exactly once with both. ``mean_s``, ``mean_r`` are averages over ``runs`` drawn sequences.
Errors: BadInput for rates outside (0, 1), a gradient without mean and spread, too many numbers.
Reference: Kingma & Ba (2015), section 3; Goodfellow et al. (2016), section 8.5.3.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

NUMBERS = 2_000_000
SIGMAS = 6.0


def check(mu, sigma, rho1, rho2, steps, runs):
    for name, value in (("mu", mu), ("sigma", sigma)):
        require(abs(value) <= 1e6, name, "be finite and at most 1e6 in size", value)
    require(sigma >= 0, "sigma", "be at least 0", sigma)
    require(mu != 0 or sigma > 0, "mu", "differ from 0, or sigma must", mu)
    for name, rate in (("rho1", rho1), ("rho2", rho2)):
        require(1e-6 <= rate <= 1 - 1e-6, name, "lie between 1e-6 and 1 - 1e-6", rate)
    require(1 <= steps <= 100_000, "steps", "lie between 1 and 100000", steps)
    require(1 <= runs <= 100_000, "runs", "lie between 1 and 100000", runs)
    require(steps * runs <= NUMBERS, "runs", f"keep steps times runs within {NUMBERS}", runs)


def noise(rng, mu, sigma, rho1, rho2, steps, runs):
    return {"drawn": rng.normal(size=(steps, runs))}


def compute(xp, note, mu, sigma, rho1, rho2, steps, runs, drawn):
    s, r = xp.zeros_like(drawn[0, :]), xp.zeros_like(drawn[0, :])
    weight1, weight2 = xp.zeros_like(drawn[0, 0]), xp.zeros_like(drawn[0, 0])
    rows = []
    for t in range(steps):
        g = mu + sigma * drawn[t, :]
        s = rho1 * s + (1 - rho1) * g
        r = rho2 * r + (1 - rho2) * g * g
        weight1 = rho1 * weight1 + (1 - rho1)
        weight2 = rho2 * weight2 + (1 - rho2)
        rows.append((xp.mean(s), xp.mean(r), weight1, weight2))
    mean_s, mean_r, share1, share2 = (xp.stack(column) for column in zip(*rows, strict=True))
    note("mean_s", mean_s)
    note("mean_r", mean_r)
    return {
        "share1": share1,
        "share2": share2,
        "expected_s": share1 * mu,
        "expected_r": share2 * (mu * mu + sigma * sigma),
        "uncorrected": share1 / xp.sqrt(share2),
        "second_raw": 1 / xp.sqrt(share2),
    }


def oracle(mu, sigma, rho1, rho2, steps, runs, drawn):
    """The closed form: geometric sums."""
    times = np.arange(1, steps + 1)
    share1, share2 = (-np.expm1(times * np.log(rho)) for rho in (rho1, rho2))
    return {
        "share1": share1,
        "share2": share2,
        "expected_s": mu * share1,
        "expected_r": np.hypot(mu, sigma) ** 2 * share2,
        "uncorrected": share1 * share2**-0.5,
        "second_raw": share2**-0.5,
    }


def sample(rng):
    return {
        "mu": float(rng.normal(scale=2.0)),
        "sigma": float(rng.uniform(0.1, 3.0)),
        "rho1": float(rng.uniform(0.5, 0.95)),
        "rho2": float(rng.uniform(0.8, 0.999)),
        "steps": int(rng.integers(1, 12)),
        "runs": int(rng.integers(5, 40)),
    }


def variant(rng):
    """Four steps, with rates other than the defaults."""
    return {
        "mu": int(rng.choice([-5, -4, -3, -2, 2, 3, 4, 5])),
        "sigma": int(rng.integers(1, 8)),
        "rho1": int(rng.integers(50, 97)) / 100,
        "rho2": int(rng.integers(900, 1000)) / 1000,
        "steps": 4,
        "runs": 2,
    }


# ---- What people get wrong.


def _shares(given, rule):
    """The outputs that follow from other weights, rule(rho, t), where they differ."""
    times = np.arange(1, given["steps"] + 1)
    with np.errstate(all="ignore"):
        one, two = (np.asarray(rule(given[name], times), dtype=float) for name in ("rho1", "rho2"))
        return {
            "share1": one,
            "share2": two,
            "expected_s": one * given["mu"],
            "expected_r": two * (given["mu"] ** 2 + given["sigma"] ** 2),
            "uncorrected": one / np.sqrt(two),
            "second_raw": 1 / np.sqrt(two),
        }


def _swapped(**given):
    right = _shares(given, lambda rho, t: 1 - rho**t)
    wrong = _shares({**given, "rho1": given["rho2"], "rho2": given["rho1"]}, lambda rho, t: 1 - rho**t)
    return {n: v for n, v in wrong.items() if not np.allclose(v, right[n], rtol=1e-6, atol=0)}


def _no_root(**given):
    right = _shares(given, lambda rho, t: 1 - rho**t)
    return {"uncorrected": right["share1"] / right["share2"], "second_raw": 1 / right["share2"]}


def _other_moment(square):
    def value(**given):
        share2 = _shares(given, lambda rho, t: 1 - rho**t)["share2"]
        wrong = square(given["mu"], given["sigma"])
        right = given["mu"] ** 2 + given["sigma"] ** 2
        return {} if np.isclose(wrong, right, rtol=1e-6) else {"expected_r": share2 * wrong}

    return value


def _upside_down(**given):
    right = _shares(given, lambda rho, t: 1 - rho**t)
    return {"uncorrected": np.sqrt(right["share2"]) / right["share1"], "second_raw": np.sqrt(right["share2"])}


MISTAKES = (
    Mistake("no-exponent", "漏了指数 t：权重之和是 1−ρᵗ", "the exponent t was forgotten: the weights total 1 - rho^t",
            lambda **given: _shares(given, lambda rho, t: 1 - rho + 0 * t) if given["steps"] > 1 else {}),
    Mistake("counts-from-zero", "t 从 0 数起", "t was counted from 0",
            lambda **given: _shares(given, lambda rho, t: 1 - rho ** (t - 1))),
    Mistake("what-is-missing", "ρᵗ 是还缺的部分，不是已有的", "rho^t is what is missing, not what is there",
            lambda **given: _shares(given, lambda rho, t: rho**t)),
    Mistake("rates-swapped", "ρ₁ 与 ρ₂ 用反了", "rho1 and rho2 were exchanged", _swapped),
    Mistake("no-root", "忘了分母是 √r", "the root of r was forgotten", _no_root),
    Mistake("upside-down", "倒过来了：r 偏小而在分母上，步子变长", "upside down: too small an r makes steps longer",
            _upside_down),
    Mistake("variance", "r 的期望不是方差：要加均值的平方（非中心矩）",
            "the second moment is not the variance: the square of the mean belongs to it",
            _other_moment(lambda mu, sigma: sigma**2)),
    Mistake("square-of-the-mean", "漏了方差：E[g²] = μ² + σ²", "the variance is missing: E[g^2] = mu^2 + sigma^2",
            _other_moment(lambda mu, sigma: mu**2)),
)  # fmt: skip


# ---- Claims.


def _corrected(given, out):
    """The averages over runs, corrected, against mu and mu^2 + sigma^2: six standard errors either way."""
    t = np.arange(1, given["steps"] + 1)
    mu, sigma, runs = given["mu"], given["sigma"], given["runs"]
    found = []
    spread = (("mean_s", "share1", "rho1", mu, sigma), ("mean_r", "share2", "rho2", mu**2 + sigma**2,
              np.sqrt(2 * sigma**4 + 4 * mu**2 * sigma**2)))  # fmt: skip
    for name, share, rho, wanted, deviation in spread:
        rho = given[rho]
        squares = (1 - rho) ** 2 * (1 - rho ** (2 * t)) / (1 - rho**2)  # the weights', so the variance of the mean
        allowed = SIGMAS * deviation * np.sqrt(squares / runs) / out[share]
        # A mean of few squares leans to one side, and rounding stays: ten times the room where the runs are few.
        room = allowed * (1 if runs >= 100 else 10) + 1e-12 * (abs(wanted) + 1)
        found.append(np.maximum(np.abs(out[name] / out[share] - wanted) - room, 0.0) / (1 + abs(wanted)))
    return np.stack(found)


def _weights(given, out):
    times = np.arange(1, given["steps"] + 1)
    return np.stack([out[f"share{n}"] - (1 - given[f"rho{n}"] ** times) for n in (1, 2)])


def _first_step(given, out):
    first = (1 - given["rho1"]) / np.sqrt(1 - given["rho2"])
    return np.stack([out["uncorrected"][0] / first - 1, out["second_raw"][0] * np.sqrt(1 - given["rho2"]) - 1])


def _fades(given, out):
    """The correction tends to 1: what is missing falls by rho a step, and second_raw never rises."""
    left = np.stack([1 - out["share1"], 1 - out["share2"]])
    rates = np.array([[given["rho1"]], [given["rho2"]]])
    rise = np.maximum(out["second_raw"][1:] - out["second_raw"][:-1], 0.0)
    if not rise.size:
        return 0.0
    return np.concatenate([(left[:, 1:] - rates * left[:, :-1]).ravel(), rise / out["second_raw"][0]])


CLAIMS = (
    Claim("weights-total", zh="t 步后各次梯度的权重之和只有 1−ρᵗ", en="after t steps the weights total only 1 - rho^t",
          residual=_weights),
    Claim("correction-removes-the-bias", zh="除以 1−ρᵗ 后，s、r 的平均就是 μ 与 μ²+σ²（在抽样误差之内）",
          en="divided by 1 - rho^t the drawn moments average mu and mu^2 + sigma^2, within their errors",
          residual=_corrected),
    Claim("first-step", zh="都不修正，第一步长 (1−ρ₁)/√(1−ρ₂) 倍；只修正 s，长 1/√(1−ρ₂) 倍",
          en="step one is (1-rho1)/sqrt(1-rho2) times lr uncorrected, 1/sqrt(1-rho2) with s alone corrected",
          residual=_first_step),
    Claim("bias-fades", zh="偏差每步乘 ρ 而消失：ρ₂ 接近 1 时要上千步",
          en="the bias fades by rho a step: with rho2 near 1 that takes thousands", residual=_fades),
)  # fmt: skip


def figure(given, out, steps):
    """The length of a step under a constant gradient, in learning rates."""
    times = np.arange(1, given["steps"] + 1)
    return Figure(
        title={"zh": "梯度恒定时的步长（以 ε 为单位）", "en": "length of a step under a constant gradient, in lr"},
        marks=(
            Lines(times, np.ones(len(times)), {"zh": "Adam（两个矩都修正）", "en": "Adam, both moments corrected"}),
            Lines(times, out["uncorrected"], {"zh": "都不修正", "en": "neither corrected"}),
            Lines(times, out["second_raw"], {"zh": "只修正 s", "en": "s alone corrected"}),
        ),
        x={"zh": "步 t", "en": "step t"},
        y={"zh": "步长/ε", "en": "length / lr"},
        log="xy",
    )


SOLVER = Solver(
    title={"zh": "Adam 的偏差修正", "en": "Adam's bias correction"},
    formula=r"E[s_t]=(1-\rho_1^t)\,E[g],\qquad E[r_t]=(1-\rho_2^t)\,E[g^2]",
    params={
        "mu": Param(1.0, {"zh": "梯度的均值", "en": "mean of the gradients"}, kind="float"),
        "sigma": Param(2.0, {"zh": "梯度的标准差", "en": "standard deviation of the gradients"}, kind="float"),
        "rho1": Param(0.9, {"zh": "一阶矩的衰减率", "en": "the first moment's decay rate"}, kind="float"),
        "rho2": Param(0.999, {"zh": "二阶矩的衰减率", "en": "the second moment's decay rate"}, kind="float"),
        "steps": Param(1000, {"zh": "步数", "en": "number of steps"}, kind="int"),
        "runs": Param(400, {"zh": "抽样次数", "en": "drawn sequences"}, kind="int"),
    },
    outputs=dict.fromkeys(("share1", "share2", "expected_s", "expected_r", "uncorrected", "second_raw"), "1"),
    steps={
        "mean_s": {"zh": "抽样得到的 s 的平均", "en": "drawn s, mean over runs"},
        "mean_r": {"zh": "抽样得到的 r 的平均", "en": "drawn r, mean over runs"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="closed form: geometric sums",
    sample=sample,
    variant=variant,
    edges=(
        {"mu": 0.0, "sigma": 1.0, "steps": 1, "runs": 1},
        {"mu": 3.0, "sigma": 0.0, "steps": 50, "runs": 1},
        {"mu": -2.0, "sigma": 0.5, "rho1": 0.5, "rho2": 0.5, "steps": 60, "runs": 200},
    ),
    noise=noise,
    tolerance={"float64": 1e-9, "float32": 2e-3},
    smooth=False,
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"rho1": 1.0}, "rho1 must lie between"),
        Reject({"rho2": 0.0}, "rho2 must lie between"),
        Reject({"mu": float("nan")}, "mu must be finite"),
        Reject({"sigma": -1.0}, "sigma must be at least 0"),
        Reject({"mu": 0.0, "sigma": 0.0}, "mu must differ from 0"),
        Reject({"steps": 0}, "steps must lie between"),
        Reject({"runs": 99999}, "runs must keep steps times runs"),
    ),
    figure=figure,
)
