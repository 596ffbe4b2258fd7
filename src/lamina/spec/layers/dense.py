"""A fully connected layer with an elementwise activation."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lamina.spec.activations import ACTIVATIONS, Activation, leaky_relu, leaky_relu_derivative
from lamina.spec.arrays import Array, namespace
from lamina.spec.initializers import INITIALIZERS

PRELU = "prelu"  # a leaky ReLU whose slopes, one per unit, are learned (He et al., 2015)
FIRST_SLOPE = 0.25


class Trace(NamedTuple):
    """What the forward pass computed: pre-activation ``z`` and activation ``h``: (n, d_out)."""

    z: Array
    h: Array


class Backward(NamedTuple):
    """What the backward pass computed.

    ``delta = d loss / d z`` (n, d_out), one row per sample; ``d_in = d loss / d h_in`` (n, d_in);
    ``gradients``, one per parameter, summed over the samples.
    """

    delta: Array
    d_in: Array
    gradients: tuple[Array, ...]


def initialize(layer: Any, d_in: int, random: Any) -> tuple[Array, ...]:
    """Draw ``(W, b)`` by the layer's initialiser; for "prelu" with slopes a (d_out,) of ¼."""
    drawn = INITIALIZERS[layer.initializer](random, d_in, layer.units)
    return (*drawn, np.full(layer.units, FIRST_SLOPE)) if layer.activation == PRELU else drawn


def activation_of(layer: Any, parameters: tuple[Array, ...] = ()) -> Activation:
    """Return the layer's activation; a leaky ReLU has the layer's own slope, or learned ones."""
    if layer.activation not in (PRELU, "leaky_relu"):
        return ACTIVATIONS[layer.activation]
    slope = parameters[2] if layer.activation == PRELU else layer.slope
    return Activation(
        lambda z: leaky_relu(z, slope), lambda z, h: leaky_relu_derivative(z, h, slope)
    )


def forward(layer: Any, parameters: tuple[Array, ...], h_in: Array) -> Trace:
    """Return ``z = h_in W + b`` and ``h = phi(z)`` (note 002 §4.1, algorithm 5)."""
    weights, bias = parameters[:2]
    z = h_in @ weights + bias
    return Trace(z, activation_of(layer, parameters).value(z))


def slope(layer: Any, parameters: tuple[Array, ...], trace: Trace) -> Array:
    """Return ``phi'(z)`` (n, d_out)."""
    return activation_of(layer, parameters).derivative(trace.z, trace.h)


def backward(
    layer: Any, parameters: tuple[Array, ...], h_in: Array, trace: Trace, d_h: Array
) -> Backward:
    """Return delta, ``delta W^T``, ``h_in^T delta`` and ``sum delta`` (note 002, algorithm 6).

    ``delta = d_h * phi'(z)``; note 004 writes ``Diag(phi') delta^l (a^{l-1})^T`` for one sample.
    Learned slopes have the gradient ``sum d_h min(z, 0)`` (He et al., 2015, equation 11).
    """
    if layer.activation == "identity":
        delta = d_h
    else:
        delta = d_h * activation_of(layer, parameters).derivative(trace.z, trace.h)
    xp = namespace(delta)
    gradients = [h_in.T @ delta, xp.sum(delta, axis=0)]
    if layer.activation == PRELU:
        below = xp.where(trace.z > 0, xp.zeros_like(trace.z), trace.z)
        gradients.append(xp.sum(d_h * below, axis=0))
    return Backward(delta, delta @ parameters[0].T, tuple(gradients))
