"""What pooling saves the next layer: how far apart the windows are decides, not how large they are.

    m' = floor((m - k) / s) + 1 along each axis      inputs of the next layer: C H' W'      a dense layer: n C H' W'

Shapes: size (..., 2), height first, -> out (..., 2); inputs and weights (...), weights those of a dense layer of
``units`` on the flattened maps. Steps: ``unpooled`` (...) are the inputs it would have without pooling, ``dropped``
(..., 2) the pixels at the far end that no window reaches. No padding.
Errors: BadInput for sizes below 1, a window that does not fit, more than a million millions of weights.
Reference: Goodfellow et al. (2016), section 9.3 (pooling regions spaced k pixels apart) and figure 9.10.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

LARGEST = 65_536
MOST = 10**12


def check(size, window, stride, channels, units):
    require(size.ndim >= 1 and size.shape[-1] == 2, "size", "hold two numbers, height and width", size)
    require(np.all((size >= 1) & (size <= LARGEST)), "size", f"lie between 1 and {LARGEST}", size)
    require(size.size <= 20_000, "size", "hold at most 10000 pairs", size.size // 2)
    require(1 <= window <= np.min(size), "window", f"lie between 1 and {np.min(size)}, the shortest side", window)
    require(1 <= stride <= LARGEST, "stride", f"lie between 1 and {LARGEST}", stride)
    for name, value in (("channels", channels), ("units", units)):
        require(1 <= value <= LARGEST, name, f"lie between 1 and {LARGEST}", value)
    weights = float(np.max(np.prod(size.astype(float), axis=-1))) * channels * units
    require(weights <= MOST, "size", f"keep a dense layer on the unpooled maps within {MOST} weights", weights)


def compute(xp, note, size, window, stride, channels, units):
    out = (size - window) // stride + 1
    note("unpooled", channels * size[..., 0] * size[..., 1])
    note("dropped", size - window - (out - 1) * stride)
    inputs = channels * out[..., 0] * out[..., 1]
    return {"out": out, "inputs": inputs, "weights": units * inputs}


def oracle(size, window, stride, channels, units):
    """The shapes that torch's pooling and dense layers have, on its meta device: nothing is computed there."""
    import torch

    pool, found = torch.nn.MaxPool2d(window, stride), {"out": [], "inputs": [], "weights": []}
    for high, wide in size.reshape(-1, 2).tolist():
        maps = pool(torch.empty((1, channels, high, wide), device="meta"))
        flat = maps.flatten(1).shape[1]
        found["out"].append(tuple(maps.shape[2:]))
        found["inputs"].append(flat)
        found["weights"].append(torch.nn.Linear(flat, units, bias=False, device="meta").weight.numel())
    shapes = {"out": size.shape, "inputs": size.shape[:-1], "weights": size.shape[:-1]}
    return {name: np.array(found[name], dtype=np.int64).reshape(shape) for name, shape in shapes.items()}


def sample(rng):
    window, stride, channels, units = [(2, 2, 3, 5), (3, 2, 8, 29), (3, 5, 1, 10), (5, 1, 4, 7)][int(rng.integers(4))]
    size = rng.integers(window + 2, 60, size=(int(rng.integers(1, 4)), 2))
    return {"size": size, "window": window, "stride": stride, "channels": channels, "units": units}


def variant(rng):
    """An oblong map of two-figure sides, window and stride unlike, counts that suit a calculator."""
    while True:
        high, wide = (int(n) for n in rng.integers(12, 61, size=2))
        window, stride = int(rng.integers(2, 6)), int(rng.integers(2, 5))
        if high != wide and window != stride:
            layer = {"channels": int(rng.choice([4, 8, 12, 16, 20, 32])), "units": int(rng.choice([10, 20, 50, 100]))}
            return {"size": [high, wide], "window": window, "stride": stride, **layer}


# ---- Mistakes.


def _right(size, window, stride, channels, units):
    out = (size - window) // stride + 1
    inputs = channels * out[..., 0] * out[..., 1]
    return {"out": out, "inputs": inputs, "weights": units * inputs}


def _changed(wrong, right):
    return {name: value for name, value in wrong.items() if not np.array_equal(value, right[name])}


def _sides(rule):
    """A mistaken side, and the counts that follow from it."""

    def value(size, window, stride, channels, units):
        out = np.asarray(rule(size, window, stride))
        if np.any(out < 1):
            return {}
        inputs = channels * out[..., 0] * out[..., 1]
        wrong = {"out": out, "inputs": inputs, "weights": units * inputs}
        return _changed(wrong, _right(size, window, stride, channels, units))

    return value


def _counts(inputs, weights):
    def value(**given):
        right = _right(**given)
        high, wide = right["out"][..., 0], right["out"][..., 1]
        wrong = {"inputs": inputs(high, wide, **given)} if inputs else {}
        return _changed(wrong | {"weights": weights(high, wide, **given)}, right)

    return value


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("divided-by-the-window", _sides(lambda m, k, s: (m - k) // k + 1),
     "除以了窗口边长 k；输出多大由窗口之间的间隔（步幅 s）决定",
     "divided by the window's side k; how far apart windows are, the stride s, sets the size"),
    ("plus-one-forgotten", _sides(lambda m, k, s: (m - k) // s),
     "漏了最后的 +1：起点那个窗口也算一个", "the final +1 is missing: the first window counts too"),
    ("window-forgotten", _sides(lambda m, k, s: (m - 1) // s + 1),
     "没有减窗口边长 k：伸出边界的窗口也算进去了",
     "the window's side k was not taken off: windows over the edge count"),
    ("rounded-up", _sides(lambda m, k, s: -((k - m) // s) + 1),
     "向上取整了；没有填充时，放不下的窗口要丢掉",
     "rounded up; without padding a window that does not fit is dropped"),
    ("stride-one", _sides(lambda m, k, s: m - k + 1),
     "漏了步幅：那是 s = 1 的尺寸", "the stride was left out: that is the size at s = 1"),
    ("one-axis-only", _counts(
        lambda h, w, channels, **_: channels * w, lambda h, w, channels, units, **_: units * channels * w),
     "只算了一个方向；高与宽要相乘", "that is one axis alone; height and width multiply"),
    ("channels-pooled-too", _counts(lambda h, w, **_: h * w, lambda h, w, units, **_: units * h * w),
     "漏了通道数：空间池化逐通道进行，通道一个不少",
     "the channels are missing: pooling works on each of them, none is lost"),
    ("not-pooled", _counts(
        None, lambda h, w, size, channels, units, **_: units * channels * size[..., 0] * size[..., 1]),
     "那是不池化时的权重数", "that is the count without pooling"),
))  # fmt: skip


# ---- Claims.


def _last_window(given, out):
    """Pixels by which the last window sticks out, and whole further steps that would still have fitted."""
    room = given["size"] - given["window"] - (out["out"] - 1) * given["stride"]
    return np.minimum(room, 0) + np.maximum(room - given["stride"] + 1, 0)


def _near_the_stride(given, out):
    """Along an axis: how far s m' is from m, beyond what one window and one stride explain."""
    gap = given["size"] - out["out"] * given["stride"]
    return np.maximum(gap - given["window"] + 1, 0) + np.maximum(-gap - given["stride"] + given["window"], 0)


def _window_as_stride(given, out):
    """With s = k dividing both sides, exactly k times fewer numbers along each axis: one for each k x k pixels."""
    if given["window"] != given["stride"] or np.any(given["size"] % given["window"]):
        return 0
    return out["inputs"] * given["window"] ** 2 - out["unpooled"]


def _same_factor(given, out):
    """A dense layer's weights shrink by the factor by which its inputs shrink."""
    return out["weights"] - given["units"] * out["inputs"]


def figure(given, out, steps):
    """The side left by each stride, one line a window: the lines lie close together."""
    m, now = int(np.ravel(given["size"])[1]), int(np.ravel(out["out"])[1])
    strides = np.arange(1, 7)
    windows = sorted({min(k, m) for k in (1, 2, 3, 5, int(given["window"]))})
    marks = [Lines(strides, (m - k) // strides + 1, {"zh": f"窗口 {k}", "en": f"window {k}"}) for k in windows]
    return Figure(
        {"zh": f"宽 {m}：剩下多少由步幅定", "en": f"width {m}: the stride decides what is left"},
        (*marks, Scatter([int(given["stride"])], [now], {"zh": "这一层", "en": "this layer"})),
        x={"zh": "步幅 s", "en": "stride s"},
        y={"zh": "输出宽度", "en": "output width"},
    )


SOLVER = Solver(
    title={"zh": "池化为下一层省下多少", "en": "What pooling saves the next layer"},
    formula=r"m'=\left\lfloor\frac{m-k}{s}\right\rfloor+1",
    params={
        "size": Param([30, 30], {"zh": "特征图的高与宽", "en": "height and width of the maps"}, shape="(..., 2)",
                      dtype="int64"),
        "window": Param(3, {"zh": "窗口边长 k", "en": "side k of the window"}, kind="int"),
        "stride": Param(2, {"zh": "步幅 s：窗口之间的间隔", "en": "stride s: how far apart windows are"}, kind="int"),
        "channels": Param(16, {"zh": "通道数 C", "en": "channels C"}, kind="int"),
        "units": Param(100, {"zh": "下一个全连接层的单元数 n", "en": "units n of the next, dense layer"}, kind="int"),
    },
    outputs={"out": "pixels", "inputs": "numbers", "weights": "weights"},
    steps={
        "unpooled": {"zh": "不池化时下一层的输入数", "en": "inputs of the next layer without pooling"},
        "dropped": {"zh": "末端没有窗口盖到的像素", "en": "pixels at the far end that no window reaches"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.nn.MaxPool2d and Linear on the meta device: the shapes they have",
    sample=sample,
    variant=variant,
    edges=(
        {"size": [1, 1], "window": 1, "stride": 1, "channels": 1, "units": 1},
        {"size": [30, 30], "window": 3, "stride": 1},
        {"size": [30, 30], "window": 3, "stride": 3},
        {"size": [30, 30], "window": 2, "stride": 2},
        {"size": [[7, 9], [8, 5]], "window": 2, "stride": 5},
        {"size": [4, 4], "window": 4, "stride": 65_536},
    ),
    tolerance={"int64": 0},
    smooth=False,
    claims=(
        Claim("last-window-fits", zh="最后一个窗口还在图内，再走一步就出界",
              en="the last window lies inside the map, a further one would not", residual=_last_window),
        Claim("the-stride-decides", zh="每个方向 s·m′ 与 m 相差不到一个窗口或一个步幅：减少约 s 倍，与 k 几乎无关",
              en="along an axis s m' is m to within a window or a stride: about s times fewer, hardly any k in it",
              residual=_near_the_stride),
        Claim("k-apart", zh="窗口恰好相隔 k、又除得尽时，每 k×k 个像素剩一个数",
              en="with windows k apart that divide the sides, one number is left of every k by k pixels",
              residual=_window_as_stride),
        Claim("dense-weights-follow", zh="下一个全连接层的权重按同样的倍数减少",
              en="the weights of a dense layer shrink by the same factor as its inputs", residual=_same_factor),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"size": [30]}, "size must hold two numbers"),
        Reject({"size": [0, 30], "window": 1}, "size must lie between 1 and 65536"),
        Reject({"size": [30.5, 30]}, "size must hold integers"),
        Reject({"window": 31}, "window must lie between 1 and 30, the shortest side"),
        Reject({"window": 0}, "window must lie between 1"),
        Reject({"stride": 0}, "stride must lie between 1"),
        Reject({"channels": 0}, "channels must lie between 1"),
        Reject({"units": 10**9}, "units must lie between 1"),
        Reject({"size": [60_000, 60_000], "channels": 1000}, "size must keep a dense layer"),
    ),
    figure=figure,
)  # fmt: skip
