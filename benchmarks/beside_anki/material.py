"""The same made-up notes and reviews for both programs. Standard library only: both environments import it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

DAY_MS = 86_400_000
DECAY = 0.1542
WORDS = [
    "gradient",
    "kernel",
    "softmax",
    "entropy",
    "attention",
    "dropout",
    "momentum",
    "residual",
    "encoder",
    "decoder",
    "batch",
    "layer",
    "weight",
    "bias",
    "sigmoid",
    "tensor",
    "channel",
    "stride",
    "padding",
    "pooling",
    "variance",
    "likelihood",
    "posterior",
    "prior",
    "sample",
    "divergence",
    "norm",
    "penalty",
    "sparse",
    "feature",
    "label",
    "loss",
    "margin",
    "vector",
    "matrix",
    "eigenvalue",
    "hessian",
    "convex",
    "saddle",
    "plateau",
    "epoch",
    "learning",
    "rate",
    "schedule",
    "decay",
    "warmup",
    "recurrent",
    "gate",
    "memory",
    "cell",
    "sequence",
    "token",
    "embedding",
    "query",
    "value",
    "head",
    "mask",
    "position",
    "beam",
    "search",
    "policy",
]
HAN = "梯度熵核卷积池化注意力编码解码批归一层权重偏置张量通道步长填充方差似然后验先采样散范数惩罚稀疏特征标签损失间隔"


@dataclass(frozen=True, slots=True)
class Note:
    """A question and its answer, with a word and a Chinese run that no other note holds."""

    front: str
    back: str
    word: str
    run: str


def note(number: int) -> Note:
    """The note of a number; about 200 characters, half of them Chinese words."""
    rng = random.Random(number)
    english, chinese = rng.choices(WORDS, k=15), "".join(rng.choices(HAN, k=50))
    word = f"{rng.choice(WORDS)[:3]}x{number:07d}"
    run = "".join(chr(0x4E00 + (number // 700**k) % 700) for k in range(2)) + "唯一"
    front = f"{chinese[:20]}？ {' '.join(english[:4])}?"
    back = f"{' '.join(english[4:])}, {word}. {chinese[20:40]}，{run}，{chinese[40:]}。"
    return Note(front, back, word, run)


@dataclass(frozen=True, slots=True)
class Review:
    """One review: ``ago`` days before today, ``rating`` 1 to 4, ``gap`` the days that it chose."""

    ago: int
    rating: int
    ms: int
    gap: int
    stability: float


def reviews(number: int, count: int) -> list[Review]:
    """A card's reviews in order, all within the last year. About half of all cards are due today."""
    rng = random.Random(-1 - number)
    gaps = [max(1, round(1.5**k * rng.uniform(0.7, 1.4))) for k in range(count)]
    ago = gaps[-1] + rng.randint(-min(gaps[-1], 20), 200)
    found = []
    for k in range(count - 1, -1, -1):
        rating = rng.choices((1, 2, 3, 4), (8, 7, 75, 10))[0]
        found.append(Review(min(ago, 364), rating, rng.randint(3_000, 30_000), gaps[k], gaps[k] * 1.1 + 0.3))
        ago += gaps[k - 1] if k else 0
    return found[::-1]


def history(cards: int, total: int) -> Iterator[tuple[int, list[Review]]]:
    """Every card's number and reviews; about ``total`` reviews in all."""
    return ((number, reviews(number, max(1, total // cards))) for number in range(cards))
