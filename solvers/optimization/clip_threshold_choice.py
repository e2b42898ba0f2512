"""Where a clipping threshold comes from: the gradients' norms, not the level of the loss.

    loss_i = scale (x_i . theta - y_i)^2 / 2 + shift          g_i = scale (x_i . theta - y_i) x_i

one gradient an example (a run of steps with minibatches of one). ``shift`` moves the loss and no gradient; ``scale``
(a sum in place of a mean, another unit) multiplies both.
Shapes: x (..., N, D), y (..., N), theta (..., D) -> losses, norms (..., N); mean_loss, mean_norm, median_norm (...),
and share (...), the fraction of norms above v.
Errors: BadInput for shapes that do not match, numbers not finite or too large, a scale or threshold not positive.
Reference: Pascanu, Mikolov & Bengio (2013), section 3.2 (half to ten times the average norm over many updates);
Goodfellow et al. (2016), section 10.11.1.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

LIMIT = 1e4


def check(x, y, theta, shift, scale, v):
    require(x.ndim >= 2 and x.size >= 1, "x", "have axes example and feature, neither of them empty", x.shape)
    require(y.shape == x.shape[:-1], "y", f"have shape {x.shape[:-1]}, one number an example of x", y.shape)
    features = (*x.shape[:-2], x.shape[-1])
    require(theta.shape == features, "theta", f"have shape {features}, one number a feature of x", theta.shape)
    for name, value in (("x", x), ("y", y), ("theta", theta), ("shift", shift)):
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    for name, value in (("scale", scale), ("v", v)):
        require(1 / LIMIT <= value <= LIMIT, name, f"lie between {1 / LIMIT:.0e} and {LIMIT:.0e}", value)


def compute(xp, note, x, y, theta, shift, scale, v):
    miss = xp.matmul(x, theta[..., None])[..., 0] - y
    note("residuals", miss)
    norms = scale * xp.abs(miss) * xp.linalg.vector_norm(x, axis=-1)
    losses = scale * miss * miss / 2 + shift
    ranked = xp.sort(norms, axis=-1)
    size = norms.shape[-1]
    above = xp.where(norms > v, xp.ones_like(norms), 0.0)
    return {
        "losses": losses,
        "norms": norms,
        "mean_loss": xp.mean(losses, axis=-1),
        "mean_norm": xp.mean(norms, axis=-1),
        "median_norm": (ranked[..., (size - 1) // 2] + ranked[..., size // 2]) / 2,
        "share": xp.mean(above, axis=-1),
    }


def oracle(x, y, theta, shift, scale, v):
    """The gradient of the loss as a black box, by complex steps; numpy.median, a plain count."""

    def loss(parameters):
        return scale * (np.einsum("...nd,...d->...n", x, parameters) - y) ** 2 / 2 + shift

    slopes = []
    for j in range(theta.shape[-1]):
        moved = theta.astype(complex)
        moved[..., j] += 1e-30j
        slopes.append(np.imag(loss(moved)) / 1e-30)
    norms = np.linalg.norm(np.stack(slopes), axis=0)
    losses = loss(theta)
    return {
        "losses": losses,
        "norms": norms,
        "mean_loss": np.sum(losses, axis=-1) / losses.shape[-1],
        "mean_norm": np.sum(norms, axis=-1) / norms.shape[-1],
        "median_norm": np.median(norms, axis=-1),
        "share": np.count_nonzero(norms > v, axis=-1) / norms.shape[-1],
    }


def sample(rng):
    batch = [(), (2,)][int(rng.integers(2))]
    size, features = int(rng.integers(2, 9)), int(rng.integers(1, 4))
    return {
        "x": rng.normal(size=(*batch, size, features)),
        "y": rng.normal(size=(*batch, size)),
        "theta": rng.normal(size=(*batch, features)),
        "shift": float(rng.choice([0.0, 10.0, 1000.0])),
        "scale": float(rng.choice([0.5, 1.0, 8.0])),
        "v": float(rng.uniform(0.5, 4.0)),
    }


def variant(rng):
    """Four examples of one feature in whole numbers; a constant on the loss, or another scale."""
    while True:
        x = rng.integers(1, 7, size=4)
        y = rng.integers(-6, 13, size=4)
        theta = int(rng.integers(1, 5))
        shift = int(rng.choice([100, 200, 500, 1000]))
        scale = int(rng.choice([2, 3, 4, 5, 8, 10]))
        norms = scale * np.abs(x * theta - y) * x
        v = int(np.round(np.mean(norms)))
        clear = np.min(norms) > 0 and np.min(np.abs(norms - v)) > 0 and v <= 999
        if clear and len(set(norms)) == 4 and len(set(x)) > 2:
            columns = {"x": [[int(value)] for value in x], "y": [int(value) for value in y], "theta": [theta]}
            return {**columns, "shift": shift, "scale": scale, "v": v}


# ---- Mistakes and claims.


def _norms(given, scale=None):
    miss = np.einsum("...nd,...d->...n", given["x"], given["theta"]) - given["y"]
    return (given["scale"] if scale is None else scale) * np.abs(miss) * np.linalg.norm(given["x"], axis=-1)


def _share(norms, v):
    return np.mean(norms > v, axis=-1)


def _from(rule):
    """Mistaken norms and what follows from them, where any differs."""

    def value(**given):
        wrong, right = rule(given), _norms(given)
        if np.allclose(wrong, right):
            return {}
        means = {"mean_norm": np.mean(wrong, axis=-1), "median_norm": np.median(wrong, axis=-1)}
        return {"norms": wrong, **means, "share": _share(wrong, given["v"])}

    return value


def _by_loss(**given):
    """The threshold as printed: 100 for a large loss, 10 for a small one (large: from 100 on)."""
    miss = np.einsum("...nd,...d->...n", given["x"], given["theta"]) - given["y"]
    loss = np.mean(given["scale"] * miss**2 / 2 + given["shift"], axis=-1)
    norms = _norms(given)
    printed = np.mean(norms > np.where(loss >= 100, 100.0, 10.0)[..., None], axis=-1)
    return {} if np.allclose(printed, _share(norms, given["v"])) else {"share": printed}


def _residual_only(given):
    return given["scale"] * np.abs(np.einsum("...nd,...d->...n", given["x"], given["theta"]) - given["y"])


MISTAKES = (
    Mistake("printed-000-e004", "按损失的大小定阈值（大则 100，小则 10）：给损失加个常数，截断的比例就变了",
            "the threshold comes from the loss (100 if large, 10 if small): a constant on the loss changes what is cut",
            _by_loss),
    Mistake("shift-in-the-gradient", "把加在损失上的常数也算进了梯度；常数的导数是 0",
            "the constant on the loss was counted in the gradient; its derivative is 0",
            _from(lambda given: _norms(given) + abs(given["shift"]))),
    Mistake("scale-forgotten", "损失乘了多少倍，梯度也乘多少倍", "the gradient is multiplied as the loss is",
            _from(lambda given: _norms(given, 1.0))),
    Mistake("scale-squared", "梯度乘的是 c，不是 c²", "the gradient is multiplied by c, not by its square",
            _from(lambda given: _norms(given, given["scale"] ** 2))),
    Mistake("x-forgotten", "只用了残差，漏乘 x", "the residual alone: the factor x is missing", _from(_residual_only)),
    Mistake("factor-two", "漏了损失里的 1/2，梯度大了一倍", "the 1/2 of the loss was forgotten: twice the gradient",
            _from(lambda given: 2 * _norms(given))),
    Mistake("kept-for-cut", "那是没被截断的比例", "that is the fraction left alone",
            lambda **given: {"share": 1 - _share(_norms(given), given["v"])}),
    Mistake("loss-for-norm", "把损失的平均当成了梯度范数的平均", "the mean loss was taken for the mean norm",
            lambda **given: {"mean_norm": np.mean(
                _residual_only(given) ** 2 / given["scale"] / 2 + given["shift"], axis=-1)}),
)  # fmt: skip


def _shift_free(given, out):
    """Central differences are exact for a quadratic: those of loss - shift against the norms."""
    slopes = []
    for j in range(given["theta"].shape[-1]):
        ends = []
        for step in (1.0, -1.0):
            theta = np.array(given["theta"])
            theta[..., j] += step
            ends.append((np.einsum("...nd,...d->...n", given["x"], theta) - given["y"]) ** 2)
        slopes.append(given["scale"] * (ends[0] - ends[1]) / 4)
    size = np.max(np.abs(slopes)) + np.max(out["norms"]) + 1e-30
    return (np.linalg.norm(slopes, axis=0) - out["norms"]) / size


def _scales(given, out):
    at_one = _norms(given, 1.0)
    return (out["norms"] / given["scale"] - at_one) / (np.max(at_one) + 1e-30)


def _follows(given, out):
    """Multiplying loss and threshold by the same number cuts the same steps (ties within rounding aside)."""
    ratio = _norms(given, 1.0) / (given["v"] / given["scale"])
    sure = np.all(np.abs(ratio - 1) > 1e-4, axis=-1)
    return np.where(sure, out["share"] - np.mean(ratio > 1, axis=-1), 0.0)


CLAIMS = (
    Claim("shift-changes-no-gradient", zh="给损失加任何常数，所有梯度（和该用的阈值）都不变",
          en="a constant added to the loss changes no gradient, hence no threshold", residual=_shift_free),
    Claim("scale-multiplies-norms", zh="损失乘 c，所有梯度范数都乘 c",
          en="the loss times c multiplies every gradient norm by c", residual=_scales),
    Claim("threshold-follows-the-norms", zh="截断的比例只取决于范数与阈值之比：损失乘 c 时阈值也乘 c，截断的步不变",
          en="what is cut depends on norm over threshold: multiply loss and threshold alike and the same steps are cut",
          residual=_follows),
)  # fmt: skip


def figure(given, out, steps):
    """The first case: fraction cut over the threshold, for the loss as given and ten times as large."""
    norms = np.sort(np.reshape(out["norms"], (-1, np.shape(out["norms"])[-1]))[0])
    low, high = max(norms[norms > 0].min(initial=1.0) / 3, 1e-6), max(norms.max() * 30, 1e-5)
    v = np.geomspace(low, high, 200)

    def cut(factor):
        return np.mean(factor * norms[None, :] > v[:, None], axis=1)

    return Figure(
        title={"zh": "被截断的步的比例", "en": "fraction of steps that are clipped"},
        marks=(
            Lines(v, cut(1.0), {"zh": "这个损失（加任何常数都一样）", "en": "this loss (plus any constant)"}),
            Lines(v, cut(10.0), {"zh": "损失乘 10", "en": "ten times the loss"}),
            Scatter(np.array([given["v"]]), np.array([np.mean(norms > given["v"])]), {"zh": "阈值 v", "en": "v"}),
        ),
        x={"zh": "阈值", "en": "threshold"},
        y={"zh": "比例", "en": "fraction"},
        log="x",
    )


SOLVER = Solver(
    title={"zh": "截断阈值怎样选", "en": "where a clipping threshold comes from"},
    formula=r"\nabla(cL+\mathrm{shift})=c\,\nabla L",
    params={
        "x": Param([[1.0], [2.0], [3.0], [1.0], [4.0]], {"zh": "输入，每行一个样本", "en": "inputs, an example a row"},
                   shape="(..., N, D)"),
        "y": Param([1.0, 5.0, 4.0, 3.0, 10.0], {"zh": "目标", "en": "targets"}, shape="(..., N)"),
        "theta": Param([2.0], {"zh": "参数", "en": "parameters"}, shape="(..., D)"),
        "shift": Param(1000.0, {"zh": "加在损失上的常数", "en": "constant added to the loss"}, kind="float"),
        "scale": Param(1.0, {"zh": "乘在损失上的倍数 c", "en": "factor c on the loss"}, kind="float"),
        "v": Param(3.0, {"zh": "截断阈值", "en": "clipping threshold"}, kind="float"),
    },
    outputs=dict.fromkeys(("losses", "norms", "mean_loss", "mean_norm", "median_norm", "share"), "1"),
    steps={"residuals": {"zh": "残差 x·θ − y", "en": "residuals x.theta - y"}},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="complex steps through the loss; numpy.median",
    sample=sample,
    variant=variant,
    edges=(
        {"x": [[0.0]], "y": [1.0], "theta": [1.0]},
        {"x": [[1.0]], "y": [1.0], "theta": [1.0], "shift": -5.0},
    ),
    tolerance={"float64": 1e-9, "float32": 1e-3},
    smooth=False,  # share counts
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"x": [1.0]}, "x must have axes example and feature"),
        Reject({"y": [1.0]}, "y must have shape (5,)"),
        Reject({"theta": [1.0, 2.0]}, "theta must have shape (1,)"),
        Reject({"theta": [float("nan")]}, "theta must hold finite numbers"),
        Reject({"shift": float("inf")}, "shift must hold finite numbers"),
        Reject({"scale": 0.0}, "scale must lie between"),
        Reject({"v": -1.0}, "v must lie between"),
    ),
    figure=figure,
)  # fmt: skip
