"""A formula in declared symbols: equal to the key on the whole domain, however it is written.

Compared at seeded points first; only what agrees at all of them is put to a proof. The verdict says which of the two
it was. A wrong one is told the point where it fails and, if it is one of the item's wrong formulas, its mistake.
"""

from __future__ import annotations

from qbank.domain import Dealt, QbankError, Text, Trap, Verdict
from qbank.grading import equivalence, reading, verdict
from qbank.grading.equivalence import Agrees, Domain, Refuted
from qbank.grading.expression import ExpressionError, Node, Sym, nodes, parse, write

PROVEN = Text("正确：已证明与答案恒等。", "Right: proven equal to the key.")
LONGEST_SHOWN = 100


def grade(dealt: Dealt, answer: str) -> Verdict:
    """Grade a formula. What cannot be read is invalid, with the place; ``understood`` is how it was read.

    Starts a process for the proof of a formula that agrees everywhere and is written otherwise than the key.
    """
    domain = dealt.symbols
    key = _own(dealt, str(dealt.key))
    try:
        given = parse(answer, domain)
    except ExpressionError as error:
        fault = error.line() if answer.strip() else expected(domain)
        return verdict.unreadable(answer, key_text(dealt), dealt.worked, fault, error.at)
    understood = write(given)
    seed = f"{dealt.question}#{dealt.item}"
    if given == key:
        return verdict.right(understood, key_text(dealt), dealt.worked, PROVEN)
    outcome = equivalence.compare(given, key, domain, seed)
    if isinstance(outcome, Agrees):
        span = tuple((name, float(low), float(high)) for name, (low, high) in domain.items())
        proven = equivalence.proven(understood, write(key), span)
        feedback = PROVEN if proven else _agrees(outcome.count)
        return verdict.right(understood, key_text(dealt), dealt.worked, feedback)
    shown = verdict.typed(reading.shown(understood, LONGEST_SHOWN))
    if not isinstance(outcome, Refuted):
        lost = Text("取值太极端，无法与答案比较", "its values are too extreme to be compared with the key")
        return verdict.wrong(understood, key_text(dealt), dealt.worked, feedback=verdict.named(shown, lost))
    trap = _trap(dealt, given, seed)
    says = trap.says if trap else equivalence.hint(given, key, domain, seed)
    where = _where(outcome, {node.name for tree in (given, key) for node in nodes(tree) if isinstance(node, Sym)})
    feedback = verdict.named(shown, where if says is None else Text(f"{says.zh}；{where.zh}", f"{says.en}; {where.en}"))
    mistake = trap.tag if trap else None
    return verdict.wrong(understood, key_text(dealt), dealt.worked, feedback=feedback, mistake=mistake)


def key_text(dealt: Dealt) -> str:
    """The key as it would be typed."""
    return str(dealt.key)


def expected(domain: Domain) -> Text:
    """What can be typed."""
    names = ", ".join(domain)
    return Text(
        f"请输入关于 {names} 的式子，如 2*x、x^2、sqrt(x)、ln(x)。" if names else "请输入不含符号的式子。",
        f"type a formula in {names}; write 2*x, x^2, sqrt(x), ln(x)." if names else "type a formula without symbols.",
    )


def _own(dealt: Dealt, text: str) -> Node:
    try:
        return parse(text, dealt.symbols)
    except ExpressionError as error:
        raise QbankError(f"{dealt.question} {dealt.item}: cannot read {text}: {error.line().en}") from None


def _agrees(count: int) -> Text:
    return Text(
        f"正确：在 {count} 个点上与答案一致（没有找到恒等的证明）。",
        f"Right: agrees with the key at {count} points (no proof of equality was found).",
    )


def _trap(dealt: Dealt, given: Node, seed: str) -> Trap | None:
    """The wrong formula that this one agrees with."""
    for trap in dealt.traps:
        wrong = _own(dealt, str(trap.value))
        if given == wrong or isinstance(equivalence.compare(given, wrong, dealt.symbols, seed), Agrees):
            return trap
    return None


def _where(outcome: Refuted, names: set[str]) -> Text:
    point = equivalence.told(outcome.point, names)
    key = f"{outcome.right:.4g}"
    if outcome.left is None:
        zh, en = f"你的式子没有值，答案是 {key}", f"yours has no value, the key is {key}"
    else:
        zh, en = f"你的是 {outcome.left:.4g}，答案是 {key}", f"yours is {outcome.left:.4g}, the key is {key}"
    return Text(f"在 {point} 处{zh}", f"at {point} {en}") if point else Text(zh, en)
