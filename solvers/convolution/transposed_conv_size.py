"""Size of a transposed convolution, and what a convolution followed by its transpose gives back, along one axis.

    out = s (h - 1) + k - 2 p + a                       down = floor((h + 2 p - k) / s) + 1
    restored = s (down - 1) + k - 2 p                   lost = h - restored = (h + 2 p - k) mod s

A convolution of stride s maps s neighboring sizes to one, so its transpose cannot know which of them it came from:
``output_padding`` a, 0 <= a < s, says which. It widens the output at the far end and pads no zeros around it.
Shapes: size, kernel, stride, padding, output_padding (...), or one number for all -> out, restored (...). Steps:
``spread`` is h with its s - 1 zeros between neighbors, ``ring`` the zeros k - 1 - p around it, ``down`` and ``lost``.
Errors: BadInput for sizes out of range, p >= k, an output padding of s or more, a kernel that does not fit.
Reference: Dumoulin & Visin (2016), relationships 13 and 14; torch.nn.ConvTranspose2d.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Scatter, Solver, require

NAMES = ("size", "kernel", "stride", "padding", "output_padding")
LARGEST = 65_536


def check(size, kernel, stride, padding, output_padding):
    for name, value in zip(NAMES, (size, kernel, stride, padding, output_padding), strict=True):
        least = 0 if "padding" in name else 1
        require(np.all((value >= least) & (value <= LARGEST)), name, f"lie between {least} and {LARGEST}", value)
        require(value.shape in ((), size.shape), name, f"have shape {size.shape}, like size, or none", value.shape)
    require(size.size <= 100_000, "size", "hold at most 100000 numbers", size.size)
    require(np.all(padding < kernel), "padding", "be smaller than the kernel", padding)
    require(np.all(output_padding < stride), "output_padding", "be smaller than the stride", output_padding)
    out = stride * (size - 1) + kernel - 2 * padding + output_padding
    require(np.all(out >= 1), "padding", "leave an output of at least one pixel", padding)
    require(np.all(kernel <= size + 2 * padding), "kernel", "fit into the padded input, k <= h + 2p", kernel)
    restored = stride * ((size + 2 * padding - kernel) // stride) + kernel - 2 * padding
    require(np.all(restored >= 1), "padding", "leave an output of at least one pixel on the way back", padding)


def compute(xp, note, size, kernel, stride, padding, output_padding):
    note("spread", stride * (size - 1) + 1)
    note("ring", kernel - 1 - padding + 0 * size)
    down = (size + 2 * padding - kernel) // stride + 1
    restored = stride * (down - 1) + kernel - 2 * padding
    note("down", down)
    note("lost", size - restored)
    return {"out": stride * (size - 1) + kernel - 2 * padding + output_padding, "restored": restored}


def oracle(size, kernel, stride, padding, output_padding):
    """No formula: the last pixel that a stamp covers, and the windows that fit."""
    rows = np.broadcast_arrays(size, kernel, stride, padding, output_padding)
    found = []
    for h, k, s, p, a in zip(*(row.ravel().tolist() for row in rows), strict=True):
        windows = range(0, h + 2 * p - k + 1, s)
        found.append((_stamped(range(0, s * h, s), k, p) + a, _stamped(windows, k, p)))
    out, restored = np.array(found, dtype=np.int64).T
    return {"out": out.reshape(size.shape), "restored": restored.reshape(size.shape)}


def _stamped(starts, k, p):
    """Pixels from the first to the last that stamps of k cover, without p at each end."""
    covered = range(starts[0], starts[-1] + k)
    return len(covered[p : len(covered) - p])


def sample(rng):
    shape = [(), (4,), (2, 3)][int(rng.integers(3))]
    kernel, stride = rng.integers(1, 7, size=shape), rng.integers(1, 5, size=shape)
    return {
        "size": kernel + rng.integers(1, 20, size=shape),
        "kernel": kernel,
        "stride": stride,
        "padding": rng.integers(0, (kernel + 1) // 2),
        "output_padding": rng.integers(0, stride),
    }


def variant(rng):
    """A map of 5 to 40, a kernel of 3 to 7, stride 2 to 4; pixels lost on the way back about two times in three."""
    kernel, stride = int(rng.integers(3, 8)), int(rng.integers(2, 5))
    padding = int(rng.integers(1, (kernel + 1) // 2))
    down, lost = int(rng.integers(5, 20)), int(rng.integers(0, stride))
    return {
        "size": stride * (down - 1) + kernel - 2 * padding + lost,
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
        "output_padding": int(rng.integers(0, stride)),
    }


# ---- Mistakes.


def _plain(size, kernel, stride, padding, output_padding):
    down = (size + 2 * padding - kernel) // stride + 1
    restored = stride * (down - 1) + kernel - 2 * padding
    return {
        "out": stride * (size - 1) + kernel - 2 * padding + output_padding,
        "restored": restored,
        "down": down,
        "lost": size - restored,
    }


def _wrong(rule):
    def value(**given):
        right = _plain(**given)
        wrong = {n: np.where(v < 0, right[n], v) for n, v in rule(right, **given).items()}
        return {n: v for n, v in wrong.items() if not np.array_equal(v, right[n])}

    return value


def _padding_added(right, size, kernel, stride, padding, output_padding):
    return {"out": right["out"] + 4 * padding, "restored": right["restored"] + 4 * padding}


def _padding_forgotten(right, size, kernel, stride, padding, output_padding):
    return {"out": right["out"] + 2 * padding, "restored": right["restored"] + 2 * padding}


def _padding_once(right, size, kernel, stride, padding, output_padding):
    return {"out": right["out"] + padding, "restored": right["restored"] + padding}


def _not_minus_one(right, size, kernel, stride, padding, output_padding):
    return {"out": right["out"] + stride, "restored": right["restored"] + stride}


def _ordinary(right, size, kernel, stride, padding, output_padding):
    return {"out": right["down"], "restored": right["down"]}


def _multiplied(right, size, kernel, stride, padding, output_padding):
    return {"out": stride * size, "restored": stride * right["down"]}


def _extra_forgotten(right, size, kernel, stride, padding, output_padding):
    return {"out": right["out"] - output_padding}


def _always_restores(right, size, kernel, stride, padding, output_padding):
    return {"restored": size + 0 * right["restored"], "lost": 0 * right["lost"]}


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=_wrong(rule)) for name, rule, zh, en in (
    ("padding-added", _padding_added,
     "把 2p 加上去了；转置卷积的填充是从输出上裁掉",
     "2p was added; the padding of a transposed convolution is cut from the output"),
    ("padding-forgotten", _padding_forgotten,
     "漏了填充：两侧各裁 p", "the padding was left out: p goes off each end"),
    ("padding-once", _padding_once,
     "只裁了一侧；两侧各裁 p", "one end only was cut; there are two"),
    ("minus-one-forgotten", _not_minus_one,
     "h 个输入之间只有 h−1 个间隔：s(h−1)，不是 s·h", "h inputs have h-1 gaps: s(h-1), not s h"),
    ("taken-as-ordinary", _ordinary,
     "用了普通卷积的公式；转置卷积走的是反方向", "that is the ordinary rule; the transposed one goes the other way"),
    ("just-multiplied", _multiplied,
     "不一定正好放大 s 倍：k 和 p 也要算", "it is not simply s times as large: k and p count"),
    ("extra-forgotten", _extra_forgotten,
     "漏了 output_padding", "output_padding was left out"),
    ("always-restores", _always_restores,
     "向下取整丢掉的余数找不回来，除非用 output_padding 补上",
     "what the floor dropped is lost, unless output_padding makes up for it"),
))  # fmt: skip


# ---- Claims.


def _back(given, out):
    """The convolution with the same numbers takes out to h again."""
    return (out["out"] + 2 * given["padding"] - given["kernel"]) // given["stride"] + 1 - given["size"]


def _as_convolution(given, out):
    """A convolution of stride 1 over the spread input with k - 1 - p zeros around it."""
    plain = out["spread"] + 2 * out["ring"] - given["kernel"] + 1
    return plain + given["output_padding"] - out["out"]


def _lost(given, out):
    """0 <= lost < s, and as output padding it gives h back."""
    again = given | {"size": out["down"], "output_padding": out["lost"]}
    outside = np.maximum(-out["lost"], 0) + np.maximum(out["lost"] - given["stride"] + 1, 0)
    return np.abs(_plain(**again)["out"] - given["size"]) + outside


def _neighbors(given, out):
    """s sizes in a row come down to the same one; the next does not."""
    step = given["stride"]
    wide = out["restored"] + step - 1
    same = _plain(**(given | {"size": wide}))["down"] - out["down"]
    following = _plain(**(given | {"size": wide + 1}))["down"] - out["down"] - 1
    return np.abs(same) + np.abs(following)


def figure(given, out, steps):
    h, k, s, p = (int(np.ravel(np.broadcast_to(given[n], np.shape(given["size"])))[0]) for n in NAMES[:4])
    sizes = np.arange(max(k - 2 * p, 1), max(h, k) + 3 * s + 1)
    there = _plain(sizes, k, s, p, 0)
    lost = {"zh": "卷积之后再转置", "en": "convolved, then transposed"}
    return Figure(
        {"zh": "一去一回：每 s 个尺寸只恢复出一个", "en": "There and back: of s sizes one comes back"},
        (
            Lines(sizes, sizes, {"zh": "原来的大小", "en": "the size itself"}),
            Lines(sizes, there["restored"], lost),
            Scatter([h], [int(np.ravel(out["restored"])[0])], {"zh": "这一个", "en": "this one"}),
        ),
        x={"zh": "输入边长", "en": "size going in"},
        y={"zh": "恢复出的边长", "en": "size coming back"},
    )


def _size(default, zh, en):
    return Param(default, {"zh": zh, "en": en}, shape="(...)", dtype="int64")


SOLVER = Solver(
    title={"zh": "转置卷积的输出大小", "en": "Output size of a transposed convolution"},
    formula=r"H=s(h-1)+k-2p+a",
    params={
        "size": _size(14, "输入边长 h", "size h of the input"),
        "kernel": _size(3, "核的边长 k", "size k of the kernel"),
        "stride": _size(2, "步幅 s", "stride s"),
        "padding": _size(1, "填充 p：从输出每侧裁掉的像素", "padding p, cut from each end of the output"),
        "output_padding": _size(0, "末端多出的像素 a", "extra pixels a at the far end"),
    },
    outputs={"out": "pixels", "restored": "pixels"},
    steps={
        "spread": {"zh": "插零之后的输入", "en": "the input with its inserted zeros"},
        "ring": {"zh": "等价的普通卷积每侧补的零", "en": "zeros on each side in the equivalent convolution"},
        "down": {"zh": "对 h 做普通卷积得到的大小", "en": "what the ordinary convolution makes of h"},
        "lost": {"zh": "一去一回丢掉的像素", "en": "pixels lost there and back"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="the last pixel under a stamp; windows counted",
    sample=sample,
    variant=variant,
    edges=(
        {"size": 1, "kernel": 1, "stride": 1, "padding": 0},
        {"size": 2, "kernel": 3, "stride": 1, "padding": 1},
        {"size": [65536, 7], "kernel": [3, 7], "stride": [64, 9], "padding": [0, 0], "output_padding": [63, 8]},
    ),
    tolerance={"int64": 0},
    smooth=False,
    claims=(
        Claim("back", zh="用同样的 k、s、p 做普通卷积，正好回到 h",
              en="a convolution with the same k, s and p leads back to h", residual=_back),
        Claim("as-convolution", zh="等价于：插 s−1 个零、四周补 k−1−p 圈零，再做步幅 1 的卷积",
              en="it is a stride-1 convolution over s-1 zeros between inputs and k-1-p around them",
              residual=_as_convolution),
        Claim("output-padding", zh="一去一回丢掉的不到 s 个像素，把它填进 output_padding 就恢复原大小",
              en="there and back fewer than s pixels are lost; given as output padding they return",
              residual=_lost),
        Claim("s-sizes-in-one", zh="连续 s 个输入大小经卷积得到同一个大小",
              en="s sizes in a row come down to the same one", residual=_neighbors),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"size": 0}, "size must lie between 1 and 65536"),
        Reject({"stride": 0}, "stride must lie between 1 and 65536"),
        Reject({"padding": -1}, "padding must lie between 0 and 65536"),
        Reject({"padding": 3}, "padding must be smaller than the kernel"),
        Reject({"output_padding": 2}, "output_padding must be smaller than the stride"),
        Reject({"size": 1, "kernel": 3, "stride": 1, "padding": 2}, "padding must leave an output"),
        Reject({"size": 4, "kernel": 9}, "kernel must fit into the padded input"),
        Reject({"kernel": [3, 3]}, "kernel must have shape ()"),
    ),
    figure=figure,
)  # fmt: skip
