"""Pictures of what the other modules computed: matplotlib Display objects in scikit-learn's manner.

Each has class methods that make it (``from_estimator`` and the like), ``plot(ax=None)`` that draws
it and returns it, and after that ``ax_`` and ``figure_``.
"""

from lamina.displays.approximation import ApproximationDisplay
from lamina.displays.boolean import BooleanNetworkDisplay
from lamina.displays.descent import DescentDisplay, SurfaceDisplay
from lamina.displays.learning_curves import LearningCurvesDisplay
from lamina.displays.learning_rate import LearningRateDisplay
from lamina.displays.linear import AutoencoderSpectrumDisplay, ModeDynamicsDisplay
from lamina.displays.loss_surface import LossSurfaceDisplay
from lamina.displays.neuron import NeuronDisplay, SeparationDisplay
from lamina.displays.perceptron import CorrectionsDisplay, PerceptronDisplay
from lamina.displays.rates import RateDisplay
from lamina.displays.units import UnitDisplay

__all__ = [
    "ApproximationDisplay",
    "AutoencoderSpectrumDisplay",
    "BooleanNetworkDisplay",
    "CorrectionsDisplay",
    "DescentDisplay",
    "LearningCurvesDisplay",
    "LearningRateDisplay",
    "LossSurfaceDisplay",
    "ModeDynamicsDisplay",
    "NeuronDisplay",
    "PerceptronDisplay",
    "RateDisplay",
    "SeparationDisplay",
    "SurfaceDisplay",
    "UnitDisplay",
]
