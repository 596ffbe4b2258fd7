"""One hidden layer of logistic units and a linear output."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lamina.engines import default_engine
from lamina.plan import Network

Parameters = list[tuple[np.ndarray, ...]]


class LogisticLayer(NamedTuple):
    """The function ``g(x) = c + Σ_k v_k σ(w_k·x + b_k)`` of d variables.

    Attributes
    ----------
    weights, biases, output_weights : ndarray of shape (d, m), (m,), (m,)
        w, b and v.
    output_bias : float
        c.
    directions : ndarray of shape (J, d)
        The units fall into J groups of equal size, one after the other; the weights of a group are
        along one direction, in the box scaled to [-1, 1]^d.
    """

    weights: np.ndarray
    biases: np.ndarray
    output_weights: np.ndarray
    output_bias: float
    directions: np.ndarray

    def to_network(self) -> tuple[Network, Parameters]:
        """Return the plan and its parameters."""
        d, m = self.weights.shape
        last = self.output_weights[:, None].copy(), np.array([self.output_bias])
        hidden = self.weights.copy(order="C"), self.biases.copy()
        return Network.mlp(d, [m], 1, activation="logistic"), [hidden, last]

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Return g at points (N, d), of shape (N,)."""
        predictor = default_engine().predictor(*self.to_network())
        return predictor(np.ascontiguousarray(points)).ravel()
