"""What is to be computed, as frozen dataclasses: networks, losses, rules, schedules, training.

Every range is checked here, once. An object that exists is valid; its repr shows what differs
from the defaults.
"""

from lamina.plan.checks import ArgumentError
from lamina.plan.layers import Dense, LeakyReLU
from lamina.plan.losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    BinaryFocal,
    CrossEntropy,
    CustomLoss,
    Focal,
    Gamma,
    Huber,
    Loss,
    Poisson,
    Quantile,
    Quantiles,
    SquaredError,
)
from lamina.plan.network import Network
from lamina.plan.recorder import Recorder
from lamina.plan.regularization import Regularization
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
    Cosine,
    CosineRestarts,
    Exponential,
    HalveOnPlateau,
    HalveOnRise,
    InverseScaling,
    InverseTime,
    MomentumRamp,
    OneCycle,
    RobbinsMonro,
    StepDecay,
    Triangular,
    WarmUp,
)
from lamina.plan.stopping import EarlyStopping
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
    "BinaryFocal",
    "Clock",
    "Constant",
    "Cosine",
    "CosineRestarts",
    "CrossEntropy",
    "CustomLoss",
    "Dense",
    "EarlyStopping",
    "Exponential",
    "Focal",
    "Gamma",
    "GradientDescent",
    "HalveOnPlateau",
    "HalveOnRise",
    "Huber",
    "InverseScaling",
    "InverseTime",
    "LeakyReLU",
    "Loss",
    "MaxProp",
    "Momentum",
    "MomentumRamp",
    "NAdam",
    "Nesterov",
    "Network",
    "OneCycle",
    "Poisson",
    "Quantile",
    "Quantiles",
    "RMSProp",
    "Recorder",
    "Regularization",
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
