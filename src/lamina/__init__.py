"""lamina: neural networks made of layers, exact, fast on a CPU, and open to the eye."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

from lamina import spec
from lamina._version import __version__
from lamina.diagnosis import check_gradients
from lamina.engines import engine_info
from lamina.estimators import DivergenceError, MLPClassifier, MLPRegressor
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
    Constant,
    CosineRestarts,
    CrossEntropy,
    Dense,
    Exponential,
    GradientDescent,
    HalveOnRise,
    Huber,
    InverseScaling,
    InverseTime,
    MaxProp,
    Momentum,
    MomentumRamp,
    NAdam,
    Nesterov,
    Network,
    Poisson,
    Quantile,
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
    from lamina import descent, displays, linear, neurons

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
    "Constant",
    "CosineRestarts",
    "CrossEntropy",
    "Dense",
    "DivergenceError",
    "Exponential",
    "FileError",
    "GradientDescent",
    "HalveOnRise",
    "Huber",
    "InverseScaling",
    "InverseTime",
    "MLPClassifier",
    "MLPRegressor",
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
    "SquaredError",
    "StepDecay",
    "Training",
    "Triangular",
    "WarmUp",
    "WeightDecay",
    "__version__",
    "check_gradients",
    "descent",
    "displays",
    "engine_info",
    "linear",
    "load",
    "neurons",
    "spec",
]


def __getattr__(name: str) -> Any:
    """Import the parts that not everyone needs when they are first asked for."""
    if name in {"descent", "displays", "linear", "neurons"}:
        return _import_module(f"lamina.{name}")
    raise AttributeError(f"module 'lamina' has no attribute {name!r}")
