"""Gridding: which pixels a stack of dilated convolutions really reads, along one axis.

    offset = sum_l d_l t_l,   t_l = 0 ... k - 1          r = 1 + (k - 1) sum_l d_l          holes = r - distinct offsets

Every way down through the stack ends at one offset. The receptive field r counts all pixels from the first offset to
the last; where all dilations share a factor g, only every g-th pixel is read and the others are holes.
Shapes: dilation (..., L), stride 1 -> r, read, holes (...). Steps: ``offsets`` (..., k^L), sorted, one for each way,
and ``gap`` (...), the largest distance between neighboring pixels that are read.
Errors: BadInput for dilations below 1 or beyond 4096, a kernel below 2, more than 20000 ways.
Reference: Yu & Koltun (2016), section 2; Wang et al. (2018), "Understanding convolution for semantic segmentation".
"""

from __future__ import annotations

from itertools import product

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

LARGEST = 4096
MOST_WAYS = 20_000


def check(dilation, kernel):
    require(dilation.ndim >= 1 and dilation.size >= 1, "dilation", "hold one number for each layer", dilation.shape)
    require(2 <= kernel <= 64, "kernel", "lie between 2 and 64", kernel)
    require(np.all((dilation >= 1) & (dilation <= LARGEST)), "dilation", f"lie between 1 and {LARGEST}", dilation)
    layers = dilation.shape[-1]
    ways = kernel ** min(layers, 20) * (dilation.size // layers)
    require(ways <= MOST_WAYS, "dilation", f"leave at most {MOST_WAYS} ways through the stack", f"{layers} layers")


def compute(xp, note, dilation, kernel):
    taps = xp.arange(kernel, dtype=dilation.dtype, device=dilation.device)
    offsets = xp.zeros_like(dilation[..., :1])
    for layer in range(dilation.shape[-1]):
        step = xp.reshape(dilation[..., layer], (*dilation.shape[:-1], 1, 1))
        reached = xp.reshape(offsets, (*offsets.shape, 1)) + step * taps
        offsets = xp.reshape(reached, (*dilation.shape[:-1], kernel ** (layer + 1)))
    offsets = xp.sort(offsets, axis=-1)
    note("offsets", offsets)
    apart = offsets[..., 1:] - offsets[..., :-1]
    note("gap", xp.max(apart, axis=-1))
    r = offsets[..., -1] + 1
    read = 1 + xp.sum(xp.where(apart > 0, xp.ones_like(apart), xp.zeros_like(apart)), axis=-1)
    return {"r": r, "read": read, "holes": r - read}


def oracle(dilation, kernel):
    """A mark on every pixel that some choice of taps ends at, then marks and blanks are counted."""
    rows = []
    for stack in dilation.reshape(-1, dilation.shape[-1]).tolist():
        marked = np.zeros(1 + (kernel - 1) * sum(stack), dtype=bool)
        for taps in product(range(kernel), repeat=len(stack)):
            marked[sum(d * t for d, t in zip(stack, taps, strict=True))] = True
        rows.append((marked.size, int(marked.sum()), int((~marked).sum())))
    columns = np.array(rows, dtype=np.int64).reshape(*dilation.shape[:-1], 3)
    return {name: columns[..., n] for n, name in enumerate(("r", "read", "holes"))}


def sample(rng):
    shape = [(3,), (2, 3), (4,), (3, 2)][int(rng.integers(4))]
    return {"dilation": rng.integers(1, 7, size=shape), "kernel": int(rng.integers(2, 5))}


def variant(rng):
    """Three layers of 3 taps; dilations of 1 to 8 times a factor of 1 to 4."""
    factor = int(rng.integers(1, 5))
    base = rng.integers(1, 9, size=3)
    return {"dilation": (factor * base).tolist(), "kernel": 3}


# ---- Mistakes.


def _plain(dilation, kernel):
    offsets = np.zeros((*dilation.shape[:-1], 1), dtype=np.int64)
    for layer in range(dilation.shape[-1]):
        offsets = (offsets[..., None] + dilation[..., layer, None, None] * np.arange(kernel)).reshape(
            *dilation.shape[:-1], -1
        )
    offsets = np.sort(offsets, axis=-1)
    r = offsets[..., -1] + 1
    read = 1 + (np.diff(offsets, axis=-1) > 0).sum(axis=-1)
    return {"r": r, "read": read, "holes": r - read}


def _wrong(rule):
    def value(dilation, kernel):
        right = _plain(dilation, kernel)
        wrong = rule(dilation, kernel, right)
        return {name: v for name, v in wrong.items() if not np.array_equal(v, right[name])}

    return value


def _one_layer(dilation, kernel, right):
    """What the last layer alone spans and reads."""
    return _plain(dilation[..., -1:], kernel)


def _whole_kernels(dilation, kernel, right):
    r = 1 + kernel * dilation.sum(axis=-1)
    return {"r": r, "holes": r - right["read"]}


def _each_way(dilation, kernel, right):
    read = np.full_like(right["r"], kernel ** dilation.shape[-1])
    return {"read": read, "holes": np.maximum(right["r"] - read, 0)}


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=_wrong(rule)) for name, rule, zh, en in (
    ("field-is-read", lambda d, k, right: {"read": right["r"], "holes": 0 * right["r"]},
     "感受野大，不等于其中每个像素都被读到", "a large field does not mean that each of its pixels is read"),
    ("every-way-its-own", _each_way,
     "不同的路径会落到同一个像素上", "different ways end at the same pixel"),
    ("dilation-forgotten", lambda d, k, right: _plain(np.ones_like(d), k),
     "漏了膨胀率：这是普通卷积的堆叠", "dilation was left out: that is a stack of ordinary convolutions"),
    ("last-layer-only", _one_layer,
     "只看了最后一层；下面各层还会再散开", "that is one layer; the ones below spread out further"),
    ("whole-kernels", _whole_kernels,
     "每层的跨度是 (k−1)d，不是 k·d", "a layer reaches (k-1)d further, not k d"),
))  # fmt: skip


# ---- Claims.


def _common_factor(given, out):
    """All offsets are multiples of g, the common factor of the dilations: at most (r - 1)/g + 1 pixels are read."""
    g = np.gcd.reduce(given["dilation"], axis=-1)
    rest = out["offsets"] % g[..., None]
    return np.max(rest, axis=-1) + np.maximum(out["read"] - ((out["r"] - 1) // g + 1), 0)


def _no_holes(given, out):
    """No hole exactly where each dilation, from small to large, is at most 1 + what the smaller ones reach."""
    ordered = np.sort(given["dilation"], axis=-1)
    reach = (given["kernel"] - 1) * (np.cumsum(ordered, axis=-1) - ordered)
    covered = np.all(ordered <= 1 + reach, axis=-1)
    return (covered != (out["holes"] == 0)).astype(float)


def _order(given, out):
    """The layers in another order read the same pixels."""
    back = _plain(given["dilation"][..., ::-1], given["kernel"])
    return np.abs(back["read"] - out["read"]) + np.abs(back["r"] - out["r"])


def _gap(given, out):
    """Neighboring pixels are all read exactly where the largest gap is 1."""
    return ((out["gap"] == 1) != (out["holes"] == 0)).astype(float)


def figure(given, out, steps):
    offsets = np.reshape(steps["offsets"], (-1, steps["offsets"].shape[-1]))[0]
    shown = min(int(offsets[-1]) + 1, 40)
    ways = np.bincount(offsets, minlength=shown)[:shown]
    return Figure(
        {"zh": "每个像素有几条路径读到（0 是空洞）", "en": "ways that lead to each pixel (0: a hole)"},
        (Bars(tuple(str(n) for n in range(shown)), ways),),
        x={"zh": "像素（至多前 40 个）", "en": "pixel (the first 40 at most)"},
        y={"zh": "路径数", "en": "ways"},
    )


SOLVER = Solver(
    title={"zh": "空洞卷积的网格效应", "en": "Gridding in stacks of dilated convolutions"},
    formula=r"o=\sum_l d_l t_l,\ t_l\in\{0,\dots,k-1\},\qquad r=1+(k-1)\sum_l d_l",
    params={
        "dilation": Param([2, 2, 2], {"zh": "各层的膨胀率 d", "en": "dilation d of each layer"},
                          shape="(..., L)", dtype="int64"),
        "kernel": Param(3, {"zh": "各层的核大小 k", "en": "kernel size k of every layer"}, kind="int"),
    },
    outputs={"r": "pixels", "read": "pixels", "holes": "pixels"},
    steps={
        "offsets": {"zh": "每条路径落到的像素", "en": "the pixel at the end of each way"},
        "gap": {"zh": "相邻两个被读像素的最大间距", "en": "largest distance between neighbors that are read"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="a mark on each pixel at the end of a way",
    sample=sample,
    variant=variant,
    edges=(
        {"dilation": [1], "kernel": 2},
        {"dilation": [1, 3, 9, 27], "kernel": 3},
        {"dilation": [[4096, 4096], [1, 1]], "kernel": 2},
    ),
    tolerance={"int64": 0},
    smooth=False,
    claims=(
        Claim("common-factor", zh="膨胀率有公因数 g，就只读到间隔 g 的像素",
              en="dilations with a common factor g read every g-th pixel at most", residual=_common_factor),
        Claim("no-holes", zh="没有空洞，当且仅当从小到大每个膨胀率至多比更小各层的总跨度大 1",
              en="no holes exactly where each dilation is at most 1 more than the smaller ones reach",
              residual=_no_holes),
        Claim("order", zh="各层的先后不影响读到哪些像素", en="the order of the layers does not matter",
              residual=_order),
        Claim("gap", zh="最大间距为 1 当且仅当没有空洞", en="the largest gap is 1 exactly where there is no hole",
              residual=_gap),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"dilation": [0, 1]}, "dilation must lie between 1 and 4096"),
        Reject({"dilation": [5000]}, "dilation must lie between 1 and 4096"),
        Reject({"dilation": []}, "dilation must hold one number"),
        Reject({"kernel": 1}, "kernel must lie between 2 and 64"),
        Reject({"dilation": [1] * 12}, "dilation must leave at most 20000 ways"),
        Reject({"dilation": [1] * 1000}, "dilation must leave at most 20000 ways"),
    ),
    figure=figure,
)  # fmt: skip
