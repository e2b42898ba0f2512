"""A sweep over the initial learning rate: a small network learns digits of 8 by 8 pixels by minibatch SGD.

Data: ``printed`` digits (a font of 5 by 7 dots, placed by chance, with pixel noise), or ``handwritten`` ones, the first
``examples`` of scikit-learn's, which need the extra 'lab'. Network: 64 - hidden (tanh) - 10, softmax, cross-entropy.
The rate falls linearly from eps0 to 1% of it over ``steps`` steps. Every rate meets the same initial weights and the
same minibatches; ``nets`` networks a rate, their costs averaged.
Shapes: rates (R,) -> numbers: best_early and best_end are the rates of least training cost after ``look`` steps and
at the end; ``left`` is the share of the cost that the smallest rate leaves; ``rose`` is 1 where the largest rate was
seen above the cost of the start. ``curve`` (K, R) are the learning curves, looked at every steps/20 steps and at
``look``. Not batched: the shapes of what is drawn follow from the arguments. float64 only: too high a rate is chaos.
Errors: BadInput for rates that are not positive, a look beyond the steps, sizes that take too long.
Reference: Goodfellow et al. (2016), section 8.3.1; Bengio (2012), section 3.1.1; Dua & Graff (2019), optical digits.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

WORK = 60_000_000
LAST = 0.01
FONT = """
.###. ..#.. .###. ##### ...#. ##### ..##. ##### .###. .###.
#...# .##.. #...# ...#. ..##. #.... .#... ....# #...# #...#
#..## ..#.. ....# ..#.. .#.#. ####. #.... ...#. #...# #...#
#.#.# ..#.. ...#. ...#. #..#. ....# ####. ..#.. .###. .####
##..# ..#.. ..#.. ....# ##### ....# #...# .#... #...# ....#
#...# ..#.. .#... #...# ...#. #...# #...# .#... #...# ...#.
.###. .###. ##### .###. ...#. .###. .###. .#... .###. .##..
"""


def check(data, rates, look, steps, batch, hidden, nets, examples):
    require(rates.ndim == 1 and 2 <= rates.size <= 32, "rates", "be a list of 2 to 32 rates", rates.shape)
    require(np.all((rates >= 1e-9) & (rates <= 1e4)), "rates", "lie between 1e-9 and 1e4", rates)
    require(np.all(np.diff(rates) > 0), "rates", "increase", rates)
    require(2 <= steps <= 5000, "steps", "lie between 2 and 5000", steps)
    require(1 <= look < steps, "look", "lie between 1 and the number of steps", look)
    require(50 <= examples <= 1797, "examples", "lie between 50 and 1797", examples)
    require(1 <= batch <= examples, "batch", "lie between 1 and the number of examples", batch)
    require(1 <= hidden <= 256, "hidden", "lie between 1 and 256", hidden)
    require(1 <= nets <= 50, "nets", "lie between 1 and 50", nets)
    work = rates.size * nets * hidden * (steps * batch + 22 * examples)
    require(work <= WORK, "steps", f"keep rates, nets, hidden units and examples met within {WORK}", work)


def noise(rng, data, rates, look, steps, batch, hidden, nets, examples):
    """The initial weights of each network, the minibatches that it meets, the digits."""
    drawn = {
        "W1": rng.normal(size=(nets, 64, hidden)) / 8,
        "W2": rng.normal(size=(nets, hidden, 10)) / np.sqrt(hidden),
        "rows": rng.integers(0, examples, size=(steps, nets, batch)),
    }
    if data == "printed":
        X, y = _printed(rng, examples)
    else:
        from sklearn.datasets import load_digits

        X, y = load_digits(return_X_y=True)
        X, y = X[:examples] / 16, y[:examples]
    return {"X": X, "Y": np.eye(10)[y], **drawn}


def _printed(rng, examples):
    """Digits of the font, at one of eight places in their 8 by 8 pixels, with noise on every pixel."""
    glyphs = np.array([[[dot == "#" for dot in dots] for dots in line.split()] for line in FONT.split("\n")[1:-1]])
    y, top, left = (rng.integers(n, size=examples) for n in (10, 2, 4))
    X = np.zeros((examples, 8, 8))
    for i in range(examples):
        X[i, top[i] : top[i] + 7, left[i] : left[i] + 5] = glyphs[:, y[i]]
    return np.clip(X + 0.3 * rng.normal(size=X.shape), 0, 1).reshape(examples, 64), y


def _looks(look, steps):
    """The steps before which the cost is measured, and the end."""
    return sorted({0, look, steps, *(round(steps * i / 20) for i in range(21))})


def compute(xp, note, data, rates, look, steps, batch, hidden, nets, examples, X, Y, W1, W2, rows):
    eps0 = rates[None, :, None, None]
    every = 0 * eps0  # a network for each of ``nets`` and each rate
    a, b = W1[:, None, :, :] + every, W2[:, None, :, :] + every
    c, d = 0 * a[:, :, :1, :], 0 * b[:, :, :1, :]

    def outputs(x):
        h = xp.tanh(xp.matmul(x, a) + c)
        z = xp.matmul(h, b) + d
        z = z - xp.max(z, axis=-1, keepdims=True)
        return h, z - xp.log(xp.sum(xp.exp(z), axis=-1, keepdims=True))

    def cost():
        return -xp.mean(xp.sum(outputs(X)[1] * Y, axis=-1), axis=(0, 2))

    times, curve = _looks(look, steps), []
    for k in range(steps + 1):
        if k in times:
            curve.append(cost())
            note.progress(k, steps)
        if k == steps:
            break
        eps = eps0 * (1 - (1 - LAST) * k / steps)
        taken = xp.reshape(rows[k, :, :], (-1,))
        x, y = (xp.reshape(xp.take(v, taken, axis=0), (nets, 1, batch, v.shape[1])) for v in (X, Y))
        h, logs = outputs(x)
        wrong = (xp.exp(logs) - y) / batch
        back = xp.matmul(wrong, xp.matrix_transpose(b)) * (1 - h * h)
        b = b - eps * xp.matmul(xp.matrix_transpose(h), wrong)
        d = d - eps * xp.sum(wrong, axis=-2, keepdims=True)
        a = a - eps * xp.matmul(xp.matrix_transpose(x + 0 * back[:, :, :, :1]), back)
        c = c - eps * xp.sum(back, axis=-2, keepdims=True)
    curves = xp.stack(curve)
    note("curve", curves)

    def cheapest(costs):
        return xp.min(xp.where(costs == xp.min(costs), rates, xp.full_like(rates, 1e9)))

    start = curves[0, 0]
    return {
        "best_early": cheapest(curves[times.index(look), :]),
        "best_end": cheapest(curves[-1, :]),
        "left": curves[-1, 0] / start,
        "rose": xp.where(xp.max(curves[:, -1]) > start, xp.ones_like(start), 0 * start),
        "start": start,
    }


def oracle(data, rates, look, steps, batch, hidden, nets, examples, X, Y, W1, W2, rows):
    """No gradient by hand: autograd through torch's cross-entropy, all networks stacked."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the batches are tiny: threads would only wait for each other
    try:
        return _trained(torch, rates, look, steps, nets, X, Y, W1, W2, rows)
    finally:
        torch.set_num_threads(threads)


def _trained(torch, rates, look, steps, nets, X, Y, W1, W2, rows):
    data, target = torch.tensor(X), torch.tensor(np.argmax(Y, axis=1))
    count = len(rates)
    weights = [torch.tensor(w).unsqueeze(1).repeat(1, count, 1, 1) for w in (W1, W2)]
    biases = [torch.zeros(nets, count, 1, w.shape[-1], dtype=torch.float64) for w in weights]
    params = [p.requires_grad_() for p in (weights[0], biases[0], weights[1], biases[1])]
    scale = torch.tensor(rates).reshape(1, count, 1, 1)

    def costs(x, labels):
        """(nets, count) mean cross-entropies; x (nets, n, 64), labels (nets, n)."""
        w, b, u, d = params
        hidden_units = torch.tanh(torch.einsum("snp,srph->srnh", x, w) + b)
        logits = torch.einsum("srnh,srhc->srnc", hidden_units, u) + d
        labels = labels[:, None, :].expand(-1, count, -1)
        return torch.nn.functional.cross_entropy(logits.movedim(-1, 1), labels, reduction="none").mean(-1)

    found = {}
    times = {0, look, steps, *(round(steps * i / 20) for i in range(21))}
    for k in range(steps + 1):
        if k in times:
            with torch.no_grad():
                every = data.expand(nets, -1, -1), target.expand(nets, -1)
                found[k] = costs(*every).mean(0).numpy()
        if k < steps:
            taken = torch.tensor(rows[k])
            gradients = torch.autograd.grad(costs(data[taken], target[taken]).sum(), params)
            rate = scale * ((steps - k) / steps + LAST * k / steps)
            with torch.no_grad():
                for p, g in zip(params, gradients, strict=True):
                    p -= rate * g
    highest = max(found[k][-1] for k in times)
    return {
        "best_early": np.asarray(rates[np.argmin(found[look])]),
        "best_end": np.asarray(rates[np.argmin(found[steps])]),
        "left": found[steps][0] / found[0][0],
        "rose": np.asarray(float(highest > found[0][0])),
        "start": found[0][0],
    }


def sample(rng):
    return {"rates": [0.002, float(rng.uniform(0.1, 0.3)), 8.0], "look": 4, "steps": int(rng.integers(10, 16)),
            "data": "printed", "batch": 5, "hidden": 4, "nets": 2, "examples": 60}  # fmt: skip


def variant(rng):
    """Whole grids only; what a net of a few steps does is not for pencil and paper."""
    first = float(rng.choice([0.05, 0.1, 0.2]))
    return {"rates": [0.002, first, 8], "look": 4, "steps": int(rng.integers(8, 13)),
            "data": "printed", "batch": 5, "hidden": 3, "nets": 1, "examples": 60}  # fmt: skip


MISTAKES = (
    Mistake("smaller-is-safer", "以为学习率越小最后越好，只是慢些",
            "takes the smallest rate for the best in the end, only slower",
            lambda **given: {"best_end": given["rates"][0]}),
    Mistake("larger-is-faster", "以为学习率越大越快", "takes the largest rate for the fastest",
            lambda **given: {"best_early": given["rates"][-1]}),
    Mistake("never-rises", "以为沿负梯度走，代价总会下降",
            "expects a step against the gradient to lower the cost, always",
            lambda **given: {"rose": 0.0} if given["rates"][-1] >= 8 else {}),
    Mistake("smallest-arrives", "以为学习率再小也会到达，没有看步数",
            "expects the smallest rate to arrive as well, whatever the steps",
            lambda **given: {"left": 0.0}),
)  # fmt: skip


# ---- Claims. Of seeded experiments; each was tried over thirty seeds, on both kinds of digits.


def _higher(given, out):
    """On the default sweep, or one as long: the best rate at the end is at least the best early one."""
    long = given["steps"] >= 3 * given["look"] and given["look"] >= 60 and len(given["rates"]) >= 6
    return max(float(out["best_early"] - out["best_end"]), 0.0) if long else 0.0


def _too_large(given, out):
    return 1 - float(out["rose"]) if given["rates"][-1] >= 8 else 0.0


def _too_small(given, out):
    """At 0.003 or less, a sum of rates below 1 leaves at least 60% of the cost."""
    small = given["rates"][0] * given["steps"] * (1 + LAST) / 2 <= 1 and given["rates"][0] <= 0.003
    return min(float(out["left"]) - 0.6, 0.0) if small else 0.0


def figure(given, out, steps):
    """The learning curves of five rates, from the smallest to the largest."""
    times = _looks(int(given["look"]), int(given["steps"]))
    rates = given["rates"]
    shown = sorted({0, len(rates) // 3, int(np.argmin(np.abs(rates - float(out["best_end"])))), len(rates) - 1})
    return Figure(
        {"zh": "扫一遍学习率：识别数字的训练代价", "en": "learning-rate sweep: training cost on the digits"},
        tuple(Lines(times, steps["curve"][:, i],
        {"zh": f"ε₀ = {rates[i]:g}", "en": f"eps0 = {rates[i]:g}"}) for i in shown),
        x={"zh": "步数", "en": "step"}, y={"zh": "训练代价", "en": "training cost"}, log="y",
    )  # fmt: skip


SOLVER = Solver(
    title={"zh": "扫一遍学习率：识别数字", "en": "a sweep over the learning rate: digits"},
    formula=r"\epsilon_k=\epsilon_0\left(1-0.99\,k/T\right)",
    params={
        "data": Param("printed", {"zh": "handwritten：改用 scikit-learn 的手写数字（需要附加包 lab）",
                                  "en": "handwritten: scikit-learn's digits (extra lab)"},
                      kind="choice", choices=("printed", "handwritten")),
        "rates": Param([0.003, 0.03, 0.1, 0.2, 0.4, 0.57, 0.8, 1.13, 8.0],
            {"zh": "初始学习率，递增", "en": "initial rates, increasing"},
                       shape="(R,)"),
        "look": Param(100, {"zh": "先看第几步", "en": "the step of the early look"}, kind="int"),
        "steps": Param(400, {"zh": "总步数", "en": "number of steps"}, kind="int"),
        "batch": Param(5, {"zh": "小批量大小", "en": "examples in a minibatch"}, kind="int"),
        "hidden": Param(16, {"zh": "隐藏单元数", "en": "hidden units"}, kind="int"),
        "nets": Param(3, {"zh": "每个学习率训练几个网络", "en": "networks a rate"}, kind="int"),
        "examples": Param(300, {"zh": "样本数", "en": "number of examples"}, kind="int"),
    },
    outputs={"best_early": "1", "best_end": "1", "left": "1", "rose": "1", "start": "nats"},
    steps={"curve": {"zh": "学习曲线，一列一个学习率", "en": "learning curves, a column a rate"}},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch autograd through cross_entropy, all networks stacked",
    noise=noise,
    sample=sample,
    variant=variant,
    tolerance={"float64": 1e-6},
    smooth=False,
    batched=False,
    claims=(
        Claim("higher-in-the-end", zh="最后代价最小的初始学习率，不低于前期最好的那个",
              en="the rate that is best in the end is at least the one that is best early",
              residual=_higher),
        Claim("too-large-rises", zh="学习率太大（8 以上）：代价升到起点之上",
              en="too large a rate (8 or more): the cost rises above that of the start",
              residual=_too_large),
        Claim("too-small-stays", zh="学习率太小：走完全程仍剩起点代价的六成以上",
              en="too small a rate: over 60% of the cost is left after all steps",
              residual=_too_small),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"rates": [0.1]}, "rates must be a list of 2 to 32"),
        Reject({"rates": [0.1, float("nan")]}, "rates must lie between"),
        Reject({"rates": [0.2, 0.1]}, "rates must increase"),
        Reject({"look": 400}, "look must lie between"),
        Reject({"examples": 10**6}, "examples must lie between"),
        Reject({"batch": 301}, "batch must lie between"),
        Reject({"steps": 5000, "batch": 300}, "steps must keep rates, nets"),
    ),
    figure=figure,
)  # fmt: skip
