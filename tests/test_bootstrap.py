"""What the wiring itself makes."""

from __future__ import annotations

import uuid

from qbank.bootstrap import new_id


def test_ids_are_unique_and_later_ones_sort_later_within_a_millisecond() -> None:
    ids = [new_id() for _ in range(2000)]
    assert len(set(ids)) == len(ids)
    assert {uuid.UUID(one).version for one in ids} == {7}
    assert {uuid.UUID(one).variant for one in ids} == {uuid.RFC_4122}
    # neighbours may share the quarter of a microsecond that an id can tell
    assert [one[:18] for one in ids] == sorted(one[:18] for one in ids)
