"""From the single neuron up (notes 002 §2-3; 003 §2, 4)."""

from lamina.neurons.approximation.approximation import Approximation, approximate
from lamina.neurons.approximation.towers import tower
from lamina.neurons.boolean.implicants import in_literals, minimum_cover, prime_implicants
from lamina.neurons.boolean.network import BooleanNetwork
from lamina.neurons.mcculloch_pitts.contradiction import NoNeuron
from lamina.neurons.mcculloch_pitts.neuron import GATES, McCullochPittsNeuron
from lamina.neurons.models.learning import LearnedModel, learn, training_loss
from lamina.neurons.models.loss_surface import LossSurface
from lamina.neurons.models.model import MODELS, Model
from lamina.neurons.models.sigmoid import SigmoidNeuron
from lamina.neurons.perceptron.estimator import Perceptron
from lamina.neurons.perceptron.trace import ConvergenceBound, Trace
from lamina.neurons.separability.counting import (
    SeparableFunctions,
    SymmetryClass,
    ThresholdFunction,
    separable_functions,
)
from lamina.neurons.separability.separation import Separation, UndecidedError, separate
from lamina.neurons.truth_table import as_table, rows
from lamina.neurons.units.level_sets import Hyperplane, LevelSet
from lamina.neurons.units.unit import Unit

__all__ = [
    "GATES",
    "MODELS",
    "Approximation",
    "BooleanNetwork",
    "ConvergenceBound",
    "Hyperplane",
    "LearnedModel",
    "LevelSet",
    "LossSurface",
    "McCullochPittsNeuron",
    "Model",
    "NoNeuron",
    "Perceptron",
    "SeparableFunctions",
    "Separation",
    "SigmoidNeuron",
    "SymmetryClass",
    "ThresholdFunction",
    "Trace",
    "UndecidedError",
    "Unit",
    "approximate",
    "as_table",
    "in_literals",
    "learn",
    "minimum_cover",
    "prime_implicants",
    "rows",
    "separable_functions",
    "separate",
    "tower",
    "training_loss",
]
