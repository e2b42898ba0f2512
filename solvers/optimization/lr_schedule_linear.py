"""Linear decay of the learning rate:  eps_k = (1 - a) eps_0 + a eps_tau  with a = min(k / tau, 1).

tau is the number of updates in ``passes`` passes over ``examples`` examples, ceil(examples / batch) updates a pass.
Shapes: k (K,) numbers of updates -> rate (K,). Besides: tau, and the sums of the rates and of their squares over
the updates 0 ... tau - 1. Not batched: k may hold as many numbers as one likes.
Errors: BadInput for rates that are not positive, an end above the start, sizes below 1, k negative or not whole.
Reference: Goodfellow et al. (2016), section 8.3.1, equation 8.14; Robbins & Monro (1951).
"""

from __future__ import annotations

import math

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

MOST = 10**9


def check(k, eps0, eps_tau, examples, batch, passes):
    require(k.ndim == 1 and 1 <= k.size <= 1_000_000, "k", "be a list of 1 to 1000000 numbers", k.shape)
    require(np.all((k >= 0) & (k <= MOST) & (k == np.floor(k))), "k", f"hold whole numbers from 0 to {MOST}", k)
    require(0 < eps0 <= 1e6, "eps0", "be positive and at most 1e6", eps0)
    require(0 < eps_tau <= eps0, "eps_tau", "be positive and at most eps0", eps_tau)
    for name, value in (("examples", examples), ("batch", batch), ("passes", passes)):
        require(1 <= value <= MOST, name, f"lie between 1 and {MOST}", value)
    require(batch <= examples, "batch", "be at most the number of examples", batch)
    updates = passes * math.ceil(examples / batch)
    require(updates <= MOST, "passes", f"make at most {MOST} updates", updates)


def compute(xp, note, k, eps0, eps_tau, examples, batch, passes):
    tau = passes * -(-examples // batch)
    share = k / tau
    share = xp.where(share < 1, share, xp.ones_like(share))
    note("share", share)
    fall = (eps0 - eps_tau) / tau
    one = xp.ones_like(k[0, ...])
    count, count2 = (tau - 1) / 2, (tau - 1) * (2 * tau - 1) / 6  # means of k and k^2, times tau
    return {
        "rate": (1 - share) * eps0 + share * eps_tau,
        "tau": tau,
        "total": one * (tau * (eps0 - fall * count)),
        "squares": one * (tau * (eps0**2 - 2 * eps0 * fall * count + fall**2 * count2)),
    }


def oracle(k, eps0, eps_tau, examples, batch, passes):
    import torch

    tau = sum(len(range(0, examples, batch)) for _ in range(passes))
    sgd = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=eps0)
    schedule = torch.optim.lr_scheduler.LinearLR(sgd, 1.0, eps_tau / eps0, total_iters=tau)
    rates = [eps0]
    for _ in range(tau):
        sgd.step()
        schedule.step()
        rates.append(schedule.get_last_lr()[0])
    return {
        "rate": np.array([rates[min(int(n), tau)] for n in k]),
        "tau": np.asarray(tau),
        "total": np.asarray(math.fsum(rates[:-1])),
        "squares": np.asarray(math.fsum(r * r for r in rates[:-1])),
    }


def sample(rng):
    batch = int(rng.integers(3, 9))
    examples, passes = int(rng.integers(20, 60)), int(rng.integers(2, 6))
    eps0 = float(rng.uniform(0.1, 1.0))
    tau = passes * -(-examples // batch)
    k = rng.integers(0, 2 * tau, size=5)
    return {
        "k": np.append(k, tau // 3).astype(float), "eps0": eps0, "eps_tau": eps0 * float(rng.uniform(0.005, 0.3)),
        "examples": examples, "batch": batch, "passes": passes,
    }  # fmt: skip


def variant(rng):
    """A data set that the batches divide, or nearly; two moments: within the decay, or beyond it."""
    batch, passes = int(rng.choice([20, 25, 32, 50, 64])), int(rng.choice([10, 20, 25, 40]))
    examples = batch * int(rng.integers(4, 30)) + (int(rng.integers(1, batch)) if rng.random() < 0.5 else 0)
    tau = passes * -(-examples // batch)
    eps0 = float(rng.choice([0.1, 0.2, 0.4, 0.5, 0.8, 1.0]))
    part = int(rng.integers(1, 10))
    return {
        "k": [tau * part // 10, tau + int(rng.integers(1, tau))],
        "eps0": eps0, "eps_tau": round(eps0 * float(rng.choice([0.01, 0.02, 0.05])), 5),
        "examples": examples, "batch": batch, "passes": passes,
    }  # fmt: skip


# ---- What people get wrong.


def _updates(examples, batch, passes):
    return passes * math.ceil(examples / batch)


def _line(k, eps0, eps_tau, tau):
    share = np.minimum(np.asarray(k, dtype=float) / tau, 1)
    return (1 - share) * eps0 + share * eps_tau


def _wrong(rule, tau=None):
    """Only what comes out differently."""

    def value(k, eps0, eps_tau, examples, batch, passes):
        right = _updates(examples, batch, passes)
        mine = tau(examples, batch, passes) if tau else right
        found = {"rate": rule(np.asarray(k, dtype=float), eps0, eps_tau, mine)}
        if mine != right:
            found["tau"] = mine
        if np.allclose(found["rate"], _line(k, eps0, eps_tau, right), rtol=1e-6):
            del found["rate"]
        return found

    return value


MISTAKES = (
    Mistake("ends-exchanged", "两端弄反了：α 从 0 增到 1，开头是 ε₀",
            "the ends are exchanged: alpha grows from 0, where eps_0 is",
            _wrong(lambda k, a, b, tau: _line(k, b, a, tau))),
    Mistake("no-plateau", "过了 τ 还在降：那之后应保持 ε_τ",
            "it goes on falling after tau, where it should stay at eps_tau",
            _wrong(lambda k, a, b, tau: a + (b - a) * k / tau)),
    Mistake("geometric", "那是指数衰减，不是线性衰减", "that is exponential decay, not linear",
            _wrong(lambda k, a, b, tau: a * (b / a) ** np.minimum(k / tau, 1))),
    Mistake("falls-to-zero", "降到了 0 而不是 ε_τ", "it falls to 0, not to eps_tau",
            _wrong(lambda k, a, b, tau: a * (1 - np.minimum(k / tau, 1)))),
    Mistake("never-falls", "学习率一直没变", "the rate never changes", _wrong(lambda k, a, b, tau: a + 0 * k)),
    Mistake("tau-in-passes", "把遍数当成了更新次数", "the passes were taken for updates",
            _wrong(_line, lambda n, m, p: p)),
    Mistake("tau-in-examples", "每个样本数成了一次更新，漏除批大小",
            "every example was counted as an update: no batches",
            _wrong(_line, lambda n, m, p: p * n)),
    Mistake("last-batch-lost", "每遍最后那个不满的小批量也是一次更新",
            "the last, smaller batch of a pass is an update as well",
            _wrong(_line, lambda n, m, p: max(p * (n // m), 1))),
)  # fmt: skip


def _ends(given, out):
    k, tau = given["k"], out["tau"]
    start = np.where(k == 0, out["rate"] - given["eps0"], 0.0)
    end = np.where(k >= tau, out["rate"] - given["eps_tau"], 0.0)
    return np.stack([start, end]) / given["eps0"]


def _equal_falls(given, out):
    """Rates at k, against the straight line through both ends."""
    inside = given["k"] <= out["tau"]
    line = given["eps0"] - (given["eps0"] - given["eps_tau"]) * given["k"] / out["tau"]
    return np.where(inside, out["rate"] - line, 0.0) / given["eps0"]


def _sums(given, out):
    """Added up one by one, as long as that is quick."""
    tau = int(out["tau"])
    if tau > 1_000_000:
        return 0.0
    rates = _line(np.arange(tau), given["eps0"], given["eps_tau"], tau)
    return np.array([out["total"] / np.sum(rates) - 1, out["squares"] / np.sum(rates**2) - 1])


def figure(given, out, steps):
    tau = int(out["tau"])
    end = max(tau, int(np.max(given["k"]))) * 1.2
    k = np.linspace(0, end, 121)
    return Figure(
        {"zh": "学习率的线性衰减", "en": "linear decay of the learning rate"},
        (
            Lines(k, _line(k, given["eps0"], given["eps_tau"], tau), {"zh": "ε_k", "en": "eps_k"}),
            Scatter(given["k"], out["rate"], {"zh": "所问的 k", "en": "the k asked for"}),
        ),
        x={"zh": "更新次数 k", "en": "update k"},
        y={"zh": "学习率", "en": "learning rate"},
    )


SOLVER = Solver(
    title={"zh": "学习率的线性衰减", "en": "linear decay of the learning rate"},
    formula=r"\epsilon_k=(1-\alpha)\epsilon_0+\alpha\epsilon_\tau,\qquad\alpha=\min(k/\tau,\,1)",
    params={
        "k": Param([0.0, 1000.0, 2000.0, 4000.0, 8000.0], {"zh": "更新次数", "en": "numbers of updates"}, shape="(K,)"),
        "eps0": Param(0.1, {"zh": "初始学习率 ε₀", "en": "the initial rate eps_0"}, kind="float"),
        "eps_tau": Param(0.001, {"zh": "最终学习率 ε_τ", "en": "the final rate eps_tau"}, kind="float"),
        "examples": Param(2000, {"zh": "训练样本数", "en": "examples in the training set"}, kind="int"),
        "batch": Param(100, {"zh": "小批量大小", "en": "examples in a minibatch"}, kind="int"),
        "passes": Param(200, {"zh": "遍历训练集的次数", "en": "passes over the training set"}, kind="int"),
    },
    outputs={"rate": "1", "tau": "updates", "total": "1", "squares": "1"},
    steps={"share": {"zh": "α = min(k/τ, 1)", "en": "alpha = min(k / tau, 1)"}},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.optim.lr_scheduler.LinearLR, update by update",
    sample=sample,
    variant=variant,
    edges=(
        {"k": [0.0, 1.0, 5.0], "eps0": 1.0, "eps_tau": 1.0, "examples": 1, "batch": 1, "passes": 1},
        {"k": [0.0, 6.0, 7.0, 8.0], "examples": 7, "batch": 4, "passes": 4},
    ),
    tolerance={"float64": 1e-9, "float32": 1e-5},
    smooth=False,
    batched=False,
    claims=(
        Claim("ends", zh="k = 0 时是 ε₀，k ≥ τ 时一直是 ε_τ", en="eps_0 at k = 0, and eps_tau for every k >= tau",
              residual=_ends),
        Claim("equal-falls", zh="τ 之前每次更新降低同样多", en="before tau every update takes off the same amount",
              residual=_equal_falls),
        Claim("sums", zh="前 τ 次的学习率之和与平方和", en="the sums of the first tau rates and of their squares",
              residual=_sums),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"k": [-1.0]}, "k must hold whole numbers"),
        Reject({"k": [float("nan")]}, "k must hold whole numbers"),
        Reject({"k": 3.0}, "k must be a list"),
        Reject({"eps0": 0.0}, "eps0 must be positive"),
        Reject({"eps_tau": 0.2}, "eps_tau must be positive and at most eps0"),
        Reject({"batch": 6000}, "batch must be at most the number of examples"),
        Reject({"passes": 0}, "passes must lie between"),
        Reject({"passes": 10**9}, "passes must make at most"),
    ),
    figure=figure,
)  # fmt: skip
