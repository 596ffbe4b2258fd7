"""Whether a point is a local optimum, by its gradient and Hessian."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lamina import spec
from lamina.descent import inputs
from lamina.descent.objective import Objective
from lamina.plan import checks

_EPS = float(np.finfo(float).eps)
_STEPS = {"values": 1e-4, "gradients": 6e-6}  # of second differences, and of first ones


@dataclass(frozen=True, eq=False, repr=False)
class Optimum:
    """What `check_optimum` found.

    Attributes
    ----------
    kind : {"minimum", "maximum", "saddle", "no optimum", "undecided"}
        "no optimum" where the gradient is not 0; "undecided" where it is and the Hessian is
        semi-definite, so that it takes higher derivatives to decide, or where rounding hides from
        differences what would decide.
    point : ndarray of shape (d,)
    value : float
    gradient : ndarray of shape (d,)
    gradient_noise : float
        What rounding may leave of a gradient that is 0; 0 for a given gradient.
    newton_step : float
        Length of ``H^-1 grad f``, about the distance of the stationary point; what is not told from
        0 counts as 0 in the gradient and as its tolerance in the eigenvalues.
    step_tolerance : float
        Up to this `newton_step` the gradient counts as 0.
    hessian : ndarray of shape (d, d)
    eigenvalues : ndarray of shape (d,)
        Of the Hessian, the smallest first.
    eigenvalue_tolerance : float
        An eigenvalue of at most this size is not told from 0.
    """

    kind: str
    point: np.ndarray
    value: float
    gradient: np.ndarray
    gradient_noise: float
    newton_step: float
    step_tolerance: float
    hessian: np.ndarray
    eigenvalues: np.ndarray
    eigenvalue_tolerance: float

    @property
    def gradient_norm(self) -> float:
        """The Euclidean norm of the gradient."""
        return float(spec.descent.norm(self.gradient))

    def __repr__(self) -> str:
        low, high = self.eigenvalues[[0, -1]]
        noise = f" (up to {self.gradient_noise:.3g} rounding)" if self.gradient_noise else ""
        return (
            f"{self.kind} at {inputs.show(self.point)}, value {self.value:.6g}\n"
            f"gradient norm {self.gradient_norm:.3g}{noise}, "
            f"Newton step {self.newton_step:.3g} (0 up to {self.step_tolerance:.3g}), "
            f"eigenvalues of the Hessian from {low:.6g} to {high:.6g} "
            f"(0 up to {self.eigenvalue_tolerance:.3g})\n"
            f"{self._why()}"
        )

    def _why(self) -> str:
        if self.kind == "undecided" and _hidden(
            self.eigenvalues, self.eigenvalue_tolerance, self.gradient_noise, self.step_tolerance
        ):
            return (
                "the gradient is not told from 0: rounding of differences hides it; "
                "give the gradient"
            )
        return {
            "minimum": "all eigenvalues are above 0: a strict local minimum",
            "maximum": "all eigenvalues are below 0: a strict local maximum",
            "saddle": "eigenvalues of both signs: f rises one way and falls another",
            "no optimum": "the gradient is not 0, as it is at every local optimum",
            "undecided": "an eigenvalue is not told from 0 and none differs in sign: "
            "second derivatives do not decide",
        }[self.kind]


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
        A gradient counts as 0 where the Newton step ``H^-1 grad f`` is at most ``tolerance
        max(1, |x|)``, which neither an offset nor a factor of f changes; an eigenvalue up to
        ``tolerance`` times the largest, and up to the error of differences.

    Returns
    -------
    Optimum

    Raises
    ------
    ArgumentError
        If an argument is out of range, or f, gradient or Hessian are not finite at the point.

    Notes
    -----
    Differences of values see f as rounded to ``eps max(1, |f|)``: what that hides is "undecided".

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
        raise checks.fail("point", "a point where f is finite", f"f = {value} at {inputs.show(x)}")
    slope = inputs.vector("the gradient at the point", objective.gradient(x))
    matrix, error = _hessian(objective, x, hessian)
    eigenvalues, axes = np.linalg.eigh(matrix)
    zero = tolerance * float(np.abs(eigenvalues).max()) + error
    noise = 0.0 if objective.given is not None else _rounding(value) / _STEPS["gradients"]
    near = tolerance * max(1.0, float(spec.descent.norm(x)))
    step = _newton_step(axes.T @ slope, eigenvalues, zero, noise)
    if step > near:
        kind = "no optimum"
    elif _hidden(eigenvalues, zero, noise, near):
        kind = "undecided"
    else:
        kind = _kind(eigenvalues, zero)
    return Optimum(kind, x, value, slope, noise, step, near, matrix, eigenvalues, zero)


def _newton_step(slopes: np.ndarray, eigenvalues: np.ndarray, zero: float, noise: float) -> float:
    """Return the length of the Newton step, from the gradient's parts along the eigenvectors."""
    told = np.abs(slopes) > noise
    with np.errstate(divide="ignore", over="ignore"):
        parts = np.abs(slopes[told]) / np.maximum(np.abs(eigenvalues[told]), zero)
    return float(spec.descent.norm(parts)) if told.any() else 0.0


def _hidden(eigenvalues: np.ndarray, zero: float, noise: float, near: float) -> bool:
    """Return whether a gradient that noise hides would still lead away from the point."""
    sizes = np.abs(eigenvalues)
    return bool((noise > near * sizes[sizes > zero]).any())


def _rounding(value: float) -> float:
    return 4 * _EPS * max(1.0, abs(value))


def _kind(eigenvalues: np.ndarray, zero: float) -> str:
    rising, falling = (eigenvalues > zero), (eigenvalues < -zero)
    if rising.all():
        return "minimum"
    if falling.all():
        return "maximum"
    return "saddle" if rising.any() and falling.any() else "undecided"


def _hessian(objective: Objective, x: np.ndarray, hessian: Any) -> tuple[np.ndarray, float]:
    """Return the Hessian and its error, by rounding and by what a step twice as long changes."""
    if hessian is not None:
        inputs.function("hessian", hessian)
        return _checked(inputs.numeric("hessian(x)", hessian(x.copy())), x), 0.0
    made: Any
    if objective.given is not None:
        h, rounding = _STEPS["gradients"], 0.0
        made = partial(spec.descent.difference_hessian, objective.gradient, x)
    else:
        h = _STEPS["values"]
        rounding = _rounding(objective.value(x)) / h**2
        made = partial(spec.descent.second_differences, objective.value, x)
    matrix, coarse = _checked(made(h), x), _checked(made(2 * h), x)
    return matrix, rounding + float(np.linalg.norm(matrix - coarse, 2))


def _checked(matrix: np.ndarray, x: np.ndarray) -> np.ndarray:
    name = "hessian(x)"
    if matrix.shape != (len(x), len(x)):
        raise checks.fail(name, f"of shape ({len(x)}, {len(x)})", matrix.shape)
    bad = np.argwhere(~np.isfinite(matrix))
    if len(bad):
        raise checks.fail(name, "finite", f"{matrix[tuple(bad[0])]} at {bad[0].tolist()}")
    if not np.allclose(matrix, matrix.T, rtol=1e-8, atol=1e-12 * np.abs(matrix).max()):
        raise checks.fail(name, "symmetric", matrix)
    return matrix
