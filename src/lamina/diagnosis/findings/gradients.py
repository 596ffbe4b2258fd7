"""Gradients that vanish or explode on their way back through the layers."""

from __future__ import annotations

import math

import numpy as np

from lamina.diagnosis.findings.evidence import Evidence
from lamina.diagnosis.findings.finding import Finding
from lamina.diagnosis.findings.harm import harmed, progress
from lamina.diagnosis.findings.words import number
from lamina.training.recording.health import SIGMOIDAL

DEEP = 3  # layers: of fewer there is no way back to speak of
# What reaches the first layer, as a share of what leaves the last: networks that learn well have
# 0.01 to 100 of up to ten layers, whatever their activation.
VANISHED = 1e-3
EXPLODED = 1e3


def _reach(evidence: Evidence) -> tuple[float, str]:
    """Return the share of the derivative by the last layer's output that reaches the first's.

    Of the beginning or of the end of training, whichever is farther from 1.
    """
    if len(evidence.network.layers) < DEEP:
        return math.nan, "late"
    found = {}
    for part in ("early", "late"):
        back = evidence.layers("backflow", part)
        with np.errstate(all="ignore"):
            found[part] = float(back[0] / back[-1])
    there = {part: own for part, own in found.items() if not math.isnan(own)}
    if not there:
        return math.nan, "late"
    part = max(there, key=lambda own: abs(math.log(max(there[own], 1e-300))))
    return there[part], part


def vanishing(evidence: Evidence) -> Finding | None:
    """Find first layers that hear next to nothing of the error."""
    reach, part = _reach(evidence)
    if math.isnan(reach) or reach > VANISHED or not harmed(evidence):
        return None
    gradients = evidence.layers("gradient_norm", part)
    names = {layer.activation for layer in evidence.network.layers[:-1]}
    n = len(evidence.network.layers)
    change = "Set activation='relu', and fewer layers."
    if not names & set(SIGMOIDAL):
        change = "Set fewer layers in hidden_layer_sizes, or activation='selu'."
    seen = (
        f"The error's derivative by the output of layer 1 is {number(reach)} times that by the "
        f"output of layer {n}: the gradient's length is {number(gradients[0])} in layer 1 and "
        f"{number(gradients[-1])} in layer {n}. {progress(evidence)}"
    )
    return Finding(
        "vanishing gradients",
        "warning",
        seen.strip(),
        "The first layers are told next to nothing of the error, so that they hardly learn: each "
        "layer passes on only a part of what comes back.",
        change,
        layer=1,
        epoch=evidence.epoch_of(part),
        evidence={
            "share that arrives": reach,
            "gradient of layer 1": float(gradients[0]),
            f"gradient of layer {n}": float(gradients[-1]),
        },
    )


def exploding(evidence: Evidence) -> Finding | None:
    """Find derivatives that grow from layer to layer on their way back."""
    reach, part = _reach(evidence)
    if math.isnan(reach) or reach < EXPLODED:
        return None
    gradients = evidence.layers("gradient_norm", part)
    clipped = math.isfinite(evidence.training.regularization.clip_norm)
    n = len(evidence.network.layers)
    seen = (
        f"The error's derivative grows {number(reach)} times between layer {n} and the output of "
        f"layer 1; the gradient's length is {number(gradients[0])} in layer 1. "
        f"{progress(evidence)}"
    )
    return Finding(
        "exploding gradients",
        "note" if clipped and not harmed(evidence) else "warning",
        seen.strip(),
        "A small change of the first weights changes the output violently: steps overshoot, and "
        "numbers may overflow.",
        "Set fewer layers in hidden_layer_sizes, start from smaller weights, or cut gradients: "
        "regularization=Regularization(clip_norm=1.0).",
        layer=1,
        epoch=evidence.epoch_of(part),
        evidence={"growth": reach, "gradient of layer 1": float(gradients[0])},
    )
