"""The bank as a table: filters by star, topic and source, and a search that follows the typing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from rich.text import Text as Cell
from textual import events
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import DataTable, Input, Select, Static

from qbank.domain import Text
from qbank.tui import strings
from qbank.tui.keys import bind
from qbank.tui.screens.base import QbankScreen
from qbank.tui.text import clean, plain
from qbank.tui.widgets.header import cut
from qbank.tui.widgets.legend import Hint

Row = Mapping[str, Any]
FILTERS = {"stars": Text("星级", "stars"), "topic": Text("主题", "topic"), "source": Text("来源", "source")}
COLUMNS = {
    "stars": Text("星级", "stars"),
    "title": Text("题目", "question"),
    "topic": Text("主题", "topic"),
    "source": Text("来源", "source"),
    "cards": Text("卡片", "cards"),
}
WIDTHS = {"stars": 5, "topic": 15, "source": 11, "cards": 5}
"""Columns beside the title, which takes what is left."""
NARROW = 72
"""Below so many columns topic and cards are left out."""


class BrowseScreen(QbankScreen[None]):
    """``/`` searches, ``f`` goes to the filters and Tab through them, Enter opens a question."""

    CSS_PATH = "browse.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [bind("search"), bind("filter"), bind("clear"), bind("practice")]

    everything: Sequence[Row] | None = None
    """All rows of the bank: what the filters can offer. None until they are there."""
    rows: Sequence[Row] = ()
    searched = ""
    """What the rows shown were searched for."""

    def body(self) -> Iterable[Widget]:
        with Horizontal(id="filters"):
            yield Input(id="search", compact=True, select_on_focus=False)
            for name in FILTERS:
                yield Select[Any]([], id=name, compact=True)
        yield DataTable[Cell](id="questions", cursor_type="row")
        yield Static(id="count")

    def on_mount(self) -> None:
        super().on_mount()
        self.table.focus()
        self.qapp.work(lambda: self.qapp.context.bank.summaries(), self._arrived, owner=self)

    @property
    def table(self) -> DataTable[Cell]:
        return self.query_one("#questions", DataTable)

    def _arrived(self, rows: Sequence[Row]) -> None:
        self.everything = rows
        self.relabel()
        self.look()
        for problem in self.qapp.context.warnings:
            self.qapp.complain(problem)

    # ------------------------------------------------------------ looking

    def chosen(self, name: str) -> Any:
        """The value of a filter; None: all."""
        value = self.query_one(f"#{name}", Select).value
        return None if value is Select.NULL else value

    def look(self, then: Callable[[], object] | None = None) -> None:
        """Ask for the rows that pass the filters and match the search; ``then`` once they are shown."""
        text = self.query_one("#search", Input).value.strip()
        stars, topic, source = (self.chosen(name) for name in FILTERS)
        self.qapp.work(
            lambda: self.qapp.context.bank.summaries(stars, topic, source, text or None),
            lambda rows: self.fill(rows, text, then),
            owner=self,
            group="look",
            exclusive=True,
        )

    def fill(self, rows: Sequence[Row], searched: str, then: Callable[[], object] | None = None) -> None:
        """Show rows. The cursor stays on its question, but after another search goes to the best match."""
        self.rows = rows
        self._write_table()
        if searched != self.searched:
            self.table.move_cursor(row=0)
            self.searched = searched
        self.refresh_chrome()
        if then is not None:
            then()

    def on_input_changed(self) -> None:
        self.look()

    def on_select_changed(self) -> None:
        if self.everything is not None:
            self.look()

    def on_input_submitted(self) -> None:
        """To the table, but not before it shows what was typed."""
        self.look(self.table.focus)

    # ------------------------------------------------------------ texts

    def place(self) -> tuple[str, str]:
        if self.everything is None:
            return self.say("题库", "the bank"), ""
        many, all_ = len(self.rows), len(self.everything)
        return self.say("题库", "the bank"), self.say(f"{many} / {all_} 题", f"{many} of {all_} questions")

    def hints(self) -> Sequence[Hint]:
        return [
            Hint("accept", Text("打开", "open")),
            Hint("search"),
            Hint("filter"),
            Hint("clear", Text("全部", "all")),
            Hint("practice", Text("练这些", "practice these")),
            Hint("back"),
        ]

    def relabel(self) -> None:
        super().relabel()
        self.query_one("#search", Input).placeholder = self.say(
            "/ 搜索：散度、KL、卷积 ...", "/ search: divergence, KL ..."
        )
        with self.prevent(Select.Changed):
            for name, label in FILTERS.items():
                select = self.query_one(f"#{name}", Select)
                value = select.value
                select.prompt = label[self.qapp.lang]
                select.set_options([(plain(text), entry) for entry, text in self._offers(name)])
                select.value = value
        self._write_table()

    def _offers(self, name: str) -> list[tuple[Any, str]]:
        rows = self.everything or ()
        if name == "stars":
            return [(n, "*" * n) for n in sorted({row["stars"] for row in rows}, reverse=True)]
        if name == "topic":
            return [(t, strings.topic(t, self.qapp.lang)) for t in sorted({t for row in rows for t in row["topics"]})]
        docs = sorted({source["doc"] for row in rows for source in row["sources"]})
        return [(doc, self.say(f"文档{doc}", f"document {doc}")) for doc in docs]

    def _write_table(self) -> None:
        table, lang = self.table, self.qapp.lang
        at = self._at_cursor()
        table.clear(columns=True)
        wide = self._widths()
        for name, columns in wide.items():
            table.add_column(Cell(COLUMNS[name][lang]), width=columns, key=name)
        for row in self.rows:
            cells = self._cells(row)
            table.add_row(*(Cell(cut(clean(cells[name]), wide[name])) for name in wide), key=row["id"])
        place = next((n for n, row in enumerate(self.rows) if row["id"] == at), 0)
        table.move_cursor(row=place)
        nothing = self.everything is not None and not self.rows
        count = self.query_one("#count", Static)
        count.display = nothing
        count.update(self.say("没有符合的题。按 r 清除筛选。", "Nothing matches. Press r to clear the filters."))

    def _cells(self, row: Row) -> dict[str, str]:
        lang = self.qapp.lang
        source = row["sources"][0] if row["sources"] else None
        return {
            "stars": "*" * row["stars"],
            "title": row["title"][lang],
            "topic": ", ".join(strings.topic(name, lang) for name in row["topics"]),
            "source": "" if source is None else f"{source['doc']} {source['number'] or ''}".strip(),
            "cards": str(len(row["facets"])),
        }

    def _widths(self) -> dict[str, int]:
        shown = [name for name in COLUMNS if self.size.width >= NARROW or name not in ("topic", "cards")]
        taken = sum(WIDTHS.get(name, 0) + 2 for name in shown) + 1  # two blanks a cell, and the scroll bar
        return {name: WIDTHS.get(name, max(12, self.size.width - taken)) for name in shown}

    def _at_cursor(self) -> str | None:
        table = self.table
        if not table.row_count:
            return None
        return table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value

    def on_resize(self, event: events.Resize) -> None:
        if self.everything is not None:
            self._write_table()

    # ------------------------------------------------------------ keys

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        if event.row_key.value is not None:
            self.qapp.open_question(event.row_key.value)

    def action_search(self) -> None:
        self.query_one("#search", Input).focus()

    def action_filter(self) -> None:
        select = self.query_one("#stars", Select)
        select.focus()
        select.action_show_overlay()

    def action_clear(self) -> None:
        """Every filter back to all, the search emptied."""
        with self.prevent(Select.Changed, Input.Changed):
            self.query_one("#search", Input).value = ""
            for name in FILTERS:
                self.query_one(f"#{name}", Select).clear()
        self.look()
        self.table.focus()

    def action_practice(self) -> None:
        """A quiz over the rows that are shown."""
        ids = {row["id"] for row in self.rows}
        self.qapp.start_quiz(lambda: self.qapp.context.study.mixed(ids))

    def action_back(self) -> None:
        """From the search or a filter to the table, from the table home."""
        if self.focused is not None and self.focused.id != "questions":
            self.table.focus()
        else:
            super().action_back()
