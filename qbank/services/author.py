"""For whoever writes questions: check files, scaffold a new one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qbank.domain import BadValue

if TYPE_CHECKING:
    from qbank.content.lint import Problem


class Author:
    """Works on files, never on the database."""

    def __init__(self, bundled: Path, own: Path) -> None:
        self.bundled, self.own = bundled, own

    def lint(self, paths: Sequence[Path] = ()) -> list[Problem]:
        """Problems of the given files and folders, in order; the bundled bank and the user's folder by default."""
        from qbank.content.lint import lint

        files: list[Path] = []
        for path in paths or [folder for folder in (self.bundled, self.own) if folder.is_dir()]:
            if path.is_dir():
                files += sorted(path.rglob("*.toml"))
            elif path.is_file():
                files.append(path)
            else:
                raise BadValue("PATH", "be a question file or a folder", str(path))
        return lint(files, bundled=self.bundled)

    def new(self, question_id: str) -> Path:
        """Write a scaffold into the user's folder and return its path; never overwrites."""
        if not re.fullmatch(r"my-[a-z0-9]+(-[a-z0-9]+)*", question_id) or len(question_id) > 64:
            raise BadValue("ID", "be 'my-' and then lower-case letters, digits and single hyphens", question_id)
        from qbank.content.scaffold import scaffold

        self.own.mkdir(parents=True, exist_ok=True)
        path = self.own / f"{question_id}.toml"
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(scaffold(question_id))
        except FileExistsError:
            raise BadValue("ID", f"be new; {path} exists", question_id) from None
        return path
