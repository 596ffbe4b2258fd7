"""What a descent did, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina import spec
from lamina.descent.inputs import show


@dataclass(frozen=True, eq=False, repr=False)
class Path:
    """The path of a descent of n steps in d dimensions. Its arrays are read-only.

    Attributes
    ----------
    points : ndarray of shape (n + 1, d)
        The start first.
    values : ndarray of shape (n + 1,)
    gradients : ndarray of shape (n + 1, d)
        Gradients of f at the points, also where the steps took others (of a few terms, or ahead).
    step_lengths : ndarray of shape (n,)
        alpha; the learning rate of an update rule.
    directions : ndarray of shape (n, d)
        d; for an update rule the move itself, ``x_{k+1} - x_k``.
    slopes : ndarray of shape (n,)
        Directional derivatives ``<grad f(x_k), d_k>``: below 0 along a descent direction.
    n_values, n_gradients : int
        Evaluations of f and of its gradient (of terms of it, with a `Sampling`).
    converged : bool
        Whether a stop rule ended it.
    reason : str
        Why it ended, in words.
    """

    points: np.ndarray
    values: np.ndarray
    gradients: np.ndarray
    step_lengths: np.ndarray
    directions: np.ndarray
    slopes: np.ndarray
    n_values: int
    n_gradients: int
    converged: bool
    reason: str

    def __post_init__(self) -> None:
        for name in ("points", "values", "gradients", "step_lengths", "directions", "slopes"):
            getattr(self, name).setflags(write=False)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()  # pickles and copies do not keep that arrays are read-only

    @property
    def n_steps(self) -> int:
        """Number of steps taken."""
        return len(self.values) - 1

    @property
    def gradient_norms(self) -> np.ndarray:
        """Euclidean norms of the gradients, shape (n + 1,)."""
        return np.array([spec.descent.norm(gradient) for gradient in self.gradients])

    @property
    def point(self) -> np.ndarray:
        """The last point."""
        return self.points[-1]

    @property
    def value(self) -> float:
        """The last value."""
        return float(self.values[-1])

    def as_frame(self) -> Any:
        """Return a pandas DataFrame with one row per point; the last has no step."""
        import pandas as pd

        columns = {f"x_{i}": column for i, column in enumerate(self.points.T, 1)}
        last = [np.nan]
        return pd.DataFrame(
            {
                **columns,
                "value": self.values,
                "gradient_norm": self.gradient_norms,
                "step_length": np.append(self.step_lengths, last),
                "slope": np.append(self.slopes, last),
            }
        ).rename_axis("step")

    def __repr__(self) -> str:
        ended = "converged" if self.converged else "stopped"
        start, end = (float(spec.descent.norm(self.gradients[i])) for i in (0, -1))
        return (
            f"Path of {self.n_steps} step{'s' * (self.n_steps != 1)} "
            f"from {show(self.points[0])} to {show(self.points[-1])}\n"
            f"value {self.values[0]:.6g} to {self.values[-1]:.6g}, "
            f"gradient norm {start:.3g} to {end:.3g}, "
            f"{self.n_values} values, {self.n_gradients} gradients\n"
            f"{ended}: {self.reason}"
        )


class Record:
    """A path that is being made."""

    def __init__(self, point: np.ndarray, value: float, gradient: np.ndarray) -> None:
        self.points, self.values, self.gradients = [point], [value], [gradient]
        self._close(point, gradient)
        self.lengths: list[float] = []
        self.directions: list[np.ndarray] = []
        self.slopes: list[float] = []

    def add(self, move: Any, value: float, gradient: np.ndarray) -> None:
        """Take down a move and what was found at its end."""
        slope = spec.descent.directional_derivative(self.gradients[-1], move.direction)
        self.lengths.append(move.length)
        self.directions.append(move.direction)
        self.slopes.append(float(slope))
        self._close(move.point, gradient)
        self.points.append(move.point)
        self.values.append(value)
        self.gradients.append(gradient)

    @staticmethod
    def _close(*arrays: np.ndarray) -> None:
        """Make arrays read-only, since stop rules and directions of the caller see them."""
        for array in arrays:
            array.setflags(write=False)

    def path(self, objective: Any, converged: bool, reason: str) -> Path:
        """Return the path."""
        n, d = len(self.lengths), len(self.points[0])
        return Path(
            points=np.array(self.points),
            values=np.array(self.values),
            gradients=np.array(self.gradients),
            step_lengths=np.array(self.lengths),
            directions=np.array(self.directions).reshape(n, d),
            slopes=np.array(self.slopes),
            n_values=objective.n_values,
            n_gradients=objective.n_gradients,
            converged=converged,
            reason=reason,
        )
