"""One event as one line of JSON, and back. A line that breaks a rule is refused with the reason."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from qbank.domain import EVENT_KINDS, Event
from qbank.scheduling.replay import CARD_KINDS, card_of, readable
from qbank.scheduling.state import checked_weights

LONGEST = 1_000_000
"""Bytes of a line."""
LATEST_MS = 253_402_300_799_999
"""The end of the year 9999."""
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_KIND = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class RefusedLine(ValueError):
    """Why a line is no event."""


def write(event: Event) -> str:
    """An event as a line of strict JSON, without the line's end."""
    record = {
        "uuid": event.uuid,
        "at_ms": event.at_ms,
        "zone_min": event.zone_min,
        "learner": event.learner,
        "kind": event.kind,
        "data": dict(event.data),
    }
    return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def read(line: bytes) -> Event:
    """The event of a line. Kinds that are unknown here are taken as they are."""
    if len(line) > LONGEST:
        raise RefusedLine(f"longer than {LONGEST} bytes")
    try:
        raw = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise RefusedLine("not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise RefusedLine(f"not strict JSON: {error}"[:120]) from None
    if not isinstance(raw, dict):
        raise RefusedLine("not a JSON object")
    event = _event(raw)
    _check_rest(event)
    return event


def check(event: Event) -> None:
    """RefusedLine for an event whose line :func:`read` would refuse."""
    raw = {name: getattr(event, name) for name in ("uuid", "at_ms", "zone_min", "learner", "kind", "data")}
    _event(raw)
    if len(_check_rest(event)) > LONGEST:
        raise RefusedLine(f"longer than {LONGEST} bytes")


def _check_rest(event: Event) -> bytes:
    """The line of an event of well-formed parts."""
    _check_content(event)
    try:
        return write(event).encode("utf-8")
    except (ValueError, RecursionError):
        raise RefusedLine("a number or a text that strict JSON cannot hold") from None


def _check_content(event: Event) -> None:
    """A known kind holds what replay needs of it."""
    data, kind = event.data, event.kind
    if kind not in EVENT_KINDS:
        return
    if (kind in CARD_KINDS or kind == "practice") and card_of(event) is None:
        raise RefusedLine(f"a {kind} needs data.card")
    if not readable(event):
        raise RefusedLine(f"a {kind} whose data cannot be read")
    if kind == "undo" and not isinstance(data.get("event"), str):
        raise RefusedLine("an undo needs data.event")
    if kind == "weights" and checked_weights(data.get("weights")) is None:
        raise RefusedLine("weights must be 21 numbers within the bounds of FSRS-6")
    if kind == "setting" and not (isinstance(data.get("key"), str) and "value" in data):
        raise RefusedLine("a setting needs data.key and data.value")
    if kind == "learner" and not any(isinstance(data.get(name), str) and data[name] for name in ("name", "joins")):
        raise RefusedLine("a learner event needs data.name or data.joins")


def _event(raw: Mapping[str, Any]) -> Event:
    return Event(
        _string(raw, "uuid", _ID),
        _whole(raw, "at_ms", 0, LATEST_MS),
        _whole(raw, "zone_min", -1440, 1440),
        _string(raw, "learner", _ID),
        _string(raw, "kind", _KIND),
        _object(raw, "data"),
    )


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _string(raw: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not form.fullmatch(value):
        raise RefusedLine(f"{name} is missing or malformed")
    return value


def _whole(raw: Mapping[str, Any], name: str, low: int, high: int) -> int:
    value = raw.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise RefusedLine(f"{name} must be a whole number from {low} to {high}")
    return value


def _object(raw: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = raw.get(name)
    if not isinstance(value, dict):
        raise RefusedLine(f"{name} must be an object")
    return value
