"""Max pooling under a shift: which pooled values stay when every input moves by d places.

    before[i] = max(x[i - r], ..., x[i + r]),  x = row[d:]      after: the same of x = row[:-d]      width k = 2r + 1

``row`` holds d more detector values than are seen: before the shift its last N are in view, after it its first N, so
that what comes in at the left is given, not made up. Windows stand ``stride`` apart and are cut off at the border.
Shapes: row (..., N + d) -> before, after (..., ceil(N / stride)); the global maxima (...).
Steps: ``seen`` and ``shifted`` (..., N) are the two views, ``inputs_kept`` and ``kept`` the shares of inputs and of
pooled values that the shift left as they were.
Errors: BadInput for an even width, a shift that leaves nothing in view, numbers that are not finite.
Reference: Goodfellow et al. (2016), section 9.3, figure 9.8; Zhang (2019) on strides and aliasing.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

LIMIT = 1e6
LONGEST = 1_000_000


def check(row, width, stride, shift):
    require(row.ndim >= 1 and row.size >= 1, "row", "hold at least one number", row.shape)
    require(row.size <= LONGEST, "row", f"hold at most {LONGEST} numbers", row.size)
    require(np.all(np.abs(row) <= LIMIT), "row", f"hold finite numbers of size at most {LIMIT:.0e}", row)
    require(
        1 <= shift < row.shape[-1], "shift", f"lie between 1 and {row.shape[-1] - 1}, one below row's length", shift
    )
    require(1 <= width <= 99 and width % 2 == 1, "width", "be odd, between 1 and 99", width)
    require(1 <= stride <= 99, "stride", "lie between 1 and 99", stride)


def compute(xp, note, row, width, stride, shift):
    count = row.shape[-1] - shift
    views = {"seen": row[..., shift:], "shifted": row[..., :count]}
    pooled = []
    for name, view in views.items():
        note(name, view)
        best = view
        for away in range(1, min(width // 2, count - 1) + 1):
            left = xp.concat([view[..., :away], view[..., : count - away]], axis=-1)
            right = xp.concat([view[..., away:], view[..., count - away :]], axis=-1)
            # what hangs over the border repeats numbers that are in the window anyway
            best = xp.maximum(best, xp.maximum(left, right))
        pooled.append(best[..., ::stride])
    one = xp.ones_like(row[..., :1])
    for name, (was, now) in (("inputs_kept", tuple(views.values())), ("kept", tuple(pooled))):
        same = xp.where(was == now, one + 0 * was, 0 * was)
        note(name, xp.mean(same, axis=-1))
    return {
        "before": pooled[0],
        "after": pooled[1],
        "top_before": xp.max(views["seen"], axis=-1),
        "top_after": xp.max(views["shifted"], axis=-1),
    }


def _pool(view, width, stride, valid=False, statistic=np.max):
    """One row after the other, windows cut off at the border (or, ``valid``, only whole ones)."""
    radius, rows = width // 2, []
    for line in view.reshape(-1, view.shape[-1]):
        centres = range(radius, len(line) - radius) if valid else range(len(line))
        rows.append([statistic(line[max(0, i - radius) : i + radius + 1]) for i in centres][::stride])
    return np.array(rows).reshape(*view.shape[:-1], -1)


def oracle(row, width, stride, shift):
    from scipy.ndimage import maximum_filter1d

    out = {}
    for name, view in (("before", row[..., shift:]), ("after", row[..., : row.shape[-1] - shift])):
        out[name] = maximum_filter1d(view, width, axis=-1, mode="constant", cval=-np.inf)[..., ::stride]
        out[f"top_{name}"] = np.sort(view, axis=-1)[..., -1]
    return out


def sample(rng):
    batch = [(), (2,)][int(rng.integers(2))]
    count, shift = int(rng.integers(4, 10)), int(rng.integers(1, 3))
    size = (*batch, count + shift)
    return {
        "row": rng.permutation(int(np.prod(size))).reshape(size) * 0.1 - 0.35,  # no ties
        "width": int(rng.choice([1, 3, 5])),
        "stride": int(rng.integers(1, 4)),
        "shift": shift,
    }


def variant(rng):
    """Six to eight different tenths, a window of three, a shift by one; sometimes every second window only."""
    count = int(rng.integers(6, 9))
    tenths = rng.choice(np.arange(0, 20), size=count, replace=False)
    return {"row": [round(t / 10, 1) for t in tenths.tolist()], "width": 3, "stride": int(rng.choice([1, 1, 2]))}


# ---- Mistakes.


def _views(given):
    row, shift = given["row"], given["shift"]
    return row[..., shift:], row[..., : row.shape[-1] - shift]


def _right(given):
    seen, shifted = _views(given)
    before, after = (_pool(view, given["width"], given["stride"]) for view in (seen, shifted))
    return {
        "before": before,
        "after": after,
        "top_before": seen.max(axis=-1),
        "top_after": shifted.max(axis=-1),
        "kept": np.mean(before == after, axis=-1),
        "inputs_kept": np.mean(seen == shifted, axis=-1),
    }


def _changed(wrong, right):
    """What differs by more than rounding."""
    return {n: v for n, v in wrong.items() if np.shape(v) != np.shape(right[n]) or not np.allclose(v, right[n])}


def _invariant(**given):
    right = _right(given)
    return _changed({"after": right["before"], "kept": np.ones_like(right["kept"])}, right)


def _like_the_inputs(**given):
    right = _right(given)
    return _changed({"kept": right["inputs_kept"]}, right)


def _other_way(**given):
    """The shift to the left: what was in view after it comes first."""
    right = _right(given)
    swapped = {"before": right["after"], "after": right["before"]}
    return _changed(swapped | {"top_before": right["top_after"], "top_after": right["top_before"]}, right)


def _means(**given):
    before, after = (_pool(v, given["width"], given["stride"], statistic=np.mean) for v in _views(given))
    return _changed({"before": before, "after": after, "kept": np.mean(before == after, axis=-1)}, _right(given))


def _whole_windows(**given):
    if given["width"] > given["row"].shape[-1] - given["shift"]:
        return {}
    before, after = (_pool(v, given["width"], given["stride"], valid=True) for v in _views(given))
    return _changed({"before": before, "after": after, "kept": np.mean(before == after, axis=-1)}, _right(given))


def _one_sided(**given):
    """A window that begins at i instead of standing around it."""
    width, out = given["width"], {}
    for name, view in zip(("before", "after"), _views(given), strict=True):
        wide = np.concatenate([view, np.full((*view.shape[:-1], width - 1), -np.inf)], axis=-1)
        windows = np.lib.stride_tricks.sliding_window_view(wide, width, axis=-1)
        out[name] = windows.max(axis=-1)[..., :: given["stride"]]
    out["kept"] = np.mean(out["before"] == out["after"], axis=-1)
    return _changed(out, _right(given))


def _changed_for_kept(**given):
    right = _right(given)
    return _changed({"kept": 1 - right["kept"]}, right)


MISTAKES = tuple(Mistake(name, zh=zh, en=en, value=value) for name, value, zh, en in (
    ("printed-000-e127", _invariant,
     "按“天然平移不变”算，池化结果一个都不变", "taken as invariant: not one pooled value would change"),
    ("like-the-inputs", _like_the_inputs,
     "那是不变的输入所占的比例，不是池化值的", "that is the share of inputs that stayed, not of pooled values"),
    ("shifted-the-other-way", _other_way,
     "方向反了：那是左移", "the wrong way: that is a shift to the left"),
    ("mean-pooling", _means,
     "这是平均池化", "that is mean pooling"),
    ("whole-windows-only", _whole_windows,
     "只用了完整的窗口；这里靠边的窗口截短后照样算",
     "only whole windows were used; here the cut ones at the border count too"),
    ("window-begins-here", _one_sided,
     "窗口应以该位置为中心，而不是从它开始", "the window stands around its place, it does not begin there"),
    ("changed-for-kept", _changed_for_kept,
     "那是变了的比例", "that is the share that changed"),
))  # fmt: skip


# ---- Claims.


def _moves_along(given, out):
    """With windows one apart, pooled values move with the inputs: after[i + d] = before[i] away from the borders."""
    if given["stride"] != 1:
        return 0.0
    radius, shift, count = given["width"] // 2, given["shift"], out["before"].shape[-1]
    inside = np.arange(radius, count - radius - shift)
    return out["after"][..., inside + shift] - out["before"][..., inside]


def _stays_while_the_largest_stays(given, out):
    """A pooled value stays where the numbers in both windows reach the largest of either."""
    row, radius, shift = given["row"], given["width"] // 2, given["shift"]
    count = row.shape[-1] - shift
    place = np.arange(0, count, given["stride"])
    low, high = np.maximum(place - radius, 0), np.minimum(place + radius + 1, count)
    common = np.full(out["before"].shape, -np.inf)
    either = common.copy()
    for away in range(-min(radius, count), min(radius, count) + 1 + shift):
        at = place + away
        value = row[..., np.clip(at, 0, row.shape[-1] - 1)]
        before, after = (at >= low + shift) & (at < high + shift), (at >= low) & (at < high)
        common = np.maximum(common, np.where(before & after, value, -np.inf))
        either = np.maximum(either, np.where(before | after, value, -np.inf))
    return np.where(common >= either, out["after"] - out["before"], 0.0)


def _global_maximum(given, out):
    """The global maximum stays whenever what leaves and what comes in is smaller than what stays in view."""
    row, shift = given["row"], given["shift"]
    if row.shape[-1] <= 2 * shift:
        return 0.0
    common = row[..., shift : row.shape[-1] - shift].max(axis=-1)
    stays = common >= row.max(axis=-1)
    return np.where(stays, out["top_after"] - out["top_before"], 0.0)


def _counted(given, out):
    """The shares, counted one by one."""
    seen, shifted = _views(given)
    pairs = ((seen, shifted, out["inputs_kept"]), (out["before"], out["after"], out["kept"]))
    return np.array([np.count_nonzero(a == b, axis=-1) / a.shape[-1] - share for a, b, share in pairs])


def figure(given, out, steps):
    """Inputs and pooled values, before and after (figure 9.8 of the book)."""
    stride = given["stride"]
    inputs = [np.reshape(steps[n], (-1, steps[n].shape[-1]))[0][::stride] for n in ("seen", "shifted")]
    pooled = [np.reshape(out[n], (-1, out[n].shape[-1]))[0] for n in ("before", "after")]
    names = tuple(str(i * stride) for i in range(len(pooled[0])))
    return Figure(
        {"zh": "每个输入都移动了，池化后的值有多少没变", "en": "every input has moved; how many pooled values stayed"},
        (
            Bars(names, inputs[0], {"zh": "输入，移动前", "en": "input before"}),
            Bars(names, inputs[1], {"zh": "输入，移动后", "en": "input after"}),
            Bars(names, pooled[0], {"zh": "池化，移动前", "en": "pooled before"}),
            Bars(names, pooled[1], {"zh": "池化，移动后", "en": "pooled after"}),
        ),
        x={"zh": "位置", "en": "place"},
        y={"zh": "值", "en": "value"},
    )


SOLVER = Solver(
    title={"zh": "最大池化与平移", "en": "Max pooling under a shift"},
    formula=r"y_i=\max_{|j-i|\le r}x_j",
    params={
        "row": Param(
            [0.3, 0.1, 1.0, 0.2, 0.1],
            {"zh": "探测级的输出，左边多出 d 个待移入", "en": "detector values, d of them waiting at the left"},
            shape="(..., N + d)",
        ),
        "width": Param(3, {"zh": "窗口宽度 k（奇数）", "en": "width k of the window (odd)"}, kind="int"),
        "stride": Param(1, {"zh": "窗口之间的间隔", "en": "how far apart windows are"}, kind="int"),
        "shift": Param(1, {"zh": "右移 d 格", "en": "the shift to the right, d"}, kind="int"),
    },
    outputs={"before": "1", "after": "1", "top_before": "1", "top_after": "1"},
    steps={
        "seen": {"zh": "移动前看到的输入", "en": "inputs in view before"},
        "shifted": {"zh": "移动后看到的输入", "en": "inputs in view after"},
        "inputs_kept": {"zh": "没变的输入所占的比例", "en": "share of inputs that stayed"},
        "kept": {"zh": "没变的池化值所占的比例", "en": "share of pooled values that stayed"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="scipy.ndimage.maximum_filter1d; sorting",
    sample=sample,
    variant=variant,
    edges=(
        {"row": [2.0, 2.0, 2.0, 2.0]},
        {"row": [1.0, 2.0], "width": 99},
        {"row": [0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "stride": 2},
    ),
    tolerance={"float64": 1e-12, "float32": 1e-6},
    claims=(
        Claim(
            "moves-along",
            zh="窗口逐格放置时，池化后的值随输入一起移动：等变，不是不变",
            en="with windows one apart the pooled values move along with the inputs: equivariant, not invariant",
            residual=_moves_along,
        ),
        Claim(
            "stays-while-the-largest-stays",
            zh="窗口里的最大值移动后仍在窗口内、又没有更大的移进来，该池化值就不变",
            en="a pooled value stays where its largest input stays in the window and nothing larger comes in",
            residual=_stays_while_the_largest_stays,
        ),
        Claim(
            "global-maximum-stays",
            zh="最大的数没移出视野、又没有更大的移进来，全局最大池化的值就不变",
            en="a global maximum does not change as long as it stays in view and nothing larger comes in",
            residual=_global_maximum,
        ),
        Claim("shares", zh="两个比例都是逐个数出来的", en="both shares, counted one by one", residual=_counted),
    ),
    mistakes=MISTAKES,
    rejects=(
        Reject({"row": [1.0]}, "shift must lie between 1"),
        Reject({"row": [1.0, float("nan"), 2.0]}, "row must hold finite numbers"),
        Reject({"width": 2}, "width must be odd"),
        Reject({"width": 0}, "width must be odd"),
        Reject({"stride": 0}, "stride must lie between 1 and 99"),
        Reject({"shift": 5}, "shift must lie between 1 and 4"),
        Reject({"row": np.zeros(1_000_001)}, "row must hold at most 1000000 numbers"),
    ),
    figure=figure,
)
