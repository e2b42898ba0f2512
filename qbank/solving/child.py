"""A solver in a process of its own: requests on stdin, events on stdout, one line of strict JSON each.

``python -P -m qbank.solving.child`` reads requests until stdin ends:

``{"slug", "given", "seed", "lane", "device", "dtype", "check", "columns", "rows", "color"}`` runs a solver (all but
the slug may be left out); without a slug the last run is shown again, at another size. An ``id`` comes back in the
events.

It answers with events: ``about`` (the record: title, formula, params), ``step`` and ``progress`` as they come (the
latter two thinned out in time), then ``result`` (pages and figure in both languages, see :func:`shown`) or ``error``
(``message``, and ``argument`` where an argument was refused). After a result it waits for the next request: a second
run of the same solver imports nothing anew. Killing the process is how a run is cancelled; it ends by itself where
the process that started it is gone.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TextIO

from qbank.domain import LANGS, QbankError, Text

if TYPE_CHECKING:
    from qbank.solving import Solution, SolverInfo

Emit = Callable[[dict[str, Any]], None]
RUN = ("seed", "lane", "device", "dtype", "check")
PAUSE = 0.03
"""Seconds between two reports of the same step, or of progress."""


def about(info: SolverInfo) -> dict[str, Any]:
    """The ``about`` event: what a form and a page's head need."""
    from solvers.values import strict

    return {
        "event": "about",
        "slug": info.slug,
        "title": info.title.json(),
        "formula": info.formula,
        "params": {
            name: {
                "kind": p.kind,
                "default": strict(p.default),
                "doc": p.doc.json(),
                "shape": p.shape,
                "choices": list(p.choices),
            }
            for name, p in info.params.items()
        },
    }


def shown(solution: Solution, columns: int, rows: int, color: bool) -> dict[str, Any]:
    """Pages (sections of lines) and figure in both languages, in ``columns``; ``agrees`` None: no oracle was run."""
    from qbank.solving import describe, figure
    from qbank.solving.demonstration import sections

    info = describe(solution.slug)
    picture = figure(solution)
    drawn: dict[str, str] | None = None
    if picture is not None:
        from qbank.solving.figures_terminal import draw

        drawn = {lang: draw(picture, lang, columns, rows, color) for lang in LANGS}
    return {
        "pages": {lang: [section._asdict() for section in sections(solution, info, lang, columns)] for lang in LANGS},
        "figure": drawn,
        "lane": solution.lane,
        "device": solution.device,
        "dtype": solution.dtype,
        "seconds": solution.seconds,
        "holds": all(claim.holds for claim in solution.claims),
        "agrees": solution.oracle.agrees,
    }


class Session:
    """Answers requests; remembers the last solution, to show it again."""

    def __init__(self, emit: Emit, clock: Callable[[], float]) -> None:
        self._emit, self.clock = emit, clock
        self.id: Any = None
        self.last: Solution | None = None

    def emit(self, event: dict[str, Any]) -> None:
        self._emit(event if self.id is None else {**event, "id": self.id})

    def answer(self, request: Any) -> None:
        """Carry out one request; whatever goes wrong is an ``error`` event."""
        self.id = request.get("id") if isinstance(request, Mapping) else None
        try:
            if not isinstance(request, Mapping):
                raise QbankError("a request must be an object")
            if "slug" in request:
                self.run(request)
            elif self.last is None:
                raise QbankError("nothing has been run")
            self.show(request)
        except QbankError as error:
            refused = getattr(error.__cause__, "argument", None)
            self.emit({"event": "error", "argument": refused, "message": str(error)})
        except MemoryError:
            self.emit({"event": "error", "argument": None, "message": "these numbers need more memory than there is"})
        except Exception as error:  # a defect of a solver must not silence the screen
            message = " ".join(f"{type(error).__name__}: {error}".split())
            self.emit({"event": "error", "argument": None, "message": message})

    def run(self, request: Mapping[str, Any]) -> None:
        from qbank.solving import describe, solve
        from qbank.solving.demonstration import brief
        from solvers.values import strict

        self.last = None
        info = describe(str(request["slug"]))
        self.emit(about(info))
        counts: dict[str, int] = {}
        told: dict[str, float] = {}

        def due(name: str, last: bool = False) -> bool:
            now = self.clock()
            if not last and now - told.get(name, -PAUSE) < PAUSE:
                return False
            told[name] = now
            return True

        def on_step(name: str, value: Any) -> None:
            counts[name] = counts.get(name, 0) + 1
            if due(name):
                label = info.steps.get(name, Text(name, name))
                says = {lang: brief(value, lang) for lang in LANGS}
                event = {"event": "step", "step": name, "label": label.json(), "count": counts[name]}
                self.emit({**event, "says": says, "value": strict(value)})

        def on_progress(done: int, total: int) -> None:
            if due(" progress", done >= total):
                self.emit({"event": "progress", "done": done, "total": total})

        options = {name: request[name] for name in RUN if request.get(name) is not None}
        given = request.get("given") or {}
        self.last = solve(info.slug, given, **options, on_step=on_step, on_progress=on_progress)

    def show(self, request: Mapping[str, Any]) -> None:
        assert self.last is not None
        columns, rows = int(request.get("columns", 78)), int(request.get("rows", 14))
        found = shown(self.last, columns, rows, bool(request.get("color")))
        if "slug" in request:
            found["solution"] = {lang: self.last.json(lang) for lang in LANGS}
        self.emit({"event": "result", **found})


def follow(lines: TextIO, requests: SimpleQueue[str | None], parent: int) -> None:
    """Hand on requests as they come. At the end of stdin: no more will; a parent that is gone ends the process."""
    for line in lines:
        if line.strip():
            requests.put(line)
    requests.put(None)
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


def main() -> None:
    """Serve until stdin ends. What solvers print goes to stderr: stdout holds events only."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def emit(event: dict[str, Any]) -> None:
        out.write(json.dumps(event, allow_nan=False) + "\n")
        out.flush()

    requests: SimpleQueue[str | None] = SimpleQueue()
    threading.Thread(target=follow, args=(sys.stdin, requests, os.getppid()), daemon=True).start()
    session = Session(emit, time.monotonic)
    import numpy as np  # while the first request is still being typed

    np.seterr(all="ignore")
    while (line := requests.get()) is not None:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        session.answer(request)


if __name__ == "__main__":
    main()
