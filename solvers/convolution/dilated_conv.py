"""Dilated convolution: a kernel whose entries stand d pixels apart.

    y[i, j] = sum_{u, v} k[u, v] x[s i + d u - p, s j + d v - p],   x = 0 outside the image

Entries d apart reach as far as a kernel of side k + (k - 1)(d - 1) that has zeros in between, with k products a side.
Shapes: x (..., H, W), kernel (kH, kW) -> y (..., H', W') with H' = floor((H + 2p - kH - (kH - 1)(d - 1)) / s) + 1.
Steps: ``spread`` is the kernel with its holes, ``sees`` (H, W) counts how many outputs read each pixel.
Errors: BadInput for a kernel that does not fit once spread, sizes past a limit, numbers that are not finite.
Reference: Yu & Koltun (2016), eq. 2; Dumoulin & Visin (2016), relationship 15.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Heatmap, Mistake, Param, Reject, Solver, require

LIMIT = 1e6
MOST_PRODUCTS = 30_000_000


def check(x, kernel, dilation, stride, padding):
    require(x.ndim >= 2 and x.size >= 1, "x", "have rows and columns, none of them empty", x.shape)
    require(kernel.ndim == 2 and kernel.size >= 1, "kernel", "be a matrix with at least one entry", kernel.shape)
    for name, value in (("x", x), ("kernel", kernel)):
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    for name, value in (("dilation", dilation), ("stride", stride)):
        require(1 <= value <= 1024, name, "lie between 1 and 1024", value)
    require(0 <= padding <= 1024, "padding", "lie between 0 and 1024", padding)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel.shape, (dilation, dilation), strict=True)]
    room = [n + 2 * padding for n in x.shape[-2:]]
    fits = all(a <= b for a, b in zip(spans, room, strict=True))
    require(fits, "kernel", f"fit once spread, {spans[0]} by {spans[1]}, into {room[0]} by {room[1]}", kernel.shape)
    images = x.size // (x.shape[-2] * x.shape[-1])
    cells = images * room[0] * room[1]
    require(cells <= MOST_PRODUCTS, "padding", f"need at most {MOST_PRODUCTS} padded pixels", cells)
    out = [(r - a) // stride + 1 for a, r in zip(spans, room, strict=True)]
    products = images * kernel.size * out[0] * out[1]
    require(products <= MOST_PRODUCTS, "x", f"need at most {MOST_PRODUCTS} multiplications", products)


def compute(xp, note, x, kernel, dilation, stride, padding):
    rows, columns = kernel.shape
    spans = [dilation * (k - 1) + 1 for k in (rows, columns)]
    spread = xp.zeros(tuple(spans), dtype=kernel.dtype, device=kernel.device)
    spread[::dilation, ::dilation] = kernel
    note("spread", spread)
    sides = [n + 2 * padding for n in x.shape[-2:]]
    inner = (..., slice(padding, padding + x.shape[-2]), slice(padding, padding + x.shape[-1]))
    wide = xp.zeros((*x.shape[:-2], *sides), dtype=x.dtype, device=x.device)
    wide[inner] = x
    high, broad = ((n - span) // stride + 1 for n, span in zip(sides, spans, strict=True))
    y = xp.zeros((*x.shape[:-2], high, broad), dtype=x.dtype, device=x.device)
    sees = xp.zeros(tuple(sides), dtype=x.dtype, device=x.device)
    for u in range(rows):
        for v in range(columns):
            top, left = u * dilation, v * dilation
            place = (..., slice(top, top + stride * (high - 1) + 1, stride),
                     slice(left, left + stride * (broad - 1) + 1, stride))  # fmt: skip
            y = y + kernel[u, v] * wide[place]
            sees[place] += 1
    note("sees", sees[inner])
    return {"y": y}


def oracle(x, kernel, dilation, stride, padding):
    """A plain convolution of scipy's with the kernel's holes filled by zeros."""
    from scipy.signal import correlate2d

    spread = np.zeros([dilation * (k - 1) + 1 for k in kernel.shape])
    spread[np.ix_(*(dilation * np.arange(k) for k in kernel.shape))] = kernel
    wide = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(padding, padding)] * 2)
    maps = [correlate2d(image, spread, "valid") for image in wide.reshape(-1, *wide.shape[-2:])]
    y = np.array(maps)[:, ::stride, ::stride]
    return {"y": y.reshape(*x.shape[:-2], *y.shape[1:])}


def sample(rng):
    kernel, size, dilation, stride, padding = [
        ((2, 2), (5, 6), 2, 1, 0),
        ((3, 2), (7, 5), 2, 1, 1),
        ((2, 3), (6, 7), 3, 2, 1),
        ((3, 3), (5, 5), 1, 2, 0),
    ][int(rng.integers(4))]
    batch = [(), (2,)][int(rng.integers(2))]
    return {
        "x": rng.normal(size=(*batch, *size)),
        "kernel": rng.normal(size=kernel),
        "dilation": dilation,
        "stride": stride,
        "padding": padding,
    }


def variant(rng):
    """Whole numbers: a 2 by 2 kernel with holes over an image of four to six pixels a side."""
    dilation = int(rng.integers(2, 4))
    high, wide = (dilation + 2 + int(n) for n in rng.integers(0, 2, size=2))
    return {
        "x": rng.integers(0, 8, size=(high, wide)).tolist(),
        "kernel": rng.choice([-2, -1, 1, 2, 3], size=(2, 2)).tolist(),
        "dilation": dilation,
    }


# ---- Mistakes.


def _plain(x, kernel, dilation, stride, padding):
    wide = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(padding, padding)] * 2)
    spans = tuple(dilation * (k - 1) + 1 for k in kernel.shape)
    windows = np.lib.stride_tricks.sliding_window_view(wide, spans, axis=(-2, -1))[..., ::stride, ::stride, :, :]
    return np.einsum("...uv,uv->...", windows[..., ::dilation, ::dilation], kernel)


def _fits(x, kernel, dilation, stride, padding):
    return all(dilation * (k - 1) + 1 <= n + 2 * padding for k, n in zip(kernel.shape, x.shape[-2:], strict=True))


def _changed(wrong, right):
    same = wrong.shape == right.shape and np.allclose(wrong, right)
    return {} if same else {"y": wrong}


def _with(**changes):
    def value(**given):
        wrong = given | {name: change(given) for name, change in changes.items()}
        return _changed(_plain(**wrong), _plain(**given)) if _fits(**wrong) else {}

    return value


def _shrunk_image(**given):
    """Only every d-th pixel of the image is kept, then an ordinary convolution: a stride before it, not holes in it."""
    wrong = {**given, "x": given["x"][..., :: given["dilation"], :: given["dilation"]], "dilation": 1}
    return _changed(_plain(**wrong), _plain(**given)) if _fits(**wrong) else {}


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("dilation-forgotten", _with(dilation=lambda g: 1),
     "没有留空：这是普通卷积", "without the holes it is an ordinary convolution"),
    ("one-hole-more", _with(dilation=lambda g: g["dilation"] + 1),
     "间距多了 1：膨胀率 d 表示相邻两个权重相距 d，中间只空 d−1 格",
     "one pixel too far: dilation d means weights d apart, with d-1 holes between them"),
    ("flipped", _with(kernel=lambda g: g["kernel"][::-1, ::-1]),
     "核转了 180°", "the kernel was turned by 180 degrees"),
    ("dilation-as-stride", _with(dilation=lambda g: 1, stride=lambda g: g["dilation"]),
     "把膨胀率当成了步幅", "dilation was taken for a stride"),
    ("image-thinned-out", _shrunk_image,
     "先把图像抽稀再卷积，只剩下其中一组位置", "the image was thinned out first: one set of places is left"),
    ("padding-forgotten", _with(padding=lambda g: 0),
     "漏了零填充", "the zero padding was left out"),
))  # fmt: skip


# ---- Claims.


def _size(given):
    return 1 + np.abs(given["kernel"]).sum() * np.abs(given["x"]).max()


def _size_formula(given, out):
    """The size of an ordinary convolution with a kernel of k + (k - 1)(d - 1)."""
    residual = []
    for n, k, m in zip(given["x"].shape[-2:], given["kernel"].shape, out["y"].shape[-2:], strict=True):
        span = k + (k - 1) * (given["dilation"] - 1)
        residual.append((n + 2 * given["padding"] - span) // given["stride"] + 1 - m)
    return np.array(residual, dtype=float)


def _thinned_out(given, out):
    """Every d-th output comes from every d-th pixel: d^2 ordinary convolutions side by side."""
    if given["stride"] != 1 or given["padding"]:
        return 0.0
    d = given["dilation"]
    residual = []
    for a in range(min(d, out["y"].shape[-2])):
        for b in range(min(d, out["y"].shape[-1])):
            part = {**given, "x": given["x"][..., a::d, b::d], "dilation": 1}
            residual.append(np.ravel(_plain(**part) - out["y"][..., a::d, b::d]))
    return np.concatenate(residual) / _size(given)


def _as_many_products(given, out):
    """The holes cost nothing: as many weights are not zero as the kernel has, however far it reaches."""
    return np.count_nonzero(out["spread"]) - np.count_nonzero(given["kernel"])


def figure(given, out, steps):
    return Figure(
        {"zh": "左上角第一个输出读哪些像素", "en": "the pixels that the first output reads"},
        (Heatmap(_reads(given)),),
        x={"zh": "列", "en": "column"},
        y={"zh": "行", "en": "row"},
    )


def _reads(given):
    """1 where the output in the top left corner reads the padded image."""
    sides = [n + 2 * given["padding"] for n in given["x"].shape[-2:]]
    seen = np.zeros(sides)
    d = given["dilation"]
    seen[: d * (given["kernel"].shape[0] - 1) + 1 : d, : d * (given["kernel"].shape[1] - 1) + 1 : d] = 1.0
    return seen


SOLVER = Solver(
    title={"zh": "空洞（膨胀）卷积", "en": "Dilated (atrous) convolution"},
    formula=r"y_{i,j}=\sum_{u,v}k_{u,v}\,x_{si+du-p,\,sj+dv-p}",
    params={
        "x": Param([[(3 * i + 5 * j) % 8 for j in range(7)] for i in range(7)], {"zh": "图像", "en": "the image"},
                   shape="(..., H, W)"),
        "kernel": Param([[1, 0, -1], [2, 0, -2], [1, 0, -1]], {"zh": "核", "en": "the kernel"}, shape="(kH, kW)"),
        "dilation": Param(2, {"zh": "膨胀率 d", "en": "dilation d"}, kind="int"),
        "stride": Param(1, {"zh": "步幅 s", "en": "the stride s"}, kind="int"),
        "padding": Param(0, {"zh": "四周的零填充 p", "en": "zeros p around the image"}, kind="int"),
    },
    outputs={"y": "1"},
    steps={
        "spread": {"zh": "留空之后的核", "en": "the kernel with its holes"},
        "sees": {"zh": "每个像素被几个输出读到", "en": "how many outputs read each pixel"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="scipy.signal.correlate2d with zeros in the holes",
    sample=sample,
    variant=variant,
    edges=(
        {"x": [[2.0]], "kernel": [[3.0]]},
        {"x": [[1.0, 2.0]], "kernel": [[1.0, 1.0]], "dilation": 1, "stride": 9},
        {"x": [[1.0, 2.0], [3.0, 4.0]], "kernel": [[1.0]], "dilation": 1024, "padding": 1},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    claims=(
        Claim("size", zh="输出大小与边长 k+(k−1)(d−1) 的普通核相同",
              en="the output is as large as with an ordinary kernel of side k+(k-1)(d-1)", residual=_size_formula),
        Claim("interleaved", zh="步幅 1、无填充时，它等于 d² 个普通卷积交错放在一起",
              en="at stride 1 without padding it is d^2 ordinary convolutions, interleaved", residual=_thinned_out),
        Claim("holes-cost-nothing", zh="跨得再远，非零权重也只有原来那么多",
              en="however far it reaches, it has no more weights than before", residual=_as_many_products),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"x": [1.0, 2.0]}, "x must have rows and columns"),
        Reject({"kernel": [1.0, 2.0]}, "kernel must be a matrix"),
        Reject({"x": [[float("nan")]]}, "x must hold finite numbers"),
        Reject({"dilation": 0}, "dilation must lie between 1 and 1024"),
        Reject({"dilation": 4}, "kernel must fit once spread, 9 by 9, into 7 by 7"),
        Reject({"stride": 0}, "stride must lie between 1 and 1024"),
        Reject({"padding": -1}, "padding must lie between 0 and 1024"),
        Reject({"x": np.zeros((2000, 2000)), "kernel": np.ones((3, 3))}, "x must need at most 30000000"),
        Reject({"x": np.zeros((3, 1500, 1500)), "kernel": np.ones((1, 1)), "padding": 1024}, "padding must need"),
    ),
    figure=figure,
)  # fmt: skip
