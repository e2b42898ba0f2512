"""What is stored of a deal is what its own JSON says."""

from __future__ import annotations

import json

from qbank.domain import Deal, Dealt, Part, Point, ShownOption, Text, Trap
from qbank.storage import deals


def test_a_deal_is_stored_as_its_json_says_and_handed_back_equal(store) -> None:
    text = Text("题", "stem")
    dealt = Dealt(
        "q", "i", "match", 3, 1, text, key={"a": "b"}, inputs={"p": [0.5, float("inf")]}, symbols={"z": (0.0, 1.0)},
        options=(ShownOption("b", text, "q:slip", text), ShownOption("c", text)), left=(Part("a", text),),
        points=(Point("p", text, essential=True),), traps=(Trap("s:m", text, 9.0),), hint=text,
    )  # fmt: skip
    with store.write() as tx:
        handed = deals.put(tx, Deal("d", "me", "q#know", 5, dealt), retry_of="before")
    with store.read() as tx:
        assert json.loads(deals.frozen_text(tx, "d")) == json.loads(json.dumps(dealt.json()))
        assert deals.get(tx, "d") == handed
    assert handed.deal.dealt == dealt
    assert (handed.practice, handed.retry_of, handed.closed_by) == (False, "before", None)
