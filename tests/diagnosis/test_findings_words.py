"""What findings say: numbers, plurals, nothing that is not meant for a reader."""

from __future__ import annotations

import re

import findings_evidence as made
import numpy as np
import pytest

from lamina.diagnosis.findings import SEVERITIES, Finding, Findings, find
from lamina.diagnosis.findings.harm import progress
from lamina.diagnosis.findings.words import compared, count, listed, number, share

FOUND = [
    Finding(
        "over-confidence", "warning", "Seen.", "Means.", "Change <it> & go.", 2, 1200, {"a": 1}
    ),
    Finding("constant columns", "note", "Seen.", "Means.", "Change.", because="divergence"),
]


@pytest.mark.parametrize(
    "value, words",
    [
        (0.12345, "0.123"),
        (3.0, "3"),
        (123456, "123,456"),
        (1.2e9, "1.2e+09"),
        (float("nan"), "undefined"),
        (float("inf"), "infinite"),
        (-float("inf"), "minus infinite"),
        (np.float32(0.5), "0.5"),
    ],
)
def test_numbers(value: float, words: str) -> None:
    assert number(value) == words


@pytest.mark.parametrize(
    "value, words",
    [
        (0, "0%"),
        (0.004, "0.4%"),
        (1e-7, "1e-05%"),
        (0.5, "50%"),
        (0.997, "99.7%"),
        (0.9996, "over 99.9%"),
        (1, "100%"),
        (12.345, "1,234%"),
        (1e200, "1e+202%"),
    ],
)
def test_shares_are_never_rounded_to_all_or_none(value: float, words: str) -> None:
    assert share(value) == words


def test_what_is_many_times_as_large_is_no_share() -> None:
    assert compared(0.25, "the first loss") == "25% of the first loss"
    assert compared(2.72, "the first loss") == "2.72 times the first loss"
    assert compared(1e200, "the first loss") == "1e+200 times the first loss"
    assert compared(np.inf, "the first loss") == "infinite times the first loss"


def test_how_far_the_network_came_is_accuracy_for_classes_and_variance_for_numbers() -> None:
    facts = made.facts(reference_accuracy=0.88)
    known = made.evidence(facts=facts)
    assert progress(known) == (
        "The network is right in 90% of the samples that it learnt from, a linear fit in 88% of "
        "samples that it has not seen."
    )
    poor = made.evidence(facts=facts, standings={"train": made.standing(r2=0.3)})
    assert "its probabilities tell less: 30% of the variance against 80%" in progress(poor)
    numbers = {"train": made.standing(accuracy=np.nan)}
    assert "explains 85% of the variance" in progress(made.evidence(standings=numbers))
    blind = made.evidence(facts=None, standings={}, history={"loss": np.array([1.0, 1e150])})
    assert progress(blind) == ""
    rising = made.facts(reference_r2=np.nan)
    blind = made.evidence(facts=rising, standings={}, history={"loss": np.array([1.0, 1e150])})
    assert progress(blind) == "The loss is 1e+150 times that of the best guess without X."


def test_what_is_known_by_heart_is_said_in_accuracy_where_that_shows_it() -> None:
    def seen(train: dict[str, float], held: dict[str, float]) -> str:
        own = {"train": made.standing(**train), "eval": made.standing(**held, loss=2.0)}
        found = [f for f in find(made.evidence(standings=own)) if f.name == "overfitting"]
        return found[0].seen

    words = seen({"r2": 1.0, "accuracy": 1.0}, {"r2": 0.2, "accuracy": 0.6})
    assert words.startswith("The network is right in 100% of the 400 samples that it learnt from")
    words = seen({"r2": 1.0, "accuracy": 0.9}, {"r2": 0.2, "accuracy": 0.9})
    assert words.startswith("The network's probabilities explain 100% of the classes' variance")
    words = seen({"r2": 1.0, "accuracy": np.nan}, {"r2": 0.2, "accuracy": np.nan})
    assert words.startswith("The network explains 100% of the variance")
    words = seen({"r2": 1.0, "accuracy": np.nan}, {"r2": -0.4, "accuracy": np.nan})
    assert "is worse than a constant guess on others (eval)" in words


def test_counts_and_lists() -> None:
    assert (count(1, "class", "classes"), count(1200, "sample")) == ("1 class", "1,200 samples")
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed("abcdef") == "a, b, c, d and 2 more"
    assert listed(["x" * 100]) == "x" * 39 + "…"
    assert listed([]) == "none"


def test_findings_are_a_sequence() -> None:
    own = Findings(FOUND)
    assert (len(own), own[1].name, own[-1:].names) == (2, "constant columns", ("constant columns",))
    assert own.names == ("over-confidence", "constant columns")
    assert bool(own)
    assert not Findings()
    assert (own.severity, Findings().severity) == ("warning", None)
    assert own.serious.names == ("over-confidence",)
    assert "warning: over-confidence (layer 2, epoch 1,200)" in repr(own)


def test_text_has_what_was_seen_what_it_means_and_what_to_change() -> None:
    text = str(Findings(FOUND))
    assert text.startswith("1. warning: over-confidence (layer 2, epoch 1,200)\n   Seen. Means.")
    assert "2. note: constant columns\n" in text
    assert "Probably because of: divergence. To change: Change." in text
    assert max(map(len, text.splitlines())) <= 90
    assert str(Findings()) == "Nothing was found."


def test_html_is_escaped_and_without_colours_of_its_own() -> None:
    page = Findings(FOUND)._repr_html_()
    assert "Change &lt;it&gt; &amp; go." in page
    assert "<ol aria-label=" in page and page.count("<li>") == 2
    assert "color" not in page and "style" not in page
    assert Findings()._repr_html_() == "<p>Nothing was found.</p>"
    strange = Finding("x", "note", "a\x00b\ud800", "", "")
    assert "\x00" not in Findings([strange])._repr_html_()


def broken() -> Findings:
    """Return as many findings as go together, of numbers that are not finite too."""
    deep = made.network("logistic", (10,) * 4)
    record = made.measured(made.record(deep, moved=30), 1, backflow=np.inf, gradient=np.nan)
    record = made.flat(record, 2, 0.95)
    columns = made.facts().columns.copy()
    columns[:, 0] = [3, 0, 3, 3]
    facts = made.facts(
        n_samples=401,
        columns=columns,
        out_of_scale=np.array([1.0, 200.0, 300.0, np.inf]),
        telling=np.array([1.0, 0.999, np.nan, np.nan]),
        class_counts=np.array([300, 100, 1]),
    )
    standings = {"train": made.standing(loss=np.inf, r2=-np.inf), "eval": made.standing(r2=np.nan)}
    history = {"loss": np.r_[np.linspace(1, 9, 39), np.inf], "eval_loss": np.full(40, np.nan)}
    return find(
        made.evidence(
            network=deep,
            record=record,
            facts=facts,
            standings=standings,
            history=history,
            outcome="DIVERGED",
        )
    )


def test_no_text_has_numbers_that_only_programs_read() -> None:
    found = broken()
    assert len(found) >= 6
    for own in found:
        text = str(own)
        assert not re.search(r"\b(nan|inf|None)\b|  +\S+  |\.\.| \.|\bnp\.", text[4:]), text
        assert own.severity in SEVERITIES
        assert own.seen.endswith(".") and own.means.endswith(".")
        advised = own.severity == "error" or not own.because
        assert own.change.endswith(".") if advised else own.change == ""
        assert ("To change:" in text) == advised
        assert all(not isinstance(v, str) for v in own.evidence.values())


def test_how_far_the_network_came_is_said_once() -> None:
    found = find(made.evidence(standings=made.bad(), outcome="MAX_ITER", history=FALLING))
    assert len(found) >= 2
    assert str(found).count("on samples that it has not seen") <= 2  # and in the summing up


FALLING = {"loss": np.linspace(1.0, 0.6, made.EPOCHS)}


def test_causes_stand_above_what_they_bring_about() -> None:
    found = broken()
    for own in found:
        if own.because:
            assert found.names.index(own.because) < found.names.index(own.name) or (
                SEVERITIES.index(own.severity) < SEVERITIES.index("warning")
            )
