"""How a gradient grows on its way back through T steps  h_t = phi(g W_t h_{t-1}): the product of the steps' Jacobians.

    d h_T / d h_{T-k} = prod_{t=T-k+1..T} diag(phi'(a_t)) g W_t,      a_t = g W_t h_{t-1}

for phi = identity, tanh and ReLU, on the same weights. W_t has independent normal entries of variance 1/n: one matrix
for all steps (``same``, a recurrent net) or a new one each (``fresh``, a deep net).
Shapes: gains (C,) -> linear, tanh, relu (C,): the spectral norm of the product over all steps, the largest factor by
which a gradient can grow; geometric mean over the draws. Entry k of a path is that of the last k steps, (T+1, C).
Not batched: the weights' shape follows from the arguments. No float32: tanh states are chaotic at large gains.
Errors: BadInput for sizes out of range, a gain that is not positive, a growth beyond 1e20, too many multiplications.
Reference: Goodfellow et al. (2016), 8.2.5 and 10.7; Pascanu, Mikolov & Bengio (2013), section 2; Le et al. (2015).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

PRODUCTS = 1_000_000_000
NUMBERS = 4_000_000
DECADES = 20
KINDS = ("linear", "tanh", "relu")


def check(gains, width, steps, draws, weights):
    require(gains.ndim == 1 and 1 <= gains.size <= 40, "gains", "be a list of 1 to 40 numbers", gains.shape)
    require(np.all((gains >= 0.05) & (gains <= 50)), "gains", "lie between 0.05 and 50", gains)
    require(2 <= width <= 256, "width", "lie between 2 and 256", width)
    require(1 <= steps <= 200, "steps", "lie between 1 and 200", steps)
    require(1 <= draws <= 101, "draws", "lie between 1 and 101", draws)
    drawn = draws * width**2 * (steps if weights == "fresh" else 1)
    require(drawn <= NUMBERS, "draws", f"keep the weights drawn within {NUMBERS}", drawn)
    products = gains.size * draws * steps * width**3
    require(products <= PRODUCTS, "draws", f"keep gains x draws x steps x width^3 within {PRODUCTS}", products)
    reach = steps * np.max(np.abs(np.log10(gains)))
    require(reach <= DECADES, "steps", f"keep gain^steps within 1e-{DECADES} and 1e{DECADES}", steps)


def noise(rng, gains, width, steps, draws, weights):
    count = steps if weights == "fresh" else 1
    return {
        "W": rng.normal(size=(draws, count, width, width)) / np.sqrt(width),
        "h0": rng.normal(size=(draws, width)),
    }


def compute(xp, note, gains, width, steps, draws, weights, W, h0):
    gain = gains[:, None, None]
    count = W.shape[1]
    ends = {}
    for kind in KINDS:
        h = xp.zeros_like(gain) + h0[None, ...]
        slopes = []
        for t in range(steps):
            a = gain * xp.matmul(W[:, t % count, ...], h[..., None])[..., 0]
            if kind == "tanh":
                h = xp.tanh(a)
                slope = 1 - h * h
            else:
                on = (a > 0) | (kind == "linear")
                h, slope = xp.where(on, a, 0.0), xp.where(on, xp.ones_like(a), 0.0)
            slopes.append(slope)
        eye = xp.eye(width, dtype=h.dtype, device=h.device)
        product = xp.zeros_like(h)[..., None] + eye
        path = []
        for back in range(steps + 1):
            if back:
                t = steps - back
                step = slopes[t][..., None] * W[:, t % count, ...]
                product = xp.matmul(product, step) * gain[..., None]
            norms = xp.linalg.svdvals(product)[..., 0]
            path.append(xp.exp(xp.mean(xp.log(norms), axis=-1)))
        note(f"{kind}_path", xp.stack(path))
        note(f"{kind}_draws", norms)
        ends[kind] = path[-1]
    return ends


def oracle(gains, width, steps, draws, weights, W, h0):
    """One draw at a time, tangents carried forward; the linear recurrent net by the eigenvalues of W."""
    ends = {kind: np.zeros((gains.size, draws)) for kind in KINDS}
    for d in range(draws):
        links = [W[d, t if weights == "fresh" else 0] for t in range(steps)]
        if weights == "same":
            values, vectors = np.linalg.eig(links[0])
            plain = np.real(vectors @ np.diag(values**steps) @ np.linalg.inv(vectors))
        else:
            plain = np.linalg.multi_dot(links[::-1]) if steps > 1 else links[0]
        for c, gain in enumerate(gains):
            ends["linear"][c, d] = gain**steps * np.linalg.norm(plain, 2)
            for kind in ("tanh", "relu"):
                state, tangents = h0[d], np.identity(width)
                for link in links:
                    state, tangents = gain * (link @ state), gain * (link @ tangents)
                    if kind == "tanh":
                        tangents = tangents / np.cosh(state)[:, None] ** 2
                        state = np.tanh(state)
                    else:
                        tangents[state <= 0] = 0.0
                        state = np.clip(state, 0.0, None)
                ends[kind][c, d] = np.linalg.norm(tangents, 2)
    return {kind: np.prod(found ** (1 / draws), axis=1) for kind, found in ends.items()}


def sample(rng):
    return {
        "gains": rng.uniform(0.4, 2.5, size=int(rng.integers(1, 4))),
        "width": int(rng.integers(6, 20)),
        "steps": int(rng.integers(1, 12)),
        "draws": int(rng.integers(1, 4)),
        "weights": str(rng.choice(["same", "fresh"])),
    }


def variant(rng):
    return {
        "gains": [float(rng.choice([0.5, 0.8, 0.9, 1.1, 1.2, 1.5, 2.0]))],
        "width": int(rng.integers(8, 25)),
        "steps": int(rng.integers(3, 20)),
        "draws": 1,
        "weights": str(rng.choice(["same", "fresh"])),
    }


# ---- Claims. Norms are compared by their logarithms: they span many decades.


def _log(value):
    return np.log(np.maximum(value, 1e-300))


def _homogeneous(given, out):
    """A path over gain^k is the same for every gain: those of the first gain are the yardstick."""
    k = np.arange(given["steps"] + 1)[:, None]
    parts = []
    for kind in ("linear", "relu"):
        level = _log(out[f"{kind}_path"]) - k * np.log(given["gains"])
        alive = out[f"{kind}_path"] > 1e-200
        parts.append(np.where(alive & alive[:, :1], level - level[:, :1], 0.0))
    return np.concatenate(parts)


def _bounded(given, out):
    """By how much the logarithm of any product exceeds that of the product of the spectral norms."""
    logs = _log(np.linalg.norm(given["W"], 2, axis=(-2, -1)))
    total = np.sum(logs, axis=-1) if given["weights"] == "fresh" else given["steps"] * logs[:, 0]
    bound = total + given["steps"] * np.log(given["gains"])[:, None]
    return np.stack([np.maximum(_log(out[f"{kind}_draws"]) - bound, 0.0) for kind in KINDS])


def _eigenvalues(given, out):
    """|W^T| lies between rho^T and cond(V) rho^T: how far outside, in logarithms."""
    if given["weights"] == "fresh":
        return 0.0
    values, vectors = np.linalg.eig(given["W"][:, 0])
    rho = given["steps"] * _log(np.max(np.abs(values), axis=-1))
    level = _log(out["linear_draws"]) - given["steps"] * np.log(given["gains"])[:, None]
    above = level - rho - _log(np.linalg.cond(vectors))
    return np.maximum(np.maximum(rho - level, above), 0.0)


def _scale_decides(given, out):
    """In decades, what is missing to a hundredfold difference; judged in wide, deep nets of fresh weights only."""
    if given["weights"] == "same" or given["width"] < 48 or given["steps"] < 50:
        return 0.0
    ahead = (_log(out["relu"]) - _log(out["tanh"])) / np.log(10)
    missing = np.where(given["gains"] >= 2, 2 - ahead, np.where(given["gains"] <= 1.2, ahead + 2, 0.0))
    return np.maximum(missing, 0.0)


CLAIMS = (
    Claim("weight-scale-decides",
          zh="权重乘 c，线性网络与 ReLU 网络 k 步的雅可比乘积恰好乘 c^k：ReLU 不设上限",
          en="weights times c multiply the k-step product of a linear or a ReLU net by exactly c^k: ReLU sets no bound",
          residual=_homogeneous),
    Claim("norm-below-one-cannot-explode",
          zh="三种激活的乘积都不超过各步 ‖gW‖ 之积：‖gW‖ < 1 时不可能爆炸",
          en="with each of the three the product is at most that of the norms |g W|: below 1, nothing explodes",
          residual=_bounded),
    Claim("eigenvalue-power",
          zh="权重共用且线性时 W^T = V diag(λ)^T V⁻¹，范数在 ρ^T 与 cond(V)·ρ^T 之间",
          en="linear with one W: W^T = V diag(lambda)^T V^-1, whose norm lies between rho^T and cond(V) rho^T",
          residual=_eigenvalues),
    Claim("relu-against-tanh",
          zh="各层权重独立、宽 48 与 50 层以上：增益 ≥ 2 时 ReLU 是 tanh 的百倍以上，≤ 1.2 时不到百分之一",
          en="fresh weights, width 48 and 50 steps or more: ReLU is over 100 times tanh at gains of 2 or more, "
             "under a hundredth at 1.2 or less",
          residual=_scale_decides),
)  # fmt: skip


def _always(kinds, rule):
    return lambda gains, width, steps, draws, weights, W, h0: {kind: rule(gains, steps) for kind in kinds}


MISTAKES = (
    Mistake("slope-one-means-no-growth", "只看了激活函数的斜率不超过 1；每一步还要乘权重",
            "looks at the activation's slope of at most 1 alone; every step multiplies by the weights too",
            _always(("tanh", "relu"), lambda gains, steps: np.ones_like(gains))),
    Mistake("printed-000-e007", "照“ReLU 能解决梯度爆炸”的说法，乘积应当不超过 1；它随权重的尺度无限增长",
            "were ReLU a remedy, its product would stay at 1 or below; it grows with the weights' scale without bound",
            lambda gains, width, steps, draws, weights, W, h0: {
                "relu": np.minimum(_relu_norm(gains, steps, weights, W, h0), 1.0)}),
    Mistake("adds-up", "把每步的增长相加了；雅可比是相乘的", "the steps' growths were added; Jacobians multiply",
            _always(("linear",), lambda gains, steps: gains * steps)),
    Mistake("relu-taken-for-linear", "ReLU 大约有一半单元关着，每步的方均增长只有线性的一半",
            "about half of the ReLUs are off: a step's mean-square growth is half the linear one",
            _always(("relu",), lambda gains, steps: gains**steps)),
)  # fmt: skip


def _relu_norm(gains, steps, weights, W, h0):
    """The right number for ReLU: at gain 1, then scaled (see the first claim)."""
    found = []
    for start, drawn in zip(h0, W, strict=True):
        h, product = start, np.eye(len(start))
        for t in range(steps):
            a = drawn[t % len(drawn)] @ h
            h, product = np.maximum(a, 0.0), (a > 0)[:, None] * (drawn[t % len(drawn)] @ product)
        found.append(_log(np.linalg.norm(product, 2)))
    return np.exp(np.mean(found) + steps * np.log(gains))


NAMES = {"linear": ("线性", "linear"), "tanh": ("tanh", "tanh"), "relu": ("ReLU", "ReLU")}


def figure(given, out, steps):
    """Up to three gains: norms step by step. More: the sweep over the gains."""
    gains = np.asarray(given["gains"])
    marks = []
    if gains.size > 3:
        order = np.argsort(gains)
        for kind, (zh, en) in NAMES.items():
            marks.append(Lines(gains[order], np.maximum(out[kind], 1e-30)[order], {"zh": zh, "en": en}))
        title = {"zh": f"{given['steps']} 步雅可比乘积的范数随增益的变化",
                 "en": f"norm of {given['steps']} steps' Jacobian product over the gain"}  # fmt: skip
        x = {"zh": "增益 g", "en": "gain g"}
    else:
        for c, gain in enumerate(gains):
            for kind, (zh, en) in NAMES.items():
                path = np.maximum(steps[f"{kind}_path"][:, c], 1e-30)
                label = {"zh": f"{zh}，g = {gain:.3g}", "en": f"{en}, g = {gain:.3g}"}
                marks.append(Lines(np.arange(len(path)), path, label))
        title = {"zh": "梯度往回走的放大倍数", "en": "growth of a gradient on its way back"}
        x = {"zh": "往回走的步数", "en": "steps back"}
    return Figure(title, tuple(marks), x=x, y={"zh": "谱范数", "en": "spectral norm"}, log="y")


SOLVER = Solver(
    title={"zh": "雅可比乘积：梯度穿过时间与深度", "en": "Jacobian products: gradients through time and depth"},
    formula=r"\frac{\partial h_T}{\partial h_0}=\prod_{t=1}^{T}\mathrm{diag}(\phi'(a_t))\,gW_t",
    params={
        "gains": Param([0.9, 2.0], {"zh": "增益 g：权重的标准差是 g/√n",
                                    "en": "gains g: weights of deviation g/sqrt(n)"}, shape="(C)"),
        "width": Param(64, {"zh": "宽度 n", "en": "width n"}, kind="int"),
        "steps": Param(50, {"zh": "步数（层数）T", "en": "steps (layers) T"}, kind="int"),
        "draws": Param(3, {"zh": "抽几次权重", "en": "draws of the weights"}, kind="int"),
        "weights": Param("same", {"zh": "各步共用一个 W（循环网络），还是每步新的（深层网络）",
                                  "en": "one W for all steps (recurrent) or fresh ones (deep)"},
                         kind="choice", choices=("same", "fresh")),
    },
    outputs=dict.fromkeys(KINDS, "1"),
    steps={
        **{f"{kind}_path": {"zh": f"{NAMES[kind][0]}：最后 k 步的谱范数",
                            "en": f"{NAMES[kind][1]}: spectral norm of the last k steps"} for kind in KINDS},
        **{f"{kind}_draws": {"zh": f"{NAMES[kind][0]}：各次抽样", "en": f"{NAMES[kind][1]}: the draws one by one"}
           for kind in KINDS},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="eigenvalues of W; tangents carried forward",
    sample=sample,
    variant=variant,
    noise=noise,
    edges=(
        {"gains": [1.0], "width": 2, "steps": 1, "draws": 1},
        {"gains": [0.5, 2.0], "width": 64, "steps": 50, "draws": 2, "weights": "fresh"},
        {"gains": [8.0, 1.2], "width": 16, "steps": 20, "draws": 2},
    ),
    tolerance={"float64": 1e-6},
    smooth=False,
    batched=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"gains": [[1.0]]}, "gains must be a list of 1 to 40 numbers"),
        Reject({"gains": [float("nan")]}, "gains must lie between 0.05 and 50"),
        Reject({"gains": [-1.0]}, "gains must lie between 0.05 and 50"),
        Reject({"width": 10**9}, "width must lie between 2 and 256"),
        Reject({"steps": 0}, "steps must lie between 1 and 200"),
        Reject({"gains": [1.0], "width": 256, "steps": 200, "draws": 101}, "draws must keep"),
        Reject({"gains": [50.0], "steps": 60}, "steps must keep gain^steps"),
        Reject({"weights": "tied"}, "weights must be one of same, fresh"),
    ),
    figure=figure,
)  # fmt: skip
