"""Scheduling, pure: (card state, rating, now) -> card state, and events -> card states. No clock, no storage."""

from qbank.scheduling.days import Days, zone_offset
from qbank.scheduling.replay import apply, replay, replay_card
from qbank.scheduling.state import Interval, interval, preview

__all__ = ["Days", "Interval", "apply", "interval", "preview", "replay", "replay_card", "zone_offset"]
