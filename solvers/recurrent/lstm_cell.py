"""An LSTM cell along a sequence: three gates and a candidate write, keep and show the cell state.

    i, f, o = sigma(W x_t + U h_{t-1} + b)      g = tanh(W_g x_t + U_g h_{t-1} + b_g)
    c_t = f * c_{t-1} + i * g                   h_t = o * tanh(c_t)

Shapes: x (..., T, D); h0, c0 (..., H); W (4, H, D), U (4, H, H), b (4, H), the gates in torch's order i, f, g, o.
Outputs h, c (..., H) are those after the last step; each step of the trace has the axes (..., T, H).
torch.nn.LSTM holds the same numbers as weight_ih = W.reshape(4H, D), weight_hh = U.reshape(4H, H), and two biases.
Errors: BadInput for shapes that do not match, numbers that are not finite, over 2000 steps or 2e7 multiplications.
Reference: Hochreiter & Schmidhuber (1997); Gers et al. (2000) for the forget gate; Goodfellow et al. (2016), 10.10.1,
eqs. 10.40-10.44 (whose input to the cell goes through a sigmoid; torch and most others use tanh).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

LIMIT = 1e6
MOST_STEPS = 2000
MOST_PRODUCTS = 20_000_000
STEPS = ("input_gate", "forget_gate", "candidate", "output_gate", "c_path", "h_path")


def check(x, h0, c0, W, U, b):
    require(x.ndim >= 2 and x.size >= 1, "x", "have axes step and feature, neither of them empty", x.shape)
    require(W.ndim == 3 and W.size >= 1 and len(W) == 4, "W", "have shape (4, H, D), one matrix a gate", W.shape)
    require(W.shape[2] == x.shape[-1], "W", f"have {x.shape[-1]} columns, like x", W.shape)
    units = W.shape[1]
    require(U.shape == (4, units, units), "U", f"have shape {(4, units, units)}", U.shape)
    require(b.shape == (4, units), "b", f"have shape {(4, units)}", b.shape)
    state = (*x.shape[:-2], units)
    for name, value in (("h0", h0), ("c0", c0)):
        require(value.shape == state, name, f"have shape {state}, the batch of x and the units of W", value.shape)
    for name, value in (("x", x), ("h0", h0), ("c0", c0), ("W", W), ("U", U), ("b", b)):
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    require(x.shape[-2] <= MOST_STEPS, "x", f"hold at most {MOST_STEPS} steps", x.shape[-2])
    products = x.size // x.shape[-1] * 4 * units * (x.shape[-1] + units)
    require(products <= MOST_PRODUCTS, "x", f"need at most {MOST_PRODUCTS} multiplications", products)


def compute(xp, note, x, h0, c0, W, U, b):
    def sigma(z):
        return (xp.tanh(z / 2) + 1) / 2  # never overflows

    h, c, rows = h0, c0, []
    for t in range(x.shape[-2]):
        z = [xp.matmul(x[..., t, :], W[k, :, :].T) + xp.matmul(h, U[k, :, :].T) + b[k, :] for k in range(4)]
        i, f, g, o = sigma(z[0]), sigma(z[1]), xp.tanh(z[2]), sigma(z[3])
        c = f * c + i * g
        h = o * xp.tanh(c)
        rows.append((i, f, g, o, c, h))
    for name, column in zip(STEPS, zip(*rows, strict=True), strict=True):
        note(name, xp.stack(column, axis=-2))  # not one by one: a single step keeps its time axis
    units, features = W.shape[1:]
    note("parameters", 4 * units * (features + units + 1))
    return {"h": h, "c": c}


def oracle(x, h0, c0, W, U, b):
    import torch

    _, units, features = W.shape
    cell = torch.nn.LSTM(features, units, batch_first=True, dtype=torch.float64)
    weights = {"weight_ih": W, "weight_hh": U, "bias_ih": b, "bias_hh": 0 * b}
    cell.load_state_dict({f"{n}_l0": torch.tensor(w.reshape(4 * units, *w.shape[2:])) for n, w in weights.items()})
    start = tuple(torch.tensor(v.reshape(1, -1, units)) for v in (h0, c0))
    with torch.no_grad():
        _, (h, c) = cell(torch.tensor(x.reshape(-1, *x.shape[-2:])), start)
    return {"h": h.numpy().reshape(h0.shape), "c": c.numpy().reshape(c0.shape)}


def sample(rng):
    batch = [(), (2,)][int(rng.integers(2))]
    steps, features, units = [(1, 2, 3), (3, 3, 2), (5, 1, 4)][int(rng.integers(3))]
    return {
        "x": rng.normal(size=(*batch, steps, features)),
        "h0": rng.uniform(-1, 1, size=(*batch, units)),
        "c0": rng.normal(size=(*batch, units)),
        "W": rng.normal(size=(4, units, features)),
        "U": rng.normal(size=(4, units, units)),
        "b": rng.normal(size=(4, units)),
    }


def variant(rng):
    """One step of one unit with one input, in halves; gates neither shut nor open, a candidate that needs its tanh."""
    while True:
        x, h, c = (float(rng.choice([-2, -1, 1, 2])) / 2 for _ in range(3))
        W, U, b = (rng.choice([-4, -3, -2, -1, 1, 2, 3, 4], size=4) / 2 for _ in range(3))
        z = W * x + U * h + b
        i, f = _sigma(z[:2])
        after = f * 2 * c + i * np.tanh(z[2])
        if np.all(np.abs(z) <= 2.5) and -2 <= z[2] <= 0.5 and z[2] and abs(i - f) > 0.1 and abs(after) > 0.6:
            break
    weights = {"W": W.reshape(4, 1, 1).tolist(), "U": U.reshape(4, 1, 1).tolist(), "b": b.reshape(4, 1).tolist()}
    return {"x": [[x]], "h0": [h], "c0": [2 * c], **weights}


# ---- The cell once more, with parts to get wrong: the mistakes, and the claims' second runs.


def _sigma(z):
    return np.exp(-np.logaddexp(0.0, -z))


def _softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _run(
    given,
    *,
    gates=(_sigma, _sigma, np.tanh, _sigma),
    seen=lambda h, c: h,  # what the gates see of the past
    order=(0, 1, 2, 3),
    keep=lambda f, i: f,
    shown=lambda c, old: np.tanh(c),
):
    h, c, rows = given["h0"], given["c0"], []
    for x in np.moveaxis(given["x"], -2, 0):
        z = np.einsum("khd,...d->k...h", given["W"], x) + np.einsum("khj,...j->k...h", given["U"], seen(h, c))
        z = np.moveaxis(np.moveaxis(z, 0, -2) + given["b"], -2, 0)
        i, f, g, o = (gate(z[k]) for gate, k in zip(gates, order, strict=True))
        old = c
        c = keep(f, i) * c + i * g
        h = o * shown(c, old)
        rows.append((i, f, g, o, c, h))
    path = {name: np.stack(column, axis=-2) for name, column in zip(STEPS, zip(*rows, strict=True), strict=True)}
    return {"h": h, "c": c, **path}


def _with(**parts):
    """A mistake: the cell with these parts in place of the right ones; what differs by more than rounding."""
    return lambda **given: _changed(_run(given, **parts), _run(given))


def _without(name):
    """A mistake: the cell with this argument set to zero."""
    return lambda **given: _changed(_run({**given, name: 0 * given[name]}), _run(given))


def _changed(wrong, right):
    return {name: wrong[name] for name in right if not np.allclose(wrong[name], right[name], rtol=1e-6, atol=1e-9)}


def _one_matrix(W, **given):
    return {"parameters": W.shape[1] * (W.shape[2] + W.shape[1] + 1)}


def _two_biases(W, **given):
    return {"parameters": 4 * W.shape[1] * (W.shape[2] + W.shape[1] + 2)}


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("printed-000-e137", _with(gates=(_sigma, _sigma, np.tanh, _softmax)),
     "照印的把输出门写成 softmax：各单元的门不再独立，加起来只有 1",
     "the output gate is a softmax, as printed: the units' gates are no longer independent and add up to 1"),
    ("tanh-of-old-cell", _with(shown=lambda c, old: np.tanh(old)),
     "输出用了旧的细胞状态 tanh(c_{t-1})；应是刚更新的 c_t",
     "the output used the old cell state, tanh(c_{t-1}); it is the new c_t"),
    ("no-output-tanh", _with(shown=lambda c, old: c),
     "输出漏了 tanh：h = o·c", "the tanh before the output gate is missing: h = o c"),
    ("input-and-forget-swapped", _with(order=(1, 0, 2, 3)),
     "输入门与遗忘门用反了", "the input gate and the forget gate were exchanged"),
    ("forgets-what-f-keeps", _with(keep=lambda f, i: 1 - f),
     "f 当成了忘掉的比例；f 是保留的比例", "f was read as the share forgotten; it is the share kept"),
    ("no-forget-gate", _with(keep=lambda f, i: 1.0),
     "没有乘遗忘门（1997 年的原始单元如此）", "no forget gate was applied (as in the cell of 1997)"),
    ("tied-gates", _with(keep=lambda f, i: 1 - i),
     "把遗忘门写成 1−i：那是 GRU 式的联动", "1 - i stands in for the forget gate: a GRU ties them so"),
    ("candidate-through-sigma", _with(gates=(_sigma, _sigma, _sigma, _sigma)),
     "候选值过了 σ；应过 tanh", "the candidate went through sigma; it is tanh"),
    ("only-the-input", _without("U"),
     "漏了 U·h_{t-1}：门和候选值也看上一步的 h", "U h_{t-1} was left out: gates and candidate see the last h too"),
    ("no-bias", _without("b"), "漏了偏置", "the biases were left out"),
    ("c-in-place-of-h", _with(seen=lambda h, c: c),
     "门里用了 c_{t-1} 代替 h_{t-1}", "the gates were given c_{t-1} in place of h_{t-1}"),
    ("one-gate-counted", _one_matrix,
     "这是基本 RNN 的参数量；LSTM 有四组", "that is a basic RNN's count; an LSTM has four such sets"),
    ("two-biases", _two_biases,
     "每个门算了两个偏置：torch 如此存放，公式里只有一个",
     "two biases a gate: so torch stores them; the formula has one"),
))  # fmt: skip


# ---- Claims.


def _outside(value, low, high):
    return np.maximum(low - value, 0.0) + np.maximum(value - high, 0.0)


def _gates(given, out):
    return np.stack([_outside(out[name], 0.0, 1.0) for name in ("input_gate", "forget_gate", "output_gate")])


def _bounded(given, out):
    steps = np.arange(1, given["x"].shape[-2] + 1)[:, None]
    size = np.abs(given["c0"])[..., None, :] + steps
    cell = np.maximum(np.abs(out["c_path"]) - size, 0.0) / size
    return np.stack([cell, np.maximum(np.abs(out["h_path"]) - 1, 0.0)])


def _weighted_history(given, out):
    """c_T against the sum written out: each i_t g_t times the forget gates after it."""
    f, written = out["forget_gate"], out["input_gate"] * out["candidate"]
    total = np.prod(f, axis=-2) * given["c0"]
    for t in range(f.shape[-2]):
        total = total + written[..., t, :] * np.prod(f[..., t + 1 :, :], axis=-2)
    return (total - out["c"]) / (1 + np.abs(given["c0"]) + f.shape[-2])


def _forget_zero(given, out):
    """A second run with f shut (bias -1e9): the old c is gone, what i and g make of x and h_{t-1} stays."""
    shut = given["b"].copy()
    shut[1] = -1e9
    start = {**given, "b": shut, "x": given["x"][..., :1, :]}
    other = _run({**start, "c0": given["c0"] + 1.0})["c"]
    first = (out["input_gate"] * out["candidate"])[..., 0, :]
    return np.stack([_run(start)["c"] - first, other - first])


def _four_times(given, out):
    units, features = given["W"].shape[1:]
    return out["parameters"] - 4 * (units * features + units * units + units)


CLAIMS = tuple(Claim(name, zh=zh, en=en, residual=residual) for name, residual, zh, en in (
    ("gates-between-zero-and-one", _gates,
     "三个门的每个分量都在 0 与 1 之间", "every component of the three gates lies between 0 and 1"),
    ("weighted-history", _weighted_history,
     "c_T = (∏f)c₀ + Σ_t (i_t∘g_t)∏_{s>t} f_s：旧内容只乘遗忘门，不经过权重矩阵",
     "c_T = (prod f) c_0 + sum_t i_t g_t prod_{s>t} f_s: what is stored meets forget gates only, no weight matrix"),
    ("forget-zero-keeps-h", _forget_zero,
     "f = 0 时 c_t = i_t∘g_t：c_{t-1} 清空，h_{t-1} 仍经 i 和 g 起作用",
     "with f = 0, c_t = i_t g_t: c_{t-1} is gone, h_{t-1} still acts through i and g"),
    ("bounded", _bounded,
     "|h_t| ≤ 1，|c_t| ≤ |c₀| + t：细胞每步至多增加 1",
     "|h_t| <= 1 and |c_t| <= |c_0| + t: the cell gains 1 a step at most"),
    ("four-times", _four_times,
     "参数是同样大小基本 RNN 的 4 倍", "four times the parameters of a basic RNN of the same size"),
))  # fmt: skip


def figure(given, out, steps):
    """The first unit of the first sequence."""
    curves = {name: steps[name].reshape(-1, *steps[name].shape[-2:])[0, :, 0] for name in STEPS}
    times = np.arange(1, given["x"].shape[-2] + 1)
    labels = {
        "c_path": {"zh": "细胞状态 c", "en": "cell state c"},
        "h_path": {"zh": "隐藏状态 h", "en": "hidden state h"},
        "forget_gate": {"zh": "遗忘门 f", "en": "forget gate f"},
    }
    return Figure(
        title={"zh": "第一个单元沿序列的变化", "en": "the first unit along the sequence"},
        marks=tuple(Lines(times, curves[name], label) for name, label in labels.items()),
        x={"zh": "步 t", "en": "step t"},
    )


def _param(default, zh, en, shape):
    return Param(default, {"zh": zh, "en": en}, shape=shape)


SOLVER = Solver(
    title={"zh": "LSTM 单元沿序列前向传播", "en": "LSTM cell along a sequence"},
    formula=r"c_t=f_t\circ c_{t-1}+i_t\circ\tilde c_t,\quad h_t=o_t\circ\tanh(c_t)",
    params={
        # A latch: the first input asks to write, f stays near 1, the last input asks to read.
        "x": _param(
            [[1, 0], [0, 0], [0, 0], [0, 1]], "输入序列，一行一步", "the inputs, one row a step", "(..., T, D)"
        ),
        "h0": _param([0, 0], "隐藏状态的初值", "the hidden state at the start", "(..., H)"),
        "c0": _param([0, 0], "细胞状态的初值", "the cell state at the start", "(..., H)"),
        "W": _param(
            [[[8, 0], [4, 0]], [[0, 0], [0, -8]], [[2, 0], [-2, 0]], [[0, 8], [0, 8]]],
            "乘输入的权重，按 i、f、g、o",
            "weights of the input, in the order i, f, g, o",
            "(4, H, D)",
        ),
        "U": _param(
            [[[0, 0], [0, 0]], [[0, 0], [0, 0]], [[0.5, 0], [0, 0.5]], [[0, 1], [1, 0]]],
            "乘上一步 h 的权重",
            "weights of the last hidden state",
            "(4, H, H)",
        ),
        "b": _param([[-4, -2], [4, 4], [0, 0], [-4, -4]], "偏置", "the biases", "(4, H)"),
    },
    outputs={"h": "1", "c": "1"},
    steps={
        "input_gate": {"zh": "输入门 i", "en": "input gate i"},
        "forget_gate": {"zh": "遗忘门 f", "en": "forget gate f"},
        "candidate": {"zh": "候选值 g（即 c̃）", "en": "candidate g (c tilde)"},
        "output_gate": {"zh": "输出门 o", "en": "output gate o"},
        "c_path": {"zh": "细胞状态 c", "en": "cell state c"},
        "h_path": {"zh": "隐藏状态 h", "en": "hidden state h"},
        "parameters": {"zh": "参数个数", "en": "parameters"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.nn.LSTM",
    sample=sample,
    variant=variant,
    edges=(
        {"b": [[0, 0], [-1000, -1000], [0, 0], [0, 0]], "c0": [5, -5], "h0": [1, -1]},  # forgets all
        {"b": [[-1000, -1000], [1000, 1000], [0, 0], [1000, 1000]], "c0": [0.5, -3]},  # keeps all
        {"x": [[0]], "h0": [0], "c0": [0], "W": [[[0]]] * 4, "U": [[[0]]] * 4, "b": [[0]] * 4},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"x": [1, 0]}, "x must have axes step and feature"),
        Reject({"x": [[1, 0, 2]]}, "W must have 3 columns, like x"),
        Reject({"x": [[float("nan"), 0]]}, "x must hold finite numbers"),
        Reject({"W": [[[1, 0]]] * 3}, "W must have shape (4, H, D)"),
        Reject({"U": [[[1]]] * 4}, "U must have shape (4, 2, 2)"),
        Reject({"b": [0, 0, 0, 0]}, "b must have shape (4, 2)"),
        Reject({"h0": [0, 0, 0]}, "h0 must have shape (2,)"),
        Reject({"c0": [[0, 0]]}, "c0 must have shape (2,)"),
        Reject({"x": [[0, 0]] * 2001}, "x must hold at most 2000 steps"),
        Reject(
            {"x": np.broadcast_to(0.0, (1000, 1000, 2)), **dict.fromkeys(("h0", "c0"), np.zeros((1000, 2)))},
            "x must need at most 20000000 multiplications",
        ),
    ),
    figure=figure,
)
