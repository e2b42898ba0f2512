"""The file that a new question starts from: valid TOML with empty texts, which the lint then lists."""

from __future__ import annotations

_SCAFFOLD = r"""# 单引号里的反斜杠就是反斜杠；多行用三个单引号。填好后运行 qbank lint。
# In single quotes a backslash is a backslash; three of them hold several lines. Fill in, then run: qbank lint
schema = 1
id = '<ID>'
rev = 1
stars = 1                       # 1 到 3 / 1 to 3
stars_from = 'editorial'
topics = ['<TOPIC>']

[zh]
title = ''
prompt = ''
answer = '''
'''

[en]
title = ''
prompt = ''
answer = '''
'''

# 完整的口头回答要讲到的 3 到 6 点 / the 3 to 6 points that a full spoken answer touches
[[point]]
id = 'first'
zh = ''
en = ''
essential = true

[[point]]
id = 'second'
zh = ''
en = ''

[[point]]
id = 'third'
zh = ''
en = ''

# 以下可选，去掉 # 即可 / optional from here on: remove the #
#
# [[source]]
# doc = '000'
# heading = ''
#
# [[demo]]                      # qbank solvers
# id = 'a-demo'
# solver = 'kl-divergence'
# set = { p = [0.5, 0.5], q = [0.9, 0.1] }
#
# [[number]]                    # 正文里的每个小数 / every decimal of the answer
# shown = '0.511'
# demo = 'a-demo'
# value = 'D'
#
# [[item]]
# id = 'by-hand'
# kind = 'number'
# solver = 'kl-divergence'
# ask = 'D'
# zh.stem = '已知 $P=<<p>>$，$Q=<<q>>$，求 $D(P\|Q)$（奈特）。'
# en.stem = 'Let $P=<<p>>$ and $Q=<<q>>$. What is $D(P\|Q)$ in nats?'
# rtol = 1e-2
# seeds = [1, 3, 4]
#
# [[item]]
# id = 'which'
# kind = 'choice'
# zh.stem = ''
# en.stem = ''
# option = [
#   { id = 'right', zh = '', en = '', key = true },
#   { id = 'wrong', zh = '', en = '', mistake = 'a-misconception' },
#   { id = 'also-wrong', zh = '', en = '', mistake = 'kl-divergence:reversed' },
# ]
#
# [[mistake]]
# id = 'a-misconception'
# zh = ''
# en = ''
"""


def scaffold(question_id: str, topic: str = "information") -> str:
    """The text of a new question file. ``question_id`` and ``topic`` are ids."""
    return _SCAFFOLD.replace("<ID>", question_id).replace("<TOPIC>", topic)
