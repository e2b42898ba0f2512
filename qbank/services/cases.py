"""Replayable cases: a doubted verdict as one JSON file with all that graded it. Replaying needs no database."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qbank.domain import BadValue, Dealt, QbankError, Verdict, dealt_from_json
from qbank.services.views import dealt_json, verdict_json

FORMAT = 1
LARGEST = 2_000_000
"""A longer file is no case."""

SAME = ("valid", "correct", "credit", "mistake")
"""What must come out again."""

_FLOAT = "$float"
"""Marks an infinity or NaN: ``{"$float": "inf"}``. Strict JSON has none."""


@dataclass(frozen=True, slots=True)
class Case:
    """What was shown, what was typed, and what came of it then."""

    dealt: Dealt
    answer: str
    verdict: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A case graded anew. ``same``: the verdict is the recorded one."""

    case: Case
    verdict: Verdict
    same: bool


def save(folder: Path, name: str, dealt: Dealt, answer: str, verdict: Verdict, note: str | None = None) -> Path:
    """Write ``<folder>/<name>.json`` and return its path. QbankError where it cannot be written."""
    path = folder / f"{name}.json"
    case = {
        "case": FORMAT,
        "question": dealt.question,
        "item": dealt.item,
        "rev": dealt.rev,
        "seed": dealt.seed,
        "shown": {lang: dealt_json(dealt, lang) for lang in ("zh", "en")},
        "answer": answer,
        "verdict": {lang: verdict_json(verdict, lang) for lang in ("zh", "en")},
        "note": note,
        "dealt": dealt.json(),
    }
    text = json.dumps(_strict(case), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise QbankError(f"{path} must be writable; got {error.strerror or error}") from None
    return path


def read(path: Path) -> Case:
    """A case from its file. BadValue where there is none."""
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError
        raw = _loose(json.loads(path.read_text(encoding="utf-8")))
        if raw["case"] != FORMAT:
            raise BadValue("--case", f"be of format {FORMAT}, the one that this version reads", str(raw["case"]))
        case = Case(dealt_from_json(raw["dealt"]), raw["answer"], raw["verdict"]["en"])
        if not isinstance(case.answer, str) or not all(name in case.verdict for name in SAME):
            raise ValueError
        replay(case)
    except BadValue:
        raise
    except FileNotFoundError:
        raise BadValue("--case", "be a file", str(path)) from None
    except Exception:  # whatever a stranger's file may hold instead
        raise BadValue("--case", "be a case file as '!' writes it", str(path)) from None
    return case


def replay(case: Case) -> Replayed:
    """Grade a case again by what was dealt then."""
    from qbank.grading import grade

    verdict = grade(case.dealt, case.answer)
    return Replayed(case, verdict, all(getattr(verdict, name) == case.verdict[name] for name in SAME))


def _strict(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: repr(value)}
    if isinstance(value, Mapping):
        return {str(name): _strict(one) for name, one in value.items()}
    return [_strict(one) for one in value] if isinstance(value, list | tuple) else value


def _loose(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {_FLOAT}:
            return float(value[_FLOAT])
        return {name: _loose(one) for name, one in value.items()}
    return [_loose(one) for one in value] if isinstance(value, list) else value
