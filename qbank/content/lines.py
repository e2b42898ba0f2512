"""Which line of a TOML file a value stands on; ``tomllib`` does not tell.

The scanner reads text that ``tomllib`` has already accepted, so it only has to find its way, not to judge.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Hashable
from contextlib import suppress
from functools import cached_property

Path = tuple[Hashable, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_STRING = re.compile(
    r"'''(?:[^']|'(?!''))*'{3,5}"
    r'|"""(?:\\[\s\S]|[^"\\]|"(?!""))*"{3,5}'
    r"|'[^'\n]*'"
    r'|"(?:\\.|[^"\\\n])*"'
)


class Lines:
    """Lines of a file's values by path: ``at("item", 2, "zh", "stem")``. Nothing is scanned before it is asked for."""

    def __init__(self, text: str = "", file: str = "") -> None:
        self.file = file
        self._text = text
        self._at: dict[Path, int] = {}
        self._pos = 0
        self._tables: dict[Path, int] = {}
        self._escaped: list[int] = []

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer("\n", self._text))]

    @cached_property
    def _places(self) -> dict[Path, int]:
        with suppress(IndexError, RecursionError):  # only for text that is not TOML; what was found stands
            self._document()
        return self._at

    @property
    def escaped(self) -> list[int]:
        """The lines of double-quoted strings that hold a backslash."""
        return self._escaped if self._places else []

    def at(self, *path: Hashable) -> int:
        """The line of ``path``, or of the nearest table around it; 1 where nothing is known."""
        found = self._places
        for end in range(len(path), 0, -1):
            if path[:end] in found:
                return found[path[:end]]
        return 1

    def _line(self, pos: int) -> int:
        return bisect_right(self._starts, pos)

    def _mark(self, path: Path) -> None:
        self._at.setdefault(path, self._line(self._pos))

    def _skip(self, gap: re.Pattern[str] = _GAP) -> str:
        match = gap.match(self._text, self._pos)
        assert match is not None  # every gap pattern matches the empty string
        self._pos = match.end()
        return self._text[self._pos : self._pos + 1]

    def _document(self) -> None:
        table: Path = ()
        while ch := self._skip():
            if ch == "[":
                start = self._pos
                many = self._text.startswith("[[", self._pos)
                self._pos += 2 if many else 1
                table = self._table(self._keys(), many)
                self._at.setdefault(table, self._line(start))
                self._pos += 2 if many else 1
            else:
                self._pair(table)

    def _table(self, keys: list[str], many: bool) -> Path:
        """The path of a header; names of arrays of tables on the way stand for their last element."""
        path: Path = ()
        for depth, key in enumerate(keys):
            path = (*path, key)
            if many and depth == len(keys) - 1:
                self._tables[path] = self._tables.get(path, -1) + 1
            if path in self._tables:
                path = (*path, self._tables[path])
        return path

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_BLANK)
            match = _STRING.match(self._text, self._pos) or _BARE.match(self._text, self._pos)
            if match is None:
                raise IndexError(self._pos)
            self._pos = match.end()
            keys.append(match[0].strip("'\""))
            if self._skip(_BLANK) != ".":
                return keys
            self._pos += 1

    def _pair(self, table: Path) -> None:
        start = self._pos
        path = table
        for key in self._keys():
            path = (*path, key)
            self._at.setdefault(path, self._line(start))
        if self._skip(_BLANK) != "=":
            raise IndexError(self._pos)
        self._pos += 1
        self._skip(_BLANK)
        self._value(path)

    def _value(self, path: Path) -> None:
        ch = self._text[self._pos]
        if ch in "'\"":
            match = _STRING.match(self._text, self._pos)
            if match is None:
                raise IndexError(self._pos)
            if ch == '"' and "\\" in match[0]:
                self._escaped.append(self._line(self._pos))
            self._pos = match.end()
        elif ch == "[":
            self._pos += 1
            place = 0
            while self._skip() != "]":
                self._mark((*path, place))
                self._value((*path, place))
                place += 1
                if self._skip() == ",":
                    self._pos += 1
            self._pos += 1
        elif ch == "{":
            self._pos += 1
            while self._skip() != "}":
                self._pair(path)
                if self._skip() == ",":
                    self._pos += 1
            self._pos += 1
        else:
            end = _SCALAR.match(self._text, self._pos)
            if end is None or end.end() == self._pos:
                raise IndexError(self._pos)
            self._pos = end.end()
