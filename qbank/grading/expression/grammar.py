"""Whether tokens form an expression, told where they do not. Nothing is left out silently: ``2x`` is refused."""

from __future__ import annotations

from collections.abc import Sequence

from qbank.grading.expression.errors import ExpressionError
from qbank.grading.expression.names import ARITY
from qbank.grading.expression.tokens import Token

DEEPEST = 25
"""Brackets within brackets."""


def roots(tokens: Sequence[Token]) -> list[Token]:
    """``√2`` as ``sqrt(2)``; ``√`` before anything but one number, one name or a bracket is refused."""
    out: list[Token] = []
    skip = False
    for place, token in enumerate(tokens):
        if skip:
            skip = False
            continue
        if token.text != "√":
            out.append(token)
            continue
        out.append(Token("function", "sqrt", token.at, "√"))
        after = tokens[place + 1] if place + 1 < len(tokens) else None
        if after is not None and after.text == "(":
            continue
        beyond = tokens[place + 2].text if place + 2 < len(tokens) else ""
        if after is None or after.kind not in ("number", "symbol", "constant") or beyond in ("^", "%"):
            raise ExpressionError("√ 后面请加括号", "put brackets after √", token.at)
        out += [Token("sign", "(", after.at, "("), after, Token("sign", ")", after.at, ")")]
        skip = True
    return out


def percents(tokens: Sequence[Token]) -> list[Token]:
    """``5%`` as one number; a percent sign after anything else is refused."""
    out: list[Token] = []
    for token in tokens:
        if token.text != "%":
            out.append(token)
        elif out and out[-1].kind == "number" and not out[-1].text.endswith("%"):
            last = out.pop()
            out.append(Token("number", last.text + "%", last.at, last.typed + "%", last.value / 100))
        else:
            raise ExpressionError("百分号只能跟在数后面", "a percent sign follows a number only", token.at)
    return out


def check(tokens: Sequence[Token], end: int) -> None:
    """Raise ExpressionError at the first token that cannot stand where it does. ``end``: the length of the text."""
    open_at: list[tuple[int, str, int]] = []  # place of the bracket, the function it belongs to, commas so far
    operand = False  # whether an operand has just been read
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else None
        if token.kind != "sign" or token.text == "(":
            if operand and before is not None:
                raise ExpressionError(*_implicit(before, token), token.at)
            if token.text == "(":
                function = before.text if before is not None and before.kind == "function" else ""
                open_at.append((token.at, function, 0))
                if len(open_at) > DEEPEST:
                    raise ExpressionError(f"括号最多 {DEEPEST} 层", f"at most {DEEPEST} brackets deep", token.at)
            elif token.kind == "function":
                if place + 1 == len(tokens) or tokens[place + 1].text != "(":
                    raise ExpressionError(
                        f"函数要加括号：{token.typed}(…)", f"write {token.typed}(…) with brackets", token.at
                    )
            else:
                operand = True
        elif token.text == ")":
            _operand_before(operand, token)
            if not open_at:
                raise ExpressionError("多了一个右括号", "this bracket closes nothing", token.at)
            at, function, commas = open_at.pop()
            if function and commas + 1 != ARITY[function]:
                wanted = ARITY[function]
                raise ExpressionError(f"{function} 要 {wanted} 个参数", f"{function} takes {wanted} argument(s)", at)
        elif token.text == ",":
            _operand_before(operand, token)
            if not open_at or ARITY.get(open_at[-1][1], 1) < 2:
                raise ExpressionError(
                    "逗号只能分隔函数的参数；小数点写 .",
                    "commas separate arguments only; write . for decimals",
                    token.at,
                )
            at, function, commas = open_at.pop()
            open_at.append((at, function, commas + 1))
            operand = False
        elif token.text == "=":
            raise ExpressionError("只写等号右边的式子", "write the right-hand side alone", token.at)
        elif operand:
            operand = False
        elif token.text not in "+-" or (before is not None and before.text in ("+", "-")):
            _operand_before(operand, token)
    if not operand:
        raise ExpressionError("式子没有写完", "something is missing at the end", end)
    if open_at:
        raise ExpressionError("这个括号没有关上", "this bracket is not closed", open_at[-1][0])


def _operand_before(operand: bool, token: Token) -> None:
    if not operand:
        raise ExpressionError(f"“{token.typed}”前面少了东西", f"something is missing before '{token.typed}'", token.at)


def _implicit(before: Token, token: Token) -> tuple[str, str]:
    if before.kind == token.kind == "number":
        return "两个数之间少了运算符", "an operator is missing between two numbers"
    left = before.typed if before.text != ")" else "(…)"
    right = token.typed if token.text != "(" else "(…)"
    right = f"{right}(…)" if token.kind == "function" else right
    return f"乘号不能省，请写 {left}*{right}", f"write {left}*{right}"
