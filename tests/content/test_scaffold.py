"""A scaffold is valid TOML; the lint lists what is missing; filled in, its optional parts are right."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

from qbank.content.lint import lint
from qbank.content.scaffold import scaffold

Write = Callable[..., Path]


def test_the_lint_lists_every_text_that_is_missing(write: Write) -> None:
    text = scaffold("my-new")
    assert tomllib.loads(text)["id"] == "my-new"
    found = lint([write(text, "my-new.toml")])
    assert {p.rule for p in found} == {"empty"}
    assert [p.message for p in found][:3] == [
        "zh.title must not be empty",
        "zh.prompt must not be empty",
        "zh.answer must not be empty",
    ]
    assert len(found) == 12
    assert all("''" in text.splitlines()[p.line - 1] for p in found)


def test_filled_in_with_its_optional_parts_it_has_no_fault(write: Write) -> None:
    lines = scaffold("my-new").splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("# 以下可选")) + 1
    lines[first:] = [line.removeprefix("#").removeprefix(" ") for line in lines[first:]]
    lang, filled = "zh", []
    for n, line in enumerate(lines, start=100):
        lang = line[1:3] if line in ("[zh]", "[en]") else lang
        line = re.sub(r"^(title|prompt|heading) = ''$", rf"\1 = '{_words(lang, n)}'", line)
        line = re.sub(r"\bzh(\.\w+)? = ''", rf"zh\1 = '{_words('zh', n)}'", line)
        line = re.sub(r"\ben(\.\w+)? = ''", rf"en\1 = '{_words('en', n)}'", line)
        filled.append(line + "\n" + _words(lang, n) + "，0.511 is D" if line == "answer = '''" else line)
    assert lint([write("\n".join(filled), "my-new.toml")]) == []


def _words(lang: str, n: int) -> str:
    return f"第 {n} 处" if lang == "zh" else f"place {n}"
