"""What a network and its training reveal, in numbers and in words."""

from lamina.diagnosis.curvature import (
    Curvature,
    curvature_along,
    hessian_vector_product,
    largest_curvature,
)
from lamina.diagnosis.gradients import GradientCheck, check_gradients
from lamina.diagnosis.separability import Separability
from lamina.diagnosis.spectra import spectra
from lamina.diagnosis.surface import LossPlane, Plane, PlanePath
from lamina.diagnosis.units import STATES, unit_states

__all__ = [
    "STATES",
    "Curvature",
    "GradientCheck",
    "LossPlane",
    "Plane",
    "PlanePath",
    "Separability",
    "check_gradients",
    "curvature_along",
    "hessian_vector_product",
    "largest_curvature",
    "spectra",
    "unit_states",
]
