"""Whether a training went badly at all: what most findings ask before they accuse it."""

from __future__ import annotations

import math

from lamina.diagnosis.findings.evidence import Evidence
from lamina.diagnosis.findings.words import compared, count, share
from lamina.training import DataFacts, Standing

# R² that a network may lack on its own samples to a simple model on unseen ones: by a penalty that
# pays elsewhere, or since it was stopped by a validation score; and by chance, over the root of the
# number of samples.
BEHIND = 0.03
CHANCE = 0.3
MUCH = 0.3  # R²: of what can be explained less, the network may lack less
LEAST = 10  # samples: of fewer nothing can be said
SAMPLES = 1000  # that the simple model has at most
LITTLE = 0.3  # of the best guess's loss, where there is no simple model to compare with


def harmed(evidence: Evidence, margin: float = BEHIND) -> bool:
    """Return whether the network fits its own samples worse than a simple model would."""
    if evidence.facts is not None and evidence.facts.n_samples < LEAST:
        return False
    if not math.isnan(evidence.behind):
        n = min(evidence.facts.n_samples if evidence.facts is not None else SAMPLES, SAMPLES)
        share_of = min(1.0, max(evidence.reference, 0.0) / MUCH)
        return evidence.behind > margin * share_of + CHANCE / math.sqrt(max(n, 1))
    return not math.isnan(evidence.explained) and evidence.explained < LITTLE


def progress(evidence: Evidence) -> str:
    """Return how far the network came, in a sentence, or ""."""
    own, facts = evidence.train, evidence.facts
    if own is not None and facts is not None and not math.isnan(evidence.behind):
        by_classes = not math.isnan(own.accuracy + facts.reference_accuracy)
        return (_right if by_classes else _explained)(evidence, own, facts)
    if not math.isnan(evidence.explained):
        left = compared(1 - evidence.explained, "that of the best guess without X")
        return f"The loss is {left}."
    return ""


def _right(evidence: Evidence, own: Standing, facts: DataFacts) -> str:
    """Return how many classes are right, and how good probabilities are where they are worse."""
    words = (
        f"The network is right in {share(own.accuracy)} of the samples that it learnt from, "
        f"{facts.reference} in {share(facts.reference_accuracy)} of samples that it has not seen"
    )
    if harmed(evidence) and own.accuracy >= facts.reference_accuracy:
        ours, others = (share(max(r2, 0.0)) for r2 in (own.r2, facts.reference_r2))
        words += f"; its probabilities tell less: {ours} of the variance against {others}"
    return f"{words}."


def _explained(evidence: Evidence, own: Standing, facts: DataFacts) -> str:
    ours = f"explains {share(own.r2)} of the variance" if own.r2 > 0 else "explains nothing"
    return (
        f"The network {ours} of the target on the samples that it learnt from; {facts.reference} "
        f"explains {share(max(facts.reference_r2, 0.0))} on samples that it has not seen."
    )


def after(evidence: Evidence) -> str:
    """Return "after 20 epochs"."""
    n = len(evidence.losses)
    return f"after {count(n, evidence.unit)}"
