"""Signals and gradients through a deep net at its initialization, for several gains: measured, and in theory.

    forward    a_l = g W_l h_{l-1},   h_l = phi(a_l)              q_l = g^2 E[phi(sqrt(q_{l-1}) z)^2],   z ~ N(0, 1)
    backward   d_{l-1} = g W_l' (phi'(a_l) d_l)                   |d_{l-1}| / |d_l| ~ g sqrt(E[phi'(sqrt(q_l) z)^2])

W_l (n, n) is drawn afresh for each layer with independent normal entries of variance 1/n; q_l is the second moment of
a_l, the expectations are mean-field theory's. The backward factor of a layer is g for a linear net, g / sqrt(2) for
ReLU and less than g for tanh: the edge between vanishing and exploding lies at g = 1, sqrt(2), 1.
Shapes: gains (C,) -> forward, backward, expected_forward, expected_backward (C,): norms after all layers, relative to
those at the start (the input going forward, the top gradient going back). Paths are (L + 1, C).
Not batched: the weights' shape follows from the arguments. The claim about measured norms allows six standard
deviations of their logarithm, sqrt(5 L / n) / 2 (ReLU's; the others' are smaller), and a tenth of that for its bias.
Errors: BadInput for sizes out of range, gains outside 0.05 … 20, a growth beyond 1e25, too many multiplications.
Reference: Goodfellow et al. (2016), section 8.4; Poole et al. (2016); Schoenholz et al. (2017); He et al. (2015).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

WEIGHTS = 4_000_000
PRODUCTS = 2_000_000_000
KINDS = ("linear", "tanh", "relu")


def check(gains, depth, width, activation):
    require(gains.ndim == 1 and 1 <= gains.size <= 40, "gains", "be a list of 1 to 40 numbers", gains.shape)
    require(np.all((gains >= 0.05) & (gains <= 20)), "gains", "lie between 0.05 and 20", gains)
    require(1 <= depth <= 200, "depth", "lie between 1 and 200", depth)
    require(20 <= width <= 512, "width", "lie between 20 and 512", width)
    require(depth * width**2 <= WEIGHTS, "depth", f"keep the weights drawn within {WEIGHTS}", depth * width**2)
    products = gains.size * depth * width**3  # the second route's
    require(products <= PRODUCTS, "depth", f"keep gains x depth x width^3 within {PRODUCTS}", products)
    reach = depth * np.max(np.abs(np.log10(gains / (np.sqrt(2) if activation == "relu" else 1))))
    require(reach <= 25, "depth", "keep the growth within 1e-25 and 1e25", depth)


def noise(rng, gains, depth, width, activation):
    return {
        "W": rng.normal(size=(depth, width, width)) / np.sqrt(width),
        "x": rng.normal(size=width),
        "delta": rng.normal(size=width),
    }


def compute(xp, note, gains, depth, width, activation, W, x, delta):
    gain = gains[:, None]
    grid = xp.linspace(-10.0, 10.0, 2001, dtype=gains.dtype, device=gains.device)
    weight = xp.exp(-grid * grid / 2)
    weight = weight / xp.sum(weight)

    def act(a):
        """The activation and its slope."""
        if activation == "tanh":
            h = xp.tanh(a)
            return h, 1 - h * h
        if activation == "relu":
            return xp.where(a > 0, a, 0.0), xp.where(a > 0, xp.ones_like(a), 0.0)
        return a, xp.ones_like(a)

    def length(v):
        return xp.linalg.vector_norm(v, axis=-1)

    def expected(q):
        """E[phi^2] and E[phi'^2] at second moment q: closed forms, for tanh a sum over the grid."""
        if activation == "tanh":
            h, slope = act(xp.sqrt(q)[:, None] * grid)
            return xp.sum(weight * h * h, axis=-1), xp.sum(weight * slope * slope, axis=-1)
        kept = 0.5 if activation == "relu" else 1.0
        return kept * q, kept * xp.ones_like(q)

    h = xp.zeros_like(gain) + x
    slopes, forward, hoped = [], [xp.ones_like(gains)], [xp.ones_like(gains)]
    factors = []
    moment = xp.zeros_like(gains) + xp.mean(x * x)
    for layer in range(depth):
        h, slope = act(gain * xp.matmul(h, W[layer, ...].T))
        slopes.append(slope)
        forward.append(length(h) / length(x))
        moment, kept = expected(gains * gains * moment)
        factors.append(gains * xp.sqrt(kept))
        hoped.append(xp.sqrt(moment / xp.mean(x * x)))
    d = xp.zeros_like(gain) + delta
    backward, awaited = [xp.ones_like(gains)], [xp.ones_like(gains)]
    for layer in reversed(range(depth)):
        d = gain * xp.matmul(slopes[layer] * d, W[layer, ...])
        backward.append(length(d) / length(delta))
        awaited.append(awaited[-1] * factors[layer])
    paths = {"forward": forward, "backward": backward, "expected_forward": hoped, "expected_backward": awaited}
    for name, path in paths.items():
        note(f"{name}_path", xp.stack(path))
    return {name: path[-1] for name, path in paths.items()}


def oracle(gains, depth, width, activation, W, x, delta):
    """The whole Jacobian carried forward, gain by gain; expectations by scipy's adaptive quadrature."""
    from scipy.integrate import quad

    phi = {"linear": lambda a: a, "tanh": np.tanh, "relu": lambda a: np.clip(a, 0, None)}[activation]
    rise = {"linear": np.ones_like, "tanh": lambda a: np.cosh(np.clip(a, -300, 300)) ** -2.0,
            "relu": lambda a: np.heaviside(a, 0.0)}[activation]  # fmt: skip

    def mean(f, deviation):
        value, _ = quad(lambda z: f(deviation * z) ** 2 * np.exp(-z * z / 2), -38, 38, points=(0.0,), limit=400,
                        epsabs=0, epsrel=1e-10)  # fmt: skip
        return value / np.sqrt(2 * np.pi)

    out = {name: [] for name in ("forward", "backward", "expected_forward", "expected_backward")}
    for gain in gains:
        h, jacobian, moment, product = x, np.identity(width), np.mean(x**2), 1.0
        for link in W:
            a = gain * (link @ h)
            h, jacobian = phi(a), rise(a)[:, None] * (gain * (link @ jacobian))
            deviation = gain * np.sqrt(moment)
            moment, product = mean(phi, deviation), product * gain**2 * mean(rise, deviation)
        out["forward"].append(np.linalg.norm(h) / np.linalg.norm(x))
        out["backward"].append(np.linalg.norm(jacobian.T @ delta) / np.linalg.norm(delta))
        out["expected_forward"].append(np.sqrt(moment / np.mean(x**2)))
        out["expected_backward"].append(np.sqrt(product))
    return {name: np.array(found) for name, found in out.items()}


def sample(rng):
    return {
        "gains": rng.uniform(0.5, 2.5, size=int(rng.integers(1, 4))),
        "depth": int(rng.integers(1, 7)),
        "width": int(rng.integers(20, 50)),
        "activation": str(rng.choice(KINDS)),
    }


def variant(rng):
    """ReLU or linear, whose factors are g / sqrt(2) and g a layer; gains in tenths, away from the edge."""
    while True:
        gain = int(rng.integers(6, 31)) / 10
        activation = str(rng.choice(["relu", "relu", "linear"]))
        depth = int(rng.integers(3, 31))
        growth = depth * np.log10(gain / (np.sqrt(2) if activation == "relu" else 1))
        if -3 <= growth <= 6 and abs(growth) > 0.2:
            return {"gains": [gain], "depth": depth, "width": 24, "activation": activation}


# ---- Mistakes and claims.


def _kept(activation):
    return 0.5 if activation == "relu" else 1.0


def _backward(rule, kinds=("linear", "relu")):
    """A mistaken factor for the gradient; tanh has no closed form to get wrong."""

    def value(gains, depth, width, activation, W, x, delta):
        if activation not in kinds:
            return {}
        wrong, right = rule(gains, depth, _kept(activation)), (gains * np.sqrt(_kept(activation))) ** depth
        return {} if np.allclose(wrong, right, rtol=1e-9, atol=0) else {"expected_backward": wrong}

    return value


MISTAKES = (
    Mistake("relu-taken-for-linear", "ReLU 平均关掉一半单元，每层的范数乘 g/√2，不是 g",
            "about half of the ReLUs are off: a layer multiplies the norm by g/sqrt(2), not by g",
            _backward(lambda g, L, kept: g**L, kinds=("relu",))),
    Mistake("half-for-root-half", "减半的是二阶矩；范数只乘 1/√2",
            "the second moment is halved; the norm is multiplied by 1/sqrt(2)",
            _backward(lambda g, L, kept: (g / 2) ** L, kinds=("relu",))),
    Mistake("moment-for-norm", "这是二阶矩的倍数；范数还要开方",
            "that is the second moment's factor; the norm's is its root",
            _backward(lambda g, L, kept: (g * g * kept) ** L)),
    Mistake("root-of-the-gain", "把 g 当成了方差：标准差是 g/√n，一层乘 g 而不是 √g",
            "took g for a variance: the deviation is g/sqrt(n), so a layer multiplies by g, not by its root",
            _backward(lambda g, L, kept: (g * kept) ** (L / 2))),
    Mistake("adds-up", "各层的倍数相乘，不相加", "the layers' factors multiply; they do not add",
            _backward(lambda g, L, kept: L * g * np.sqrt(kept))),
    Mistake("one-layer", "只算了一层", "that is one layer", _backward(lambda g, L, kept: g * np.sqrt(kept))),
)  # fmt: skip


def _log(value):
    return np.log(np.maximum(value, 1e-300))


def _near(given, out):
    """Logarithms of the measured norms against the expected ones, beyond what chance allows."""
    layers = np.arange(given["depth"] + 1)[:, None]
    spread = np.sqrt(5 * (layers + 1) / given["width"]) / 2
    allowed = 6 * spread + 2 * spread**2
    if given["activation"] == "tanh":
        allowed = 2 * allowed  # a chance in the states carries over to all later slopes
    gaps = [_log(out[f"{name}_path"]) - _log(out[f"expected_{name}_path"]) for name in ("forward", "backward")]
    return np.stack([np.maximum(np.abs(gap) - allowed, 0.0) for gap in gaps])


def _edge(given, out):
    """The expected backward factor: g a layer, g / sqrt(2) for ReLU; tanh stays below g."""
    level = _log(out["expected_backward"])
    line = given["depth"] * np.log(given["gains"] * np.sqrt(_kept(given["activation"])))
    return np.maximum(level - line, 0.0) if given["activation"] == "tanh" else level - line


CLAIMS = (
    Claim("theory-fits", zh="一次随机抽样的范数与平均场预言相符（对数相差不超过六个标准差）",
          en="one random draw's norms agree with mean-field theory, to six standard deviations of their logarithms",
          residual=_near),
    Claim("edge-of-explosion", zh="梯度每层平均乘 g（线性）或 g/√2（ReLU），tanh 不超过 g：初始的尺度决定消失还是爆炸",
          en="a layer multiplies the gradient by g (linear) or g/sqrt(2) (ReLU), at most g for tanh: "
             "the initial scale decides between vanishing and exploding",
          residual=_edge),
)  # fmt: skip


def figure(given, out, steps):
    """Up to three gains: gradients layer by layer. More: the sweep over the gains."""
    gains = np.asarray(given["gains"])
    kind, names = given["activation"], (("backward", "实测", "measured"), ("expected_backward", "平均场", "mean field"))
    marks = []
    if gains.size > 3:
        order = np.argsort(gains)
        for name, zh, en in names:
            marks.append(Lines(gains[order], np.maximum(out[name], 1e-30)[order], {"zh": zh, "en": en}))
        title = {"zh": f"{given['depth']} 层 {kind} 网络的梯度", "en": f"{given['depth']} {kind} layers: gradients"}
        x = {"zh": "增益 g", "en": "gain g"}
    else:
        for c, gain in enumerate(gains):
            for name, zh, en in names:
                path = np.maximum(steps[f"{name}_path"][:, c], 1e-30)
                label = {"zh": f"g = {gain:.3g} {zh}", "en": f"g = {gain:.3g} {en}"}
                marks.append(Lines(np.arange(len(path)), path, label))
        title = {"zh": f"{kind} 网络：梯度往回走", "en": f"{kind} net: gradients on their way back"}
        x = {"zh": "从顶层往回的层数", "en": "layers back from the top"}
    return Figure(title, tuple(marks), x=x, y={"zh": "梯度范数（相对顶层）", "en": "gradient norm, top = 1"}, log="y")


SOLVER = Solver(
    title={"zh": "初始化时信号与梯度逐层的变化", "en": "signals and gradients through a deep net at initialization"},
    formula=r"\frac{\|\delta_{l-1}\|}{\|\delta_l\|}\approx g\sqrt{E[\phi'(\sqrt{q_l}\,z)^2]},\qquad z\sim N(0,1)",
    params={
        "gains": Param([1.0, 1.4142, 2.0], {"zh": "增益 g：权重的标准差是 g/√n",
                                            "en": "gains g: weights of deviation g/sqrt(n)"}, shape="(C)"),
        "depth": Param(30, {"zh": "层数 L", "en": "layers L"}, kind="int"),
        "width": Param(128, {"zh": "宽度 n", "en": "width n"}, kind="int"),
        "activation": Param("relu", {"zh": "激活函数", "en": "activation"}, kind="choice", choices=KINDS),
    },
    outputs=dict.fromkeys(("forward", "backward", "expected_forward", "expected_backward"), "1"),
    steps={
        "forward_path": {"zh": "信号范数，逐层", "en": "signal norm, layer by layer"},
        "backward_path": {"zh": "梯度范数，往回逐层", "en": "gradient norm, layer by layer back"},
        "expected_forward_path": {"zh": "信号范数的预言", "en": "signal norm, expected"},
        "expected_backward_path": {"zh": "梯度范数的预言", "en": "gradient norm, expected"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="the Jacobian carried forward; scipy.integrate.quad",
    sample=sample,
    variant=variant,
    noise=noise,
    edges=(
        {"gains": [1.0], "depth": 1, "width": 20, "activation": "linear"},
        {"gains": [0.8, 1.0, 1.5, 3.0], "depth": 15, "width": 100, "activation": "tanh"},
        {"gains": [2.0], "depth": 40, "width": 60, "activation": "linear"},
    ),
    tolerance={"float64": 1e-7, "float32": 2e-3},
    smooth=False,
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"gains": [[1.0]]}, "gains must be a list of 1 to 40 numbers"),
        Reject({"gains": [float("nan")]}, "gains must lie between 0.05 and 20"),
        Reject({"depth": 0}, "depth must lie between 1 and 200"),
        Reject({"width": 10**9}, "width must lie between 20 and 512"),
        Reject({"width": 512, "depth": 100}, "depth must keep the weights"),
        Reject({"gains": [1.0] * 40, "width": 200}, "depth must keep gains x depth"),
        Reject({"gains": [20.0], "depth": 60}, "depth must keep the growth"),
        Reject({"activation": "gelu"}, "activation must be one of linear, tanh, relu"),
    ),
    figure=figure,
)  # fmt: skip
