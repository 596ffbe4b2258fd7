"""Units that no longer answer to their inputs."""

from __future__ import annotations

import math

import numpy as np

from lamina.diagnosis.findings.advice import lower_rate
from lamina.diagnosis.findings.evidence import EARLY, LATE, Evidence
from lamina.diagnosis.findings.finding import Finding
from lamina.diagnosis.findings.harm import LEAST, harmed, progress
from lamina.diagnosis.findings.words import number, share
from lamina.training.recording.health import SIGMOIDAL

# Some dead units are usual, and a good network has spare ones; half a layer is a loss.
DEAD = 0.5
ALMOST_ALL = 0.9  # of a layer: then the rest of the network hangs by a thread
ENOUGH = 500  # samples on which a unit must have been flat to be called dead
SATURATED = 0.7  # of the pairs of a unit and a sample; sound trainings begin with none


def dead(evidence: Evidence) -> Finding | None:
    """Find layers most of whose units give the same, whatever comes in."""
    shares, n_batches = _dead(evidence)
    if evidence.now is not None and evidence.now.rows.sum() < LEAST:
        return None
    if not len(shares) or np.isnan(shares).all():
        return None
    layer = int(np.nanargmax(shares))
    worst = float(shares[layer])
    if worst < DEAD:
        return None
    units = evidence.network.layers[layer].units
    bad = harmed(evidence) or worst >= ALMOST_ALL
    return Finding(
        "dead units",
        "warning" if bad else "note",
        f"{round(worst * units):,} of the {units:,} units of layer {layer + 1} are flat for every "
        f"sample of {_looked_at(evidence, n_batches)}. {progress(evidence)}".strip(),
        "They give the same whatever comes in, and no gradient passes through them: they cannot "
        "come back by themselves.",
        f"Set activation='leaky_relu', and start anew. {lower_rate(evidence)}"
        if not evidence.lbfgs
        else "Set activation='leaky_relu', and start anew.",
        layer=layer + 1,
        epoch=evidence.epoch_of(),
        evidence={f"dead in layer {i + 1}": float(s) for i, s in enumerate(shares)},
    )


def _looked_at(evidence: Evidence, n_batches: int) -> str:
    """Return which samples the count of dead units is of."""
    own = evidence.now if evidence.now is not None else evidence.record
    if own is None:
        return "those looked at"
    rows = int(own.rows[-n_batches:].sum())
    if evidence.now is not None:
        return f"the {rows:,} that were looked at"
    first, last = int(own.epochs[-n_batches]), int(own.epochs[-1])
    if n_batches == 1:
        return f"a batch of {rows:,} in {evidence.unit} {last:,}"
    return f"{n_batches:,} batches, in {evidence.unit}s {first:,} to {last:,}"


def _dead(evidence: Evidence) -> tuple[np.ndarray, int]:
    """Return the share of dead units of each hidden layer, and of how many measured batches.

    The last ones: a unit is dead that is flat in all of them.
    """
    n_hidden = len(evidence.network.layers) - 1
    own = evidence.now if evidence.now is not None else evidence.record
    if own is None or not len(own.units[0]) == own.n_measured > 0:
        return np.empty(0), 0
    # as many of the last batches as have enough samples together
    rows = np.cumsum(own.rows[::-1])
    n = min(own.n_measured, int(np.searchsorted(rows, ENOUGH)) + 1)
    found = []
    for layer in range(n_hidden):
        alive = own["dead"][-n:, layer]
        if not np.isfinite(alive).all() or alive.min() == 0:
            found.append(0.0 if np.isfinite(alive).all() else math.nan)
            continue
        found.append(float((own.unit("flat", layer + 1)[-n:] == 1).all(axis=0).mean()))
    return np.array(found), n


def saturated(evidence: Evidence) -> Finding | None:
    """Find layers most of whose units are at the ends of their range."""
    n_hidden = len(evidence.network.layers) - 1
    for part in ("early", "late"):
        shares = _flat(evidence, part)[:n_hidden]
        if not len(shares) or np.isnan(shares).all():
            continue
        layer = int(np.nanargmax(shares))
        worst = float(shares[layer])
        if worst < SATURATED or (part == "late" and not harmed(evidence)):
            continue
        name = evidence.network.layers[layer].activation
        when = "already in the first epochs" if part == "early" else "at the end"
        return Finding(
            "saturated units",
            "warning",
            f"The units of layer {layer + 1} are at the ends of {name} for {share(worst)} of the "
            f"samples, {when}. {progress(evidence)}".strip(),
            "There the function is flat: they hardly tell samples apart, and next to no gradient "
            "passes through them.",
            _unsaturate(evidence, layer),
            layer=layer + 1,
            epoch=evidence.epoch_of(part),
            evidence={f"saturated in layer {i + 1}": float(s) for i, s in enumerate(shares)},
        )
    return None


def _flat(evidence: Evidence, part: str) -> np.ndarray:
    """Return the share of pairs of a unit and a sample where a sigmoidal layer is flat."""
    own = evidence.now if part == "late" and evidence.now is not None else evidence.record
    if own is None or not len(own.units[0]) == own.n_measured > 0:
        return evidence.layers("saturated", part)  # of the units as a whole
    rows = slice(0, EARLY) if part == "early" else slice(-LATE, None)
    with np.errstate(all="ignore"):
        return np.array(
            [
                np.median(own.unit("flat", layer + 1)[rows].mean(axis=1))
                if own.activations[layer] in SIGMOIDAL
                else 0.0
                for layer in range(own.n_layers)
            ]
        )


def _unsaturate(evidence: Evidence, layer: int) -> str:
    if layer == 0 and "X" not in evidence.knobs.standardized:
        return "Set standardize=True, or activation='relu'."
    if evidence.lbfgs:
        return f"Raise alpha, now {number(evidence.training.alpha)}, or set activation='relu'."
    return f"{lower_rate(evidence)} Or set activation='relu'."
