"""What sparse links and shared weights save: weights and floating-point operations of three layers.

    m = H W inputs, n = (H - kH + 1)(W - kW + 1) outputs, k = kH kW links of each output
    weights:     dense m n       local (unshared) k n       convolution k
    operations:  dense (2m - 1) n       local and convolution (2k - 1) n          (products and additions)

Shapes: image, kernel (..., 2), height first -> all outputs (...), exact integers. Steps: inputs, outputs, links.
The matrix of the convolution, stored sparse, holds k n numbers too and takes the same (2k - 1) n operations: what
sharing adds to sparsity is storage, not speed.
Errors: BadInput for sizes below 1 or beyond 8192, a kernel larger than its image.
Reference: Goodfellow et al. (2016), section 9.2, figures 9.2-9.6 (the edge detector of 280 by 320).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

LARGEST = 8192
DENSE = 3000  # entries up to which the oracle builds the matrix


def check(image, kernel):
    for name, value in (("image", image), ("kernel", kernel)):
        require(value.ndim >= 1 and value.shape[-1] == 2, name, "hold two numbers, height and width", value)
        require(np.all((value >= 1) & (value <= LARGEST)), name, f"lie between 1 and {LARGEST}", value)
    require(kernel.shape in (image.shape, (2,)), "kernel", "have the batch axes of image, or none", kernel.shape)
    require(image.size <= 10_000, "image", "hold at most 5000 pairs", image.size // 2)
    require(np.all(kernel <= image), "kernel", "fit into the image", kernel)


def compute(xp, note, image, kernel):
    kernel = kernel + xp.zeros_like(image)
    outputs = image - kernel + 1
    m, n, k = (pair[..., 0] * pair[..., 1] for pair in (image, outputs, kernel))
    for name, value in (("inputs", m), ("outputs", n), ("links", k)):
        note(name, value)
    return {
        "dense_weights": m * n,
        "local_weights": k * n,
        "conv_weights": k,
        "dense_ops": (2 * m - 1) * n,
        "conv_ops": (2 * k - 1) * n,
    }


def oracle(image, kernel):
    """Python's own integers, output by output; the links of small layers are counted in scipy's sparse matrices."""
    names = ("dense_weights", "local_weights", "conv_weights", "dense_ops", "conv_ops")
    rows = []
    for (high, wide), (kh, kw) in zip(
        image.reshape(-1, 2).tolist(), np.broadcast_to(kernel, image.shape).reshape(-1, 2).tolist(), strict=True
    ):
        places, weights = len(range(high - kh + 1)) * len(range(wide - kw + 1)), high * wide
        links = kh * kw * places
        if weights * places <= DENSE**2 and links <= 200_000:
            links = _linked(high, wide, kh, kw)
        per_output = links // places
        dense = sum((weights, weights - 1)) * places
        rows.append((weights * places, links, per_output, dense, links + (per_output - 1) * places))
    return {
        name: np.array(column, dtype=np.int64).reshape(image.shape[:-1])
        for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }


def _linked(high, wide, kh, kw):
    """Entries of the convolution's sparse matrix: a product of two band matrices."""
    from scipy.sparse import diags_array, kron

    def band(length, size):
        return diags_array([1.0] * size, offsets=range(size), shape=(length - size + 1, length))

    return int(kron(band(high, kh), band(wide, kw)).nnz)


def sample(rng):
    rows = int(rng.integers(2, 5))
    kernel = rng.integers(1, 5, size=(rows, 2))
    return {"image": kernel + rng.integers(0, 30, size=(rows, 2)), "kernel": kernel}


def variant(rng):
    """An image of 8 to 40 pixels a side, a kernel of 2 to 5."""
    kernel = rng.integers(2, 6, size=2)
    return {"image": rng.integers(8, 41, size=2).tolist(), "kernel": kernel.tolist()}


# ---- Mistakes.


def _counts(image, kernel, outputs=None):
    kernel = np.broadcast_to(kernel, image.shape)
    outputs = image - kernel + 1 if outputs is None else outputs
    m, n, k = (np.prod(pair, axis=-1) for pair in (image, outputs, kernel))
    ops = {"dense_ops": (2 * m - 1) * n, "conv_ops": (2 * k - 1) * n}
    steps = {"inputs": m, "outputs": n, "links": k}
    return {"dense_weights": m * n, "local_weights": k * n, "conv_weights": k, **ops, **steps}


def _wrong(rule):
    def value(**given):
        right = _counts(**given)
        return {n: v for n, v in rule(given, right).items() if not np.array_equal(v, right[n])}

    return value


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=_wrong(rule)) for name, rule, zh, en in (
    ("same-size", lambda g, r: _counts(g["image"], g["kernel"], g["image"]),
     "输出和输入一样大了；不填充时每个方向少 k−1",
     "as many outputs as inputs: without padding k-1 fewer along each axis"),
    ("one-window-short", lambda g, r: _counts(g["image"], g["kernel"], np.maximum(g["image"] - g["kernel"], 1)),
     "少数了一个位置：是 H−k+1", "one place short: there are H-k+1"),
    ("additions-forgotten",
     lambda g, r: {"dense_ops": r["inputs"] * r["outputs"], "conv_ops": r["links"] * r["outputs"]},
     "只数了乘法，没数加法", "only the products were counted, not the additions"),
    ("one-addition-too-many",
     lambda g, r: {"dense_ops": 2 * r["inputs"] * r["outputs"], "conv_ops": 2 * r["links"] * r["outputs"]},
     "k 个数相加只要 k−1 次加法", "k numbers take k-1 additions"),
    ("sharing-saves-products", lambda g, r: {"conv_ops": 2 * r["links"] - 1},
     "共享参数省存储，不省运算：每个输出都要算一遍", "sharing saves storage, not operations: every output is computed"),
    ("local-like-dense", lambda g, r: {"local_weights": r["dense_weights"]},
     "局部连接的每个输出只有 k 个权重", "a local output has k weights only"),
    ("unshared", lambda g, r: {"conv_weights": r["local_weights"]},
     "没有共享：卷积的所有位置用同一个核", "nothing was shared: a convolution has one kernel for all places"),
    ("printed-000-e109", lambda g, r: {"local_weights": r["dense_weights"], "conv_ops": r["dense_ops"]},
     "把稀疏矩阵当稠密矩阵来存、来算", "the sparse matrix stored and multiplied as a dense one"),
))  # fmt: skip


# ---- Claims.


def _twice_over_k(given, out):
    """Dense over local weights is m / k: sparsity; local over convolution is n: sharing."""
    sparsity = out["dense_weights"] * out["links"] - out["local_weights"] * out["inputs"]
    return np.abs(sparsity) + np.abs(out["local_weights"] - out["conv_weights"] * out["outputs"])


def _edge_detector(given, out):
    """The book's numbers, by the same formulas: 280 by 320 and a kernel of two."""
    book = _counts(np.array([280, 320]), np.array([1, 2]))
    right = {"dense_weights": 8_003_072_000, "local_weights": 178_640, "conv_ops": 267_960, "dense_ops": 16_006_054_680}
    here = _counts(**given)
    mine = sum(np.abs(out[n] - here[n]).sum() for n in right)
    return float(mine + sum(abs(int(book[n]) - value) for n, value in right.items()))


def _same_operations(given, out):
    """A sparse matrix of k n entries takes k n products and (k - 1) n additions: the convolution's count."""
    return out["conv_ops"] - (2 * out["local_weights"] - out["outputs"])


def figure(given, out, steps):
    first = {name: float(np.reshape(value, -1)[0]) for name, value in out.items()}
    names = ("dense", "local", "conv")
    return Figure(
        {"zh": "参数个数：全连接、局部连接、卷积", "en": "Weights: dense, local, convolution"},
        (Bars(names, [np.log10(first[f"{n}_weights"]) for n in names]),),
        y={"zh": "参数个数的常用对数", "en": "log10 of the number of weights"},
    )


SOLVER = Solver(
    title={"zh": "稀疏连接与参数共享省下多少", "en": "What sparse links and shared weights save"},
    formula=r"mn\;\to\;kn\;\to\;k",
    params={
        "image": Param([280, 320], {"zh": "图像的高和宽", "en": "height and width of the image"}, shape="(..., 2)",
                       dtype="int64"),
        "kernel": Param([1, 2], {"zh": "核的高和宽", "en": "height and width of the kernel"}, shape="(..., 2)",
                        dtype="int64"),
    },
    outputs={"dense_weights": "weights", "local_weights": "weights", "conv_weights": "weights",
             "dense_ops": "operations", "conv_ops": "operations"},
    steps={
        "inputs": {"zh": "输入个数 m", "en": "inputs m"},
        "outputs": {"zh": "输出个数 n", "en": "outputs n"},
        "links": {"zh": "每个输出的连接数 k", "en": "links k of each output"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="entries of scipy.sparse matrices; Python integers where they are large",
    sample=sample,
    variant=variant,
    edges=(
        {"image": [1, 1], "kernel": [1, 1]},
        {"image": [5, 7], "kernel": [5, 7]},
        {"image": [[280, 320], [8192, 8192]], "kernel": [3, 3]},
    ),
    tolerance={"int64": 0},
    smooth=False,
    claims=(
        Claim("two-savings", zh="稀疏把参数减到 k/m，共享再减到 1/n",
              en="sparsity leaves k/m of the weights, sharing 1/n of those",
              residual=_twice_over_k),
        Claim("edge-detector", zh="书上的例子：80 亿个矩阵元素，267960 次运算，相差约 6 万倍",
              en="the book's example: 8 billion entries, 267960 operations, about 60000 times fewer",
              residual=_edge_detector),
        Claim("sparse-matrix-as-fast", zh="稀疏存储的矩阵（kn 个数）与卷积的运算次数相同",
              en="stored sparse (k n numbers), the matrix takes as many operations as the convolution",
              residual=_same_operations),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"image": [280]}, "image must hold two numbers"),
        Reject({"kernel": [0, 2]}, "kernel must lie between 1 and 8192"),
        Reject({"image": [9000, 4]}, "image must lie between 1 and 8192"),
        Reject({"image": [4, 4], "kernel": [5, 1]}, "kernel must fit into the image"),
        Reject({"kernel": [[1, 2], [1, 3]]}, "kernel must have the batch axes"),
    ),
    figure=figure,
)  # fmt: skip
