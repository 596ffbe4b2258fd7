"""All findings of a training, what explains most first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lamina.diagnosis.findings import (
    batch,
    calibration,
    data,
    divergence,
    fit,
    gradients,
    rate,
    restraint,
    stopping,
    units,
)
from lamina.diagnosis.findings.evidence import Evidence
from lamina.diagnosis.findings.finding import SEVERITIES, Finding, Findings
from lamina.diagnosis.findings.harm import progress

Detector = Callable[[Evidence], Finding | None]

# By how much a finding explains: causes before what they bring about.
DETECTORS: dict[str, Detector] = {
    "divergence": divergence.divergence,
    "extreme value": data.extreme_value,
    "leaked column": data.leaked,
    "unscaled features": data.unscaled_features,
    "unscaled target": data.unscaled_target,
    "exploding gradients": gradients.exploding,
    "learning rate too high": rate.too_high,
    "vanishing gradients": gradients.vanishing,
    "dead units": units.dead,
    "saturated units": units.saturated,
    "learning rate too low": rate.too_low,
    "batch too large": batch.too_large,
    "batch too small": batch.too_small,
    "early stop too early": stopping.too_early,
    "max_iter too small": stopping.too_few_epochs,
    "underfitting": fit.underfitting,
    "overfitting": fit.overfitting,
    "class imbalance": data.imbalance,
    "over-confidence": calibration.overconfidence,
    "constant columns": data.constant_columns,
}
NAMES = tuple(DETECTORS)

_SCALES = ("unscaled features", "unscaled target")
_DATA = ("extreme value", *_SCALES)
_SURE = ("over-confidence",)
_SLOW = ("learning rate too low", "batch too large", "early stop too early", "max_iter too small")
# What may explain a finding, the likeliest first.
CAUSES: dict[str, tuple[str, ...]] = {
    "divergence": (*_DATA, "exploding gradients"),
    "exploding gradients": _DATA,
    "learning rate too high": (*_DATA, "batch too small"),
    "vanishing gradients": ("saturated units", "dead units"),
    "dead units": (*_DATA, "learning rate too high"),
    "saturated units": (*_DATA, "learning rate too high"),
    "learning rate too low": ("vanishing gradients",),
    "max_iter too small": (*_DATA, *_SLOW[:2]),
    "early stop too early": (*_DATA, *_SLOW[:2]),
    "underfitting": (
        *_DATA,
        "divergence",
        "learning rate too high",
        "vanishing gradients",
        "dead units",
        "saturated units",
        *_SLOW,
        "batch too small",
    ),
    "overfitting": ("extreme value",),
    "over-confidence": ("overfitting", *_DATA),
}


# What looks slow, or rough, where a penalty, dropout or the like holds a network back.
SLOWED = ("batch too large", "batch too small", "dead units", *_SLOW)
SUMS = ("underfitting",)  # up what its causes say: folded in where one of them is known


@np.errstate(all="ignore")  # numbers of a training that broke
def find(evidence: Evidence) -> Findings:
    """Return the findings of all detectors, ranked."""
    found = [own for detector in DETECTORS.values() if (own := detector(evidence)) is not None]
    serious = {own.name for own in found if own.severity != "note"}
    causes = CAUSES
    if restraint.restraint(evidence) is not None:  # what holds it back is known
        causes = {name: ("underfitting", *own) for name, own in CAUSES.items()}
        causes |= {"underfitting": ()} | {name: ("underfitting",) for name in SLOWED}
    if data.scaled_otherwise(evidence) is not None:  # of what other samples show nothing counts
        causes = causes | {name: ("unscaled features",) for name in ("overfitting", *_SURE)}
    # a scale that did no harm by itself, but explains what did
    bad = serious - set(_SURE)  # which a fine fit has too
    raised = {name for name in _SCALES if any(name in causes.get(own, ()) for own in bad)}
    found = [
        replace(own, severity="warning") if own.name in raised and own.severity == "note" else own
        for own in found
    ]
    serious |= raised & {own.name for own in found}
    explained = [_explained(own, serious, causes) for own in found]
    told = progress(evidence)
    order = {name: i for i, name in enumerate(NAMES)}
    ranked = sorted(
        explained,
        key=lambda own: (SEVERITIES.index(own.severity), bool(own.because), order[own.name]),
    )
    return Findings(_once(ranked, told), _looked_at(evidence))


def _once(ranked: list[Finding], told: str) -> list[Finding]:
    """Return the findings with how far the network came said in the first of them alone."""
    first = next((i for i, own in enumerate(ranked) if told and told in own.seen), len(ranked))
    return [
        replace(own, seen=own.seen.replace(told, "").strip())
        if i > first and own.seen != told
        else own
        for i, own in enumerate(ranked)
    ]


def _explained(own: Finding, serious: set[str], causes: dict[str, tuple[str, ...]]) -> Finding:
    """Return a finding with what probably causes it; what only sums others up becomes a note.

    The advice is then that of the cause; but an error, which comes first, keeps its own.
    """
    because = next((name for name in causes.get(own.name, ()) if name in serious), "")
    if not because:
        return own
    severity = "note" if own.name in SUMS else own.severity
    return replace(
        own, because=because, severity=severity, change=own.change if severity == "error" else ""
    )


def _looked_at(evidence: Evidence) -> str:
    """Return what the findings could not go by."""
    if evidence.facts is None:
        what = "history and other samples were" if evidence.held else "history was"
        return f"only the {what} looked at; fit with diagnose=True, or give X and y, to see more."
    if not evidence.held:
        return "samples that the network has not learnt from (eval_set) would show overfitting."
    return ""
