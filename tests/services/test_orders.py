"""Orders of new and due cards, and the limits of a day."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qbank.domain import BadValue, CardState
from qbank.scheduling.state import retrievability
from qbank.services.shelf import CardInfo, introduction_order, place_in
from qbank.storage import states

DAY = 86_400_000
TODAY = 20_000
NOW = TODAY * DAY


def info(question: str, stars: int, topic: str, doc: str | None, number: str | None, facet: str = "recall") -> CardInfo:
    place = () if doc is None else place_in(doc, number)
    return CardInfo(f"{question}#{facet}", question, facet, stars, 1, (), topic=topic, place=place)


SHELF = [
    info("adam", 2, "optimization", "000", "29.3"),
    info("adam", 2, "optimization", "000", "29.3", "know"),
    info("cnn", 3, "convolution", "000", "9.10"),
    info("dropout", 1, "regularization", "000", "9.2"),
    info("extra", 1, "convolution", "004", None),
    info("mine", 3, "convolution", None, None),
]


@pytest.mark.parametrize(
    ("order", "cards"),
    [
        ("stars", ["cnn", "mine", "adam", "adam", "dropout", "extra"]),
        ("topic", ["cnn", "mine", "extra", "adam", "adam", "dropout"]),
        ("document", ["dropout", "cnn", "adam", "adam", "extra", "mine"]),
    ],
)
def test_new_cards_in_each_order(order: str, cards: list[str]) -> None:
    found = introduction_order(list(reversed(SHELF)), order)
    assert [card.question for card in found] == cards
    assert [card.facet for card in found if card.question == "adam"] == ["recall", "know"]


def test_the_setting_chooses_the_order(study, world) -> None:
    shelf = world.shelf
    plain = type(shelf).cards

    class Placed(type(shelf)):
        def cards(self):
            return [replace(c, place=place_in("000", "2" if c.question == "alpha" else "1")) for c in plain(self)]

    study.shelf = Placed()
    assert study.next().card == "alpha#recall", "three stars before two"
    other = world.study("other")
    other.shelf = Placed()
    other.settings.set("new_order", "document")
    assert other.next().card == "beta#recall"


@pytest.mark.parametrize(("name", "bad"), [("new_order", "size"), ("backlog_order", "best"), ("leech_lapses", "-1")])
def test_unknown_words_are_one_line(study, name, bad) -> None:
    with pytest.raises(BadValue, match=f"{name} must be "):
        study.settings.set(name, bad)


@pytest.fixture
def backlog(world):
    """Forty overdue cards of different age and stability; the one with the shortest memory is not the oldest."""
    with world.store.write() as tx:
        made = [
            CardState(f"q{n}#know", "review", None, 1 + (n * 37) % 100, 5.0, NOW - (n * 13) % 50 * DAY, NOW,
                      TODAY - 60 - (n * 29) % 90, None, 3)
            for n in range(40)
        ]  # fmt: skip
        states.put_all(tx, "r", made)
    return {state.card: state for state in made}


def order_of(world, name: str, today: int = TODAY) -> list[str]:
    with world.store.read() as tx:
        return list(states.due(tx, "r", NOW, today, name))


def test_overdue_and_retrievability(world, backlog) -> None:
    by_due = [backlog[card].due_ms for card in order_of(world, "overdue")]
    assert by_due == sorted(by_due)
    chances = [retrievability(backlog[card], TODAY) for card in order_of(world, "retrievability")]
    assert chances == sorted(chances)
    assert len(set(chances)) > 30
    assert order_of(world, "overdue") != order_of(world, "retrievability")


def test_random_is_the_same_all_day_and_another_tomorrow(world, backlog) -> None:
    first = order_of(world, "random")
    assert sorted(first) == sorted(backlog)
    assert first == order_of(world, "random")
    assert first != order_of(world, "random", TODAY + 1)
    with world.store.write() as tx:
        states.forget(tx, "r", first[5])
    assert order_of(world, "random") == first[:5] + first[6:], "answering one does not shuffle the others"


def test_study_follows_the_backlog_order(study, right, world) -> None:
    right(study, study.deal("beta#recall"), rating="easy")
    world.hands.wait(days=20)
    strong = right(study, study.deal("beta#recall"), rating="easy")
    world.hands.at = strong.due_ms - 2 * DAY
    weak = right(study, study.deal("alpha#recall"), rating="easy")
    assert strong.due_ms < weak.due_ms, "overdue first would take the strong one"
    world.hands.wait(days=100)
    study.settings.set("backlog_order", "retrievability")
    assert study.next().card == "alpha#recall"


def test_a_step_comes_before_the_backlog_and_counts_as_the_card_it_is(study, right, world) -> None:
    study.settings.set("zone", "UTC")
    right(study, study.deal("beta#recall"), rating="easy")
    world.hands.wait(days=60)
    study.settings.set("new_per_day", 1)
    study.settings.set("reviews_per_day", 1)
    right(study, study.deal("alpha#recall"), rating="again")
    right(study, study.next(), rating="easy")  # the one review of the day
    world.hands.wait(minutes=2)
    step = study.next()
    assert (step.card, step.reason) == ("alpha#recall", "due"), "limits do not cut off what was begun"
    right(study, step, rating="good")
    assert study.next() is None
    world.hands.wait(minutes=20)
    assert study.next().card == "alpha#recall"


def test_the_banks_cards_know_topic_and_place(tmp_path) -> None:
    from qbank import locations
    from qbank.services.bank import Bank, Root
    from qbank.storage import Store

    store = Store.open(tmp_path / "q.db", now_ms=lambda: NOW, new_id=str)
    cards = {card.card: card for card in Bank(store, [Root(locations.questions(), "bundled")]).cards()}
    store.close()
    assert cards["kl-divergence#recall"].topic == "information"
    assert cards["kl-divergence#recall"].place == ((1, "000"), (0, 16), (0, 2))
