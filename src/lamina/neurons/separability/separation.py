"""Linear separability of two classes, decided in exact arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from lamina.neurons.separability import exact
from lamina.neurons.separability.hulls import (
    Budget,
    Floats,
    Hulls,
    Rationals,
    TooLargeError,
    Weighted,
    nearest,
)
from lamina.neurons.separability.labelled import classes_of, points_of
from lamina.plan import checks

FLOAT_ROUNDS, EXACT_ROUNDS = 100_000, 10_000


class UndecidedError(RuntimeError):
    """Neither a separating plane nor a common point could be proven at an acceptable cost."""


@dataclass(frozen=True, eq=False, repr=False)
class Separation:
    """The answer of `separate`, with its proof: one point of each convex hull.

    The proof are convex weights λ, rational numbers, on a few rows. They stand for one point of
    each class's hull. If the two points are the same, no plane has the classes on different sides.
    If they are the two nearest points of the hulls, the plane half-way between them, at right
    angles to their difference, separates with the largest margin. (Without a bias: weights on the
    rows s_i x_i, s_i = ±1 by class, with sum 1; their point is 0, or the nearest to 0.)

    Attributes
    ----------
    separable : bool
        Whether there are w and b with w · x + b > 0 on the positive class and < 0 on the other.
    classes : tuple
        The labels in sorted order; the last is the positive class.
    fit_bias : bool
        Whether planes may miss the origin.
    weights : ndarray of float64 of shape (n_features,), or None
        Normal w of the plane of largest margin, of length 1; read-only. None if not separable.
    bias : float or None
        b. Then ``X @ weights + bias`` are signed distances to the plane.
    margin : float
        The geometric margin γ: the least distance of a row to the plane. No plane has a larger
        one. 0 if not separable, or if it is separable with a margin below the smallest float;
        inf if there is one class only and a bias.
    gap : float
        Largest share of the largest possible margin that may be missing: γ >= (1 - gap) γ_max.
        0 if γ is proven to be γ_max; more only where an exact solution is too long.
    support : ndarray of int of shape (n_support,)
        Rows with positive λ: the support points, or those of the common point; read-only.
    convex_weights : tuple of Fraction
        Their λ, which sum to 1 in each class (without a bias, over all).
    common_point : ndarray of float64 of shape (n_features,), or None
        Point of both hulls, if they have one.
    points, positive : ndarray of shape (n_samples, n_features) and (n_samples,)
        Copy of X as float64 and whether a row is of the positive class; read-only.
    """

    separable: bool
    classes: tuple[Any, ...]
    fit_bias: bool
    weights: np.ndarray | None
    bias: float | None
    margin: float
    gap: float
    support: np.ndarray
    convex_weights: tuple[Fraction, ...]
    common_point: np.ndarray | None
    points: np.ndarray = field(repr=False)
    positive: np.ndarray = field(repr=False)

    def __repr__(self) -> str:
        found = f"margin={self.margin:.6g}" if self.separable else "hulls meet"
        return f"<Separation: separable={self.separable}, {found}, support={self.support.tolist()}>"

    def __str__(self) -> str:
        n, d = self.points.shape
        head = f"{n} points in {d} dimension{'s' * (d > 1)}: "
        return head + (self._separated() if self.separable else self._meeting())

    def _separated(self) -> str:
        if not len(self.support):
            return f"one class only, {self.classes[0]!r}: separable by any plane beside the points."
        proof = "no plane has a larger one (proven in rational arithmetic)."
        if self.gap:
            proof = f"at most {self.gap:.1e} of the largest is missing."
        return (
            f"separable. The plane with normal {_numbers(self.weights)} and bias {self.bias:.6g} "
            f"has margin {self.margin:.6g}; {proof} It rests on {len(self.support)} support "
            f"points: rows {_numbers(self.support)}."
        )

    def _meeting(self) -> str:
        assert self.common_point is not None
        if not self.fit_bias:
            return (
                "not separable by a plane through the origin. With signs by class, the rows "
                f"{_numbers(self.support)} have 0 in their hull."
            )
        met = f"not separable. The point {_numbers(self.common_point)} is in both hulls"
        if len(self.support) > 6 or max(w.denominator for w in self.convex_weights) > 1000:
            return met + f", by rows {_numbers(self.support)}."
        terms: dict[bool, list[str]] = {True: [], False: []}
        for row, weight in zip(self.support, self.convex_weights, strict=True):
            terms[bool(self.positive[row])].append(f"{weight} x[{row}]")
        return met + f": it is {' + '.join(terms[True])} = {' + '.join(terms[False])}."

    def verify(self) -> bool:
        """Check the proof again in integers and fractions alone, row by row.

        Returns
        -------
        bool
            Whether the weights are convex weights and either give one and the same point,
            `common_point`, or the plane of `weights` and `bias`, which has every row on its side,
            `margin` and `gap`.
        """
        if not len(self.support):
            return self.separable and len(self.classes) == 1
        hulls = Hulls(self.points, self.positive, self.fit_bias)
        rows, weights = self.support.tolist(), np.array(self.convex_weights, dtype=object)
        sums = hulls.constraints(rows).astype(object) @ weights
        if not (all(weights > 0) and all(sums == 1)):
            return False
        v, q = hulls.direction(rows, weights)
        if not (self.separable and v.any()):
            return not (self.separable or v.any()) and self._is_common(hulls, rows, weights)
        lows = [_least(hulls, own, v) for own in hulls.groups]
        if sum(lows) <= 0 or self.weights is None:
            return False
        normal, *numbers = _plane(hulls, v, q, lows)
        same = np.array_equal(normal, self.weights) and self.common_point is None
        return same and numbers == [self.bias, self.margin, self.gap]

    def _is_common(self, hulls: Hulls, rows: list[int], weights: np.ndarray) -> bool:
        """Return whether `common_point` is the point of these weights, and there is no plane."""
        no_plane = self.weights is None and self.bias is None and self.margin == self.gap == 0
        if self.common_point is None or not no_plane:
            return False
        return np.array_equal(_common(hulls, rows, weights), self.common_point)


def separate(X: Any, y: Any, *, fit_bias: bool = True) -> Separation:
    """Decide whether a plane separates two classes; find that of largest margin, or prove none.

    The classes are linearly separable if there are w and b with w · x + b > 0 for each x of one
    class and < 0 for each of the other (note 002 §2.3). They are if and only if their convex hulls
    have no point in common. `separate` looks for the two nearest points of the hulls: by Wolfe's
    active-set method in float64, then, from where that ended, by the same method in rational
    numbers, which mostly has to do no more than confirm. Every finite float is a rational number,
    so the answer is exact for all data as they are stored, not only for integers, whatever the
    margin and the scale.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite numbers, exactly representable in float64; True and False are 1 and 0. Rows may be
        repeated and may be in both classes, columns may be constant.
    y : array-like of shape (n_samples,)
        Labels of any kind, one or two of them. The larger in sorted order is the positive class.
        With one class only the points are separable: a constant function is a separable one.
    fit_bias : bool, default=True
        If False, only planes through the origin count, b = 0. The proof that there is none is then
        a convex combination of the rows, those of the negative class with their signs flipped,
        that is 0.

    Returns
    -------
    Separation
        Printing it gives the answer in words.

    Raises
    ------
    ArgumentError
        If X or y is not of this kind.
    ValueError
        If X has NaN or infinity.
    UndecidedError
        If there are so many features (several hundred and more) that one exact solution would
        take more than about a minute. There is no guess.

    Notes
    -----
    The work grows about as d⁴ for d features, times the digits of the numbers: below a second for
    d = 20, seconds to a minute from about 100 on, and the more the wider the scales of the columns.

    Examples
    --------
    >>> from lamina.neurons import separate
    >>> X = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> print(separate(X, [0, 0, 0, 1]))
    4 points in 2 dimensions: separable. The plane with normal [0.707107, 0.707107] and bias \
-1.06066 has margin 0.353553; no plane has a larger one (proven in rational arithmetic). It rests \
on 3 support points: rows [1, 2, 3].
    >>> print(separate(X, [0, 1, 1, 0]))
    4 points in 2 dimensions: not separable. The point [0.5, 0.5] is in both hulls: it is \
1/2 x[1] + 1/2 x[2] = 1/2 x[0] + 1/2 x[3].
    """
    checks.flag("fit_bias", fit_bias)
    return decide(X, y, bool(fit_bias))


def decide(X: Any, y: Any, fit_bias: bool, work: float = np.inf) -> Separation:
    """Do what `separate` does; UndecidedError where that takes more `work` (`Budget`)."""
    points = points_of(X)
    classes, codes = classes_of(y, len(points))
    positive = codes == len(classes) - 1
    for array in (points, positive):
        array.setflags(write=False)
    if fit_bias and len(classes) == 1:
        zero = _read_only(np.zeros(points.shape[1]))
        none = _read_only(np.zeros(0, dtype=int))
        return Separation(
            True, classes, True, zero, 1.0, np.inf, 0.0, none, (), None, points, positive
        )
    try:
        hulls = Hulls(points, positive, fit_bias, Budget(work))
        rows, weights = _nearest(hulls)
    except TooLargeError as error:
        raise UndecidedError(f"to decide it is {error}") from None
    return _answer(hulls, rows, weights, classes, points, positive)


def _nearest(hulls: Hulls) -> Weighted:
    """Return rows and rational weights of the shortest v, or of a short one if that is too dear."""
    floats = Floats(hulls)
    rows, weights = nearest(floats, *floats.start(), FLOAT_ROUNDS)
    rationals = Rationals(hulls)
    try:
        return nearest(rationals, *rationals.start(rows, weights), EXACT_ROUNDS)
    except TooLargeError:
        return rows, rationals.normalised(rows, [Fraction(float(w)) for w in weights])


def _answer(
    hulls: Hulls,
    rows: list[int],
    weights: np.ndarray,
    classes: tuple[Any, ...],
    points: np.ndarray,
    positive: np.ndarray,
) -> Separation:
    order = np.argsort(rows)
    support, chosen = _read_only(np.array(rows)[order]), tuple(weights[order])
    v, q = hulls.direction(rows, weights)
    two = len(hulls.groups)
    if not v.any():
        return Separation(
            False, classes, two == 2, None, None, 0.0, 0.0, support, chosen,
            _common(hulls, rows, weights), points, positive,
        )  # fmt: skip
    square, lows = int(v @ v), [hulls.lowest(g, v)[1] for g in range(two)]
    if sum(lows) <= 0:
        length = exact.root(square * (Fraction(2) ** hulls.exponent / q) ** 2)
        raise UndecidedError(
            f"{points.shape[1]} features are too many to prove that the classes are separable or "
            f"that they are not; the hulls come as near as {length:.3g}"
        )
    plane = _plane(hulls, v, q, lows)
    return Separation(
        True, classes, two == 2, *plane, support, chosen, None, points, positive,
    )  # fmt: skip


def _common(hulls: Hulls, rows: list[int], weights: np.ndarray) -> np.ndarray:
    """Return the point of the weights in the positive hull, or 0 if there is one group only."""
    if len(hulls.groups) == 1:
        return _read_only(np.zeros(hulls.z.shape[1]))
    shares, q = exact.common_denominator(weights)
    point = (shares * (hulls.group[rows] == 0)) @ hulls.integers(rows)
    unit = Fraction(2) ** hulls.exponent / q
    return _read_only(np.array([float(value * unit) for value in point]))


def _plane(
    hulls: Hulls, v: np.ndarray, q: int, lows: list[int]
) -> tuple[np.ndarray, float, float, float]:
    """Return normal, bias, margin and gap for v = V / q and the least z · V of each group."""
    square, total, unit = int(v @ v), sum(lows), Fraction(2) ** hulls.exponent
    normal = _read_only(np.array([_root(value, square) for value in v]))
    bias = _root((lows[1] - lows[0]) * unit / 2, square) if len(lows) == 2 else 0.0
    margin = _root(total * unit / len(lows), square)
    return normal, bias, margin, float(1 - Fraction(q * total, square))


def _root(value: Any, square: int) -> float:
    """Return value / sqrt(square), rounded once."""
    size = exact.root(Fraction(value) ** 2 / square)
    return -size if value < 0 else size


def _least(hulls: Hulls, rows: np.ndarray, v: np.ndarray) -> int:
    """Return the least z · V of the rows, each computed in integers."""
    parts = np.array_split(rows, len(rows) // 10_000 + 1)
    return int(min(min(hulls.integers(part) @ v) for part in parts))


def _read_only(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


def _numbers(values: Any) -> str:
    """Return at most ten numbers in brackets."""
    shown = [f"{value:.6g}" for value in values[:10]]
    return "[" + ", ".join(shown + ["..."] * (len(values) > 10)) + "]"
