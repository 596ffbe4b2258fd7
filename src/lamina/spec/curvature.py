"""Second derivatives of the objective: the Hessian times a vector, exactly, at two passes' cost.

``R{f}`` is the derivative of f along a direction v of all parameters, ``d f(theta + r v) / d r`` at
r = 0. It obeys the rules of derivatives, so that R of each equation of forward and backward
propagation is an equation beside it; ``R{gradient} = H v`` (Pearlman, 1994, "Fast exact
multiplication by the Hessian").
"""

from __future__ import annotations

from typing import Any, NamedTuple

from lamina.spec import network as propagation
from lamina.spec.arrays import Array, namespace
from lamina.spec.layers import dense
from lamina.spec.losses import head
from lamina.spec.network import Parameters
from lamina.spec.second_derivatives import SECOND, delta_along


class Moved(NamedTuple):
    """What moves along a direction: ``R{z_l}`` and ``R{h_l}`` of a layer, (n, d_l) each."""

    z: Array
    h: Array


def hessian_vector_product(
    network: Any,
    parameters: Parameters,
    direction: Parameters,
    x: Array,
    y: Array,
    weights: Array | None = None,
    l2: float = 0.0,
    factors: Array | None = None,
) -> list[tuple[Array, ...]]:
    """Return ``H v`` for the objective of `lamina.spec.network.backward`.

    `direction` is v, in the parameters' shapes, as the result is. At kinks of an activation or a
    loss it is what the two sides have in common: the kink itself is not seen.
    """
    passed = propagation.forward(network, parameters, x)
    moved = forward_along(network, parameters, direction, passed)
    z, options = passed.layers[-1].h, network.loss_options
    d_h = head(network.output, network.loss_name).delta(z, y, **options)
    r_d_h = delta_along(network.output, network.loss_name, z, y, moved[-1].h, **options)
    for own in (weights, factors):
        if own is not None:
            d_h, r_d_h = d_h * own[:, None], r_d_h * own[:, None]
    products: list[tuple[Array, ...]] = []
    for i in reversed(range(len(network.layers))):
        h_in, r_h_in = passed.inputs[i], moved[i - 1].h if i else None
        layer, own, along = network.layers[i], parameters[i], direction[i]
        traces = passed.layers[i], moved[i]
        r_gradients, d_h, r_d_h = backward_along(
            layer, own, along, h_in, r_h_in, *traces, d_h, r_d_h
        )
        products.append(r_gradients)
    total = y.shape[0] if weights is None else namespace(weights).sum(weights)
    return [
        tuple((g + l2 * v if v.ndim > 1 else g) / total for g, v in zip(own, along, strict=True))
        for own, along in zip(reversed(products), direction, strict=True)
    ]


def forward_along(
    network: Any, parameters: Parameters, direction: Parameters, passed: propagation.Forward
) -> list[Moved]:
    """Return ``R{z_l}`` and ``R{h_l}`` of every layer.

    ``R{z_l} = R{h_{l-1}} W_l + h_{l-1} V_l + v_l`` and ``R{h_l} = phi'(z_l) R{z_l}``; with learned
    slopes a moving along u ``R{h_l}`` has ``u min(z_l, 0)`` too.
    """
    moved: list[Moved] = []
    layers = zip(network.layers, parameters, direction, passed.inputs, passed.layers, strict=True)
    for layer, own, along, h_in, trace in layers:
        z = h_in @ along[0] + along[1]
        if moved:
            z = z + moved[-1].h @ own[0]
        h = dense.activation_of(layer, own).derivative(trace.z, trace.h) * z
        if len(along) > 2:
            h = h + along[2] * _below(trace.z, trace.z)
        moved.append(Moved(z, h))
    return moved


def backward_along(
    layer: Any,
    own: tuple[Array, ...],
    along: tuple[Array, ...],
    h_in: Array,
    r_h_in: Array | None,
    trace: Any,
    moved: Moved,
    d_h: Array,
    r_d_h: Array,
) -> tuple[tuple[Array, ...], Array, Array]:
    """Return a layer's R{gradients}, and what enters the layer below: d_h and R{d_h}.

    ``delta = d_h phi'(z)``, so ``R{delta} = R{d_h} phi'(z) + d_h phi''(z) R{z}``, with learned
    slopes also d_h times the slopes' direction below 0; ``R{h_in^T delta} = R{h_in}^T delta +
    h_in^T R{delta}`` and ``R{delta W^T} = R{delta} W^T + delta V^T``. R{h_0} is 0: None.
    """
    xp = namespace(d_h)
    slope = dense.activation_of(layer, own).derivative(trace.z, trace.h)
    delta, r_delta = d_h * slope, r_d_h * slope
    r_delta = r_delta + d_h * SECOND[layer.activation](trace.z, trace.h) * moved.z
    if len(along) > 2:
        r_delta = r_delta + _below(trace.z, d_h * along[2])
    r_weights = h_in.T @ r_delta
    if r_h_in is not None:
        r_weights = r_weights + r_h_in.T @ delta
    r_gradients = [r_weights, xp.sum(r_delta, axis=0)]
    if len(along) > 2:
        r_slopes = r_d_h * _below(trace.z, trace.z) + d_h * _below(trace.z, moved.z)
        r_gradients.append(xp.sum(r_slopes, axis=0))
    below = delta @ own[0].T, r_delta @ own[0].T + delta @ along[0].T
    return (tuple(r_gradients), *below)


def _below(z: Array, values: Array) -> Array:
    """Return `values` where z <= 0, else 0."""
    return namespace(z).where(z > 0, values * 0, values)


def inner(one: Parameters, other: Parameters) -> float:
    """Return the inner product of two vectors in the parameters' shapes."""
    pairs = [(a, b) for u, v in zip(one, other, strict=True) for a, b in zip(u, v, strict=True)]
    return sum(float(namespace(a).sum(a * b)) for a, b in pairs)
