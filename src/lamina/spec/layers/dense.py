"""A fully connected layer with an elementwise activation."""

from __future__ import annotations

from typing import Any, NamedTuple

from lamina.spec.activations import ACTIVATIONS
from lamina.spec.arrays import Array, namespace
from lamina.spec.initializers import INITIALIZERS


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


def initialize(layer: Any, d_in: int, random: Any) -> tuple[Array, Array]:
    """Draw ``(W, b)`` by the layer's initialiser."""
    return INITIALIZERS[layer.initializer](random, d_in, layer.units)


def forward(layer: Any, parameters: tuple[Array, ...], h_in: Array) -> Trace:
    """Return ``z = h_in W + b`` and ``h = phi(z)`` (note 002 §4.1, algorithm 5)."""
    weights, bias = parameters
    z = h_in @ weights + bias
    return Trace(z, ACTIVATIONS[layer.activation].value(z))


def backward(
    layer: Any, parameters: tuple[Array, ...], h_in: Array, trace: Trace, d_h: Array
) -> Backward:
    """Return delta, ``delta W^T``, ``h_in^T delta`` and ``sum delta`` (note 002, algorithm 6).

    ``delta = d_h * phi'(z)``; note 004 writes ``Diag(phi') delta^l (a^{l-1})^T`` for one sample.
    """
    if layer.activation == "identity":
        delta = d_h
    else:
        delta = d_h * ACTIVATIONS[layer.activation].derivative(trace.z, trace.h)
    sums = namespace(delta).sum(delta, axis=0)
    return Backward(delta, delta @ parameters[0].T, (h_in.T @ delta, sums))
