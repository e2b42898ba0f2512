"""Weights and multiplications of one layer, as five kinds of convolution.

    standard k^2 C O     unshared k^2 C O h^2     tiled k^2 C O t^2     grouped k^2 C O / g     separable k^2 C + C O

C input channels, O maps, k by k kernels, h by h outputs, t by t kernels taking turns, g groups. Depthwise separable
means a k by k kernel for each channel alone, then a 1 by 1 convolution over all of them. Dilation changes none of this.
Biases are not counted, products with padded zeros are.
Shapes: channels, maps, kernel, side, tile, groups (...), or one number for all -> weights, products (..., 5) in the
order above, ratio (...) of separable to standard. Steps: depthwise, pointwise (...), their weights.
Errors: BadInput for numbers that are not whole, out of range, a tile beyond the map, groups that do not divide.
Reference: Goodfellow et al. (2016), section 9.5; Chollet (2017); Howard et al. (2017), section 3.1; Xie et al. (2017).
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

NAMES = ("channels", "maps", "kernel", "side", "tile", "groups")
LARGEST = {"channels": 4096, "maps": 4096, "kernel": 31, "side": 1024, "tile": 1024, "groups": 4096}
KINDS = ("standard", "unshared", "tiled", "grouped", "separable")


def check(**layer):
    shape = np.shape(layer["channels"])
    for name, value in layer.items():
        require(np.all(np.isfinite(value)) and np.all(value == np.floor(value)), name, "hold whole numbers", value)
        require(np.all((value >= 1) & (value <= LARGEST[name])), name, f"lie between 1 and {LARGEST[name]}", value)
        require(value.shape in ((), shape), name, f"have shape {shape}, like channels, or none", value.shape)
    require(layer["channels"].size <= 100_000, "channels", "hold at most 100000 numbers", layer["channels"].size)
    require(np.all(layer["tile"] <= layer["side"]), "tile", "be at most side", layer["tile"])
    for name in ("channels", "maps"):
        require(np.all(layer[name] % layer["groups"] == 0), "groups", f"divide {name}", layer["groups"])


def compute(xp, note, channels, maps, kernel, side, tile, groups):
    one = kernel * kernel * channels
    places = side * side
    depthwise, pointwise = one, channels * maps
    note("depthwise", depthwise)
    note("pointwise", pointwise)
    weights = xp.stack(
        [
            one * maps,
            one * maps * places,
            one * maps * tile * tile + 0 * places,
            one * maps / groups,
            depthwise + pointwise,
        ],
        axis=-1,
    )
    shared = one * maps * places
    products = xp.stack([shared, shared, shared, shared / groups, (depthwise + pointwise) * places], axis=-1)
    return {"weights": weights, "products": products, "ratio": (depthwise + pointwise) / (one * maps)}


def oracle(**layer):
    """Layers of torch without memory: how many weights they hold, and what torch's own counter counts."""
    shape = np.shape(layer["channels"])
    rows = np.broadcast_arrays(*(layer[name] for name in NAMES))
    found = [_torch_counts(*map(int, row)) for row in zip(*(row.ravel() for row in rows), strict=True)]
    weights, products = (np.array([f[n] for f in found], dtype=float).reshape(*shape, 5) for n in (0, 1))
    return {"weights": weights, "products": products, "ratio": products[..., 4] / products[..., 0]}


def _torch_counts(c, o, k, h, t, g):
    import torch
    from torch.nn import Conv2d
    from torch.utils.flop_counter import FlopCounterMode

    def layer(*sizes, **options):
        return Conv2d(*sizes, bias=False, device="meta", **options)

    standard, grouped = layer(c, o, k), layer(c, o, k, groups=g)
    separable = torch.nn.Sequential(layer(c, c, k, groups=c), layer(c, o, 1))
    x = torch.empty((1, c, h + k - 1, h + k - 1), device="meta")
    products = []
    for net in (standard, grouped, separable):
        with FlopCounterMode(display=False) as counter:
            net(x)
        products.append(counter.get_total_flops() // 2)
    held = [sum(w.numel() for w in net.parameters()) for net in (standard, grouped, separable)]
    classes = {(i % t, j % t) for i in range(min(h, t)) for j in range(min(h, t))} if t <= 64 else range(t * t)
    weights = [held[0], held[0] * len(range(h)) ** 2, held[0] * len(classes), held[1], held[2]]
    return weights, [products[0], products[0], products[0], products[1], products[2]]


def sample(rng):
    shape = [(), (3,)][int(rng.integers(2))]
    groups, side = rng.integers(1, 4, size=shape), rng.integers(2, 9, size=shape)
    sizes = {
        "channels": groups * rng.integers(1, 5, size=shape),
        "maps": groups * rng.integers(1, 5, size=shape),
        "kernel": rng.integers(1, 5, size=shape),
        "side": side,
        "tile": rng.integers(1, side + 1),
        "groups": groups,
    }
    return {name: np.asarray(value, dtype=float) for name, value in sizes.items()}


def variant(rng):
    """Channels and maps in multiples of 8, kernels of 3, 5 and 7, a small map."""
    return {
        "channels": 8 * int(rng.integers(1, 25)),
        "maps": 8 * int(rng.integers(1, 25)),
        "kernel": int(rng.choice([3, 5, 7])),
        "side": int(rng.integers(6, 33)),
        "tile": int(rng.integers(2, 5)),
        "groups": int(rng.choice([2, 4, 8])),
    }


# ---- Mistakes.


def _plain(channels, maps, kernel, side, tile, groups):
    one, places = kernel**2 * channels, side**2
    whole, separable = one * maps, one + channels * maps
    weights = [whole, whole * places, whole * tile**2, whole / groups, separable]
    products = [whole * places] * 3 + [whole * places / groups, separable * places]
    return {
        "weights": np.stack(np.broadcast_arrays(*weights), axis=-1),
        "products": np.stack(np.broadcast_arrays(*products), axis=-1),
        "ratio": separable / whole,
    }


def _wrong(rule):
    def value(**given):
        right = _plain(**given)
        wrong = rule(given, right)
        return {n: v for n, v in wrong.items() if not np.allclose(v, right[n], rtol=1e-12)}

    return value


def _changed(right, given, kind, weights):
    """``weights`` in place of those of a kind, with the products and the ratio that follow from it."""
    n = KINDS.index(kind)
    uses = right["products"][..., n] / right["weights"][..., n]
    out = {name: right[name].copy() for name in ("weights", "products")}
    out["weights"][..., n] = weights
    out["products"][..., n] = weights * uses
    if kind == "separable":
        out["ratio"] = weights / right["weights"][..., 0]
    return out


def _channels_forgotten(g, right):
    one = g["kernel"] ** 2 * g["maps"]
    return {
        "weights": np.concatenate([right["weights"][..., :4] / np.expand_dims(g["channels"], -1),
                                   np.expand_dims(g["kernel"] ** 2 + g["maps"], -1)], axis=-1),
        "products": np.concatenate([right["products"][..., :4] / np.expand_dims(g["channels"], -1),
                                    np.expand_dims((g["kernel"] ** 2 + g["maps"]) * g["side"] ** 2, -1)], axis=-1),
        "ratio": (g["kernel"] ** 2 + g["maps"]) / one,
    }  # fmt: skip


def _sharing_saves(g, right):
    """As few products as weights, in the layers that share them."""
    products = right["products"].copy()
    for n in (0, 2, 3, 4):
        products[..., n] = right["weights"][..., n]
    return {"products": products}


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=_wrong(rule)) for name, rule, zh, en in (
    ("channels-forgotten", _channels_forgotten,
     "漏了输入通道：每个核跨所有输入通道", "the input channels were left out: a kernel spans them all"),
    ("groups-forgotten", lambda g, r: _changed(r, g, "grouped", r["weights"][..., 0]),
     "漏了分组：每个核只看 C/g 个通道", "the groups were left out: a kernel sees C/g channels"),
    ("groups-twice", lambda g, r: _changed(r, g, "grouped", r["weights"][..., 0] / g["groups"] ** 2),
     "除了两次 g：输出通道总数没有变少", "divided by g twice: there are as many maps as before"),
    ("separable-multiplied",
     lambda g, r: _changed(r, g, "separable", g["kernel"] ** 2 * g["channels"] * g["channels"] * g["maps"]),
     "两步的参数应相加，不是相乘", "the weights of the two steps add up, they do not multiply"),
    ("pointwise-forgotten", lambda g, r: _changed(r, g, "separable", g["kernel"] ** 2 * g["channels"]),
     "只算了逐深度卷积，漏了 1×1 卷积", "that is the depthwise half; the 1 by 1 convolution is missing"),
    ("depthwise-forgotten", lambda g, r: _changed(r, g, "separable", g["channels"] * g["maps"]),
     "只算了 1×1 卷积，漏了逐深度卷积", "that is the pointwise half; the depthwise one is missing"),
    ("tile-along-one-axis", lambda g, r: _changed(r, g, "tiled", r["weights"][..., 0] * g["tile"]),
     "平面上轮流的是 t×t 个核，不是 t 个", "in the plane t by t kernels take turns, not t"),
    ("one-axis-of-places", lambda g, r: _changed(r, g, "unshared", r["weights"][..., 0] * g["side"]),
     "位置有 h×h 个，不是 h 个", "there are h by h places, not h"),
    ("sharing-saves-products", _sharing_saves,
     "共享参数省的是存储；每个位置照样要乘", "sharing saves storage; each place is multiplied all the same"),
))  # fmt: skip


# ---- Claims.


def _ratio(given, out):
    return out["ratio"] - (1 / given["maps"] + 1 / given["kernel"] ** 2)


def _ends(given, out):
    """One tile, one group: standard. As many tiles as places: unshared."""
    one = _plain(**(given | {"tile": given["tile"] * 0 + 1, "groups": given["groups"] * 0 + 1}))["weights"]
    every = _plain(**(given | {"tile": given["side"]}))["weights"]
    standard, unshared = out["weights"][..., 0], out["weights"][..., 1]
    residual = [one[..., 2] / standard - 1, one[..., 3] / standard - 1, every[..., 2] / unshared - 1]
    return np.stack(residual, axis=-1)


def _uses(given, out):
    """A weight is used h^2 times an image where all places share it, once where none do, h^2/t^2 times in tiles."""
    uses = out["products"] / out["weights"]
    places = given["side"] ** 2
    expected = [places, places * 0 + 1, places / given["tile"] ** 2, places, places]
    return uses / np.stack(np.broadcast_arrays(*expected), axis=-1) - 1


def _depthwise(given, out):
    """With as many groups as channels, and as many maps, grouping is the depthwise step."""
    deep = given | {"groups": given["channels"], "maps": given["channels"]}
    return _plain(**deep)["weights"][..., 3] / out["depthwise"] - 1


def figure(given, out, steps):
    first = np.reshape(out["weights"], (-1, 5))[0]
    names = (("standard", 0), ("tiled", 2), ("grouped", 3), ("separable", 4))
    return Figure(
        {"zh": "参数个数（局部连接是标准卷积的 h² 倍，不在图中）",
         "en": "Weights (unshared: h² times standard, not shown)"},
        (Bars(tuple(name for name, _ in names), first[[n for _, n in names]]),),
        y={"zh": "参数个数", "en": "weights"},
    )  # fmt: skip


def _count(default, zh, en):
    return Param(default, {"zh": zh, "en": en}, shape="(...)")


SOLVER = Solver(
    title={"zh": "卷积变体的参数量与计算量", "en": "What the variants of a convolution cost"},
    formula=r"k^2CO,\quad k^2COh^2,\quad k^2COt^2,\quad k^2CO/g,\quad k^2C+CO",
    params={
        "channels": _count(64, "输入通道 C", "input channels C"),
        "maps": _count(128, "输出通道 O", "maps O"),
        "kernel": _count(3, "核的边长 k", "kernel size k"),
        "side": _count(56, "输出边长 h", "output size h"),
        "tile": _count(2, "平铺卷积 t×t 个核轮流", "tiling: t by t kernels take turns"),
        "groups": _count(4, "分组数 g", "groups g"),
    },
    outputs={"weights": "1", "products": "1", "ratio": "1"},
    steps={
        "depthwise": {"zh": "逐深度卷积的参数 k²C", "en": "weights of the depthwise step, k^2 C"},
        "pointwise": {"zh": "1×1 卷积的参数 CO", "en": "weights of the 1 by 1 step, C O"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="torch.nn.Conv2d on the meta device and torch's flop counter",
    sample=sample,
    variant=variant,
    edges=(
        {"channels": 1, "maps": 1, "kernel": 1, "side": 1, "tile": 1, "groups": 1},
        {"channels": 512, "maps": 512, "kernel": 3, "side": 7, "tile": 7, "groups": 512},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-5},
    smooth=False,
    claims=(
        Claim("ratio", zh="深度可分离与标准卷积之比是 1/O + 1/k²",
              en="separable to standard is 1/O + 1/k^2", residual=_ratio),
        Claim("ends", zh="t=1 或 g=1 就是标准卷积，t=h 就是不共享的局部卷积",
              en="a tile or group of 1 is the standard layer, a tile of h the unshared one", residual=_ends),
        Claim("uses", zh="处处共享的参数每张图用 h² 次，不共享的只用一次，平铺的平均 h²/t² 次",
              en="an image uses a shared weight h^2 times, an unshared one once, a tiled one h^2/t^2 on average",
              residual=_uses),
        Claim("depthwise", zh="g=C=O 时，分组卷积就是逐深度卷积",
              en="with g=C=O a grouped convolution is the depthwise one", residual=_depthwise),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"channels": 0, "groups": 1}, "channels must lie between 1 and 4096"),
        Reject({"kernel": 2.5}, "kernel must hold whole numbers"),
        Reject({"maps": float("nan")}, "maps must hold whole numbers"),
        Reject({"side": 2000}, "side must lie between 1 and 1024"),
        Reject({"tile": 57}, "tile must be at most side"),
        Reject({"groups": 3}, "groups must divide channels"),
        Reject({"maps": 126}, "groups must divide maps"),
        Reject({"maps": [128, 64]}, "maps must have shape ()"),
    ),
    figure=figure,
)  # fmt: skip
