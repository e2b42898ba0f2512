"""The smallest file without a fault; tests change one thing in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

GOOD = r"""schema = 1
id = 'my-kl'
rev = 1
stars = 2
stars_from = 'editorial'
topics = ['information']

[[source]]
doc = '000'
heading = '相对熵'

[zh]
title = '相对熵'
prompt = '什么是相对熵？'
answer = '''
它不对称：$P=(0.5,0.5)$ 时 $D(P\|Q)=0.511$ 奈特。
'''

[en]
title = 'Relative entropy'
prompt = 'What is relative entropy?'
answer = '''
It is not symmetric: with $P=(0.5,0.5)$, $D(P\|Q)=0.511$ nats.
'''

[[point]]
id = 'definition'
zh = '定义'
en = 'the definition'
essential = true

[[point]]
id = 'asymmetric'
zh = '不对称'
en = 'not symmetric'

[[point]]
id = 'non-negative'
zh = '非负'
en = 'non-negative'

[[demo]]
id = 'fair'
solver = 'kl-divergence'
set = { p = [0.5, 0.5], q = [0.9, 0.1] }

[[number]]
shown = '0.511'
demo = 'fair'
value = 'D'

[[number]]
shown = '0.5'
demo = 'fair'
input = 'p[0]'

[[fact]]
id = 'q16.2.f1'
solver = 'kl-divergence'
claim = 'non-negative'

[[item]]
id = 'by-hand'
kind = 'number'
solver = 'kl-divergence'
ask = 'D'
zh.stem = '已知 $P=<<p>>$，$Q=<<q>>$，求 $D(P\|Q)$。'
en.stem = 'Let $P=<<p>>$ and $Q=<<q>>$. What is $D(P\|Q)$?'
rtol = 1e-2
atol = 1e-6
seeds = [2, 3]

[[item]]
id = 'direction'
kind = 'choice'
zh.stem = '极大似然等价于最小化哪一个？'
en.stem = 'Which one does maximum likelihood minimize?'
option = [
  { id = 'forward', zh = '$D(P\|Q)$', en = '$D(P\|Q)$', key = true },
  { id = 'backward', zh = '$D(Q\|P)$', en = '$D(Q\|P)$', mistake = 'kl-divergence:reversed' },
  { id = 'both', zh = '$D(P\|Q)+D(Q\|P)$', en = '$D(P\|Q)+D(Q\|P)$', mistake = 'metric' },
]
zh.worked = '熵与 $Q$ 无关。'
en.worked = 'The entropy does not depend on $Q$.'

[[mistake]]
id = 'metric'
zh = '当成了对称的距离'
en = 'takes it for a symmetric distance'

[[erratum]]
id = '000-E049'
origin = 'author'
printed = 'D_P(Q)'
right = 'D(P\|Q)'
why = { zh = '次序不能换。', en = 'The order matters.' }
reference = 'Goodfellow et al. 2016, eq. 3.50'
proof = { solver = 'kl-divergence', mistake = 'reversed', margin = 1e-3 }
"""


@pytest.fixture
def good() -> str:
    return GOOD


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """``write(text, name)`` puts a file into a folder of its own."""

    def put(text: str | bytes, name: str = "my-kl.toml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return put


@pytest.fixture
def change(good: str) -> Callable[..., str]:
    """``change(old, new)`` is the good file with the first ``old`` replaced; ``old`` must be there."""

    def swap(*pairs: tuple[str, str]) -> str:
        text = good
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new, 1)
        return text

    return swap
