"""A worked answer made from what the solver noted, for items whose author wrote none."""

from __future__ import annotations

from typing import Any

from qbank.dealing.numbers import shape, size, write, write_rounded
from qbank.domain import Text, Variant

LINES = 6
LONGEST = 12
"""Values of more numbers than this are told by their shape."""


def worked(variant: Variant, asked: str, ask: str, key: Any) -> Text:
    """At most six list lines: the steps up to the asked value, by label, then the asked value itself."""
    steps = []
    for name, label in variant.labels.items():
        if name == asked:
            break
        if label != Text(name, name):  # outputs are labelled by their names; they are no steps
            steps.append((label, variant.values[name]))
    lines = [(label, *_told(value)) for label, value in steps[: LINES - 1]]
    label = variant.labels.get(asked, Text(asked, asked))
    last = Text(ask, ask) if label == Text(asked, asked) else label
    lines.append((last, *_told(key)))
    return Text(
        "\n".join(f"- {label.zh}：{zh}" for label, zh, _ in lines),
        "\n".join(f"- {label.en}: {en}" for label, _, en in lines),
    )


def _told(value: Any) -> tuple[str, str]:
    if size(value) > LONGEST:
        axes = shape(value)
        return f"形状 {axes}", f"shape {axes}"
    text = write(value, write_rounded)
    return text, text
