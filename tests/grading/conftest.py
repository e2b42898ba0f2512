"""Hand-made deals: one of each kind."""

from __future__ import annotations

import pytest

from qbank.domain import Dealt, Point, ShownOption, Text, Trap

STEM = Text("题目", "stem")
WORKED = Text("推导", "worked")
OTHER_WAY = Text("这是反方向的 D(Q‖P)", "that is D(Q||P), the other direction")


@pytest.fixture
def number() -> Dealt:
    return Dealt(
        "kl-divergence", "by-hand", "number", 0, 1, STEM, 0.5108256237659907, rtol=1e-2, atol=1e-6, worked=WORKED,
        traps=(
            Trap("kl-divergence:reversed", OTHER_WAY, 0.36806),
            Trap("kl-divergence:near", Text("近", "near"), 0.3687),
            Trap("kl-divergence:sign", Text("符号反了", "the sign is off"), -0.5108256237659907),
        ),
    )  # fmt: skip


@pytest.fixture
def count() -> Dealt:
    return Dealt("conv", "params", "number", 0, 1, STEM, 9408, traps=(Trap("conv:bias", Text("漏", "no bias"), 9472),))


@pytest.fixture
def choice() -> Dealt:
    return Dealt(
        "q", "i", "choice", 0, 1, STEM, "forward", worked=WORKED,
        options=(
            ShownOption("backward", Text("反", "B"), "q:metric", Text("当成了距离", "takes it for a metric")),
            ShownOption("forward", Text("正", "F")),
            ShownOption("Both-Ways", Text("和", "S")),
        ),
    )  # fmt: skip


@pytest.fixture
def shape() -> Dealt:
    return Dealt(
        "q", "i", "shape", 0, 1, STEM, [1, 64, 112, 112], worked=WORKED,
        traps=(Trap("conv:no-padding", Text("忘了填充", "padding was forgotten"), [1, 64, 109, 109]),),
    )  # fmt: skip


@pytest.fixture
def recall() -> Dealt:
    points = (
        Point("a", Text("甲", "A"), True),
        Point("b", Text("乙", "B"), True),
        Point("C-d", Text("丙", "C"), True),
        Point("d", Text("丁", "D")),
    )
    return Dealt("q", "recall", "recall", 0, 1, STEM, ["a", "b", "C-d"], points=points, worked=WORKED)
