"""Receptive field: from the first input pixel to the last, along one axis, that a unit of the last layer depends on.

    r_0 = 1,  j_0 = 1          r_l = r_(l-1) + (k_l - 1) d_l j_(l-1)          j_l = j_(l-1) s_l

The jump j is how far apart, in input pixels, two neighboring units of a layer look. Pixels between the
ends that large dilations or strides skip count in r all the same; dilation-gridding tells how many they are.
Shapes: kernel, stride, dilation (..., L), one entry a layer (convolution or pooling) -> r, jump (...). Steps:
``growth`` and ``jumps`` (..., L) after each layer, ``links`` (..., L) the connections a unit of each layer has itself.
Padding does not enter: it only moves the field. Units near the border see less of the image than r.
Errors: BadInput for sizes below 1, lists of different lengths, a field beyond 10^9 pixels.
Reference: Goodfellow et al. (2016), section 9.2, figure 9.4; Yu & Koltun (2016); Araujo et al. (2019).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

DEEPEST = 200
WIDEST = 10**9
MOST_LINKS = 3_000_000


def check(kernel, stride, dilation):
    require(kernel.ndim >= 1 and kernel.size >= 1, "kernel", "hold one size for each layer", kernel.shape)
    require(
        kernel.shape[-1] <= DEEPEST and kernel.size <= 100_000, "kernel", f"have at most {DEEPEST} layers", kernel.shape
    )
    for name, value in (("kernel", kernel), ("stride", stride), ("dilation", dilation)):
        require(value.shape == kernel.shape, name, f"have shape {kernel.shape}, like kernel", value.shape)
        require(np.all((value >= 1) & (value <= 4096)), name, "lie between 1 and 4096", value)
    far = np.cumsum(np.log2(stride), axis=-1)[..., -1] < 40
    require(np.all(far), "stride", f"keep the receptive field within {WIDEST} pixels", stride)
    r = _plain(kernel, stride, dilation)["growth"][..., -1]
    require(np.all(r <= WIDEST), "kernel", f"keep the receptive field within {WIDEST} pixels", np.max(r))


def compute(xp, note, kernel, stride, dilation):
    r, jump = xp.ones_like(kernel[..., 0]), xp.ones_like(kernel[..., 0])
    growth, jumps = [], []
    for layer in range(kernel.shape[-1]):
        r = r + (kernel[..., layer] - 1) * dilation[..., layer] * jump
        jump = jump * stride[..., layer]
        growth.append(r)
        jumps.append(jump)
    note("growth", xp.stack(growth, axis=-1))
    note("jumps", xp.stack(jumps, axis=-1))
    note("links", kernel + 0)
    return {"r": r, "jump": jump}


def oracle(kernel, stride, dilation):
    """No formula: from one unit, and from its neighbor, down through every link to the pixels."""
    found = []
    for rows in zip(*(a.reshape(-1, a.shape[-1]).tolist() for a in (kernel, stride, dilation)), strict=True):
        ends = []
        for unit in (0, 1):
            seen = {unit}
            for k, s, d in reversed(list(zip(*rows, strict=True))):
                if len(seen) * k > MOST_LINKS:  # two pixels are enough to know the ends
                    seen = {min(seen), max(seen)}
                    taps = (0, k - 1)
                else:
                    taps = range(k)
                seen = {s * place + d * tap for place in seen for tap in taps}
            ends.append((min(seen), max(seen)))
        found.append((ends[0][1] - ends[0][0] + 1, ends[1][0] - ends[0][0]))
    shape = kernel.shape[:-1]
    r, jump = np.array(found, dtype=np.int64).T
    return {"r": r.reshape(shape), "jump": jump.reshape(shape)}


def sample(rng):
    shape = [(3,), (2, 3), (2,), (3, 1)][int(rng.integers(4))]
    return {
        "kernel": rng.integers(1, 6, size=shape),
        "stride": rng.integers(1, 4, size=shape),
        "dilation": rng.integers(1, 4, size=shape),
    }


def variant(rng):
    """Three or four layers; strides and dilations of 1 and 2, now and then 3 or 4, not all 1."""
    layers = int(rng.integers(3, 5))
    stride, dilation = (rng.choice([1, 1, 2, p], size=layers) for p in (3, 4))
    stride[int(rng.integers(layers - 1))] = 2
    dilation[int(rng.integers(1, layers))] = int(rng.integers(2, 5))
    return {
        "kernel": rng.choice([2, 3, 3, 5, 7], size=layers).tolist(),
        "stride": stride.tolist(),
        "dilation": dilation.tolist(),
    }


# ---- Mistakes.


def _plain(kernel, stride, dilation):
    before = np.concatenate([np.ones_like(stride[..., :1]), np.cumprod(stride, axis=-1)], axis=-1)
    jumps = before[..., 1:]
    growth = 1 + np.cumsum((kernel - 1) * dilation * before[..., :-1], axis=-1)
    return {"growth": growth, "jumps": jumps, "r": growth[..., -1], "jump": jumps[..., -1]}


def _changed(wrong, right):
    return {n: v for n, v in wrong.items() if not np.array_equal(v, right[n])}


def _with(**changes):
    def value(**given):
        wrong = given | {name: change(given) for name, change in changes.items()}
        return _changed(_plain(**wrong), _plain(**given))

    return value


def _own_stride_first(**given):
    """A layer's own stride already widens its own kernel."""
    jumps = np.cumprod(given["stride"], axis=-1)
    growth = 1 + np.cumsum((given["kernel"] - 1) * given["dilation"] * jumps, axis=-1)
    return _changed({"growth": growth, "r": growth[..., -1]}, _plain(**given))


def _whole_kernels(**given):
    """k instead of k - 1: neighbors share nothing."""
    before = np.cumprod(given["stride"], axis=-1) // given["stride"]
    growth = 1 + np.cumsum(given["kernel"] * given["dilation"] * before, axis=-1)
    return _changed({"growth": growth, "r": growth[..., -1]}, _plain(**given))


def _last_layer_only(**given):
    r = 1 + (given["kernel"][..., -1] - 1) * given["dilation"][..., -1]
    return _changed({"r": r}, _plain(**given))


def _multiplied(**given):
    return _changed({"r": np.prod(given["kernel"], axis=-1)}, _plain(**given))


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("strides-forgotten", _with(stride=lambda g: np.ones_like(g["stride"])),
     "漏了步幅：前面各层的步幅把后面的核拉宽",
     "the strides were left out: those of earlier layers spread later kernels"),
    ("dilation-forgotten", _with(dilation=lambda g: np.ones_like(g["dilation"])),
     "漏了膨胀率：核跨过 (k−1)d+1 格", "dilation was left out: a kernel spans (k-1)d+1 places"),
    ("own-stride-first", _own_stride_first,
     "多乘了本层的步幅；它只影响之后的层", "the layer's own stride was multiplied in; it acts on later layers only"),
    ("whole-kernels", _whole_kernels,
     "每层加了 k 而不是 k−1；中心那一格已经在里面", "each layer added k, not k-1: the middle is in already"),
    ("last-layer-only", _last_layer_only,
     "只看了最后一层的直接连接", "that is what the last layer sees directly"),
    ("kernels-multiplied", _multiplied,
     "把各层的核大小相乘了；感受野是逐层相加的", "the kernel sizes were multiplied; fields add up layer by layer"),
))  # fmt: skip


# ---- Claims.


def _adds_up(given, out):
    """Two stacks put on top of each other: r = r1 + j1 (r2 - 1)."""
    half = given["kernel"].shape[-1] // 2
    if not half:
        return 0.0
    low, high = ({n: v[..., cut] for n, v in given.items()} for cut in (slice(0, half), slice(half, None)))
    first, second = _plain(**low), _plain(**high)
    return out["r"] - (first["r"] + first["jump"] * (second["r"] - 1))


def _beyond_its_own_links(given, out):
    """Links are few, the field is not: it is wider than what any kernel spans, except where that kernel is alone."""
    before = out["jumps"] // given["stride"]
    widest = 1 + np.max((given["kernel"] - 1) * given["dilation"] * before, axis=-1)
    several = np.sum(given["kernel"] > 1, axis=-1) > 1
    return np.maximum(widest - out["r"], 0) + ((out["r"] > widest) != several)


def _linear_and_doubling(given, out):
    """L layers of 3 at stride 1 see 2 L + 1; with dilations 1, 2, 4, ... they see 2^(L+1) - 1."""
    depth = min(given["kernel"].shape[-1], 12)
    threes, ones = np.full(depth, 3), np.ones(depth, dtype=np.int64)
    plain = _plain(threes, ones, ones)["growth"] - (2 * np.arange(1, depth + 1) + 1)
    doubled = _plain(threes, ones, 2 ** np.arange(depth))["growth"] - (2 ** np.arange(2, depth + 2) - 1)
    # and this run's own stacks, where they are of one of the two kinds
    layers = given["kernel"].shape[-1]
    threes = np.all((given["kernel"] == 3) & (given["stride"] == 1), axis=-1)
    wrong = 0
    for dilation, r in ((np.ones(layers), 2 * layers + 1), (2.0 ** np.arange(layers), 2.0 ** (layers + 1) - 1)):
        of_this_kind = threes & np.all(given["dilation"] == dilation, axis=-1)
        wrong = wrong + np.where(of_this_kind, np.abs(out["r"] - r), 0)
    return np.max(wrong) + np.abs(plain) + np.abs(doubled)


def figure(given, out, steps):
    grown = np.reshape(steps["growth"], (-1, steps["growth"].shape[-1]))[0]
    depth = np.arange(1, max(len(grown), 6) + 1)
    threes, ones = np.full(len(depth), 3), np.ones(len(depth), dtype=np.int64)
    plain = _plain(threes, ones, ones)["growth"]
    doubled = _plain(threes, ones, 2 ** np.minimum(np.arange(len(depth)), 20))["growth"]
    return Figure(
        {"zh": "感受野随深度增长", "en": "the receptive field grows with depth"},
        (
            Lines(depth, plain, {"zh": "3，步幅 1", "en": "3, stride 1"}),
            Lines(depth, doubled, {"zh": "3，膨胀 1, 2, 4…", "en": "3, dilation 1, 2, 4…"}),
            Lines(np.arange(1, len(grown) + 1), grown, {"zh": "这个网络", "en": "this stack"}),
        ),
        x={"zh": "层数", "en": "layers"},
        y={"zh": "感受野（像素）", "en": "receptive field (pixels)"},
        log="y",
    )


def _layers(default, zh, en):
    return Param(default, {"zh": zh, "en": en}, shape="(..., L)", dtype="int64")


SOLVER = Solver(
    title={"zh": "感受野", "en": "Receptive field"},
    formula=r"r_l=r_{l-1}+(k_l-1)\,d_l\,j_{l-1},\quad j_l=j_{l-1}s_l",
    params={
        "kernel": _layers([3, 3, 3], "各层的核大小 k", "kernel size k of each layer"),
        "stride": _layers([1, 1, 1], "各层的步幅 s", "stride s of each layer"),
        "dilation": _layers([1, 1, 1], "各层的膨胀率 d", "dilation d of each layer"),
    },
    outputs={"r": "pixels", "jump": "pixels"},
    steps={
        "growth": {"zh": "每一层之后的感受野", "en": "receptive field after each layer"},
        "jumps": {"zh": "相邻单元看的位置相隔多少像素", "en": "pixels between what neighbors look at"},
        "links": {"zh": "每个单元自己的连接数", "en": "links that a unit has itself"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="following every link down to the pixels",
    sample=sample,
    variant=variant,
    edges=(
        {"kernel": [1], "stride": [1], "dilation": [1]},
        {"kernel": [3] * 8, "stride": [1] * 8, "dilation": [1, 2, 4, 8, 16, 32, 64, 128]},
        {"kernel": [7, 3, 3, 3], "stride": [2, 2, 2, 2], "dilation": [1, 1, 1, 1]},
        {"kernel": [1, 1, 1], "stride": [4096, 4096, 1], "dilation": [1, 1, 1]},
    ),
    tolerance={"int64": 0},
    smooth=False,
    claims=(
        Claim("adds-up", zh="两段网络叠起来：r = r₁ + j₁(r₂ − 1)",
              en="two stacks on top of each other: r = r1 + j1 (r2 - 1)",
              residual=_adds_up),
        Claim("beyond-its-own-links", zh="深层单元的感受野比任何一层的核所跨的都宽，除非其余各层的核都是 1",
              en="the field is wider than any one kernel spans, unless all other kernels are of size 1",
              residual=_beyond_its_own_links),
        Claim("linear-and-doubling", zh="L 层 3×3、步幅 1 的感受野宽 2L+1；膨胀率逐层加倍则宽 2^(L+1)−1",
              en="the field of L layers of 3 at stride 1 is 2L+1 wide; with dilations that double, 2^(L+1)-1",
              residual=_linear_and_doubling),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"kernel": [0, 3, 3]}, "kernel must lie between 1 and 4096"),
        Reject({"stride": [1, 1]}, "stride must have shape (3,)"),
        Reject({"dilation": [1, 1, 0]}, "dilation must lie between 1 and 4096"),
        Reject({"kernel": [3] * 201, "stride": [1] * 201, "dilation": [1] * 201}, "kernel must have at most 200"),
        Reject({"kernel": [3, 3, 3], "stride": [4096, 4096, 1], "dilation": [1, 1, 4096]}, "keep the receptive field"),
        Reject({"kernel": [3] * 8, "stride": [4096] * 8, "dilation": [1] * 8}, "stride must keep the receptive field"),
    ),
    figure=figure,
)  # fmt: skip
