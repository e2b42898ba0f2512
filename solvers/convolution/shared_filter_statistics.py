"""How many images a filter needs: least squares for one filter a place, and for one filter shared by all places.

    z = <w, patch> + s e,   N images of P patches each, k white pixels a patch        (patches do not overlap)
    E ||w^ - w||^2 = s^2 k / (M - k - 1)       M = N samples for a filter of one place, M = N P for a shared one

Both layers are equally sparse: k links an output. Only sharing lets each patch of an image count as a sample, which
cuts the error by about P.
Outputs: unshared, shared, the expected squared errors (of the filter of one place); gain, their ratio. Steps:
``measured`` (2,) the same from ``repeats`` least-squares fits to random images, ``samples`` (2,) the M of each.
Errors: BadInput for sizes out of range, N below 2 k + 10 (the expectation needs M > k + 1; more keeps its tail short).
Reference: Goodfellow et al. (2016), section 9.2; the mean of an inverse Wishart matrix, Mardia et al. (1979), 3.8.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

MOST = 3_000_000
NAMES = ("unshared", "shared")


def check(images, places, k, s, repeats):
    require(1 <= k <= 50, "k", "lie between 1 and 50", k)
    require(2 * k + 10 <= images <= 100_000, "images", f"lie between 2k + 10 = {2 * k + 10} and 100000", images)
    require(1 <= places <= 10_000, "places", "lie between 1 and 10000", places)
    require(s.ndim == 0 and 1e-3 <= s <= 1e3, "s", "be a number between 0.001 and 1000", s)
    require(20 <= repeats <= 1000, "repeats", "lie between 20 and 1000", repeats)
    require(images * places * k * repeats <= MOST, "images", f"need at most {MOST} random pixels", images)


def noise(rng, images, places, k, s, repeats):
    """White patches, and white errors of the answers."""
    return {
        "patches": rng.normal(size=(repeats, places, images, k)),
        "errors": rng.normal(size=(repeats, places, images, 1)),
    }


def compute(xp, note, images, places, k, s, repeats, patches, errors):
    def missed(inputs, noises):
        """Squared error of the fit: the normal equations of the error alone (the true filter drops out)."""
        turned = xp.matrix_transpose(inputs)
        wrong = xp.linalg.solve(xp.matmul(turned, inputs), xp.matmul(turned, s * noises))
        return xp.mean(xp.sum(wrong * wrong, axis=(-2, -1)))

    def pooled(values):
        return xp.reshape(values, (repeats, places * images, -1))

    note("measured", xp.stack([missed(patches, errors), missed(pooled(patches), pooled(errors))]))
    note("samples", xp.stack([xp.full((), n, dtype=xp.int64, device=s.device) for n in (images, images * places)]))
    unshared, shared = (s * s * (k / (n - k - 1)) for n in (images, images * places))
    return {"unshared": unshared, "shared": shared, "gain": unshared / shared}


def oracle(images, places, k, s, repeats, patches, errors):
    """The trace of the mean of an inverse Wishart matrix, summed eigenvalue by eigenvalue."""
    out = {}
    for name, samples in zip(NAMES, (images, images * places), strict=True):
        out[name] = sum(s**2 / (samples - k - 1) for _ in range(k))
    out["gain"] = (images * places - k - 1) / (images - k - 1)
    return {name: np.asarray(value, dtype=np.float64) for name, value in out.items()}


def sample(rng):
    k = int(rng.integers(1, 4))
    return {
        "images": 2 * k + 10 + int(rng.integers(20)),
        "places": int(rng.integers(2, 6)),
        "k": k,
        "s": float(rng.uniform(0.5, 2)),
        "repeats": 200,
    }


def variant(rng):
    """Numbers for a calculator: tens of images, tens of places, a filter of nine or less."""
    k = int(rng.integers(2, 10))
    return {
        "images": int(10 * rng.integers(3, 16)),
        "places": int(rng.choice([4, 9, 16, 25, 36])),
        "k": k,
        "s": round(float(rng.integers(1, 16)) / 5, 1),
        "repeats": 20,
    }


# ---- Mistakes.


def _right(given):
    out = oracle(**given)
    return {name: float(value) for name, value in out.items()}


def _changed(wrong, right):
    return {n: np.asarray(v) for n, v in wrong.items() if not np.isclose(v, right[n], rtol=1e-9)}


def _both(unshared, shared):
    return {"unshared": unshared, "shared": shared, "gain": unshared / shared}


def _sparsity_does_it(**given):
    """Every patch a sample for a local filter too: no gain is left to sharing."""
    right = _right(given)
    return _changed(_both(right["shared"], right["shared"]), right)


def _one_sample_an_image(**given):
    right = _right(given)
    return _changed(_both(right["unshared"], right["unshared"]), right)


def _root(**given):
    right = _right(given)
    return _changed({name: np.sqrt(right[name]) for name in (*NAMES, "gain")}, right)


def _all_filters(**given):
    """The errors of all places together for one of them."""
    right = _right(given)
    return _changed({"unshared": right["unshared"] * given["places"]}, right)


def _deviation(**given):
    right, s = _right(given), float(given["s"])
    return _changed({name: right[name] / s for name in NAMES}, right)


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("printed-000-e108", _sparsity_does_it,
     "把“每块区域都提供样本”归功于稀疏：不共享的局部滤波器每幅图只得到一个样本",
     "credits sparsity with a sample from each patch: an unshared filter gets one an image"),
    ("sharing-gains-nothing", _one_sample_an_image,
     "忘了共享的滤波器从每个位置都得到样本", "forgets that a shared filter gets a sample from every place"),
    ("root-taken", _root, "开了平方：这里问的是均方误差", "took the root: squared errors are asked for"),
    ("all-filters", _all_filters, "把所有位置的滤波器的误差加起来了", "added up the errors of all places' filters"),
    ("deviation-for-variance", _deviation, "用了 s 而不是 s²", "s was used in place of its square"),
))  # fmt: skip


# ---- Claims.


def _measured(given, out):
    """Within 40 % for 200 fits or more (of one weight, four standard deviations of the mean; of nine, twelve)."""
    if given["repeats"] < 200:
        return 0.0
    expected = np.array([out["unshared"], out["shared"]])
    return np.maximum(np.abs(out["measured"] / expected - 1) - 0.4, 0.0)


def _fitted(patches, errors, s):
    """Mean squared error of least squares on (..., images, weights), by numpy's QR instead of normal equations."""
    q, r = np.linalg.qr(patches)
    wrong = np.linalg.solve(r, np.swapaxes(q, -1, -2) @ (s * errors))
    return (wrong**2).sum(axis=(-2, -1)).mean()


def _fewer_weights(given, out):
    """Half of the weights, fitted to the same images: the error falls as k / (N - k - 1) does, to 40 %."""
    few, k, n = max(given["k"] // 2, 1), given["k"], given["images"]
    if given["repeats"] < 200 or few == k:
        return 0.0
    measured = _fitted(given["patches"][..., :few], given["errors"], float(given["s"])) / out["measured"][0]
    return np.maximum(np.abs(measured / (few / (n - few - 1) * (n - k - 1) / k) - 1) - 0.4, 0.0)


def _at_least_places(given, out):
    """The measured gain is (N P - k - 1) / (N - k - 1), which is P and a little more, to 60 %."""
    if given["repeats"] < 200:
        return 0.0
    n, more, k = given["images"], given["images"] * given["places"], given["k"]
    measured = out["measured"][0] / out["measured"][1]
    return np.maximum(np.abs(measured / ((more - k - 1) / (n - k - 1)) - 1) - 0.6, 0.0)


def _many_images_for_one(given, out):
    """Filters of one place, fitted to P times the images: as good as the shared one, to 60 %."""
    places, n = given["places"], given["images"]
    groups = given["repeats"] // places
    if given["repeats"] < 200 or groups * places < 150:
        return 0.0

    def gathered(values):
        parts = values[: groups * places].reshape(groups, places, places, n, -1)
        return np.swapaxes(parts, 1, 2).reshape(groups, places, places * n, -1)

    alone = _fitted(gathered(given["patches"]), gathered(given["errors"]), float(given["s"]))
    return np.maximum(np.abs(alone / out["shared"] - 1) - 0.6, 0.0)


def figure(given, out, steps):
    names = ("unshared", "shared")
    expected = [float(out[name]) for name in names]
    return Figure(
        {"zh": "滤波器的均方误差：不共享与共享", "en": "squared error of the filter, unshared and shared"},
        (
            Bars(names, np.array(expected), {"zh": "理论", "en": "expected"}),
            Bars(names, np.asarray(steps["measured"]), {"zh": "实测", "en": "measured"}),
        ),
        y={"zh": "均方误差", "en": "squared error"},
    )


SOLVER = Solver(
    title={"zh": "共享滤波器的统计效率", "en": "what sharing a filter does for statistics"},
    formula=r"\mathbb{E}\|\hat w-w\|^2=\frac{s^2k}{M-k-1},\quad M=N\;\text{or}\;NP",
    params={
        "images": Param(50, {"zh": "图像数 N", "en": "images N"}, kind="int"),
        "places": Param(16, {"zh": "每幅图的位置数 P", "en": "places P of an image"}, kind="int"),
        "k": Param(9, {"zh": "滤波器的权重数 k", "en": "weights k of the filter"}, kind="int"),
        "s": Param(1.0, {"zh": "答案的噪声标准差 s", "en": "standard deviation s of the noise"}, shape="()"),
        "repeats": Param(200, {"zh": "重复拟合的次数", "en": "fits to random images"}, kind="int"),
    },
    outputs={"unshared": "1", "shared": "1", "gain": "1"},
    steps={
        "measured": {"zh": "实测：不共享、共享", "en": "measured: unshared, shared"},
        "samples": {"zh": "每个滤波器的样本数", "en": "samples a filter gets"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="the mean of an inverse Wishart matrix, term by term",
    sample=sample,
    variant=variant,
    noise=noise,
    edges=({"images": 12, "places": 1, "k": 1}, {"images": 100, "places": 9, "k": 5, "s": 10.0, "repeats": 20}),
    tolerance={"float64": 1e-12, "float32": 1e-4},
    smooth=False,  # the gradient would be taken in every random pixel
    batched=False,
    claims=(
        Claim("measured", zh="200 次拟合的平均与公式相差不到 40%", en="200 fits come within 40 % of the formula",
              residual=_measured),
        Claim("fewer-weights", zh="同样的图像，只估一半的权重：误差按 k/(N−k−1) 降下来",
              en="the same images, half the weights to estimate: the error falls as k / (N - k - 1) does",
              residual=_fewer_weights),
        Claim("a-factor-of-the-places", zh="实测：共享把误差降到约 1/P，P 是位置数（N 小时更低）",
              en="measured: sharing cuts the error by about P, the number of places (more if N is small)",
              residual=_at_least_places),
        Claim("as-many-images", zh="实测：不共享时用 P 倍的图像，误差才一样小",
              en="measured: without sharing, P times the images are as good", residual=_many_images_for_one),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"k": 0}, "k must lie between 1 and 50"),
        Reject({"images": 20}, "images must lie between 2k + 10 = 28"),
        Reject({"places": 0}, "places must lie between 1 and 10000"),
        Reject({"s": 0.0}, "s must be a number between 0.001"),
        Reject({"s": float("nan")}, "s must be a number between 0.001"),
        Reject({"repeats": 1}, "repeats must lie between 20 and 1000"),
        Reject({"images": 100_000, "places": 10_000}, "images must need at most"),
    ),
    figure=figure,
)  # fmt: skip
