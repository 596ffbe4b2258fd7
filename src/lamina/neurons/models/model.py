"""The three models of note 002 §3.2: σ(wᵀx), wᵀx and xᵀWx."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.neurons.arrays import finite, points
from lamina.plan import checks
from lamina.spec.activations import ACTIVATIONS


@dataclass(frozen=True)
class Model:
    """A model ``f(x; W) = φ(W · features(x))`` (note 002 §3.2); `MODELS` has the three.

    The features are x itself, or the products ``x_i x_j``, since ``xᵀWx = sum_ij W_ij x_i x_j``:
    the quadratic model is linear in its parameters too.

    Attributes
    ----------
    name, formula : str
    activation : str
        φ, a name in `lamina.spec.activations.ACTIVATIONS`.
    degree : int
        1 for the features x, 2 for the products.

    Examples
    --------
    >>> from lamina.neurons import MODELS
    >>> quadratic = MODELS["quadratic"]
    >>> W = [[1.0, 2.0], [0.0, -1.0]]
    >>> quadratic([3.0, 2.0], W)          # 9 + 2 * 3 * 2 - 4
    17.0
    >>> quadratic.gradient([3.0, 2.0], W)  # x xᵀ
    array([[9., 6.],
           [6., 4.]])
    """

    name: str
    formula: str
    activation: str
    degree: int

    def shape(self, d: int) -> tuple[int, ...]:
        """Return the shape of the parameters for d inputs: (d,) or (d, d)."""
        return (d,) * self.degree

    def __call__(self, x: Any, W: Any) -> Any:
        """Return f(x): a number for x of shape (d,), an array (N,) for x of shape (N, d).

        Parameters
        ----------
        x : array-like of shape (d,) or (N, d)
        W : array-like of shape (d,), or (d, d) for the quadratic model

        Raises
        ------
        ArgumentError
            If x or W are not finite, or their shapes do not go together.
        """
        values = ACTIVATIONS[self.activation].value(self._z(x, W)[0])
        return values.item() if values.ndim == 0 else values

    def gradient(self, x: Any, W: Any) -> np.ndarray:
        """Return ``∂f/∂W``, of W's shape for x (d,), with a first axis N for x (N, d).

        It is ``φ'(z) x``, x or ``x xᵀ`` (note 003 §2.4).
        """
        z, features, shape = self._z(x, W)
        phi = ACTIVATIONS[self.activation]
        slope = phi.derivative(z, phi.value(z))
        return (slope[..., None] * features).reshape(*z.shape, *shape)

    def features(self, X: np.ndarray) -> np.ndarray:
        """Return the features (..., d^degree) of the rows of X (..., d)."""
        if self.degree == 1:
            return X
        return (X[..., :, None] * X[..., None, :]).reshape(*X.shape[:-1], -1)

    def _z(self, x: Any, W: Any) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
        W = finite("W", W)
        if W.ndim != self.degree or len(set(W.shape)) != 1 or not W.size:
            raise checks.fail("W", "of shape (d,)" if self.degree == 1 else "of shape (d, d)", W)
        features = self.features(points("x", x, len(W)))
        return np.asarray(features @ W.ravel()), features, W.shape


MODELS = {
    "logistic": Model("logistic", "σ(wᵀx)", "logistic", 1),
    "linear": Model("linear", "wᵀx", "identity", 1),
    "quadratic": Model("quadratic", "xᵀWx", "identity", 2),
}
