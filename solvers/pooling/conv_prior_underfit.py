"""Convolution and pooling as a prior: three tasks, three networks, few examples. Where the prior is false it underfits.

Rows of ``width`` numbers are noise with one of two patterns of four added at a random place. The tasks:
    local      which of the two patterns is it?
    permuted   the same, the places of all rows exchanged by one fixed permutation
    place      the rows of the first: does the pattern stand in the left or in the right half?
The networks:
    pooled     convolution (kernel 4, valid), ReLU, global max pooling, linear
    flat       convolution, ReLU, linear: no pooling
    mlp        dense hidden layer, ReLU, linear
All minimize the mean cross-entropy over all ``examples`` at once by Adam (rate 0.03) for ``rounds`` rounds; ``nets``
networks of each kind, with other data and other weights, are trained and their error rates averaged. The mlp of the
permuted task starts with its input weights permuted in the same way.
Shapes: pooled_train, pooled_test, flat_train, … (3,): error rates in the order of the tasks; tested on 300 fresh rows.
Steps: ``cost_…`` (L, 3) are the learning curves, looked at every rounds/10 rounds. Not batched.
Errors: BadInput for sizes out of range or too much work.
Reference: Goodfellow et al. (2016), section 9.4 (an infinitely strong prior; permutation invariance of dense layers).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

TASKS, NETS = ("local", "permuted", "place"), ("pooled", "flat", "mlp")
PATTERNS = 1.5 * np.array([[1.0, -1.0, -1.0, 1.0], [1.0, 1.0, -1.0, -1.0]])
KERNEL, FRESH, RATE, NOISE, LOOKS = PATTERNS.shape[1], 300, 0.03, 0.3, 10
MOST = 40_000_000


def check(width, examples, filters, hidden, rounds, nets):
    require(8 <= width <= 64, "width", "lie between 8 and 64", width)
    require(8 <= examples <= 1000, "examples", "lie between 8 and 1000", examples)
    require(1 <= filters <= 32, "filters", "lie between 1 and 32", filters)
    require(1 <= hidden <= 64, "hidden", "lie between 1 and 64", hidden)
    require(1 <= rounds <= 1000, "rounds", "lie between 1 and 1000", rounds)
    require(1 <= nets <= 8, "nets", "lie between 1 and 8", nets)
    work = nets * examples * width * max(filters, hidden) * rounds
    require(work <= MOST, "rounds", f"keep nets x examples x width x units x rounds within {MOST}", work)


def noise(rng, width, examples, filters, hidden, rounds, nets):
    """Data, the permutation, first weights: a set for each of the ``nets``."""
    places, count = width - KERNEL + 1, examples + FRESH
    which, place = rng.integers(0, 2, size=(nets, count)), rng.integers(0, places, size=(nets, count))
    away = np.arange(width) - place[..., None]
    inside = (away >= 0) & (away < KERNEL)
    pattern = np.where(inside, PATTERNS[which[..., None], np.clip(away, 0, KERNEL - 1)], 0.0)
    return {
        "rows": pattern + NOISE * rng.normal(size=(nets, count, width)),
        "which": which,
        "right": (place >= places // 2).astype(np.int64),
        "order": rng.permutation(width),
        "kernels": rng.normal(size=(nets, KERNEL, filters)) / np.sqrt(KERNEL),
        "dense": rng.normal(size=(nets, width, hidden)) / np.sqrt(width),
        "head_pooled": rng.normal(size=(nets, filters)) / np.sqrt(filters),
        "head_flat": rng.normal(size=(nets, places * filters)) / np.sqrt(places * filters),
        "head_mlp": rng.normal(size=(nets, hidden)) / np.sqrt(hidden),
    }


def compute(xp, note, width, examples, filters, hidden, rounds, nets, **drawn):
    threads = xp.get_num_threads()
    xp.set_num_threads(1)  # matrices this small are faster on one
    try:
        return _experiment(xp, note, examples, rounds, nets, **drawn)
    finally:
        xp.set_num_threads(threads)


def _experiment(xp, note, examples, rounds, nets, rows, which, right, order, kernels, dense, **heads):
    """The tasks and the nets of a kind are stacked: one training of 3 x nets separate networks."""
    x = xp.cat([rows, rows[..., order], rows])
    y = xp.cat([which, which, right]).to(rows.dtype)
    windows = x.unfold(-1, KERNEL, 1)

    def of_each_task(values):
        return xp.mean(values.reshape(len(TASKS), nets), dim=1)

    out, done = {}, 0
    looks = {round(rounds * i / LOOKS) for i in range(LOOKS + 1)}
    for name in NETS:
        first = xp.cat([dense, dense[:, order], dense]) if name == "mlp" else kernels.repeat(len(TASKS), 1, 1)
        weights, inputs = first.clone().requires_grad_(), x if name == "mlp" else windows
        bias = xp.zeros_like(first[:, 0]).requires_grad_()
        head = heads[f"head_{name}"].repeat(len(TASKS), 1).requires_grad_()
        offset = xp.zeros_like(head[:, :1]).requires_grad_()

        def answer(given, name=name, weights=weights, bias=bias, head=head, offset=offset):
            if name == "mlp":
                units = xp.relu(given @ weights + bias[:, None])
            else:
                maps = xp.relu(given @ weights[:, None] + bias[:, None, None])
                units = xp.amax(maps, dim=2) if name == "pooled" else maps.flatten(2)
            return (units @ head[..., None])[..., 0] + offset

        def cost(given, labels, answer=answer):
            loss = xp.nn.functional.binary_cross_entropy_with_logits(answer(given), labels, reduction="none")
            return xp.mean(loss, dim=1)

        optimizer = xp.optim.Adam([weights, bias, head, offset], lr=RATE)
        for t in range(rounds + 1):
            costs = cost(inputs[:, :examples], y[:, :examples])
            if t in looks:
                note(f"cost_{name}", of_each_task(costs.detach()))
            if t == rounds:
                break
            optimizer.zero_grad()
            xp.sum(costs).backward()
            optimizer.step()
            done += 1
            note.progress(done, rounds * len(NETS))
        with xp.no_grad():
            wrong = ((answer(inputs) > 0) != (y > 0.5)).to(rows.dtype)
        for part, which_rows in (("train", slice(0, examples)), ("test", slice(examples, None))):
            out[f"{name}_{part}"] = of_each_task(xp.mean(wrong[:, which_rows], dim=1))
    return out


def oracle(width, examples, filters, hidden, rounds, nets, rows, which, right, order, kernels, dense, **heads):
    """One network after the other, its gradient and Adam by hand in numpy."""
    found = {f"{name}_{part}": np.zeros((3, nets)) for name in NETS for part in ("train", "test")}
    for name in NETS:
        for net in range(nets):
            for task, (x, y) in enumerate(((rows, which), (rows[..., order], which), (rows, right))):
                mixed = name == "mlp" and task == 1
                first = kernels[net] if name != "mlp" else dense[net][order] if mixed else dense[net]
                wrong = _trained(name, x[net], y[net], examples, rounds, first, heads[f"head_{name}"][net])
                found[f"{name}_train"][task, net] = np.mean(wrong[:examples])
                found[f"{name}_test"][task, net] = np.mean(wrong[examples:])
    return {name: errors.mean(axis=1) for name, errors in found.items()}


def _trained(name, x, y, examples, rounds, first, head):
    """Which rows the trained network gets wrong."""
    if name != "mlp":
        x = np.lib.stride_tricks.sliding_window_view(x, KERNEL, axis=-1)  # rows, places, kernel
    params = [first.copy(), np.zeros(first.shape[1]), head.copy(), np.zeros(1)]
    means, squares = ([np.zeros_like(p) for p in params] for _ in range(2))

    def forward(inputs):
        before = inputs @ params[0] + params[1]
        if name == "pooled":
            best = np.argmax(before, axis=1)
            before = np.take_along_axis(before, best[:, None], axis=1)[:, 0]
            inputs = inputs[np.arange(len(inputs))[:, None], best]  # rows, filters, kernel
        units = np.maximum(before, 0.0)
        return inputs, before, units, units.reshape(len(units), -1) @ params[2] + params[3]

    for t in range(1, rounds + 1):
        inputs, before, units, z = forward(x[:examples])
        slope = (1 / (1 + np.exp(-z)) - y[:examples]) / examples
        back = (slope[:, None] * params[2]).reshape(before.shape) * (before > 0)
        subscripts = {"mlp": "ri,rf->if", "flat": "rpi,rpf->if", "pooled": "rfi,rf->if"}[name]
        gradients = [
            np.einsum(subscripts, inputs, back, optimize=True),
            back.reshape(-1, back.shape[-1]).sum(axis=0),
            slope @ units.reshape(len(units), -1),
            slope.sum(keepdims=True),
        ]
        for p, g, m, v in zip(params, gradients, means, squares, strict=True):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= RATE * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return (forward(x)[3] > 0) != (y > 0)


def sample(rng):
    return {"width": int(rng.integers(8, 11)), "examples": int(rng.integers(8, 14)), "filters": 2, "hidden": 3,
            "rounds": int(rng.integers(2, 6)), "nets": int(rng.integers(1, 3))}  # fmt: skip


def variant(rng):
    return {"width": int(rng.integers(8, 13)), "examples": int(rng.integers(8, 20)), "filters": 2, "hidden": 2,
            "rounds": 2, "nets": 1}  # fmt: skip


# ---- Claims: of seeded experiments as large as the default.


def _stated(given):
    """The experiment that the claims speak of."""
    sizes = (given["width"], given["examples"], given["filters"], given["hidden"], given["nets"])
    return sizes == (20, 120, 6, 16, 2) and 150 <= given["rounds"] <= 200


def _where_stated(shortfall):
    return lambda given, out: np.maximum(shortfall(out), 0.0) if _stated(given) else 0.0


def _helps(out):
    """On the local task: by how much the gap to the other two falls short."""
    best = out["pooled_test"][0]
    return np.array([best - 0.03, 0.06 - (out["mlp_test"][0] - best), 0.01 - (out["flat_test"][0] - best)])


def _permutation(out):
    """Pooled on permuted pixels: the error on the training rows, and the lead of the mlp on fresh ones."""
    ahead = out["pooled_test"][1] - out["mlp_test"][1]
    return np.array([0.1 - out["pooled_train"][1], out["mlp_train"][1] - 0.01, 0.08 - ahead])


def _place(out):
    others = max(out["flat_train"][2], out["mlp_train"][2])
    ahead = out["pooled_test"][2] - max(out["flat_test"][2], out["mlp_test"][2])
    return np.array([0.1 - out["pooled_train"][2], others - 0.01, 0.2 - ahead])


def _settled(out):
    """What the last tenth of the training still took off a cost."""
    return np.concatenate([out[f"cost_{name}"][-2] - out[f"cost_{name}"][-1] - 0.03 for name in NETS])


def _same(given, out):
    """The mlp's rates on permuted pixels are those on the pixels in order, whatever the sizes."""
    pairs = [out[f"mlp_{part}"] for part in ("train", "test")] + [out["cost_mlp"][-1]]
    return np.array([values[1] - values[0] for values in pairs])


CLAIMS = (
    Claim("helps-where-true",
          zh="先验成立（局部图案，任意位置）：带池化的网络测试错误率低于 3%，比 MLP 低 6 个百分点以上，也低于不池化的",
          en="where the prior is true pooling tests below 3%, over 6 points below the MLP, and below no pooling",
          residual=_where_stated(_helps)),
    Claim("underfits-permuted",
          zh="像素打乱：带池化的卷积网络连训练集也错 10% 以上（欠拟合），MLP 全对，测试也比它低 8 个百分点以上",
          en="pixels permuted: pooling errs on over 10% even in training, the MLP on none; it tests 8 points better",
          residual=_where_stated(_permutation)),
    Claim("underfits-exact-place",
          zh="要精确位置：全局池化连训练集也错 10% 以上，另两个不到 1%，测试低 20 个百分点以上",
          en="where place counts pooling errs on over 10% in training, the others on under 1%; 20 points in the test",
          residual=_where_stated(_place)),
    Claim("converged", zh="训练已收敛：最后十分之一的轮数里代价下降不到 0.03",
          en="training has converged: the last tenth of the rounds takes less than 0.03 off any cost",
          residual=_where_stated(_settled)),
    Claim("mlp-ignores-the-order",
          zh="MLP 对像素的固定重排不变：输入权重同样重排，结果分毫不差",
          en="an MLP does not notice a fixed permutation: with weights permuted alike it ends with the same errors",
          residual=_same),
)  # fmt: skip


# ---- What people get wrong.


def _expects(**rates):
    """Rates that somebody expects of the stated experiment."""
    return lambda **given: {name: np.array(v) for name, v in rates.items()} if _stated(given) else {}


def _hits(**given):
    return {name: 1 - errors for name, errors in oracle(**given).items() if np.any(errors != 0.5)}


MISTAKES = (
    Mistake("pooling-never-hurts", "以为池化最多没用，不会让训练集也学不会",
            "expects pooling to be useless at worst, not to cost training error",
            _expects(pooled_train=[0.0, 0.0, 0.0])),
    Mistake("order-matters-to-all", "以为打乱像素对 MLP 同样有害",
            "expects permuted pixels to hurt the MLP too", _expects(mlp_test=[0.1, 0.4, 0.02])),
    Mistake("cnn-learns-any-order", "以为卷积网络能自己学会打乱后的邻居关系",
            "expects a convolutional network to learn the permuted neighborhoods",
            _expects(pooled_test=[0.0, 0.0, 0.35])),
    Mistake("accuracy-for-error", "把正确率当成了错误率", "the share of hits was given, not that of errors", _hits),
)  # fmt: skip

LABELS = {
    "pooled": {"zh": "卷积+全局最大池化", "en": "conv + global max"},
    "flat": {"zh": "卷积，不池化", "en": "conv, no pooling"},
    "mlp": {"zh": "MLP", "en": "MLP"},
}


def figure(given, out, steps):
    """Error rates on fresh rows and on the training rows, side by side."""
    names = ("local test", "permuted test", "place test", "local train", "permuted train", "place train")
    return Figure(
        {"zh": "错误率：先验对时占优，错时欠拟合（train 训练，test 测试）",
         "en": "error rates: ahead where the prior is true, underfit where it is false"},
        tuple(Bars(names, np.concatenate([out[f"{n}_test"], out[f"{n}_train"]]), LABELS[n]) for n in NETS),
        x={"zh": "任务", "en": "task"},
        y={"zh": "错误率", "en": "error rate"},
    )  # fmt: skip


def _int(default, zh, en):
    return Param(default, {"zh": zh, "en": en}, kind="int")


SOLVER = Solver(
    title={"zh": "卷积与池化的先验：何时帮忙，何时欠拟合", "en": "The prior of pooling: where it helps and harms"},
    formula=r"h_f=\max_p\,\max(0,\,w_f\cdot x_{p:p+4}+b_f),\qquad z=u\cdot h+d",
    params={
        "width": _int(20, "一行的长度", "numbers in a row"),
        "examples": _int(120, "训练样本数", "training rows"),
        "filters": _int(6, "卷积核个数", "filters"),
        "hidden": _int(16, "MLP 的隐藏单元数", "hidden units of the MLP"),
        "rounds": _int(150, "训练轮数", "rounds of training"),
        "nets": _int(2, "每种网络训练几个（取平均）", "networks of each kind, averaged"),
    },
    outputs={f"{name}_{part}": "1" for name in NETS for part in ("train", "test")},
    steps={f"cost_{name}": {"zh": f"训练代价：{LABELS[name]['zh']}", "en": f"training cost: {LABELS[name]['en']}"}
           for name in NETS},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="numpy, one network after the other: gradients and Adam by hand",
    noise=noise,
    sample=sample,
    variant=variant,
    tolerance={"float64": 1e-6},
    smooth=False,
    batched=False,
    lanes=("torch",),
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"width": 7}, "width must lie between 8 and 64"),
        Reject({"width": float("nan")}, "width must"),
        Reject({"examples": 10**9}, "examples must lie between 8 and 1000"),
        Reject({"filters": 0}, "filters must lie between 1 and 32"),
        Reject({"hidden": 65}, "hidden must lie between 1 and 64"),
        Reject({"rounds": -1}, "rounds must lie between 1 and 1000"),
        Reject({"nets": 9}, "nets must lie between 1 and 8"),
        Reject({"examples": 1000, "rounds": 1000}, "rounds must keep nets x examples x width"),
    ),
    figure=figure,
)  # fmt: skip
