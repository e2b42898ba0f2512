"""Pooling: every window of a feature map is replaced by one summary statistic.

    y[i, j] = f(x[s i + u, s j + v], 0 <= u, v < k)     max | mean | l2: sqrt(sum x^2) | weighted: sum w x, sum w = 1

The weights of ``weighted`` fall with the distance r from the middle of the window like exp(-r^2 / (2 sigma^2)).
Shapes: x (..., H, W) -> y (..., H', W') with H' = floor((H - k) / s) + 1; no padding, so what is left over is dropped.
Steps: ``window`` is the first one, ``reduction`` is H W / (H' W'), how many times fewer numbers the next layer sees.
Errors: BadInput for a window that does not fit, sizes and strides below 1, a sigma that is not positive, numbers that
are not finite, more than 20 million products.
Reference: Goodfellow et al. (2016), section 9.3, figures 9.7-9.10; Boureau et al. (2010).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Heatmap, Mistake, Param, Reject, Solver, require

KINDS = ("max", "mean", "l2", "weighted")
LIMIT = 1e6
MOST_PRODUCTS = 20_000_000


def check(x, size, stride, kind, sigma):
    require(x.ndim >= 2 and x.size >= 1, "x", "have rows and columns, none of them empty", x.shape)
    require(np.all(np.abs(x) <= LIMIT), "x", f"hold finite numbers of size at most {LIMIT:.0e}", x)
    shortest = min(x.shape[-2:])
    require(1 <= size <= shortest, "size", f"lie between 1 and {shortest}, the shorter side of x", size)
    require(1 <= stride <= 1024, "stride", "lie between 1 and 1024", stride)
    require(1e-3 <= sigma <= 1e3, "sigma", "lie between 0.001 and 1000", sigma)
    high, wide = ((n - size) // stride + 1 for n in x.shape[-2:])
    images = x.size // (x.shape[-2] * x.shape[-1])
    # one axis after the other: size products a number of the row pass, then of the map
    products = images * size * wide * (x.shape[-2] + high)
    require(products <= MOST_PRODUCTS, "x", f"need at most {MOST_PRODUCTS} products", products)


def _bell(size, sigma):
    """Weights along one axis, adding up to 1; those of a window are their outer product."""
    away = [u - (size - 1) / 2 for u in range(size)]
    least = min(r * r for r in away)
    weights = [float(np.exp((least - r * r) / (2 * sigma * sigma))) for r in away]
    return [w / sum(weights) for w in weights]


def compute(xp, note, x, size, stride, kind, sigma):
    high, wide = ((n - size) // stride + 1 for n in x.shape[-2:])
    note("window", x[..., :size, :size])
    weights = _bell(size, sigma) if kind == "weighted" else [1.0] * size
    y = x * x if kind == "l2" else x
    for axis, count in ((-2, high), (-1, wide)):  # every statistic here pools down the columns, then along the rows
        total = None
        for u, weight in enumerate(weights):
            end = u + stride * (count - 1) + 1
            tap = y[..., u:end:stride, :] if axis == -2 else y[..., u:end:stride]
            term = tap if weight == 1.0 else weight * tap
            total = term if total is None else xp.maximum(total, term) if kind == "max" else total + term
        y = total
    note("map_shape", xp.stack([xp.full((), n, dtype=xp.int64, device=x.device) for n in (high, wide)]))
    note("reduction", xp.full((), x.shape[-2] * x.shape[-1] / (high * wide), dtype=x.dtype, device=x.device))
    if kind == "mean":
        y = y / size**2
    return {"y": xp.sqrt(y) if kind == "l2" else y}


def _weights(size, sigma):
    """The weights of a whole window, not yet adding up to 1."""
    rows, columns = np.indices((size, size)) - (size - 1) / 2
    with np.errstate(under="ignore"):
        return np.exp(-(rows**2 + columns**2 - np.min(rows**2 + columns**2)) / (2 * sigma**2))


def _statistic(kind, size, sigma):
    """The statistic of one window, a vector."""
    weights = _weights(size, sigma).ravel()
    return {
        "max": np.max,
        "mean": np.mean,
        "l2": np.linalg.norm,
        "weighted": lambda window: np.average(window, weights=weights),
    }[kind]


def _windows(x, size, stride, writeable=False):
    """A view of the windows, no copy."""
    view = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(-2, -1), writeable=writeable)
    return view[..., ::stride, ::stride, :, :]


def _plain(x, size, stride, kind, sigma):
    """All windows at once, whole: no axis after the other."""
    windows = _windows(x, size, stride)
    if kind == "l2":
        return np.sqrt(np.einsum("...uv,...uv->...", windows, windows))
    if kind == "weighted":
        weights = _weights(size, sigma)
        return np.einsum("...uv,uv->...", windows, weights / np.sum(weights))
    return (np.max if kind == "max" else np.mean)(windows, axis=(-2, -1))


def oracle(x, size, stride, kind, sigma):
    f = _statistic(kind, size, sigma)
    maps = []
    for image in x.reshape(-1, *x.shape[-2:]):
        tops, lefts = (range(0, n - size + 1, stride) for n in image.shape)
        maps.append([[f(image[i : i + size, j : j + size].ravel()) for j in lefts] for i in tops])
    y = np.array(maps).reshape(*x.shape[:-2], len(maps[0]), len(maps[0][0]))
    return {"y": y}


def sample(rng):
    batch = [(), (2,)][int(rng.integers(2))]
    size, stride, high, wide = [(2, 2, 6, 4), (3, 1, 5, 5), (3, 2, 7, 6), (2, 3, 8, 5)][int(rng.integers(4))]
    # Distinct numbers away from zero: neither a tie of maxima nor the corner of a norm.
    cells = int(np.prod(batch, dtype=int)) * high * wide
    values = rng.permutation(cells).reshape(*batch, high, wide) * 0.1 + 0.5
    return {
        "x": values * rng.choice([-1.0, 1.0], size=values.shape),
        "size": size,
        "stride": stride,
        "kind": str(rng.choice(KINDS)),
        "sigma": float(rng.uniform(0.4, 2.0)),
    }


def variant(rng):
    """A map of small whole numbers, at most 6 by 6, with both signs in it."""
    size, stride, high, wide = [(2, 2, 4, 4), (2, 1, 3, 4), (3, 3, 6, 6), (3, 2, 5, 5), (2, 2, 4, 6)][
        int(rng.integers(5))
    ]
    return {
        "x": rng.integers(-4, 10, size=(high, wide)).tolist(),
        "size": size,
        "stride": stride,
        "kind": str(rng.choice(["max", "mean", "l2"])),
    }


# ---- Mistakes.


def _changed(wrong, right):
    """What differs by more than rounding."""
    return {n: v for n, v in wrong.items() if np.shape(v) != np.shape(right[n]) or not np.allclose(v, right[n])}


def _right(given):
    y = _plain(**given)
    return {"y": y, "reduction": given["x"].size / y.size, "map_shape": np.array(y.shape[-2:])}


def _with(**changes):
    """Another argument: the whole rule with it."""

    def value(**given):
        wrong = given | {name: change(given) for name, change in changes.items()}
        if wrong["size"] > min(wrong["x"].shape[-2:]):
            return {}
        return _changed(_right(wrong), _right(given))

    return value


def _sum_for_mean(**given):
    if given["kind"] != "mean":
        return {}
    right = _right(given)
    return _changed({"y": right["y"] * given["size"] ** 2}, right)


def _largest_size(**given):
    """The number furthest from zero, its sign dropped."""
    if given["kind"] != "max":
        return {}
    return _changed({"y": _plain(**{**given, "x": np.abs(given["x"])})}, _right(given))


def _zeros_averaged_out(**given):
    """The mean of the numbers above zero only."""
    if given["kind"] != "mean":
        return {}
    above = given["x"] > 0
    ones = _plain(**{**given, "x": above.astype(float)})
    if not np.all(ones > 0):
        return {}
    return _changed({"y": _plain(**{**given, "x": np.where(above, given["x"], 0.0)}) / ones}, _right(given))


def _mean_square_root(**given):
    if given["kind"] != "l2":
        return {}
    right = _right(given)
    return _changed({"y": right["y"] / given["size"]}, right)


def _printed_e128(**given):
    """As printed: a window of k pixels leaves k times fewer inputs, however far apart the windows are."""
    return _changed({"reduction": float(given["size"] ** 2)}, _right(given))


def _left_over_counted(**given):
    """A window that hangs over the edge still counts."""
    sides = [-(-(n - given["size"]) // given["stride"]) + 1 for n in given["x"].shape[-2:]]
    wrong = {"map_shape": np.array(sides), "reduction": np.prod(given["x"].shape[-2:]) / np.prod(sides)}
    return _changed(wrong, _right(given))


def _one_axis(**given):
    """The reduction along one axis taken for that of the map."""
    right = _right(given)
    return _changed({"reduction": given["x"].shape[-1] / right["y"].shape[-1]}, right)


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("mean-for-max", _with(kind=lambda g: "mean" if g["kind"] == "max" else g["kind"]),
     "这是平均池化，题目要的是最大池化", "that is mean pooling; max pooling was asked"),
    ("max-for-mean", _with(kind=lambda g: "max" if g["kind"] == "mean" else g["kind"]),
     "这是最大池化，题目要的是平均池化", "that is max pooling; mean pooling was asked"),
    ("stride-one", _with(stride=lambda g: 1),
     "窗口每次只移了一格，忘了步幅", "the window moved by one: the stride was left out"),
    ("stride-of-the-size", _with(stride=lambda g: g["size"]),
     "把窗口边长当成了步幅：窗口之间隔多远由步幅决定",
     "the size was taken for the stride, which says how far apart windows are"),
    ("sum-for-mean", _sum_for_mean,
     "求了和，没有除以窗口里的个数", "that is the sum; it was not divided by the count of the window"),
    ("largest-in-size", _largest_size,
     "取了绝对值最大的数并丢了符号；最大池化比的是数值本身",
     "that is the largest absolute value; max pooling compares the numbers themselves"),
    ("positives-only", _zeros_averaged_out,
     "只平均了正数；平均池化对窗口里所有的数求平均",
     "only positive numbers were averaged; the mean takes all of the window"),
    ("root-mean-square", _mean_square_root,
     "这是均方根；L² 池化是平方和的根，不除以个数",
     "that is the root mean square; L2 pooling does not divide by the count"),
    ("left-over-counted", _left_over_counted,
     "把伸出边界的窗口也算进去了；没有填充时丢掉",
     "a window over the edge was counted; without padding it is dropped"),
    ("one-axis-only", _one_axis,
     "只算了一个方向；二维里两个方向相乘", "that is one axis alone; in two dimensions both multiply"),
    ("printed-000-e128", _printed_e128,
     "按窗口大小算减少的倍数；起作用的是窗口之间的间隔（步幅）",
     "the reduction was read off the window's size; what counts is how far apart windows are (the stride)"),
))  # fmt: skip


# ---- Claims.


def _size(given):
    return 1 + np.max(np.abs(given["x"]), axis=(-2, -1), keepdims=True) * given["size"]


def _between(given, out):
    """Max, mean and weighted mean lie between a window's smallest and largest; the L2 norm above its largest size."""
    lows = -_plain(**{**given, "x": -given["x"], "kind": "max"})
    highs = _plain(**{**given, "kind": "max"})
    if given["kind"] == "l2":
        lows = _plain(**{**given, "x": np.abs(given["x"]), "kind": "max"})
        highs = lows * given["size"]
    return np.maximum(np.maximum(lows - out["y"], out["y"] - highs), 0.0) / _size(given)


def _windows_apart(given, out):
    """The windows' first rows and columns are 0, s, 2s, …: as many as fit, whatever is left over."""
    sides = [len(range(0, n - given["size"] + 1, given["stride"])) for n in given["x"].shape[-2:]]
    counted = out["reduction"] * np.prod(sides) / np.prod(given["x"].shape[-2:]) - 1
    return np.append(out["map_shape"] - sides, counted)


def _of_a_constant(given, out):
    """Added to all numbers, a constant is added to the maximum and to both means; scaled, all statistics scale."""
    scaled = _plain(**{**given, "x": 3 * given["x"]}) - 3 * out["y"]
    if given["kind"] == "l2":
        return scaled / (3 * _size(given))
    moved = _plain(**{**given, "x": given["x"] + 2.5}) - out["y"] - 2.5
    return np.maximum(np.abs(scaled), np.abs(moved)) / (3 * _size(given) + 2.5)


def _order_forgotten(given, out):
    """Turned by 180 degrees inside every window, a map pools to the same numbers: where in the window is forgotten."""
    if given["stride"] < given["size"]:
        return 0.0
    turned = given["x"].copy()
    windows = _windows(turned, given["size"], given["stride"], writeable=True)  # they do not overlap
    windows[...] = windows[..., ::-1, ::-1].copy()
    return (_plain(**{**given, "x": turned}) - out["y"]) / _size(given)


def figure(given, out, steps):
    image = given["x"].reshape(-1, *given["x"].shape[-2:])[0]
    small = out["y"].reshape(-1, *out["y"].shape[-2:])[0]
    tall = np.full((image.shape[0], image.shape[1] + 1 + small.shape[1]), float(min(image.min(), small.min())))
    tall[:, : image.shape[1]] = image
    tall[: small.shape[0], image.shape[1] + 1 :] = small
    return Figure(
        {"zh": "左：特征图；右：池化之后", "en": "left: the feature map; right: pooled"},
        (Heatmap(tall),),
    )


SOLVER = Solver(
    title={"zh": "二维池化", "en": "Pooling in two dimensions"},
    formula=r"y_{i,j}=f\left(\{x_{si+u,\,sj+v}\}_{0\le u,v<k}\right)",
    params={
        "x": Param(
            [
                [1, 3, 2, 0, 1, 4],
                [0, 6, 1, 2, 8, 1],
                [5, 2, 4, 7, 0, 2],
                [1, 0, 3, 1, 9, 5],
                [2, 4, 0, 6, 1, 3],
                [7, 1, 2, 3, 5, 0],
            ],
            {"zh": "特征图", "en": "the feature map"},
            shape="(..., H, W)",
        ),
        "size": Param(2, {"zh": "窗口边长 k", "en": "side k of the window"}, kind="int"),
        "stride": Param(2, {"zh": "步幅 s", "en": "the stride s"}, kind="int"),
        "kind": Param("max", {"zh": "统计量", "en": "the statistic"}, kind="choice", choices=KINDS),
        "sigma": Param(
            1.0,
            {"zh": "weighted 的宽度（像素）", "en": "how wide the weights of weighted are, in pixels"},
            kind="float",
        ),
    },
    outputs={"y": "1"},
    steps={
        "window": {"zh": "左上角的窗口", "en": "the window in the top left corner"},
        "map_shape": {"zh": "输出的行数和列数", "en": "rows and columns of the output"},
        "reduction": {"zh": "数的个数是池化后的几倍", "en": "how many times fewer numbers are left"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="a loop over whole windows: numpy.max, mean, linalg.norm, average",
    sample=sample,
    variant=variant,
    edges=(
        {"x": [[5.0]], "size": 1, "stride": 1},
        {"x": [[0.0, 0.0], [0.0, 0.0]], "size": 2, "stride": 1, "kind": "l2"},
        {"x": [[3.0, 4.0], [0.0, 0.0]], "size": 2, "stride": 2, "kind": "l2"},
        {"x": [[2.0, 2.0, 1.0], [2.0, 2.0, 1.0]], "size": 2, "stride": 7},
        {"x": [[1.0, 2.0], [3.0, 4.0]], "size": 2, "stride": 2, "kind": "weighted", "sigma": 0.01},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    claims=(
        Claim(
            "within-the-window",
            zh="最大、平均和加权平均都在窗口的最小值与最大值之间；L² 范数在最大绝对值与它的 k 倍之间",
            en="max and both means lie between the window's extremes; L2 between its largest size and k times that",
            residual=_between,
        ),
        Claim(
            "stride-sets-the-size",
            zh="窗口每隔 s 个像素放一个，放得下几个，每个方向就剩几个数",
            en="windows stand s pixels apart: as many numbers are left along an axis as windows fit",
            residual=_windows_apart,
        ),
        Claim(
            "scales-and-shifts",
            zh="输入乘 3，输出乘 3；输入都加一个常数，最大与平均也加这个常数",
            en="three times the input pools to three times the output; a constant added passes through max and means",
            residual=_of_a_constant,
        ),
        Claim(
            "place-forgotten",
            zh="把每个窗口里的数转 180°（窗口不重叠），池化的结果不变",
            en="turned by 180 degrees within each window (where windows do not overlap), a map pools to the same",
            residual=_order_forgotten,
        ),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"x": [1.0, 2.0]}, "x must have rows and columns"),
        Reject({"x": [[1.0, float("nan")], [1.0, 2.0]]}, "x must hold finite numbers"),
        Reject({"size": 7}, "size must lie between 1 and 6, the shorter side of x"),
        Reject({"size": 0}, "size must lie between 1"),
        Reject({"stride": 0}, "stride must lie between 1 and 1024"),
        Reject({"kind": "median"}, "kind must be"),
        Reject({"sigma": 0.0}, "sigma must lie between"),
        Reject({"x": np.zeros((3000, 3000)), "size": 100, "stride": 1}, "x must need at most 20000000 products"),
    ),
    figure=figure,
)
