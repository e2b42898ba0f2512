"""Markdown with ``$maths$`` as plain text for a terminal: no markers, wrapped by columns."""

from __future__ import annotations

import re

from qbank.mathtext.columns import GLUE, cut, printable, width, wrap

_DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
_FENCE = re.compile(r"^ {0,3}(```|~~~)[^\n]*\n(.*?)(?:^ {0,3}\1[^\n]*$|\Z)", re.DOTALL | re.MULTILINE)
_INLINE = re.compile(
    r"(?P<code>`[^`\n]+`)|(?P<escape>\\[\\$*_`#\[\]+>-])|(?P<maths>(?<!\$)\$(?![\s$])(?:\\.|[^$\\\n])+(?<!\s)\$(?!\d))"
)
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*", re.DOTALL)
_SLANT = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![\w*])")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\(([^)\s]*)\)")
_ITEM = re.compile(r"^(\s*)([-*+]|\d{1,3}[.)])\s+")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$")
_RULE = re.compile(r"^\s*([-*_])(?:\s*\1){2,}\s*$")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_INDENT = 4
_MARKS = {"bold": "\u206a\u206b", "slant": "\u206c\u206d", "code": "\u206e\u206f", "head": "\u2066\u2069"}
"""Signs that take no column, which :func:`printable` never lets through: where a stretch begins and ends."""
_ANY_MARK = re.compile("[\u2066\u2069\u206a-\u206f]")


def markdown(text: str, columns: int = 80) -> str:
    """Paragraphs, lists, headings, quotations, code and formulas as lines of at most ``columns`` columns.

    A formula too wide to be drawn stands on one line, or several; long lines of code are folded.
    """
    return _ANY_MARK.sub("", _lines(text, columns))


def marked(text: str, columns: int = 80) -> tuple[str, list[tuple[int, int, str]]]:
    """The same lines and what is marked in them: (start, end, ``bold``, ``slant``, ``code`` or ``head``)."""
    signs = {sign: (name, at == 0) for name, pair in _MARKS.items() for at, sign in enumerate(pair)}
    out, found, begun = "", [], {}
    for piece in re.split("([\u2066\u2069\u206a-\u206f])", _lines(text, columns)):
        name, opens = signs.get(piece, ("", False))
        if not name:
            out += piece
        elif opens:
            begun[name] = len(out)
        elif name in begun:
            start = begun.pop(name)
            if start < len(out):
                found.append((start, len(out), name))
    return out, sorted(found)


def _mark(name: str, text: str) -> str:
    return f"{_MARKS[name][0]}{text}{_MARKS[name][1]}"


def _lines(text: str, columns: int) -> str:
    """The lines of :func:`markdown`, signs included."""
    text = printable(text.replace("\r\n", "\n").expandtabs(4)).strip("\n")
    kept: list[list[str]] = []

    def keep(lines: list[str]) -> str:
        kept.append([" " * _INDENT + line if line else "" for line in lines])
        return f"\n\n\x00{len(kept) - 1}\x00\n\n"

    room = max(columns - _INDENT, 4)
    text = _FENCE.sub(lambda m: keep(_folded(m[2].rstrip("\n"), room)), text)
    text = _DISPLAY.sub(lambda m: keep(_drawn(m[1], room)), text)
    blocks = [_block(block, columns, kept) for block in re.split(r"\n[ \t]*\n", text) if block.strip()]
    return "\n\n".join(block for block in blocks if block)


def _drawn(tex: str, room: int) -> list[str]:
    from qbank.mathtext import render

    lines = render(tex.strip(), True).split("\n")
    return lines if max(map(width, lines)) <= room else wrap(render(tex.strip(), False), room)


def _folded(code: str, room: int) -> list[str]:
    lines = []
    for line in code.split("\n"):
        while width(line) > room:
            head = cut(line, room)
            lines.append(head)
            line = line[len(head) :]
        lines.append(line)
    return lines


def _block(block: str, columns: int, kept: list[list[str]]) -> str:
    lines = block.strip("\n").split("\n")
    first = lines[0].strip()
    if len(lines) == 1 and first.startswith("\x00"):
        return "\n".join(kept[int(first.strip("\x00"))])
    if lines[0].lstrip().startswith("|"):
        return "\n".join(row for line in lines for row in wrap(spans(line), columns))
    out: list[str] = []
    pending: list[str] = []
    prefix, rest = "", ""

    def flush() -> None:
        if pending:
            room = columns - width(rest)
            for n, line in enumerate(wrap(spans(_joined(pending)), room)):
                out.append((prefix if n == 0 else rest) + line)
            pending.clear()

    for line in lines:
        item, heading = _ITEM.match(line), _HEADING.match(line)
        if _RULE.match(line):
            flush()
            out.append("─" * min(columns, 40))
            prefix = rest = ""
        elif heading:
            flush()
            prefix = rest = ""
            pending.append(_mark("head", heading[1]))
            flush()
        elif item:
            flush()
            mark = "•" if item[2] in "-*+" else item[2]
            prefix = " " * min(len(item[1]), 12) + mark + " "
            rest = " " * width(prefix)
            pending.append(line[item.end() :])
        elif line.startswith(">"):
            if rest != "│ ":
                flush()
            prefix = rest = "│ "
            pending.append(line.lstrip("> "))
        else:
            pending.append(line)
    flush()
    return "\n".join(out)


def _joined(lines: list[str]) -> str:
    """Lines of a paragraph as one: no blank where a Chinese character stands on either side of the break."""
    text = ""
    for line in (one.strip() for one in lines):
        chinese = text and line and (width(text[-1]) == 2 and width(line[0]) == 2)
        text += line if not text or chinese else f" {line}"
    return text


def spans(text: str) -> str:
    """One paragraph without markers, its formulas in Unicode; their blanks do not break."""
    from qbank.mathtext import render

    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        if match["code"]:
            kept.append(_mark("code", match["code"][1:-1]))
        elif match["escape"]:
            kept.append(match["escape"][1])
        else:
            kept.append(render(match["maths"][1:-1], False).replace(" ", GLUE))
        return chr(0xE000 + len(kept) - 1) if len(kept) < 0x1900 else kept.pop()

    text = _INLINE.sub(keep, _PRIVATE.sub(" ", text))
    text = _BOLD.sub(lambda m: _mark("bold", m[1]), text)
    text = _SLANT.sub(lambda m: _mark("slant", m[1]), text)
    text = _LINK.sub(lambda m: m[1] if not m[2] or m[1] == m[2] else f"{m[1]} ({m[2]})", text)
    return _PRIVATE.sub(lambda m: kept[ord(m[0]) - 0xE000] if ord(m[0]) - 0xE000 < len(kept) else " ", text)
