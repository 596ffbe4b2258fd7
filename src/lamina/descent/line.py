"""The function along a direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina import spec
from lamina.descent.objective import Objective


class NoStepError(Exception):
    """A step could not be made; the message is why, in words."""


@dataclass(frozen=True, eq=False)
class Line:
    """The function along a direction, ``phi(alpha) = f(x + alpha d)``.

    Attributes
    ----------
    objective : Objective
    point, direction : ndarray of shape (d,)
    value : float
        phi(0).
    slope_at_start : float
        phi'(0), the directional derivative, below 0.
    """

    objective: Objective
    point: np.ndarray
    direction: np.ndarray
    value: float
    slope_at_start: float

    def at(self, alpha: float) -> np.ndarray:
        """Return ``x + alpha d``."""
        return spec.descent.step(self.point, alpha, self.direction)

    def __call__(self, alpha: float) -> float:
        """Return ``phi(alpha)``."""
        return self.objective.value(self.at(alpha))

    def slope(self, alpha: float) -> float:
        """Return ``phi'(alpha)``."""
        gradient = self.objective.gradient(self.at(alpha))
        return float(spec.descent.directional_derivative(gradient, self.direction))
