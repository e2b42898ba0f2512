"""Adaptive pooling: as many summary statistics as asked for, whatever the size of the image.

    region i of n along an axis of length m:  floor(i m / n) ... ceil((i + 1) m / n) - 1      y[i, j] = f(region i x j)

The regions follow the size: how far apart they are and how wide they are both change, how many there are does not.
Shapes: x (..., H, W) -> y (..., n, n). Steps: ``row_starts`` and ``row_ends`` (n,), the latter exclusive; ``widest`` is
the largest number of rows and of columns in a region.
Errors: BadInput for an axis shorter than the grid (regions would repeat numbers), numbers that are not finite.
Reference: Goodfellow et al. (2016), section 9.3; torch.nn.AdaptiveMaxPool2d; He et al. (2014), spatial pyramid pooling.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

LIMIT = 1e6
MOST = 4_000_000
KINDS = ("max", "mean")


def check(x, grid, kind):
    require(x.ndim >= 2 and x.size >= 1, "x", "have rows and columns, none of them empty", x.shape)
    require(x.size <= MOST, "x", f"hold at most {MOST} numbers", x.size)
    require(np.all(np.abs(x) <= LIMIT), "x", f"hold finite numbers of size at most {LIMIT:.0e}", x)
    shortest = min(x.shape[-2:])
    require(1 <= grid <= min(shortest, 64), "grid", f"lie between 1 and {min(shortest, 64)} for this x", grid)


def _edges(length, grid):
    """First and past-last index of each region, in whole numbers."""
    return [(i * length // grid, -((-(i + 1) * length) // grid)) for i in range(grid)]


def compute(xp, note, x, grid, kind):
    rows, columns = (_edges(n, grid) for n in x.shape[-2:])
    for name, which in (("row_starts", 0), ("row_ends", 1)):
        note(name, xp.stack([xp.full((), e[which], dtype=xp.int64, device=x.device) for e in rows]))
    widest = [max(end - start for start, end in axis) for axis in (rows, columns)]
    note("widest", xp.stack([xp.full((), n, dtype=xp.int64, device=x.device) for n in widest]))
    pool = xp.max if kind == "max" else xp.mean
    bands = [pool(x[..., top:bottom, :], axis=-2) for top, bottom in rows]
    down = xp.stack(bands, axis=-2)
    return {"y": xp.stack([pool(down[..., left:right], axis=-1) for left, right in columns], axis=-1)}


def oracle(x, grid, kind):
    import torch

    images = torch.tensor(x, dtype=torch.float64).reshape(-1, 1, *x.shape[-2:])
    pool = torch.nn.AdaptiveMaxPool2d(grid) if kind == "max" else torch.nn.AdaptiveAvgPool2d(grid)
    return {"y": pool(images).numpy().reshape(*x.shape[:-2], grid, grid)}


def sample(rng):
    batch = [(), (2,)][int(rng.integers(2))]
    high, wide, grid = [(4, 4, 2), (5, 7, 3), (6, 4, 4), (7, 5, 2)][int(rng.integers(4))]
    cells = int(np.prod(batch, dtype=int)) * high * wide
    return {
        "x": rng.permutation(cells).reshape(*batch, high, wide) * 0.1 - 1.0,
        "grid": grid,
        "kind": str(rng.choice(KINDS)),
    }


def variant(rng):
    """Whole numbers; sides from 4 to 7 that the grid of two or three seldom divides."""
    high, wide = (int(n) for n in rng.integers(4, 8, size=2))
    return {
        "x": rng.integers(-5, 20, size=(high, wide)).tolist(),
        "grid": int(rng.integers(2, 4)),
        "kind": str(rng.choice(["max", "mean"])),
    }


# ---- Mistakes.


def _regions(given, edges):
    """Every region at once, by the edges of each axis."""
    f = np.max if given["kind"] == "max" else np.mean
    rows, columns = (edges(n, given["grid"]) for n in given["x"].shape[-2:])
    return np.stack(
        [np.stack([f(given["x"][..., a:b, c:d], axis=(-2, -1)) for c, d in columns], axis=-1) for a, b in rows],
        axis=-2,
    )


def _with(edges):
    def value(**given):
        wrong, right = _regions(given, edges), _regions(given, _edges)
        return {} if wrong.shape == right.shape and np.allclose(wrong, right) else {"y": wrong}

    return value


def _same_size(length, grid):
    """Regions of the size that fits into the shorter multiple: the rest is dropped."""
    size = length // grid
    return [(i * size, (i + 1) * size) for i in range(grid)]


def _no_overlap(length, grid):
    """The end rounded down like the start: each number in one region only."""
    return [(i * length // grid, (i + 1) * length // grid) for i in range(grid)]


def _fixed_window(length, grid):
    """A window of two at a stride of two, as many as fit: the count follows the size of the image."""
    return [(i, i + 2) for i in range(0, max(length - 1, 1), 2)]


def _other_statistic(**given):
    return _with_kind(given, "mean" if given["kind"] == "max" else "max")


def _with_kind(given, kind):
    wrong, right = _regions({**given, "kind": kind}, _edges), _regions(given, _edges)
    return {} if np.allclose(wrong, right) else {"y": wrong}


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("rest-dropped", _with(_same_size),
     "每个区域都取 ⌊m/n⌋ 大小，剩下的行列被丢掉了", "every region got floor(m/n) numbers, the rest was dropped"),
    ("no-overlap", _with(_no_overlap),
     "终点也向下取整了；终点应向上取整，相邻区域可以重叠",
     "the ends were rounded down too; they are rounded up, neighbors may overlap"),
    ("fixed-window", _with(_fixed_window),
     "用了固定的 2×2 窗口：输出个数随图像大小变", "a fixed window of 2 by 2: how many come out follows the image"),
    ("other-statistic", _other_statistic,
     "最大和平均弄反了", "maximum and mean exchanged"),
))  # fmt: skip


# ---- Claims.


def _count_is_fixed(given, out):
    """An image with one more row and two more columns gives as many numbers."""
    larger = np.pad(given["x"], [(0, 0)] * (given["x"].ndim - 2) + [(0, 1), (0, 2)], mode="edge")
    after = _regions({**given, "x": larger}, _edges)
    return float(after.shape != out["y"].shape) + np.abs(np.array(out["y"].shape[-2:]) - given["grid"])


def _covers(given, out):
    """The maximum over all regions is the maximum of the image: no number is left out."""
    tops = _regions({**given, "kind": "max"}, _edges)
    largest = np.max(given["x"], axis=(-2, -1))
    residual = np.max(tops, axis=(-2, -1)) - largest
    if given["kind"] == "max":
        residual = np.maximum(np.abs(residual), np.abs(np.max(out["y"], axis=(-2, -1)) - largest))
    return residual / (1 + np.abs(largest))


def _equal_where_divided(given, out):
    """Where the grid divides both sides, regions tile the image, and the mean of the means is the mean."""
    if any(n % given["grid"] for n in given["x"].shape[-2:]) or given["kind"] != "mean":
        return 0.0
    mean = np.mean(given["x"], axis=(-2, -1))
    return (np.mean(out["y"], axis=(-2, -1)) - mean) / (1 + np.abs(mean))


def figure(given, out, steps):
    names = tuple(str(i) for i in range(given["grid"]))
    return Figure(
        {"zh": "每个区域从第几行到第几行", "en": "from which row to which each region reaches"},
        (
            Bars(names, steps["row_starts"], {"zh": "首行", "en": "first row"}),
            Bars(names, steps["row_ends"] - 1, {"zh": "末行", "en": "last row"}),
        ),
        x={"zh": "区域", "en": "region"},
        y={"zh": "行", "en": "row"},
    )


SOLVER = Solver(
    title={"zh": "自适应池化", "en": "Adaptive pooling"},
    formula=r"y_i=f\left(x_{\lfloor im/n\rfloor},\dots,x_{\lceil(i+1)m/n\rceil-1}\right)",
    params={
        "x": Param(
            [
                [3, 1, 4, 1, 5],
                [9, 2, 6, 5, 3],
                [5, 8, 9, 7, 9],
                [3, 2, 3, 8, 4],
                [6, 2, 6, 4, 3],
                [3, 8, 3, 2, 7],
                [9, 5, 0, 2, 8],
            ],
            {"zh": "特征图", "en": "the feature map"},
            shape="(..., H, W)",
        ),
        "grid": Param(3, {"zh": "每个方向的区域数 n", "en": "regions n along each axis"}, kind="int"),
        "kind": Param("max", {"zh": "统计量", "en": "the statistic"}, kind="choice", choices=KINDS),
    },
    outputs={"y": "1"},
    steps={
        "row_starts": {"zh": "各区域的首行", "en": "first row of each region"},
        "row_ends": {"zh": "各区域末行之后的行", "en": "the row after each region's last"},
        "widest": {"zh": "最大区域的行数和列数", "en": "rows and columns of the largest region"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.nn.AdaptiveMaxPool2d, AdaptiveAvgPool2d",
    sample=sample,
    variant=variant,
    edges=(
        {"x": [[7.0]], "grid": 1},
        {"x": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], "grid": 3, "kind": "mean"},
        {"x": [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]], "grid": 2, "kind": "mean"},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    claims=(
        Claim(
            "count-is-fixed",
            zh="图像大小变了，输出的个数不变：每个方向都是 n",
            en="the image changes its size, the number of outputs does not: n along each axis",
            residual=_count_is_fixed,
        ),
        Claim(
            "nothing-left-out",
            zh="每个数至少在一个区域里：各区域最大值中的最大者就是整幅图的最大值",
            en="each number is in some region: the largest of the maxima is that of the image",
            residual=_covers,
        ),
        Claim(
            "tiles-where-it-divides",
            zh="n 整除两边时各区域恰好铺满，均值的均值等于整体均值",
            en="where n divides both sides regions tile the image, and the mean of the means is the mean",
            residual=_equal_where_divided,
        ),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"x": [1.0]}, "x must have rows and columns"),
        Reject({"x": [[1.0, float("inf")], [1.0, 2.0]], "grid": 1}, "x must hold finite numbers"),
        Reject({"grid": 0}, "grid must lie between 1 and 5 for this x"),
        Reject({"grid": 6}, "grid must lie between 1 and 5 for this x"),
        Reject({"kind": "median"}, "kind must be"),
        Reject({"x": np.zeros((2001, 2000))}, "x must hold at most 4000000 numbers"),
    ),
    figure=figure,
)
