"""Networks that learn too much or too little of their samples."""

from __future__ import annotations

import math

import numpy as np

from lamina.diagnosis.findings.evidence import Evidence
from lamina.diagnosis.findings.finding import Finding
from lamina.diagnosis.findings.harm import harmed, progress
from lamina.diagnosis.findings.restraint import Restraint, dropout, penalty, restraint
from lamina.diagnosis.findings.words import number, share
from lamina.training import Standing

# R² that is lost from the samples learnt from to others, times the logarithm of how often its
# smallest value the loss of others has risen to. Either alone is usual: few samples make a gap, and
# the loss of a good classifier rises as it grows surer.
LEARNT_BY_HEART = 0.16
RISEN = 2.0  # times, where only the history is known
GAP = 0.4  # where nobody watched the loss of others, or where it has risen at all
AT_ALL = 1.1  # times
TOLD = 0.05  # of accuracy lost: with less it is the probabilities that are worse
NARROW = 20  # units of a layer
SHRINKING = 0.005  # alpha over the batch: what pulls noticeably at the weights


def overfitting(evidence: Evidence) -> Finding | None:
    """Find a network that knows its samples by heart."""
    own = evidence.train
    if own is None or not evidence.held:
        return _risen(evidence)
    name, held = next(iter(evidence.held.items()))
    gap = own.r2 - max(held.r2, -1.0)
    column = np.asarray(evidence.history.get(f"{name}_loss", ()), np.float64)
    column = column[len(column) - len(evidence.losses) :]
    best = int(np.nanargmin(column)) if np.isfinite(column).any() else 0
    risen = math.nan
    if len(column) and column[best] > 0 and math.isfinite(held.loss):
        risen = held.loss / float(column[best])
    if math.isnan(gap) or gap <= 0 or (math.isnan(risen) and gap < GAP):
        return None
    both = gap * math.log(max(risen, 1.0)) if not math.isnan(risen) else math.inf
    if both < LEARNT_BY_HEART and not (gap > GAP and risen > AT_ALL):
        return None
    n = evidence.facts.n_samples if evidence.facts is not None else own.n_samples
    rose = ""
    if not math.isnan(risen) and risen > 1.05:
        rose = (
            f" Their loss was smallest in epoch {best + 1:,} and has risen {number(risen)} times."
        )
    return Finding(
        "overfitting",
        "warning",
        f"{_both(own, held, n, name)}{rose}",
        f"It has learnt its samples by heart, with {evidence.network.n_parameters:,} parameters "
        f"for {n:,} samples: what it knows of them does not hold for others.",
        _regularise(evidence),
        epoch=best + 1 if not math.isnan(risen) else None,
        evidence=_numbers(own, held, gap, risen),
    )


def _both(own: Standing, held: Standing, n: int, name: str) -> str:
    """Return how the network does on its samples and on others, in a sentence."""
    if own.accuracy - held.accuracy > TOLD:
        return (
            f"The network is right in {share(own.accuracy)} of the {n:,} samples that it learnt "
            f"from, and in {share(held.accuracy)} of others ({name})."
        )
    ours, others = share(max(own.r2, 0)), f"{share(max(held.r2, 0))} on others ({name})"
    if held.r2 < 0:
        others = f"is worse than a constant guess on others ({name})"
    if math.isnan(own.accuracy):
        return (
            f"The network explains {ours} of the variance on the {n:,} samples that it learnt "
            f"from, and {others}."
        )
    return (
        f"The network's probabilities explain {ours} of the classes' variance on the {n:,} "
        f"samples that it learnt from, and {others}."
    )


def _risen(evidence: Evidence) -> Finding | None:
    """Find by the history alone that the loss of other samples has risen while the own fell."""
    losses = evidence.losses
    for name, column in evidence.history.items():
        own = np.asarray(column, np.float64)[max(0, len(column) - len(losses)) :]
        if not name.endswith("_loss") or len(own) < 2 or not np.isfinite([*own, *losses]).all():
            continue
        best = int(own.argmin())
        risen = float(own[-1] / own[best]) if own[best] > 0 else 0.0
        if risen < RISEN or losses[-1] > losses[best] or evidence.knobs.stops_early:
            continue
        return Finding(
            "overfitting",
            "note",
            f"{name} was smallest in epoch {best + 1:,} and has risen {number(risen)} times since, "
            f"while the loss of the samples that it learnt from fell on.",
            "The network has begun to learn its samples by heart, or to be too sure of itself.",
            "Set early_stopping=True, or a smaller max_iter.",
            epoch=best + 1,
            evidence={"rise of the loss on others": risen},
        )
    return None


def _numbers(own: Standing, held: Standing, gap: float, risen: float) -> dict[str, float]:
    numbers = {"R² on its samples": own.r2, "R² on others": held.r2, "gap": gap}
    numbers |= {} if math.isnan(own.accuracy) else {"accuracy on its samples": own.accuracy}
    numbers |= {} if math.isnan(held.accuracy) else {"accuracy on others": held.accuracy}
    return numbers | ({} if math.isnan(risen) else {"rise of the loss on others": risen})


def _regularise(evidence: Evidence) -> str:
    steps = []
    if not evidence.knobs.stops_early and not evidence.lbfgs:
        steps.append("early_stopping=True")
    size = evidence.batch  # by which alpha is divided
    if evidence.lbfgs and evidence.facts is not None:
        size = evidence.facts.n_samples
    alpha = max(SHRINKING * (size or 200), 3 * evidence.training.alpha)
    steps.append(f"alpha={float(f'{alpha:.1g}'):g}")
    if evidence.training.regularization.dropout == 0 and not evidence.lbfgs:
        steps.append("regularization=Regularization(dropout=0.2)")
    return f"Set {', or '.join(steps)}; more samples help most."


def underfitting(evidence: Evidence) -> Finding | None:
    """Find a network that explains less of its own samples than a simple model of others."""
    if not harmed(evidence) or evidence.outcome in ("DIVERGED", "UNDEFINED"):
        return None
    hidden = [layer.units for layer in evidence.network.layers[:-1]]
    known = restraint(evidence)
    why = "" if known is None else f" {known.why}"
    numbers = {
        "penalty over the guess's loss": penalty(evidence),
        "dropout": dropout(evidence),
        "units of the smallest layer": min(hidden, default=0),
    }
    if evidence.train is not None and not math.isnan(evidence.behind):
        numbers |= {"R² on its samples": evidence.train.r2}
        numbers |= {"R² of a simple model": evidence.reference}
        numbers |= {"accuracy on its samples": evidence.train.accuracy}
    return Finding(
        "underfitting",
        "warning",
        progress(evidence),
        f"The network has not taken in what is there to be learnt.{why}",
        _loosen(hidden, known),
        evidence={name: value for name, value in numbers.items() if not math.isnan(value)},
    )


def _loosen(hidden: list[int], known: Restraint | None) -> str:
    steps = [] if known is None else [known.change]
    if known is None and min(hidden, default=100) < NARROW:
        steps.append("hidden_layer_sizes=(100,)")
    return f"Set {', or '.join(steps or ['more units in hidden_layer_sizes, and more epochs'])}."
