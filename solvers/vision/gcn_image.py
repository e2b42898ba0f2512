"""Global contrast normalization of an image: mean 0 over all its pixels, standard deviation s.

    X' = s (X - mu) / max(eps, sqrt(lam + sigma^2)),  mu and sigma^2: mean and variance over the image's pixels

Shapes: image (..., H, W, C), or (H, W) for a single gray one; each image of a batch is normalized by itself, over all
pixels and channels together. Outputs: result (the image's shape), contrast and result_contrast (...), the standard
deviations before and after.
``unit`` multiplies the pixels first: "1/255" brings 8-bit pixels to [0, 1]. ``picture`` takes a random square crop of
one of scikit-learn's photographs (0..255), or one of its digits (0..16), in place of ``image``; both need the extra
'lab'. The other GCN, graph convolution, is the solver graph-convolution.
Errors: BadInput for pixels that are not finite or beyond 1e6, s or unit not positive, negative lam or eps, a constant
image without lam and eps (0/0).
Reference: Goodfellow et al. (2016), eq. 12.3; Coates, Lee & Ng (2011), An analysis of single-layer networks.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

LARGEST = 1e6
PIXELS = 4_000_000
PICTURES = ("image", "china", "flower", "digit")
RAMP = [[17 * (4 * i + j) for j in range(4)] for i in range(4)]  # 0..255 in sixteen steps


def check(image, picture, side, unit, s, lam, eps):
    require(image.ndim >= 2 and image.size >= 1, "image", "have shape (H, W) or (..., H, W, C)", image.shape)
    require(image.size <= PIXELS, "image", f"hold at most {PIXELS} numbers", image.size)
    require(np.all(np.abs(image) <= LARGEST), "image", f"hold finite numbers of size at most {LARGEST:.0e}", image)
    require(1 <= side <= 400, "side", "lie between 1 and 400", side)
    for name, value in (("unit", unit), ("s", s)):
        require(1e-6 <= value <= LARGEST, name, f"lie between 1e-6 and {LARGEST:.0e}", value)
    for name, value in (("lam", lam), ("eps", eps)):
        require(0 <= value <= LARGEST, name, f"lie between 0 and {LARGEST:.0e}", value)
    if picture == "image":
        axes = _axes(image)
        spread = image.max(axis=axes) - image.min(axis=axes)
        require(lam > 0 or eps > 0 or np.all(spread > 0), "eps", "be positive for a constant image with lam = 0", eps)


def noise(rng, image, picture, side, unit, s, lam, eps):
    """The crop of a photograph, or a digit; nothing where the image is given."""
    if picture == "image":
        return {}
    import PIL  # noqa: F401, scikit-learn reads its photographs with it
    from sklearn import datasets

    if picture == "digit":
        digits = datasets.load_digits().images
        return {"crop": digits[int(rng.integers(len(digits)))][:, :, None]}
    photo = datasets.load_sample_image(f"{picture}.jpg")
    top, left = (int(rng.integers(size - side + 1)) for size in photo.shape[:2])
    return {"crop": photo[top : top + side, left : left + side].astype(np.float64)}


def _axes(image):
    """Height, width and channels: the last three, or both of a gray image."""
    return (-2, -1) if image.ndim == 2 else (-3, -2, -1)


def compute(xp, note, image, picture, side, unit, s, lam, eps, crop=None):
    pixels = unit * (image if picture == "image" else crop)
    axes = (-2, -1) if pixels.ndim == 2 else (-3, -2, -1)
    note("pixels", pixels)

    def deviation(values, extra):
        """sqrt(extra + variance), with the axes kept, and the centered values."""
        centered = values - xp.mean(values, axis=axes, keepdims=True)
        return xp.sqrt(extra + xp.mean(centered * centered, axis=axes, keepdims=True)), centered

    def drop(kept):
        return kept[..., 0, 0] if pixels.ndim == 2 else kept[..., 0, 0, 0]

    note("mean", drop(xp.mean(pixels, axis=axes, keepdims=True)))
    contrast, centered = deviation(pixels, 0.0)
    regular, _ = deviation(pixels, lam)
    divisor = xp.maximum(regular, xp.zeros_like(regular) + eps)
    note("divisor", drop(divisor))
    result = s * centered / divisor
    return {"result": result, "contrast": drop(contrast), "result_contrast": drop(deviation(result, 0.0)[0])}


def oracle(image, picture, side, unit, s, lam, eps, crop=None):
    """One image at a time, flat: the variance as the mean square less the squared mean, in long double."""
    pixels = np.asarray(image if picture == "image" else crop, dtype=np.longdouble) * np.longdouble(unit)
    shape = pixels.shape[:0] if pixels.ndim == 2 else pixels.shape[:-3]
    flat = pixels.reshape(int(np.prod(shape)), -1)
    results, before, after = [], [], []
    for one in flat:
        origin = one[0]  # measured from the first pixel, so that nothing cancels
        mean, square = np.mean(one - origin), np.mean((one - origin) ** 2)
        variance = max(square - mean**2, np.longdouble(0))
        scale = s / max(eps, np.sqrt(lam + variance))
        results.append((one - origin - mean) * scale)
        before.append(np.sqrt(variance))
        after.append(np.sqrt(variance) * scale)
    return {
        "result": np.array(results, dtype=np.float64).reshape(pixels.shape),
        "contrast": np.array(before, dtype=np.float64).reshape(shape),
        "result_contrast": np.array(after, dtype=np.float64).reshape(shape),
    }


def sample(rng):
    batch, height, width = (int(n) for n in rng.integers(1, 4, size=3))
    return {
        "image": rng.uniform(0, 255, size=(batch, height + 1, width, int(rng.choice([1, 3])))),
        "unit": float(rng.choice([1.0, 1 / 255])),
        "s": float(rng.choice([1.0, 1.0, 2.5])),
        "lam": float(rng.choice([0.0, 0.1, 10.0])),
        "eps": float(rng.choice([0.0, 1e-8])),
    }


def variant(rng):
    """A gray 2 x 2 image of whole numbers around a whole mean, dim or bright, with a small or a large lambda."""
    mean = int(rng.integers(20, 200))
    a, b = (int(n) for n in rng.choice(np.arange(2, 11), size=2, replace=False))
    values = [mean + d for d in rng.permutation([a, -a, b, -b]).tolist()]
    return {"image": [values[:2], values[2:]], "lam": int(rng.choice([5, 10, 20])), "eps": 0}


# ---- The rule in numpy, with parts to get wrong: the mistakes, and the claim on units.


def _rule(pixels, s, lam, eps, *, mean=np.mean, divisor=None, axes=None):
    axes = axes or _axes(pixels)
    centered = pixels - mean(pixels, axis=axes, keepdims=True)
    variance = np.var(pixels, axis=axes, keepdims=True)
    count = np.prod([pixels.shape[axis] for axis in axes])
    below = np.maximum(eps, np.sqrt(lam + variance)) if divisor is None else divisor(variance, lam, eps, count)
    result = s * centered / below
    return {"result": result, "result_contrast": np.std(result, axis=_axes(pixels))}


def _mistake(**parts):
    def value(image, picture, side, unit, s, lam, eps, crop=None):
        pixels = unit * (image if picture == "image" else crop)
        now = {"s": s, "lam": lam, "eps": eps} | {n: v for n, v in parts.items() if n in ("lam", "eps")}
        rest = {n: v for n, v in parts.items() if n not in ("lam", "eps", "shrink")}
        with np.errstate(all="ignore"):
            right = _rule(pixels, s, lam, eps)
            wrong = _rule(pixels * parts.get("shrink", 1.0), **now, **rest)
        return {n: v for n, v in wrong.items() if not np.allclose(v, right[n], rtol=1e-6, atol=1e-12)}

    return value


def _per_channel(image, picture, side, unit, s, lam, eps, crop=None):
    pixels = unit * (image if picture == "image" else crop)
    if pixels.ndim == 2 or pixels.shape[-1] == 1:
        return {}
    with np.errstate(all="ignore"):
        return _rule(pixels, s, lam, eps, axes=(-3, -2))


def _divided_by(rule):
    """The divisor written otherwise: ``rule(variance, lam, eps, n)``."""
    return _mistake(divisor=rule)


MISTAKES = (
    Mistake("mean-kept", "没有减去均值", "the mean was not subtracted", _mistake(mean=lambda x, **_: 0.0)),
    Mistake(
        "no-root",
        "除以了方差，没有开方",
        "divided by the variance: the root is missing",
        _divided_by(lambda v, lam, eps, n: np.maximum(eps, lam + v)),
    ),
    Mistake(
        "lambda-outside",
        "λ 加在了根号外面",
        "lambda was added outside the root",
        _divided_by(lambda v, lam, eps, n: np.maximum(eps, lam + np.sqrt(v))),
    ),
    Mistake("lambda-ignored", "漏了 λ", "lambda was left out", _mistake(lam=0.0)),
    Mistake(
        "n-minus-one",
        "方差除以了 n−1；GCN 除以像素数 n",
        "the variance was divided by n-1; GCN divides by n",
        _divided_by(lambda v, lam, eps, n: np.maximum(eps, np.sqrt(lam + v * n / (n - 1.0)))),
    ),
    Mistake(
        "length-not-deviation",
        "除以了 L² 范数，少除了像素数",
        "divided by the L2 norm: the number of pixels is missing",
        _divided_by(lambda v, lam, eps, n: np.maximum(eps, np.sqrt(lam + v * n))),
    ),
    Mistake(
        "each-channel-alone",
        "各通道分开归一化了；GCN 把所有通道放在一起算",
        "each channel was normalized alone; GCN takes all of them together",
        _per_channel,
    ),
    Mistake(
        "printed-000-e173",
        "只设 λ = 0、没有 ε：常值图像得 0/0",
        "lambda = 0 without epsilon: a constant image gives 0/0",
        _mistake(lam=0.0, eps=0.0),
    ),
    Mistake(
        "printed-000-e174",
        "像素换到了 [0,1]，λ 没有跟着除以 255²",
        "the pixels went to [0, 1] and lambda was not divided by 255^2",
        _mistake(shrink=1 / 255),
    ),
)


def _relative(gap, given, out):
    """A gap between results, relative to what rounding of the pixels' mean does to them."""
    return np.max(np.abs(gap), initial=0.0) / (1 + np.max(np.abs(given["s"] * out["mean"] / out["divisor"])))


def _zero_mean(given, out):
    return _relative(out["result"].mean(axis=_axes(out["pixels"])), given, out)


def _law(given, out):
    expected = given["s"] * out["contrast"] / np.maximum(given["eps"], np.sqrt(given["lam"] + out["contrast"] ** 2))
    return (out["result_contrast"] - expected) / (1 + given["s"])


def _units(given, out):
    a = 1 / 255
    moved = _rule(a * out["pixels"], given["s"], a**2 * given["lam"], a * given["eps"])["result"]
    return _relative(moved - out["result"], given, out)


def _proportions(given, out):
    pixels = out["pixels"]
    first = (..., slice(1), slice(1)) if pixels.ndim == 2 else (..., slice(1), slice(1), slice(1))
    factor = given["s"] / np.reshape(out["divisor"], np.shape(pixels[first]))
    return _relative(out["result"] - out["result"][first] - factor * (pixels - pixels[first]), given, out)


def figure(given, out, steps):
    """Contrast after against contrast before, for the given lambda and for none, and where this image lies."""
    here, after = (float(np.ravel(out[name])[0]) for name in ("contrast", "result_contrast"))
    before = np.geomspace(0.01, 200, 60)
    curve = given["s"] * before / np.maximum(given["eps"], np.sqrt(given["lam"] + before**2))
    plain = np.full(60, given["s"])
    return Figure(
        title={
            "zh": "归一化前后的对比度（像素标准差）",
            "en": "contrast (standard deviation of the pixels), before and after",
        },
        marks=(
            Lines(before, plain, {"zh": "λ = 0", "en": "lambda = 0"}),
            Lines(before, curve, {"zh": f"λ = {given['lam']:g}", "en": f"lambda = {given['lam']:g}"}),
            Scatter(np.array([max(here, 0.01)]), np.array([after]), {"zh": "这张图", "en": "this image"}),
        ),
        x={"zh": "归一化前（像素单位）", "en": "before (in units of the pixels)"},
        y={"zh": "归一化后", "en": "after"},
        log="x",
    )


SOLVER = Solver(
    title={"zh": "全局对比度归一化（图像的 GCN）", "en": "Global contrast normalization (GCN of images)"},
    formula=r"X'=s\,\frac{X-\mu}{\max\{\epsilon,\sqrt{\lambda+\sigma^2}\}}",
    params={
        "image": Param(
            RAMP, {"zh": "图像，灰度图为 (H, W)", "en": "the image; a gray one is (H, W)"}, shape="(..., H, W, C)"
        ),
        "picture": Param(
            "image",
            {"zh": "改用一张照片或手写数字（需要附加包 lab）", "en": "a photograph or a digit instead (extra lab)"},
            kind="choice",
            choices=PICTURES,
        ),
        "side": Param(
            32, {"zh": "照片裁剪的边长（像素）", "en": "side of the photograph's crop in pixels"}, kind="int"
        ),
        "unit": Param(
            1.0, {"zh": "像素先乘以它，1/255 得 [0,1]", "en": "the pixels times this; 1/255 gives [0, 1]"}, kind="float"
        ),
        "s": Param(1.0, {"zh": "目标标准差 s", "en": "the standard deviation s aimed at"}, kind="float"),
        "lam": Param(0.0, {"zh": "正则项 λ，加在方差上", "en": "lambda, added to the variance"}, kind="float"),
        "eps": Param(1e-8, {"zh": "分母的下限 ε", "en": "epsilon, the least divisor"}, kind="float"),
    },
    outputs={"result": "1", "contrast": "1", "result_contrast": "1"},
    steps={
        "pixels": {"zh": "要归一化的像素", "en": "the pixels to normalize"},
        "mean": {"zh": "整幅图的均值", "en": "mean over the whole image"},
        "divisor": {"zh": "分母 max{ε, √(λ+方差)}", "en": "divisor max{eps, sqrt(lam + variance)}"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="image by image in long double: mean square less squared mean, from the first pixel",
    sample=sample,
    variant=variant,
    edges=(
        {"image": [[7.0, 7.0], [7.0, 7.0]]},
        {"image": [[7.0, 7.0], [7.0, 7.0]], "lam": 10.0, "eps": 0.0},
        {"image": RAMP, "lam": 10.0, "eps": 0.0},
        {"image": RAMP, "lam": 10.0, "eps": 0.0, "unit": "1/255"},
        {"image": [[0.0, 255.0]]},
        {"image": [[5.0]], "eps": 2.0},
        {"image": [[[0.0, 0.0, 255.0], [0.0, 255.0, 255.0]]], "s": 2.0},
        {"image": [[1.0, 2.0], [3.0, 4.0]], "eps": 100.0},
    ),
    noise=noise,
    tolerance={"float64": 1e-11, "float32": 1e-4},
    claims=(
        Claim("zero-mean", zh="结果的均值为 0", en="the result has mean 0", residual=_zero_mean),
        Claim(
            "contrast-law",
            zh="归一化后的标准差是 s·d/max{ε, √(λ+d²)}；λ = 0 且 d ≥ ε 时就是 s",
            en="the standard deviation becomes s d / max{eps, sqrt(lam + d^2)}: s itself for lam = 0 and d >= eps",
            residual=_law,
        ),
        Claim(
            "lambda-has-units",
            zh="像素除以 255 时，λ 除以 255²、ε 除以 255，结果才不变",
            en="pixels over 255 give the same result only with lam over 255^2 and eps over 255",
            residual=_units,
        ),
        Claim(
            "keeps-proportions",
            zh="任意两像素之差都乘以同一个数 s/分母，暗处亮处一样",
            en="the difference of any two pixels is multiplied by the same s/divisor, in the dark as in the light",
            residual=_proportions,
        ),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"image": [1.0, 2.0]}, "image must have shape (H, W)"),
        Reject({"image": [[1.0, float("nan")]]}, "image must hold finite numbers"),
        Reject({"image": [[1e9, 0.0]]}, "image must hold finite numbers of size at most 1e+06"),
        Reject({"side": 0}, "side must lie between 1 and 400"),
        Reject({"side": 5000}, "side must lie between 1 and 400"),
        Reject({"unit": 0.0}, "unit must lie between 1e-6"),
        Reject({"s": -1.0}, "s must lie between 1e-6"),
        Reject({"lam": -10.0}, "lam must lie between 0"),
        Reject({"eps": float("inf")}, "eps must lie between 0"),
        Reject({"image": [[3.0, 3.0]], "lam": 0.0, "eps": 0.0}, "eps must be positive for a constant image"),
        Reject({"picture": "lena"}, "picture must be one of image, china, flower, digit"),
    ),
    figure=figure,
)
