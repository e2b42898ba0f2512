"""``<<name>>``: an input as shown. ``<<=name>>``: an output or a step to four significant digits. Both take indices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from qbank.dealing.numbers import pick, reference, write, write_input, write_rounded
from qbank.domain import QbankError, Text

_HOLE = re.compile(r"<<([^<>\n]*)>>")


def placeholders(text: str) -> tuple[str, ...]:
    """What stands between ``<<`` and ``>>``, in order, without blanks around it."""
    return tuple(match[1].strip() for match in _HOLE.finditer(text))


def fill(text: str, inputs: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    """Put numbers into a text. QbankError for a placeholder that names nothing."""

    def number(match: re.Match[str]) -> str:
        hole = match[1].strip()
        rounded = hole.startswith("=")
        found = reference(hole.removeprefix("="))
        try:
            if found is None:
                raise LookupError
            value = pick((values if rounded else inputs)[found[0]], found[1])
        except LookupError:
            what = "output or step" if rounded else "input"
            raise QbankError(f"<<{hole}>> must name an {what} of the solver") from None
        return write(value, write_rounded if rounded else write_input, _in_maths(text, match.start()))

    return _HOLE.sub(number, text)


def fill_both(text: Text | None, inputs: Mapping[str, Any], values: Mapping[str, Any]) -> Text | None:
    """:func:`fill` in both languages."""
    return None if text is None else Text(fill(text.zh, inputs, values), fill(text.en, inputs, values))


def _in_maths(text: str, position: int) -> bool:
    before = text[:position].replace(r"\$", "").replace("$$", "$")
    return before.count("$") % 2 == 1
