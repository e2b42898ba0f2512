"""Soft threshold: what an L1 penalty does to the minimum of a quadratic cost with a diagonal Hessian.

    J(w) = 1/2 sum_i h_i (w_i - w*_i)^2 + alpha |w|_1   has its minimum at   w_i = sign(w*_i) max(|w*_i| - alpha/h_i, 0)

Beside it stands the L2 penalty, J + alpha |w|^2 / 2 in place of alpha |w|_1, with w_i = h_i w*_i / (h_i + alpha).
``alpha_max``, the largest h_i |w*_i|, is the least alpha for which every weight of the L1 solution is zero.
Shapes: w_star, h (..., D) -> w, w_l2 (..., D); zeros, cost, alpha_max (...).
Errors: BadInput for shapes that do not match, curvatures h that are not positive, a negative alpha.
Reference: Tibshirani (1996); Goodfellow et al. (2016), section 7.1, eqs. 7.13, 7.22 and 7.23.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

LIMIT = 1e6
SIZE = 20_000


def check(w_star, h, alpha):
    for name, value in (("w_star", w_star), ("h", h)):
        require(value.ndim >= 1 and 1 <= value.shape[-1] <= 200, name, "have 1 to 200 entries", value.shape)
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    require(w_star.size <= SIZE, "w_star", f"hold at most {SIZE} numbers", w_star.size)
    require(h.shape == w_star.shape, "h", f"have the shape of w_star, {w_star.shape}", h.shape)
    require(np.all(h >= 1 / LIMIT), "h", f"hold curvatures of at least {1 / LIMIT:.0e}", h)
    require(0 <= alpha <= LIMIT, "alpha", f"lie between 0 and {LIMIT:.0e}", alpha)


def compute(xp, note, w_star, h, alpha):
    threshold = alpha / h
    note("threshold", threshold)
    left = xp.abs(w_star) - threshold
    note("left", left)
    w = xp.where(left > 0, xp.sign(w_star) * left, xp.zeros_like(left))
    factor = h / (h + alpha)
    note("factor", factor)
    gone = xp.where(w == 0, xp.ones_like(w), xp.zeros_like(w))
    return {
        "w": w,
        "w_l2": factor * w_star,
        "zeros": xp.astype(xp.sum(gone, axis=-1), xp.int64),
        "cost": xp.sum(h * (w - w_star) ** 2 / 2 + alpha * xp.abs(w), axis=-1),
        "alpha_max": xp.max(h * xp.abs(w_star), axis=-1),
    }


def oracle(w_star, h, alpha):
    """Per coordinate the least of three candidates: the minimum of either slope, and zero; ridge by linear solves."""

    def least(center, curvature):
        slopes = [center - alpha / curvature, center + alpha / curvature]
        inside = [0.0, *(w for w, sign in zip(slopes, (1, -1), strict=True) if w * sign > 0)]
        costs = [curvature * (w - center) ** 2 / 2 + alpha * abs(w) for w in inside]
        return min(zip(costs, inside, strict=True))

    flat = [least(float(a), float(b)) for a, b in zip(np.ravel(w_star), np.ravel(h), strict=True)]
    w = np.reshape([best for _, best in flat], w_star.shape)
    hessian = h[..., None] * np.eye(h.shape[-1])
    right = np.einsum("...ij,...j->...i", hessian, w_star)
    return {
        "w": w,
        "w_l2": np.linalg.solve(hessian + alpha * np.eye(h.shape[-1]), right[..., None])[..., 0],
        "zeros": np.count_nonzero(w == 0, axis=-1),
        "cost": np.reshape([cost for cost, _ in flat], w_star.shape).sum(axis=-1),
        "alpha_max": np.abs(right).max(axis=-1),  # the gradient at w = 0
    }


def sample(rng):
    """Away from the kinks, where gradients are checked: w* at least 5 % from its threshold and from zero."""
    batch, size = int(rng.integers(1, 4)), int(rng.integers(1, 6))
    h = rng.uniform(0.5, 4.0, size=(batch, size))
    alpha = float(rng.uniform(0.1, 2.0))
    scale = rng.choice([-1.0, 1.0], size=h.shape) * np.where(
        rng.random(h.shape) < 0.4, rng.uniform(0.1, 0.95, h.shape), rng.uniform(1.05, 4.0, h.shape)
    )
    return {"w_star": scale * alpha / h, "h": h, "alpha": alpha}


def variant(rng):
    """One weight in short decimals; in one case of eight it falls below its threshold."""
    alpha, h = int(rng.integers(5, 41)) / 10, float(rng.choice([1.6, 2, 2.5, 4, 5, 8]))
    times = 0.6 if rng.random() < 0.125 else int(rng.integers(24, 56)) / 10
    return {"w_star": [round(times * alpha / h, 1) * int(rng.choice([-1, 1]))], "h": [h], "alpha": alpha}


def _differs(name, value, right):
    return {name: value} if not np.allclose(value, right, rtol=1e-6, atol=0) else {}


def _w(w_star, threshold):
    return np.sign(w_star) * np.maximum(np.abs(w_star) - threshold, 0.0)


def _in_w(rule, most=None):
    """A mistake in the L1 solution and its cost (and in alpha_max), where it shows."""

    def cost(w, w_star, h, alpha):
        return (h * (w - w_star) ** 2 / 2 + alpha * np.abs(w)).sum(-1)

    def value(w_star, h, alpha):
        given, right = rule(w_star, h, alpha), _w(w_star, alpha / h)
        wrong = _differs("w", given, right)
        wrong |= _differs("cost", *(cost(w, w_star, h, alpha) for w in (given, right)))
        if most is not None:
            wrong |= _differs("alpha_max", most(np.abs(w_star), h).max(-1), (h * np.abs(w_star)).max(-1))
        return wrong

    return value


def _in_l2(rule):
    """A mistake in the L2 solution, where it shows."""
    return lambda w_star, h, alpha: _differs("w_l2", rule(w_star, h, alpha), h * w_star / (h + alpha))


def _no_zeros(w_star, h, alpha):
    """The count that ridge would give."""
    wrong = np.count_nonzero(w_star == 0, axis=-1)
    return {"zeros": wrong} if np.any(wrong != np.count_nonzero(_w(w_star, alpha / h) == 0, axis=-1)) else {}


MISTAKES = (
    Mistake("curvature-ignored", "阈值是 α/h，不是 α：曲率大的方向减得少",
            "the threshold is alpha/h, not alpha: steep directions lose less",
            _in_w(lambda w, h, a: _w(w, a), lambda size, h: size)),
    Mistake("curvature-multiplied", "阈值写成了 αh", "the threshold was taken as alpha h, not alpha/h",
            _in_w(lambda w, h, a: _w(w, a * h), lambda size, h: size / h)),
    Mistake("not-cut-at-zero", "减过了头：|w*| 小于阈值时结果是 0，不会变号",
            "it was pushed past zero: where |w*| is below the threshold the weight is 0 and keeps its sign elsewhere",
            _in_w(lambda w, h, a: np.sign(w) * (np.abs(w) - a / h))),
    Mistake("sign-lost", "负权重要往上推向 0：先减绝对值，再乘符号",
            "a negative weight moves up to 0: shrink its size, then put the sign back",
            _in_w(lambda w, h, a: np.maximum(w - a / h, 0.0))),
    Mistake("hard-threshold", "这是硬阈值：留下的权重也要减去 α/h",
            "that is the hard threshold: what is kept loses alpha/h as well",
            _in_w(lambda w, h, a: np.where(np.abs(w) > a / h, w, 0.0))),
    Mistake("shrinks-like-l2", "那是 L2：按比例缩小；L1 减去一个定值",
            "that is L2, which shrinks by a factor; L1 subtracts an amount", _in_w(lambda w, h, a: h * w / (h + a))),
    Mistake("thresholds-like-l1", "那是 L1：减去一个定值；L2 按比例缩小",
            "that is L1, which subtracts an amount; L2 shrinks by a factor", _in_l2(lambda w, h, a: _w(w, a / h))),
    Mistake("one-factor-for-all", "L2 的因子 h/(h+α) 逐方向不同，不是 1/(1+α)",
            "L2's factor h/(h+alpha) differs by direction; it is not 1/(1+alpha)", _in_l2(lambda w, h, a: w / (1 + a))),
    Mistake("factor-upside-down", "因子写成了 α/(h+α)：曲率越大，留下的越多",
            "the factor was taken as alpha/(h+alpha): the steeper, the more is kept",
            _in_l2(lambda w, h, a: a * w / (h + a))),
    Mistake("no-half", "把惩罚 α‖w‖²/2 当成了 α‖w‖²", "alpha |w|^2 was taken for alpha |w|^2 / 2",
            _in_l2(lambda w, h, a: h * w / (h + 2 * a))),
    Mistake("no-exact-zeros", "数的是 L2 的零：L1 把阈值以下的都变成 0",
            "L2's zeros were counted: L1 makes zeros of everything below its threshold", _no_zeros),
)  # fmt: skip


def _zero_below_threshold(given, out):
    """1 where a weight is zero although |w*| is above alpha/h, or is not although it is below (ties aside)."""
    pull = given["h"] * np.abs(given["w_star"])
    tie = np.abs(pull - given["alpha"]) <= 1e-5 * (1 + given["alpha"])
    return np.where(~tie & ((pull <= given["alpha"]) != (out["w"] == 0)), 1.0, 0.0)


def _subgradient(given, out):
    """0 lies in h (w - w*) + alpha d|w|: within alpha at zero, equal to -alpha sign(w) elsewhere."""
    slope = given["h"] * (out["w"] - given["w_star"])
    size = 1 + np.abs(given["h"] * given["w_star"]) + given["alpha"]
    at_zero = np.maximum(np.abs(slope) - given["alpha"], 0.0)
    return np.where(out["w"] == 0, at_zero, slope + given["alpha"] * np.sign(out["w"])) / size


def _same_amount(given, out):
    """What survives has lost alpha/h, whatever its size."""
    lost = np.abs(given["w_star"]) - np.abs(out["w"])
    size = 1 + np.abs(given["w_star"])
    return np.where(out["w"] != 0, lost - given["alpha"] / given["h"], 0.0) / size


def _l2_keeps_all(given, out):
    """1 where ridge makes a zero of a weight that was none."""
    return np.where((out["w_l2"] == 0) != (given["w_star"] == 0), 1.0, 0.0)


def _fixed_point(given, out):
    """One step of w <- (1 - eps alpha) w - eps grad J leaves w_l2 where it is, for a step that descends."""
    step = 1 / (np.max(given["h"], axis=-1, keepdims=True) + given["alpha"])
    gradient = given["h"] * (out["w_l2"] - given["w_star"])
    moved = (1 - step * given["alpha"]) * out["w_l2"] - step * gradient
    return (moved - out["w_l2"]) / (1 + np.abs(given["w_star"]))


CLAIMS = (
    Claim("zero-below-threshold", zh="L1：|w*| ≤ α/h 的权重恰好为 0，其余都不为 0",
          en="L1: a weight is exactly 0 where |w*| <= alpha/h, and nowhere else", residual=_zero_below_threshold),
    Claim("optimal", zh="次梯度条件成立：w = 0 处斜率不超过 α，别处等于 −α·sign(w)",
          en="the subgradient condition holds: a slope of at most alpha at 0, of -alpha sign(w) elsewhere",
          residual=_subgradient),
    Claim("same-amount", zh="L1：留下的权重各减 α/h，与自身大小无关",
          en="L1: what is kept loses alpha/h, whatever its size", residual=_same_amount),
    Claim("l2-never-zero", zh="L2：不为 0 的权重缩小后仍不为 0", en="L2: no weight becomes 0 that was not",
          residual=_l2_keeps_all),
    Claim("l2-step", zh="L2：w ← (1−εα)w − ε∇J 停在 h w*/(h+α)",
          en="L2: w <- (1 - eps alpha) w - eps grad J comes to rest at h w*/(h+alpha)", residual=_fixed_point),
)  # fmt: skip


def figure(given, out, steps):
    """Both rules as curves for the first curvature, with the weights of the first row that share it."""
    w_star, h, w = (np.atleast_2d(a)[0] for a in (given["w_star"], given["h"], out["w"]))
    alpha, reach = given["alpha"], 1.2 * max(float(np.max(np.abs(w_star))), float(given["alpha"] / h[0]), 1e-3)
    line = np.linspace(-reach, reach, 121)
    same = h == h[0]
    return Figure(
        title={"zh": f"收缩前后的权重，h = {h[0]:g}", "en": f"weights before and after, h = {h[0]:g}"},
        marks=(
            Lines(line, _w(line, alpha / h[0]), {"zh": "L1：软阈值", "en": "L1: soft threshold"}),
            Lines(line, h[0] * line / (h[0] + alpha), {"zh": "L2：按比例", "en": "L2: a factor"}),
            Lines(line, line, {"zh": "无惩罚", "en": "no penalty"}),
            Scatter(w_star[same], w[same], {"zh": "L1 的权重", "en": "the weights, L1"}),
        ),
        x={"zh": "w*", "en": "w*"},
        y={"zh": "w", "en": "w"},
    )


SOLVER = Solver(
    title={"zh": "lasso 的软阈值", "en": "the lasso's soft threshold"},
    formula=r"w_i=\mathrm{sign}(w_i^*)\max\left\{|w_i^*|-\frac{\alpha}{h_i},\,0\right\}",
    params={
        "w_star": Param([3.0, -2.0, 0.5, 0.2], {"zh": "无惩罚时的最优权重 w*", "en": "the unpenalized minimum w*"},
                        shape="(..., D)"),
        "h": Param([1.0, 4.0, 1.0, 2.0], {"zh": "各方向的曲率（对角 Hessian）", "en": "curvatures (diagonal Hessian)"},
                   shape="(..., D)"),
        "alpha": Param(1.0, {"zh": "惩罚强度 α", "en": "strength alpha of the penalty"}, kind="float"),
    },
    outputs=dict.fromkeys(("w", "w_l2", "zeros", "cost", "alpha_max"), "1"),
    steps={
        "threshold": {"zh": "阈值 α/h", "en": "threshold alpha/h"},
        "left": {"zh": "|w*| − α/h", "en": "|w*| - alpha/h"},
        "factor": {"zh": "L2 的因子 h/(h+α)", "en": "L2's factor h/(h+alpha)"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="least of three candidates; numpy.linalg.solve",
    sample=sample,
    variant=variant,
    edges=(
        {"w_star": [0.0, 1.0], "h": [1.0, 1.0], "alpha": 1.0},
        {"w_star": [2.0, -2.0], "h": [1.0, 3.0], "alpha": 0.0},
        {"w_star": [[5.0], [0.0]], "h": [[1e-3], [2.0]], "alpha": 100.0},
        {"w_star": [0.5, -0.25], "h": [2.0, 4.0], "alpha": 1.0},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"h": [1.0, 2.0]}, "h must have the shape of w_star"),
        Reject({"h": [1.0, 0.0, 1.0, 1.0]}, "h must hold curvatures"),
        Reject({"w_star": [float("nan"), 0.0, 0.0, 0.0]}, "w_star must hold finite numbers"),
        Reject({"w_star": 1.0}, "w_star must have 1 to 200 entries"),
        Reject({"alpha": -1.0}, "alpha must lie between 0"),
        Reject({"alpha": float("inf")}, "alpha must lie between 0"),
    ),
    figure=figure,
)  # fmt: skip
