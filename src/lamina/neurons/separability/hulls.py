"""The nearest points of two convex hulls, first in float64, then in rational numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
import scipy.linalg

from lamina.neurons.separability import exact

EPS = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)

MOST_PRODUCTS = 1e9
"""Of integers, in one exact solution: about a minute."""

PREPARATION, PRODUCT, ENTRY, ROUND = 40, 150, 8, 1e5
"""Work, as `Budget` has it: of making `Hulls`, per number; of a product of integers in an exact
solution; of looking for the lowest row, per number; of anything else in a round."""

MOST_UNKNOWNS = 2000
"""Of one exact solution; `exact.solve` sums products in 64 bits."""

Weighted = tuple[list[int], np.ndarray]
"""Rows and their convex weights."""


class TooLargeError(ArithmeticError):
    """An exact solution would take too long."""


@dataclass
class Budget:
    """Work that may still be done, in units of about a nanosecond.

    It is counted, not timed: the same data get the same answer on every machine.
    """

    left: float = math.inf

    def spend(self, work: float) -> None:
        """Take `work` away; TooLargeError if there is not as much."""
        self.left -= work
        if self.left < 0:
            raise TooLargeError("more work than was granted")


class Hulls:
    """Rows with signs: what `nearest` works on.

    Row i stands for z_i = s_i x_i, s_i the sign of its class. Convex weights, which sum to 1 in
    each group of rows, have the vector v = Σ λ_i z_i. With a group per class v leads from a point
    of the negative hull to one of the positive; with one group for all v is a point of the hull of
    the z_i. The shortest v is the normal of the plane of maximum margin (in the second case, of
    that plane through the origin). It is 0 if and only if there is no separating plane.

    Parameters
    ----------
    points : ndarray of float64 of shape (n_samples, n_features)
        Finite.
    positive : ndarray of bool of shape (n_samples,)
    fit_bias : bool
        Whether each class is a group of its own.
    budget : Budget, optional
        Of the search; by default without end.
    """

    def __init__(
        self,
        points: np.ndarray,
        positive: np.ndarray,
        fit_bias: bool,
        budget: Budget | None = None,
    ):
        self.budget = budget or Budget()
        self.budget.spend(PREPARATION * points.size)
        self.z = np.where(positive[:, None], points, -points)
        group = np.where(positive, 0, 1) if fit_bias else np.zeros(len(points), dtype=int)
        self.group = group
        self.groups = [np.flatnonzero(group == g) for g in range(2 if fit_bias else 1)]
        self.exponent = exact.exponent(points)

    def integers(self, rows: Any) -> np.ndarray:
        """Return rows of z as integers, in units of 2**exponent."""
        return exact.integers(self.z[rows], self.exponent)

    def constraints(self, rows: list[int]) -> np.ndarray:
        """Return the matrix C of 0 and 1 of shape (groups, rows) with C λ = 1."""
        return (self.group[rows] == np.arange(len(self.groups))[:, None]).astype(int)

    def direction(self, rows: list[int], weights: np.ndarray) -> tuple[np.ndarray, int]:
        """Return integers V and q with v = Σ λ_i z_i = V / q, in units of 2**exponent."""
        shares, q = exact.common_denominator(weights)
        return shares @ self.integers(rows), q

    def lowest(self, group: int, direction: np.ndarray) -> tuple[int, int]:
        """Return the row of a group with the least z · V, and that value, for integers V.

        Floats sort out the rows that are too high for their rounding errors to matter.
        """
        rows = self.groups[group]
        largest = max(abs(direction))
        rounded = np.array([value / largest for value in direction])
        z = self.z[rows]
        with np.errstate(over="ignore", invalid="ignore"):
            away = z - z[int(np.argmin(z @ rounded))]
            size = np.abs(away)
            error = (len(rounded) + 4) * EPS * (size @ np.abs(rounded))
            error += 2 * len(rounded) * TINY * (1 + size.max(axis=1))
            doubtful = rows[~(away @ rounded > error)]
        if len(doubtful) > 1000:  # often there are only a few different ones
            doubtful = doubtful[np.unique(self.z[doubtful], axis=0, return_index=True)[1]]
        values = self.integers(doubtful) @ direction
        best = int(np.argmin(values))
        return int(doubtful[best]), values[best]


class Arithmetic(Protocol):
    """What `nearest` needs to be able to compute."""

    def balance(self, rows: list[int]) -> np.ndarray | None:
        """Return the weights, of any sign, that make v shortest; None if they are not unique."""

    def entering(self, rows: list[int], weights: np.ndarray) -> int | None:
        """Return a row that makes v shorter; None if there is none."""


def nearest(arithmetic: Arithmetic, rows: list[int], weights: Any, limit: int) -> Weighted:
    """Return the rows and weights of the shortest v, by Wolfe's active-set method.

    Starting from feasible weights, the weights of the rows at hand are moved towards those that
    make v shortest; a row whose weight would become negative is dropped on the way. Then a row
    enters that makes v shorter. In exact arithmetic v becomes shorter with each round, so no set
    of rows returns and the method ends. [1]_

    References
    ----------
    .. [1] P. Wolfe, Finding the nearest point in a polytope, Mathematical Programming 11 (1976).
    """
    for _ in range(limit):
        rows, weights = _settle(arithmetic, rows, weights)
        row = arithmetic.entering(rows, weights)
        if row is None or row in rows:
            break
        rows, weights = [*rows, row], np.append(weights, 0 * weights[0])
    return [r for r, w in zip(rows, weights, strict=True) if w > 0], weights[weights > 0]


def _settle(arithmetic: Arithmetic, rows: list[int], weights: Any) -> Weighted:
    """Move the weights to the best of these rows that are all positive, dropping rows."""
    while True:
        target = arithmetic.balance(rows)
        if target is None or (target > 0).all():
            return rows, weights if target is None else target
        falling = np.flatnonzero(target <= 0)
        steps = [
            weights[i] / (weights[i] - target[i]) if weights[i] > 0 else 0 * weights[i]
            for i in falling
        ]
        first = int(np.argmin(steps))
        weights = weights + steps[first] * (target - weights)
        keep = np.arange(len(rows)) != falling[first]
        rows, weights = [r for r, k in zip(rows, keep, strict=True) if k], weights[keep]


class Floats:
    """Arithmetic in float64, on data moved to the origin and scaled to about 1."""

    def __init__(self, hulls: Hulls):
        self.hulls, self.length = hulls, np.inf
        z = hulls.z / max(np.abs(hulls.z).max(), TINY)
        if len(hulls.groups) == 2:
            sign = np.where(hulls.group == 0, 1.0, -1.0)[:, None]
            z -= sign * (z * sign).mean(axis=0)
            z /= max(np.abs(z).max(), TINY)
        self.z = z

    def start(self) -> Weighted:
        """Return the row of each group that is nearest to the origin, with weight 1."""
        sizes = np.einsum("ij,ij->i", self.z, self.z)
        return [int(g[np.argmin(sizes[g])]) for g in self.hulls.groups], np.ones(
            len(self.hulls.groups)
        )

    def balance(self, rows: list[int]) -> np.ndarray | None:
        """Solve min |Σ λ z| subject to C λ = 1 by least squares on differences of rows."""
        self.hulls.budget.spend(ROUND + 4 * len(rows) ** 2 * self.z.shape[1])
        group = self.hulls.group[rows]
        base = [int(np.argmax(group == g)) for g in range(len(self.hulls.groups))]
        z, own = self.z[rows], np.array(base)[group]
        free = np.setdiff1d(np.arange(len(rows)), base)
        weights = np.zeros(len(rows))
        if len(free):
            differences = (z[free] - z[own[free]]).T
            weights[free] = scipy.linalg.lstsq(
                differences, -z[base].sum(axis=0), lapack_driver="gelsy", check_finite=False
            )[0]
        for g, b in enumerate(base):
            weights[b] = 1 - weights[group == g].sum()
        return weights

    def entering(self, rows: list[int], weights: np.ndarray) -> int | None:
        """Return the row that lies deepest below its group; None at the level of rounding."""
        self.hulls.budget.spend(self.z.size)
        v = weights @ self.z[rows]
        length = float(v @ v)
        if length >= self.length:
            return None
        self.length, height = length, self.z @ v
        found = []
        for g, own in enumerate(self.hulls.groups):
            inside = self.hulls.group[rows] == g
            row = int(own[np.argmin(height[own])])
            found.append((float(weights[inside] @ height[rows][inside] - height[row]), row))
        depth, row = max(found)
        return row if depth > 8 * EPS * float(np.sqrt(length * len(v))) else None


class Rationals:
    """Arithmetic in rational numbers: slow, and right."""

    def __init__(self, hulls: Hulls):
        self.hulls = hulls
        self.solved: tuple[list[int], np.ndarray | None] = [], None

    def start(self, rows: list[int], weights: np.ndarray) -> Weighted:
        """Return the weights as fractions that sum to 1, on rows in general position."""
        chosen = list(np.argsort(-weights, kind="stable"))
        while self.balance([rows[i] for i in chosen]) is None:
            group = self.hulls.group[[rows[i] for i in chosen]]
            spare = [k for k in range(len(chosen)) if (group == group[k]).sum() > 1]
            del chosen[spare[-1]]
        rows, own = [rows[i] for i in chosen], [Fraction(float(weights[i])) for i in chosen]
        return rows, self.normalised(rows, own)

    def normalised(self, rows: list[int], weights: Any) -> np.ndarray:
        """Return the weights divided by the sum of their group."""
        given, group = np.array(weights, dtype=object), self.hulls.group[rows]
        return np.array([w / given[group == g].sum() for w, g in zip(given, group, strict=True)])

    def balance(self, rows: list[int]) -> np.ndarray | None:
        """Solve G λ = Cᵀ ν, C λ = 1 with the Gram matrix G; or Zᵀ λ = 0 where that is square."""
        if rows == self.solved[0]:
            return self.solved[1]
        k, d = len(rows), self.hulls.z.shape[1]
        self.hulls.budget.spend(PRODUCT * k * min(k, d))  # before there is a matrix of integers
        z, c = self.hulls.integers(rows), self.hulls.constraints(rows).astype(object)
        m = len(c)
        if k == d + m:
            matrix = np.vstack([z.T, c])
        else:
            matrix = np.block([[z @ z.T, c.T], [c, np.zeros((m, m), dtype=object)]])
        right = np.array([0] * (len(matrix) - m) + [1] * m, dtype=object)
        products = exact.cost(matrix, right)
        if len(right) > MOST_UNKNOWNS or products > MOST_PRODUCTS:
            raise TooLargeError(f"{len(right)} equations")
        self.hulls.budget.spend(ROUND + PRODUCT * products)
        found = exact.solve(matrix, right)
        self.solved = rows, None if found is None else found[:k]
        return self.solved[1]

    def entering(self, rows: list[int], weights: np.ndarray) -> int | None:
        """Return the row that lies deepest below its group."""
        self.hulls.budget.spend(ROUND + ENTRY * self.hulls.z.size)
        v = self.hulls.direction(rows, weights)[0]
        if not v.any():
            return None
        levels = self.hulls.constraints(rows) @ (weights * (self.hulls.integers(rows) @ v))
        lows = [self.hulls.lowest(g, v) for g in range(len(levels))]
        depth, row = max((level - low, row) for level, (row, low) in zip(levels, lows, strict=True))
        return row if depth > 0 else None
