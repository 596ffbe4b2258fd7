"""Probabilities that promise more than they keep."""

from __future__ import annotations

import math

from lamina.diagnosis.findings.evidence import Evidence
from lamina.diagnosis.findings.finding import Finding
from lamina.diagnosis.findings.words import number, share

GAP = 0.045  # mean probability of what is predicted above the share that is right
SHARP = 1.5  # the temperature that suits the samples: 1 is calibrated
GAIN = 0.05  # nats of cross-entropy that it saves
SURE = 4.0  # nats over all samples: a likelihood ratio that chance seldom gives


def overconfidence(evidence: Evidence) -> Finding | None:
    """Find a classifier that is surer than right on samples that it has not learnt from."""
    for name, own in evidence.held.items():
        gap, n = own.confidence - own.accuracy, int(own.class_counts.sum())
        if math.isnan(own.gain) or own.temperature < SHARP or gap < GAP:
            continue
        if own.gain < GAIN or own.gain * n < SURE:
            continue
        return Finding(
            "over-confidence",
            "warning",
            f"On {own.n_samples:,} samples that it did not learn from ({name}) the network gives "
            f"the class that it predicts a probability of {number(own.confidence)} on average, and "
            f"is right in {share(own.accuracy)} of them. The temperature that suits them is "
            f"{number(own.temperature)}.",
            "Its probabilities promise more than they keep: less of what it is 99% sure of is so.",
            "Call model.calibrate(X, y) with samples that fit has not seen; early_stopping=True, "
            "a larger alpha or loss=lamina.CrossEntropy(smoothing=0.1) help too.",
            evidence={
                "confidence": own.confidence,
                "accuracy": own.accuracy,
                "temperature": own.temperature,
                "cross-entropy too much": own.gain,
            },
        )
    return None
