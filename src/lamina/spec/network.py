"""Forward and backward propagation through a sequence of layers.

`network` is anything with ``layers`` (each with its ``kind``, a module of `lamina.spec.layers`),
``output``, ``loss_name`` and ``loss_options``; `parameters` holds one tuple of arrays per layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from lamina.spec import losses
from lamina.spec.arrays import Array, namespace
from lamina.spec.regularization import Draws, drop, dropout_mask

Parameters = Sequence[tuple[Array, ...]]


class Forward(NamedTuple):
    """All that the forward pass computed.

    Attributes
    ----------
    h_0 : array of shape (n, d_0)
        The input.
    layers : list of layer traces
        ``layers[l - 1].z`` and ``layers[l - 1].h`` are z_l and h_l, of shape (n, d_l). The last
        layer's h is what enters the output function.
    prediction : array of shape (n, d_L)
        The output function of the last h.
    masks : list of arrays or None
        ``masks[l]`` of shape (n, d_l) is what dropout multiplied h_l by; None without dropout.
    """

    h_0: Array
    layers: list[Any]
    prediction: Array
    masks: list[Array | None]

    @property
    def inputs(self) -> list[Array]:
        """What entered each layer: h_0, ..., h_{L-1}, after dropout."""
        outputs = [self.h_0, *(trace.h for trace in self.layers[:-1])]
        return [drop(h, mask) for h, mask in zip(outputs, self.masks, strict=True)]


class Backward(NamedTuple):
    """All that the backward pass computed.

    Attributes
    ----------
    loss : array of shape (n,)
        The loss of each sample.
    layers : list of layer results
        ``layers[l - 1].delta`` is delta_l of shape (n, d_l), one row per sample.
    gradients : list of tuples of arrays
        Derivatives of the objective by each parameter, in the order and shapes of the parameters.
    """

    loss: Array
    layers: list[Any]
    gradients: list[tuple[Array, ...]]


def initialize(network: Any, random: Any) -> list[tuple[Array, ...]]:
    """Draw every layer's parameters, first layer first."""
    parameters, d_in = [], network.n_inputs
    for layer in network.layers:
        parameters.append(layer.kind.initialize(layer, d_in, random))
        d_in = layer.units
    return parameters


def forward(
    network: Any, parameters: Parameters, x: Array, masks: Sequence[Array | None] | None = None
) -> Forward:
    """Propagate x (n, d_0) forward, keeping everything (note 002 §4.3, algorithm 5).

    `masks` are those of `dropout_masks`, in training.
    """
    traces: list[Any] = []
    own_masks = [None] * len(network.layers) if masks is None else list(masks)
    h = x
    for layer, own, mask in zip(network.layers, parameters, own_masks, strict=True):
        traces.append(layer.kind.forward(layer, own, drop(h, mask)))
        h = traces[-1].h
    return Forward(x, traces, losses.predict(network.output, h), own_masks)


def dropout_masks(network: Any, own: Draws, x: Array) -> list[Array] | None:
    """Return the masks of the inputs (n, d_0) and of each hidden layer (n, d_l), or None."""
    if not any(own.dropout):
        return None
    widths = [network.n_inputs, *(layer.units for layer in network.layers[:-1])]
    return [
        dropout_mask(own.seed, layer, own.step, (x.shape[0], width), probability, x.dtype)
        for layer, (width, probability) in enumerate(zip(widths, own.dropout, strict=True))
    ]


def backward(
    network: Any,
    parameters: Parameters,
    passed: Forward,
    y: Array,
    weights: Array | None = None,
    l2: float = 0.0,
    factors: Array | None = None,
) -> Backward:
    """Propagate backward from y (n, d_L) (note 002 §4.3, algorithm 6; note 004).

    The objective is ``(sum_i s_i loss_i + ½ l2 sum_l ||W_l||^2) / S`` with sample weights s_i
    and their sum S, n without weights: scikit-learn's meaning of its ``alpha``. Biases are not
    penalised. The deltas are those of each sample's own loss times its weight, and times its
    factor, if there are `factors`, which do not count in S.
    """
    head = losses.head(network.output, network.loss_name)
    z_last = passed.layers[-1].h
    loss = head.value(z_last, y, **network.loss_options)
    d_h = head.delta(z_last, y, **network.loss_options)
    if weights is not None:
        d_h = d_h * weights[:, None]
    if factors is not None:
        d_h = d_h * factors[:, None]
    results: list[Any] = []
    for layer, own, h_in, trace, mask in reversed(
        list(
            zip(
                network.layers,
                parameters,
                passed.inputs,
                passed.layers,
                passed.masks,
                strict=True,
            )
        )
    ):
        results.append(layer.kind.backward(layer, own, h_in, trace, d_h))
        d_h = drop(results[-1].d_in, mask)
    results.reverse()
    total = y.shape[0] if weights is None else namespace(weights).sum(weights)
    gradients = [
        tuple(_mean(g, p, l2, total) for g, p in zip(result.gradients, own, strict=True))
        for result, own in zip(results, parameters, strict=True)
    ]
    return Backward(loss, results, gradients)


def _mean(gradient: Array, parameter: Array, l2: float, total: Any) -> Array:
    if l2 and parameter.ndim > 1:
        gradient = gradient + l2 * parameter
    return gradient / total


def penalty(parameters: Parameters, l2: float) -> float:
    """Return ``½ l2 sum ||W||^2`` over all weight matrices."""
    if l2 == 0:
        return 0.0
    squares = 0.0
    for own in parameters:
        flat = [namespace(p).reshape(p, (-1,)) for p in own if p.ndim > 1]
        squares += sum(float(p @ p) for p in flat)
    return 0.5 * l2 * squares


def per_sample_gradients(
    network: Any, parameters: Parameters, x: Array, y: Array
) -> list[list[tuple[Array, ...]]]:
    """Return the gradients of each sample's loss alone, propagated sample by sample (note 004)."""
    rows = []
    for i in range(x.shape[0]):
        passed = forward(network, parameters, x[i : i + 1, :])
        rows.append(backward(network, parameters, passed, y[i : i + 1, :]).gradients)
    return rows


def predict(network: Any, parameters: Parameters, x: Array) -> Array:
    """Return the prediction (n, d_L) for x (n, d_0), keeping nothing else."""
    h = x
    for layer, own in zip(network.layers, parameters, strict=True):
        h = layer.kind.forward(layer, own, h).h
    return losses.predict(network.output, h)
