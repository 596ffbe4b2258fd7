"""Exact line search: a local minimum along a line that is lower than the start."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from scipy.optimize import brentq

from lamina.descent.line import Line, NoStepError

_EPS = float(np.finfo(float).eps)


def search(line: Line, bracket: tuple[float, float] | None) -> float:
    """Return a step length between the ends of `bracket` that minimises `line` locally.

    NoStepError where none is found that goes no higher than the start.
    """
    seen = _Seen(line)
    low, high = _first_rise(seen) if bracket is None else bracket
    if bracket is not None:
        for end, outward in ((high, seen.slope(high) <= 0), (low, seen.slope(low) >= 0)):
            if outward and seen.lowers(end):
                return end
        if seen.slope(low) >= 0:
            raise NoStepError(f"the function is higher at the low end {low:.3g} of the bracket")
    return _narrow(seen, low, high)


class _Seen:
    """Slopes and values along a line, each found once."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.found = cache(line.slope)
        self.value = cache(line)

    def slope(self, alpha: float) -> float:
        """Return a slope; NoStepError if it is not finite."""
        slope = self.found(alpha) if alpha else self.line.slope_at_start
        if not math.isfinite(slope):
            raise NoStepError(f"the slope along the direction is {slope} at alpha = {alpha:.3g}")
        return slope

    def lowers(self, alpha: float) -> bool:
        """Return whether a step goes down, or as level as where rounding hides the descent."""
        line = self.line
        if self.value(alpha) < line.value:
            return True
        hidden = -line.slope_at_start * alpha <= 64 * _EPS * abs(line.value)
        return hidden and self.value(alpha) == line.value


def _first_rise(seen: _Seen) -> tuple[float, float]:
    """Return an interval at whose low end the function falls and at whose high end it rises.

    Or where at the high end it is above the start, so that it has risen on the way.
    """
    low, high, too_far = 0.0, 1.0, math.inf
    for _ in range(200):
        slope = seen.found(high)
        if not math.isfinite(slope):
            too_far = high
        elif slope >= 0 or not seen.lowers(high):
            return low, high
        else:
            low = high
        high = (low + too_far) / 2 if math.isfinite(too_far) else 2 * high
    raise NoStepError(
        f"the function still falls at alpha = {low:.3g} along the direction: "
        f"it may have no lower bound"
    )


def _narrow(seen: _Seen, low: float, high: float) -> float:
    """Return a minimum between `low`, where the function falls, and `high`, where it has risen.

    A root of the slope that lies above the start becomes the high end, and the interval is halved
    so that its low end stays below the start.
    """
    while True:
        if seen.slope(high) >= 0:
            root = brentq(seen.slope, low, high, xtol=1e-24 * high, rtol=4 * _EPS, maxiter=500)
            if root and seen.lowers(root):
                return float(root)
            high = root
        middle = (low + high) / 2
        if middle in (low, high) or np.array_equal(seen.line.at(middle), seen.line.at(low)):
            break
        if seen.lowers(middle) and seen.slope(middle) < 0:
            low = middle
        else:
            high = middle
    if low and seen.lowers(low):
        return low
    raise NoStepError(
        f"no step down to alpha = {high:.3g} lowers the value: rounding hides the decrease, "
        f"or the gradient is not that of f"
    )
