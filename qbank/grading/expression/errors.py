"""What is wrong with an expression, in both languages, and where."""

from __future__ import annotations

from qbank.domain import Text


class ExpressionError(Exception):
    """``at`` counts the characters of what was typed from 0; its length means that the end came too soon."""

    def __init__(self, zh: str, en: str, at: int) -> None:
        super().__init__(en)
        self.says = Text(zh, en)
        self.at = at

    def line(self) -> Text:
        """The place and what is wrong there, on one line; characters are counted from 1."""
        return Text(f"第 {self.at + 1} 个字符：{self.says.zh}", f"at character {self.at + 1}: {self.says.en}")
