"""Whether a point is a local optimum, by its gradient and Hessian."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina import spec
from lamina.descent import inputs
from lamina.descent.objective import Objective
from lamina.plan import checks

# What rounding leaves of a Hessian that is 0, per size of f: of differences of values, of
# differences of gradients, and of a given one.
_NOISE = {"values": 1e-6, "gradients": 1e-8, "given": 0.0}


@dataclass(frozen=True, eq=False, repr=False)
class Optimum:
    """What `check_optimum` found.

    Attributes
    ----------
    kind : {"minimum", "maximum", "saddle", "no optimum", "undecided"}
        "no optimum" where the gradient is not 0; "undecided" where it is and the Hessian is
        semi-definite, so that it takes higher derivatives to decide.
    point : ndarray of shape (d,)
    value : float
    gradient : ndarray of shape (d,)
    gradient_tolerance : float
        A gradient of at most this norm counts as 0.
    hessian : ndarray of shape (d, d)
    eigenvalues : ndarray of shape (d,)
        Of the Hessian, the smallest first.
    eigenvalue_tolerance : float
        An eigenvalue of at most this size counts as 0.
    """

    kind: str
    point: np.ndarray
    value: float
    gradient: np.ndarray
    gradient_tolerance: float
    hessian: np.ndarray
    eigenvalues: np.ndarray
    eigenvalue_tolerance: float

    @property
    def gradient_norm(self) -> float:
        """The Euclidean norm of the gradient."""
        return float(spec.descent.norm(self.gradient))

    def __repr__(self) -> str:
        words = {
            "minimum": "all eigenvalues are above 0: a strict local minimum",
            "maximum": "all eigenvalues are below 0: a strict local maximum",
            "saddle": "eigenvalues of both signs: f rises one way and falls another",
            "no optimum": "the gradient is not 0, as it is at every local optimum",
            "undecided": "an eigenvalue is 0 and none differs in sign: second derivatives "
            "do not decide",
        }
        low, high = self.eigenvalues[[0, -1]]
        return (
            f"{self.kind} at {inputs.show(self.point)}, value {self.value:.6g}\n"
            f"gradient norm {self.gradient_norm:.3g} (0 up to {self.gradient_tolerance:.3g}), "
            f"eigenvalues of the Hessian from {low:.6g} to {high:.6g} "
            f"(0 up to {self.eigenvalue_tolerance:.3g})\n"
            f"{words[self.kind]}"
        )


def check_optimum(
    f: Any, point: Any, gradient: Any = None, hessian: Any = None, *, tolerance: float = 1e-6
) -> Optimum:
    """Check whether f has a local optimum at `point`.

    At a local optimum inside its set the gradient is 0 (note 004). Where it is, the eigenvalues of
    the Hessian decide: all above 0 a minimum, all below 0 a maximum, both signs a saddle.

    Parameters
    ----------
    f : callable
        ``f(x)`` for x of shape (d,) returns one number.
    point : array-like of shape (d,)
    gradient : callable, optional
        ``gradient(x)`` of shape (d,); by default f's own method ``gradient``, else differences.
    hessian : callable, optional
        ``hessian(x)`` of shape (d, d), symmetric; by default central differences of the given
        gradient, or of the values.
    tolerance : float in (0, inf), default=1e-6
        A gradient counts as 0 up to ``tolerance max(1, |f|)``; an eigenvalue up to ``tolerance``
        times the largest, and up to what rounding leaves in differences.

    Returns
    -------
    Optimum

    Raises
    ------
    ArgumentError
        If an argument is out of range, or f, gradient or Hessian are not finite at the point.

    Examples
    --------
    >>> from lamina.descent import check_optimum
    >>> check_optimum(lambda x: x[0] ** 2 - 3 * x[1] ** 2, [0.0, 0.0]).kind
    'saddle'
    >>> check_optimum(lambda x: x[0] ** 4, [0.0]).kind
    'undecided'
    """
    checks.real("tolerance", tolerance, "(0, inf)")
    x = inputs.vector("point", point)
    objective = Objective(f, gradient)
    value = objective.value(x)
    if not np.isfinite(value):
        raise checks.fail("point", "where f is finite", f"f = {value} at {inputs.show(x)}")
    slope = inputs.vector("the gradient at the point", objective.gradient(x))
    matrix, noise = _hessian(objective, x, hessian)
    eigenvalues = np.linalg.eigvalsh(matrix)
    size = max(1.0, abs(value))
    zero = tolerance * float(np.abs(eigenvalues).max()) + noise * size
    flat = tolerance * size
    kind = _kind(float(spec.descent.norm(slope)) <= flat, eigenvalues, zero)
    return Optimum(kind, x, value, slope, flat, matrix, eigenvalues, zero)


def _kind(stationary: bool, eigenvalues: np.ndarray, zero: float) -> str:
    if not stationary:
        return "no optimum"
    rising, falling = (eigenvalues > zero), (eigenvalues < -zero)
    if rising.all():
        return "minimum"
    if falling.all():
        return "maximum"
    return "saddle" if rising.any() and falling.any() else "undecided"


def _hessian(objective: Objective, x: np.ndarray, hessian: Any) -> tuple[np.ndarray, float]:
    """Return the Hessian and what rounding may leave of one that is 0."""
    name = "hessian(x)"
    if hessian is not None:
        inputs.function("hessian", hessian)
        matrix, source = inputs.numeric(name, hessian(x.copy())), "given"
    elif objective.given is not None:
        matrix, source = spec.descent.difference_hessian(objective.gradient, x), "gradients"
    else:
        matrix, source = spec.descent.second_differences(objective.value, x), "values"
    if matrix.shape != (len(x), len(x)):
        raise checks.fail(name, f"of shape ({len(x)}, {len(x)})", matrix.shape)
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        raise checks.fail(name, "finite", f"{matrix[tuple(bad[0])]} at {bad[0].tolist()}")
    if not np.allclose(matrix, matrix.T, rtol=1e-8, atol=1e-12 * np.abs(matrix).max()):
        raise checks.fail(name, "symmetric", matrix)
    return matrix, _NOISE[source]
