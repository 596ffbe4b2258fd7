"""Problems whose optimum and constants are known, so that a rate can be held against theory."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.utils import check_random_state

from lamina.descent.objective import MeanOfTerms
from lamina.plan import checks


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """A convex function with its optimum and constants. Called with x it returns f(x).

    Attributes
    ----------
    name : str
    f : callable
    gradient : callable
        A subgradient where f has no gradient.
    start, optimum : ndarray of shape (d,)
        Where to start, and the optimum nearest to it.
    smoothness : float
        L, the Lipschitz constant of the gradient; infinite where f has a kink.
    strength : float
        mu, the constant of strong convexity; 0 where f is only convex.
    lipschitz : float
        G, the largest norm of a subgradient; infinite where it grows without bound.
    variance : float
        Of a mean of terms, the mean squared distance of the terms' gradients from their mean.
    """

    name: str
    f: Callable[[np.ndarray], Any]
    gradient: Callable[[np.ndarray], Any]
    start: np.ndarray
    optimum: np.ndarray
    smoothness: float = math.inf
    strength: float = 0.0
    lipschitz: float = math.inf
    variance: float = 0.0

    def __call__(self, x: np.ndarray) -> float:
        """Return f(x)."""
        return float(self.f(x))

    @property
    def lowest(self) -> float:
        """f*, the value at the optimum."""
        return self(self.optimum)

    @property
    def distance(self) -> float:
        """R, the distance of the start from the optimum."""
        return float(np.linalg.norm(self.start - self.optimum))

    def __repr__(self) -> str:
        names = {"L": self.smoothness, "mu": self.strength, "G": self.lipschitz}
        constants = [
            f"{name} = {value:.6g}" for name, value in names.items() if 0 < value < math.inf
        ]
        return f"{self.name} in {len(self.start)} dimensions, {', '.join(constants)}, f* = " + (
            f"{self.lowest:.6g}, R = {self.distance:.6g}"
        )


def quadratic(condition: float = 10.0, dimension: int = 2) -> Problem:
    """Return ``½ sum lambda_i x_i^2`` with eigenvalues from 1 to `condition`: strongly convex.

    The eigenvalues are spaced geometrically. The start, ``x_i = condition / lambda_i``, is the
    worst one for exact line search in two dimensions.

    Parameters
    ----------
    condition : float in (1, inf), default=10
        kappa = L / mu, here L, with mu = 1.
    dimension : int in [2, inf), default=2

    Examples
    --------
    >>> from lamina.descent.problems import quadratic
    >>> quadratic(100.0)
    quadratic in 2 dimensions, L = 100, mu = 1, f* = 0, R = 100.005
    """
    checks.real("condition", condition, "(1, inf)")
    checks.integer("dimension", dimension, "[2, inf)")
    eigenvalues = np.geomspace(1.0, condition, dimension)
    start = condition / eigenvalues
    return _diagonal("quadratic", eigenvalues, start, np.zeros(dimension), strength=1.0)


def flat_quadratic(dimension: int = 100, smallest: float = 1e-8) -> Problem:
    """Return a quadratic with eigenvalues from 1 down to `smallest`, and one 0: only convex.

    The eigenvalues are spaced geometrically and the start has 1 everywhere, so that each scale of
    eigenvalues adds the same to the gap: until step 1/smallest it falls as 1/k, and not faster.

    Parameters
    ----------
    dimension : int in [3, inf), default=100
    smallest : float in (0, 1), default=1e-8

    Examples
    --------
    >>> from lamina.descent.problems import flat_quadratic
    >>> flat_quadratic()
    flat quadratic in 100 dimensions, L = 1, f* = 0, R = 9.94987
    """
    checks.integer("dimension", dimension, "[3, inf)")
    checks.real("smallest", smallest, "(0, 1)")
    eigenvalues = np.append(np.geomspace(1.0, smallest, dimension - 1), 0.0)
    optimum = np.where(eigenvalues == 0, 1.0, 0.0)
    return _diagonal("flat quadratic", eigenvalues, np.ones(dimension), optimum, strength=0.0)


def _diagonal(
    name: str, eigenvalues: np.ndarray, start: np.ndarray, optimum: np.ndarray, strength: float
) -> Problem:
    return Problem(
        name,
        lambda x: 0.5 * (eigenvalues * x * x).sum(),
        lambda x: eigenvalues * x,
        start,
        optimum,
        smoothness=float(eigenvalues.max()),
        strength=strength,
    )


def slow_slope(n_steps: int, smoothness: float = 1.0, distance: float = 1.0) -> Problem:
    """Return the convex function on which `n_steps` gradient steps of 1/L are slowest.

    A line that ends in a parabola: ``L R / (2n + 1) |x| - L R^2 / (2 (2n + 1)^2)`` where
    ``|x| >= R / (2n + 1)``, ``½ L x^2`` within. After n steps the gap is ``L R^2 / (4n + 2)``,
    which is the bound (Drori and Teboulle, 2014).

    Parameters
    ----------
    n_steps : int in [1, inf)
    smoothness, distance : float in (0, inf), default=1
        L and R.

    Examples
    --------
    >>> from lamina.descent import descend
    >>> from lamina.descent.problems import slow_slope
    >>> problem = slow_slope(12)
    >>> path = descend(problem, problem.start, step=1.0, max_steps=12)
    >>> round(1 / path.value, 6)    # 4 * 12 + 2
    50.0
    """
    checks.integer("n_steps", n_steps, "[1, inf)")
    checks.real("smoothness", smoothness, "(0, inf)")
    checks.real("distance", distance, "(0, inf)")
    edge = distance / (2 * n_steps + 1)

    def f(x: np.ndarray) -> float:
        r = abs(float(x[0]))
        return smoothness * (edge * r - edge**2 / 2 if r >= edge else r**2 / 2)

    return Problem(
        "slow slope",
        f,
        lambda x: smoothness * np.clip(x, -edge, edge),
        np.array([float(distance)]),
        np.zeros(1),
        smoothness=float(smoothness),
    )


def absolute_sum(dimension: int = 100, random_state: Any = 0) -> Problem:
    """Return ``sum |x_i|``, convex and not smooth; its subgradient is sign(x), G = sqrt(d).

    Steps ``R / (G sqrt(k + 1))`` overshoot 0 in every coordinate, so that the gap stays of the
    order of the step length: it falls as 1/sqrt(k) and not faster. The start is drawn from the
    standard normal distribution.

    Parameters
    ----------
    dimension : int in [1, inf), default=100
    random_state : int, RandomState instance or None, default=0

    Examples
    --------
    >>> from lamina.descent.problems import absolute_sum
    >>> absolute_sum(4).gradient([0.5, -2.0, 0.0, 1.0])
    array([ 1., -1.,  0.,  1.])
    """
    checks.integer("dimension", dimension, "[1, inf)")
    return Problem(
        "absolute sum",
        lambda x: np.abs(x).sum(),
        np.sign,
        check_random_state(random_state).normal(size=dimension),
        np.zeros(dimension),
        lipschitz=float(np.sqrt(dimension)),
    )


def logistic(
    n_samples: int = 50, dimension: int = 5, l2: float = 0.1, random_state: Any = 0
) -> Problem:
    """Return the mean logistic loss with a penalty ``½ l2 ||w||^2``: smooth and strongly convex.

    ``L = ||X||^2 / 4N + l2`` with the spectral norm, ``mu = l2``. The data are two normal clouds
    that overlap; the optimum is found by SciPy's trust-region Newton method.

    Parameters
    ----------
    n_samples, dimension : int in [1, inf), default=50 and 5
    l2 : float in (0, inf), default=0.1
    random_state : int, RandomState instance or None, default=0

    Examples
    --------
    >>> from lamina.descent.problems import logistic
    >>> logistic()
    logistic loss in 5 dimensions, L = 0.791666, mu = 0.1, f* = 0.3976, R = 1.14923
    """
    checks.integer("n_samples", n_samples, "[1, inf)")
    checks.integer("dimension", dimension, "[1, inf)")
    checks.real("l2", l2, "(0, inf)")
    random = check_random_state(random_state)
    signs = np.where(np.arange(n_samples) % 2, 1.0, -1.0)
    rows = (random.normal(size=(n_samples, dimension)) + 0.5 * signs[:, None]) * signs[:, None]

    def f(w: np.ndarray) -> float:
        return np.logaddexp(0, -rows @ w).mean() + 0.5 * l2 * w @ w

    def gradient(w: np.ndarray) -> np.ndarray:
        return -rows.T @ expit(-rows @ w) / n_samples + l2 * w

    def hessian(w: np.ndarray) -> np.ndarray:
        p = expit(rows @ w)
        return (rows.T * (p * (1 - p))) @ rows / n_samples + l2 * np.eye(dimension)

    start = np.zeros(dimension)
    found = minimize(f, start, jac=gradient, hess=hessian, method="trust-exact", tol=1e-10).x
    return Problem(
        "logistic loss",
        f,
        gradient,
        start,
        found - np.linalg.solve(hessian(found), gradient(found)),  # one more step of Newton
        smoothness=float(np.linalg.norm(rows, 2) ** 2 / (4 * n_samples) + l2),
        strength=float(l2),
    )


def scattered(n_terms: int = 50, condition: float = 2.0, random_state: Any = 0) -> Problem:
    """Return a mean of quadratics about scattered points, for stochastic descent.

    ``f_i(w) = ½ (w - a_i)^T A (w - a_i)`` with ``A = diag(1, condition)`` and normal points a_i in
    the plane; the optimum is their mean. The gradients of all terms differ from their mean by
    ``A (a_i - mean)`` everywhere, so their variance is known. ``problem.f`` is a `MeanOfTerms`.

    Parameters
    ----------
    n_terms : int in [2, inf), default=50
    condition : float in [1, inf), default=2
    random_state : int, RandomState instance or None, default=0

    Examples
    --------
    >>> from lamina.descent.problems import scattered
    >>> problem = scattered()
    >>> problem.f.n_terms, round(problem.variance, 3)
    (50, 4.931)
    """
    checks.integer("n_terms", n_terms, "[2, inf)")
    checks.real("condition", condition, "[1, inf)")
    points = check_random_state(random_state).normal(size=(n_terms, 2))
    a = np.array([1.0, condition])
    f = MeanOfTerms(
        lambda w, rows: 0.5 * ((w - points[rows]) ** 2 * a).sum(axis=1),
        lambda w, rows: (w - points[rows]) * a,
        n_terms,
    )
    center = points.mean(axis=0)
    return Problem(
        "scattered quadratics",
        f,
        f.gradient,
        np.array([3.0, 3.0]),
        center,
        smoothness=float(condition),
        strength=1.0,
        variance=float((((points - center) * a) ** 2).sum(axis=1).mean()),
    )
