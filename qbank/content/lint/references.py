"""Everything a question names must exist: solvers with their outputs, steps, claims and mistakes; demos; parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from qbank import solving
from qbank.content.lint.case import Case, Where
from qbank.dealing.numbers import reference
from qbank.domain import BadValue, Item, QbankError
from qbank.solving import SolverInfo

LONGEST_DEMO = 300
"""Characters of a demo's numbers as JSON: they are shown, and typed again, as a command."""


def check(case: Case) -> None:
    """unknown-solver, unknown-output, unknown-step, unknown-claim, unknown-mistake, unknown-demo, unknown-input, demo,
    long-demo, torch-keys."""
    q = case.question
    for n, demo in enumerate(q.demos):
        if (size := len(json.dumps(demo.set))) > LONGEST_DEMO:
            message = f"{demo.id}: {size} characters on a command line; {LONGEST_DEMO} do, beside the solver's defaults"
            case.say("long-demo", message, "demo", n, "set")
        info = solver(case, demo.solver, ("demo", n, "solver"))
        if info is not None:
            _set(case, info, demo.set, ("demo", n, "set"))
    for n, fact in enumerate(q.facts):
        info = solver(case, fact.solver, ("fact", n, "solver")) if fact.solver else None
        if info is not None:
            for key, named in (("claim", info.claims), ("output", info.outputs), ("step", info.steps)):
                _one_of(case, info, key, getattr(fact, key), named, ("fact", n, key))
    for n, erratum in enumerate(q.errata):
        if erratum.proof is not None:
            _proof(case, erratum.proof, ("erratum", n, "proof"))
    for n, item in enumerate(q.items):
        if item.solver is not None:
            _asked(case, item, n)
        for m, option in enumerate(item.options):
            _mistake(case, option.mistake, ("item", n, "option", m, "mistake"))
        for m, wrong in enumerate(item.wrong):
            _mistake(case, wrong.mistake, ("item", n, "wrong", m, "mistake"))
    demos = {demo.id: demo for demo in q.demos}
    for n, number in enumerate(q.numbers):
        if number.demo is None:
            continue
        if number.demo not in demos:
            case.say("unknown-demo", f"'{number.demo}' is no demo of this question", "number", n, "demo")
            continue
        info = _describe(demos[number.demo].solver)
        if info is not None and number.value is not None:
            _value(case, info, number.value, ("number", n, "value"))
        if info is not None and number.input is not None:
            found = reference(number.input)
            if found is None or found[0] not in info.params:
                known = ", ".join(info.params)
                case.say(
                    "unknown-input", f"'{number.input}' is no input of {info.slug} ({known})", "number", n, "input"
                )


def solver(case: Case, slug: str, where: Where) -> SolverInfo | None:
    """A solver's description; None, with a problem noted, where there is none."""
    try:
        return solving.describe(slug)
    except QbankError as error:
        case.say("unknown-solver", str(error), *where)
        return None


def _describe(slug: str) -> SolverInfo | None:
    try:
        return solving.describe(slug)
    except QbankError:
        return None


def _one_of(case: Case, info: SolverInfo, what: str, name: object, known: Mapping[str, Any], where: Where) -> None:
    if name is not None and name not in known:
        case.say(f"unknown-{what}", f"'{name}' is no {what} of {info.slug} ({', '.join(known) or 'none'})", *where)


def _value(case: Case, info: SolverInfo, name: str, where: Where) -> None:
    found = reference(name)
    known = [*info.outputs, *info.steps]
    if found is None or found[0] not in known:
        case.say("unknown-output", f"'{name}' is no output or step of {info.slug} ({', '.join(known)})", *where)


def _set(case: Case, info: SolverInfo, given: Mapping[str, Any], where: Where) -> None:
    """Known names, and values that the solver accepts (what needs torch is left to ``qbank verify``)."""
    unknown = [name for name in given if name not in info.params]
    for name in unknown:
        _one_of(case, info, "input", name, info.params, (*where, name))
    if not unknown and "numpy" in info.lanes:
        try:
            case.values(info.slug, given)
        except BadValue as error:
            case.say("demo", f"{info.slug} refuses these numbers: {error}", *where)
        except QbankError:
            pass  # a library of the extra 'lab' is missing: left to 'qbank verify', as torch is


def _proof(case: Case, proof: Mapping[str, Any], where: Where) -> None:
    info = solver(case, str(proof.get("solver")), (*where, "solver"))
    if info is not None:
        _one_of(case, info, "mistake", proof.get("mistake"), info.mistakes, (*where, "mistake"))
        _one_of(case, info, "claim", proof.get("claim"), info.claims, (*where, "claim"))
        _set(case, info, proof.get("set", {}), (*where, "set"))


def _asked(case: Case, item: Item, n: int) -> None:
    info = solver(case, str(item.solver), ("item", n, "solver"))
    if info is None:
        return
    _value(case, info, item.ask or "", ("item", n, "ask"))
    if "numpy" in info.lanes:
        if item.keys:
            case.say(
                "torch-keys",
                f"{item.id}: keys are for solvers that need torch; {info.slug} does not",
                "item",
                n,
                "keys",
            )
    elif missing := [seed for seed in item.seeds if str(seed) not in item.keys]:
        case.say(
            "torch-keys",
            f"{item.id}: {info.slug} needs torch, so keys must hold the seed {missing[0]}",
            "item",
            n,
            "keys",
        )


def _mistake(case: Case, mistake: str | None, where: Where) -> None:
    if mistake is None:
        return
    if ":" in mistake:
        slug, _, name = mistake.partition(":")
        info = solver(case, slug, where)
        if info is not None:
            _one_of(case, info, "mistake", name, info.mistakes, where)
    elif all(mistake != own.id for own in case.question.mistakes):
        case.say("unknown-mistake", f"'{mistake}' is no [[mistake]] of this question (a solver's is solver:id)", *where)
