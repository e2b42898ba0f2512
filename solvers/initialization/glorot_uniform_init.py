"""Glorot's normalized initialization  W ~ U(-a, a), a = sqrt(6 / (m + n)), and what it does to a deep linear net.

The net's widths alternate m, n, m, …: layer 1 has m inputs and n outputs, layer 2 the other way round, all with the
variance 2 / (m + n). A ``gain`` other than 1 scales every weight.
Second moments are means of squares over units and inputs, relative to those of the data (forward) and of the gradient
at the top (backward): entry l - 1 is that after passing l layers.
Shapes: variance, bound and factors are single numbers; forward, backward, forward_error, backward_error (layers,).
Not batched: the shapes of the drawn weights follow from the arguments.
Statistics: a layer multiplies the second moment by its fan-in times Var W *on average over the weights*. Given what
enters the layer, that factor's relative variance is at most 2 / (units r), r = (tr K)^2 / tr K^2, with K the Gram
matrix of the entering rows (equal to it for normal weights; uniform ones vary less). The claims allow ten such
standard errors: Laurent and Massart's tail bound puts an upward miss below 1 in 500,000 a layer even for 16 units.
Errors: BadInput for widths outside 16 … 2048, too many layers, inputs or weights, a gain that leaves 1e-12 … 1e12.
Reference: Glorot & Bengio (2010), eqs. 10-16; Goodfellow et al. (2016), section 8.4, eq. 8.23.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

WEIGHTS = 4_000_000
PRODUCTS = 2_000_000_000
SIGMAS = 10.0
ODDS = 1e-9


def check(fan_in, fan_out, layers, inputs, gain):
    for name, width in (("fan_in", fan_in), ("fan_out", fan_out)):
        require(16 <= width <= 2048, name, "lie between 16 and 2048", width)
    require(1 <= layers <= 200, "layers", "lie between 1 and 200", layers)
    require(1 <= inputs <= 1024, "inputs", "lie between 1 and 1024", inputs)
    weights = layers * fan_in * fan_out
    require(weights <= WEIGHTS, "layers", f"keep the weights within {WEIGHTS}", weights)
    require(weights * inputs <= PRODUCTS, "inputs", f"keep weights times inputs within {PRODUCTS}", weights * inputs)
    require(1e-3 <= gain <= 1e3, "gain", "lie between 0.001 and 1000", gain)
    reach = layers * abs(np.log10(gain**2)) + layers * abs(np.log10(2 * min(fan_in, fan_out) / (fan_in + fan_out)))
    require(reach <= 12, "gain", "keep the signal within 1e-12 and 1e12 (or take fewer layers)", gain)


def noise(rng, fan_in, fan_out, layers, inputs, gain):
    """Weights on (-1, 1), fan_in by fan_out for every layer (even ones are used transposed); data, top gradients."""
    top = fan_in if layers % 2 == 0 else fan_out
    return {
        "u": rng.uniform(-1.0, 1.0, size=(layers, fan_in, fan_out)),
        "x": rng.normal(size=(inputs, fan_in)),
        "delta": rng.normal(size=(inputs, top)),
    }


def compute(xp, note, fan_in, fan_out, layers, inputs, gain, u, x, delta):
    one = xp.ones_like(u[0, 0, 0])
    variance = one * (gain**2 * 2 / (fan_in + fan_out))
    bound = xp.sqrt(3 * variance)
    weights = bound * u

    def layer(index):
        drawn = weights[index, :, :]
        return drawn if index % 2 == 0 else xp.matrix_transpose(drawn)

    def pass_through(rows, matrices):
        """Second moments after each matrix, relative to the start; the standard error of each factor."""
        first = xp.mean(rows * rows)
        moments, errors = [], []
        for matrix in matrices:
            gram = xp.matmul(rows, xp.matrix_transpose(rows))
            energy = xp.sum(rows * rows)
            errors.append(xp.sqrt(2 * xp.sum((gram / energy) ** 2) / matrix.shape[1]))
            rows = xp.matmul(rows, matrix)
            moments.append(xp.mean(rows * rows) / first)
        return xp.stack(moments), xp.stack(errors)

    forward, forward_error = pass_through(x, [layer(i) for i in range(layers)])
    backward, backward_error = pass_through(delta, [xp.matrix_transpose(layer(i)) for i in reversed(range(layers))])
    note("forward_error", forward_error)
    note("backward_error", backward_error)
    note("deviation", xp.sqrt(variance))
    note("there_and_back", fan_in * variance * fan_out * variance)
    return {
        "bound": bound,
        "variance": variance,
        "sample_variance": xp.mean(weights * weights),
        "forward_factor": fan_in * variance,
        "backward_factor": fan_out * variance,
        "forward": forward,
        "backward": backward,
    }


def oracle(fan_in, fan_out, layers, inputs, gain, u, x, delta):
    """The variance as one over the mean fan, the bound from scipy; second moments as traces of whole products."""
    from scipy.stats import uniform

    variance = gain**2 / np.mean([fan_in, fan_out])
    unit = uniform(-1, 2)
    bound = np.sqrt(variance) / unit.std()
    chain = [np.einsum("ij->ji", bound * drawn) if place % 2 else bound * drawn for place, drawn in enumerate(u)]

    def traces(start, links):
        covariance, product, found = start.T @ start / len(start), np.eye(start.shape[1]), []
        for link in links:
            product = product @ link
            found.append(np.einsum("ij,ik,kj->", product, covariance, product, optimize=True) / link.shape[1])
        return np.array(found) / (np.trace(covariance) / start.shape[1])

    return {
        "bound": bound,
        "variance": variance,
        "sample_variance": bound**2 * np.sum(np.square(u)) / u.size,
        "forward_factor": variance * fan_in,
        "backward_factor": variance * fan_out,
        "forward": traces(x, chain),
        "backward": traces(delta, [link.T for link in chain[::-1]]),
    }


def sample(rng):
    return {
        "fan_in": int(rng.integers(16, 65)),
        "fan_out": int(rng.integers(16, 65)),
        "layers": int(rng.integers(1, 7)),
        "inputs": int(rng.integers(1, 20)),
        "gain": float(rng.choice([0.5, 1.0, 1.0, 1.5])),
    }


def variant(rng):
    """Two layers between widths that networks have, apart by a half or more: equal ones hide the mistakes."""
    widths = [*range(16, 97, 8), *range(100, 401, 20), 128, 150, 250, 256, 350, 384, 450, 512, 784]
    fan_in = fan_out = 1
    while 3 * min(fan_in, fan_out) > 2 * max(fan_in, fan_out):
        fan_in, fan_out = (int(width) for width in rng.choice(widths, 2))
    return {"fan_in": fan_in, "fan_out": fan_out, "layers": 2, "inputs": 4}


def _with_variance(rule, bound=lambda variance: np.sqrt(3 * variance)):
    """A mistake: another variance, and the bound and factors that follow from it."""

    def value(fan_in, fan_out, layers, inputs, gain, u, x, delta):
        wrong = gain**2 * rule(fan_in, fan_out)
        out = {
            "variance": wrong,
            "bound": bound(wrong),
            "forward_factor": fan_in * wrong,
            "backward_factor": fan_out * wrong,
            "deviation": np.sqrt(wrong),
            "there_and_back": fan_in * fan_out * wrong**2,
        }
        right = gain**2 * 2 / (fan_in + fan_out)
        return {} if np.isclose(wrong, right, rtol=1e-9) else out

    return value


def _only(name, rule):
    """A mistake in one number."""

    def value(fan_in, fan_out, layers, inputs, gain, u, x, delta):
        return {name: rule(fan_in, fan_out, gain)}

    return value


def _fans_swapped(fan_in, fan_out, layers, inputs, gain, u, x, delta):
    variance = gain**2 * 2 / (fan_in + fan_out)
    if fan_in == fan_out:
        return {}
    return {"forward_factor": fan_out * variance, "backward_factor": fan_in * variance}


MISTAKES = (
    Mistake("fan-in-only", "1/m 只看输入（LeCun 的规则），反向的方差会变",
            "1/m looks at the inputs only (LeCun's rule): the backward variance drifts",
            _with_variance(lambda m, n: 1 / m)),
    Mistake("fan-out-only", "1/n 只看输出，前向的方差会变",
            "1/n looks at the outputs only: the forward variance drifts", _with_variance(lambda m, n: 1 / n)),
    Mistake("he", "2/m 是为 ReLU 设计的 He 初始化", "2/m is He's rule, for ReLU", _with_variance(lambda m, n: 2 / m)),
    Mistake("one-over-root-m", "U(−1/√m, 1/√m) 的方差是 1/(3m)，不是 1/m",
            "U(-1/sqrt(m), 1/sqrt(m)) has the variance 1/(3m), not 1/m", _with_variance(lambda m, n: 1 / (3 * m))),
    Mistake("sum-not-mean", "除以了 m+n 而不是它们的平均", "divided by m + n, not by their mean",
            _with_variance(lambda m, n: 1 / (m + n))),
    Mistake("deviation-as-bound", "把标准差当成了界：均匀分布的界是 √3 倍标准差",
            "the standard deviation was taken for the bound; a uniform law reaches sqrt(3) times as far",
            _only("bound", lambda m, n, gain: gain * np.sqrt(2 / (m + n)))),
    Mistake("bound-squared", "方差写成了 a²：U(−a, a) 的方差是 a²/3", "a^2 was taken for the variance, a^2/3",
            _only("variance", lambda m, n, gain: gain**2 * 6 / (m + n))),
    Mistake("width-not-doubled", "用了 a²/12：区间宽是 2a，方差 (2a)²/12",
            "a^2/12 was used: the interval is 2a wide, so the variance is (2a)^2/12",
            _only("variance", lambda m, n, gain: gain**2 / (2 * (m + n)))),
    Mistake("no-root", "忘了开方", "the root was forgotten", _only("bound", lambda m, n, gain: gain**2 * 6 / (m + n))),
    Mistake("fans-swapped", "扇入扇出用反了：前向乘输入数，反向乘输出数",
            "the fans were exchanged: forward counts the inputs, backward the outputs", _fans_swapped),
    Mistake("always-one", "只有 m = n 时因子才是 1", "the factor is 1 only where m = n",
            lambda **given: {} if given["fan_in"] == given["fan_out"] else {"forward_factor": given["gain"] ** 2,
                                                                           "backward_factor": given["gain"] ** 2,
                                                                           "there_and_back": given["gain"] ** 4}),
)  # fmt: skip


def _third(given, out):
    return (out["bound"] ** 2 / 3 - out["variance"]) / out["variance"]


def _measured_variance(given, out):
    """Hoeffding: the mean of N squares in [0, a^2] is off by t a^2 with odds 2 exp(-2 N t^2) at most."""
    allowed = 3 * np.sqrt(np.log(2 / ODDS) / (2 * given["u"].size))
    return np.maximum(np.abs(out["sample_variance"] / out["variance"] - 1) - allowed, 0.0)


def _harmonic(given, out):
    """m Var + n Var = 2 gain^2, so both can be one only where m = n."""
    return (out["forward_factor"] + out["backward_factor"]) / given["gain"] ** 2 - 2


def _factors(name, fans):
    """How far each layer's factor is from fan times variance, beyond ten standard errors."""

    def residual(given, out):
        moments = np.concatenate([[1.0], np.ravel(out[name])])
        fan = np.array([fans(given)[i % 2] for i in range(given["layers"])])
        ratio = moments[1:] / moments[:-1] / (fan * out["variance"])
        return np.maximum(np.abs(ratio - 1) - SIGMAS * out[f"{name}_error"], 0.0)

    return residual


def _forward_fans(given):
    return given["fan_in"], given["fan_out"]


def _backward_fans(given):
    """From the top: the last layer's outputs first."""
    return (given["fan_out"], given["fan_in"]) if given["layers"] % 2 else (given["fan_in"], given["fan_out"])


CLAIMS = (
    Claim("uniform-third", zh="U(−a, a) 的方差是 a²/3，所以 a = √(6/(m+n)) 给出 2/(m+n)",
          en="U(-a, a) has the variance a^2/3: a = sqrt(6/(m+n)) gives 2/(m+n)", residual=_third),
    Claim("drawn-variance", zh="抽到的权重的均方与 2/(m+n) 之差在 Hoeffding 界内（越界概率 ≤ 10⁻⁹）",
          en="the drawn weights' mean square is within Hoeffding's bound of 2/(m+n) (odds of a miss: 1e-9)",
          residual=_measured_variance),
    Claim("compromise", zh="m·Var W + n·Var W = 2：两个方向只有在 m = n 时才能都不变（增益 1）",
          en="m Var W + n Var W = 2: both directions are kept only where m = n (gain 1)", residual=_harmonic),
    Claim("forward-factor", zh="每层把前向二阶矩乘以 扇入·Var W，误差不超过 10 个标准误",
          en="each layer multiplies the forward second moment by fan-in times Var W, within 10 standard errors",
          residual=_factors("forward", _forward_fans)),
    Claim("backward-factor", zh="每层把反向二阶矩乘以 扇出·Var W，误差不超过 10 个标准误",
          en="each layer multiplies the backward second moment by fan-out times Var W, within 10 standard errors",
          residual=_factors("backward", _backward_fans)),
)  # fmt: skip


def figure(given, out, steps):
    layers = np.arange(given["layers"] + 1)

    def expected(fans):
        factors = [fans(given)[i % 2] * float(out["variance"]) for i in range(given["layers"])]
        return np.concatenate([[1.0], np.cumprod(factors)])

    def measured(name):
        return np.concatenate([[1.0], np.ravel(out[name])])

    return Figure(
        title={"zh": "二阶矩逐层的变化", "en": "second moments through the layers"},
        marks=(
            Lines(layers, measured("forward"), {"zh": "前向（信号）", "en": "forward (signal)"}),
            Lines(layers, measured("backward"), {"zh": "反向（梯度）", "en": "backward (gradient)"}),
            Lines(layers, expected(_forward_fans), {"zh": "前向的期望", "en": "forward, expected"}),
            Lines(layers, expected(_backward_fans), {"zh": "反向的期望", "en": "backward, expected"}),
        ),
        x={"zh": "经过的层数", "en": "layers passed"},
        y={"zh": "相对的二阶矩", "en": "relative second moment"},
        log="y",
    )


SOLVER = Solver(
    title={"zh": "Glorot 均匀初始化", "en": "Glorot uniform initialization"},
    formula=r"W_{ij}\sim U\left(-\sqrt{\frac{6}{m+n}},\ \sqrt{\frac{6}{m+n}}\right)",
    params={
        "fan_in": Param(256, {"zh": "输入数 m", "en": "inputs m"}, kind="int"),
        "fan_out": Param(128, {"zh": "输出数 n", "en": "outputs n"}, kind="int"),
        "layers": Param(12, {"zh": "层数，宽度 m、n 交替", "en": "layers, widths m and n in turn"}, kind="int"),
        "inputs": Param(64, {"zh": "送入的样本数", "en": "examples sent through"}, kind="int"),
        "gain": Param(1.0, {"zh": "增益：再乘到权重上", "en": "gain, a factor on the weights"}, kind="float"),
    },
    outputs={
        "bound": "1",
        "variance": "1",
        "sample_variance": "1",
        "forward_factor": "1",
        "backward_factor": "1",
        "forward": "1",
        "backward": "1",
    },
    steps={
        "forward_error": {"zh": "前向因子的标准误", "en": "standard error, forward"},
        "backward_error": {"zh": "反向因子的标准误", "en": "standard error, backward"},
        "deviation": {"zh": "权重的标准差", "en": "standard deviation of the weights"},
        "there_and_back": {"zh": "去程与回程的因子", "en": "factor there and back"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="1/mean fan; scipy.stats.uniform; traces of whole products",
    sample=sample,
    variant=variant,
    edges=(
        {"fan_in": 16, "fan_out": 16, "layers": 1, "inputs": 1},
        {"fan_in": 16, "fan_out": 300, "layers": 4, "inputs": 2},
        {"fan_in": 40, "fan_out": 40, "layers": 20, "inputs": 8, "gain": 0.6},
        {"fan_in": 40, "fan_out": 40, "layers": 20, "inputs": 8, "gain": 1.6},
    ),
    noise=noise,
    tolerance={"float64": 1e-9, "float32": 1e-3},
    smooth=False,  # the bound and the factors depend on whole numbers only
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"fan_in": 8}, "fan_in must lie between 16 and 2048"),
        Reject({"fan_out": 10**9}, "fan_out must lie between 16 and 2048"),
        Reject({"layers": 0}, "layers must lie between 1 and 200"),
        Reject({"fan_in": 2048, "fan_out": 2048}, "layers must keep the weights within"),
        Reject({"inputs": 0}, "inputs must lie between 1 and 1024"),
        Reject({"gain": float("nan")}, "gain must lie between 0.001 and 1000"),
        Reject({"gain": 10.0}, "gain must keep the signal within"),
    ),
    figure=figure,
)
