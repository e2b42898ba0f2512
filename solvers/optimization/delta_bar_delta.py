"""Delta-bar-delta on a bowl f(theta) = sum h theta^2 / 2: with exact gradients, and with noise as of minibatches.

Per parameter, with delta the present slope and bar a running mean of the past ones (zero before the first step):

    delta bar > 0   rate <- rate + kappa             they agree: faster, by a constant
    delta bar < 0   rate <- (1 - phi) rate           they differ: slower, by a factor
    bar <- (1 - memory) delta + memory bar           theta <- theta - rate delta

Memory 0 compares with the preceding slope alone. Noise of standard deviation sigma is added to every slope of the
``runs`` noisy runs. Shapes: h, theta (D,) -> rate_full, theta_full, agree_full, rate_noisy, agree_noisy (D,).
``agree`` is the share of the steps after the first on which delta and bar agreed; noisy outputs are means over runs.
Errors: BadInput for rates that could run away (lr0 h over 1.95, kappa h over 0.5), sizes that do not fit.
Reference: Jacobs (1988); Goodfellow et al. (2016), section 8.5.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

LONGEST = 5000
NUMBERS = 2_000_000
SIGMAS = 6.0


def check(h, theta, lr0, kappa, phi, memory, sigma, runs, steps):
    require(theta.ndim == 1 and theta.size >= 1, "theta", "be a vector with at least one entry", theta.shape)
    require(h.shape == theta.shape, "h", f"have shape {theta.shape}, like theta", h.shape)
    require(np.all(np.abs(theta) <= 1e6), "theta", "hold finite numbers of size at most 1e6", theta)
    require(np.all((h >= 0) & (h <= 1e6)), "h", "hold numbers between 0 and 1e6", h)
    steepest = max(float(np.max(h)), 1e-9)
    require(0 < lr0 <= 1e3 and lr0 * steepest <= 1.95, "lr0", "be positive, lr0 h at most 1.95", lr0)
    require(0 <= kappa <= 1e3 and kappa * steepest <= 0.5, "kappa", "be at least 0, kappa h at most 0.5", kappa)
    require(0 < phi < 1, "phi", "lie between 0 and 1", phi)
    require(0 <= memory <= 0.99, "memory", "lie between 0 and 0.99", memory)
    require(0 <= sigma <= 1e6, "sigma", "lie between 0 and 1e6", sigma)
    require(1 <= steps <= LONGEST, "steps", f"lie between 1 and {LONGEST}", steps)
    require(1 <= runs <= 10_000, "runs", "lie between 1 and 10000", runs)
    require(runs * steps * theta.size <= NUMBERS, "runs", f"keep runs, steps and entries within {NUMBERS}", runs)


def noise(rng, h, theta, lr0, kappa, phi, memory, sigma, runs, steps):
    return {"shake": rng.normal(size=(steps, runs, np.size(theta)))}


def compute(xp, note, h, theta, lr0, kappa, phi, memory, sigma, runs, steps, shake):
    def descend(point, slope_at):
        """The end, the last rates, the share of agreement; rates and losses along the way, means over runs."""
        rate, bar, agreed = xp.full_like(point, lr0), xp.zeros_like(point), xp.zeros_like(point)
        rates, losses = [], []
        for t in range(steps):
            losses.append(xp.mean(xp.sum(h * point * point, axis=-1)) / 2)
            slope = slope_at(point, t)
            sign = slope * bar
            rate = xp.where(sign > 0, rate + kappa, xp.where(sign < 0, (1 - phi) * rate, rate))
            agreed = agreed + xp.where(sign > 0, xp.ones_like(sign), xp.zeros_like(sign))
            bar = (1 - memory) * slope + memory * bar
            point = point - rate * slope
            rates.append(xp.mean(rate, axis=0))
        losses.append(xp.mean(xp.sum(h * point * point, axis=-1)) / 2)
        share = xp.mean(agreed, axis=0) / max(steps - 1, 1)
        return point, rates[-1], share, xp.stack(rates), xp.stack(losses)

    full = descend(theta[None, :] + 0.0, lambda point, t: h * point)
    noisy = descend(theta + 0.0 * shake[0, :, :], lambda point, t: h * point + sigma * shake[t, :, :])
    for name, run in (("full", full), ("noisy", noisy)):
        note(f"{name}_rates", run[3])
        note(f"{name}_losses", run[4])
    return {
        "theta_full": full[0][0, :],
        "rate_full": full[1],
        "agree_full": full[2],
        "loss_full": full[4][-1],
        "rate_noisy": noisy[1],
        "agree_noisy": noisy[2],
        "loss_noisy": noisy[4][-1],
    }


def oracle(h, theta, lr0, kappa, phi, memory, sigma, runs, steps, shake):
    """Plain loops, one parameter of one run at a time."""

    def walk(curve, place, jolts):
        rate, bar, agreed = lr0, 0.0, 0
        for jolt in jolts:
            slope = curve * place + jolt
            if slope * bar > 0:
                rate, agreed = rate + kappa, agreed + 1
            elif slope * bar < 0:
                rate = (1 - phi) * rate
            bar = (1 - memory) * slope + memory * bar
            place = place - rate * slope
        return place, rate, agreed / max(len(jolts) - 1, 1), curve * place**2 / 2

    still = np.array([walk(float(c), float(p), [0.0] * steps) for c, p in zip(h, theta, strict=True)]).T
    jolted = np.array([
        [walk(float(h[d]), float(theta[d]), (sigma * shake[:, run, d]).tolist()) for d in range(theta.size)]
        for run in range(runs)
    ])  # fmt: skip
    return {
        "theta_full": still[0],
        "rate_full": still[1],
        "agree_full": still[2],
        "loss_full": np.sum(still[3]),
        "rate_noisy": jolted[:, :, 1].mean(axis=0),
        "agree_noisy": jolted[:, :, 2].mean(axis=0),
        "loss_noisy": jolted[:, :, 3].sum(axis=1).mean(),
    }


def sample(rng):
    size = int(rng.integers(1, 4))
    return {
        "h": rng.uniform(0.5, 10.0, size=size),
        "theta": rng.choice([-1.0, 1.0], size=size) * rng.uniform(0.5, 3.0, size=size),
        "lr0": float(rng.uniform(0.01, 0.15)),
        "kappa": float(rng.uniform(0.001, 0.02)),
        "phi": float(rng.uniform(0.1, 0.5)),
        "memory": float(rng.choice([0.0, 0.7])),
        "sigma": float(rng.choice([0.5, 5.0])),
        "runs": int(rng.integers(1, 4)),
        "steps": int(rng.integers(3, 12)),
    }


def variant(rng):
    """Four steps of a steep parameter, which jumps over its minimum at first, and a flat one, which does not."""
    lr0 = float(rng.choice([0.04, 0.05, 0.06, 0.08, 0.1, 0.12, 0.15]))
    steep = [h for h in range(5, 45) if 1.2 <= lr0 * h <= 1.8]
    return {
        "h": [int(rng.choice(steep)), int(rng.integers(2, 5))],
        "theta": [int(rng.choice([-2, -1, 1, 2])), int(rng.choice([-4, -3, 3, 4, 5]))],
        "lr0": lr0,
        "kappa": float(rng.choice([0.001, 0.002, 0.003, 0.004, 0.005])),
        "phi": float(rng.choice([0.2, 0.3, 0.4, 0.5])),
        "memory": 0,
        "sigma": 0,
        "runs": 1,
        "steps": 4,
    }


# ---- What people get wrong, on exact gradients.


def _full(given, *, up=lambda rate, kappa, phi: rate + kappa, down=lambda rate, kappa, phi: (1 - phi) * rate,
          first=False, before=False):  # fmt: skip
    """The full-batch run once more; ``first``: the first step counts as agreement, ``before``: the old rate moves."""
    h, point, memory = given["h"], np.array(given["theta"], dtype=float), given["memory"]
    rate, bar, agreed, rates = np.full(point.shape, given["lr0"]), np.zeros_like(point), np.zeros_like(point), []
    for t in range(given["steps"]):
        slope = h * point
        sign = slope**2 if first and t == 0 else slope * bar
        faster, slower = (change(rate, given["kappa"], given["phi"]) for change in (up, down))
        old, rate = rate, np.where(sign > 0, faster, np.where(sign < 0, slower, rate))
        agreed = agreed + (sign > 0)
        bar = (1 - memory) * slope + memory * bar
        point = point - (old if before else rate) * slope
        rates.append(rate)
    return {
        "theta_full": point,
        "rate_full": rate,
        "loss_full": np.sum(h * point**2) / 2,
        "full_rates": np.stack(rates),
    }


def _with(**parts):
    def value(**given):
        with np.errstate(all="ignore"):
            right, wrong = _full(given), _full(given, **parts)
        return {n: wrong[n] for n in right if not np.allclose(wrong[n], right[n], rtol=1e-6, atol=1e-12)}

    return value


def _global(**given):
    """One rate for all: it rises where the whole gradient agrees with the one before, g . bar > 0."""
    h, point = given["h"], np.array(given["theta"], dtype=float)
    rate, bar = given["lr0"], np.zeros_like(point)
    for _ in range(given["steps"]):
        slope = h * point
        sign = float(slope @ bar)
        rate = rate + given["kappa"] if sign > 0 else (1 - given["phi"]) * rate if sign < 0 else rate
        bar = (1 - given["memory"]) * slope + given["memory"] * bar
        point = point - rate * slope
    right, wrong = _full(given), {"theta_full": point, "rate_full": np.full(point.shape, rate)}
    return {n: wrong[n] for n in wrong if not np.allclose(wrong[n], right[n], rtol=1e-6, atol=1e-12)}


MISTAKES = (
    Mistake("reversed", "反了：同号应当加大，异号应当减小", "the wrong way round: agreement raises the rate",
            _with(up=lambda rate, kappa, phi: (1 - phi) * rate, down=lambda rate, kappa, phi: rate + kappa)),
    Mistake("raised-by-a-factor", "增大时乘了 1+κ；应当加一个常数 κ", "raised by the factor 1 + kappa; kappa is added",
            _with(up=lambda rate, kappa, phi: (1 + kappa) * rate)),
    Mistake("lowered-by-a-constant", "减小时减了 κ；应当乘 1−φ", "lowered by kappa; it is multiplied by 1 - phi",
            _with(down=lambda rate, kappa, phi: rate - kappa)),
    Mistake("multiplied-by-phi", "乘了 φ；留下的是 1−φ", "multiplied by phi; what is left is 1 - phi",
            _with(down=lambda rate, kappa, phi: phi * rate)),
    Mistake("never-lowered", "异号时没有减小", "the rate was not lowered where signs differ",
            _with(down=lambda rate, kappa, phi: rate)),
    Mistake("first-step-counts", "第一步没有可比的过去，学习率不变", "the first step has no past: the rate stays",
            _with(first=True)),
    Mistake("old-rate-moves", "用了调整前的学习率来移动", "the step was taken with the rate before its change",
            _with(before=True)),
    Mistake("one-rate-for-all", "所有参数共用一个学习率；这里每个参数各看各的符号",
            "one rate for all parameters; here each looks at its own sign", _global),
)  # fmt: skip


# ---- Claims.


def _changes(given, out):
    """The signs told from the full-batch rates alone: a step multiplies a parameter by 1 - rate h. Where the slope
    agrees with the mean of the past ones the rate must gain kappa, where it differs lose phi of itself, else stay;
    where rounding could turn the sign, the nearest of the three is asked for."""
    rates = np.vstack([np.full((1, np.size(given["theta"])), given["lr0"]), out["full_rates"]])
    old, change = rates[:-1], rates[1:] - rates[:-1]
    shrunk = np.cumprod(1 - given["h"] * out["full_rates"], axis=0)
    slopes = given["h"] * given["theta"] * np.vstack([np.ones_like(given["theta"]), shrunk[:-1]])
    past, bar, room = np.zeros_like(slopes), np.zeros_like(slopes[0]), np.zeros_like(slopes[0])
    unsure = np.zeros(slopes.shape, dtype=bool)
    for t, slope in enumerate(slopes):
        past[t], unsure[t] = bar, (np.abs(bar) <= 1e-9 * room) | (np.abs(slope) <= 1e-150)
        bar = (1 - given["memory"]) * slope + given["memory"] * bar
        room = np.maximum(np.abs(slope), given["memory"] * room)
    unsure[1:] |= np.abs(slopes[1:]) <= 1e-9 * np.abs(slopes[:-1])
    unsure[0] = False
    signs = np.sign(slopes) * np.sign(past)
    apart = np.stack([change - given["kappa"], change + given["phi"] * old, change])
    told = np.choose(1 - signs.astype(int), [apart[0], apart[2], apart[1]])
    return np.where(unsure, np.min(np.abs(apart), axis=0), told) / old


def _pure_noise(given, out):
    """Where the slope is noise alone, its sign agrees with the past half of the time."""
    tosses = given["runs"] * max(given["steps"] - 1, 1)
    premise = (given["h"] == 0) & (given["sigma"] > 0) & (given["steps"] > 1)
    off = np.abs(out["agree_noisy"] - 0.5) - SIGMAS * 0.5 / np.sqrt(tosses)
    return np.where(premise, np.maximum(off, 0.0), 0.0)


def _resting_rate(given, out):
    """There the mean rate settles at kappa / phi, whatever the curvature elsewhere (a fifth is left to chance)."""
    late = out["noisy_rates"][given["steps"] // 2 :].mean(axis=0)
    enough = given["steps"] * given["phi"] >= 20 and given["runs"] * given["steps"] * given["phi"] >= 300
    premise = (given["h"] == 0) & (given["sigma"] > 0) & (given["kappa"] > 0) & enough
    wanted = given["kappa"] / given["phi"]
    return np.where(premise, np.maximum(np.abs(late / max(wanted, 1e-30) - 1) - 0.2, 0.0), 0.0)


def _staged(given):
    """Two parameters or more with curvature, tenfold apart; time enough; noise as of small minibatches."""
    h = given["h"][given["h"] > 0]
    return (
        h.size >= 2 and np.max(h) >= 10 * np.min(h) and given["steps"] >= 200 and given["runs"] >= 8
        and given["sigma"] >= 3 and 0.002 <= given["kappa"] * np.max(h) / 20 <= 0.01
        and given["phi"] == 0.1 and given["lr0"] * np.max(h) <= 0.5 and np.max(np.abs(given["theta"])) <= 5
    )  # fmt: skip


def _ratio(given, rates):
    steep, flat = np.argmax(given["h"]), np.argmin(np.where(given["h"] > 0, given["h"], np.inf))
    return rates[flat] / rates[steep]


def _full_separates(given, out):
    if not _staged(given):
        return 0.0
    quick = np.maximum(out["loss_full"] - 1e-6 * out["full_losses"][0], 0.0)
    return np.stack([np.maximum(5 - _ratio(given, out["full_rates"].mean(axis=0)), 0.0), quick])


def _noise_hides(given, out):
    if not _staged(given):
        return 0.0
    late = out["noisy_rates"][given["steps"] // 2 :].mean(axis=0)
    return np.maximum(_ratio(given, late) - 2.5, 0.0)


CLAIMS = (
    Claim("kappa-or-phi", zh="与过去同号就加 κ，异号就减去 φ 乘原学习率，没有过去可比时不变",
          en="the rate gains kappa where the slope agrees with the past, loses phi of itself where it differs",
          residual=_changes),
    Claim("pure-noise-is-a-coin", zh="斜率全是噪声时，符号一致的比例是 1/2（6 个标准误之内）",
          en="where a slope is noise alone its sign agrees half of the time, within 6 standard errors",
          residual=_pure_noise),
    Claim("resting-rate", zh="这时学习率停在 κ/φ 附近（20% 以内），与曲率无关",
          en="there the rate rests at kappa / phi, within a fifth, whatever the curvature", residual=_resting_rate),
    Claim("full-batch-separates", zh="全批量：平的方向的平均学习率至少是陡的 5 倍，损失降到百万分之一以下",
          en="full batch: the flat rate averages at least 5 times the steep one, the loss falls below a millionth",
          residual=_full_separates),
    Claim("noise-hides-the-slope", zh="有小批量噪声时，两个学习率的差距不超过 2.5 倍",
          en="under minibatch noise the two rates stay within a factor of 2.5", residual=_noise_hides),
)  # fmt: skip


def figure(given, out, steps):
    """The rates of the flattest and the steepest parameter, full batch and under noise."""
    steep, flat = int(np.argmax(given["h"])), int(np.argmin(np.where(given["h"] > 0, given["h"], np.inf)))
    times = np.arange(1, given["steps"] + 1)
    lines = [
        (steps["full_rates"][:, flat], {"zh": "全批量，平", "en": "full batch, flat"}),
        (steps["full_rates"][:, steep], {"zh": "全批量，陡", "en": "full batch, steep"}),
        (steps["noisy_rates"][:, flat], {"zh": "有噪声，平", "en": "noisy, flat"}),
        (steps["noisy_rates"][:, steep], {"zh": "有噪声，陡", "en": "noisy, steep"}),
    ]
    return Figure(
        title={"zh": "delta-bar-delta 的学习率", "en": "the rates of delta-bar-delta"},
        marks=tuple(Lines(times, rates, label) for rates, label in lines),
        x={"zh": "步 t", "en": "step t"},
        y={"zh": "学习率", "en": "rate"},
        log="y",
    )


SOLVER = Solver(
    title={"zh": "delta-bar-delta：全批量与小批量", "en": "delta-bar-delta, full batch and minibatch"},
    formula=r"\epsilon\leftarrow\epsilon+\kappa\ \text{if}\ \delta\bar\delta>0,\qquad"
    r"\epsilon\leftarrow(1-\phi)\epsilon\ \text{if}\ \delta\bar\delta<0",
    params={
        "h": Param([1.0, 30.0, 0.0], {"zh": "各参数的曲率", "en": "the curvature of each parameter"}, shape="(D,)"),
        "theta": Param([3.0, 3.0, 0.0], {"zh": "起点", "en": "the start"}, shape="(D,)"),
        "lr0": Param(0.01, {"zh": "初始学习率", "en": "the rate at the start"}, kind="float"),
        "kappa": Param(0.004, {"zh": "同号时加上的 κ", "en": "kappa, added on agreement"}, kind="float"),
        "phi": Param(0.1, {"zh": "异号时减去的比例 φ", "en": "phi, the share taken off otherwise"}, kind="float"),
        "memory": Param(0.7, {"zh": "滑动平均的记忆（0：只看上一步）", "en": "memory of the mean; 0: last step only"},
                        kind="float"),
        "sigma": Param(10.0, {"zh": "梯度噪声的标准差", "en": "standard deviation of the gradient noise"},
                       kind="float"),
        "runs": Param(16, {"zh": "带噪声的次数", "en": "noisy runs"}, kind="int"),
        "steps": Param(300, {"zh": "步数", "en": "number of steps"}, kind="int"),
    },
    outputs={
        "theta_full": "1", "rate_full": "1", "agree_full": "1", "loss_full": "1",
        "rate_noisy": "1", "agree_noisy": "1", "loss_noisy": "1",
    },
    steps={
        "full_rates": {"zh": "学习率，全批量", "en": "rates, full batch"},
        "full_losses": {"zh": "损失，全批量", "en": "losses, full batch"},
        "noisy_rates": {"zh": "学习率，有噪声（平均）", "en": "rates under noise, mean"},
        "noisy_losses": {"zh": "损失，有噪声（平均）", "en": "losses under noise, mean"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="plain loops, one parameter of one run at a time",
    sample=sample,
    variant=variant,
    edges=(
        {"h": [2.0], "theta": [1.0], "runs": 1, "steps": 1},
        {"h": [2.0], "theta": [0.0], "runs": 2, "steps": 5, "sigma": 0.0},
        {"h": [0.0, 5.0], "theta": [1.0, -2.0], "memory": 0.0, "runs": 20, "steps": 400, "sigma": 1.0},
    ),
    noise=noise,
    tolerance={"float64": 1e-9},  # a sign that rounding turns changes the whole run: no float32
    smooth=False,
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"h": [1.0]}, "h must have shape (3,)"),
        Reject({"theta": [float("nan"), 1.0, 1.0]}, "theta must hold finite numbers"),
        Reject({"h": [-1.0, 1.0, 1.0]}, "h must hold numbers between 0"),
        Reject({"lr0": 0.1}, "lr0 must be positive, lr0 h at most 1.95"),
        Reject({"kappa": 1.0}, "kappa must be at least 0"),
        Reject({"phi": 1.0}, "phi must lie between 0 and 1"),
        Reject({"memory": 1.0}, "memory must lie between"),
        Reject({"sigma": float("inf")}, "sigma must lie between"),
        Reject({"steps": 10**9}, "steps must lie between 1 and 5000"),
        Reject({"runs": 9000}, "runs must keep"),
    ),
    figure=figure,
)  # fmt: skip
