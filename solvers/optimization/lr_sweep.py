"""A sweep over the initial learning rate: noisy SGD on the quadratic sum lam theta^2 / 2, exact in expectation.

    E theta^2 <- (1 - eps lam)^2 E theta^2 + eps^2 sigma^2          every coordinate starts at ``start``

The rate falls linearly from eps0 to ``share`` of it over ``steps`` steps (share 1: it stays). One curve for each eps0.
Shapes: lam (D,), rates (R,) -> early (the cost after ``look`` steps), end (R,). ``best_early`` and ``best_end`` are
the rates of least cost; ``limit`` = 2 / max lam,
where a rate that stays begins to diverge; ``overshoot`` = 1 / max lam.
E theta^2 is cut off at 1e9 times the start's square: a curve up there has run away. Not batched.
Errors: BadInput for numbers that are not positive, a look beyond the steps, too many steps.
Reference: Goodfellow et al. (2016), section 8.3.1; Bengio (2012), section 3.1.1.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

WORK = 4_000_000
AWAY = 1e9


def check(lam, rates, sigma, start, share, look, steps):
    require(lam.ndim == 1 and 1 <= lam.size <= 64, "lam", "be a list of 1 to 64 curvatures", lam.shape)
    require(np.all((lam >= 1e-6) & (lam <= 1e6)), "lam", "lie between 1e-6 and 1e6", lam)
    require(rates.ndim == 1 and 1 <= rates.size <= 200, "rates", "be a list of 1 to 200 rates", rates.shape)
    require(np.all((rates >= 1e-9) & (rates <= 1e6)), "rates", "lie between 1e-9 and 1e6", rates)
    require(0 <= sigma <= 1e3, "sigma", "lie between 0 and 1000", sigma)
    require(1e-3 <= start <= 1e3, "start", "lie between 0.001 and 1000", start)
    require(1e-6 <= share <= 1, "share", "lie between 1e-6 and 1", share)
    require(1 <= steps <= 100_000, "steps", "lie between 1 and 100000", steps)
    require(1 <= look <= steps, "look", "lie between 1 and the number of steps", look)
    work = steps * lam.size * rates.size
    require(work <= WORK, "steps", f"keep steps times curvatures times rates within {WORK}", work)


def compute(xp, note, lam, rates, sigma, start, share, look, steps):
    second = start**2 * xp.ones_like(rates)[:, None] * xp.ones_like(lam)[None, :]
    most = AWAY * second
    curve = [xp.sum(lam * second, axis=1) / 2]
    for k in range(steps):
        eps = (rates * (1 - (1 - share) * k / steps))[:, None]
        second = (1 - eps * lam[None, :]) ** 2 * second + (eps * sigma) ** 2
        second = xp.where(second < most, second, most)
        curve.append(xp.sum(lam * second, axis=1) / 2)
    note("curve", xp.stack(curve))
    early, end = curve[look], curve[-1]
    steepest = xp.max(lam)

    def cheapest(cost):
        return xp.min(xp.where(cost == xp.min(cost), rates, xp.full_like(rates, 1e9)))

    return {
        "early": early,
        "end": end,
        "best_early": cheapest(early),
        "best_end": cheapest(end),
        "limit": 2 / steepest,
        "overshoot": 1 / steepest,
    }


def oracle(lam, rates, sigma, start, share, look, steps):
    """One rate and one curvature at a time, in plain numbers."""
    found = {look: [], steps: []}
    for rate in rates.tolist():
        cost = {look: 0.0, steps: 0.0}
        for curvature in lam.tolist():
            s = start**2
            for k in range(steps + 1):
                if k in cost:
                    cost[k] += curvature * s / 2
                if k == look and look == steps:
                    break
                eps = rate + (share * rate - rate) * k / steps
                s = min((1 - eps * curvature) ** 2 * s + eps**2 * sigma**2, AWAY * start**2)
        for k in cost:
            found[k].append(cost[k])
    early, end = np.array(found[look]), np.array(found[steps])
    return {
        "early": early, "end": end, "best_early": np.min(rates[early == early.min()]),
        "best_end": np.min(rates[end == end.min()]),
        "limit": np.asarray(2 / max(lam.tolist())), "overshoot": np.asarray(1 / max(lam.tolist())),
    }  # fmt: skip


def sample(rng):
    lam = np.exp(rng.uniform(-2, 1, size=int(rng.integers(1, 4))))
    steps = int(rng.integers(8, 40))
    return {"lam": lam, "rates": np.exp(rng.uniform(-4, 0.3, size=4)) / lam.max(), "sigma": float(rng.uniform(0, 0.5)),
            "start": float(rng.uniform(0.5, 2)), "share": float(rng.choice([0.01, 0.1, 1.0])),
            "look": int(rng.integers(2, 8)), "steps": steps}  # fmt: skip


def variant(rng):
    """Two curvatures, no noise, a rate that stays, two steps: steep enough to flip or to run away for some."""
    steep = int(rng.integers(12, 90))
    flat = int(rng.integers(1, 10))
    factor = float(rng.choice([0.2, 0.3, 0.5, 0.6, 0.7, 1.3, 1.4, 1.5, 1.6, 2.2, 2.4, 2.5]))
    return {"lam": [flat, steep], "rates": [round(factor / steep, 4)], "sigma": 0,
            "start": int(rng.choice([1, 2, 3, 4])),
            "share": 1, "look": 2, "steps": 2}  # fmt: skip


# ---- What people get wrong.


def _limit(name, rule):
    def value(lam, rates, sigma, start, share, look, steps):
        right = {"limit": 2, "overshoot": 1}[name] / np.max(lam)
        wrong = rule(lam)
        return {} if np.isclose(right, wrong, rtol=1e-6) else {name: wrong}

    return value


def _costs(factor):
    """Another factor of E theta^2 a step, from eps and lam; only the costs that change."""

    def walk(given, factor):
        second = given["start"] ** 2 * np.ones((len(given["rates"]), len(given["lam"])))
        curve = [np.sum(given["lam"] * second, axis=1) / 2]
        for k in range(given["steps"]):
            eps = given["rates"][:, None] * (1 - (1 - given["share"]) * k / given["steps"])
            second = factor(eps, given["lam"]) * second + (eps * given["sigma"]) ** 2
            second = np.minimum(second, AWAY * given["start"] ** 2)
            curve.append(np.sum(given["lam"] * second, axis=1) / 2)
        return {"early": curve[given["look"]], "end": curve[-1]}

    def value(**given):
        right, wrong = walk(given, lambda eps, lam: (1 - eps * lam) ** 2), walk(given, factor)
        return {n: v for n, v in wrong.items() if not np.allclose(v, right[n], rtol=1e-6)}

    return value


MISTAKES = (
    Mistake("one-over-lambda", "超过 1/λmax 只是来回翻，超过 2/λmax 才发散",
            "beyond 1/lambda_max it merely flips; it diverges beyond 2/lambda_max",
            _limit("limit", lambda lam: 1 / np.max(lam))),
    Mistake("flattest", "限制学习率的是最陡的方向", "the steepest direction limits the rate",
            _limit("limit", lambda lam: 2 / np.min(lam))),
    Mistake("mean-curvature", "用了平均曲率：最陡的那个方向自己就会发散",
            "the mean curvature was used; the steepest one diverges by itself",
            _limit("limit", lambda lam: 2 / np.mean(lam))),
    Mistake("two-over-sum", "2/(λmax+λmin) 是收敛最快的学习率，不是上限",
            "2/(lambda_max + lambda_min) is the fastest rate, not the limit",
            _limit("limit", lambda lam: 2 / (np.max(lam) + np.min(lam)))),
    Mistake("flips-at-two", "2/λmax 是发散的界限，来回翻从 1/λmax 开始",
            "2/lambda_max is where it diverges; flipping begins at 1/lambda_max",
            _limit("overshoot", lambda lam: 2 / np.max(lam))),
    Mistake("factor-not-squared", "误差乘 1−ελ，代价要乘它的平方",
            "the error is multiplied by 1 - eps lam, the cost by its square",
            _costs(lambda eps, lam: np.abs(1 - eps * lam))),
    Mistake("curvature-ignored", "步长漏乘了曲率：梯度是 λθ",
            "the curvature was left out of the step: the gradient is lam theta",
            _costs(lambda eps, lam: (1 - eps) ** 2)),
    Mistake("wrong-way", "符号反了：那是朝上坡走", "the sign is off: that goes uphill",
            _costs(lambda eps, lam: (1 + eps * lam) ** 2)),
)  # fmt: skip


# ---- Claims about rates that stay, or about the largest and the smallest of a sweep.


def _stays(given):
    return given["share"] == 1


def _runs_away(given, out):
    """A rate that stays: below the limit, without noise, no cost ever rises; above it the steepest part grows."""
    if not _stays(given):
        return 0.0
    calm = (given["rates"] <= out["limit"]) & (given["sigma"] == 0)
    start = out["curve"][0]
    rise = np.where(calm, np.maximum(np.max(np.diff(out["curve"], axis=0), axis=0), 0.0) / start, 0.0)
    x = given["rates"] * np.max(given["lam"])
    least = np.minimum(np.abs(1 - x) ** (2 * given["steps"]), AWAY) * np.max(given["lam"]) * given["start"] ** 2 / 2
    short = np.where(x > 2, np.minimum(out["end"] / least - 1, 0.0), 0.0)
    return np.stack([rise, short])


def _too_small(given, out):
    """At least the share prod (1 - eps lam)^2 of the start's cost is left: next to all of it where eps is small."""
    k = np.arange(given["steps"])[:, None]
    x = given["rates"] * (1 - (1 - given["share"]) * k / given["steps"]) * np.max(given["lam"])
    left = np.where(np.max(x, axis=0) < 1, np.prod(np.maximum(1 - x, 0.0) ** 2, axis=0), 0.0)
    return np.minimum(out["end"] / out["curve"][0] - left, 0.0)


def _choice(given, out):
    """The best rates are of the sweep, and none of it does better."""
    i, j = (np.argmin(np.abs(given["rates"] - out[name])) for name in ("best_early", "best_end"))
    least = np.array([out["early"][i] - np.min(out["early"]), out["end"][j] - np.min(out["end"])])
    return least / (out["curve"][0, 0])


def figure(given, out, steps):
    """The cost after ``look`` steps and at the end, rate by rate; three curves would hide it."""
    order = np.argsort(given["rates"])
    top = float(steps["curve"][0, 0]) * 100
    early, end = (np.minimum(out[name][order], top) for name in ("early", "end"))
    rates = given["rates"][order]
    look = int(given["look"])
    return Figure(
        {"zh": "扫一遍初始学习率（太高的截在图顶）", "en": "a sweep over the initial rate (cut off at the top)"},
        (
            Lines(rates, early, {"zh": f"{look} 步之后", "en": f"after {look} steps"}),
            Lines(rates, end, {"zh": f"{given['steps']} 步之后", "en": f"after {given['steps']} steps"}),
        ),
        x={"zh": "初始学习率 ε₀", "en": "initial rate eps0"}, y={"zh": "代价", "en": "cost"}, log="xy",
    )  # fmt: skip


SOLVER = Solver(
    title={"zh": "扫一遍初始学习率", "en": "a sweep over the initial learning rate"},
    formula=r"E\,\theta^2\leftarrow(1-\epsilon\lambda)^2\,E\,\theta^2+\epsilon^2\sigma^2",
    params={
        "lam": Param([1.0, 0.1, 0.01], {"zh": "各方向的曲率 λ", "en": "curvatures lambda"}, shape="(D,)"),
        "rates": Param([0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.6, 1.9, 2.2, 3.0],
                       {"zh": "初始学习率", "en": "initial rates"}, shape="(R,)"),
        "sigma": Param(0.1, {"zh": "梯度噪声的标准差", "en": "deviation of the gradient noise"}, kind="float"),
        "start": Param(1.0, {"zh": "起点（每个坐标）", "en": "the start, in every coordinate"}, kind="float"),
        "share": Param(0.01, {"zh": "最后的学习率占 ε₀ 的比例", "en": "the last rate, as a share of eps0"},
            kind="float"),
        "look": Param(100, {"zh": "先看第几步", "en": "the step of the early look"}, kind="int"),
        "steps": Param(500, {"zh": "总步数", "en": "number of steps"}, kind="int"),
    },
    outputs=dict.fromkeys(("early", "end", "best_early", "best_end", "limit", "overshoot"), "1"),
    steps={"curve": {"zh": "学习曲线，一列一个学习率", "en": "learning curves, a column a rate"}},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="plain numbers, one rate and one curvature at a time",
    sample=sample,
    variant=variant,
    edges=(
        {"lam": [1.0], "rates": [1.0], "sigma": 0.0, "share": 1.0, "look": 1, "steps": 1},
        {"lam": [1.0, 4.0], "rates": [0.49, 0.51, 50.0], "sigma": 0.0, "share": 1.0, "look": 5, "steps": 50},
    ),
    tolerance={"float64": 1e-9, "float32": 1e-3},
    smooth=False,
    batched=False,
    claims=(
        Claim("limit", zh="学习率不变时：不超过 2/λmax（无噪声）代价从不上升，超过了就按 (1−ελ)² 增长",
              en="a rate that stays: up to 2/lambda_max the noiseless cost never rises; beyond it, it runs away",
              residual=_runs_away),
        Claim("too-small-is-slow", zh="ελmax < 1 时，至少留下起点代价的 ∏(1−ελmax)²：ε 太小就几乎没动",
              en="where eps lam < 1 at least prod (1 - eps lam_max)^2 of the cost is left: all of it for tiny rates",
              residual=_too_small),
        Claim("best-of-the-sweep", zh="选出的学习率在这一遍里代价最小", en="the chosen rates cost least of the sweep",
              residual=_choice),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"lam": [0.0]}, "lam must lie between"),
        Reject({"lam": 1.0}, "lam must be a list"),
        Reject({"rates": [float("nan")]}, "rates must lie between"),
        Reject({"sigma": -1.0}, "sigma must lie between"),
        Reject({"share": 0.0}, "share must lie between"),
        Reject({"look": 501}, "look must lie between 1 and the number of steps"),
        Reject({"steps": 100_000, "rates": [0.1] * 200}, "steps must keep steps times curvatures"),
    ),
    figure=figure,
)  # fmt: skip
