"""Two themes whose every color reads well on its background; never the terminal's own colors."""

from __future__ import annotations

from textual.theme import Theme

DARK = "catppuccin-mocha"
LIGHT = "qbank-light"
NAMES = {"dark": DARK, "light": LIGHT}
"""The value of ``theme`` in the config file -> the theme."""

LIGHT_THEME = Theme(
    name=LIGHT,
    primary="#1a4b9b",
    secondary="#5b3a8c",
    accent="#86278a",
    warning="#7d4a00",
    error="#a3142f",
    success="#1a652c",
    foreground="#1d1f27",
    background="#fbfaf6",
    surface="#f1efe8",
    panel="#e4e1d7",
    dark=False,
    variables={"input-cursor-text-style": "reverse", "footer-background": "#e4e1d7"},
)
