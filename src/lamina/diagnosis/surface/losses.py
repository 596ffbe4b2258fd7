"""The loss over a plane: on a grid, and along a path that is projected onto it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event
from typing import Any, NamedTuple

import numpy as np

from lamina import spec
from lamina.diagnosis.surface.flat import flatten
from lamina.diagnosis.surface.plane import Plane
from lamina.engines import Data, SampleLosses
from lamina.engines.protocol import Parameters

LOOK = 0.2  # seconds after which a waiting thread looks for Ctrl-C: a signal may not wake it
TITLES = {
    "random": "Loss on a random plane",
    "path": "Loss on the principal plane of the path",
    "checkpoints": "Loss on the plane of three checkpoints",
    "parameters": "Loss over two parameters",
}
Snapshots = Sequence[tuple[float, Parameters]]


@dataclass(frozen=True, eq=False)
class PlanePath:
    """A path through the space of parameters as it is seen on a plane.

    Attributes
    ----------
    epochs : ndarray of shape (n_points,)
        The epoch of each point, or its number, from 0.
    coordinates : ndarray of shape (n_points, 2)
        a and b of the plane's point that is nearest to it.
    distances : ndarray of shape (n_points,)
        How far from the plane it lies.
    losses : ndarray of shape (n_points,)
        The loss at the point itself, not at its place on the plane.
    outside : float in [0, 1]
        The share of the path that lies outside: of the squared distances of its points from the
        last one, what is at right angles to the plane.
    """

    epochs: np.ndarray
    coordinates: np.ndarray
    distances: np.ndarray
    losses: np.ndarray
    outside: float


class PlanePoint(NamedTuple):
    """A point of the space of parameters as it is seen on a plane.

    Attributes
    ----------
    coordinates : ndarray of shape (2,)
    distance : float
        How far from the plane it lies.
    loss : float
        The loss at the point itself.
    """

    coordinates: np.ndarray
    distance: float
    loss: float


@dataclass(frozen=True, eq=False)
class LossPlane:
    """The loss of a network over a plane through the space of its parameters.

    Made by `lamina.loss_surface`.

    Attributes
    ----------
    plane : Plane
    a : ndarray of shape (n_a,)
    b : ndarray of shape (n_b,)
        The grid's coordinates on the plane.
    losses : ndarray of shape (n_b, n_a)
        ``losses[j, i]`` is the mean loss at ``plane.at(a[i], b[j])``; infinite or NaN where it
        overflows.
    loss : float
        The loss at ``plane.point``: at what the plane was made from.
    path : PlanePath or None
    present : PlanePoint or None
        The present weights, where neither the plane nor the path has them as a point of its own:
        after early stopping the best ones are back, and the path goes on to the last epoch.
    """

    plane: Plane
    a: np.ndarray
    b: np.ndarray
    losses: np.ndarray
    loss: float
    path: PlanePath | None = None
    present: PlanePoint | None = None

    @property
    def lowest(self) -> tuple[float, float]:
        """Coordinates (a, b) of the grid point with the lowest loss; NaN where all overflow."""
        if not np.isfinite(self.losses).any():
            return np.nan, np.nan
        j, i = np.unravel_index(np.nanargmin(self.losses), self.losses.shape)
        return float(self.a[i]), float(self.b[j])

    def __str__(self) -> str:
        """Return in words what a picture shows."""
        finite = self.losses[np.isfinite(self.losses)]
        lines = [f"{TITLES[self.plane.kind]}, {len(self.a)} x {len(self.b)} points"]
        lines.append(f"loss {self.loss:.4g} at the point it was made from")
        if len(finite):
            a, b = self.lowest
            lines.append(f"lowest loss {finite.min():.4g} at ({a:.3g}, {b:.3g})")
            lines.append(f"highest loss {finite.max():.4g}")
        if len(finite) < self.losses.size:
            lines.append(f"not finite at {self.losses.size - len(finite)} points")
        if self.path is not None:
            start, end = self.path.losses[[0, -1]]
            lines.append(
                f"{len(self.path.epochs)} points from a loss of {start:.4g} to {end:.4g}, "
                f"{self.path.outside:.1%} of their spread outside the plane"
            )
        if self.present is not None:
            (a, b), distance, loss = self.present
            lines.append(
                f"present weights: loss {loss:.4g} at ({a:.3g}, {b:.3g}), {distance:.3g} away "
                "from the plane"
            )
        return "\n".join(lines)


class MeanLoss:
    """The mean loss as a function of the parameters, for several threads at once.

    Parameters
    ----------
    losses : SampleLosses
    data : Data
        Its weights and factors count as they do in training.
    scale : float
        Multiplies the data loss.
    penalty : callable or None
        Of the parameters: added to it.
    """

    def __init__(
        self,
        losses: SampleLosses,
        data: Data,
        scale: float = 1.0,
        penalty: Callable[[Parameters], float] | None = None,
    ) -> None:
        self._losses, self._scale, self._penalty = losses, scale, penalty
        # sums in float64, whatever the dtype of the network
        self._weights, self._factors = (
            None if own is None else own.astype(np.float64) for own in (data.weights, data.factors)
        )

    def __call__(self, parameters: Parameters) -> float:
        """Return the mean loss."""
        with np.errstate(all="ignore"):
            each = self._losses(parameters)
            mean = self._scale * spec.losses.mean_loss(each, self._weights, self._factors)
            return float(mean if self._penalty is None else mean + self._penalty(parameters))


def over_plane(
    plane: Plane,
    loss: Callable[[Parameters], float],
    a: np.ndarray,
    b: np.ndarray,
    path: Snapshots | None = None,
    n_threads: int = 1,
    present: Parameters | None = None,
) -> LossPlane:
    """Evaluate the loss on a grid and along a path.

    Each point is one thread's, so that the numbers have the same bits for any `n_threads`.

    Parameters
    ----------
    plane : Plane
    loss : callable
        Of parameters, from several threads at once.
    a : ndarray of shape (n_a,)
    b : ndarray of shape (n_b,)
    path : sequence of (epoch, parameters), optional
    n_threads : int in [1, inf), default=1
    present : parameters, optional
        A point of its own to tell of.

    Returns
    -------
    LossPlane
    """

    def row(second: float, stop: Event) -> list[float]:
        return [np.nan if stop.is_set() else loss(plane.at(first, second)) for first in a]

    rows = in_threads(row, b.tolist(), n_threads)
    own = None if path is None else _projected(plane, loss, path)
    at = loss(plane.at(*plane.point.tolist()))
    now = None if present is None else PlanePoint(*plane.project(present), loss(present))
    return LossPlane(plane, a, b, np.array(rows), at, own, now)


def in_threads(task: Callable[..., Any], arguments: list[Any], n_threads: int) -> list[Any]:
    """Return ``task(argument, stop)`` for each argument, in their order; Ctrl-C sets `stop`."""
    stop = Event()
    with ThreadPoolExecutor(n_threads, thread_name_prefix="lamina-surface") as pool:
        try:
            futures = [pool.submit(task, argument, stop) for argument in arguments]
            while (at := wait(futures, LOOK, FIRST_EXCEPTION)).not_done:
                if any(future.exception() for future in at.done):
                    break
            return [future.result() for future in futures]
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _projected(plane: Plane, loss: Callable[[Parameters], float], path: Snapshots) -> PlanePath:
    found = [plane.project(parameters) for _, parameters in path]
    last = flatten(path[-1][1])
    steps = [flatten(parameters) - last for _, parameters in path]
    whole = sum(float(step @ step) for step in steps)
    apart = sum(float(np.sum(plane.split(step)[1] ** 2)) for step in steps)
    return PlanePath(
        np.array([epoch for epoch, _ in path]),
        np.array([coordinates for coordinates, _ in found]),
        np.array([distance for _, distance in found]),
        np.array([loss(parameters) for _, parameters in path]),
        min(apart / whole, 1.0) if whole > 0 else 0.0,
    )
