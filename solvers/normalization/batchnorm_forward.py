"""Batch normalization of a mini-batch, as it trains and as it is used afterwards.

    train   y = gamma (x - mu) / sqrt(v + eps) + beta    mu, v over the m examples of the batch, v with 1/m
            running <- (1 - momentum) running + momentum (mu, v m / (m - 1))
    eval    y = gamma (x - running_mean) / sqrt(running_var + eps) + beta    and the running statistics stay

Shapes: x (..., m, D) -> y (..., m, D); gamma, beta, running_mean, running_var (D,); next_mean, next_var (..., D). Each
leading index of x is a batch of its own.
The batch is normalized with the biased variance (1/m); what goes into the running variance is unbiased (1/(m - 1)).
Ioffe and Szegedy keep the biased and the unbiased variance apart in the same way.
Errors: BadInput for shapes that do not match, numbers that are not finite, a negative running variance, a batch of one
example in training, eps that is not positive.
Reference: Ioffe & Szegedy (2015), algorithms 1 and 2; Goodfellow et al. (2016), section 8.7.1; torch.nn.BatchNorm1d.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Mistake, Param, Reject, Scatter, Solver, require

LIMIT = 1e6
NUMBERS = 5_000_000


def check(x, gamma, beta, running_mean, running_var, eps, momentum, mode):
    require(x.ndim >= 2 and x.size >= 1, "x", "have axes example and feature, neither of them empty", x.shape)
    require(x.size <= NUMBERS, "x", f"hold at most {NUMBERS} numbers", x.size)
    features = x.shape[-1]
    named = (("gamma", gamma), ("beta", beta), ("running_mean", running_mean), ("running_var", running_var))
    for name, value in named:
        require(value.shape == (features,), name, f"have shape ({features},), one number a feature", value.shape)
    for name, value in (("x", x), *named):
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    require(np.all(running_var >= 0), "running_var", "hold no negative variance", running_var)
    require(1e-12 <= eps <= 1, "eps", "lie between 1e-12 and 1", eps)
    require(0 <= momentum <= 1, "momentum", "lie between 0 and 1", momentum)
    require(mode == "eval" or x.shape[-2] >= 2, "x", "hold two examples or more in training", x.shape[-2])


def compute(xp, note, x, gamma, beta, running_mean, running_var, eps, momentum, mode):
    m = x.shape[-2]
    if mode == "train":
        mean = xp.mean(x, axis=-2)
        centered = x - mean[..., None, :]
        var = xp.mean(centered * centered, axis=-2)
        next_mean = (1 - momentum) * running_mean + momentum * mean
        next_var = (1 - momentum) * running_var + momentum * (m / (m - 1)) * var
    else:
        none = xp.zeros_like(x[..., 0, :])
        mean, var = running_mean + none, running_var + none
        centered = x - running_mean
        next_mean, next_var = mean, var
    note("mean", mean)
    note("var", var)
    scale = gamma / xp.sqrt(var + eps)
    return {"y": centered * scale[..., None, :] + beta, "next_mean": next_mean, "next_var": next_var}


def oracle(x, gamma, beta, running_mean, running_var, eps, momentum, mode):
    import torch

    batches, out = x.reshape(-1, *x.shape[-2:]), []
    for batch in batches:
        layer = torch.nn.BatchNorm1d(x.shape[-1], eps=eps, momentum=momentum, dtype=torch.float64)
        values = {"weight": gamma, "bias": beta, "running_mean": running_mean, "running_var": running_var}
        layer.load_state_dict({name: torch.tensor(v) for name, v in values.items()}, strict=False)
        layer.train(mode == "train")
        with torch.no_grad():
            y = layer(torch.tensor(batch))
        out.append((y.numpy(), layer.running_mean.numpy(), layer.running_var.numpy()))
    y, mean, var = (np.stack(part) for part in zip(*out, strict=True))
    rows = (*x.shape[:-2], x.shape[-1])
    return {"y": y.reshape(x.shape), "next_mean": mean.reshape(rows), "next_var": var.reshape(rows)}


def sample(rng):
    batch = [(), (2,)][int(rng.integers(2))]
    m, features = int(rng.integers(2, 7)), int(rng.integers(1, 4))
    return {
        "x": rng.normal(scale=2.0, size=(*batch, m, features)) + rng.normal(scale=2.0, size=features),
        "gamma": rng.choice([-1.0, 1.0], size=features) * rng.uniform(0.5, 2.0, size=features),
        "beta": rng.normal(size=features),
        "running_mean": rng.normal(size=features),
        "running_var": rng.uniform(0.5, 2.0, size=features),
        "eps": float(rng.choice([1e-5, 1e-3])),
        "momentum": float(rng.choice([0.1, 0.3])),
        "mode": str(rng.choice(["train", "train", "eval"])),
    }


def variant(rng):
    """Four or five numbers of one feature in training, whole or halves; eps far too small to matter."""
    m = int(rng.choice([3, 4, 5]))
    while True:
        x = [int(v) for v in rng.integers(-6, 10, size=m)]
        if np.var(x) > 1.5 and abs(x[0] - np.mean(x)) > 0.9 and abs(np.mean(x)) > 0.9:
            break
    return {
        "x": [[v] for v in x],
        "gamma": [int(rng.choice([2, 3, 4]))],
        "beta": [int(rng.choice([-3, -2, -1, 1, 2, 3]))],
        "running_mean": [int(rng.choice([-4, -3, -2, 2, 3, 4]))],
        "running_var": [int(rng.choice([2, 3, 5, 6]))],
        "eps": 0.00001,
        "momentum": float(rng.choice([0.1, 0.2, 0.3])),
        "mode": "train",
    }


# ---- What people get wrong.


def _changed(given, wrong):
    right = _rule(**given)
    return {name: v for name, v in wrong.items() if not np.allclose(v, right[name], rtol=1e-6, atol=1e-9)}


def _rule(x, gamma, beta, running_mean, running_var, eps, momentum, mode, *, over=-2, lost=0, stored=1,
          keeps=False, center=True, root=np.sqrt, add=True, held=False, exchange=False):  # fmt: skip
    """Both modes, with parts to get wrong. ``lost`` and ``stored``: what is taken from m in either variance."""
    m = x.shape[-2]
    mean = x.mean(axis=over, keepdims=True)
    squares = ((x - mean) ** 2).sum(axis=over, keepdims=True)
    var = squares / (x.shape[over] - lost)
    if mode == ("eval" if exchange else "train"):
        y = (x - mean if center else x) * gamma / root(var + eps)
    else:
        y = (x - (running_mean if center else 0)) * gamma / root(running_var + eps)
    new_mean, new_var = x.mean(axis=-2), x.var(axis=-2) * m / max(m - stored, 1)
    keep = momentum if keeps else 1 - momentum
    if mode == "eval" or held:
        keep = 1.0
    return {
        "y": y + beta if add else y,
        "next_mean": keep * running_mean + (1 - keep) * new_mean,
        "next_var": keep * running_var + (1 - keep) * new_var,
    }


def _with(*names, **parts):
    def value(**given):
        wrong = _rule(**given, **parts)
        return _changed(given, {name: wrong[name] for name in names})

    return value


MISTAKES = (
    Mistake("unbiased-in-the-batch", "归一化时除以了 m−1；批内用的是 1/m 的方差",
            "the batch was normalized with 1/(m - 1); inside the batch the variance has 1/m",
            lambda **given: {} if given["mode"] == "eval" else _with("y", lost=1)(**given)),
    Mistake("biased-in-the-store", "存进移动方差的是 1/m 的方差；应存无偏的（乘 m/(m−1)）",
            "the biased variance went into the running one, which takes v m / (m - 1)",
            _with("next_var", stored=0)),
    Mistake("not-rooted", "除以了方差；要除以标准差", "divided by the variance, not by its root",
            _with("y", root=lambda v: v)),
    Mistake("not-centered", "漏了减均值", "the mean was not subtracted", _with("y", center=False)),
    Mistake("no-shift", "漏了加 β", "beta was left out", _with("y", add=False)),
    Mistake("across-features", "在每个样本的特征之间求均值和方差：那是层归一化",
            "mean and variance were taken over the features of an example: layer normalization",
            lambda **given: {} if given["x"].shape[-1] == 1 or given["mode"] == "eval" else
            _with("y", over=-1)(**given)),
    Mistake("other-mode", "训练时用了移动统计量（或反之）：训练用批的，推断用移动的",
            "running statistics in training (or the batch's in evaluation): it is the other way round",
            _with("y", exchange=True)),
    Mistake("momentum-reversed", "动量用反了：torch 的 momentum 是新统计量的权重",
            "momentum was read as the weight of the old value; in torch it is that of the new one",
            _with("next_mean", "next_var", keeps=True)),
    Mistake("never-updated", "训练时移动统计量没有更新", "training left the running statistics as they were",
            _with("next_mean", "next_var", held=True)),
)  # fmt: skip


# ---- Claims.


def _in_training(residual):
    return lambda given, out: residual(given, out) if given["mode"] == "train" else 0.0


def _zero_mean(given, out):
    return (out["y"].mean(axis=-2) - given["beta"]) / (1 + np.abs(given["gamma"]) + np.abs(given["beta"]))


def _unit_variance(given, out):
    share = out["var"] / (out["var"] + given["eps"])
    spread = out["y"].std(axis=-2) - np.abs(given["gamma"]) * np.sqrt(share)
    return spread / (1 + np.abs(given["gamma"]) + np.abs(given["beta"]))


def _scale_free(given, out):
    """A second run on 3 x + 5 with 9 eps: the same y."""
    wide = {**given, "x": 3 * given["x"] + 5, "eps": 9 * given["eps"]}
    return (_rule(**wide)["y"] - out["y"]) / (1 + np.abs(out["y"]))


def _one_by_one(given, out):
    """In evaluation an example's output does not depend on its company: each alone, as a batch of one."""
    if given["mode"] == "train":
        return 0.0
    alone = [_rule(**{**given, "x": given["x"][..., k : k + 1, :]})["y"] for k in range(given["x"].shape[-2])]
    return (np.concatenate(alone, axis=-2) - out["y"]) / (1 + np.abs(out["y"]))


def _held(given, out):
    if given["mode"] == "train":
        return 0.0
    return np.stack([out["next_mean"] - given["running_mean"], out["next_var"] - given["running_var"]])


CLAIMS = (
    Claim("zero-mean", zh="训练时，每个特征在批内的均值恰为 β", en="in training the batch mean of a feature is beta",
          residual=_in_training(_zero_mean)),
    Claim("unit-variance", zh="训练时，每个特征在批内的标准差为 |γ|（差一个 ε 的量）",
          en="in training the batch's standard deviation of a feature is |gamma|, up to eps",
          residual=_in_training(_unit_variance)),
    Claim("scale-free", zh="训练时，输入乘 3 加 5（ε 相应乘 9），输出不变：上一层的尺度和偏置不起作用",
          en="in training 3 x + 5 (with 9 eps) gives the same y: scale and bias of the layer before do not matter",
          residual=_in_training(_scale_free)),
    Claim("one-by-one", zh="推断时，一个样本的输出与同批的其他样本无关",
          en="in evaluation an example's output does not depend on the rest of its batch", residual=_one_by_one),
    Claim("held", zh="推断时移动统计量不变", en="evaluation leaves the running statistics alone", residual=_held),
)  # fmt: skip


def figure(given, out, steps):
    """The first feature, example by example, of the first batch."""
    shape = np.shape(given["x"])[-2:]
    before, after = (np.reshape(v, (-1, *shape))[0, :200, 0] for v in (given["x"], out["y"]))
    places = np.arange(1, len(before) + 1)
    return Figure(
        title={"zh": "第一个特征：归一化前后", "en": "the first feature before and after"},
        marks=(
            Scatter(places, before, {"zh": "输入 x", "en": "input x"}),
            Scatter(places, after, {"zh": "输出 y", "en": "output y"}),
        ),
        x={"zh": "样本", "en": "example"},
        y={"zh": "取值", "en": "value"},
    )


def _row(default, zh, en):
    return Param(default, {"zh": zh, "en": en}, shape="(D,)")


SOLVER = Solver(
    title={"zh": "批标准化的前向计算", "en": "batch normalization, forward"},
    formula=r"y=\gamma\frac{x-\mu}{\sqrt{\sigma^2+\epsilon}}+\beta",
    params={
        "x": Param([[1, 10], [2, 30], [3, 20], [6, 60]],
                   {"zh": "一批样本，一行一个", "en": "a batch, one example a row"},
                   shape="(..., m, D)"),
        "gamma": _row([1, 2], "缩放 γ", "the scale gamma"),
        "beta": _row([0, -1], "平移 β", "the shift beta"),
        "running_mean": _row([0, 0], "移动均值", "the running mean"),
        "running_var": _row([1, 1], "移动方差", "the running variance"),
        "eps": Param(1e-5, {"zh": "防止除零的 ε", "en": "eps, against division by zero"}, kind="float"),
        "momentum": Param(0.1, {"zh": "新统计量的权重", "en": "the weight of the new statistics"}, kind="float"),
        "mode": Param("train", {"zh": "训练或推断", "en": "training or evaluation"}, kind="choice",
                      choices=("train", "eval")),
    },
    outputs={"y": "1", "next_mean": "1", "next_var": "1"},
    steps={
        "mean": {"zh": "用来归一化的均值", "en": "the mean in use"},
        "var": {"zh": "用来归一化的方差（训练时除以 m）", "en": "the variance in use (1/m in training)"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.nn.BatchNorm1d",
    sample=sample,
    variant=variant,
    edges=(
        {"x": [[5, 5], [5, 5]]},  # no spread at all
        {"x": [[1, 2]], "mode": "eval"},  # a batch of one
        {"x": [[0, 100000], [1, 100001]], "running_var": [0, 4], "mode": "eval"},
        {"gamma": [0, 0]},
    ),
    tolerance={"float64": 1e-9, "float32": 1e-2},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"x": [1, 2]}, "x must have axes example and feature"),
        Reject({"x": [[1, 2]]}, "x must hold two examples or more in training"),
        Reject({"x": [[1, float("nan")], [2, 3]]}, "x must hold finite numbers"),
        Reject({"x": np.broadcast_to(0.0, (3_000_000, 2))}, "x must hold at most 5000000 numbers"),
        Reject({"x": [[1], [2]]}, "gamma must have shape (1,)"),
        Reject({"beta": [0]}, "beta must have shape (2,)"),
        Reject({"running_mean": [[0, 0]]}, "running_mean must have shape (2,)"),
        Reject({"running_var": [1, -1]}, "running_var must hold no negative variance"),
        Reject({"eps": 0}, "eps must lie between 1e-12 and 1"),
        Reject({"momentum": 1.5}, "momentum must lie between 0 and 1"),
        Reject({"mode": "test"}, "mode must"),
    ),
    figure=figure,
)  # fmt: skip
