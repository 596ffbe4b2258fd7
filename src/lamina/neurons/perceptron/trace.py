"""The convergence theorem of the perceptron: its bound, and a run held against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.neurons.perceptron.correction import Points
from lamina.neurons.separability.separation import UndecidedError, decide

ROUNDING = 1e-12  # per correction, relative to R: what float64 may do to the sums of `Trace`


class ConvergenceBound:
    """How many corrections perceptron learning can need (note 002 §2.3).

    Each correction adds at least γ to ``w·w*`` and at most R² to ``||w||²``, so after k of them

        w_0·w* + k γ  <=  w·w*  <=  ||w||  <=  sqrt(||w_0||² + k R²),

    which from ``w_0 = 0`` holds for ``k <= R²/γ²`` only. With points of norm 1 and the margin
    called δ this is the note's proof, ``k <= 1/δ²``.

    w* and γ are those of `separate`. It is asked when one of them is first needed, and may take
    far longer than learning did (see there); till then a copy of the points is kept.

    Attributes
    ----------
    separable : bool or None
        None if the answer would take too long (`UndecidedError`).
    separator : ndarray of shape (m,) or None
        w*, of norm 1, as weights of the points: the bias first, if there is one. None unless
        separable.
    margin : float
        γ, the smallest ``w*·p_i``, and the largest that any w* of norm 1 reaches
        (`Separation.margin`). The inequality holds for every w*; this one gives the least bound.
        0 if not separable, NaN if not decided.
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
    >>> bound
    <ConvergenceBound: R=2.23607, γ=0.27735>
    """

    def __init__(self, points: Points, start: np.ndarray) -> None:
        self.start, self.radius = start, points.radius()
        self._points: Points | None = points.copy()
        self._answer: tuple[bool | None, np.ndarray | None, float] | None = None

    def __repr__(self) -> str:
        found = f"γ={self.margin:.6g}" if self.decided else "γ not yet computed"
        return f"<ConvergenceBound: R={self.radius:.6g}, {found}>"

    def decide(self, work: float = np.inf) -> bool:
        """Return whether the answer is there, after as much `work` as a `Budget` may have."""
        if self._points is not None and self._answer is None:
            y = np.sign(self._points.scales)
            try:
                found = decide(y[:, None] * self._points.rows(), y, False, work)
                self._answer = found.separable, found.weights, found.margin
            except UndecidedError:
                if np.isfinite(work):
                    return False
                self._answer = None, None, np.nan
            self._points = None
        return self._answer is not None

    @property
    def decided(self) -> bool:
        """Whether the answer is there without further work."""
        return self._answer is not None

    def _found(self) -> tuple[bool | None, np.ndarray | None, float]:
        self.decide()
        assert self._answer is not None
        return self._answer

    @property
    def separable(self) -> bool | None:
        """Whether any weights are right for all points; None if that is not decided."""
        return self._found()[0]

    @property
    def separator(self) -> np.ndarray | None:
        """The weights w* of norm 1 with the largest margin; None unless separable."""
        return self._found()[1]

    @property
    def margin(self) -> float:
        """Margin γ of w*; 0 if not separable, NaN if not decided."""
        return self._found()[2]

    @property
    def corrections(self) -> float:
        """The largest k for which both ends of the inequality go together: R²/γ² from w_0 = 0.

        Infinite for points that are not separable, NaN if that is not decided.
        """
        separator = self.separator
        if separator is None:
            return np.inf if self.separable is False else np.nan
        along = self.start @ separator
        across = np.linalg.norm(self.start - along * separator)
        if self.margin == 0:  # below the smallest float
            return np.inf
        with np.errstate(over="ignore"):  # a bound beyond the largest float is infinite
            half = np.square(self.radius / self.margin) / 2 - along / self.margin
            return float(half + np.hypot(half, across / self.margin))

    def lower(self, k: Any) -> Any:
        """Return ``w_0·w* + k γ``, which w·w* is never below; NaN without w*."""
        separator = self.separator
        if separator is None:
            return np.full(np.shape(k), np.nan)
        return self.start @ separator + k * self.margin

    def upper(self, k: Any) -> Any:
        """Return ``sqrt(||w_0||² + k R²)``, which ||w|| is never above after k corrections."""
        return np.hypot(np.linalg.norm(self.start), np.sqrt(k) * self.radius)


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
    bound : ConvergenceBound
        Of what depends on w*: if the points are not separable there is none, and it is NaN.

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
    bound: ConvergenceBound

    @classmethod
    def of(
        cls,
        points: Points,
        start: np.ndarray,
        samples: list[int],
        epochs: list[int],
        bound: ConvergenceBound,
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
        if self.bound.separator is None:
            if self.bound.separable is None:
                return f"{text}; whether a w* exists is not decided."
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
        if self.bound.separator is None:
            return np.full(len(self) + 1, np.nan)
        return np.vecdot(self.weights, self.bound.separator)

    @property
    def angle(self) -> np.ndarray:
        """Angle between w and w* in degrees; NaN where w = 0 or without a separator."""
        norm = np.sqrt(self.squared_norm)
        separator = self.bound.separator
        if separator is None:
            return np.full(len(norm), np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            unit = self.weights / norm[:, None]
        apart = np.linalg.norm(unit - separator, axis=1)
        together = np.linalg.norm(unit + separator, axis=1)
        return np.degrees(2 * np.arctan2(apart, together))  # exact for small angles, arccos is not

    @property
    def lower(self) -> np.ndarray:
        """``w_0·w* + k γ``; NaN without a separator."""
        return self.bound.lower(self.step)

    @property
    def upper(self) -> np.ndarray:
        """``sqrt(||w_0||² + k R²)``."""
        return self.bound.upper(self.step)

    @property
    def holds(self) -> bool:
        """Whether ``lower <= w·w* <= ||w|| <= upper`` after every correction, up to rounding.

        False without a separator.
        """
        if self.bound.separator is None:
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
