"""A chain of single units  h_l = phi(w_l h_{l-1} + b_l): the gradient from its end to its start is one long product.

    d h_L / d h_0 = prod_l w_l phi'(a_l),      a_l = w_l h_{l-1} + b_l

phi'(a) is at most 1/4 for the sigmoid, 1 for tanh and ReLU; the weights have no such limit.
Shapes: h0 (...), w, b (..., L) -> gradient, bound, end (...). bound is prod |w_l| times the largest slope^L.
Steps have the layers on the last axis.
Errors: BadInput for shapes that do not match, more than 1000 layers, numbers not finite, products beyond 1e30.
Reference: Goodfellow et al. (2016), sections 6.3.1-6.3.2 and 8.2.5; Hochreiter (1991); Glorot, Bordes & Bengio (2011).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

KINDS = ("sigmoid", "tanh", "relu")
STEEPEST = {"sigmoid": 0.25, "tanh": 1.0, "relu": 1.0}


def check(h0, w, b, activation):
    require(w.ndim >= 1 and w.size >= 1, "w", "hold at least one weight", w.shape)
    require(w.shape[-1] <= 1000, "w", "hold at most 1000 layers", w.shape)
    require(b.shape == w.shape, "b", f"have shape {w.shape}, like w", b.shape)
    require(h0.shape == w.shape[:-1], "h0", f"have shape {w.shape[:-1]}, one start a chain of w", h0.shape)
    for name, value in (("h0", h0), ("w", w), ("b", b)):
        require(np.all(np.abs(value) <= 100), name, "hold finite numbers of size at most 100", value)
    reach = np.sum(np.log10(np.maximum(np.abs(w), 1.0)), axis=-1)
    require(np.all(reach <= 30), "w", "keep the product of the weights within 1e30", w)


def compute(xp, note, h0, w, b, activation):
    h, product = h0, xp.ones_like(h0)
    rows = []
    for layer in range(w.shape[-1]):
        a = w[..., layer] * h + b[..., layer]
        if activation == "sigmoid":
            h = (xp.tanh(a / 2) + 1) / 2
            slope = h * (1 - h)
        elif activation == "tanh":
            h = xp.tanh(a)
            slope = 1 - h * h
        else:
            h = xp.where(a > 0, a, 0.0)
            slope = xp.where(a > 0, xp.ones_like(a), 0.0)
        product = product * w[..., layer] * slope
        rows.append((a, slope, h, product))
    columns = zip(("inputs", "slopes", "outputs", "products"), zip(*rows, strict=True), strict=True)
    for name, column in columns:
        note(name, xp.stack(column, axis=-1))
    steepest = STEEPEST[activation] ** w.shape[-1]
    return {"gradient": product, "bound": steepest * xp.prod(xp.abs(w), axis=-1), "end": h}


def oracle(h0, w, b, activation):
    """Derivatives by sympy's formulas, chain by chain in plain Python."""
    import math

    import sympy

    z = sympy.Symbol("z", real=True)
    form = {"sigmoid": 1 / (1 + sympy.exp(-z)), "tanh": sympy.tanh(z), "relu": sympy.Max(z, 0)}[activation]
    slope = sympy.Heaviside(z, 0) if activation == "relu" else sympy.diff(form, z)
    value, rise = (sympy.lambdify(z, f, modules="mpmath") for f in (form, slope))
    top = {"sigmoid": sympy.Rational(1, 4), "tanh": 1, "relu": 1}[activation]
    layers = w.shape[-1]
    out = {"gradient": [], "bound": [], "end": []}
    for start, weights, biases in zip(h0.reshape(-1), w.reshape(-1, layers), b.reshape(-1, layers), strict=True):
        h, product = float(start), 1.0
        for weight, bias in zip(weights.tolist(), biases.tolist(), strict=True):
            a = weight * h + bias
            h, product = float(value(a)), product * weight * float(rise(a))
        out["gradient"].append(product)
        out["end"].append(h)
        out["bound"].append(float(top**layers) * math.prod(abs(weight) for weight in weights.tolist()))
    return {name: np.array(found).reshape(h0.shape) for name, found in out.items()}


def sample(rng):
    batch = [(), (2,)][int(rng.integers(2))]
    layers = int(rng.integers(1, 6))
    return {
        "h0": rng.uniform(0.3, 1.0, size=batch),
        "w": rng.uniform(0.5, 2.5, size=(*batch, layers)),
        "b": rng.uniform(0.05, 0.5, size=(*batch, layers)),
        "activation": str(rng.choice(KINDS)),
    }


def variant(rng):
    """Two layers, whole weights, tenths elsewhere; sigmoid or tanh, whose slopes need a calculator."""
    while True:
        w = rng.integers(-4, 5, size=2)
        h0, bias = int(rng.choice([-2, -1, 1, 2])) / 2, rng.integers(-4, 5, size=2) / 2
        a = w[0] * h0 + bias[0]
        if np.all(np.abs(w) > 1) and 0.2 < abs(a) < 2.2 and w[0] != w[1]:
            break
    return {
        "h0": float(h0),
        "w": w.tolist(),
        "b": bias.tolist(),
        "activation": str(rng.choice(["sigmoid", "sigmoid", "tanh"])),
    }


# ---- The chain once more, with parts to get wrong.


def _sigma(a):
    return np.exp(-np.logaddexp(0.0, -a))


PHI = {"sigmoid": _sigma, "tanh": np.tanh, "relu": lambda a: np.maximum(a, 0.0)}
SLOPE = {
    "sigmoid": lambda a: _sigma(a) * _sigma(-a),
    "tanh": lambda a: 1 / np.cosh(np.clip(a, -300, 300)) ** 2,
    "relu": lambda a: (a > 0) * 1.0,
}


def _forward(h0, w, b, activation):
    """Inputs of all units and their outputs, (..., L) each."""
    h, inputs, outputs = h0, [], []
    for layer in range(w.shape[-1]):
        inputs.append(w[..., layer] * h + b[..., layer])
        h = PHI[activation](inputs[-1])
        outputs.append(h)
    return np.stack(inputs, axis=-1), np.stack(outputs, axis=-1)


def _wrong(rule):
    def value(h0, w, b, activation):
        a, h = _forward(h0, w, b, activation)
        wrong, right = rule(h0, w, a, h, activation), np.prod(w * SLOPE[activation](a), axis=-1)
        return {} if np.allclose(wrong, right, rtol=1e-9, atol=0) else {"gradient": wrong}

    return value


def _slopes(rule, kinds=KINDS):
    """Mistaken slopes and the gradient that follows from them."""

    def value(h0, w, b, activation):
        if activation not in kinds:
            return {}
        a, h = _forward(h0, w, b, activation)
        wrong = rule(a, h, activation)
        if np.allclose(wrong, SLOPE[activation](a), rtol=1e-9, atol=0):
            return {}
        return {"slopes": wrong, "gradient": np.prod(w * wrong, axis=-1)}

    return value


MISTAKES = (
    Mistake("weights-forgotten", "只乘了激活的导数，漏乘权重", "slopes alone were multiplied: the weights are missing",
            _wrong(lambda h0, w, a, h, kind: np.prod(SLOPE[kind](a), axis=-1))),
    Mistake("slopes-forgotten", "只乘了权重，漏乘激活的导数", "weights alone were multiplied: the slopes are missing",
            _wrong(lambda h0, w, a, h, kind: np.prod(w, axis=-1))),
    Mistake("slope-of-the-output", "导数取在了单元的输出处；应取在它的输入 a 处",
            "the slope was taken at the unit's output, not at its input a",
            _slopes(lambda a, h, kind: SLOPE[kind](h))),
    Mistake("steepest-everywhere", "每层都用了最大斜率：那是上界，不是梯度",
            "the steepest slope was used in every layer: that is the bound",
            _wrong(lambda h0, w, a, h, kind: np.prod(w * STEEPEST[kind], axis=-1))),
    Mistake("last-layer-only", "只乘了最后一层", "the last layer alone was counted",
            _wrong(lambda h0, w, a, h, kind: w[..., -1] * SLOPE[kind](a[..., -1]))),
    Mistake("sum-of-layers", "各层相加了；链式法则是相乘", "the layers were added; the chain rule multiplies",
            _wrong(lambda h0, w, a, h, kind: np.sum(w * SLOPE[kind](a), axis=-1))),
    Mistake("slope-of-tanh", "用了 1 − h²，那是 tanh 的导数；σ 的导数是 h(1−h)",
            "1 - h^2 is the slope of tanh; that of the sigmoid is h (1 - h)",
            _slopes(lambda a, h, kind: 1 - h**2, kinds=("sigmoid",))),
    Mistake("slope-of-the-sigmoid", "用了 h(1−h)，那是 σ 的导数；tanh 的导数是 1 − h²",
            "h (1 - h) is the slope of the sigmoid; that of tanh is 1 - h^2",
            _slopes(lambda a, h, kind: h * (1 - h), kinds=("tanh",))),
    Mistake("slope-is-the-value", "把激活的值当成了它的导数", "the activation's value was taken for its slope",
            _slopes(lambda a, h, kind: h, kinds=("sigmoid", "tanh"))),
    Mistake("bound-of-slope-one", "σ 的导数最大 1/4，不是 1", "the sigmoid's slope is at most 1/4, not 1",
            lambda h0, w, b, activation: {"bound": np.prod(np.abs(w), axis=-1)} if activation == "sigmoid" else {}),
    Mistake("bound-without-weights", "斜率有上界，权重没有：界里还要乘 ∏|w|",
            "slopes are bounded and weights are not: the bound has the factor prod |w|",
            lambda h0, w, b, activation: {"bound": np.full(h0.shape, STEEPEST[activation] ** w.shape[-1])}),
)  # fmt: skip


def _within(given, out):
    return np.maximum(np.abs(out["gradient"]) - out["bound"], 0.0) / (out["bound"] + 1e-300)


def _relu_all_or_nothing(given, out):
    """A ReLU chain passes the whole product of the weights, or nothing."""
    if given["activation"] != "relu":
        return 0.0
    whole = np.prod(given["w"], axis=-1)
    return np.minimum(np.abs(out["gradient"] - whole), np.abs(out["gradient"])) / (1 + np.abs(whole))


def _small_weights(given, out):
    """Where every |w| is at most 1 nothing grows: at most 4^-L through sigmoids, 1 through the others."""
    tame = np.max(np.abs(given["w"]), axis=-1) <= 1
    ceiling = STEEPEST[given["activation"]] ** given["w"].shape[-1]
    return np.where(tame, np.maximum(np.abs(out["gradient"]) / ceiling - 1, 0.0), 0.0)


CLAIMS = (
    Claim("bounded-by-weights-and-slopes", zh="|梯度| 不超过 ∏|w| 乘最大斜率的 L 次方（σ：1/4；tanh、ReLU：1）",
          en="|gradient| is at most prod |w| times the largest slope^L (sigmoid 1/4, tanh and ReLU 1)",
          residual=_within),
    Claim("relu-all-or-nothing", zh="ReLU 链的梯度要么是 ∏w 全部，要么是 0：激活函数本身不设上限",
          en="through ReLUs the gradient is all of prod w, or 0: the activation itself sets no limit",
          residual=_relu_all_or_nothing),
    Claim("small-weights", zh="所有 |w| ≤ 1 时：σ 链至多 4^(−L)，tanh、ReLU 链至多 1",
          en="with all |w| <= 1: at most 4^-L through sigmoids, 1 through tanh or ReLU", residual=_small_weights),
)  # fmt: skip


def figure(given, out, steps):
    """The first chain: the gradient layer by layer through each activation, on the same weights."""
    layers = np.shape(given["w"])[-1]
    first = {"h0": np.ravel(given["h0"])[0], "w": np.reshape(given["w"], (-1, layers))[0],
             "b": np.reshape(given["b"], (-1, layers))[0]}  # fmt: skip
    marks = []
    for kind, name in (("sigmoid", "σ"), ("tanh", "tanh"), ("relu", "ReLU")):
        a, _ = _forward(**first, activation=kind)
        path = np.concatenate([[1.0], np.cumprod(np.abs(first["w"] * SLOPE[kind](a)))])
        label = {"zh": name, "en": {"σ": "sigmoid"}.get(name, name)}
        marks.append(Lines(np.arange(layers + 1), np.maximum(path, 1e-30), label))
    return Figure(
        title={"zh": "同样的权重，梯度经过各层之后", "en": "the gradient through the layers, on the same weights"},
        marks=tuple(marks),
        x={"zh": "层数", "en": "layers"},
        y={"zh": "|梯度|", "en": "|gradient|"},
        log="y",
    )


SOLVER = Solver(
    title={"zh": "单元链上的梯度：斜率与权重", "en": "the gradient along a chain of units: slopes and weights"},
    formula=r"\frac{\partial h_L}{\partial h_0}=\prod_{l=1}^{L}w_l\,\phi'(a_l)",
    params={
        "h0": Param(0.5, {"zh": "链的输入", "en": "input of the chain"}, shape="(...)"),
        "w": Param([1.5] * 10, {"zh": "各层的权重", "en": "weights, one a layer"}, shape="(..., L)"),
        "b": Param([0.0] * 10, {"zh": "各层的偏置", "en": "biases, one a layer"}, shape="(..., L)"),
        "activation": Param("sigmoid", {"zh": "激活函数", "en": "activation"}, kind="choice", choices=KINDS),
    },
    outputs={"gradient": "1", "bound": "1", "end": "1"},
    steps={
        "inputs": {"zh": "各单元的输入 a", "en": "inputs a of the units"},
        "slopes": {"zh": "各单元的斜率 φ'(a)", "en": "slopes phi'(a)"},
        "outputs": {"zh": "各单元的输出", "en": "outputs of the units"},
        "products": {"zh": "到这一层为止的梯度", "en": "gradient up to this layer"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="sympy's derivatives, chain by chain",
    sample=sample,
    variant=variant,
    edges=(
        {"h0": 0.0, "w": [1.0], "b": [0.0], "activation": "sigmoid"},
        {"h0": 1.0, "w": [2.0, -1.0, 3.0], "b": [0.0, 0.5, 0.0], "activation": "relu"},
        {"h0": 0.0, "w": [1.0, 1.0], "b": [0.0, 0.0], "activation": "tanh"},
        {"h0": 50.0, "w": [2.0, 2.0], "b": [0.0, 0.0], "activation": "tanh"},
        {"h0": 1.0, "w": [2.0] * 30, "b": [0.0] * 30, "activation": "relu"},
    ),
    tolerance={"float64": 1e-10, "float32": 1e-4},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"w": []}, "w must hold at least one weight"),
        Reject({"b": [0.0]}, "b must have shape (10,)"),
        Reject({"h0": [1.0]}, "h0 must have shape ()"),
        Reject({"h0": float("nan")}, "h0 must hold finite numbers"),
        Reject({"w": [50.0] * 30, "b": [0.0] * 30}, "w must keep the product"),
        Reject({"w": [0.5] * 2000, "b": [0.0] * 2000}, "w must hold at most 1000 layers"),
        Reject({"activation": "softmax"}, "activation must be one of sigmoid, tanh, relu"),
    ),
    figure=figure,
)  # fmt: skip
