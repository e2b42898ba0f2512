"""One smallest bad file for every rule; and the good file, which breaks none."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import qbank.content.lint
from qbank.content.lint import lint

Write = Callable[..., Path]
Change = Callable[..., str]

OPTION = "{ id = 'both', zh = '$D(P\\|Q)+D(Q\\|P)$', en = '$D(P\\|Q)+D(Q\\|P)$', mistake = 'metric' }"
ZH_STEM = "zh.stem = '极大似然等价于最小化哪一个？'"
EN_STEM = "en.stem = 'Which one does maximum likelihood minimize?'"
SEEDS = "seeds = [2, 3]"

CLOZE = ("kind = 'choice'\nzh.stem = '", "kind = 'cloze'\nzh.stem = '[[A]]")
OPTIONS = (
    """option = [
  { id = 'forward', zh = '$D(P\\|Q)$', en = '$D(P\\|Q)$', key = true },
  { id = 'backward', zh = '$D(Q\\|P)$', en = '$D(Q\\|P)$', mistake = 'kl-divergence:reversed' },
  """
    + OPTION
    + ",\n]\n",
    "gap.B = { zh = ['乙'], en = ['b'] }\n",
)

BACKWARD = "mistake = 'kl-divergence:reversed' }"
METRIC = "mistake = 'metric' }"
CODE = (OPTIONS[0], "key = 'pass'\n")
UNWORKED = [("zh.worked = '熵与 $Q$ 无关。'\n", ""), ("en.worked = 'The entropy does not depend on $Q$.'\n", "")]
CLOZE_BOTH = [CLOZE, (EN_STEM, EN_STEM.replace("'Which", "'[[A]] Which"))]


def parts(*texts: str) -> tuple[str, str]:
    """The options turned into the parts of an order: ``一 one`` in Chinese and English."""
    entries = []
    for n, both in enumerate(texts):
        zh, en = both.split()
        entries.append(f"  {{ id = 'p-{n}', zh = '{zh}', en = '{en}' }},")
    return OPTIONS[0], "part = [\n" + "\n".join(entries) + "\n]\n"


def match(*partners: str) -> tuple[str, str]:
    """The options turned into pairs: left entries with these partners, out of three on the right."""
    left = [f"  {{ id = 'l-{n}', zh = '左{n}', en = 'left {n}', to = 'r{to}' }}," for n, to in enumerate(partners)]
    right = [f"  {{ id = 'r{one}', zh = '右{one}', en = 'right {one}' }}," for one in "abc"]
    return OPTIONS[0], "left = [\n" + "\n".join(left) + "\n]\nright = [\n" + "\n".join(right) + "\n]\n"


def gap(zh: str, en: str) -> tuple[str, str]:
    """The options turned into a gap."""
    return OPTIONS[0], f"gap.A = {{ zh = [{zh}], en = [{en}] }}\n"


def more(*keys: str) -> tuple[str, str]:
    """More choice items behind the good one, with these keys; the other options are three letters long."""
    items = ""
    for n, key in enumerate(keys):
        items += f"""[[item]]
id = 'more-{n}'
kind = 'choice'
zh.stem = '第{n}问？'
en.stem = 'Question {n}?'
option = [
  {{ id = 'a', zh = '{key}', en = '{key}', key = true }},
  {{ id = 'b', zh = 'bcd', en = 'bcd', mistake = 'metric' }},
  {{ id = 'c', zh = 'efg', en = 'efg', mistake = 'metric' }},
]

"""
    return "[[mistake]]", items + "[[mistake]]"


ORDER = parts("一 one", "二 two", "三 three")
SHORT = ("id = 'forward', zh = '$D(P\\|Q)$', en = '$D(P\\|Q)$'", "id = 'forward', zh = '$D$', en = '$D(P\\|Q)$'")

FAR = ("zh = '$D(Q\\|P)$'", "zh = '反方向的那一个散度'")

ZEROS = ", 0" * 60

# rule -> changes (old, new), words of the message, what the line of the problem holds
BAD: list[tuple[str, list[tuple[str, str]], str, str]] = [
    ("id-stem", [("id = 'my-kl'", "id = 'my-ll'")], "must be the file's name", "id ="),
    ("my-prefix", [("id = 'my-kl'", "id = 'kl'")], "must begin with 'my-'", "id ="),
    ("follow-up", [("rev = 1", "rev = 1\nfollow_up = ['nowhere']")], "'nowhere', which is no question", "follow_up"),
    ("follow-up", [("rev = 1", "rev = 1\nfollow_up = ['my-kl']")], "the question itself", "follow_up"),
    ("was", [("rev = 1", "rev = 1\nwas = ['my-kl']")], "still a question", "was"),
    ("placeholders", [("en.stem = 'Let $P=<<p>>$ and", "en.stem = 'Let")], "<<p>> must stand in both", "zh.stem"),
    (
        "placeholders",
        [("最小化哪一个", "最小化 <<p>>"), ("minimize?", "<<p>>?")],
        "kind choice has no numbers",
        "zh.stem",
    ),
    ("placeholders", [("什么是相对熵", "什么是 <<p>>")], "only stand in an item", "prompt"),
    (
        "rounded-in-stem",
        [("求 $D(P\\|Q)$", "求 <<=D>>"), ("What is $D(P\\|Q)$", "What is <<=D>>")],
        "gives a result away",
        "zh.stem",
    ),
    ("language", [("What is relative entropy?", "What is 相对熵?")], "holds '相'", "What is"),
    ("language", [("什么是相对熵？", "What is it?")], "holds no Chinese", "What is it?"),
    ("spelling", [("takes it for", "optimises")], "'optimises' is not the American", "optimises"),
    ("spelling", [("The order matters", "The behaviour matters")], "'behaviour'", "behaviour"),
    ("escaped-string", [("'Relative entropy'", '"Relative \\u0065ntropy"')], "use single quotes", "Relative"),
    (
        "unknown-solver",
        [("solver = 'kl-divergence'\nset", "solver = 'kl-divergense'\nset")],
        "kl-divergence?",
        "divergense",
    ),
    ("unknown-solver", [("'kl-divergence:reversed'", "'kl:reversed'")], "solver must be one that", "'kl:reversed'"),
    ("unknown-output", [("value = 'D'", "value = 'E'")], "'E' is no output or step", "value = 'E'"),
    ("unknown-output", [("claim = 'non-negative'", "output = 'E'")], "'E' is no output of", "output = 'E'"),
    ("unknown-output", [("ask = 'D'", "ask = 'D+1'")], "'D+1' is no output", "ask ="),
    ("unknown-step", [("claim = 'non-negative'", "step = 'D'")], "'D' is no step of", "step = 'D'"),
    ("unknown-claim", [("claim = 'non-negative'", "claim = 'negative'")], "'negative' is no claim", "claim"),
    ("unknown-mistake", [("'kl-divergence:reversed'", "'kl-divergence:reverse'")], "is no mistake of", "'backward'"),
    ("unknown-mistake", [("mistake = 'metric'", "mistake = 'metre'")], "is no [[mistake]]", "'both'"),
    ("unknown-mistake", [("mistake = 'reversed', margin", "mistake = 'rev', margin")], "is no mistake", "proof"),
    ("unknown-demo", [("demo = 'fair'", "demo = 'unfair'")], "'unfair' is no demo", "demo = 'unfair'"),
    ("unknown-input", [("input = 'p[0]'", "input = 'r[0]'")], "'r[0]' is no input", "input"),
    ("unknown-input", [("set = { p =", "set = { r =")], "'r' is no input", "set ="),
    ("demo", [("q = [0.9, 0.1] }", "q = [0.9, 0.2] }")], "q must sum to 1", "set ="),
    (
        "long-demo",
        [("[0.5, 0.5], q = [0.9, 0.1]", f"[0.5, 0.5{ZEROS}], q = [0.9, 0.1{ZEROS}]")],
        "on a command line",
        "set =",
    ),
    ("torch-keys", [(SEEDS, SEEDS + "\nkeys = { '2' = 1 }")], "keys are for solvers that need torch", "keys"),
    ("formula", [("$D(P\\|Q)=0.511$ nats", "$\\foo=0.511$ nats")], "unknown command \\foo", "answer"),
    ("formula", [("zh = '$D(Q\\|P)$'", "zh = '$\\frac{1}$'")], "misses an argument", "'backward'"),
    ("dollar", [("The order matters.", "The order costs $5.")], "stands alone", "why"),
    ("dollar", [("The order matters.", "The order $ x $ matters.")], "begin or end with a blank", "why"),
    ("dollar", [("The order matters.", r"The order \(x\) matters.")], "between dollar signs", "why"),
    ("number-missing", [("$D(P\\|Q)=0.511$ nats", "$D$ in nats")], "'0.511' does not stand in the English", "shown"),
    (
        "number-wrong",
        [("=0.511$ 奈", "=0.512$ 奈"), ("=0.511$ na", "=0.512$ na"), ("shown = '0.511'", "shown = '0.512'")],
        "D of fair is 0.5108256238",
        "shown",
    ),
    ("number-wrong", [("input = 'p[0]'", "input = 'p[5]'")], "fair has no p[5]", "[[number]]"),
    ("number-wrong", [("q = [0.9, 0.1] }", "q = [1, 0] }")], "D of fair is no finite number", "shown"),
    ("number-uncovered", [("不对称：", "不对称 0.7：")], "'0.7' is covered by no", "answer"),
    ("number-form", [("shown = '0.511'", "shown = 'half'")], "'half' is no number", "shown"),
    (
        "points",
        [("[[point]]\nid = 'non-negative'\nzh = '非负'\nen = 'non-negative'\n", "")],
        "3 to 6 points; got 2",
        "[[point]]",
    ),
    ("essential", [("essential = true\n", "")], "at least one point must be essential", "[[point]]"),
    ("option-count", [(OPTION + ",\n", "")], "3 to 5 options; got 2", "option"),
    ("all-of-the-above", [("en = '$D(P\\|Q)+D(Q\\|P)$'", "en = 'all of the above'")], "speaks of the other", "'both'"),
    ("all-of-the-above", [("zh = '$D(P\\|Q)+D(Q\\|P)$'", "zh = '以上都对'")], "speaks of the other", "'both'"),
    (
        "key-longest",
        [("en = '$D(P\\|Q)$', key", "en = 'the forward divergence, of course', key")],
        "longest option in English by 20 cells",
        "option",
    ),
    (
        "key-longest",
        [("zh = '$D(P\\|Q)$'", "zh = '正向的那一个散度当然是它'")],
        "longest option in Chinese by",
        "option",
    ),
    ("key-longest", [more("hijk", "lmno", "pqrs")], "in Chinese in 3 of 4 items: more-0, more-1, more-2", "option"),
    (
        "key-shortest",
        [(OPTION, "{ id = 'both', zh = '两个方向的散度之和', en = '$D+D$', mistake = 'metric' }"), FAR, SHORT],
        "shortest option in Chinese by 17 cells",
        "option",
    ),
    ("key-shortest", [more("h", "i", "j")], "in English in 3 of 4 items: more-0, more-1, more-2", "option"),
    ("key-shortest", [SHORT, more("h", "i", "jkl")], "in Chinese in 3 of 4 items: direction, more-0", "option"),
    ("parallel", [("en = '$D(P\\|Q)+D(Q\\|P)$'", "en = '$D(P\\|Q)+D(Q\\|P)$.'")], "full stop", "option"),
    (
        "parallel",
        [("en = '$D(P\\|Q)$'", "en = 'forward'"), ("en = '$D(Q\\|P)$'", "en = 'Backward one'")],
        "capital",
        "option",
    ),
    ("distractor-mistake", [(", mistake = 'metric'", "")], "'both' must name the mistake", "'both'"),
    ("key-mistake", [("key = true", "key = true, mistake = 'metric'")], "must name no mistake", "'forward'"),
    ("same-options", [("en = '$D(P\\|Q)+D(Q\\|P)$'", "en = '$D(Q\\|P)$'")], "say the same in English", "option"),
    (
        "worked-length",
        [("en.worked = 'The entropy does not depend on $Q$.'", "en.worked = '''a\nb\nc\nd\ne\nf\ng'''")],
        "at most 6 lines",
        "en.worked",
    ),
    ("table", [("=0.511$ nats", "=0.511$ nats\n\n| a | b |\n|:--|--:|\n| c | d |\n")], "write a list", "answer"),
    ("same-stem", [(EN_STEM, "en.stem = 'what is relative entropy'")], "says the same as the prompt", "en.stem"),
    ("no-grader", [("kind = 'choice'", "kind = 'code'"), CODE], "kind code cannot be graded", "kind"),
    ("choices-keys", [("kind = 'choice'", "kind = 'choices'")], "at least two keys and one", "option"),
    (
        "choices-keys",
        [("kind = 'choice'", "kind = 'choices'"), (BACKWARD, "key = true }"), (METRIC, "key = true }")],
        "got 3 of 3",
        "option",
    ),
    (
        "unsound",
        [("kind = 'choice'", "kind = 'choices'"), (BACKWARD, "key = true }"), (METRIC, "key = true }")],
        "ticking every option earns credit",
        "[[item]]",
    ),
    ("part-count", [("kind = 'choice'", "kind = 'order'"), parts("一 one", "二 two")], "3 to 7 entries", "part"),
    ("same-parts", [("kind = 'choice'", "kind = 'order'"), parts("一 a", "二 b", "三 A")], "in English", "part"),
    ("part-count", [("kind = 'choice'", "kind = 'match'"), match("a", "b")], "3 to 7 entries of left", "left"),
    ("unsound", [("kind = 'choice'", "kind = 'match'"), match("a", "a", "a")], "everything with ra earns", "[[item]]"),
    ("worked-missing", [("kind = 'choice'", "kind = 'order'"), ORDER, *UNWORKED], "needs zh.worked", "kind"),
    ("gap-text", [CLOZE, gap("'乙'", "'b; c'")], "cannot be typed into A", "gap"),
    ("gap-text", [CLOZE, gap("'乙'", "'cross-entropy', 'Cross Entropy'")], "the same text twice", "gap"),
    ("unsound", [*CLOZE_BOTH, gap("'最小化'", "'b'")], "gap A: '最小化' stands in the stem", "[[item]]"),
    ("deal", [("ask = 'D'", "ask = 'terms'")], "add an index", "ask"),
    ("deal", [("$P=<<p>>$，", "$P=<<r>>$，"), ("$P=<<p>>$ and", "$P=<<r>>$ and")], "<<r>> must name an input", "ask"),
    ("unsound", [("atol = 1e-6", "atol = 0.5")], "tolerances of the key", "seeds"),
    ("unsound", [("rtol = 1e-2", "rtol = 0.2")], "seed 2: kl-divergence:", "seeds"),
    ("gaps", [CLOZE, OPTIONS], "the stem has the gaps A, gap.* has B", "zh.stem"),
    ("fresh-numbers", [("atol = 1e-6", "atol = 0.5")], "no sound numbers for seed 100001", "seeds"),
    (
        "repeated-numbers",
        [("$P=<<p>>$，$Q=<<q>>$", "数"), ("$P=<<p>>$ and $Q=<<q>>$", "it")],
        "show the same numbers",
        "seeds",
    ),
    ("toml", [("rev = 1", "rev = ")], "is no valid TOML", "rev"),
    ("unknown-key", [("rev = 1", "rev = 1\nreview = 2")], "did you mean 'rev'", "review"),
]


def test_the_good_file_breaks_no_rule(good: str, write: Write) -> None:
    assert lint([write(good)]) == []


@pytest.mark.parametrize(
    "keys",
    [("h",), ("h", "i", "jkl"), ("hijk", "lmno", "pqr"), ("h", "i", "jklm", "nopq", "rst", "uvw")],
    ids=["one-of-two", "two-of-four", "longest", "both"],
)
def test_some_keys_may_be_the_shortest_and_some_the_longest(
    keys: tuple[str, ...], change: Change, write: Write
) -> None:
    assert lint([write(change(more(*keys)))]) == []


@pytest.mark.parametrize(
    ("rule", "changes", "message", "line"), BAD, ids=[f"{n}-{case[0]}" for n, case in enumerate(BAD)]
)
def test_each_rule_finds_its_fault(
    rule: str, changes: list[tuple[str, str]], message: str, line: str, change: Change, write: Write
) -> None:
    text = change(*changes)
    found = [p for p in lint([write(text)]) if p.rule == rule and message in p.message]
    assert found, lint([write(text)])
    lines = text.splitlines()
    assert any(line in lines[p.line - 1] for p in found), [(p.line, lines[p.line - 1]) for p in found]


BUNDLED = [("id = 'my-kl'", "id = 'kl'"), ("id = 'q16.2.f1'", "id = 'n1-01.f1'")]


@pytest.fixture
def bundled(tmp_path: Path, write: Write) -> Path:
    write("[000]\ntitle = 'x'\n", "bank/sources.toml")
    return tmp_path / "bank" / "questions"


def test_the_good_file_in_the_bank(change: Change, write: Write, bundled: Path) -> None:
    path = write(change(*BUNDLED), "bank/questions/information/kl.toml")
    assert lint([path], bundled=bundled) == []


@pytest.mark.parametrize(
    ("rule", "changes", "name", "message"),
    [
        ("my-prefix", [("id = 'kl'", "id = 'my-kl'")], "information/my-kl", "must not begin with 'my-'"),
        ("topic", [("['information']", "['information', 'cooking']")], "information/kl", "'cooking' is no topic"),
        ("folder", [], "calculus/kl", "the folder 'calculus' must be one of the topics"),
        ("source", [("doc = '000'", "doc = '009'")], "information/kl", "'009' is no source document; known: 000"),
        (
            "source",
            [("'editorial'", "'document'"), ("[[source]]\ndoc = '000'\nheading = '相对熵'\n", "")],
            "information/kl",
            "must name a source",
        ),
    ],
)
def test_what_the_bank_demands_of_its_own_files(
    rule: str, changes: list[tuple[str, str]], name: str, message: str, change: Change, write: Write, bundled: Path
) -> None:
    text = change(*BUNDLED)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = write(text, f"bank/questions/{name}.toml")
    assert [(p.rule, message in p.message) for p in lint([path], bundled=bundled)] == [(rule, True)]


def test_what_is_held_between_files(good: str, change: Change, write: Write, bundled: Path) -> None:
    write(change(*BUNDLED).replace("相对熵？", "相对的熵？"), "bank/questions/information/kl.toml")
    other = change(("id = 'my-kl'", "id = 'my-other'"), ("rev = 1", "rev = 1\nfollow_up = ['my-kl', 'kl']"))
    files = [write(good, "own/my-kl.toml"), write(other, "own/my-other.toml"), write(good, "own/copy/my-kl.toml")]
    found = lint(files, bundled=bundled)
    assert [(Path(p.file).parent.name, p.rule) for p in found if p.rule == "duplicate-id"] == [("copy", "duplicate-id")]
    same = [p.message for p in found if p.rule == "same-stem" and p.file == str(files[1])]
    assert "the prompt says the same as my-kl in Chinese" in same
    assert (
        "by-hand says the same as kl by-hand in English" in same
        or "by-hand says the same as my-kl by-hand in English" in same
    )
    assert not [p for p in found if p.rule == "follow-up"]
    renamed = change(("id = 'my-kl'", "id = 'my-new'"), ("rev = 1", "rev = 1\nwas = ['my-old']"))
    again = renamed.replace("'my-new'", "'my-newer'")
    was = lint([write(renamed, "own/my-new.toml"), write(again, "own/my-newer.toml")])
    assert [p.message for p in was if p.rule == "was"] == ["was names 'my-old', which another question was, too"] * 2


def test_every_rule_has_its_bad_file() -> None:
    folder = Path(qbank.content.lint.__file__).parent
    named = {name for path in folder.glob("*.py") for name in re.findall(r'say\(\s*"([a-z-]+)"', path.read_text())}
    named |= {"unknown-output", "unknown-step", "unknown-claim", "unknown-mistake", "unknown-input", "escaped-string"}
    shown = {case[0] for case in BAD} | {"topic", "folder", "source", "duplicate-id", "formula-solver"}
    shown |= {"too-few-items", "fact-twice", "fact-source"}  # test_documents.py
    assert named - shown == set()
    assert len(named) > 40


def test_what_cannot_be_read_is_told_and_hides_nothing(good: str, write: Write, tmp_path: Path) -> None:
    files = [write(b"\xff", "own/a.toml"), tmp_path / "absent.toml", write(good, "own/my-kl.toml")]
    assert [(Path(p.file).name, p.line, p.rule) for p in lint(files)] == [
        ("a.toml", 1, "utf-8"),
        ("absent.toml", 0, "file"),
    ]


@pytest.mark.parametrize(
    ("text", "shown", "right"),
    [
        ("$0.5108$", "0.5108", True),
        ("$0.51$", "0.51", True),
        ("$0.511$", "0.5108", False),
        ("51.1\\%", "51.1%", True),
        ("51.1 %", "51.1 %", True),
        ("51.2%", "51.2%", False),
        (r"$5.1\times 10^{-1}$", r"5.1\times10^{-1}", True),
        (r"$5.2\times 10^{-1}$", r"5.2\times10^{-1}", False),
        ("5.11e-1", "5.11e-1", True),
        ("$-0.511$", "-0.511", False),
    ],
)
def test_rounding(change: Change, write: Write, text: str, shown: str, right: bool) -> None:
    pairs = [
        ("$D(P\\|Q)=0.511$ 奈特", text),
        ("$D(P\\|Q)=0.511$ nats", text),
        ("shown = '0.511'", f"shown = '{shown}'"),
    ]
    rules = {p.rule for p in lint([write(change(*pairs))])}
    assert ("number-wrong" not in rules and "number-missing" not in rules and "number-uncovered" not in rules) == right


def test_a_library_that_is_not_installed_is_no_fault_of_the_file(change: Change, write: Write, monkeypatch) -> None:
    """Numbers of a demonstration that needs the extra 'lab' are left alone where it is missing; the others are not."""
    monkeypatch.setitem(sys.modules, "sklearn", None)
    demo = "solver = 'gcn-image'\nset = { picture = 'digit' }\n\n[[demo]]\nid = 'own'\nsolver = 'kl-divergence'\nset ="
    pairs = [
        ("solver = 'kl-divergence'\nset =", demo),
        ("value = 'D'", "value = 'contrast'"),
        ("demo = 'fair'\ninput", "demo = 'own'\ninput"),
    ]
    assert lint([write(change(*pairs))]) == []
    wrong = ("input = 'p[0]'", "input = 'q[0]'")
    assert [p.rule for p in lint([write(change(*pairs, wrong))])] == ["number-wrong"]
