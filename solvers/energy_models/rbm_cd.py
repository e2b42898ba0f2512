"""A restricted Boltzmann machine: contrastive divergence against the exact gradient of the log-likelihood.

    E(v, h) = -b'v - c'h - v'W h,   P(v, h) = exp(-E) / Z,   v and h of zeros and ones
    P(h_j = 1 | v) = sigmoid(c_j + v'W_j),   P(v_i = 1 | h) = sigmoid(b_i + W_i h)
    d log P / dW = <v h'>_data - <v h'>_model;   CD-k puts <v h'> after k Gibbs steps from the data for the last term

``cd_*`` is the sampled CD-k gradient (means over the data, ``chains`` chains from each; probabilities of h in the
averages), ``expected_W`` its exact expectation, ``gradient_*`` the exact gradient, all by enumeration of the 2^V
visible states. ``bias`` is the Frobenius norm of expected_W - gradient_W, ``size`` that of gradient_W.
Shapes: W (V, H), b (V,), c (H,), data (N, V) -> cd_W, expected_W, gradient_W (V, H), cd_b, gradient_b (V,), cd_c,
gradient_c (H,), likelihood (mean log P over the data), bias, size ().
Not batched: the draws' shape follows from the arguments. At most 8 visible and 8 hidden units.
Statistics: given the data the chains are independent and each average lies in [0, 1], so Hoeffding's inequality bounds
cd_W - expected_W.
Errors: BadInput for data other than 0 and 1, shapes that do not match, too many draws.
Reference: Hinton (2002); Carreira-Perpinan & Hinton (2005); Goodfellow et al. (2016), 16.7.1, 18.2 and 20.2.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

UNITS = 8
DRAWS = 2_000_000
ODDS = 1e-9


def check(W, b, c, data, k, chains):
    require(W.ndim == 2 and min(W.shape) >= 1 and max(W.shape) <= UNITS, "W", f"be at most {UNITS} x {UNITS}", W.shape)
    require(b.shape == W.shape[:1], "b", f"have shape {W.shape[:1]}, one for each row of W", b.shape)
    require(c.shape == W.shape[1:], "c", f"have shape {W.shape[1:]}, one for each column of W", c.shape)
    for name, value in (("W", W), ("b", b), ("c", c)):
        require(np.all(np.abs(value) <= 20), name, "hold finite numbers of size at most 20", value)
    require(data.ndim == 2 and data.shape[1] == b.size, "data", f"have {b.size} columns", data.shape)
    require(1 <= len(data) <= 1000, "data", "have 1 to 1000 rows", data.shape)
    require(np.all((data == 0) | (data == 1)), "data", "hold zeros and ones", data)
    require(1 <= k <= 1000, "k", "lie between 1 and 1000", k)
    require(chains >= 1, "chains", "be at least 1", chains)
    draws = k * chains * len(data) * sum(W.shape)
    require(draws <= DRAWS, "chains", f"keep the draws within {DRAWS}", draws)


def noise(rng, W, b, c, data, k, chains):
    """Uniform numbers: a unit is on where its own is below its probability."""
    rows = chains * len(data)
    return {"u_hidden": rng.random(size=(k, rows, c.size)), "u_visible": rng.random(size=(k, rows, b.size))}


def compute(xp, note, W, b, c, data, k, chains, u_hidden, u_visible):
    def sigmoid(a):
        small = xp.exp(-xp.abs(a))
        return xp.where(a >= 0, 1 / (1 + small), small / (1 + small))

    def softplus(a):
        return xp.maximum(a, xp.zeros_like(a)) + xp.log1p(xp.exp(-xp.abs(a)))

    def hidden(v):
        return sigmoid(xp.matmul(v, W) + c)

    def visible(h):
        return sigmoid(xp.matmul(h, xp.matrix_transpose(W)) + b)

    def states(units):
        """All 2^units rows of zeros and ones."""
        codes = xp.arange(2**units, dtype=W.dtype, device=W.device)
        return xp.stack([xp.floor(codes / 2**place) % 2 for place in range(units)], axis=-1)

    def statistics(weights, v, p):
        """<v h'>, <v> and <h> under weights that sum to one."""
        return xp.matmul(xp.matrix_transpose(v * weights[:, None]), p), xp.matmul(weights, v), xp.matmul(weights, p)

    # The data's term, and k steps of Gibbs sampling from every example.
    rows = data.shape[0]
    at_data = hidden(data)
    note("hidden", at_data)
    positive = statistics(xp.ones_like(data[:, 0]) / rows, data, at_data)
    v = xp.concat([data] * chains, axis=0)
    for step in range(k):
        h = xp.where(u_hidden[step, :, :] < hidden(v), 1.0, xp.zeros_like(u_hidden[step, :, :]))
        v = xp.where(u_visible[step, :, :] < visible(h), 1.0, xp.zeros_like(v))
    note("reconstruction", v)
    negative = statistics(xp.ones_like(v[:, 0]) / (rows * chains), v, hidden(v))

    # The model, by enumeration of the visible states: minus the free energy is log sum_h exp(-E).
    every = states(b.shape[0])
    log_weight = xp.matmul(every, b) + xp.sum(softplus(xp.matmul(every, W) + c), axis=-1)
    top = xp.max(log_weight)
    log_z = top + xp.log(xp.sum(xp.exp(log_weight - top)))
    note("log_z", log_z)
    free = xp.matmul(data, b) + xp.sum(softplus(xp.matmul(data, W) + c), axis=-1)
    note("free_energy", -free)
    model_share = xp.exp(log_weight - log_z)
    model = statistics(model_share, every, hidden(every))

    # The chain's own law: from visible states through hidden ones and back, k times.
    def law(rows, columns):
        """P(column | row), for rows of probabilities and columns of zeros and ones."""
        return xp.prod(xp.where(columns[None, :, :] == 1, rows[:, None, :], 1 - rows[:, None, :]), axis=-1)

    features = states(c.shape[0])
    up, down = law(hidden(every), features), law(visible(features), every)
    same = 1 - xp.abs(data[:, None, :] - every[None, :, :])
    start = share = xp.mean(xp.prod(same, axis=-1), axis=0)
    for _ in range(k):
        share = xp.matmul(xp.matmul(share, up), down)
    note("start", start)
    note("share", share)
    note("model_share", model_share)
    expected, exact = positive[0] - statistics(share, every, hidden(every))[0], positive[0] - model[0]
    return {
        **{f"cd_{name}": a - z for name, a, z in zip("Wbc", positive, negative, strict=True)},
        **{f"gradient_{name}": a - z for name, a, z in zip("Wbc", positive, model, strict=True)},
        "expected_W": expected,
        "likelihood": xp.mean(free) - log_z,
        "bias": xp.sqrt(xp.sum((expected - exact) ** 2)),
        "size": xp.sqrt(xp.sum(exact**2)),
    }


# ---- Another route: the table of all joint states (v, h), whose sums give every conditional and the model.


def _joint(W, b, c):
    """Visible states, hidden states, and -E(v, h) of every pair."""
    v, h = (np.array(list(itertools.product((0.0, 1.0), repeat=n))) for n in W.shape)
    return v, h, (v @ b)[:, None] + (h @ c)[None, :] + np.einsum("xi,ij,yj->xy", v, W, h)


def oracle(W, b, c, data, k, chains, u_hidden, u_visible):
    from scipy.special import expit, logsumexp, softmax

    v, h, minus_energy = _joint(W, b, c)
    model, up, down = (softmax(minus_energy, axis=axis) for axis in (None, 1, 0))
    features = up @ h  # of every visible state

    def place(rows):
        return rows.astype(int) @ (2 ** np.arange(b.size)[::-1])

    found = np.tile(data, (chains, 1))
    for u_h, u_v in zip(u_hidden, u_visible, strict=True):
        sent = (u_h < expit(c + found @ W)).astype(float)
        found = (u_v < expit(b + sent @ W.T)).astype(float)
    share = np.mean(np.linalg.matrix_power(up @ down.T, k)[place(data)], axis=0)
    data_h, found_h = features[place(data)], features[place(found)]
    positive = data.T @ data_h / len(data)
    exact = positive - v.T @ model @ h
    expected = positive - np.einsum("x,xi,xj->ij", share, v, features)
    b_data, c_data = data.mean(axis=0), data_h.mean(axis=0)
    return {
        "cd_W": positive - found.T @ found_h / len(found),
        "cd_b": b_data - found.mean(axis=0),
        "cd_c": c_data - found_h.mean(axis=0),
        "expected_W": expected,
        "gradient_W": exact,
        "gradient_b": b_data - v.T @ model.sum(axis=1),
        "gradient_c": c_data - h.T @ model.sum(axis=0),
        "likelihood": np.mean(logsumexp(minus_energy, axis=1)[place(data)]) - logsumexp(minus_energy),
        "bias": np.linalg.norm(expected - exact),
        "size": np.linalg.norm(exact),
    }


def sample(rng):
    v, h, rows = int(rng.integers(1, 5)), int(rng.integers(1, 4)), int(rng.integers(1, 7))
    return {
        "W": rng.normal(scale=1.2, size=(v, h)),
        "b": rng.normal(scale=0.7, size=v),
        "c": rng.normal(scale=0.7, size=h),
        "data": rng.integers(0, 2, size=(rows, v)),
        "k": int(rng.integers(1, 6)),
        "chains": int(rng.integers(1, 40)),
    }


def variant(rng):
    """Two visible units and one hidden unit with small whole numbers; one example that is not all zeros."""
    W = [[int(n)] for n in rng.choice([-3, -2, -1, 1, 2, 3], size=2, replace=False)]
    data = [[[1, 0], [0, 1], [1, 1]][int(rng.integers(3))]]
    b = [int(n) for n in rng.choice([-1, 1, 2], size=2)]
    return {"W": W, "b": b, "c": [int(rng.choice([-2, -1, 1, 2]))], "data": data, "k": 1, "chains": 50}


def _hidden(given, v):
    return 1 / (1 + np.exp(-(given["c"] + v @ given["W"])))


def _sampled(given, *, up=lambda u, p: (u < p) * 1.0, sign=1.0, positive=True, divide=True):
    """CD-k once more, with parts to get wrong."""
    data, chains = given["data"], given["chains"]
    v = np.tile(data, (chains, 1))
    for u_h, u_v in zip(given["u_hidden"], given["u_visible"], strict=True):
        v = (u_v < 1 / (1 + np.exp(-(given["b"] + up(u_h, _hidden(given, v)) @ given["W"].T)))) * 1.0
    start, end, count = _hidden(given, data), _hidden(given, v), len(data) if divide else 1
    terms = {"cd_W": (data.T @ start, v.T @ end), "cd_b": (data.sum(0), v.sum(0)), "cd_c": (start.sum(0), end.sum(0))}
    return {n: sign * ((a if positive else 0.0) - z / chains) / count for n, (a, z) in terms.items()}


def _changes(wrong, right):
    return {n: v for n, v in wrong.items() if not np.allclose(v, right[n], rtol=1e-6, atol=1e-9)}


def _with(**parts):
    """A mistake: the rule with these parts in place of the right ones."""
    return lambda **given: _changes(_sampled(given, **parts), _sampled(given))


def _with_parameters(change):
    """A mistake: the conditionals with other parameters."""

    def value(**given):
        wrong = {**given, **{n: change(n, given[n]) for n in ("W", "b", "c")}}
        return _changes(*({**_sampled(g), "hidden": _hidden(g, given["data"]), **_free(**g)} for g in (wrong, given)))

    return value


def _free(W, b, c, data, over_hidden=lambda a: np.logaddexp(0.0, a), **_):
    """What follows from the free energies; ``over_hidden`` sums a hidden unit out."""
    every = np.array(list(itertools.product((0.0, 1.0), repeat=len(b))))
    minus_free, all_minus_free = (v @ b + over_hidden(c + v @ W).sum(axis=1) for v in (data, every))
    share = np.exp(all_minus_free - (log_z := np.logaddexp.reduce(all_minus_free)))
    found = {"free_energy": -minus_free, "log_z": log_z, "likelihood": np.mean(minus_free) - log_z}
    return {**found, "model_share": share, "gradient_b": data.mean(axis=0) - share @ every}


def _takes_cd_for_exact(**given):
    right = oracle(**given)
    return _changes({"gradient_W": right["expected_W"], "bias": 0.0}, right)


MISTAKES = (
    Mistake("phases-swapped", "符号反了：数据项在前，模型项在后，差值用于上升",
            "the sign is off: data minus model, and the step goes uphill", _with(sign=-1.0)),
    Mistake("no-data-term", "忘了数据项，只剩负相", "the data's term was forgotten, only the negative phase is left",
            _with(positive=False)),
    Mistake("not-averaged", "没有除以样本数", "the sum over the examples was not divided by their number",
            _with(divide=False)),
    Mistake("probabilities-sent-down", "把概率而不是采样的 0/1 传给可见层：链就不再是 Gibbs 采样",
            "probabilities, not sampled zeros and ones, were sent down: that is no Gibbs chain",
            _with(up=lambda u, p: p)),
    Mistake("biases-forgotten", "条件概率里漏了偏置", "the conditionals lack their biases",
            _with_parameters(lambda name, value: value if name == "W" else 0 * value)),
    Mistake("energy-sign", "能量的符号反了：P ∝ exp(−E)", "the energy's sign is off: P goes with exp(-E)",
            _with_parameters(lambda name, value: -value)),
    Mistake("one-hidden-state", "自由能要对所有 h 求和，不是只取最可能的 h",
            "the free energy sums over every h; only the likeliest was taken",
            lambda **given: _free(**given, over_hidden=lambda a: np.maximum(a, 0.0))),
    Mistake("partition-forgotten", "漏了 log Z", "log Z was left out",
            lambda **given: {"likelihood": -np.mean(_free(**given)["free_energy"])}),
    Mistake("takes-cd-for-exact", "把 CD-k 的期望当成了似然梯度：k 有限时它有偏",
            "the expectation of CD-k was taken for the likelihood's gradient: for finite k it is biased",
            _takes_cd_for_exact),
)  # fmt: skip


def _derivative(given, out):
    """The exact gradient against a complex-step derivative of the mean log-likelihood."""
    v = np.array(list(itertools.product((0.0, 1.0), repeat=len(given["b"]))))

    def log_likelihood(W, b, c):
        def minus_free(x):
            return x @ b + np.sum(np.log1p(np.exp(c + x @ W)), axis=-1)

        weights = minus_free(v)
        top = weights.real.max()
        return np.mean(minus_free(given["data"])) - top - np.log(np.sum(np.exp(weights - top)))

    point = [given[n].astype(complex) for n in ("W", "b", "c")]
    residuals = []
    for place, name in enumerate(("gradient_W", "gradient_b", "gradient_c")):
        for index in np.ndindex(point[place].shape):
            moved = [p.copy() for p in point]
            moved[place][index] += 1e-30j
            residuals.append(log_likelihood(*moved).imag / 1e-30 - out[name][index])
    return np.array(residuals)


def _factorizes(given, out):
    """P(h | v) from the joint table against the product of sigmoids, for every v and h."""
    v, h, minus_energy = _joint(given["W"], given["b"], given["c"])
    table = np.exp(minus_energy - minus_energy.max(axis=1, keepdims=True))
    on = _hidden(given, v)[:, None]
    return table / table.sum(axis=1, keepdims=True) - np.prod(np.where(h[None] == 1, on, 1 - on), axis=-1)


def _hoeffding(given, out):
    trials = len(given["data"]) * given["chains"]
    allowed = math.sqrt(math.log(2 * given["W"].size / ODDS) / (2 * trials))
    return np.maximum(np.abs(out["cd_W"] - out["expected_W"]) - allowed, 0.0)


def _closer(given, out):
    """The law after k steps is no farther from the model than the data were, and bounds each entry of the bias."""
    before, after = (np.sum(np.abs(out[n] - out["model_share"])) for n in ("start", "share"))
    bias = np.max(np.abs(out["expected_W"] - out["gradient_W"]))
    return np.array([np.maximum(after - before, 0.0), np.maximum(bias - after / 2, 0.0)])


def _rests(given, out):
    """Started from the model's own law, a Gibbs step changes nothing: pi T = pi."""
    minus_energy = _joint(given["W"], given["b"], given["c"])[2]
    table = np.exp(minus_energy - minus_energy.max())
    visible, hidden = table.sum(axis=1), table.sum(axis=0)
    moved = table / np.maximum(hidden, 1e-300) @ hidden  # through h and back
    return (moved - visible) / visible.sum()


CLAIMS = (
    Claim("data-minus-model", zh="对数似然的梯度 = 数据项 − 模型项（与复步长求导一致）",
          en="the log-likelihood's gradient is the data's term minus the model's (a complex-step derivative agrees)",
          residual=_derivative),
    Claim("conditionals-factorize", zh="给定 v，各隐藏单元相互独立：P(h|v) 是 sigmoid 之积",
          en="given v the hidden units are independent: P(h|v) is a product of sigmoids", residual=_factorizes),
    Claim("sampling-is-unbiased-for-cd", zh="采样得到的 CD-k 与其期望之差在 Hoeffding 界内（越界概率 ≤ 10⁻⁹）",
          en="sampled CD-k is within Hoeffding's bound of its expectation (odds of a miss: 1e-9)",
          residual=_hoeffding),
    Claim("bias-bounded-by-distance", zh="k 步后的分布离模型不比数据远，这个距离是偏差的上界",
          en="after k steps the chain is no farther from the model than the data; that distance bounds the bias",
          residual=_closer),
    Claim("model-is-at-rest", zh="从模型分布出发，Gibbs 步不改变分布：此时 CD-k 无偏",
          en="the model's own law is left alone by a Gibbs step: there CD-k has no bias", residual=_rests),
)  # fmt: skip


def figure(given, out, steps):
    """The gradient of each weight, twelve at most."""
    pairs = list(np.ndindex(out["cd_W"].shape))[:12]
    names = tuple(f"{i + 1},{j + 1}" for i, j in pairs)
    kinds = (("gradient_W", "精确", "exact"), ("expected_W", "CD-k 的期望", "CD-k, expected"),
             ("cd_W", "CD-k 采样", "CD-k, sampled"))  # fmt: skip
    return Figure(
        title={"zh": "各权重的梯度", "en": "the gradient of each weight"},
        marks=tuple(Bars(names, np.array([out[n][p] for p in pairs]), {"zh": zh, "en": en}) for n, zh, en in kinds),
        x={"zh": "可见单元,隐藏单元", "en": "visible,hidden"},
        y={"zh": "∂ log P / ∂W", "en": "d log P / dW"},
    )


STRIPES = [[0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 1, 0], [0, 1, 0, 1]]

SOLVER = Solver(
    title={"zh": "受限玻尔兹曼机与对比散度", "en": "restricted Boltzmann machine, contrastive divergence"},
    formula=r"\frac{\partial\log P(v)}{\partial W_{i,j}}=\langle v_ih_j\rangle_{\mathrm{data}}"
    r"-\langle v_ih_j\rangle_{\mathrm{model}}",
    params={
        "W": Param([[1.5, -1.0, 0.5], [1.5, 1.0, -0.5], [-1.5, -1.0, 0.5], [-1.5, 1.0, 1.0]],
                   {"zh": "权重，可见 × 隐藏", "en": "weights, visible by hidden"}, shape="(V, H)"),
        "b": Param([0.2, -0.2, 0.1, 0.0], {"zh": "可见单元的偏置", "en": "biases of the visible units"}, shape="(V,)"),
        "c": Param([0.0, 0.3, -0.3], {"zh": "隐藏单元的偏置", "en": "biases of the hidden units"}, shape="(H,)"),
        "data": Param(STRIPES, {"zh": "数据，一行一例（0 或 1）", "en": "data, one row each (0 or 1)"},
                      shape="(N, V)"),
        "k": Param(1, {"zh": "Gibbs 步数 k", "en": "Gibbs steps k"}, kind="int"),
        "chains": Param(500, {"zh": "每个样本起的链数", "en": "chains from each example"}, kind="int"),
    },
    outputs={
        "cd_W": "1", "cd_b": "1", "cd_c": "1", "expected_W": "1", "gradient_W": "1", "gradient_b": "1",
        "gradient_c": "1", "likelihood": "nats", "bias": "1", "size": "1",
    },
    steps={
        "hidden": {"zh": "数据上的 P(h=1|v)", "en": "P(h=1|v) at the data"},
        "reconstruction": {"zh": "k 步后的可见状态", "en": "visible states after k steps"},
        "log_z": {"zh": "log Z", "en": "log Z"},
        "free_energy": {"zh": "数据的自由能", "en": "free energy of the data"},
        "start": {"zh": "数据的分布", "en": "law of the data"},
        "share": {"zh": "k 步后的分布", "en": "law after k steps"},
        "model_share": {"zh": "模型的分布", "en": "law of the model"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="the table of all joint states (v, h)",
    sample=sample,
    variant=variant,
    edges=(
        {"W": [[0.0]], "b": [0.0], "c": [0.0], "data": [[1]], "chains": 1},
        {"W": [[20.0, -8.0], [-8.0, 8.0]], "b": [0.0, 0.0], "c": [0.0, 0.0], "data": [[0, 0], [1, 0]], "k": 20},
        {"k": 100, "chains": 2},
    ),
    noise=noise,
    tolerance={"float64": 1e-9, "float32": 1e-4},
    smooth=False,  # units are on or off
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"data": [[0, 1, 2, 0]]}, "data must hold zeros and ones"),
        Reject({"data": [[0, 1]]}, "data must have 4 columns"),
        Reject({"b": [0.0]}, "b must have shape (4,)"),
        Reject({"W": [[0.0] * 9]}, "W must be at most 8 x 8"),
        Reject({"W": [[float("nan")] * 3] * 4}, "W must hold finite numbers"),
        Reject({"k": 0}, "k must lie between 1 and 1000"),
        Reject({"chains": 10**9}, "chains must keep the draws within"),
    ),
    figure=figure,
)  # fmt: skip
