"""Every formula can be shown in a terminal."""

from __future__ import annotations

import re

from qbank.content.lint.case import Case
from qbank.mathtext import renders

_CODE = re.compile(r"```.*?```|~~~.*?~~~|`[^`\n]+`", re.DOTALL)
_MATHS = re.compile(r"\$\$(.+?)\$\$|(?<!\\)\$((?:\\.|[^$\\\n])+)\$", re.DOTALL)
_HOLE = re.compile(r"<<[^<>\n]*>>|\[\[[^\[\]\n]*\]\]")


def check(case: Case) -> None:
    """formula, dollar."""
    for _, text, where in case.texts():
        plain = _CODE.sub(" ", _HOLE.sub("1", text))
        for match in _MATHS.finditer(plain):
            tex = match[1] or match[2]
            if reason := renders(tex):
                case.say("formula", f"${tex}$ {reason}", *where)
            elif match[2] and (tex[0].isspace() or tex[-1].isspace()):
                case.say("dollar", f"${tex}$ must not begin or end with a blank", *where)
        rest = _MATHS.sub(" ", plain).replace(r"\$", "")
        if "$" in rest:
            case.say("dollar", "a dollar sign stands alone; write \\$ for the currency", *where)
        elif r"\(" in rest or r"\[" in rest:
            case.say("dollar", "formulas stand between dollar signs, not \\( and \\[", *where)
