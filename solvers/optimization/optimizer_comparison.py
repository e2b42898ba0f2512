"""Five optimizers on five small problems, each with its best rate of a grid: none is best everywhere.

Problems, D = 10 coordinates unless said: ``ravine``, a quadratic with curvatures 1 … 1000 along the axes; ``rotated``,
the same, turned at random; ``rare``, least squares of features that occur in one example or in hundreds, minibatches
of 16; ``noise``, curvature 1 with noise of deviation 1 on every slope; ``valley``, Rosenbrock's function of two
variables, which is not convex. Each is drawn ``runs`` times; all optimizers meet the same draws.
Rates are 10^(k/2). Momentum 0.9; RMSProp rho 0.9, delta 1e-8; Adam 0.9, 0.999, 1e-8; AdaGrad delta 1e-7.
Shapes: finals (P, O, K) means over runs of log10 of the loss after ``steps`` steps, kept within -16 and 6; early the
same after four steps, which is what the second route checks (later on rounding decides where RMSProp hops); best
(P, O) the least over the grid; rate (P, O) where; within (P, O) how many rates of the grid come within 0.3 of it, a
factor of two; behind (P, O) how far an optimizer is from the problem's best.
No rule of thumb for real nets: tiny problems, chosen so that each shows one trait.
Errors: BadInput for sizes that do not fit.
Reference: Goodfellow et al. (2016), section 8.5.4; Schmidt, Schneider & Hennig (2021); Wilson et al. (2017).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

PROBLEMS = ("ravine", "rotated", "rare", "noise", "valley")
OPTIMIZERS = ("SGD", "momentum", "AdaGrad", "RMSProp", "Adam")
LOWEST = np.array([-9, -9, -6, -8, -8])  # the first power k of each optimizer's grid
GRID = 11
SIZE = 10
BATCH = 16
FAR, EDGE = 1e12, 1e4
EARLY, TINY = 4, 1e-200
RULE = np.array(
    [  # v <- keep v + take g,  r <- hold r + add g*g,  theta <- theta - lr v / (sqrt(r) + delta);  with correction?
        [0.0, 1.0, 0.0, 0.0, 1.0, 0.0],  # SGD
        [0.9, 1.0, 0.0, 0.0, 1.0, 0.0],  # momentum
        [0.0, 1.0, 1.0, 1.0, 1e-7, 0.0],  # AdaGrad
        [0.0, 1.0, 0.9, 0.1, 1e-8, 0.0],  # RMSProp
        [0.9, 0.1, 0.999, 0.001, 1e-8, 1.0],  # Adam
    ]
)
"""One rule, five optimizers: what each keeps of the past, takes of the present and divides by."""


def check(steps, runs):
    require(2 <= steps <= 1000, "steps", "lie between 2 and 1000", steps)
    require(1 <= runs <= 64, "runs", "lie between 1 and 64", runs)
    require(steps * runs <= 8000, "runs", "keep steps times runs within 8000", runs)


def noise(rng, steps, runs):
    """Starts, turns, noise, examples: what the problems are made of; the grid of rates and the optimizers' table."""
    turns = np.linalg.qr(rng.normal(size=(runs, SIZE, SIZE)))[0]
    curvature = np.logspace(0, 3, SIZE)
    often = np.logspace(0, -2.5, SIZE)
    return {
        "start": rng.choice([-1.0, 1.0], size=(runs, SIZE)) * rng.uniform(0.5, 1.5, size=(runs, SIZE)),
        "curvature": curvature,
        "turned": np.einsum("rij,j,rkj->rik", turns, curvature, turns),
        "often": often,
        "seen": (rng.random((steps, runs, BATCH, SIZE)) < often).astype(float),
        "shake": rng.normal(size=(steps, runs, SIZE)),
        "corner": rng.uniform(-1.5, 1.5, size=(runs, 2)),
        "grid": 10.0 ** ((LOWEST[:, None] + np.arange(GRID)) / 2),
        "rule": RULE,
    }


def compute(xp, note, steps, runs, start, curvature, turned, often, seen, shake, corner, grid, rule):
    # A point is (runs, D, O K): every optimizer at every rate is a column.
    goal, curves, rates = start[..., None], curvature[:, None], often[:, None]

    def back(point, t):
        return xp.matmul(xp.matrix_transpose(seen[t, ...]), xp.matmul(seen[t, ...], point - goal)) / BATCH

    def bend(point):
        x, y = point[:, 0, :], point[:, 1, :]
        return x, y - x * x

    def valley_slope(point, t):
        x, off = bend(point)
        return xp.stack([-400 * off * x - 2 * (1 - x), 200 * off], axis=1)

    def valley_loss(point):
        x, off = bend(point)
        return 100 * off * off + (1 - x) ** 2

    def half(squares):
        return xp.sum(squares, axis=1) / 2

    problems = {  # start, slope at a step, loss
        "ravine": (goal, lambda point, t: curves * point, lambda point: half(curves * point**2)),
        "rotated": (
            goal,
            lambda point, t: xp.matmul(turned, point),
            lambda point: half(point * xp.matmul(turned, point)),
        ),
        "rare": (0.0 * goal, back, lambda point: half(rates * (point - goal) ** 2)),
        "noise": (3 * goal, lambda point, t: point + shake[t, ...][..., None], lambda point: half(point**2)),
        "valley": (corner[..., None], valley_slope, valley_loss),
    }
    columns = [xp.reshape(rule[:, k][:, None] + 0.0 * grid, (-1,)) for k in range(rule.shape[1])]
    finals, early = [], []
    for done, name in enumerate(PROBLEMS):
        first, slope, loss = problems[name]
        pair = []
        for points in _train(xp, columns, slope, first, xp.reshape(grid, (-1,)), steps):
            mean = xp.mean(xp.log10(xp.clip(loss(points), 1e-16, 1e6)), axis=0)
            pair.append(xp.reshape(mean, grid.shape))
        early.append(pair[0])
        finals.append(pair[1])
        note.progress(done + 1, len(PROBLEMS))
    finals = xp.stack(finals)
    best = xp.min(finals, axis=-1)
    close = xp.where(finals <= best[..., None] + 0.3, xp.ones_like(finals), xp.zeros_like(finals))
    chosen = xp.where(finals == best[..., None], xp.zeros_like(finals) + grid, xp.full_like(finals, 1e9))
    note("rate", xp.min(chosen, axis=-1))
    note("within", xp.sum(close, axis=-1))
    note("behind", best - xp.min(best, axis=-1, keepdims=True))
    note("finals", finals)
    note("best", best)
    return {"early": xp.stack(early)}


def _train(xp, columns, slope, first, lr, steps):
    """Every run, (runs, D, O K): after four steps and in the end.

    What runs away is held back, by ``minimum`` and ``maximum``: a portable ``clip`` costs more than the step."""
    keep, take, hold, add, delta, corrected = columns
    point = first + 0.0 * lr
    early, far, edge = point, xp.full_like(point, FAR), xp.full_like(point, EDGE)
    v, r = xp.zeros_like(point), xp.zeros_like(point)
    for t in range(steps):
        g = xp.minimum(xp.maximum(slope(point, t), -far), far)
        v = keep * v + take * g
        r = hold * r + add * (g * g)
        share = 1 - corrected * keep ** (t + 1)
        r_hat = r / (1 - corrected * hold ** (t + 1)) + TINY
        root = r_hat * r_hat**-0.5  # torch splits a large sqrt among threads, which wait on a busy machine
        point = point - (lr / share) * v / (root + delta)
        point = xp.minimum(xp.maximum(point, -edge), edge)
        if t < EARLY:
            early = point
    return early, point


def oracle(steps, runs, start, curvature, turned, often, seen, shake, corner, grid, rule):
    """torch's own optimizers on gradients of autograd, one parameter group a rate."""
    import torch

    def tensor(value):
        return torch.tensor(value, dtype=torch.float64)

    goal, curves, matrix, rates_of = tensor(start), tensor(curvature), tensor(turned), tensor(often)
    batches, jolts = tensor(seen), tensor(shake)

    def valley(point, t):
        return 100 * (point[..., 1] - point[..., 0] ** 2) ** 2 + (point[..., 0] - 1) ** 2

    def quadratic(point, t):
        return (curves * point.square()).sum(-1) / 2

    def rotated(point, t):
        return sum(point[..., i] * (matrix[:, i, :] * point).sum(-1) for i in range(SIZE)) / 2

    def rare(point, t):
        if t is None:
            return (rates_of * (point - goal).square()).sum(-1) / 2
        miss = sum(batches[t, :, :, i] * (point - goal)[..., i, None] for i in range(SIZE))
        return miss.square().mean(-1) / 2

    def noisy(point, t):
        return point.square().sum(-1) / 2 + (0 if t is None else (jolts[t] * point).sum(-1))

    torch_of = {
        "SGD": lambda groups: torch.optim.SGD(groups),
        "momentum": lambda groups: torch.optim.SGD(groups, momentum=0.9),
        "AdaGrad": lambda groups: torch.optim.Adagrad(groups, eps=1e-7),
        "RMSProp": lambda groups: torch.optim.RMSprop(groups, alpha=0.9, eps=1e-8),
        "Adam": lambda groups: torch.optim.Adam(groups, betas=(0.9, 0.999), eps=1e-8),
    }
    early = np.empty((len(PROBLEMS), len(OPTIMIZERS), GRID))
    firsts = (goal, goal, 0 * goal, 3 * goal, tensor(corner))
    for p, (loss, first) in enumerate(zip((quadratic, rotated, rare, noisy, valley), firsts, strict=True)):
        for o, optimizer in enumerate(OPTIMIZERS):
            points = [first.clone().requires_grad_() for _ in range(GRID)]
            groups = [{"params": [point], "lr": float(lr)} for point, lr in zip(points, grid[o], strict=True)]
            stepper = torch_of[optimizer](groups)
            for t in range(min(steps, EARLY)):
                stepper.zero_grad()
                loss(torch.stack(points), t).sum().backward()
                stepper.step()
                with torch.no_grad():
                    for point in points:
                        point.clamp_(-EDGE, EDGE)
            with torch.no_grad():
                early[p, o] = loss(torch.stack(points), None).clamp(1e-16, 1e6).log10().mean(-1).numpy()
    return {"early": early}


def sample(rng):
    return {"steps": int(rng.integers(2, 12)), "runs": int(rng.integers(1, 4))}


def variant(rng):
    """A short comparison; what is asked of it are words."""
    return {"steps": int(rng.integers(8, 20)), "runs": int(rng.integers(2, 5))}


# ---- What people get wrong: how they compare.


class _Silent:
    """A note that keeps what it is told."""

    def __init__(self):
        self.told = {}

    def __call__(self, step, value):
        self.told[step] = value

    def progress(self, done, total):
        pass


def _compared(pick):
    """``best`` and ``behind`` if the rates are chosen by ``pick(finals) -> (P, O)``; long runs are left out."""

    def value(**given):
        import array_api_compat.numpy as xp

        if given["steps"] * given["runs"] > 200:
            return {}
        note = _Silent()
        with np.errstate(all="ignore"):
            compute(xp, note, **given)
        wrong = pick(note.told["finals"])
        if np.allclose(wrong, note.told["best"]):
            return {}
        return {"best": wrong, "behind": wrong - wrong.min(axis=-1, keepdims=True)}

    return value


def _at_one_rate(finals):
    """Everybody at 0.001, Adam's default."""
    return np.stack([finals[:, o, -6 - LOWEST[o]] for o in range(len(OPTIMIZERS))], axis=1)


def _rate_of_the_first(finals):
    """Tuned on the first problem only, then kept."""
    return np.stack([finals[:, o, np.argmin(finals[0, o])] for o in range(len(OPTIMIZERS))], axis=1)


MISTAKES = (
    Mistake("one-rate-for-all", "所有方法用同一个学习率 0.001 相比；学习率的含义各不相同，要分别调",
            "all were compared at the rate 0.001; rates mean different things and are tuned one by one",
            _compared(_at_one_rate)),
    Mistake("tuned-once", "只在第一个问题上调了学习率，就用到所有问题上",
            "rates were tuned on the first problem and kept for all", _compared(_rate_of_the_first)),
)  # fmt: skip


# ---- Claims, of runs that are long enough.


def _long(given):
    return given["steps"] >= 200 and given["runs"] >= 8


def _at(problem, optimizer=None):
    row = PROBLEMS.index(problem)
    return row if optimizer is None else (row, OPTIMIZERS.index(optimizer))


def _if_long(residual):
    return lambda given, out: np.maximum(residual(out), 0.0) if _long(given) else 0.0


def _wins_by(problem, optimizer, decades):
    def residual(out):
        others = [out["best"][_at(problem, other)] for other in OPTIMIZERS if other != optimizer]
        return out["best"][_at(problem, optimizer)] + decades - np.array(others)

    return residual


def _axes(out):
    """What turning costs: the adaptive ones a decade and more, the others next to nothing."""
    cost = out["best"][_at("rotated")] - out["best"][_at("ravine")]
    return np.concatenate([np.abs(cost[:2]) - 0.7, 1.0 - cost[2:]])


def _consistent(given, out):
    return np.stack([out["best"] - out["finals"].min(axis=-1), np.minimum(out["behind"], 0.0)])


CLAIMS = (
    Claim("tuned", zh="每个方法都逐题取网格中最好的学习率", en="each has the best rate of its grid, problem by problem",
          residual=_consistent),
    Claim("none-is-best-everywhere", zh="每个方法都至少在一个问题上落后最好的两倍以上（200 步、8 次以上）",
          en="each optimizer is at least twofold behind the best on some problem (200 steps, 8 runs or more)",
          residual=_if_long(lambda out: 0.3 - out["behind"].max(axis=0))),
    Claim("adagrad-wins-on-rare-features", zh="罕见特征：AdaGrad 比其他方法好 100 倍以上",
          en="rare features: AdaGrad is a hundredfold ahead of all others",
          residual=_if_long(_wins_by("rare", "AdaGrad", 2.0))),
    Claim("momentum-wins-when-turned", zh="转过方向的峡谷：动量比其他方法好 3 倍以上",
          en="the ravine turned off the axes: momentum is threefold ahead of all others",
          residual=_if_long(_wins_by("rotated", "momentum", 0.5))),
    Claim("axes-matter", zh="转动坐标让 AdaGrad、RMSProp、Adam 变差 10 倍以上，SGD 与动量几乎不变",
          en="turning the axes costs AdaGrad, RMSProp and Adam tenfold or more, SGD and momentum next to nothing",
          residual=_if_long(_axes)),
    Claim("default-is-not-best", zh="Adam 在这五个问题上最好的学习率都至少是默认值 0.001 的 10 倍",
          en="Adam's best rate is at least ten times its default 0.001 on all five problems",
          residual=_if_long(lambda out: 0.999e-2 - out["rate"][:, OPTIMIZERS.index("Adam")])),
)  # fmt: skip


def figure(given, out, steps):
    labels = {"momentum": {"zh": "动量", "en": "momentum"}}
    return Figure(
        title={"zh": "调好学习率后的损失（低于 1 几个数量级）", "en": "loss after tuning, in powers of ten below 1"},
        marks=tuple(
            Bars(PROBLEMS, -steps["best"][:, place], labels.get(name, {"zh": name, "en": name}))
            for place, name in enumerate(OPTIMIZERS)
        ),
        y={"zh": "−log₁₀ 损失", "en": "-log10 loss"},
    )


SOLVER = Solver(
    title={"zh": "优化算法的比较：没有处处最好的", "en": "optimizers compared: none is best everywhere"},
    formula=r"\min_{\epsilon}\ \log_{10}L(\theta_T)\quad\text{for each problem and each optimizer}",
    params={
        "steps": Param(200, {"zh": "步数", "en": "number of steps"}, kind="int"),
        "runs": Param(8, {"zh": "每个问题抽取的次数", "en": "draws of each problem"}, kind="int"),
    },
    outputs={"early": "log10"},
    steps={
        "rate": {"zh": "最好的学习率（行：问题，列：方法）", "en": "best rate (rows problems, columns optimizers)"},
        "within": {"zh": "网格中两倍以内的学习率个数", "en": "rates of the grid within a factor of two"},
        "behind": {"zh": "落后最好的多少个数量级", "en": "powers of ten behind the best"},
        "finals": {"zh": "每个学习率的最终损失（log10）", "en": "final loss at each rate, log10"},
        "best": {"zh": "调好之后的最终损失（log10）", "en": "final loss after tuning, log10"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.optim on gradients of autograd, the first four steps",
    sample=sample,
    variant=variant,
    noise=noise,
    tolerance={"float64": 1e-8},  # rounding decides too much in float32
    smooth=False,
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"steps": 1}, "steps must lie between"),
        Reject({"runs": 0}, "runs must lie between"),
        Reject({"steps": 1000, "runs": 64}, "runs must keep"),
    ),
    figure=figure,
)
