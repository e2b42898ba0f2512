"""An item's table: the common keys, and those of its kind."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from qbank.content.cursor import LARGEST_INT, Cursor
from qbank.domain import FACET_OF_KIND, Item, Left, Option, Part, Text, Wrong

KINDS = tuple(kind for kind in FACET_OF_KIND if kind != "recall")
NUMERIC = ("number", "vector", "matrix", "shape")
MOST_SEEDS = 50


def item(c: Cursor) -> Item:
    """One ``[[item]]``; closes the cursor."""
    kind = c.one_of("kind", KINDS)
    stem, hint, worked = _texts(c)
    values: dict[str, Any] = {"seeds": _seeds(c)}
    if kind in NUMERIC:
        values |= _numeric(c)
    elif kind in ("choice", "choices"):
        values["options"] = _options(c, kind)
    elif kind == "order":
        values["parts"] = _parts(c, "part")
    elif kind == "match":
        values |= _match(c)
    elif kind == "cloze":
        values["gaps"] = _gaps(c)
    elif kind == "formula":
        values |= _formula(c)
    elif kind == "code":
        values["key"] = c.text("key", lines=True)
        values["wrong"] = _wrong(c, lines=True)
    item_id = c.id()
    if item_id == "recall":
        c.fault("reserved-id", f"{c.name('id')} must not be 'recall': the open prompt is called so", "id")
    found = Item(id=item_id, kind=kind or "choice", stem=stem, hint=hint, worked=worked, **values)
    if kind:  # with an unknown kind nobody knows which keys belong
        c.close()
    return found


def _texts(c: Cursor) -> tuple[Text, Text | None, Text | None]:
    """``zh.stem``, ``en.stem`` and so on: each language's table has the same keys."""
    inner = {lang: Cursor(c.table(lang, required=True), c.faults, *c.path, lang) for lang in ("zh", "en")}
    found: dict[str, Text | None] = {}
    for key in ("stem", "hint", "worked"):
        found[key] = None
        if key == "stem" or any(cursor.has(key) for cursor in inner.values()):
            found[key] = Text(inner["zh"].text(key, lines=True), inner["en"].text(key, lines=True))
    for cursor in inner.values():
        cursor.knows("stem", "hint", "worked")
        cursor.close()
    return found["stem"] or Text("", ""), found["hint"], found["worked"]


def _seeds(c: Cursor) -> tuple[int, ...]:
    seeds = c.values("seeds", (0,), _is_seed, f"a list of 1 to {MOST_SEEDS} different whole numbers from 0 up")
    if not 1 <= len(seeds) <= MOST_SEEDS or len(set(seeds)) != len(seeds):
        c.fault("seeds", f"{c.name('seeds')} must hold 1 to {MOST_SEEDS} different whole numbers", "seeds")
        return (0,)
    return seeds


def _is_seed(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_INT


def _numeric(c: Cursor) -> dict[str, Any]:
    keys = c.table("keys")
    c.plain(keys, "keys")
    for seed in keys:
        if not (seed.isascii() and seed.isdigit() and len(seed) <= 16):
            c.fault("seeds", f"{c.name('keys')} must be named by seeds; got '{seed}'", "keys")
    return {
        "solver": c.id("solver"),
        "ask": c.text("ask"),
        "rtol": c.real("rtol", 0.0, 0.2, 1e-2),
        "atol": c.real("atol", 0.0, 1e9, 1e-6),
        "keys": dict(keys),
    }


def _own_id(c: Cursor, what: str) -> str:
    found = c.id()
    if found.isdigit():
        c.fault("digits-id", f"{c.name('id')} of {what} must not be a number; got '{found}'", "id")
    return found


def _options(c: Cursor, kind: str) -> tuple[Option, ...]:
    found = []
    for inner in c.tables("option", required=True):
        text = inner.here()
        found.append(Option(_own_id(inner, "an option"), text, inner.flag("key"), inner.maybe("mistake")))
        inner.close()
    c.unique("option", [option.id.casefold() for option in found])
    keys = sum(option.key for option in found)
    if found and kind == "choice" and keys != 1:
        c.fault("one-key", f"{c.name('option')} must have exactly one key; got {keys}", "option")
    if found and kind == "choices" and keys < 1:
        c.fault("one-key", f"{c.name('option')} must have at least one key", "option")
    if len(found) == 1 or len(found) > 9:
        c.fault("options", f"{c.name('option')} must hold 2 to 9 options; got {len(found)}", "option")
    return tuple(found)


def _parts(c: Cursor, key: str) -> tuple[Part, ...]:
    found = []
    for inner in c.tables(key, required=True):
        found.append(Part(_own_id(inner, "a part"), inner.here()))
        inner.close()
    c.unique(key, [part.id for part in found])
    if len(found) == 1:
        c.fault("parts", f"{c.name(key)} must hold at least two entries", key)
    return tuple(found)


def _match(c: Cursor) -> dict[str, Any]:
    right = _parts(c, "right")
    names = {part.id for part in right}
    left = []
    for inner in c.tables("left", required=True):
        one = Left(_own_id(inner, "an entry"), inner.here(), inner.id("to"))
        if one.to and one.to not in names:
            inner.fault("unknown-part", f"{inner.name('to')} must name an entry of right; got '{one.to}'", "to")
        left.append(one)
        inner.close()
    c.unique("left", [one.id for one in left])
    return {"left": tuple(left), "right": right}


def _gaps(c: Cursor) -> dict[str, Mapping[str, tuple[str, ...]]]:
    found: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for name, raw in c.table("gap", required=True).items():
        inner = Cursor(raw, c.faults, *c.path, "gap", name)
        if not name.isidentifier() or not name.isascii():
            inner.fault("id", f"{inner.name('')[:-1]} must be named by letters; got '{name}'")
        found[name] = {lang: inner.values(lang, (), _is_word, "a list of accepted texts") for lang in ("zh", "en")}
        for lang, words in found[name].items():
            if not words:
                inner.fault("missing", f"{inner.name(lang)} must list at least one accepted text", lang)
        inner.close()
    return found


def _is_word(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= 200 and value.isprintable()


def _formula(c: Cursor) -> dict[str, Any]:
    symbols: dict[str, tuple[float, float]] = {}
    for name, pair in c.table("symbols", required=True).items():
        path: tuple[Hashable, ...] = ("symbols", name)
        fine = isinstance(pair, list) and len(pair) == 2 and all(map(_is_real, pair)) and pair[0] < pair[1]
        if not fine or not (name.isidentifier() and name.isascii() and len(name) <= 20):
            c.fault("symbols", f"{c.name('symbols')}.{name} must be a name with its domain [low, high]", *path)
        else:
            symbols[name] = (float(pair[0]), float(pair[1]))
    solver = c.maybe_id("solver")
    ask = c.maybe("ask")
    if (solver is None) != (ask is None):
        c.fault("formula", f"{c.name('solver')} and ask must come together", "solver" if solver else "ask")
    return {"key": c.text("key"), "symbols": symbols, "solver": solver, "ask": ask, "wrong": _wrong(c)}


def _is_real(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e12


def _wrong(c: Cursor, *, lines: bool = False) -> tuple[Wrong, ...]:
    found = []
    for inner in c.tables("wrong"):
        found.append(Wrong(inner.text("mistake"), inner.text("expr", lines=lines)))
        inner.close()
    return tuple(found)
