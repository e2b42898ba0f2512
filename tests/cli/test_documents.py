"""Each command's JSON holds the keys that the headless surface promises, and the values are right."""

from __future__ import annotations

import pytest


def test_list(qbank) -> None:
    rows = qbank("list", "--json", "--lang", "zh").json
    assert [row["id"] for row in rows if row["id"] == "kl-divergence"] == ["kl-divergence"]
    row = next(row for row in rows if row["id"] == "kl-divergence")
    assert {"id", "stars", "stars_from", "topics", "title", "sources", "solvers", "facets", "items", "errata"} <= set(
        row
    )
    assert row["title"] == "相对熵（KL 散度）"
    assert row["sources"][0] == {"doc": "000", "number": "16.2", "heading": "相对熵(KL散度)与交叉熵"}
    assert row["facets"][:3] == ["recall", "know", "compute"]
    assert "000-E049" in row["errata"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--search", "熵"), True),
        (("--search", "散度"), True),
        (("--search", "divergence"), True),
        (("--search", "KL-divergence"), True),
        (("--search", "diverg"), True),
        (("--search", "卷积"), False),
        (("--topic", "information"), True),
        (("--topic", "optimization"), False),
        (("--stars", "2"), True),
        (("--stars", "3"), False),
        (("--source", "000"), True),
        (("--source", "004"), False),
        (("--source", "000", "--topic", "information", "--search", "KL 编码"), True),
    ],
)
def test_list_filters(qbank, words: tuple[str, ...], found: bool) -> None:
    assert ("kl-divergence" in [row["id"] for row in qbank("list", "--json", *words).json]) is found


def test_show(qbank) -> None:
    shown = qbank("show", "kl-divergence", "--json").json
    keys = {"id", "rev", "stars", "stars_from", "topics", "sources", "zh", "en", "points", "demos", "numbers", "facts"}
    assert keys | {"items", "errata", "follow_up"} <= set(shown)
    assert set(shown["zh"]) == {"title", "prompt", "answer"}
    assert shown["demos"][0] == {
        "id": "fair-against-biased", "solver": "kl-divergence", "set": {"p": [0.5, 0.5], "q": [0.9, 0.1]},
    }  # fmt: skip
    assert {name: value for name, value in shown["items"][0].items() if name != "seeds"} == {
        "id": "by-hand",
        "kind": "number",
        "facet": "compute",
        "solver": "kl-divergence",
        "ask": "D",
    }


def test_show_for_a_person_has_no_markup_left(qbank) -> None:
    for lang in ("zh", "en"):
        page = qbank("show", "kl-divergence", "--lang", lang).out
        assert "$" not in page
        assert "**" not in page.replace("**  ", "", 1)
        assert "\\frac" not in page


def test_deal_never_tells_the_key(qbank) -> None:
    dealt = qbank("deal", "kl-divergence", "by-hand", "--json").json
    assert {"deal", "question", "item", "kind", "seed", "stem", "tolerance"} <= set(dealt)
    items = qbank("show", "kl-divergence", "--json").json["items"]
    assert dealt["seed"] == next(item["seeds"][0] for item in items if item["id"] == "by-hand")
    assert "key" not in str(dealt)
    choice = qbank("deal", "kl-divergence", "which-direction", "--json").json
    assert sorted(option["id"] for option in choice["options"]) == ["backward", "forward", "symmetrized"]
    assert set(choice["options"][0]) == {"id", "text"}
    assert "tolerance" not in choice


def test_the_same_seed_deals_the_same_numbers(qbank) -> None:
    one, same, other = (qbank("deal", "kl-divergence", "by-hand", "--seed", seed, "--json").json for seed in (3, 3, 5))
    assert one == same
    assert one["stem"] != other["stem"]


@pytest.mark.parametrize("item", ["by-hand", "in-bits", "which-direction", "not-a-metric"])
def test_the_key_grades_right(qbank, item: str) -> None:
    wrong = qbank("grade", "kl-divergence", item, "--answer", "0", "--json").json
    assert {"valid", "correct", "credit", "mistake", "understood", "feedback", "key", "worked"} <= set(wrong)
    assert wrong["correct"] is False
    right = qbank("grade", "kl-divergence", item, f"--answer={wrong['key']}", "--json").json
    assert (right["valid"], right["correct"], right["credit"]) == (True, True, 1.0)


def test_a_mistake_is_named(qbank) -> None:
    graded = qbank("grade", "kl-divergence", "which-direction", "--answer", "backward", "--json").json
    assert graded["mistake"] == "kl-divergence:reversed"
    assert "D(Q||P)" in graded["feedback"]


def test_unreadable_is_invalid_and_no_error(qbank) -> None:
    ran = qbank("grade", "kl-divergence", "by-hand", "--answer", "import os", "--json")
    assert ran.code == 0
    assert (ran.json["valid"], ran.json["correct"]) == (False, False)


def test_next_answer_undo(qbank) -> None:
    nothing = qbank("undo", "--json")
    assert nothing.code == 1
    card = qbank("next", "--json").json
    assert {"deal", "card", "question", "facet", "item", "seed", "kind", "stem", "due", "reason"} <= set(card)
    assert qbank("next", "--json").json["deal"] == card["deal"], "an open deal is repeated"
    assert card["facet"] == "recall"
    answered = qbank("answer", card["deal"], "--points", "none", "--json").json
    keys = {"event", "card", "rating", "verdict", "due", "stability", "difficulty", "intervals"}
    assert keys <= set(answered)
    assert answered["rating"] == "again"
    assert qbank("answer", card["deal"], "--points", "none", "--json").json["event"] == answered["event"]
    undone = qbank("undo", "--json").json
    assert undone == {"undone": answered["event"], "card": card["card"]}
    assert qbank("next", "--json").json["deal"] == card["deal"], "undo reopens the deal"


def test_learners_are_apart(qbank) -> None:
    mine = qbank("next", "--json").json
    theirs = qbank("--learner", "Ada", "next", "--json").json
    assert mine["deal"] != theirs["deal"]
    assert mine["card"] == theirs["card"]


def test_solvers(qbank) -> None:
    rows = qbank("solvers", "--json").json
    row = next(row for row in rows if row["slug"] == "kl-divergence")
    assert {"slug", "theme", "title", "params", "outputs", "steps", "mistakes", "claims", "lanes"} <= set(row)
    assert row["outputs"] == {"D": "nats", "bits": "bits"}


def test_solve(qbank) -> None:
    solved = qbank("solve", "kl-divergence", "--json").json
    assert {"slug", "inputs", "steps", "outputs", "claims", "oracle", "lane", "device", "dtype", "seconds"} <= set(
        solved
    )
    assert abs(solved["outputs"]["D"] - 0.5108256237659907) < 1e-12
    assert solved["inputs"] == {"p": [0.5, 0.5], "q": [0.9, 0.1]}
    assert {"label", "value"} <= set(solved["steps"][0])
    assert all(set(claim) >= {"id", "says", "holds", "residual"} and claim["holds"] for claim in solved["claims"])
    assert solved["oracle"]["route"] == "scipy.special.rel_entr"
    assert solved["oracle"]["max_error"] <= 1e-12
    assert (solved["lane"], solved["device"], solved["dtype"]) == ("numpy", "cpu", "float64")


def test_solve_with_the_readers_numbers(qbank) -> None:
    infinite = qbank("solve", "kl-divergence", "--set", "p=[0.5, 0.5]", "--set", "q=[1, 0]", "--json").json
    assert infinite["outputs"]["D"] == "inf"
    thirds = qbank("solve", "kl-divergence", "--set", 'p=["1/3", "2/3"]', "--set", "q=[0.5,0.5]", "--json").json
    assert abs(thirds["outputs"]["D"] - 0.056633012265132) < 1e-12


def test_a_torch_oracle_is_asked_only_on_demand(qbank) -> None:
    quiet = qbank("solve", "conv2d-output-size", "--json").json["oracle"]
    assert (quiet["max_error"], quiet["route"].startswith("torch")) == (None, True)
    assert quiet["why"]
    pytest.importorskip("torch")
    asked = qbank("solve", "conv2d-output-size", "--check", "--json").json["oracle"]
    assert asked["max_error"] == 0


def test_solve_for_a_person(qbank) -> None:
    page = qbank("solve", "kl-divergence").out
    for part in ("0.5108", "nats", "scipy.special.rel_entr", "[x]", "numpy"):
        assert part in page
    assert max(map(len, page.splitlines())) <= 100


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_plot(qbank, home, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    file = home / f"kl.{suffix}"
    assert qbank("solve", "kl-divergence", "--plot", file, "--json").code == 0
    assert file.read_bytes()[:5] in (b"<?xml", b"\x89PNG\r")


def test_verify(qbank) -> None:
    ran = qbank("verify", "kl-divergence", "--json")
    assert ran.code == 0
    assert {"slug", "lane", "device", "dtype", "ok", "max_error", "claims", "seconds", "why"} <= set(ran.json[0])
    assert {row["lane"] for row in ran.json} >= {"numpy"}


def test_errata_are_proven(qbank) -> None:
    ran = qbank("errata", "--prove", "--json")
    assert ran.code == 0
    rows = {row["id"]: row for row in ran.json}
    keys = {"id", "question", "doc", "origin", "printed", "right", "why", "reference", "proof", "proven", "evidence"}
    assert keys <= set(rows["000-E094"])
    assert rows["000-E094"]["proven"] is True
    assert "nan" in rows["000-E094"]["evidence"]
    assert rows["000-E117"]["proven"] is True
    of_004 = qbank("errata", "--json", "--source", "004").json
    assert of_004
    assert {row["doc"] for row in of_004} == {"004"}


def test_a_proof_that_needs_the_extra_is_open_without_it(qbank, monkeypatch) -> None:
    from qbank import solving
    from qbank.domain import QbankError

    def prove(proof: object) -> None:
        raise QbankError("the torch lane needs the extra 'lab'")

    monkeypatch.setattr(solving, "prove", prove)
    ran = qbank("errata", "--prove", "--json")
    assert ran.code == 0
    row = next(row for row in ran.json if row["id"] == "000-E094")
    assert (row["proven"], row["evidence"]) == (None, "the torch lane needs the extra 'lab'")


def test_lint_finds_nothing_in_the_bundled_bank(qbank) -> None:
    ran = qbank("lint", "--json")
    assert (ran.code, ran.json) == (0, [])


def test_new_scaffolds_and_never_overwrites(qbank, home) -> None:
    made = qbank("new", "my-first", "--json").json
    assert made["file"].endswith("my-first.toml")
    assert qbank("new", "my-first").code == 2
    assert qbank("lint", made["file"], "--json").code == 1


def test_config(qbank) -> None:
    assert qbank("config", "get", "language", "--json").json is None
    assert qbank("config", "set", "language", "zh").code == 0
    assert qbank("config", "get", "language").out == "zh\n"
    assert "相对熵（KL 散度）" in [row["title"] for row in qbank("list", "--json").json]
    assert qbank("config", "set", "rollover_hour", "3").code == 0
    assert qbank("config", "get", "--json").json["rollover_hour"] == 3


def test_export_and_import_are_idempotent(qbank, home) -> None:
    card = qbank("next", "--json").json
    event = qbank("answer", card["deal"], "--points", "none", "--json").json["event"]
    log = home / "log.jsonl"
    assert qbank("export", "log", log).code == 0
    assert event in log.read_text(encoding="utf-8")
    known = qbank("import", "log", log, "--json").json
    assert (known["new"], known["refused"]) == (0, [])
    fresh = qbank("--db", home / "other.db", "import", "log", log, "--json").json
    assert fresh["new"] == known["known"] == fresh["read"] > 0
    again = home / "again.jsonl"
    qbank("--db", home / "other.db", "export", "log", again)
    assert again.read_bytes() == log.read_bytes()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(qbank, shell: str) -> None:
    script = qbank("completion", shell).out
    assert "_QBANK_COMPLETE" in script


def test_help_lists_only_what_works(qbank) -> None:
    from qbank.cli.main import COMMANDS

    page = qbank("--help").out
    for name in COMMANDS:
        assert f"  {name} " in page
        assert qbank(name, "--help").code == 0
    for later in ("plan", "mistakes", "exam", "interview"):
        assert f"\n  {later} " not in page
