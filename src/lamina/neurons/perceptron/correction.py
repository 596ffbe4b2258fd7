"""Perceptron learning: points that are all to lie on one side, and the corrections of a pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lamina.plan import checks

SMALL = 2.0**-400  # products of such numbers keep their digits
CORRECTION = 7000  # nanoseconds, with looking again at what comes after it
LOOKED_AT = 1000  # wrong points, for a reason why they stay wrong
LEAST, MOST = 16, 1 << 14  # rows looked at together; what MOST rows of 50 take fits a cache


@dataclass(frozen=True, eq=False)
class Points:
    """The set P' of note 002 §2.3: ``p_i = s_i (1, x_i)``, the negative class negated.

    Weights that are right for all have ``w·p_i > 0``: "w right for x_i" has become "p_i on the
    positive side of w". Points are made when they are asked for; X is not copied.

    Attributes
    ----------
    X : ndarray of shape (n, d), C-ordered
    scales : ndarray of shape (n,)
        s_i = ±1, over ``||(1, x_i)||`` if the points are normalised.
    limits : ndarray of shape (n,)
        p_i is right where ``w·p_i`` is above it: 0, or just below 0 if ``w·p_i = 0`` is right.
    bias : bool
        Whether the constant input 1, whose weight is w_0, comes before x.
    """

    X: np.ndarray
    scales: np.ndarray
    limits: np.ndarray
    bias: bool

    @classmethod
    def signed(
        cls,
        X: np.ndarray,
        positive: np.ndarray,
        *,
        bias: bool = True,
        normalize: bool = False,
        algorithm: str = "modified",
    ) -> Points:
        """Return the points of X, those outside the mask `positive` negated.

        In the original algorithm a positive point on the line is right, as ``w·x >= 0`` is 1.
        """
        scales = np.where(positive, 1.0, -1.0)
        if normalize:
            scales /= _lengths(X, bias)
        elif not bias:
            _check_size(X)
        on_line = positive if algorithm == "original" else np.broadcast_to(False, len(X))
        limits = np.where(on_line, -np.finfo(float).smallest_subnormal, 0.0)
        return cls(X, scales, limits, bias)

    def __len__(self) -> int:
        return len(self.X)

    def correct(self, weights: np.ndarray, i: int) -> None:
        """Add p_i to `weights`, in place."""
        scale = self.scales[i]
        weights[int(self.bias) :] += scale * self.X[i]
        if self.bias:
            weights[0] += scale

    def rows(self, samples: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return the points of `samples` as a matrix of d columns, or d + 1 with a bias."""
        X, bias = self.X[samples], int(self.bias)
        points = np.ones((len(X), X.shape[1] + bias))
        points[:, bias:] = X
        points *= self.scales[samples][:, None]
        return points

    def margins(self, weights: np.ndarray, samples: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return ``w·p_i``; each bit for bit what it is when computed alone."""
        return response(self.X[samples], weights, self.bias) * self.scales[samples]

    def right(self, weights: np.ndarray, samples: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return a mask of the points that `weights` are right for; NaN is wrong."""
        return self.margins(weights, samples) > self.limits[samples]

    def n_wrong(self, weights: np.ndarray) -> int:
        """Return how many points `weights` are wrong for."""
        return len(self) - int(np.count_nonzero(self.right(weights)))

    def n_errors(self, weights: np.ndarray) -> int:
        """Return how many points `Perceptron.predict` gives the other class: 0 is positive."""
        return int(np.sum((response(self.X, weights, self.bias) >= 0) != (self.scales > 0)))

    def unmoved(self, weights: np.ndarray) -> int | None:
        """Return a wrong sample whose correction is too small to change `weights` at all."""
        wrong = np.flatnonzero(~self.right(weights))[:LOOKED_AT]
        rows = self.rows(wrong)
        lost = (weights + rows == weights).all(axis=1) & rows.any(axis=1)
        return int(wrong[lost.argmax()]) if lost.any() else None

    def radius(self) -> float:
        """Return R, the largest ``||p_i||``."""
        return float((np.abs(self.scales) * _norms(self.X, self.bias)).max())

    def copy(self) -> Points:
        """Return the same points on a copy of X."""
        return replace(self, X=self.X.copy())


def response(X: np.ndarray, weights: np.ndarray, bias: bool) -> np.ndarray:
    """Return ``w·(1, x)`` of each row (note 002 §2.3), or ``w·x`` without a bias.

    vecdot, since it sums each row by itself: the product of a matrix and a vector may round a row
    otherwise when it stands among other rows, and is half as fast for rows this short.
    """
    z = np.vecdot(X, weights[int(bias) :])
    return z + weights[0] if bias else z


def sweep(
    points: Points, weights: np.ndarray, order: np.ndarray | None = None
) -> Iterator[tuple[int, int]]:
    """Go through the points once, correcting `weights` in place; note 002 §2.3, Algorithms 1 and 2.

    The result is that of looking at one point after the other. A block of points is looked at
    together; up to its first wrong one the weights are the same for all, so nothing changes. What
    comes after it is looked at again, with the new weights. Blocks grow while nothing is wrong.

    Parameters
    ----------
    points : Points
    weights : ndarray
        Changed: ``w <- w + p_i`` at each wrong point.
    order : ndarray of int, optional
        Samples in the order in which they are looked at; by default as they stand.

    Yields
    ------
    position, sample : int
        Each wrong point, before its correction.
    """
    n = len(points) if order is None else len(order)
    start, size = 0, LEAST
    while start < n:
        block = slice(start, start + size)
        right = points.right(weights, block if order is None else order[block])
        first = int(right.argmin())
        if right[first]:
            start, size = start + size, min(2 * size, MOST)
            continue
        position = start + first
        sample = position if order is None else int(order[position])
        yield position, sample
        points.correct(weights, sample)
        start, size = position + 1, max(size // 2, LEAST)


@dataclass(eq=False)
class Pocket:
    """The weights with fewest errors so far: the pocket algorithm with ratchet (Gallant, 1990).

    The errors of weights are counted when their run, the points found right one after the other,
    is at least as long as that of the weights in the pocket. (Gallant counts where it is longer.)
    """

    weights: np.ndarray
    n_errors: int
    run: int = 0

    def offer(self, points: Points, weights: np.ndarray, run: int) -> None:
        """Take `weights` after a run of `run` right points if they make fewer errors."""
        if run < self.run:
            return
        n_errors = points.n_errors(weights)
        if n_errors < self.n_errors:
            self.weights, self.n_errors, self.run = weights.copy(), n_errors, run


class Course:
    """A course of learning, pass by pass.

    Parameters
    ----------
    points : Points
    start : ndarray
        Weights to start from; they are not changed.
    pocket : bool
        Whether to keep the weights with fewest errors.
    trace : bool
        Whether to keep sample and pass of each correction.

    Attributes
    ----------
    weights : ndarray
        As they are now.
    n_passes, n_corrections : int
    converged : bool
        Whether the weights are right for all points.
    samples, epochs : list of int
        Of each correction; empty without `trace`.
    pocket : Pocket or None
    """

    def __init__(
        self, points: Points, start: np.ndarray, *, pocket: bool = False, trace: bool = False
    ) -> None:
        self.points, self.weights, self.trace = points, start.copy(), trace
        self.n_passes, self.n_corrections, self.converged = 0, 0, False
        self.samples: list[int] = []
        self.epochs: list[int] = []
        self.pocket = Pocket(start.copy(), points.n_errors(start)) if pocket else None
        self.run_began = 0  # as a number of points looked at in all passes

    @property
    def work(self) -> float:
        """What learning has cost so far, about, in the units of `separability.hulls.Budget`."""
        n_features = self.points.X.shape[1]
        looked_at = 0.5 * self.n_passes * self.points.X.size
        return looked_at + self.n_corrections * (CORRECTION + LEAST * n_features)

    def go_through(self, order: np.ndarray | None = None) -> None:
        """Make one pass: every point in turn, or those of `order`; ValueError on overflow."""
        before, seen = self.n_corrections, self.n_passes * len(self.points)
        self.n_passes += 1
        with np.errstate(over="ignore", invalid="ignore"):
            for position, sample in sweep(self.points, self.weights, order):
                self._end_run(seen + position)
                self.run_began = seen + position + 1
                self.n_corrections += 1
                if self.trace:
                    self.samples.append(sample)
                    self.epochs.append(self.n_passes)
            if not np.isfinite(self.weights @ self.weights):
                largest = np.abs(self.points.X).max()
                raise ValueError(f"X must be scaled: the weights overflow, as it has {largest:g}")
        self._end_run(seen + len(self.points))
        clean = self.n_corrections == before
        self.converged = clean if order is None else self.points.n_wrong(self.weights) == 0
        if self.pocket is not None and self.converged:
            self.pocket = Pocket(self.weights.copy(), 0)

    def _end_run(self, seen: int) -> None:
        if self.pocket is not None:
            self.pocket.offer(self.points, self.weights, seen - self.run_began)


def _norms(X: np.ndarray, bias: bool) -> np.ndarray:
    """Return ``||(1, x_i)||``, or ``||x_i||`` without a bias, infinite beyond the largest float."""
    with np.errstate(over="ignore"):
        squares = np.vecdot(X, X) + bias
        norms = np.sqrt(squares)
        far = np.flatnonzero((squares < 2.0**-900) | ~np.isfinite(squares))
        if len(far):  # the squares underflow or overflow, the norms need not
            e = np.frexp(np.abs(X[far]).max(axis=1))[1]
            small = np.ldexp(X[far], -e[:, None])
            one = np.ldexp(float(bias), -e)
            norms[far] = np.ldexp(np.sqrt(np.vecdot(small, small) + one * one), e)
    return norms


def _lengths(X: np.ndarray, bias: bool) -> np.ndarray:
    """Return `_norms`; an error names the row that cannot be divided by its own."""
    norms = _norms(X, bias)
    with np.errstate(over="ignore", divide="ignore"):
        bad = np.flatnonzero(~np.isfinite(norms) | ~np.isfinite(1 / norms))
    if not len(bad):
        return norms
    row = int(bad[0])
    if norms[row] == 0:
        raise checks.fail("X", f"rows with a direction to normalise, as row {row} is not", X[row])
    raise checks.fail("X", f"scaled, as the norm of row {row} or 1 over it is infinite", X[row])


def _check_size(X: np.ndarray) -> None:
    """Refuse numbers whose products underflow: with a bias they stand beside its 1."""
    largest = max(X.max(), -X.min())
    if 0 < largest < SMALL:
        raise checks.fail("X", "scaled, as products of its numbers underflow: the largest", largest)
