"""Precomputed keys are run against their solvers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from qbank import dealing
from qbank.domain import Item, QbankError, Question
from qbank.services import keys
from qbank.services.keys import KeyRow

BANK = Path(__file__).parents[2] / "data" / "questions"


@pytest.fixture
def item(monkeypatch: pytest.MonkeyPatch) -> tuple[Question, Item]:
    found = keys.keyed([BANK / "autoencoders"])
    assert found, "the bank has items with keys"
    question, item = found[0]

    def check_keys(question: Question, item: Item) -> list[str]:
        if item.id == "needs-torch":
            raise QbankError("it needs the extra 'lab'")
        return [f"{item.id}, seed 2: the key 1.5 must be 1"] if item.keys == {"2": 1.5} else []

    monkeypatch.setattr(dealing, "check_keys", check_keys)
    return question, item


def test_a_wrong_key_is_told(item: tuple[Question, Item]) -> None:
    question, good = item
    done: list[tuple[int, int]] = []
    cases = [good, replace(good, keys={"2": 1.5}), replace(good, id="needs-torch")]
    rows = keys.check([(question, one) for one in cases], lambda row, n, total: done.append((n, total)))
    assert [row.ok for row in rows] == [True, False, False]
    assert (rows[0].why, rows[2].why) == (None, "it needs the extra 'lab'")
    assert str(rows[1].why).endswith("the key 1.5 must be 1")
    assert done == [(1, 3), (2, 3), (3, 3)]
    document = json.loads(json.dumps(rows[1].json(), allow_nan=False))
    assert {"slug", "lane", "device", "dtype", "ok", "max_error", "claims", "seconds", "why", "keys"} == set(document)
    assert document["keys"] == f"{question.id} {good.id}"


def test_only_the_items_of_the_chosen_solvers() -> None:
    found = keys.keyed([BANK, BANK / "absent"])
    slugs = {item.solver for _, item in found}
    assert found
    assert all(item.keys for _, item in found)
    one = next(iter(slugs))
    assert {item.solver for _, item in keys.keyed([BANK], [str(one)])} == {one}
    assert keys.keyed([BANK], ["kl-divergence"]) == []


def test_the_banks_own_keys_are_what_a_run_gives() -> None:
    pytest.importorskip("torch")
    assert [row for row in keys.check(keys.keyed([BANK])) if not row.ok] == []


def test_a_row_is_complete() -> None:
    assert KeyRow("q i", "s", True, 0.5).json()["lane"] == "torch"
