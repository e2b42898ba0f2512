"""The regularizer of Pascanu et al.: what a gradient loses or gains in length at each step back, pulled towards 1.

    h_t = tanh(W h_{t-1} + x_t),   L = <c, h_T>,   g_t = grad_{h_t} L
    ratio_t = |g_t dh_t/dh_{t-1}| / |g_t|,   dh_t/dh_{t-1} = diag(1 - h_t^2) W
    Omega = sum_t (ratio_t - 1)^2                                              (eq. 10.52)

Its gradient in W holds the vectors g_t and the states h_t constant, as Pascanu et al. propose: with
v_t = (1 - h_t^2) g_t it is  sum_t 2 (ratio_t - 1) v_t (W' v_t)' / (|W' v_t| |g_t|).
``rounds`` steps W <- W - rate dOmega/dW follow on Omega alone; ``carried`` is |g_0| / |g_T|, all steps together.
Shapes: W (H, H), x (..., T, H), h0, c (..., H) -> omega, carried (...), grad, W_next (..., H, H). Each leading index is
a sequence with a copy of W of its own. A path has the rounds first, the start included.
Errors: BadInput for shapes that do not match, a loss without gradient, sizes and rates that are too large.
Reference: Pascanu, Mikolov & Bengio (2013), section 3.3; Goodfellow et al. (2016), 10.11.2, eqs. 10.50-10.52.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

LIMIT = 20.0
MOST_STEPS, MOST_UNITS, MOST_ROUNDS = 100, 32, 500
MOST_PRODUCTS = 20_000_000
TINY = 1e-30


def check(W, x, h0, c, rate, rounds):
    require(x.ndim >= 2 and x.size >= 1, "x", "have axes step and unit, neither of them empty", x.shape)
    steps, units = x.shape[-2:]
    require(units <= MOST_UNITS, "x", f"have at most {MOST_UNITS} units", units)
    require(steps <= MOST_STEPS, "x", f"hold at most {MOST_STEPS} steps", steps)
    require(W.shape == (units, units), "W", f"have shape {(units, units)}", W.shape)
    state = (*x.shape[:-2], units)
    for name, value in (("h0", h0), ("c", c)):
        require(value.shape == state, name, f"have shape {state}, the batch and the units of x", value.shape)
    for name, value in (("W", W), ("x", x), ("h0", h0), ("c", c)):
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:g}", value)
    require(0 <= rate <= 1, "rate", "lie between 0 and 1", rate)
    require(0 <= rounds <= MOST_ROUNDS, "rounds", f"lie between 0 and {MOST_ROUNDS}", rounds)
    products = (rounds + 1) * x.size * units
    require(products <= MOST_PRODUCTS, "rounds", f"need at most {MOST_PRODUCTS} multiplications", products)
    require(np.all(np.linalg.norm(c, axis=-1) >= 1e-6), "c", "have a length of at least 1e-6", c)
    W = W + np.zeros((*state, units))
    for turn in range(rounds + 1):
        h, g = _sweep(W, x, h0, c)
        short = np.min(np.linalg.norm(g, axis=-1))
        require(short >= 1e-12, "W", f"let every gradient keep a length of 1e-12 (round {turn})", float(short))
        ratios = _ratios(g)
        require(np.max(ratios) <= 1e3, "rate", f"keep the ratios below 1000 (round {turn})", rate)
        W = W - rate * _slope(W, h, g)


def compute(xp, note, W, x, h0, c, rate, rounds):
    def length(v):
        return xp.sqrt(xp.sum(v * v, axis=-1))

    W = W + xp.zeros_like(c)[..., None]
    omegas, carries = [], []
    first, ratios_path = None, []
    for turn in range(rounds + 1):
        h, states = h0, []
        for t in range(x.shape[-2]):
            h = xp.tanh(xp.matmul(W, h[..., None])[..., 0] + x[..., t, :])
            states.append(h)
        g, norms, ratios, slope = c, [length(c)], [], xp.zeros_like(W)
        for h in reversed(states):
            v = (1 - h * h) * g
            back = xp.matmul(v[..., None, :], W)[..., 0, :]
            norms.append(length(back))
            ratios.append(norms[-1] / norms[-2])
            weight = 2 * (ratios[-1] - 1) / (norms[-1] * norms[-2])
            slope = slope + weight[..., None, None] * v[..., :, None] * back[..., None, :]
            g = back
        ratios = xp.stack(ratios[::-1], axis=-1)
        omegas.append(xp.sum((ratios - 1) ** 2, axis=-1))
        carries.append(norms[-1] / norms[0])
        ratios_path.append(ratios)
        if turn == 0:
            first = slope
            note("states", xp.stack(states, axis=-2))
            note("norms", xp.stack(norms[::-1], axis=-1))
        if turn < rounds:
            W = W - rate * slope
    note("ratios", ratios_path[0])
    note("ratios_end", ratios_path[-1])
    note("omega_path", xp.stack(omegas, axis=0))
    note("carried_path", xp.stack(carries, axis=0))
    return {"omega": omegas[0], "carried": carries[0], "grad": first, "W_next": W}


def oracle(W, x, h0, c, rate, rounds):
    """Autograd: g_t from the graph of the loss, the slope of Omega from a second graph with them detached."""
    import torch

    rows = [torch.tensor(v.reshape(-1, *v.shape[k:])) for v, k in ((x, x.ndim - 2), (h0, h0.ndim - 1), (c, c.ndim - 1))]
    found = {"omega": [], "carried": [], "grad": [], "W_next": []}
    for inputs, start, push in zip(*rows, strict=True):
        matrix, first = torch.tensor(W, requires_grad=True), None
        for turn in range(rounds + 1):
            states = [start.clone().requires_grad_()]
            for row in inputs:
                states.append(torch.tanh(matrix @ states[-1] + row))
            pulls = torch.autograd.grad(push @ states[-1], states)
            omega = torch.zeros((), dtype=torch.float64)
            for h, pull in zip(states[1:], pulls[1:], strict=True):
                jacobian = torch.diag(1 - h.detach() ** 2) @ matrix
                omega = omega + (torch.linalg.norm(pull.detach() @ jacobian) / torch.linalg.norm(pull) - 1) ** 2
            (slope,) = torch.autograd.grad(omega, matrix)
            if turn == 0:
                first = (omega.item(), (torch.linalg.norm(pulls[0]) / torch.linalg.norm(pulls[-1])).item(), slope)
            if turn < rounds:
                matrix = (matrix - rate * slope).detach().requires_grad_()
        for name, value in zip(found, (*first, matrix.detach()), strict=True):
            found[name].append(np.asarray(value))
    shape = c.shape[:-1]
    return {name: np.stack(v).reshape((*shape, *v[0].shape)) for name, v in found.items()}


def sample(rng):
    batch = [(), (2,)][int(rng.integers(2))]
    steps, units = int(rng.integers(1, 6)), int(rng.integers(2, 4))
    return {
        "W": rng.normal(size=(units, units)) / np.sqrt(units) + 0.3 * np.eye(units),
        "x": rng.normal(scale=0.5, size=(*batch, steps, units)),
        "h0": rng.uniform(-0.8, 0.8, size=(*batch, units)),
        "c": rng.normal(size=(*batch, units)) + 0.1,
        "rate": 0.02,
        "rounds": int(rng.integers(1, 4)),
    }


def variant(rng):
    """Two steps of a single unit: a weight, two inputs and a start with one decimal."""
    while True:
        w = float(rng.integers(-15, 16)) / 10
        x = [float(v) / 10 for v in rng.integers(-9, 10, size=2)]
        h = float(rng.integers(-6, 7)) / 10
        first = np.tanh(w * h + x[0])
        second = np.tanh(w * first + x[1])
        slopes = 1 - np.array([first, second]) ** 2
        if abs(w) >= 0.4 and min(abs(first), abs(second)) > 0.25 and slopes.min() > 0.25:
            ratios = abs(w) * slopes
            if np.all(np.abs(ratios - 1) > 0.05) and abs(ratios[0] - ratios[1]) > 0.05:
                break
    return {"W": [[w]], "x": [[v] for v in x], "h0": [h], "c": [int(rng.choice([-3, -2, 2, 3]))], "rate": 0.0,
            "rounds": 0}  # fmt: skip


# ---- The rule once more: the check, the mistakes and the claims.


def _sweep(W, x, h0, c, slope=lambda h: 1 - h * h):
    """States h_1..h_T and gradients g_0..g_T, the time axis second to last."""
    states = []
    for row in np.moveaxis(x, -2, 0):
        h0 = np.tanh(np.einsum("...ij,...j->...i", W, h0) + row)
        states.append(h0)
    back = [c]
    for h in reversed(states):
        back.append(np.einsum("...i,...ij->...j", slope(h) * back[-1], W))
    return np.stack(states, axis=-2), np.stack(back[::-1], axis=-2)


def _ratios(g):
    norms = np.linalg.norm(g, axis=-1)
    return norms[..., :-1] / np.maximum(norms[..., 1:], TINY)


def _slope(W, h, g):
    v = (1 - h * h) * g[..., 1:, :]
    norms = np.maximum(np.linalg.norm(g, axis=-1), TINY)
    weight = 2 * (_ratios(g) - 1) / (norms[..., :-1] * norms[..., 1:])
    return np.einsum("...t,...ti,...tj->...ij", weight, v, g[..., :-1, :])


def _omega(rule):
    """A mistaken Omega from the gradients, where it differs."""

    def value(W, x, h0, c, rate, rounds):
        h, g = _sweep(W, x, h0, c)
        wrong = rule(W, h, g)
        right = np.sum((_ratios(g) - 1) ** 2, axis=-1)
        return {} if np.allclose(wrong, right, rtol=1e-6, atol=1e-9) else {"omega": wrong}

    return value


def _squares(ratios):
    return np.sum((ratios - 1) ** 2, axis=-1)


def _with_slope(slope):
    """The mistaken backward pass with this slope of tanh."""

    def value(W, x, h0, c, rate, rounds):
        right, wrong = _ratios(_sweep(W, x, h0, c)[1]), _ratios(_sweep(W, x, h0, c, slope)[1])
        if np.allclose(wrong, right, rtol=1e-6, atol=1e-9):
            return {}
        return {"ratios": wrong, "omega": _squares(wrong), "carried": np.prod(wrong, axis=-1)}

    return value


def _carried(rule):
    def value(W, x, h0, c, rate, rounds):
        ratios = _ratios(_sweep(W, x, h0, c)[1])
        wrong = rule(ratios)
        return {} if np.allclose(wrong, np.prod(ratios, axis=-1), rtol=1e-6, atol=1e-9) else {"carried": wrong}

    return value


def _uphill(W, x, h0, c, rate, rounds):
    h, g = _sweep(W, x, h0, c)
    if not rounds or not rate:
        return {"grad": -_slope(W, h, g)}
    matrix = W + np.zeros((*c.shape, c.shape[-1]))
    for _ in range(rounds):
        matrix = matrix + rate * _slope(matrix, *_sweep(matrix, x, h0, c))
    return {"grad": -_slope(W, h, g), "W_next": matrix}


MISTAKES = (
    Mistake("slope-forgotten", "只乘了 W，漏了 tanh 的斜率 1−h²", "multiplied by W alone: the slope 1 - h^2 is missing",
            _with_slope(lambda h: 1.0)),
    Mistake("slope-of-sigmoid", "用了 sigmoid 的斜率 h(1−h)；tanh 的是 1−h²",
            "took the slope h (1 - h) of a sigmoid; that of tanh is 1 - h^2", _with_slope(lambda h: h * (1 - h))),
    Mistake("not-squared", "各步的差没有平方，加的是绝对值", "the steps' gaps were added unsquared, as sizes",
            _omega(lambda W, h, g: np.sum(np.abs(_ratios(g) - 1), axis=-1))),
    Mistake("averaged", "取了各步的平均；Ω 是和", "the steps were averaged; Omega is their sum",
            _omega(lambda W, h, g: _squares(_ratios(g)) / h.shape[-2])),
    Mistake("upside-down", "比值的分子分母颠倒了", "the ratio was turned upside down",
            _omega(lambda W, h, g: _squares(1 / np.maximum(_ratios(g), TINY)))),
    Mistake("pulled-to-zero", "漏了减 1：那样会惩罚梯度本身，让它更快消失",
            "the 1 is missing: that would punish the gradient itself and make it vanish",
            _omega(lambda W, h, g: np.sum(_ratios(g) ** 2, axis=-1))),
    Mistake("jacobian-for-product", "用了雅可比的谱范数；Ω 只管当前梯度所在的方向",
            "took the Jacobians' spectral norms; Omega minds the direction of the gradient alone",
            _omega(lambda W, h, g: _squares(np.linalg.norm((1 - h * h)[..., None] * W[..., :, :], 2, axis=(-2, -1))))),
    Mistake("added-for-multiplied", "把各步的比值相加了；整段是它们的积",
            "the steps' ratios were added; all together they multiply", _carried(lambda r: np.sum(r, axis=-1))),
    Mistake("last-step-only", "只算了最后一步", "only the last step was taken", _carried(lambda r: r[..., -1])),
    Mistake("uphill", "梯度的符号反了：W 会让 Ω 变大", "the slope has the wrong sign: Omega would grow", _uphill),
)  # fmt: skip


# ---- Claims.


def _telescopes(given, out):
    return np.prod(out["ratios"], axis=-1) / out["carried"] - 1


def _one_step_back(given, out):
    """g_t dh_t/dh_{t-1} against the slope of L in h_{t-1}: a complex step through the rest of the sequence."""
    W, x, c = given["W"], given["x"], given["c"]
    before = np.concatenate([given["h0"][..., None, :], out["states"][..., :-1, :]], axis=-2)
    gaps = []
    for t in range(x.shape[-2]):
        slopes = []
        for unit in range(W.shape[0]):
            h = before[..., t, :].astype(complex)
            h[..., unit] += 1e-30j
            for row in np.moveaxis(x[..., t:, :], -2, 0):
                h = np.tanh(np.einsum("ij,...j->...i", W, h) + row)
            slopes.append(np.sum(c * h, axis=-1).imag / 1e-30)
        gaps.append(np.linalg.norm(np.stack(slopes, axis=-1), axis=-1) / out["norms"][..., t] - 1)
    return np.stack(gaps)


def _held(given, W):
    """Omega at W with the g_t and h_t of the given weights."""
    h, g = _sweep(given["W"], given["x"], given["h0"], given["c"])
    back = np.einsum("...ti,...ij->...tj", (1 - h * h) * g[..., 1:, :], W)
    ratios = np.sqrt(np.sum(back * back, axis=-1)) / np.linalg.norm(g[..., 1:, :], axis=-1)
    return np.sum((ratios - 1) ** 2, axis=-1)


def _held_slope(given, out):
    """The slope of Omega along its own gradient, g_t and h_t held, by a complex step: |grad|^2."""
    slope = _held(given, given["W"] + 1e-30j * out["grad"]).imag / 1e-30
    size = np.sum(out["grad"] ** 2, axis=(-2, -1))
    return (slope - size) / (1e-6 + size)


def _bounded(given, out):
    """How far a ratio exceeds the spectral norm of W."""
    most = [np.linalg.norm(W, 2, axis=(-2, -1)) for W in (given["W"], out["W_next"])]
    before, after = (np.max(out[name], axis=-1) for name in ("ratios", "ratios_end"))
    return np.stack([np.maximum(before / most[0] - 1, 0.0), np.maximum(after / most[1] - 1, 0.0)])


def _pulled(given, out):
    """How far one step of rate 1 / T raises Omega with g_t and h_t held (its curvature is at most 2 T)."""
    moved = given["W"] - out["grad"] / given["x"].shape[-2]
    return np.maximum(_held(given, moved) - out["omega"], 0.0) / (1 + out["omega"])


CLAIMS = (
    Claim("one-step-back", zh="损失只在最后一步时，(∇_{h_t}L)·∂h_t/∂h_{t−1} 就是上一步的梯度 ∇_{h_{t−1}}L",
          en="with the loss at the last step, (grad_{h_t} L) dh_t/dh_{t-1} is the gradient one step back",
          residual=_one_step_back),
    Claim("telescopes", zh="各步比值之积等于 ‖∇_{h_0}L‖/‖∇_{h_T}L‖：每步都是 1，梯度才不衰减",
          en="the ratios multiply to |grad_{h_0} L| / |grad_{h_T} L|: all at 1 means no decay", residual=_telescopes),
    Claim("held-slope", zh="grad 是 Ω 在 g_t、h_t 视作常数时对 W 的梯度",
          en="grad is the gradient of Omega in W with g_t and h_t held constant", residual=_held_slope),
    Claim("pulled-to-one", zh="g_t、h_t 视作常数时，步长 1/T 的更新不会让 Ω 变大（重算之后则没有保证）",
          en="with g_t and h_t held, a step of rate 1 / T never raises Omega (computed anew, it may)",
          residual=_pulled),
    Claim("edge-of-explosion", zh="比值不超过 ‖W‖₂：要让各步保持 1，W 的谱范数不能小于 1",
          en="no ratio exceeds the spectral norm of W: to keep them at 1 that norm has to be 1 or more",
          residual=_bounded),
)  # fmt: skip


def figure(given, out, steps):
    """The first sequence of a batch, round by round."""
    rounds = np.arange(given["rounds"] + 1)
    curves = {name: np.reshape(steps[name], (len(rounds), -1))[:, 0] for name in ("omega_path", "carried_path")}
    return Figure(
        title={"zh": "只对 Ω 做梯度下降", "en": "gradient descent on Omega alone"},
        marks=(
            Lines(rounds, np.maximum(curves["omega_path"], 1e-12), {"zh": "Ω", "en": "Omega"}),
            Lines(rounds, curves["carried_path"], {"zh": "传回开头的梯度比例", "en": "share carried back"}),
        ),
        x={"zh": "更新次数", "en": "updates"},
        y={"zh": "Ω 与比例", "en": "Omega and the share"},
        log="y",
    )


def _param(default, zh, en, shape):
    return Param(default, {"zh": zh, "en": en}, shape=shape)


SOLVER = Solver(
    title={"zh": "Pascanu 正则项（式 10.52）", "en": "the regularizer of Pascanu et al. (eq. 10.52)"},
    formula=r"\Omega=\sum_t\left(\frac{\|(\nabla_{h^{(t)}}L)\frac{\partial h^{(t)}}{\partial h^{(t-1)}}\|}"
    r"{\|\nabla_{h^{(t)}}L\|}-1\right)^2",
    params={
        "W": _param([[0.6, 0.2, 0], [-0.2, 0.5, 0.1], [0.1, 0, 0.7]], "循环权重", "the recurrent weights", "(H, H)"),
        "x": _param([[round(0.4 * float(np.sin(1 + t + 2 * j)), 1) for j in range(3)] for t in range(20)],
                    "加在预激活上的输入，一行一步", "what each step adds to the pre-activation, one row a step",
                    "(..., T, H)"),
        "h0": _param([0, 0, 0], "初始状态", "the state at the start", "(..., H)"),
        "c": _param([1, -1, 1], "损失在最后状态处的梯度", "the gradient of the loss at the last state", "(..., H)"),
        "rate": Param(0.02, {"zh": "步长", "en": "step size"}, kind="float"),
        "rounds": Param(60, {"zh": "对 Ω 更新多少次", "en": "updates on Omega"}, kind="int"),
    },
    outputs={"omega": "1", "carried": "1", "grad": "1", "W_next": "1"},
    steps={
        "states": {"zh": "状态 h_1 … h_T", "en": "states h_1 ... h_T"},
        "norms": {"zh": "‖∇_{h_t}L‖，t = 0 … T", "en": "|grad_{h_t} L|, t = 0 ... T"},
        "ratios": {"zh": "各步的比值", "en": "the steps' ratios"},
        "ratios_end": {"zh": "更新之后各步的比值", "en": "the ratios after the updates"},
        "omega_path": {"zh": "每次更新后的 Ω", "en": "Omega after each update"},
        "carried_path": {"zh": "每次更新后的 ‖g_0‖/‖g_T‖", "en": "|g_0| / |g_T| after each update"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.autograd with the back-propagated vectors detached",
    sample=sample,
    variant=variant,
    edges=(
        {"W": [[1]], "x": [[0]], "h0": [0], "c": [2], "rate": 0, "rounds": 0},  # every ratio is 1
        {"W": [[2]], "x": [[0], [0]], "h0": [0], "c": [-1], "rate": 0.1, "rounds": 1},  # grows twofold a step
    ),
    tolerance={"float64": 1e-8, "float32": 1e-3},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"x": [1, 2]}, "x must have axes step and unit"),
        Reject({"x": [[0, 0]]}, "W must have shape (2, 2)"),
        Reject({"W": np.zeros((3, 3))}, "W must let every gradient keep a length of 1e-12"),
        Reject({"W": np.full((3, 3), np.nan)}, "W must hold finite numbers"),
        Reject({"h0": [0]}, "h0 must have shape (3,)"),
        Reject({"c": [[1, 1, 1]]}, "c must have shape (3,)"),
        Reject({"c": [0, 0, 0]}, "c must have a length of at least 1e-6"),
        Reject({"x": np.zeros((101, 3))}, "x must hold at most 100 steps"),
        Reject({"x": np.zeros((2, 33))}, "x must have at most 32 units"),
        Reject({"x": np.broadcast_to(0.0, (3000, 100, 3)), **dict.fromkeys(("h0", "c"), np.ones((3000, 3)))},
               "rounds must need at most 20000000 multiplications"),
        Reject({"rate": 2}, "rate must lie between 0 and 1"),
        Reject({"rounds": 501}, "rounds must lie between 0 and 500"),
    ),
    figure=figure,
)  # fmt: skip
