"""Both themes can be read: every letter that is painted stands out from what is behind it."""

from __future__ import annotations

import pytest
from textual.color import Color

ENOUGH = 4.5
"""Contrast ratio of normal text after WCAG AA."""
WAYS = {"home": (), "browse": ("b",), "question": ("b", "enter"), "settings": ("g",), "help": ("question_mark",)}


def luminance(color: Color) -> float:
    """Relative luminance after WCAG."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def faint(pilot) -> list[tuple[str, float]]:
    """Painted texts that do not stand out enough, with their contrast."""
    found = []
    for strip in pilot.app.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style
            if (
                not any(ch.isalnum() for ch in segment.text)
                or style is None
                or style.color is None
                or style.bgcolor is None
            ):
                continue
            ink, paper = (Color.from_rich_color(color) for color in (style.color, style.bgcolor))
            if style.reverse:
                ink, paper = paper, ink
            contrast = (max(luminance(ink), luminance(paper)) + 0.05) / (min(luminance(ink), luminance(paper)) + 0.05)
            if contrast < ENOUGH:
                found.append((segment.text.strip(), round(contrast, 2)))
    return found


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("screen", WAYS)
def test_every_text_stands_out(screen: str, theme: str, at_home, play, settle) -> None:
    async def story(pilot) -> None:
        for key in (*(("f3",) if theme == "light" else ()), *WAYS[screen]):
            await pilot.press(key)
            await settle(pilot)
        assert faint(pilot) == []

    play(at_home("en"), story, (120, 36))
