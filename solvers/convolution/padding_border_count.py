"""Who sees whom in a padded 1-D convolution: outputs that each input reaches, inputs that each output sees.

Arguments: width m, kernel k (stride 1), mode. Outputs: reach (m,), seen (n,), width_out n, border = reach of input 0.
Zeros padded on the left: valid 0, same floor((k-1)/2), full k-1; together 0, k-1, 2(k-1). A zero of the padding is no
input. Not batched: the outputs' shapes follow from the arguments.
Errors: BadInput for numbers below 1, a valid kernel wider than the input, more than a million pairs m*k.
Reference: Goodfellow et al. (2016), section 9.5.
"""

from __future__ import annotations

import numpy as np

from solvers.contract import Claim, Figure, Lines, Mistake, Param, Reject, Solver, require

MODES = ("valid", "same", "full")
PAIRS = 1_000_000


def check(m, k, mode):
    require(m >= 1, "m", "be at least 1", m)
    require(k >= 1, "k", "be at least 1", k)
    require(m * k <= PAIRS, "m", f"keep m*k within {PAIRS}", m)
    require(mode != "valid" or k <= m, "k", "be at most m in mode valid", k)


def noise(rng, m, k, mode):
    """The positions 0 … m-1: nothing random, but their number depends on m."""
    return {"pixel": np.arange(m)}


def _zeros(k, mode):
    """Zeros on the left, zeros on both sides."""
    return {"valid": (0, 0), "same": ((k - 1) // 2, k - 1), "full": (k - 1, 2 * (k - 1))}[mode]


def _overlap(xp, place, first, length, size):
    """How many of the ``length`` positions from ``place + first`` on lie within 0 … size-1."""
    low, high = place + first, place + (first + length - 1)
    low = xp.where(low > 0, low, xp.zeros_like(low))
    high = xp.where(high < size - 1, high, xp.full_like(high, size - 1))
    return high - low + 1


def compute(xp, note, m, k, mode, pixel):
    left, total = _zeros(k, mode)
    n = m + total - k + 1
    reach = _overlap(xp, pixel, left - k + 1, k, n)
    place = xp.arange(n, dtype=pixel.dtype, device=pixel.device)
    seen = _overlap(xp, place, -left, k, m)
    note("padded", xp.full_like(pixel[0, ...], m + total))
    return {"reach": reach, "seen": seen, "width_out": xp.full_like(pixel[0, ...], n), "border": reach[0, ...]}


def oracle(m, k, mode, pixel):
    """Slide a window over the padded row and note who lies under it."""
    outside = -1
    zeros = {"valid": [0, 0], "same": [(k - 1) // 2, k // 2], "full": [k - 1, k - 1]}[mode]
    row = [outside] * zeros[0] + list(range(m)) + [outside] * zeros[1]
    reach, seen = [0] * m, []
    start = 0
    while start + k <= len(row):
        under = [i for i in row[start : start + k] if i != outside]
        for i in under:
            reach[i] += 1
        seen.append(len(under))
        start += 1
    return {name: np.asarray(v) for name, v in zip(
        ("reach", "seen", "width_out", "border"), (reach, seen, len(seen), reach[0]), strict=True
    )}  # fmt: skip


def sample(rng):
    k = int(rng.integers(2, 8))
    return {"m": k + int(rng.integers(1, 12)), "k": k, "mode": str(rng.choice(MODES))}


def variant(rng):
    """An odd kernel and a row with room for it on both sides; mostly same, where no answer is 1 or k alone."""
    k = 2 * int(rng.integers(1, 32)) + 1
    return {"m": int(rng.integers(2 * k, 2 * k + 61)), "k": k, "mode": str(rng.choice(MODES, p=(0.1, 0.8, 0.1)))}


def _counts(m, k, mode):
    """Right numbers on the host."""
    steps = {}
    out = compute(np, steps.__setitem__, m, k, mode, np.arange(m))
    return {name: np.asarray(value) for name, value in {**out, **steps}.items()}


def _wrong(rule):
    """The mistaken outputs, those left out that come out right."""

    def value(m, k, mode, pixel):
        right = _counts(m, k, mode)
        wrong = {name: np.asarray(v) for name, v in rule(m, k, mode, right).items()}
        return {name: v for name, v in wrong.items() if not np.array_equal(v, right[name])}

    return value


def _everywhere_k(m, k, mode, right):
    return {"reach": np.full(m, k), "border": k}


def _sees_k(m, k, mode, right):
    return {"seen": np.full(right["seen"].shape, k)}


def _another_mode(names):
    """The counts of another mode: those of them whose shape the mode does not change, and the width."""

    def rule(m, k, mode, right):
        other = names[mode]
        if other == "valid" and k > m:
            return {}
        counts = _counts(m, k, other)
        return {name: counts[name] for name in ("reach", "width_out", "border", "padded")}

    return rule


def _one_off(m, k, mode, right):
    change = {"valid": -1, "same": 0, "full": 1}[mode]
    return {"width_out": right["width_out"] + change} if right["width_out"] + change >= 1 else {}


def _links(given, out):
    return (np.sum(out["reach"]) - np.sum(out["seen"])) / (1 + np.sum(out["seen"]))


def _at_most_k(given, out):
    short = out["reach"] - given["k"]
    return short if given["mode"] == "full" else np.maximum(short, 0)


def _sees_at_most_k(given, out):
    short = out["seen"] - given["k"]
    return short if given["mode"] == "valid" else np.maximum(short, 0)


def _first_input(given, out):
    right = {"valid": 1, "same": (given["k"] + 1) // 2, "full": given["k"]}[given["mode"]]
    return out["reach"][0] - np.minimum(right, out["width_out"])


def _first_output(given, out):
    right = {"valid": given["k"], "same": given["k"] // 2 + 1, "full": 1}[given["mode"]]
    return out["seen"][0] - np.minimum(right, given["m"])


def _border_loses(given, out):
    """Outputs by which the best pixel fails to beat the first one, in valid and same, where it has to."""
    m, k = given["m"], given["k"]
    has_to = k >= 2 and {"valid": m > k, "same": m >= k, "full": False}[given["mode"]]
    return np.maximum(out["reach"][0] + 1 - np.max(out["reach"]), 0) if has_to else 0.0


def figure(given, out, steps):
    m, k = int(given["m"]), int(given["k"])
    modes = [mode for mode in MODES if mode != "valid" or k <= m]
    return Figure(
        title={
            "zh": f"每个输入像素影响多少个输出（k = {k}）",
            "en": f"Outputs that each input pixel reaches (k = {k})",
        },
        marks=tuple(Lines(np.arange(m), _counts(m, k, mode)["reach"], {"zh": mode, "en": mode}) for mode in modes),
        x={"zh": "输入像素", "en": "input pixel"},
        y={"zh": "输出个数", "en": "outputs"},
    )


SOLVER = Solver(
    title={"zh": "零填充与边界像素：谁影响谁", "en": "Zero padding and the border: who sees whom"},
    formula=r"r_i=\#\{j:\ 0\le j<n,\ 0\le i+p-j<k\}",
    params={
        "m": Param(7, {"zh": "输入宽度", "en": "input width"}, kind="int"),
        "k": Param(3, {"zh": "核宽", "en": "kernel width"}, kind="int"),
        "mode": Param("same", {"zh": "零填充的方式", "en": "how zeros are padded"}, kind="choice", choices=MODES),
    },
    outputs={"reach": "outputs", "seen": "inputs", "width_out": "pixels", "border": "outputs"},
    steps={"padded": {"zh": "填充之后的宽度", "en": "padded width"}},
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="sliding a window over the padded row and counting, one by one",
    sample=sample,
    variant=variant,
    edges=(
        {"m": 1, "k": 1, "mode": "valid"},
        {"m": 3, "k": 3, "mode": "valid"},
        {"m": 2, "k": 5, "mode": "same"},
        {"m": 2, "k": 5, "mode": "full"},
        {"m": 6, "k": 4, "mode": "same"},
        {"m": 7, "k": 3, "mode": "valid"},
        {"m": 7, "k": 3, "mode": "full"},
    ),
    noise=noise,
    tolerance={"int64": 0},
    smooth=False,
    batched=False,
    claims=(
        Claim(
            "same-links-from-both-sides",
            zh="从输入数与从输出数，连接总数相等",
            en="the links come to the same number counted from the inputs and from the outputs",
            residual=_links,
        ),
        Claim(
            "full-uses-each-pixel-k-times",
            zh="每个像素最多被用 k 次；full 时恰好都是 k 次",
            en="a pixel is used at most k times, and in full mode each one exactly k times",
            residual=_at_most_k,
        ),
        Claim(
            "valid-sees-k-inputs",
            zh="每个输出最多看到 k 个输入；valid 时恰好都是 k 个",
            en="an output sees at most k inputs, and in valid mode each one exactly k",
            residual=_sees_at_most_k,
        ),
        Claim(
            "first-input",
            zh="最左边的像素影响的输出：valid 1 个，same ⌊(k+1)/2⌋ 个，full k 个（不超过输出宽度）",
            en="the leftmost pixel reaches 1 output in valid, floor((k+1)/2) in same, k in full (if there are so many)",
            residual=_first_input,
        ),
        Claim(
            "first-output",
            zh="最左边的输出看到的输入：valid k 个，same ⌊k/2⌋+1 个，full 1 个（不超过输入宽度）",
            en="the leftmost output sees k inputs in valid, floor(k/2)+1 in same, 1 in full (if there are so many)",
            residual=_first_output,
        ),
        Claim(
            "border-is-underused",
            zh="valid 与 same 中，最左边的像素影响的输出少于中间的像素（输入容得下核）",
            en="in valid and same, the leftmost pixel reaches fewer outputs than a middle one (if the kernel has room)",
            residual=_border_loses,
        ),
    ),
    mistakes=(
        Mistake(
            "k-everywhere",
            zh="只有 full 才让每个像素都被用 k 次；其他方式下边上的像素更少",
            en="only full uses every pixel k times; otherwise those at the border are used less",
            value=_wrong(_everywhere_k),
        ),
        Mistake(
            "zeros-are-inputs",
            zh="把补的零也算成了输入",
            en="zeros of the padding were counted as inputs",
            value=_wrong(_sees_k),
        ),
        Mistake(
            "valid-and-full-mixed-up",
            zh="valid 和 full 记反了：valid 不补零，full 两侧各补 k−1",
            en="valid and full are mixed up: valid pads nothing, full pads k-1 on each side",
            value=_wrong(_another_mode({"valid": "full", "full": "valid", "same": "same"})),
        ),
        Mistake(
            "taken-for-same",
            zh="这是 same 的结果",
            en="that is what same gives",
            value=_wrong(_another_mode({"valid": "same", "full": "same", "same": "same"})),
        ),
        Mistake(
            "same-taken-for-valid",
            zh="这是 valid 的结果，same 还要补 k−1 个零",
            en="that is what valid gives; same pads k-1 zeros more",
            value=_wrong(_another_mode({"valid": "valid", "full": "full", "same": "valid"})),
        ),
        Mistake(
            "one-off",
            zh="差一：valid 是 m−k+1，full 是 m+k−1",
            en="off by one: valid gives m-k+1, full m+k-1",
            value=_wrong(_one_off),
        ),
    ),
    rejects=(
        Reject({"m": 0}, "m must be at least 1"),
        Reject({"k": 0}, "k must be at least 1"),
        Reject({"m": 3, "k": 5, "mode": "valid"}, "k must be at most m in mode valid"),
        Reject({"m": 10**9}, "m must keep m*k within"),
        Reject({"mode": "causal"}, "mode must be one of valid, same, full"),
    ),
    figure=figure,
)
