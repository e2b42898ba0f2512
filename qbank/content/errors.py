"""What is wrong with a question file, and where."""

from __future__ import annotations

from qbank.domain import QbankError


def one_line(text: str, limit: int = 300) -> str:
    """``text`` without control characters, on one line, at most ``limit`` characters."""
    line = " ".join("".join(ch if ch.isprintable() else " " for ch in text[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


class ContentError(QbankError):
    """One fault of one file. ``str()`` is ``file:line: message``; ``line`` counts from 1, 0 where there is no file."""

    def __init__(self, file: str, line: int, rule: str, message: str) -> None:
        self.file, self.line, self.rule, self.message = one_line(file), line, rule, one_line(message)
        place = f"{self.file}:{line}: " if file else ""
        super().__init__(place + self.message)
