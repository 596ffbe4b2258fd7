"""Units: linear, affine, ridge, threshold and sign (note 003 §2.1, 4.1, 4.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.descent.inputs import vector
from lamina.neurons.arrays import linear_form, listed, points
from lamina.neurons.units.level_sets import Band, LevelSet, solutions, values
from lamina.plan import checks
from lamina.spec.activations import ACTIVATIONS, Activation


def _flat_but_at_zero(z: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Return 0, and NaN at the jump, where there is no derivative."""
    return np.where(z == 0, np.nan, 0.0)


STEPS = {
    "threshold": Activation(lambda z: np.where(z >= 0, 1.0, 0.0), _flat_but_at_zero),
    "sign": Activation(lambda z: np.where(z >= 0, 1.0, -1.0), _flat_but_at_zero),
}
FUNCTIONS = {**ACTIVATIONS, **STEPS}


@dataclass(frozen=True)
class Unit:
    """One unit, ``f(x) = φ(z)`` with ``z = w·x + b`` (note 003 §2.1, 4.1, 4.2).

    The activation φ makes it one of the notes' units:

    ==============  ==============================  =============================================
    unit            φ(z)                            made by
    ==============  ==============================  =============================================
    linear          z, and b = 0                    ``Unit(w)``
    affine          z                               ``Unit(w, b)``
    ridge           any other activation            ``Unit(w, b, "logistic")``
    threshold       1 if z >= 0, else 0             ``Unit(w, b, "threshold")``
    sign            1 if z >= 0, else -1            ``Unit(w, b, "sign")``
    ==============  ==============================  =============================================

    Since f sees x only through w·x, it is constant on every hyperplane orthogonal to w and
    changes only along w, at the rate ``‖∇f(x)‖ = |φ'(z)| ‖w‖``. For linear and affine units the
    rate is ‖w‖ everywhere. Threshold and sign units have slope 0 off their jump and none on it,
    so that no gradient can guide their weights.

    Note 003 §4.2 has H(0) = 1 for the threshold unit and calls the sign unit its equivalent with
    values -1 and 1, so that sign(0) = 1 here, where ``numpy.sign`` has 0.

    Parameters
    ----------
    weights : array-like of shape (d,)
        The weights w (θ in note 003); kept as a tuple.
    bias : float, default=0.0
        The bias b.
    activation : str, default="identity"
        "threshold", "sign" or a name in `lamina.spec.activations.ACTIVATIONS`.

    Raises
    ------
    ArgumentError
        If the weights are not a vector of finite numbers, or another argument is out of range.

    Examples
    --------
    >>> from lamina.neurons import Unit
    >>> unit = Unit([3.0, 4.0], -10.0, "logistic")
    >>> print(unit)
    ridge unit logistic(3 x1 + 4 x2 - 10)
    constant on hyperplanes orthogonal to w, changes along (0.6, 0.8)
    rate of change |φ'(z)| ‖w‖ with ‖w‖ = 5
    >>> unit([2.0, 1.0]), unit.gradient([2.0, 1.0]), unit.gradient_norm([2.0, 1.0])
    (0.5, array([0.75, 1.  ]), 1.25)
    >>> Unit([1, 1], -1.5, "threshold")([[0, 0], [0, 1], [1, 0], [1, 1]])
    array([0., 0., 0., 1.])
    """

    weights: tuple[float, ...]
    bias: float = 0.0
    activation: str = "identity"

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", tuple(vector("weights", self.weights).tolist()))
        if math.isinf(self.norm):
            raise checks.fail("weights", "of finite length", self.weights)
        checks.real("bias", self.bias, "(-inf, inf)")
        object.__setattr__(self, "bias", float(self.bias))
        checks.choice("activation", self.activation, FUNCTIONS)

    @property
    def kind(self) -> str:
        """One of "linear", "affine", "ridge", "threshold" or "sign"."""
        if self.activation == "identity":
            return "affine" if self.bias else "linear"
        return self.activation if self.activation in STEPS else "ridge"

    @property
    def norm(self) -> float:
        """‖w‖: the rate of change of w·x along w (note 003 §2.1)."""
        return math.hypot(*self.weights)

    @property
    def direction(self) -> np.ndarray:
        """``w / ‖w‖``, the direction of change, of shape (d,) (note 003 §2.1); 0 if w is."""
        w = np.array(self.weights)
        largest = np.abs(w).max()  # taken out first, so that no square overflows
        return w if largest == 0 else (w / largest) / math.hypot(*(w / largest))

    def __call__(self, x: Any) -> Any:
        """Return f(x): a number for x of shape (d,), an array (N,) for x of shape (N, d).

        It is inf where it is beyond the largest float.
        """
        with np.errstate(over="ignore"):  # exp(1000) is inf
            return _plain(FUNCTIONS[self.activation].value(self._z(x)))

    def pre_activation(self, x: Any) -> Any:
        """Return ``z = w·x + b``, of the shape of the value."""
        return _plain(self._z(x))

    def slope(self, x: Any) -> Any:
        """Return φ'(z), of the shape of the value; NaN on the jump of a threshold or sign unit.

        At a kink it is the one that training uses: 0 for ReLU at 0.
        """
        return _plain(self._slope(self._z(x)))

    def gradient(self, x: Any) -> np.ndarray:
        """Return ``∇f(x) = φ'(z) w``, of x's shape: orthogonal to the level set through x."""
        return self._slope(self._z(x))[..., None] * np.array(self.weights)

    def gradient_norm(self, x: Any) -> Any:
        """Return ``‖∇f(x)‖ = |φ'(z)| ‖w‖``, of the shape of the value (note 003 §4.1)."""
        return _plain(np.abs(self._slope(self._z(x))) * self.norm)

    def weight_gradient(self, x: Any) -> np.ndarray:
        """Return ``∂f/∂w = φ'(z) x``, of x's shape: always along the input (note 003 §4.1)."""
        return self._slope(self._z(x))[..., None] * points("x", x, len(self.weights))

    def level_set(self, value: float) -> LevelSet:
        """Return where ``f(x) = value``: hyperplanes, a half-space, everything or nothing.

        A unit of weights 0 is constant. Whether there is a solution is decided for φ itself, not
        for its rounded values: logistic(z) is 1 nowhere, though in float64 it rounds to 1 above
        z = 37.

        Parameters
        ----------
        value : float

        Returns
        -------
        LevelSet

        Examples
        --------
        >>> from lamina.neurons import Unit
        >>> print(Unit([1, 1], -1.5, "threshold").level_set(0))
        value 0 on the half-space 0.7071 x1 + 0.7071 x2 < 1.06066
        >>> print(Unit([2.0], activation="gelu").level_set(-0.1))
        value -0.1 on two parallel hyperplanes x1 = -0.750827 and = -0.12447
        """
        checks.real("value", value, "(-inf, inf)")
        value, normal = float(value), tuple(self.direction.tolist())
        if not any(normal):
            constant = self([0.0] * len(normal))
            everything = (Band(-math.inf, math.inf),) if value == constant else ()
            return LevelSet(value, normal, everything, f"{{{constant:.6g}}}")
        bands = tuple(self._along_direction(band) for band in solutions(self.activation, value))
        return LevelSet(value, normal, bands, values(self.activation))

    def __str__(self) -> str:
        form = linear_form(self.weights, self.bias)
        formula = form if self.activation == "identity" else f"{self.activation}({form})"
        if not self.norm:
            return f"{self.kind} unit {formula}\nconstant: all weights are 0"
        rate = f"rate of change |φ'(z)| ‖w‖ with ‖w‖ = {self.norm:.4g}"
        if self.kind in ("linear", "affine"):
            rate = f"rate of change ‖w‖ = {self.norm:.4g} everywhere"
        elif self.kind in STEPS:
            rate = "slope 0 off the jump at z = 0, none on it"
        return (
            f"{self.kind} unit {formula}\n"
            f"constant on hyperplanes orthogonal to w, changes along {listed(self.direction)}\n"
            f"{rate}"
        )

    def _along_direction(self, band: Band) -> Band:
        """Return a band of z as the band of ``x·w / ‖w‖``."""
        low, high = ((end - self.bias) / self.norm for end in band[:2])
        endless = (band.low == -math.inf, band.high == math.inf)
        if (math.isinf(low), math.isinf(high)) != endless:
            raise OverflowError("the level set is farther from the origin than the largest float")
        return Band(low, high, band.closed)

    def _z(self, x: Any) -> np.ndarray:
        x = points("x", x, len(self.weights))
        return np.asarray(x @ np.array(self.weights) + self.bias)

    def _slope(self, z: np.ndarray) -> np.ndarray:
        phi = FUNCTIONS[self.activation]
        with np.errstate(over="ignore"):
            return np.asarray(phi.derivative(z, phi.value(z)))


def _plain(array: np.ndarray) -> Any:
    """Return the number in an array of no dimensions, other arrays as they are."""
    return np.asarray(array).item() if np.ndim(array) == 0 else array
