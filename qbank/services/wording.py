"""Small texts that line mode and the app both show."""

from __future__ import annotations

from qbank.domain import Dealt, Verdict
from qbank.grading.cloze import GAP, gaps
from qbank.services.views import tolerance


def interval(seconds: float, lang: str) -> str:
    """How long until a card comes back: ``10 min``, ``3 d``, ``2.5 mo``, ``1.2 y``, or the Chinese of it."""
    zh = lang == "zh"
    days = seconds / 86_400
    if days < 1 / 24:
        return f"{max(1, round(seconds / 60))} {'分钟' if zh else 'min'}"
    if days < 1:
        return f"{round(seconds / 3600)} {'小时' if zh else 'h'}"
    if days < 60:
        return f"{round(days)} {'天' if zh else 'd'}"
    if days < 365:
        return f"{days / 30.4:.1f} {'个月' if zh else 'mo'}"
    return f"{days / 365.25:.1f} {'年' if zh else 'y'}"


def within(dealt: Dealt, lang: str) -> str:
    """How exact an answer must be, or how it is written; nothing where that goes without saying."""
    exact = _exactness(dealt, lang == "zh")
    written = HOW.get(dealt.kind, ("", ""))[0 if lang == "zh" else 1]
    if dealt.kind == "cloze" and len(names := gaps(dealt)) > 1:
        example = ";".join(f"{name}=…" for name in names)
        written = f"写成 {example}" if lang == "zh" else f"as {example}"
    if dealt.kind == "formula":
        written = _symbols(dealt, lang == "zh")
    return ("；" if lang == "zh" else "; ").join(part for part in (written, exact) if part)


HOW = {
    "choices": ("可多选，如 1,3", "several may be right, such as 1,3"),
    "order": ("按顺序写序号，如 2,1,3", "the numbers in order, such as 2,1,3"),
    "match": ("左=右，如 1=2,2=1", "left=right, such as 1=2,2=1"),
    "shape": ("形状，如 1,64,28,28", "a shape such as 1,64,28,28"),
    "vector": ("向量，如 0.5, 1/3, -2", "a vector such as 0.5, 1/3, -2"),
    "matrix": ("矩阵，行间用分号，如 1 2; 3 4", "a matrix, rows by semicolon, such as 1 2; 3 4"),
}
"""How an answer of each kind is written: Chinese, English."""


def _exactness(dealt: Dealt, zh: bool) -> str:
    allowed = tolerance(dealt)
    if allowed is None:
        return ""
    if allowed["rtol"]:
        return f"允许误差 {allowed['rtol'] * 100:g} %" if zh else f"within {allowed['rtol'] * 100:g} %"
    if allowed["atol"]:
        return f"允许误差 {allowed['atol']:g}" if zh else f"within {allowed['atol']:g}"
    return "须精确" if zh else "exactly"


def _symbols(dealt: Dealt, zh: bool) -> str:
    """The symbols of a formula with their domains, and how products and powers are written."""
    spans = [f"{name} ∈ [{low:g}, {high:g}]" for name, (low, high) in dealt.symbols.items()]
    how = "乘号写 *，幂写 ^，另有 exp(x)、ln(x)、sqrt(x) 等" if zh else "write 2*x, x^2, exp(x), ln(x), sqrt(x)"
    return ("；" if zh else "; ").join([*([("、" if zh else ", ").join(spans)] if spans else []), how])


def read_as(dealt: Dealt, verdict: Verdict, lang: str) -> str | None:
    """How a formula or an expression was read; None for other answers, which can be read in one way only."""
    if not verdict.valid or not (dealt.kind == "formula" or (dealt.kind == "number" and " = " in verdict.understood)):
        return None
    return read_so(verdict.understood, lang)


def read_so(text: str, lang: str) -> str:
    """How an answer is read."""
    return f"我读作 {text}" if lang == "zh" else f"I read this as {text}"


def leech(card: str, lang: str) -> tuple[str, str]:
    """What is told at the verdict that made a card a leech, and the command that wakes it."""
    zh, en = (
        "总也记不住，这张卡已暂停。换个法子弄懂，再恢复：",
        "Missed so often that the card is paused. Learn it another way, then:",
    )
    return zh if lang == "zh" else en, f"qbank card unleech '{card}'"


def gap_names(dealt: Dealt) -> tuple[str, ...]:
    """The gaps of a cloze item, in order."""
    return gaps(dealt)


def stem(dealt: Dealt, lang: str) -> str:
    """The stem as Markdown, with its gaps as brackets to be filled: ``[ A ]``, or ``[   ]`` where there is one only."""
    if dealt.kind != "cloze":
        return dealt.stem[lang]
    alone = len(dealt.key) == 1
    return GAP.sub(lambda match: "[   ]" if alone else f"[ {match[1]} ]", dealt.stem[lang])


def key_lines(dealt: Dealt, key: str, lang: str) -> list[str]:
    """The right answer in the learner's language, Markdown lines; ``key`` is the verdict's."""
    texts = {option.id: option.text[lang] for option in dealt.options}
    if dealt.kind == "choice":
        return [texts.get(key, key)]
    if dealt.kind == "choices":
        return [text for id_, text in texts.items() if id_ in dealt.key]
    if dealt.kind == "order":
        return [f"{place}. {texts[id_]}" for place, id_ in enumerate(dealt.key, start=1)]
    if dealt.kind == "match":
        return [f"{left.text[lang]} — {texts[dealt.key[left.id]]}" for left in dealt.left]
    if dealt.kind == "cloze":
        names, words = gaps(dealt), {name: dealt.key[name][lang][0] for name in dealt.key}
        return [words[name] if len(names) == 1 else f"{name} = {words[name]}" for name in names]
    return [key]
