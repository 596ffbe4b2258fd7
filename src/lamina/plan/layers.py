"""Layers of a plan: what each is made of. What it computes is in `lamina.spec.layers`."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar

from lamina.plan import checks
from lamina.spec.activations import ACTIVATIONS, LEAKY_SLOPE
from lamina.spec.initializers import INITIALIZERS
from lamina.spec.layers import dense

HIDDEN = [*ACTIVATIONS, dense.PRELU]  # what a hidden layer may have


@dataclass(frozen=True, repr=False)
class LeakyReLU:
    """The activation "leaky_relu" with a slope of your own, for hidden layers.

    It may stand wherever the name of a hidden layer's activation may.

    Parameters
    ----------
    slope : float in [0, 1], default=0.01
        ``h = z`` where z > 0, else ``slope z`` (note 002 §1.5).

    Examples
    --------
    >>> from lamina import LeakyReLU, Network
    >>> Network.mlp(4, [8, 8], 1, activation=[LeakyReLU(0.2), "tanh"])
    Network(4 -> 8 leaky_relu(0.2) -> 8 tanh -> 1 identity, SquaredError())
    """

    slope: float = LEAKY_SLOPE

    def __post_init__(self) -> None:
        checks.real("slope", self.slope, "[0, 1]")

    __repr__ = checks.short_repr


@dataclass(frozen=True, repr=False)
class Dense:
    """A fully connected layer, ``h = phi(h_in W + b)``.

    Parameters
    ----------
    units : int in [1, inf)
        Number of units d_out; W has shape (d_in, units), b (units,).
    activation : str or LeakyReLU, default="identity"
        One of the names in `lamina.spec.activations.ACTIVATIONS`, or "prelu": a leaky ReLU whose
        slopes, one per unit, are learned, from ¼ on (He et al., 2015). A `LeakyReLU` becomes
        "leaky_relu" with its slope.
    initializer : str, default="glorot_uniform"
        One of the names in `lamina.spec.initializers.INITIALIZERS`.
    slope : float in [0, 1], default=0.01
        Of "leaky_relu" below 0.

    Examples
    --------
    >>> from lamina import Dense
    >>> Dense(16, "tanh")
    Dense(units=16, activation='tanh')
    """

    units: int
    activation: str | LeakyReLU = "identity"
    initializer: str = "glorot_uniform"
    slope: float = LEAKY_SLOPE

    kind: ClassVar[ModuleType] = dense

    def __post_init__(self) -> None:
        checks.integer("units", self.units, "[1, inf)")
        if isinstance(self.activation, LeakyReLU):
            object.__setattr__(self, "slope", self.activation.slope)
            object.__setattr__(self, "activation", "leaky_relu")
        checks.choice("activation", self.activation, HIDDEN)
        checks.choice("initializer", self.initializer, INITIALIZERS)
        checks.real("slope", self.slope, "[0, 1]")

    @property
    def called(self) -> str:
        """The activation's name, with a slope that is not the usual one."""
        own = self.activation == "leaky_relu" and self.slope != LEAKY_SLOPE
        return f"{self.activation}({self.slope:g})" if own else str(self.activation)

    def shapes(self, d_in: int) -> list[tuple[int, ...]]:
        """Return the shapes of W and b for d_in inputs, and of the slopes of "prelu"."""
        slopes = [(self.units,)] if self.activation == dense.PRELU else []
        return [(d_in, self.units), (self.units,), *slopes]

    __repr__ = checks.short_repr
