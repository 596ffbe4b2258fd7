"""Step lengths along a direction: exact line search and backtracking."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from lamina import spec
from lamina.descent.line import Line, NoStepError
from lamina.descent.search import search
from lamina.plan import checks


@dataclass(frozen=True)
class StepRule(ABC):
    """Base of the rules that look along the direction before they choose a step length."""

    @abstractmethod
    def length(self, line: Line) -> float:
        """Return the step length alpha > 0 along `line`."""


@dataclass(frozen=True)
class ExactLineSearch(StepRule):
    """``alpha = argmin_{alpha > 0} f(x + alpha d)``, as in note 004's gradient descent.

    What is found is a local minimum along the line that is lower than the start: on a convex
    function the argmin, elsewhere not always the lowest of several minima. It is where the slope
    ``<grad f(x + alpha d), d>`` changes sign, found by Brent's method (`scipy.optimize.brentq`):
    slopes give alpha to the last digits, while values, flat at their minimum, give half of them.
    Values are asked whether a step goes up; where it does, a shorter one is sought.

    Parameters
    ----------
    bracket : (float, float) or None, default=None
        Interval in which to look, ``0 <= low < high``. Where the function still falls at its end,
        or already rises at its beginning, the step goes there if that is lower than the start.
        None: from 0 to the first of 1, 2, 4, ... where the function rises.

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
        pair = self.bracket
        if isinstance(pair, str) or not np.iterable(pair) or len(list(pair)) != 2:
            raise checks.fail("bracket", "two numbers (low, high) or None", pair)
        low, high = pair
        checks.real("bracket[0]", low, "[0, inf)")
        checks.real("bracket[1]", high, "(0, inf)")
        if low >= high:
            raise checks.fail("bracket", "two numbers with low < high", pair)
        object.__setattr__(self, "bracket", (float(low), float(high)))

    def length(self, line: Line) -> float:
        """Return the step length along `line`."""
        return search(line, self.bracket)


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
