"""Files as they lie on a disk: broken, huge, not text, not files."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qbank.content.errors import ContentError
from qbank.content.files import digest, stamp
from qbank.content.lines import Lines
from qbank.content.read import LARGEST_FILE, load_file, load_folder

Write = Callable[..., Path]

BROKEN = {
    "syntax": (b"schema = 1\nid = \n", "toml", 2),
    "end": (b"schema = 1\nid = '''abc\n\n", "toml", 4),
    "duplicate key": (b"id = 'a'\n\nid = 'b'\n", "toml", 3),
    "deep": (b"x = " + b"[" * 100_000, "toml", 1),
    "deep tables": (b"x = " + b"{a=" * 50_000, "toml", 1),
    "digits": (b"x = " + b"9" * 5000, "toml", 1),
    "not utf-8": (b"id = 'a'\nb = '\xff\xfe'\n", "utf-8", 2),
    "utf-16": ("id = 'a'".encode("utf-16"), "utf-8", 1),
    "nul": (b"id = 'a\x00'\n", "toml", 1),
    "huge": (b"#" * (LARGEST_FILE + 1), "file", 0),
    "date": (b"x = 2024-02-31\n", "toml", 1),
    "binary": (bytes(range(256)), "utf-8", 2),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_clear_line(name: str, write: Write) -> None:
    data, rule, line = BROKEN[name]
    path = write(data)
    with pytest.raises(ContentError) as caught:
        load_file(path)
    assert (caught.value.rule, caught.value.line) == (rule, line)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert str(caught.value).isprintable()


def test_what_is_no_file_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    for path in (tmp_path / "pipe.toml", tmp_path, tmp_path / "absent.toml"):
        with pytest.raises(ContentError, match="is no file"):
            load_file(path)


def test_windows_line_ends_and_byte_order_mark(good: str, write: Write) -> None:
    plain = load_file(write(good))
    assert load_file(write(b"\xef\xbb\xbf" + good.replace("\n", "\r\n").encode())) == plain
    with pytest.raises(ContentError) as caught:
        load_file(write(good.replace("stars = 2", "stars = 9").replace("\n", "\r\n")))
    assert caught.value.line == 4


def test_a_folder_gives_the_good_ones_and_every_fault(good: str, write: Write, tmp_path: Path) -> None:
    write(good, "b/my-kl.toml")
    write(good, "c/my-kl.toml")
    write("id = ", "a/broken.toml")
    write(good.replace("rev = 1", "rev = 0").replace("stars = 2", "stars = 0"), "d/faulty.toml")
    write("nonsense", ".hidden/x.toml")
    write("nonsense", "b/.swap.toml")
    write("nonsense", "b/notes.md")
    (tmp_path / "loop").symlink_to(tmp_path)
    loaded = load_folder(tmp_path, "user")
    assert [q.id for q in loaded.questions] == ["my-kl"]
    assert loaded.files["my-kl"] == tmp_path / "b/my-kl.toml"
    assert loaded.raws["my-kl"]["stars"] == 2
    assert [(Path(p.file).name, p.line, p.rule) for p in loaded.problems] == [
        ("broken.toml", 1, "toml"),
        ("my-kl.toml", 2, "duplicate-id"),
        ("faulty.toml", 3, "type"),
        ("faulty.toml", 4, "type"),
    ]


def test_an_absent_folder_is_empty(tmp_path: Path) -> None:
    assert load_folder(tmp_path / "absent").questions == ()


def test_stamp_and_digest(good: str, write: Write, tmp_path: Path) -> None:
    path = write(good, "a/my-kl.toml")
    stamped, digested = stamp(tmp_path), digest(tmp_path)
    assert (stamp(tmp_path), digest(tmp_path)) == (stamped, digested)
    os.utime(path, ns=(1, 1))
    assert stamp(tmp_path) != stamped
    assert digest(tmp_path) == digested
    write(good + "# more\n", "a/my-kl.toml")
    assert digest(tmp_path) != digested
    write(good, "a/my-kl.toml")
    assert digest(tmp_path) == digested
    path.rename(tmp_path / "a/other.toml")
    assert digest(tmp_path) != digested
    assert stamp(tmp_path / "absent") == stamp(tmp_path / "also-absent")


LAYOUT = r"""# a comment with [brackets] and 'quotes'
a = 1
b.c = 'x # no comment' # [c]
[t]
x = '''
[not.a.table]
y = 2
'''
y = "é\\"
[[arr]]
p = [
  1, # one
  { q = 'r', s = [ 2,
     3 ] },
]
[[arr]]
p.z = 2
[arr.sub]
w = 1
[["quoted key".deep]]
k = '''it''s'''''
last = true
"""


def test_lines_are_found_in_every_layout() -> None:
    lines = Lines(LAYOUT, "f")
    expected = {
        ("a",): 2, ("b", "c"): 3, ("t",): 4, ("t", "x"): 5, ("t", "y"): 9, ("arr", 0): 10, ("arr", 0, "p", 0): 12,
        ("arr", 0, "p", 1, "s"): 13, ("arr", 0, "p", 1, "s", 1): 14, ("arr", 1, "p", "z"): 17,
        ("arr", 1, "sub", "w"): 19,
        ("quoted key", "deep", 0, "k"): 21, ("quoted key", "deep", 0, "last"): 22,
    }  # fmt: skip
    assert {path: lines.at(*path) for path in expected} == expected
    assert lines.at("arr", 1, "missing") == 16
    assert lines.at("nothing") == 1
    assert lines.escaped == [9]


@given(text=st.text(max_size=200) | st.text(alphabet="[]{}='\"\\\n#,. a1", max_size=200))
def test_the_scanner_ends_on_any_text(text: str) -> None:
    assert Lines(text, "f").at("a") >= 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(cut=st.integers(0, 3000), junk=st.text(max_size=20) | st.binary(max_size=20))
def test_a_file_cut_or_scribbled_over_anywhere_is_told_or_read(
    good: str, tmp_path: Path, cut: int, junk: str | bytes
) -> None:
    data = good.encode()
    path = tmp_path / "my-kl.toml"
    added = junk if isinstance(junk, bytes) else junk.encode("utf-8", "replace")
    for scribbled in (data[:cut] + added, data[:cut] + added + data[cut + 5 :]):
        path.write_bytes(scribbled)
        with suppress(ContentError):
            assert load_file(path).id == "my-kl"
