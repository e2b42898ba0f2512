"""From what was typed to an event on disk."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from qbank.domain import RATINGS, BadValue, CardState, Dealt, Event, QbankError, Rating, Text, Verdict
from qbank.grading import default_rating, grade, recall, recall_rating
from qbank.scheduling.state import SCHEDULER, Weights, preview, retrievability, reviewed
from qbank.scheduling.steps import as_data
from qbank.services.cards import before, record, settle_deal, weights_of
from qbank.services.desk import Desk
from qbank.services.marks import leech_after, leeches_of
from qbank.services.picking import schedules
from qbank.services.settings import steps_of
from qbank.services.tasks import Answered
from qbank.storage import deals, states
from qbank.storage.deals import StoredDeal

DAY_SECONDS = 86_400
LONGEST_ANSWER = 20_000
LONGEST_MS = 300_000
"""What an answer is taken to have lasted at most where nobody measured (five minutes)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A graded answer, nothing written yet."""

    verdict: Verdict
    rating: Rating
    typed: str | None
    ticked: tuple[str, ...] | None
    hinted: bool


def judge(
    dealt: Dealt, typed: str | None, ticked: Collection[str] | None, rating: str | None, hinted: bool = False
) -> Judged:
    """Grade by the deal alone. BadValue where nothing gradable was given."""
    if rating is not None and rating not in RATINGS:
        raise BadValue("--rating", "be one of " + ", ".join(RATINGS), rating)
    if typed is not None:
        _check_text(typed)
    if dealt.kind == "recall":
        verdict, own = _judge_recall(dealt, ticked, rating)
        points = None if ticked is None else tuple(p.id for p in dealt.points if p.id in set(ticked))
    else:
        if ticked is not None:
            raise BadValue("--points", "be given for recall cards only", ", ".join(ticked))
        if typed is None:
            raise BadValue("--answer", f"be given for a {dealt.kind} item", "nothing")
        verdict, points = grade(dealt, typed), None
        if not verdict.valid:
            raise BadValue("--answer", f"be readable ({verdict.feedback.en.rstrip('.')})", typed)
        own = default_rating(verdict, hinted)
    chosen = next((r for r in RATINGS if r == rating), own)
    return Judged(verdict, chosen, typed, points, hinted)


def judge_again(dealt: Dealt, event: Event, rating: str | None) -> Judged:
    """Grade the answer that an event holds, by another rating maybe."""
    typed, ticked = event.data.get("answer"), event.data.get("ticked")
    return judge(
        dealt,
        typed if isinstance(typed, str) else None,
        [p for p in ticked if isinstance(p, str)] if isinstance(ticked, list) else None,
        rating,
        bool(event.data.get("hinted")),
    )


def typed(event: Event) -> str | None:
    """The answer that an event holds, as it can be graded again; None for a recall that its reader rated."""
    answer, ticked = event.data.get("answer"), event.data.get("ticked")
    if isinstance(answer, str):
        return answer
    return (",".join(map(str, ticked)) or "0") if isinstance(ticked, list) else None


def _judge_recall(dealt: Dealt, ticked: Collection[str] | None, rating: str | None) -> tuple[Verdict, Rating]:
    known = [p.id for p in dealt.points]
    if ticked is None:
        if rating is None:
            raise BadValue(
                "--points", "be given for a recall card (ids of " + ", ".join(known) + "), or --rating", "nothing"
            )
        blank = recall(dealt, ())
        right = rating != "again"
        own = Text("自评。", "Rated by yourself.")
        return replace(blank, correct=right, credit=float(right), feedback=own, understood=rating), "again"
    unknown = [p for p in ticked if p not in known]
    if unknown:
        raise BadValue("--points", "be ids of " + ", ".join(known), unknown[0])
    return recall(dealt, ticked), recall_rating(dealt, ticked)


def _check_text(typed: str) -> None:
    try:
        typed.encode("utf-8")
    except UnicodeEncodeError:
        raise BadValue("--answer", "be Unicode text", ascii(typed)) from None
    if len(typed) > LONGEST_ANSWER:
        raise BadValue("--answer", f"have at most {LONGEST_ANSWER} characters", f"{len(typed)} characters")


def write(
    desk: Desk,
    stored: StoredDeal,
    judged: Judged,
    ms: int | None,
    practice: bool = False,
    held: CardState | None = None,
) -> Answered:
    """Write the answer to a deal as a review where its card is due or new, else as practice.

    :param held: its card's state, where nothing was written since that was read.
    """
    deal, dealt = stored.deal, stored.deal.dealt
    card = desk.key(deal.card)
    verdict = judged.verdict
    data: dict[str, Any] = {
        "card": deal.card,
        "item": dealt.item,
        "seed": dealt.seed,
        "rev": dealt.rev,
        "deal": deal.id,
        "answer": judged.typed,
        "verdict": {"correct": verdict.correct, "credit": verdict.credit, "understood": verdict.understood},
        "mistake": verdict.mistake,
        "hinted": judged.hinted,
        "ticked": None if judged.ticked is None else list(judged.ticked),
        "ms": min(max(0, desk.now - deal.at_ms), LONGEST_MS) if ms is None else ms,
        "rating": None,
        "day": desk.today,
    }
    held = states.get(desk.tx, desk.person.root, card) if held is None else held
    review = not practice and schedules(desk, held, stored)
    if stored.retry_of is not None:
        data["retry_of"] = stored.retry_of
    event = desk.event("review" if review else "practice", data)
    if review:
        event = replace(event, data={**data, **_schedule(desk, held, event, judged.rating)})
    record(desk.tx, desk.person, event, desk.was, held)
    if stored.closed_by is None:
        deals.close(desk.tx, deal.id, event.uuid)  # nothing else answers it
    else:
        settle_deal(desk.tx, desk.person, deal.id)
    leech = review and judged.rating == "again" and leech_after(desk, held, event)
    return told(desk, stored, event, verdict, leech=leech)


def _schedule(desk: Desk, held: CardState, event: Event, rating: Rating) -> dict[str, Any]:
    """What a review says about the schedule: all that replay needs, and what it was chosen by."""
    state = before(desk.tx, desk.person, held, event.order)
    weights, weights_id = weights_of(desk.tx, desk.person)
    retention = desk.settings["desired_retention"]
    steps = steps_of(desk.settings)
    gaps = preview(state, desk.now, desk.days, weights, retention, fuzz=event.data["deal"], steps=steps)
    gap = gaps[rating]
    after = reviewed(state, rating, at_ms=desk.now, day=desk.today, interval_ms=gap.ms, weights=weights, steps=steps)
    return {
        "rating": rating,
        "scheduler": SCHEDULER,
        "weights": weights_id,
        "retention": retention,
        "steps": as_data(steps),
        "interval_days": gap.days,
        "interval_ms": gap.ms,
        "intervals": {r: g.days * DAY_SECONDS or g.ms // 1000 for r, g in gaps.items()},
        "was_new": state.state == "new",
        "predicted": _predicted(state, desk.today, weights),
        "stability": after.stability,
        "difficulty": after.difficulty,
    }


def _predicted(state: CardState, today: int, weights: Weights | None) -> float | None:
    """The recall that was expected of a review a study day or more after the last one, for calibration."""
    if state.last_day is None or today <= state.last_day:
        return None
    told = retrievability(state, today, weights)
    return None if told is None else round(told, 6)


def told(
    desk: Desk, stored: StoredDeal, event: Event, verdict: Verdict | None = None, *, leech: bool | None = None
) -> Answered:
    """What an answer's event says. ``verdict`` None: graded again by the deal, the stored outcome kept."""
    data = event.data
    review = event.kind == "review"
    gap = data.get("interval_ms")
    state = None if review else states.get(desk.tx, desk.person.root, desk.key(stored.deal.card))
    return Answered(
        event=event.uuid,
        deal=stored.deal.id,
        card=desk.key(stored.deal.card),
        kind=event.kind,
        dealt=stored.deal.dealt,
        verdict=verdict or _verdict_again(stored.deal.dealt, event),
        rating=next((r for r in RATINGS if review and r == data.get("rating")), None),
        due_ms=state.due_ms if state else event.at_ms + gap if isinstance(gap, int) else None,
        stability=state.stability if state else data.get("stability"),
        difficulty=state.difficulty if state else data.get("difficulty"),
        intervals=data["intervals"] if isinstance(data.get("intervals"), dict) else {},
        repeated=verdict is None,
        leech=bool(leeches_of(desk, event)) if leech is None else leech,
    )


def _verdict_again(dealt: Dealt, event: Event) -> Verdict:
    data = event.data
    try:
        verdict = judge_again(dealt, event, data.get("rating")).verdict
    except QbankError:  # graders read more, or less, than they did then
        nothing = Text("", "")
        verdict = Verdict(True, False, 0.0, None, str(data.get("answer") or ""), nothing, "", dealt.worked or nothing)
    kept = data.get("verdict")
    if not isinstance(kept, dict) or "correct" not in kept:
        return verdict
    credit = kept.get("credit", float(kept["correct"]))
    return replace(verdict, correct=bool(kept["correct"]), credit=credit, mistake=data.get("mistake"))
