"""The convergence theorem of the perceptron: its bound, and a run held against it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lamina.neurons.perceptron.correction import Points
from lamina.neurons.separability.separation import separate

ROUNDING = 1e-12  # per correction, relative to R: what float64 may do to the sums of `Trace`


@dataclass(frozen=True, eq=False)
class ConvergenceBound:
    """How many corrections perceptron learning can need (note 002 §2.3).

    Each correction adds at least γ to ``w·w*`` and at most R² to ``||w||²``, so after k of them

        w_0·w* + k γ  <=  w·w*  <=  ||w||  <=  sqrt(||w_0||² + k R²),

    which from ``w_0 = 0`` holds for ``k <= R²/γ²`` only. With points of norm 1 and the margin
    called δ this is the note's proof, ``k <= 1/δ²``.

    Attributes
    ----------
    separator : ndarray of shape (m,)
        w*, of norm 1, as weights of the points: the bias first, if there is one.
    margin : float
        γ, the smallest ``w*·p_i``, and the largest that any w* of norm 1 reaches
        (`Separation.margin`). The inequality holds for every w*; this one gives the least bound.
    radius : float
        R, the largest ``||p_i||``.
    start : ndarray of shape (m,)
        w_0.

    Examples
    --------
    >>> from lamina.neurons import Perceptron
    >>> bound = Perceptron(trace=True).fit([[1], [2]], [0, 1]).trace_.bound
    >>> print(f"{bound.radius**2:.6g} / {bound.margin**2:.6g} = {bound.corrections:.6g}")
    5 / 0.0769231 = 65
    """

    separator: np.ndarray
    margin: float
    radius: float
    start: np.ndarray

    @cached_property
    def corrections(self) -> float:
        """The largest k for which both ends of the inequality go together: R²/γ² from w_0 = 0."""
        along = self.start @ self.separator
        across = np.linalg.norm(self.start - along * self.separator)
        with np.errstate(over="ignore"):  # a bound beyond the largest float is infinite
            half = np.square(self.radius / self.margin) / 2 - along / self.margin
            return float(half + np.hypot(half, across / self.margin))

    def lower(self, k: Any) -> Any:
        """Return ``w_0·w* + k γ``, which w·w* is never below after k corrections."""
        return self.start @ self.separator + k * self.margin

    def upper(self, k: Any) -> Any:
        """Return ``sqrt(||w_0||² + k R²)``, which ||w|| is never above after k corrections."""
        return np.sqrt(self.start @ self.start + k * self.radius**2)


def convergence_bound(points: Points, start: np.ndarray) -> ConvergenceBound | None:
    """Return the bound for learning `points` from the weights `start`; None: not separable."""
    y = np.sign(points.scales)
    found = separate(y[:, None] * points.rows(), y, fit_bias=False)
    if not found.separable:
        return None
    assert found.weights is not None
    return ConvergenceBound(found.weights, found.margin, points.radius(), start)


@dataclass(frozen=True, eq=False)
class Trace:
    """Every correction of a run of perceptron learning.

    What depends on the number of corrections made so far has k + 1 entries, the first for w_0;
    what belongs to a correction has k.

    Attributes
    ----------
    sample, epoch : ndarray of shape (k,)
        Row of X that was wrong, and the pass (from 1) in which it was.
    weights : ndarray of shape (k + 1, m)
        Weights after so many corrections, the bias w_0 first if there is one.
    bias : bool
        Whether the first weight is w_0.
    bound : ConvergenceBound or None
        None if the points are not separable: then there is no w* to measure angles to.

    Examples
    --------
    >>> from lamina.neurons import Perceptron
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]
    >>> trace = Perceptron(trace=True).fit(X, y).trace_
    >>> trace.sample[:5], trace.weights[-1]
    (array([0, 3, 0, 1, 3]), array([-4.,  3.,  2.]))
    >>> print(trace)
    18 corrections by 4 points, at most 51 (R = 1.732, γ = 0.2425).
    At the end 4.366 <= w·w* = 5.336 <= ||w|| = 5.385 <= 7.348, and w is 7.77° from w*.
    The inequality holds after every correction.
    """

    sample: np.ndarray
    epoch: np.ndarray
    weights: np.ndarray
    bias: bool
    bound: ConvergenceBound | None

    @classmethod
    def of(
        cls,
        points: Points,
        start: np.ndarray,
        samples: list[int],
        epochs: list[int],
        bound: ConvergenceBound | None,
    ) -> Trace:
        """Return the trace of corrections by `samples`, in their order, from `start`."""
        sample = np.array(samples, dtype=np.intp)
        steps = np.vstack([start[None, :], points.rows(sample)])
        # A cumulative sum adds one after the other, as learning did: the same bits.
        weights = np.cumsum(steps, axis=0)
        return cls(sample, np.array(epochs, dtype=np.intp), weights, points.bias, bound)

    def __len__(self) -> int:
        return len(self.sample)

    def __str__(self) -> str:
        text = f"{len(self)} corrections by {len(np.unique(self.sample))} points"
        if self.bound is None:
            return f"{text}; no w* separates the points, so there is no bound."
        b, held = self.bound, "holds" if self.holds else "DOES NOT HOLD"
        return (
            f"{text}, at most {b.corrections:.6g} (R = {b.radius:.4g}, γ = {b.margin:.4g}).\n"
            f"At the end {self.lower[-1]:.4g} <= w·w* = {self.alignment[-1]:.4g} <= ||w|| = "
            f"{np.sqrt(self.squared_norm[-1]):.4g} <= {self.upper[-1]:.4g}, "
            f"and w is {self.angle[-1]:.3g}° from w*.\n"
            f"The inequality {held} after every correction."
        )

    @property
    def step(self) -> np.ndarray:
        """Numbers of corrections 0, …, k."""
        return np.arange(len(self) + 1)

    @property
    def squared_norm(self) -> np.ndarray:
        """``||w||²``."""
        return np.vecdot(self.weights, self.weights)

    @property
    def alignment(self) -> np.ndarray:
        """``w·w*``; NaN without a separator."""
        if self.bound is None:
            return np.full(len(self) + 1, np.nan)
        return np.vecdot(self.weights, self.bound.separator)

    @property
    def angle(self) -> np.ndarray:
        """Angle between w and w* in degrees; NaN where w = 0 or without a separator."""
        norm = np.sqrt(self.squared_norm)
        if self.bound is None:
            return np.full(len(norm), np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            unit = self.weights / norm[:, None]
        apart = np.linalg.norm(unit - self.bound.separator, axis=1)
        together = np.linalg.norm(unit + self.bound.separator, axis=1)
        return np.degrees(2 * np.arctan2(apart, together))  # exact for small angles, arccos is not

    @property
    def lower(self) -> np.ndarray:
        """``w_0·w* + k γ``; NaN without a separator."""
        return np.full(len(self) + 1, np.nan) if self.bound is None else self.bound.lower(self.step)

    @property
    def upper(self) -> np.ndarray:
        """``sqrt(||w_0||² + k R²)``; NaN without a separator."""
        return np.full(len(self) + 1, np.nan) if self.bound is None else self.bound.upper(self.step)

    @property
    def holds(self) -> bool:
        """Whether ``lower <= w·w* <= ||w|| <= upper`` after every correction, up to rounding."""
        if self.bound is None:
            return False
        chain = np.stack([self.lower, self.alignment, np.sqrt(self.squared_norm), self.upper])
        slack = ROUNDING * (self.bound.radius * (self.step + 1) + self.upper[0])
        return bool(np.all(np.diff(chain, axis=0) >= -slack))

    def as_frame(self) -> Any:
        """Return a pandas data frame with one row per correction; ImportError without pandas."""
        import pandas as pd

        columns = {name: getattr(self, name)[1:] for name in COLUMNS}
        own = {"epoch": self.epoch, "sample": self.sample}
        first = 0 if self.bias else 1
        weights = {f"w_{i}": column for i, column in enumerate(self.weights[1:].T, first)}
        return pd.DataFrame({**own, **columns, **weights}, index=pd.Index(self.step[1:], name="k"))


COLUMNS = ("angle", "squared_norm", "alignment", "lower", "upper")
