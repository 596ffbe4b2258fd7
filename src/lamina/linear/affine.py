"""Linear and affine layers, and the one layer that a chain of them is (note 003 §2.1-2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from lamina.descent.inputs import vector
from lamina.linear.arrays import frozen, matrix
from lamina.linear.story import count
from lamina.plan import Network, checks


class AffineLayer:
    """A layer of affine units, ``f(x) = x W + b``; without a bias, a linear layer.

    Unit j computes ``x . theta_j + b_j`` with ``theta_j`` column j of W (note 003 §2.1). Rows are
    samples, so the note's matrix Theta, whose rows are the units, is the transpose of W.

    Parameters
    ----------
    weights : array-like of shape (n_inputs, n_outputs)
        W; copied.
    bias : array-like of shape (n_outputs,), optional
        b; by default 0.

    Attributes
    ----------
    weights, bias : ndarray
        Read-only copies.

    Raises
    ------
    ArgumentError
        If the shapes do not fit or the entries are no numbers.

    Examples
    --------
    >>> from lamina.linear import AffineLayer
    >>> f = AffineLayer([[3.0, 0.0], [4.0, 1.0]], bias=[0.0, -1.0])
    >>> f([[1.0, 1.0]])
    array([[7., 0.]])
    >>> f.rates
    array([5., 1.])
    >>> print(f)
    affine layer of 2 inputs and 2 units, rank 2
      unit 1: changes by 5 per unit of length along (0.6, 0.8), bias 0
      unit 2: changes by 1 per unit of length along (0, 1), bias -1
    """

    def __init__(self, weights: Any, bias: Any = None) -> None:
        self.weights = frozen(matrix("weights", weights))
        zeros = np.zeros(self.n_outputs)
        self.bias = frozen(zeros if bias is None else vector("bias", bias, self.n_outputs))

    @property
    def n_inputs(self) -> int:
        """Number of inputs n."""
        return self.weights.shape[0]

    @property
    def n_outputs(self) -> int:
        """Number of units m."""
        return self.weights.shape[1]

    @property
    def matrix(self) -> np.ndarray:
        """The note's A or Theta, of shape (m, n): ``f(x) = A x`` for a column x."""
        return self.weights.T

    @property
    def augmented(self) -> np.ndarray:
        """W with b as its last row, (n + 1, m): ``f(x) = (x, 1) (W; b)``, linear again."""
        return np.vstack([self.weights, self.bias])

    @property
    def is_linear(self) -> bool:
        """Whether f(0) = 0."""
        return not self.bias.any()

    @property
    def rank(self) -> int:
        """Dimension of what it can reach."""
        return int(np.linalg.matrix_rank(self.weights))

    @property
    def rates(self) -> np.ndarray:
        """The rate of change ``||theta_j||`` of each unit, (m,)."""
        return np.linalg.norm(self.weights, axis=0)

    @property
    def directions(self) -> np.ndarray:
        """The direction of change ``theta_j / ||theta_j||``, one column per unit; 0 for 0."""
        return self.weights / np.where(self.rates > 0, self.rates, 1.0)

    def __call__(self, X: Any) -> np.ndarray:
        """Return ``X W + b`` of shape (n_samples, m) for X of shape (n_samples, n)."""
        return matrix("X", X, n_columns=self.n_inputs) @ self.weights + self.bias

    def then(self, other: AffineLayer) -> AffineLayer:
        """Return the one layer that computes ``other(self(x))`` (note 003 §2.2, theorem 1).

        Its matrix is ``W_self W_other``, C = BA in the note, its bias ``b_self W_other + b_other``.

        Examples
        --------
        >>> from lamina.linear import AffineLayer
        >>> AffineLayer([[1.0, 2.0]]).then(AffineLayer([[1.0], [1.0]], [0.5])).augmented
        array([[3. ],
               [0.5]])
        """
        checks.kind("other", other, AffineLayer, "an AffineLayer")
        if other.n_inputs != self.n_outputs:
            inputs = count(self.n_outputs, "input")
            expected = f"a layer of {inputs}, as many as this one has units"
            raise checks.fail("other", expected, other)
        return AffineLayer(self.weights @ other.weights, self.bias @ other.weights + other.bias)

    def __repr__(self) -> str:
        return f"AffineLayer({self.n_inputs} -> {self.n_outputs}, linear={self.is_linear})"

    def __str__(self) -> str:
        kind = "linear" if self.is_linear else "affine"
        inputs, units = count(self.n_inputs, "input"), count(self.n_outputs, "unit")
        head = f"{kind} layer of {inputs} and {units}"
        lines = [f"{head}, rank {self.rank}"]
        for j in range(min(self.n_outputs, 8)):
            along = ", ".join(f"{value:.3g}" for value in self.directions[:6, j])
            along += ", ..." if self.n_inputs > 6 else ""
            lines.append(
                f"  unit {j + 1}: changes by {self.rates[j]:.4g} per unit of length along "
                f"({along}), bias {self.bias[j]:.4g}"
            )
        return "\n".join([*lines, "  ..."] if self.n_outputs > 8 else lines)


def collapse(network: Network, parameters: Sequence[Any]) -> AffineLayer:
    """Return the one affine layer that a `Network` of linear layers computes (note 003 §2.2).

    Parameters
    ----------
    network : Network
        Every activation and the output function "identity".
    parameters : list of tuples of arrays
        ``(W, b)`` per layer, as from `Network.initialize`.

    Raises
    ------
    ArgumentError
        If an activation is not the identity, since then there need be no such layer, or if the
        shapes are not the network's.

    Examples
    --------
    >>> from lamina import Network
    >>> from lamina.linear import collapse
    >>> network = Network.mlp(3, [8, 2, 8], 3, activation="identity")
    >>> layer = collapse(network, network.initialize(0))
    >>> layer.weights.shape, layer.rank
    ((3, 3), 2)
    """
    checks.kind("network", network, Network, "a Network")
    names = [*(layer.activation for layer in network.layers), network.output]
    for place, name in enumerate(names, 1):
        if name != "identity":
            where = f"the activation of layer {place}" if place < len(names) else "the output"
            raise checks.fail(where, "'identity', so that the network is one affine map", name)
    shapes = [[np.shape(array) for array in own] for own in parameters]
    if shapes != network.shapes:
        raise checks.fail("parameters", f"arrays of shapes {network.shapes}", shapes)
    return reduce(AffineLayer.then, (AffineLayer(*own) for own in parameters))
