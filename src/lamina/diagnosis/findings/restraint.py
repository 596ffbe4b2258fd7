"""What keeps a network from learning, by the user's own options."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lamina.diagnosis.findings.evidence import Evidence
from lamina.diagnosis.findings.words import number, share
from lamina.plan import WeightDecay

STRONG = 1.0  # a penalty over the loss of the best guess, when training begins; usual are 0 to 0.2
USUAL = 1e-4  # alpha: scikit-learn's, which holds nothing back
HALF = 0.6  # of the units dropped: few networks do well with more
DECAY = 3.0  # a strength of weight decay; usual are 0.001 to 0.3
CUT = 30.0  # times: the gradient's length over that which it is cut to
ORDERED = 0.9  # of neighbours alike beyond chance, where rows are not shuffled
# Rules that go by the gradient's length: of the others a gradient cut short is as good.
BY_LENGTH = ("sgd", "momentum", "nesterov", "gradientdescent", "gradient_descent")


class Restraint(NamedTuple):
    """What holds a network back, in a sentence, and what lets it go."""

    why: str
    change: str


def restraint(evidence: Evidence) -> Restraint | None:
    """Return the first of what clearly holds a network back, or None."""
    looks = (_penalized, _sparse, _dropped, _decayed, _clipped, _in_order)
    return next((own for look in looks if (own := look(evidence)) is not None), None)


def _penalized(evidence: Evidence) -> Restraint | None:
    strong = penalty(evidence)
    if not strong > STRONG:
        return None
    own = evidence.training.regularization
    weaker = "a weaker regularization, or regularization=None"
    return Restraint(
        _too_strong("penalty on the weights", strong),
        "alpha=0.0001" if own.l2 == 0 else weaker,
    )


def _sparse(evidence: Evidence) -> Restraint | None:
    strong = l1_penalty(evidence)
    if not strong > STRONG:
        return None
    return Restraint(_too_strong("l1 penalty", strong), "a smaller l1 in regularization")


def _too_strong(name: str, times: float) -> str:
    return f"The {name} was {number(times)} times the loss of the best guess when training began."


def _dropped(evidence: Evidence) -> Restraint | None:
    dropped = dropout(evidence)
    if not dropped > HALF:
        return None
    return Restraint(
        f"Dropout leaves out {share(dropped)} of the units in each step.",
        "a weaker regularization, or regularization=None",
    )


def _decayed(evidence: Evidence) -> Restraint | None:
    rule = evidence.training.decayed_rule
    strength = rule.strength if isinstance(rule, WeightDecay) else 0.0
    if evidence.lbfgs or not isinstance(strength, float | int) or strength < DECAY:
        return None
    return Restraint(
        f"A weight decay of {number(strength)} pulls the weights back as fast as they grow.",
        "a weight decay of 0.01",
    )


def _clipped(evidence: Evidence) -> Restraint | None:
    own = evidence.training.regularization
    norms = evidence.layers("gradient_norm", "early")
    if evidence.knobs.solver.lower() not in BY_LENGTH or not np.isfinite(norms).all():
        return None
    length = math.hypot(*norms)
    if not length > CUT * own.clip_norm:
        return None
    return Restraint(
        f"Gradients of length {number(length)} were cut to {number(own.clip_norm)}.",
        "clip_norm=1.0 in regularization",
    )


def _in_order(evidence: Evidence) -> Restraint | None:
    facts = evidence.facts
    if facts is None or evidence.training.shuffle or evidence.lbfgs:
        return None
    if not facts.ordered > ORDERED or evidence.steps_per_epoch < 2:
        return None
    what = "class" if evidence.classes else "target"
    return Restraint(
        f"The rows are in the order of their {what}, and are not shuffled: each batch undoes what "
        f"the one before has taught.",
        "shuffle=True",
    )


def penalty(evidence: Evidence) -> float:
    """Return the L2 penalty where training began over the best guess's loss; NaN if unknown."""
    own, facts = evidence.training, evidence.facts
    if own.alpha <= USUAL and own.regularization.l2 == 0:
        return 0.0
    lengths = evidence.first_lengths
    if facts is None or np.isnan(lengths).any():
        return math.nan
    samples = facts.n_samples if evidence.lbfgs else own.batch_of(facts.n_samples)
    strength = own.alpha / samples + own.regularization.l2
    return float(strength * (lengths**2).sum() / 2 / evidence.baseline)


def l1_penalty(evidence: Evidence) -> float:
    """Return the L1 penalty where training began over the best guess's loss; NaN if unknown."""
    strength, record = evidence.training.regularization.l1, evidence.record
    if strength == 0:
        return 0.0
    if record is None or not record.snapshots:
        return math.nan
    size = sum(float(abs(own[0].astype(float)).sum()) for own in record.snapshots[0][1])
    return strength * size / evidence.baseline


def dropout(evidence: Evidence) -> float:
    """Return the largest fixed probability of dropout."""
    own = evidence.training.regularization.dropout
    rates = [rate for rate in np.atleast_1d(np.array(own, object)) if isinstance(rate, float | int)]
    return float(max(rates, default=0.0))
