"""Layers of a plan: what each is made of. What it computes is in `lamina.spec.layers`."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar

from lamina.plan import checks
from lamina.spec.activations import ACTIVATIONS
from lamina.spec.initializers import INITIALIZERS
from lamina.spec.layers import dense


@dataclass(frozen=True, repr=False)
class Dense:
    """A fully connected layer, ``h = phi(h_in W + b)``.

    Parameters
    ----------
    units : int in [1, inf)
        Number of units d_out; W has shape (d_in, units), b (units,).
    activation : str, default="identity"
        One of the names in `lamina.spec.activations.ACTIVATIONS`.
    initializer : str, default="glorot_uniform"
        One of the names in `lamina.spec.initializers.INITIALIZERS`.

    Examples
    --------
    >>> from lamina import Dense
    >>> Dense(16, "tanh")
    Dense(units=16, activation='tanh')
    """

    units: int
    activation: str = "identity"
    initializer: str = "glorot_uniform"

    kind: ClassVar[ModuleType] = dense

    def __post_init__(self) -> None:
        checks.integer("units", self.units, "[1, inf)")
        checks.choice("activation", self.activation, ACTIVATIONS)
        checks.choice("initializer", self.initializer, INITIALIZERS)

    def shapes(self, d_in: int) -> list[tuple[int, ...]]:
        """Return the shapes of W and b for d_in inputs."""
        return [(d_in, self.units), (self.units,)]

    __repr__ = checks.short_repr
