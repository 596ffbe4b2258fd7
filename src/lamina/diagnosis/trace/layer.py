"""What happens in one layer, forward and backward, and the bound on its gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Gradient(NamedTuple):
    """Derivatives of the objective by W (d_{l-1}, d_l), b (d_l,) and learned slopes a or None."""

    W: np.ndarray
    b: np.ndarray
    a: np.ndarray | None = None


class Bound(NamedTuple):
    """What bounds the gradient of a layer's weights (note 004).

    Of a batch with weights s and factors c, ℓ in ∂ℓ/∂h_l is the sample's weighed loss s c ℓ.

    Attributes
    ----------
    gradient : float
        ‖∂L/∂W_l‖ (Frobenius) of the data's loss, without the penalty.
    bound : float
        Mean of the samples' products (their sum over S); never below `gradient`, and of one sample
        and one unit equal to it.
    slope : ndarray of shape (n,)
        ‖Diag φ′_l‖ of each sample: the largest |φ′| of its units.
    backflow : ndarray of shape (n,)
        ‖V_{l+1} … V_L δ_L‖, which is ‖∂ℓ/∂h_l‖.
    input : ndarray of shape (n,)
        ‖h_{l-1}‖.
    """

    gradient: float
    bound: float
    slope: np.ndarray
    backflow: np.ndarray
    input: np.ndarray

    @property
    def product(self) -> np.ndarray:
        """The product of the three factors, of each sample."""
        return self.slope * self.backflow * self.input


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """All values of layer l, a row per sample.

    Of a batch with sample weights s and factors c, `d_h` and `delta` are derivatives of a sample's
    weighed loss s c ℓ, as backpropagation carries them; `Trace.sample` has those of ℓ itself.

    Attributes
    ----------
    number : int
        l, counted from 1.
    activation : str
        Its φ; "identity" for the last layer, whose output function comes after it.
    W, b : ndarray of shape (d_{l-1}, d_l) and (d_l,)
    a : ndarray of shape (d_l,) or None
        Learned slopes of "prelu".
    input : ndarray of shape (n, d_{l-1})
        h_{l-1}.
    z, h : ndarray of shape (n, d_l)
        Pre-activation and activation.
    slope : ndarray of shape (n, d_l)
        φ′_l(z_l).
    d_h : ndarray of shape (n, d_l)
        ∂ℓ/∂h_l, which is V_{l+1} … V_L δ_L of note 004.
    delta : ndarray of shape (n, d_l)
        δ_l = ∂ℓ/∂z_l.
    gradient : Gradient
    bound : Bound
    """

    number: int
    activation: str
    W: np.ndarray
    b: np.ndarray
    a: np.ndarray | None
    input: np.ndarray
    z: np.ndarray
    h: np.ndarray
    slope: np.ndarray
    d_h: np.ndarray
    delta: np.ndarray
    gradient: Gradient
    bound: Bound

    def v(self, i: int = 0) -> np.ndarray:
        """Return V_l of sample i (d_{l-1}, d_l): its ∂ℓ/∂h_{l-1} is V_l times its ∂ℓ/∂h_l."""
        return self.W * self.slope[i]
