"""Two measures, not one: where a weight starts, and a penalty while it is trained. One recurrent weight, T steps.

    L(w) = (w^T - y)^2 / 2 + lam w^2 / 2             the memory w^T should return the input times y
    w <- w - lr (data gradient + lam w)              data gradient = (w^T - y) T w^(T-1)

The start alone decides the first data gradient: the penalty adds lam w to it and takes nothing away. The penalty alone
decides where training ends: below the weight that remembers, whatever the start.
Shapes: w0 (...) -> first (the first data gradient), pull (the penalty's), end, memory = end^T (...).
Paths have the time axis first and hold the start. ``left`` is what is left of the full gradient at the end.
Errors: BadInput for numbers out of range, a path that leaves 0 … 10 (with too large a step the weight is thrown).
Reference: Pascanu, Mikolov & Bengio (2013), section 3.1 (an L1 or L2 penalty on recurrent weights keeps them from
exploding and from remembering); Goodfellow et al. (2016), sections 7.1.1 and 8.4.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require


def check(w0, y, lam, T, lr, steps):
    require(w0.size >= 1 and np.all((w0 > 0) & (w0 <= 3)), "w0", "lie above 0, at most 3", w0)
    require(w0.size <= 1000, "w0", "hold at most 1000 starts", w0.size)
    require(0.1 <= y <= 10, "y", "lie between 0.1 and 10", y)
    require(0 <= lam <= 10, "lam", "lie between 0 and 10", lam)
    require(2 <= T <= 60, "T", "lie between 2 and 60", T)
    require(0 < lr <= 1, "lr", "lie above 0, at most 1", lr)
    require(1 <= steps <= 2000, "steps", "lie between 1 and 2000", steps)
    w = w0
    for _ in range(steps):
        w = w - lr * ((w**T - y) * T * w ** (T - 1) + lam * w)
        require(np.all((w >= 0) & (w <= 10)), "lr", "keep the weight within 0 and 10", lr)


def compute(xp, note, w0, y, lam, T, lr, steps):
    def data(w):
        before = w ** (T - 1)
        return (before * w - y) * T * before

    w, path = w0, [w0]
    for _ in range(steps):
        w = w - lr * (data(w) + lam * w)
        path.append(w)
    note("path", xp.stack(path))
    note("left", data(w) + lam * w)
    return {"first": data(w0), "pull": lam * w0, "end": w, "memory": w**T}


def oracle(w0, y, lam, T, lr, steps):
    """Back-propagation through the T steps in plain Python."""
    out = {"first": [], "pull": [], "end": [], "memory": []}
    for start in w0.reshape(-1).tolist():

        def backward(w):
            states = [1.0]
            for _ in range(T):
                states.append(w * states[-1])
            error, total = states[-1] - y, 0.0
            for before in reversed(states[:-1]):
                total, error = total + error * before, error * w
            return total, states[-1]

        out["first"].append(backward(start)[0])
        out["pull"].append((lam * (start + 1e-3) ** 2 / 2 - lam * (start - 1e-3) ** 2 / 2) / 2e-3)
        w = start
        for _ in range(steps):
            w = (1 - lr * lam) * w - lr * backward(w)[0]
        out["end"].append(w)
        out["memory"].append(backward(w)[1])
    return {name: np.array(found).reshape(w0.shape) for name, found in out.items()}


def sample(rng):
    batch = [(), (3,)][int(rng.integers(2))]
    return {
        "w0": rng.uniform(0.7, 1.2, size=batch),
        "y": float(rng.uniform(0.5, 1.2)),
        "lam": float(rng.choice([0.0, 0.1, 0.5])),
        "T": int(rng.integers(2, 6)),
        "lr": float(rng.uniform(0.005, 0.02)),
        "steps": int(rng.choice([3, 400])),
    }


def variant(rng):
    """One step from a weight in twentieths; the steps back in time are few enough for a calculator."""
    while True:
        w0, T = int(rng.integers(10, 31)) / 20, int(rng.integers(3, 21))
        y, lam = int(rng.integers(1, 7)), float(rng.choice([0.5, 1.0, 2.0]))
        lr = float(rng.choice([0.05, 0.1, 0.2]))
        first = (w0**T - y) * T * w0 ** (T - 1)
        moves = 0.05 < abs(lr * first) < 0.6 and lr * lam * w0 > 0.03 and w0 - lr * (first + lam * w0) > 0.15
        told_apart = lam * w0 > 0.05 * abs(first) and abs(first + lam * w0) > 0.1
        if w0 != 1 and abs(w0**T - y) > 0.05 and moves and told_apart:
            return {"w0": w0, "y": y, "lam": lam, "T": T, "lr": lr, "steps": 1}


# ---- Mistakes and claims.


def _right(w, y, T):
    return (w**T - y) * T * w ** (T - 1)


def _first(rule):
    """A mistaken data gradient; where one step is taken, also the end that it leads to."""

    def value(w0, y, lam, T, lr, steps):
        wrong = rule(w0, y, lam, T)
        return {"first": wrong, **({"end": w0 - lr * (wrong + lam * w0)} if steps == 1 else {})}

    return value


def _end(rule):
    """A mistaken update, for one step."""

    def value(w0, y, lam, T, lr, steps):
        return {"end": rule(w0, _right(w0, y, T), lam, lr)} if steps == 1 and lam else {}

    return value


def _as_an_initialization(w0, y, lam, T, lr, steps):
    """Were the penalty an initialization, the first data gradient would already be that of a shrunken weight."""
    return {"first": _right(w0 * (1 - lam), y, T)} if 0 < lam < 1 else {}


MISTAKES = (
    Mistake("printed-000-e006", "把权重正则化当成了初始化：惩罚不改变起点，第一步的数据梯度与 λ 无关",
            "takes the penalty for an initialization: it does not move the start, nor the first data gradient",
            _as_an_initialization),
    Mistake("penalty-counted-in", "把 λw 也算进了数据项的梯度", "lam w was counted in the gradient of the data term",
            lambda w0, y, lam, T, lr, steps: {"first": _right(w0, y, T) + lam * w0} if lam else {}),
    Mistake("steps-not-counted", "漏乘 T：每一步都用了同一个 w，共 T 条路径",
            "the factor T is missing: w is used in T places, and each contributes",
            _first(lambda w, y, lam, T: (w**T - y) * w ** (T - 1))),
    Mistake("power-not-lowered", "求导后指数要减 1：是 w^(T−1)", "the power drops by one: w^(T-1)",
            _first(lambda w, y, lam, T: (w**T - y) * T * w**T)),
    Mistake("error-left-out", "漏乘误差 w^T − y", "the error w^T - y is missing",
            _first(lambda w, y, lam, T: T * w ** (T - 1))),
    Mistake("penalty-left-out", "漏了惩罚的梯度 λw", "the penalty's gradient lam w is missing",
            _end(lambda w, g, lam, lr: w - lr * g)),
    Mistake("shrinks-without-the-rate", "惩罚的梯度也要乘学习率：权重缩到 1 − lr·λ 倍，不是 1 − λ",
            "the penalty's gradient takes the learning rate too: the weight shrinks by 1 - lr lam, not by 1 - lam",
            _end(lambda w, g, lam, lr: w - lr * g - lam * w)),
    Mistake("uphill", "符号反了，沿梯度走了", "the sign is off: a step along the gradient",
            _end(lambda w, g, lam, lr: w + lr * (g + lam * w))),
    Mistake("memory-kept", "以为有惩罚时仍能记到 y；惩罚把终点拉低了",
            "believes that the memory still reaches y; the penalty pulls the end below it",
            lambda w0, y, lam, T, lr, steps: {"memory": 0 * w0 + y} if lam else {}),
)  # fmt: skip


def _same_first(given, out):
    """The slope of the whole loss, by complex steps, less lam w: the first data gradient, whatever lam."""
    z = given["w0"] + 1e-30j
    whole = np.imag((z ** given["T"] - given["y"]) ** 2 / 2 + given["lam"] * z * z / 2) / 1e-30
    return (whole - given["lam"] * given["w0"] - out["first"]) / (1 + np.abs(whole))


def _settled(given, out):
    return np.abs(out["left"]) <= 1e-7


def _short_memory(given, out):
    """At rest w^T (y - w^T) T = lam w^2: below y by exactly that, hence never above."""
    memory, end = out["memory"], out["end"]
    balance = memory * (given["y"] - memory) * given["T"] - given["lam"] * end**2
    return np.where(_settled(given, out), balance, 0.0)


def _start_forgotten(given, out):
    """Starts that have settled away from 0 have settled on one weight, the larger root."""
    end = np.ravel(np.where(_settled(given, out) & (out["end"] > 0.6), out["end"], np.nan))
    if np.all(np.isnan(end)):
        return 0.0
    w = np.nanmax(end) + 0.2
    for _ in range(200):
        value = _right(w, given["y"], given["T"]) + given["lam"] * w
        power = given["T"] - 1
        slope = given["T"] * ((power + given["T"]) * w ** (2 * given["T"] - 2) - given["y"] * power * w ** (power - 1))
        w = w - value / (slope + given["lam"])
    return np.where(np.isnan(end), 0.0, end - w)


CLAIMS = (
    Claim("start-sets-first-gradient", zh="第一步的数据梯度只由起点决定，与惩罚系数 λ 无关",
          en="the first data gradient depends on the start alone, not on the penalty lam", residual=_same_first),
    Claim("penalty-shortens-memory", zh="训练收敛后 w^T(y − w^T)T = λw²：λ > 0 时记忆 w^T 小于 y",
          en="once settled, w^T (y - w^T) T = lam w^2: with lam > 0 the memory w^T stays below y",
          residual=_short_memory),
    Claim("start-is-forgotten", zh="收敛之后（未落到 0 附近）终点与起点无关，只由 λ 决定",
          en="once settled (and not at 0) the end does not depend on the start, only on lam",
          residual=_start_forgotten),
)  # fmt: skip


def figure(given, out, steps):
    path = np.reshape(steps["path"], (len(steps["path"]), -1))
    times = np.arange(len(path))
    marks = []
    for i in range(min(path.shape[1], 5)):
        start = f"{path[0, i]:.3g}"
        marks.append(Lines(times, path[:, i], {"zh": f"起点 {start}", "en": f"start {start}"}))
    keeps = np.full(len(times), given["y"] ** (1 / given["T"]))
    marks.append(Lines(times, keeps, {"zh": "记得住的 w", "en": "w that remembers"}))
    return Figure(
        title={"zh": f"起点与惩罚（λ = {given['lam']:g}）", "en": f"start and penalty (lam = {given['lam']:g})"},
        marks=tuple(marks),
        x={"zh": "训练步", "en": "step"},
        y={"zh": "w", "en": "w"},
    )


SOLVER = Solver(
    title={"zh": "初始化与权重惩罚是两回事", "en": "initialization and a weight penalty are two measures"},
    formula=r"L(w)=\frac12(w^T-y)^2+\frac{\lambda}{2}w^2",
    params={
        "w0": Param([0.9, 1.0, 1.1], {"zh": "循环权重的起点", "en": "start of the recurrent weight"}, shape="(...)"),
        "y": Param(1.0, {"zh": "目标：记住的比例", "en": "target: the share to remember"}, kind="float"),
        "lam": Param(0.5, {"zh": "惩罚系数 λ", "en": "penalty lam"}, kind="float"),
        "T": Param(10, {"zh": "时间步数 T", "en": "time steps T"}, kind="int"),
        "lr": Param(0.002, {"zh": "学习率", "en": "learning rate"}, kind="float"),
        "steps": Param(120, {"zh": "训练步数", "en": "training steps"}, kind="int"),
    },
    outputs={"first": "1", "pull": "1", "end": "1", "memory": "1"},
    steps={
        "path": {"zh": "权重的路", "en": "path of the weight"},
        "left": {"zh": "终点处剩下的梯度", "en": "gradient left at the end"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="back-propagation through time in plain Python",
    sample=sample,
    variant=variant,
    edges=(
        {"w0": 1.0, "lam": 0.0, "T": 2, "steps": 1},
        {"w0": [0.95, 1.05], "lam": 0.0, "T": 20, "lr": 0.001, "steps": 300},
        {"w0": [1.6], "T": 10, "lr": 1e-6, "steps": 2},
    ),
    tolerance={"float64": 1e-6, "float32": 2e-3},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"w0": -1.0}, "w0 must lie above 0"),
        Reject({"w0": float("nan")}, "w0 must lie above 0"),
        Reject({"w0": [1.0] * 2000}, "w0 must hold at most 1000"),
        Reject({"lam": -0.1}, "lam must lie between 0 and 10"),
        Reject({"T": 10**9}, "T must lie between 2 and 60"),
        Reject({"w0": 1.5, "T": 20}, "lr must keep the weight within 0 and 10"),
        Reject({"steps": 0}, "steps must lie between 1 and 2000"),
        Reject({"y": float("inf")}, "y must lie between"),
    ),
    figure=figure,
)  # fmt: skip
