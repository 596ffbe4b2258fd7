"""A loss over two of its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.descent import Path
from lamina.neurons.arrays import finite
from lamina.plan import checks


@dataclass(frozen=True, eq=False)
class LossSurface:
    """A loss as a function of two weights, the others held where the descent ended.

    Made by `SigmoidNeuron.loss_surface`. With two weights in all it is the whole loss; with more,
    a cut through it that contains the last point of the path but not the others.

    Attributes
    ----------
    loss : callable
        The loss of all weights (d,), with a method ``gradient``.
    places : (int, int)
        Which two of the weights.
    names : (str, str)
    held : ndarray of shape (d,)
        The weights at the end of the descent.
    path : ndarray of shape (n + 1, 2)
        The two weights at each step.

    Examples
    --------
    Note 002's neuron of one input, the loss over w and b:

    >>> from lamina.neurons import SigmoidNeuron
    >>> X, y = [[0.5], [2.5]], [0, 1]
    >>> surface = SigmoidNeuron("mean_squared_error", step=1.0).fit(X, y).loss_surface(X, y)
    >>> surface.names, surface([0.0, 0.0]), surface.gradient([0.0, 0.0])
    (('w1', 'b'), 0.25, array([-0.25,  0.  ]))
    """

    loss: Any
    places: tuple[int, int]
    names: tuple[str, str]
    held: np.ndarray
    path: np.ndarray

    @classmethod
    def of(cls, loss: Any, path: Path, names: list[str], two: Any = None) -> LossSurface:
        """Return the surface over two of the named weights; ArgumentError if they are not two."""
        if len(names) < 2:
            raise checks.fail("weights", "two weights; this neuron has only one", two or names)
        chosen = names[:2] if two is None else two
        if not isinstance(chosen, list | tuple) or len(chosen) != 2 or chosen[0] == chosen[1]:
            raise checks.fail("weights", "two different names", two)
        for name in chosen:
            checks.choice("weights", name, names)
        places = names.index(chosen[0]), names.index(chosen[1])
        own = path.points[:, list(places)]
        return cls(loss, places, (chosen[0], chosen[1]), path.point, own)

    def __call__(self, two: Any) -> float:
        """Return the loss where the two weights have the values `two`."""
        return self.loss(self._all(two))

    def gradient(self, two: Any) -> np.ndarray:
        """Return the derivatives by the two weights, shape (2,)."""
        return self.loss.gradient(self._all(two))[list(self.places)]

    def _all(self, two: Any) -> np.ndarray:
        values = finite("two", two)
        if values.shape != (2,):
            raise checks.fail("two", "of shape (2,)", values.shape)
        weights = self.held.copy()
        weights[list(self.places)] = values
        return weights
