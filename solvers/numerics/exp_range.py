"""Where exp leaves a binary floating format: from which x on e^x is infinite, subnormal, zero.

A format of E exponent bits and F fraction bits (IEEE 754 rules) has bias b = 2^(E-1) - 1,
    largest finite number  (2 - 2^-F) 2^b,   smallest normal one  2^(1-b),   smallest subnormal one  2^(1-b-F).
Outputs, all natural logarithms: overflow_above of the largest; subnormal_below of the smallest normal;
zero_below of half the smallest subnormal (what is below rounds to 0).
Known formats: float16 (5, 10), bfloat16 (8, 7), float32 (8, 23), float64 (11, 52).
Errors: BadInput for exponent bits outside 3..15 or fraction bits outside 1..112.
Reference: IEEE 754-2019, section 3.4; Goodfellow et al. (2016), section 4.1.
"""

from __future__ import annotations

import math

import numpy as np

from solvers.contract import Bars, Claim, Figure, Mistake, Param, Reject, Solver, require

LN2 = 0.6931471805599453
FORMATS = {"float16": (5, 10), "bfloat16": (8, 7), "float32": (8, 23), "float64": (11, 52)}
HARDWARE = {(5, 10): np.float16, (8, 23): np.float32, (11, 52): np.float64}


def check(exponent_bits, fraction_bits):
    require(3 <= exponent_bits <= 15, "exponent_bits", "lie between 3 and 15", exponent_bits)
    require(1 <= fraction_bits <= 112, "fraction_bits", "lie between 1 and 112", fraction_bits)


def compute(xp, note, exponent_bits, fraction_bits):
    bias = 2 ** (exponent_bits - 1) - 1
    note("bias", bias)
    note("lowest_power", 1 - bias - fraction_bits)
    return {
        "overflow_above": bias * LN2 + math.log(2 - 2.0**-fraction_bits),
        "subnormal_below": (1 - bias) * LN2,
        "zero_below": -(bias + fraction_bits) * LN2,
    }


def oracle(exponent_bits, fraction_bits):
    """The numbers themselves, as exact integers over a power of two, and their logarithms to 50 digits."""
    import decimal

    context = decimal.Context(prec=50, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
    top = 2 ** (exponent_bits - 1)  # one past the largest exponent
    significand = int("1" * (fraction_bits + 1), 2)  # all ones

    def log(integer, power):
        """ln(integer * 2^power)."""
        two = context.ln(decimal.Decimal(2))
        return float(context.add(context.ln(decimal.Decimal(integer)), context.multiply(decimal.Decimal(power), two)))

    return {
        "overflow_above": log(significand, top - 1 - fraction_bits),
        "subnormal_below": log(1, 2 - top),
        "zero_below": log(1, 2 - top - fraction_bits - 1),
    }


def sample(rng):
    return {"exponent_bits": int(rng.integers(3, 16)), "fraction_bits": int(rng.integers(1, 113))}


def variant(rng):
    """Four to eleven exponent bits, and so many fraction bits that subnormal numbers reach visibly lower."""
    exponent = int(rng.integers(4, 12))
    least = max(5, 2 ** (exponent - 1) // 16)
    return {"exponent_bits": exponent, "fraction_bits": int(rng.integers(least, least + 49))}


def _limits(bias, fraction_bits):
    return {
        "overflow_above": bias * LN2 + math.log(2 - 2.0**-fraction_bits),
        "subnormal_below": (1 - bias) * LN2,
        "zero_below": -(bias + fraction_bits) * LN2,
    }


def _no_bias(exponent_bits, fraction_bits):
    """All exponent bits taken for the size: half of the exponents are negative."""
    bias = 2**exponent_bits - 1
    return {**_limits(bias, fraction_bits), "lowest_power": 1 - bias - fraction_bits}


def _powers_of_two(exponent_bits, fraction_bits):
    return {name: v / LN2 for name, v in _limits(2 ** (exponent_bits - 1) - 1, fraction_bits).items()}


def _powers_of_ten(exponent_bits, fraction_bits):
    return {name: v / math.log(10) for name, v in _limits(2 ** (exponent_bits - 1) - 1, fraction_bits).items()}


def _no_subnormals(exponent_bits, fraction_bits):
    right = _limits(2 ** (exponent_bits - 1) - 1, fraction_bits)
    return {"zero_below": right["subnormal_below"], "lowest_power": 2 - 2 ** (exponent_bits - 1)}


def _mirrored(exponent_bits, fraction_bits):
    right = _limits(2 ** (exponent_bits - 1) - 1, fraction_bits)
    return {"zero_below": -right["overflow_above"]}


def _as_hardware(given, out):
    """numpy's own exp in this format: finite and infinite, normal and subnormal, non-zero and zero, each side."""
    kind = HARDWARE.get((given["exponent_bits"], given["fraction_bits"]))
    if kind is None:
        return 0.0
    near = 4 * float(np.finfo(kind).eps)
    tiny = np.finfo(kind).tiny

    def exp(limit, side):
        return np.exp(np.asarray([limit * (1 + side * near)], dtype=kind))[0]

    over, sub, zero = (float(out[name]) for name in ("overflow_above", "subnormal_below", "zero_below"))
    seen = (
        np.isfinite(exp(over, -1)), np.isinf(exp(over, 1)),
        exp(sub, -1) >= tiny, exp(sub, 1) < tiny,
        exp(zero, -1) > 0, exp(zero, 1) == 0,
    )  # fmt: skip
    return np.array([0.0 if fine else 1.0 for fine in seen])


def _reaches_farther_down(given, out):
    """-zero_below less overflow_above is (F - 1) ln 2, but for the last bit: subnormals reach farther down."""
    gap = -out["zero_below"] - out["overflow_above"]
    return np.minimum(gap - (given["fraction_bits"] - 1) * LN2, 0.0) / (1 + abs(float(gap)))


def figure(given, out, steps):
    names = (*FORMATS, "this")
    limits = [_limits(2 ** (e - 1) - 1, f) for e, f in FORMATS.values()] + [{n: float(v) for n, v in out.items()}]
    return Figure(
        title={"zh": "e^x 在哪里上溢、在哪里归零", "en": "where e^x overflows and where it vanishes"},
        marks=(
            Bars(names, np.array([one["overflow_above"] for one in limits]), {"zh": "上溢", "en": "overflow above"}),
            Bars(names, np.array([one["zero_below"] for one in limits]), {"zh": "归零", "en": "zero below"}),
        ),
        x={"zh": "格式", "en": "format"},
        y={"zh": "x", "en": "x"},
    )


SOLVER = Solver(
    title={"zh": "浮点格式里指数函数的范围", "en": "The range of exp in a floating format"},
    formula=r"e^x<\infty\iff x\le\ln\left[(2-2^{-F})\,2^{b}\right],\quad b=2^{E-1}-1",
    params={
        "exponent_bits": Param(8, {"zh": "指数位数 E", "en": "exponent bits E"}, kind="int"),
        "fraction_bits": Param(23, {"zh": "尾数（小数）位数 F", "en": "fraction bits F"}, kind="int"),
    },
    outputs={"overflow_above": "1", "subnormal_below": "1", "zero_below": "1"},
    steps={
        "bias": {"zh": "偏置 b，也是最大的二进指数", "en": "bias b, which is the largest binary exponent too"},
        "lowest_power": {"zh": "最小的正数是 2 的几次幂", "en": "the smallest positive number is 2 to this power"},
    },
    check=check,
    compute=compute,
    oracle=oracle,
    oracle_route="the numbers as exact integers, logarithms to 50 digits in decimal",
    sample=sample,
    variant=variant,
    edges=(
        {"exponent_bits": 5, "fraction_bits": 10},
        {"exponent_bits": 11, "fraction_bits": 52},
        {"exponent_bits": 8, "fraction_bits": 7},
        {"exponent_bits": 3, "fraction_bits": 1},
        {"exponent_bits": 15, "fraction_bits": 112},
    ),
    tolerance={"float64": 1e-12},
    smooth=False,
    batched=False,
    claims=(
        Claim(
            "as-hardware",
            zh="numpy 的 exp 恰在这三处变成无穷、次正规数和 0（float16、32、64）",
            en="numpy's exp turns infinite, subnormal and zero exactly there (float16, 32, 64)",
            residual=_as_hardware,
        ),
        Claim(
            "reaches-farther-down",
            zh="次正规数使下端比上端多出至少 (F−1)·ln 2",
            en="subnormals carry the lower end at least (F-1) ln 2 farther than the upper one",
            residual=_reaches_farther_down,
        ),
    ),
    mistakes=(
        Mistake(
            "no-bias",
            "没有减偏置：指数有一半是负的",
            "the bias was forgotten: half of the exponents are negative",
            _no_bias,
        ),
        Mistake(
            "powers-of-two", "这是以 2 为底的指数，还要乘 ln 2", "that is the exponent of 2; times ln 2", _powers_of_two
        ),
        Mistake(
            "powers-of-ten",
            "这是以 10 为底的指数，还要乘 ln 10",
            "that is the exponent of 10; times ln 10",
            _powers_of_ten,
        ),
        Mistake(
            "no-subnormals",
            "那里才开始变成次正规数，还没有归零",
            "there the results turn subnormal; they are not zero yet",
            _no_subnormals,
        ),
        Mistake(
            "mirrored",
            "下端不是上端的相反数：次正规数让它更远",
            "the lower end is no mirror of the upper: subnormals reach farther",
            _mirrored,
        ),
    ),
    rejects=(
        Reject({"exponent_bits": 2}, "exponent_bits must lie between 3 and 15"),
        Reject({"exponent_bits": 64}, "exponent_bits must lie between 3 and 15"),
        Reject({"fraction_bits": 0}, "fraction_bits must lie between 1 and 112"),
        Reject({"fraction_bits": 10.5}, "fraction_bits must be an integer"),
    ),
    figure=figure,
)
