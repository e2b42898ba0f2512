"""A form for a solver's numbers, built from what its record says about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Input, Static

from qbank.domain import Text
from qbank.tui.fields import read, show
from qbank.tui.text import plain
from qbank.tui.widgets.cycle import Cycle

KINDS = {
    "array": Text("数组", "array"),
    "float": Text("数", "number"),
    "int": Text("整数", "integer"),
    "choice": Text("选项", "choice"),
}


class NumbersForm(VerticalScroll):
    """One field an argument; Enter submits them all. A refused one is told at its field."""

    DEFAULT_CSS = """
    NumbersForm { height: 1fr; padding: 1 2; }
    NumbersForm .label { width: 1fr; height: auto; }
    NumbersForm Input { width: 1fr; background: $surface; }
    NumbersForm Input:focus { background: $primary-muted; }
    NumbersForm .wrong { color: $text-error; height: auto; display: none; }
    NumbersForm .gap { height: 1; }
    """
    can_focus = False

    class Submitted(Message):
        """The reader wants these numbers."""

        def __init__(self, given: Mapping[str, Any]) -> None:
            super().__init__()
            self.given = given

    def __init__(self, params: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any], lang: str) -> None:
        super().__init__(id="numbers")
        self.params, self.lang = params, lang
        self.given = {name: given.get(name, param["default"]) for name, param in params.items()}

    def compose(self) -> ComposeResult:
        for name, param in self.params.items():
            yield Static(plain(self._label(name)), id=f"label-{name}", classes="label")
            if param["kind"] == "choice":
                yield Cycle(param["choices"], str(self.given[name]), id=f"field-{name}")
            else:
                yield Input(show(self.given[name]), id=f"field-{name}", compact=True, select_on_focus=False)
            yield Static(id=f"wrong-{name}", classes="wrong")
            yield Static(classes="gap")

    def on_mount(self) -> None:
        for field in self.query("Input, Cycle"):
            field.focus()
            break

    def _label(self, name: str) -> str:
        param = self.params[name]
        kind = KINDS[param["kind"]][self.lang]
        shape = f" {param['shape']}" if param["shape"] else ""
        return f"{name}  {param['doc'][self.lang]}  [{kind}{shape}]"

    def relabel(self, lang: str) -> None:
        """The labels in another language."""
        self.lang = lang
        for name in self.params:
            self.query_one(f"#label-{name}", Static).update(plain(self._label(name)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.submit()

    def submit(self) -> None:
        """Hand over the numbers."""
        given = {}
        for name, param in self.params.items():
            field = self.query_one(f"#field-{name}")
            typed = field.value if isinstance(field, (Input, Cycle)) else ""
            given[name] = read(param["kind"], typed)
            self.query_one(f"#wrong-{name}").display = False
        self.post_message(self.Submitted(given))

    def refuse(self, argument: str | None, message: str) -> None:
        """Tell at its field what is wrong with an argument; what belongs to none is told at the last."""
        name = argument if argument in self.params else list(self.params)[-1]
        line = self.query_one(f"#wrong-{name}", Static)
        line.update(plain(message))
        line.display = True
        self.query_one(f"#field-{name}").focus()
        line.scroll_visible(animate=False)
