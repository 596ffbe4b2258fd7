"""A continuous function of one variable as a staircase whose steps are steep logistic units.

The constructive half of note 002 §3.4 in one dimension. A continuous f on [a, b] is uniformly
continuous, so [a, b] falls into finitely many cells in each of which f changes by at most 2ε. The
staircase that is half way between the smallest and the largest value of each cell is then within ε
of f. A step of height c at t is c times a logistic unit ``σ(s (x - t))`` with s large. Where the
step is under way, the sum lies between two neighbouring levels, both within ε of f nearby.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lamina.neurons.approximation.logistic_layer import LogisticLayer
from lamina.neurons.approximation.target import FINEST, Target
from lamina.plan import checks

STEP = 0.9  # shares of the tolerance: half the change in a cell,
CHANGE = 0.04  # the change from one sample to the next,
LEAK = 0.01  # and what all steps together leave beside their places
MOST_SAMPLES = 2**20


class Staircase(NamedTuple):
    """Levels of a staircase, and the gaps between samples that its steps stand in.

    Attributes
    ----------
    levels : ndarray of shape (m + 1,)
    gaps : ndarray of shape (m, 2)
        Last sample of a cell and first of the next.
    """

    levels: np.ndarray
    gaps: np.ndarray


def staircase(target: Target, points: np.ndarray, tolerance: float, max_units: int) -> Staircase:
    """Return the staircase with the fewest steps, as far as samples tell: `points` (N, 1) and more.

    Raises
    ------
    ArgumentError
        If it has more than `max_units` steps; says which error that many would leave.
    """
    x, y = _samples(target, points, CHANGE * tolerance)
    levels, firsts = _cells(y, STEP * tolerance)
    if len(firsts) > max_units:
        reached = _reached(y, max_units, STEP * tolerance) / STEP
        raise checks.ArgumentError(
            f"tolerance = {tolerance:g} takes {len(firsts):,} steps, more than max_units = "
            f"{max_units:,}, with which the error is {reached:.3g}; allow more units, or try "
            f"method='smooth'"
        )
    after = np.array(firsts, dtype=int)
    return Staircase(np.array(levels), np.stack([x[after - 1], x[after]], axis=1))


def layers(stairs: Staircase, low: float, high: float, tolerance: float) -> Iterator[LogisticLayer]:
    """Yield the staircase on [low, high] as logistic units, the gentlest slopes first.

    A unit of slope s has left its step by ``σ(-s r)`` at a distance r. r is first half the narrower
    of the two cells beside the step, then halved again and again, down to the samples beside it;
    there the theorem holds.
    """
    middles = stairs.gaps.mean(axis=1)
    least = (stairs.gaps[:, 1] - stairs.gaps[:, 0]) / 2
    widths = np.diff(np.concatenate([[low], middles, [high]]))
    heights = np.diff(stairs.levels)
    leak = LEAK / max(1.0, np.abs(heights / tolerance).sum())
    for halvings in itertools.count(1):
        reach = np.maximum(np.minimum(widths[:-1], widths[1:]) / 2**halvings, least)
        slopes = (math.log1p(-leak) - math.log(leak)) / reach
        if not len(slopes):  # f is as good as constant: one unit without effect
            slopes = middles = heights = np.zeros(1)
        bias, direction = float(stairs.levels[0]), np.ones((1, 1))
        yield LogisticLayer(slopes[None], -slopes * middles, heights, bias, direction)
        if (reach == least).all():
            return


def _samples(target: Target, points: np.ndarray, change: float) -> tuple[np.ndarray, np.ndarray]:
    """Return ascending points and values that change by at most `change` from one to the next."""
    x = np.union1d(points[:, 0], target.grid(1025)[:, 0])
    y = target(x[:, None])
    finest = FINEST * (x[-1] - x[0])
    while True:
        wide = (np.abs(np.diff(y)) > change) & (np.diff(x) > finest)
        if not wide.any():
            return x, y
        if len(x) + wide.sum() > MOST_SAMPLES:
            raise checks.ArgumentError(
                f"f varies too much for the tolerance: {MOST_SAMPLES:,} points are not enough to "
                f"follow it in steps of {change:g}"
            )
        middle = ((x[:-1] + x[1:]) / 2)[wide]
        places = np.flatnonzero(wide) + 1
        x, y = np.insert(x, places, middle), np.insert(y, places, target(middle[:, None]))


def _cells(y: np.ndarray, half: float) -> tuple[list[float], list[int]]:
    """Return levels of the fewest cells with changes of at most 2 half, and each next cell's start.

    Taking each cell as far as it goes is best: no cell that starts later ends earlier.
    """
    levels, firsts = [], []
    low = high = float(y[0])
    for i, value in enumerate(y.tolist()):
        low_, high_ = min(low, value), max(high, value)
        if high_ - low_ > 2 * half:
            levels.append((low + high) / 2)
            firsts.append(i)
            low_ = high_ = value
        low, high = low_, high_
    return [*levels, (low + high) / 2], firsts


def _reached(y: np.ndarray, max_units: int, half: float) -> float:
    """Return the least `half` that `max_units` steps suffice for, to a hundredth."""
    low, high = half, float(y.max() - y.min()) / 2
    while high > 1.01 * low:
        middle = math.sqrt(low * high)
        enough = len(_cells(y, middle)[1]) <= max_units
        low, high = (low, middle) if enough else (middle, high)
    return high
