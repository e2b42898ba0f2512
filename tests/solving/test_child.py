"""The solver process: events in order, refusals as events, killed for real, gone with its parent."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from qbank.domain import QbankError
from qbank.solving import describe, solve
from qbank.solving.child import PAUSE, Session, about
from qbank.solving.process import Child

KL = {"slug": "kl-divergence", "given": {"p": [0.5, 0.5], "q": [0.9, "1/10"]}, "columns": 70, "rows": 10}
STUCK = (sys.executable, "-P", "-c", "import sys\nfor line in sys.stdin:\n  while True: pass")
"""A stand-in for a solver that never comes back to Python's surface."""


def talk(*lines: Any, raw: str = "") -> list[dict[str, Any]]:
    """What a child answers to some requests; it ends when they do."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "qbank.solving.child"],
        input=raw + "".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [json.loads(line, parse_constant=pytest.fail) for line in done.stdout.splitlines()]


def test_a_run_tells_the_record_each_step_and_the_result() -> None:
    events = talk(KL)
    assert [e["event"] for e in events] == ["about", "step", "step", "step", "result"]
    assert events[0] == json.loads(json.dumps(about(describe("kl-divergence"))))
    assert [e["step"] for e in events[1:4]] == list(describe("kl-divergence").steps)
    result, right = events[-1], solve("kl-divergence", KL["given"])
    assert result["solution"]["zh"]["outputs"] == right.json("zh")["outputs"]
    assert result["holds"] is True
    assert result["agrees"] is True
    assert [part["id"] for part in result["pages"]["en"]] == ["inputs", "steps", "result", "claims", "oracle", "run"]
    assert result["pages"]["zh"][2]["lines"][0] == "  D     0.510826 奈特"
    assert len(result["figure"]["zh"].splitlines()[0]) <= 70


def test_bad_requests_are_errors_and_the_next_one_is_served() -> None:
    bad = {"slug": "kl-divergence", "given": {"p": [0.5, 0.6]}}
    events = talk(bad, {"slug": "no-such"}, {"columns": 80}, KL, {"columns": 60, "rows": 8}, raw="{\n[1]\n")
    says = [(e["argument"], e["message"]) for e in events if e["event"] == "error"]
    assert says == [
        (None, "a request must be an object"),
        (None, "a request must be an object"),
        ("p", "p must sum to 1; got a sum of 1.1"),
        ("solver", "solver must be one that 'qbank solvers' lists; got no-such"),
        (None, "nothing has been run"),
    ]
    first, again = [e for e in events if e["event"] == "result"]
    assert "solution" not in again
    assert again["pages"]["en"][2] == first["pages"]["en"][2]


def test_a_defect_of_a_solver_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError("over\nzero")

    events: list[dict[str, Any]] = []
    monkeypatch.setattr("qbank.solving.solve", broken)
    Session(events.append, lambda: 0.0).answer({"slug": "kl-divergence"})
    assert events[-1] == {"event": "error", "argument": None, "message": "ZeroDivisionError: over zero"}


def test_reports_are_thinned_out_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten notes of one step and ten reports of progress at the same moment: the first of each, and the last report."""

    def fake(slug: str, given: Any, *, on_step: Any, on_progress: Any) -> Any:
        for n in range(10):
            on_step("ratio", n)
            on_progress(n + 1, 10)
        now[0] += 2 * PAUSE
        on_step("ratio", 10)
        return solve(slug, given)

    now = [0.0]
    events: list[dict[str, Any]] = []
    monkeypatch.setattr("qbank.solving.solve", fake)
    Session(events.append, lambda: now[0]).answer(KL)
    assert [(e["step"], e["count"]) for e in events if e["event"] == "step"] == [("ratio", 1), ("ratio", 11)]
    assert [e["done"] for e in events if e["event"] == "progress"] == [1, 10]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_one_process_serves_several_runs_and_stops_when_told() -> None:
    async def main() -> None:
        child = Child()
        first = [event async for event in child.ask({**KL, "given": {"p": [1.0, 0.0], "q": [float("inf"), 0]}})]
        assert first[-1]["argument"] == "q"
        pid = child.pid
        assert pid is not None
        events = [event async for event in child.ask(KL)]
        assert events[-1]["event"] == "result"
        assert child.pid == pid
        await child.stop()
        assert child.pid is None
        assert not alive(pid)
        again = [event async for event in child.ask(KL)]
        assert again[-1]["event"] == "result"
        await child.stop()

    asyncio.run(main())


def test_events_that_nobody_waits_for_are_passed_over() -> None:
    async def main() -> None:
        child = Child()
        async for event in child.ask(KL):
            assert event["event"] == "about"
            break  # the screen was resized: the rest of this run is not read
        later = [event async for event in child.ask({"slug": "adam-step"})]
        assert later[0]["slug"] == "adam-step"
        assert {e["id"] for e in later} == {2}
        await child.stop()

    asyncio.run(main())


def test_a_run_that_never_returns_is_killed() -> None:
    async def main() -> None:
        child = Child(STUCK)
        await child.start()
        pid = child.pid
        assert pid is not None

        async def read() -> None:
            async for _ in child.ask(KL):
                pytest.fail("it never answers")

        reading = asyncio.ensure_future(read())
        await asyncio.wait([reading], timeout=0.01)
        await child.stop()
        assert not alive(pid)
        with pytest.raises(QbankError, match="got exit code -9"):
            await reading

    asyncio.run(main())


BUSY = """
import os, sys, threading, time
from queue import SimpleQueue
from qbank.solving.child import follow
end = time.monotonic() + 120
threading.Thread(target=follow, args=(sys.stdin, SimpleQueue(), os.getppid()), daemon=True).start()
print("busy", flush=True)
while time.monotonic() < end:
    pass
"""
"""A child in the middle of a long run."""


@pytest.mark.skipif(sys.platform == "win32", reason="no such parents there")
def test_it_goes_when_its_parent_is_killed_even_in_the_middle_of_a_run() -> None:
    script = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-P', '-c', {BUSY!r}], stdin=subprocess.PIPE)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "busy\n"
    parent.kill()
    assert parent.communicate(timeout=60)[0] == ""  # ends only when the child, which shares the pipe, has gone


def test_a_busy_one_still_finishes_what_was_asked_before_its_requests_ended() -> None:
    """Closing stdin is no cancel: the parent lives and wants the answer."""
    assert talk(KL)[-1]["event"] == "result"
