"""The format is strict, finds every fault with its line, and never breaks on what is handed to it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qbank.bootstrap import locations
from qbank.content import quick
from qbank.content.cursor import Cursor, Faults
from qbank.content.errors import ContentError
from qbank.content.items import item as read_item
from qbank.content.lines import Lines
from qbank.content.parse import examine, question, raw_item, raw_question
from qbank.content.read import load_file, load_folder, load_raw
from qbank.domain import Misconception, Text

Write = Callable[..., Path]
Change = Callable[..., str]


def test_the_good_file_is_read_whole(good: str, write: Write) -> None:
    found = load_file(write(good), "user")
    assert (found.id, found.rev, found.stars, found.origin) == ("my-kl", 1, 2, "user")
    assert found.facets == ("recall", "know", "compute")
    assert found.zh.answer.startswith("它不对称")
    assert found.items[0].seeds == (2, 3)
    assert found.items[1].options[1].mistake == "kl-divergence:reversed"
    assert found.items[1].worked is not None
    assert found.errata[0].proof == {"solver": "kl-divergence", "mistake": "reversed", "margin": 1e-3}
    assert found.demos[0].set == {"p": [0.5, 0.5], "q": [0.9, 0.1]}


def test_a_question_comes_back_from_stored_json(good: str) -> None:
    raw = tomllib.loads(good)
    assert raw_question(json.loads(json.dumps(raw, allow_nan=False))) == question(raw)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("stars = 2", "stars = 1"),
        ("stars = 2", "stars = 3"),
        ("seeds = [2, 3]", "seeds = [0, 9007199254740992]"),
        ("rtol = 1e-2", "rtol = 0"),
        ("rtol = 1e-2", "rtol = 0.2"),
        ("topics = ['information']", f"topics = ['{'a' * 64}']"),
        ("title = '相对熵'", "title = '相对熵　与 — “散度”'"),
    ],
)
def test_the_ends_of_every_range_are_inside(change: Change, old: str, new: str) -> None:
    assert examine(tomllib.loads(change((old, new))))[1] == ()


OTHER_KINDS = r"""
[[item]]
id = 'several'
kind = 'choices'
zh.stem = '哪些？'
en.stem = 'Which?'
option = [{ id = 'a', zh = '甲', en = 'A', key = true }, { id = 'b', zh = '乙', en = 'B', key = true }]
[[item]]
id = 'in-order'
kind = 'order'
zh.stem = '排序'
en.stem = 'Order'
part = [{ id = 'a', zh = '甲', en = 'A' }, { id = 'b', zh = '乙', en = 'B' }]
[[item]]
id = 'pairs'
kind = 'match'
zh.stem = '配对'
en.stem = 'Match'
left = [{ id = 'l1', zh = '甲', en = 'A', to = 'r2' }]
right = [{ id = 'r1', zh = '一', en = '1' }, { id = 'r2', zh = '二', en = '2' }]
[[item]]
id = 'gaps'
kind = 'cloze'
zh.stem = '[[NAME]]族'
en.stem = 'the [[NAME]] family'
gap.NAME = { zh = ['指数'], en = ['exponential'] }
[[item]]
id = 'derivative'
kind = 'formula'
zh.stem = '求导'
en.stem = 'Differentiate'
key = 'z*(1-z)'
symbols = { z = [0, 1] }
wrong = [{ mistake = 'metric', expr = 'z*(1+z)' }]
[[item]]
id = 'program'
kind = 'code'
zh.stem = '写函数'
en.stem = 'Write it'
key = '''
def f(x):
    return x
'''
[[item]]
id = 'sizes'
kind = 'shape'
solver = 'kl-divergence'
ask = 'D'
zh.stem = '形状'
en.stem = 'shape'
keys = { '2' = [1, 2] }
"""


def test_every_kind_is_read(good: str) -> None:
    found = question(tomllib.loads(good + OTHER_KINDS))
    by_id = {item.id: item for item in found.items}
    assert sum(option.key for option in by_id["several"].options) == 2
    assert [part.id for part in by_id["in-order"].parts] == ["a", "b"]
    assert by_id["pairs"].left[0].to == "r2"
    assert by_id["gaps"].gaps == {"NAME": {"zh": ("指数",), "en": ("exponential",)}}
    assert by_id["derivative"].symbols == {"z": (0.0, 1.0)}
    assert by_id["program"].key == "def f(x):\n    return x"
    assert by_id["sizes"].keys == {"2": [1, 2]}
    assert found.facets == ("recall", "know", "compute", "derive", "code")


def test_several_choices_need_a_key_and_may_have_two(change: Change) -> None:
    kind = ("kind = 'choice'", "kind = 'choices'")
    assert examine(tomllib.loads(change(kind, ("mistake = 'metric' }", "key = true }"))))[1] == ()
    faults = examine(tomllib.loads(change(kind, (", key = true", ""))))[1]
    assert [fault.rule for fault in faults] == ["one-key"]


FAULTS = {
    "schema newer": ("schema = 1", "schema = 2", "schema must be 1", 1),
    "schema true": ("schema = 1", "schema = true", "schema must be 1", 1),
    "unknown key": ("rev = 1", "rev = 1\nstarz = 3", "did you mean 'stars'", 4),
    "unknown key inside": ("title = '相对熵'", "title = '相对熵'\nnote = 'x'", "zh.note is no known key", 14),
    "id upper case": ("id = 'my-kl'", "id = 'My KL'", "id must be lower-case", 2),
    "id long": ("id = 'my-kl'", f"id = '{'a' * 65}'", "at most 64", 2),
    "no id": ("id = 'my-kl'\n", "", "id is missing", 1),
    "stars": ("stars = 2", "stars = 4", "from 1 to 3; got 4", 4),
    "stars text": ("stars = 2", "stars = '2'", "got '2'", 4),
    "stars true": ("stars = 2", "stars = true", "got true", 4),
    "stars_from": ("'editorial'", "'me'", "must be one of document, inherited, editorial", 5),
    "topics empty": ("['information']", "[]", "topics must not be empty", 6),
    "topics twice": ("['information']", "['a', 'a']", "'a' twice", 6),
    "missing English": ("title = 'Relative entropy'\n", "", "en.title is missing", 19),
    "empty text": ("title = 'Relative entropy'", "title = '  '", "en.title must not be empty", 20),
    "two lines": ("title = 'Relative entropy'", "title = '''a\nb'''", "en.title must be one line", 20),
    "control character": ("'Relative entropy'", '"Relative \\frac"', "U+000C; write it in single quotes", 20),
    "tab": ("'Relative entropy'", '"\\tau"', "en.title", 20),
    "bidirectional mark": ("'Relative entropy'", "'Relative \u202eyportne'", "U+202E", 20),
    "huge number": ("stars = 2", "stars = 0x" + "f" * 9000, "a huge number", 4),
    "date": ("q = [0.9, 0.1] }", "q = 1979-05-27 }", "numbers, texts and lists only", 45),
    "infinity in set": ("q = [0.9, 0.1] }", "q = [inf, 0] }", "in quotes: 'inf'", 45),
    "big integer in set": ("q = [0.9, 0.1] }", "q = [9007199254740993] }", "beyond 2^53", 45),
    "number without a source": ("demo = 'fair'\nvalue = 'D'\n", "", "must have demo with one of value and input", 47),
    "number with two sources": ("value = 'D'\n", "value = 'D'\ngiven = 'x'\n", "must have demo with", 47),
    "fact without claim": ("claim = 'non-negative'\n", "", "one of claim, output and step, or none", 57),
    "fact none and claim": ("claim = 'non-negative'\n", "none = 'x'\nclaim = 'y'\n", "must stand alone", 57),
    "unknown kind": ("kind = 'number'", "kind = 'sum'", "must be one of choice, choices", 64),
    "reserved id": ("id = 'by-hand'", "id = 'recall'", "must not be 'recall'", 63),
    "item twice": ("id = 'direction'", "id = 'by-hand'", "holds the id 'by-hand' twice", 73),
    "no solver": ("kind = 'number'\nsolver = 'kl-divergence'\n", "kind = 'number'\n", "item.1.solver is missing", 62),
    "key of another kind": ("ask = 'D'\n", "ask = 'D'\noption = []\n", "item.1.option is no known key", 67),
    "hint in one language": ("rtol = 1e-2", "zh.hint = 'x'\nrtol = 1e-2", "item.1.en.hint is missing", 68),
    "unknown text": ("rtol = 1e-2", "zh.tip = 'x'\nrtol = 1e-2", "item.1.zh.tip is no known key", 69),
    "rtol": ("rtol = 1e-2", "rtol = 2", "from 0 to 0.2; got 2", 69),
    "rtol nan": ("rtol = 1e-2", "rtol = nan", "from 0 to 0.2; got nan", 69),
    "seeds empty": ("seeds = [2, 3]", "seeds = []", "1 to 50 different", 71),
    "seeds twice": ("seeds = [2, 3]", "seeds = [2, 2]", "1 to 50 different", 71),
    "seeds negative": ("seeds = [2, 3]", "seeds = [-1]", "1 to 50 different", 71),
    "two keys": ("mistake = 'metric' }", "key = true }", "exactly one key; got 2", 78),
    "no key": (", key = true", "", "exactly one key; got 0", 78),
    "digits for an option": ("id = 'both'", "id = '3'", "must not be a number", 81),
    "option twice": ("id = 'both'", "id = 'forward'", "'forward' twice", 81),
    "option is no table": ("{ id = 'forward'", "3, { id = 'forward'", "must be a table; got 3", 79),
    "erratum with neither": ("proof = {", "reference2 = {", "either proof or unproven", 91),
    "erratum origin": ("origin = 'author'", "origin = 'web'", "must be one of author, copy, book", 93),
    "proof of nothing": ("mistake = 'reversed', ", "", "either mistake or claim", 98),
    "proof without margin": (", margin = 1e-3", "", "margin is missing", 98),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_told_with_its_line(name: str, change: Change, write: Write) -> None:
    old, new, message, line = FAULTS[name]
    raw, where = load_raw(write(change((old, new))))
    faults = examine(raw, where)[1]
    told = [(fault.line, fault.message) for fault in faults if message in fault.message]
    assert told, [str(fault) for fault in faults]
    assert told[0][0] == line, told
    with pytest.raises(ContentError, match=r"my-kl\.toml:\d+: "):
        load_file(write(change((old, new))))


def test_all_faults_are_found_in_the_order_of_lines(change: Change, write: Write) -> None:
    raw, where = load_raw(
        write(change(("rev = 1", "rev = 0"), ("'editorial'", "'x'"), ("seeds = [2, 3]", "seeds = 2")))
    )
    lines = [fault.line for fault in examine(raw, where)[1]]
    assert lines == [3, 5, 71]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, one in inner for found in _paths(one, (*path, key)))]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(data=st.data())
def test_no_value_anywhere_makes_a_traceback(good: str, data: st.DataObject) -> None:
    raw = tomllib.loads(good + OTHER_KINDS)
    path = data.draw(st.sampled_from(_paths(raw)[1:]))
    target = raw
    for key in path[:-1]:
        target = target[key]  # type: ignore[assignment]
    target[path[-1]] = data.draw(JSON)  # type: ignore[index]
    for fault in examine(raw, Lines(good, "f.toml"))[1]:
        assert str(fault).isprintable()


@given(raw=st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_any_table_is_judged(raw: dict[str, Any]) -> None:
    with pytest.raises(ContentError):
        question(raw)


def test_deep_nesting_is_a_fault(good: str) -> None:
    raw = tomllib.loads(good)
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    raw["demo"][0]["set"]["p"] = deep
    with pytest.raises(ContentError, match="nested too deeply"):
        question(raw)


def test_one_item_of_a_stored_question_is_the_same_as_among_all():
    loaded = load_folder(locations.questions(), "bundled")
    for whole in loaded.questions:
        raw = json.loads(json.dumps(loaded.raws[whole.id]))
        for item in whole.items:
            part = raw_item(raw, item.id)
            assert (part.id, part.rev, part.items, part.mistakes) == (
                whole.id, whole.rev, (item,), whole.mistakes,
            )  # fmt: skip
        assert raw_item(raw, "no-such-item") is None


def test_one_item_of_a_stored_question_is_held_to_the_same_rules():
    loaded = load_folder(locations.questions(), "bundled")
    whole = next(q for q in loaded.questions if q.items)
    raw = json.loads(json.dumps(loaded.raws[whole.id]))
    raw["item"][0]["colour"] = "red"
    with pytest.raises(ContentError, match="colour is no known key"):
        raw_item(raw, whole.items[0].id)


@pytest.mark.parametrize(
    ("place", "bad"),
    [
        (("kind",), "choices"), (("id",), "recall"), (("id",), "Not-An-Id"), (("zh", "stem"), " "), (("en", "stem"), 3),
        (("option", 0, "id"), "7"), (("option", 0, "id"), "x" * 65), (("option", 1, "id"), "forward"),
        (("option", 0, "key"), False), (("option", 1, "key"), True), (("option", 0, "key"), 1),
        (("option", 0, "zh"), "a\u202eb"), (("option", 0, "en"), " a"), (("option", 1, "mistake"), ""),
        (("option", 0), None), (("option",), []), (("option",), {}), (("zh",), None), (("hint",), "?"),
    ],
)  # fmt: skip
def test_the_quick_reader_leaves_all_that_is_not_plain_to_the_strict_one(place: tuple[Any, ...], bad: Any) -> None:
    def plain(name: str, **more: Any) -> dict[str, Any]:
        return {"id": name, "zh": "是", "en": "yes", **more}

    raw: dict[str, Any] = {
        "id": "which", "kind": "choice", "zh": {"stem": "哪个？"}, "en": {"stem": "Which?"},
        "option": [plain("forward", key=True), plain("backward", mistake="m"), plain("both")],
    }  # fmt: skip
    faults = Faults(None)
    assert quick.choice(raw) == read_item(Cursor(raw, faults))
    assert not faults.all()
    *way, last = place
    table: Any = raw
    for key in way:
        table = table[key]
    table[last] = bad
    assert quick.choice(raw) is None


@pytest.mark.parametrize("bad", [{"id": "M"}, {"zh": ""}, {"en": None}, {"more": "x"}])
def test_the_quick_reader_of_misconceptions_takes_only_plain_ones(bad: dict[str, Any]) -> None:
    one = {"id": "m", "zh": "错", "en": "wrong"}
    assert quick.misconceptions([one]) == (Misconception("m", Text("错", "wrong")),)
    assert quick.misconceptions([one | bad]) is None
    assert quick.misconceptions({}) is None
