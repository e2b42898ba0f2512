"""One row, three layers: locally connected (unshared), tiled and standard convolution.

    y[i] = sum_m w[i mod t, m] x[i + m]           t = number of positions: unshared; t = 1: standard; in between: tiled

Shapes: x (..., N), w (N - k + 1, k), a row for each position. The layers read w's rows: the unshared one row i at
position i, the tiled one row i mod t, the standard one row 0.
Outputs: unshared, tiled, standard (..., N - k + 1). Steps: ``weights`` (4,) are the numbers of free weights of a dense,
the unshared, the tiled and the standard layer; ``products`` (2,) the multiplications of the dense and of the others.
Errors: BadInput for kernels longer than the row, another number of rows in w, a tile outside 1 ... N - k + 1.
Reference: Goodfellow et al. (2016), section 9.5, eqs. 9.9 and 9.10, figures 9.14 and 9.16; Gregor & LeCun (2010).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Heatmap, Mistake, Param, Reject, Solver, require

LIMIT = 1e6
LARGEST = 100_000


def check(x, w, tile):
    require(x.ndim >= 1 and x.size >= 1, "x", "hold at least one number", x.shape)
    require(w.ndim == 2 and w.size >= 1, "w", "be a matrix, one kernel a row", w.shape)
    for name, value in (("x", x), ("w", w)):
        require(value.size <= LARGEST, name, f"hold at most {LARGEST} numbers", value.size)
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
    require(w.shape[1] <= x.shape[-1], "w", f"have at most {x.shape[-1]} columns, like x", w.shape)
    positions = x.shape[-1] - w.shape[1] + 1
    require(w.shape[0] == positions, "w", f"have {positions} rows, one for each position", w.shape)
    require(1 <= tile <= positions, "tile", f"lie between 1 and {positions}, the number of positions", tile)
    require(x.size * w.shape[1] <= 5_000_000, "w", "need at most 5000000 products", x.size * w.shape[1])


def compute(xp, note, x, w, tile):
    positions, k = w.shape
    windows = xp.stack([x[..., m : m + positions] for m in range(k)], axis=-1)
    turns = -(-positions // tile)
    tiled = xp.concat([w[:tile, :]] * turns, axis=0)[:positions, :]
    counts = {
        "weights": (x.shape[-1] * positions, positions * k, tile * k, k),
        "products": (x.shape[-1] * positions, positions * k),
    }
    for name, numbers in counts.items():
        note(name, xp.stack([xp.full((), n, dtype=xp.int64, device=x.device) for n in numbers]))
    return {
        "unshared": xp.sum(windows * w, axis=-1),
        "tiled": xp.sum(windows * tiled, axis=-1),
        "standard": xp.sum(windows * w[0, :], axis=-1),
    }


def oracle(x, w, tile):
    """Each layer as a matrix of the dense layer it is a special case of, nearly all entries zero and not stored."""
    from scipy.sparse import csr_array

    positions, k = w.shape
    starts, columns = np.arange(0, positions * k + 1, k), np.add.outer(np.arange(positions), np.arange(k)).ravel()
    rows = x.reshape(-1, x.shape[-1])
    out = {}
    for name, period in (("unshared", positions), ("tiled", tile), ("standard", 1)):
        entries = np.concatenate([w[i % period] for i in range(positions)])
        dense = csr_array((entries, columns, starts), shape=(positions, x.shape[-1]))
        out[name] = (dense @ rows.T).T.reshape(*x.shape[:-1], positions)
    return out


def sample(rng):
    batch = [(), (2,)][int(rng.integers(2))]
    k, positions = int(rng.integers(1, 4)), int(rng.integers(2, 6))
    return {
        "x": rng.normal(size=(*batch, positions + k - 1)),
        "w": rng.normal(size=(positions, k)),
        "tile": int(rng.integers(1, positions + 1)),
    }


def variant(rng):
    """Four or five positions, kernels of two whole numbers, a tile of two or three."""
    positions = int(rng.integers(4, 6))
    return {
        "x": rng.choice([-2, -1, 0, 1, 2, 3, 4], size=positions + 1).tolist(),
        "w": rng.choice([-2, -1, 1, 2, 3], size=(positions, 2)).tolist(),
        "tile": int(rng.integers(2, 4)),
    }


# ---- Mistakes.


def _right(given):
    x, w = given["x"], given["w"]
    positions, k = w.shape
    windows = np.lib.stride_tricks.sliding_window_view(x, k, axis=-1)
    return {
        "unshared": np.einsum("...pk,pk->...p", windows, w),
        "tiled": np.einsum("...pk,pk->...p", windows, w[np.arange(positions) % given["tile"]]),
        "standard": windows @ w[0],
        "weights": np.array([x.shape[-1] * positions, positions * k, given["tile"] * k, k]),
        "products": np.array([x.shape[-1] * positions, positions * k]),
    }


def _changed(wrong, right):
    return {n: v for n, v in wrong.items() if np.shape(v) != np.shape(right[n]) or not np.allclose(v, right[n])}


def _blocks(**given):
    """A kernel for each block of neighbors instead of one for each place in the block."""
    right, (positions, k) = _right(given), given["w"].shape
    rows = np.arange(positions) // -(-positions // given["tile"])
    windows = np.lib.stride_tricks.sliding_window_view(given["x"], k, axis=-1)
    return _changed({"tiled": np.einsum("...pk,pk->...p", windows, given["w"][rows])}, right)


def _shared(**given):
    right = _right(given)
    return _changed({"unshared": right["standard"], "tiled": right["standard"]}, right)


def _flipped(**given):
    right = _right(given)
    turned = _right({**given, "w": given["w"][:, ::-1]})
    return _changed({name: turned[name] for name in ("unshared", "tiled", "standard")}, right)


def _tile_not_counted(**given):
    right = _right(given)
    weights = right["weights"].copy()
    weights[2] = given["w"].shape[1]
    return _changed({"weights": weights}, right)


def _unshared_like_dense(**given):
    right = _right(given)
    weights = right["weights"].copy()
    weights[1] = weights[0]
    return _changed({"weights": weights}, right)


def _sharing_saves_products(**given):
    right = _right(given)
    products = right["products"].copy()
    products[1] = given["w"].shape[1]
    return _changed({"products": products}, right)


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("tiles-as-blocks", _blocks,
     "把 t 个核各管一段了；平铺是相邻位置轮流用 t 个核",
     "each of the t kernels got a block of its own; tiling takes turns from place to place"),
    ("taken-for-standard", _shared,
     "所有位置用了同一个核：那是标准卷积", "one kernel everywhere is the standard convolution"),
    ("flipped", _flipped,
     "核倒过来了", "the kernel was turned round"),
    ("tile-not-counted", _tile_not_counted,
     "平铺卷积有 t 个核，参数是 t·k", "a tiled convolution has t kernels: t k weights"),
    ("unshared-like-dense", _unshared_like_dense,
     "局部连接每个位置只有 k 个连接，不是 N 个", "a local unit has k links, not N"),
    ("sharing-saves-products", _sharing_saves_products,
     "共享参数省的是存储；每个位置仍要做 k 次乘法", "sharing saves storage; each place still takes k products"),
))  # fmt: skip


# ---- Claims.


def _size(given):
    return 1 + np.abs(given["w"]).sum(axis=-1).max() * np.abs(given["x"]).max()


def _ends(given, out):
    """Tile 1 is the standard convolution, a tile of all positions the unshared one."""
    one = _right({**given, "tile": 1})["tiled"] - out["standard"]
    every = _right({**given, "tile": given["w"].shape[0]})["tiled"] - out["unshared"]
    return np.maximum(np.abs(one), np.abs(every)) / _size(given)


def _agrees_every_t(given, out):
    """At positions 0, t, 2t, ... tiled and standard convolution agree."""
    return (out["tiled"] - out["standard"])[..., :: given["tile"]] / _size(given)


def _same_links(given, out):
    """Without one input the outputs above it lose that input times the weight of the link; no other output changes."""
    x, w, j = given["x"], given["w"], given["x"].shape[-1] // 2
    without = x.copy()
    without[..., j] = 0
    rest = _right({**given, "x": without})
    linked = np.arange(max(j - w.shape[1] + 1, 0), min(j, len(w) - 1) + 1)
    residual = []
    for name, period in (("unshared", len(w)), ("tiled", given["tile"]), ("standard", 1)):
        change = out[name] - rest[name]
        change[..., linked] -= x[..., j : j + 1] * w[linked % period, j - linked]
        residual.append(change)
    return np.stack(residual) / _size(given)


def _equal_kernels(given, out):
    """With every row of w the same, all three layers are one."""
    same = _right({**given, "w": np.repeat(given["w"][:1], len(given["w"]), axis=0)})
    return np.stack([same[name] - out["standard"] for name in ("unshared", "tiled")]) / _size(given)


def _counts(given, out):
    """Free weights: entries of the dense matrix that are not zero, counted once for each that must be equal."""
    positions, k = given["w"].shape
    places = [(i, i + m) for i in range(positions) for m in range(k)]
    kernels = {period: {(i % period, j - i) for i, j in places} for period in (positions, given["tile"], 1)}
    counted = [len(kernels[p]) for p in (positions, given["tile"], 1)]
    return np.append(out["weights"][1:] - counted, out["products"][1] - len(places)).astype(float)


def figure(given, out, steps):
    """The links of each layer, output by input; the same number is the same weight."""
    positions, k = (min(n, most) for n, most in zip(given["w"].shape, (8, 6), strict=True))
    links = np.zeros((3 * positions + 2, positions + k - 1))
    for block, period in enumerate((positions, min(given["tile"], positions), 1)):
        for i in range(positions):
            links[block * (positions + 1) + i, i : i + k] = (i % period) * k + 1 + np.arange(k)
    return Figure(
        {"zh": "从上到下：局部连接、平铺、标准；值相同即同一个参数",
         "en": "From the top: local, tiled, standard; equal values are one weight"},
        (Heatmap(links),),
        x={"zh": "输入", "en": "input"},
        y={"zh": "输出（三层）", "en": "output (three layers)"},
    )  # fmt: skip


SOLVER = Solver(
    title={"zh": "局部连接、平铺与标准卷积", "en": "Local, tiled and standard convolution"},
    formula=r"y_i=\sum_m w_{i\%t,\,m}\,x_{i+m}",
    params={
        "x": Param([1, 2, 0, 3, 1, 2], {"zh": "一行输入", "en": "a row of inputs"}, shape="(..., N)"),
        "w": Param([[1, 2], [3, -1], [0, 1], [2, 2], [-1, 1]],
                   {"zh": "核，每个位置一行", "en": "kernels, a row for each position"}, shape="(N - k + 1, k)"),
        "tile": Param(2, {"zh": "平铺用几个核 t", "en": "kernels t of the tiling"}, kind="int"),
    },
    outputs={"unshared": "1", "tiled": "1", "standard": "1"},
    steps={
        "weights": {"zh": "参数个数：全连接、局部、平铺、标准", "en": "weights: dense, local, tiled, standard"},
        "products": {"zh": "乘法次数：全连接、其余三种", "en": "products: dense, each of the other three"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="a dense layer's matrix, mostly zero (scipy.sparse)",
    sample=sample,
    variant=variant,
    edges=(
        {"x": [2.0], "w": [[3.0]], "tile": 1},
        {"x": [1.0, 2.0, 3.0], "w": [[1.0], [0.0], [-1.0]], "tile": 3},
        {"x": [0.0, 0.0, 0.0], "w": [[1.0, 1.0], [2.0, 2.0]], "tile": 2},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    claims=(
        Claim("ends", zh="t = 1 就是标准卷积，t 等于位置数就是局部连接",
              en="a tile of 1 is the standard convolution, one of all positions the local layer", residual=_ends),
        Claim("agrees-every-t", zh="每隔 t 个位置，平铺卷积与标准卷积的输出相同",
              en="every t places the tiled output equals the standard one", residual=_agrees_every_t),
        Claim("same-links", zh="三种层的连接相同；第 i 个输出用的核：局部第 i 个，平铺第 i mod t 个，标准第 0 个",
              en="the links are the same; output i uses kernel i (local), i mod t (tiled) or 0 (standard)",
              residual=_same_links),
        Claim("equal-kernels", zh="所有核都相同时，三种层没有区别",
              en="with all kernels equal the three layers are one", residual=_equal_kernels),
        Claim("weights-counted", zh="参数为 位置数·k、t·k、k；三种层的乘法次数一样多",
              en="weights: positions times k, t k, k; all three take the same number of products", residual=_counts),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"x": [float("nan")] * 6}, "x must hold finite numbers"),
        Reject({"w": [1.0, 2.0]}, "w must be a matrix"),
        Reject({"w": [[1.0] * 7]}, "w must have at most 6 columns"),
        Reject({"w": [[1.0, 2.0]] * 4}, "w must have 5 rows"),
        Reject({"tile": 0}, "tile must lie between 1 and 5"),
        Reject({"tile": 6}, "tile must lie between 1 and 5"),
        Reject({"x": np.zeros(100_001)}, "x must hold at most 100000 numbers"),
    ),
    figure=figure,
)  # fmt: skip
