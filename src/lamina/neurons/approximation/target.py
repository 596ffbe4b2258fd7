"""The function that is to be approximated, and the box it is looked at on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.plan import checks

LARGEST = 1e300
"""Of numbers; beyond it sums may overflow."""
FINEST = 1e-12
"""Two points closer than this, in widths of the box, count as one place."""


@dataclass(frozen=True, eq=False)
class Target:
    """A function f on a box.

    Attributes
    ----------
    f : callable of d arrays
    box : ndarray of shape (d, 2)
        Low and high end per variable.
    """

    f: Callable[..., Any]
    box: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Return f at points (N, d), of shape (N,); an error names the place of what is no number.

        Each call of f gets arrays of its own, so that f may change them.
        """
        columns = [np.array(column) for column in points.T]
        try:
            with np.errstate(all="ignore"):
                values = np.asarray(self.f(*columns))
        except (TypeError, ValueError) as error:  # math.sin; an "if" on an array
            raise checks.fail("f", f"{self._kind} ({error})", self.f) from error
        if values.shape != (len(points),) or values.dtype.kind not in "iuf":
            came = f"{values.dtype} of shape {values.shape} for {len(points)} points"
            raise checks.ArgumentError(f"f must be {self._kind}, got {came}")
        bad = np.flatnonzero(~(np.abs(values) <= LARGEST))
        if len(bad):
            place = at(points[bad[0]])
            raise checks.ArgumentError(f"f must be finite on the box, got {values[bad[0]]} {place}")
        return values.astype(float)

    @property
    def _kind(self) -> str:
        d = len(self.box)
        arrays = "an array" if d == 1 else f"{d} arrays"
        return f"a function of {arrays} that returns one number per point (numpy.vectorize helps)"

    def grid(self, n: int) -> np.ndarray:
        """Return n equally spaced points per variable, ends included: (n^d, d)."""
        axes = [np.linspace(low, high, n) for low, high in self.box]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))

    def refuse_jumps(self, n: int, most: float) -> None:
        """Raise ArgumentError where f seems to jump by more than `most`.

        Between neighbours of a grid of n points per variable whose values differ by more, the half
        with the larger difference is taken, again and again, until it is no longer larger or the
        points are as good as one.
        """
        points = self.grid(n).reshape(*[n] * len(self.box), -1)
        d = len(self.box)
        a = np.concatenate([np.delete(points, -1, axis).reshape(-1, d) for axis in range(d)])
        b = np.concatenate([np.delete(points, 0, axis).reshape(-1, d) for axis in range(d)])
        at_a, at_b = self(a), self(b)
        for _ in range(int(-np.log2(FINEST))):
            steep = np.abs(at_b - at_a) > most
            if not steep.any():
                return
            a, b, at_a, at_b = a[steep], b[steep], at_a[steep], at_b[steep]
            middle = (a + b) / 2
            at_middle = self(middle)
            left = np.abs(at_middle - at_a) >= np.abs(at_b - at_middle)
            a, at_a = np.where(left[:, None], a, middle), np.where(left, at_a, at_middle)
            b, at_b = np.where(left[:, None], middle, b), np.where(left, at_middle, at_b)
        jump = np.abs(at_b - at_a)
        if jump.max() > most:
            raise checks.ArgumentError(
                f"f must be continuous, but it changes by {jump.max():.4g} {at(b[jump.argmax()])} "
                f"within {FINEST:g} of the box"
            )


def at(point: np.ndarray) -> str:
    """Return ``"at x1 = 0.5, x2 = 1"``, or ``"at x = 0.5"`` for one variable."""
    names = ["x"] if len(point) == 1 else [f"x{i}" for i in range(1, len(point) + 1)]
    return "at " + ", ".join(f"{n} = {v:.6g}" for n, v in zip(names, point, strict=True))


def box_of(box: Any) -> np.ndarray:
    """Return a box as a float array (d, 2); ArgumentError if it is none of 1 or 2 dimensions."""
    expected = "(low, high) or [(low, high), (low, high)] with finite low < high"
    try:
        array = np.asarray(box)
    except ValueError:
        raise checks.fail("box", expected, box) from None
    array = array[None] if array.ndim == 1 else array
    if array.dtype.kind not in "iuf" or array.shape not in [(1, 2), (2, 2)]:
        raise checks.fail("box", expected, box)
    array = array.astype(float)
    low, high = array.T
    if not ((np.abs(array) <= LARGEST).all() and (high - low > 1 / LARGEST).all()):
        raise checks.fail("box", expected, box)
    return array
