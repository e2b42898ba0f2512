"""What shows each catalogued fact: ``make coverage`` writes data/coverage/<document>.toml from the questions.

The ids come from the catalogue (``--catalogue FOLDER``, its ``document*.yaml``) where it is at hand, otherwise from
the files written last; what is known of each is its [[fact]] lines.
``--check`` writes nothing: one line for each file that is not what the questions say, and exit code 1.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from qbank.content.read import load_folder
from qbank.domain import Fact, Question

ROOT = Path(__file__).parents[1]
QUESTIONS = ROOT / "data" / "questions"
FOLDER = ROOT / "data" / "coverage"
CATALOGUE = ROOT.parent / "shared" / "syllabus"

DOCUMENTS = ("000", "001", "002", "003", "004")
_ID = re.compile(r"(?:q(?P<q>\d\d)|n(?P<n>\d)-\d\d)[\d.]*\.f(?P<fact>\d+)")


def document(fact: str) -> str:
    """The document a fact id belongs to: q… is 000, n1-… is 001. ValueError for what is no fact id."""
    found = _ID.fullmatch(fact)
    if found is None:
        raise ValueError(f"a fact id must look like q16.2.1.f1 or n1-48.f2; got {fact!r}")
    return "000" if found["q"] else f"00{found['n']}"


def order(fact: str) -> tuple[list[int], int]:
    """Ids in the document's order: q02.10 after q02.9, a record's own facts before its sub-records'."""
    record, _, number = fact.rpartition(".f")
    return [int(part) for part in re.findall(r"\d+", record)], int(number)


def catalogued(folder: Path) -> set[str]:
    """Every fact id of the catalogue in ``folder``."""
    import yaml

    records = [r for file in sorted(folder.glob("document*.yaml")) for r in yaml.safe_load(file.read_text("utf-8"))]
    return {fact["id"] for record in records for fact in record["facts"]}


def written(folder: Path) -> set[str]:
    """Every fact id of the coverage files in ``folder``."""
    known: set[str] = set()
    for file in sorted(folder.glob("*.toml")):
        table = tomllib.loads(file.read_text("utf-8"))
        known |= {*table["shown"], *table["reasoned"], *table["open"]}
    return known


def shows(question: str, fact: Fact) -> dict[str, str]:
    """One line's table: the question, and the solver's claim, output or step."""
    parts = {"solver": fact.solver, "claim": fact.claim, "output": fact.output, "step": fact.step, "why": fact.none}
    return {"question": question, **{name: value for name, value in parts.items() if value is not None}}


def collect(questions: Iterable[Question]) -> dict[str, list[dict[str, str]]]:
    """What the questions say of each fact, in the order of their ids."""
    found: dict[str, list[dict[str, str]]] = {}
    for question in sorted(questions, key=lambda q: q.id):
        for fact in question.facts:
            found.setdefault(fact.id, []).append(shows(question.id, fact))
    return found


def text(name: str, ids: Iterable[str], said: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    """A coverage file. A fact is shown if one question shows it, reasoned if each that has it says why it cannot."""
    ordered = sorted(ids, key=order)
    shown = [i for i in ordered if any("why" not in entry for entry in said.get(i, ()))]
    reasoned = [i for i in ordered if i in said and i not in shown]
    left = [i for i in ordered if i not in said]
    lines = [
        "# Written by 'make coverage' from the [[fact]] lines of data/questions; a test holds it to them.",
        f"document = {quoted(name)}",
        f"facts = {len(ordered)}",
        "",
        f"# {len(left)} without a question yet",
        "open = [",
        *(f"  {', '.join(quoted(i) for i in left[k : k + 8])}," for k in range(0, len(left), 8)),
        "]",
        "",
        f"# {len(shown)} that a solver shows",
        "[shown]",
        *(f"{quoted(i)} = {tables(e for e in said[i] if 'why' not in e)}" for i in shown),
        "",
        f"# {len(reasoned)} that no computation can show, and why",
        "[reasoned]",
        *(f"{quoted(i)} = {tables(said[i])}" for i in reasoned),
    ]
    return "\n".join(lines) + "\n"


def quoted(value: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's."""
    return json.dumps(value, ensure_ascii=False)


def tables(entries: Iterable[Mapping[str, str]]) -> str:
    """An array of inline tables on one line."""
    return "[" + ", ".join("{ " + ", ".join(f"{k} = {quoted(v)}" for k, v in e.items()) + " }" for e in entries) + "]"


def coverage(questions: Iterable[Question], ids: set[str]) -> dict[str, str]:
    """File name -> text. ValueError for a fact that the catalogue does not have."""
    said = collect(questions)
    unknown = sorted(set(said) - ids, key=order)
    if unknown:
        places = ", ".join(f"{i} ({said[i][0]['question']})" for i in unknown)
        raise ValueError(f"every [[fact]] must be one of the catalogue's; got {places}")
    return {f"{d}.toml": text(d, (i for i in ids if document(i) == d), said) for d in DOCUMENTS}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python tools/coverage.py", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    parser.add_argument("--catalogue", type=Path, default=CATALOGUE, help="folder of the catalogue's document*.yaml")
    chosen = parser.parse_args(argv)
    loaded = load_folder(QUESTIONS)
    if loaded.problems:
        print(f"error: {loaded.problems[0]}", file=sys.stderr)
        return 2
    try:
        ids = catalogued(chosen.catalogue) if chosen.catalogue.is_dir() else written(FOLDER)
        files = coverage(loaded.questions, ids)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    stale = [n for n, new in files.items() if not (FOLDER / n).is_file() or (FOLDER / n).read_text("utf-8") != new]
    if chosen.check:
        for name in stale:
            print(f"data/coverage/{name}: is not what the questions say; run 'make coverage'")
        return int(bool(stale))
    FOLDER.mkdir(exist_ok=True)
    for name in stale:
        (FOLDER / name).write_text(files[name], "utf-8")
    for name, new in files.items():
        table = tomllib.loads(new)
        counts = ", ".join(f"{len(table[kind])} {kind}" for kind in ("shown", "reasoned", "open"))
        print(f"{name}: {counts} of {table['facts']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
