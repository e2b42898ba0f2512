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


def test_words_come_back_from_the_database_as_they_were_dealt(store) -> None:
    """They are handed out without being read back; what else varies is normalized by JSON first."""
    from qbank.bootstrap import locations
    from qbank.content.read import load_folder
    from qbank.dealing import deal
    from qbank.dealing.worded import KINDS

    questions = load_folder(locations.questions(), "bundled").questions
    worded = [(q, item) for q in questions for item in q.items if item.kind in KINDS]
    assert {item.kind for _, item in worded} == set(KINDS)
    with store.write() as tx:
        for question, item in worded:
            id_ = f"{question.id} {item.id}"
            handed = deals.put(tx, Deal(id_, "me", "c", 5, deal(question, item.id)))
            assert deals.get(tx, id_) == handed == deals.standing(tx, id_, handed.deal.dealt)
        numbers = Dealt("q", "i", "vector", 3, 1, Text("题", "stem"), key=(0.5, 1), inputs={"p": (1, 2)})
        handed = deals.put(tx, Deal("d", "me", "c", 5, numbers))
        assert deals.get(tx, "d") == handed
        assert handed.deal.dealt.key == [0.5, 1]
        assert deals.standing(tx, "none", numbers) is None
