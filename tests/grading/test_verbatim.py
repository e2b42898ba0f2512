"""What a person typed comes back as typed, whatever Markdown would make of it: in line mode and in the app alike."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qbank.cli.pages import verdict_page
from qbank.domain import Dealt, Text
from qbank.grading import grade, reading, verdict
from qbank.mathtext import markdown, marked

GAP = Dealt("q", "i", "cloze", 0, 1, Text("是 [[X]]", "is [[X]]"), {"X": {"zh": ["熵"], "en": ["entropy"]}})
NUMBER = Dealt("q", "i", "number", 0, 1, Text("", ""), 5.0)
NASTY = ["$1$", "$$x$$", "*a*", "**b**", "a ** b**", "`c`", "[t](http://x)", r"\frac", r"\$", r"\\", "_d_", "* *e* *"]


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_wrong_gap_is_repeated_as_it_was_typed(text: str, lang: str) -> None:
    wrong = grade(GAP, text)
    assert (wrong.valid, wrong.correct) == (True, False)
    told = f"“{text}”不对。" if lang == "zh" else f"'{text}' is not it."
    assert verdict_page(wrong, GAP, lang, 100).splitlines()[0] == told
    assert marked(wrong.feedback[lang], 100) == (told, [])  # what the app paints: no stretch is marked


@pytest.mark.parametrize("text", [*NASTY, "no $1$ **idea**"])
def test_what_cannot_be_read_is_repeated_as_it_was_typed(text: str) -> None:
    page = verdict_page(grade(NUMBER, text), NUMBER, "en", 200, text)
    assert f"cannot read '{text}'" in page


@pytest.mark.parametrize("text", ["- 3", "+ 3", "2*10^0", "2**1"])
def test_a_number_is_repeated_as_it_was_typed(text: str) -> None:
    page = verdict_page(grade(NUMBER, text), NUMBER, "en", 100)
    assert f"{text}: not right." in page.replace("2^1", "2**1")


def test_the_mistake_after_it_keeps_its_own_marks() -> None:
    from qbank.domain import Trap

    trapped = replace(NUMBER, traps=(Trap("q:m", Text("那是 $x$", "that is $x$, *not* 5"), -3.0),))
    assert verdict_page(grade(trapped, "- 3"), trapped, "en", 100).splitlines()[0] == "- 3: that is x, not 5"


@given(st.text(alphabet=st.sampled_from("$*_`[]()\\#>+-|~! 1.aé一"), max_size=12))
def test_whatever_is_typed(text: str) -> None:
    line = reading.shown(text)
    for around in ("'{}' is *not* $y$ it", "{}: *not* $y$"):
        expected = around.replace("*", "").replace("$", "").format(line)
        assert markdown(around.format(verdict.verbatim(line)), 500) == expected.strip()
