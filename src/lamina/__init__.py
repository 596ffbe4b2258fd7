"""lamina: neural networks made of layers, exact, fast on a CPU, and open to the eye."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

from lamina import spec
from lamina._version import __version__
from lamina.diagnosis import check_gradients
from lamina.engines import engine_info
from lamina.ensembles import EnsembleClassifier, EnsembleRegressor
from lamina.estimators import DivergenceError, MLPClassifier, MLPRegressor, ScaleWarning, resume
from lamina.estimators.inspection.curvature import curvature
from lamina.estimators.inspection.diagnosing import diagnose
from lamina.estimators.inspection.representations import representations, separability
from lamina.estimators.inspection.surface import loss_surface
from lamina.estimators.inspection.tracing import trace
from lamina.files import FileError, load
from lamina.plan import (
    SGD,
    AbsoluteError,
    AdaDelta,
    AdaGrad,
    Adam,
    AdaMax,
    AdamW,
    Adaptive,
    ArgumentError,
    BinaryCrossEntropy,
    BinaryFocal,
    Constant,
    Cosine,
    CosineRestarts,
    CrossEntropy,
    CustomLoss,
    Dense,
    EarlyStopping,
    Exponential,
    Focal,
    Gamma,
    GradientDescent,
    HalveOnPlateau,
    HalveOnRise,
    Huber,
    InverseScaling,
    InverseTime,
    LeakyReLU,
    MaxProp,
    Momentum,
    MomentumRamp,
    NAdam,
    Nesterov,
    Network,
    OneCycle,
    Poisson,
    Quantile,
    Quantiles,
    Recorder,
    Regularization,
    RMSProp,
    RobbinsMonro,
    SquaredError,
    StepDecay,
    Training,
    Triangular,
    WarmUp,
    WeightDecay,
)

if TYPE_CHECKING:
    from lamina import callbacks, descent, displays, export, linear, neurons, tuning
    from lamina.descent import race

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
    "Constant",
    "Cosine",
    "CosineRestarts",
    "CrossEntropy",
    "CustomLoss",
    "Dense",
    "DivergenceError",
    "EarlyStopping",
    "EnsembleClassifier",
    "EnsembleRegressor",
    "Exponential",
    "FileError",
    "Focal",
    "Gamma",
    "GradientDescent",
    "HalveOnPlateau",
    "HalveOnRise",
    "Huber",
    "InverseScaling",
    "InverseTime",
    "LeakyReLU",
    "MLPClassifier",
    "MLPRegressor",
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
    "ScaleWarning",
    "SquaredError",
    "StepDecay",
    "Training",
    "Triangular",
    "WarmUp",
    "WeightDecay",
    "__version__",
    "callbacks",
    "check_gradients",
    "curvature",
    "descent",
    "diagnose",
    "displays",
    "engine_info",
    "export",
    "linear",
    "load",
    "loss_surface",
    "neurons",
    "race",
    "representations",
    "resume",
    "separability",
    "spec",
    "trace",
    "tuning",
]


def __getattr__(name: str) -> Any:
    """Import the parts that not everyone needs when they are first asked for."""
    if name in {"callbacks", "descent", "displays", "export", "linear", "neurons", "tuning"}:
        return _import_module(f"lamina.{name}")
    if name == "race":
        return _import_module("lamina.descent").race
    raise AttributeError(f"module 'lamina' has no attribute {name!r}")
