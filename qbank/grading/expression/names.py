"""The functions and constants that may stand in an expression, with the other names people give them."""

from __future__ import annotations

import unicodedata

ARITY = {
    "sqrt": 1, "exp": 1, "ln": 1, "log2": 1, "log10": 1, "sin": 1, "cos": 1, "tan": 1, "asin": 1, "acos": 1,
    "atan": 1, "sinh": 1, "cosh": 1, "tanh": 1, "abs": 1, "sigmoid": 1, "softplus": 1, "relu": 1, "erf": 1,
    "floor": 1, "ceil": 1, "min": 2, "max": 2,
}  # fmt: skip
"""Function -> how many arguments it takes."""

CONSTANTS = ("pi", "e")

_ALIASES = {
    "log": "ln", "lg": "log10", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "tg": "tan", "sigma": "sigmoid",
    "logistic": "sigmoid", "sgm": "sigmoid", "ceiling": "ceil",
}  # fmt: skip


def function(name: str) -> str | None:
    """The function that a name stands for, whatever its case."""
    folded = name.casefold()
    folded = _ALIASES.get(folded, folded)
    return folded if folded in ARITY else None


def constant(name: str) -> str | None:
    """The constant that a name stands for: ``pi`` in any case, ``e`` in lower case."""
    return "e" if name == "e" else "pi" if name.casefold() == "pi" else None


def greek(ch: str) -> str | None:
    """A Greek letter in Latin ones: ``λ`` -> ``lambda``, ``Σ`` -> ``Sigma``; None for any other character."""
    words = unicodedata.name(ch, "").split()
    if len(words) != 4 or words[0] != "GREEK" or words[2] != "LETTER":
        return None
    spelled = "lambda" if words[3] == "LAMDA" else words[3].lower()
    return spelled.capitalize() if words[1] == "CAPITAL" else spelled
