"""A network's loss over a plane through the space of its parameters."""

from lamina.diagnosis.surface.losses import LossPlane, MeanLoss, PlanePath, PlanePoint, over_plane
from lamina.diagnosis.surface.plane import Plane, filter_normalised

__all__ = [
    "LossPlane",
    "MeanLoss",
    "Plane",
    "PlanePath",
    "PlanePoint",
    "filter_normalised",
    "over_plane",
]
