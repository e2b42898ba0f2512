"""The yardstick: a Textual app with the given text in the plainest widgets, and nothing behind them. F2 switches."""

import json
import sys
from pathlib import Path

from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

TEXTS = json.loads(Path(sys.argv[1]).read_text()) if len(sys.argv) > 1 else [{"head": "ready", "parts": []}]


def widget(place: int, part: str | list[str]) -> Widget:
    """A text, or a list to choose from."""
    if isinstance(part, str):
        return Static(part, id=f"part{place}", markup=False)
    return OptionList(*(Option(line, id=str(n)) for n, line in enumerate(part)), id=f"part{place}", markup=False)


class Peer(App[None]):
    CSS = "Static, OptionList { height: auto; } #head { dock: top; } #foot { dock: bottom; }"
    BINDINGS = [("f2", "switch", "")]  # noqa: RUF012
    at = 0

    def compose(self) -> ComposeResult:
        yield Static(TEXTS[0]["head"], id="head", markup=False)
        with VerticalScroll():
            for place, part in enumerate(TEXTS[0]["parts"]):
                yield widget(place, part)
        yield Static(TEXTS[0].get("foot", ""), id="foot", markup=False)

    def action_switch(self) -> None:
        self.at = 1 - self.at
        for name in ("head", "foot"):
            self.query_one(f"#{name}", Static).update(TEXTS[self.at][name])
        for place, part in enumerate(TEXTS[self.at]["parts"]):
            if isinstance(part, str):
                self.query_one(f"#part{place}", Static).update(part)
            for n, line in enumerate(part if isinstance(part, list) else []):
                self.query_one(f"#part{place}", OptionList).replace_option_prompt(str(n), line)


if __name__ == "__main__":
    Peer().run()
