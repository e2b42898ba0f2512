"""Adam goes to the wrong end: the convex problem of Reddi, Kale and Kumar, drawn at random.

Each step meets the loss  big x  with probability p, else  -small x,  on -1 <= x <= 1. Where the mean slope
p big - (1 - p) small is positive the best x is -1. Adam divides the rare large slopes by the moment they have just
raised, and the many small ones by what it has forgotten to; AMSGrad divides by the largest moment so far.

    s <- rho1 s + (1 - rho1) g       r <- rho2 r + (1 - rho2) g*g       top <- max(top, r)
    Adam     x <- clip(x - lr s_hat / sqrt(r_hat))      AMSGrad  x <- clip(x - lr s_hat / sqrt(top / (1 - rho2^t)))
    SGD      x <- clip(x - lr_sgd g)

The slopes do not depend on x, so the blocks of steps are walked side by side: a clipped walk through a block is
again one shift and one clip. Steps: ``rounds`` blocks of ``length``; all start at x = 0. Shapes: adam, amsgrad,
sgd (runs,), the ends; paths (rounds, runs), one entry a block; middle_*, the median over runs.
Errors: BadInput for a mean slope that is not positive, rates outside their ranges, more numbers than 16 million.
Reference: Reddi, Kale & Kumar (2018), section 3, figure 1; torch.optim.Adam(amsgrad=True).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

NUMBERS = 16_000_000
NAMES = ("adam", "amsgrad", "sgd")


def check(big, small, p, lr, lr_sgd, rho1, rho2, rounds, length, runs):
    require(0 < big <= 1e6, "big", "be positive and at most 1e6", big)
    require(0 < small <= 1e6, "small", "be positive and at most 1e6", small)
    require(1e-6 <= p < 1, "p", "lie between 1e-6 and 1", p)
    require(p * big > (1 - p) * small, "big", "leave a positive mean slope p big - (1 - p) small", big)
    for name, rate in (("lr", lr), ("lr_sgd", lr_sgd)):
        require(0 < rate <= 1, name, "be positive and at most 1", rate)
    require(0 <= rho1 <= 0.999, "rho1", "lie between 0 and 0.999", rho1)
    require(0.01 <= rho2 <= 0.99999, "rho2", "lie between 0.01 and 0.99999", rho2)
    for name, count, most in (("rounds", rounds, 10_000), ("length", length, 10_000), ("runs", runs, 1000)):
        require(1 <= count <= most, name, f"lie between 1 and {most}", count)
    require(rounds * length * runs <= NUMBERS, "rounds", f"keep rounds, length and runs within {NUMBERS}", rounds)


def noise(rng, big, small, p, lr, lr_sgd, rho1, rho2, rounds, length, runs):
    """1 where a step meets the large slope: entry [j, b] is step j of block b."""
    return {"rare": (rng.random((length, rounds, runs)) < p).astype(float)}


def compute(xp, note, big, small, p, lr, lr_sgd, rho1, rho2, rounds, length, runs, rare):
    zero = xp.zeros_like(rare[0, :, :])

    def slope(j):
        return (big + small) * rare[j, :, :] - small

    def carried(ends, pass_on):
        """What each block finds at its start, from what the one before found and added."""
        found = [zero[0, :]]
        for b in range(rounds - 1):
            found.append(pass_on(found[-1], ends[b, :]))
        return xp.stack(found)

    s, r = zero, zero
    for j in range(length):
        g = slope(j)
        s, r = rho1 * s + (1 - rho1) * g, rho2 * r + (1 - rho2) * g * g
        note.progress(j + 1, 3 * length)
    s_start = carried(s, lambda old, new: rho1**length * old + new)
    r_start = carried(r, lambda old, new: rho2**length * old + new)
    r, top = r_start, zero
    for j in range(length):
        g = slope(j)
        r = rho2 * r + (1 - rho2) * g * g
        top = xp.maximum(top, r)
        note.progress(length + j + 1, 3 * length)
    top = carried(top, xp.maximum)
    s, r = s_start, r_start
    first = length * xp.arange(rounds, dtype=rare.dtype, device=rare.device)[:, None]
    shift = xp.stack([zero, zero, zero])  # one row an optimizer
    floor, ceiling = shift - 1.0, shift + 1.0
    low, high = floor, ceiling
    for j in range(length):
        g, t = slope(j), first + (j + 1)
        s, r = rho1 * s + (1 - rho1) * g, rho2 * r + (1 - rho2) * g * g
        top = xp.maximum(top, r)
        ahead = lr * xp.sqrt(1 - rho2**t) / (1 - rho1**t) * s
        # Powers, for torch splits a large sqrt among threads that wait for each other on a busy machine; and no clip,
        # since the portable one costs more than all the rest.
        step = xp.stack([ahead * r**-0.5, ahead * top**-0.5, lr_sgd * g])
        shift = shift - step
        low = xp.minimum(xp.maximum(low - step, floor), ceiling)
        high = xp.minimum(xp.maximum(high - step, floor), ceiling)
        note.progress(2 * length + j + 1, 3 * length)
    x, path = shift[:, 0, :] * 0.0, []
    for b in range(rounds):
        x = xp.minimum(xp.maximum(x + shift[:, b, :], low[:, b, :]), high[:, b, :])
        path.append(x)
    ends, path, ordered = {}, xp.stack(path), xp.sort(x, axis=-1)
    for k, name in enumerate(NAMES):
        ends[name] = x[k, :]
        note(f"{name}_path", path[:, k, :])
        note(f"middle_{name}", (ordered[k, (runs - 1) // 2] + ordered[k, runs // 2]) / 2)
    return ends


def oracle(big, small, p, lr, lr_sgd, rho1, rho2, rounds, length, runs, rare):
    """The moments' weighted sums written out, a window at a time, then one step after the other."""
    t = np.arange(1, rounds * length + 1)
    ends = {name: np.empty(runs) for name in NAMES}
    for run in range(runs):  # one at a time, for memory's sake
        g = np.where(rare[:, :, run].T.ravel() > 0, big, -small)
        s_hat = _written_out(g, rho1) / (1 - rho1**t)
        r = _written_out(g * g, rho2)
        moves = {
            "adam": lr * s_hat / np.sqrt(r / (1 - rho2**t)),
            "amsgrad": lr * s_hat / np.sqrt(np.maximum.accumulate(r) / (1 - rho2**t)),
            "sgd": lr_sgd * g,
        }
        for name, move in moves.items():
            ends[name][run] = _clipped_walk(move)
    return ends


def _clipped_walk(moves, window=64):
    """From 0, never beyond -1 and 1: a window of steps that stays inside is one sum, any other goes step by step."""
    rows = np.append(moves, np.zeros(-len(moves) % window)).reshape(-1, window)
    sums = np.cumsum(rows, axis=1)
    x = 0.0
    for row, total, least, most in zip(
        rows, sums[:, -1].tolist(), sums.min(1).tolist(), sums.max(1).tolist(), strict=True
    ):
        if x - most >= -1.0 and x - least <= 1.0:
            x -= total
            continue
        for step in row.tolist():
            x -= step
            if x < -1.0:
                x = -1.0
            elif x > 1.0:
                x = 1.0
    return x


def _written_out(values, rho, window=64):
    """The running mean of ``values`` from zero: a triangle of weights for each window, and what fades from before."""
    blocks = np.append(values, np.zeros(-len(values) % window)).reshape(-1, window)
    ages = np.arange(window)[:, None] - np.arange(window)
    sums = blocks @ np.where(ages >= 0, (1 - rho) * float(rho) ** np.maximum(ages, 0), 0.0).T
    before = [0.0]
    for end in sums[:-1, -1].tolist():
        before.append(end + rho**window * before[-1])
    return (sums + np.outer(before, rho ** np.arange(1.0, window + 1))).ravel()[: len(values)]


def sample(rng):
    p = float(rng.choice([0.1, 0.2, 0.3]))
    small = float(rng.uniform(1.0, 10.0))
    return {
        "big": small * (1 - p) / p * float(rng.uniform(1.02, 1.5)),
        "small": small,
        "p": p,
        "lr": float(rng.choice([0.01, 0.05])),
        "lr_sgd": float(rng.choice([0.001, 0.01])),
        "rho1": float(rng.choice([0.0, 0.5, 0.9])),
        "rho2": float(rng.choice([0.5, 0.9, 0.99])),
        "rounds": int(rng.integers(1, 6)),
        "length": int(rng.integers(1, 12)),
        "runs": int(rng.integers(1, 4)),
    }


def variant(rng):
    """A short run; what is asked of it are words."""
    return {"p": 0.1, "big": int(rng.integers(100, 130)), "small": 10, "rounds": 2, "length": 5, "runs": 2,
            "lr": 0.01, "lr_sgd": 0.001}  # fmt: skip


# ---- What people get wrong, by a plain walk; long runs are left out.


def _walk(given, name, *, r_of=lambda r, top, share: r / share, sign=-1.0, project=True, square=lambda g: g**2):
    if given["rare"].size > 20_000:
        return {}
    g = (given["big"] + given["small"]) * np.swapaxes(given["rare"], 0, 1).reshape(-1, given["runs"]) - given["small"]
    s, r, top, x = (np.zeros(given["runs"]) for _ in range(4))
    with np.errstate(all="ignore"):
        for t, slope in enumerate(g, start=1):
            s = given["rho1"] * s + (1 - given["rho1"]) * slope
            r = given["rho2"] * r + (1 - given["rho2"]) * square(slope)
            top = np.maximum(top, r)
            divisor = np.sqrt(r_of(r, top, 1 - given["rho2"] ** t))
            x = x + sign * given["lr"] * s / (1 - given["rho1"] ** t) / divisor
            x = np.clip(x, -1, 1) if project else x
    return {name: x}


def _other(name, **parts):
    def value(**given):
        largest = name == "amsgrad"
        parts.setdefault("r_of", (lambda r, top, share: top / share) if largest else (lambda r, top, share: r / share))
        right = _walk(given, name, r_of=(lambda r, top, share: (top if largest else r) / share))
        wrong = _walk(given, name, **parts)
        return {} if not wrong or np.allclose(wrong[name], right[name], rtol=1e-6, atol=1e-9) else wrong

    return value


MISTAKES = (
    Mistake("uphill", "符号反了", "the sign is off", _other("adam", sign=1.0)),
    Mistake("not-projected", "没有投影回 [−1, 1]", "x was not kept within -1 and 1", _other("adam", project=False)),
    Mistake("no-correction", "二阶矩没有修正", "the second moment was not corrected",
            _other("adam", r_of=lambda r, top, share: r)),
    Mistake("amsgrad-for-adam", "用了历史最大值：那是 AMSGrad", "the largest moment was used: that is AMSGrad",
            _other("adam", r_of=lambda r, top, share: top / share)),
    Mistake("adam-for-amsgrad", "没有取历史最大值：那是 Adam", "no largest value was kept: that is Adam",
            _other("amsgrad", r_of=lambda r, top, share: r / share)),
)  # fmt: skip


# ---- Claims. The last three speak of the two settings below; elsewhere it depends.


def _within(given, out):
    return np.stack([np.maximum(np.abs(out[f"{name}_path"]) - 1, 0.0) for name in NAMES])


def _ends(given, out):
    return np.stack([out[f"{name}_path"][-1] - out[name] for name in NAMES])


SETTINGS = (
    ({"big": 202, "small": 10, "p": 0.05, "lr": 0.002, "lr_sgd": 1e-4, "rho1": 0.9, "rho2": 0.95}, 100_000),
    ({"big": 1010, "small": 10, "p": 0.01, "lr": 0.001, "lr_sgd": 5e-6, "rho1": 0.9, "rho2": 0.999}, 1_000_000),
)
"""A short memory and few steps; Reddi's numbers with the default rates, which take ten times as many."""


def _staged(given):
    walked = given["rounds"] * given["length"] if given["runs"] >= 8 else 0
    return any(
        walked >= steps and all(np.isclose(given[n], v) for n, v in wanted.items()) for wanted, steps in SETTINGS
    )


def _ends_up(name, bound):
    """How far the median over runs falls short of ``bound``, on the side away from zero."""

    def residual(given, out):
        if not _staged(given):
            return 0.0
        return max((bound - float(np.median(out[name]))) * np.sign(bound), 0.0)

    return residual


CLAIMS = (
    Claim("stays-within", zh="x 始终在 [−1, 1] 内", en="x stays within -1 and 1", residual=_within),
    Claim("paths-end-there", zh="路径的终点就是输出", en="the paths end at the outputs", residual=_ends),
    Claim("adam-goes-wrong", zh="两组设定（默认；C=1010、Adam 的默认衰减率、百万步）下，Adam 的中位数在 +0.5 以上",
          en="in two settings (the default; C = 1010 and Adam's own rates, 1e6 steps) Adam's median ends above +0.5",
          residual=_ends_up("adam", 0.5)),
    Claim("amsgrad-goes-right", zh="同样的梯度，AMSGrad 的中位数到 −0.4 以下",
          en="on the same slopes AMSGrad's median ends below -0.4", residual=_ends_up("amsgrad", -0.4)),
    Claim("sgd-goes-right", zh="SGD 的中位数到 −0.2 以下", en="the median of SGD ends below -0.2",
          residual=_ends_up("sgd", -0.2)),
)  # fmt: skip


def figure(given, out, steps):
    """The medians over the runs along the way."""
    times = given["length"] * np.arange(given["rounds"] + 1)
    labels = {"adam": "Adam", "amsgrad": "AMSGrad", "sgd": "SGD"}
    lines = [(name, np.concatenate([[0.0], np.median(steps[f"{name}_path"], axis=-1)])) for name in NAMES]
    if given["rounds"] == 1:
        lines = [(name, np.array([0.0, np.median(out[name])])) for name in NAMES]
    return Figure(
        title={"zh": "Adam 走向错误的一端（最优点 −1）", "en": "Adam goes to the wrong end (the best x is -1)"},
        marks=tuple(Lines(times, line, {"zh": labels[name], "en": labels[name]}) for name, line in lines),
        x={"zh": "步 t", "en": "step t"},
        y={"zh": "x（各次的中位数）", "en": "x, median over runs"},
    )


SOLVER = Solver(
    title={"zh": "Adam 不收敛的凸问题", "en": "a convex problem on which Adam does not converge"},
    formula=r"f_t(x)=Cx\ \text{with probability}\ p,\ \text{else}\ -cx,\qquad x\in[-1,1]",
    params={
        "big": Param(202.0, {"zh": "稀少的大斜率 C", "en": "the rare large slope C"}, kind="float"),
        "small": Param(10.0, {"zh": "常见的小斜率 c（取负）", "en": "the common small slope c (taken negative)"},
                       kind="float"),
        "p": Param(0.05, {"zh": "大斜率的概率", "en": "probability of the large slope"}, kind="float"),
        "lr": Param(0.002, {"zh": "Adam、AMSGrad 的步长", "en": "step size of Adam and AMSGrad"}, kind="float"),
        "lr_sgd": Param(1e-4, {"zh": "SGD 的学习率", "en": "learning rate of SGD"}, kind="float"),
        "rho1": Param(0.9, {"zh": "一阶矩的衰减率", "en": "the first moment's decay rate"}, kind="float"),
        "rho2": Param(0.95, {"zh": "二阶矩的衰减率", "en": "the second moment's decay rate"}, kind="float"),
        "rounds": Param(250, {"zh": "块数", "en": "blocks of steps"}, kind="int"),
        "length": Param(400, {"zh": "每块的步数", "en": "steps a block"}, kind="int"),
        "runs": Param(8, {"zh": "独立的次数", "en": "independent runs"}, kind="int"),
    },
    outputs={"adam": "1", "amsgrad": "1", "sgd": "1"},
    steps={
        **{f"{name}_path": {"zh": f"{label} 的路", "en": f"path of {label}"} for name, label in
           (("adam", "Adam"), ("amsgrad", "AMSGrad"), ("sgd", "SGD"))},
        **{f"middle_{name}": {"zh": f"{label} 终点的中位数", "en": f"median end of {label}"} for name, label in
           (("adam", "Adam"), ("amsgrad", "AMSGrad"), ("sgd", "SGD"))},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="weighted sums written out for the moments, then a plain walk",
    sample=sample,
    variant=variant,
    edges=(
        {"rounds": 1, "length": 1, "runs": 1},
        {"big": 3.0, "small": 1.0, "p": 0.4, "rho1": 0.0, "rho2": 0.1, "rounds": 30, "length": 20, "runs": 2},
    ),
    noise=noise,
    tolerance={"float64": 1e-9, "float32": 1e-2},
    smooth=False,
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"big": 180.0}, "big must leave a positive mean slope"),
        Reject({"big": float("nan")}, "big must be positive"),
        Reject({"small": 0.0}, "small must be positive"),
        Reject({"p": 1.0}, "p must lie between"),
        Reject({"lr": 0.0}, "lr must be positive"),
        Reject({"rho1": 1.0}, "rho1 must lie between"),
        Reject({"rho2": 0.0}, "rho2 must lie between"),
        Reject({"rounds": 0}, "rounds must lie between"),
        Reject({"runs": 1000}, "rounds must keep"),
    ),
    figure=figure,
)  # fmt: skip
