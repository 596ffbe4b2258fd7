"""What is to be computed, as frozen dataclasses: networks, losses, rules, schedules, training.

Every range is checked here, once. An object that exists is valid; its repr shows what differs
from the defaults.
"""

from lamina.plan.checks import ArgumentError
from lamina.plan.layers import Dense
from lamina.plan.losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    CrossEntropy,
    Huber,
    Loss,
    Poisson,
    Quantile,
    SquaredError,
)
from lamina.plan.network import Network
from lamina.plan.rule import Rule, WeightDecay
from lamina.plan.rules import (
    SGD,
    AdaDelta,
    AdaGrad,
    Adam,
    AdaMax,
    AdamW,
    GradientDescent,
    MaxProp,
    Momentum,
    NAdam,
    Nesterov,
    RMSProp,
)
from lamina.plan.schedule import Clock, Schedule, over_epoch
from lamina.plan.schedules import (
    Adaptive,
    Constant,
    CosineRestarts,
    Exponential,
    HalveOnRise,
    InverseScaling,
    InverseTime,
    MomentumRamp,
    RobbinsMonro,
    StepDecay,
    Triangular,
    WarmUp,
)
from lamina.plan.training import Training

__all__ = [
    "SGD",
    "AbsoluteError",
    "AdaDelta",
    "AdaGrad",
    "AdaMax",
    "Adam",
    "AdamW",
    "Adaptive",
    "ArgumentError",
    "BinaryCrossEntropy",
    "Clock",
    "Constant",
    "CosineRestarts",
    "CrossEntropy",
    "Dense",
    "Exponential",
    "GradientDescent",
    "HalveOnRise",
    "Huber",
    "InverseScaling",
    "InverseTime",
    "Loss",
    "MaxProp",
    "Momentum",
    "MomentumRamp",
    "NAdam",
    "Nesterov",
    "Network",
    "Poisson",
    "Quantile",
    "RMSProp",
    "RobbinsMonro",
    "Rule",
    "Schedule",
    "SquaredError",
    "StepDecay",
    "Training",
    "Triangular",
    "WarmUp",
    "WeightDecay",
    "over_epoch",
]
