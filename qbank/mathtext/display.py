"""A formula in two dimensions, drawn by TeXicode; what it gets wrong is mended here and nowhere else."""

from __future__ import annotations

import threading
from functools import cache

from qbank.mathtext.columns import width
from qbank.mathtext.tex import APPLIED, EXTRA, UNFAITHFUL, TexError, known, spaced, tokens

_LOCK = threading.Lock()
_FIRST = 0xA000
"""Yi syllables stand for characters TeXicode cannot place: letters to its lexer, and used by no formula."""
_FILLER = "\ua48c"
_LIMIT = 1000


def display(tex: str) -> str:
    """Lines of a drawn formula, without blanks at their ends. TexError where it cannot be drawn."""
    drawn = spaced(tokens(tex))
    stand_ins: list[str] = []
    plain = _write(drawn, stand_ins)
    rows = _rows(plain)
    lines = [_restore("".join(row), stand_ins).rstrip() for row in rows]
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    margin = min((len(line) - len(line.lstrip(" ")) for line in lines if line), default=0)
    return "\n".join(line[margin:] for line in lines)


@cache
def _prepare() -> None:
    """Mend TeXicode once: symbols it lacks, raised letters that are other letters, accents inside scripts."""
    from texicode import arts, renderer, symbols_art

    for name, ch in EXTRA.items():
        symbols_art.symbols[name] = [ch]
    for ch, bad in UNFAITHFUL.items():
        pair = arts.unicode_scripts.get(ch)
        if pair:
            arts.unicode_scripts[ch] = [" " if gone else old for old, gone in zip(pair, bad, strict=True)]
    arts.unicode_scripts["⊤"] = ["ᵀ", " "]
    revert = renderer.util_revert_font
    renderer.util_revert_font = lambda char: revert(char) if len(char) == 1 else char


def _rows(plain: str) -> list[list[str]]:
    from texicode import arts, lexer, parser, renderer, symbols_art

    with _LOCK:
        _prepare()
        arts.font = arts.font_normal  # global in TeXicode: any other user may have changed it
        try:
            nodes = parser.parse(lexer.lexer(plain, False), False)
            for kind, token, *_ in nodes:
                drawn = symbols_art.symbols.keys() | arts.multi_line_leaf_commands.keys()
                if kind == "cmd_leaf" and token[1] not in drawn:
                    raise TexError(f"holds the unknown command \\{token[1]}")
            rows: list[list[str]] = renderer.render(nodes, False)
        except TexError:
            raise
        except ValueError as error:
            raise TexError(f"cannot be drawn: {error}") from None
        except (
            Exception
        ) as error:  # TeXicode raises IndexError, KeyError, TypeError on formulas that are not well-formed
            raise TexError(f"cannot be drawn: {type(error).__name__}") from None
    return rows


def _write(found: list[str], stand_ins: list[str]) -> str:
    """The formula in the LaTeX that TeXicode knows."""
    out: list[str] = []
    text_depth: list[int] = []
    depth = 0
    place = 0
    while place < len(found):
        token = known(found[place])
        before = found[place - 1] if place else ""
        place += 1
        if token == "{":
            depth += 1
            if out and out[-1] == r"\text ":
                out[-1] = r"\text"
                text_depth.append(depth)
        elif token == "}":
            if text_depth and text_depth[-1] == depth:
                text_depth.pop()
            depth -= 1
        if token == r"\\" and place < len(found) and found[place] == "[":  # \\[4pt]: spacing of rows
            while place < len(found) and found[place] != "]":
                place += 1
            place += 1
        if token in (r"\langle", r"\rangle") and before == (r"\left" if token == r"\langle" else r"\right"):
            # TeXicode has no tall angle brackets and would draw another one.
            out[-1:] = [r"\langle ", r"\left."] if token == r"\langle" else [r"\right.", r"\rangle "]
            continue
        if token == APPLIED:
            out.append(r"\,")
        elif token == r"\bar" and found[place - 1] == r"\overline":
            bars, place = _bars(found, place)
            out.append(bars)
        elif token.startswith("\\") and len(token) > 1 and token[1].isalpha():
            out.append(token + ("" if token.endswith("}") else " "))
        elif token == "'":
            out.append(r"\prime " if not text_depth else "'")
        elif len(token) == 1 and not _drawable(token):
            out.append(_stand_in(token, stand_ins, grouped=not text_depth))
        else:
            out.append(token)
    return "".join(out)


def _bars(found: list[str], place: int) -> tuple[str, int]:
    """A line over several letters: one over each. TeXicode would put it over the first alone."""
    while place < len(found) and found[place] == " ":
        place += 1
    if place >= len(found):
        raise TexError("misses an argument")
    end = place
    letters = [found[place]]
    if found[place] == "{":
        end = found.index("}", place) if "}" in found[place:] else len(found) - 1
        letters = [token for token in found[place + 1 : end] if token != " "]
    if not letters or not all(len(token) == 1 and token.isascii() and token.isalnum() for token in letters):
        if len(letters) == 1 and letters[0].startswith("\\"):
            return rf"\bar{{{letters[0]}}}", end + 1
        raise TexError("draws a line over more than letters")
    return "".join(rf"\bar{{{token}}}" for token in letters), end + 1


def _drawable(ch: str) -> bool:
    return ch.isascii() or ((ch.isalpha() or ch.isdigit()) and width(ch) == 1)


def _stand_in(ch: str, stand_ins: list[str], *, grouped: bool) -> str:
    """One letter for a narrow character, two for a wide one, so that columns stay aligned."""
    if ch not in stand_ins:
        if len(stand_ins) >= _LIMIT:
            raise TexError("holds too many different characters")
        stand_ins.append(ch)
    letter = chr(_FIRST + stand_ins.index(ch)) + (_FILLER if width(ch) == 2 else "")
    return "{" + letter + "}" if grouped and len(letter) > 1 else letter


def _restore(row: str, stand_ins: list[str]) -> str:
    return "".join(
        stand_ins[ord(ch) - _FIRST] if 0 <= ord(ch) - _FIRST < len(stand_ins) else "" if ch == _FILLER else ch
        for ch in row
    )
