"""The plane in which the paths of a race are seen, and the loss on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.descent.racing.result import Race
from lamina.diagnosis.surface.plane import principal_axes

MARGIN = 0.15  # around the paths, as a share of their extent


@dataclass(frozen=True, eq=False)
class Plane:
    """The points ``origin + a axes[0] + b axes[1]``.

    Attributes
    ----------
    origin : ndarray of shape (d,)
    axes : ndarray of shape (2, d)
        Orthonormal.
    shares : tuple of float or None
        How much of the paths' spread lies along each axis; None where the plane is all there is.
    """

    origin: np.ndarray
    axes: np.ndarray
    shares: tuple[float, ...] | None

    @classmethod
    def of_race(cls, race: Race) -> Plane:
        """Return the plane of both variables, or the principal plane of all paths that were kept.

        That is the plane through the mean of all points which leaves the least sum of squares
        beside it: principal component analysis, as Li et al. (2018) look at paths of training.
        """
        paths = [runner.points for runner in steady(race)]
        if paths[0].shape[1] == 2:
            return cls(np.zeros(2), np.eye(2), None)
        points = np.concatenate(paths).astype(np.float64)
        origin = points.mean(axis=0)
        axes, shares = principal_axes(points - origin)
        return cls(origin, axes, tuple(shares.tolist()))

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return the coordinates (n, 2) of the foot of each point."""
        return (points - self.origin) @ self.axes.T

    def lift(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the points (n, d) at coordinates (n, 2)."""
        return self.origin + coordinates @ self.axes


def steady(race: Race) -> list[Any]:
    """Return the runners that did not diverge, or all if every one did."""
    return [runner for runner in race if not runner.diverged] or list(race)


def around(race: Race, plane: Plane) -> np.ndarray:
    """Return what to show of a race on a plane, ``((low, high), (low, high))``.

    A surface has a window of its own, which grows where a path leaves it by less than its size.
    """
    paths = [plane.project(runner.points) for runner in steady(race)]
    if race.window is not None:
        low, high = np.array(race.window, dtype=float).T
        size = high - low
        points = np.concatenate(paths)
        points = points[((points > low - size / 2) & (points < high + size / 2)).all(axis=1)]
        margin = 0.03 * size
        low = np.minimum(low, points.min(axis=0, initial=np.inf) - margin)
        high = np.maximum(high, points.max(axis=0, initial=-np.inf) + margin)
        return np.column_stack([low, high])
    points = np.concatenate(paths)
    return framed(points[np.isfinite(points).all(axis=1)])


def framed(points: np.ndarray) -> np.ndarray:
    """Return ``((low, high), (low, high))`` around points (n, 2), with a margin."""
    low, high = points.min(axis=0), points.max(axis=0)
    margin = MARGIN * (high - low)
    margin = np.where(margin > 0, margin, max(float(margin.max()), 1.0))
    return np.column_stack([low - margin, high + margin])
