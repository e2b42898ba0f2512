"""Max over channels: three detectors for a 5, each turned a little, and one unit that answers to any of them.

    w_k = the model turned by -spread, 0, +spread      r_k = <w_k, x> (or the cosine between them)      y = max_k r_k

The input x is the image turned by each of ``angles`` in turn (degrees, counterclockwise). Turning is about the middle
of the square, bilinear, with zeros outside. ``cosine`` first takes the mean off both, so that an even gray scores 0.
``picture``: ``drawn`` takes ``image`` and ``model`` as given; ``digit`` takes a random 5 of scikit-learn's digits as
the image and the mean of its other 5s as the model (extra 'lab'), both in the middle of a 12 by 12 square.
Shapes: image, model (S, S), angles (A,) -> responses (A, 3), pooled (A,). Steps: ``templates`` (3, S, S) and
``inputs`` (A, S, S). A max over linear responses is a maxout unit.
Errors: BadInput for pictures that are not square, blank, or not finite, a spread outside 0 to 180, too many pixels.
Reference: Goodfellow et al. (2016), section 9.3, figure 9.9; Goodfellow et al. (2013), Maxout networks.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

LIMIT = 1e6
WIDEST, MOST_ANGLES = 16, 181
FIVE = [
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 9, 9, 9, 9, 9, 0, 0, 0],
    [0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 9, 9, 9, 9, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0],
    [0, 0, 0, 9, 9, 9, 9, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
]


def check(image, model, angles, spread, score, picture):
    for name, value in (("image", image), ("model", model)):
        square = value.ndim == 2 and value.shape[0] == value.shape[1] and 2 <= value.shape[0] <= WIDEST
        require(square, name, f"be square, 2 to {WIDEST} pixels a side", value.shape)
        require(np.all(np.abs(value) <= LIMIT), name, f"hold finite numbers of size at most {LIMIT:.0e}", value)
        require(np.any(value != value[0, 0]), name, "not be all of one gray", value[0, 0])
    require(image.shape == model.shape, "model", f"have the shape of image, {image.shape}", model.shape)
    require(angles.ndim == 1 and 1 <= angles.size <= MOST_ANGLES, "angles", f"be 1 to {MOST_ANGLES} numbers", angles)
    require(np.all(np.abs(angles) <= 180), "angles", "lie between -180 and 180", angles)
    require(0 <= spread <= 180, "spread", "lie between 0 and 180", spread)


def noise(rng, image, model, angles, spread, score, picture):
    """A random 5 out of scikit-learn's, and the mean of the others."""
    if picture == "drawn":
        return {}
    from sklearn.datasets import load_digits

    digits = load_digits()
    fives = digits.images[digits.target == 5]
    one = int(rng.integers(len(fives)))
    others = np.delete(fives, one, axis=0).mean(axis=0)
    return {"five": np.pad(fives[one], 2), "mean_five": np.pad(others, 2)}


def _taken(given):
    """The two pictures in use."""
    if given["picture"] == "digit":
        return given["five"], given["mean_five"]
    return given["image"], given["model"]


def compute(xp, note, image, model, angles, spread, score, picture, five=None, mean_five=None):
    if picture == "digit":
        image, model = five, mean_five
    side = image.shape[-1]
    one = xp.ones_like(angles[:1])
    line = xp.arange(side, dtype=image.dtype, device=image.device) - (side - 1) / 2
    down, right = line[:, None] + 0 * line, line + 0 * line[:, None]

    def turned(photo, degrees):
        """All the turned copies: each pixel reads the four around the place that it came from."""
        angle = xp.reshape(degrees * (np.pi / 180), (-1, 1, 1, 1))
        sine, cosine = xp.sin(angle), xp.cos(angle)
        from_row = cosine * down[:, :, None] + sine * right[:, :, None] - line
        from_column = cosine * right[:, :, None] - sine * down[:, :, None] - line
        rows, columns = (xp.maximum(1 - xp.abs(away), xp.zeros_like(away)) for away in (from_row, from_column))
        return xp.sum(xp.matmul(rows, photo) * columns, axis=-1)

    templates = turned(model, xp.concat([-spread * one, 0 * one, spread * one]))
    inputs = turned(image, angles)
    note("templates", templates)
    note("inputs", inputs)
    flat_w, flat_x = (xp.reshape(v, (v.shape[0], side * side)) for v in (templates, inputs))
    if score == "cosine":
        flat_w, flat_x = (v - xp.mean(v, axis=1, keepdims=True) for v in (flat_w, flat_x))
        flat_w, flat_x = (v / xp.sqrt(xp.sum(v * v, axis=1, keepdims=True)) for v in (flat_w, flat_x))
    responses = xp.matmul(flat_x, xp.matrix_transpose(flat_w))
    return {"responses": responses, "pooled": xp.max(responses, axis=1)}


def _turned(photo, degrees):
    from scipy.ndimage import rotate

    return np.stack([rotate(photo, d, reshape=False, order=1, mode="grid-constant") for d in degrees])


def _rule(given, sign=1.0):
    """Templates and inputs by scipy, their responses one by one."""
    image, model = _taken(given)
    templates = _turned(model, [-sign * given["spread"], 0.0, sign * given["spread"]])
    inputs = _turned(image, given["angles"])
    if given["score"] == "cosine":
        pairs = [[np.corrcoef(w.ravel(), x.ravel())[0, 1] for w in templates] for x in inputs]
    else:
        pairs = [[np.vdot(w, x) for w in templates] for x in inputs]
    return np.array(pairs)


def oracle(**given):
    responses = _rule(given)
    return {"responses": responses, "pooled": np.sort(responses, axis=1)[:, -1]}


def sample(rng):
    side = int(rng.integers(4, 7))
    return {
        "image": rng.uniform(0, 9, size=(side, side)),
        "model": rng.uniform(0, 9, size=(side, side)),
        "angles": rng.uniform(-80, 80, size=int(rng.integers(1, 4))),
        "spread": float(rng.uniform(10, 80)),
        "score": str(rng.choice(["cosine", "product"])),
    }


def variant(rng):
    """Small whole pictures of 2 by 2 and quarter turns: the three templates are read off, the products are whole."""
    while True:
        model, image = rng.integers(0, 8, size=(2, 2, 2))
        scores = [int(np.sum(np.rot90(model, turns) * image)) for turns in (-1, 0, 1)]
        apart = len(set(scores)) == 3 and len(np.unique(model)) == 4 and len(np.unique(image)) >= 3
        if apart and max(scores) > 20:
            return {"image": image.tolist(), "model": model.tolist(), "angles": [0], "spread": 90, "score": "product"}


# ---- Mistakes.


def _pooled_by(statistic):
    def value(**given):
        right = _rule(given)
        wrong = statistic(right)
        return {} if np.allclose(wrong, right.max(axis=1)) else {"pooled": wrong}

    return value


def _other_way(**given):
    right, wrong = _rule(given), _rule(given, sign=-1.0)
    return {} if np.allclose(wrong, right) else {"responses": wrong}


def _not_turned(**given):
    """All templates upright."""
    right = _rule(given)
    wrong = {"responses": np.repeat(right[:, 1:2], 3, axis=1), "pooled": right[:, 1]}
    truth = {"responses": right, "pooled": right.max(axis=1)}
    return {name: value for name, value in wrong.items() if not np.allclose(value, truth[name])}


def _largest_pixel(**given):
    """Pools the pixels of the product, not the responses of the channels."""
    if given["score"] != "product":
        return {}
    image, model = _taken(given)
    inputs = _turned(image, given["angles"])
    right, wrong = _rule(given), np.max(inputs * model, axis=(1, 2))
    return {} if np.allclose(wrong, right.max(axis=1)) else {"pooled": wrong}


MISTAKES = (
    Mistake("upright-only", "只用了不转的那个探测器；另两个也要比",
            "only the upright detector was asked; the others count too",
            _not_turned),
    Mistake("mean-over-channels", "对通道取了平均；要的是最大", "the mean over the channels; the maximum was asked",
            _pooled_by(lambda r: r.mean(axis=1))),
    Mistake("sum-over-channels", "把三个响应加起来了", "the three responses were added up",
            _pooled_by(lambda r: r.sum(axis=1))),
    Mistake("smallest", "取了最小的响应", "that is the smallest response", _pooled_by(lambda r: r.min(axis=1))),
    Mistake("turned-the-other-way", "两个转过的模板互换了：先顺时针，后逆时针",
            "the turned templates are exchanged: clockwise first, counterclockwise last", _other_way),
    Mistake("largest-product", "取了单个像素乘积的最大值；先求和得到响应，再对通道取最大",
            "the largest product of two pixels; each response is a sum, the maximum is over responses",
            _largest_pixel),
)  # fmt: skip


# ---- Claims.


def _any_of_them(given, out):
    """The pooled value is one of the responses, and none is above it."""
    above = np.maximum(out["responses"] - out["pooled"][:, None], 0.0)
    gap = np.min(np.abs(out["responses"] - out["pooled"][:, None]), axis=1, keepdims=True)
    return np.concatenate([above, gap], axis=1) / (1 + np.max(np.abs(out["responses"])))


def _covers_more(given, out):
    """Within ±spread: the least pooled response against the least of each detector alone."""
    image, model = _taken(given)
    drawn = np.array_equal(image, FIVE) and np.array_equal(model, FIVE)
    least, narrowest = (0.1, 30) if given["picture"] == "digit" else (0.25, 25)
    inside = np.abs(given["angles"]) <= given["spread"]
    wide = min(np.max(given["angles"]), -np.min(given["angles"])) >= given["spread"]
    stated = wide and np.count_nonzero(inside) >= 9 and narrowest <= given["spread"] <= 40
    if not stated or given["score"] != "cosine" or not (drawn or given["picture"] == "digit"):
        return 0.0
    alone, together = np.min(out["responses"][inside], axis=0), np.min(out["pooled"][inside])
    return np.maximum(least - (together - alone), 0.0)


def _own_angle(given, out):
    """Where image and model are one picture, the detector of angle a scores 1 on the input turned by a."""
    image, model = _taken(given)
    if given["score"] != "cosine" or not np.array_equal(image, model):
        return 0.0
    own = np.array([-1.0, 0.0, 1.0]) * given["spread"]
    hit = np.abs(given["angles"][:, None] - own) < 1e-9
    return np.where(hit, out["responses"] - 1, np.maximum(out["responses"] - 1, 0.0))


def _maxout(given, out):
    """The largest unit of a dense layer, one row a template; halfway between two inputs it is below their mean."""
    weights, x = (out[name].reshape(len(out[name]), -1) for name in ("templates", "inputs"))
    norms = np.ones(len(x))
    if given["score"] == "cosine":
        weights = weights - weights.mean(axis=1, keepdims=True)
        weights = weights / np.linalg.norm(weights, axis=1, keepdims=True)
        norms = np.linalg.norm(x - x.mean(axis=1, keepdims=True), axis=1)
    values = out["pooled"] * norms
    gap = (x @ weights.T).max(axis=1) - values
    halfway = ((x + np.roll(x, 1, axis=0)) / 2 @ weights.T).max(axis=1)
    return np.append(gap, np.maximum(halfway - (values + np.roll(values, 1)) / 2, 0.0)) / (1 + np.abs(values).max())


def figure(given, out, steps):
    order = np.argsort(given["angles"])
    angles = np.asarray(given["angles"])[order]
    turns = [f"{t:g}" for t in (-given["spread"], 0.0, given["spread"])]
    marks = [
        Lines(angles, out["responses"][order, k], {"zh": f"{turn}° 的探测器", "en": f"detector at {turn} degrees"})
        for k, turn in enumerate(turns)
    ]
    return Figure(
        {"zh": "三个转过的探测器与它们的最大值", "en": "three turned detectors, and their maximum"},
        (*marks, Lines(angles, out["pooled"][order], {"zh": "最大值", "en": "maximum"})),
        x={"zh": "输入转过的角度（度）", "en": "angle of the input (degrees)"},
        y={"zh": "响应", "en": "response"},
    )


SOLVER = Solver(
    title={"zh": "跨通道的最大池化与旋转", "en": "Max pooling over channels, and rotation"},
    formula=r"y=\max_k\,\langle w_k,x\rangle,\qquad w_k=R_{\alpha_k}w",
    params={
        "image": Param(FIVE, {"zh": "输入图像（随后逐个角度旋转）", "en": "the image, turned to make the inputs"},
                       shape="(S, S)"),
        "model": Param(FIVE, {"zh": "模板的原形", "en": "what the templates are turned from"}, shape="(S, S)"),
        "angles": Param(list(range(-60, 61, 5)), {"zh": "输入转过的角度（度）", "en": "the inputs' angles in degrees"},
                        shape="(A,)"),
        "spread": Param(30, {"zh": "两侧模板转过的角度", "en": "angle of the outer templates"}, kind="float"),
        "score": Param("cosine", {"zh": "响应：余弦（去均值）或内积", "en": "cosine (means off) or plain product"},
                       kind="choice", choices=("cosine", "product")),
        "picture": Param("drawn", {"zh": "digit：改用 scikit-learn 的手写 5（需要附加包 lab）",
                                   "en": "digit: a handwritten 5 instead (extra lab)"},
                         kind="choice", choices=("drawn", "digit")),
    },
    outputs={"responses": "1", "pooled": "1"},
    steps={
        "templates": {"zh": "三个模板", "en": "the three templates"},
        "inputs": {"zh": "转过的输入", "en": "the turned inputs"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="scipy.ndimage.rotate, numpy.corrcoef",
    noise=noise,
    sample=sample,
    variant=variant,
    edges=(
        {"image": [[0, 1], [2, 3]], "model": [[3, 1], [0, 2]], "angles": [0], "spread": 90, "score": "product"},
        {"angles": [0.0, 30.0, -30.0]},
        {"angles": [10.0], "spread": 0},
        {"picture": "digit"},
    ),
    tolerance={"float64": 1e-10, "float32": 2e-4},
    batched=False,
    claims=(
        Claim("answers-to-any", zh="池化的值总是三个响应中最大的那个：哪个探测器响应都行",
              en="the pooled value is the largest of the responses: any of the detectors will do",
              residual=_any_of_them),
        Claim("covers-more",
              zh="5 在 ±spread 内转动：最大值的最低点比每个探测器的都高，画的高 0.25，手写的高 0.1 以上",
              en="a 5 turned within the spread: its least maximum beats each detector's by 0.25 drawn, 0.1 written",
              residual=_covers_more),
        Claim("own-angle", zh="输入正好转到模板的角度，该探测器的响应是 1，别的不超过 1",
              en="an input turned like a template scores 1 with it, and nothing scores above 1", residual=_own_angle),
        Claim("a-maxout-unit", zh="若不除以输入的范数，它就是 maxout 单元：几个线性响应取最大，是输入的凸函数",
              en="but for the division by the input's norm it is a maxout unit: a maximum of linear responses, convex",
              residual=_maxout),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"image": [1.0, 2.0]}, "image must be square"),
        Reject({"image": np.ones((17, 17))}, "image must be square, 2 to 16"),
        Reject({"image": [[1.0, float("nan")], [0, 1]], "model": [[1, 2], [3, 4]]}, "image must hold finite numbers"),
        Reject({"image": [[1.0, 1.0], [1.0, 1.0]], "model": [[1, 2], [3, 4]]}, "image must not be all of one gray"),
        Reject({"model": [[1, 2], [3, 4]]}, "model must have the shape of image"),
        Reject({"angles": [200.0]}, "angles must lie between -180 and 180"),
        Reject({"angles": np.zeros(1000)}, "angles must be 1 to 181 numbers"),
        Reject({"spread": -5.0}, "spread must lie between 0 and 180"),
        Reject({"picture": "seven"}, "picture must be"),
    ),
    figure=figure,
)  # fmt: skip
