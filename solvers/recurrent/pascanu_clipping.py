"""Four ways to train a basic RNN to recall the number it saw first: plain, clipped, with Omega (10.52), with both.

    h_t = tanh(W h_{t-1} + U x_t + b),  h_0 = 0,   z = <v, h_T> + d,   loss = mean (z - y)^2
    x_1 = (y, 1),   x_t = (noise, 0) after that,   y and noise uniform on (-1, 1)

W starts with independent normal entries of variance 0.25 / H: the gradient fades on its way back to x_1.
Each arm trains ``nets`` networks by stochastic gradient descent on 16 fresh sequences a round; the arms share their
first weights and their sequences. Clipping shortens a network's gradient to ``clip`` where it is longer. Omega has the
weight ``strength``; its gradient in W holds the back-propagated vectors and the states constant.
Score of a network: 1 - error / variance of y on 500 fresh sequences, at least 0; one that holds NaN scores 0.
Shapes: carried (nets,), |grad_{h_1} loss| / |grad_{h_T} loss| over probe sequences before training; radius (nets,), the
spectral radius of the first W. The scores are steps, in the order plain, clipped, Omega, Omega clipped.
Float64 only: what explodes differs in its rounding. Errors: BadInput for sizes and rates out of range.
Reference: Pascanu, Mikolov & Bengio (2013), sections 3.2-3.3; Goodfellow et al. (2016), 10.11.1-10.11.2.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

BATCH, FRESH, SPREAD = 16, 500, 0.5
TINY = 1e-30


def check(lag, units, nets, rounds, strength, clip, rate):
    require(2 <= lag <= 50, "lag", "lie between 2 and 50", lag)
    require(2 <= units <= 32, "units", "lie between 2 and 32", units)
    require(1 <= nets <= 32, "nets", "lie between 1 and 32", nets)
    require(1 <= rounds <= 2000, "rounds", "lie between 1 and 2000", rounds)
    require(
        lag * units * nets * rounds <= 2_000_000, "rounds", "keep lag x units x nets x rounds within 2000000", rounds
    )
    require(0 < strength <= 10, "strength", "be positive, 10 at most", strength)
    require(1e-3 <= clip <= 10, "clip", "lie between 0.001 and 10", clip)
    require(1e-4 <= rate <= 1, "rate", "lie between 0.0001 and 1", rate)


def noise(rng, lag, units, nets, rounds, strength, clip, rate):
    """First weights, and 16 probe sequences for what is measured before training."""
    return {
        "W": rng.normal(size=(nets, units, units)) * SPREAD / np.sqrt(units),
        "U": rng.normal(size=(nets, units, 2)) * 0.5,
        "v": rng.normal(size=(nets, 1, units)) / np.sqrt(units),
        "probe": rng.uniform(-1, 1, size=(lag, BATCH)),
    }


def compute(xp, note, lag, units, nets, rounds, strength, clip, rate, W, U, v, probe):
    threads = xp.get_num_threads()
    xp.set_num_threads(1)  # matrices this small are faster on one
    try:
        with xp.no_grad():
            return _experiment(xp, note, lag, nets, rounds, strength, clip, rate, W, U, v, probe)
    finally:
        xp.set_num_threads(threads)


def _experiment(xp, note, lag, nets, rounds, strength, clip, rate, W, U, v, probe):
    def inputs(numbers):
        marks = xp.zeros_like(numbers)
        marks[0] = 1
        return xp.cat([numbers, marks], dim=-2)

    def forward(weights, x):
        """States, h_0 first, and the answer."""
        matrix, inward, bias, outward, offset = weights
        drive = inward @ x + bias
        states = [xp.zeros_like(drive[0])]
        for pushed in drive:
            states.append(xp.tanh(matrix @ states[-1] + pushed))
        return states, outward @ states[-1] + offset

    def slopes(weights, states, x, missed):
        """Those of the loss, and that of Omega in W, each the mean over the sequences; steps side by side."""
        matrix, _, _, outward, _ = weights
        count = missed.shape[-1]
        d = 2 * missed / count
        last, pushes = [outward.mT * d], []
        for h in states[:0:-1]:
            pushes.append((1 - h * h) * last[-1])
            last.append(matrix.mT @ pushes[-1])
        back, push, before = (xp.cat(parts, dim=-1) for parts in (last, pushes, states[-2::-1]))
        size = xp.clamp(xp.sqrt(xp.sum(back * back, dim=-2, keepdim=True)), min=TINY)
        size, shorter = size[..., :-count], size[..., count:]
        omega = (push * (2 * (shorter / size - 1) / (count * size * shorter))) @ back[..., count:].mT
        driven = push @ xp.cat(tuple(x.flip(0)), dim=-1).mT
        by_bias = xp.sum(push, dim=-1, keepdim=True)
        return [push @ before.mT, driven, by_bias, d @ states[-1].mT, xp.sum(d, dim=-1, keepdim=True)], omega

    def sequences(count):
        drawn = xp.rand((lag, nets, 1, count), generator=note.generator, dtype=W.dtype, device=W.device)
        numbers = (2 * drawn - 1).repeat(1, 4, 1, 1)
        return inputs(numbers), numbers[0]

    def total(values):
        return sum(xp.sum(value * value, dim=(1, 2), keepdim=True) for value in values)

    first = (W, U, xp.zeros_like(U[:, :, :1]), v, xp.zeros_like(v[:, :, :1]))
    x = inputs(probe[:, None, None, :].expand(lag, nets, 1, BATCH))
    states, z = forward(first, x)
    g = v.mT * (z - x[0, :, :1, :])
    start = total([g])
    for h in reversed(states[2:]):
        g = W.mT @ ((1 - h * h) * g)
    carried = xp.sqrt(total([g]) / start)[:, 0, 0]

    weights = [w.repeat(4, 1, 1) for w in first]
    weight_of_omega = xp.zeros_like(weights[4])
    weight_of_omega[2 * nets :] = strength
    limit = xp.full_like(weights[4], float("inf"))
    limit[nets : 2 * nets] = limit[3 * nets :] = clip
    longest = xp.zeros_like(limit)
    for done in range(rounds):
        x, y = sequences(BATCH)
        states, z = forward(weights, x)
        steps, omega = slopes(weights, states, x, z - y)
        steps[0] += weight_of_omega * omega
        size = xp.sqrt(total(steps))
        longest = xp.maximum(longest, xp.nan_to_num(size, nan=float("inf")))
        shrink = xp.clamp(limit / xp.clamp(size, min=TINY), max=1.0)
        weights = [w - rate * shrink * step for w, step in zip(weights, steps, strict=True)]
        note.progress(done + 1, rounds)
    x, y = sequences(FRESH)
    _, z = forward(weights, x)
    missed, spread = (z - y) ** 2, (y - xp.mean(y, dim=2, keepdim=True)) ** 2
    score = xp.nan_to_num(1 - xp.mean(missed, dim=(1, 2)) / xp.mean(spread, dim=(1, 2)), nan=0.0)
    score = xp.clamp(score, min=0.0).reshape(4, nets)
    note("scores", score)
    note("mean_score", xp.mean(score, dim=1))
    note("longest", xp.median(longest.reshape(4, nets), dim=1).values)
    return {"carried": carried, "radius": xp.amax(xp.abs(xp.linalg.eigvals(W)), dim=1)}


def oracle(lag, units, nets, rounds, strength, clip, rate, W, U, v, probe):
    """Complex steps: how the error moves with each entry of h_1 and of h_T; roots of the characteristic polynomial."""
    carried, radius = [], []
    for matrix, inward, outward in zip(W, U, v[:, 0], strict=True):
        squares = np.zeros(2)
        for numbers in probe.T:
            first = np.tanh(inward @ [numbers[0], 1.0])
            last = first
            for number in numbers[1:]:
                last = np.tanh(matrix @ last + inward[:, 0] * number)
            for place, (state, rest) in enumerate(((first, numbers[1:]), (last, ()))):
                for unit in range(units):
                    h = state.astype(complex)
                    h[unit] += 1e-30j
                    for number in rest:
                        h = np.tanh(matrix @ h + inward[:, 0] * number)
                    squares[place] += (((outward @ h - numbers[0]) ** 2).imag / 1e-30) ** 2
        carried.append(np.sqrt(squares[0] / squares[1]))
        radius.append(np.max(np.abs(np.roots(np.poly(matrix)))))
    return {"carried": np.array(carried), "radius": np.array(radius)}


def sample(rng):
    return {"lag": int(rng.integers(2, 6)), "units": int(rng.integers(2, 5)), "nets": 2, "rounds": 3}


def variant(rng):
    return {"lag": int(rng.integers(2, 7)), "units": 2, "nets": int(rng.integers(1, 4)), "rounds": 2}


# ---- What people get wrong.


def _stated(given):
    """The experiment that the training claims speak of."""
    names = ("lag", "units", "strength", "clip", "rate")
    same = tuple(given[name] for name in names) == (16, 8, 1.0, 0.5, 0.3)
    return same and given["nets"] >= 8 and 150 <= given["rounds"] <= 200


def _scores(*means):
    return lambda **given: {"mean_score": np.array(means)} if _stated(given) else {}


MISTAKES = (
    Mistake("cannot-fade", "以为误差会原样传回去：梯度每步都要乘 diag(1−h²)W",
            "expects the error to come back as it was; each step multiplies it by diag(1 - h^2) W",
            lambda nets, **rest: {"carried": np.ones(nets)}),
    Mistake("clipping-lifts-what-vanishes", "以为截断能救回消失的梯度；它只缩短，从不拉长",
            "expects clipping to bring back a vanished gradient; it shortens and never lengthens",
            _scores(0.0, 0.5, 0.5, 0.5)),
    Mistake("printed-000-e079", "照只写正则项的说法，单有 Ω 就该学得同样好",
            "by the text as printed, which gives the regularizer alone, Omega should learn as well without clipping",
            _scores(0.0, 0.0, 0.5, 0.5)),
    Mistake("norm-for-radius", "把谱范数当成了谱半径", "took the spectral norm for the spectral radius",
            lambda W, **rest: {"radius": np.linalg.norm(W, 2, axis=(1, 2))}),
)  # fmt: skip


# ---- Claims.


def _faded(given, out):
    """How far |g_1| / |g_T| exceeds the power of the spectral norm."""
    return np.maximum(out["carried"] / np.linalg.norm(given["W"], 2, axis=(1, 2)) ** (given["lag"] - 1) - 1, 0.0)


def _where_stated(shortfall):
    return lambda given, out: np.maximum(shortfall(*out["mean_score"]), 0.0) if _stated(given) else 0.0


CLAIMS = (
    Claim("fades", zh="传到 h_1 的梯度不超过 ‖W‖₂^(T−1) 倍", residual=_faded,
          en="what reaches h_1 is at most the spectral norm of W to the power T - 1"),
    Claim("clipping-alone-learns-nothing",
          zh="16 步、学习率 0.3：什么都不做或只截断，平均得分都不到 0.15",
          en="16 steps, rate 0.3: plain or with clipping alone, the mean score stays below 0.15",
          residual=_where_stated(lambda plain, clipped, omega, both: max(plain, clipped) - 0.15)),
    Claim("omega-needs-clipping",
          zh="同上：Ω 加截断的平均得分比单用 Ω 高 0.2 以上",
          en="the same: with Omega and clipping the mean score is over 0.2 above that of Omega alone",
          residual=_where_stated(lambda plain, clipped, omega, both: 0.2 - (both - omega))),
)  # fmt: skip


def figure(given, out, steps):
    return Figure(
        title={"zh": "回忆第一个数：平均得分", "en": "recalling the first number: mean score"},
        marks=(Bars(("plain", "clip", "Ω", "Ω + clip"), steps["mean_score"]),),
        y={"zh": "得分", "en": "score"},
    )


def _whole(default, zh, en):
    return Param(default, {"zh": zh, "en": en}, kind="int")


SOLVER = Solver(
    title={"zh": "Pascanu 正则项与梯度截断：四种训练", "en": "Omega and clipping: four ways to train"},
    formula=r"W\leftarrow W-\epsilon\,\mathrm{clip}(\nabla_WL+\lambda\nabla_W\Omega)",
    params={
        "lag": _whole(16, "序列长度 T", "steps T of a sequence"),
        "units": _whole(8, "隐藏单元数", "hidden units"),
        "nets": _whole(8, "每种训练的网络数", "networks an arm"),
        "rounds": _whole(150, "训练轮数", "rounds of training"),
        "strength": Param(1.0, {"zh": "Ω 的权重 λ", "en": "weight of Omega"}, kind="float"),
        "clip": Param(0.5, {"zh": "截断的阈值", "en": "threshold of the clipping"}, kind="float"),
        "rate": Param(0.3, {"zh": "学习率", "en": "learning rate"}, kind="float"),
    },
    outputs={"carried": "1", "radius": "1"},
    steps={
        "scores": {"zh": "各网络的得分（不做、截断、Ω、Ω＋截断）", "en": "scores by arm and network"},
        "mean_score": {"zh": "平均得分（不做、截断、Ω、Ω＋截断）", "en": "mean score: plain, clipped, Omega, both"},
        "longest": {"zh": "训练中最长的梯度（中位数）", "en": "longest gradient met (median)"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="complex steps in numpy, roots of the characteristic polynomial",
    sample=sample,
    variant=variant,
    noise=noise,
    tolerance={"float64": 1e-7},
    smooth=False,  # trained, not differentiated
    batched=False,
    lanes=("torch",),
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"lag": 1}, "lag must lie between 2 and 50"),
        Reject({"units": 33}, "units must lie between 2 and 32"),
        Reject({"nets": 0}, "nets must lie between 1 and 32"),
        Reject({"rounds": 0}, "rounds must lie between 1 and 2000"),
        Reject({"rounds": 2000}, "rounds must keep lag x units x nets x rounds within 2000000"),
        Reject({"strength": 0}, "strength must be positive"),
        Reject({"clip": 0}, "clip must lie between 0.001 and 10"),
        Reject({"rate": 2}, "rate must lie between 0.0001 and 1"),
    ),
    figure=figure,
)  # fmt: skip
