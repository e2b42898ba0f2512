"""A convolution as a matrix: most entries zero, the rest copies of the kernel.

    y = M x,   M[(i, j), (i + u, j + v)] = k[u, v],   all other entries 0          (one image, no padding, stride 1)

Seen so, a convolutional layer is a dense layer under an infinitely strong prior: weights outside the window are 0, and
those at the same place of each window are equal. A gradient step of the dense layer, projected on that prior, is the
gradient step of the convolution: ``kernel_gradient`` adds up the dense gradient over tied entries.
Shapes: x (H, W), kernel (kH, kW), upstream (H', W') with H' = H - kH + 1 -> y (H', W'), kernel_gradient (kH, kW).
Steps: ``matrix`` (H'W', HW), ``counts`` (3,) its entries, those of the window pattern, and free weights.
Errors: BadInput for a kernel larger than the image, an upstream of another shape, more than 400 pixels.
Reference: Goodfellow et al. (2016), sections 9.1, 9.2 and 9.4 (Toeplitz, doubly block circulant), eqs. 9.11.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Heatmap, Mistake, Param, Reject, Solver, require

LIMIT = 1e6
MOST_PIXELS = 400


def check(x, kernel, upstream):
    for name, value in (("x", x), ("kernel", kernel), ("upstream", upstream)):
        require(value.ndim == 2 and value.size >= 1, name, "be a matrix with at least one entry", value.shape)
        require(value.size <= MOST_PIXELS, name, f"have at most {MOST_PIXELS} entries", value.size)
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    fits = all(k <= n for k, n in zip(kernel.shape, x.shape, strict=True))
    require(fits, "kernel", f"fit into the image, {x.shape[0]} by {x.shape[1]}", kernel.shape)
    shape = tuple(n - k + 1 for k, n in zip(kernel.shape, x.shape, strict=True))
    require(upstream.shape == shape, "upstream", f"have shape {shape}, like the output", upstream.shape)


def compute(xp, note, x, kernel, upstream):
    (high, wide), (rows, columns) = x.shape, kernel.shape
    tall, broad = high - rows + 1, wide - columns + 1
    pixel = xp.arange(high * wide, dtype=xp.int64, device=x.device)[None, :]
    output = xp.arange(tall * broad, dtype=xp.int64, device=x.device)[:, None]
    corner = (output // broad) * wide + output % broad  # the pixel in the top left corner of each window
    zero = xp.zeros((tall * broad, high * wide), dtype=x.dtype, device=x.device)
    matrix, gradients = zero, []
    dense = xp.reshape(upstream, (-1, 1)) * xp.reshape(x, (1, -1))  # what a dense layer's weights would get
    for u in range(rows):
        for v in range(columns):
            tied = pixel == corner + (u * wide + v)
            matrix = matrix + xp.where(tied, zero + kernel[u, v], zero)
            gradients.append(xp.sum(xp.where(tied, dense, zero)))
    note("matrix", matrix)
    counts = (tall * broad * high * wide, tall * broad * rows * columns, rows * columns)
    note("counts", xp.stack([xp.full((), n, dtype=xp.int64, device=x.device) for n in counts]))
    y = xp.reshape(xp.matmul(matrix, xp.reshape(x, (-1, 1))), (tall, broad))
    return {"y": y, "kernel_gradient": xp.reshape(xp.stack(gradients), (rows, columns))}


def oracle(x, kernel, upstream):
    from scipy.signal import correlate2d

    return {"y": correlate2d(x, kernel, "valid"), "kernel_gradient": correlate2d(x, upstream, "valid")}


def sample(rng):
    (high, wide), (rows, columns) = [((3, 4), (2, 2)), ((4, 3), (1, 3)), ((5, 4), (3, 2)), ((2, 5), (2, 1))][
        int(rng.integers(4))
    ]
    return {
        "x": rng.normal(size=(high, wide)),
        "kernel": rng.normal(size=(rows, columns)),
        "upstream": rng.normal(size=(high - rows + 1, wide - columns + 1)),
    }


def variant(rng):
    """A 3 by 3 image (sometimes 3 by 4) and a 2 by 2 kernel of small whole numbers."""
    wide = int(rng.integers(3, 5))
    return {
        "x": rng.integers(-2, 6, size=(3, wide)).tolist(),
        "kernel": rng.choice([-2, -1, 1, 2, 3], size=(2, 2)).tolist(),
        "upstream": rng.choice([-1, 1, 2], size=(2, wide - 1)).tolist(),
    }


# ---- Mistakes.


def _matrix(x, kernel, wrap=0):
    """The matrix entry by entry; ``wrap`` adds the windows that run over a row's end."""
    high, wide = x.shape
    tall, broad = high - kernel.shape[0] + 1, wide - kernel.shape[1] + 1
    step = wide if wrap else broad
    matrix = np.zeros((tall * broad, high * wide))
    for place in range(tall * broad):
        i, j = divmod(place, step)
        for u in range(kernel.shape[0]):
            for v in range(kernel.shape[1]):
                matrix[place, ((i + u) * wide + j + v) % (high * wide)] += kernel[u, v]
    return matrix


def _right(given):
    x, kernel, upstream = given["x"], given["kernel"], given["upstream"]
    matrix = _matrix(x, kernel)
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape)
    free = (matrix.size, upstream.size * kernel.size, kernel.size)
    return {
        "y": (matrix @ x.ravel()).reshape(upstream.shape),
        "kernel_gradient": np.einsum("ij,ijuv->uv", upstream, windows),
        "matrix": matrix,
        "counts": np.array(free),
    }


def _changed(wrong, right):
    return {n: v for n, v in wrong.items() if np.shape(v) != np.shape(right[n]) or not np.allclose(v, right[n])}


def _flipped(**given):
    wrong = _right({**given, "kernel": given["kernel"][::-1, ::-1]})
    return _changed({"y": wrong["y"], "matrix": wrong["matrix"]}, _right(given))


def _runs_over(**given):
    """Windows that run on into the next row, as if the image were one long row."""
    matrix = _matrix(given["x"], given["kernel"], wrap=1)
    y = (matrix @ given["x"].ravel()).reshape(given["upstream"].shape)
    return _changed({"y": y, "matrix": matrix}, _right(given))


def _averaged(**given):
    right = _right(given)
    return _changed({"kernel_gradient": right["kernel_gradient"] / given["upstream"].size}, right)


def _first_window(**given):
    right = _right(given)
    rows, columns = given["kernel"].shape
    first = given["upstream"][0, 0] * given["x"][:rows, :columns]
    return _changed({"kernel_gradient": first}, right)


def _all_free(**given):
    right = _right(given)
    return _changed({"counts": right["counts"][[0, 1, 1]]}, right)


def _not_sparse(**given):
    right = _right(given)
    return _changed({"counts": right["counts"][[0, 0, 2]]}, right)


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("flipped", _flipped,
     "核转了 180°", "the kernel was turned by 180 degrees"),
    ("runs-into-the-next-row", _runs_over,
     "窗口越过行尾接到了下一行；换行时要跳过 k−1 列",
     "windows ran on into the next row; at a row's end k-1 columns are skipped"),
    ("gradient-averaged", _averaged,
     "梯度取了平均；共享的权重得到各处梯度之和", "gradients were averaged; a shared weight gets their sum"),
    ("first-window-only", _first_window,
     "只算了一个窗口的梯度；同一个权重用在所有窗口里",
     "that is one window's gradient; the weight is used in every window"),
    ("no-sharing", _all_free,
     "没有共享：每个非零元素都当成了自由参数", "no sharing: each entry of the pattern was taken for a free weight"),
    ("no-zeros", _not_sparse,
     "忘了窗口以外的元素都是 0", "the entries outside the windows are all 0"),
))  # fmt: skip


# ---- Claims.


def _size(given):
    return 1 + np.abs(given["kernel"]).sum() * np.abs(given["x"]).max() * (1 + np.abs(given["upstream"]).sum())


def _mostly_zero(given, out):
    """Every row holds the kernel's numbers once and zeros otherwise; entries one window on are the same."""
    kernel = np.sort(given["kernel"].ravel())
    rows = np.sort(out["matrix"], axis=1)
    zeros = out["matrix"].shape[1] - kernel.size
    expected = np.sort(np.append(kernel, np.zeros(zeros)))
    return (rows - expected) / _size(given)


def _toeplitz(given, out):
    """Along a row of the image the matrix is Toeplitz: one output on, one pixel on, the same entry."""
    broad = given["upstream"].shape[1]
    if broad < 2:
        return 0.0
    block = out["matrix"].reshape(given["upstream"].shape[0], broad, -1)
    return (block[:, 1:, 1:] - block[:, :-1, :-1]) / _size(given)


def _three_ideas(given, out):
    """Zeros off the window, the same numbers in each row, and an image moved right moves what comes out along."""
    moved = np.roll(given["x"], 1, axis=1)
    mapped = (out["matrix"] @ moved.ravel()).reshape(out["y"].shape)
    along = (mapped[:, 1:] - out["y"][:, :-1]) / _size(given)  # the first column sees what came in
    return np.concatenate([_mostly_zero(given, out).ravel(), along.ravel()])


def _transpose_goes_back(given, out):
    """<M x, g> = <x, M' g>: the transpose carries gradients to the pixels."""
    back = (out["matrix"].T @ given["upstream"].ravel()) @ given["x"].ravel()
    return ((out["y"] * given["upstream"]).sum() - back) / _size(given)


def _projected(given, out):
    """Along every tied direction the dense gradient slopes as the kernel's gradient does: <dG, M> = <dk, k>."""
    dense = np.outer(given["upstream"].ravel(), given["x"].ravel())
    units = np.eye(given["kernel"].size).reshape(-1, *given["kernel"].shape)
    tied = [dense[_matrix(given["x"], unit) == 1].sum() for unit in units]
    whole = (dense * out["matrix"]).sum() - (given["kernel"] * out["kernel_gradient"]).sum()
    return np.append(tied - out["kernel_gradient"].ravel(), whole) / _size(given)


def figure(given, out, steps):
    return Figure(
        {"zh": "卷积的矩阵：大多数元素为 0，其余都是核的拷贝",
         "en": "The convolution's matrix: mostly zeros, the rest copies of the kernel"},
        (Heatmap(steps["matrix"]),),
    )  # fmt: skip


SOLVER = Solver(
    title={"zh": "写成矩阵的卷积", "en": "A convolution as a matrix"},
    formula=r"y=Mx,\quad M_{(i,j),(i+u,j+v)}=k_{u,v}",
    params={
        "x": Param([[1, 2, 0], [0, 1, 3], [2, 1, 1]], {"zh": "图像", "en": "the image"}, shape="(H, W)"),
        "kernel": Param([[1, 2], [3, 4]], {"zh": "核", "en": "the kernel"}, shape="(kH, kW)"),
        "upstream": Param([[1, 0], [-1, 2]], {"zh": "损失对输出的梯度", "en": "gradient of the loss in the output"},
                          shape="(H', W')"),
    },
    outputs={"y": "1", "kernel_gradient": "1"},
    steps={
        "matrix": {"zh": "矩阵 M", "en": "the matrix M"},
        "counts": {"zh": "元素个数、窗口内的元素、自由参数", "en": "entries, entries in windows, free weights"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="scipy.signal.correlate2d",
    sample=sample,
    variant=variant,
    edges=(
        {"x": [[2.0]], "kernel": [[3.0]], "upstream": [[1.0]]},
        {"x": [[1.0, 2.0, 3.0]], "kernel": [[-1.0, 1.0]], "upstream": [[1.0, 1.0]]},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    batched=False,
    claims=(
        Claim("copies-of-the-kernel", zh="每一行恰好是核的各个数，其余全是 0",
              en="each row holds the kernel's numbers once, and zeros", residual=_mostly_zero),
        Claim("three-ideas", zh="窗口外全是 0（稀疏），各行是同一组数（共享），图像右移一格，输出跟着右移（等变）",
              en="zeros off the window (sparse), the same numbers in each row (shared), the map moves with the image",
              residual=_three_ideas),
        Claim("toeplitz", zh="沿一行移动一格，矩阵元素也移动一格：Toeplitz 结构",
              en="one output on along a row, one pixel on: the entries are the same (Toeplitz)", residual=_toeplitz),
        Claim("transpose-goes-back", zh="Mᵀ 把梯度传回像素", en="the transpose carries gradients back to the pixels",
              residual=_transpose_goes_back),
        Claim("projected-gradient", zh="全连接层的梯度，窗口外置零、绑定的元素相加，就是卷积的梯度",
              en="the dense layer's gradient, added up over tied entries, is the convolution's",
              residual=_projected),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"x": [1.0, 2.0]}, "x must be a matrix"),
        Reject({"kernel": [[float("nan")]]}, "kernel must hold finite numbers"),
        Reject({"kernel": [[1.0] * 4]}, "kernel must fit into the image"),
        Reject({"upstream": [[1.0]]}, "upstream must have shape (2, 2)"),
        Reject({"x": np.zeros((21, 20))}, "x must have at most 400 entries"),
    ),
    figure=figure,
)  # fmt: skip
