"""Equivariance put to the test: transform, then convolve, against convolve, then transform.

    gap = max |f(g(x)) - g(f(x))|          change = max |f(g(x)) - f(x)|          (change: for shifts; 0 else)
    f(x)[i, j] = sum_{u, v} k[u, v] x[s i + u - r, s j + v - r']          "same" convolution, windows s apart

Outside the image stands what comes in at the other end (border ``wrap``) or 0 (``zero``). The transformation g:
``shift`` rolls the columns right by ``shift`` places (the map by shift // s), ``turn`` turns by 90 degrees
counterclockwise, ``scale`` doubles every pixel in both directions.
Shapes: x (..., H, W), kernel (kH, kW) with odd sides -> mapped = f(g(x)), moved = g(f(x)), gap and change (...).
Step: ``closest`` (...), the smallest gap that any whole shift of the map leaves (for turn and scale the gap itself).
Errors: BadInput for even kernels, kernels larger than the image, shifts or strides out of range, more than 10^6 pixels.
Reference: Goodfellow et al. (2016), section 9.2; Kayhan & van Gemert (2020) on borders, Zhang (2019) on strides.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Heatmap, Mistake, Param, Reject, Solver, require

LIMIT = 1e6
MOST_PRODUCTS = 10_000_000


def check(x, kernel, transform, border, shift, stride):
    require(x.ndim >= 2 and x.size >= 1, "x", "have axes row and column, neither empty", x.shape)
    require(kernel.ndim == 2 and kernel.size >= 1, "kernel", "be a matrix", kernel.shape)
    for name, value in (("x", x), ("kernel", kernel)):
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    require(all(n % 2 for n in kernel.shape), "kernel", "have odd sides", kernel.shape)
    side = min(x.shape[-2:])
    fits = all(k <= (side if transform == "turn" else n) for k, n in zip(kernel.shape, x.shape[-2:], strict=True))
    require(fits, "kernel", "fit into the image (turned too, for turn)", kernel.shape)
    require(0 <= shift < x.shape[-1], "shift", f"lie between 0 and {x.shape[-1] - 1}", shift)
    require(1 <= stride <= side, "stride", f"lie between 1 and {side}, the image's side", stride)
    require(4 * x.size * kernel.size <= MOST_PRODUCTS, "x", f"need at most {MOST_PRODUCTS} products", x.size)
    trials = x.size * x.shape[-1] if transform == "shift" else 0
    require(trials <= MOST_PRODUCTS, "x", f"have at most {MOST_PRODUCTS} pixels times columns for shifts", x.size)


def compute(xp, note, x, kernel, transform, border, shift, stride):
    def wider(image, axis, reach):
        if border == "wrap":
            size = image.shape[axis]
            if axis == -1:
                ends = image[..., size - reach :], image[..., :reach]
            else:
                ends = image[..., size - reach :, :], image[..., :reach, :]
        else:
            shape = list(image.shape)
            shape[axis] = reach
            ends = (xp.zeros(tuple(shape), dtype=image.dtype, device=image.device),) * 2
        return xp.concat([ends[0], image, ends[1]], axis=axis)

    def convolve(image):
        (rows, columns), (high, wide) = kernel.shape, image.shape[-2:]
        padded = wider(wider(image, -2, rows // 2), -1, columns // 2)
        total = xp.zeros_like(image[..., ::stride, ::stride])
        for u in range(rows):
            for v in range(columns):
                total += kernel[u, v] * padded[..., u : u + high : stride, v : v + wide : stride]
        return total

    def transformed(image, places):
        if transform == "shift":
            return xp.roll(image, places, axis=-1)
        if transform == "turn":
            return xp.flip(xp.matrix_transpose(image), axis=-2)
        wide = xp.reshape(xp.stack([image, image], axis=-1), (*image.shape[:-1], 2 * image.shape[-1]))
        tall = xp.stack([wide, wide], axis=-2)
        return xp.reshape(tall, (*wide.shape[:-2], 2 * wide.shape[-2], wide.shape[-1]))

    def worst(difference):
        return xp.max(xp.abs(difference), axis=(-2, -1))

    plain, mapped = convolve(x), convolve(transformed(x, shift))
    moved = transformed(plain, shift // stride)
    note("plain", plain)
    gap = worst(mapped - moved)
    if transform == "shift":
        trials = [worst(mapped - xp.roll(plain, t, axis=-1)) for t in range(plain.shape[-1])]
        note("closest", xp.min(xp.stack(trials), axis=0))
        change = worst(mapped - plain)
    else:
        note("closest", gap)
        change = xp.zeros_like(gap)
    return {"mapped": mapped, "moved": moved, "gap": gap, "change": change}


def _convolved(x, kernel, border, stride):
    from scipy.ndimage import correlate

    mode = {"wrap": "wrap", "zero": "constant"}[border]
    images = x.reshape(-1, *x.shape[-2:])
    maps = [correlate(image, kernel, mode=mode)[::stride, ::stride] for image in images]
    return np.array(maps).reshape(*x.shape[:-2], *maps[0].shape)


def _transformed(x, transform, places):
    if transform == "shift":
        return np.roll(x, places, axis=-1)
    if transform == "turn":
        return np.rot90(x, axes=(-2, -1))
    return np.kron(x, np.ones((2, 2)))


def oracle(x, kernel, transform, border, shift, stride):
    mapped = _convolved(_transformed(x, transform, shift), kernel, border, stride)
    plain = _convolved(x, kernel, border, stride)
    moved = _transformed(plain, transform, shift // stride)
    gap = np.abs(mapped - moved).max(axis=(-2, -1))
    change = np.abs(mapped - plain).max(axis=(-2, -1)) if transform == "shift" else 0 * gap
    return {"mapped": mapped, "moved": moved, "gap": gap, "change": change}


def sample(rng):
    transform = ["shift", "shift", "turn", "scale"][int(rng.integers(4))]
    kernel = rng.normal(size=[(3, 3), (1, 3), (3, 1)][int(rng.integers(3))])
    if rng.integers(3) == 0:
        kernel = np.array([[0.2, 0.5, 0.2], [0.5, -1.0, 0.5], [0.2, 0.5, 0.2]])  # looks the same turned
    return {
        "x": rng.normal(size=(*[(), (2,)][int(rng.integers(2))], 4, int(rng.choice([6, 8])))),
        "kernel": kernel,
        "transform": transform,
        "border": ["wrap", "zero"][int(rng.integers(2))],
        "shift": int(rng.integers(1, 4)),
        "stride": int(rng.choice([1, 1, 2])),
    }


def variant(rng):
    """A row of six to eight small numbers, a kernel of three, zeros outside."""
    return {
        "x": [rng.integers(1, 10, size=int(rng.integers(6, 9))).tolist()],
        "kernel": [rng.choice([-3, -2, -1, 1, 2, 3], size=3).tolist()],
        "transform": "shift",
        "border": "zero",
        "shift": int(rng.integers(1, 3)),
        "stride": 1,
    }


# ---- Mistakes.


def _right(given):
    return oracle(**given)


def _changed(wrong, right):
    return {n: v for n, v in wrong.items() if np.shape(v) != np.shape(right[n]) or not np.allclose(v, right[n])}


def _plain_map(given):
    return _convolved(given["x"], given["kernel"], given["border"], given["stride"])


def _shifted(rule):
    """A mistake about shifts: ``rule(given, right, plain)`` is what was taken for ``mapped`` and for ``moved``."""

    def value(**given):
        if given["transform"] != "shift":
            return {}
        right, plain = _right(given), _plain_map(given)
        mapped, moved = rule(given, right, plain)
        gap, change = (np.abs(mapped - other).max(axis=(-2, -1)) for other in (moved, plain))
        return _changed({"mapped": mapped, "moved": moved, "gap": gap, "change": change}, right)

    return value


def _rolled(plain, places):
    return np.roll(plain, places, axis=-1)


def _turns_and_scales(**given):
    if given["transform"] == "shift":
        return {}
    right = _right(given)
    return _changed({"mapped": right["moved"], "gap": 0 * right["gap"]}, right)


def _other_border(**given):
    other = _right({**given, "border": {"wrap": "zero", "zero": "wrap"}[given["border"]]})
    return _changed(other, _right(given))


def _flipped(**given):
    return _changed(_right({**given, "kernel": given["kernel"][::-1, ::-1]}), _right(given))


def _summed(**given):
    right = _right(given)
    wrong = {"gap": np.abs(right["mapped"] - right["moved"]).sum(axis=(-2, -1))}
    if given["transform"] == "shift":
        wrong["change"] = np.abs(right["mapped"] - _plain_map(given)).sum(axis=(-2, -1))
    return _changed(wrong, right)


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("taken-for-invariant", _shifted(lambda given, right, plain: (plain, right["moved"])),
     "以为输入平移后输出不变：特征会跟着移动", "takes the map to stay as it is: features move along"),
    ("any-translation", _shifted(lambda given, right, plain: (right["moved"], right["moved"])),
     "以为在任何边界处理下都严格等变：补零的边界上对不上",
     "takes it to be exact whatever the border: with zeros outside, the border disagrees"),
    ("any-stride", _shifted(lambda given, right, plain: (right["mapped"], _rolled(plain, given["shift"]))),
     "步幅为 s 时，输入移 s 个像素，特征图才移一格", "at stride s it takes s pixels to move the map by one"),
    ("turns-and-scales-too", _turns_and_scales,
     "以为对旋转、缩放也等变；核没有跟着转、跟着放大",
     "takes it to hold for turning and scaling; the kernel does not turn or grow along"),
    ("other-way",
     _shifted(lambda g, right, plain: (right["mapped"], _rolled(plain, -(g["shift"] // g["stride"])))),
     "特征图移反了方向", "moved the map the other way"),
    ("other-border", _other_border, "边界弄错了：补零与循环是两回事",
     "took the other border: zeros outside and wrapping around differ"),
    ("flipped", _flipped, "核左右翻转了；网络算的是互相关", "flipped the kernel; nets correlate"),
    ("summed", _summed, "把各处的差加起来了；要的是最大的一个", "added the differences up; the largest is asked for"),
))  # fmt: skip


# ---- Claims.


def _size(given):
    return 1 + np.abs(given["kernel"]).sum() * np.abs(given["x"]).max()


def _exact_on_a_ring(given, out):
    """Wrapped around, with a shift by a multiple of the stride."""
    fits = given["shift"] % given["stride"] == 0 and given["x"].shape[-1] % given["stride"] == 0
    if given["transform"] != "shift" or given["border"] != "wrap" or not fits:
        return 0.0
    return np.maximum(out["gap"], np.abs(out["mapped"] - out["moved"]).max(axis=(-2, -1))) / _size(given)


def _exact_inside(given, out):
    """With zeros outside, stride 1: wherever neither window reaches the border."""
    if given["transform"] != "shift" or given["stride"] != 1:
        return 0.0
    wide, reach = given["x"].shape[-1], given["kernel"].shape[1] // 2
    j = np.arange(wide)
    before = (j - given["shift"]) % wide
    inside = (np.minimum(j, before) >= reach) & (np.maximum(j, before) < wide - reach)
    return (out["mapped"] - out["moved"])[..., inside] / _size(given)


def _same_values_elsewhere(given, out):
    """On a ring at stride 1 the map of the moved image holds the old values, none new and none lost."""
    if given["transform"] != "shift" or given["border"] != "wrap" or given["stride"] != 1:
        return 0.0
    old = _plain_map(given)
    return (np.sort(out["mapped"], axis=-1) - np.sort(old, axis=-1)) / _size(given)


def _kernel_turned_too(given, out):
    """Turn the kernel along, and the map turns (stride 1)."""
    if given["transform"] != "turn" or given["stride"] != 1:
        return 0.0
    both = _convolved(np.rot90(given["x"], axes=(-2, -1)), np.rot90(given["kernel"]), given["border"], 1)
    return (both - out["moved"]) / _size(given)


def _kernel_looks_the_same(given, out):
    """A kernel that turning leaves as it is makes the layer equivariant to turning."""
    kernel = given["kernel"]
    square = kernel.shape[0] == kernel.shape[1] and np.allclose(kernel, np.rot90(kernel))
    if given["transform"] != "turn" or given["stride"] != 1 or not square:
        return 0.0
    return np.max(np.abs(out["mapped"] - out["moved"])) / _size(given)


def figure(given, out, steps):
    """Where the two orders differ, in the first image."""
    difference = np.abs(out["mapped"] - out["moved"])
    return Figure(
        {"zh": "先变换再卷积与先卷积再变换之差", "en": "transform first against convolve first: the difference"},
        (Heatmap(difference.reshape(-1, *difference.shape[-2:])[0]),),
        x={"zh": "列", "en": "column"},
        y={"zh": "行", "en": "row"},
    )


IMAGE = [[0, 0, 1, 2, 0, 0], [0, 3, 4, 1, 0, 2], [1, 2, 5, 0, 1, 3], [0, 1, 3, 0, 2, 4], [0, 0, 2, 1, 0, 1],
         [2, 0, 0, 1, 3, 0]]  # fmt: skip
SOBEL = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
SOLVER = Solver(
    title={"zh": "等变性检验：平移、旋转、缩放", "en": "equivariance put to the test"},
    formula=r"\max|f(g(x))-g(f(x))|",
    params={
        "x": Param(IMAGE, {"zh": "图像", "en": "the image"}, shape="(..., H, W)"),
        "kernel": Param(SOBEL, {"zh": "核", "en": "the kernel"}, shape="(kH, kW)"),
        "transform": Param("shift", {"zh": "变换：平移、转 90°、放大一倍", "en": "shift, turn by 90 degrees, double"},
                           kind="choice", choices=("shift", "turn", "scale")),
        "border": Param("wrap", {"zh": "图像之外：循环或补零", "en": "outside the image: wrapped around, or zero"},
                        kind="choice", choices=("wrap", "zero")),
        "shift": Param(1, {"zh": "右移几个像素", "en": "pixels to the right"}, kind="int"),
        "stride": Param(1, {"zh": "步幅 s", "en": "stride s"}, kind="int"),
    },
    outputs={"mapped": "1", "moved": "1", "gap": "1", "change": "1"},
    steps={
        "plain": {"zh": "f(x)", "en": "f(x)"},
        "closest": {"zh": "特征图任意平移后剩下的最小差", "en": "smallest gap that any shift of the map leaves"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="scipy.ndimage.correlate; numpy.roll, rot90, kron",
    sample=sample,
    variant=variant,
    edges=(
        {"x": [[2.0]], "kernel": [[3.0]], "shift": 0},
        {"x": [[1.0, 2.0, 3.0]], "kernel": [[1.0, 0.0, -1.0]], "shift": 2, "border": "zero"},
        {"shift": 2, "stride": 2},
        {"shift": 1, "stride": 2, "border": "zero"},
        {"transform": "turn", "border": "zero"},
        {"transform": "scale"},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    smooth=False,
    claims=tuple(Claim(name, zh=zh, en=en, residual=residual) for name, residual, zh, en in (
        ("exact-on-a-ring", _exact_on_a_ring,
         "循环填充、平移量是步幅的倍数：f(g(x)) 与 g(f(x)) 完全相等",
         "wrapped around, shifts by multiples of the stride: f(g(x)) equals g(f(x))"),
        ("exact-inside", _exact_inside,
         "步幅 1：窗口碰不到边界的地方总是相等", "stride 1: equal wherever no window reaches the border"),
        ("same-values-elsewhere", _same_values_elsewhere,
         "循环填充、步幅 1：输出还是那些数，只换了位置：等变不是不变",
         "wrapped around, stride 1: the same values in other places, which is not invariance"),
        ("kernel-turned-too", _kernel_turned_too,
         "图像转 90°，要核也跟着转，输出才转 90°", "the map turns with the image only if the kernel is turned too"),
        ("kernel-looks-the-same", _kernel_looks_the_same,
         "转 90° 后不变的核，对转 90° 等变", "a kernel that turning leaves as it is commutes with turning"),
    )),
    mistakes=MISTAKES,
    rejects=(
        Reject({"x": [1.0, 2.0]}, "x must have axes row and column"),
        Reject({"x": [[float("nan")] * 3] * 3}, "x must hold finite numbers"),
        Reject({"kernel": [[1.0, 2.0]]}, "kernel must have odd sides"),
        Reject({"x": [[1.0, 2.0]], "shift": 0}, "kernel must fit into the image"),
        Reject({"shift": 6}, "shift must lie between 0 and 5"),
        Reject({"shift": -1}, "shift must lie between 0"),
        Reject({"stride": 0}, "stride must lie between 1"),
        Reject({"x": np.zeros((400, 400)), "kernel": [[1.0] * 21] * 21}, "x must need at most"),
    ),
    figure=figure,
)  # fmt: skip
