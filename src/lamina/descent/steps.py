"""Step lengths along a direction: exact line search and backtracking."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy.optimize import root_scalar

from lamina import spec
from lamina.descent.objective import Objective
from lamina.plan import checks


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


@dataclass(frozen=True)
class StepRule(ABC):
    """Base of the rules that look along the direction before they choose a step length."""

    @abstractmethod
    def length(self, line: Line) -> float:
        """Return the step length alpha > 0 along `line`."""


@dataclass(frozen=True)
class ExactLineSearch(StepRule):
    """``alpha = argmin_{alpha > 0} f(x + alpha d)``, as in note 004's gradient descent.

    The argmin is where the slope ``<grad f(x + alpha d), d>`` changes sign, found by Brent's method
    (`scipy.optimize.root_scalar`): slopes give alpha to the last digits, while values, flat at
    their minimum, give half of them. For a function that is not convex along the line it is one of
    the minima in the bracket, which need not be the lowest.

    Parameters
    ----------
    bracket : (float, float) or None, default=None
        Interval in which to look, ``0 <= low < high``. Where the function still falls at its end,
        the step goes there. None: from 0 to the first of 1, 2, 4, ... where the function rises.

    Examples
    --------
    On a quadratic one step along the eigenvector reaches the minimum:

    >>> from lamina.descent import ExactLineSearch, descend
    >>> path = descend(lambda x: 4 * x[0] ** 2 + x[1] ** 2, [0.0, 3.0],
    ...                gradient=lambda x: [8 * x[0], 2 * x[1]], step=ExactLineSearch())
    >>> path.n_steps, path.step_lengths
    (1, array([0.5]))
    """

    bracket: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.bracket is None:
            return
        if not isinstance(self.bracket, tuple) or len(self.bracket) != 2:
            raise checks.fail("bracket", "two numbers (low, high) or None", self.bracket)
        low, high = self.bracket
        checks.real("bracket[0]", low, "[0, inf)")
        checks.real("bracket[1]", high, "(0, inf)")
        if low >= high:
            raise checks.fail("bracket", "two numbers with low < high", self.bracket)

    def length(self, line: Line) -> float:
        """Return the step length along `line`."""
        if self.bracket is None:
            low, high = self._rising(line)
        else:
            low, high = map(float, self.bracket)
            if self._slope(line, high) <= 0:
                return high
            if self._slope(line, low) >= 0:
                return low
        found = root_scalar(
            lambda alpha: self._slope(line, alpha),
            bracket=(low, high),
            method="brentq",
            xtol=1e-24 * high,
            rtol=4 * np.finfo(float).eps,
            maxiter=500,
        )
        return float(found.root)

    @staticmethod
    def _slope(line: Line, alpha: float) -> float:
        slope = line.slope(alpha) if alpha else line.slope_at_start
        if not math.isfinite(slope):
            raise NoStepError(f"the slope along the direction is {slope} at alpha = {alpha:.3g}")
        return slope

    @staticmethod
    def _rising(line: Line) -> tuple[float, float]:
        """Return an interval at whose low end the function falls and at whose high end it rises."""
        low, high, too_far = 0.0, 1.0, math.inf
        for _ in range(200):
            slope = line.slope(high)
            if not math.isfinite(slope):
                too_far = high
            elif slope >= 0:
                return low, high
            else:
                low = high
            high = (low + too_far) / 2 if math.isfinite(too_far) else 2 * high
        raise NoStepError(
            f"the function still falls at alpha = {low:.3g} along the direction: "
            f"it may have no lower bound"
        )


@dataclass(frozen=True)
class Backtracking(StepRule):
    """Shrink alpha until ``f(x + alpha d) <= f(x) + c alpha f'(x; d)`` (Armijo, 1966).

    For a descent direction such an alpha exists; this is the stronger form of note 004's
    proposition that small steps lower f. Not finite counts as not lower.

    Parameters
    ----------
    start : float in (0, inf), default=1.0
        The first alpha tried in each step.
    shrink : float in (0, 1), default=0.5
    c : float in (0, 1), default=0.3
        Share of the decrease that the slope promises. On a quadratic steps up to ``2 (1 - c)`` of
        the exact one along an eigenvector are accepted: with c near 0 a step may land almost as
        high on the other side, from ½ on exact steps are refused.

    Examples
    --------
    >>> from lamina.descent import Backtracking, descend
    >>> path = descend(lambda x: 50 * x[0] ** 2, [1.0], gradient=lambda x: 100 * x,
    ...                step=Backtracking(), max_steps=1)
    >>> path.step_lengths, path.n_values      # both ends, and 1, 1/2, ..., 1/128 tried
    (array([0.0078125]), 10)
    """

    start: float = 1.0
    shrink: float = 0.5
    c: float = 0.3

    def __post_init__(self) -> None:
        checks.real("start", self.start, "(0, inf)")
        checks.real("shrink", self.shrink, "(0, 1)")
        checks.real("c", self.c, "(0, 1)")

    def length(self, line: Line) -> float:
        """Return the step length along `line`."""
        alpha = float(self.start)
        while not np.array_equal(line.at(alpha), line.point):
            new = line(alpha)
            # Where rounding swallows the slope's share, the decrease must at least be seen.
            if new < line.value and spec.descent.sufficient_decrease(
                new, line.value, line.slope_at_start, alpha, self.c
            ):
                return alpha
            alpha *= self.shrink
        raise NoStepError(
            f"no step down to alpha = {alpha / self.shrink:.3g} lowers the value enough: rounding "
            f"hides the decrease, or the gradient is not that of f"
        )
