"""Batches so small that steps are mostly noise, or so large that there are too few steps."""

from __future__ import annotations

import math

import numpy as np

from lamina.diagnosis.findings.evidence import EARLY, LATE, Evidence
from lamina.diagnosis.findings.finding import Finding
from lamina.diagnosis.findings.harm import harmed, progress
from lamina.diagnosis.findings.stopping import unfinished
from lamina.diagnosis.findings.words import count

SMALL = 8
TINY = 2  # also without harm it takes long
ENOUGH = 50  # samples from which on a batch may be larger
FEW = 1000  # steps of a training in all
EPOCHS = 20  # in fewer of them smaller batches would not get far either
CLEAR = 1.0  # signal over noise: of larger batches a smaller one would do as well
# Samples that the weights go by: those of the steps that together are as long as the weights.
# Sound trainings have 700 and more of them at the beginning, noisy ones 10 to 300; with many
# features some sound ones have fewer, so that only the fewest tell by themselves.
MEMORY, FEWEST = 450, 150
MARGIN = 0.02  # R² behind a simple model on other samples


def too_small(evidence: Evidence) -> Finding | None:
    """Find batches of a few samples whose steps are mostly noise."""
    facts = evidence.facts
    if evidence.lbfgs or facts is None or facts.n_samples < ENOUGH:
        return None
    size = evidence.training.batch_of(facts.n_samples)
    memory = _memory(evidence, size)
    behind = harmed(evidence) or evidence.behind_on_others > MARGIN
    few = size <= TINY if math.isnan(memory) else memory < MEMORY
    noisy = memory < FEWEST or (few and behind)
    if size > SMALL or (size > TINY and not noisy):
        return None
    goes = ""
    if not math.isnan(memory):
        goes = f"; the steps of {round(memory):,} samples together are as long as the weights"
    return Finding(
        "batch too small",
        "warning" if noisy else "note",
        f"A batch has {count(size, 'sample')} of {facts.n_samples:,}{goes}. {progress(evidence)}",
        "Each step goes by so few samples that it is mostly noise, and the last ones seen count "
        "most; it also takes much longer than larger batches do."
        if noisy
        else "Training takes much longer than with larger batches.",
        f"Set batch_size={min(200, max(16, facts.n_samples // 50))}.",
        evidence={"batch": size, "samples": facts.n_samples}
        | ({} if math.isnan(memory) else {"samples that the weights go by": memory}),
    )


def _memory(evidence: Evidence, size: int) -> float:
    """Return how many samples it takes to change a layer's weights by their length.

    By the mean of some steps, where one sample gives next to none and another a long one.
    """
    own = evidence.record
    if own is None or not own.n_measured:
        return math.nan
    steps = np.nanmax(np.nan_to_num(own["update_ratio"]), axis=1)
    longest = max(float(steps[:EARLY].mean()), float(steps[-LATE:].mean()))
    return size / longest if longest > 0 else math.nan


def too_large(evidence: Evidence) -> Finding | None:
    """Find so few steps that a network cannot get far."""
    facts = evidence.facts
    if evidence.lbfgs or facts is None or not unfinished(evidence):
        return None
    size, steps = evidence.training.batch_of(facts.n_samples), evidence.steps_per_epoch
    total = steps * len(evidence.losses)
    if total > FEW or steps > 2 or size < 32 or len(evidence.losses) < EPOCHS:
        return None
    noise = evidence.layers("signal_to_noise")
    own = float(np.nanmedian(noise)) if np.isfinite(noise).any() else math.nan
    if not math.isnan(own) and own < CLEAR:
        return None
    return Finding(
        "batch too large",
        "warning",
        f"A batch has {count(size, 'sample')} of {facts.n_samples:,}: {count(total, 'step')} in "
        f"{count(len(evidence.losses), 'epoch')}. {progress(evidence)}",
        "There is one step for each batch, so that large batches leave few of them; smaller ones "
        "would point in the same direction.",
        f"Set batch_size={max(16, min(200, size // 16))}.",
        evidence={"batch": size, "steps": total}
        | ({} if math.isnan(own) else {"signal over noise": own}),
    )
