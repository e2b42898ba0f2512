"""The solver's screen: steps as they come, numbers that can be changed, a cancel that ends the process."""

from __future__ import annotations

import json
import os
import sys

import pytest
from textual.widgets import Input, Static

from qbank.solving.process import Child
from qbank.tui.screens.solver import SolverScreen
from qbank.tui.widgets.cycle import Cycle

ABOUT = {"event": "about", "slug": "x", "title": {"zh": "慢", "en": "slow"}, "formula": "a+b", "params": {}, "id": 1}
STEP = {
    "event": "step",
    "step": "loss",
    "label": {"zh": "损失", "en": "loss"},
    "count": 7,
    "says": {"zh": "0.25", "en": "0.25"},
    "value": 0.25,
    "id": 1,
}
PROGRESS = {"event": "progress", "done": 30, "total": 120, "id": 1}


def scripted(*events: dict, then: str) -> Child:
    """A process that tells these events and then does something."""
    lines = "".join(json.dumps(event) + "\n" for event in events)
    script = f"import sys, os\nsys.stdin.readline()\nsys.stdout.write({lines!r})\nsys.stdout.flush()\n{then}\n"
    return Child((sys.executable, "-P", "-c", script))


@pytest.fixture
def child(monkeypatch):
    """``child(events, then=…)``: the next solver's process."""

    def replace(*events: dict, then: str) -> None:
        monkeypatch.setattr("qbank.tui.widgets.solution.Child", lambda: scripted(*events, then=then))

    return replace


def solving(at_home, slug: str = "kl-divergence", given: dict | None = None, lang: str = "en"):
    return at_home(lang, lambda app: app.open_solver(slug, given))


def text_of(pilot) -> str:
    """Everything on the page, also what is scrolled out of sight."""
    return "\n".join(str(one.render()) for one in pilot.app.screen.query(Static) if one.display)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_run_shows_formula_steps_result_claims_second_route_and_picture(at_home, play, settle, seen) -> None:
    async def story(pilot) -> None:
        view = pilot.app.screen.bench.view
        assert view.state == "done"
        text = text_of(pilot)
        for part in ("KL divergence", "Numbers in", "p  the true distribution P", "0.25  0.75", "ratio p/q", "nats"):
            assert part in text
        for part in ("[x] D >= 0", "scipy.special.rel_entr", "agrees", "█"):
            assert part in text
        assert "numpy float64 cpu, " in seen(pilot).splitlines()[0]
        pid = view.child.pid
        await pilot.press("enter")
        await settle(pilot)
        assert not isinstance(pilot.app.screen, SolverScreen)
        assert gone(pid)

    play(solving(at_home, given={"p": [0.25, 0.75]}), story)


def test_the_page_follows_the_language_and_the_width(at_home, play, settle, calm) -> None:
    async def story(pilot) -> None:
        frame = max(len(line) for line in text_of(pilot).splitlines() if "█" in line)
        await pilot.press("f2")
        await settle(pilot)
        assert "真实分布 P" in text_of(pilot)
        assert "独立验算" in text_of(pilot)
        await pilot.resize_terminal(120, 36)
        await settle(pilot)
        assert max(len(line) for line in text_of(pilot).splitlines() if "█" in line) > frame
        assert "真实分布 P" in text_of(pilot)

    play(solving(at_home), story)


def test_numbers_can_be_changed_and_a_refusal_stands_at_its_field(at_home, play, settle, seen, calm) -> None:
    async def story(pilot) -> None:
        screen = pilot.app.screen
        await pilot.press("e")
        await settle(pilot)
        p, q = screen.query(Input)
        assert (p.value, q.value) == ("[0.5, 0.5]", "[0.9, 0.1]")
        await pilot.press("tab")
        q.value = ""
        await pilot.press(*"1/4, 1/2", "enter")
        await settle(pilot)
        wrong = screen.query_one("#wrong-q")
        assert wrong.display
        assert "q must sum to 1; got a sum of 0.75" in seen(pilot)
        assert screen.focused is q
        await pilot.press("f2")
        await settle(pilot)
        assert q.value == "1/4, 1/2"
        assert "近似分布 Q" in seen(pilot)
        q.value, p.value = "１/４, ３/４", "0.5 0.5"
        await pilot.press("enter")
        await settle(pilot)
        assert screen.bench.form is None
        assert screen.bench.view.state == "done"
        assert "0.25  0.75" in text_of(pilot)

    play(solving(at_home), story)


def test_a_refused_form_can_be_left_and_the_old_result_stands(at_home, play, settle, calm) -> None:
    async def story(pilot) -> None:
        screen = pilot.app.screen
        await pilot.press("e")
        await settle(pilot)
        await pilot.press("end", "backspace", "9", "enter")
        await settle(pilot)
        assert screen.query_one("#wrong-p").display
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(pilot.app.screen, SolverScreen)
        assert screen.bench.view.state == "done"
        assert "[x] D >= 0" in text_of(pilot)
        assert "must" not in text_of(pilot)
        await pilot.press("e")
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert not isinstance(pilot.app.screen, SolverScreen)

    play(solving(at_home), story)


def test_a_new_run_takes_the_place_of_the_old_result(at_home, play, settle, until, calm) -> None:
    async def story(pilot) -> None:
        view = pilot.app.screen.bench.view
        assert "[x] D >= 0" in text_of(pilot)
        view.child = scripted(ABOUT, STEP, then="while True: pass")
        view.run()
        await until(pilot, lambda: view._steps)
        text = text_of(pilot)
        assert "loss  0.25" in text
        assert "[x] D >= 0" not in text
        await pilot.press("c")
        await until(pilot, lambda: view.state == "stopped")

    play(solving(at_home), story)


def test_choices_go_round_and_untouched_numbers_stay_exact(at_home, play, settle, calm) -> None:
    given = {"size": [10, 10], "kernel": [3, 3], "stride": [1, 1], "mode": "full"}

    async def story(pilot) -> None:
        screen = pilot.app.screen
        await pilot.press("e")
        await settle(pilot)
        cycle = screen.query_one("#field-mode", Cycle)
        assert cycle.value == "full"
        cycle.focus()
        await pilot.press("left", "enter")
        await settle(pilot)
        assert screen.bench.form is None
        assert screen.bench.view.given["mode"] != "full"
        assert screen.bench.view.given["size"] == [10, 10]

    play(solving(at_home, "conv2d-output-size", given), story)


@pytest.mark.parametrize("key", ["c", "ｃ", "escape"])
def test_cancelling_ends_the_process(key, at_home, play, settle, until, seen, child) -> None:
    child(ABOUT, STEP, PROGRESS, then="while True: pass")

    async def story(pilot) -> None:
        view = pilot.app.screen.bench.view
        pid = view.child.pid
        assert pid is not None
        await pilot.press(key)
        await until(pilot, lambda: view.state == "stopped")
        await until(pilot, lambda: gone(pid))
        await settle(pilot)
        assert "Cancelled; the process has ended." in seen(pilot)
        assert isinstance(pilot.app.screen, SolverScreen)
        await pilot.press("escape")
        await settle(pilot)
        assert not isinstance(pilot.app.screen, SolverScreen)

    async def begin(pilot) -> None:
        pilot.app.open_solver("x")
        await until(pilot, lambda: pilot.app.screen.query("#run-steps"))
        view = pilot.app.screen.bench.view
        await until(pilot, lambda: view._progress is not None)
        await pilot.pause()
        text = seen(pilot)
        assert "loss  0.25  x7" in text
        assert "30/120" in text
        assert "[####" in text
        assert "computing ..." in text
        assert "c cancel the run" in text
        await story(pilot)

    play(at_home(), begin)


def test_the_process_ends_with_the_app(at_home, play, until, child) -> None:
    child(ABOUT, then="while True: pass")
    pids = []

    async def story(pilot) -> None:
        pilot.app.open_solver("x")
        await until(pilot, lambda: pilot.app.screen.query("#run-steps"))
        view = pilot.app.screen.bench.view
        await until(pilot, lambda: view.about is not None)
        pids.append(view.child.pid)

    play(at_home(), story)
    assert gone(pids[0])


def test_a_process_that_dies_is_one_line(at_home, play, settle, seen, child) -> None:
    child(ABOUT, STEP, then="os._exit(137)")

    async def story(pilot) -> None:
        assert "the solver's process must end with a result; got exit code 137" in seen(pilot)
        assert "loss  0.25" in seen(pilot)

    play(solving(at_home, "x"), story)


def test_an_unknown_solver_is_one_line(at_home, play, seen) -> None:
    async def story(pilot) -> None:
        assert "did you mean kl-divergence?" in " ".join(seen(pilot).split())

    play(solving(at_home, "kl-divergenc"), story)


def test_the_source_can_be_read(at_home, play, settle, seen, calm) -> None:
    async def story(pilot) -> None:
        await pilot.press("ｓ")
        await settle(pilot)
        assert "sum_k p_k log(p_k / q_k), in nats." in seen(pilot)
        await pilot.press("s")
        await settle(pilot)
        assert isinstance(pilot.app.screen, SolverScreen)

    play(solving(at_home), story)
