from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qbank.storage import ContentRow, content
from qbank.storage import search as index
from qbank.storage.tables import EXTRA_DDL

TEXTS = {
    "kl-divergence": (
        {"zh": "相对熵", "en": "KL divergence"},
        {"zh": "相对熵（KL散度）不对称。", "en": "The KL-divergence of P from Q."},
    ),
    "relative-motion": (
        {"zh": "相对运动", "en": "Relative motion"},
        {"zh": "熵在这里只提到一次", "en": "moving frames, Rényi"},
    ),
    "languages": (
        {"zh": "语言", "en": "Languages"},
        {"zh": "用 C++ 和 C# 写", "en": "in C++ or C# AND not Cobol; 100%"},
    ),
}

PLAIN = "aZ09 _-.,\"'$%*/:;<=?@[]^`{|}~!&()\n熵相对散一龥，。、；：？！（）“”《》—"


@pytest.fixture
def bank(store):
    rows = [
        ContentRow(id_, "bundled", 1, (), (), {}, {}, texts=texts, titles=titles)
        for id_, (titles, texts) in TEXTS.items()
    ]
    with store.write() as tx:
        content.put(tx, "v1", rows)
        content.put(tx, "v2", [ContentRow("other", "user", 1, (), (), {}, {}, texts={"zh": "相对熵"})])
    return store


def search(store, text, version="v1"):
    with store.read() as tx:
        return content.search(tx, version, text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("熵", ["kl-divergence", "relative-motion"]),  # one character; the title counts more
        ("相对", ["kl-divergence", "relative-motion"]),
        ("相对熵", ["kl-divergence"]),
        ("对熵", ["kl-divergence"]),
        ("相熵", []),  # not adjacent
        ("熵散", []),  # never across punctuation
        ("运动 熵", ["relative-motion"]),
        ("KL", ["kl-divergence"]),
        ("kl散度", ["kl-divergence"]),
        ("KL-divergence", ["kl-divergence"]),
        ("ｋｌ", ["kl-divergence"]),  # full width
        ("diverg", ["kl-divergence"]),  # the beginning of a word
        ("vergence", []),
        ("renyi", ["relative-motion"]),
        ("C++", ["languages"]),
        ("C#", ["languages"]),
        ("c", ["languages"]),
        ("AND", ["languages"]),
        ("100%", ["languages"]),
        ("divergence NOT kl", []),
    ],
)
def test_what_is_found(bank, text, found):
    got = search(bank, text)
    assert sorted(got) == sorted(found)
    if text == "熵":
        assert got == found


@pytest.mark.parametrize(
    "text", ["", " ", '"', '""', "*", "'", "(", "^", ":", "title:", "{a b}", "\x00", "-", "++", "；"]
)
def test_terms_that_hold_no_word_find_nothing(bank, text):
    assert search(bank, text) == []


def test_only_the_asked_version_is_searched(bank):
    assert search(bank, "相对熵", "v2") == ["other"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40))
def test_no_text_breaks_the_query(bank, text):
    assert set(search(bank, text)) <= set(TEXTS)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x4E20), min_size=1, max_size=12), st.data())
def test_every_part_of_a_chinese_text_matches_it(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    typed = text[start:end]
    phrase = index.match(typed)
    assert phrase is not None
    found = f" {index.tokens(text)} "
    if len(typed) == 1:  # the beginning of a token
        assert phrase == f'"{typed}"*'
        assert f" {typed}" in found
    else:
        assert f" {phrase.strip(chr(34))} " in found


def test_a_phrase_never_spans_two_runs():
    assert index.tokens("梯度，下降 x度下").replace("，", "").split() == ["梯度", "度", "下降", "降", "x", "度下", "下"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(PLAIN, max_size=30), min_size=1, max_size=5))
def test_plain_text_is_cut_into_the_same_tokens_as_any_other(texts) -> None:
    def indexed(cut) -> list[tuple]:
        with closing(sqlite3.connect(":memory:")) as db:
            db.execute(next(ddl for ddl in EXTRA_DDL if "fts5" in ddl))
            db.execute("CREATE VIRTUAL TABLE token USING fts5vocab(search, instance)")
            db.executemany("INSERT INTO search (title, body) VALUES ('', ?)", ((cut(text),) for text in texts))
            return db.execute("SELECT term, doc, offset FROM token ORDER BY doc, offset").fetchall()

    def slowly(text: str) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(index, "_PLAIN", re.compile("(?!)"))
            return index.tokens(text)

    assert all(index._PLAIN.fullmatch(text) for text in texts)
    assert indexed(index.tokens) == indexed(slowly)
