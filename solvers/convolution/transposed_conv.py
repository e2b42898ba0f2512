"""Transposed convolution: every input number stamps the kernel, times itself, onto a larger map.

    y[o, s i + u - p, s j + v - p] += x[c, i, j] k[c, o, u, v]      summed over c, i, j, u, v; what lies outside is cut

It is the transpose C^T of the matrix C by which a convolution with the same k, s and p goes the other way. It is that
convolution's gradient with respect to its input, and not its inverse.
Shapes: x (..., C, h, w), kernels (C, O, kH, kW) -> y (..., O, H, W) with H = s (h - 1) + kH - 2 p. Steps: ``stamp``
(..., O, kH, kW) is what the first input number stamps, ``stamps_met`` (H, W) how many stamps meet in each output.
Errors: BadInput for shapes that do not match, padding that leaves nothing, sizes past a limit, numbers not finite.
Reference: Dumoulin & Visin (2016), chapter 4; Goodfellow et al. (2016), section 9.5, eq. 9.13; Odena et al. (2016).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Heatmap, Mistake, Param, Reject, Solver, require

LIMIT = 1e6
MOST_CELLS = 6_000_000
MOST_PRODUCTS = 100_000_000
DENSE = 400  # entries of x and of y up to which a matrix is built


def check(x, kernels, stride, padding):
    require(x.ndim >= 3 and x.size >= 1, "x", "have axes channel, row and column, none of them empty", x.shape)
    require(
        kernels.ndim == 4 and kernels.size >= 1, "kernels", "have shape (channels, maps, rows, columns)", kernels.shape
    )
    require(kernels.shape[0] == x.shape[-3], "kernels", f"have {x.shape[-3]} channels, like x", kernels.shape)
    for name, value in (("x", x), ("kernels", kernels)):
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    require(1 <= stride <= 64, "stride", "lie between 1 and 64", stride)
    require(0 <= padding <= 1024, "padding", "lie between 0 and 1024", padding)
    sides = _sides(x, kernels, stride, padding)
    require(min(sides) >= 1, "padding", "leave an output of at least one pixel", padding)
    images = x.size // (x.shape[-3] * x.shape[-2] * x.shape[-1])
    stamps = images * kernels[0].size * x.shape[-2] * x.shape[-1]
    full = images * kernels.shape[1] * (sides[0] + 2 * padding) * (sides[1] + 2 * padding)
    cells = max(stamps, full)
    require(cells <= MOST_CELLS, "x", f"need at most {MOST_CELLS} cells of stamps or output", cells)
    require(stamps * len(kernels) <= MOST_PRODUCTS, "x", f"need at most {MOST_PRODUCTS} multiplications", stamps)


def _sides(x, kernels, stride, padding):
    return [stride * (n - 1) + k - 2 * padding for n, k in zip(x.shape[-2:], kernels.shape[-2:], strict=True)]


def compute(xp, note, x, kernels, stride, padding):
    channels, maps, rows, columns = kernels.shape
    batch, (high, wide) = tuple(x.shape[:-3]), tuple(x.shape[-2:])
    by_channel = xp.permute_dims(xp.reshape(kernels, (channels, maps * rows * columns)), (1, 0))
    flat = xp.reshape(x, (*batch, channels, high * wide))
    stamps = xp.reshape(xp.matmul(by_channel, flat), (*batch, maps, rows, columns, high, wide))
    note("stamp", stamps[..., 0, 0])
    sides = [stride * (n - 1) + k for n, k in ((high, rows), (wide, columns))]
    y = xp.zeros((*batch, maps, *sides), dtype=x.dtype, device=x.device)
    met = xp.zeros(tuple(sides), dtype=x.dtype, device=x.device)
    for u in range(rows):
        for v in range(columns):
            place = (..., slice(u, u + stride * (high - 1) + 1, stride), slice(v, v + stride * (wide - 1) + 1, stride))
            y[place] += stamps[..., u, v, :, :]
            met[place] += 1
    kept = (..., slice(padding, sides[0] - padding), slice(padding, sides[1] - padding))
    note("stamps_met", met[kept])
    return {"y": y[kept]}


def oracle(x, kernels, stride, padding):
    """Zeros between the inputs, then a plain convolution (the kernel turned) that pads all round."""
    from scipy.signal import convolve2d

    def spread(plane):
        wide = np.zeros([stride * (n - 1) + 1 for n in plane.shape])
        wide[::stride, ::stride] = plane
        return wide

    images = x.reshape(-1, *x.shape[-3:])
    y = np.array(
        [
            [
                sum(convolve2d(spread(plane), k[o]) for plane, k in zip(image, kernels, strict=True))
                for o in range(kernels.shape[1])
            ]
            for image in images
        ]
    )
    y = y[..., padding : y.shape[-2] - padding, padding : y.shape[-1] - padding]
    return {"y": y.reshape(*x.shape[:-3], *y.shape[1:])}


def sample(rng):
    channels, maps, kernel, size, stride, padding = [
        (2, 1, (3, 2), (2, 3), 1, 0),
        (1, 2, (3, 3), (2, 2), 2, 1),
        (2, 2, (2, 3), (3, 2), 2, 0),
        (1, 1, (2, 2), (2, 4), 3, 0),
    ][int(rng.integers(4))]
    batch = [(), (2,)][int(rng.integers(2))]
    return {
        "x": rng.normal(size=(*batch, channels, *size)),
        "kernels": rng.normal(size=(channels, maps, *kernel)),
        "stride": stride,
        "padding": padding,
    }


def variant(rng):
    """A 2 by 2 input of whole numbers, one kernel of 2 by 2 or 3 by 3; outputs of 2 by 2 to 4 by 4."""
    side, stride, padding = [(2, 1, 0), (2, 2, 0), (3, 1, 0), (3, 1, 1), (3, 2, 1)][int(rng.integers(5))]
    return {
        "x": [rng.choice([-2, -1, 1, 2, 3, 4], size=(2, 2)).tolist()],
        "kernels": [[rng.choice([-2, -1, 0, 1, 2, 3], size=(side, side)).tolist()]],
        "stride": stride,
        "padding": padding,
    }


# ---- The sum once more, stamp by stamp, and the convolution that goes the other way.


def _plain(x, kernels, stride, padding):
    sides = _sides(x, kernels, stride, 0)
    y = np.zeros((*x.shape[:-3], kernels.shape[1], *sides))
    for i in range(x.shape[-2]):
        for j in range(x.shape[-1]):
            stamp = np.einsum("...c,couv->...ouv", x[..., i, j], kernels)
            y[..., stride * i : stride * i + stamp.shape[-2], stride * j : stride * j + stamp.shape[-1]] += stamp
    return y[..., padding : sides[0] - padding, padding : sides[1] - padding]


def _convolve(z, kernels, stride, padding):
    """C z: the cross-correlation from y's side, (..., O, H, W) -> (..., C, h, w)."""
    wide = np.pad(z, [(0, 0)] * (z.ndim - 2) + [(padding, padding)] * 2)
    windows = np.lib.stride_tricks.sliding_window_view(wide, kernels.shape[-2:], axis=(-2, -1))
    return np.einsum("...ohwuv,couv->...chw", windows[..., ::stride, ::stride, :, :], kernels, optimize=True)


def _changed(wrong, right):
    """What differs by more than rounding."""
    return {n: v for n, v in wrong.items() if np.shape(v) != np.shape(right[n]) or not np.allclose(v, right[n])}


def _with(**changes):
    def value(**given):
        wrong = given | {name: change(given) for name, change in changes.items()}
        if min(_sides(**wrong)) < 1:
            return {}
        return _changed({"y": _plain(**wrong)}, {"y": _plain(**given)})

    return value


def _matrix(given):
    """C of the convolution, built column by column; None where it would be large."""
    y = _plain(**given)
    shape, small = y.shape[-3:], given["x"].shape[-3:]
    count = int(np.prod(shape))
    if count > DENSE or np.prod(small) > DENSE:
        return None
    units = np.eye(count).reshape(count, *shape)
    return _convolve(units, given["kernels"], given["stride"], given["padding"]).reshape(count, -1).T


def _inverse(**given):
    """The name taken literally: the smallest map whose convolution gives x back."""
    matrix = _matrix(given)
    if matrix is None:
        return {}
    right = _plain(**given)
    flat = given["x"].reshape(*given["x"].shape[:-3], -1)
    return _changed({"y": (flat @ np.linalg.pinv(matrix).T).reshape(right.shape)}, {"y": right})


def _overwritten(**given):
    """Stamps laid over one another, the last one on top."""
    if len(given["x"].shape) > 3:
        return {}
    sides = _sides(given["x"], given["kernels"], given["stride"], 0)
    y, padding = np.zeros((given["kernels"].shape[1], *sides)), given["padding"]
    for i in range(given["x"].shape[-2]):
        for j in range(given["x"].shape[-1]):
            stamp = np.einsum("c,couv->ouv", given["x"][:, i, j], given["kernels"])
            top, left = given["stride"] * i, given["stride"] * j
            y[:, top : top + stamp.shape[-2], left : left + stamp.shape[-1]] = stamp
    return _changed({"y": y[..., padding : sides[0] - padding, padding : sides[1] - padding]}, {"y": _plain(**given)})


def _as_convolution(**given):
    """The size of a convolution: floor((h + 2p - k) / s) + 1."""
    x, kernels = given["x"], np.swapaxes(given["kernels"], 0, 1)
    if min(np.subtract(x.shape[-2:], kernels.shape[-2:]) + 2 * given["padding"]) < 0:
        return {}
    return {"y": _convolve(x, kernels, given["stride"], given["padding"])}


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("flipped", _with(kernels=lambda g: g["kernels"][..., ::-1, ::-1]),
     "核转了 180°；印上去的是原样的核", "the kernel was turned by 180 degrees; it is stamped as it is"),
    ("stride-forgotten", _with(stride=lambda g: 1),
     "漏了步幅：相邻输入的印子应错开 s 格", "the stride was left out: stamps of neighbors are s apart"),
    ("padding-forgotten", _with(padding=lambda g: 0),
     "没有裁边：转置卷积里填充 p 是从输出四周裁掉 p 圈",
     "nothing was cut: in a transposed convolution a padding of p removes p rings from the output"),
    ("overwritten", _overwritten,
     "印子重叠处要相加，不是后来的盖住先前的",
     "where stamps meet they add up; the later one does not cover the earlier"),
    ("as-convolution", _as_convolution,
     "这是普通卷积，输出变小了", "that is an ordinary convolution: the output shrinks"),
    ("printed-000-e121", _inverse,
     "按“反卷积”求逆：找卷积后等于 x 的图；转置不是逆",
     "the inverse, as the name deconvolution says: a map whose convolution is x; the transpose is no inverse"),
))  # fmt: skip


# ---- Claims.


def _size(given):
    return 1 + np.abs(given["kernels"]).sum() * np.abs(given["x"]).max()


def _adjoint(given, out):
    """<C z, x> = <z, C^T x> for a z that has nothing to do with either."""
    z = np.cos(np.arange(out["y"][..., :, :, :].size).reshape(out["y"].shape) * 1.3 + 0.2)
    there = _convolve(z, given["kernels"], given["stride"], given["padding"])
    shape = given["x"].shape
    there = there[..., : shape[-2], : shape[-1]]
    return ((there * given["x"]).sum() - (z * out["y"]).sum()) / (_size(given) * z.size)


def _size_formula(given, out):
    """H = s (h - 1) + k - 2 p, and a convolution over y gives h back."""
    sides, k = out["y"].shape[-2:], given["kernels"].shape[-2:]
    expected = _sides(**given)
    back = [(n + 2 * given["padding"] - m) // given["stride"] + 1 for n, m in zip(sides, k, strict=True)]
    return np.array([*np.subtract(sides, expected), *np.subtract(back, given["x"].shape[-2:])], dtype=float)


def _gradient(given, out):
    """C is linear, so the slope of <x, C z> along each pixel of z is C^T x there: checked at the middle pixel."""
    z = np.zeros(out["y"].shape)
    middle = (..., out["y"].shape[-3] // 2, out["y"].shape[-2] // 2, out["y"].shape[-1] // 2)
    z[middle] = 1.0
    there = _convolve(z, given["kernels"], given["stride"], given["padding"])
    slope = (there * given["x"]).sum(axis=(-3, -2, -1))
    return (slope - out["y"][middle]) / _size(given)


def _stamps(given, out):
    """An image of ones under a kernel of ones counts the stamps."""
    ones = {
        **given,
        "x": np.ones((1, *given["x"].shape[-2:])),
        "kernels": np.ones((1, 1, *given["kernels"].shape[-2:])),
    }
    return _plain(**ones)[0] - out["stamps_met"]


def figure(given, out, steps):
    return Figure(
        {"zh": "每个输出上叠了几个印子（s 整除 k，内部才均匀）",
         "en": "stamps that meet in each output (even inside if s divides k)"},
        (Heatmap(steps["stamps_met"]),),
        x={"zh": "列", "en": "column"},
        y={"zh": "行", "en": "row"},
    )  # fmt: skip


SOLVER = Solver(
    title={"zh": "转置卷积", "en": "Transposed convolution"},
    formula=r"y=C^{\top}x,\quad H=s(h-1)+k-2p",
    params={
        "x": Param([[[1, 2], [3, 4]]], {"zh": "输入（通道、行、列）", "en": "input: channel, row, column"},
                   shape="(..., C, h, w)"),
        "kernels": Param([[[[1, 0, 2], [0, 1, 0], [2, 0, 1]]]],
                         {"zh": "核（输入通道、输出图、行、列）", "en": "kernels: channel in, map out, row, column"}),
        "stride": Param(1, {"zh": "步幅 s", "en": "the stride s"}, kind="int"),
        "padding": Param(0, {"zh": "从输出四周裁掉的圈数 p", "en": "rings cut from the output, p"}, kind="int"),
    },
    outputs={"y": "1"},
    steps={
        "stamp": {"zh": "第一个输入印上去的", "en": "what the first input stamps"},
        "stamps_met": {"zh": "各处叠了几个印子", "en": "stamps that meet in each place"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="zeros between the inputs, then scipy.signal.convolve2d",
    sample=sample,
    variant=variant,
    edges=(
        {"x": [[[2.0]]], "kernels": [[[[3.0]]]]},
        {"x": [[[1.0, 2.0], [3.0, 4.0]]], "kernels": [[[[1.0]]]], "stride": 3},
        {"x": [[[1.0, 1.0], [1.0, 1.0]]], "kernels": [[[[1.0, 1.0, 1.0]] * 3]], "stride": 2, "padding": 1},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    claims=(
        Claim("adjoint", zh="⟨Cz, x⟩ = ⟨z, Cᵀx⟩：它是卷积矩阵的转置",
              en="<C z, x> = <z, C'x>: it is the transpose of the convolution's matrix", residual=_adjoint),
        Claim("size", zh="输出边长 s(h−1)+k−2p，同样的卷积再把它变回 h",
              en="the output has side s(h-1)+k-2p, and the same convolution takes it back to h",
              residual=_size_formula),
        Claim("gradient", zh="它就是卷积对输入的梯度", en="it is the gradient of the convolution in its input",
              residual=_gradient),
        Claim("stamps", zh="输入与核全取 1，每个输出就是叠在那里的印子数",
              en="of ones under a kernel of ones each output counts the stamps that meet there", residual=_stamps),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"x": [[1.0, 2.0]]}, "x must have axes channel, row and column"),
        Reject({"kernels": [[[1.0]]]}, "kernels must have shape"),
        Reject({"kernels": np.ones((2, 1, 3, 3))}, "kernels must have 1 channels"),
        Reject({"x": [[[float("nan")]]]}, "x must hold finite numbers"),
        Reject({"stride": 0}, "stride must lie between 1 and 64"),
        Reject({"padding": 2}, "padding must leave an output"),
        Reject({"padding": -1}, "padding must lie between 0 and 1024"),
        Reject({"x": np.zeros((1, 1000, 1000))}, "x must need at most 6000000 cells"),
    ),
    figure=figure,
)  # fmt: skip
