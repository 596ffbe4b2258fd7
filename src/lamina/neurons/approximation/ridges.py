"""A continuous function of two variables as a sum of ridge functions made of logistic units.

The constructive half of note 002 §3.4 for one hidden layer in two dimensions, where steps alone do
not do: a unit is constant along the lines that its weights are normal to, so it cannot be confined
to a cell. What holds instead:

* Polynomials come as close to f as asked (Weierstrass).
* The powers ``(a_j·x)^k`` of k + 1 directions, no two parallel, span all homogeneous polynomials of
  degree k in two variables (their matrix is Vandermonde's). So a polynomial of degree below J is a
  sum of J ridge functions ``g_j(a_j·x)`` for any J directions.
* Each g_j is a function of one variable, for which shifted logistic units suffice.

So equally spaced directions and, in each, equally spaced units whose slopes fit their distance come
as close to f as asked, if there are enough of both (Cybenko 1989; Hornik, Stinchcombe and White
1989; Pinkus 1999, Acta Numerica 8). Given the hidden layer, the output weights solve a linear
problem, and no power is ever formed. In one variable there is one direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from lamina.neurons.approximation.logistic_layer import LogisticLayer
from lamina.neurons.approximation.target import Target
from lamina.spec.activations import logistic


class Kind(NamedTuple):
    """How gentle units are, and how large their output weights may become.

    A sum of equally spaced units keeps a ripple of about ``exp(-2π² / slope)``, and an error at the
    ends of the box, where neighbours are missing, that falls only with the distance of the units.
    Both are smaller for gentler units, so small tolerances want these. But gentle units are much
    alike: they need large output weights, which cost digits, and they serve kinks worse.

    Attributes
    ----------
    slope : float
        Of a unit, in distances between neighbours.
    penalty : float
        Of large output weights, relative to the size of a column.
    below : float
        Largest tolerance, relative to the largest value of f, that the kind is tried for.
    """

    slope: float
    penalty: float
    below: float


KINDS = (Kind(2.0, 1e-8, np.inf), Kind(0.5, 1e-12, 1e-3), Kind(0.125, 1e-14, 1e-5))
PLATEAU = 4
"""So many times more units, four times as many in all, that do not even halve the error..."""
ROUNDING = 1e-6
"""...show, if it is below this part of the largest value, that rounding stands in the way."""
MOST_POINTS = {1: 4001, 2: 97}
"""Per variable, that the output weights are fitted to."""
ROUNDS = 5
"""Of reweighting, if the error is at most NEAR times what is enough."""
NEAR = 5.0
SIZES = (1, 2, *(n * 2**k for k in range(1, 20) for n in (2, 3)))
"""Numbers of directions, and of units in each, that are tried: 1, 2, 4, 6, 8, 12, 16, ..."""


def ridges(
    target: Target, n_directions: int, n_offsets: int, kind: Kind, enough: float
) -> LogisticLayer:
    """Return a fit of f by so many directions and so many units in each.

    If it comes near an error of `enough`, its largest error is lowered further.
    """
    directions, weights, biases = _layer(target.box, n_directions, n_offsets, kind.slope)
    points = target.grid(min(max(33, 2 * n_offsets + 1), MOST_POINTS[len(target.box)]))
    columns = logistic(points @ weights + biases)
    matrix = np.insert(columns, 0, 1.0, axis=1)
    solution = _smallest_error(matrix, target(points), kind.penalty, enough)
    return LogisticLayer(weights, biases, solution[1:], float(solution[0]), directions)


def _smallest_error(
    matrix: np.ndarray, values: np.ndarray, penalty: float, enough: float
) -> np.ndarray:
    """Return coefficients with a small largest error: least squares, reweighted.

    Each time a point's weight is multiplied by its error, so that the worst count more (Lawson
    1961); the best of all rounds is taken.
    """
    importance, best, least = np.ones(len(values)), np.zeros(matrix.shape[1]), np.inf
    for _ in range(ROUNDS):
        root = np.sqrt(importance)
        solution = _least_squares(matrix * root[:, None], values * root, penalty)
        errors = np.abs(matrix @ solution - values)
        worst = errors.max()
        if worst < least:
            best, least = solution, worst
        if worst > NEAR * enough or worst == 0:
            break
        importance = importance * np.maximum(errors / worst, 1e-3)
        importance /= importance.mean()
    return best


def _least_squares(matrix: np.ndarray, values: np.ndarray, penalty: float) -> np.ndarray:
    """Return coefficients by one QR factorisation of the matrix and the values beside it."""
    n, m = matrix.shape
    small = penalty * math.sqrt(n) * np.eye(m, m + 1)
    r: Any = np.linalg.qr(np.vstack([np.column_stack([matrix, values]), small]), mode="r")
    return solve_triangular(r[:m, :m], r[:m, m])


def grow(
    target: Target,
    max_units: int,
    error: Callable[[LogisticLayer], float],
    enough: float,
    largest: float,
) -> Growth:
    """Return the first fit whose error is at most `enough`, or the best that `max_units` allow.

    Units become more by about √2 a time. Each time as many directions as were best so far are
    tried, some more and some fewer, with units in each to match. It ends early where more units
    no longer help although the error is far below `largest`, the largest value of f.
    """
    plane = len(target.box) == 2
    kinds = [kind for kind in KINDS if enough <= kind.below * largest] or KINDS[:1]
    best_i, best = int(plane), Attempt(np.inf, 0, None)
    errors: list[float] = []
    level = best_i
    while True:
        level += 1
        tried = []
        for i in (best_i - 1, best_i, best_i + 1) if plane else (0,):
            j = level - i
            if i >= plane and j >= 1 and SIZES[i] * SIZES[j] <= max_units:
                sizes = SIZES[i], SIZES[j]
                layers = (ridges(target, *sizes, kind, enough) for kind in kinds)
                tried.append(_first(layers, error, enough, i))
        if not tried:
            return Growth(best.layer, best.error, stuck=False)
        best_i = min(tried, key=attrgetter("error")).i
        best = min(best, *tried, key=attrgetter("error"))
        errors.append(best.error)
        stuck = len(errors) > PLATEAU and best.error > 0.5 * errors[-1 - PLATEAU]
        stuck = stuck and best.error < ROUNDING * largest
        if best.error <= enough or stuck:
            return Growth(best.layer, best.error, stuck)


def _first(
    layers: Iterable[LogisticLayer], error: Callable[[LogisticLayer], float], enough: float, i: int
) -> Attempt:
    """Return the first layer whose error is at most `enough`, or the best of all."""
    best = Attempt(np.inf, i, None)
    for layer in layers:
        best = min(best, Attempt(error(layer), i, layer), key=attrgetter("error"))
        if best.error <= enough:
            break
    return best


class Growth(NamedTuple):
    """The best fit, its error, and whether more units no longer lower it."""

    layer: LogisticLayer
    error: float
    stuck: bool


class Attempt(NamedTuple):
    """A fit with ``SIZES[i]`` directions, and its error."""

    error: float
    i: int
    layer: Any  # a LogisticLayer


def _layer(
    box: np.ndarray, n_directions: int, n_offsets: int, slope: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return directions, weights and biases; the units of a direction span the whole box."""
    angles = np.arange(n_directions) * np.pi / n_directions
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)[:, : len(box)]
    reach = np.abs(directions).sum(axis=1)[:, None]  # of a·u over [-1, 1]^d
    reach = reach * n_offsets / (n_offsets - 1)  # and half a distance more
    offsets = reach * np.linspace(-1, 1, n_offsets)
    slopes = slope * (n_offsets - 1) / (2 * reach)
    centre, half = box.mean(axis=1), np.diff(box)[:, 0] / 2
    scaled = directions / half  # a·u = (a / half)·(x - centre)
    weights = np.repeat(slopes * scaled, n_offsets, axis=0)
    biases = -slopes * (offsets + (scaled @ centre)[:, None])
    return directions, weights.T, biases.ravel()
