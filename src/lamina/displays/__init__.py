"""Pictures of what the other modules computed: matplotlib Display objects in scikit-learn's manner.

Each has class methods that make it (``from_estimator`` and the like), ``plot(ax=None)`` that draws
it and returns it, and after that ``ax_`` and ``figure_``.
"""

from lamina.displays.approximation import ApproximationDisplay
from lamina.displays.boolean import BooleanNetworkDisplay
from lamina.displays.boundary import BoundaryDisplay
from lamina.displays.descent import DescentDisplay, SurfaceDisplay
from lamina.displays.gradient_flow import GradientFlowDisplay
from lamina.displays.histograms import ActivationHistogramsDisplay, WeightHistogramsDisplay
from lamina.displays.learning_curves import LearningCurvesDisplay
from lamina.displays.learning_rate import LearningRateDisplay
from lamina.displays.linear import AutoencoderSpectrumDisplay, ModeDynamicsDisplay
from lamina.displays.loss_plane import LossPlaneDisplay
from lamina.displays.loss_surface import LossSurfaceDisplay
from lamina.displays.neuron import NeuronDisplay, SeparationDisplay
from lamina.displays.perceptron import CorrectionsDisplay, PerceptronDisplay
from lamina.displays.race import RaceDisplay
from lamina.displays.rates import RateDisplay
from lamina.displays.representations import RepresentationsDisplay
from lamina.displays.spectra import WeightSpectraDisplay
from lamina.displays.unit_health import UnitHealthDisplay
from lamina.displays.units import UnitDisplay

__all__ = [
    "ActivationHistogramsDisplay",
    "ApproximationDisplay",
    "AutoencoderSpectrumDisplay",
    "BooleanNetworkDisplay",
    "BoundaryDisplay",
    "CorrectionsDisplay",
    "DescentDisplay",
    "GradientFlowDisplay",
    "LearningCurvesDisplay",
    "LearningRateDisplay",
    "LossPlaneDisplay",
    "LossSurfaceDisplay",
    "ModeDynamicsDisplay",
    "NeuronDisplay",
    "PerceptronDisplay",
    "RaceDisplay",
    "RateDisplay",
    "RepresentationsDisplay",
    "SeparationDisplay",
    "SurfaceDisplay",
    "UnitDisplay",
    "UnitHealthDisplay",
    "WeightHistogramsDisplay",
    "WeightSpectraDisplay",
]
