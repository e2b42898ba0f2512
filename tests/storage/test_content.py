from __future__ import annotations

from sqlite3 import IntegrityError

import pytest

from qbank.storage import ContentRow, content

DAY = content.DAY_MS


def row(id: str, **changes: object) -> ContentRow:
    values: dict[str, object] = {
        "id": id, "origin": "bundled", "stars": 2, "topics": ("information",), "docs": ("000",),
        "summary": {"title": {"zh": "题", "en": "t"}}, "payload": {"id": id, "x": [1.5, float("inf")]},
    }  # fmt: skip
    return ContentRow(**{**values, **changes})  # type: ignore[arg-type]


def put(store, version, rows, stamps=None):
    with store.write() as tx:
        content.put(tx, version, rows, stamps=stamps)


def test_what_is_put_comes_back(store):
    put(store, "v1", [row("b"), row("a", stars=3, topics=("x", "y"), docs=())])
    with store.read() as tx:
        first, second = content.rows(tx, "v1")
        assert (first.id, first.stars, first.topics, first.docs, first.origin) == ("a", 3, ("x", "y"), (), "bundled")
        assert first.summary == {"title": {"zh": "题", "en": "t"}}
        assert second.id == "b"
        assert content.payload(tx, "v1", "b") == {"id": "b", "x": [1.5, float("inf")]}
        assert content.payload(tx, "v1", "c") is None
        assert list(content.payloads(tx, "v1")) == ["a", "b"]


def test_versions_live_side_by_side(store):
    put(store, "v1", [row("a", stars=1)])
    put(store, "v2", [row("a", stars=3), row("b")])
    with store.read() as tx:
        assert [r.stars for r in content.rows(tx, "v1")] == [1]
        assert [r.id for r in content.rows(tx, "v2")] == ["a", "b"]
        assert content.rows(tx, "v3") == []
        assert content.has(tx, "v1")
        assert not content.has(tx, "v3")


def test_putting_a_version_again_replaces_it(store):
    put(store, "v1", [row("a", texts={"en": "kangaroo"}), row("b")])
    put(store, "v1", [row("a", texts={"en": "wombat"})])
    with store.read() as tx:
        assert [r.id for r in content.rows(tx, "v1")] == ["a"]
        assert content.search(tx, "v1", "kangaroo") == []
        assert content.search(tx, "v1", "wombat") == ["a"]
        assert tx.connection.exec_driver_sql("SELECT count(*) FROM search").scalar_one() == 1


def test_stamps_find_their_version(store):
    put(store, "v1", [row("a")], stamps={"/bank": "s1", "/mine": "t1"})
    with store.read() as tx:
        assert content.version_for(tx, {"/mine": "t1", "/bank": "s1"}) == "v1"
        assert content.version_for(tx, {"/bank": "s1"}) is None
        assert content.version_for(tx, {"/bank": "s2", "/mine": "t1"}) is None
    with store.write() as tx:
        content.remember(tx, {"/bank": "s2", "/mine": "t1"}, "v1")
    assert content.find(store, {"/bank": "s2", "/mine": "t1"}) == "v1"
    assert content.find(store, {"/bank": "s3"}) is None


def test_a_stamp_can_come_to_mean_another_version(store):
    put(store, "v1", [row("a")], stamps={"/bank": "s"})
    put(store, "v2", [row("b")], stamps={"/bank": "s"})
    assert content.find(store, {"/bank": "s"}) == "v2"


def test_versions_long_unused_are_dropped_but_four_stay(store, hands):
    for n in range(6):
        put(store, f"v{n}", [row("a", texts={"en": f"word{n}"})], stamps={"/bank": str(n)})
        hands.at += 1000
    hands.at += 40 * DAY
    assert content.find(store, {"/bank": "0"}) == "v0"  # in use again
    put(store, "v6", [row("a")])
    with store.read() as tx:
        kept = [v for v in ("v0", "v1", "v2", "v3", "v4", "v5", "v6") if content.has(tx, v)]
        assert kept == ["v0", "v4", "v5", "v6"]
        assert content.search(tx, "v1", "word1") == []
        assert tx.connection.exec_driver_sql("SELECT count(*) FROM search").scalar_one() == 4
        assert tx.connection.exec_driver_sql("SELECT count(*) FROM content_stamp").scalar_one() == 3


def test_recent_versions_stay_however_many(store, hands):
    for n in range(9):
        put(store, f"v{n}", [row("a")])
        hands.at += DAY
    with store.read() as tx:
        assert all(content.has(tx, f"v{n}") for n in range(9))


def test_finding_a_version_writes_at_most_once_a_day(store, hands):
    put(store, "v1", [row("a")], stamps={"/bank": "s"})

    def used() -> int:
        with store.read() as tx:
            return int(tx.connection.exec_driver_sql("SELECT used_ms FROM content_version").scalar_one())

    first = used()
    hands.at += DAY // 2
    content.find(store, {"/bank": "s"})
    assert used() == first
    hands.at += DAY
    content.find(store, {"/bank": "s"})
    assert used() == hands.at


def test_a_failed_put_leaves_the_old_rows(store):
    put(store, "v1", [row("a")])
    with pytest.raises(IntegrityError):
        put(store, "v1", [row("b"), row("b")])
    with store.read() as tx:
        assert [r.id for r in content.rows(tx, "v1")] == ["a"]
