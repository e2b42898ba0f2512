"""Questions as files: read, validated, linted, scaffolded. Errors carry file and line."""

from __future__ import annotations

from qbank.content.errors import ContentError
from qbank.content.files import digest, stamp
from qbank.content.parse import question, raw_question
from qbank.content.read import Loaded, load_file, load_folder

__all__ = ["ContentError", "Loaded", "digest", "load_file", "load_folder", "question", "raw_question", "stamp"]
