"""Universal approximation by construction: one hidden layer of logistic units (note 002 §3.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from textwrap import fill
from typing import Any

import numpy as np

from lamina.estimators import MLPRegressor
from lamina.neurons.approximation import ridges, staircase
from lamina.neurons.approximation.logistic_layer import LogisticLayer, Parameters
from lamina.neurons.approximation.target import Target, at, box_of
from lamina.neurons.arrays import finite
from lamina.plan import Network, checks
from lamina.training import State

GRID = {1: 2001, 2: 201}
MARGIN = 0.95
"""Share of the tolerance that errors on the grid keep to; the rest is for the points between."""
BETWEEN = {1: 8000, 2: 40_000}
"""Random points of the box at which errors keep to the tolerance too, whatever the grid missed."""
LEAST = 1e-11
"""Smallest tolerance, relative to the largest value of f."""
WHY = {
    "steps": "a continuous function on an interval is within any distance of a staircase, and "
    "steep units are steps",
    "smooth": "sums of shifted logistic units come within any distance of a continuous function of "
    "one variable; sums of such functions along enough directions, of one of two",
}
SOURCES = "Cybenko 1989; Hornik, Stinchcombe and White 1989; Pinkus 1999"


@dataclass(frozen=True, eq=False, repr=False)
class Approximation:
    """A network with one hidden layer of logistic units that is close to a function on a box.

        ``g(x) = c + Σ_k v_k σ(w_k·x + b_k)``

    `approximate` makes it. Calling it takes one array per variable, as f does.

    Attributes
    ----------
    box : ndarray of shape (d, 2)
    tolerance : float
        The error that was asked for.
    method : {"steps", "smooth"}
    layer : LogisticLayer
        With ``weights`` w (d, n_units), ``biases`` b, ``output_weights`` v (n_units,) and
        ``output_bias`` c. The units fall into groups of equal size, one after the other; the
        weights of a group are along one of ``directions`` (J, d), in the box scaled to [-1, 1]^d.
    points, values : ndarray of shape (n_points, d), (n_points,)
        The grid that the error was measured on, and f there.
    error : float
        The largest error on the grid. At random points between it is at most the tolerance.
    where : ndarray of shape (d,)
        Where it is.
    """

    box: np.ndarray
    tolerance: float
    method: str
    layer: LogisticLayer
    points: np.ndarray
    values: np.ndarray
    error: float
    where: np.ndarray

    @property
    def n_units(self) -> int:
        """Number of hidden units."""
        return len(self.layer.biases)

    @property
    def theorem(self) -> str:
        """Why enough units suffice, and who showed it."""
        return f"{WHY[self.method]} ({SOURCES})"

    def __call__(self, *x: Any) -> np.ndarray:
        """Return the network's value at one array per variable, all of one shape."""
        d = len(self.box)
        if len(x) != d:
            raise checks.fail("number of arguments", f"{d}, one per variable", len(x))
        columns = [finite(f"argument {i}", column) for i, column in enumerate(x, 1)]
        shapes = {column.shape for column in columns}
        if len(shapes) > 1:
            raise checks.fail("arguments", "of one shape", sorted(shapes))
        points = np.stack([column.ravel() for column in columns], axis=1)
        return self.predict(points).reshape(columns[0].shape)

    def predict(self, X: Any) -> np.ndarray:
        """Return the network's value at rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, d)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        X, d = finite("X", X), len(self.box)
        if X.ndim != 2 or X.shape[1] != d:
            raise checks.fail("shape of X", f"(n_samples, {d})", X.shape)
        return self.layer.predict(X)

    def to_network(self) -> tuple[Network, Parameters]:
        """Return the `Network` and its parameters, for `lamina.spec.network` and for training."""
        return self.layer.to_network()

    def to_regressor(self) -> MLPRegressor:
        """Return a fitted `MLPRegressor` that predicts the same numbers.

        It can be saved, and trained further with ``warm_start=True`` or ``partial_fit``.

        Examples
        --------
        >>> import numpy as np
        >>> from lamina.neurons import approximate
        >>> model = approximate(np.sin, (0, 3), 0.1).to_regressor()
        >>> float(abs(model.predict([[1.0]]) - np.sin(1))[0]) < 0.1
        True
        """
        network, parameters = self.to_network()
        model = MLPRegressor(hidden_layer_sizes=(self.n_units,), activation="logistic")
        (W, b), (v, c) = parameters
        fitted = {"coefs_": [W, v], "intercepts_": [b, c], "network_": network}
        fitted |= {"_state": State(parameters), "n_features_in_": len(self.box)}
        fitted |= {"n_layers_": 3, "n_outputs_": 1, "out_activation_": "identity"}
        fitted |= {"n_iter_": 0, "t_": 0, "loss_": np.nan, "best_loss_": np.inf}
        fitted |= {"loss_curve_": [], "validation_scores_": None, "best_validation_score_": None}
        model.restore(model.get_params(deep=False) | fitted)
        return model

    def summary(self) -> str:
        """Return in words what was reached, with how many units, and why it can be."""
        d, n = len(self.box), len(self.points)
        box = " × ".join(f"[{low:g}, {high:g}]" for low, high in self.box)
        groups = len(self.layer.directions)
        kind = "Each is a step" if self.method == "steps" else "Equally spaced"
        kind += f", {self.n_units // groups} in each of {groups} directions" if d > 1 else ""
        units = f"{self.n_units:,} logistic unit{'s' * (self.n_units > 1)}"
        lines = [
            f"Function of {d} variable{'s' * (d > 1)} on {box}: {units} in one hidden layer.",
            f"{kind}.",
            f"Largest error {self.error:.4g} {at(self.where)}, on {n:,} points; "
            f"asked: at most {self.tolerance:g}.",
            f"Why: {self.theorem}.",
        ]
        return "\n".join(fill(line, 100) for line in lines)

    __str__ = summary

    def __repr__(self) -> str:
        return (
            f"Approximation({len(self.box)}-D, {self.method}, {self.n_units} units, "
            f"error={self.error:.3g}, tolerance={self.tolerance:g})"
        )


def approximate(
    f: Callable[..., Any],
    box: Any,
    tolerance: float,
    *,
    method: str | None = None,
    max_units: int = 1000,
    grid: int | None = None,
) -> Approximation:
    """Return a network with one hidden layer of logistic units within `tolerance` of f.

    Universal approximation (note 002 §3.4) by construction, without training. The error is the
    largest distance from f on a fine grid; it keeps to 95% of the tolerance there, so that the
    points between have room. At some thousand random points, which no f keeps in step with, it is
    checked that they are within the tolerance; the same points at each call.

    Parameters
    ----------
    f : callable
        A continuous function of one or two arrays, one per variable, that returns an array of the
        same shape.
    box : (low, high) or [(low, high), (low, high)]
        Where f is approximated.
    tolerance : float in (0, inf)
        Largest error allowed; at least 1e-11 of the largest value of f.
    method : {"steps", "smooth"}, optional
        * "steps", for one variable and its default: a staircase with the fewest steps, each a steep
          unit. Proved for every continuous f; takes about ``V / (1.8 tolerance)`` units, V the
          total variation of f.
        * "smooth", the default for two variables: gentle, equally spaced units, for two variables
          along equally spaced directions; their output weights solve a linear problem. There are
          more and more of them until the error is small enough, `max_units` are reached, or
          rounding stands in the way: for very smooth f near 1e-9 of its largest value. Takes
          far fewer units where f is smooth.
    max_units : int in [1, inf), default=1000
        At least 2 or 4 for "smooth" in one or two variables.
    grid : int in [2, inf), optional
        Points per variable of the grid that the error is measured on: 2,001 for one variable and
        201 for two by default.

    Returns
    -------
    Approximation

    Raises
    ------
    ArgumentError
        If an argument is out of range; if f is not finite or jumps, naming the place; or if
        `max_units` do not suffice or rounding stands in the way, naming the error reached.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.neurons import approximate
    >>> approximate(np.sin, (0, 2 * np.pi), 0.1)
    Approximation(1-D, steps, 21 units, error=0.0897, tolerance=0.1)
    >>> approximate(np.sin, (0, 2 * np.pi), 0.1, method="smooth")
    Approximation(1-D, smooth, 4 units, error=0.086, tolerance=0.1)
    >>> saddle = approximate(lambda x, y: x * y, [(-1, 1), (-1, 1)], 0.05)
    >>> saddle
    Approximation(2-D, smooth, 8 units, error=0.00489, tolerance=0.05)
    >>> saddle(np.array([0.5]), np.array([-0.5])).round(2)
    array([-0.25])
    """
    if not callable(f):
        raise checks.fail("f", "callable", f)
    target = Target(f, box_of(box))
    d = len(target.box)
    allowed = ["steps", "smooth"] if d == 1 else ["smooth"]
    method = allowed[0] if method is None else method
    checks.choice("method", method, allowed)
    checks.real("tolerance", tolerance, "(0, inf)")
    checks.integer("max_units", max_units, f"[{2**d if method == 'smooth' else 1}, inf)")
    n = GRID[d] if grid is None else grid
    checks.integer("grid", n, "[2, inf)")
    points = target.grid(n)
    sought = Sought(target, points, target(points), float(tolerance), int(max_units))
    if tolerance < LEAST * sought.largest:
        expected = f"at least {LEAST * sought.largest:.3g}, {LEAST:g} of the largest value of f"
        raise checks.fail("tolerance", f"{expected}: rounding stands in the way", tolerance)
    target.refuse_jumps(n, staircase.CHANGE * tolerance)
    layer = (_steps if method == "steps" else _smooth)(sought)
    errors = sought.errors(layer)
    worst = int(errors.argmax())
    return Approximation(
        box=target.box,
        tolerance=sought.tolerance,
        method=method,
        layer=layer,
        points=points,
        values=sought.values,
        error=float(errors[worst]),
        where=points[worst],
    )


@dataclass(frozen=True, eq=False)
class Sought:
    """What is sought: f, its values on the grid, the tolerance and the most units."""

    target: Target
    points: np.ndarray
    values: np.ndarray
    tolerance: float
    max_units: int

    @property
    def largest(self) -> float:
        """The largest value of f on the grid and between, without its sign."""
        return float(max(np.abs(self.values).max(), np.abs(self.between[1]).max()))

    @cached_property
    def between(self) -> tuple[np.ndarray, np.ndarray]:
        """Random points, always the same, and f there: a grid may fall in step with f."""
        low, high = self.target.box.T
        size = BETWEEN[len(low)], len(low)
        points = low + (high - low) * np.random.default_rng(0).random(size)
        return points, self.target(points)

    def errors(self, layer: LogisticLayer) -> np.ndarray:
        """Return the distances from f on the grid."""
        return np.abs(layer.predict(self.points) - self.values)

    def error(self, layer: LogisticLayer) -> float:
        """Return the largest error; between the points of the grid MARGIN of it counts."""
        points, values = self.between
        between = np.abs(layer.predict(points) - values).max()
        return float(max(self.errors(layer).max(), MARGIN * between))


def _steps(sought: Sought) -> LogisticLayer:
    points = np.concatenate([sought.points, sought.between[0]])
    stairs = staircase.staircase(sought.target, points, sought.tolerance, sought.max_units)
    low, high = sought.target.box[0]
    for layer in staircase.layers(stairs, low, high, sought.tolerance):
        if sought.error(layer) <= MARGIN * sought.tolerance:
            return layer
    raise checks.fail("tolerance", "larger: rounding stands in the way", sought.tolerance)


def _smooth(sought: Sought) -> LogisticLayer:
    enough = MARGIN * sought.tolerance
    found = ridges.grow(sought.target, sought.max_units, sought.error, enough, sought.largest)
    reached = f"{len(found.layer.biases):,} reach an error of {found.error:.3g}"
    if found.error <= enough:
        return found.layer
    if found.stuck:
        raise checks.ArgumentError(
            f"tolerance must be larger than {sought.tolerance:g}: rounding stands in the way; of "
            f"smooth units {reached}, and more do not lower it"
        )
    raise checks.ArgumentError(
        f"tolerance = {sought.tolerance:g} takes more than max_units = {sought.max_units:,} "
        f"units: {reached}"
    )
