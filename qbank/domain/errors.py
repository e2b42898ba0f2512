"""What a person at the keyboard can mend."""

from __future__ import annotations


class QbankError(Exception):
    """Something the person at the keyboard can mend: one clear line, exit code 2, nothing lost."""


class BadValue(QbankError):
    """``<argument> must <rule>; got <value>`` for what a command or a setting was given."""

    def __init__(self, argument: str, rule: str, value: object) -> None:
        shown = value if isinstance(value, str) else repr(value)
        shown = " ".join("".join(ch if ch.isprintable() else " " for ch in shown).split()) or "nothing"
        super().__init__(f"{argument} must {rule}; got {shown if len(shown) <= 80 else shown[:79] + '…'}")
