"""``stats`` and ``fit`` on the command line."""

from __future__ import annotations


def test_stats(qbank) -> None:
    fresh = qbank("stats", "--json").json
    keys = {"due", "new", "reviews", "minutes", "retention", "forecast", "heatmap", "by_topic", "calibration"}
    assert keys <= set(fresh)
    card = qbank("next", "--json").json
    qbank("answer", card["deal"], "--points", "none", "--json")
    told = qbank("stats", "--json").json
    assert (told["reviews"], told["new"]) == (1, fresh["new"] - 1)
    assert len(told["heatmap"]) == 1
    assert told["forecast"][0]["due"] == 1
    assert sum(row["cards"] for row in told["by_topic"]) == fresh["new"]
    assert {"desired", "measured", "predicted", "reviews", "month"} == set(told["retention"])


def test_stats_for_a_person(qbank) -> None:
    assert "optimization" in qbank("stats", "--days", "30").out
    assert "到期" in qbank("stats", "--lang", "zh").out
    ran = qbank("stats", "--days", "0")
    assert (ran.code, ran.err) == (2, "error: --days must be a whole number from 1 to 36500; got 0\n")


def test_fit_refuses_politely_with_too_few(qbank) -> None:
    ran = qbank("fit", "--json")
    assert ran.code == 1
    assert {"weights", "accepted", "losses", "reviews"} <= set(ran.json)
    assert (ran.json["accepted"], ran.json["weights"], ran.json["reviews"]) == (False, None, 0)
    ran = qbank("fit")
    assert (ran.code, ran.err) == (1, "")
    assert "a fit needs 400" in ran.out
    assert "400 次" in qbank("fit", "--lang", "zh").out
