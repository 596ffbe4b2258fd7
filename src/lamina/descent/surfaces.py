"""Test surfaces of two variables, each with its gradient, its minima and where to look."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from lamina.descent.problems import Problem
from lamina.plan import checks

Point = tuple[float, float]
Window = tuple[tuple[float, float], tuple[float, float]]
NOT_CONVEX = math.nan  # no constant of strong convexity
BEALE, POWERS = np.array([1.5, 2.25, 2.625]), np.array([1.0, 2.0, 3.0])


@dataclass(frozen=True, eq=False, repr=False)
class Surface(Problem):
    """A function of two variables to see descents on. Called with x it returns f(x).

    Beside what every `Problem` has. Where f is not convex its `strength` is NaN.

    Attributes
    ----------
    window : ((float, float), (float, float))
        What to show of both variables.
    optima : ndarray of shape (n, 2)
        All points of the lowest value.
    source : str
    """

    window: Window = ((-1.0, 1.0), (-1.0, 1.0))
    optima: np.ndarray | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if self.optima is None:
            object.__setattr__(self, "optima", self.optimum[None])

    def __repr__(self) -> str:
        start, end = (", ".join(f"{v:g}" for v in point) for point in (self.start, self.optimum))
        return f"{self.name}: from ({start}) to f* = {self.lowest:g} at ({end}) [{self.source}]"


def bowl() -> Surface:
    """Return a quadratic bowl, ``½ (u1² + 3 u2²)``: convex, and easy for every rule.

    u1 = x1 - 0.7 and u2 = x2 + 0.4. The minimum is not at 0, where weight decay alone would end.

    Examples
    --------
    >>> from lamina.descent.surfaces import bowl
    >>> bowl()
    bowl: from (-4, 2) to f* = 0 at (0.7, -0.4) [quadratic, eigenvalues 1 and 3]
    """
    window = (-5.0, 5.0), (-3.0, 3.0)
    return _quadratic("bowl", 3.0, 0.0, (-4.0, 2.0), (0.7, -0.4), window)


def ravine() -> Surface:
    """Return a ravine: a quadratic that is 50 times as steep across as along, at 30° to the axes.

    It lies oblique, so that rules with a step length of their own for each variable have no
    advantage from the choice of axes, and its minimum is not at 0.

    Examples
    --------
    >>> from lamina.descent.surfaces import ravine
    >>> ravine()
    ravine: from (-4, -1) to f* = 0 at (0.8, 0.45) [quadratic, eigenvalues 1 and 50]
    """
    window = (-5.0, 3.0), (-3.0, 2.5)
    return _quadratic("ravine", 50.0, math.pi / 6, (-4.0, -1.0), (0.8, 0.45), window)


def saddle() -> Surface:
    """Return ``½ x1² + ¼ x2⁴ - ½ x2²``: a saddle at 0 between minima at (0, -1) and (0, 1).

    Along x2 = 0 gradient descent ends at the saddle (Nesterov, 2004, example 1.2.2). The start lies
    about a thousandth beside that line.

    Examples
    --------
    >>> from lamina.descent.surfaces import saddle
    >>> saddle().optima.tolist(), saddle().lowest
    ([[0.0, 1.0], [0.0, -1.0]], -0.25)
    """
    return Surface(
        "saddle",
        _saddle,
        _saddle_gradient,
        np.array([1.4, 0.0013]),
        np.array([0.0, 1.0]),
        strength=NOT_CONVEX,
        window=((-1.9, 1.9), (-1.6, 1.6)),
        optima=np.array([[0.0, 1.0], [0.0, -1.0]]),
        source="Nesterov (2004), example 1.2.2",
    )


def rosenbrock() -> Surface:
    """Return ``100 (x2 - x1²)² + (1 - x1)²``: a bent valley with a flat floor (Rosenbrock, 1960).

    Examples
    --------
    >>> from lamina.descent.surfaces import rosenbrock
    >>> rosenbrock()
    rosenbrock: from (-1.2, 1) to f* = 0 at (1, 1) [Rosenbrock (1960)]
    """
    return Surface(
        "rosenbrock",
        _rosenbrock,
        _rosenbrock_gradient,
        np.array([-1.2, 1.0]),
        np.array([1.0, 1.0]),
        strength=NOT_CONVEX,
        window=((-1.8, 1.8), (-0.8, 2.4)),
        source="Rosenbrock (1960)",
    )


def beale() -> Surface:
    """Return the sum of ``(c_i - x1 (1 - x2^i))²``, i from 1 to 3: a plateau with ridges.

    c = (1.5, 2.25, 2.625) (Beale, 1958); the start is that of Moré, Garbow and Hillstrom (1981),
    problem 5.

    Examples
    --------
    >>> from lamina.descent.surfaces import beale
    >>> beale()
    beale: from (1, 1) to f* = 0 at (3, 0.5) [Beale (1958)]
    """
    return Surface(
        "beale",
        _beale,
        _beale_gradient,
        np.array([1.0, 1.0]),
        np.array([3.0, 0.5]),
        strength=NOT_CONVEX,
        window=((-0.5, 4.5), (-1.0, 1.6)),
        source="Beale (1958)",
    )


def _quadratic(
    name: str, steep: float, angle: float, start: Point, optimum: Point, window: Window
) -> Surface:
    """Return ``½ (x - x*)^T A (x - x*)`` with eigenvalues 1, along `angle`, and `steep` across."""
    cosine, sine = math.cos(angle), math.sin(angle)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    matrix, end = turn @ np.diag([1.0, steep]) @ turn.T, np.array(optimum)
    return Surface(
        name,
        partial(_half_square, matrix, end),
        partial(_half_square_gradient, matrix, end),
        np.array(start),
        end,
        smoothness=steep,
        strength=1.0,
        window=window,
        source=f"quadratic, eigenvalues 1 and {steep:g}",
    )


# Functions of the module, unlike those within another, have names that a pickle can say.


def _half_square(matrix: np.ndarray, end: np.ndarray, x: np.ndarray) -> float:
    return 0.5 * (x - end) @ matrix @ (x - end)


def _half_square_gradient(matrix: np.ndarray, end: np.ndarray, x: np.ndarray) -> np.ndarray:
    return matrix @ (x - end)


def _saddle(x: np.ndarray) -> float:
    return 0.5 * x[0] ** 2 + 0.25 * x[1] ** 4 - 0.5 * x[1] ** 2


def _saddle_gradient(x: np.ndarray) -> np.ndarray:
    return np.array([x[0], x[1] ** 3 - x[1]])


def _rosenbrock(x: np.ndarray) -> float:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def _rosenbrock_gradient(x: np.ndarray) -> np.ndarray:
    above = x[1] - x[0] ** 2
    return np.array([-400 * x[0] * above - 2 * (1 - x[0]), 200 * above])


def _beale_residuals(x: np.ndarray) -> np.ndarray:
    return BEALE - x[0] * (1 - x[1] ** POWERS)


def _beale(x: np.ndarray) -> float:
    return (_beale_residuals(x) ** 2).sum()


def _beale_gradient(x: np.ndarray) -> np.ndarray:
    r = _beale_residuals(x)
    slopes = x[0] * POWERS * x[1] ** (POWERS - 1)
    return np.array([2 * (r * (x[1] ** POWERS - 1)).sum(), 2 * (r * slopes).sum()])


SURFACES: dict[str, Callable[[], Surface]] = {
    "bowl": bowl,
    "ravine": ravine,
    "saddle": saddle,
    "rosenbrock": rosenbrock,
    "beale": beale,
}


def surface(name: str) -> Surface:
    """Return a surface by its name.

    Parameters
    ----------
    name : {"bowl", "ravine", "saddle", "rosenbrock", "beale"}
        "quadratic bowl" is the bowl; small and large letters are the same.

    Raises
    ------
    ArgumentError
        If there is no surface of that name.

    Examples
    --------
    >>> from lamina.descent.surfaces import surface
    >>> surface("Rosenbrock")([0.0, 0.0])
    1.0
    """
    plain = name.lower().removeprefix("quadratic ") if isinstance(name, str) else name
    checks.choice("surface", plain, SURFACES)
    return SURFACES[plain]()
