"""A network of perceptrons as a plan of smooth units."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lamina.plan import Network, checks


def plan_of(
    network: Any, activation: str, tolerance: float, signed: bool
) -> tuple[Network, list[tuple[np.ndarray, np.ndarray]]]:
    """Return plan and parameters for a `BooleanNetwork`; its ``to_network`` says what they are."""
    checks.choice("activation", activation, ["logistic", "relu"])
    checks.real("tolerance", tolerance, "(0, 0.5)")
    hidden = [network.n_hidden] if network.n_hidden else []
    plan = Network.mlp(network.n_inputs, hidden, 1, activation=activation, output="logistic")
    scale = 8 / 3 * (math.log1p(-tolerance) - math.log(tolerance))
    last = np.array([scale * (network.output_bias + 0.5)])
    if not hidden:
        return plan, [(np.zeros((network.n_inputs, 1)), last)]
    slope = 1.0
    if activation == "logistic":
        slope = math.log(8 * max(1, int(np.abs(network.output_weights).sum())))
    weights, biases = _hidden(network, signed)
    outputs = scale * network.output_weights[:, None].astype(float)
    return plan, [(slope * weights, slope * biases), (outputs, last)]


def _hidden(network: Any, signed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return W and b with sums >= 1 where the perceptron fires, <= -1 where it does not."""
    weights, biases = network.hidden_weights.astype(float), network.hidden_biases + 1.0
    if signed:
        return weights, biases
    return 2 * weights, biases - weights.sum(axis=0)  # w·(2x - 1) + b = 2w·x + (b - Σw)
