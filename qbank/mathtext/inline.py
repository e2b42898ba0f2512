"""A formula on one line of Unicode: ``D(P‖Q) = ∑ₖ pₖ log(pₖ/qₖ)``."""

from __future__ import annotations

import re
from functools import cache

from qbank.mathtext.tex import APPLIED, CLOSES, EXTRA, UNFAITHFUL, TexError, known, spaced, tokens

DEEPEST = 60

_ACCENTS = {
    "acute": "\u0301", "bar": "\u0304", "breve": "\u0306", "check": "\u030c", "ddot": "\u0308", "dot": "\u0307",
    "grave": "\u0300", "hat": "\u0302", "mathring": "\u030a", "tilde": "\u0303", "vec": "\u20d7", "widehat": "\u0302",
    "widetilde": "\u0303",
}  # fmt: skip
_FONTS = {
    "mathbf": "serif_bld", "mathsf": "sans", "mathtt": "mono", "mathcal": "cali_bld", "mathfrak": "frak_bld",
    "mathbb": "double", "mathscr": "cali_bld", "mathrm": "", "mathit": "", "mathnormal": "",
}  # fmt: skip
_SIZES = frozenset(f"{size}{side}" for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m"))
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LOOSE = re.compile(r"[-−+=<>≤≥≈∼,;:| ]")
_ENVIRONMENTS = {
    "matrix": ("[", "]"), "smallmatrix": ("[", "]"), "pmatrix": ("(", ")"), "bmatrix": ("[", "]"),
    "Bmatrix": ("{", "}"), "vmatrix": ("|", "|"), "Vmatrix": ("‖", "‖"), "cases": ("{ ", ""), "array": ("[", "]"),
    "aligned": ("", ""), "align": ("", ""), "align*": ("", ""), "split": ("", ""), "gathered": ("", ""),
}  # fmt: skip


def inline(tex: str) -> str:
    """One line. TexError for a command it does not know, for braces that do not match, for deep nesting."""
    text = _Line(spaced(tokens(tex))).until("", 0)
    return re.sub(r" {2,}", " ", text.replace("\n", "; ")).strip()


@cache
def symbols() -> dict[str, str]:
    """Command -> characters."""
    from texicode import symbols_art

    found = {name: "".join(cells) for name, cells in symbols_art.symbols.items()} | EXTRA
    found |= {
        "int": "∫", "iint": "∬", "iiint": "∭", "oint": "∮", "sum": "∑", "prod": "∏", "quad": "  ", "qquad": "    ",
        "pmod": "mod", "bmod": " mod ", "mod": " mod ", "cdot": "·", "mid": " | ", "to": " → ", "backslash": "\\",
        "iff": " ⟺ ", "applied": " ",
    }  # fmt: skip
    return found


@cache
def scripts() -> tuple[dict[str, str], dict[str, str]]:
    """Raised and lowered forms of single characters, faithful ones only."""
    from texicode import arts

    up, down = {}, {}
    for ch, (raised, lowered) in arts.unicode_scripts.items():
        bad = UNFAITHFUL.get(ch, (False, False))
        if raised != " " and not bad[0]:
            up[ch] = raised
        if lowered != " " and not bad[1]:
            down[ch] = lowered
    for table in (up, down):
        table["−"] = table["-"]
        table.pop(" ", None)
    up["⊤"] = "ᵀ"
    return up, down


@cache
def letters(font: str) -> dict[str, str]:
    """Plain letter -> the same letter of an alphabet."""
    from texicode import arts

    return dict(zip(arts.alphabets["normal"], arts.alphabets[font], strict=True))


class _Line:
    def __init__(self, found: list[str]) -> None:
        self.tokens, self.at = found, 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def blanks(self) -> None:
        while self.peek() == " ":
            self.at += 1

    def until(self, end: str, depth: int, text: bool = False) -> str:
        """Everything up to ``end``, which is taken too; ``""`` is the end of the formula."""
        if depth > DEEPEST:
            raise TexError("is nested too deeply")
        out = ""
        while True:
            token = self.peek()
            if token == end:
                self.at += 1
                return out
            if not token:
                raise TexError(f"misses a {end}")
            out += self.piece(depth, text)

    def piece(self, depth: int, text: bool = False) -> str:
        token = self.take()
        if token == "{":
            return self.until("}", depth + 1, text)
        if token == "}":
            raise TexError("has a } too many")
        if text:
            return token[1:] if token.startswith("\\") else token
        if token == " ":
            return ""
        if token in ("^", "_"):
            return self.script(token, depth)
        if token == "-":
            return "−"
        if token == "'":
            return "′"
        if token in ("~", "&"):
            return " "
        if token.startswith("\\"):
            return self.command(known(token)[1:], depth)
        return token

    def argument(self, depth: int, text: bool = False) -> str:
        self.blanks()
        if not self.peek():
            raise TexError("misses an argument")
        if depth > DEEPEST:
            raise TexError("is nested too deeply")
        return self.piece(depth + 1, text)

    def command(self, name: str, depth: int) -> str:
        if name == "frac":
            applied = self.at >= 2 and self.tokens[self.at - 2] == APPLIED
            top, bottom = self.argument(depth), self.argument(depth)
            quotient = f"{_guard(top, loose=True)}/{_guard(bottom)}"
            return f"({quotient})" if applied or self.multiplies() else quotient
        if name == "binom":
            return f"C({self.argument(depth)}, {self.argument(depth)})"
        if name == "sqrt":
            degree = ""
            self.blanks()
            if self.peek() == "[":
                self.at += 1
                degree = self.until("]", depth + 1)
            return _shift(degree, scripts()[0], "") + "√" + _guard(self.argument(depth))
        if name == "text":
            return self.argument(depth, text=True)
        if name in _FONTS:
            inner = self.argument(depth)
            table = letters(_FONTS[name]) if _FONTS[name] else {}
            return "".join(table.get(ch, ch) for ch in inner)
        if name in _ACCENTS:
            inner = self.argument(depth)
            return inner[:1] + _ACCENTS[name] + inner[1:] if len(inner) < 2 or name != "bar" else _overline(inner)
        if name in ("left", "right", "middle") or name in _SIZES:
            self.blanks()
            token = known(self.take())
            if not token:
                raise TexError(f"misses the bracket after \\{name}")
            return "" if token == "." else self.command(token[1:], depth) if token.startswith("\\") else token
        if name == "begin":
            return self.environment(depth)
        if name == "substack":
            return self.argument(depth).replace("\n", ", ")
        if name == "\\" or name == "newline":
            return "\n"
        if name in ("{", "}"):
            return name
        if name in ("sum", "prod", "int"):
            return self.large(symbols()[name], depth)
        found = symbols().get(name)
        if found is None:
            raise TexError(f"holds the unknown command \\{name}")
        return found

    def multiplies(self) -> bool:
        """Whether what follows a quotient would be read as part of its denominator."""
        after = next((token for token in self.tokens[self.at :] if token != " "), "")
        if after in CLOSES or after in ("\\\\", r"\,", r"\;", r"\middle", APPLIED):
            return False
        return (
            after.isalnum() or after in ("(", "[", "{", "^", "_") or (after.startswith("\\") and after[1:2].isalpha())
        )

    def large(self, sign: str, depth: int) -> str:
        """A sum sign with its bounds and a blank after them."""
        self.blanks()
        while self.peek() in ("^", "_"):
            sign += self.script(self.take(), depth)
            self.blanks()
        return sign + " "

    def script(self, mark: str, depth: int) -> str:
        inner = self.argument(depth)
        if mark == "^" and inner in ("′", "∗", "*", "⋆", "†", "∘"):
            return {"∘": "°", "∗": "*"}.get(inner, inner)
        return _shift(inner, scripts()[mark == "_"], mark)

    def environment(self, depth: int) -> str:
        name = self.argument(depth, text=True)
        if name not in _ENVIRONMENTS:
            raise TexError(f"holds the unknown environment {name}")
        if name == "array":
            self.argument(depth, text=True)
        start = self.at
        level = 0
        while self.peek() and not (self.peek() == r"\end" and level == 0):
            level += {r"\begin": 1, r"\end": -1}.get(self.peek(), 0)
            self.at += 1
        if not self.peek():
            raise TexError(f"misses \\end{{{name}}}")
        inner = _Line(self.tokens[start : self.at])
        self.at += 1
        if self.argument(depth, text=True) != name:
            raise TexError(f"misses \\end{{{name}}}")
        rows = [" ".join(row.split()) for row in inner.until("", depth + 1).split("\n")]
        left, right = _ENVIRONMENTS[name]
        return left + "; ".join(row for row in rows if row) + right


@cache
def _marks() -> frozenset[str]:
    """What may follow a letter and still be one thing with it: accents, primes, raised and lowered characters."""
    up, down = scripts()
    return frozenset("′'" + "".join(_ACCENTS.values()) + "".join(up.values()) + "".join(down.values()))


def _is_atom(text: str) -> bool:
    """One number, or one letter with its marks, perhaps after a ∂ or Δ."""
    if _NUMBER.fullmatch(text):
        return True
    text = text[1:] if text[:1] in "∂Δ" and len(text) > 1 else text
    return text[:1].isalpha() and all(ch in _marks() for ch in text[1:])


def _guard(text: str, *, loose: bool = False) -> str:
    """In brackets unless it is one thing; ``loose`` lets products stand."""
    if _is_atom(text) or _bracketed(text) or (loose and text and not _LOOSE.search(text) and "/" not in text):
        return text
    return f"({text})"


def _bracketed(text: str) -> bool:
    """Whether one pair of round brackets holds it all."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    level = 0
    for place, ch in enumerate(text):
        level += {"(": 1, ")": -1}.get(ch, 0)
        if level == 0 and place < len(text) - 1:
            return False
    return True


def _shift(text: str, table: dict[str, str], mark: str) -> str:
    """Raised or lowered characters where all have such a form, else ``^x`` or ``^(x + y)``."""
    if all(ch in table for ch in text):
        return "".join(table[ch] for ch in text)
    if not mark:
        raise TexError(f"has the degree {text}, which cannot be raised")
    plain = text.replace("\n", ", ")
    return f"{mark}{plain}" if len(plain) == 1 or _NUMBER.fullmatch(plain) else f"{mark}({plain})"


def _overline(text: str) -> str:
    return "".join(ch + "\u0305" for ch in text)
