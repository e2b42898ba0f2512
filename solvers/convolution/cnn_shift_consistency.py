"""Is a convolutional network invariant to shifts? Digits moved by 0 to 4 pixels, before and after training.

Two layers of [3 by 3 convolution, ReLU, 2 by 2 max pooling], all wrapped around the border of a 16 by 16 image that
holds an 8 by 8 digit of scikit-learn's in the middle. Three ways on to the ten scores:
    dense     the maps laid out in one vector, a weight for each place
    pooled    the mean of each map (global average pooling)
    stride 1  as ``pooled``, but with the pooling windows one pixel apart (before training only)
Outputs, exact: dense, pooled, stride1 (5,), how much a random net's features change when the image moves d = 0 ... 4
pixels to the right: the root mean square over the probe of |F(moved x) - F(x)| / |F(x)|.
Steps: dense_accuracy, pooled_accuracy (5,) on 500 digits after training on the other 1297, none of them moved (Adam,
rate 0.01, batches of 64); dense_kept, pooled_kept (5,) the shares of predictions that the move left as they were.
Errors: BadInput for numbers of rounds, filters or probe digits out of range.
Reference: Goodfellow et al. (2016), 9.2 and 9.3; Zhang (2019); Azulay & Weiss (2019). Needs the extra lab.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

SHIFTS = 5
SIDE, DIGIT = 16, 8
BATCH, FRESH, RATE = 64, 500, 0.01
STATED = (8, 150)
HEADS = ("dense", "pooled")


def check(filters, rounds, probes):
    require(1 <= filters <= 16, "filters", "lie between 1 and 16", filters)
    require(0 <= rounds <= 400, "rounds", "lie between 0 and 400", rounds)
    require(1 <= probes <= 100, "probes", "lie between 1 and 100", probes)


def noise(rng, filters, rounds, probes):
    """The digits in random order, first weights, and the two kernels of the random net."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = rng.permutation(len(digits.target))
    maps = 2 * filters
    places = (SIDE // 4) ** 2
    return {
        "digits": digits.images[order] / 16.0,
        "labels": digits.target[order],
        "first": rng.normal(size=(filters, 1, 3, 3)) * np.sqrt(2 / 9),
        "second": rng.normal(size=(maps, filters, 3, 3)) * np.sqrt(2 / (9 * filters)),
        "dense_head": rng.normal(size=(maps * places, 10)) * np.sqrt(2 / (maps * places)),
        "pooled_head": rng.normal(size=(maps, 10)) * np.sqrt(2 / maps),
    }


def compute(xp, note, filters, rounds, probes, digits, labels, first, second, dense_head, pooled_head):
    threads = xp.get_num_threads()
    xp.set_num_threads(1)  # images this small are faster on one
    try:
        heads = {"dense": dense_head, "pooled": pooled_head}
        return _experiment(xp, note, rounds, probes, digits, labels.to(xp.int64), (first, second), heads)
    finally:
        xp.set_num_threads(threads)


def _experiment(xp, note, rounds, probes, digits, labels, kernels, heads):
    layers = xp.nn.functional

    def moved(images, right):
        start = (SIDE - DIGIT) // 2
        rest = (start + right, start - right, start, start)
        return layers.pad(images[:, None], rest)

    def maps(x, weights, offsets, stride=2):
        for kernel, offset in zip(weights, offsets, strict=True):
            x = layers.relu(layers.conv2d(layers.pad(x, (1, 1, 1, 1), mode="circular"), kernel, offset))
            if stride == 1:
                x = layers.pad(x, (0, 1, 0, 1), mode="circular")
            x = layers.max_pool2d(x, 2, stride)
        return x

    def features(kind, x, weights, offsets):
        found = maps(x, weights, offsets, 1 if kind == "stride1" else 2)
        return found.flatten(1) if kind == "dense" else found.mean((-2, -1))

    out = {}
    with xp.no_grad():
        for kind in ("dense", "pooled", "stride1"):
            seen = [features(kind, moved(digits[:probes], d), kernels, (None, None)) for d in range(SHIFTS)]
            size = xp.sqrt((seen[0] ** 2).sum(-1))
            size = xp.where(size > 0, size, xp.ones_like(size))  # a net that is dead on this digit
            gaps = [xp.sqrt(((f - seen[0]) ** 2).sum(-1)) / size for f in seen]
            out[kind] = xp.stack([xp.sqrt((gap**2).mean()) for gap in gaps])

    for place, kind in enumerate(HEADS):
        weights = [k.clone().requires_grad_() for k in kernels]
        offsets = [xp.zeros_like(k[:, 0, 0, 0]).requires_grad_() for k in kernels]
        head = heads[kind].clone().requires_grad_()
        bias = xp.zeros_like(head[0]).requires_grad_()
        parameters = [*weights, *offsets, head, bias]
        optimizer = xp.optim.Adam(parameters, lr=RATE)
        for done in range(rounds):
            rows = xp.randint(FRESH, len(digits), (BATCH,), generator=note.generator, device=digits.device)
            optimizer.zero_grad()
            scores = features(kind, moved(digits[rows], 0), weights, offsets) @ head + bias
            layers.cross_entropy(scores, labels[rows]).backward()
            optimizer.step()
            note.progress(place * rounds + done + 1, len(HEADS) * rounds)
        with xp.no_grad():
            said = xp.stack(
                [(features(kind, moved(digits[:FRESH], d), weights, offsets) @ head + bias).argmax(-1)
                 for d in range(SHIFTS)]
            )  # fmt: skip
        note(f"{kind}_accuracy", (said == labels[:FRESH]).to(digits.dtype).mean(-1))
        note(f"{kind}_kept", (said == said[0]).to(digits.dtype).mean(-1))
    return out


def oracle(filters, rounds, probes, digits, labels, first, second, dense_head, pooled_head):
    """The random net in numpy: rolled images for the convolution and for the pooling."""

    def layer(x, kernel, stride):
        total = np.zeros((len(x), len(kernel), *x.shape[-2:]))
        for u in range(3):
            for v in range(3):
                near = np.roll(x, (1 - u, 1 - v), axis=(-2, -1))
                total += np.einsum("ncij,oc->noij", near, kernel[:, :, u, v])
        rolled = [np.roll(total, (-i, -j), axis=(-2, -1)) for i in (0, 1) for j in (0, 1)]
        return np.maximum(np.max(rolled, axis=0), 0.0)[..., ::stride, ::stride]

    start = (SIDE - DIGIT) // 2
    image = np.zeros((probes, 1, SIDE, SIDE))
    image[:, 0, start : start + DIGIT, start : start + DIGIT] = digits[:probes]
    out = {}
    for kind, stride in (("dense", 2), ("pooled", 2), ("stride1", 1)):
        seen = []
        for d in range(SHIFTS):
            maps = layer(layer(np.roll(image, d, axis=-1), first, stride), second, stride)
            seen.append(maps.reshape(probes, -1) if kind == "dense" else maps.mean(axis=(-2, -1)))
        size = np.linalg.norm(seen[0], axis=1)
        size = np.where(size > 0, size, 1.0)
        out[kind] = np.array([np.sqrt(np.mean((np.linalg.norm(f - seen[0], axis=1) / size) ** 2)) for f in seen])
    return out


def sample(rng):
    return {"filters": int(rng.integers(1, 4)), "rounds": int(rng.integers(0, 3)), "probes": int(rng.integers(1, 6))}


def variant(rng):
    return {"filters": int(rng.integers(2, 9)), "rounds": 1, "probes": int(rng.integers(1, 20))}


# ---- What people get wrong.


def _stated(given):
    return (given["filters"], given["rounds"]) == STATED


def _printed(**given):
    """The features stay as they are, wherever the digit is moved, and so does the answer."""
    same = {"dense": np.zeros(SHIFTS), "pooled": np.zeros(SHIFTS)}
    if _stated(given):
        same |= {f"{kind}_accuracy": np.full(SHIFTS, 0.95) for kind in HEADS}
        same |= {f"{kind}_kept": np.ones(SHIFTS) for kind in HEADS}
    return same


def _never_again(**given):
    """Global pooling does not help at all."""
    return {"pooled": np.r_[0.0, np.ones(SHIFTS - 1)], "stride1": np.r_[0.0, np.ones(SHIFTS - 1)]}


MISTAKES = (
    Mistake("printed-000-e111", "以为卷积和池化足以让平移后的特征、分类都不变",
            "expects convolution and pooling to leave features and answers as they are, however the digit is moved",
            _printed),
    Mistake("pooling-is-no-help", "以为全局池化之后仍会随平移改变", "expects global pooling to change with every shift",
            _never_again),
)  # fmt: skip


# ---- Claims.


def _after_training(shortfall):
    def residual(given, out):
        if not _stated(given):
            return 0.0
        return np.maximum(shortfall(out), 0.0)

    return residual


CLAIMS = (
    Claim("stride-1-is-invariant", zh="步幅 1 的池化加循环填充加全局池化：特征严格不变",
          en="pooling windows one apart, wrapped borders, global pooling: the features do not change at all",
          residual=lambda given, out: out["stride1"]),
    Claim("back-at-the-total-stride", zh="总步幅 4：移 4 个像素，全局池化的特征与原来完全相同",
          en="the total stride is 4: moved by 4 pixels, the globally pooled features are the old ones",
          residual=lambda given, out: out["pooled"][4]),
    Claim("converged", zh="训练收敛：不平移时准确率高于 0.9（稠密）和 0.65（全局池化）",
          en="training converges: accuracies above 0.9 (dense) and 0.65 (pooled) where nothing moves",
          residual=_after_training(lambda out: np.array(
              [0.9 - out["dense_accuracy"][0], 0.65 - out["pooled_accuracy"][0]]))),
    Claim("one-pixel-hurts", zh="移 1 个像素：两种网络的准确率都降 0.05 以上，稠密的降 0.2 以上",
          en="one pixel costs both nets more than 0.05 of accuracy, the dense one more than 0.2",
          residual=_after_training(lambda out: np.array(
              [0.2 - out["dense_accuracy"][0] + out["dense_accuracy"][1],
               0.05 - out["pooled_accuracy"][0] + out["pooled_accuracy"][1]]))),
    Claim("far-shifts-undo-the-dense-head", zh="移 3 个像素：稠密输出层的准确率低于 0.4",
          en="three pixels: the accuracy of the dense head falls below 0.4",
          residual=_after_training(lambda out: out["dense_accuracy"][3] - 0.4)),
    Claim("presence-not-place", zh="移 4 个像素：全局池化的预测一个没变，准确率比稠密的高 0.4 以上",
          en="four pixels: global pooling keeps every prediction and is more than 0.4 above the dense head",
          residual=_after_training(lambda out: np.array(
              [1 - out["pooled_kept"][4], 0.4 - out["pooled_accuracy"][4] + out["dense_accuracy"][4]]))),
)  # fmt: skip


def figure(given, out, steps):
    shifts = np.arange(SHIFTS)
    return Figure(
        title={"zh": "数字右移后的准确率", "en": "accuracy when the digit moves right"},
        marks=(
            Lines(shifts, steps["dense_accuracy"], {"zh": "稠密输出层", "en": "dense head"}),
            Lines(shifts, steps["pooled_accuracy"], {"zh": "全局平均池化", "en": "global average pooling"}),
        ),
        x={"zh": "平移（像素）", "en": "shift in pixels"},
        y={"zh": "准确率", "en": "accuracy"},
    )


SOLVER = Solver(
    title={"zh": "平移后 CNN 还认得数字吗", "en": "does a CNN know a digit that has moved?"},
    formula=r"\|F(g_d\,x)-F(x)\|\,/\,\|F(x)\|,\quad d=0,\dots,4",
    params={
        "filters": Param(8, {"zh": "第一层的核数，第二层加倍", "en": "kernels of layer 1; layer 2 has twice"},
                         kind="int"),
        "rounds": Param(150, {"zh": "训练轮数", "en": "rounds of training"}, kind="int"),
        "probes": Param(50, {"zh": "训练前测多少个数字", "en": "digits measured before training"}, kind="int"),
    },
    outputs={"dense": "1", "pooled": "1", "stride1": "1"},
    steps={
        "dense_accuracy": {"zh": "准确率（稠密），平移 0–4", "en": "accuracy, dense head, moved by 0-4"},
        "dense_kept": {"zh": "未变的预测（稠密）", "en": "predictions kept, dense head"},
        "pooled_accuracy": {"zh": "准确率（全局池化）", "en": "accuracy, global pooling"},
        "pooled_kept": {"zh": "未变的预测（全局池化）", "en": "predictions kept, global pooling"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="numpy: rolled images for convolution and pooling",
    sample=sample,
    variant=variant,
    noise=noise,
    tolerance={"float64": 1e-9},
    smooth=False,  # trained, not differentiated
    batched=False,
    lanes=("torch",),
    claims=CLAIMS,
    mistakes=MISTAKES,
    rejects=(
        Reject({"filters": 0}, "filters must lie between 1 and 16"),
        Reject({"rounds": 401}, "rounds must lie between 0 and 400"),
        Reject({"rounds": -1}, "rounds must lie between 0 and 400"),
        Reject({"probes": 0}, "probes must lie between 1 and 100"),
        Reject({"filters": 2.5}, "filters must be an integer"),
    ),
    figure=figure,
)  # fmt: skip
