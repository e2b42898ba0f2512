"""LaTeX maths as tokens: what the one-line and the two-dimensional rendering have in common."""

from __future__ import annotations

import re

LONGEST = 4000
"""Characters of one formula."""

_TOKEN = re.compile(r"\\(?:operatorname\*|[A-Za-z]+|.)|\s+|.", re.DOTALL)

NAMES = frozenset(
    (
        "arccos", "arcsin", "arctan", "arg", "cos", "cosh", "cot", "coth", "csc", "deg", "det", "dim", "exp", "gcd",
        "inf", "ker", "lg", "lim", "liminf", "limsup", "ln", "log", "max", "min", "Pr", "sec", "sin", "sinh", "sup",
        "tan", "tanh",
    )
)  # fmt: skip
"""Operators written as words: they keep a blank to their neighbours."""

REPLACED = {
    r"\lVert": r"\Vert", r"\rVert": r"\Vert", r"\|": r"\Vert", r"\bm": r"\mathbf", r"\boldsymbol": r"\mathbf",
    r"\pmb": r"\mathbf", r"\implies": r"\Rightarrow", r"\impliedby": r"\Leftarrow", r"\lang": r"\langle",
    r"\rang": r"\rangle", r"\dotsc": r"\ldots", r"\dotsb": r"\cdots", r"\textbf": r"\text", r"\textit": r"\text",
    r"\textrm": r"\text", r"\texttt": r"\text", r"\mathring": r"\mathring", r"\operatorname": r"\mathrm",
    r"\operatorname*": r"\mathrm", r"\tfrac": r"\frac", r"\dfrac": r"\frac", r"\cfrac": r"\frac", r"\dbinom": r"\binom",
    r"\tbinom": r"\binom", r"\overline": r"\bar", r"\lbrace": r"\{", r"\rbrace": r"\}", r"\thinspace": r"\,",
    r"\enspace": r"\,", r"\varnothing": r"\emptyset", r"\infin": r"\infty", r"\R": r"\mathbb{R}",
}  # fmt: skip
"""Commands that are read as another one."""

DROPPED = frozenset(
    (
        r"\nolimits", r"\limits", r"\displaystyle", r"\textstyle", r"\scriptstyle", r"\scriptscriptstyle",
        r"\nonumber", r"\notag",
    )
)  # fmt: skip
"""Commands that say nothing in a terminal."""

EXTRA = {
    "bigcap": "⋂", "bigcup": "⋃", "bigodot": "⨀", "bigoplus": "⨁", "bigotimes": "⨂", "bigsqcup": "⨆", "biguplus": "⨄",
    "bigvee": "⋁", "bigwedge": "⋀", "coloneqq": "≔", "colon": ":", "lesssim": "≲", "gtrsim": "≳", "succsim": "≿",
    "precsim": "≾", "nsim": "≁", "triangleq": "≜", "blacksquare": "■", "square": "□", "checkmark": "✓", "degree": "°",
    "nexists": "∄", "nleq": "≰", "ngeq": "≱", "lt": "<", "gt": ">", "geqslant": "⩾", "leqslant": "⩽", "subsetneq": "⊊",
    "supsetneq": "⊋", "varsubsetneq": "⊊", "rightleftarrows": "⇄", "twoheadrightarrow": "↠", "rightrightarrows": "⇉",
    "upuparrows": "⇈", "circledast": "⊛", "circledcirc": "⊚", "boxplus": "⊞", "boxdot": "⊡", "lVert": "‖", "rVert": "‖",
    "Longrightarrow": "⟹", "Longleftarrow": "⟸", "Longleftrightarrow": "⟺", "dag": "†", "S": "§", "euro": "€",
    "digamma": "ϝ", "eth": "ð", "beth": "ℶ", "varkappa": "ϰ", "Finv": "Ⅎ", "hslash": "ℏ", "perp": "⊥", "rhd": "▷",
    "lhd": "◁",
}  # fmt: skip
"""Symbols that TeXicode lacks or draws wrongly."""

UNFAITHFUL = {
    "F": (True, False), "S": (True, True), "X": (True, True), "Z": (True, False), "V": (False, True),
    "Y": (True, True), "y": (False, True), "C": (True, False), "Q": (True, False), "q": (True, False),
    "I": (False, True), ".": (True, False), "/": (True, False), "!": (True, False),
}  # fmt: skip
"""Characters whose raised or lowered form in TeXicode's table is another letter's, or in few fonts."""


_OPENS = frozenset((r"\left", r"\big", r"\Big", r"\bigl", r"\Bigl", r"\biggl", r"\Biggl", r"\bigg", r"\Bigg"))
CLOSES = frozenset(
    (
        r"\right", r"\bigr", r"\Bigr", r"\biggr", r"\Biggr", r"\le", r"\ge", r"\leq", r"\geq", r"\in", r"\cdot", r"\to",
        r"\times", r"\approx", r"\quad", r"\qquad", r"\rangle", r"\rfloor", r"\rVert", r"\end", r"\mid", r"\sim",
    )
)  # fmt: skip


APPLIED = r"\applied"
"""The blank between a word operator and what it applies to."""


class TexError(ValueError):
    """Why a formula cannot be shown."""


def tokens(tex: str) -> list[str]:
    """Commands (``\\frac``, ``\\,``), single characters, and ``" "`` for any run of blanks. TexError for a long one."""
    if len(tex) > LONGEST:
        raise TexError(f"must have at most {LONGEST} characters")
    found = []
    for match in _TOKEN.finditer(tex):
        token = match[0]
        if token == "\\":
            raise TexError("must not end in a backslash")
        if token.isspace():
            found.append(" ")
        elif token.startswith("\\") and token[1].isspace():
            found.append(r"\,")
        elif token not in DROPPED:
            found.append(token)
    return found


def spaced(found: list[str]) -> list[str]:
    """With a thin space between a word operator, scripts and all, and what it applies to or follows."""
    out: list[str] = []
    place = 0
    while place < len(found):
        token = found[place]
        place += 1
        before = next((one for one in reversed(out) if one != " "), "")
        if token[1:] not in NAMES:
            out.append(token)
            continue
        if before and (before[-1].isalnum() or before in (")", "]", "}")) and before not in _OPENS:
            out.append(r"\,")
        out.append(token)
        start = place
        while True:
            end = _script_end(found, place)
            if end == place:
                break
            place = end
        out += found[start:place]
        after = next((one for one in found[place:] if one != " "), "")
        starts = after.isalnum() or after == "{" or (after.startswith("\\") and after[1:2].isalpha())
        if starts and after not in _OPENS and after not in CLOSES:
            out.append(APPLIED)
    return out


def _script_end(found: list[str], place: int) -> int:
    """Past one ``_x`` or ``^{…}`` at ``place``; ``place`` itself where there is none."""
    at = place
    while at < len(found) and found[at] == " ":
        at += 1
    if at >= len(found) or found[at] not in ("_", "^"):
        return place
    at += 1
    while at < len(found) and found[at] == " ":
        at += 1
    level = 0
    while at < len(found):
        level += {"{": 1, "}": -1}.get(found[at], 0)
        at += 1
        if level <= 0:
            break
    return at


def known(token: str) -> str:
    """A command under the name by which it is drawn."""
    return REPLACED.get(token, token)
