"""The one grammar of keys: what each is called, how it is shown, and the full-width forms it is bound to as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.binding import Binding

from qbank.domain import Text

NAMES = {" ": "space", "\u3000": "ideographic_space", "?": "question_mark", "!": "exclamation_mark", "/": "slash"}
"""Characters -> Textual's names, where it has others for them."""


@dataclass(frozen=True, slots=True)
class Key:
    """``keys`` as Textual names them (a character, or ``enter``); ``shown`` in the legend; ``says`` what it does."""

    keys: tuple[str, ...]
    shown: Text
    says: Text


def _key(keys: str, zh: str, en: str, shown: str | Text = "") -> Key:
    names = tuple(keys.split())
    if isinstance(shown, str):
        shown = Text(shown or names[0], shown or names[0])
    return Key(names, shown, Text(zh, en))


GRAMMAR: Mapping[str, Key] = {
    "accept": _key("enter", "确定、继续", "accept, go on", "Enter"),
    "again": _key("1", "改评：重来", "rate it: again"),
    "hard": _key("2", "改评：困难", "rate it: hard"),
    "good": _key("3", "改评：良好", "rate it: good"),
    "easy": _key("4", "改评：简单", "rate it: easy"),
    "unknown": _key("0", "不知道", "I don't know"),
    "hint": _key("space", "提示；显示答案", "hint; show the answer", Text("空格", "Space")),
    "solver": _key("right", "用这组数打开求解器", "the solver, with these numbers", Text("→", "→")),
    "left": _key("left", "上一个", "the one before", "←"),
    "undo": _key("u", "撤销上一次作答", "undo the last answer"),
    "challenge": _key("!", "对判定有异议（记录下来）", "challenge the verdict (it is recorded)"),
    "edit": _key("e", "换成我的数字", "my own numbers"),
    "source": _key("s", "原文、源代码", "the source"),
    "cancel": _key("c", "取消运行", "cancel the run"),
    "skip": _key("k", "跳过", "skip"),
    "practice": _key("p", "练这道题", "practice this question"),
    "errata": _key("x", "勘误", "errata"),
    "search": _key("/", "搜索", "search"),
    "filter": _key("f", "筛选", "filters"),
    "clear": _key("r", "清除筛选", "clear the filters"),
    "review": _key("v", "复习", "review"),
    "quiz": _key("z", "测验", "quiz"),
    "browse": _key("b", "浏览题库", "browse the bank"),
    "warmup": _key("w", "热身", "warm up"),
    "settings": _key("g", "设置", "settings"),
    "theme": _key("f3", "深色、浅色", "dark, light", "F3"),
    "language": _key("f2", "English", "中文", "F2"),
    "palette": _key("ctrl+p", "命令面板", "command palette", "Ctrl+P"),
    "help": _key("? f1", "帮助", "help"),
    "back": _key("escape", "返回", "back", "Esc"),
    "quit": _key("q", "退出", "quit"),
}


def fullwidth(character: str) -> str:
    """The full-width form of an ASCII character: what a Chinese input method types for it."""
    return "\u3000" if character == " " else chr(ord(character) + 0xFEE0)


def forms(key: str) -> list[str]:
    """Every key that stands for ``key``: itself; for a character also its full-width form and its other case."""
    character = " " if key == "space" else key
    if len(character) != 1 or not " " <= character <= "~":
        return [key]
    cases = [character, character.upper()] if character.isalpha() else [character]
    return [NAMES.get(one, one) for case in cases for one in (case, fullwidth(case))]


def keys_of(name: str) -> list[str]:
    """Every key bound to an entry of the grammar."""
    return [form for key in GRAMMAR[name].keys for form in forms(key)]


def bind(name: str, action: str | None = None, *, priority: bool = False) -> Binding:
    """A binding of an entry of the grammar; the action has its name unless another is given."""
    key = ",".join(keys_of(name))
    return Binding(key, action or name, GRAMMAR[name].says.en, show=False, priority=priority)


def digits(action: str, first: int = 0, last: int = 9) -> list[Binding]:
    """Bindings of digits, full-width too, to ``action(digit)``."""
    return [Binding(",".join(forms(str(digit))), f"{action}({digit})", show=False) for digit in range(first, last + 1)]
