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

import itertools
import math
from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from lamina.neurons.approximation.logistic_layer import LogisticLayer
from lamina.neurons.approximation.target import Target
from lamina.spec.activations import logistic

SLOPE = 2.0
"""Of a unit, in distances between neighbours: gentle, since smooth sums need few units."""
PENALTY = 1e-8
"""Of large output weights, relative to the size of a column."""
MOST_POINTS = {1: 4001, 2: 97}
"""Per variable, that the output weights are fitted to."""
ROUNDS = 5
"""Of reweighting, if the error is at most NEAR times what is enough."""
NEAR = 5.0
SIZES = (1, 2, *(n * 2**k for k in range(1, 20) for n in (2, 3)))
"""Numbers of directions, and of units in each, that are tried: 1, 2, 4, 6, 8, 12, 16, ..."""


def ridges(target: Target, n_directions: int, n_offsets: int, enough: float) -> LogisticLayer:
    """Return a fit of f by so many directions and so many units in each.

    If it comes near an error of `enough`, its largest error is lowered further.
    """
    directions, weights, biases = _layer(target.box, n_directions, n_offsets)
    points = target.grid(min(max(33, 2 * n_offsets + 1), MOST_POINTS[len(target.box)]))
    columns = logistic(points @ weights + biases)
    solution = _smallest_error(np.insert(columns, 0, 1.0, axis=1), target(points), enough)
    return LogisticLayer(weights, biases, solution[1:], float(solution[0]), directions)


def _smallest_error(matrix: np.ndarray, values: np.ndarray, enough: float) -> np.ndarray:
    """Return coefficients with a small largest error: least squares, reweighted.

    Each time a point's weight is multiplied by its error, so that the worst count more (Lawson
    1961); the best of all rounds is taken.
    """
    importance, best, least = np.ones(len(values)), np.zeros(matrix.shape[1]), np.inf
    for _ in range(ROUNDS):
        root = np.sqrt(importance)
        solution = _least_squares(matrix * root[:, None], values * root)
        errors = np.abs(matrix @ solution - values)
        worst = errors.max()
        if worst < least:
            best, least = solution, worst
        if worst > NEAR * enough or worst == 0:
            break
        importance = importance * np.maximum(errors / worst, 1e-3)
        importance /= importance.mean()
    return best


def _least_squares(matrix: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return coefficients by one QR factorisation of the matrix and the values beside it."""
    n, m = matrix.shape
    small = PENALTY * math.sqrt(n) * np.eye(m, m + 1)
    r: Any = np.linalg.qr(np.vstack([np.column_stack([matrix, values]), small]), mode="r")
    return solve_triangular(r[:m, :m], r[:m, m])


def grow(
    target: Target, max_units: int, error: Callable[[LogisticLayer], float], enough: float
) -> tuple[LogisticLayer, float]:
    """Return the first fit whose error is at most `enough`, or the best that `max_units` allow.

    Units become more by about √2 a time. Each time as many directions as were best so far are
    tried, some more and some fewer, with units in each to match.
    """
    plane = len(target.box) == 2
    best_i, best = int(plane), Attempt(np.inf, 0, None)
    for level in itertools.count(best_i + 1):
        tried = []
        for i in (best_i - 1, best_i, best_i + 1) if plane else (0,):
            j = level - i
            if i >= plane and j >= 1 and SIZES[i] * SIZES[j] <= max_units:
                layer = ridges(target, SIZES[i], SIZES[j], enough)
                tried.append(Attempt(error(layer), i, layer))
        if not tried:
            break
        best_i = min(tried, key=attrgetter("error")).i
        best = min(best, *tried, key=attrgetter("error"))
        if best.error <= enough:
            break
    return best.layer, best.error


class Attempt(NamedTuple):
    """A fit with ``SIZES[i]`` directions, and its error."""

    error: float
    i: int
    layer: Any  # a LogisticLayer


def _layer(
    box: np.ndarray, n_directions: int, n_offsets: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return directions, weights and biases; the units of a direction span the whole box."""
    angles = np.arange(n_directions) * np.pi / n_directions
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)[:, : len(box)]
    reach = np.abs(directions).sum(axis=1)[:, None]  # of a·u over [-1, 1]^d
    reach = reach * n_offsets / (n_offsets - 1)  # and half a distance more
    offsets = reach * np.linspace(-1, 1, n_offsets)
    slopes = SLOPE * (n_offsets - 1) / (2 * reach)
    centre, half = box.mean(axis=1), np.diff(box)[:, 0] / 2
    scaled = directions / half  # a·u = (a / half)·(x - centre)
    weights = np.repeat(slopes * scaled, n_offsets, axis=0)
    biases = -slopes * (offsets + (scaled @ centre)[:, None])
    return directions, weights.T, biases.ravel()
