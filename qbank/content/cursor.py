"""Reading typed values out of a table while collecting every fault, so that one run shows them all."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from qbank.content.errors import ContentError
from qbank.content.lines import Lines
from qbank.domain import Text

T = TypeVar("T")

ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
FREE_ID = re.compile(r"[A-Za-z0-9]+(?:[-._][A-Za-z0-9]+)*")
LONGEST_ID = 64
LONGEST_TEXT = 20_000
DEEPEST = 20
LARGEST_INT = 2**53


class Faults:
    """The faults of one file, in the order of its lines."""

    def __init__(self, where: Lines | None) -> None:
        self._where = where or Lines()
        self._found: list[ContentError] = []

    def add(self, path: tuple[Hashable, ...], rule: str, message: str) -> None:
        line = self._where.at(*path) if self._where.file else 0
        self._found.append(ContentError(self._where.file, line, rule, message))

    def all(self) -> tuple[ContentError, ...]:
        return tuple(sorted(self._found, key=lambda fault: fault.line))


def show(value: object) -> str:
    """A value in an error message, short."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and abs(value) > LARGEST_INT:  # str() refuses whole numbers of many digits
        return "a huge number"
    text = f"'{value}'" if isinstance(value, str) else repr(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def printable(text: str) -> bool:
    """No control or formatting characters (``\\t`` and bidirectional marks among them); line breaks are fine."""
    return text.isprintable() or all(ch.isprintable() or ch in "\n\u3000\u00a0\u2002\u2003\u2009" for ch in text)


class Cursor:
    """One table. Each getter returns a usable value even after noting a fault; call :meth:`close` at the end."""

    def __init__(self, raw: object, faults: Faults, *path: Hashable) -> None:
        self.faults, self.path = faults, path
        self.raw: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
        self._seen: set[str] = set()
        if not isinstance(raw, dict):
            self.fault("type", f"{self._names or 'the file'} must be a table; got {show(raw)}")

    @property
    def _names(self) -> str:
        return ".".join(str(p) if isinstance(p, str) else str(int(str(p)) + 1) for p in self.path)

    def name(self, key: str) -> str:
        return f"{self._names}.{key}" if self.path else key

    def fault(self, rule: str, message: str, *more: Hashable) -> None:
        self.faults.add((*self.path, *more), rule, message)

    def has(self, key: str) -> bool:
        return key in self.raw

    def knows(self, *keys: str) -> None:
        """Keys that may stand here, read or not."""
        self._seen.update(keys)

    def close(self) -> None:
        """Every key that nobody asked for is unknown."""
        for key in self.raw:
            if key not in self._seen:
                near = get_close_matches(key, sorted(self._seen), n=1, cutoff=0.6) if len(key) < 60 else []
                hint = f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(sorted(self._seen))}"
                self.fault("unknown-key", f"{self.name(key)} is no known key{hint}", key)

    def _get(self, key: str, default: T, good: Callable[[Any], bool], what: str, required: bool) -> Any | T:
        self._seen.add(key)
        if key not in self.raw:
            if required:
                self.fault("missing", f"{self.name(key)} is missing: it must be {what}", key)
            return default
        value = self.raw[key]
        if not good(value):
            self.fault("type", f"{self.name(key)} must be {what}; got {show(value)}", key)
            return default
        return value

    def text(self, key: str, *, lines: bool = False, required: bool = True) -> str:
        """A string that is not blank; ``lines`` allows several lines. Outer blanks are removed."""
        plain = self.raw.get(key)
        if type(plain) is str and plain.isprintable() and 0 < len(plain) <= LONGEST_TEXT and plain == plain.strip():
            self._seen.add(key)  # most are without fault
            return plain
        value = self._get(key, "", lambda v: isinstance(v, str), "a text", required)
        assert isinstance(value, str)
        if key not in self.raw or not isinstance(self.raw[key], str):
            return ""
        whole, value = value, value.strip()
        if not value:
            self.fault("empty", f"{self.name(key)} must not be empty", key)
        elif len(value) > LONGEST_TEXT:
            self.fault("length", f"{self.name(key)} must have at most {LONGEST_TEXT} characters; got {len(value)}", key)
        elif not lines and "\n" in value:
            self.fault("one-line", f"{self.name(key)} must be one line", key)
        elif not printable(whole):  # not of what is left after strip(): "\\tau" in double quotes begins with a tab
            bad = next(ch for ch in whole if not printable(ch))
            hint = "write it in single quotes" if bad in "\t\r\f\b\a\v\x1b" else "remove it"
            self.fault("control-character", f"{self.name(key)} holds the character U+{ord(bad):04X}; {hint}", key)
        return value

    def maybe(self, key: str, *, lines: bool = False) -> str | None:
        """A text, or None where the key is absent."""
        self._seen.add(key)
        return self.text(key, lines=lines) or None if key in self.raw else None

    def id(self, key: str = "id", pattern: re.Pattern[str] = ID, *, required: bool = True) -> str:
        value = self.text(key, required=required)
        if value and (len(value) > LONGEST_ID or not pattern.fullmatch(value)):
            kind = "lower-case letters and digits, joined by single hyphens" if pattern is ID else "an id"
            self.fault(
                "id", f"{self.name(key)} must be {kind}, at most {LONGEST_ID} characters; got {show(value)}", key
            )
        return value

    def maybe_id(self, key: str, pattern: re.Pattern[str] = ID) -> str | None:
        self._seen.add(key)
        return self.id(key, pattern) or None if key in self.raw else None

    def one_of(self, key: str, allowed: Iterable[str]) -> str:
        choices = tuple(allowed)
        value = self.text(key)
        if value and value not in choices:
            self.fault("choice", f"{self.name(key)} must be one of {', '.join(choices)}; got {show(value)}", key)
        return value

    def exactly(self, key: str, wanted: int, what: str) -> None:
        """A whole number that can only have one value."""
        self._get(key, wanted, lambda v: type(v) is int and v == wanted, f"{wanted}, {what}", True)

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        def good(value: Any) -> bool:
            return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

        what = f"a whole number from {low} to {high}"
        value = self._get(key, low if default is None else default, good, what, default is None)
        return int(value)

    def real(self, key: str, low: float, high: float, default: float) -> float:
        def good(value: Any) -> bool:
            return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high

        return float(self._get(key, default, good, f"a number from {low:g} to {high:g}", False))

    def flag(self, key: str) -> bool:
        return bool(self._get(key, False, lambda v: isinstance(v, bool), "true or false", False))

    def both(self, raw: object, key: str, *, lines: bool = False, path: tuple[Hashable, ...] = ()) -> Text:
        """``{zh, en}`` of a table that stands elsewhere."""
        inner = Cursor(raw, self.faults, *(path or (*self.path, key)))
        found = Text(inner.text("zh", lines=lines), inner.text("en", lines=lines))
        inner.close()
        return found

    def here(self, *, lines: bool = False) -> Text:
        """The keys ``zh`` and ``en`` of this very table."""
        return Text(self.text("zh", lines=lines), self.text("en", lines=lines))

    def table(self, key: str, *, required: bool = False) -> Mapping[str, Any]:
        value: Mapping[str, Any] = self._get(key, {}, lambda v: isinstance(v, dict), "a table", required)
        return value

    def plain(self, value: object, key: str, depth: int = 0) -> None:
        """Note whatever strict JSON cannot hold: dates, infinities, whole numbers past 2^53, deep nesting."""
        if depth > DEEPEST:
            self.fault("depth", f"{self.name(key)} is nested too deeply", key)
        elif isinstance(value, dict):
            for inner in value.values():
                self.plain(inner, key, depth + 1)
        elif isinstance(value, list):
            for inner in value:
                self.plain(inner, key, depth + 1)
        elif isinstance(value, str):
            if not printable(value):
                self.fault("control-character", f"{self.name(key)} holds a control character", key)
        elif isinstance(value, float) and not math.isfinite(value):
            self.fault("finite", f"{self.name(key)} must write {value} in quotes: '{value}'", key)
        elif isinstance(value, int) and abs(value) > LARGEST_INT:
            self.fault("range", f"{self.name(key)} holds a whole number beyond 2^53", key)
        elif not isinstance(value, int | float):
            self.fault("type", f"{self.name(key)} must hold numbers, texts and lists only; got {show(value)}", key)

    def values(self, key: str, default: tuple[Any, ...], good: Callable[[object], bool], what: str) -> tuple[Any, ...]:
        """A list of values that are all ``good``."""

        def fine(raw: Any) -> bool:
            return isinstance(raw, list) and all(map(good, raw))

        return tuple(self._get(key, default, fine, what, False))

    def strings(self, key: str, pattern: re.Pattern[str] = ID, *, required: bool = False) -> tuple[str, ...]:
        """A list of ids without repetitions."""
        values: list[Any] = self._get(key, [], lambda v: isinstance(v, list), "a list of ids", required)
        found: list[str] = []
        for place, value in enumerate(values):
            if not isinstance(value, str) or len(value) > LONGEST_ID or not pattern.fullmatch(value):
                self.fault("id", f"{self.name(key)} must hold ids; got {show(value)}", key, place)
            elif value in found:
                self.fault("duplicate-id", f"{self.name(key)} holds '{value}' twice", key, place)
            else:
                found.append(value)
        if required and key in self.raw and not values:
            self.fault("empty", f"{self.name(key)} must not be empty", key)
        return tuple(found)

    def tables(self, key: str, *, required: bool = False) -> list[Cursor]:
        """A list of tables, each with a cursor of its own; the caller closes them."""
        values: list[Any] = self._get(key, [], lambda v: isinstance(v, list), "a list of tables", required)
        if required and key in self.raw and values == []:
            self.fault("empty", f"{self.name(key)} must not be empty", key)
        return [Cursor(value, self.faults, *self.path, key, place) for place, value in enumerate(values)]

    def unique(self, key: str, ids: Iterable[str]) -> None:
        """Note ids that stand twice in the list ``key``."""
        seen: set[str] = set()
        for place, one in enumerate(ids):
            if one and one in seen:
                self.fault("duplicate-id", f"{self.name(key)} holds the id '{one}' twice", key, place)
            seen.add(one)
