"""Training that ended while there was more to learn."""

from __future__ import annotations

import math

import numpy as np

from lamina.diagnosis.findings.advice import more_epochs
from lamina.diagnosis.findings.evidence import Evidence
from lamina.diagnosis.findings.finding import Finding
from lamina.diagnosis.findings.harm import after, harmed, progress
from lamina.diagnosis.findings.words import compared, number

FALLING = 0.01  # of the best guess's loss: what the last fifth of the epochs still removed
# What they removed of all that was removed: 0.2 on a straight line. Of other samples' loss that is
# still at its smallest: sound trainings end with up to 0.07.
LATE, LATE_ALONE = 0.1, 0.2
LOWEST = 0.995  # the smallest loss over the last, where the last is as good as the smallest
MARGIN = 0.01  # R² behind a simple model: that the loss still falls is another sign
LACKS, CHANCE = 0.05, 1.0  # the same of other samples, and over the root of their number
LOOSE = 1e-3  # a tol above it
IMPATIENT = 5


def falling(losses: np.ndarray, evidence: Evidence) -> float:
    """Return what the last fifth of the epochs removed of the best guess's loss, or the first."""
    if len(losses) < 2 or not np.isfinite(losses).all():
        return math.nan
    unit = evidence.baseline if not math.isnan(evidence.baseline) else float(losses[0])
    back = max(1, len(losses) // 5)
    return float((losses[-1 - back] - losses[-1]) / unit) if unit > 0 else math.nan


def late(losses: np.ndarray, evidence: Evidence) -> float:
    """Return the share of all that training removed which fell to the last fifth of the epochs."""
    fell, unit = falling(losses, evidence), evidence.baseline
    if math.isnan(fell):
        return math.nan
    unit = float(losses[0]) if math.isnan(unit) else unit
    removed = float(losses[0] - losses[-1]) / unit
    return fell / removed if removed > FALLING else 0.0


def unfinished(evidence: Evidence) -> bool:
    """Return whether training ended with more to learn.

    By the loss of other samples, if that was watched: it must be as low as ever, and still fall, or
    the network know less than a simple model. Else by its own.
    """
    others = watched(evidence)
    if not falling(evidence.losses, evidence) >= FALLING:
        return False
    if others is None:
        lately = late(evidence.losses, evidence) > LATE_ALONE
        return lately or harmed(evidence, MARGIN)
    if not others.min() >= LOWEST * others[-1]:
        return False
    return late(others, evidence) > LATE or harmed(evidence, MARGIN) or _lacks(evidence)


def _lacks(evidence: Evidence) -> bool:
    """Return whether the network knows less of other samples than a simple model, beyond chance."""
    n = min(own.n_samples for own in evidence.held.values())
    return evidence.behind_on_others > LACKS + CHANCE / math.sqrt(max(n, 1))


def watched(evidence: Evidence) -> np.ndarray | None:
    """Return the loss of other samples after each epoch of the last fit; None without."""
    for name in evidence.held:
        column = np.asarray(evidence.history.get(f"{name}_loss", ()), np.float64)
        column = column[max(0, len(column) - len(evidence.losses)) :]
        if len(column) > 1 and np.isfinite(column).all():
            return column
    return None


def too_early(evidence: Evidence) -> Finding | None:
    """Find a stop by tol or patience that came too soon."""
    if evidence.outcome != "CONVERGED" or evidence.lbfgs or evidence.incremental:
        return None
    if not unfinished(evidence) or len(evidence.losses) < 2:
        return None
    fell, knobs = falling(evidence.losses, evidence), evidence.knobs
    steps = []
    if knobs.tol > LOOSE:
        steps.append("tol=0.0001")
    if knobs.patience < IMPATIENT:
        steps.append("n_iter_no_change=10")
    steps = steps or ["n_iter_no_change=20"]
    return Finding(
        "early stop too early",
        "warning",
        f"Training ended {after(evidence)}, with tol={number(knobs.tol)} and a patience of "
        f"{number(knobs.patience)}, while the loss still fell: by "
        f"{compared(fell, _unit(evidence))} in the last fifth of the epochs. {progress(evidence)}",
        "It was taken for done when it was only slow, or when one epoch was unlucky.",
        f"Set {' and '.join(steps)}.",
        epoch=evidence.last_epoch,
        evidence={"tol": knobs.tol, "patience": knobs.patience, "still falling": fell},
    )


def too_few_epochs(evidence: Evidence) -> Finding | None:
    """Find a max_iter that ended training on its way."""
    if evidence.outcome != "MAX_ITER" or evidence.incremental:
        return None
    fell = falling(evidence.losses, evidence)
    blind = evidence.facts is None and late(evidence.losses, evidence) > LATE_ALONE
    if math.isnan(fell) or not (blind or unfinished(evidence)):
        return None
    return Finding(
        "max_iter too small",
        "note" if blind else "warning",
        f"max_iter={evidence.training.max_iter} ended training while the loss still fell: by "
        f"{compared(fell, _unit(evidence))} in the last fifth of the "
        f"{evidence.unit}s. {progress(evidence)}",
        "It was cut off on its way.",
        more_epochs(evidence),
        epoch=evidence.last_epoch,
        evidence={"max_iter": evidence.training.max_iter, "still falling": fell},
    )


def _unit(evidence: Evidence) -> str:
    return "the first loss" if math.isnan(evidence.baseline) else "the loss of the best guess"
