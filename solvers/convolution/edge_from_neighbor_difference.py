"""Edges from the difference of neighboring pixels: a convolution with the two-element kernel [-1, 1].

    y[i, j] = x[i, j + 1] - x[i, j]          H by W pixels in, H by W - 1 out ("valid")

Large where the brightness changes from one column to the next: vertical edges. Two weights do it.
``picture`` takes, in place of ``image``, a gray copy of one of scikit-learn's photographs, cut to 7 : 8 and resized to
280 by 320, the size of the book's example; it needs the extra 'lab'.
Shapes: image (..., H, W), W at least 2 -> y (..., H, W - 1), strength (...) the largest |y|.
Steps: ``steepest`` (..., W - 1) the mean of |y| in each column; ``operations`` 3 H (W - 1) of one image, counted as the
book counts them (two products, one addition for each output); ``entries`` the matrix of the same map would have.
Errors: BadInput for a single column, numbers that are not finite, more than 2 million pixels.
Reference: Goodfellow et al. (2016), section 9.2, figure 9.6.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Heatmap, Mistake, Param, Reject, Solver, require

LIMIT = 1e6
MOST_PIXELS = 2_000_000
HEIGHT, WIDTH = 280, 320


def check(image, picture):
    require(image.ndim >= 2 and image.size >= 1, "image", "have axes row and column, neither empty", image.shape)
    require(image.shape[-1] >= 2, "image", "have at least two columns", image.shape)
    require(image.size <= MOST_PIXELS, "image", f"hold at most {MOST_PIXELS} pixels", image.size)
    require(np.all(np.abs(image) <= LIMIT), "image", f"hold finite numbers of size at most {LIMIT:.0e}", image)


def noise(rng, image, picture):
    """The photograph, gray, in [0, 1]; nothing where the image is given."""
    if picture == "image":
        return {}
    from PIL import Image
    from sklearn import datasets

    photo = Image.fromarray(datasets.load_sample_image(f"{picture}.jpg")).convert("L")
    wide = photo.height * WIDTH // HEIGHT
    left = (photo.width - wide) // 2
    small = photo.resize((WIDTH, HEIGHT), Image.Resampling.BOX, box=(left, 0, left + wide, photo.height))
    return {"photo": np.asarray(small, dtype=np.float64) / 255}


def compute(xp, note, image, picture, photo=None):
    pixels = image if picture == "image" else photo
    note("pixels", pixels)
    y = pixels[..., 1:] - pixels[..., :-1]
    size = xp.abs(y)
    note("steepest", xp.mean(size, axis=-2))
    note("operations", 3 * y.shape[-2] * y.shape[-1])
    note("entries", pixels.shape[-2] * pixels.shape[-1] * y.shape[-2] * y.shape[-1])
    return {"y": y, "strength": xp.max(size, axis=(-2, -1))}


def oracle(image, picture, photo=None):
    from scipy.ndimage import correlate1d

    y = correlate1d(image if photo is None else photo, [-1.0, 1.0], axis=-1, origin=-1)[..., :-1]
    return {"y": y, "strength": np.maximum(y.max(axis=(-2, -1)), -y.min(axis=(-2, -1)))}


def sample(rng):
    batch = [(), (2,)][int(rng.integers(2))]
    return {"image": rng.normal(size=(*batch, int(rng.integers(1, 5)), int(rng.integers(2, 7))))}


def variant(rng):
    """Two or three rows of four or five gray values in tens, an edge somewhere in each."""
    rows, columns = int(rng.integers(2, 4)), int(rng.integers(4, 6))
    image = rng.integers(0, 6, size=(rows, columns)) + 1
    for row in image:
        row[int(rng.integers(1, columns)) :] += int(rng.integers(4, 15))
    return {"image": (10 * image).tolist()}


# ---- Mistakes.


def _pixels(given):
    return given["image"] if given.get("photo") is None else given["photo"]


def _right(given):
    x = _pixels(given)
    y = np.diff(x, axis=-1)
    counts = {"operations": 3 * y.shape[-2] * y.shape[-1], "entries": _area(x) * _area(y)}
    return {"y": y, "strength": np.abs(y).max(axis=(-2, -1)), **counts}


def _area(x):
    return x.shape[-2] * x.shape[-1]


def _changed(wrong, right):
    return {n: v for n, v in wrong.items() if np.shape(v) != np.shape(right[n]) or not np.allclose(v, right[n])}


def _with(rule):
    def value(**given):
        wrong = rule(_pixels(given))
        return _changed({"y": wrong, "strength": np.abs(wrong).max(axis=(-2, -1))}, _right(given))

    return value


def _rows(x):
    """Each pixel minus the one above, laid out in as many columns as the right answer has."""
    return np.diff(x, axis=-2, prepend=x[..., :1, :])[..., 1:]


def _every_pixel(**given):
    x = _pixels(given)
    return {"operations": 3 * _area(x), "entries": _area(x) ** 2}


def _products_only(**given):
    x = _pixels(given)
    return {"operations": 2 * x.shape[-2] * (x.shape[-1] - 1)}


MISTAKES = (
    Mistake("wrong-way", zh="减反了：右边减左边，变亮为正",
            en="the wrong way around: right minus left, brighter is positive",
            value=_with(lambda x: -np.diff(x, axis=-1))),
    Mistake("sign-dropped", zh="取了绝对值；变暗的边缘是负的", en="the sign was dropped; an edge to darker is negative",
            value=_with(lambda x: np.abs(np.diff(x, axis=-1)))),
    Mistake("rows-compared", zh="比较了上下相邻的像素，那找的是水平边缘",
            en="that compares rows, which finds horizontal edges", value=_with(_rows)),
    Mistake("averaged", zh="相邻像素求了平均：那是模糊，不是边缘",
            en="neighbors were averaged: that blurs, it finds no edge",
            value=_with(lambda x: (x[..., 1:] + x[..., :-1]) / 2)),
    Mistake("as-wide-as-before", zh="输出和输入一样宽了；不填充时少一列",
            en="an output as wide as the input; without padding it is one column less", value=_every_pixel),
    Mistake("additions-forgotten", zh="只数了乘法；每个输出还有一次加法",
            en="the products only; there is an addition for each output", value=_products_only),
)  # fmt: skip


# ---- Claims.


def _size(given):
    return 1 + np.abs(_pixels(given)).max() * _pixels(given).shape[-1]


def _adds_up(given, out):
    """Summed along a row the differences leave last minus first: nothing else gets in."""
    x = _pixels(given)
    return (out["y"].sum(axis=-1) - (x[..., -1] - x[..., 0])) / _size(given)


def _two_weights(given, out):
    """Correlating the rows with [-1, 1], by a Fourier transform, gives the same."""
    x = _pixels(given)
    wide = x.shape[-1]
    spectrum = np.fft.rfft(x, axis=-1) * (np.exp(2j * np.pi * np.fft.rfftfreq(wide)) - 1)
    return (np.fft.irfft(spectrum, wide, axis=-1)[..., :-1] - out["y"]) / _size(given)


def _columns_only(given, out):
    """Brighten each row by an amount of its own (horizontal edges): the answer stays."""
    x = _pixels(given)
    rows = np.arange(x.shape[-2])[:, None] % 7
    return (np.diff(x + rows, axis=-1) - out["y"]) / (8 * _size(given))


def figure(given, out, steps):
    """|y| of the first image; the strongest two percent look alike, or nothing else would be seen beside them."""
    size = np.abs(out["y"].reshape(-1, *out["y"].shape[-2:])[0])
    return Figure(
        {"zh": "相邻像素之差的大小：竖直的边缘", "en": "size of neighbor differences: the vertical edges"},
        (Heatmap(np.minimum(size, np.quantile(size, 0.98))),),
        x={"zh": "列", "en": "column"},
        y={"zh": "行", "en": "row"},
    )


STEP = [[0.1] * 6 + [0.9] * 6] * 5 + [[0.1] * 3 + [0.9] * 9] * 5
SOLVER = Solver(
    title={"zh": "相邻像素之差找边缘", "en": "edges from neighbor differences"},
    formula=r"y_{i,j}=x_{i,j+1}-x_{i,j}",
    params={
        "image": Param(STEP, {"zh": "灰度图像", "en": "a gray image"}, shape="(..., H, W)"),
        "picture": Param("image", {"zh": "用哪张图", "en": "which picture (image: the one given)"},
                         kind="choice", choices=("image", "china", "flower")),
    },
    outputs={"y": "1", "strength": "1"},
    steps={
        "pixels": {"zh": "图像", "en": "the image"},
        "steepest": {"zh": "各列 |y| 的平均", "en": "mean of |y| in each column"},
        "operations": {"zh": "浮点运算次数", "en": "floating-point operations"},
        "entries": {"zh": "等价矩阵的元素个数", "en": "entries of the equivalent matrix"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="scipy.ndimage.correlate1d with [-1, 1]",
    sample=sample,
    variant=variant,
    noise=noise,
    edges=(
        {"image": [[2.0, 2.0]]},
        {"image": [[0.0, 1.0, 0.0], [5.0, 5.0, 5.0]]},
        {"image": [[[1.0, 2.0]], [[2.0, 1.0]]]},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    smooth=False,
    claims=(
        Claim("two-weights", zh="核 [−1, 1] 的两个权重就够了（用傅里叶变换验证）",
              en="two weights, the kernel [-1, 1], are enough (checked by a Fourier transform)", residual=_two_weights),
        Claim("adds-up", zh="一行的差加起来等于最后一个减第一个", en="a row's differences add up to last minus first",
              residual=_adds_up),
        Claim("vertical-edges-only", zh="整行变亮（水平边缘）不改变输出：只找竖直的边缘",
              en="rows brightened as a whole (horizontal edges) change nothing: vertical edges only",
              residual=_columns_only),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"image": [1.0, 2.0]}, "image must have axes row and column"),
        Reject({"image": [[1.0], [2.0]]}, "image must have at least two columns"),
        Reject({"image": [[float("nan"), 1.0]]}, "image must hold finite numbers"),
        Reject({"image": np.zeros((2, 1_000_001))}, "image must hold at most 2000000 pixels"),
    ),
    figure=figure,
)  # fmt: skip
