"""Schedules of a plan: how a learning rate or a momentum changes in training.

Their equations are in `lamina.spec.schedules`. A schedule counts steps, epochs or samples (its
``unit``) and starts from ``initial``: its own, or if that is None the value of the place where it
stands (``learning_rate_init`` of an estimator). Called with a count, it returns its value there.

Reactive schedules change the value they start from between epochs, by the errors they hear of.
"""

from lamina.plan.schedules.cycles import Cosine, CosineRestarts, OneCycle, Triangular
from lamina.plan.schedules.decay import (
    Constant,
    Exponential,
    InverseScaling,
    InverseTime,
    RobbinsMonro,
    StepDecay,
)
from lamina.plan.schedules.ramps import MomentumRamp, WarmUp
from lamina.plan.schedules.reactive import Adaptive, HalveOnPlateau, HalveOnRise

__all__ = [
    "Adaptive",
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Exponential",
    "HalveOnPlateau",
    "HalveOnRise",
    "InverseScaling",
    "InverseTime",
    "MomentumRamp",
    "OneCycle",
    "RobbinsMonro",
    "StepDecay",
    "Triangular",
    "WarmUp",
]
