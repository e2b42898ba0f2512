"""Study days: they turn at the rollover hour of the learner's zone, not at midnight UTC."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Days:
    """The day arithmetic of one learner."""

    offset_min: Callable[[int], int]
    """Offset from UTC in minutes at a moment (UTC milliseconds)."""
    rollover_hour: int = 4

    def day(self, at_ms: int) -> int:
        """The study day of a moment, in days since 1970-01-01."""
        return (at_ms + self.offset_min(at_ms) * MINUTE_MS - self.rollover_hour * HOUR_MS) // DAY_MS

    def start(self, day: int) -> int:
        """The first moment (UTC milliseconds) of a study day, also where clocks change that night."""
        noon = day * DAY_MS + self.rollover_hour * HOUR_MS
        offset = self.offset_min(noon)
        if offset == self.offset_min(noon - DAY_MS) == self.offset_min(noon + DAY_MS):
            return noon - offset * MINUTE_MS
        near = range(noon - DAY_MS, noon + DAY_MS)
        return near[0] + bisect_left(near, day, key=self.day)


def zone_offset(zone: str | None) -> Callable[[int], int]:
    """The offset function of an IANA zone, or of the machine's own where ``zone`` is None."""
    if zone is None:
        return lambda at_ms: _offset(None, at_ms // 1000)  # the machine may travel meanwhile
    info = ZoneInfo(zone)
    return lambda at_ms: _kept_offset(info, at_ms // 1000)


def _offset(info: tzinfo | None, second: int) -> int:
    offset = datetime.fromtimestamp(second, UTC).astimezone(info).utcoffset()
    return 0 if offset is None else round(offset.total_seconds() / 60)


_kept_offset = lru_cache(maxsize=4096)(_offset)
"""A zone's rules stay: an answer asks for the same few days' beginnings as the one before."""
