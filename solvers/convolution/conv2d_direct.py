"""The convolution of a neural net: a cross-correlation over all channels, one feature map for each kernel.

    y[o, i, j] = b[o] + sum_{c, u, v} k[o, c, u, v] x[c, s i + u - p, s j + v - p],   x = 0 outside the image

Method: im2col. Each window becomes a column, all kernels become the rows of a matrix, one product gives all maps.
Shapes: x (..., C, H, W), kernels (O, C, kH, kW), bias (O,) -> y (..., O, H', W') with H' = floor((H+2p-kH)/s) + 1.
Errors: BadInput for shapes that do not match, a kernel larger than the padded image, numbers that are not finite, and
sizes whose columns or multiplications pass a limit (found before anything is allocated).
Reference: Goodfellow et al. (2016), sections 9.1, 9.2 and 9.5, eqs. 9.4-9.7; Chellapilla et al. (2006) for im2col.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Heatmap, Mistake, Param, Reject, Solver, require

LIMIT = 1e6
MOST_COLUMNS = 5_000_000
MOST_PRODUCTS = 100_000_000


def check(x, kernels, bias, stride, padding):
    require(x.ndim >= 3 and x.size >= 1, "x", "have axes channel, row and column, none of them empty", x.shape)
    require(
        kernels.ndim == 4 and kernels.size >= 1, "kernels", "have shape (maps, channels, rows, columns)", kernels.shape
    )
    require(kernels.shape[1] == x.shape[-3], "kernels", f"have {x.shape[-3]} channels, like x", kernels.shape)
    require(bias.shape == kernels.shape[:1], "bias", f"hold {len(kernels)} numbers, one a kernel", bias.shape)
    for name, value in (("x", x), ("kernels", kernels), ("bias", bias)):
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    require(1 <= stride <= 1024, "stride", "be between 1 and 1024", stride)
    require(0 <= padding <= 1024, "padding", "be between 0 and 1024", padding)
    (height, width), (rows, columns) = x.shape[-2:], kernels.shape[-2:]
    fits = rows <= height + 2 * padding and columns <= width + 2 * padding
    require(
        fits, "kernels", f"fit into the padded image, {height + 2 * padding} by {width + 2 * padding}", kernels.shape
    )
    windows = ((height + 2 * padding - rows) // stride + 1) * ((width + 2 * padding - columns) // stride + 1)
    images = x.size // (x.shape[-3] * height * width)
    cells = images * x.shape[-3] * max(windows * rows * columns, (height + 2 * padding) * (width + 2 * padding))
    require(cells <= MOST_COLUMNS, "x", f"need at most {MOST_COLUMNS} cells of padded image or columns", cells)
    products = images * windows * kernels.size
    require(products <= MOST_PRODUCTS, "x", f"need at most {MOST_PRODUCTS} multiplications", products)


def compute(xp, note, x, kernels, bias, stride, padding):
    for axis in (-2, -1):
        shape = list(x.shape)
        shape[axis] = padding
        border = xp.zeros(tuple(shape), dtype=x.dtype, device=x.device)
        x = xp.concat([border, x, border], axis=axis)
    note("padded", x)
    maps, channels, rows, columns = kernels.shape
    high, wide = (x.shape[-2] - rows) // stride + 1, (x.shape[-1] - columns) // stride + 1
    taps = []
    for u in range(rows):
        for v in range(columns):
            last = (u + stride * (high - 1) + 1, v + stride * (wide - 1) + 1)
            taps.append(x[..., u : last[0] : stride, v : last[1] : stride])
    batch, patch = tuple(x.shape[:-3]), channels * rows * columns
    patches = xp.reshape(xp.stack(taps, axis=-3), (*batch, patch, high * wide))
    note("columns", patches)
    for name, sizes in (("columns_shape", (patch, high * wide)), ("map_shape", (maps, high, wide))):
        note(name, xp.stack([xp.full((), n, dtype=xp.int64, device=x.device) for n in sizes]))
    note("parameters", maps * (patch + 1))
    note("multiplications", maps * patch * high * wide)
    product = xp.matmul(xp.reshape(kernels, (maps, patch)), patches) + bias[:, None]
    return {"y": xp.reshape(product, (*batch, maps, high, wide))}


def oracle(x, kernels, bias, stride, padding):
    from scipy.signal import correlate2d

    wide = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(padding, padding)] * 2)
    images = wide.reshape(-1, *wide.shape[-3:])
    planes = [
        [sum(correlate2d(plane, k, "valid") for plane, k in zip(image, kernel, strict=True)) for kernel in kernels]
        for image in images
    ]
    y = np.array(planes)[..., ::stride, ::stride] + bias[:, None, None]
    return {"y": y.reshape(*x.shape[:-3], *y.shape[1:])}


def sample(rng):
    maps, channels, kernel, size, stride, padding = [
        (2, 3, (3, 2), (6, 5), 1, 1),
        (3, 1, (2, 2), (5, 7), 2, 0),
        (1, 2, (1, 3), (4, 3), 2, 2),
        (2, 2, (3, 3), (3, 6), 1, 0),
    ][int(rng.integers(4))]
    batch = [(), (2,)][int(rng.integers(2))]
    return {
        "x": rng.normal(size=(*batch, channels, *size)),
        "kernels": rng.normal(size=(maps, channels, *kernel)),
        "bias": rng.normal(size=maps),
        "stride": stride,
        "padding": padding,
    }


def variant(rng):
    """Two channels of small integers, one kernel; at least two by two outputs; a padded one has stride 2."""
    rows, columns = [(2, 2), (1, 2), (2, 1), (1, 3), (2, 3), (3, 2)][int(rng.integers(6))]
    height, width = rows + int(rng.integers(1, 5)), columns + int(rng.integers(1, 5))
    stride, padding = [(1, 0), (2, 1)][int(rng.integers(2))]
    return {
        "x": rng.integers(0, 6, size=(2, height, width)).tolist(),
        "kernels": rng.choice([-2, -1, 1, 2, 3], size=(1, 2, rows, columns)).tolist(),
        "bias": [int(rng.choice([-3, -2, -1, 1, 2, 3]))],
        "stride": stride,
        "padding": padding,
    }


# ---- The sum once more, from strided windows: for the mistakes, and for the claims' second images.


def _plain(x, kernels, bias, stride, padding):
    wide = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(padding, padding)] * 2)
    windows = np.lib.stride_tricks.sliding_window_view(wide, kernels.shape[-2:], axis=(-2, -1))
    windows = windows[..., ::stride, ::stride, :, :]
    return np.einsum("...chwuv,ocuv->...ohw", windows, kernels, optimize=True) + bias[:, None, None]


def _changed(wrong, right):
    """What differs by more than rounding."""
    return {n: v for n, v in wrong.items() if np.shape(v) != np.shape(right[n]) or not np.allclose(v, right[n])}


def _with(**changes):
    """A mistake: the sum with other arguments, each a function of those given. None where the kernel is too large."""

    def value(**given):
        wrong = given | {name: change(given) for name, change in changes.items()}
        room = np.subtract(wrong["x"].shape[-2:], wrong["kernels"].shape[-2:]) + 2 * wrong["padding"]
        if room.min() < 0:
            return {}
        return _changed({"y": _plain(**wrong), **_counts(**wrong)}, {"y": _plain(**given), **_counts(**given)})

    return value


def _counts(x, kernels, bias, stride, padding, patch=None, extra=1):
    """The sizes by formula; ``patch`` and ``extra`` are there to be wrong."""
    high, wide = (
        (n + 2 * padding - k) // stride + extra for n, k in zip(x.shape[-2:], kernels.shape[-2:], strict=True)
    )
    patch = patch or kernels[0].size
    return {
        "columns_shape": np.array([patch, high * wide]),
        "map_shape": np.array([len(kernels), high, wide]),
        "parameters": len(kernels) * (patch + 1),
        "multiplications": len(kernels) * patch * high * wide,
    }


def _channels_not_counted(**given):
    return _changed(_counts(**given, patch=given["kernels"][0, 0].size), _counts(**given))


def _plus_one_forgotten(**given):
    return _changed(_counts(**given, extra=0), _counts(**given))


def _rolled(**given):
    """The map of the image rolled left by one stride, rolled back: right inside, wrong at the border."""
    if _plain(**given).shape[-1] < 5:
        return {}  # hardly an inside to be right in
    moved = given | {"x": np.roll(given["x"], -given["stride"], axis=-1)}
    return _changed({"y": np.roll(_plain(**moved), 1, axis=-1)}, {"y": _plain(**given)})


def _moved(given):
    """The image moved right by one stride; zeros come in, what leaves is lost."""
    x, step = given["x"], given["stride"]
    moved = np.zeros_like(x)
    moved[..., step:] = x[..., : max(0, x.shape[-1] - step)]
    return moved


def _first_channel(given):
    return given["x"] * (np.arange(given["x"].shape[-3]) == 0)[:, None, None]


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("flipped", _with(kernels=lambda given: given["kernels"][..., ::-1, ::-1]),
     "核转了 180°：那是数学上的卷积，网络算的是互相关",
     "the kernel was turned by 180 degrees: mathematics convolves so, nets correlate"),
    ("bias-forgotten", _with(bias=lambda given: 0 * given["bias"]),
     "漏了偏置", "the bias was left out"),
    ("bias-in-every-channel", _with(bias=lambda given: given["bias"] * given["kernels"].shape[1]),
     "每个输入通道都加了一次偏置；每张特征图只加一次", "the bias was added in each channel; a map gets it once"),
    ("first-channel-only", _with(x=_first_channel),
     "只算了第一个通道；一个核要对所有通道求和", "that is the first channel alone; a kernel sums over all of them"),
    ("padding-forgotten", _with(padding=lambda given: 0),
     "漏了零填充", "the zero padding was left out"),
    ("stride-forgotten", _with(stride=lambda given: 1),
     "漏了步幅，窗口每次只移了一格", "the stride was left out: the window moved by one"),
    ("taken-for-invariant", _with(x=_moved),
     "这是图像右移一步后的输出：特征跟着移动，是等变，不是不变",
     "that is the output for the image moved one step right: features move along, they do not stay"),
    ("border-ignored", _rolled,
     "图像循环移动、再把输出移回来：边界上的窗口对不上",
     "the image was rolled and the map rolled back: the windows at the border differ"),
    ("channels-not-counted", _channels_not_counted,
     "漏了输入通道：一个窗口有 C·kH·kW 个数", "the input channels were left out: a window holds C kH kW numbers"),
    ("plus-one-forgotten", _plus_one_forgotten,
     "每个方向少数了一个窗口：漏了最后的 +1", "one window too few on each axis: the final +1 is missing"),
))  # fmt: skip


# ---- Claims. Residuals are relative to the largest sum that these numbers could give.


def _size(given):
    weights = np.abs(given["kernels"]).sum(axis=(1, 2, 3)) * np.abs(given["x"]).max() + np.abs(given["bias"])
    return 1 + weights[:, None, None]


def _equivariant(given, out):
    """y(moved x)[j] = y(x)[j - 1] for every window that ends before the right border."""
    wide, step, reach = given["x"].shape[-1], given["stride"], given["kernels"].shape[-1] - given["padding"]
    inside = np.arange(1, out["y"].shape[-1])
    inside = inside[inside * step + reach <= wide]
    after = _plain(**{**given, "x": _moved(given)})
    return (after[..., inside] - out["y"][..., inside - 1]) / _size(given)


def _linear(given, out):
    """With the bias taken off, y(2x - 3x') = 2 y(x) - 3 y(x'), where x' is x upside down."""
    free = given | {"bias": 0 * given["bias"]}
    other = given["x"][..., ::-1, :]
    mixed = _plain(**{**free, "x": 2 * given["x"] - 3 * other})
    alone = out["y"] - given["bias"][:, None, None]
    return (mixed - 2 * alone + 3 * _plain(**{**free, "x": other})) / (5 * _size(given))


def _one_kernel_one_map(given, out):
    """The kernels in reverse order give the maps in reverse order."""
    back = given | {"kernels": given["kernels"][::-1], "bias": given["bias"][::-1]}
    return (_plain(**back)[..., ::-1, :, :] - out["y"]) / _size(given)


def _convolves_the_turned_kernel(given, out):
    """Products of Fourier transforms convolve; of the turned kernels they give y."""
    wide = np.pad(given["x"], [(0, 0)] * (given["x"].ndim - 2) + [(given["padding"],) * 2] * 2)
    rows, columns = given["kernels"].shape[-2:]
    turned = np.fft.rfft2(given["kernels"][..., ::-1, ::-1], wide.shape[-2:])
    spectrum = (np.fft.rfft2(wide)[..., None, :, :, :] * turned).sum(axis=-3)
    full = np.fft.irfft2(spectrum, wide.shape[-2:])[..., rows - 1 :, columns - 1 :]
    steps = full[..., :: given["stride"], :: given["stride"]] + given["bias"][:, None, None]
    return (steps - out["y"]) / _size(given)


def _turns_only_with_its_kernel(given, out):
    """Image and kernels turned by 90 degrees turn the map (where the windows reach both borders)."""
    if any((n - k + 2 * given["padding"]) % given["stride"] for n, k in
           zip(given["x"].shape[-2:], given["kernels"].shape[-2:], strict=True)):  # fmt: skip
        return 0.0
    both = given | {name: np.rot90(given[name], axes=(-2, -1)) for name in ("x", "kernels")}
    return (np.rot90(_plain(**both), -1, axes=(-2, -1)) - out["y"]) / _size(given)


CLAIMS = tuple(Claim(name, zh=zh, en=en, residual=residual) for name, residual, zh, en in (
    ("equivariant", _equivariant,
     "等变：图像平移一个步幅，输出随之平移一格（碰到对侧边界的窗口除外）",
     "equivariant: move the image by one stride and the map moves by one (windows at the far border apart)"),
    ("linear", _linear,
     "去掉偏置后对输入是线性的：y(2x−3x′) = 2y(x)−3y(x′)",
     "bias aside it is linear in the image: y(2x-3x') = 2y(x) - 3y(x')"),
    ("one-kernel-one-map", _one_kernel_one_map,
     "一个核一张特征图：打乱核的次序只打乱图的次序",
     "each kernel gives one map of its own: reordering kernels reorders maps"),
    ("convolves-the-turned-kernel", _convolves_the_turned_kernel,
     "互相关等于与转了 180° 的核做卷积（用傅里叶变换验证）",
     "correlating is convolving with the kernel turned by 180 degrees (checked by Fourier transforms)"),
    ("turns-only-with-its-kernel", _turns_only_with_its_kernel,
     "图像与核一起转 90°，输出也转 90°；只转图像等于换了一个核，对旋转不等变",
     "image and kernel turned together turn the map; the image alone meets another kernel: no equivariance here"),
))  # fmt: skip


def figure(given, out, steps):
    """The first map of the first image."""
    y = out["y"].reshape(-1, *out["y"].shape[-2:])
    return Figure(
        title={"zh": "第一张特征图", "en": "the first feature map"},
        marks=(Heatmap(y[0]),),
        x={"zh": "列", "en": "column"},
        y={"zh": "行", "en": "row"},
    )


EDGE = [[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]] * 5
SOBEL = [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
ONES = [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]
SOLVER = Solver(
    title={"zh": "二维卷积（im2col）", "en": "2-D convolution by im2col"},
    formula=r"y_{o,i,j}=b_o+\sum_{c,u,v}k_{o,c,u,v}\,x_{c,\,si+u-p,\,sj+v-p}",
    params={
        "x": Param(
            [EDGE], {"zh": "图像（通道、行、列）", "en": "the image: channels, rows, columns"}, shape="(..., C, H, W)"
        ),
        "kernels": Param(
            [[SOBEL], [[list(column) for column in zip(*SOBEL, strict=True)]]],
            {"zh": "卷积核，一个核一张特征图", "en": "the kernels, one for each feature map"},
            shape="(O, C, kH, kW)",
        ),
        "bias": Param([0.0, 0.0], {"zh": "每张特征图的偏置", "en": "one bias for each map"}, shape="(O,)"),
        "stride": Param(1, {"zh": "步幅 s", "en": "stride s"}, kind="int"),
        "padding": Param(0, {"zh": "每侧补零 p", "en": "zeros p on each side"}, kind="int"),
    },
    outputs={"y": "1"},
    steps={
        "padded": {"zh": "补零后的图像", "en": "the padded image"},
        "columns": {"zh": "im2col：每个窗口一列", "en": "im2col: one column a window"},
        "columns_shape": {"zh": "im2col 矩阵的形状", "en": "shape of the im2col matrix"},
        "map_shape": {"zh": "输出的形状（核、行、列）", "en": "shape of the output: maps, rows, columns"},
        "parameters": {"zh": "参数个数", "en": "parameters"},
        "multiplications": {"zh": "每张图像的乘法次数", "en": "multiplications for one image"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="scipy.signal.correlate2d, channel by channel",
    sample=sample,
    variant=variant,
    edges=(
        {"x": [[[2.0]]], "kernels": [[[[3.0]]]], "bias": [1.0]},
        {"x": ONES, "kernels": [[[[1.0]]]], "bias": [0.0], "stride": 5, "padding": 2},
        {"x": ONES, "kernels": [[[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]]], "bias": [-1.0]},
        {"x": [[ONES], [ONES]], "kernels": [[[[1.0, -1.0]]]], "bias": [0.0], "padding": 1},
        {"x": ONES, "kernels": [[[[1.0] * 5] * 4]], "bias": [0.0], "stride": 3, "padding": 1},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"x": [[0.0, 1.0]]}, "x must have axes channel, row and column"),
        Reject({"x": [[[float("nan")] * 3] * 3]}, "x must hold finite numbers"),
        Reject({"kernels": [[[[1.0] * 9] * 9]], "bias": [0.0]}, "kernels must fit into the padded image"),
        Reject({"kernels": [[[[1.0]], [[1.0]]]], "bias": [0.0]}, "kernels must have 1 channels, like x"),
        Reject({"bias": [0.0]}, "bias must hold 2 numbers"),
        Reject({"stride": 0}, "stride must be between 1"),
        Reject({"padding": -1}, "padding must be between 0"),
        Reject({"padding": 1024, "kernels": [[SOBEL]] * 2}, "x must need at most"),
    ),
    figure=figure,
)
