"""A deep ReLU net at initialization: how the gradient grows from layer to layer, with and without batch normalization.

    with      a_l = W_l h_{l-1},   b_l = (a_l - mean) / sqrt(var + eps) over the batch,   h_l = relu(b_l)
    without   a_l = W_l h_{l-1},   h_l = relu(a_l)
    ratio_l = sqrt(sum |grad_{h_l} L|^2 / sum |grad_{h_depth} L|^2) over the batch

W has the deviation ``scale`` sqrt(2 / width): He's at scale 1. The loss is linear in the last layer, with random
coefficients. The scale does not matter with normalization; without it each layer multiplies the gradient by it.
In a wide net and a large batch, some layers away from the input, a layer with normalization multiplies the gradient by
    sqrt(E[relu'(z)^2] / Var[relu(z)]) = sqrt(pi / (pi - 1)) = 1.2112,   z ~ N(0, 1),
on the way back, whatever the scale of the weights; ``theory`` is that to the power ``depth``. The plain net's gradient
is multiplied by ``scale`` a layer in expectation; ``gap`` is theory / scale^depth, one net's growth over the other's.
Outputs: normalized, plain: ratio_0, from the last layer's output back to the input; theory, gap. Paths: from layer 0.
Not batched: the shapes follow from the arguments. No float32: forty layers make a percent of its rounding.
Entry l of a path belongs to h_l.
Errors: BadInput for sizes out of range and nets that need too many multiplications.
Reference: Yang et al. (2019), "A mean field theory of batch normalization"; He et al. (2015), section 2.2.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

EPS = 1e-5
PRODUCTS = 500_000_000
NUMBERS = 4_000_000


def check(depth, width, batch, scale):
    require(1 <= depth <= 60, "depth", "lie between 1 and 60", depth)
    require(2 <= width <= 512, "width", "lie between 2 and 512", width)
    require(4 <= batch <= 1024, "batch", "lie between 4 and 1024", batch)
    require(0.3 <= scale <= 3, "scale", "lie between 0.3 and 3", scale)
    require(depth * width * (width + batch) <= NUMBERS, "depth", f"keep weights and states within {NUMBERS}", depth)
    products = depth * width * width * batch
    require(products <= PRODUCTS, "depth", f"keep depth x width^2 x batch within {PRODUCTS}", products)


def noise(rng, depth, width, batch, scale):
    return {
        "W": rng.normal(size=(depth, width, width)) * (scale * np.sqrt(2 / width)),
        "x": rng.normal(size=(batch, width)),
        "c": rng.normal(size=(batch, width)),
    }


def compute(xp, note, depth, width, batch, scale, W, x, c):
    def length(g):
        return xp.sqrt(xp.sum(g * g))

    ends = {}
    for name, normalize in (("normalized", True), ("plain", False)):
        h, layers = x, []
        for layer in range(depth):
            a = xp.matmul(h, W[layer, ...].T)
            inverse = None
            if normalize:
                a = a - xp.mean(a, axis=0, keepdims=True)
                inverse = 1 / xp.sqrt(xp.mean(a * a, axis=0, keepdims=True) + EPS)
                a = a * inverse
            open_ = xp.where(a > 0, xp.ones_like(a), xp.zeros_like(a))
            h = a * open_
            layers.append((a, open_, inverse))
        g, lengths = c, [length(c)]
        for layer in reversed(range(depth)):
            a, open_, inverse = layers[layer]
            g = g * open_
            if normalize:  # through mean and variance of the batch
                g = g - xp.mean(g, axis=0, keepdims=True) - a * xp.mean(g * a, axis=0, keepdims=True)
                g = g * inverse
            g = xp.matmul(g, W[layer, ...])
            lengths.append(length(g))
        path = xp.stack(lengths[::-1]) / lengths[0]
        note(f"{name}_path", path)
        ends[name] = path[0]
    ideal = xp.zeros_like(ends["plain"]) + (np.pi / (np.pi - 1)) ** (depth / 2)
    return {**ends, "theory": ideal, "gap": ideal / scale**depth}


def oracle(depth, width, batch, scale, W, x, c):
    """Autograd through torch's own layers; the theory's two moments by numerical integration."""
    import torch
    from scipy.integrate import quad

    found = {}
    for name in ("normalized", "plain"):
        start = torch.tensor(x, requires_grad=True)
        h = start
        for weight in torch.tensor(W):
            a = torch.nn.functional.linear(h, weight)
            if name == "normalized":
                a = torch.nn.functional.batch_norm(a, None, None, training=True, eps=EPS)
            h = torch.relu(a)
        (g,) = torch.autograd.grad((h * torch.tensor(c)).sum(), start)
        found[name] = np.asarray(torch.linalg.norm(g) / np.linalg.norm(c))

    def moment(power):
        return quad(lambda z: z**power * np.exp(-z * z / 2) / np.sqrt(2 * np.pi), 0, 12, epsabs=1e-13)[0]

    factor = moment(0) / (moment(2) - moment(1) ** 2)
    theory = np.float64(factor ** (depth / 2))
    return {**found, "theory": theory, "gap": theory * np.exp(-depth * np.log(scale))}


def sample(rng):
    sizes = {"depth": int(rng.integers(1, 6)), "width": int(rng.integers(4, 9)), "batch": int(rng.integers(6, 12))}
    return {**sizes, "scale": float(rng.uniform(0.6, 1.5))}


def variant(rng):
    """Weights a little too small or too large, in hundredths."""
    scale = float(rng.choice([*range(80, 96), *range(105, 116)])) / 100
    return {"depth": int(rng.integers(5, 31)), "width": 16, "batch": 16, "scale": scale}


# ---- What people get wrong about the limit of wide layers.


def _theory(factor):
    """A mistaken growth with normalization, and the gap that follows."""

    def value(depth, scale, **rest):
        wrong = np.float64(factor(depth))
        return {} if depth == 1 and wrong == _growth(1) else {"theory": wrong, "gap": wrong / scale**depth}

    return value


def _growth(depth):
    return np.sqrt(np.pi / (np.pi - 1)) ** depth


def _gap(rule):
    """A mistaken gap, where the weights are not He's."""
    return lambda depth, scale, **rest: {} if scale == 1 else {"gap": np.float64(rule(depth, scale))}


MISTAKES = (
    Mistake("stays-at-one", "以为批标准化让梯度保持 1 倍；它只让前向的尺度保持",
            "takes normalization to hold the gradient at 1; it holds the forward scale",
            _theory(lambda depth: 1.0)),
    Mistake("squared-factor", "π/(π−1) 是长度平方的倍数，长度要开方",
            "pi / (pi - 1) is the factor of the squared length; lengths take its root",
            _theory(lambda depth: (np.pi / (np.pi - 1)) ** depth)),
    Mistake("adds-up", "把各层的增长相加了；它们相乘", "the layers' growths were added; they multiply",
            _theory(lambda depth: 1 + depth * (_growth(1) - 1))),
    Mistake("shrinks", "方向反了：往回传时梯度变大，不是变小", "the wrong way: going back the gradient grows",
            _theory(lambda depth: (np.pi / (np.pi - 1)) ** (-depth / 2))),
    Mistake("one-layer-only", "只算了一层", "a single layer was counted",
            _theory(lambda depth: _growth(1))),
    Mistake("all-units-open", "把所有单元都当成开着：ReLU 只有一半开着，E[relu′²]=1/2",
            "took all units to be on; half of the ReLUs are, E[relu'^2] = 1/2",
            _theory(lambda depth: (2 * np.pi / (np.pi - 1)) ** (depth / 2))),
    Mistake("mean-not-subtracted", "漏了减均值这一项：方差是 1/2−1/(2π)，不是 1/2+1/(2π)",
            "the sign of the mean's square is off: the variance is 1/2 - 1/(2 pi)",
            _theory(lambda depth: (np.pi / (np.pi + 1)) ** (depth / 2))),
    Mistake("scale-reaches-both", "批标准化把权重的尺度约掉了；它只影响不带的那个网络",
            "normalization cancels the scale of the weights; it acts on the plain net alone",
            _gap(lambda depth, scale: _growth(depth))),
    Mistake("scale-counted-twice", "尺度只在不带的网络里起作用，而且在分母上",
            "the scale acts in the plain net alone, which stands in the denominator",
            _gap(lambda depth, scale: _growth(depth) * scale**depth)),
    Mistake("scale-for-one-layer", "每层都乘一次尺度，不是一共一次", "every layer multiplies by the scale, not one",
            _gap(lambda depth, scale: _growth(depth) / scale if depth > 1 else _growth(1) * scale)),
)  # fmt: skip


# ---- Claims.


def _wide(given):
    """Large enough for the limit: the fluctuations of width and batch stay small over all layers."""
    return given["width"] >= 48 and given["batch"] >= 64 and given["depth"] >= 40


def _grows(given, out):
    """The mean growth a layer, with normalization: within 3 % of 1.2112. The last layer is left out."""
    if not _wide(given):
        return 0.0
    path = out["normalized_path"]
    growth = (path[0] / path[-2]) ** (1 / (len(path) - 2))
    return np.maximum(np.abs(growth / _growth(1) - 1) - 0.03, 0.0)


def _level(given, out):
    """The plain net's mean growth a layer: within 5 % of the scale."""
    if not _wide(given):
        return 0.0
    return np.maximum(np.abs(out["plain"] ** (1 / given["depth"]) / given["scale"] - 1) - 0.05, 0.0)


def _scale_free(given, out):
    """All W halved (eps quartered): with normalization the gradients stay, without they fall by 2^(layers above)."""
    half = given["W"] / 2
    with_, without = (_path(half, given["x"], given["c"], eps) for eps in (EPS / 4, None))
    shrunk = out["plain_path"] / 2.0 ** np.arange(given["depth"], -1, -1)
    return np.stack([with_ / out["normalized_path"] - 1, without / np.maximum(shrunk, 1e-300) - 1])


def _path(W, x, c, eps):
    """Relative lengths of the gradients once more, layer by layer; without normalization where eps is None."""
    h, layers = x, []
    for weight in W:
        a = h @ weight.T
        spread = 1.0 if eps is None else np.sqrt(a.var(axis=0) + eps)
        if eps is not None:
            a = (a - a.mean(axis=0)) / spread
        h = np.maximum(a, 0)
        layers.append((a, spread))
    path = [c]
    for weight, (a, spread) in zip(W[::-1], layers[::-1], strict=True):
        g = path[-1] * (a > 0)
        if eps is not None:
            g = (g - g.mean(axis=0) - a * (g * a).mean(axis=0)) / spread
        path.append(g @ weight)
    lengths = np.sqrt(np.sum(np.square(path[::-1]), axis=(1, 2)))
    return lengths / lengths[-1]


CLAIMS = (
    Claim("grows-by-a-fifth",
          zh="宽 ≥ 48、批 ≥ 64、深 ≥ 40 时，带批标准化的 ReLU 网络每往回一层梯度平均乘 1.21（±3%）",
          en="width >= 48, batch >= 64, depth >= 40: with normalization gradients grow by 1.21 a layer (within 3 %)",
          residual=_grows),
    Claim("plain-stays-level", zh="同样的网络去掉批标准化，每层平均乘 scale（±5%）：He 初始化时为 1",
          en="the same net without it multiplies the gradient by scale a layer (within 5 %), by 1 with He's variance",
          residual=_level),
    Claim("scale-free",
          zh="权重减半（ε 除以 4）：不带批标准化，传到输入的梯度缩到 2^(−层数)；带的不变，不会因权重小而消失",
          en="weights halved (eps quartered): without normalization the gradient at the input falls by 2^depth, "
             "with it nothing changes: small weights do not make it vanish",
          residual=_scale_free),
)  # fmt: skip


def figure(given, out, steps):
    layers = np.arange(given["depth"] + 1)
    ideal = _growth(given["depth"] - layers)
    return Figure(
        title={"zh": "初始化时各层的梯度（最后一层为 1）", "en": "gradient by layer at initialization (1 at the last)"},
        marks=(
            Lines(layers, steps["normalized_path"], {"zh": "ReLU + 批标准化", "en": "ReLU + batch normalization"}),
            Lines(layers, steps["plain_path"], {"zh": "ReLU，不带", "en": "ReLU alone"}),
            Lines(layers, ideal, {"zh": "1.21 的幂", "en": "powers of 1.21"}),
        ),
        x={"zh": "层", "en": "layer"},
        y={"zh": "梯度长度", "en": "length of the gradient"},
        log="y",
    )


SOLVER = Solver(
    title={"zh": "深层 ReLU 网络初始化时的梯度：批标准化的作用",
           "en": "gradients of a deep ReLU net at initialization, with batch normalization"},
    formula=r"\frac{\|\nabla_{h_{l-1}}L\|}{\|\nabla_{h_l}L\|}\to\sqrt{\frac{\pi}{\pi-1}}\approx 1.21",
    params={
        "depth": Param(40, {"zh": "层数", "en": "layers"}, kind="int"),
        "width": Param(64, {"zh": "每层的单元数", "en": "units a layer"}, kind="int"),
        "batch": Param(128, {"zh": "批大小", "en": "examples in the batch"}, kind="int"),
        "scale": Param(1.0, {"zh": "权重的标准差是 He 的多少倍", "en": "deviation of the weights over He's"},
                       kind="float"),
    },
    outputs={"normalized": "1", "plain": "1", "theory": "1", "gap": "1"},
    steps={
        "normalized_path": {"zh": "带批标准化：各层梯度", "en": "with normalization, layer by layer"},
        "plain_path": {"zh": "不带：各层梯度", "en": "without, layer by layer"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.autograd through torch.nn.functional.batch_norm",
    sample=sample,
    variant=variant,
    noise=noise,
    edges=({"depth": 1, "width": 2, "batch": 4}, {"depth": 40, "width": 48, "batch": 64, "scale": 0.7}),
    tolerance={"float64": 1e-9},
    smooth=False,  # the count of open units jumps
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"depth": 0}, "depth must lie between 1 and 60"),
        Reject({"width": 1}, "width must lie between 2 and 512"),
        Reject({"batch": 3}, "batch must lie between 4 and 1024"),
        Reject({"scale": 0}, "scale must lie between 0.3 and 3"),
        Reject({"depth": 60, "width": 512}, "depth must keep weights and states within 4000000"),
        Reject({"depth": 30, "width": 200, "batch": 450}, "depth must keep depth x width^2 x batch within 500000000"),
    ),
    figure=figure,
)  # fmt: skip
