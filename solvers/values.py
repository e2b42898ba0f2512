"""Reading arguments: from JSON-like values to numpy arrays and Python scalars, and back to strict JSON.

Accepted numbers are ints, floats, numpy numbers and strings such as ``"0.25"``, ``"1/3"``, ``"-inf"``, ``"nan"``.
Booleans are no numbers. Every refusal is a :class:`solvers.contract.BadInput`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from solvers.contract import BadInput, Param

MAX_ELEMENTS = 10_000_000
MAX_AXES = 16
LONG = 64
"""JSON shows arrays of more elements than this as a summary."""

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FRACTION = re.compile(r"([+-]?\d{1,18})\s*/\s*(\d{1,18})", re.ASCII)
_NAMED = {
    "inf": math.inf, "+inf": math.inf, "-inf": -math.inf, "−inf": -math.inf, "nan": math.nan,
}  # fmt: skip
_NUMBER = 'be a number such as 0.5 or "1/3"'
_NUMBERS = 'hold numbers such as 0.5 or "1/3"'


def read(param: Param, name: str, raw: Any) -> Any:
    """One argument, as its :class:`Param` says: an array (float64, or int64 where asked), a float, an int or a str.

    An integral float such as ``3.0`` is read as an int. Raises BadInput: ragged nesting, another kind,
    fractions where integers are due, more than ``MAX_ELEMENTS`` elements, more than ``MAX_AXES`` axes.
    """
    if param.kind == "choice":
        if not (isinstance(raw, str) and raw in param.choices):
            raise BadInput(name, f"be one of {', '.join(param.choices)}", _show(raw))
        return raw
    if param.kind == "float":
        return _float(name, _scalar(name, raw), _NUMBER)
    if param.kind == "int":
        return _int(name, _scalar(name, raw), "be an integer")
    return _array(name, raw, integral=param.dtype == "int64")


def _scalar(name: str, raw: Any) -> Any:
    if isinstance(raw, np.ndarray) and raw.ndim == 0:
        return raw[()]
    if isinstance(raw, (list, tuple, np.ndarray)):
        raise BadInput(name, "be a single number", _show(raw))
    return raw


def _float(name: str, raw: Any, rule: str) -> float:
    if isinstance(raw, (bool, np.bool_)):
        raise BadInput(name, rule, raw)
    if isinstance(raw, (int, float, np.integer, np.floating)):
        try:
            return float(raw)
        except OverflowError:
            raise BadInput(name, "stay below 1.8e308 in size", "an integer of too many digits") from None
    if isinstance(raw, str):
        text = raw.strip()
        if text.lower() in _NAMED:
            return _NAMED[text.lower()]
        if len(text) <= 400 and _DECIMAL.fullmatch(text):
            return float(text)
        if match := _FRACTION.fullmatch(text):
            if int(match[2]) == 0:
                raise BadInput(name, "hold no fraction over zero", raw)
            return int(match[1]) / int(match[2])
    raise BadInput(name, rule, _show(raw))


def _int(name: str, raw: Any, rule: str) -> int:
    if isinstance(raw, (int, np.integer)) and not isinstance(raw, bool):
        value = int(raw)
    else:
        number = _float(name, raw, rule)
        if not (math.isfinite(number) and number == int(number)):
            raise BadInput(name, rule, _show(raw))
        value = int(number)
    if not -(2**63) <= value < 2**63:
        raise BadInput(name, "fit 64 bits", "an integer of too many digits")
    return value


def _array(name: str, raw: Any, *, integral: bool) -> np.ndarray[Any, Any]:
    if isinstance(raw, np.ndarray) and raw.dtype.kind in "iuf":
        return _from_numpy(name, raw, integral=integral)
    if isinstance(raw, np.ndarray):
        raw = raw.tolist() if raw.dtype.kind in "OUS" else _refuse(name, raw.dtype.name)
    flat: list[Any] = []
    shape = _walk(name, raw, flat, 0)
    if integral:
        rule = "hold integers"
        return np.array([_int(name, v, rule) for v in flat], dtype=np.int64).reshape(shape)
    values = [v if type(v) is float else _float(name, v, _NUMBERS) for v in flat]
    return np.array(values, dtype=np.float64).reshape(shape)


def _refuse(name: str, got: str) -> Any:
    raise BadInput(name, _NUMBERS, f"an array of {got}")


def _from_numpy(name: str, raw: np.ndarray[Any, Any], *, integral: bool) -> np.ndarray[Any, Any]:
    if raw.size > MAX_ELEMENTS:
        raise BadInput(name, f"hold at most {MAX_ELEMENTS} numbers", raw.size)
    if integral and raw.dtype.kind == "f":
        odd = ~np.isfinite(raw) | (raw != np.floor(raw)) | (np.abs(raw) >= 2.0**63)
        if odd.any():
            raise BadInput(name, "hold integers", float(raw[odd][0]))
    return raw.astype(np.int64 if integral else np.float64)


def _walk(name: str, raw: Any, flat: list[Any], depth: int) -> tuple[int, ...]:
    """Flatten nested lists into ``flat``; the shape. Ragged nesting is refused."""
    if not isinstance(raw, (list, tuple)):
        flat.append(raw)
        if len(flat) > MAX_ELEMENTS:
            raise BadInput(name, f"hold at most {MAX_ELEMENTS} numbers", "more")
        return ()
    if depth >= MAX_AXES:
        raise BadInput(name, f"have at most {MAX_AXES} axes", "more")
    first: tuple[int, ...] | None = None
    for entry in raw:
        shape = _walk(name, entry, flat, depth + 1)
        if first is None:
            first = shape
        elif shape != first:
            raise BadInput(name, "have rows of equal length", _show(raw))
    return (len(raw), *(first or ()))


def _show(raw: Any) -> object:
    """What a message quotes: never a repr of millions of numbers."""
    if isinstance(raw, np.ndarray):
        return raw if raw.size <= 20 else f"an array of shape {raw.shape}"
    if isinstance(raw, (list, tuple)) and len(raw) > 20:
        return f"a list of {len(raw)} entries"
    if isinstance(raw, int) and not isinstance(raw, bool) and abs(raw) >= 10**40:
        return "an integer of too many digits"
    return raw


def plain(value: Any) -> Any:
    """Plain Python: numbers, strings and nested lists (numpy and tuples turned). Infinities and NaN stay floats."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    return value


def strict(value: Any, long: int = LONG) -> Any:
    """Strict JSON: ``"inf"``, ``"-inf"`` and ``"nan"`` as strings; arrays over ``long`` elements as a summary.

    The summary is ``{"shape", "min", "max", "first"}`` with the first eight values; min and max pass over NaN.
    """
    if isinstance(value, np.ndarray) and value.size > long:
        known = value[~np.isnan(value)] if value.dtype.kind == "f" else value
        return {
            "shape": list(value.shape),
            "min": strict(known.min()) if known.size else "nan",
            "max": strict(known.max()) if known.size else "nan",
            "first": strict(np.ravel(value)[:8]),
        }
    return _strict(plain(value))


def _strict(value: Any) -> Any:
    if isinstance(value, list):
        return [_strict(v) for v in value]
    if isinstance(value, dict):
        return {k: _strict(v) for k, v in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value
