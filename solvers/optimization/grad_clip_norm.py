"""Gradient clipping by the global norm: all tensors of a model shrink by one factor once their joint norm passes v.

    norm = sqrt(sum_i |t_i|^2)        scale = v / max(norm, v)        t_i <- scale t_i

The book writes the same rule as: if |g| > v then g <- g v / |g|. torch.nn.utils.clip_grad_norm_ divides by norm + 1e-6.
A gradient that holds Inf or NaN has no direction: with ``random-step`` it gives way to a random one of length v.
Shapes: g (..., K, D), K tensors of D entries (zeros that fill up a shorter one change no norm) -> norm, scale (...),
clipped (..., K, D). Where the gradient is not finite, scale is 0: nothing of it is used.
Errors: BadInput for a threshold that is not positive, missing axes, entries that are not finite (unless random-step).
Reference: Pascanu, Mikolov & Bengio (2013), section 3.2; Goodfellow et al. (2016), section 10.11.1, eqs. 10.48-10.49;
TensorFlow, tf.clip_by_global_norm.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

LIMIT = 1e15  # squares stay finite, in float32 too


def check(g, v, nonfinite):
    require(g.ndim >= 2 and g.size >= 1, "g", "have axes tensor and entry, neither of them empty", g.shape)
    require(0 < v <= LIMIT, "v", "be positive and finite", v)
    size = np.abs(g[np.isfinite(g)]) if nonfinite == "random-step" else np.abs(g)
    require(np.all(size <= LIMIT), "g", f"hold finite numbers of size at most {LIMIT:.0e}", g)


def noise(rng, g, v, nonfinite):
    return {"r": rng.normal(size=g.shape)} if nonfinite == "random-step" else {}


def compute(xp, note, g, v, nonfinite, r=None):
    norms = xp.linalg.vector_norm(g, axis=-1)
    note("norms", norms)
    norm = xp.linalg.vector_norm(norms, axis=-1)
    scale = v / xp.where(norm > v, norm, v)
    if nonfinite == "refuse":
        return {"norm": norm, "scale": scale, "clipped": g * scale[..., None, None]}
    fine = xp.isfinite(norm)
    step = r * (v / xp.linalg.vector_norm(r, axis=(-2, -1)))[..., None, None]
    scale = xp.where(fine, scale, 0.0)
    return {"norm": norm, "scale": scale, "clipped": xp.where(fine[..., None, None], g * scale[..., None, None], step)}


def oracle(g, v, nonfinite, r=None):
    """One case at a time through the BLAS; the book's form: shrink if longer."""
    from scipy.linalg.blas import dnrm2

    cases = g.reshape(-1, *g.shape[-2:])
    norm, scale, clipped = np.zeros(len(cases)), np.ones(len(cases)), np.array(cases)
    for i, case in enumerate(cases):
        known = np.isfinite(case).all()
        norm[i] = dnrm2(case.ravel()) if known else np.sum(np.abs(case))
        if not known:
            step = r.reshape(cases.shape)[i]
            scale[i], clipped[i] = 0.0, step / dnrm2(step.ravel()) * v
        elif norm[i] > v:
            scale[i] = v / norm[i]
            clipped[i] = case / (norm[i] / v)
    batch = g.shape[:-2]
    return {"norm": norm.reshape(batch), "scale": scale.reshape(batch), "clipped": clipped.reshape(g.shape)}


def sample(rng):
    batch = [(), (3,)][int(rng.integers(2))]
    g = rng.normal(size=(*batch, int(rng.integers(1, 4)), int(rng.integers(1, 5))))
    return {"g": g * rng.choice([0.3, 1.0, 5.0]), "v": float(rng.uniform(0.5, 3.0))}


def variant(rng):
    """Two weight tensors of two whole numbers, both longer than the threshold."""
    while True:
        g = rng.integers(-9, 10, size=(2, 2))
        v = int(rng.integers(2, 9))
        norms = np.sqrt(np.sum(g**2, axis=1))
        if np.all(g) and np.all(norms > 1.15 * v) and len(set(np.abs(g.ravel()))) == 4:
            return {"g": g.tolist(), "v": v}


# ---- Mistakes. Norms once more, on the host.


def _norm(g):
    return np.sqrt(np.sum(g**2, axis=(-2, -1)))


def _with(scale=None, norm=None, clipped=None):
    """A mistaken rule, from functions of (g, v, the right norm); what follows from it follows."""

    def value(g, v, nonfinite, r=None):
        if nonfinite != "refuse":
            return {}
        right, out = _norm(g), {}
        if norm is not None:
            out["norm"] = norm(g)
        if clipped is None:
            factor = v / np.maximum(out.get("norm", right), v) if scale is None else scale(v, right)
            out |= {"scale": factor, "clipped": g * factor[..., None, None]}
        else:
            out["clipped"] = clipped(g, v)
        known = {"norm": right, "scale": v / np.maximum(right, v)}
        known["clipped"] = g * known["scale"][..., None, None]
        return {name: wrong for name, wrong in out.items() if not np.allclose(wrong, known[name], rtol=1e-9, atol=0)}

    return value


def _each(g, v):
    norms = np.sqrt(np.sum(g**2, axis=-1, keepdims=True))
    return g * v / np.maximum(norms, v)


MISTAKES = (
    Mistake("each-tensor-apart", "每个张量按自己的范数截断了：那是 clip_by_norm，方向会变",
            "each tensor was clipped by its own norm: that is clip_by_norm, and turns the direction",
            _with(clipped=_each)),
    Mistake("entry-by-entry", "逐元素截断了：那是 clip_by_value", "entry by entry: that is clip_by_value",
            _with(clipped=lambda g, v: np.clip(g, -v, v))),
    Mistake("norms-added", "把各张量的范数相加了；应当平方相加再开方",
            "the tensors' norms were added; add their squares, then take the root",
            _with(norm=lambda g: np.sum(np.sqrt(np.sum(g**2, axis=-1)), axis=-1))),
    Mistake("root-forgotten", "忘了开方", "the root was forgotten", _with(norm=lambda g: np.sum(g**2, axis=(-2, -1)))),
    Mistake("one-norm", "把绝对值相加了，那是 L1 范数", "sizes were added: that is the L1 norm",
            _with(norm=lambda g: np.sum(np.abs(g), axis=(-2, -1)))),
    Mistake("largest-entry", "用了最大分量", "the largest entry was taken for the norm",
            _with(norm=lambda g: np.max(np.abs(g), axis=(-2, -1)))),
    Mistake("to-length-one", "除以范数后忘了乘 v", "divided by the norm, but not multiplied by v",
            _with(scale=lambda v, norm: np.where(norm > v, 1 / np.maximum(norm, 1e-300), 1.0))),
    Mistake("always-rescaled", "没超过阈值也缩放了：截断从不放大梯度",
            "rescaled below the threshold as well: clipping never enlarges a gradient",
            _with(scale=lambda v, norm: v / np.maximum(norm, 1e-300))),
    Mistake("thrown-away", "超过阈值就把梯度置零了；截断只缩短，不丢弃",
            "zeroed beyond the threshold; clipping shortens the gradient and keeps it",
            _with(scale=lambda v, norm: np.where(norm > v, 0.0, 1.0))),
    Mistake("upside-down", "比例倒了：是 v/norm", "the ratio is upside down: it is v/norm",
            _with(scale=lambda v, norm: np.maximum(norm, v) / v)),
)  # fmt: skip


# ---- Claims.


def _finite(given):
    return np.isfinite(_norm(given["g"]))


def _length(given, out):
    norm = np.where(_finite(given), _norm(given["g"]), np.inf)
    return (_norm(out["clipped"]) - np.minimum(norm, given["v"])) / given["v"]


def _direction(given, out):
    """clipped |g| - g |clipped|, where the gradient has a direction."""
    fine = _finite(given)[..., None, None]
    g = np.where(fine, given["g"], 0.0)
    clipped = np.where(fine, out["clipped"], 0.0)
    lengths = [_norm(x)[..., None, None] for x in (g, clipped)]
    return (clipped * lengths[0] - g * lengths[1]) / (lengths[0] * lengths[1] + 1e-30)


def _untouched(given, out):
    """Where the norm is at most v, nothing changes at all."""
    short = (_finite(given) & (_norm(given["g"]) <= given["v"]))[..., None, None]
    return np.where(short, out["clipped"] - given["g"], 0.0) / given["v"]


def _random_step(given, out):
    """Where the gradient is not finite, every entry of the step is."""
    broken = ~_finite(given)[..., None, None]
    return np.where(broken & ~np.isfinite(out["clipped"]), 1.0, 0.0)


CLAIMS = (
    Claim("length", zh="截断后的全局范数是 min(norm, v)；梯度不是有限数时，随机步的长度是 v",
          en="the global norm becomes min(norm, v); a random step in place of Inf or NaN has length v",
          residual=_length),
    Claim("direction-kept", zh="方向不变：截断后与原梯度的夹角余弦是 1",
          en="the direction is kept: clipped and original gradient have cosine 1", residual=_direction),
    Claim("untouched-below", zh="范数不超过 v 时梯度原样不动", en="a gradient of norm v or less is left as it is",
          residual=_untouched),
    Claim("always-finite", zh="梯度里有 Inf 或 NaN 时，走的仍是有限的一步",
          en="where the gradient holds Inf or NaN the step taken is finite all the same", residual=_random_step),
)  # fmt: skip


def figure(given, out, steps):
    """The first case: the tensors' norms before and after."""
    g, clipped = (np.reshape(x, (-1, *np.shape(x)[-2:]))[0] for x in (given["g"], out["clipped"]))
    norms = [np.sqrt(np.sum(np.nan_to_num(x) ** 2, axis=-1))[:12] for x in (g, clipped)]
    names = tuple(f"t{i}" for i in range(len(norms[0])))
    labels = ({"zh": "截断前", "en": "before"}, {"zh": "截断后", "en": "after"})
    return Figure(
        title={"zh": f"按全局范数截断，v = {given['v']:g}", "en": f"clipped by the global norm, v = {given['v']:g}"},
        marks=tuple(Bars(names, heights, label) for heights, label in zip(norms, labels, strict=True)),
        x={"zh": "张量", "en": "tensor"},
        y={"zh": "范数", "en": "norm"},
    )


SOLVER = Solver(
    title={"zh": "按全局范数截断梯度", "en": "gradient clipping by the global norm"},
    formula=r"t_i\leftarrow t_i\cdot\frac{v}{\max(\mathrm{norm},\,v)},\qquad\mathrm{norm}=\sqrt{\sum_i\|t_i\|_2^2}",
    params={
        "g": Param([[3.0, 4.0], [12.0, 84.0]], {"zh": "梯度：每行一个张量", "en": "gradients, a tensor a row"},
                   shape="(..., K, D)"),
        "v": Param(17.0, {"zh": "阈值", "en": "the threshold"}, kind="float"),
        "nonfinite": Param("refuse", {"zh": "遇到 Inf 或 NaN：拒绝，或走随机一步",
                                      "en": "Inf or NaN: refuse, or take a random step"},
                           kind="choice", choices=("refuse", "random-step")),
    },
    outputs={"norm": "1", "scale": "1", "clipped": "1"},
    steps={"norms": {"zh": "各张量的范数", "en": "norms of the tensors"}},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="scipy.linalg.blas.dnrm2, case by case; the book's if",
    sample=sample,
    variant=variant,
    noise=noise,
    edges=(
        {"g": [[0.0, 0.0]], "v": 1.0},
        {"g": [[3.0, 4.0]], "v": 5.0},
        {"g": [[0.3, 0.4]], "v": 5.0},
        {"g": [[float("inf"), 1.0]], "v": 2.0, "nonfinite": "random-step"},
        {"g": [[[float("nan"), 1.0]], [[3.0, 4.0]], [[0.1, 0.0]]], "v": 2.0, "nonfinite": "random-step"},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"g": [1.0, 2.0]}, "g must have axes tensor and entry"),
        Reject({"g": [[]]}, "g must have axes tensor and entry"),
        Reject({"g": [[float("nan"), 1.0]]}, "g must hold finite numbers"),
        Reject({"g": [[1e30, 1.0]]}, "g must hold finite numbers"),
        Reject({"v": 0.0}, "v must be positive"),
        Reject({"v": float("inf")}, "v must be positive and finite"),
    ),
    figure=figure,
)  # fmt: skip
