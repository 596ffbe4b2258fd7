"""Training that led to numbers which are not finite."""

from __future__ import annotations

import math

import numpy as np

from lamina.diagnosis.findings.advice import lower_rate, scale
from lamina.diagnosis.findings.data import EXTREME
from lamina.diagnosis.findings.evidence import Evidence
from lamina.diagnosis.findings.finding import Finding
from lamina.diagnosis.findings.words import number
from lamina.training import Culprit

FAILED = ("DIVERGED", "UNDEFINED")


def divergence(evidence: Evidence) -> Finding | None:
    """Find a loss or weights that are not finite."""
    losses, culprit = evidence.losses, evidence.culprit
    infinite = np.flatnonzero(~np.isfinite(losses))
    if evidence.outcome not in FAILED and not len(infinite):
        return None
    first = evidence.last_epoch - len(losses)
    epoch = first + (int(infinite[0]) + 1 if len(infinite) else len(losses) + 1)
    if evidence.outcome == "UNDEFINED":
        means = "The loss cannot be computed there, though the weights are finite."
    elif evidence.outcome == "DIVERGED":
        means = (
            "Each step was so large that it made the error larger, until numbers overflowed; the "
            "weights are the last ones that were finite."
        )
    elif _odd_target(evidence):
        means = "The weights are finite; the loss of such a target is not."
    else:
        means = "The weights are finite, but so large that the loss, or the penalty, is not."
    return Finding(
        "divergence",
        "error",
        f"The loss was not finite in epoch {epoch:,}."
        if culprit is None
        else _blamed(evidence, culprit),
        means,
        _change(evidence),
        layer=None if culprit is None else culprit.layer,
        epoch=epoch if culprit is None else culprit.epoch,
        evidence=_numbers(evidence),
    )


def _blamed(evidence: Evidence, culprit: Culprit) -> str:
    """Return which number it was, and what brought it in."""
    head = f"The first number that was not finite was {culprit.where}, {culprit.when}, for"
    if culprit.jumped:
        head = f"The weights exploded {culprit.when}: {culprit.where} was out of all proportion for"
    head += f" the sample in row {culprit.sample:,}."
    if abs(culprit.target) > EXTREME > abs(culprit.value):
        return f"{head} Its target is {number(culprit.target)}, as the network sees it."
    return (
        f"{head} Of its features "
        f"{evidence.name_of(culprit.feature)} contributes most, which the network sees as "
        f"{number(culprit.value)}; the layer's largest weight was {number(culprit.largest)}."
    )


def _numbers(evidence: Evidence) -> dict[str, float]:
    """Return what the finding stands on."""
    numbers: dict[str, float] = {"learning rate": evidence.training.initial_rate}
    culprit, losses = evidence.culprit, evidence.losses
    if culprit is not None:
        numbers |= {
            "step": culprit.step,
            "sample": culprit.sample,
            "feature": culprit.feature,
            "value": culprit.value,
            "largest weight": culprit.largest,
            "target": culprit.target,
        }
    finite = losses[np.isfinite(losses)]
    if len(finite):
        numbers |= {"first loss": float(finite[0]), "last finite loss": float(finite[-1])}
    return {name: value for name, value in numbers.items() if not math.isnan(value)}


def _odd_target(evidence: Evidence) -> bool:
    return evidence.facts is not None and evidence.facts.odd_target is not None


def _change(evidence: Evidence) -> str:
    culprit = evidence.culprit
    own = None if evidence.facts is None else evidence.facts.odd_target
    if own is not None:
        return f"Look at the target of row {own.row:,}: correct the value, or leave the row out."
    if evidence.outcome == "UNDEFINED" and culprit is not None:
        return "Look at that sample, and at the range of values that the loss takes."
    if evidence.outcome == "UNDEFINED":
        return "Look for extreme values in X and y."
    if culprit is not None and abs(culprit.value) > EXTREME:
        name = evidence.name_of(culprit.feature)
        return (
            f"Look at {name} in row {culprit.sample:,}: correct the value, or leave the row out; "
            f"if the whole column is so large, set standardize=True."
        )
    if culprit is not None and abs(culprit.target) > EXTREME:
        return (
            f"Look at the target of row {culprit.sample:,}: correct the value, or leave the row "
            f"out; if all are so large, set standardize=True."
        )
    scaling = scale(evidence)
    if evidence.lbfgs:
        return scaling or "Look for extreme values in X and y, or raise alpha."
    rate = lower_rate(evidence)
    clipped = math.isfinite(evidence.training.regularization.clip_norm)
    more = "" if clipped else ", or cut gradients: regularization=Regularization(clip_norm=1.0)"
    return f"{scaling} {rate.rstrip('.')}{more}.".strip()
