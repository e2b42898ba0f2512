"""How many stride-1 valid convolutions fit on a width: floor((m-1)/(k-1)) layers, each taking k-1 pixels away.

Shapes: width, kernel (...) whole numbers -> layers, moving, last (...).
``moving`` counts the layers in which the kernel still has somewhere to move (an output wider than one pixel);
``last`` is the width that the last layer leaves.
Errors: BadInput for widths below 1, and for kernels below 2 (a kernel of one pixel never shrinks anything).
Reference: Goodfellow et al. (2016), section 9.5 and figure 9.13 (16 pixels, k = 6: three layers, two of which move).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

LIMIT = 100_000


def check(width, kernel):
    require(np.all(width >= 1), "width", "be at least 1", width)
    require(np.all(width <= LIMIT), "width", f"be at most {LIMIT}", width)
    require(np.all(kernel >= 2), "kernel", "be at least 2, or no layer shrinks", kernel)
    require(np.all(kernel <= LIMIT), "kernel", f"be at most {LIMIT}", kernel)
    same = width.shape == kernel.shape or width.ndim == 0 or kernel.ndim == 0
    require(same, "kernel", f"be one number or have the shape of width, {width.shape}", kernel.shape)


def compute(xp, note, width, kernel):
    loss = kernel - 1
    note("loss", loss)
    spare = width - 1
    note("spare", spare)
    layers = spare // loss
    last = width - layers * loss
    moving = xp.where(last == 1, layers - 1, layers)
    return {"layers": layers, "moving": xp.where(layers > 0, moving, layers), "last": last}


def oracle(width, kernel):
    pairs = np.broadcast_arrays(width, kernel)
    known = {}
    for pair in zip(*(side.ravel().tolist() for side in pairs), strict=True):
        if pair not in known:
            known[pair] = _slide(*pair)
    found = [known[pair] for pair in zip(*(side.ravel().tolist() for side in pairs), strict=True)]
    layers, moving, last = (np.asarray(column).reshape(pairs[0].shape) for column in zip(*found, strict=True))
    return {"layers": layers, "moving": moving, "last": last}


def _slide(width, kernel):
    """Slide the kernel over a row, take the row of window starts as the next layer, until it no longer fits."""
    row = np.zeros(width, dtype=bool)
    layers = moving = 0
    while row.size >= kernel:
        row = np.lib.stride_tricks.sliding_window_view(row, kernel)[:, 0]
        layers += 1
        moving += row.size > 1
    return layers, moving, row.size


def sample(rng):
    count = int(rng.integers(3, 7))
    return {"width": rng.integers(1, 300, size=count), "kernel": rng.integers(2, 12, size=count)}


def variant(rng):
    """An image of medium size and an odd kernel; every second time a width that the layers use up to the last pixel."""
    k = int(rng.choice([3, 5, 7, 9, 11, 13, 15]))
    if rng.integers(2):
        return {"width": int(rng.integers(32, 257)), "kernel": k}
    return {"width": int(rng.integers(3, 21)) * (k - 1) + 1, "kernel": k}


def _wrong(rule):
    def value(width, kernel):
        right, wrong = (width - 1) // (kernel - 1), rule(width, kernel)
        return {} if np.array_equal(right, wrong) else {"layers": wrong}

    return value


def _fits(given, out):
    """Pixels missing for the counted layers; pixels left over for one layer more."""
    after = given["width"] - out["layers"] * (given["kernel"] - 1)
    return np.minimum(after - 1, 0) + np.maximum(after - given["kernel"] + 1, 0)


def _one_big_kernel(given, out):
    """Width after one kernel as large as the stack's receptive field, less the width after the stack."""
    field = 1 + out["layers"] * (given["kernel"] - 1)
    return given["width"] - field + 1 - out["last"]


def _one_still_layer(given, out):
    """The kernel moves in all layers, or in all but the last, whose output is one pixel."""
    still = out["layers"] - out["moving"]
    return still - np.where((out["last"] == 1) & (out["layers"] > 0), 1, 0)


def figure(given, out, steps):
    m, k, layers = (int(np.ravel(v)[0]) for v in (given["width"], given["kernel"], out["layers"]))
    depth = np.arange(layers + 1)
    return Figure(
        title={"zh": f"每过一层的宽度（k = {k}）", "en": f"Width after each layer (k = {k})"},
        marks=(
            Lines(depth, m - depth * (k - 1), {"zh": "有效卷积", "en": "valid"}),
            Lines(depth, np.full(layers + 1, m), {"zh": "相同卷积", "en": "same"}),
        ),
        x={"zh": "层数", "en": "layers"},
        y={"zh": "宽度（像素）", "en": "width (pixels)"},
    )


SOLVER = Solver(
    title={"zh": "有效卷积最多能堆多少层", "en": "How many valid convolutions can be stacked"},
    formula=r"L=\left\lfloor\frac{m-1}{k-1}\right\rfloor",
    params={
        "width": Param(28, {"zh": "输入宽度 m（像素）", "en": "input width m in pixels"}, shape="(...)", dtype="int64"),
        "kernel": Param(5, {"zh": "核宽 k", "en": "kernel width k"}, shape="(...)", dtype="int64"),
    },
    outputs={"layers": "layers", "moving": "layers", "last": "pixels"},
    steps={
        "loss": {"zh": "每层减少的像素 k−1", "en": "pixels lost in a layer, k-1"},
        "spare": {"zh": "可以减掉的像素 m−1", "en": "pixels there are to lose, m-1"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="sliding a window over a row, layer after layer, until it no longer fits",
    sample=sample,
    variant=variant,
    edges=(
        {"width": 1, "kernel": 2},
        {"width": 5, "kernel": 5},
        {"width": 4, "kernel": 5},
        {"width": 16, "kernel": 6},
        {"width": [28, 32, 224, 224], "kernel": [5, 3, 7, 3]},
        {"width": [1, 2, 3, 100], "kernel": 2},
    ),
    tolerance={"int64": 0},
    smooth=False,
    claims=(
        Claim(
            "one-more-does-not-fit",
            zh="每层减少 k−1 个像素；这些层之后至少剩 1 个像素，再加一层核就放不下",
            en="a layer takes k-1 pixels; these layers leave at least one, and the kernel does not fit once more",
            residual=_fits,
        ),
        Claim(
            "receptive-field",
            zh="整摞卷积的感受野是 L(k−1)+1，剩下的宽度与用一个这么宽的核相同",
            en="the stack sees L(k-1)+1 pixels and leaves the width that one kernel so wide would leave",
            residual=_one_big_kernel,
        ),
        Claim(
            "one-still-layer",
            zh="只有输出恰为 1 个像素的最后一层，核才无处可移",
            en="only a last layer that leaves one pixel holds the kernel still",
            residual=_one_still_layer,
        ),
    ),
    mistakes=(
        Mistake(
            "loses-k",
            zh="按每层减少 k 个像素算了；实际减少 k−1 个",
            en="k pixels a layer were taken away; it is k-1",
            value=_wrong(lambda width, kernel: width // kernel),
        ),
        Mistake(
            "down-to-zero",
            zh="减到了 0 个像素；输出至少要有 1 个，可减的只有 m−1 个",
            en="shrunk to no pixel at all; one has to remain, so only m-1 can go",
            value=_wrong(lambda width, kernel: width // (kernel - 1)),
        ),
        Mistake(
            "one-side-only",
            zh="只算了一侧减少的 (k−1)/2 个像素；两侧合计 k−1 个",
            en="only one side's (k-1)/2 pixels were counted; both sides lose k-1",
            value=_wrong(lambda width, kernel: 2 * (width - 1) // (kernel - 1)),
        ),
        Mistake(
            "stops-at-the-kernel",
            zh="停早了：宽度恰为 k 时还能再放一层，输出 1 个像素",
            en="stopped too early: a width of k still takes a layer, which leaves one pixel",
            value=_wrong(lambda width, kernel: np.maximum((width - 2) // (kernel - 1), 0)),
        ),
        Mistake(
            "printed-000-e117",
            zh="并不要上百层：宽度每层减少 k−1，常见图像几层到几十层就用完",
            en="no hundreds of layers are needed: k-1 pixels a layer use up a usual image in a few or a few dozen",
            value=_wrong(lambda width, kernel: np.maximum((width - 1) // (kernel - 1), 100)),
        ),
    ),
    rejects=(
        Reject({"width": 0}, "width must be at least 1"),
        Reject({"width": 10**9}, "width must be at most 100000"),
        Reject({"kernel": 1}, "kernel must be at least 2"),
        Reject({"kernel": 10**9}, "kernel must be at most 100000"),
        Reject({"width": [28, 32], "kernel": [3, 5, 7]}, "kernel must be one number or have the shape of width"),
        Reject({"width": 28.5}, "width must hold integers"),
    ),
    figure=figure,
)
