"""Steps that are too long or too short."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lamina.diagnosis.findings.advice import higher_rate, lower_rate, standing_rate
from lamina.diagnosis.findings.evidence import Evidence
from lamina.diagnosis.findings.finding import Finding
from lamina.diagnosis.findings.harm import after, harmed, progress
from lamina.diagnosis.findings.words import compared, count, number, share

RISEN = 3.0  # times, from the first epoch to the last
WORSE = 2.0  # times the loss of the best guess without X: no sound step leads there
LONG = 0.15  # a step's length over that of the weights; sound trainings have 0.001 to 0.1
FAR = 8.0  # the way from the first weights to the last, over their length; sound ones: 0.1 to 5
PACE = 0.2  # of it in a step, at first: that far by 0.8 to 200 in a step, in time by up to 0.1
ROUGH = 0.1  # of the best guess's loss: how much the loss rises in an epoch, at the end
TINY = 1e-3  # a step over the weights: with longer ones it is the steps that are too few
DECAYED = 30.0  # times smaller than at first: the learning rate of most epochs
SHORT = 0.1  # the way from the first weights to the last, over their length


def too_high(evidence: Evidence) -> Finding | None:
    """Find steps that overshoot."""
    losses = evidence.losses[np.isfinite(evidence.losses)]
    if evidence.lbfgs or len(losses) < 2:
        return None
    signs = _signs(evidence, losses)
    sure = (signs.worse and signs.wild) or signs.away or signs.risen
    if not sure and not (harmed(evidence) and (signs.worse or signs.wild or signs.far)):
        return None
    numbers = {
        "learning rate": evidence.training.initial_rate,
        "highest loss over the guess's": signs.peak,
        "rise of the loss in an epoch": signs.rough,
        "way over weights": evidence.moved,
        "step over weights": signs.longest,
    }
    return Finding(
        "learning rate too high",
        "warning",
        f"With {standing_rate(evidence)} {_what(evidence, losses, signs)}. "
        f"{progress(evidence)}".strip(),
        "Steps jump over the valley that they should go down into.",
        lower_rate(evidence),
        evidence={name: value for name, value in numbers.items() if not math.isnan(value)},
    )


class _Signs(NamedTuple):
    """What tells of steps that are too long."""

    peak: float  # the highest loss over that of the best guess
    rough: float  # how much the loss rises in an epoch, over the same
    longest: float  # step over the weights
    worse: bool
    risen: bool
    away: bool
    wild: bool
    far: bool


def _signs(evidence: Evidence, losses: np.ndarray) -> _Signs:
    base = evidence.baseline
    unit = base if not math.isnan(base) else float(np.median(losses))
    tail = losses[len(losses) // 2 :]
    rises = np.maximum(np.diff(tail), 0) if len(tail) > 1 else np.zeros(1)
    rough = float(np.percentile(rises, 75) / unit) if unit > 0 else 0.0
    peak = float(losses[1:].max() / unit) if unit != 0 else math.nan
    steps = evidence.layers("update_ratio", "early")
    longest = float(np.nanmax(steps)) if np.isfinite(steps).any() else math.nan
    long = math.isnan(longest) or longest > LONG / 5
    return _Signs(
        peak,
        rough,
        longest,
        worse=not math.isnan(base) and peak > WORSE and long,
        risen=bool(losses[-1] > RISEN * losses[0]),
        away=evidence.moved > FAR and evidence.pace > PACE,
        wild=rough > ROUGH,
        far=not math.isnan(longest) and longest > LONG,
    )


def _what(evidence: Evidence, losses: np.ndarray, signs: _Signs) -> str:
    """Return the clearest of the signs in words."""
    if signs.worse:
        return (
            f"the loss rose to {number(losses[1:].max())} in epoch "
            f"{int(losses[1:].argmax()) + 2:,}, {number(signs.peak)} times that of the best guess "
            f"without X"
        )
    if signs.risen:
        return f"the loss rose from {number(losses[0])} in the first epoch to {number(losses[-1])}"
    if signs.away:
        return (
            f"the weights have gone {number(evidence.moved)} times their length away from where "
            f"they began"
        )
    if signs.wild:
        return "the loss goes up and down from epoch to epoch"
    return f"a step changes the weights of a layer by {compared(signs.longest, 'their length')}"


def too_low(evidence: Evidence) -> Finding | None:
    """Find steps so short that training gets nowhere."""
    if evidence.lbfgs or not harmed(evidence):
        return None
    if (fell := _decayed(evidence)) is not None:
        return fell
    moved, losses = evidence.moved, evidence.losses
    if math.isnan(moved) or moved > SHORT or not np.isfinite(losses).all():
        return None
    if len(losses) < 2 or losses[-1] > losses[0]:
        return None
    if np.nanmax(evidence.layers("update_ratio", "early"), initial=0.0) > TINY:
        return None
    steps = evidence.steps_per_epoch * len(losses)
    taken = f" and {count(steps, 'step')}" if steps else ""
    return Finding(
        "learning rate too low",
        "warning",
        f"With {standing_rate(evidence)} the weights have come {share(moved)} of their length away "
        f"from where they began, {after(evidence)}{taken}. {progress(evidence)}".strip(),
        "The steps are so short that training would take very many more of them.",
        higher_rate(evidence),
        evidence={"learning rate": evidence.training.initial_rate, "way over weights": moved},
    )


def _decayed(evidence: Evidence) -> Finding | None:
    """Find a schedule that has made steps short before anything was learnt."""
    own = np.asarray(evidence.history.get("learning_rate", ()), np.float64)
    own = own[max(0, len(own) - len(evidence.losses)) :]
    schedule = evidence.training.learning_rate
    if len(own) < 3 or not (own > 0).all() or schedule.reactive:  # which answers to the loss
        return None
    first = max(float(own[0]), evidence.training.initial_rate)
    if not first > DECAYED * float(np.median(own)):
        return None
    return Finding(
        "learning rate too low",
        "warning",
        f"The learning rate has fallen from {number(first)} to {number(own[-1])} by "
        f"{type(schedule).__name__}, {after(evidence)}. {progress(evidence)}",
        "The schedule made the steps short before there was much learnt.",
        "Set learning_rate='constant', or a schedule that falls more slowly.",
        epoch=evidence.last_epoch,
        evidence={"first learning rate": first, "last learning rate": float(own[-1])},
    )
