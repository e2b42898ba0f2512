"""Output size of a 2-D convolution: floor((m + 2p - d(k-1) - 1) / s) + 1 along each axis, in pixels.

Shapes: size, kernel, stride, dilation, padding, output_padding (..., 2), height first; one pair serves a batch.
Outputs: out (..., 2) = [H_out, W_out]; shape (..., 4) = [N, C_out, H_out, W_out].
Modes: valid pads nothing; same pads until the output is ceil(m/s); full pads d(k-1) on each side; explicit pads what
``padding`` says on each side (the other modes do not read ``padding``). With ``transposed`` the rule is
(m-1)s - 2p + d(k-1) + output_padding + 1: a stride-1 convolution over the input with s-1 zeros between neighbours.
Errors: BadInput for sizes below 1, a kernel that does not fit, an output that would be empty or absurdly large.
Reference: Dumoulin & Visin (2016), relationships 6, 14 and 15; Goodfellow et al. (2016), section 9.5.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

AXES = ("size", "kernel", "stride", "dilation", "padding", "output_padding")
MODES = ("valid", "same", "full", "explicit")
LIMIT = 65_536
VALUES = 10**12


def check(size, kernel, stride, dilation, padding, output_padding, mode, transposed, **layer):
    pairs = dict(zip(AXES, (size, kernel, stride, dilation, padding, output_padding), strict=True))
    for name, value in pairs.items():
        require(value.ndim >= 1 and value.shape[-1] == 2, name, "hold two numbers, height and width", value)
        least = 0 if name in ("padding", "output_padding") else 1
        require(np.all(value >= least), name, f"be at least {least}", value)
        require(np.all(value <= LIMIT), name, f"be at most {LIMIT}", value)
    batches = {value.shape for value in pairs.values()} - {(2,)}
    require(len(batches) <= 1, "size", "have the batch axes of the other pairs, or none", sorted(batches))
    for name, value in layer.items():
        require(1 <= value <= LIMIT, name, f"be between 1 and {LIMIT}", value)
    n = _numbers(**pairs, mode=mode, transposed=transposed)
    if transposed == "yes":
        require(mode in ("valid", "explicit"), "mode", "be valid or explicit for a transposed convolution", mode)
        bound = np.maximum(stride, dilation)
        require(np.all(output_padding < bound), "output_padding", "be below stride or dilation", output_padding)
        require(np.all(n["out"] >= 1), "padding", "leave an output of at least one pixel", padding)
    else:
        require(np.all(output_padding == 0), "output_padding", "be 0 unless transposed is yes", output_padding)
        rule = "fit into the padded input, d(k-1)+1 <= m+2p"
        require(np.all(n["out"] >= 1), "kernel", rule, f"a span of {np.max(n['span'])} over {np.min(n['padded'])}")
    ins, outs = layer["channels_in"], layer["channels_out"]
    inputs = layer["batch"] * ins * max(_area(size), _area(n["padded"]))
    largest = max(inputs, layer["batch"] * outs * _area(n["out"]), ins * outs * _area(kernel))
    require(largest <= VALUES, "size", f"keep every tensor within {VALUES} values", f"{largest:.3g}")


def _area(sides):
    """The largest height times width of a batch; floats, so that nothing overflows."""
    return float(np.max(np.prod(np.asarray(sides, dtype=float), axis=-1)))


def _parts(xp, size, kernel, stride, dilation, padding, output_padding, mode, transposed):
    """Span of the kernel, input as the kernel meets it, zeros put around it, both together, step of the window."""
    span = dilation * (kernel - 1) + 1
    none = xp.zeros_like(padding)
    each = padding if mode == "explicit" else none
    if transposed == "yes":
        spread = (size - 1) * stride + 1
        total = 2 * (span - 1 - each) + output_padding
        return span, spread, total, spread + total, xp.ones_like(stride)
    if mode == "same":
        outputs = (size + stride - 1) // stride
        missing = (outputs - 1) * stride + span - size
        total = xp.where(missing > 0, missing, xp.zeros_like(missing)) + none
    elif mode == "full":
        total = 2 * (span - 1) + none
    else:
        total = 2 * each
    total = total + output_padding
    return span, size, total, size + total, stride


def compute(xp, note, size, kernel, stride, dilation, padding, output_padding, mode, transposed, **layer):
    parts = _parts(xp, size, kernel, stride, dilation, padding, output_padding, mode, transposed)
    span, spread, total, padded, step = parts
    note("span", span)
    note("spread", spread)
    note("total", total)
    note("padded", padded)
    out = (padded - span) // step + 1
    return {"out": out, "shape": _shape(xp, layer["batch"], layer["channels_out"], out)}


def _shape(xp, batch, channels, out):
    one = out[..., :1]
    return xp.concat([xp.full_like(one, batch), xp.full_like(one, channels), out], axis=-1)


def oracle(size, kernel, stride, dilation, padding, output_padding, mode, transposed, **layer):
    rows = np.broadcast_arrays(size, kernel, stride, dilation, padding, output_padding)
    flat = [[[int(n) for n in pair] for pair in row.reshape(-1, 2)] for row in rows]
    shapes = [_torch_shape(*row, mode, transposed, **layer) for row in zip(*flat, strict=True)]
    shape = np.asarray(shapes, dtype=np.int64).reshape((*rows[0].shape[:-1], 4))
    return {"out": shape[..., 2:], "shape": shape}


def _torch_shape(m, k, s, d, p, extra, mode, transposed, batch, channels_in, channels_out):
    """The shape of what torch returns: computed where that is cheap, else inferred by torch's meta device."""
    import torch
    from torch.nn import functional as F  # noqa: N812

    cells = [(m[a] + 2 * p[a] + 2 * d[a] * k[a]) * s[a] for a in (0, 1)]
    work = batch * channels_in * channels_out * cells[0] * cells[1] * k[0] * k[1]
    device = "cpu" if work <= 3_000_000 else "meta"
    x = torch.zeros((batch, channels_in, *m), device=device)
    if transposed == "yes":
        w = torch.zeros((channels_in, channels_out, *k), device=device)
        p = p if mode == "explicit" else [0, 0]
        y = F.conv_transpose2d(x, w, stride=s, padding=p, output_padding=extra, dilation=d)
        return tuple(y.shape)
    w = torch.zeros((channels_out, channels_in, *k), device=device)
    if mode == "full":  # at stride 1 the full convolution is the transposed one; then keep every s-th output
        y = F.conv_transpose2d(x, w.transpose(0, 1), dilation=d)[..., :: s[0], :: s[1]]
    elif mode == "same":  # TensorFlow's rule: what the last, started stride leaves uncovered is padded
        sides = []
        for axis in (1, 0):
            left_over = m[axis] % s[axis] or s[axis]
            lack = max(d[axis] * (k[axis] - 1) + 1 - left_over, 0)
            sides += [lack // 2, lack - lack // 2]
        y = F.conv2d(F.pad(x, sides), w, stride=s, dilation=d)
    else:
        y = F.conv2d(x, w, stride=s, padding=p if mode == "explicit" else 0, dilation=d)
    return tuple(y.shape)


def sample(rng):
    """Rows with strides and dilations of every kind; one mode for the batch."""
    rows = int(rng.integers(3, 7))
    transposed = "yes" if rng.integers(3) == 0 else "no"
    mode = str(rng.choice(("explicit", "valid") if transposed == "yes" else ("explicit", "valid", "same", "full")))

    def pairs(low, high):
        return rng.integers(low, high, size=(rows, 2), endpoint=True)

    kernel, stride, dilation = pairs(2, 5), pairs(1, 3), pairs(1, 3)
    extra = rng.integers(0, np.maximum(stride, dilation)) if transposed == "yes" else 0 * kernel
    layer = {"batch": int(rng.integers(1, 4)), "channels_in": int(rng.integers(1, 4)), "channels_out": 4}
    return {
        "size": dilation * (kernel - 1) + 1 + pairs(0, 12), "kernel": kernel, "stride": stride, "dilation": dilation,
        "padding": rng.integers(0, kernel), "output_padding": extra, "mode": mode, "transposed": transposed, **layer,
    }  # fmt: skip


def variant(rng):
    """An explicit, strided layer on an oblong image whose sides round alike; every second one dilated."""
    k, s, d = int(rng.choice([3, 5, 7])), int(rng.choice([2, 3])), int(rng.integers(1, 3))
    p, height = int(rng.integers(1, k // 2 + 1)), int(rng.integers(20, 50))
    width = height + s * int(rng.integers(1, 9))
    layer = {"batch": int(rng.choice([4, 8, 10, 12])), "channels_in": int(rng.choice([1, 3]))}
    return {
        "size": [height, width], "kernel": [k, k], "stride": [s, s], "dilation": [d, d], "padding": [p, p],
        "channels_out": int(rng.choice([6, 9, 15, 18])), **layer,
    }  # fmt: skip


def _numbers(size, kernel, stride, dilation, padding, output_padding, mode, transposed, **_):
    """What the rule is made of, by name, with the right answer."""
    names = ("span", "spread", "total", "padded", "step")
    parts = _parts(np, size, kernel, stride, dilation, padding, output_padding, mode, transposed)
    numbers = dict(zip(names, parts, strict=True))
    numbers["out"] = (numbers["padded"] - numbers["span"]) // numbers["step"] + 1
    return numbers


def _size_with(given, **changed):
    return _numbers(**{**given, **changed})["out"]


def _wrong(rule, transposed=("no", "yes"), modes=MODES):
    """A mistaken rule for ``out``, where it applies and gives a size at all (1 or more)."""

    def value(**given):
        numbers = _numbers(**given)
        if given["transposed"] not in transposed or given["mode"] not in modes:
            return {}
        out = np.asarray(rule(given, numbers))
        out = np.where(out < 1, numbers["out"], out)
        if np.array_equal(out, numbers["out"]):
            return {}
        return {"out": out, "shape": _shape(np, given["batch"], given["channels_out"], out)}

    return value


def _padding_once(given, n):
    padded = n["padded"] + given["padding"] * (1 if given["transposed"] == "yes" else -1)
    return (padded - n["span"]) // n["step"] + 1


def _span_too_long(given, n):
    return (n["padded"] - given["dilation"] * given["kernel"]) // n["step"] + 1


def _rounded(given, n):
    if given["mode"] == "same":
        return given["size"] // given["stride"]
    return -((n["span"] - n["padded"]) // n["step"]) + 1


def _ordinary(given, n):
    pads = 2 * given["padding"] if given["mode"] == "explicit" else 0
    return (given["size"] + pads - n["span"]) // given["stride"] + 1


def _printed_full(given, n):
    """The printed ``m + k 1``, read as the product it then is: m + k."""
    return np.where(given["stride"] == 1, given["size"] + n["span"], n["out"])


def _shape_with(channels, order):
    def value(**given):
        out = _size_with(given)
        right = _shape(np, given["batch"], given["channels_out"], out)
        wrong = _shape(np, given["batch"], given[channels], out)[..., order]
        return {} if np.array_equal(right, wrong) else {"shape": wrong}

    return value


def _width_at_stride_one(mode, extra):
    """How far the width of ``mode`` at stride 1, for these sizes, is from m + extra(d(k-1))."""

    def residual(given, out):
        plain = {"mode": mode, "transposed": "no", "stride": given["stride"] ** 0, "output_padding": 0 * given["size"]}
        reach = given["dilation"] * (given["kernel"] - 1)
        return _size_with(given, **plain) - given["size"] - extra * reach

    return residual


def _last_window(given, out):
    """Pixels by which the last window sticks out, and whole further steps that would still have fitted."""
    step = given["stride"] ** 0 if given["transposed"] == "yes" else given["stride"]
    room = out["padded"] - (out["out"] - 1) * step - out["span"]
    return np.minimum(room, 0) + np.maximum(room - step + 1, 0)


def _same_divides(given, out):
    same = _size_with(given, mode="same", transposed="no", output_padding=0 * given["size"])
    return same - np.ceil(given["size"] / given["stride"])


def _round_trip(given, out):
    """Pixels missing after the way there and back, transposed one way, with the same numbers."""
    s, d, k = given["stride"], given["dilation"], given["kernel"]
    if given["transposed"] == "yes":
        pads = 2 * given["padding"] if given["mode"] == "explicit" else 0
        back = (out["out"] + pads - d * (k - 1) - 1) // s + 1
        return np.where(given["output_padding"] < s, back - given["size"], 0)
    left_over = (out["padded"] - out["span"]) % s
    return (out["out"] - 1) * s - out["total"] + d * (k - 1) + left_over + 1 - given["size"]


def figure(given, out, steps):
    first = {name: np.reshape(given[name], (-1, 2))[:1] for name in AXES}
    m, now, span = (int(np.reshape(v, (-1, 2))[0, 1]) for v in (given["size"], out["out"], steps["span"]))
    widths = np.arange(max(span, m - 24), max(span, m - 24) + 49)
    sizes = np.stack([widths, widths], axis=-1)
    plain = {**first, "size": sizes, "output_padding": 0 * sizes, "transposed": "no"}
    marks = [Lines(widths, _size_with(plain, mode=mode)[:, 1], {"zh": mode, "en": mode}) for mode in MODES[:3]]
    return Figure(
        title={
            "zh": "同一个核与步幅下，输出宽度随输入宽度的变化",
            "en": "Output width by input width, same kernel and stride",
        },
        marks=(*marks, Scatter([m], [now], {"zh": "这一层", "en": "this layer"})),
        x={"zh": "输入宽度 m（像素）", "en": "input width m (pixels)"},
        y={"zh": "输出宽度（像素）", "en": "output width (pixels)"},
    )


EDGES = (
    {"size": [1, 1], "kernel": [1, 1], "stride": [1, 1], "padding": [0, 0]},
    {"size": [7, 10], "kernel": [3, 4], "stride": [3, 2], "padding": [0, 0], "mode": "same"},
    {"size": [9, 8], "kernel": [1, 2], "stride": [4, 5], "mode": "same"},
    {"size": [[10, 1], [3, 7]], "kernel": [3, 3], "stride": [1, 1], "mode": "full"},
    {"size": [10, 6], "kernel": [3, 3], "stride": [2, 3], "dilation": [2, 1], "mode": "full"},
    {"size": [5, 5], "kernel": [5, 3], "stride": [9, 1], "mode": "valid", "channels_in": 1},
    {"size": [4, 7], "kernel": [4, 3], "padding": [1, 1], "output_padding": [1, 0], "transposed": "yes"},
    {"size": [1, 1], "kernel": [3, 3], "dilation": [4, 4], "output_padding": [3, 0], "transposed": "yes"},
    {"size": [50_000, 40_000], "kernel": [11, 11], "stride": [4, 4], "padding": [2, 2], "batch": 8},
)
REJECTS = (
    Reject({"size": [224]}, "size must hold two numbers, height and width"),
    Reject({"size": [0, 5]}, "size must be at least 1"),
    Reject({"stride": [0, 1]}, "stride must be at least 1"),
    Reject({"padding": [-1, 0]}, "padding must be at least 0"),
    Reject({"kernel": [100_000, 1]}, "kernel must be at most 65536"),
    Reject({"size": [[8, 8], [9, 9]], "stride": [[1, 1], [1, 1], [2, 2]]}, "size must have the batch axes of"),
    Reject({"size": [3, 3], "kernel": [5, 5], "mode": "valid"}, "kernel must fit into the padded input"),
    Reject({"mode": "same", "transposed": "yes"}, "mode must be valid or explicit for a transposed"),
    Reject({"output_padding": [1, 1]}, "output_padding must be 0 unless transposed is yes"),
    Reject({"output_padding": [2, 2], "transposed": "yes"}, "output_padding must be below stride or dilation"),
    Reject({"size": [1, 1], "padding": [9, 9], "transposed": "yes"}, "padding must leave an output"),
    Reject({"channels_out": 0}, "channels_out must be between 1 and 65536"),
    Reject({"size": [60_000, 60_000], "batch": 60_000}, "size must keep every tensor within"),
)
MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("padding-once", _wrong(_padding_once, modes=("explicit",)),
     "填充只算了一侧：两侧都补，是 2p", "padding was counted on one side; there are two: 2p"),
    ("padding-forgotten", _wrong(lambda given, n: _size_with(given, padding=0 * given["padding"])),
     "漏了填充 p", "the padding p was left out"),
    ("dilation-forgotten", _wrong(lambda given, n: _size_with(given, dilation=given["stride"] ** 0)),
     "漏了膨胀率：核跨过 d(k−1)+1 个像素，不是 k 个", "dilation was left out: the kernel spans d(k-1)+1 pixels, not k"),
    ("kernel-times-dilation", _wrong(_span_too_long, ("no",), ("valid", "explicit")),
     "把膨胀后的核当成了 d·k；k 个点之间只有 k−1 个间隔", "the dilated kernel was taken as d*k; k taps have k-1 gaps"),
    ("rounded-the-other-way", _wrong(_rounded, ("no",)),
     "取整方向反了：same 向上取整，其余向下取整",
     "rounded the wrong way: same takes the ceiling, the others the floor"),
    ("plus-one-forgotten", _wrong(lambda given, n: n["out"] - 1),
     "漏了最后的 +1：起点那个窗口也算一个", "the final +1 is missing: the first window counts too"),
    ("axes-swapped", _wrong(lambda given, n: n["out"][..., ::-1]),
     "高和宽写反了：先高后宽", "height and width are swapped; height comes first"),
    ("stride-first", _wrong(lambda given, n: given["size"] // n["step"] + n["total"] - n["span"] + 1,
            ("no",), ("valid", "full", "explicit")),
     "先除以步幅再补零、减核；除法应放在最后", "divided by the stride before padding; the division comes last"),
    ("stride-forgotten", _wrong(lambda given, n: _size_with(given, stride=given["stride"] ** 0)),
     "漏了步幅：这是 s=1 的尺寸", "the stride was left out: that is the size at s=1"),
    ("taken-as-ordinary", _wrong(_ordinary, ("yes",)),
     "用了普通卷积的公式；转置卷积走的是反方向", "that is the ordinary rule; the transposed one goes the other way"),
    ("just-multiplied", _wrong(lambda given, n: given["size"] * given["stride"], ("yes",)),
     "转置卷积不一定正好放大 s 倍：k、p 和 output_padding 都要算",
     "a transposed convolution is not simply s times as large: k, p and output_padding count"),
    ("printed-000-e119", _wrong(_printed_full, ("no",), ("full",)),
     "丢了减号：m+k 比 m+k−1 多一个", "the minus sign is lost: m+k is one more than m+k-1"),
    ("channels-in", _shape_with("channels_in", [0, 1, 2, 3]),
     "通道数写成了输入的；有几个核就有几个输出通道", "those are the input's channels; the output has one a kernel"),
    ("channels-last", _shape_with("channels_out", [0, 2, 3, 1]),
     "这是 NHWC 的次序；这里问的是 NCHW", "that is the order NHWC; NCHW was asked for"),
))  # fmt: skip
CLAIMS = tuple(Claim(name, zh=zh, en=en, residual=residual) for name, residual, zh, en in (
    ("last-window-fits", _last_window,
     "最后一个窗口还在填充后的输入里，再走一步就出界",
     "the last window lies inside the padded input, a further one would not"),
    ("valid-width", _width_at_stride_one("valid", -1),
     "步幅为 1 时，valid 输出 m−d(k−1)；d=1 即 m−k+1", "at stride 1, valid gives m-d(k-1), which is m-k+1 for d=1"),
    ("same-width", _width_at_stride_one("same", 0),
     "步幅为 1 时，same 输出仍是 m，尺寸不限制层数", "at stride 1, same gives m again: no limit on the layers"),
    ("full-width", _width_at_stride_one("full", 1),
     "步幅为 1 时，full 输出 m+d(k−1)；d=1 即 m+k−1", "at stride 1, full gives m+d(k-1), which is m+k-1 for d=1"),
    ("same-divides", _same_divides,
     "步幅为 s 时，same 输出 ⌈m/s⌉，与核的大小无关", "at stride s, same gives ceil(m/s) whatever the kernel"),
    ("round-trip", _round_trip,
     "卷积与转置卷积用同一组数能回到原尺寸；除不尽的余数由小于 s 的 output_padding 补上",
     "a convolution and its transpose with the same numbers lead back; output_padding below s makes up the remainder"),
))  # fmt: skip


def _param(default, zh, en, choices=()):
    """Two numbers for an array, one for an int, a word for a choice."""
    doc = {"zh": zh, "en": en}
    if isinstance(default, list):
        return Param(default, doc, shape="(..., 2)", dtype="int64")
    return Param(default, doc, kind="choice" if choices else "int", choices=choices)


SOLVER = Solver(
    title={"zh": "二维卷积的输出尺寸", "en": "Output size of a 2-D convolution"},
    formula=r"m_{\mathrm{out}}=\left\lfloor\frac{m+2p-d(k-1)-1}{s}\right\rfloor+1",
    params={
        "size": _param([224, 224], "输入的高与宽 m", "height and width m of the input"),
        "kernel": _param([7, 7], "卷积核的高与宽 k", "height and width k of the kernel"),
        "stride": _param([2, 2], "步幅 s", "stride s"),
        "dilation": _param([1, 1], "膨胀率 d，1 为普通卷积", "dilation d; 1 is the ordinary convolution"),
        "padding": _param(
            [3, 3], "每侧补零 p，只有 explicit 读它", "zeros p on each side; only mode explicit reads it"
        ),
        "output_padding": _param([0, 0], "转置卷积末端多出的像素", "extra far-end output of a transposed convolution"),
        "batch": _param(1, "批大小 N", "batch size N"),
        "channels_in": _param(3, "输入通道数", "input channels"),
        "channels_out": _param(64, "输出通道数（核的个数）", "output channels (kernels)"),
        "mode": _param("explicit", "零填充的方式", "how zeros are padded", MODES),
        "transposed": _param("no", "是否为转置卷积", "whether the convolution is transposed", ("no", "yes")),
    },
    outputs={"out": "pixels", "shape": "N, C, H, W"},
    steps={
        "span": {"zh": "核实际跨过的像素 d(k−1)+1", "en": "pixels the kernel spans, d(k-1)+1"},
        "spread": {"zh": "核面对的输入（转置时已插零）", "en": "input the kernel meets (zeros inserted if transposed)"},
        "total": {"zh": "两侧合计补的零", "en": "zeros added on both sides together"},
        "padded": {"zh": "填充之后的输入", "en": "padded input"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch conv2d and conv_transpose2d: the shape of what they return",
    sample=sample,
    variant=variant,
    edges=EDGES,
    tolerance={"int64": 0},
    smooth=False,
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=REJECTS,
    figure=figure,
)
