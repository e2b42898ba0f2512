"""Settings: language and theme live in the TOML file of the config directory, study settings in the learner's log."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from qbank.domain import LANGS, BadValue, QbankError

FILE: Mapping[str, tuple[str, ...]] = {"language": LANGS, "theme": ("dark", "light")}
"""Settings of the file -> the values they may have."""


class StudySettings(Protocol):
    """The study settings of one learner (:mod:`qbank.services.settings`)."""

    def names(self) -> tuple[str, ...]: ...
    def get(self, name: str) -> Any: ...
    def set(self, name: str, value: str) -> Any: ...


class Config:
    """``get``, ``set`` and ``all`` over both places; unknown keys list the known ones."""

    def __init__(self, file: Path, study: Callable[[], StudySettings]) -> None:
        self.file = file
        self._study = study

    @property
    def language(self) -> str | None:
        """The language of the config file; None where it says nothing."""
        return self._of_file("language")

    @property
    def theme(self) -> str | None:
        """``dark`` or ``light``; None where the config file says nothing."""
        return self._of_file("theme")

    def all(self) -> dict[str, Any]:
        study = self._study()
        return {**{name: self._of_file(name) for name in FILE}, **{name: study.get(name) for name in study.names()}}

    def get(self, key: str) -> Any:
        return self._of_file(key) if key in FILE else self._study_for(key).get(key)

    def set(self, key: str, value: str) -> Any:
        """Change one setting and return its new value."""
        if key not in FILE:
            return self._study_for(key).set(key, value)
        if value not in FILE[key]:
            raise BadValue(key, "be one of " + ", ".join(FILE[key]), value)
        self._write(key, value)
        return value

    def _of_file(self, key: str) -> str | None:
        value = self._read().get(key)
        if value is not None and value not in FILE[key]:
            raise QbankError(f"{self.file}: {key} must be one of {', '.join(FILE[key])}; got {value!r}")
        return value

    def _study_for(self, key: str) -> StudySettings:
        study = self._study()
        if key not in study.names():
            raise BadValue("KEY", "be one of " + ", ".join([*FILE, *study.names()]), key)
        return study

    def _text(self) -> str:
        try:
            return self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise QbankError(f"{self.file}: the config file must be readable UTF-8 text; got {error}") from None

    def _read(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._text())
        except tomllib.TOMLDecodeError as error:
            raise QbankError(f"{self.file}: the config file must be TOML; got: {error}") from None

    def _write(self, key: str, value: str) -> None:
        """Keeps comments and unknown keys; the new file replaces the old one in one step."""
        import tomlkit

        self._read()
        document = tomlkit.parse(self._text())
        document[key] = value
        self.file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.file.with_name(f"{self.file.name}.{os.getpid()}.new")
        fresh.write_text(tomlkit.dumps(document), encoding="utf-8")
        fresh.replace(self.file)
