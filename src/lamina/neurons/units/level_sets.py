"""Where a unit has a given value: the level sets of φ(w·x + b) (note 003 §4.1).

Since a unit sees x only through z = w·x + b, its level sets are what φ(z) = v leaves of the line,
carried along the hyperplanes orthogonal to w.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq

from lamina.neurons.arrays import linear_form, points
from lamina.spec.activations import (
    ACTIVATIONS,
    LEAKY_SLOPE,
    SELU_ALPHA,
    SELU_SCALE,
    inverse_logistic,
)


class Band(NamedTuple):
    """The numbers from `low` to `high`; without its finite ends unless `closed`."""

    low: float
    high: float
    closed: bool = True


class Hyperplane(NamedTuple):
    """All x with ``normal·x = offset``; the normal has length 1.

    `offset` is the hyperplane's signed distance from the origin.
    """

    normal: tuple[float, ...]
    offset: float


@dataclass(frozen=True)
class LevelSet:
    """All x where a unit has one value (note 003 §4.1).

    Made by `Unit.level_set`. Each band is all x with ``low <= normal·x <= high``: a hyperplane if
    the ends are equal, a half-space if one of them is infinite, everything if both are.

    Attributes
    ----------
    value : float
        The unit's value there.
    normal : tuple of float
        The unit's direction ``w / ‖w‖``; zeros if the weights are all 0.
    bands : tuple of Band
        The pieces, in the direction of the normal; none if the unit never has the value.
    values : str
        All values that the unit has, in words.

    Examples
    --------
    >>> from lamina.neurons import Unit
    >>> half = Unit([3.0, 4.0], -10.0, "logistic").level_set(0.5)
    >>> half.kind, half.hyperplanes
    ('hyperplane', (Hyperplane(normal=(0.6, 0.8), offset=2.0),))
    >>> print(half)
    value 0.5 on the hyperplane 0.6 x1 + 0.8 x2 = 2
    >>> print(Unit([3.0, 4.0], -10.0, "logistic").level_set(2))
    value 2 nowhere: the values are (0, 1)
    """

    value: float
    normal: tuple[float, ...]
    bands: tuple[Band, ...]
    values: str

    @property
    def kind(self) -> str:
        """One of "empty", "hyperplane", "two hyperplanes", "half-space" or "whole space"."""
        if len(self.bands) != 1:
            return "two hyperplanes" if self.bands else "empty"
        infinite = math.isinf(self.bands[0].low) + math.isinf(self.bands[0].high)
        return ["hyperplane", "half-space", "whole space"][infinite]

    @property
    def hyperplanes(self) -> tuple[Hyperplane, ...]:
        """The hyperplanes that the set consists of, or that bound it."""
        ends = sorted({end for band in self.bands for end in band[:2] if math.isfinite(end)})
        return tuple(Hyperplane(self.normal, end) for end in ends)

    def distance(self, x: Any) -> Any:
        """Return the distance from x (d,), or from each row of x (N, d), to the set.

        It is 0 in the set and infinite if the set is empty.
        """
        x = points("x", x, len(self.normal))
        along = x @ np.array(self.normal)
        gaps = [np.maximum(0.0, np.maximum(b.low - along, along - b.high)) for b in self.bands]
        nearest = np.minimum.reduce([np.full_like(along, np.inf), *gaps])
        return nearest.item() if x.ndim == 1 else nearest

    def __str__(self) -> str:
        if self.kind == "empty":
            return f"value {self.value:.6g} nowhere: the values are {self.values}"
        if self.kind == "whole space":
            return f"value {self.value:.6g} everywhere"
        form, places = linear_form(self.normal), [f"{h.offset:.6g}" for h in self.hyperplanes]
        if self.kind == "half-space":
            low, _, closed = self.bands[0]
            sign = ("<" if math.isinf(low) else ">") + ("=" if closed else "")
            return f"value {self.value:.6g} on the half-space {form} {sign} {places[0]}"
        the = "the hyperplane" if len(places) == 1 else "two parallel hyperplanes"
        return f"value {self.value:.6g} on {the} {form} = {' and = '.join(places)}"


def solutions(activation: str, value: float) -> tuple[Band, ...]:
    """Return all z with φ(z) = value, in rising order."""
    if activation in _DIPS:
        return _dip_solutions(activation, value)
    if value in _FLATS.get(activation, {}):
        return (_FLATS[activation][value],)
    low, high, inverse = _RISES.get(activation, (0.0, 0.0, float))
    return (_point(float(inverse(value))),) if low < value < high else ()


def values(activation: str) -> str:
    """Return all values of φ in words: an interval or a set."""
    if activation in _DIPS:
        return f"[{_lowest(activation)[1]:.6g}, inf)"
    flats = _FLATS.get(activation, {})
    if activation not in _RISES:
        return "{" + ", ".join(f"{value:g}" for value in flats) + "}"
    low, high, _ = _RISES[activation]
    return f"{'[' if low in flats else '('}{low:.6g}, {high:.6g}{']' if high in flats else ')'}"


def _point(z: float) -> Band:
    return Band(z, z)


# Where φ rises strictly: the ends of its values there, and its inverse between them.
_RISES: dict[str, tuple[float, float, Callable[[float], float]]] = {
    "identity": (-math.inf, math.inf, lambda v: v),
    "logistic": (0.0, 1.0, lambda v: inverse_logistic(np.float64(v))),
    "tanh": (-1.0, 1.0, math.atanh),
    "relu": (0.0, math.inf, lambda v: v),
    "leaky_relu": (-math.inf, math.inf, lambda v: v if v > 0 else v / LEAKY_SLOPE),
    "elu": (-1.0, math.inf, lambda v: v if v > 0 else math.log1p(v)),
    "selu": (
        -SELU_SCALE * SELU_ALPHA,
        math.inf,
        lambda v: v / SELU_SCALE if v > 0 else math.log1p(v / (SELU_SCALE * SELU_ALPHA)),
    ),
    "softplus": (0.0, math.inf, lambda v: v + math.log(-math.expm1(-v))),
    "hard_tanh": (-1.0, 1.0, lambda v: v),
    "exp": (0.0, math.inf, math.log),
}

# Where φ is constant over a band of z: value and band.
_BELOW, _FROM = Band(-math.inf, 0.0, closed=False), Band(0.0, math.inf)
_FLATS: dict[str, dict[float, Band]] = {
    "relu": {0.0: Band(-math.inf, 0.0)},
    "hard_tanh": {-1.0: Band(-math.inf, -1.0), 1.0: Band(1.0, math.inf)},
    "threshold": {0.0: _BELOW, 1.0: _FROM},
    "sign": {-1.0: _BELOW, 1.0: _FROM},
}

# Where φ falls from 0 at minus infinity to a lowest value below 0 and rises from there on.
_DIPS = ("gelu", "silu", "mish")
_FINE = {"xtol": 5e-324, "rtol": 4 * np.finfo(float).eps, "maxiter": 2000}


def _phi(activation: str, z: float) -> float:
    return float(ACTIVATIONS[activation].value(np.float64(z)))


@lru_cache
def _lowest(activation: str) -> tuple[float, float]:
    """Return where the dip is lowest, and its value."""
    derivative = ACTIVATIONS[activation].derivative
    z = brentq(lambda z: derivative(np.float64(z), _phi(activation, z)), -3.0, -0.1, **_FINE)
    return z, _phi(activation, z)


def _dip_solutions(activation: str, value: float) -> tuple[Band, ...]:
    """Return the z on either side of the lowest point; for values from 0 on only the right one."""
    bottom, least = _lowest(activation)
    if value <= least:
        return (_point(bottom),) if value == least else ()

    def between(low: float, high: float) -> Band:
        return _point(brentq(lambda z: _phi(activation, z) - value, low, high, **_FINE))

    if value >= 0:  # φ(z) lies between z / 2 and z
        return (between(value, 2 * value),) if value else (_point(0.0),)
    far = 2 * bottom
    while _phi(activation, far) < value:
        far *= 2
    return between(far, bottom), between(bottom, 0.0)
